"""Random calls of every metric: its rows say what it scores, of which classes, and with which options.

Few classes or many, some of which do not occur, names and numbers, ties, weights of 0, a single sample or a
single class. Most calls have a value; some are refused, because nothing keeps the options from clashing.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
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


def known_classes(classes, n):
    return st.none() | st.lists(st.sampled_from(classes), min_size=1, max_size=4, unique=True)


def all_classes(classes, n):
    return st.just(list(classes))


def their_names(classes, n):
    return st.just([f"the {name}" for name in classes])


TWO = ((0, 1), (-1, 1), (3, 5), ("no", "yes"))
MORE = ((0, 1, 2), ("ant", "bee", "cow"), (0, 1, 2, 3, 4))
ANY = (*TWO, *MORE)
FROM_0 = ((0, 1), (0, 1, 2), (0, 1, 2, 3, 4))
BOOL = st.booleans()
AVERAGES = [None, "micro", "macro", "weighted", "samples"]
SCORED = {"sample_weight": weights}
DIVIDED = SCORED | {"zero_division": st.sampled_from([0, 1, np.nan, "warn"])}


class Row(NamedTuple):
    scored: Callable
    among: tuple  # the classes that it may have
    options: dict  # strategies, or functions of the classes and the number of samples that make one
    required: tuple = ()


def fractions(**more):
    """Precision and its relatives: of one class, of many, of several labels a sample, and anything at all."""
    average, required = st.sampled_from(["binary", *AVERAGES]), ("average", *more)
    of_classes = {"average": st.sampled_from(AVERAGES[:-1]), "labels": some_classes}
    of_columns = {"average": st.sampled_from(AVERAGES), "labels": known_classes}
    of_one = {"average": st.just("binary"), "pos_label": one_class}
    return (
        Row(labels, ANY, DIVIDED | more | of_classes, required),
        Row(labels, TWO, DIVIDED | more | of_one, (*required, "pos_label")),
        Row(several_labels, FROM_0, DIVIDED | more | of_columns, required),
        Row(labels, ANY, DIVIDED | more | of_classes | of_one | {"average": average}, tuple(more)),
    )


def curves():
    options = SCORED | {"drop_intermediate": BOOL, "pos_label": one_class}
    return Row(scores, TWO, options, ("pos_label",)), Row(scores, ANY, options)


BETA = st.sampled_from([0, 0.5, 1, 2, np.inf])
REPORT = {
    "sample_weight": whole_weights,  # the text of other sums may be rounded either way
    "target_names": their_names,
    "digits": st.integers(0, 4),
    "output_dict": BOOL,
    "zero_division": DIVIDED["zero_division"],
}
PROBABILITY = SCORED | {"labels": all_classes}
HALVES = {"scale_by_half": BOOL | st.just("auto"), "pos_label": one_class}
UP_TO = {"max_fpr": st.sampled_from([None, 0.2, 0.5, 1])}
OVR = {"multi_class": st.just("ovr"), "average": st.sampled_from(AVERAGES[:-1]), "labels": all_classes}
OVO = {
    "multi_class": st.just("ovo"),
    "average": st.sampled_from(["macro", "weighted"]),
    "labels": all_classes,
}
ROWS = {
    "accuracy_score": (
        Row(labels, ANY, SCORED | {"normalize": BOOL}),
        Row(several_labels, FROM_0, SCORED | {"normalize": BOOL}),
    ),
    "average_precision_score": (
        Row(scores, TWO, SCORED | {"pos_label": one_class}, ("pos_label",)),
        Row(several_scores, FROM_0, SCORED | {"average": st.sampled_from(AVERAGES)}),
        Row(probabilities, MORE[:2], SCORED | {"average": st.sampled_from(AVERAGES)}, ("average",)),
        Row(probabilities, ANY, SCORED | {"pos_label": one_class}),
    ),
    "balanced_accuracy_score": (Row(labels, ANY, SCORED | {"adjusted": BOOL}),),
    "brier_score_loss": (
        Row(probability, TWO, PROBABILITY | HALVES, ("pos_label",)),
        Row(probabilities, ANY, PROBABILITY | HALVES),
    ),
    "calibration_curve": (
        Row(
            probability,
            TWO,
            {
                "n_bins": st.integers(1, 6),
                "strategy": st.sampled_from(["uniform", "quantile"]),
                "pos_label": one_class,
            },
            ("pos_label",),
        ),
    ),
    "classification_report": (
        Row(labels, ANY, REPORT | {"labels": some_classes}),
        Row(several_labels, FROM_0, REPORT | {"labels": known_classes}),
    ),
    "cohen_kappa_score": (
        Row(
            labels,
            ANY,
            SCORED
            | {
                "labels": some_classes,
                "weights": st.sampled_from([None, "linear", "quadratic"]),
                "replace_undefined_by": st.just(0.5),
            },
        ),
    ),
    "confusion_matrix": (
        Row(
            labels,
            ANY,
            SCORED | {"labels": some_classes, "normalize": st.sampled_from([None, "true", "pred", "all"])},
        ),
    ),
    "det_curve": curves(),
    "f1_score": fractions(),
    "fbeta_score": fractions(beta=BETA),
    "log_loss": (
        Row(probability, TWO, PROBABILITY | {"normalize": BOOL}),
        Row(probabilities, ANY, PROBABILITY | {"normalize": BOOL}),
    ),
    "matthews_corrcoef": (Row(labels, ANY, SCORED),),
    "multilabel_confusion_matrix": (
        Row(labels, ANY, SCORED | {"labels": some_classes}),
        Row(several_labels, FROM_0, SCORED | {"labels": known_classes, "samplewise": BOOL}),
        Row(labels, ANY, SCORED | {"samplewise": BOOL}),
    ),
    "precision_recall_curve": curves(),
    "precision_recall_fscore_support": fractions(beta=BETA),
    "precision_score": fractions(),
    "recall_score": fractions(),
    "roc_auc_score": (
        Row(scores, TWO, SCORED | UP_TO),
        Row(several_scores, FROM_0, SCORED | UP_TO | {"average": st.sampled_from(AVERAGES)}),
        Row(probabilities, MORE, SCORED | OVR, tuple(OVR)),
        Row(probabilities, MORE, OVO, tuple(OVO)),
        Row(
            probabilities,
            (*MORE, (0, 1)),
            SCORED | UP_TO | OVR | {"multi_class": st.sampled_from(["ovr", "ovo"])},
        ),
    ),
    "roc_curve": curves(),
}


@functools.cache  # making strategies takes longer than drawing from them
def calls_of_size(name, row, classes, n):
    row = ROWS[name][row]
    options = {key: o(classes, n) if callable(o) else o for key, o in row.options.items()}
    required = {key: options.pop(key) for key in row.required}
    return st.tuples(row.scored(classes, n), st.fixed_dictionaries(required, optional=options))


def calls(name):
    """Strategy of ((y_true, y_pred or y_score), options)."""
    rows = [st.tuples(st.just(i), st.sampled_from(row.among)) for i, row in enumerate(ROWS[name])]
    sizes = st.tuples(st.one_of(rows), st.integers(1, 12))
    return sizes.flatmap(lambda size: calls_of_size(name, *size[0], size[1]))
