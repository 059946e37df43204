"""Metrics: counted by hand, against live scikit-learn, with the properties that their definitions imply."""

import inspect
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from public_names import public_names
from sklearn.exceptions import UndefinedMetricWarning

from prevlib import metrics
from prevlib.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    fbeta_score,
    matthews_corrcoef,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
)

# Ten messages: 3 spam found, 1 missed, 1 false alarm, 5 left in peace.
Y_TRUE = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
Y_PRED = [1, 1, 1, 0, 1, 0, 0, 0, 0, 0]

# Every metric as a function of (y_true, y_pred, sample_weight), and the properties that it has.
ALL = {"order", "names", "repetition"}
METRICS = {
    "accuracy_score": (accuracy_score, ALL | {"symmetric"}),
    "balanced_accuracy_score": (balanced_accuracy_score, ALL),
    "cohen_kappa_score": (cohen_kappa_score, ALL | {"symmetric"}),
    "confusion_matrix": (confusion_matrix, {"order", "repetition"}),
    "multilabel_confusion_matrix": (multilabel_confusion_matrix, {"order", "repetition"}),
    "precision_recall_fscore_support": (precision_recall_fscore_support, {"order", "repetition"}),
    "precision_score": (lambda *a, **o: precision_score(*a, average="macro", **o), ALL),
    "recall_score": (lambda *a, **o: recall_score(*a, average="macro", **o), ALL),
    "f1_score": (lambda *a, **o: f1_score(*a, average="macro", **o), ALL | {"symmetric"}),
    "fbeta_score": (lambda *a, **o: fbeta_score(*a, beta=2, average="macro", **o), ALL),
    "matthews_corrcoef": (matthews_corrcoef, ALL | {"symmetric"}),
    "classification_report": (
        lambda *a, **o: _numbers(classification_report(*a, output_dict=True, **o)),
        {"order"},
    ),
}


def _numbers(report):
    return [row if isinstance(row, float) else list(row.values()) for row in report.values()]


def flat(result):
    parts = result if isinstance(result, tuple | list) else [result]
    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in parts if part is not None])


def labels_of(n_classes, n_samples):
    return npst.arrays(np.int64, n_samples, elements=st.integers(0, n_classes - 1))


@st.composite
def answers(draw, n_classes=4):
    n = draw(st.integers(1, 30))
    weights = draw(npst.arrays(np.int64, n, elements=st.integers(1, 4)))
    return draw(labels_of(n_classes, n)), draw(labels_of(n_classes, n)), weights


def quiet(function, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **options)


def cells(report):
    """The words of a report; whether a whole support reads 3 or 3.0 depends on the counts in scikit-learn."""
    return re.sub(r"(\d)\.0$", r"\1", report, flags=re.MULTILINE).split()


def having(prop):
    return [pytest.param(function, id=name) for name, (function, props) in METRICS.items() if prop in props]


# Counted by hand


def test_ten_messages_by_hand():
    assert confusion_matrix(Y_TRUE, Y_PRED).tolist() == [[5, 1], [1, 3]]
    assert accuracy_score(Y_TRUE, Y_PRED) == 8 / 10
    assert (
        precision_score(Y_TRUE, Y_PRED) == recall_score(Y_TRUE, Y_PRED) == f1_score(Y_TRUE, Y_PRED) == 3 / 4
    )
    assert balanced_accuracy_score(Y_TRUE, Y_PRED) == pytest.approx((5 / 6 + 3 / 4) / 2)
    assert balanced_accuracy_score(Y_TRUE, Y_PRED, adjusted=True) == pytest.approx((5 / 6 + 3 / 4) - 1)
    # (tp tn - fp fn) / sqrt(4 * 4 * 6 * 6) = 14 / 24; chance agrees on (6 * 6 + 4 * 4) / 100 = 0.52
    assert matthews_corrcoef(Y_TRUE, Y_PRED) == pytest.approx(14 / 24)
    assert cohen_kappa_score(Y_TRUE, Y_PRED) == pytest.approx((0.8 - 0.52) / 0.48)


