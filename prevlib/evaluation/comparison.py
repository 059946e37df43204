"""Is one model better than another, or was it luck?

Two models that are scored on the same samples must be compared on the same samples: most of what makes a
score vary, easy and hard test sets, hits both. So each test here is paired. A p-value is the chance of a
difference at least this large if the two were equally good.

With many models there are many pairs, and some differ by luck alone; Holm's correction keeps the chance of
even one false claim below ``1 - level``. The other pairs "cannot be told apart", which does not say
that they are equal, and are not ranked.

Used in notebooks 09 and 20. Left out: differences between training runs, for which several seeds are needed
(``seed_summary``). Sources: McNemar 1947; Fagerland, Lydersen & Laake 2013 (mid-p); Holm 1979; Dror et al.
2018, *The Hitchhiker's Guide to Testing Statistical Significance in NLP*.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom

from prevlib.arguments import check_count
from prevlib.evaluation.counts import Metric
from prevlib.evaluation.resampling import Resamples, check_same_kind
from prevlib.evaluation.uncertainty import Interval, bootstrap_interval


class McNemarResult(NamedTuple):
    """Counts of the samples that only one of two models gets right, and the p-value of their difference."""

    only_a_right: int
    only_b_right: int
    p_value: float


def mcnemar_test(
    y_true: ArrayLike, pred_a: ArrayLike, pred_b: ArrayLike, *, method: str = "exact"
) -> McNemarResult:
    """Do two models differ in accuracy? Only the samples count that one of them gets right.

    If the models are equally good, each such sample is a toss of a coin, so the p-value is that of a binomial
    distribution. The tosses must be independent: where samples belong together, use
    ``permutation_test(accuracy_score, ..., groups=...)``.

    Args:
        y_true, pred_a, pred_b: Labels, shape (n_samples,).
        method: ``"exact"``; or ``"mid-p"``, which counts the observed result by half and so is less
            hesitant: the exact test errs far less often than it claims.
    Returns:
        The samples that only one of the two gets right, and the two-sided p-value.
    Raises:
        TypeError: If names stand against numbers, or probabilities are passed as labels.
        ValueError: If shapes differ, there are no samples, or the method is unknown.
    Example:
        >>> mcnemar_test([1] * 10, [1] * 9 + [0], [1] * 4 + [0] * 5 + [1])  # 5 to 1
        McNemarResult(only_a_right=5, only_b_right=1, p_value=0.21875)
    """
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
    scores, drawn = resamples.scores(), resamples.draw(n_resamples, seed)
    differences = drawn[:, 0] - drawn[:, 1]
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    against = min((differences <= 0).sum(), (differences >= 0).sum())
    p_value = min(1.0, 2 * float(against + 1) / (n_resamples + 1))
    estimate = float(scores[0] - scores[1])
    return Difference(Interval(estimate, float(low), float(high), level), p_value)


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
    n_groups = int(resamples.groups.max()) + 1
    is_exact = n_groups <= math.log2(n_resamples)
    every = product((False, True), repeat=n_groups) if is_exact else None
    coins = np.array(list(every)) if is_exact else rng.random((n_resamples, n_groups)) < 0.5
    weights = np.ones(len(coins)) if is_exact else None
    if not resamples.counts_suffice:
        return _swapped_samples(resamples, (coin[resamples.groups] for coin in coins)), weights
    swapped = coins.astype(np.int64) @ resamples.cell_counts  # (n_swaps, n_cells)
    return _difference_of_swaps(resamples, swapped), weights


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
    """Scores of several models on the same samples, and which of them can be told apart."""

    table: pd.DataFrame  # one row a model, best first: score, low, high, groups
    differences: pd.DataFrame  # one row a pair: difference, low, high, p_value, p_holm, verdict
    groups: list[tuple[str, ...]]  # models that cannot be told apart from one another
    level: float

    def __str__(self) -> str:
        lines = [
            f"{row.Index}: {row.score:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in self.table.itertuples()
        ]
        for row in self.differences.itertuples():
            gap = f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], p {row.p_holm:.3f}"
            lines.append(f"{row.model_a} and {row.model_b}: {gap}: {row.verdict}")
        return "\n".join(lines)


def compare_models(
    metric: Metric,
    y_true: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    *,
    level: float = 0.95,
    n_resamples: int = 10_000,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Comparison:
    """Scores with intervals, paired differences, and a verdict for each pair of models.

    A pair is ranked only if its permutation test, corrected by Holm for the number of pairs, says so.

    Args:
        metric: ``metric(y_true, y_pred) -> float``, higher is better.
        y_true: What the metric takes, with n_samples entries.
        predictions: Name of a model -> its predictions for the same samples; two or more.
        level: Coverage of the intervals; ``1 - level`` is the chance of any false ranking.
        n_resamples: For intervals and tests.
        groups: Group of each sample, for intervals and tests; a model is not better because one author, whose
            texts are alike, suits it.
        seed: For intervals and tests.
    Returns:
        Scores with intervals, best first; paired differences with p-values and verdicts; and the groups of
        models that cannot be told apart.
    Raises:
        TypeError: If names stand against numbers.
        ValueError: If there are fewer than two models, lengths differ, or the metric is not a number.
    Example:
        >>> from prevlib.metrics import accuracy_score
        >>> y_true = [1] * 200
        >>> models = {"good": [1] * 190 + [0] * 10, "poor": [0] * 40 + [1] * 160}
        >>> models["fair"] = [1] * 185 + [0] * 15
        >>> result = compare_models(accuracy_score, y_true, models)
        >>> result.differences["verdict"].tolist()
        ['cannot be told apart', 'good is better', 'fair is better']
    """
    if len(predictions) < 2:
        raise ValueError(f"`predictions` must hold at least two models; got {list(predictions)}.")
    options = {"n_resamples": n_resamples, "groups": groups, "seed": seed}
    intervals = {
        name: bootstrap_interval(metric, y_true, y_pred, level=level, **options)
        for name, y_pred in predictions.items()
    }
    names = sorted(intervals, key=lambda name: -intervals[name].estimate)
    rows = []
    for a, b in combinations(names, 2):
        pair = (y_true, predictions[a], predictions[b])
        gap = paired_bootstrap_test(metric, *pair, level=level, **options).difference
        p_value = permutation_test(metric, *pair, **options).p_value
        rows.append((a, b, gap.estimate, gap.low, gap.high, p_value))
    columns = ["model_a", "model_b", "difference", "low", "high", "p_value"]
    differences = pd.DataFrame(rows, columns=columns)
    differences["p_holm"] = holm_correction(differences["p_value"])
    differ = differences["p_holm"] < 1 - level
    differences["verdict"] = np.where(differ, differences["model_a"] + " is better", "cannot be told apart")
    apart = {frozenset(pair) for pair in differences.loc[differ, ["model_a", "model_b"]].to_numpy()}
    alike = _groups(names, apart)
    table = pd.DataFrame(
        [intervals[name][:3] for name in names], index=names, columns=["score", "low", "high"]
    )
    table["groups"] = ["".join(_letter(i) for i, g in enumerate(alike) if name in g) for name in names]
    return Comparison(table, differences, alike, level)


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
