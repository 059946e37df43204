"""Random calls of every metric: one row a metric says what it scores and which options it takes.

Few classes or many, some of which do not occur, names and numbers, ties, weights of 0, a single sample or a
single class, any options. Most calls have a value, some are refused.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import sklearn.calibration
import sklearn.metrics
from hypothesis import strategies as st

# What is scored: strategies of (y_true, y_pred or y_score), given the classes and the number of samples


def some(choices, *shape):
    """An array of the choices. One draw of bytes is many times faster than one draw for each element."""
    n_bytes, choices = int(np.prod(shape)), np.array(choices)
    places = st.binary(min_size=n_bytes, max_size=n_bytes).map(lambda b: np.frombuffer(b, np.uint8))
    return places.map(lambda places: choices[places % len(choices)].reshape(shape))


FEW = [-1, 0, 1, 2]  # so that many are tied
MANY = [*np.linspace(-5, 5, 240), 1e-300, -1e-300, 1e300, -1e300, 1 - 1e-16, 0.1 + 0.2, 0.3]


def labels(classes, n):
    return st.tuples(some(classes, n), some(classes, n))


def several_labels(classes, n):
    return st.tuples(some([0, 1], n, len(classes)), some([0, 1], n, len(classes)))


def scores(classes, n):
    return st.tuples(some(classes, n), some(FEW, n) | some(MANY, n))


def several_scores(classes, n):
    k = len(classes)
    return st.tuples(some([0, 1], n, k), some(FEW, n, k) | some(MANY, n, k))


def probability(classes, n):
    return st.tuples(some(classes, n), some([0, 0.1, 0.25, 0.5, 0.9, 1], n) | some(np.linspace(0, 1, 251), n))


def probabilities(classes, n):
    parts = some([0, 1e-300, 1, 2], n, len(classes)) | some(np.linspace(0, 1, 251), n, len(classes))
    rows = parts.map(lambda x: np.where(x.any(axis=1, keepdims=True), x, 1))
    return st.tuples(some(classes, n), rows.map(lambda x: x / x.sum(axis=1, keepdims=True)))


# What else may be passed


def whole_weights(classes, n):
    return st.none() | some([0, 1, 2, 3], n)


def weights(classes, n):
    return whole_weights(classes, n) | some([0, 0.1, 1 / 3, 0.7, 2.5], n)


def one_class(classes, n):
    return st.sampled_from(classes)


def some_classes(classes, n):
    unknown = "dog" if isinstance(classes[0], str) else 9
    return st.none() | st.lists(st.sampled_from([*classes, unknown]), min_size=1, max_size=4, unique=True)


def all_classes(classes, n):
    return st.just(list(classes))


def their_names(classes, n):
    return st.just([f"the {name}" for name in classes])


TWO = ((0, 1), (-1, 1), (3, 5), ("no", "yes"))
MORE = ((0, 1, 2), ("ant", "bee", "cow"), (0, 1, 2, 3, 4))
ANY = (*TWO, *MORE)
FROM_0 = ((0, 1), (0, 1, 2), (0, 1, 2, 3, 4))
BOOL = st.booleans()
AVERAGE = st.sampled_from([None, "micro", "macro", "weighted", "samples"])
ZERO_DIVISION = st.sampled_from([0, 1, np.nan, "warn"])
WEIGHTS = {"sample_weight": weights}
FRACTION = WEIGHTS | {
    "labels": some_classes,
    "average": st.sampled_from(["binary", None, "micro", "macro", "weighted", "samples"]),
    "pos_label": one_class,
    "zero_division": ZERO_DIVISION,
}
CURVE = WEIGHTS | {"pos_label": one_class, "drop_intermediate": BOOL}
BETA = st.sampled_from([0, 0.5, 1, 2, np.inf])


class Row(NamedTuple):
    scored: dict[Callable, tuple]  # what is scored, and the classes that it may have
    options: dict
    required: tuple = ()
    module: object = sklearn.metrics


ONE_OR_SEVERAL = {labels: ANY, several_labels: FROM_0}
ROWS = {
    "accuracy_score": Row(ONE_OR_SEVERAL, WEIGHTS | {"normalize": BOOL}),
    "average_precision_score": Row(
        {scores: TWO, probabilities: MORE[:2], several_scores: FROM_0},
        WEIGHTS | {"average": AVERAGE, "pos_label": one_class},
    ),
    "balanced_accuracy_score": Row({labels: ANY}, WEIGHTS | {"adjusted": BOOL}),
    "brier_score_loss": Row(
        {probability: TWO, probabilities: ANY},
        WEIGHTS | {"pos_label": one_class, "labels": all_classes, "scale_by_half": BOOL | st.just("auto")},
    ),
    "calibration_curve": Row(
        {probability: TWO},
        {
            "pos_label": one_class,
            "n_bins": st.integers(1, 6),
            "strategy": st.sampled_from(["uniform", "quantile"]),
        },
        required=("pos_label",),
        module=sklearn.calibration,
    ),
    "classification_report": Row(
        ONE_OR_SEVERAL,
        {
            "sample_weight": whole_weights,  # the text of other sums may be rounded either way
            "labels": some_classes,
            "target_names": their_names,
            "digits": st.integers(0, 4),
            "output_dict": BOOL,
            "zero_division": ZERO_DIVISION,
        },
    ),
    "cohen_kappa_score": Row(
        {labels: ANY},
        WEIGHTS
        | {
            "labels": some_classes,
            "weights": st.sampled_from([None, "linear", "quadratic"]),
            "replace_undefined_by": st.just(0.5),
        },
    ),
    "confusion_matrix": Row(
        {labels: ANY},
        WEIGHTS | {"labels": some_classes, "normalize": st.sampled_from([None, "true", "pred", "all"])},
    ),
    "det_curve": Row({scores: ANY}, CURVE, required=("pos_label",)),
    "f1_score": Row(ONE_OR_SEVERAL, FRACTION, required=("average",)),
    "fbeta_score": Row(ONE_OR_SEVERAL, FRACTION | {"beta": BETA}, required=("average", "beta")),
    "log_loss": Row(
        {probability: TWO, probabilities: ANY}, WEIGHTS | {"labels": all_classes, "normalize": BOOL}
    ),
    "matthews_corrcoef": Row({labels: ANY}, WEIGHTS),
    "multilabel_confusion_matrix": Row(
        ONE_OR_SEVERAL, WEIGHTS | {"labels": some_classes, "samplewise": BOOL}
    ),
    "precision_recall_curve": Row({scores: ANY}, CURVE, required=("pos_label",)),
    "precision_recall_fscore_support": Row(ONE_OR_SEVERAL, FRACTION | {"beta": BETA}, required=("average",)),
    "precision_score": Row(ONE_OR_SEVERAL, FRACTION, required=("average",)),
    "recall_score": Row(ONE_OR_SEVERAL, FRACTION, required=("average",)),
    "roc_auc_score": Row(
        {scores: TWO, probabilities: (*MORE, (0, 1)), several_scores: FROM_0},
        WEIGHTS
        | {
            "average": AVERAGE,
            "max_fpr": st.sampled_from([None, 0.2, 0.5, 1]),
            "multi_class": st.sampled_from(["ovr", "ovo"]),
            "labels": all_classes,
        },
    ),
    "roc_curve": Row({scores: ANY}, CURVE, required=("pos_label",)),
}


@functools.cache  # making strategies takes longer than drawing from them
def calls_of_size(name, scored, classes, n):
    row = ROWS[name]
    options = {key: o(classes, n) if callable(o) else o for key, o in row.options.items()}
    required = {key: options.pop(key) for key in row.required}
    return st.tuples(scored(classes, n), st.fixed_dictionaries(required, optional=options))


def calls(name):
    """Strategy of ((y_true, y_pred or y_score), options)."""
    kinds = [(scored, classes) for scored, among in ROWS[name].scored.items() for classes in among]
    sizes = st.tuples(st.sampled_from(kinds), st.integers(1, 12))
    return sizes.flatmap(lambda size: calls_of_size(name, *size[0], size[1]))
