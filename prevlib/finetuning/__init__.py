"""Fine-tuning: classifiers of texts, and the studies whose predictions the notebooks read."""

from prevlib.finetuning.classifier import (
    TextClassifier,
    classification_loss,
    finetune_classifier,
    freeze_backbone,
    predict_logits,
)
from prevlib.finetuning.study import (
    METHODS,
    domain_shift,
    label_efficiency,
    read_shift_study,
    read_study,
    study_config,
)

__all__ = [
    "METHODS",
    "TextClassifier",
    "classification_loss",
    "domain_shift",
    "finetune_classifier",
    "freeze_backbone",
    "label_efficiency",
    "predict_logits",
    "read_shift_study",
    "read_study",
    "study_config",
]
