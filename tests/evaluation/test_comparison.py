"""Tests of differences: by hand, against statsmodels and scipy, right as often as they say."""

import math
import time
from fractions import Fraction
from functools import partial
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test as scipy_permutation_test
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from prevlib.evaluation import (
    bootstrap_interval,
    compare_models,
    comparison,
    holm_correction,
    mcnemar_test,
    paired_bootstrap_test,
    permutation_test,
)
from prevlib.metrics import accuracy_score, f1_score

MACRO_F1 = partial(f1_score, average="macro", zero_division=0)


def disagreeing(both, only_a, only_b, neither=0):
    """Labels on which the models are right together, alone, or never."""
    y_true = np.ones(both + only_a + only_b + neither, dtype=int)
    a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
    b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
    return y_true, a, b


def two_models(n=200, share_a=0.8, share_b=0.7, seed=0, n_classes=3):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, n_classes, n)
    return y_true, *(
        np.where(rng.random(n) < share, y_true, rng.integers(0, n_classes, n)) for share in (share_a, share_b)
    )


# mcnemar_test


def test_mcnemar_by_hand():
    # 3 to 1: four tosses, at most one on the rarer side: 2 (1 + 4) / 16; by half: 2 (1 + 4 / 2) / 16.
    assert mcnemar_test(*disagreeing(5, 3, 1)) == (3, 1, 10 / 16)
    assert mcnemar_test(*disagreeing(5, 3, 1), method="mid-p").p_value == 6 / 16
    assert mcnemar_test(*disagreeing(5, 0, 0)).p_value == 1
    assert mcnemar_test(*disagreeing(0, 2, 2), method="mid-p").p_value == 1


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_that_of_statsmodels(only_a, only_b):
    found = mcnemar_test(*disagreeing(3, only_a, only_b, 2))
    expected = mcnemar([[3, only_a], [only_b, 2]], exact=True).pvalue if only_a + only_b else 1.0
    assert found.p_value == pytest.approx(min(1, expected), abs=1e-12)
    swapped = mcnemar_test(*disagreeing(3, only_b, only_a, 2))
    assert swapped.p_value == found.p_value
    assert mcnemar_test(*disagreeing(3, only_a, only_b), method="mid-p").p_value <= found.p_value


def test_mcnemar_of_many_samples_is_exact():
    assert 0 < mcnemar_test(*disagreeing(0, 3000, 1000)).p_value < 1e-200


def test_mcnemar_refuses_what_it_cannot_take():
    with pytest.raises(ValueError, match=r"must have the same shape, .*; got \(2,\), \(1,\), \(2,\)"):
        mcnemar_test([0, 1], [0], [1, 1])
    with pytest.raises(ValueError, match=r"got \(0,\), \(0,\), \(0,\)"):
        mcnemar_test([], [], [])
    with pytest.raises(ValueError, match='`method` must be "exact" or "mid-p"; got \'chi2\''):
        mcnemar_test([0], [0], [0], method="chi2")
    with pytest.raises(ValueError, match=r"got \(2,\), \(2, 1\), \(2,\)"):  # would broadcast to (2, 2)
        mcnemar_test([0, 1], [[0], [1]], [0, 1])
    with pytest.raises(TypeError, match="must both be names or both be numbers; got <U3, int64, int64"):
        mcnemar_test(["neg", "pos"], [0, 1], [1, 1])
    with pytest.raises(TypeError, match="must be labels, not probabilities; got fractions. Choose a class"):
        mcnemar_test([0, 1], [0.2, 0.9], [0, 1])


@pytest.mark.parametrize("method", ["exact", "mid-p"])
@pytest.mark.parametrize("only_a, only_b", [(0, 0), (3, 0), (5, 1), (7, 7), (40, 61), (500, 580)])
def test_mcnemar_is_that_of_whole_numbers(only_a, only_b, method):
    y_true = np.ones(only_a + only_b + 5)
    a = np.repeat([1, 0, 1], [only_a, only_b, 5])
    b = np.repeat([0, 1, 1], [only_a, only_b, 5])
    n, fewer = only_a + only_b, min(only_a, only_b)
    ways = 2 * sum(math.comb(n, k) for k in range(fewer + 1))
    ways -= math.comb(n, fewer) if method == "mid-p" else 0
    expected = min(1, Fraction(ways, 2**n))
    assert mcnemar_test(y_true, a, b, method=method).p_value == pytest.approx(float(expected), rel=1e-9)


