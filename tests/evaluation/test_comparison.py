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
from scipy.stats import norm, studentized_range
from scipy.stats import permutation_test as scipy_permutation_test
from scipy.stats import t as student
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from prevlib.evaluation import (
    bootstrap_interval,
    compare_models,
    comparison,
    equivalence_test,
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
    with pytest.raises(ValueError, match=r"`groups` must be None, .* Use permutation_test\(accuracy_score, "):
        mcnemar_test([0, 1], [0, 1], [0, 1], groups=["a", "b"])


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
    started = time.process_time()
    assert mcnemar_test(y_true, a, 1 - a).p_value == 1
    assert time.process_time() - started < 0.1


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
    gap, p_value = paired_bootstrap_test(MACRO_F1, y_true, a, a)
    assert gap == (0, pytest.approx(-1.96 / 202, abs=1e-5), pytest.approx(1.96 / 202, abs=1e-5), 0.95)
    assert p_value == 1


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
    wider = (row.high - row.low) / (alone.high - alone.low)
    assert 10**0.5 < wider < 1.35 * 10**0.5  # a tenth of the samples, and Student's quantiles for 20 of them
    assert row.p_value > alone.p_value


@pytest.mark.slow
@pytest.mark.parametrize("n_groups, size, n_models", [(40, 10, 2), (20, 30, 2), (40, 10, 4)])
def test_clusters_hardly_ever_rank_equal_models(n_groups, size, n_models, capsys):
    claims = 0
    for seed in range(2000):
        y_true, right, groups = clusters(n_groups, size, n_models, seed=seed)
        models = {f"model {i}": answers for i, answers in enumerate(right)}
        found = compare_models(accuracy_score, y_true, models, groups=groups, n_resamples=1000, seed=seed)
        claims += (found.differences["verdict"] != "undecided").any()
    with capsys.disabled():
        print(f"\nfalse rankings, {n_models} models, {n_groups} groups of {size}: {claims} of 2,000")
    assert claims <= 0.065 * 2000


# equivalence_test


def test_two_one_sided_tests_by_hand():
    """The 90 % interval of a difference of 0.01, error 0.0067, ends at 0.021: inside 0.03, outside 0.02."""
    y_true, a, b = disagreeing(955, 25, 15, 5)
    error = math.sqrt(40 - 10**2 / 1000) / 1000
    found = equivalence_test(accuracy_score, y_true, a, b, margin=0.03)
    assert found.difference.level == pytest.approx(0.9)
    np.testing.assert_allclose(
        found.difference[:3], [0.01, 0.01 - 1.645 * error, 0.01 + 1.645 * error], atol=1e-3
    )
    assert found.p_value < 0.05 and found.margin == 0.03
    near = equivalence_test(accuracy_score, y_true, a, b, margin=0.02)
    assert near.p_value == pytest.approx(norm.sf(0.01 / error), abs=0.02) and near.p_value > 0.05


def test_a_small_test_set_shows_no_equivalence():
    y_true = np.ones(30, dtype=int)
    found = equivalence_test(accuracy_score, y_true, y_true, y_true, margin=0.02)
    assert found.difference.low < -0.02 and found.difference.high > 0.02


def test_turning_the_models_around_changes_no_equivalence():
    y_true, a, b = disagreeing(300, 20, 10, 5)
    options = {"margin": 0.06, "n_resamples": 4000}
    there, back = (equivalence_test(accuracy_score, y_true, *pair, **options) for pair in ((a, b), (b, a)))
    assert there.p_value == pytest.approx(back.p_value, abs=0.02)


@pytest.mark.parametrize("margin, level", [(0, 0.95), (-0.1, 0.95), (0.1, 0.5), (0.1, 1)])
def test_what_no_equivalence_can_be_tested_with(margin, level):
    with pytest.raises(ValueError, match="`margin` must be above 0|`level` must be between 0.5 and 1"):
        equivalence_test(accuracy_score, [0, 1], [0, 1], [0, 1], margin=margin, level=level)


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
    assert verdicts["good", "fair"] == "undecided"
    assert verdicts["fair", "poor"] == "fair is better"
    assert (found.differences["p_holm"] >= found.differences["p_value"]).all()
    assert "good and fair: +0.025 [-0.0" in str(found) and "]: undecided, could have shown 0.0" in str(found)
    low = found.differences["low"]
    assert ((low > 0) == found.differences["verdict"].str.endswith("is better")).all()
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
    columns = ["model_a", "model_b", "difference", "low", "high", "p_value", "p_holm", "visible", "verdict"]
    assert list(found.differences) == columns


def noisy_models(n, n_models, share, seed):
    """Models that err independently of each other, all equally good."""
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, n)
    return y_true, {
        f"model {i}": np.where(rng.random(n) < share, y_true, 1 - y_true) for i in range(n_models)
    }


