"""Log loss and Brier score: one number for a set of forecasts.

Both are *proper*: no forecast has a smaller expected loss than the true probability, so there is nothing to
gain from saying anything else. The log loss punishes certainty that proves wrong without limit, the Brier
score by at most 2. The log loss is ``losses.cross_entropy`` as a metric, of probabilities instead of logits.

Source: Brier 1950.
"""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import type_of_target

from prevlib.metrics.calibration.checks import check_range, one_hot_labels, weights_or_ones
from prevlib.metrics.classification.targets import positive_label

FLOATS = (np.float64, np.float32, np.float16)


def log_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike | None = None,
    *,
    normalize: bool = True,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    y_pred: Any = "deprecated",
) -> float:
    """Mean of -ln p over the samples, in nats, where p is the probability of the true class.

    Probabilities are clipped to [eps, 1 - eps] of their type, so a sample costs at most 36.04 nats in float64
    and 15.94 in float32.

    Args:
        y_true: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_classes).
        y_proba: Probabilities in the sorted order of the labels, shape (n_samples, n_classes), or those of
            the second label, shape (n_samples,).
        normalize: False gives the sum instead of the mean.
        sample_weight: How much each sample counts, shape (n_samples,).
        labels: All labels, sorted; needed if not all occur in ``y_true``.
        y_pred: The name of ``y_proba`` before scikit-learn 1.9; it warns.
    Returns:
        Nats, at least 0; ln(n_classes) if every class always gets the same probability.
    Raises:
        ValueError: If lengths or numbers of classes differ, a label is unknown or the only one, or a
            probability is outside [0, 1].
    Example:
        >>> log_loss([0, 1], [[0.5, 0.5], [0.75, 0.25]])  # (ln 2 + ln 4) / 2
        1.0397...
    """
    if not (isinstance(y_pred, str) and y_pred == "deprecated"):
        if y_proba is not None:
            raise ValueError(
                "Cannot use both `y_pred` and `y_proba`. `y_pred` is deprecated, use `y_proba` instead."
            )
        warnings.warn(
            "`y_pred` was renamed to `y_proba` in version 1.9 and will be removed in 1.11. "
            "Use `y_proba` instead.",
            FutureWarning,
            stacklevel=2,
        )
        y_proba = y_pred
    y_proba = check_array(y_proba, ensure_2d=False, dtype=FLOATS)
    weights = weights_or_ones(sample_weight, y_true, y_proba)
    one_hot, y_proba = one_hot_labels(y_true, y_proba, labels)
    eps = np.finfo(y_proba.dtype).eps
    losses = -(one_hot * np.log(np.clip(y_proba, eps, 1 - eps))).sum(axis=1)
    total = float(losses @ weights)
    return total / float(weights.sum()) if normalize else total


def brier_score_loss(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    pos_label: Any = None,
    labels: ArrayLike | None = None,
    scale_by_half: bool | str = "auto",
) -> float:
    """Mean squared distance of the probabilities from the truth, written as 0 and 1.

    Args:
        y_true, y_proba, sample_weight, labels: As for ``log_loss``.
        pos_label: What ``y_proba`` of shape (n_samples,) is the probability of; by default 1 if the labels
            are 0 and 1 or -1 and 1, and the greater one of other numbers.
        scale_by_half: False sums over the classes, as Brier did, for a score in [0, 2]; True halves it.
            ``"auto"`` halves it for two classes, where it is then the squared error of one probability.
    Returns:
        From 0 to 1 if halved, else to 2.
    Raises:
        ValueError: As ``log_loss``, or if the labels are names and none is said to be the positive one.
    Example:
        >>> brier_score_loss([0, 1], [0.5, 0.75])  # (0.5^2 + 0.25^2) / 2
        0.15625
    """
    if scale_by_half not in (True, False, "auto"):
        raise ValueError(f"`scale_by_half` must be True, False or 'auto'; got {scale_by_half!r}.")
    y_proba = check_array(y_proba, ensure_2d=False, dtype=FLOATS)
    weights = weights_or_ones(sample_weight, y_true, y_proba)
    if y_proba.ndim == 1 or y_proba.shape[1] == 1:
        y_proba = column_or_1d(y_proba)
        positive = _positives(y_true, pos_label)
        check_range(y_proba)
        one_hot, y_proba = np.column_stack([~positive, positive]), np.column_stack([1 - y_proba, y_proba])
    else:
        one_hot, y_proba = one_hot_labels(y_true, y_proba, labels)
    distances = ((one_hot - y_proba) ** 2).sum(axis=1)
    halved = y_proba.shape[1] < 3 if scale_by_half == "auto" else scale_by_half
    return float(distances @ weights) / float(weights.sum()) / (2 if halved else 1)


def _positives(y_true: ArrayLike, pos_label: Any) -> np.ndarray:
    """Which samples are of the positive class: of other numbers than 0, 1 and -1, the greater one."""
    y_true = column_or_1d(y_true)
    assert_all_finite(y_true)
    kind = type_of_target(y_true, input_name="y_true")
    if kind != "binary":
        raise ValueError(
            f"The type of the target inferred from y_true is {kind} but should be binary according to the "
            "shape of y_prob. Pass one column of probabilities for each class."
        )
    try:
        return y_true == positive_label(y_true, pos_label)
    except ValueError:
        if y_true.dtype.kind in "OUS":
            raise
        return y_true == y_true.max()