def test_mcnemar_takes_a_million_samples_at_once():
    y_true, a = np.ones(1_000_000, dtype=int), np.arange(1_000_000) % 2
    started = time.perf_counter()
    assert mcnemar_test(y_true, a, 1 - a).p_value == 1
    assert time.perf_counter() - started < 0.5  # 0.03 s here


# permutation_test


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.sampled_from(["accuracy", "macro F1"]))
def test_the_exact_p_value_is_that_of_scipy(seed, name):
    metric = {"accuracy": accuracy_score, "macro F1": MACRO_F1}[name]
    y_true, a, b = two_models(8, 0.9, 0.4, seed)
    expected = scipy_permutation_test(
        (a, b),
        lambda a, b: metric(y_true, a) - metric(y_true, b),
        permutation_type="samples",
        vectorized=False,
        n_resamples=np.inf,
    ).pvalue
    result = permutation_test(metric, y_true, a, b)
    assert result.difference == pytest.approx(metric(y_true, a) - metric(y_true, b))
    assert result.p_value == pytest.approx(min(1, expected), abs=1e-9)


@pytest.mark.parametrize("metric", [MACRO_F1, lambda y_true, y_pred: MACRO_F1(y_true, y_pred)])
def test_random_swaps_come_close_to_scipy(metric):
    y_true, a, b = two_models(60, 0.8, 0.62, seed=3)
    expected = scipy_permutation_test(
        (a, b),
        lambda a, b: MACRO_F1(y_true, a) - MACRO_F1(y_true, b),
        permutation_type="samples",
        vectorized=False,
        n_resamples=1000,
        rng=np.random.default_rng(0),
    ).pvalue
    p_value = permutation_test(metric, y_true, a, b, n_resamples=1000, seed=1).p_value
    assert p_value == pytest.approx(expected, abs=0.05)
    assert 0.001 < expected < 0.5


def test_for_the_accuracy_it_is_mcnemar():
    labels = disagreeing(20, 9, 3)
    assert permutation_test(accuracy_score, *labels).p_value == pytest.approx(mcnemar_test(*labels).p_value)


def test_equal_models_do_not_differ():
    y_true, a, _ = two_models()
    assert permutation_test(MACRO_F1, y_true, a, a) == (0, 1)
    assert paired_bootstrap_test(MACRO_F1, y_true, a, a) == ((0, 0, 0, 0.95), 1)


# paired_bootstrap_test


def test_the_difference_has_its_interval_and_a_pair_beats_two_singles():
    y_true, a, b = two_models(400)
    gap, p_value = paired_bootstrap_test(accuracy_score, y_true, a, b)
    assert gap.estimate == pytest.approx(accuracy_score(y_true, a) - accuracy_score(y_true, b))
    difference = (a == y_true) * 1.0 - (b == y_true)
    half_width = 1.96 * difference.std() / 20
    np.testing.assert_allclose(
        [gap.low, gap.high], [gap.estimate - half_width, gap.estimate + half_width], atol=0.005
    )
    assert (p_value < 0.05) == (gap.low > 0)
    # Where the models err on the same samples, the difference is known far better than either score.
    near = np.where(np.arange(400) < 12, 1 - np.minimum(a, 1), a)
    gap, _ = paired_bootstrap_test(accuracy_score, y_true, a, near)
    single = bootstrap_interval(accuracy_score, y_true, a)
    assert gap.high - gap.low < 0.5 * (single.high - single.low)


def test_turning_the_models_around_turns_the_sign():
    y_true, a, b = two_models()
    (gap, p), (back, q) = (paired_bootstrap_test(MACRO_F1, y_true, *pair) for pair in ((a, b), (b, a)))
    np.testing.assert_allclose([gap.low, gap.high], [-back.high, -back.low], atol=0.005)
    assert p == pytest.approx(q, abs=0.01)


