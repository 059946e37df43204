"""Tests of differences: by hand, against statsmodels and scipy, right as often as they say."""

from functools import partial

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
    with pytest.raises(ValueError, match="must have the same length, at least 1; got 2, 1 and 2"):
        mcnemar_test([0, 1], [0], [1, 1])
    with pytest.raises(ValueError, match="got 0, 0 and 0"):
        mcnemar_test([], [], [])
    with pytest.raises(ValueError, match='`method` must be "exact" or "mid-p"; got \'chi2\''):
        mcnemar_test([0], [0], [0], method="chi2")


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
    with pytest.raises(ValueError, match="`metric` must be a number on every resample; got 10 that are not"):
        paired_bootstrap_test(lambda a, b: np.nan, [0, 1], [0, 1], [1, 1], n_resamples=10)


# compare_models


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
