"""Widgets of the course: each turns a few knobs of one idea, with words that say what the picture shows."""

from prevlib.widgets.cross_entropy import explore_cross_entropy
from prevlib.widgets.features import explore_features
from prevlib.widgets.masking import explore_masking
from prevlib.widgets.tokens import explore_tokens
from prevlib.widgets.training import explore_training

__all__ = [
    "explore_cross_entropy",
    "explore_features",
    "explore_masking",
    "explore_tokens",
    "explore_training",
]
