"""A whole curve in one number: how well scores rank the positives above the negatives.

The area under the ROC curve is the probability that a positive has a higher score than a negative, both drawn
at random; an equal score counts half. Average precision is the area under the steps of the precision-recall
curve. Both see the order of the scores only: any increasing function of them scores the same.

With more than two classes, each class is ranked against the rest (ovr), or against each other class (ovo).

Sources: Hanley & McNeil 1982, McClish 1989 (part of the area), Provost & Domingos 2000 (ovr), Hand & Till
2001 (ovo).
"""

import warnings
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics.classification.targets import check_weights, positive_label
from prevlib.metrics.ranking.averages import (
    check_multiclass_options,
    mean_over_columns,
    mean_over_pairs,
    one_column_a_class,
)
from prevlib.metrics.ranking.curves import NO_POSITIVE, from_none_called, precision_and_recall
from prevlib.metrics.ranking.thresholds import check_scores, count_at_thresholds, one_score_a_sample


def roc_auc_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: str | None = "macro",
    sample_weight: ArrayLike | None = None,
    max_fpr: float | None = None,
    multi_class: str = "raise",
    labels: ArrayLike | None = None,
) -> float | np.ndarray:
    """Area under the ROC curve: how often a positive is ranked above a negative, 0.5 by chance.

    Args:
        y_true: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels). Of two classes, the
            greater one is positive.
        y_score: Scores of the positive class, shape (n_samples,); with more classes probabilities, or with
            several labels a sample scores, shape (n_samples, n_classes).
        average: Over classes or labels, as in ``precision_score``; None gives each its own area.
        sample_weight: How much each sample counts, shape (n_samples,).
        max_fpr: Only the area up to this false positive rate, rescaled so that chance is 0.5 again.
        multi_class: ``"ovr"`` or ``"ovo"``; more than two classes need one of them.
        labels: The class of each column of ``y_score``, sorted; those that occur if None.
    Returns:
        The area, or shape (n_classes,) without an average; nan, with a warning, where only one class occurs.
    Raises:
        ValueError: If scores, labels and options do not fit together.
        NotImplementedError: If ``multi_class="ovo"`` without an average.
    Example:
        >>> roc_auc_score([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1])  # 3 of 4 pairs are in order
        0.75
    """
    if multi_class not in ("raise", "ovr", "ovo"):
        raise ValueError(f"`multi_class` must be 'raise', 'ovr' or 'ovo'; got {multi_class!r}.")
    if max_fpr is not None and not 0 < max_fpr <= 1:
        raise ValueError(f"`max_fpr` must be above 0 and at most 1; got {max_fpr}.")
    kind, y_true, y_score, _ = check_scores(y_true, y_score, None)
    if kind == "binary" and y_score.ndim == 2 and y_score.shape[1] > 2:
        kind = "multiclass"  # of which only two occur
    if kind == "multiclass":
        check_multiclass_options(average, sample_weight, max_fpr, multi_class)
    sample_weight = check_weights(sample_weight, y_true)
    if kind == "multiclass":
        y_true = one_column_a_class(y_true, y_score, labels)
        if multi_class == "ovo":
            return mean_over_pairs(_area_under_roc, y_true, y_score, average)
    elif kind == "binary":
        y_true, y_score = y_true == np.unique(y_true)[-1], one_score_a_sample(y_score)
    else:
        y_true = y_true == positive_label(y_true)
    area = partial(_area_under_roc, max_fpr=max_fpr)
    return mean_over_columns(area, y_true, y_score, average, sample_weight)


def average_precision_score(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    average: str | None = "macro",
    pos_label: Any = 1,
    sample_weight: ArrayLike | None = None,
) -> float | np.ndarray:
    """Mean precision over the positives, each taken at the threshold that finds it.

    By chance it is about the share of positives, so it can only be compared on the same data.

    Args:
        y_true: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        y_score: Scores of the positive class, shape (n_samples,); with more classes, or several labels a
            sample, shape (n_samples, n_classes), one column for each class that occurs, sorted.
        average: Over classes or labels, as in ``precision_score``; None gives each its own.
        pos_label: The positive one of two classes.
        sample_weight: How much each sample counts, shape (n_samples,).
    Returns:
        A number, or shape (n_classes,) without an average; 0, with a warning, where no sample is positive.
    Raises:
        ValueError: If scores, labels and options do not fit together.
    Example:
        >>> round(average_precision_score([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1]), 3)  # (1/1 + 2/3) / 2
        0.833
    """
    kind, y_true, y_score, sample_weight = check_scores(y_true, y_score, sample_weight)
    present = np.unique(y_true)
    if kind != "binary" and pos_label != 1:
        raise ValueError(
            f"Parameter pos_label is fixed to 1 for {kind} y_true. "
            "Do not set pos_label or set pos_label to 1."
        )
    if kind == "binary":
        if len(present) == 2 and pos_label not in present.tolist():
            raise ValueError(f"pos_label={pos_label} is not a valid label. It should be one of {present}")
        y_score = one_score_a_sample(y_score)
    y_true = y_true[:, np.newaxis] == present if kind == "multiclass" else y_true == pos_label
    return mean_over_columns(_average_precision, y_true, y_score, average, sample_weight)


def _area_under_roc(is_positive: np.ndarray, y_score: np.ndarray, weights=None, max_fpr=None) -> float:
    fp, tp, _ = from_none_called(count_at_thresholds(is_positive, y_score, weights))
    if not (fp[-1] and tp[-1]):
        warnings.warn(
            "Only one class is present in y_true. ROC AUC score is not defined in that case.",
            UndefinedMetricWarning,
            stacklevel=4,
        )
        return np.nan
    fpr, tpr = fp / fp[-1], tp / tp[-1]
    if max_fpr in (None, 1):
        return float(np.trapezoid(tpr, fpr))
    inside = fpr <= max_fpr
    tpr = np.append(tpr[inside], np.interp(max_fpr, fpr, tpr))
    area = np.trapezoid(tpr, np.append(fpr[inside], max_fpr))
    by_chance, perfect = max_fpr**2 / 2, max_fpr
    return float((1 + (area - by_chance) / (perfect - by_chance)) / 2)


def _average_precision(is_positive: np.ndarray, y_score: np.ndarray, weights=None) -> float:
    counts = count_at_thresholds(is_positive, y_score, weights)
    if not counts.tp[-1]:
        warnings.warn(NO_POSITIVE, stacklevel=4)
        return 0.0
    precision, recall = precision_and_recall(counts)
    return float(np.diff(recall, prepend=0) @ precision)