def test_f_weighs_recall_by_beta():
    # precision 1/2, recall 1: F2 = 5 * 1/2 / (4 * 1/2 + 1) = 5/6
    y_true, y_pred = [1, 1, 0, 0], [1, 1, 1, 1]
    assert fbeta_score(y_true, y_pred, beta=2) == pytest.approx(5 / 6)
    assert fbeta_score(y_true, y_pred, beta=0) == 1 / 2
    assert fbeta_score(y_true, y_pred, beta=np.inf) == 1


def test_three_classes_and_their_averages_by_hand():
    y_true = ["a"] * 6 + ["b"] * 3 + ["c"]
    y_pred = ["a"] * 5 + ["b"] + ["b", "b", "a"] + ["a"]
    assert confusion_matrix(y_true, y_pred).tolist() == [[5, 1, 0], [1, 2, 0], [1, 0, 0]]
    assert recall_score(y_true, y_pred, average=None) == pytest.approx([5 / 6, 2 / 3, 0])
    assert recall_score(y_true, y_pred, average="macro") == pytest.approx((5 / 6 + 2 / 3) / 3)
    assert recall_score(y_true, y_pred, average="weighted") == pytest.approx(0.7)
    assert recall_score(y_true, y_pred, average="micro") == pytest.approx(0.7)


def test_several_labels_a_sample_by_hand():
    y_true, y_pred = np.array([[1, 0, 1], [0, 1, 0]]), np.array([[1, 0, 0], [0, 1, 1]])
    assert accuracy_score(y_true, y_pred) == 0
    assert multilabel_confusion_matrix(y_true, y_pred)[2].tolist() == [[0, 1], [1, 0]]
    assert recall_score(y_true, y_pred, average="samples") == (1 / 2 + 1) / 2
    assert precision_score(y_true, y_pred, average="micro") == 2 / 3


def test_weights_by_hand():
    weights = [1, 1, 1, 3, 2, 1, 1, 1, 1, 1]
    assert accuracy_score(Y_TRUE, Y_PRED, sample_weight=weights) == 8 / 13
    assert recall_score(Y_TRUE, Y_PRED, sample_weight=weights) == 3 / 6
    assert precision_score(Y_TRUE, Y_PRED, sample_weight=weights) == 3 / 5


def test_the_matrix_is_normalised_by_row_by_column_or_as_a_whole():
    for normalize, first in [("true", 5 / 6), ("pred", 5 / 6), ("all", 5 / 10)]:
        assert confusion_matrix(Y_TRUE, Y_PRED, normalize=normalize)[0, 0] == first


def test_the_positive_class_may_have_any_name():
    y_true, y_pred = ["spam", "spam", "good"], ["spam", "good", "good"]
    assert precision_score(y_true, y_pred, pos_label="spam") == 1
    assert recall_score(y_true, y_pred, pos_label="spam") == 1 / 2
    assert recall_score(y_true, y_pred, pos_label="good") == 1


def test_a_class_left_out_takes_its_samples_along():
    # Left out: the sample that is of class 2 and the one that is only called so.
    assert confusion_matrix([0, 0, 1, 2], [0, 2, 1, 0], labels=[0, 1]).tolist() == [[1, 0], [0, 1]]


def test_a_class_may_be_called_accuracy_and_two_may_share_a_name():
    y_true, y_pred = ["accuracy", "b", "b"], ["accuracy", "b", "accuracy"]
    for names in (None, ["x", "x"]):
        ours, theirs = (
            m.classification_report(y_true, y_pred, target_names=names) for m in (metrics, sklearn.metrics)
        )
        assert ours == theirs
        assert len(ours.splitlines()) == 8


def test_matthews_is_exactly_zero_when_only_one_class_occurs():
    rng = np.random.default_rng(0)
    for _ in range(300):
        y_pred = rng.integers(0, 3, 20)
        assert matthews_corrcoef(np.zeros(20, int), y_pred, sample_weight=rng.random(20)) == 0


