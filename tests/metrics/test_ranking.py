"""Metrics of scores: counted by hand, against live scikit-learn, with the properties that define them.

``test_ten_thousand_cases.py`` compares more calls, ``test_sklearn_suite.py`` runs scikit-learn's own tests.
"""

import inspect

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from public_names import public_names
from scipy.stats import mannwhitneyu
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics import (
    average_precision_score,
    det_curve,
    precision_recall_curve,
    ranking,
    roc_auc_score,
    roc_curve,
)

# Six messages, spam or not, from the most to the least suspicious. Two of them are tied.
Y_TRUE = [1, 1, 0, 1, 0, 0]
Y_SCORE = [0.9, 0.8, 0.8, 0.6, 0.3, 0.1]

# Three classes, one sample of each and one more of the first.
CLASSES = ["a", "b", "c", "a"]
PROBS = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.2, 0.6], [0.3, 0.1, 0.6]])

# Every metric, and whether it depends on the order of the scores alone. Curves return their thresholds too.
METRICS = {
    "average_precision_score": (average_precision_score, True),
    "det_curve": (det_curve, False),
    "precision_recall_curve": (precision_recall_curve, False),
    "roc_auc_score": (roc_auc_score, True),
    "roc_curve": (roc_curve, False),
}
CURVES = [name for name in METRICS if name.endswith("curve")]


@st.composite
def ranked(draw):
    """Two classes, both of which occur, scores with many ties or none, and whole weights."""
    n = draw(st.integers(2, 30))
    y_true = draw(st.lists(st.booleans(), min_size=n - 2, max_size=n - 2)) + [False, True]
    elements = draw(st.sampled_from([st.integers(-1, 2), st.integers(-(10**6), 10**6)]))
    y_score = draw(st.lists(elements, min_size=n, max_size=n))
    weights = draw(st.lists(st.integers(1, 4), min_size=n, max_size=n))
    order = draw(st.permutations(range(n)))
    return np.array(y_true)[order].astype(int), np.array(y_score)[order] / 4, np.array(weights)


def each_metric(function):
    return pytest.mark.parametrize("metric", [pytest.param(m, id=name) for name, (m, _) in METRICS.items()])(
        function
    )


def flat(result):
    return np.concatenate([np.ravel(part) for part in (result if isinstance(result, tuple) else [result])])


# Counted by hand


def test_roc_curve_by_hand():
    fpr, tpr, thresholds = roc_curve(Y_TRUE, Y_SCORE, drop_intermediate=False)
    assert thresholds.tolist() == [np.inf, 0.9, 0.8, 0.6, 0.3, 0.1]
    assert fpr == pytest.approx([0, 0, 1 / 3, 1 / 3, 2 / 3, 1])
    assert tpr == pytest.approx([0, 1 / 3, 2 / 3, 1, 1, 1])
    fpr, _, thresholds = roc_curve(Y_TRUE, Y_SCORE)  # 0.3 lies half-way from 0.6 to 0.1
    assert thresholds.tolist() == [np.inf, 0.9, 0.8, 0.6, 0.1]


def test_precision_recall_curve_by_hand():
    precision, recall, thresholds = precision_recall_curve(Y_TRUE, Y_SCORE)
    assert thresholds.tolist() == [0.1, 0.3, 0.6, 0.8, 0.9]
    assert precision == pytest.approx([3 / 6, 3 / 5, 3 / 4, 2 / 3, 1, 1])
    assert recall == pytest.approx([1, 1, 1, 2 / 3, 1 / 3, 0])
    # 0.3 finds nothing that 0.6 does not find
    _, _, thresholds = precision_recall_curve(Y_TRUE, Y_SCORE, drop_intermediate=True)
    assert thresholds.tolist() == [0.1, 0.6, 0.8, 0.9]


