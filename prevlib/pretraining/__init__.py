"""Pre-training: rows of tokens from a corpus, the masked-language-model loss, evaluation, and whole runs."""

from prevlib.pretraining.data import pack_rows
from prevlib.pretraining.landmarks import Bigrams, reference_losses
from prevlib.pretraining.run import PretrainConfig, build_model, masked_lm_loss, pretrain
from prevlib.pretraining.scoring import MLMScore, evaluate_mlm