def test_the_report_reads_like_a_table():
    report = classification_report(Y_TRUE, Y_PRED, target_names=["good", "spam"])
    assert report == sklearn.metrics.classification_report(Y_TRUE, Y_PRED, target_names=["good", "spam"])
    assert [line.split() for line in report.splitlines()[2:4]] == [
        ["good", "0.83", "0.83", "0.83", "6"],
        ["spam", "0.75", "0.75", "0.75", "4"],
    ]


# scikit-learn as oracle


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("zero_division", [0, 1, np.nan, "warn"])
@given(
    data=answers(),
    beta=st.sampled_from([0, 0.5, 1, 2, np.inf]),
    labels=st.none() | st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True),
)
@settings(max_examples=15, deadline=None)
def test_precision_recall_f_equal_sklearns_with_their_warnings(average, zero_division, data, beta, labels):
    y_true, y_pred, weights = data
    options = {"average": average, "zero_division": zero_division, "beta": beta, "labels": labels}
    results, texts = [], []
    for module in (metrics, sklearn.metrics):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function = module.precision_recall_fscore_support
            results.append(flat(function(y_true, y_pred, sample_weight=weights, **options)))
        texts.append(sorted(str(w.message) for w in caught if w.category is UndefinedMetricWarning))
    np.testing.assert_allclose(*results, atol=1e-12)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
@given(data=answers(), labels=st.none() | st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True))
@settings(max_examples=15, deadline=None)
def test_the_matrix_equals_sklearns(normalize, data, labels):
    y_true, y_pred, weights = data
    assume(labels is None or set(labels) & set(y_true.tolist()))
    for w in (None, weights, weights / 3):
        args, options = (y_true, y_pred), {"labels": labels, "normalize": normalize, "sample_weight": w}
        ours = quiet(confusion_matrix, *args, **options)
        theirs = quiet(sklearn.metrics.confusion_matrix, *args, **options)
        np.testing.assert_allclose(ours, theirs, atol=1e-12)
        assert ours.dtype.kind == theirs.dtype.kind


@pytest.mark.parametrize(
    "name, options",
    [
        ("accuracy_score", {}),
        ("accuracy_score", {"normalize": False}),
        ("balanced_accuracy_score", {}),
        ("balanced_accuracy_score", {"adjusted": True}),
        ("matthews_corrcoef", {}),
        ("cohen_kappa_score", {}),
        ("cohen_kappa_score", {"weights": "linear"}),
        ("cohen_kappa_score", {"weights": "quadratic", "replace_undefined_by": 0.5}),
        ("multilabel_confusion_matrix", {}),
        ("multilabel_confusion_matrix", {"labels": [3, 1]}),
        ("classification_report", {"digits": 4}),
        ("classification_report", {"labels": [2, 0], "target_names": ["two", "zero"]}),
        ("classification_report", {"zero_division": np.nan}),
    ],
)
@given(data=answers())
@settings(max_examples=15, deadline=None)
def test_the_others_equal_sklearns(name, options, data):
    y_true, y_pred, weights = data
    assume(not options.get("adjusted") or len(set(y_true)) > 1)
    for w in (None, weights):
        arguments = {"sample_weight": w, **options}
        ours = quiet(getattr(metrics, name), y_true, y_pred, **arguments)
        theirs = quiet(getattr(sklearn.metrics, name), y_true, y_pred, **arguments)
        if isinstance(theirs, str):
            assert cells(ours) == cells(theirs)
        else:
            np.testing.assert_allclose(ours, theirs, atol=1e-12)


