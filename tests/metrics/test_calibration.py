"""Scores of probabilities, and calibration: by hand, against scikit-learn, and by their properties."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.calibration
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from prevlib.metrics import calibration
from prevlib.metrics.calibration import (
    brier_score_loss,
    calibration_curve,
    expected_calibration_error,
    log_loss,
    reliability_bins,
)

NAMES = np.array(["ant", "bee", "cow", "dog"])
quick = settings(max_examples=30, deadline=None)


@st.composite
def forecasts(draw, max_classes=4):
    """Classes, rows of probabilities with ties, zeros and ones among them, and whole weights."""
    n, n_classes = draw(st.integers(1, 25)), draw(st.integers(2, max_classes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = rng.integers(0, draw(st.sampled_from([2, 5, 1000])), (n, n_classes))
    parts[np.arange(n), rng.integers(0, n_classes, n)] += 1
    weights = rng.integers(0, 4, n)
    weights[0] += 1
    return rng.integers(0, n_classes, n), parts / parts.sum(axis=1, keepdims=True), weights


def outcome(function, *args, **options):
    """What a call gives, or the text of its error, and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args, **options)
        except ValueError as error:
            result = str(error)
    return result, [str(warning.message) for warning in caught]


def assert_same_outcome(name, *args, **options):
    module = sklearn.calibration if name == "calibration_curve" else sklearn.metrics
    ours, our_warnings = outcome(getattr(calibration, name), *args, **options)
    theirs, their_warnings = outcome(getattr(module, name), *args, **options)
    if isinstance(theirs, str):
        assert isinstance(ours, str) and ours.startswith(theirs)  # ours may go on, with a remedy
    else:
        precision = np.finfo(
            np.asarray(args[1]).dtype if np.asarray(args[1]).dtype.kind == "f" else float
        ).eps
        np.testing.assert_allclose(ours, theirs, rtol=8 * precision, atol=8 * precision)
    assert our_warnings == their_warnings


# log_loss and brier_score_loss


