"""What counts as an answer: labels are checked, and brought into one form, before anything is counted.

The forms are those of scikit-learn: ``binary`` and ``multiclass`` (one label a sample, numbers or strings)
and ``multilabel-indicator`` (a matrix of 0 and 1, one column a label). Arrays and lists of whole numbers or
of strings can only be labels, and are recognised at once. For everything else its own helpers are asked, so
that the same inputs are accepted, and the same ones refused, as there.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels


class Targets(NamedTuple):
    """Arrays of equal length that go together."""

    is_multilabel: bool
    y_true: np.ndarray  # shape (n_samples,), or (n_samples, n_labels) if several labels a sample
    y_pred: np.ndarray  # the same shape
    sample_weight: np.ndarray | None  # shape (n_samples,)


def check_targets(y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Targets:
    """Everything as NumPy arrays that go together.

    Raises:
        ValueError: If lengths differ, there are no samples, the weights are all zero or not finite, or the
            two forms do not go together.
        TypeError: If one holds strings and the other numbers.
    """
    plain_true, plain_pred = _plain_labels(y_true), _plain_labels(y_pred)
    if (
        plain_true is not None
        and plain_pred is not None
        and (plain_true.dtype.kind == "U") == (plain_pred.dtype.kind == "U")
        and len(plain_true) == len(plain_pred) > 0
    ):
        is_multilabel, y_true, y_pred = False, plain_true, plain_pred
    else:
        is_multilabel, y_true, y_pred = _recognise(y_true, y_pred)
    return Targets(is_multilabel, y_true, y_pred, check_weights(sample_weight, y_true))


def _plain_labels(y: ArrayLike) -> np.ndarray | None:
    """Labels as an array, if a glance at the types shows that they are whole numbers or strings."""
    if hasattr(y, "to_numpy"):  # a column of a table
        y = y.to_numpy()
    if type(y) is list:
        y = np.array(y) if set(map(type, y)) in ({int}, {str}) else None
    elif type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind == "O":
        y = y.astype(str) if set(map(type, y)) == {str} else None
    is_plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biuU"
    return y if is_plain else None


def _recognise(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[bool, np.ndarray, np.ndarray]:
    """Any form of targets: whether there are several labels a sample, and both as arrays."""
    check_consistent_length(y_true, y_pred)
    if (y_true.shape[0] if hasattr(y_true, "shape") else len(y_true)) == 0:
        raise ValueError(
            "`y_true` and `y_pred` must hold at least one sample; got none (Found empty input array). "
            "Did a filter drop everything?"
        )
    true_kind, pred_kind = (
        type_of_target(y_true, input_name="y_true"),
        type_of_target(y_pred, input_name="y_pred"),
    )
    kinds = {"multiclass" if kind == "binary" else kind for kind in (true_kind, pred_kind)}
    if len(kinds) > 1:
        raise ValueError(
            f"Classification metrics can't handle a mix of {true_kind} and {pred_kind} targets. "
            "Turn scores into classes first, for example with argmax(axis=1)."
        )
    [kind] = kinds
    if kind not in ("multiclass", "multilabel-indicator"):
        raise ValueError(f"{kind} is not supported: targets must be class labels, or a matrix of 0 and 1.")
    if kind == "multilabel-indicator":
        y_true, y_pred = (np.asarray(y.toarray() if is_sparse(y) else y) for y in (y_true, y_pred))
        if y_true.shape != y_pred.shape:
            raise ValueError(
                "Multi-label y_true and y_pred must have the same number of labels; got "
                f"{y_true.shape[1]} and {y_pred.shape[1]}."
            )
        return True, y_true, y_pred
    if is_sparse(y_true) or is_sparse(y_pred):
        raise TypeError("Sparse input is only supported when targets are of multilabel type")
    y_true, y_pred = (column_or_1d(y) for y in (y_true, y_pred))
    try:
        unique_labels(y_true, y_pred)
    except (TypeError, ValueError) as error:
        if "mix of" not in str(error).lower() and "<" not in str(error):
            raise
        raise TypeError(
            "Labels in y_true and y_pred should be of the same type. "
            f"Got y_true={np.unique(y_true)} and y_pred={np.unique(y_pred)}. "
            "Make sure that the predictions use the names, or the numbers, of the true labels."
        ) from error
    return False, y_true, y_pred


def check_weights(sample_weight: ArrayLike | None, y_true: np.ndarray) -> np.ndarray | None:
    """The weights as an array, one finite weight a sample; None stays None."""
    if sample_weight is None:
        return None
    check_consistent_length(y_true, sample_weight)
    sample_weight = np.asarray(sample_weight)
    if sample_weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, one weight a sample; got {sample_weight.shape}."
        )
    if not np.isfinite(sample_weight.astype(float)).all():
        raise ValueError(
            "Input sample_weight contains NaN or infinity; every weight must be a finite number."
        )
    if not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return sample_weight


def positive_label(y_true: np.ndarray, pos_label: Any = None) -> Any:
    """``pos_label`` if there is one; else 1, if the labels are 0 and 1, or -1 and 1.

    Raises:
        ValueError: If there is none, and the labels are others.
    """
    if pos_label is not None:
        return pos_label
    classes = np.unique(y_true).tolist()
    if y_true.dtype.kind in "OUS" or not (set(classes) <= {0, 1} or set(classes) <= {-1, 1}):
        raise ValueError(
            f"y_true takes value in {{{', '.join(map(repr, classes))}}} and pos_label is not specified: "
            "either make y_true take value in {0, 1} or {-1, 1} or pass pos_label explicitly."
        )
    return 1


def is_sparse(y: ArrayLike) -> bool:
    return hasattr(y, "toarray")
