"""Counting at every threshold: sort by score once, and the counts of all thresholds are running sums.

The samples with a score of at least t are called positive. As t falls past the scores, each sample joins the
called once, as a true or as a false positive. Samples of equal score join together, because no threshold
parts them: a tie is one step, not a question of who came first.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length

from prevlib.metrics.classification.cells import count_cells
from prevlib.metrics.classification.targets import check_targets, positive_label


class Counts(NamedTuple):
    """False and true positives of each threshold, from the highest threshold to the lowest."""

    fp: np.ndarray
    tp: np.ndarray
    thresholds: np.ndarray

    def keep(self, which: np.ndarray) -> "Counts":
        return Counts(self.fp[which], self.tp[which], self.thresholds[which])


def count_at_thresholds(is_positive: np.ndarray, y_score: np.ndarray, weights: np.ndarray | None) -> Counts:
    """Counts with one threshold for each different score.

    Args:
        is_positive: Whether each sample is of the positive class, shape (n_samples,).
        y_score: The higher, the sooner a sample is called positive, shape (n_samples,).
        weights: How much each sample counts; samples of weight 0 give no threshold.
    Example:
        >>> counts = count_at_thresholds(np.array([1, 0, 1]), np.array([0.9, 0.4, 0.4]), None)
        >>> counts.thresholds.tolist(), counts.tp.tolist(), counts.fp.tolist()
        ([0.9, 0.4], [1.0, 2.0], [0.0, 1.0])
    """
    if weights is None:  # whole counts: in which order ties are added does not matter
        order = np.argsort(y_score)[::-1]
        y_score = y_score[order]
        last_of_tie = np.flatnonzero(np.append(y_score[1:] != y_score[:-1], True))
        tp = np.cumsum(is_positive[order])[last_of_tie]
        return Counts((1 + last_of_tie - tp).astype(float), tp.astype(float), y_score[last_of_tie])
    counted = weights != 0
    is_positive, y_score, weights = is_positive[counted], y_score[counted], weights[counted]
    # Descending, and stable: reversed twice, since argsort only ascends.
    order = len(y_score) - 1 - np.argsort(y_score[::-1], kind="stable")[::-1]
    is_positive, y_score, weights = is_positive[order], y_score[order], weights[order].astype(float)
    ends_tie = np.append(y_score[1:] != y_score[:-1], True)
    tp, fp = np.cumsum(is_positive * weights), np.cumsum((1 - is_positive) * weights)
    return Counts(fp[ends_tie], tp[ends_tie], y_score[ends_tie])


def check_scores(
    y_true: ArrayLike, y_score: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[str, np.ndarray, np.ndarray, np.ndarray | None]:
    """The kind of ``y_true``, in scikit-learn's words, and everything as arrays of equal length.

    Raises:
        ValueError: If lengths differ, a score is not finite, or labels or weights are not what they must be.
    """
    check_consistent_length(y_true, y_score, sample_weight)
    targets = check_targets(y_true, y_true, sample_weight)
    kind = "multilabel-indicator" if targets.is_multilabel else count_cells(targets).kind
    y_score = check_array(y_score, ensure_2d=False, input_name="y_score")
    return kind, targets.y_true, y_score, targets.sample_weight


def one_score_a_sample(y_score: np.ndarray) -> np.ndarray:
    """``y_score``, shape (n_samples,) or (n_samples, 1), as shape (n_samples,)."""
    if y_score.shape[1:] not in ((), (1,)):
        raise ValueError(
            f"`y_score` must be one score a sample, shape ({len(y_score)},); got {y_score.shape}. "
            "Pass the scores of the positive class, such as probs[:, 1]."
        )
    return y_score.ravel()


def check_curve(
    y_true: ArrayLike, y_score: ArrayLike, pos_label: Any, sample_weight: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """``is_positive``, ``y_score`` and ``weights``, as ``count_at_thresholds`` takes them.

    Raises:
        ValueError: If it is not clear which class is the positive one.
    """
    kind, y_true, y_score, sample_weight = check_scores(y_true, y_score, sample_weight)
    if kind == "multilabel-indicator" or (kind == "multiclass" and pos_label is None):
        raise ValueError(
            f"{kind} format is not supported: a curve shows one class against the rest. Pass its `pos_label` "
            "and its scores, or the column of its label."
        )
    is_positive = y_true == positive_label(y_true, pos_label)
    return is_positive, one_score_a_sample(y_score), sample_weight
