"""Features: what a pre-trained encoder makes of a text.

An encoder returns one vector a token (``last_hidden_state``) and, if it has a pooler, one vector a text
(``pooler_output``). ``encode`` shows both for one text. ``extract_features`` turns many texts into a NumPy
matrix, one row per text, for any classifier of scikit-learn; it is the border between tensors and arrays.

Left out: training the encoder, which is ``finetuning``.
Used in notebooks 00 and 06. Sources: Devlin et al. 2019, section 5.3; Reimers & Gurevych 2019 (pooling).
"""

from prevlib.features.extraction import FeatureExtractor, extract_features
from prevlib.features.pooling import Encoded, encode, pool
