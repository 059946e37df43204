"""Metrics of stacked confusion matrices: value by value those of the metrics themselves."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import UndefinedMetricWarning

from prevlib import metrics
from prevlib.evaluation.counts import few_of_a_class, from_counts, from_weights
from prevlib.evaluation.resampling import Resamples

MULTI_CLASS = {
    "accuracy": metrics.accuracy_score,
    "balanced": metrics.balanced_accuracy_score,
    "matthews": metrics.matthews_corrcoef,
    "kappa": metrics.cohen_kappa_score,
    **{
        f"{function.__name__} {average}": partial(function, average=average)
        for function in (metrics.precision_score, metrics.recall_score, metrics.f1_score)
        for average in ("micro", "macro", "weighted")
    },
    "f2 macro": partial(metrics.fbeta_score, beta=2, average="macro"),
}
BINARY = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
    "f1 of class 0": partial(metrics.f1_score, pos_label=0),
    "f half": partial(metrics.fbeta_score, beta=0.5),
}


def assert_same(found, metric, *labels):
    """nan where the metric warns of 0/0, and its value elsewhere."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        expected = metric(*labels)
    if any(warning.category is UndefinedMetricWarning for warning in caught):
        assert np.isnan(found)
    else:
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", MULTI_CLASS)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), n_classes=st.integers(2, 4))
def test_the_value_is_that_of_the_metric(name, data, n_classes):
    labels = st.lists(st.integers(0, n_classes - 1), min_size=12, max_size=12)
    y_true, y_pred = np.array(data.draw(labels)), np.array(data.draw(labels))
    metric = MULTI_CLASS[name]
    classes = np.unique([y_true, y_pred])
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (np.searchsorted(classes, y_true), np.searchsorted(classes, y_pred)), 1)
    assert_same(from_counts(metric, classes)(counts), metric, y_true, y_pred)


@pytest.mark.parametrize("name", BINARY)
@settings(deadline=None, max_examples=60)
@given(counts=st.tuples(*[st.integers(0, 9)] * 4).filter(lambda c: c[0] + c[1] and c[2] + c[3]))
def test_the_value_is_that_of_the_binary_metric(name, counts):
    tn, fp, fn, tp = counts
    y_true = np.repeat([0, 0, 1, 1], counts)
    y_pred = np.repeat([0, 1, 0, 1], counts)
    metric = BINARY[name]
    (found,) = from_counts(metric, np.array([0, 1]))(np.array([[[tn, fp], [fn, tp]]]))
    assert_same(found, metric, y_true, y_pred)
    stated = partial(metric, zero_division=0)
    (found,) = from_counts(stated, np.array([0, 1]))(np.array([[[tn, fp], [fn, tp]]]))
    assert found == pytest.approx(stated(y_true, y_pred), abs=1e-12)


@pytest.mark.parametrize(
    "metric",
    [
        lambda y_true, y_pred: 0.0,
        partial(metrics.f1_score, average="macro", labels=[0]),
        partial(metrics.f1_score, average="macro", zero_division=1),
        partial(metrics.accuracy_score, normalize=False),
        partial(metrics.f1_score, pos_label=7),
    ],
)
def test_what_is_not_known_as_counts_is_left_to_the_samples(metric):
    assert from_counts(metric, np.array([0, 1])) is None


def test_a_binary_metric_of_three_classes_says_itself_what_is_wrong():
    assert from_counts(metrics.f1_score, np.array([0, 1, 2])) is None
    with pytest.raises(ValueError, match="Target is multiclass but average='binary'"):
        Resamples(metrics.f1_score, [0, 1, 2], [[0, 1, 2]]).scores()


def test_both_ways_of_resampling_agree():
    """Counts of cells against rows of samples: the same distribution of scores."""
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, 80)
    predictions = [np.where(rng.random(80) < share, y_true, 0) for share in (0.8, 0.5)]
    groups = np.arange(80) // 4
    metric = partial(metrics.f1_score, average="macro", zero_division=0)
    for which in (None, groups):
        fast = Resamples(metric, y_true, predictions, which)
        slow = Resamples(lambda a, b: metric(a, b), y_true, predictions, which)
        assert fast.counts_suffice and not slow.counts_suffice
        np.testing.assert_allclose(fast.scores(), slow.scores())
        a, b = fast.draw(4000, 1), slow.draw(700, 2)
        np.testing.assert_allclose(a.mean(0), b.mean(0), atol=0.009)
        np.testing.assert_allclose(a.std(0), b.std(0), rtol=0.15)
        np.testing.assert_allclose(np.corrcoef(a.T)[0, 1], np.corrcoef(b.T)[0, 1], atol=0.11)
        values, weights = fast.leave_one_out()
        plain, ones = slow.leave_one_out()
        np.testing.assert_allclose(
            np.average(values, axis=0, weights=weights), np.average(plain, axis=0, weights=ones)
        )


@pytest.mark.parametrize("kind", ["names", "bools"])
def test_labels_may_be_names_or_bools(kind):
    y_true, y_pred = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0])
    if kind == "names":
        y_true, y_pred = (np.array(["neg", "pos"])[y] for y in (y_true, y_pred))
    else:
        y_true, y_pred = y_true.astype(bool), y_pred.astype(bool)
    scores = Resamples(metrics.accuracy_score, y_true, [y_pred]).draw(50, 0)
    assert set(np.round(scores[:, 0] * 5)) <= set(range(6))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_area_of_weights_is_that_of_samples_drawn_so_often(data):
    n = data.draw(st.integers(3, 12))
    y_true = np.array([0, 1, *data.draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))])
    y_score = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))) / 4  # many ties
    weights = np.array([1, 1, *data.draw(st.lists(st.integers(0, 3), min_size=n - 2, max_size=n - 2))])
    found = from_weights(metrics.roc_auc_score, y_true, y_score)(weights)
    drawn = np.repeat(np.arange(n), weights)
    assert found == pytest.approx(metrics.roc_auc_score(y_true[drawn], y_score[drawn]), abs=1e-12)


def test_the_area_of_one_class_alone_is_not_a_number():
    area = from_weights(metrics.roc_auc_score, np.array(["neg", "pos"]), np.array([0.1, 0.9]))
    np.testing.assert_array_equal(area(np.array([[1, 1], [2, 0]])), [1, np.nan])
    assert from_weights(metrics.roc_auc_score, np.array([0, 1, 2]), np.array([0.1, 0.9, 0.3])) is None
    assert from_weights(metrics.average_precision_score, np.array([0, 1]), np.array([0.1, 0.9])) is None


@pytest.mark.parametrize(
    "metric, few",
    [
        (metrics.f1_score, {1: 3}),
        (partial(metrics.f1_score, pos_label=0), {}),
        (partial(metrics.f1_score, pos_label=7), {7: 0}),
        (partial(metrics.f1_score, average="macro"), {1: 3, 2: 9}),
        (partial(metrics.f1_score, average="weighted"), {}),
        (partial(metrics.precision_score, average="micro"), {}),
        (metrics.balanced_accuracy_score, {1: 3, 2: 9}),
        (metrics.roc_auc_score, {1: 3, 2: 9}),
        (metrics.accuracy_score, {}),
        (lambda y_true, y_pred: 0.0, {}),
    ],
)
def test_few_of_a_class_are_found_where_the_metric_scores_it(metric, few):
    assert few_of_a_class(metric, np.repeat([0, 1, 2], [10, 3, 9]), 10) == few