def test_det_curve_by_hand():
    fpr, fnr, thresholds = det_curve(Y_TRUE, Y_SCORE)
    assert thresholds.tolist() == [0.6, 0.8, 0.9]  # from nothing missed to no false alarm
    assert fpr == pytest.approx([1 / 3, 1 / 3, 0])
    assert fnr == pytest.approx([0, 1 / 3, 2 / 3])
    # 0.4 to 0.2 find the same one: that in the middle goes
    y_true, y_score = [0, 1, 0, 0, 0, 1], [0.9, 0.4, 0.3, 0.2, 0.1, 0.05]
    _, fnr, thresholds = det_curve(y_true, y_score, drop_intermediate=True)
    assert thresholds.tolist() == [0.05, 0.1, 0.4, 0.9, np.inf]
    assert fnr.tolist() == [0, 0.5, 0.5, 1, 1]


def test_area_by_hand():
    # Of 9 pairs of a spam and another message, 7 are in order and 1 is tied.
    assert roc_auc_score(Y_TRUE, Y_SCORE) == pytest.approx(7.5 / 9)
    # Up to a false positive rate of 1/3 the area is 1/6; by chance it would be 1/18, at best 1/3.
    part = roc_auc_score(Y_TRUE, Y_SCORE, max_fpr=1 / 3)
    assert part == pytest.approx((1 + (1 / 6 - 1 / 18) / (1 / 3 - 1 / 18)) / 2)


def test_average_precision_by_hand():
    # Found at 0.9 with precision 1, at 0.8 with 2/3, because the tied one comes along, at 0.6 with 3/4
    assert average_precision_score(Y_TRUE, Y_SCORE) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_weights_by_hand():
    weights = [1, 2, 1, 1, 0, 3]
    _, tpr, thresholds = roc_curve(Y_TRUE, Y_SCORE, sample_weight=weights)
    assert tpr == pytest.approx([0, 1 / 4, 3 / 4, 1, 1])
    assert 0.3 not in thresholds  # nothing counts there
    # Pairs weigh 4 * 4: the tied one 2 * 1, the one out of order 1 * 1
    assert roc_auc_score(Y_TRUE, Y_SCORE, sample_weight=weights) == pytest.approx((16 - 1 - 2 / 2) / 16)
    expected = (1 + 2 * 3 / 4 + 4 / 5) / 4
    assert average_precision_score(Y_TRUE, Y_SCORE, sample_weight=weights) == pytest.approx(expected)


def test_three_classes_by_hand():
    # a against the rest: of 4 pairs, 0.3 stands below 0.4. b: in order. c: 0.6 is tied with one of three.
    ovr = roc_auc_score(CLASSES, PROBS, multi_class="ovr", average=None)
    assert ovr == pytest.approx([3 / 4, 1, 5 / 6])
    mean = roc_auc_score(CLASSES, PROBS, multi_class="ovr", average="weighted")
    assert mean == pytest.approx((2 * 3 / 4 + 1 + 5 / 6) / 4)
    # a and b: 1/2 by the scores of a, 1 by those of b. a and c: 1 and 3/4. b and c: 1 and 1.
    ovo = roc_auc_score(CLASSES, PROBS, multi_class="ovo")
    assert ovo == pytest.approx((3 / 4 + 7 / 8 + 1) / 3)
    ovo = roc_auc_score(CLASSES, PROBS, multi_class="ovo", average="weighted")  # 3, 3 and 2 samples
    assert ovo == pytest.approx((3 * 3 / 4 + 3 * 7 / 8 + 2 * 1) / 8)
    # a is found with precision 1 and 2/3, b with 1, c with 1/2
    precision = average_precision_score(CLASSES, PROBS, average=None)
    assert precision == pytest.approx([(1 + 2 / 3) / 2, 1, 1 / 2])


def test_a_class_that_does_not_occur_has_a_column_but_no_area():
    labels, padded = ["a", "b", "c", "d"], np.column_stack([PROBS, np.zeros(4)])
    with pytest.warns(UndefinedMetricWarning, match="Only one class is present"):
        areas = roc_auc_score(CLASSES, padded, multi_class="ovr", average=None, labels=labels)
    assert np.isnan(areas).tolist() == [False, False, False, True]
    assert roc_auc_score(CLASSES, padded, multi_class="ovo", labels=labels) == pytest.approx(
        (3 / 4 + 7 / 8 + 1) / 3
    )


