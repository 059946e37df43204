"""Checkpoints: pre-trained models by name, from a folder, from the Hugging Face hub, or in memory."""

from prevlib.checkpoints.loaded import Loaded, quiet_transformers
from prevlib.checkpoints.loading import (
    checkpoint_fingerprints,
    load_classifier,
    load_config,
    load_encoder,
    load_masked_lm,
    load_tagger,
    load_tokenizer,
)
from prevlib.checkpoints.names import CHECKPOINTS, Checkpoint, checkpoint_path
