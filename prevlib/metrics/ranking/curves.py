"""What each threshold would cost: the counts of all thresholds, drawn against each other.

All three curves come from the same counts. The ROC curve asks which share of the positives is found for which
share of false alarms among the negatives; it does not change when one class becomes rare. Precision and
recall do: a rare class is hard to call precisely. The DET curve is the ROC curve with misses in place of
hits, for the corner in which both errors are small.

Sources: Fawcett 2006 (ROC), Davis & Goadrich 2006 (precision and recall), Martin et al. 1997 (DET).
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.multiclass import type_of_target

from prevlib.metrics.ranking.thresholds import Counts, check_curve, count_at_thresholds

NO_POSITIVE = "No positive class found in y_true, recall is set to one for all thresholds."


def roc_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = True,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False and true positive rate, fp / negatives and tp / positives, from the strictest threshold on.

    Args:
        y_true: Labels, shape (n_samples,).
        y_score: Scores of the positive class, shape (n_samples,); probabilities or logits.
        pos_label: The positive class; 1 if None and the labels are 0 and 1, or -1 and 1.
        sample_weight: How much each sample counts, shape (n_samples,).
        drop_intermediate: Leave out the thresholds half-way between two others, which a line does not need.
    Returns:
        ``fpr``, ``tpr`` and ``thresholds``, shape (n_thresholds,); the first threshold is inf, which calls
        nothing positive. A rate is nan, with a warning, if its class does not occur.
    Raises:
        ValueError: If the positive class is not clear, or ``y_score`` is not one finite number a sample.
    Example:
        >>> fpr, tpr, thresholds = roc_curve([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1])
        >>> fpr.tolist(), tpr.tolist(), thresholds.tolist()
        ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0], [inf, 0.9, 0.8, 0.3, 0.1])
    """
    counts = count_at_thresholds(*check_curve(y_true, y_score, pos_label, sample_weight))
    if drop_intermediate:
        turns = (np.diff(counts.fp, 2) != 0) | (np.diff(counts.tp, 2) != 0)
        counts = _keep_ends_and(turns, counts)
    fp, tp, thresholds = from_none_called(counts)
    rates = []
    for called, of_class, kind in ((fp, "negative", "false"), (tp, "positive", "true")):
        if called[-1] > 0:
            rates.append(called / called[-1])
        else:
            warnings.warn(
                f"No {of_class} samples in y_true, {kind} positive value should be meaningless",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            rates.append(np.full(len(called), np.nan))
    return *rates, thresholds


def precision_recall_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision tp / (tp + fp) and recall tp / positives, from the lowest threshold on.

    Args:
        y_true: Labels, shape (n_samples,).
        y_score: Scores of the positive class, shape (n_samples,); probabilities or logits.
        pos_label: The positive class; 1 if None and the labels are 0 and 1, or -1 and 1.
        sample_weight: How much each sample counts, shape (n_samples,).
        drop_intermediate: Leave out the thresholds between two others of the same recall.
    Returns:
        ``precision`` and ``recall``, shape (n_thresholds + 1,), which end with 1 and 0 for no threshold;
        ``thresholds``, shape (n_thresholds,). Recall is 1, with a warning, if no sample is positive.
    Raises:
        ValueError: If the positive class is not clear, or ``y_score`` is not one finite number a sample.
    Example:
        >>> precision, recall, thresholds = precision_recall_curve([1, 0, 1], [0.9, 0.8, 0.3])
        >>> precision.round(2).tolist(), recall.tolist(), thresholds.tolist()
        ([0.67, 0.5, 1.0, 1.0], [1.0, 0.5, 0.5, 0.0], [0.3, 0.8, 0.9])
    """
    counts = count_at_thresholds(*check_curve(y_true, y_score, pos_label, sample_weight))
    if drop_intermediate:
        counts = _where_recall_changes(counts)
    if counts.tp[-1] == 0:
        warnings.warn(NO_POSITIVE, stacklevel=2)
    precision, recall = precision_and_recall(counts)
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), counts.thresholds[::-1]


def det_curve(
    y_true: ArrayLike,
    y_score: ArrayLike,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    drop_intermediate: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Detection error tradeoff: false positive rate fp / negatives, false negative rate fn / positives.

    Plotted on two axes of normal quantiles, scores that are normally distributed give a straight line.

    Args:
        y_true: Labels of two classes, shape (n_samples,).
        y_score: Scores of the positive class, shape (n_samples,); probabilities or logits.
        pos_label: The positive class; 1 if None and the labels are 0 and 1, or -1 and 1.
        sample_weight: How much each sample counts, shape (n_samples,).
        drop_intermediate: Leave out the thresholds between two others of the same false negative rate.
    Returns:
        ``fpr``, ``fnr`` and rising ``thresholds``, shape (n_thresholds,): from the highest threshold that
        misses nothing to the lowest without a false alarm.
    Raises:
        ValueError: If there are not two classes, or ``y_score`` is not one finite number a sample.
    Example:
        >>> fpr, fnr, thresholds = det_curve([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1])
        >>> fpr.tolist(), fnr.tolist(), thresholds.tolist()
        ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.3, 0.8, 0.9])
    """
    if type_of_target(y_true) == "multiclass":
        raise ValueError("multiclass format is not supported: a DET curve needs two classes.")
    counts = count_at_thresholds(*check_curve(y_true, y_score, pos_label, sample_weight))
    counts = from_none_called(counts)
    if drop_intermediate:
        counts = _where_recall_changes(counts)
    fp, tp, thresholds = counts
    negatives, positives = fp[-1], tp[-1]
    if not (negatives and positives):
        raise ValueError(
            "Only one class is present in y_true. Detection error tradeoff curve is not defined in that case."
        )
    # Outside of these two thresholds one error stays 0 and the other one only grows.
    no_false_alarm, nothing_missed = np.flatnonzero(fp == 0)[-1], np.flatnonzero(tp == positives)[0]
    part = slice(no_false_alarm, nothing_missed + 1)
    return (fp / negatives)[part][::-1], ((positives - tp) / positives)[part][::-1], thresholds[part][::-1]


def precision_and_recall(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Both at each threshold, in the order of the counts; recall is 1 if there is nothing to find."""
    fp, tp, _ = counts
    called, positives = tp + fp, tp[-1]
    precision = np.divide(tp, called, out=np.zeros(len(tp)), where=called != 0)
    return precision, tp / positives if positives else np.ones(len(tp))


def from_none_called(counts: Counts) -> Counts:
    """The counts with the threshold inf before them, which calls nothing positive."""
    fp, tp, thresholds = counts
    return Counts(np.append(0.0, fp), np.append(0.0, tp), np.append(np.inf, thresholds))


def _keep_ends_and(inner: np.ndarray, counts: Counts) -> Counts:
    return counts.keep(np.concatenate([[True], inner, [True]])) if len(counts.tp) > 2 else counts


def _where_recall_changes(counts: Counts) -> Counts:
    """Only the thresholds that find more than the one before, or less than the one after."""
    changes = np.diff(counts.tp) != 0
    return _keep_ends_and(changes[:-1] | changes[1:], counts)
