"""Intervals: counted by hand, against statsmodels' formula in scipy, covering as often as they say."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t
from scipy.stats import bootstrap as scipy_bootstrap
from statsmodels.stats.proportion import proportion_confint

from benchmarks.coverage import simulate
from prevlib.evaluation import Interval, bootstrap_interval, crossed_interval, seed_summary, wilson_interval
from prevlib.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    roc_auc_score,
    span_f1_of_counts,
)

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_half_of_four_by_hand():
    # z = 1.959964: centre (0.5 + z^2/8) / (1 + z^2/4) = 0.5; half-width z/(1 + z^2/4) sqrt(1/16 + z^2/64)
    assert wilson_interval(2, 4) == pytest.approx((0.5, 0.1500, 0.8500, 0.95), abs=1e-4)


def test_an_interval_prints_its_estimate_and_bounds():
    assert str(wilson_interval(285, 300)) == "0.950 [0.919, 0.969]"
    assert wilson_interval(285, 300)._fields == ("estimate", "low", "high", "level")


@given(counts, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_equal_to_scipy(count, level):
    successes, n = count
    expected = binomtest(successes, n).proportion_ci(level, method="wilson")
    found = wilson_interval(successes, n, level=level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(counts)
def test_bounds_enclose_the_estimate_within_zero_and_one(count):
    found = wilson_interval(*count)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


@given(counts)
def test_failures_mirror_successes(count):
    successes, n = count
    one, other = wilson_interval(successes, n), wilson_interval(n - successes, n)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def test_about_95_of_100_intervals_cover_the_true_value():
    rng = np.random.default_rng(0)
    intervals = [wilson_interval(successes, 853) for successes in rng.binomial(853, 0.8, 4000)]
    covered = np.mean([interval.low <= 0.8 <= interval.high for interval in intervals])
    assert 0.94 < covered < 0.96


def test_a_mean_over_runs_need_not_be_whole():
    assert isinstance(wilson_interval(682.4, 853), Interval)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((5, 4), r"`successes` must be from 0 to `n`.*got 5 of 4.*Pass counts"),
        ((-1, 4), r"got -1 of 4"),
        ((0, 0), r"`n` at least 1; got 0 of 0"),
        ((float("nan"), 4), r"got nan of 4"),
    ],
)
def test_impossible_counts_are_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        wilson_interval(*arguments)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_an_impossible_level_is_refused(level):
    with pytest.raises(ValueError, match=rf"`level` must be between 0 and 1; got {level}"):
        wilson_interval(1, 2, level=level)


# bootstrap_interval


def noisy(n=400, n_classes=3, share=0.7, seed=0):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, n_classes, n)
    return y_true, np.where(rng.random(n) < share, y_true, rng.integers(0, n_classes, n))


MACRO_F1 = partial(f1_score, average="macro", zero_division=0)


def test_with_two_samples_the_resamples_can_be_counted():
    # One right, one wrong: accuracy 0, 1/2 or 1 with chances 1/4, 1/2, 1/4.
    found = bootstrap_interval(accuracy_score, [1, 1], [1, 0], level=0.4, method="percentile")
    assert found == Interval(0.5, 0.5, 0.5, 0.4)
    found = bootstrap_interval(accuracy_score, [1, 1], [1, 0], level=0.6, method="percentile")
    assert found == Interval(0.5, 0.0, 1.0, 0.6)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("metric", [accuracy_score, MACRO_F1, partial(f1_score, average="weighted")])
def test_the_interval_is_that_of_scipy(metric, method):
    y_true, y_pred = noisy(150)
    ours = bootstrap_interval(metric, y_true, y_pred, method=method, n_resamples=20_000)
    theirs = scipy_bootstrap(
        (y_true, y_pred),
        metric,
        paired=True,
        vectorized=False,
        n_resamples=1500,
        method={"percentile": "percentile", "bca": "BCa"}[method],
        rng=np.random.default_rng(0),
    ).confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], theirs, atol=0.015)


def test_any_metric_of_samples_will_do():
    rng = np.random.default_rng(0)
    y_true, y_score = rng.normal(size=(2, 60))

    def mean_error(y_true, y_score):
        return np.abs(y_true - y_score).mean()

    found = bootstrap_interval(mean_error, y_true, y_score, n_resamples=2000, method="percentile")
    error = np.abs(y_true - y_score)
    half_width = 1.96 * error.std() / 60**0.5
    np.testing.assert_allclose(
        [found.low, found.high], [error.mean() - half_width, error.mean() + half_width], atol=0.02
    )


def test_groups_widen_the_interval_when_their_samples_agree():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(40) < 0.7, 10)  # 40 groups of 10, all right or all wrong
    y_true, groups = np.ones(400, dtype=int), np.repeat(np.arange(40), 10)
    alone = bootstrap_interval(accuracy_score, y_true, right.astype(int))
    grouped = bootstrap_interval(accuracy_score, y_true, right.astype(int), groups=groups)
    widths = [interval.high - interval.low for interval in (alone, grouped)]
    assert widths[1] / widths[0] == pytest.approx(10**0.5, rel=0.1)  # 40 independent samples, not 400
    singles = bootstrap_interval(accuracy_score, y_true, right.astype(int), groups=np.arange(400))
    assert singles.high - singles.low == pytest.approx(widths[0], rel=0.05)


def test_few_groups_are_warned_of():
    y_true, y_pred, groups = [1] * 12, [1, 0] * 6, np.arange(12) % 6
    with pytest.warns(UserWarning, match="should hold at least 20 groups; got 6. An interval from so few"):
        bootstrap_interval(accuracy_score, y_true, y_pred, groups=groups, n_resamples=50)


def number_only_of_all(y_true, y_pred):
    return 1.0 if list(y_true) == [0, 1, 1] and y_pred is not None else np.nan


def test_names_against_numbers_are_refused():
    with pytest.raises(TypeError, match="must both be names or both be numbers; got <U3, int64. Translate"):
        bootstrap_interval(accuracy_score, ["neg", "pos"], [0, 1])


def test_the_seed_decides_and_more_resamples_settle():
    y_true, y_pred = noisy()
    first, again, other = (bootstrap_interval(MACRO_F1, y_true, y_pred, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    np.testing.assert_allclose(first, other, atol=0.004)


# bootstrap_interval near the boundary


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_near_the_boundary_the_interval_of_an_accuracy_is_that_of_jeffreys(wrong):
    y_true, y_pred = [1] * 40, [0] * wrong + [1] * (40 - wrong)
    found = bootstrap_interval(accuracy_score, y_true, y_pred, n_resamples=100_000)
    low, high = proportion_confint(40 - wrong, 40, method="jeffreys")
    assert found.low == pytest.approx(low, abs=2e-3)
    assert found.high == (1.0 if wrong == 0 else pytest.approx(high, abs=1e-3))


def test_away_from_the_boundary_the_interval_is_as_before():
    y_true = [1] * 300
    for wrong, expected in ((15, "0.950 [0.920, 0.970]"), (60, "0.800 [0.750, 0.843]")):
        y_pred = [0] * wrong + [1] * (300 - wrong)
        assert str(bootstrap_interval(accuracy_score, y_true, y_pred)) == expected


def test_three_positives_that_are_all_found_do_not_say_everything_nor_nothing():
    y = [1] * 3 + [0] * 97
    with pytest.warns(UserWarning, match="should have at least 10 samples; got 3 of 1. An interval from so"):
        found = bootstrap_interval(f1_score, y, y)
    assert found.high == 1 and 0.4 < found.low < 0.8  # without what was not seen: 0 or 1


def perfect_scores(n, n_positive):
    return np.repeat([1, 0], [n_positive, n - n_positive]), np.linspace(1, 0, n)


@pytest.mark.parametrize("metric", [roc_auc_score, lambda y_true, y_score: roc_auc_score(y_true, y_score)])
def test_a_perfect_order_is_not_certain_with_counts_of_samples_or_without(metric):
    data = perfect_scores(60, 20)
    found = bootstrap_interval(metric, *data, n_resamples=2000)
    assert found.estimate == found.high == 1 and 0.9 < found.low < 0.98
    grouped = bootstrap_interval(metric, *data, n_resamples=2000, groups=np.arange(60) % 20)
    assert grouped.low < found.low


def test_groups_that_are_all_right_are_worth_their_number():
    y_true, groups = [1] * 400, np.arange(400) // 10
    found = bootstrap_interval(accuracy_score, y_true, y_true, groups=groups, n_resamples=100_000)
    low, _ = proportion_confint(40, 40, method="jeffreys")
    assert found.low == pytest.approx(low, abs=0.02)  # of 40, not of 400, which would be 0.994


@settings(deadline=None, max_examples=40)
@given(
    counts=st.tuples(*[st.integers(0, 40)] * 4).filter(lambda c: sum(c) > 1),
    metric=st.sampled_from(
        [accuracy_score, MACRO_F1, partial(f1_score, zero_division=0), balanced_accuracy_score]
    ),
    groups=st.booleans(),
)
def test_the_interval_holds_the_estimate_within_zero_and_one_and_has_a_width(counts, metric, groups):
    y_true, y_pred = np.repeat([0, 0, 1, 1], counts), np.repeat([0, 1, 0, 1], counts)
    options = {"groups": np.arange(len(y_true)) // 2} if groups and len(y_true) > 2 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = bootstrap_interval(metric, y_true, y_pred, n_resamples=300, **options)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low < found.high


def test_a_metric_that_cannot_vary_has_no_width():
    with pytest.warns(UserWarning, match="has no width, since `metric` is the same .* use wilson_interval"):
        found = bootstrap_interval(lambda y_true, y_pred: 0.5, [0, 1] * 9, [1, 0] * 9, n_resamples=50)
    assert found[:3] == (0.5, 0.5, 0.5)


def test_rows_of_counts_keep_their_resamples_while_these_differ():
    counts = np.array([[1, 1, 1]] * 97 + [[0, 1, 1]] * 3)
    found = bootstrap_interval(span_f1_of_counts, counts, counts, n_resamples=5000)
    assert 0.9 < found.low < 0.94 and 0.98 < found.high < 1  # with what was not seen added: 1


def test_undefined_resamples_are_replaced_if_they_are_few_and_refused_otherwise():
    # A resample of 20 lacks both positives, and everything that was called positive, in 0.9^20 = 12 %.
    y_true, y_pred = [1, 1] + [0] * 18, [1, 1] + [0] * 18
    with pytest.raises(ValueError, match="must be a number on 99% of the resamples; got .* zero_division=0"):
        bootstrap_interval(f1_score, y_true, y_pred, method="percentile", n_resamples=500)
    y_true, y_pred = y_true * 4, y_true * 3 + [0] * 20  # 0.9^80: two in 10,000
    with pytest.warns(UserWarning, match="got 8 of 1"):
        found = bootstrap_interval(f1_score, y_true, y_pred, method="percentile", n_resamples=20_000)
    assert found.low > 0.4


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"level": 95}, "`level` must be between 0 and 1; got 95"),
        ({"method": "basic"}, '`method` must be "bca" or "percentile" .*; got \'basic\' and 10'),
        ({"n_resamples": 0}, "`n_resamples` at least 1; got 'bca' and 0"),
        ({"y_pred": [0, 1]}, r"must have one entry a sample, and at least one; got 3 and \[2\]"),
        ({"groups": [0, 1]}, r"got 3 and \[3, 2\]"),
        ({"groups": [7, 7, 7]}, "must be at least two groups, since one has no spread; got 1"),
        ({"y_true": [1], "y_pred": [1]}, "must be at least two samples, since one has no spread; got 1"),
        ({"y_true": [0, 1, np.nan]}, "`y_true` must hold no NaN; got 1. Drop these samples"),
        ({"y_pred": [["O"], ["O", "O"], []]}, "A prediction must have entries of one shape; .* span_counts"),
        ({"y_pred": 1}, "A prediction must have one entry per sample; got 1"),
        ({"metric": f1_score, "y_true": [0, 0, 0], "y_pred": [0, 0, 0]}, "must be defined on the test set"),
        ({"y_true": [], "y_pred": []}, r"got 0 and \[0\]"),
        ({"metric": lambda a, b: np.nan}, r"must be a number on the test set itself; got \[nan\]"),
        (
            {"metric": number_only_of_all},
            "must be a number on 50% of the resamples; got 10 of 10 on which it is none. Some",
        ),
    ],
)
def test_impossible_bootstraps_are_refused(changes, text):
    options = {"metric": accuracy_score, "y_true": [0, 1, 1], "y_pred": [0, 1, 0], "n_resamples": 10}
    with pytest.raises(ValueError, match=text):
        bootstrap_interval(**options | changes)


# seed_summary


def test_a_summary_by_hand():
    # Mean 2, sd 1, t of 2 degrees of freedom 4.303: 4.303 / sqrt 3 = 2.484.
    found = seed_summary([1, 2, 3], bounds=None)
    assert (found.mean, found.sd, found.n) == (2, 1, 3)
    np.testing.assert_allclose([found.low, found.high], [2 - 2.484, 2 + 2.484], atol=1e-3)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=20), st.floats(0.5, 0.99))
def test_the_summary_is_that_of_scipy(scores, level):
    found = seed_summary(scores, level=level, bounds=None)
    spread = np.std(scores, ddof=1) / len(scores) ** 0.5
    if spread > 1e-9:
        theirs = t.interval(level, len(scores) - 1, np.mean(scores), spread)
        np.testing.assert_allclose([found.low, found.high], theirs, rtol=1e-6, atol=1e-8)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_of_the_mean_stays_within_the_range_of_the_metric(scores):
    found, free = seed_summary(scores), seed_summary(scores, bounds=None)
    assert 0 <= found.low <= found.high <= 1
    assert (found.low, found.high) == (max(0, free.low), min(1, free.high))


def test_a_score_outside_of_its_range_is_refused():
    with pytest.raises(
        ValueError, match=r"within `bounds`, 0 to 1; got \[-0.1, 0.2\]. Pass .* bounds=\(-1, 1\)"
    ):
        seed_summary([-0.1, 0.2])
    assert seed_summary([-0.1, 0.2], bounds=(-1, 1)).low == -1


@pytest.mark.parametrize("scores", [[0.8], [], [0.8, float("nan")], [[0.8, 0.9]]])
def test_one_run_has_no_spread(scores):
    with pytest.raises(ValueError, match="`scores` must be at least two finite numbers, one a run; got"):
        seed_summary(scores)


def test_a_summary_of_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="`level` must be between 0 and 1; got 1"):
        seed_summary([1, 2], level=1)


# crossed_interval


def runs_of(n_seeds, n=200, share=0.8, seed=0):
    rng = np.random.default_rng(seed)
    return np.ones(n, dtype=int), (rng.random((n_seeds, n)) < share).astype(int)


def test_the_crossed_interval_by_hand():
    y_true, runs = [1] * 100, [[1] * right + [0] * (100 - right) for right in (90, 86, 88)]
    found = crossed_interval(accuracy_score, y_true, runs, n_resamples=20_000)
    # Texts: all runs fail on the same ones; seeds: 4.303 x 0.02 / sqrt 3 = 0.0497.
    texts = bootstrap_interval(lambda _, p: p.mean(), y_true, np.mean(runs, axis=0), n_resamples=5000)
    assert found.estimate == pytest.approx(0.88)
    assert found.low == pytest.approx(0.88 - np.hypot(0.88 - texts.low, 0.0497), abs=3e-3)
    assert found.high == pytest.approx(0.88 + np.hypot(texts.high - 0.88, 0.0497), abs=3e-3)


def test_runs_that_agree_leave_the_interval_of_the_texts():
    y_true, (run,) = runs_of(1)
    found = crossed_interval(accuracy_score, y_true, [run] * 3, n_resamples=20_000)
    expected = bootstrap_interval(accuracy_score, y_true, run, n_resamples=20_000)
    np.testing.assert_allclose(found, expected, atol=6e-3)  # a wrong answer more or less is 0.005


def test_a_difference_is_paired_by_seed_and_by_text():
    y_true, runs = runs_of(5)
    same = crossed_interval(accuracy_score, y_true, runs, baseline=runs, n_resamples=500)
    assert same.estimate == 0 and same.high - same.low < 0.06
    _, others = runs_of(5, share=0.7, seed=1)
    found = crossed_interval(accuracy_score, y_true, runs, baseline=others, n_resamples=2000)
    mirrored = crossed_interval(accuracy_score, y_true, others, baseline=runs, n_resamples=2000)
    assert found.estimate == pytest.approx(runs.mean() - others.mean())
    np.testing.assert_allclose([found.low, found.high], [-mirrored.high, -mirrored.low], atol=6e-3)


def test_a_baseline_without_a_seed_is_one_run():
    y_true, runs = runs_of(4)
    one = crossed_interval(accuracy_score, y_true, runs, baseline=runs[:1], n_resamples=500)
    assert one == crossed_interval(accuracy_score, y_true, runs, baseline=runs[[0] * 4], n_resamples=500)


def test_the_crossed_interval_stays_within_the_range_of_the_metric():
    y_true, runs = [1] * 50, [[1] * 50, [1] * 50, [1] * 40 + [0] * 10]
    assert crossed_interval(accuracy_score, y_true, runs).high == 1
    assert crossed_interval(accuracy_score, y_true, runs, bounds=None).high > 1


@pytest.mark.parametrize(
    "changes, text",
    [
        (
            {"predictions": [[0, 1, 0]]},
            "must have one row per seed, at least two, .* got 1 and 0. Pass the same",
        ),
        ({"baseline": [[0, 1, 1]] * 3}, "`baseline` as many, or a single one; got 2 and 3"),
        (
            {"predictions": [[0, 1]] * 2},
            r"must have one entry a sample, and at least one; got 3 and \[2, 2\]",
        ),
        ({"level": 95}, "`level` must be between 0 and 1; got 95"),
    ],
)
def test_impossible_tables_of_seeds_are_refused(changes, text):
    options = {"y_true": [0, 1, 1], "predictions": [[0, 1, 0], [0, 1, 1]], "n_resamples": 10}
    with pytest.raises(ValueError, match=text):
        crossed_interval(accuracy_score, **options | changes)


# Coverage


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say(capsys):
    """Test sets of 200 from a known population: how often is its true value inside a 95 % interval?"""
    rng = np.random.default_rng(0)
    n, trials = 200, 2000
    # Class 1 has a share of 0.4, recall 0.8, false positive rate 0.15.
    cells = np.array([[0.6 * 0.85, 0.6 * 0.15], [0.4 * 0.2, 0.4 * 0.8]])
    true_accuracy, true_f1 = np.trace(cells), 2 * cells[1, 1] / (2 * cells[1, 1] + cells[0, 1] + cells[1, 0])
    inside = {"Wilson, accuracy": 0, "percentile, F1": 0, "BCa, F1": 0}
    for seed in range(trials):
        counts = rng.multinomial(n, cells.ravel())
        y_true, y_pred = np.repeat([0, 0, 1, 1], counts), np.repeat([0, 1, 0, 1], counts)
        found = wilson_interval(int(counts[0] + counts[3]), n)
        inside["Wilson, accuracy"] += found.low <= true_accuracy <= found.high
        for name, method in (("percentile, F1", "percentile"), ("BCa, F1", "bca")):
            found = bootstrap_interval(f1_score, y_true, y_pred, method=method, n_resamples=2000, seed=seed)
            inside[name] += found.low <= true_f1 <= found.high
    shares = {name: count / trials for name, count in inside.items()}
    with capsys.disabled():
        print(f"\ncoverage of 95 % intervals, n = {n}, {trials:,} trials: {shares}")
    assert all(abs(share - 0.95) <= 0.02 for share in shares.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["accuracy 0.95, n 30", "accuracy 0.99, n 100", "F1, 50% positive, recall 0.95, n 50"]
    + ["F1, 10% positive, recall 0.95, n 150", "F1, 3% positive, recall 0.95, n 500"]
    + ["accuracy 0.97, 20 groups x 10", "F1 0.97, 20 groups x 10", "5 seeds x 300 texts"],
)
def test_intervals_cover_near_the_boundary_in_groups_and_over_seeds(name):
    """Cells of ``benchmarks coverage``: 400 test sets, whose share is known to about 2 points."""
    found = simulate(name, 400, 1000)["methods"]["ours"]
    assert 0.92 <= found["share"] <= 0.995
    assert found["zero"] == 0
