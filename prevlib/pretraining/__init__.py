"""Pre-training: rows of tokens from a corpus, the masked-language-model loss, evaluation, and whole runs."""

from prevlib.pretraining.data import pack_rows, reference_losses
from prevlib.pretraining.run import (
    MLMScore,
    PretrainConfig,
    build_model,
    evaluate_mlm,
    masked_lm_loss,
    pretrain,
)
