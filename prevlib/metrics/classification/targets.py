"""What counts as an answer: labels are checked, and brought into one form, before anything is counted.

The forms are those of scikit-learn: ``binary`` and ``multiclass`` (one label a sample, numbers or strings)
and ``multilabel-indicator`` (a matrix of 0 and 1, one column a label). Its own helpers recognise them here,
so that the same inputs are accepted, and the same ones refused, as there.
"""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

SINGLE_LABEL = ("binary", "multiclass")


def check_targets(
    y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
) -> tuple[str, np.ndarray, np.ndarray, np.ndarray | None]:
    """The form of the targets, and everything as NumPy arrays of equal length.

    Returns:
        ``kind``, one of the three forms; ``y_true`` and ``y_pred``, shape (n_samples,) or
        (n_samples, n_labels); ``sample_weight``, shape (n_samples,) or None.
    Raises:
        ValueError: If lengths differ, there are no samples, the weights are all zero or not finite, or the
            two forms do not go together.
        TypeError: If one holds strings and the other numbers.
    """
    check_consistent_length(y_true, y_pred, sample_weight)
    if (y_true.shape[0] if hasattr(y_true, "shape") else len(y_true)) == 0:
        raise ValueError(
            "`y_true` and `y_pred` must hold at least one sample; got none (Found empty input array). "
            "Did a filter drop everything?"
        )
    kinds = {type_of_target(y_true, input_name="y_true"), type_of_target(y_pred, input_name="y_pred")}
    if kinds == {"binary", "multiclass"}:
        kinds = {"multiclass"}
    if len(kinds) > 1:
        true_kind, pred_kind = type_of_target(y_true), type_of_target(y_pred)
        raise ValueError(
            f"Classification metrics can't handle a mix of {true_kind} and {pred_kind} targets. "
            "Turn scores into classes first, for example with argmax(axis=1)."
        )
    [kind] = kinds
    if kind not in (*SINGLE_LABEL, "multilabel-indicator"):
        raise ValueError(f"{kind} is not supported: targets must be class labels, or a matrix of 0 and 1.")
    if sample_weight is not None:
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
    if kind == "multilabel-indicator":
        y_true, y_pred = (np.asarray(y.toarray() if is_sparse(y) else y) for y in (y_true, y_pred))
        if y_true.shape != y_pred.shape:
            raise ValueError(
                "Multi-label y_true and y_pred must have the same number of labels; got "
                f"{y_true.shape[1]} and {y_pred.shape[1]}."
            )
        return kind, y_true, y_pred, sample_weight
    if is_sparse(y_true) or is_sparse(y_pred):
        raise TypeError("Sparse input is only supported when targets are of multilabel type")
    y_true, y_pred = (column_or_1d(y) for y in (y_true, y_pred))
    if len(present_labels(y_true, y_pred)) > 2:
        kind = "multiclass"
    return kind, y_true, y_pred, sample_weight


def is_sparse(y: ArrayLike) -> bool:
    return hasattr(y, "toarray")


def present_labels(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """All labels that occur, sorted; the column numbers for a matrix of labels."""
    try:
        return unique_labels(y_true, y_pred)
    except (TypeError, ValueError) as error:
        if "mix of" not in str(error).lower() and "<" not in str(error):
            raise
        raise TypeError(
            "Labels in y_true and y_pred should be of the same type. "
            f"Got y_true={np.unique(y_true)} and y_pred={np.unique(y_pred)}. "
            "Make sure that the predictions use the names, or the numbers, of the true labels."
        ) from error