def test_scores_by_hand():
    y_true, y_proba = ["no", "yes", "yes"], [[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]
    assert log_loss(y_true, y_proba) == pytest.approx((1 + 2 + 1) * np.log(2) / 3)
    assert log_loss(y_true, y_proba, normalize=False) == pytest.approx(4 * np.log(2))
    assert log_loss(y_true, [0.5, 0.25, 0.5], sample_weight=[0, 3, 1]) == pytest.approx(7 * np.log(2) / 4)
    assert brier_score_loss(y_true, y_proba) == (1 / 4 + 9 / 16 + 1 / 4) / 3
    assert brier_score_loss(y_true, y_proba, scale_by_half=False) == 2 * (1 / 4 + 9 / 16 + 1 / 4) / 3
    assert brier_score_loss([2, 0], [[0.5, 0.25, 0.25], [1, 0, 0]], labels=[0, 1, 2]) == (14 / 16) / 2
    assert brier_score_loss(y_true, [0.5, 0.75, 0.5], pos_label="no") == brier_score_loss(y_true, y_proba)


@pytest.mark.parametrize("dtype, most", [(np.float64, 36.04), (np.float32, 15.94), (np.float16, 6.93)])
def test_a_certain_error_costs_what_the_type_of_the_probabilities_can_hold(dtype, most):
    y_proba = np.array([[1, 0], [1, 0]], dtype=dtype)
    assert log_loss([1, 0], y_proba, normalize=False) == pytest.approx(most, abs=0.01)
    assert log_loss([0, 0], y_proba, labels=[0, 1]) == pytest.approx(0, abs=0.001)
    assert brier_score_loss([1, 0], y_proba, scale_by_half=False) == 1  # 2 and 0


@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss"])
@pytest.mark.parametrize("labelled", [True, False])
@given(data=forecasts(), dtype=st.sampled_from([np.float64, np.float32]))
@quick
def test_scores_are_sklearns_with_their_warnings_and_errors(name, labelled, data, dtype):
    classes, y_proba, weights = data
    y_proba = y_proba.astype(dtype)
    for y_true, labels in [(classes, range(y_proba.shape[1])), (NAMES[classes], NAMES[: y_proba.shape[1]])]:
        options = {"labels": list(labels)} if labelled else {}  # without them, classes may be missing
        assert_same_outcome(name, y_true, y_proba, **options)
        assert_same_outcome(name, y_true, y_proba, sample_weight=weights, **options)
        assert_same_outcome(name, y_true, y_proba[:, 0], **options)
    assert_same_outcome(name, np.eye(y_proba.shape[1], dtype=int)[classes], y_proba)


@pytest.mark.parametrize("scale_by_half", [True, False, "auto"])
@pytest.mark.parametrize("values", [(0, 1), (-1, 1), (1, 2), (False, True), ("a", "b")])
@pytest.mark.parametrize("chosen", [None, 0, 1])
@given(data=forecasts(max_classes=2))
@settings(max_examples=3, deadline=None)
def test_the_positive_class_is_found_as_in_sklearn(scale_by_half, values, chosen, data):
    classes, y_proba, _ = data
    y_true, pos_label = np.array(values)[classes], None if chosen is None else values[chosen]
    options = {"pos_label": pos_label, "scale_by_half": scale_by_half}
    assert_same_outcome("brier_score_loss", y_true, y_proba[:, 1], **options)
    assert_same_outcome("calibration_curve", y_true, y_proba[:, 1], pos_label=pos_label)


@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss", "calibration_curve"])
@pytest.mark.parametrize(
    "y_true, y_proba",
    [
        ([0, 1, 2], [[0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]),
        ([0, 1], [0.5, 1.5]),
        ([0, 1, 2], [0.5, 0.5, 0.5]),
        ([0, 1], [0.5]),
        ([0, 1], [[0.5, 0.4], [0.5, 0.5]]),
        (["a", "a"], [0.5, 0.5]),
        ([1, 2], [0.5, 0.5]),
    ],
)
def test_mistakes_are_named_as_by_sklearn(name, y_true, y_proba):
    assert_same_outcome(name, y_true, y_proba)


@pytest.mark.parametrize("labels", [[1, 0], [0], [0, 1, 2], [1, 2]])
def test_labels_are_checked_as_by_sklearn(labels):
    for name in ("log_loss", "brier_score_loss"):
        assert_same_outcome(name, [0, 1, 0], [[0.5, 0.5]] * 3, labels=labels)


@pytest.mark.parametrize("weights", [[1, 1], [0, 0, 0], [1, np.nan, 1], [[1], [1], [1]], [1, 0.5, -1]])
def test_weights_are_checked(weights):
    for function in (log_loss, brier_score_loss):
        theirs = getattr(sklearn.metrics, function.__name__)
        ours, theirs = (
            outcome(f, [0, 1, 0], [0.5, 0.25, 0], sample_weight=weights)[0] for f in (function, theirs)
        )
        assert ours == pytest.approx(theirs) if not isinstance(theirs, str) else ours[:30] == theirs[:30]


def test_every_form_of_forecasts_is_accepted():
    y_true, y_proba = ["ham", "spam", "spam"], [[0.5, 0.5], [0.75, 0.25], [0.5, 0.5]]
    for form in (tuple, np.array, pd.DataFrame):
        assert log_loss(pd.Series(y_true, index=[7, 8, 9]), form(y_proba)) == log_loss(y_true, y_proba)
    with pytest.warns(FutureWarning, match="`y_pred` was renamed to `y_proba`"):
        assert log_loss(y_true, y_pred=y_proba) == log_loss(y_true, y_proba)
    with pytest.raises(ValueError, match="Cannot use both `y_pred` and `y_proba`"):
        log_loss(y_true, y_proba, y_pred=y_proba)


@pytest.mark.parametrize("score", [log_loss, brier_score_loss])
@given(p=st.floats(0.05, 0.95), q=st.floats(0.05, 0.95))
def test_no_forecast_beats_the_true_probability(score, p, q):
    expected = [score([0, 1], [said, said], sample_weight=[1 - p, p]) for said in (p, q)]
    assert expected[0] <= expected[1] + 1e-12


@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss", "calibration_curve"])
def test_names_order_and_defaults_of_arguments_are_sklearns(name):
    module = sklearn.calibration if name == "calibration_curve" else sklearn.metrics
    ours, theirs = (inspect.signature(getattr(m, name)).parameters.values() for m in (calibration, module))
    assert [(p.name, p.kind, repr(p.default)) for p in ours] == [
        (p.name, p.kind, repr(p.default)) for p in theirs
    ]


# calibration_curve, reliability_bins and expected_calibration_error

# Ten forecasts in five bins: 1 of 4 came true where 1.2 should have, 2 of 2 for 1.6, 3 of 4 for 3.8.
TEN_TRUE = [0, 0, 0, 1, 1, 1, 1, 1, 1, 0]
TEN_PROBA = [0.3, 0.3, 0.3, 0.3, 0.8, 0.8, 0.95, 0.95, 0.95, 0.95]


def two_columns(p):
    return np.column_stack([1 - np.asarray(p), p])


def plain_ece(right, confidence, weights, inner_edges):
    """The definition of Naeini et al., one bin and one sample after the other."""
    error, edges = 0.0, [-np.inf, *inner_edges, np.inf]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = [i for i, c in enumerate(confidence) if low < c <= high]
        size = sum(weights[i] for i in inside)
        if size > 0:
            accuracy = sum(weights[i] * right[i] for i in inside) / size
            mean = sum(weights[i] * confidence[i] for i in inside) / size
            error += size / sum(weights) * abs(accuracy - mean)
    return error


def test_calibration_by_hand():
    prob_true, prob_pred = calibration_curve(TEN_TRUE, TEN_PROBA)
    np.testing.assert_allclose(prob_true, [1 / 4, 1, 3 / 4])
    np.testing.assert_allclose(prob_pred, [0.3, 0.8, 0.95])
    assert expected_calibration_error(TEN_TRUE, TEN_PROBA, n_bins=5) == pytest.approx((0.2 + 0.4 + 0.8) / 10)
    # Of the first four, the top label is class 0, said with 0.7 and right three times.
    bins = reliability_bins(TEN_TRUE, two_columns(TEN_PROBA), n_bins=5)
    np.testing.assert_allclose(bins.n, [6, 4])
    np.testing.assert_allclose(bins.right, [3 + 2, 3])
    np.testing.assert_allclose(bins.confidence, [4 * 0.7 + 1.6, 3.8])
    top = expected_calibration_error(TEN_TRUE, two_columns(TEN_PROBA), n_bins=5)
    assert top == pytest.approx((0.6 + 0.8) / 10)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@given(data=forecasts(max_classes=2), n_bins=st.integers(1, 20), as_float32=st.booleans())
@quick
def test_the_curve_is_sklearns(strategy, data, n_bins, as_float32):
    classes, y_proba, _ = data
    y_prob = y_proba[:, 1].astype(np.float32 if as_float32 else float)
    assert_same_outcome("calibration_curve", classes, y_prob, n_bins=n_bins, strategy=strategy)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@given(data=forecasts(), n_bins=st.integers(1, 20))
@quick
def test_the_error_is_that_of_plain_loops(strategy, data, n_bins):
    classes, y_proba, weights = data
    for proba, confidence, right in [
        (y_proba, y_proba.max(axis=1), y_proba.argmax(axis=1) == classes),
        (y_proba[:, 1], y_proba[:, 1], classes == 1),
    ]:
        shares = np.linspace(0, 1, n_bins + 1)
        edges = shares if strategy == "uniform" else np.percentile(confidence, 100 * shares)
        y_true = classes if proba.ndim == 2 else (classes == 1).astype(int)
        options = {"n_bins": n_bins, "strategy": strategy}
        for w in (None, weights):
            found = expected_calibration_error(y_true, proba, sample_weight=w, **options)
            plain = plain_ece(right, confidence, np.ones(len(right)) if w is None else w, edges[1:-1])
            assert found == pytest.approx(plain, abs=1e-12)
            assert 0 <= found <= 1


@given(data=forecasts(), seed=st.integers(0, 99))
@quick
def test_order_does_not_matter_and_a_whole_weight_is_a_repetition(data, seed):
    classes, y_proba, weights = data
    weighted = expected_calibration_error(classes, y_proba, sample_weight=weights)
    repeated = expected_calibration_error(np.repeat(classes, weights), np.repeat(y_proba, weights, axis=0))
    assert weighted == pytest.approx(repeated, abs=1e-12)
    order = np.random.default_rng(seed).permutation(len(classes))
    turned = expected_calibration_error(classes[order], y_proba[order], sample_weight=weights[order])
    assert turned == pytest.approx(weighted, abs=1e-12)


@given(data=forecasts(max_classes=2), n_bins=st.integers(1, 20))
@quick
def test_the_error_of_a_vector_is_the_mean_gap_of_its_curve(data, n_bins):
    classes, y_proba, _ = data
    bins = reliability_bins(classes, y_proba[:, 1], n_bins=n_bins)
    prob_true, prob_pred = calibration_curve(classes, y_proba[:, 1], n_bins=n_bins)
    error = expected_calibration_error(classes, y_proba[:, 1], n_bins=n_bins)
    assert error == pytest.approx(np.average(abs(prob_true - prob_pred), weights=bins.n), abs=1e-12)


def test_a_perfect_model_has_the_errors_that_the_docstring_states():
    rng = np.random.default_rng(0)
    for n, stated in [(100, 0.09), (1_000, 0.03), (10_000, 0.01)]:
        errors = []
        for _ in range(100):
            p = rng.uniform(0.5, 1, n)
            errors.append(expected_calibration_error((rng.random(n) < p).astype(int), p))
        assert np.mean(errors) == pytest.approx(stated, abs=0.005)
    assert expected_calibration_error([0, 0, 0, 1], [0.25] * 4) == 0  # the base rate, which tells nothing


@pytest.mark.parametrize(
    "args, options, text",
    [
        (([0, 1], [-0.5, 2]), {}, "`y_proba` must hold probabilities in.*from -0.5 to 2.*softmax"),
        (([0, 1], [[0.5, 0.1], [0.5, 0.5]]), {}, "rows that sum to 1; got.*sums from 0.6 to 1"),
        (([0, 1], [0.5, np.nan]), {}, "`y_proba` must hold probabilities"),
        (
            ([0, 1], [0.5]),
            {},
            r"`y_true` must have one entry for each sample of `y_proba`, shape \(1,\); got",
        ),
        (([0], [[1.0]]), {}, r"with one sample and two classes at least; got \(1, 1\)"),
        (([], []), {}, r"got \(0,\)"),
        (([0, 2], [0.5, 0.5]), {}, "`y_true` must hold column numbers, 0 to 1; got 2. Turn names into"),
        ((["a"], [[0.5, 0.5]]), {}, "got 'a'"),
        (([0], [0.5]), {"n_bins": 0}, "`n_bins` must be at least 1; got 0"),
        (([0], [0.5]), {"strategy": "mass"}, "`strategy` must be 'uniform' or 'quantile'; got 'mass'"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [0, 0]}, "at least one non-zero number"),
        (([0, 1], [0.5, 0.5]), {"sample_weight": [[1], [1]]}, r"1D array.*got \(2, 1\)"),
    ],
)
def test_mistakes_of_the_calibration_error_are_named(args, options, text):
    for function in (expected_calibration_error, reliability_bins):
        with pytest.raises(ValueError, match=text):
            function(*args, **options)


def test_other_mistakes_are_named_with_a_remedy():
    with pytest.raises(ValueError, match="y_prob contains values less than 0: -1.0. Are they logits"):
        log_loss([0, 1], [-1.0, 0.5])
    with pytest.raises(ValueError, match="`scale_by_half` must be True, False or 'auto'; got 'half'"):
        brier_score_loss([0, 1], [0.5, 0.5], scale_by_half="half")
    for function in (log_loss, brier_score_loss, calibration_curve):
        with pytest.raises(ValueError, match="0 sample.*a minimum of 1 is required"):
            function([], [])
    with pytest.raises(ValueError, match="They go from -1 to 3: are they logits"):
        calibration_curve([0, 1], [-1, 3])
    with pytest.raises(ValueError, match="Only binary.*Ask for one class at a time: y_true == label"):
        calibration_curve([0, 1, 2], [0.5, 0.5, 0.5], pos_label=1)