def test_several_labels_a_sample_by_hand():
    y_true, y_score = np.array([[1, 0], [0, 1], [1, 0]]), np.array([[0.9, 0.8], [0.5, 0.6], [0.4, 0.1]])
    # Of 2 pairs of each label, 1 is in order; of each sample's pair, all; of the 9 pairs of all cells, 6.
    assert roc_auc_score(y_true, y_score, average=None).tolist() == [1 / 2, 1 / 2]
    assert roc_auc_score(y_true, y_score, average="samples") == 1
    assert roc_auc_score(y_true, y_score, average="micro") == pytest.approx(6 / 9)
    assert average_precision_score(y_true, y_score, average="weighted") == pytest.approx(
        (2 * (1 + 2 / 3) / 2 + 1 / 2) / 3
    )


# scikit-learn as oracle


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("decimals", [1, 2, 9])  # many ties, some, none
def test_a_thousand_samples_equal_sklearns(name, decimals):
    rng = np.random.default_rng(decimals)
    y_true = rng.integers(0, 2, 1000)
    y_score = (rng.normal(size=1000) + y_true).round(decimals)
    for weights in (None, rng.random(1000)):
        ours = METRICS[name][0](y_true, y_score, sample_weight=weights)
        theirs = getattr(sklearn.metrics, name)(y_true, y_score, sample_weight=weights)
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-12)


@pytest.mark.parametrize("name", public_names(ranking))
def test_names_order_and_defaults_of_arguments_are_sklearns(name):
    ours = inspect.signature(getattr(ranking, name)).parameters.values()
    theirs = inspect.signature(getattr(sklearn.metrics, name)).parameters.values()
    assert [(p.name, p.kind, repr(p.default)) for p in ours] == [
        (p.name, p.kind, repr(p.default)) for p in theirs
    ]


@pytest.mark.parametrize("kind", ["tuple", "series", "column", "float32", "bool", "minus one"])
@each_metric
def test_every_form_of_labels_and_scores_is_accepted(metric, kind):
    as_label, as_score = {
        "tuple": (tuple, tuple),
        "series": (lambda y: pd.Series(y, index=range(5, 11)), lambda y: pd.Series(y, index=range(6))),
        "column": (lambda y: np.reshape(y, (-1, 1)), lambda y: np.reshape(y, (-1, 1))),
        "float32": (np.float32, np.float32),
        "bool": (lambda y: np.array(y, dtype=bool), list),
        "minus one": (lambda y: np.array(y) * 2 - 1, list),
    }[kind]
    turned = flat(metric(as_label(Y_TRUE), as_score(Y_SCORE)))
    np.testing.assert_allclose(turned, flat(metric(Y_TRUE, Y_SCORE)), rtol=1e-6)


# Properties


def test_every_public_metric_is_registered():
    assert set(METRICS) == set(public_names(ranking))


@given(data=ranked())
@settings(max_examples=60, deadline=None)
def test_the_area_is_how_often_a_positive_beats_a_negative_with_half_a_point_for_a_tie(data):
    y_true, y_score, weights = data
    positives, negatives = y_score[y_true == 1], y_score[y_true == 0]
    wins = np.sign(positives[:, None] - negatives) / 2 + 1 / 2
    assert roc_auc_score(y_true, y_score) == pytest.approx(wins.mean())
    statistic = mannwhitneyu(positives, negatives, method="asymptotic").statistic
    assert roc_auc_score(y_true, y_score) == pytest.approx(statistic / wins.size)
    pair_weights = np.outer(weights[y_true == 1], weights[y_true == 0])
    area = roc_auc_score(y_true, y_score, sample_weight=weights)
    assert area == pytest.approx(np.average(wins, weights=pair_weights))


@given(data=ranked())
@settings(max_examples=60, deadline=None)
def test_average_precision_is_the_mean_precision_at_the_positives(data):
    y_true, y_score, _ = data
    precisions = [y_true[y_score >= score].mean() for score in y_score[y_true == 1]]
    assert average_precision_score(y_true, y_score) == pytest.approx(np.mean(precisions))