def test_two_models_have_the_interval_of_their_difference():
    """By hand: d -+ 1.96 sqrt(b + c + 1) / n, where b and c are the discordant samples."""
    y_true, a, b = disagreeing(700, 60, 30, 210)
    row = compare_models(accuracy_score, y_true, {"a": a, "b": b}).differences.iloc[0]
    error = math.sqrt(60 + 30 + 1) / 1000
    assert row.difference == pytest.approx(0.03)
    np.testing.assert_allclose([row.low, row.high], [0.03 - 1.96 * error, 0.03 + 1.96 * error], atol=7e-4)
    assert row.p_value == pytest.approx(2 * norm.sf(0.03 / error), rel=0.15)
    assert row.visible == pytest.approx((1.96 + 0.8416) * error, abs=8e-4)


def test_the_critical_value_of_independent_models_is_tukeys():
    """Equally noisy, independent models: the largest studentised difference has the studentised range."""
    y_true, models = noisy_models(2000, 6, 0.8, seed=1)
    table = compare_models(accuracy_score, y_true, models).differences
    errors = (table["visible"] - (table["high"] - table["difference"])) / norm.ppf(0.8)
    reach = ((table["high"] - table["difference"]) / errors).mean()
    assert reach == pytest.approx(studentized_range.ppf(0.95, 6, np.inf) / math.sqrt(2), rel=0.02)


def test_few_groups_have_the_quantiles_of_student():
    y_true, (a, b), groups = clusters(n_groups=21, seed=4)
    row = compare_models(accuracy_score, y_true, {"a": a, "b": b}, groups=groups).differences.iloc[0]
    gaps = np.bincount(groups, (a == y_true) * 1.0 - (b == y_true)) / 10
    error = math.sqrt(gaps.var(ddof=1) / 21 + (1 + 21 * gaps.mean() ** 2) / 21**2)
    assert row.high - row.difference == pytest.approx(student.ppf(0.975, 20) * error, rel=0.08)


def test_intervals_do_not_collapse_where_models_never_differ():
    y_true = np.ones(50, dtype=int)
    for models in ({"a": y_true, "b": y_true}, {"a": y_true, "b": 1 - y_true}):
        row = compare_models(accuracy_score, y_true, models).differences.iloc[0]
        error = math.sqrt(1 + 50 * row.difference) / 50
        assert row.high - row.low == pytest.approx(2 * student.ppf(0.975, 49) * error)
        assert (row.verdict == "a is better") == (row.difference == 1)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 0.05, 0.2]))
def test_no_interval_contradicts_its_verdict(seed, margin):
    y_true, models = noisy_models(150, 4, 0.85, seed)
    models["model 0"] = np.where(np.arange(150) < 140, y_true, 1 - y_true)
    table = compare_models(accuracy_score, y_true, models, margin=margin, n_resamples=500).differences
    for row in table.itertuples():
        inside = -margin < row.low and row.high < margin
        expected = f"equivalent within {margin:g}" if inside else "undecided"
        assert row.verdict == (f"{row.model_a} is better" if row.low > 0 else expected)
        assert row.low <= row.difference <= row.high and row.p_holm >= row.p_value


def test_a_hundred_models_are_compared_at_once():
    y_true, models = noisy_models(2000, 100, 0.8, seed=2)
    models["model 99"] = y_true
    found = compare_models(accuracy_score, y_true, models, n_resamples=1000)
    assert len(found.differences) == 100 * 99 / 2 and len(found.table) == 100
    best = found.differences[found.differences["model_a"] == "model 99"]
    assert (best["verdict"] == "model 99 is better").all()
    assert best["p_holm"].max() < 1e-6  # no number of resamples bounds it from below


@pytest.mark.slow
def test_a_hundred_models_on_ten_thousand_rows_take_seconds(capsys):
    seconds = {}
    for n_models in (50, 100):
        y_true, models = noisy_models(10_000, n_models, 0.8, seed=2)
        started = time.perf_counter()
        compare_models(accuracy_score, y_true, models)
        seconds[n_models] = time.perf_counter() - started
    with capsys.disabled():
        print(f"\n50 models {seconds[50]:.1f} s, 100 models {seconds[100]:.1f} s")
    assert seconds[100] < min(20, 4.5 * seconds[50])


@pytest.mark.slow
def test_thirty_equal_models_are_hardly_ever_ranked(capsys):
    claims = 0
    for seed in range(2000):
        y_true, models = noisy_models(500, 30, 0.8, seed)
        found = compare_models(accuracy_score, y_true, models, n_resamples=1000, seed=seed)
        claims += (found.differences["verdict"] != "undecided").any()
    with capsys.disabled():
        print(f"\nfalse rankings, 30 models on 500 rows: {claims} of 2,000")
    assert claims <= 0.065 * 2000


@pytest.mark.slow
def test_models_that_differ_by_noise_are_hardly_ever_ranked(capsys):
    """Three equally good models, 1,000 test sets: the chance of any claim is at most 5 %."""
    rng = np.random.default_rng(0)
    claims = 0
    for seed in range(1000):
        y_true = rng.integers(0, 2, 300)
        models = {name: np.where(rng.random(300) < 0.8, y_true, 1 - y_true) for name in "abc"}
        found = compare_models(accuracy_score, y_true, models, n_resamples=1000, seed=seed)
        claims += (found.differences["verdict"] != "undecided").any()
    with capsys.disabled():
        print(f"\nfalse rankings of three equal models: {claims} of 1,000 test sets")
    assert claims <= 50 + 14  # two standard deviations of a binomial above 5 %
