"""Fine-tuning: classifiers of texts, taggers of words, and studies whose predictions the notebooks read."""

from prevlib.finetuning.classifier import (
    classification_loss,
    finetune_classifier,
    freeze_backbone,
    predict_logits,
)
from prevlib.finetuning.recipes import METHODS, linear_classifier, linear_tagger, study_config, tagging_config
from prevlib.finetuning.study import (
    domain_shift,
    entity_tagging,
    label_efficiency,
    read_entity_study,
    read_shift_study,
    read_study,
)
from prevlib.finetuning.tagger import finetune_tagger, predict_tags, tagging_loss
from prevlib.finetuning.vectors import read_vector_study, vector_study
