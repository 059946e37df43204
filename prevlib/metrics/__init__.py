"""Metrics under scikit-learn's names, with its arguments and values."""

from prevlib.metrics.calibration import (
    brier_score_loss,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    reliability_bins,
    temperature_scale,
)
from prevlib.metrics.classification import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    matthews_corrcoef,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)
from prevlib.metrics.diversity import distinct_n, repetition_rate, self_bleu
from prevlib.metrics.ranking import (
    average_precision_score,
    det_curve,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from prevlib.metrics.spans import (
    Span,
    extract_spans,
    span_counts,
    span_f1_of_counts,
    span_f1_score,
    span_report,
)
