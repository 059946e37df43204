"""Calibration, counted: bins of what was said, and how often it came true.

Samples with about the same probability share a bin. Each bin adds up its samples, those that came true, and
the probabilities, that is, how many should have; everything else here is one division of these sums.

Sources: Naeini, Cooper & Hauskrecht 2015 (expected calibration error); Guo et al. 2017 (top labels).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array, check_consistent_length, column_or_1d

from prevlib.metrics.calibration.checks import column_numbers, weights_or_ones
from prevlib.metrics.classification.targets import positive_label


class ReliabilityBins(NamedTuple):
    """Sums over the samples of each bin, shape (n_filled_bins,): divide by ``n`` for means, last."""

    n: np.ndarray  # samples, or their weights; empty bins are left out
    right: np.ndarray  # those that came true
    confidence: np.ndarray  # confidences: how many should have come true


def calibration_curve(
    y_true: ArrayLike, y_prob: ArrayLike, *, pos_label: Any = None, n_bins: int = 5, strategy: str = "uniform"
) -> tuple[np.ndarray, np.ndarray]:
    """Share of positives and mean probability, in bins of the probability.

    Args:
        y_true: One of two labels, shape (n_samples,).
        y_prob: Probability of the positive one, shape (n_samples,).
        pos_label: The positive label; 1 if the labels are 0 and 1 or -1 and 1.
        n_bins, strategy: As for ``reliability_bins``, which counts the samples of each bin as well.
    Returns:
        (prob_true, prob_pred), both of shape (n_filled_bins,).
    Raises:
        ValueError: If there are more than two labels, none is said to be the positive one, a probability is
            outside [0, 1], or an option is not allowed.
    Example:
        >>> prob_true, prob_pred = calibration_curve([0, 0, 1, 1], [0.125, 0.375, 0.625, 0.875], n_bins=2)
        >>> prob_true.tolist(), prob_pred.tolist()
        ([0.0, 1.0], [0.25, 0.75])
    """
    y_true, y_prob = column_or_1d(y_true), column_or_1d(check_array(y_prob, ensure_2d=False))
    check_consistent_length(y_true, y_prob)
    positive = y_true == positive_label(y_true, pos_label)
    if y_prob.min() < 0 or y_prob.max() > 1:
        raise ValueError(
            f"y_prob has values outside [0, 1]. They go from {y_prob.min():.3g} to {y_prob.max():.3g}: "
            "are they logits?"
        )
    if len(np.unique(y_true)) > 2:
        raise ValueError(
            f"Only binary classification is supported. Provided labels {np.unique(y_true)}. "
            "Ask for one class at a time: y_true == label."
        )
    bins = _fill_bins(y_prob, positive, np.ones(len(y_prob)), n_bins, strategy)
    return bins.right / bins.n, bins.confidence / bins.n


def reliability_bins(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    n_bins: int = 15,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> ReliabilityBins:
    """The sums behind a reliability diagram and the expected calibration error.

    Args:
        y_true: Number of the true class, shape (n_samples,).
        y_proba: A matrix, shape (n_samples, n_classes), is judged by its *top label*: the confidence is the
            largest probability of a row, and it came true if that stands in the true column. A vector, shape
            (n_samples,), is judged as the probability of class 1, which came true if the class is 1.
        n_bins: Number of bins.
        strategy: ``"uniform"`` cuts [0, 1] into bins of equal width, each with its upper edge but without its
            lower. ``"quantile"`` cuts at quantiles of the confidences, for about equally many samples in
            each, whatever they weigh; equal confidences stay together.
        sample_weight: How much each sample counts, shape (n_samples,).
    Returns:
        ``ReliabilityBins(n, right, confidence)``, sums over the samples of each filled bin, shape
        (n_filled_bins,).
    Raises:
        ValueError: If shapes disagree, a class is not a column, a row does not hold probabilities, or an
            option is not allowed.
    Example:
        >>> bins = reliability_bins([0, 1, 1], [[0.75, 0.25], [0.125, 0.875], [0.625, 0.375]], n_bins=2)
        >>> bins.n.tolist(), bins.right.tolist(), bins.confidence.tolist()
        ([3.0], [2.0], [2.25])
    """
    y_proba = np.asarray(y_proba, dtype=float)
    classes = column_numbers(y_true, y_proba, "y_proba")
    sums = y_proba.sum(axis=1) if y_proba.ndim == 2 else np.ones(1)
    if not ((y_proba >= 0) & (y_proba <= 1)).all() or not np.allclose(sums, 1, atol=0.01):
        raise ValueError(
            "`y_proba` must hold probabilities in [0, 1], and a matrix rows that sum to 1; got values from "
            f"{y_proba.min():.3g} to {y_proba.max():.3g} and sums from {sums.min():.3g} to {sums.max():.3g}. "
            "Turn logits into probabilities: scipy.special.softmax(logits, axis=1)."
        )
    weights = weights_or_ones(sample_weight, classes, y_proba)
    if y_proba.ndim == 1:
        return _fill_bins(y_proba, classes == 1, weights, n_bins, strategy)
    return _fill_bins(y_proba.max(axis=1), y_proba.argmax(axis=1) == classes, weights, n_bins, strategy)


def expected_calibration_error(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    n_bins: int = 15,
    strategy: str = "uniform",
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean gap, in [0, 1], between confidence and share right: sum over bins of |right - confidence| / n.

    Read it with care. It depends on the bins: in one wide bin, errors of opposite sign cancel. And it is
    never below 0, so chance only adds to it: a model whose every probability is true, spread evenly from 0.5
    to 1, scores about 0.09 on 100 samples, 0.03 on 1,000 and 0.01 on 10,000. Compare models on as many
    samples, in the same bins, and never by this number alone: to say the base rate every time scores 0.

    Args:
        y_true, y_proba, n_bins, strategy, sample_weight: As for ``reliability_bins``. A matrix is judged by
            its top label, a vector as the probability of class 1; with two classes these are different
            questions, and the numbers differ.
    Returns:
        From 0, perfectly calibrated in these bins, to 1.
    Raises:
        ValueError: As ``reliability_bins``.
    Example:
        >>> y_true, y_proba = [1, 0], [0.25, 0.75]  # as wrong as can be, and right on average
        >>> [expected_calibration_error(y_true, y_proba, n_bins=n) for n in (1, 2)]
        [0.0, 0.75]

    Sources: Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017.
    """
    bins = reliability_bins(y_true, y_proba, n_bins=n_bins, strategy=strategy, sample_weight=sample_weight)
    return float(np.abs(bins.right - bins.confidence).sum() / bins.n.sum())


def _fill_bins(
    confidence: np.ndarray, right: np.ndarray, weights: np.ndarray, n_bins: int, strategy: str
) -> ReliabilityBins:
    if n_bins < 1:
        raise ValueError(f"`n_bins` must be at least 1; got {n_bins}.")
    shares = np.linspace(0, 1, n_bins + 1)
    if strategy not in ("uniform", "quantile"):
        raise ValueError(f"`strategy` must be 'uniform' or 'quantile'; got {strategy!r}.")
    # By percentiles, because scikit-learn's quantiles differ in the last bit, and with it in the bin.
    edges = shares if strategy == "uniform" else np.percentile(confidence, 100 * shares)
    place = np.searchsorted(edges[1:-1], confidence)
    sums = [np.bincount(place, weights=part) for part in (weights, weights * right, weights * confidence)]
    filled = sums[0] != 0
    return ReliabilityBins(*(part[filled] for part in sums))