@given(data=ranked())
@settings(max_examples=60, deadline=None)
def test_each_point_of_a_curve_is_what_its_threshold_does(data):
    y_true, y_score, _ = data

    def rates(thresholds):
        called = y_score >= thresholds[:, None]
        return called[:, y_true == 0].mean(axis=1), called[:, y_true == 1].mean(axis=1)

    fpr, tpr, thresholds = roc_curve(y_true, y_score)
    np.testing.assert_allclose((fpr, tpr), rates(thresholds))
    assert np.trapezoid(tpr, fpr) == pytest.approx(roc_auc_score(y_true, y_score))
    fpr, fnr, thresholds = det_curve(y_true, y_score)
    np.testing.assert_allclose((fpr, 1 - fnr), rates(thresholds))
    precision, recall, thresholds = precision_recall_curve(y_true, y_score)
    np.testing.assert_allclose(recall[:-1], rates(thresholds)[1])
    np.testing.assert_allclose(precision[:-1], [y_true[y_score >= t].mean() for t in thresholds])


@each_metric
@given(data=ranked())
@settings(max_examples=15, deadline=None)
def test_only_the_order_of_the_scores_matters(metric, data):
    y_true, y_score, weights = data
    original = metric(y_true, y_score, sample_weight=weights)
    for increasing in (np.arctan, lambda x: x**3, lambda x: 1e-6 * x - 1):
        turned = metric(y_true, increasing(y_score), sample_weight=weights)
        if isinstance(original, tuple):  # thresholds are scores
            assert [part.tolist() for part in turned[:2]] == [part.tolist() for part in original[:2]]
        else:
            assert turned == original


