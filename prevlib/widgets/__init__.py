"""Widgets of the course: each turns a few knobs of one idea, with words that say what the picture shows."""

from prevlib.widgets.attention import explore_attention
from prevlib.widgets.bootstrap import explore_bootstrap
from prevlib.widgets.calibration import explore_calibration
from prevlib.widgets.cross_entropy import explore_cross_entropy
from prevlib.widgets.features import explore_features
from prevlib.widgets.fill_mask import explore_fill_mask
from prevlib.widgets.masking import explore_masking
from prevlib.widgets.query import explore_query
from prevlib.widgets.scorecard import explore_scorecard
from prevlib.widgets.spans import explore_spans
from prevlib.widgets.threshold import explore_threshold
from prevlib.widgets.tokens import explore_tokens
from prevlib.widgets.training import explore_training
