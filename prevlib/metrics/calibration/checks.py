"""What counts as a forecast: labels and probabilities are checked, and brought into one form, before scoring.

Two conventions meet here. scikit-learn's functions take labels of any name and columns in their sorted order
(``one_hot_labels``); what this course adds takes the number of the true column, as losses do
(``column_numbers``).
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

from prevlib.metrics.classification.targets import check_weights


def weights_or_ones(sample_weight: ArrayLike | None, y_true: ArrayLike, y_proba: np.ndarray) -> np.ndarray:
    """One finite weight a sample, ones if there are none, shape (n_samples,)."""
    check_consistent_length(y_proba, y_true, sample_weight)
    weights = check_weights(sample_weight, y_true)
    return np.ones(len(y_proba)) if weights is None else weights.astype(float)


def check_range(y_proba: np.ndarray) -> None:
    if y_proba.max() > 1:
        raise ValueError(f"y_prob contains values greater than 1: {y_proba.max()}. Are they logits?")
    if y_proba.min() < 0:
        raise ValueError(f"y_prob contains values less than 0: {y_proba.min()}. Are they logits?")


def one_hot_labels(
    y_true: ArrayLike, y_proba: np.ndarray, labels: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """The truth as 0 and 1, and the probabilities, both of shape (n_samples, n_classes).

    Columns stand in the sorted order of the labels. One column of probabilities is that of the second label.
    """
    check_range(y_proba)
    if labels is None and type_of_target(y_true, input_name="y_true") == "multilabel-indicator":
        one_hot = check_array(y_true)
        classes = np.arange(one_hot.shape[1])
    else:
        y_true = column_or_1d(y_true)
        classes = _classes(y_true, labels)
        one_hot = y_true[:, None] == classes
    if y_proba.ndim == 1:
        y_proba = y_proba[:, None]
    if y_proba.shape[1] == 1:
        y_proba = np.hstack([1 - y_proba, y_proba])
    if not np.isclose(y_proba.sum(axis=1), 1, rtol=np.sqrt(np.finfo(y_proba.dtype).eps)).all():
        warnings.warn(
            "The y_prob values do not sum to one. Make sure to pass probabilities.", UserWarning, stacklevel=3
        )
    if len(classes) != y_proba.shape[1] and labels is None:
        raise ValueError(
            f"y_true and y_prob contain different number of classes: {len(classes)} vs {y_proba.shape[1]}. "
            "Please provide the true labels explicitly through the labels argument. "
            f"Classes found in y_true: {classes}"
        )
    if len(classes) != y_proba.shape[1]:
        raise ValueError(
            "The number of classes in labels is different from that in y_prob. "
            f"Classes found in labels: {classes}"
        )
    return one_hot.astype(float), y_proba


def _classes(y_true: np.ndarray, labels: ArrayLike | None) -> np.ndarray:
    """All labels, sorted: those of ``labels``, or those that occur."""
    classes = unique_labels(y_true if labels is None else labels)
    if labels is not None:
        if classes.tolist() != np.asarray(labels).tolist():
            warnings.warn(
                f"Labels passed were {labels}. But this function assumes labels are ordered "
                f"lexicographically. Pass the ordered labels={classes.tolist()} and ensure that the columns "
                "of y_prob correspond to this ordering.",
                UserWarning,
                stacklevel=4,
            )
        undeclared = set(y_true.tolist()) - set(classes.tolist())
        if undeclared:
            raise ValueError(
                f"y_true contains values {undeclared} not belonging to the passed labels {labels}."
            )
    if len(classes) == 1 and labels is None:
        raise ValueError(
            f"y_true contains only one label ({classes[0]}). Please provide the list of all expected class "
            "labels explicitly through the labels argument."
        )
    if len(classes) == 1:
        raise ValueError(f"The labels array needs to contain at least two labels, got {classes}.")
    return classes


def column_numbers(y_true: ArrayLike, scores: np.ndarray, name: str) -> np.ndarray:
    """The number of the true column of each row, 0 or 1 for a vector; ``name`` is that of the scores."""
    if scores.size == 0 or scores.ndim not in (1, 2) or scores.shape[1:] == (1,):
        raise ValueError(
            f"`{name}` must have the shape (n_samples, n_classes) or (n_samples,), with one sample "
            f"and two classes at least; got {scores.shape}."
        )
    y_true = np.asarray(y_true)
    if y_true.shape != scores.shape[:1]:
        raise ValueError(
            f"`y_true` must have one entry for each sample of `{name}`, shape {scores.shape[:1]}; "
            f"got {y_true.shape}."
        )
    n_classes = 2 if scores.ndim == 1 else scores.shape[1]
    known = np.isin(y_true, np.arange(n_classes))
    if not known.all():
        raise ValueError(
            f"`y_true` must hold column numbers, 0 to {n_classes - 1}; got {y_true[~known].tolist()[0]!r}. "
            "Turn names into numbers in the order of the columns."
        )
    return y_true.astype(int)
