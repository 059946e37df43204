"""More than two classes, or several labels a sample: many rankings, and their mean.

Each class is ranked against the rest (ovr), one column of ``is_class`` at a time, or against each other class
(ovo), one pair of columns at a time. The first depends on how frequent the classes are, the second does not.
"""

import warnings
from collections.abc import Callable
from itertools import combinations, repeat

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics.classification.precision_recall import AVERAGES


def mean_over_columns(
    metric: Callable[..., float],
    is_class: np.ndarray,
    y_score: np.ndarray,
    average: str | None,
    weights: np.ndarray | None,
) -> float | np.ndarray:
    """``metric(is_positive, y_score, weights)`` of each column, and their mean.

    Args:
        is_class: Shape (n_samples, n_classes); or (n_samples,), which has nothing to average.
        average: None, ``"macro"``, ``"weighted"`` by the positives of each column, ``"micro"``, which ranks
            all columns together, or ``"samples"``, which ranks the classes of each sample instead.
    Raises:
        ValueError: If ``y_score`` has another shape than ``is_class``, or ``average`` is unknown.
    """
    if average not in AVERAGES:
        raise ValueError(f"average has to be one of {AVERAGES}; got {average!r}.")
    if is_class.ndim == 1:
        return metric(is_class, y_score, weights)
    if y_score.shape != is_class.shape:
        raise ValueError(
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains multiple "
            f"classes, which is {is_class.shape}; got {y_score.shape}."
        )
    if average == "micro":
        weights = None if weights is None else np.repeat(weights, is_class.shape[1])
        return metric(is_class.ravel(), y_score.ravel(), weights)
    shares = None
    if average == "weighted":
        shares = is_class.sum(axis=0) if weights is None else weights @ is_class
        if not shares.any():
            return 0.0
    elif average == "samples":
        is_class, y_score, shares, weights = is_class.T, y_score.T, weights, None
    scores = np.array(list(map(metric, is_class.T, y_score.T, repeat(weights))))
    if average is None:
        return scores
    if shares is not None:
        scores[shares == 0] = 0.0  # it may be nan, which times 0 would be nan again
    return float(np.average(scores, weights=shares))


def mean_over_pairs(
    metric: Callable[..., float], is_class: np.ndarray, y_score: np.ndarray, average: str | None
) -> float:
    """Mean of ``metric`` over the pairs of classes that occur, each pair ranked by the scores of either one.

    ``average="weighted"`` weighs a pair by its number of samples.
    """
    scores, shares = [], []
    for pair in combinations(np.flatnonzero(is_class.any(axis=0)), 2):
        either = is_class[:, pair].any(axis=1)
        scores.append(np.mean([metric(is_class[either, one], y_score[either, one]) for one in pair]))
        shares.append(either.sum())
    if not scores:
        warnings.warn(
            "Only one class is present in y_true, so that there are no pairs of classes.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return np.nan
    return float(np.average(scores, weights=shares if average == "weighted" else None))


def one_column_a_class(y_true: np.ndarray, y_score: np.ndarray, labels: ArrayLike | None) -> np.ndarray:
    """Whether each sample is of the class of each column of the probabilities ``y_score``.

    Raises:
        ValueError: If ``y_score`` does not hold probabilities, or it is not clear of which classes.
    """
    if y_score.ndim != 2:
        raise ValueError(
            "`y_score` needs to be of shape `(n_samples, n_classes)`, since `y_true` contains multiple "
            f"classes; got {y_score.shape}."
        )
    if not np.allclose(y_score.sum(axis=1), 1):
        raise ValueError(
            "Target scores need to be probabilities for multiclass roc_auc, i.e. they should sum up to 1.0 "
            "over classes. Apply a softmax to logits first."
        )
    present, n_columns = np.unique(y_true), y_score.shape[1]
    if labels is None:
        if len(present) != n_columns:
            raise ValueError(
                "Number of classes in y_true not equal to the number of columns in 'y_score': "
                f"{len(present)} and {n_columns}. Name the class of each column in `labels`."
            )
        return y_true[:, np.newaxis] == present
    labels = np.asarray(labels)
    in_order = np.unique(labels)
    if len(in_order) != len(labels):
        raise ValueError(f"Parameter 'labels' must be unique; got {labels.tolist()}.")
    if (in_order != labels).any():
        raise ValueError(f"Parameter 'labels' must be ordered; got {labels.tolist()}.")
    if len(labels) != n_columns:
        raise ValueError(
            f"Number of given labels, {len(labels)}, not equal to the number of columns in 'y_score', "
            f"{n_columns}."
        )
    if not np.isin(present, labels).all():
        raise ValueError(
            "'y_true' contains labels not in parameter 'labels': "
            f"{np.setdiff1d(present, labels).tolist()} are not in {labels.tolist()}."
        )
    return y_true[:, np.newaxis] == labels


def check_multiclass_options(
    average: str | None, sample_weight: ArrayLike | None, max_fpr: float | None, multi_class: str
) -> None:
    """Refuse what the area under the ROC curve of more than two classes does not have."""
    if max_fpr not in (None, 1):
        raise ValueError(
            "Partial AUC computation not available in multiclass setting, 'max_fpr' must be set to `None`, "
            f"received `max_fpr={max_fpr}` instead."
        )
    if multi_class == "raise":
        raise ValueError("multi_class must be in ('ovo', 'ovr') for more than two classes.")
    averages = ("macro", "weighted", None) if multi_class == "ovo" else ("micro", "macro", "weighted", None)
    if average not in averages:
        raise ValueError(f"average must be one of {averages} for multiclass problems; got {average!r}.")
    if multi_class == "ovo" and average is None:
        raise NotImplementedError("average=None is not implemented for multi_class='ovo'.")
    if multi_class == "ovo" and sample_weight is not None:
        raise ValueError(
            "sample_weight is not supported for multiclass one-vs-one ROC AUC, 'sample_weight' must be None "
            "in this case. Use multi_class='ovr'."
        )
