"""What goes on inside a model, and what a picture of it does not prove."""

from prevlib.interpretation.attention import AttentionMaps, attention_maps, attention_rollout
from prevlib.interpretation.attribution import Attribution, integrated_gradients
from prevlib.interpretation.probing import probe_features, probe_layers
