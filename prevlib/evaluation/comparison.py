"""Is one model better than another, or was it luck?

Two models that are scored on the same samples must be compared on the same samples: most of what makes a
score vary, easy and hard test sets, hits both. So each test here is paired. A p-value is the chance of a
difference at least this large if the two were equally good.

With many models there are many pairs, and some differ by luck alone. Intervals that hold for all pairs at
once keep the chance of even one false claim near ``1 - level``. A pair whose interval holds 0 is *undecided*,
which does not say that the two are equal; that they are *equivalent* is a claim of its own, with a margin.

Used in notebooks 09 and 20. Left out: differences between training runs, for which several seeds are needed
(``seed_summary``). Sources: McNemar 1947; Fagerland, Lydersen & Laake 2013 (mid-p); Holm 1979; Westfall &
Young 1993 (max-T); Schuirmann 1987 (equivalence); Dror et al. 2018, *The Hitchhiker's Guide to Testing
Statistical Significance in NLP*.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit
from scipy.stats import binom

from prevlib.arguments import check_count, check_number
from prevlib.evaluation.counts import Metric
from prevlib.evaluation.resampling import Resamples, check_same_kind
from prevlib.evaluation.uncertainty import Interval, bootstrap_interval

UNDECIDED = "undecided"
POWER = 0.8  # chance with which the smallest visible difference would have been found


class McNemarResult(NamedTuple):
    """Counts of the samples that only one of two models gets right, and the p-value of their difference."""

    only_a_right: int
    only_b_right: int
    p_value: float


def mcnemar_test(
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    *,
    method: str = "exact",
    groups: ArrayLike | None = None,
) -> McNemarResult:
    """Do two models differ in accuracy? Only the samples count that one of them gets right.

    If the models are equally good, each such sample is a toss of a coin, so the p-value is that of a binomial
    distribution. The tosses must be independent, so groups are refused.

    Args:
        y_true, pred_a, pred_b: Labels, shape (n_samples,).
        method: ``"exact"``; or ``"mid-p"``, which counts the observed result by half and so is less
            hesitant: the exact test errs far less often than it claims.
        groups: Only None; ``permutation_test`` takes groups.
    Returns:
        The samples that only one of the two gets right, and the two-sided p-value.
    Raises:
        TypeError: If names stand against numbers, or probabilities are passed as labels.
        ValueError: If shapes differ, there are no samples, the method is unknown, or there are groups.
    Example:
        >>> mcnemar_test([1] * 10, [1] * 9 + [0], [1] * 4 + [0] * 5 + [1])  # 5 to 1
        McNemarResult(only_a_right=5, only_b_right=1, p_value=0.21875)
    """
    if groups is not None:
        raise ValueError(
            "`groups` must be None, because samples of a group are not independent tosses of a coin; got "
            "groups. Use permutation_test(accuracy_score, y_true, pred_a, pred_b, groups=groups)."
        )
    columns = [np.asarray(y) for y in (y_true, pred_a, pred_b)]
    y_true, pred_a, pred_b = columns
    if {column.ndim for column in columns} != {1} or not 0 < len(y_true) == len(pred_a) == len(pred_b):
        raise ValueError(
            "`y_true`, `pred_a` and `pred_b` must have the same shape, (n_samples,), with at least one "
            f"sample; got {', '.join(str(column.shape) for column in columns)}."
        )
    check_same_kind(*columns)
    if any(column.dtype.kind == "f" and (column % 1 != 0).any() for column in columns):
        raise TypeError(
            "`y_true`, `pred_a` and `pred_b` must be labels, not probabilities; got fractions. "
            "Choose a class first, such as proba > 0.5."
        )
    if method not in ("exact", "mid-p"):
        raise ValueError(f'`method` must be "exact" or "mid-p"; got {method!r}.')
    a_right, b_right = pred_a == y_true, pred_b == y_true
    only_a, only_b = int((a_right & ~b_right).sum()), int((b_right & ~a_right).sum())
    coin, fewer = binom(only_a + only_b, 0.5), min(only_a, only_b)
    half = coin.pmf(fewer) / 2 if method == "mid-p" else 0.0
    return McNemarResult(only_a, only_b, float(min(1.0, 2 * (coin.cdf(fewer) - half))))


class Difference(NamedTuple):
    """Score of one model minus that of another, on the same samples."""

    difference: Interval
    p_value: float


def paired_bootstrap_test(
    metric: Metric,
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    *,
    n_resamples: int = 10_000,
    level: float = 0.95,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Difference:
    """Difference of a metric between two models, with its interval, both scored on the same resamples.

    The p-value is twice the share of resamples in which the difference does not have its sign, counting one
    more so that it is never 0.

    Args:
        metric: ``metric(y_true, y_pred) -> float``.
        y_true, pred_a, pred_b: What the metric takes, with n_samples entries each.
        n_resamples, level, groups, seed: As for ``bootstrap_interval``; the interval is by percentiles.
    Returns:
        ``difference``, score of a minus score of b, with its interval; and the two-sided p-value.
    Raises:
        ValueError: If lengths differ, or the metric is not a number on every resample.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true, good, poor = [1] * 200, [1] * 190 + [0] * 10, [0] * 40 + [1] * 160
        >>> result = paired_bootstrap_test(accuracy_score, y_true, good, poor)
        >>> result.difference.estimate.__round__(2), result.p_value < 0.001
        (0.15, True)
    """
    resamples = Resamples(metric, y_true, [pred_a, pred_b], groups)
    interval, differences = _paired_interval(resamples, n_resamples, level, seed)
    against = min((differences <= 0).sum(), (differences >= 0).sum())
    p_value = min(1.0, 2 * float(against + 1) / (n_resamples + 1))
    return Difference(interval, p_value)


def _paired_interval(
    resamples: Resamples, n_resamples: int, level: float, seed: int
) -> tuple[Interval, np.ndarray]:
    """Interval of the first score minus the second, by percentiles, and that difference on each resample."""
    scores, drawn = resamples.scores(), resamples.draw(n_resamples, seed)
    differences, estimate = drawn[:, 0] - drawn[:, 1], float(scores[0] - scores[1])
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    if np.ptp(differences) == 0:  # as far as half a discordant sample on each side would reach
        reach = NormalDist().inv_cdf((1 + level) / 2) / (resamples.units + 2)
        low, high = low - reach, high + reach
    return Interval(estimate, float(low), float(high), level), differences


class Equivalence(NamedTuple):
    """Score of one model minus that of another, and the p-value of a claim that it is within the margin."""

    difference: Interval
    p_value: float
    margin: float


def equivalence_test(
    metric: Metric,
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    *,
    margin: float,
    level: float = 0.95,
    n_resamples: int = 10_000,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Equivalence:
    """Are two models so close that the difference does not matter? Two one-sided tests, by the bootstrap.

    A large p-value of another test never says so, because a small test set makes any p-value large. Here the
    null hypothesis is that the difference is at least as large as the margin, on one side or the other. It is
    rejected if the interval of the difference lies inside the margin; at 95 % that is a 90 % interval, since
    only one of the two ends can be wrong.

    Args:
        metric, y_true, pred_a, pred_b, n_resamples, groups, seed: As for ``paired_bootstrap_test``.
        margin: The smallest difference that would matter, in the unit of the metric, above 0; chosen before
            the predictions are seen.
        level: 1 minus the chance of claiming equivalence where the difference is as large as the margin.
    Returns:
        ``difference``, with its interval of level ``2 * level - 1``; the larger of the two one-sided
        p-values; and the margin.
    Raises:
        TypeError, ValueError: As ``paired_bootstrap_test``; if the margin is not above 0, or the level not
            between 0.5 and 1.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true, a, b = [1] * 400, [1] * 390 + [0] * 10, [1] * 388 + [0] * 12
        >>> result = equivalence_test(accuracy_score, y_true, a, b, margin=0.02)
        >>> print(result.difference, result.p_value < 0.05)
        0.005 [0.000, 0.012] True

    Source: Schuirmann 1987.
    """
    margin = check_number("margin", margin, 0, None, True)
    if not 0.5 < level < 1:
        raise ValueError(f"`level` must be between 0.5 and 1; got {level}. For an error of 5 % pass 0.95.")
    resamples = Resamples(metric, y_true, [pred_a, pred_b], groups)
    interval, differences = _paired_interval(resamples, n_resamples, 2 * level - 1, seed)
    outside = max((differences >= margin).sum(), (differences <= -margin).sum())
    p_value = min(1.0, float(outside + 1) / (n_resamples + 1))
    return Equivalence(interval, p_value, margin)


class PermutationResult(NamedTuple):
    """Score of one model minus that of another, on the same samples, and whether swaps explain it."""

    difference: float
    p_value: float


def permutation_test(
    metric: Metric,
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    *,
    n_resamples: int = 10_000,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> PermutationResult:
    """Difference of a metric between two models, and its p-value, by swapping their answers at random.

    The null hypothesis is that the answers are exchangeable: it does not matter whose answer is whose. So for
    each sample, or group, a coin decides whether they are swapped, and the p-value is twice the share of
    swaps that give a difference at least as far on the same side. If all swaps can be enumerated, they are,
    and the p-value is exact.

    Args:
        metric: ``metric(y_true, y_pred) -> float``.
        y_true, pred_a, pred_b: What the metric takes, with n_samples entries each.
        n_resamples: Number of random swaps.
        groups: Group of each sample, as for ``bootstrap_interval``; whole groups are swapped.
        seed: Of the swaps.
    Returns:
        ``difference``, score of a minus score of b; and the two-sided p-value.
    Raises:
        TypeError: If names stand against numbers.
        ValueError: If lengths differ, or the metric is not a number on the samples themselves.
    Example:
        >>> from prevlib.metrics import accuracy_score  # the same as McNemar's test, for the accuracy
        >>> permutation_test(accuracy_score, [1] * 10, [1] * 9 + [0], [1] * 4 + [0] * 5 + [1])
        PermutationResult(difference=0.4, p_value=0.21875)

    Source: Fisher 1935; Yeh 2000 (for F1).
    """
    n_resamples = check_count("n_resamples", n_resamples)
    resamples = Resamples(metric, y_true, [pred_a, pred_b], groups)
    observed = float(np.subtract(*resamples.scores()))
    rng = np.random.default_rng(check_count("seed", seed, 0))
    if groups is not None:
        differences, weights = _swapped_groups(resamples, n_resamples, rng)
    elif resamples.counts_suffice:
        differences, weights = _swapped_cells(resamples, n_resamples, rng)
    else:
        coins = (rng.random(resamples.n) < 0.5 for _ in range(n_resamples))
        differences, weights = _swapped_samples(resamples, coins), None
    # Equal differences may differ in their last bits, depending on the order of the additions.
    slack = 1e-12 * max(1.0, abs(observed))
    greater, less = differences >= observed - slack, differences <= observed + slack
    if weights is not None:
        share = min(weights[greater].sum(), weights[less].sum()) / weights.sum()
    else:
        share = (min(greater.sum(), less.sum()) + 1) / (n_resamples + 1)
    return PermutationResult(observed, float(min(1.0, 2 * share)))


def _swapped_cells(resamples: Resamples, n_resamples: int, rng) -> tuple[np.ndarray, np.ndarray | None]:
    """Differences after swaps, drawn as numbers of swapped samples in each cell; weights if all are there."""
    _, a, b = resamples.cells
    counts = resamples.cell_counts[0]
    moving = np.flatnonzero(a != b)  # where the models agree, a swap changes nothing
    if math.prod(int(counts[cell]) + 1 for cell in moving) <= n_resamples:
        sizes = counts[moving].tolist()
        every = list(product(*(range(size + 1) for size in sizes)))
        swaps = np.array(every, dtype=np.int64).reshape(len(every), len(moving))
        ways = [math.prod(map(math.comb, sizes, row)) for row in swaps.tolist()]
        weights = np.array(ways, dtype=float)
    else:
        swaps, weights = rng.binomial(counts[moving], 0.5, (n_resamples, len(moving))), None
    swapped = np.zeros((len(swaps), len(counts)), dtype=np.int64)
    swapped[:, moving] = swaps
    return _difference_of_swaps(resamples, swapped), weights


def _swapped_groups(resamples: Resamples, n_resamples: int, rng) -> tuple[np.ndarray, np.ndarray | None]:
    """Differences after swaps of whole groups; weights, all alike, if every swap is there."""
    n_groups = resamples.units
    if n_groups <= math.log2(n_resamples):
        blocks = [np.array(list(product((False, True), repeat=n_groups)))]
        weights = np.ones(len(blocks[0]))
    else:
        sizes, weights = resamples.blocks(n_resamples, n_groups), None
        blocks = (rng.random((size, n_groups)) < 0.5 for size in sizes)
    if not resamples.counts_suffice:
        return _swapped_samples(
            resamples, (coin[resamples.groups] for block in blocks for coin in block)
        ), weights
    swapped = (block.astype(np.int64) @ resamples.cell_counts for block in blocks)  # (n_swaps, n_cells)
    return np.concatenate([_difference_of_swaps(resamples, counts) for counts in swapped]), weights


def _difference_of_swaps(resamples: Resamples, swapped: np.ndarray) -> np.ndarray:
    """Score of a minus score of b, where so many samples of each cell (n_swaps, n_cells) are swapped."""
    kept_a, kept_b = resamples.matrices(resamples.cell_counts.sum(axis=0) - swapped)
    swapped_a, swapped_b = resamples.matrices(swapped)
    scores_a = resamples.score_matrices(kept_a + swapped_b)
    return scores_a - resamples.score_matrices(kept_b + swapped_a)


def _swapped_samples(resamples: Resamples, coins: Iterable[np.ndarray]) -> np.ndarray:
    a, b = resamples.predictions
    differences = []
    for coin in coins:
        swap = coin.reshape(-1, *[1] * (a.ndim - 1))
        sides = (np.where(swap, b, a), np.where(swap, a, b))
        differences.append(np.subtract(*(resamples.metric(resamples.y_true, side) for side in sides)))
    return np.array(differences)


@dataclass(frozen=True)
class Comparison:
    """Scores of several models on the same samples, and what can be said of each pair."""

    table: pd.DataFrame  # one row per model, best first: score, low, high, groups
    differences: pd.DataFrame  # one row per pair: difference, low, high, p_value, p_holm, visible, verdict
    groups: list[tuple[str, ...]]  # models of which none is better than another
    level: float

    def __str__(self) -> str:
        lines = [
            f"{row.Index}: {row.score:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in self.table.itertuples()
        ]
        for row in self.differences.itertuples():
            gap = f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]"
            seen = f", could have shown {row.visible:.3f}" if row.verdict == UNDECIDED else ""
            lines.append(f"{row.model_a} and {row.model_b}: {gap}: {row.verdict}{seen}")
        return "\n".join(lines)


def compare_models(
    metric: Metric,
    y_true: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    margin: float | None = None,
    level: float = 0.95,
    n_resamples: int = 10_000,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Comparison:
    """Scores with intervals, paired differences with simultaneous intervals, and a verdict for each pair.

    All models are scored on the same resamples. The intervals of the differences are as wide as the largest
    studentised difference among all pairs asks for (max-T), so that with chance ``level`` all of them hold at
    once, and a verdict is read from its interval: above 0, a model is better. The errors are those of
    McNemar's test, with half a discordant sample added on each side, so that no interval collapses; with few
    groups the quantiles are Student's.

    In 2,000 simulated test sets without any true difference a pair was ranked in 2.4 % of those with 40
    clusters of 10 equal rows, and in 2.2 % of those with 20 clusters of 30; with 30 models on 500 rows, in
    6.2 % of 600.

    Args:
        metric: ``metric(y_true, y_pred) -> float``, higher is better.
        y_true: What the metric takes, with n_samples entries.
        predictions: Name of a model -> its predictions for the same samples; two or more.
        margin: The smallest difference that would matter; pairs whose interval lies inside it are equivalent.
        level: Coverage of the intervals; ``1 - level`` is the chance of any false ranking.
        n_resamples: For all intervals.
        groups: Group of each sample; a model is not better because one author, whose texts are alike, suits
            it.
        seed: Of the resamples.
    Returns:
        ``table``: scores with intervals, best first, and letters: models that share one are not ranked.
        ``differences``: for each pair the difference with its interval; the p-value of the pair by itself,
        and corrected by Holm; ``visible``, the smallest true difference that would have been found with a
        chance of 80 %; and the verdict, *... is better*, *equivalent within ...* or *undecided*.
    Raises:
        TypeError: If names stand against numbers.
        ValueError: If there are fewer than two models, lengths differ, the metric is not a number, or the
            margin is not above 0.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true = [1] * 200
        >>> models = {"good": [1] * 190 + [0] * 10, "poor": [0] * 40 + [1] * 160}
        >>> models["fair"] = [1] * 185 + [0] * 15
        >>> result = compare_models(accuracy_score, y_true, models)
        >>> result.differences["verdict"].tolist()
        ['undecided', 'good is better', 'fair is better']

    Sources: Westfall & Young 1993; Agresti & Min 2005 (the added samples); Piepho 2004 (letters).
    """
    if len(predictions) < 2:
        raise ValueError(f"`predictions` must hold at least two models; got {list(predictions)}.")
    margin = None if margin is None else check_number("margin", margin, 0, None, True)
    options = {"level": level, "n_resamples": n_resamples, "groups": groups, "seed": seed}
    intervals = {
        name: bootstrap_interval(metric, y_true, y_pred, **options) for name, y_pred in predictions.items()
    }
    names = sorted(intervals, key=lambda name: -intervals[name].estimate)
    resamples = Resamples(metric, y_true, [predictions[name] for name in names], groups)
    scores, n_units = np.array([intervals[name].estimate for name in names]), resamples.units
    errors, critical = _max_t(resamples.draw(n_resamples, seed), scores, n_units, level)
    first, second = np.triu_indices(len(names), k=1)
    gaps = (scores[:, None] - scores)[first, second]
    errors = np.sqrt(errors[first, second] ** 2 + (1 + n_units * gaps**2) / n_units**2)
    table = pd.DataFrame(
        {
            "model_a": np.array(names, dtype=object)[first],
            "model_b": np.array(names, dtype=object)[second],
            "difference": gaps,
            "low": gaps - critical * errors,
            "high": gaps + critical * errors,
            "p_value": 2 * stdtr(n_units - 1, -np.abs(gaps) / errors),
        }
    )
    table["p_holm"] = holm_correction(table["p_value"])
    table["visible"] = (critical + NormalDist().inv_cdf(POWER)) * errors
    better, verdicts = table["low"] > 0, np.full(len(table), UNDECIDED, dtype=object)
    if margin is not None:
        verdicts[(table["low"] > -margin) & (table["high"] < margin)] = f"equivalent within {margin:g}"
    table["verdict"] = np.where(better, table["model_a"] + " is better", verdicts)
    apart = {frozenset(pair) for pair in table.loc[better, ["model_a", "model_b"]].to_numpy()}
    alike = _groups(names, apart)
    ranked = pd.DataFrame(
        [intervals[name][:3] for name in names], index=names, columns=["score", "low", "high"]
    )
    ranked["groups"] = ["".join(_letter(i) for i, g in enumerate(alike) if name in g) for name in names]
    return Comparison(ranked, table, alike, level)


def _max_t(drawn: np.ndarray, scores: np.ndarray, n_units: int, level: float) -> tuple[np.ndarray, float]:
    """Standard errors of all differences (n_models, n_models), and how many of them an interval reaches."""
    covariance = np.cov(drawn, rowvar=False)
    variance = covariance.diagonal()[:, None] + covariance.diagonal() - 2 * covariance
    spread = np.sqrt(np.where(variance > 1e-15, variance, np.inf))  # pairs that never differ have no say
    largest = np.zeros(len(drawn))
    for i in range(len(scores) - 1):
        away = drawn[:, i, None] - drawn[:, i + 1 :] - (scores[i] - scores[i + 1 :])
        np.maximum(largest, np.abs(away / spread[i, i + 1 :]).max(axis=1), out=largest)
    normal = NormalDist()
    # A few discordant groups give few different values, whose quantile may fall short of the normal one.
    reach = max(np.quantile(largest, level), normal.inv_cdf((1 + level) / 2))
    critical = -float(stdtrit(n_units - 1, normal.cdf(-reach)))
    return np.sqrt(variance.clip(0) * n_units / (n_units - 1)), critical


def holm_correction(p_values: ArrayLike) -> np.ndarray:
    """p-values that may be compared with one threshold although there are several tests.

    The smallest is multiplied by the number of tests, the next by one less, and so on; none may fall below
    the one before it.

    Args:
        p_values: One for each test, in [0, 1], shape (n_tests,).
    Returns:
        Corrected p-values in the same order, at most 1, shape (n_tests,).
    Example:
        >>> holm_correction([0.01, 0.04, 0.03]).tolist()
        [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    corrected = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    result = np.empty_like(p_values)
    result[order] = np.minimum(corrected, 1)
    return result


def _groups(names: list[str], apart: set[frozenset[str]]) -> list[tuple[str, ...]]:
    """Largest sets of models of which no two are told apart, best first.

    One set of all models; each pair that is told apart splits the sets that hold both, and what lies within
    another set is absorbed. Source: Piepho 2004.
    """
    groups = {frozenset(names)}
    for pair in apart:
        split = {group for group in groups if pair <= group}
        parts = {group - {name} for group in split for name in pair}
        groups = (groups - split) | parts
        groups -= {part for part in parts if any(part < group for group in groups)}
    ordered = [tuple(name for name in names if name in group) for group in groups]
    return sorted(ordered, key=lambda group: [names.index(name) for name in group])


def _letter(i: int) -> str:
    """a to z; then a1, b1 and so on."""
    return "abcdefghijklmnopqrstuvwxyz"[i % 26] + (str(i // 26) if i >= 26 else "")
