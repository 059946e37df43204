"""The temperature: by hand, against a search and scikit-learn, and by its properties."""

import numpy as np
import pytest
import sklearn.calibration
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import expit, softmax

from prevlib.metrics import expected_calibration_error, log_loss, temperature_scale

quick = settings(max_examples=30, deadline=None)


@st.composite
def scores(draw):
    """Classes and logits, with ties; many are right, some are not."""
    n, n_classes = draw(st.integers(2, 30)), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    classes = rng.integers(0, n_classes, n)
    return classes, rng.integers(-3, 4, (n, n_classes)) + np.eye(n_classes)[classes]


def fit_or_skip(logits, classes):
    try:
        return temperature_scale(logits, classes)
    except ValueError:
        assume(False)


def test_temperature_by_hand():
    # Log-odds of 4 and three of four right: sigmoid(4 / T) = 3/4, so 4 / T = ln 3.
    fitted = temperature_scale([4, 4, 4, -4], [1, 1, 0, 0])
    assert fitted.temperature == pytest.approx(4 / np.log(3))
    assert fitted.log_loss_after == pytest.approx(-0.75 * np.log(3 / 4) - 0.25 * np.log(1 / 4))
    assert fitted.log_loss_before == pytest.approx(np.log(1 + np.exp(-4)) + 0.25 * 4)
    # Three classes, the first one 2 ahead, right in 8 of 10: e^x / (e^x + 2) = 0.8, so x = 2 / T = ln 8.
    fitted = temperature_scale([[2, 0, 0]] * 10, [0] * 8 + [1, 2])
    assert fitted.temperature == pytest.approx(2 / np.log(8))
    np.testing.assert_allclose(fitted.probabilities([[2, 0, 0]]), [[0.8, 0.1, 0.1]])


@given(data=scores())
@quick
def test_temperature_is_where_the_log_loss_is_smallest(data):
    classes, logits = data
    fitted = fit_or_skip(logits, classes)

    def loss(log_temperature):
        return log_loss(classes, softmax(logits / np.exp(log_temperature), axis=1), labels=labels)

    labels, middle = range(logits.shape[1]), np.log(fitted.temperature)
    found = minimize_scalar(loss, bounds=(middle - 2, middle + 2), method="bounded")
    assert fitted.log_loss_after <= found.fun + 1e-9
    assert fitted.log_loss_after <= fitted.log_loss_before + 1e-12
    assert fitted.log_loss_before == pytest.approx(loss(0), abs=1e-9)
    if len(set(classes)) == logits.shape[1]:  # it takes no other labels
        oracle = sklearn.calibration._TemperatureScaling().fit(logits, classes)
        assert 1 / oracle.beta_ == pytest.approx(fitted.temperature, rel=1e-3)


@given(data=scores(), k=st.sampled_from([1e-6, 0.5, 3, 1000, 1e6]), shift=st.floats(-5, 5))
@quick
def test_k_times_the_logits_have_k_times_the_temperature(data, k, shift):
    classes, logits = data
    fitted = fit_or_skip(logits, classes)
    scaled = temperature_scale(k * (logits + shift), classes)
    assert scaled.temperature == pytest.approx(k * fitted.temperature, rel=1e-9)
    assert scaled.log_loss_after == pytest.approx(fitted.log_loss_after, rel=1e-9)
    np.testing.assert_allclose(scaled.probabilities(k * logits), fitted.probabilities(logits), rtol=1e-6)


@given(data=scores())
@quick
def test_the_most_probable_class_stays(data):
    classes, logits = data
    y_proba = fit_or_skip(logits, classes).probabilities(logits)
    np.testing.assert_array_equal(y_proba.argmax(axis=1), logits.argmax(axis=1))
    np.testing.assert_allclose(y_proba.sum(axis=1), 1)


@given(data=scores())
@quick
def test_there_is_a_best_temperature_unless_all_is_right_or_no_better_than_chance(data):
    classes, logits = data
    true = logits[np.arange(len(classes)), classes]
    all_right, no_better = (true == logits.max(axis=1)).all(), true.mean() <= logits.mean() + 1e-12
    if all_right or no_better:
        with pytest.raises(ValueError, match="^`logits` must"):
            temperature_scale(logits, classes)
    else:
        assert 0 < temperature_scale(logits, classes).temperature < np.inf


def test_log_odds_are_the_second_of_two_columns():
    log_odds, y_true = np.array([4.0, 1.0, -2.0, 3.0]), np.array([True, False, False, True])
    one = temperature_scale(log_odds, y_true)
    two = temperature_scale(np.column_stack([-log_odds / 2, log_odds / 2]), y_true)
    assert two == pytest.approx(one)
    np.testing.assert_allclose(one.probabilities(log_odds), expit(log_odds / one.temperature))


def test_a_model_that_is_too_sure_is_found_out_and_repaired():
    rng = np.random.default_rng(0)
    logits = 2 * rng.standard_normal((20_000, 3))
    y_true = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    fit, test = slice(0, 10_000), slice(10_000, None)
    fitted = temperature_scale(3 * logits[fit], y_true[fit])
    before = expected_calibration_error(y_true[test], softmax(3 * logits[test], axis=1))
    after = expected_calibration_error(y_true[test], fitted.probabilities(3 * logits[test]))
    assert fitted.temperature == pytest.approx(3, rel=0.05)
    assert before > 0.15 and after < 0.02


@pytest.mark.parametrize(
    "logits, y_true, text",
    [
        ([[2, 1], [0, 3]], [0, 1], "must be wrong in at least one sample; got 2 of 2 right.*Fit on more"),
        ([[2, 2], [0, 3]], [0, 1], "got 2 of 2 right"),  # a tie is not wrong
        ([[2, 1], [0, 3]], [1, 0], "must on average be higher.*mean of 0.5, and of 1.5 over all.*column k"),
        ([3.0, -3.0], [0, 1], "must on average be higher for the true class"),
        ([[0.2, 0.1, 0.3]] * 3, [0, 0, 0], "mean of 0.2, and of 0.2 over all"),  # but for rounding
        ([[0, -np.inf], [0, 1]], [0, 1], "`logits` must be finite; got -inf. Leave out"),
        ([[0, 1], [0, 1]], [0, 1, 1], r"entry for each sample of `logits`, shape \(2,\); got \(3,\)"),
        ([[0, 1], [0, 1]], [0, 2], "column numbers, 0 to 1; got 2"),
        (3.0, 1, r"`logits` must have the shape.*got \(\)"),
    ],
)
def test_mistakes_of_the_temperature_are_named(logits, y_true, text):
    with pytest.raises(ValueError, match=text):
        temperature_scale(logits, y_true)
