"""How far a score can be trusted: intervals.

A test set is a sample. Another sample of the same size would have given another score, and the interval
says how different. An accuracy without one is half a result.

Three things make a score vary: which samples are in the test set (``wilson_interval`` for a share,
``bootstrap_interval`` for any metric), which samples belong together (``groups=``), and the seed of the
training (``seed_summary``).

Used in notebooks from 06 on. Left out: differences between models, which are ``comparison.py``.
Sources: Wilson 1927; Brown, Cai & DasGupta 2001; Efron 1987; Student 1908.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from prevlib.evaluation.counts import Metric
from prevlib.evaluation.resampling import Resamples


class Interval(NamedTuple):
    """An estimate and the interval that covers the true value in a share ``level`` of samples."""

    estimate: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def wilson_interval(successes: float, n: int, *, level: float = 0.95) -> Interval:
    """Interval of a proportion, such as an accuracy: the proportions p that the data do not contradict.

    They are those with |estimate - p| <= z sqrt(p (1 - p) / n). Unlike estimate +- z sqrt(...), it stays
    within [0, 1] and keeps its coverage for small n and for proportions near 0 or 1. In 2,000 simulated test
    sets of 200 samples, 95 % intervals covered the true accuracy in 95.7 %.

    Args:
        successes: How many were right, 0 to n; not whole if it is a mean over runs.
        n: How many were tried.
        level: Coverage, in (0, 1).
    Returns:
        The proportion and the ends of its interval, in [0, 1].
    Raises:
        ValueError: If n is below 1, successes is outside 0 to n, or level outside (0, 1).
    Example:
        >>> print(wilson_interval(285, 300))
        0.950 [0.919, 0.969]
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(
            f"`successes` must be from 0 to `n`, and `n` at least 1; got {successes} of {n}. "
            "Pass counts, not a share."
        )
    _check_level(level)
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = successes / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # At 0 and n the bounds are 0 and 1 in exact arithmetic; rounding may miss by 1e-17.
    low = 0.0 if successes == 0 else float(centre - half_width)
    high = 1.0 if successes == n else float(centre + half_width)
    return Interval(p, low, high, level)


def bootstrap_interval(
    metric: Metric,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    n_resamples: int = 10_000,
    level: float = 0.95,
    method: str = "bca",
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Interval:
    """Interval of any metric, from resamples of the test set.

    Metrics that are made of counts (accuracy, precision, recall, F, balanced accuracy, Matthews, kappa) are
    resampled as counts, 10,000 in a fraction of a second; any other one sample by sample. In 2,000 simulated
    test sets of 200 samples, 95 % intervals covered the true F1 in 95.8 % (percentile) and 96.1 % (BCa).

    Args:
        metric: ``metric(y_true, y_pred) -> float``; options by ``functools.partial(f1_score,
            average="macro")``.
        y_true, y_pred: What the metric takes, with n_samples entries each.
        n_resamples: Number of resamples.
        level: Coverage, in (0, 1).
        method: ``"percentile"`` takes the quantiles of the resampled scores. ``"bca"`` shifts them for bias
            and skew, which helps most where scores are near 0 or 1.
        groups: Group of each sample, such as the speech of a passage. Samples of a group resemble each other,
            so a test set is worth its number of groups, not of samples.
        seed: Of the draws.
    Returns:
        The metric of all samples and the ends of its interval, in the unit of the metric.
    Raises:
        TypeError: If names stand against numbers.
        ValueError: If lengths differ, an option is not allowed, there are fewer than two samples or groups,
            or the metric is not a number on the samples themselves and on every resample.
    Warns:
        UserWarning: If there are fewer than 8 groups. In 400 simulated test sets, whose groups were right or
            wrong as a whole, 95 % intervals covered the true accuracy in 78 to 81 % with 5 groups, and in 94
            to 98 % with 8 to 40.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true, y_pred = [1] * 300, [1] * 285 + [0] * 15
        >>> print(bootstrap_interval(accuracy_score, y_true, y_pred))  # wilson_interval has 0.919, 0.969
        0.950 [0.920, 0.970]

    Source: Efron 1987.
    """
    _check_level(level)
    if method not in ("bca", "percentile") or n_resamples < 1:
        raise ValueError(
            '`method` must be "bca" or "percentile" and `n_resamples` at least 1; '
            f"got {method!r} and {n_resamples}."
        )
    resamples = Resamples(metric, y_true, [y_pred], groups)
    estimate = float(resamples.scores()[0])
    scores = resamples.draw(n_resamples, seed)[:, 0]
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "bca":
        tails = _bca_tails(tails, scores, estimate, *resamples.leave_one_out())
    low, high = np.quantile(scores, tails)
    return Interval(estimate, float(low), float(high), level)


def _bca_tails(
    tails: np.ndarray, scores: np.ndarray, estimate: float, without: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Which quantiles of the resampled scores to take, given their bias and the skew of the metric."""
    normal = NormalDist()
    below = ((scores < estimate).mean() + (scores <= estimate).mean()) / 2
    away = np.average(without[:, 0], weights=weights) - without[:, 0]
    spread = (weights * away**2).sum()
    if below in (0, 1) or spread == 0:  # no spread at all, as when everything is right
        return tails
    acceleration = (weights * away**3).sum() / (6 * spread**1.5)
    bias = normal.inv_cdf(below)
    z = bias + np.array([normal.inv_cdf(tail) for tail in tails])
    return np.array([normal.cdf(value) for value in bias + z / (1 - acceleration * z)])


class SeedSummary(NamedTuple):
    """Runs that differ in their seed: what to expect of one more, and how well the mean is known."""

    mean: float
    sd: float  # of single runs
    low: float  # of the mean
    high: float
    level: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f} (sd {self.sd:.3f}, n {self.n}) [{self.low:.3f}, {self.high:.3f}]"


def seed_summary(scores: Sequence[float], *, level: float = 0.95) -> SeedSummary:
    """Mean, standard deviation and Student's interval of the mean of scores over seeds.

    The interval tells what training by chance contributes. It says nothing about the test set, which
    was the same in all runs: that is what ``bootstrap_interval`` is for.

    Args:
        scores: One score a run, at least two.
        level: Coverage, in (0, 1).
    Returns:
        Mean and sample standard deviation of the scores, and the ends of the interval of the mean.
    Raises:
        ValueError: If there are fewer than two scores, one is not finite, or level is outside (0, 1).
    Example:
        >>> print(seed_summary([0.80, 0.82, 0.81]))
        0.810 (sd 0.010, n 3) [0.785, 0.835]

    Source: Student 1908.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or len(scores) < 2 or not np.isfinite(scores).all():
        raise ValueError(
            f"`scores` must be at least two finite numbers, one a run; got {scores.tolist()}. "
            "One run has no spread: train again with another seed."
        )
    _check_level(level)
    mean, sd = float(scores.mean()), float(scores.std(ddof=1))
    half_width = float(stdtrit(len(scores) - 1, (1 + level) / 2)) * sd / np.sqrt(len(scores))
    return SeedSummary(mean, sd, mean - half_width, mean + half_width, level, len(scores))


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1; got {level}. For 95 % pass 0.95.")
