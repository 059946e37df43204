"""Intervals: counted by hand, against statsmodels' formula in scipy, covering as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from prevlib.evaluation import Interval, wilson_interval

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
