"""Counting: how often each true class met each predicted class.

Everything else in this folder is arithmetic on these counts.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from prevlib.metrics.classification.targets import SINGLE_LABEL, check_targets, present_labels


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
    kind, y_true, y_pred, sample_weight = check_targets(y_true, y_pred, sample_weight)
    if kind not in SINGLE_LABEL:
        raise ValueError(f"{kind} is not supported: use multilabel_confusion_matrix, one matrix a label.")
    if normalize not in (None, "true", "pred", "all"):
        raise ValueError(f"`normalize` must be None, 'true', 'pred' or 'all'; got {normalize!r}.")
    if labels is None:
        labels = present_labels(y_true, y_pred)
    elif len(labels) == 0:
        raise ValueError("'labels' should contain at least one label.")
    elif not np.isin(y_true, labels).any():
        raise ValueError(f"At least one label specified must be in y_true; got {list(labels)}.")
    labels = np.asarray(labels)
    weights = np.ones(len(y_true), dtype=int) if sample_weight is None else np.asarray(sample_weight)

    # Number the classes by their place in `labels`; each (true, predicted) pair has one cell.
    order = np.argsort(labels)
    known = np.isin(y_true, labels) & np.isin(y_pred, labels)
    rows, columns = (order[np.searchsorted(labels, y[known], sorter=order)] for y in (y_true, y_pred))
    matrix = np.zeros((len(labels), len(labels)), dtype=int if weights.dtype.kind in "biu" else float)
    np.add.at(matrix, (rows, columns), weights[known])

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
    kind, y_true, y_pred, sample_weight = check_targets(y_true, y_pred, sample_weight)
    present = present_labels(y_true, y_pred)
    labels = present if labels is None else np.asarray(labels)
    if kind in SINGLE_LABEL:
        if samplewise:
            raise ValueError("Samplewise metrics are not available outside of multilabel classification.")
        # One column a class: is the sample of this class, is it called so?
        is_true, is_pred = (y[:, np.newaxis] == labels for y in (y_true, y_pred))
    else:
        worst = labels.max(initial=0) if labels.min(initial=0) >= 0 else labels.min()
        if worst > present.max() or worst < 0:
            limit = "< 0" if worst < 0 else f"> {present.max()}"
            raise ValueError(
                f"All labels must be in [0, n labels) for multilabel targets. Got {worst} {limit}"
            )
        is_true, is_pred = (y[:, labels.astype(int)] != 0 for y in (y_true, y_pred))

    weights = np.ones(len(y_true), dtype=int) if sample_weight is None else sample_weight.astype(float)
    axis = 1 if samplewise else 0

    def count(cells: np.ndarray) -> np.ndarray:
        return (cells * weights[:, np.newaxis]).sum(axis=axis)

    tp, fp = count(is_true & is_pred), count(~is_true & is_pred)
    fn, tn = count(is_true & ~is_pred), count(~is_true & ~is_pred)
    return np.stack([tn, fp, fn, tp], axis=-1).reshape(-1, 2, 2)