@given(
    data=st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            *[npst.arrays(np.int64, (n, 3), elements=st.integers(0, 1))] * 2,
            npst.arrays(np.int64, n, elements=st.integers(1, 4)),
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_several_labels_a_sample_equal_sklearns(data):
    *data, weights = data
    for average in (None, "micro", "macro", "weighted", "samples"):
        options = {"average": average, "sample_weight": weights}
        ours = quiet(precision_recall_fscore_support, *data, **options)
        theirs = quiet(sklearn.metrics.precision_recall_fscore_support, *data, **options)
        np.testing.assert_allclose(flat(ours), flat(theirs), atol=1e-12)
    reports = [quiet(m.classification_report, *data, output_dict=True) for m in (metrics, sklearn.metrics)]
    assert list(reports[0]) == list(reports[1])
    np.testing.assert_allclose(*(flat(_numbers(report)) for report in reports), atol=1e-12)


def renamed(names):
    return lambda y: np.array(names)[y]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "n_samples, n_classes, rename",
    [
        pytest.param(200_000, 3, renamed([-7, 0, 9]), id="several blocks"),
        pytest.param(200_000, 4, lambda y: y.astype(np.uint8) + np.uint8(250), id="a small type"),
        pytest.param(3_000, 2_000, lambda y: y, id="more pairs than a table holds"),
        pytest.param(3_000, 3, renamed([-(10**15), 5, 10**15]), id="far apart"),
        pytest.param(3_000, 2, renamed(np.array([2**63 + 1, 2**63 + 2], dtype=np.uint64)), id="beyond int64"),
        pytest.param(3_000, 3, renamed(["b", "a rather long name", "c"]), id="names"),
        pytest.param(3_000, 3, renamed(np.array(["b", "a", "c"], dtype=object)), id="names as objects"),
        pytest.param(3_000, 2, renamed([False, True]), id="yes or no"),
    ],
)
def test_labels_of_all_sorts_and_many_are_counted_like_sklearns(n_samples, n_classes, rename, weighted):
    rng = np.random.default_rng(0)
    # The last class occurs late only: a glance at the first samples does not show it.
    drawn = [rng.integers(0, n_classes - (np.arange(n_samples) < 2000)) for _ in range(2)]
    y_true, y_pred = map(rename, drawn)
    weights = rng.integers(0, 5, n_samples) if weighted else None
    for name in ("confusion_matrix", "multilabel_confusion_matrix", "cohen_kappa_score"):
        ours, theirs = (
            getattr(m, name)(y_true, y_pred, sample_weight=weights) for m in (metrics, sklearn.metrics)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    options = {"average": "macro", "sample_weight": weights, "zero_division": 0}
    assert f1_score(y_true, y_pred, **options) == pytest.approx(
        sklearn.metrics.f1_score(y_true, y_pred, **options), abs=1e-12
    )


@pytest.mark.parametrize("kind", ["list", "tuple", "series", "column", "float", "category"])
def test_every_form_of_labels_is_accepted(kind):
    forms = {
        "list": list,
        "tuple": tuple,
        "series": lambda y: pd.Series(y, index=range(5, 5 + len(y))),
        "column": lambda y: np.reshape(y, (-1, 1)),
        "float": lambda y: np.array(y, dtype=float),
        "category": pd.Categorical,
    }
    turned = [forms[kind](y) for y in (Y_TRUE, Y_PRED)]
    assert confusion_matrix(*turned).tolist() == [[5, 1], [1, 3]]
    assert f1_score(*turned, sample_weight=pd.Series([1.0] * 10, index=range(10, 20))) == 3 / 4
    assert accuracy_score(*turned) == 8 / 10


@pytest.mark.parametrize("name", public_names(metrics.classification))
def test_names_order_and_defaults_of_arguments_are_sklearns(name):
    ours = inspect.signature(getattr(metrics, name)).parameters.values()
    theirs = inspect.signature(getattr(sklearn.metrics, name)).parameters.values()
    assert [(p.name, p.kind, repr(p.default)) for p in ours] == [
        (p.name, p.kind, repr(p.default)) for p in theirs
    ]


# Properties


def test_every_public_metric_is_registered():
    assert set(METRICS) == set(public_names(metrics.classification))


@pytest.mark.parametrize("function", having("order"))
@given(data=answers(), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_the_order_of_samples_does_not_matter(function, data, seed):
    order = np.random.default_rng(seed).permutation(len(data[0]))
    y_true, y_pred, weights = data
    turned = quiet(function, y_true[order], y_pred[order], sample_weight=weights[order])
    original = quiet(function, y_true, y_pred, sample_weight=weights)
    np.testing.assert_allclose(flat(turned), flat(original), atol=1e-12)


@pytest.mark.parametrize("function", having("names"))
@given(data=answers())
@settings(max_examples=15, deadline=None)
def test_the_names_of_classes_do_not_matter(function, data):
    y_true, y_pred, _ = data
    names = np.array(["zebra", "ant", "mole", "bee"])
    renamed = quiet(function, names[y_true], names[y_pred])
    np.testing.assert_allclose(flat(renamed), flat(quiet(function, y_true, y_pred)), atol=1e-12)


@pytest.mark.parametrize("function", having("repetition"))
@given(data=answers())
@settings(max_examples=15, deadline=None)
def test_a_whole_weight_is_a_repetition(function, data):
    y_true, y_pred, weights = data
    repeated = quiet(function, np.repeat(y_true, weights), np.repeat(y_pred, weights))
    weighted = quiet(function, y_true, y_pred, sample_weight=weights)
    np.testing.assert_allclose(flat(repeated), flat(weighted), atol=1e-12)


@pytest.mark.parametrize("function", having("symmetric"))
@given(data=answers())
@settings(max_examples=15, deadline=None)
def test_truth_and_prediction_may_be_exchanged(function, data):
    y_true, y_pred, _ = data
    exchanged = quiet(function, y_pred, y_true)
    np.testing.assert_allclose(flat(exchanged), flat(quiet(function, y_true, y_pred)), atol=1e-12)


@given(data=answers())
def test_with_one_label_a_sample_micro_f1_is_the_accuracy(data):
    y_true, y_pred, weights = data
    accuracy = accuracy_score(y_true, y_pred, sample_weight=weights)
    assert f1_score(y_true, y_pred, average="micro", sample_weight=weights) == pytest.approx(accuracy)


def test_macro_f1_is_not_the_f1_of_macro_precision_and_recall():
    y_true, y_pred = [0, 0, 0, 1], [0, 1, 1, 1]
    p, r, f, _ = precision_recall_fscore_support(y_true, y_pred, average="macro")
    assert f == pytest.approx(0.5)
    assert 2 * p * r / (p + r) == pytest.approx(2 / 3)


# Errors and warnings, by their text


@pytest.mark.parametrize(
    "function, args, options, error, text",
    [
        (accuracy_score, ([0, 1], [0, 1, 1]), {}, ValueError, "inconsistent numbers of samples: .2, 3"),
        (accuracy_score, ([0, 1], [0.2, 0.9]), {}, ValueError, "mix of binary and continuous.*argmax"),
        (
            accuracy_score,
            ([0.5], [0.5]),
            {},
            ValueError,
            "continuous is not supported: targets must be class",
        ),
        (accuracy_score, (["a", "b"], [0, 1]), {}, TypeError, "should be of the same type. Got y_true=..a"),
        (accuracy_score, ([0, 1], [0, 1]), {"sample_weight": [[1], [2]]}, ValueError, r"1D.*got \(2, 1\)"),
        (f1_score, ([0, 1, 2], [0, 1, 1]), {}, ValueError, "Target is multiclass but average='binary'"),
        (f1_score, ([0, 2], [0, 2]), {}, ValueError, r"pos_label=1 is not a valid label.*\[0 2\]"),
        (f1_score, (Y_TRUE, Y_PRED), {"average": "mean"}, ValueError, "average has to be one of.*got 'mean'"),
        (accuracy_score, ([], []), {}, ValueError, "at least one sample; got none.*Did a filter"),
        (confusion_matrix, ([], []), {}, ValueError, "at least one sample; got none"),
        (f1_score, (Y_TRUE, Y_PRED), {"sample_weight": [0] * 10}, ValueError, "at least one non-zero number"),
        (accuracy_score, ([0, 1], [0, 1]), {"sample_weight": [1, np.nan]}, ValueError, "contains NaN"),
        (f1_score, (Y_TRUE, Y_PRED), {"zero_division": 0.5}, ValueError, "`zero_division` must be.*got 0.5"),
        (fbeta_score, (Y_TRUE, Y_PRED), {"beta": -1}, ValueError, "`beta` must be at least 0; got -1"),
        (confusion_matrix, (Y_TRUE, Y_PRED), {"labels": []}, ValueError, "at least one label"),
        (confusion_matrix, (Y_TRUE, Y_PRED), {"labels": [7]}, ValueError, r"must be in y_true; got \[7\]"),
        (
            confusion_matrix,
            (Y_TRUE, Y_PRED),
            {"normalize": "row"},
            ValueError,
            "`normalize` must be.*got 'row'",
        ),
        (confusion_matrix, ([[1, 0]], [[1, 1]]), {}, ValueError, "use multilabel_confusion_matrix"),
        (
            multilabel_confusion_matrix,
            (Y_TRUE, Y_PRED),
            {"samplewise": True},
            ValueError,
            "not available outside",
        ),
        (multilabel_confusion_matrix, ([[1, 0]], [[1, 1]]), {"labels": [5]}, ValueError, "Got 5 > 1"),
        (multilabel_confusion_matrix, ([[1, 0]], [[1, 1]]), {"labels": [-1]}, ValueError, "Got -1 < 0"),
        (accuracy_score, ([[1, 0]], [[1, 0, 1]]), {}, ValueError, "same number of labels; got 2 and 3"),
        (cohen_kappa_score, (Y_TRUE, Y_PRED), {"weights": "cubic"}, ValueError, "`weights` must be.*'cubic'"),
        (cohen_kappa_score, ([1, 2], [1, 2]), {"labels": [7]}, ValueError, r"present in `y1`; got \[7\]"),
        (
            classification_report,
            (Y_TRUE, Y_PRED),
            {"target_names": ["a"]},
            ValueError,
            "Number of classes, 2",
        ),
    ],
)
def test_impossible_arguments_are_refused(function, args, options, error, text):
    with pytest.raises(error, match=text):
        function(*args, **options)


@pytest.mark.parametrize(
    "function, args, options, text",
    [
        (
            precision_score,
            ([1, 0], [0, 0]),
            {},
            "Precision is ill-defined and being set to 0.0 due to no pred",
        ),
        (
            recall_score,
            ([0, 0], [1, 0]),
            {},
            "Recall is ill-defined and being set to 0.0 due to no true samples",
        ),
        (f1_score, ([0, 0], [0, 0]), {}, "F-score is ill-defined .* due to no true nor predicted samples"),
        (f1_score, (Y_TRUE, Y_PRED), {"pos_label": 0, "average": "macro"}, "pos_label .set to 0. is ignored"),
        (confusion_matrix, ([1, 1], [1, 1]), {}, "A single label was found"),
        (balanced_accuracy_score, ([0, 0], [0, 1]), {}, "y_pred contains classes not in y_true"),
        (cohen_kappa_score, ([1, 1], [1, 1]), {}, "only one label in common.*set to nan"),
        (classification_report, (Y_TRUE, Y_PRED), {"labels": [0, 1], "target_names": "a"}, "labels size, 2"),
    ],
)
def test_doubtful_results_warn(function, args, options, text):
    with pytest.warns(UserWarning, match=text):
        function(*args, **options)


def test_a_warning_points_at_the_line_of_the_caller():
    with pytest.warns(UndefinedMetricWarning) as caught:
        precision_score([1, 0], [0, 0])
    assert caught[0].filename == __file__