@each_metric
@given(data=ranked(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_samples_does_not_matter(metric, data, seed):
    y_true, y_score, weights = data
    order = np.random.default_rng(seed).permutation(len(y_true))
    turned = metric(y_true[order], y_score[order], sample_weight=weights[order])
    assert flat(turned).tolist() == flat(metric(y_true, y_score, sample_weight=weights)).tolist()


@each_metric
@given(data=ranked())
@settings(max_examples=15, deadline=None)
def test_a_whole_weight_is_a_repetition(metric, data):
    y_true, y_score, weights = data
    repeated = metric(np.repeat(y_true, weights), np.repeat(y_score, weights))
    weighted = metric(y_true, y_score, sample_weight=weights)
    np.testing.assert_allclose(flat(repeated), flat(weighted), rtol=1e-12)


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted", "samples"])
def test_a_whole_weight_is_a_repetition_in_every_average(average):
    rng = np.random.default_rng(0)
    y_true, y_score, weights = (
        rng.integers(0, 2, (40, 3)),
        rng.integers(0, 9, (40, 3)),
        rng.integers(1, 5, 40),
    )
    y_true[:, 0] = 1 - y_true[:, 1]  # so that each sample has both classes to rank
    repeated = np.repeat(y_true, weights, axis=0), np.repeat(y_score, weights, axis=0)
    for metric in (average_precision_score, roc_auc_score):
        weighted = metric(y_true, y_score, average=average, sample_weight=weights)
        np.testing.assert_allclose(metric(*repeated, average=average), weighted, rtol=1e-12)


@given(data=ranked())
@settings(max_examples=30, deadline=None)
def test_scores_turned_around_rank_the_other_class(data):
    y_true, y_score, _ = data
    area = roc_auc_score(y_true, y_score)
    assert roc_auc_score(1 - y_true, -y_score) == pytest.approx(area)
    assert roc_auc_score(y_true, -y_score) == pytest.approx(1 - area)
    fpr, tpr, _ = roc_curve(y_true, y_score, drop_intermediate=False)
    other_fpr, other_tpr, _ = roc_curve(y_true, -y_score, pos_label=0, drop_intermediate=False)
    np.testing.assert_allclose((1 - other_tpr[::-1], 1 - other_fpr[::-1]), (fpr, tpr), atol=1e-12)


def test_a_rare_class_changes_precision_but_not_the_area():
    y_true, y_score = np.array(Y_TRUE), np.array(Y_SCORE)
    many = np.where(y_true == 0, 100, 1)
    area, precision = roc_auc_score(y_true, y_score), average_precision_score(y_true, y_score)
    assert roc_auc_score(y_true, y_score, sample_weight=many) == pytest.approx(area)
    assert average_precision_score(y_true, y_score, sample_weight=many) < precision / 2


# Errors and warnings, by their text

SEVERAL = np.array([[1, 0], [0, 1]])


@pytest.mark.parametrize(
    "function, args, options, error, text",
    [
        (roc_curve, ([0, 1], [0.1, 0.2, 0.3]), {}, ValueError, "inconsistent numbers of samples: .2, 3"),
        (roc_curve, ([], []), {}, ValueError, "at least one sample; got none"),
        (roc_curve, ([0, 1], [0.1, np.nan]), {}, ValueError, "Input y_score contains NaN"),
        (roc_curve, ([0, 1], [0.1, np.inf]), {}, ValueError, "Input y_score contains infinity"),
        (roc_curve, ([0.2, 0.7], [0, 1]), {}, ValueError, "continuous is not supported"),
        (roc_curve, ([0, 1, 2], [1, 2, 3]), {}, ValueError, "multiclass format is not supported.*pos_label"),
        (roc_curve, (SEVERAL, SEVERAL), {}, ValueError, "multilabel-indicator format is not.*the column of"),
        (roc_curve, (["no", "yes"], [0, 1]), {}, ValueError, r"in .'no', 'yes'. and pos_label is not spec"),
        (roc_curve, ([1, 2], [0, 1]), {}, ValueError, r"y_true takes value in .1, 2. and pos_label"),
        (roc_curve, ([0, 1], PROBS[:2, :2]), {}, ValueError, r"shape \(2,\); got \(2, 2\).*probs\[:, 1\]"),
        (roc_curve, ([0, 1], [0, 1]), {"sample_weight": [0, 0]}, ValueError, "at least one non-zero number"),
        (det_curve, ([1, 1], [0.1, 0.2]), {}, ValueError, "Only one class is present in y_true. Detection"),
        (det_curve, ([0, 1, 2], [1, 2, 3]), {"pos_label": 1}, ValueError, "multiclass format.*needs two"),
        (average_precision_score, ([0, 1], [0, 1]), {"pos_label": 2}, ValueError, r"pos_label=2.*\[0 1\]"),
        (average_precision_score, (CLASSES, PROBS), {"pos_label": "a"}, ValueError, "fixed to 1 for multicl"),
        (average_precision_score, (CLASSES, PROBS[:, :2]), {}, ValueError, r"\(4, 3\); got \(4, 2\)"),
        (
            average_precision_score,
            ([0, 1], [0, 1]),
            {"average": "mean"},
            ValueError,
            "average has to.*'mean'",
        ),
        (
            roc_auc_score,
            ([0, 1], PROBS[:2, :2]),
            {},
            ValueError,
            r"shape \(2,\); got \(2, 2\).*probs\[:, 1\]",
        ),
        (roc_auc_score, ([0, 1], [0, 1]), {"max_fpr": 0}, ValueError, "above 0 and at most 1; got 0"),
        (roc_auc_score, ([0, 1], [0, 1]), {"multi_class": "all"}, ValueError, "`multi_class` must.*'all'"),
        (roc_auc_score, (SEVERAL, SEVERAL[:, :1]), {}, ValueError, r"\(2, 2\); got \(2, 1\)"),
        (roc_auc_score, (CLASSES, PROBS), {}, ValueError, r"must be in \('ovo', 'ovr'\) for more than two"),
    ],
)
def test_impossible_arguments_are_refused(function, args, options, error, text):
    with pytest.raises(error, match=text):
        function(*args, **options)


@pytest.mark.parametrize(
    "y_score, options, error, text",
    [
        (PROBS[:, 0], {}, ValueError, r"shape `\(n_samples, n_classes\)`.*got \(4,\)"),
        (PROBS * 2, {}, ValueError, "sum up to 1.0 over classes. Apply a softmax"),
        (PROBS, {"max_fpr": 0.5}, ValueError, "received `max_fpr=0.5` instead"),
        (PROBS, {"average": "samples"}, ValueError, "average must be one of .*'micro'.*got 'samples'"),
        (PROBS, {"labels": ["a", "b", "b"]}, ValueError, "'labels' must be unique; got .'a', 'b', 'b'"),
        (PROBS, {"labels": ["a", "c", "b"]}, ValueError, "'labels' must be ordered; got .'a', 'c', 'b'"),
        (PROBS, {"labels": ["a", "b"]}, ValueError, "Number of given labels, 2, not equal.*'y_score', 3"),
        (PROBS, {"labels": ["a", "b", "d"]}, ValueError, "not in parameter 'labels': .'c'. are not in .'a'"),
        (
            PROBS[:, [0, 1, 2, 2]] / PROBS[:, [0, 1, 2, 2]].sum(axis=1, keepdims=True),
            {},
            ValueError,
            "3 and 4.*`labels`",
        ),
        (
            PROBS,
            {"multi_class": "ovo", "average": "micro"},
            ValueError,
            r"one of \('macro', 'weighted', None",
        ),
        (PROBS, {"multi_class": "ovo", "sample_weight": [1] * 4}, ValueError, "is not supported for.*'ovr'"),
        (PROBS, {"multi_class": "ovo", "average": None}, NotImplementedError, "not implemented for.*'ovo'"),
    ],
)
def test_an_area_of_three_classes_that_cannot_be_is_refused(y_score, options, error, text):
    with pytest.raises(error, match=text):
        roc_auc_score(CLASSES, y_score, **{"multi_class": "ovr", **options})


@pytest.mark.parametrize(
    "function, args, options, value, text",
    [
        (
            roc_curve,
            ([1, 1], [0, 1]),
            {},
            [np.nan, np.nan, np.nan],
            "No negative samples in y_true, false pos",
        ),
        (roc_curve, ([0, 0], [0, 1]), {}, [0, 1 / 2, 1], "No positive samples in y_true, true positive"),
        (
            precision_recall_curve,
            ([0, 0], [0, 1]),
            {},
            [0, 0, 1],
            "No positive class found in y_true, recall",
        ),
        (
            average_precision_score,
            ([0, 0], [0, 1]),
            {},
            0,
            "No positive class found in y_true, recall is set",
        ),
        (average_precision_score, (SEVERAL * 0, SEVERAL), {"average": "micro"}, 0, "No positive class found"),
        (roc_auc_score, ([1, 1], [0, 1]), {}, np.nan, "Only one class is present in y_true. ROC AUC score"),
        (roc_auc_score, ([0, 1], [0, 1]), {"sample_weight": [0, 1]}, np.nan, "Only one class is present"),
        (
            roc_auc_score,
            (SEVERAL[[0, 0]], SEVERAL),
            {"average": None},
            [np.nan] * 2,
            "Only one class is pres",
        ),
        (
            roc_auc_score,
            (["a", "a"], PROBS[:2]),
            {"multi_class": "ovo", "labels": ["a", "b", "c"]},
            np.nan,
            "so that there are no pairs of classes",
        ),
    ],
)
def test_undefined_results_warn_at_the_line_of_the_caller(function, args, options, value, text):
    with pytest.warns(UserWarning, match=text) as caught:
        result = function(*args, **options)
    np.testing.assert_array_equal(result[0] if isinstance(result, tuple) else result, value)
    assert {warning.filename for warning in caught} == {__file__}


def test_a_column_without_positives_has_no_weight_in_a_weighted_mean():
    y_true = np.array([[1, 0], [0, 0]])
    with pytest.warns(UndefinedMetricWarning):
        assert roc_auc_score(y_true, SEVERAL, average="weighted") == 1
    assert roc_auc_score(y_true * 0, SEVERAL, average="weighted") == 0
