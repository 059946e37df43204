"""Accuracy, precision, recall and F: shares of right answers, each asked of other samples.

Counts are added up first, over samples and, for the micro average, over classes; one division comes last. The
mean over batches of a ratio is another number. Sources: van Rijsbergen 1979 (F), Sokolova & Lapalme 2009.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics.classification.cells import Cells, count_cells
from prevlib.metrics.classification.confusion import four_counts
from prevlib.metrics.classification.targets import check_targets

AVERAGES = (None, "micro", "macro", "weighted", "samples")


def accuracy_score(
    y_true: ArrayLike, y_pred: ArrayLike, *, normalize: bool = True, sample_weight: ArrayLike | None = None
) -> float:
    """Share of samples that are right; for several labels a sample, of those that are right in every one.

    Args:
        y_true, y_pred: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        normalize: False gives the count (the sum of the weights) instead of the share.
        sample_weight: How much each sample counts, shape (n_samples,).
    Returns:
        From 0 to 1, or the count if not ``normalize``.
    Raises:
        ValueError, TypeError: If the two do not fit together.
    Example:
        >>> accuracy_score([0, 1, 1, 1], [0, 1, 0, 1])
        0.75
    """
    targets = check_targets(y_true, y_pred, sample_weight)
    right, weights = targets.y_true == targets.y_pred, targets.sample_weight
    if targets.is_multilabel:
        right = right.all(axis=1)
    if weights is None:
        total, everything = np.count_nonzero(right), len(right)
    else:
        total, everything = (right * weights).sum(), weights.sum()
    return float(total / everything if normalize else total)


def precision_recall_fscore_support(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float = 1.0,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = None,
    warn_for: Sequence[str] = ("precision", "recall", "f-score"),
    sample_weight: ArrayLike | None = None,
    zero_division: float | str = "warn",
) -> tuple:
    """Precision tp / (tp + fp), recall tp / (tp + fn), F-beta, and the support: true samples of each class.

    F = (1 + beta^2) tp / (beta^2 (tp + fn) + (tp + fp)) is the harmonic mean of the two, with recall weighted
    beta times as much as precision.

    Args:
        y_true, y_pred: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        beta: 1 weighs both alike; 0 is precision alone, inf recall alone.
        labels: Which classes, in which order; all that occur if None.
        pos_label: The class that is scored if ``average="binary"``.
        average: None scores each class. ``"macro"`` is the mean over classes, ``"weighted"`` the mean
            weighted by their support, ``"micro"`` adds up the counts of all classes first, ``"samples"`` is
            the mean over samples with several labels each.
        warn_for: Which of the three may warn that they are 0/0.
        sample_weight: How much each sample counts, shape (n_samples,).
        zero_division: Value of 0/0: 0, 1, nan (then left out of means), or ``"warn"``: 0, with a warning.
    Returns:
        (precision, recall, f_score, support): arrays of shape (n_classes,) without an average, else three
        floats and None.
    Raises:
        ValueError: If an option is unknown, or ``average="binary"`` meets more than two classes.
    Example:
        >>> p, r, f, s = precision_recall_fscore_support([0, 1, 1, 1], [0, 0, 1, 1])
        >>> p.round(2).tolist(), r.round(2).tolist(), f.round(2).tolist(), s.tolist()
        ([0.5, 1.0], [1.0, 0.67], [0.67, 0.8], [1, 3])
    """
    return _scores(y_true, y_pred, beta, labels, pos_label, average, warn_for, sample_weight, zero_division)


def divide_counts(
    matrix: np.ndarray,
    *,
    beta: float = 1.0,
    average: str | None,
    warn_for: Sequence[str] = ("precision", "recall", "f-score"),
    sample_weight: np.ndarray | None = None,
    zero_division: float | str,
) -> tuple:
    """``precision_recall_fscore_support`` of a ``multilabel_confusion_matrix``."""
    if not beta >= 0:
        raise ValueError(f"`beta` must be at least 0; got {beta}.")
    if zero_division not in ("warn", 0, 1) and zero_division == zero_division:  # nan differs from itself
        raise ValueError(f"`zero_division` must be 0, 1, nan or 'warn'; got {zero_division!r}.")
    tp = matrix[:, 1, 1]
    called, of_class = tp + matrix[:, 0, 1], tp + matrix[:, 1, 0]
    if average == "micro":
        tp, called, of_class = (np.array([counts.sum()]) for counts in (tp, called, of_class))

    def divide(numerator, denominator, name, lacking):
        value = 0.0 if zero_division == "warn" else float(zero_division)
        undefined = denominator == 0
        if undefined.any() and zero_division == "warn" and name in warn_for:
            _warn_undefined(name, lacking, average, len(denominator))
        return np.divide(numerator, denominator, out=np.full(len(denominator), value), where=~undefined)

    precision = divide(tp, called, "precision", "predicted")
    recall = divide(tp, of_class, "recall", "true")
    if np.isinf(beta):
        f_score = recall
    elif beta == 0:
        f_score = precision
    else:
        f_score = divide((1 + beta**2) * tp, beta**2 * of_class + called, "f-score", "true nor predicted")
    if average is None:
        return precision, recall, f_score, of_class
    weights = {"weighted": of_class, "samples": sample_weight}.get(average)
    return *(_mean(scores, weights) for scores in (precision, recall, f_score)), None


def precision_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | str = "warn",
) -> float | np.ndarray:
    """Of what was called positive, the share that is: tp / (tp + fp).

    Args:
        y_true, y_pred: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        pos_label: The positive class, which alone is scored if ``average="binary"``.
        average: ``"binary"``; or None, ``"micro"``, ``"macro"``, ``"weighted"`` or ``"samples"``, as for
            ``precision_recall_fscore_support``.
        labels, sample_weight, zero_division: As for ``precision_recall_fscore_support``.
    Returns:
        From 0 to 1; without an average (None), an array of one score per class, shape (n_classes,).
    Raises:
        ValueError: If an option is unknown, or ``average="binary"`` meets more than two classes.
    Example:
        >>> precision_score([1, 1, 0, 0], [1, 0, 1, 0])
        0.5
    """
    options = (labels, pos_label, average, ("precision",), sample_weight, zero_division)
    return _scores(y_true, y_pred, 1.0, *options)[0]


def recall_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | str = "warn",
) -> float | np.ndarray:
    """Of what is positive, the share called so: tp / (tp + fn).

    Args:
        y_true, y_pred, labels, pos_label, average, sample_weight, zero_division: As for ``precision_score``.
    Returns:
        From 0 to 1; without an average (None), an array of one score per class, shape (n_classes,).
    Raises:
        ValueError: If an option is unknown, or ``average="binary"`` meets more than two classes.
    Example:
        >>> recall_score([1, 1, 1, 1], [1, 0, 0, 0])
        0.25
    """
    options = (labels, pos_label, average, ("recall",), sample_weight, zero_division)
    return _scores(y_true, y_pred, 1.0, *options)[1]


def f1_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | str = "warn",
) -> float | np.ndarray:
    """Harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn).

    Args:
        y_true, y_pred, labels, pos_label, average, sample_weight, zero_division: As for ``precision_score``.
            The macro average is the mean of the F1 of the classes, not the F1 of mean precision and mean
            recall.
    Returns:
        From 0 to 1; without an average (None), an array of one score per class, shape (n_classes,).
    Raises:
        ValueError: If an option is unknown, or ``average="binary"`` meets more than two classes.
    Example:
        >>> round(f1_score([1, 1, 0, 0], [1, 1, 1, 0]), 3)  # precision 2/3, recall 1
        0.8
    """
    options = (labels, pos_label, average, ("f-score",), sample_weight, zero_division)
    return _scores(y_true, y_pred, 1.0, *options)[2]


def fbeta_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    beta: float,
    labels: ArrayLike | None = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: ArrayLike | None = None,
    zero_division: float | str = "warn",
) -> float | np.ndarray:
    """F with recall weighted ``beta`` times as much as precision.

    Args:
        beta: At least 0; 1 is F1, 0 precision alone, inf recall alone.
        y_true, y_pred, labels, pos_label, average, sample_weight, zero_division: As for ``precision_score``.
    Returns:
        From 0 to 1; without an average (None), an array of one score per class, shape (n_classes,).
    Raises:
        ValueError: As ``precision_score``, or if ``beta`` is below 0.
    Example:
        >>> round(fbeta_score([1, 1, 0, 0], [1, 1, 1, 0], beta=2), 3)  # closer to the recall of 1
        0.909
    """
    options = (labels, pos_label, average, ("f-score",), sample_weight, zero_division)
    return _scores(y_true, y_pred, beta, *options)[2]


def _scores(y_true, y_pred, beta, labels, pos_label, average, warn_for, sample_weight, zero_division):
    """What every public function here asks for; one call below it, so that warnings name its caller."""
    targets = check_targets(y_true, y_pred, sample_weight)
    cells = None if targets.is_multilabel else count_cells(targets)
    labels = _scored_labels(cells, average, labels, pos_label)
    matrix = four_counts(targets, cells, labels, samplewise=average == "samples")
    options = {"average": average, "warn_for": warn_for, "zero_division": zero_division}
    return divide_counts(matrix, beta=beta, sample_weight=targets.sample_weight, **options)


def _scored_labels(
    cells: Cells | None, average: str | None, labels: ArrayLike | None, pos_label: Any
) -> ArrayLike | None:
    """``labels``, or the positive class alone if the average is binary; no cells: several labels a sample."""
    if average not in (*AVERAGES, "binary"):
        raise ValueError(f"average has to be one of {(*AVERAGES, 'binary')}; got {average!r}.")
    if average != "binary":
        if pos_label not in (None, 1):
            warnings.warn(
                f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' (got "
                f"{average!r}). You may use labels=[pos_label] to specify a single positive class.",
                UserWarning,
                stacklevel=4,
            )
        return labels
    kind = "multilabel-indicator" if cells is None else cells.kind
    if kind != "binary":
        others = [name for name in AVERAGES if name != "samples" or cells is None]
        raise ValueError(
            f"Target is {kind} but average='binary'. Please choose another average setting, one of {others}."
        )
    if pos_label not in cells.labels and len(cells.labels) >= 2:
        raise ValueError(f"pos_label={pos_label} is not a valid label. It should be one of {cells.labels}")
    return [pos_label]


def _warn_undefined(name: str, lacking: str, average: str | None, n_results: int) -> None:
    within, over = ("samples", "label") if average == "samples" else ("labels", "sample")
    where = "due to" if n_results == 1 else f"in {within} with"
    warnings.warn(
        f"{name.capitalize()} is ill-defined and being set to 0.0 {where} no {lacking} {over}s. "
        "Use `zero_division` parameter to control this behavior.",
        UndefinedMetricWarning,
        stacklevel=6,
    )


def _mean(scores: np.ndarray, weights: ArrayLike | None) -> float:
    """Weighted mean without nan; the plain mean if all weights are zero."""
    defined = ~np.isnan(scores)
    if not defined.any():
        return float("nan")
    weights = None if weights is None else np.asarray(weights)[defined]
    return float(np.average(scores[defined], weights=weights if np.any(weights) else None))