def test_a_metric_that_fails_on_a_resample_is_refused():
    with pytest.raises(ValueError, match=r"must be a number on the test set itself; got \[nan, nan\]"):
        paired_bootstrap_test(lambda a, b: np.nan, [0, 1], [0, 1], [1, 1], n_resamples=10)


# groups


def clusters(n_groups=40, size=10, n_models=2, share=0.7, seed=0):
    """Equally good models that are right or wrong on whole groups, such as an author's like texts."""
    rng = np.random.default_rng(seed)
    right = [np.repeat(rng.random(n_groups) < share, size).astype(int) for _ in range(n_models)]
    return np.ones(n_groups * size, dtype=int), right, np.repeat(np.arange(n_groups), size)


def test_swaps_of_groups_by_hand():
    # Groups of 2: a is right in all of three, b in none. Two of the eight ways to swap whole groups keep
    # all three on one side: 2 / 8. Swapping single samples would give 2 / 64.
    y_true, a, b = [1] * 6, [1] * 6, [0] * 6
    assert permutation_test(accuracy_score, y_true, a, b, groups=[0, 0, 1, 1, 2, 2]) == (1.0, 2 / 8)
    assert permutation_test(accuracy_score, y_true, a, b) == (1.0, 2 / 64)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000))
def test_exact_swaps_of_groups_are_those_of_an_enumeration(seed):
    y_true, a, b = two_models(24, 0.9, 0.5, seed)
    groups = np.arange(24) % 6
    differences = []
    for coins in product((False, True), repeat=6):
        swap = np.array(coins)[groups]
        differences.append(MACRO_F1(y_true, np.where(swap, b, a)) - MACRO_F1(y_true, np.where(swap, a, b)))
    observed, differences = MACRO_F1(y_true, a) - MACRO_F1(y_true, b), np.array(differences)
    sides = [(differences >= observed - 1e-12).mean(), (differences <= observed + 1e-12).mean()]
    by_counts = permutation_test(MACRO_F1, y_true, a, b, groups=groups)
    assert by_counts.p_value == pytest.approx(min(1, 2 * min(sides)))
    by_samples = permutation_test(lambda t, p: MACRO_F1(t, p), y_true, a, b, groups=groups)
    assert by_samples == pytest.approx(by_counts)


def test_groups_of_one_sample_change_nothing_but_the_draws():
    y_true, a, b = two_models(300, 0.8, 0.75)
    alone = permutation_test(accuracy_score, y_true, a, b).p_value
    singles = permutation_test(accuracy_score, y_true, a, b, groups=np.arange(300)).p_value
    assert singles == pytest.approx(alone, abs=0.02)


def test_models_are_compared_over_groups():
    y_true, (a, b), groups = clusters(n_groups=20, share=0.6, seed=3)
    options = {"n_resamples": 2000}
    alone = compare_models(accuracy_score, y_true, {"a": a, "b": b}, **options).differences.iloc[0]
    grouped = compare_models(accuracy_score, y_true, {"a": a, "b": b}, groups=groups, **options)
    row = grouped.differences.iloc[0]
    assert row.high - row.low == pytest.approx((alone.high - alone.low) * 10**0.5, rel=0.15)
    assert row.p_value > alone.p_value


@pytest.mark.slow
@pytest.mark.parametrize("n_groups, size, n_models", [(40, 10, 2), (20, 30, 2), (40, 10, 4)])
def test_clusters_hardly_ever_rank_equal_models(n_groups, size, n_models, capsys):
    claims = 0
    for seed in range(2000):
        y_true, right, groups = clusters(n_groups, size, n_models, seed=seed)
        models = {f"model {i}": answers for i, answers in enumerate(right)}
        found = compare_models(accuracy_score, y_true, models, groups=groups, n_resamples=1000, seed=seed)
        claims += (found.differences["verdict"] != "cannot be told apart").any()
    with capsys.disabled():
        print(f"\nfalse rankings, {n_models} models, {n_groups} groups of {size}: {claims} of 2,000")
    assert claims <= 0.065 * 2000


