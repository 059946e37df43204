"""Scores that correct for chance: guessing earns nothing, however common a class is.

Sources: Matthews 1975, Cohen 1960, Brodersen et al. 2010 (balanced accuracy).
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics.classification.confusion import confusion_matrix


def balanced_accuracy_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None, adjusted: bool = False
) -> float:
    """Mean recall of the classes that occur in ``y_true``: each class counts the same, however rare.

    Args:
        y_true, y_pred: Labels, shape (n_samples,).
        sample_weight: How much each sample counts.
        adjusted: Rescale so that guessing gives 0 and perfection 1.
    Returns:
        From 0 to 1; ``adjusted``, from 1 / (1 - n_classes) to 1.
    Example:
        >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])  # accuracy would be 0.75
        0.5
    """
    matrix = _counts(y_true, y_pred, sample_weight)
    of_class = matrix.sum(axis=1)
    occurs = of_class > 0
    if not occurs.all():
        warnings.warn("y_pred contains classes not in y_true", stacklevel=2)
    score = (matrix.diagonal()[occurs] / of_class[occurs]).mean()
    if adjusted:
        guessing = 1 / occurs.sum()
        score = (score - guessing) / (1 - guessing)
    return float(score)


def matthews_corrcoef(
    y_true: ArrayLike, y_pred: ArrayLike, *, sample_weight: ArrayLike | None = None
) -> float:
    """Correlation of true and predicted class: 1 perfect, 0 as good as guessing, -1 all exchanged.

    For two classes (tp tn - fp fn) / sqrt((tp + fp) (tp + fn) (tn + fp) (tn + fn)), and 0 where that is 0/0.

    Args:
        y_true, y_pred: Labels, shape (n_samples,).
        sample_weight: How much each sample counts.
    Returns:
        From -1 to 1.
    Example:
        >>> round(matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 0]), 3)
        0.577
    """
    matrix = _counts(y_true, y_pred, sample_weight)
    of_class, called = matrix.sum(axis=1), matrix.sum(axis=0)
    covariance = matrix.trace() * matrix.sum() - of_class @ called
    # How often two samples differ in class: exactly 0, never -1e-17, if only one class occurs.
    variances = (called @ (called.sum() - called)) * (of_class @ (of_class.sum() - of_class))
    return float(covariance / np.sqrt(variances)) if variances else 0.0


def cohen_kappa_score(
    y1: ArrayLike,
    y2: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    weights: str | None = None,
    sample_weight: ArrayLike | None = None,
    replace_undefined_by: float = np.nan,
) -> float:
    """Agreement of two annotators beyond chance: 1 - (observed disagreement / disagreement of chance).

    Args:
        y1, y2: Labels, shape (n_samples,); their order does not matter.
        labels: Which classes; all that occur if None.
        weights: How a disagreement grows with the distance of two ordered classes: not (None), ``"linear"``
            or ``"quadratic"``.
        sample_weight: How much each sample counts.
        replace_undefined_by: The result where chance alone never disagrees.
    Returns:
        At most 1; 0 for agreement as by chance, and below 0 for less.
    Raises:
        ValueError: If no label of ``labels`` occurs in ``y1``, or ``weights`` is unknown.
    Example:
        >>> cohen_kappa_score(["a", "a", "b", "b"], ["a", "a", "b", "a"])  # 0.75 agree, 0.5 by chance
        0.5
    """
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"`weights` must be None, 'linear' or 'quadratic'; got {weights!r}.")
    if labels is not None and len(labels) and not np.isin(y1, labels).any():
        raise ValueError(f"At least one label in `labels` must be present in `y1`; got {list(labels)}.")
    observed = _counts(y1, y2, sample_weight, labels)

    def undefined(problem: str) -> float:
        warnings.warn(
            f"{problem} `cohen_kappa_score` is undefined and set to {replace_undefined_by}.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return replace_undefined_by

    if not observed.sum():
        return undefined("`y2` contains no labels that are present in both `y1` and `labels`.")
    by_chance = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / observed.sum()
    distance = np.abs(np.subtract.outer(np.arange(len(observed)), np.arange(len(observed))))
    cost = {None: distance > 0, "linear": distance, "quadratic": distance**2}[weights]
    if not (cost * by_chance).sum():
        return undefined("`y1`, `y2` and `labels` have only one label in common.")
    return float(1 - (cost * observed).sum() / (cost * by_chance).sum())


def _counts(y_true, y_pred, sample_weight, labels=None) -> np.ndarray:
    """The confusion matrix, without the warning for a single class, whose odd shape does no harm here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A single label was found", UserWarning)
        return confusion_matrix(y_true, y_pred, labels=labels, sample_weight=sample_weight).astype(float)
