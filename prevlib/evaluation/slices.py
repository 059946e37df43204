"""Where does a model fail? The score of each slice of the test set, with its interval.

One number for a whole test set hides the groups in which a model is poor. A slice is any part that can be
named: long texts, texts with a negation, one era. Small slices have wide intervals, and among many slices
the worst one looks worse than it is; so each comes with its interval, and slices below a minimum size
are listed without a score.

Used in notebook 16. Left out: finding slices by search. Source: Eyuboglu et al. 2022, *Domino*, on why.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from prevlib.evaluation.counts import Metric
from prevlib.evaluation.uncertainty import bootstrap_interval


def score_slices(
    metric: Metric,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    slices: Mapping[str, ArrayLike] | ArrayLike,
    *,
    groups: ArrayLike | None = None,
    min_support: int = 30,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The metric on each slice, the worst first.

    Args:
        metric: ``metric(y_true, y_pred) -> float``, higher is better.
        y_true, y_pred: What the metric takes, with n_samples entries each.
        slices: Name -> True where a sample belongs to it, shape (n_samples,); slices may overlap. Or one
            label a sample, which makes a slice of each label.
        groups: Which samples belong together, such as the author of a text, shape (n_samples,); drawn
            together, as for ``bootstrap_interval``.
        min_support: Smaller slices are listed last, without a score.
        level, n_resamples, seed: As for ``bootstrap_interval``.
    Returns:
        One row per slice, with ``n``, ``share``, ``score``, ``low``, ``high`` (NaN for a slice of a single
        group), and as the last column ``difference`` from the score of the whole test set.
    Raises:
        ValueError: If a slice does not have one entry a sample.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true, y_pred = [1] * 100, [1] * 50 + [1, 0] * 25
        >>> table = score_slices(accuracy_score, y_true, y_pred, ["easy"] * 50 + ["hard"] * 50)
        >>> table["score"].to_dict()
        {'hard': 0.5, 'easy': 1.0}
    """
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if not isinstance(slices, Mapping):
        labels = np.asarray(slices)
        missing = pd.isna(labels)
        slices = {str(label): labels == label for label in pd.unique(labels[~missing])}
        slices |= {"(no label)": missing} if missing.any() else {}
    whole = float(metric(y_true, y_pred))
    options = {"level": level, "n_resamples": n_resamples, "seed": seed}
    rows = {}
    for name, members in slices.items():
        members = np.asarray(members)
        if members.shape != (len(y_true),) or members.dtype != bool:
            raise ValueError(
                f"The slice {name!r} must be True or False for each of {len(y_true)} samples; got shape "
                f"{members.shape} of {members.dtype}. Write a condition, such as lengths > 30."
            )
        n = int(members.sum())
        row = {"n": n, "share": n / len(y_true), "score": np.nan, "low": np.nan, "high": np.nan}
        if n >= max(1, min_support):
            part = (y_true[members], y_pred[members])
            row["score"] = float(metric(*part))
            options["groups"] = None if groups is None else np.asarray(groups)[members]
            if groups is None or len(np.unique(options["groups"])) > 1:  # one group has no spread
                interval = bootstrap_interval(metric, *part, **options)
                row |= {"low": interval.low, "high": interval.high}
        rows[name] = row | {"difference": row["score"] - whole}
    return pd.DataFrame.from_dict(rows, orient="index").sort_values("score", kind="stable")