# compare_models


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 7), st.integers(0, 2**21 - 1))
def test_sets_that_cannot_be_told_apart_are_those_of_all_subsets(n, drawn):
    names = list("abcdefg"[:n])
    pairs = [frozenset(pair) for pair in combinations(names, 2)]
    apart = {pair for i, pair in enumerate(pairs) if drawn >> i & 1}
    subsets = [set(s) for size in range(1, n + 1) for s in combinations(names, size)]
    alike = [s for s in subsets if not any(pair <= s for pair in apart)]
    largest = [s for s in alike if not any(s < other for other in alike)]
    found = comparison._groups(names, apart)
    assert sorted(map(sorted, found)) == sorted(map(sorted, largest))


def test_there_are_letters_for_more_than_26_sets():
    assert [comparison._letter(i) for i in (0, 25, 26, 53)] == ["a", "z", "a1", "b2"]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_that_of_statsmodels(p_values):
    np.testing.assert_allclose(holm_correction(p_values), multipletests(p_values, method="holm")[1])


def test_three_models_two_of_which_cannot_be_told_apart():
    y_true = np.ones(200, dtype=int)
    models = {"poor": np.repeat([0, 1], [60, 140]), "fair": np.repeat([1, 0], [185, 15])}
    models["good"] = np.repeat([1, 0], [190, 10])
    found = compare_models(accuracy_score, y_true, models)
    assert list(found.table.index) == ["good", "fair", "poor"]
    assert found.table["groups"].to_dict() == {"good": "a", "fair": "a", "poor": "b"}
    assert found.groups == [("good", "fair"), ("poor",)]
    verdicts = found.differences.set_index(["model_a", "model_b"])["verdict"]
    assert verdicts["good", "fair"] == "cannot be told apart"
    assert verdicts["fair", "poor"] == "fair is better"
    assert (found.differences["p_holm"] >= found.differences["p_value"]).all()
    assert "good and fair: +0.025 " in str(found) and "cannot be told apart" in str(found)
    assert str(found).startswith("good: 0.950 [")


def test_groups_may_overlap():
    """A chain: the ends differ, the middle differs from neither."""
    y_true = np.ones(100, dtype=int)
    models = {name: np.repeat([1, 0], [n, 100 - n]) for name, n in (("a", 95), ("b", 90), ("c", 83))}
    # Errors of one model are among those of the next, so the differences are known well: level decides.
    found = compare_models(accuracy_score, y_true, models, level=0.98)
    assert found.groups == [("a", "b"), ("b", "c")]
    assert found.table["groups"].to_dict() == {"a": "a", "b": "ab", "c": "b"}


def test_one_model_cannot_be_compared():
    with pytest.raises(ValueError, match=r"`predictions` must hold at least two models; got \['one'\]"):
        compare_models(accuracy_score, [0, 1], {"one": [0, 1]})


def test_the_table_is_pandas():
    y_true, a, b = two_models()
    found = compare_models(accuracy_score, y_true, {"a": a, "b": b}, n_resamples=500)
    assert isinstance(found.table, pd.DataFrame) and list(found.table) == ["score", "low", "high", "groups"]
    columns = ["model_a", "model_b", "difference", "low", "high", "p_value", "p_holm", "verdict"]
    assert list(found.differences) == columns


@pytest.mark.slow
def test_models_that_differ_by_noise_are_hardly_ever_ranked(capsys):
    """Three equally good models, 1,000 test sets: the chance of any claim is at most 5 %."""
    rng = np.random.default_rng(0)
    claims = 0
    for seed in range(1000):
        y_true = rng.integers(0, 2, 300)
        models = {name: np.where(rng.random(300) < 0.8, y_true, 1 - y_true) for name in "abc"}
        found = compare_models(accuracy_score, y_true, models, n_resamples=1000, seed=seed)
        claims += (found.differences["verdict"] != "cannot be told apart").any()
    with capsys.disabled():
        print(f"\nfalse rankings of three equal models: {claims} of 1,000 test sets")
    assert claims <= 50 + 14  # two standard deviations of a binomial above 5 %
