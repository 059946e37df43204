"""Counting: how often each true class met each predicted class.

Everything else in this folder is arithmetic on these counts.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from prevlib.metrics.classification.cells import Cells, count_cells
from prevlib.metrics.classification.targets import Targets, check_targets


def confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    normalize: str | None = None,
) -> np.ndarray:
    """Counts by true class (row) and predicted class (column).

    Args:
        y_true, y_pred: Labels, shape (n_samples,).
        labels: Which classes, in which order; all that occur, sorted, if None. Samples with another label,
            true or predicted, are left out.
        sample_weight: How much each sample counts, shape (n_samples,).
        normalize: Divide by the row (``"true"``), the column (``"pred"``) or everything (``"all"``).
    Returns:
        Shape (n_classes, n_classes); whole numbers if the weights are.
    Raises:
        ValueError: If there is no class, or ``normalize`` is unknown.
    Example:
        >>> confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
        array([[1, 1],
               [1, 2]])
    """
    targets = check_targets(y_true, y_pred, sample_weight)
    if targets.is_multilabel:
        raise ValueError(
            "multilabel-indicator is not supported: use multilabel_confusion_matrix, one matrix a label."
        )
    if normalize not in (None, "true", "pred", "all"):
        raise ValueError(f"`normalize` must be None, 'true', 'pred' or 'all'; got {normalize!r}.")
    cells = count_cells(targets)
    labels = cells.labels if labels is None else np.asarray(labels)
    if len(labels) == 0:
        raise ValueError("'labels' should contain at least one label.")
    place = places(cells.labels, labels)  # -1 for a label that is left out
    if (place[cells.rows] < 0).all():
        raise ValueError(f"At least one label specified must be in y_true; got {labels.tolist()}.")
    rows, columns = place[cells.rows], place[cells.columns]
    known = (rows >= 0) & (columns >= 0)
    matrix = np.zeros((len(labels), len(labels)), dtype=cells.counts.dtype)
    matrix[rows[known], columns[known]] = cells.counts[known]

    if len(labels) == 1:
        warnings.warn(
            "A single label was found in 'y_true' and 'y_pred'. For the confusion matrix to have the correct "
            "shape, use the 'labels' parameter to pass all known labels.",
            UserWarning,
            stacklevel=2,
        )
    if normalize is None:
        return matrix
    axis = {"true": 1, "pred": 0, "all": None}[normalize]
    totals = matrix.sum(axis=axis, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals != 0)


def multilabel_confusion_matrix(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    samplewise: bool = False,
) -> np.ndarray:
    """The four counts of each class against the rest: [[tn, fp], [fn, tp]].

    Args:
        y_true, y_pred: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        sample_weight: How much each sample counts, shape (n_samples,).
        labels: Which classes, in which order; all that occur, sorted, if None.
        samplewise: Count over the labels of each sample, not over the samples of each label.
    Returns:
        Shape (n_classes, 2, 2), or (n_samples, 2, 2) if ``samplewise``.
    Raises:
        ValueError: If a column does not exist, or ``samplewise`` is asked of single labels.
    Example:
        >>> multilabel_confusion_matrix([0, 0, 1, 2], [0, 1, 1, 1])[1].tolist()  # class 1
        [[1, 2], [0, 1]]
    """
    targets = check_targets(y_true, y_pred, sample_weight)
    cells = None if targets.is_multilabel else count_cells(targets)
    return four_counts(targets, cells, labels, samplewise=samplewise)


def four_counts(
    targets: Targets, cells: Cells | None, labels: ArrayLike | None, *, samplewise: bool
) -> np.ndarray:
    """``multilabel_confusion_matrix`` of targets and of their cells, which several labels a sample lack."""
    if targets.is_multilabel:
        return count_columns(targets, labels, samplewise)
    if samplewise:
        raise ValueError("Samplewise metrics are not available outside of multilabel classification.")
    return one_against_the_rest(cells, labels)


def one_against_the_rest(cells: Cells, labels: ArrayLike | None) -> np.ndarray:
    """``multilabel_confusion_matrix`` of single labels: is a sample of this class, is it called so?"""
    right = cells.rows == cells.columns
    wrong = ~right

    def count(classes: np.ndarray, which: np.ndarray) -> np.ndarray:
        # One more class without samples, for labels that do not occur: theirs is the last place, -1.
        return np.bincount(classes[which], cells.counts[which], minlength=len(cells.labels) + 1)

    tp, fp, fn = count(cells.rows, right), count(cells.columns, wrong), count(cells.rows, wrong)
    if labels is not None:
        place = places(np.asarray(labels), cells.labels)
        tp, fp, fn = tp[place], fp[place], fn[place]
    else:
        tp, fp, fn = tp[:-1], fp[:-1], fn[:-1]
    tn = cells.counts.sum() - tp - fp - fn
    return np.stack([tn, fp, fn, tp], axis=-1).astype(cells.counts.dtype).reshape(-1, 2, 2)


def count_columns(targets: Targets, labels: ArrayLike | None, samplewise: bool) -> np.ndarray:
    """``multilabel_confusion_matrix`` of several labels a sample."""
    n_labels = targets.y_true.shape[1]
    labels = np.arange(n_labels) if labels is None else np.asarray(labels)
    worst = labels.max(initial=0) if labels.min(initial=0) >= 0 else labels.min()
    if worst >= n_labels or worst < 0:
        limit = "< 0" if worst < 0 else f"> {n_labels - 1}"
        raise ValueError(f"All labels must be in [0, n labels) for multilabel targets. Got {worst} {limit}")
    is_true, is_pred = (y[:, labels.astype(int)] != 0 for y in (targets.y_true, targets.y_pred))
    weights = np.ones(len(is_true), dtype=int)
    if targets.sample_weight is not None:
        weights = targets.sample_weight.astype(float)
    axis = 1 if samplewise else 0

    def count(cells: np.ndarray) -> np.ndarray:
        return (cells * weights[:, np.newaxis]).sum(axis=axis)

    tp, fp = count(is_true & is_pred), count(~is_true & is_pred)
    fn, tn = count(is_true & ~is_pred), count(~is_true & ~is_pred)
    return np.stack([tn, fp, fn, tp], axis=-1).reshape(-1, 2, 2)


def places(labels: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Where each label stands in ``among``, the first time; -1 if it does not."""
    place = {label: i for i, label in reversed(list(enumerate(among.tolist())))}
    return np.array([place.get(label, -1) for label in labels.tolist()], dtype=int)
