"""One pass over the samples: which true class met which predicted class, and how often.

A metric of decisions sees a sample only as a pair (true class, predicted class). There are few different
pairs, however many samples: the cells of the confusion matrix that are not empty. So the samples are read
once, here, and all that follows is arithmetic on the cells.

Classes are numbered, pairs of classes too, and ``np.bincount`` counts numbers without sorting anything.
Labels that are whole numbers close to each other are numbers already. Blocks of samples keep the numbers in
the processor's cache; counts of blocks add up.

Used by ``confusion.py``, ``precision_recall.py`` and ``report.py``.
"""

from typing import NamedTuple

import numpy as np

from prevlib.metrics.classification.targets import Targets

BLOCK = 2**16  # samples counted at a time
GLANCE = 1000  # samples in which one expects to see every label


class Cells(NamedTuple):
    """The pairs that occur; row and column of a pair are places in ``labels``."""

    labels: np.ndarray  # all that occur, true or predicted, sorted, shape (n_labels,)
    rows: np.ndarray  # of the true labels, shape (n_cells,)
    columns: np.ndarray  # of the predicted labels, shape (n_cells,)
    counts: np.ndarray  # samples, or their weights; whole numbers if the weights are, shape (n_cells,)

    @property
    def kind(self) -> str:
        """What scikit-learn calls so many classes."""
        return "binary" if len(self.labels) <= 2 else "multiclass"


def count_cells(targets: Targets) -> Cells:
    """Count the pairs of single labels.

    Example:
        >>> cells = count_cells(Targets(False, np.array([1, 1, 5]), np.array([1, 1, 1]), None))
        >>> cells.labels.tolist(), cells.rows.tolist(), cells.columns.tolist(), cells.counts.tolist()
        ([1, 5], [0, 1], [0, 0], [2, 1])
    """
    true, pred, weights = targets.y_true, targets.y_pred, targets.sample_weight
    if weights is not None:
        weights = weights.astype(np.int64 if weights.dtype.kind in "biu" else float)
    most = max(BLOCK, len(true))  # pairs worth a table with one entry for each
    low, n_values = _range(true, pred)
    if n_values**2 <= most:
        labels = np.arange(low, low + n_values)
    else:
        labels, true, pred = _number(true, pred)
        low, n_values = 0, len(labels)
    if n_values**2 <= most:
        pairs, counts = _count_in_table(true, pred, weights, low, n_values)
    else:
        pairs, number = np.unique(true * n_values + pred, return_inverse=True)
        counts = _sums(number, weights, len(pairs))
    rows, columns = np.divmod(pairs, n_values)
    occurs = np.zeros(n_values, dtype=bool)
    occurs[rows] = occurs[columns] = True
    place = np.cumsum(occurs) - 1
    labels = labels[occurs].astype(np.result_type(targets.y_true, targets.y_pred), copy=False)
    return Cells(labels, place[rows], place[columns], counts)


def _range(true: np.ndarray, pred: np.ndarray) -> tuple[int, float]:
    """The smallest label, and how many values there are up to the largest; inf if they are no integers."""
    if not {true.dtype.kind, pred.dtype.kind} <= set("biu"):
        return 0, np.inf
    low, high = min(int(true.min()), int(pred.min())), max(int(true.max()), int(pred.max()))
    return low, high - low + 1 if high < 2**63 else np.inf


def _number(true: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All labels, sorted, and instead of each label its place among them."""
    labels = np.unique(np.concatenate([true[:GLANCE], pred[:GLANCE]]))
    # Without the last label no place is beyond the end: what is greater than all others gets the last place.
    places = [np.searchsorted(labels[:-1], column) for column in (true, pred)]
    unseen = [column[labels[place] != column] for column, place in zip((true, pred), places, strict=True)]
    if any(map(len, unseen)):
        labels = np.unique(np.concatenate([labels, *unseen]))
        places = [np.searchsorted(labels, column) for column in (true, pred)]
    return labels, *places


def _count_in_table(
    true: np.ndarray, pred: np.ndarray, weights: np.ndarray | None, low: int, n_values: int
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that occur, numbered row by row, and what each adds up to."""
    size = max(BLOCK, n_values**2)
    counts = np.zeros(n_values**2, dtype=np.int64)
    totals = counts if weights is None else np.zeros(n_values**2, dtype=weights.dtype)
    for start in range(0, len(true), size):
        block = slice(start, start + size)
        numbers = true[block].astype(np.int64)  # a smaller type could not hold the numbers of the pairs
        numbers -= low
        numbers *= n_values
        numbers += pred[block].astype(np.int64, copy=False)
        numbers -= low
        counts += _sums(numbers, None, n_values**2)
        if weights is not None:
            totals += _sums(numbers, weights[block], n_values**2)
    pairs = np.flatnonzero(counts)  # a sample of weight 0 occurs, too
    return pairs, totals[pairs]


def _sums(numbers: np.ndarray, weights: np.ndarray | None, length: int) -> np.ndarray:
    """Samples, or their weights, of each number; ``np.bincount`` would make whole weights floats."""
    if weights is None:
        return np.bincount(numbers, minlength=length)
    sums = np.zeros(length, dtype=weights.dtype)
    np.add.at(sums, numbers, weights)
    return sums
