"""Every metric against live scikit-learn on random calls: 200 of each in `make test`, 10,000 in `make slow`.

On each call the two must return the same values or raise the same kind of error, and give the same warnings;
where they do not, ``DIFFERENCES`` says why, and what ours does instead. A public metric without a row in
``random_calls.py`` fails the first test.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import sklearn.calibration
import sklearn.metrics
from hypothesis import HealthCheck, given, settings
from public_names import public_names
from random_calls import ROWS, calls

from prevlib import metrics

# Public names that scikit-learn does not have; their own files test them.
WITHOUT_COUNTERPART = {
    "Span",
    "distinct_n",
    "expected_calibration_error",
    "extract_spans",
    "reliability_bins",
    "repetition_rate",
    "self_bleu",
    "span_counts",
    "span_f1_of_counts",
    "span_f1_score",
    "span_report",
    "temperature_scale",
}


# Where the two may differ


class Difference(NamedTuple):
    reason: str
    metrics: tuple
    when: Callable  # of (y_true, answer, options)
    ours: str = ""  # what our error or warning says
    theirs: str = ""
    only_warnings: bool = False


def weight_of(y_true, options):
    w = options.get("sample_weight")
    return np.ones(len(y_true)) if w is None else w


def always(y_true, answer, options):
    return True


def no_weight(y_true, answer, options):
    return not weight_of(y_true, options).any()


def samples_without_weight(y_true, answer, options):
    return not weight_of(y_true, options).all()


def one_class_with_weight(y_true, answer, options):
    return len(np.unique(y_true[weight_of(y_true, options) != 0] == options.get("pos_label", 1))) == 1


def one_class(y_true, answer, options):
    return len(np.unique(y_true)) == 1


def two_columns_for_one_class(y_true, answer, options):
    return one_class(y_true, answer, options) and answer.shape[1:] == (2,)


NO_WEIGHT = "Sample weights must contain at least one non-zero number"
ONE_CLASS = "Only one class is present in y_true"
DIFFERENCES = (
    Difference(
        "weights that are all 0 are refused; there some averages come out as 0 or nan, or divide by 0",
        ("average_precision_score", "roc_auc_score"),
        no_weight,
        ours=NO_WEIGHT,
    ),
    Difference(
        "two columns for two classes are refused whether or not both occur; there it is nan if one does not",
        ("roc_auc_score",),
        two_columns_for_one_class,
        ours="`y_score` must be one score a sample",
    ),
    Difference(
        "a class without weight gives nan also up to a `max_fpr`; there it stumbles over its nan",
        ("roc_auc_score",),
        samples_without_weight,
        ours=ONE_CLASS,
        theirs="At least 2 points are needed",
    ),
    Difference(
        "a class without weight is said not to occur; there it is said to have no samples",
        ("roc_auc_score",),
        samples_without_weight,
        ours=ONE_CLASS,
        theirs="No (negative|positive) samples in y_true",
        only_warnings=True,
    ),
    Difference(
        "a curve without one of the two classes is refused whatever the cause; there it may be nan",
        ("det_curve",),
        one_class_with_weight,
        ours=ONE_CLASS,
        theirs="invalid value encountered in divide",
    ),
    Difference(
        "a single class makes no pairs: nan, with a warning; there numpy's warning, or a division by 0",
        ("roc_auc_score",),
        one_class,
        ours="there are no pairs of classes",
    ),
    Difference(
        "no word about the shape of a confusion matrix that is not returned",
        ("balanced_accuracy_score", "cohen_kappa_score", "matthews_corrcoef"),
        always,
        theirs="A single label was found",
        only_warnings=True,
    ),
    Difference(
        "that kappa is undefined is said in fewer words",
        ("cohen_kappa_score",),
        always,
        ours="is undefined and set to",
        theirs="is undefined and set to the value defined by",
        only_warnings=True,
    ),
)

# What came of a call


class Outcome(NamedTuple):
    value: object
    error: Exception | None
    warnings: set[str]


def outcome(function, args, options):
    value = error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = function(*args, **options)
        except Exception as problem:
            error = problem
    return Outcome(value, error, {f"{w.category.__name__}: {w.message}" for w in caught})


def flat(value):
    """The value as a list of words and numbers, with shapes; a support may be printed as 3 or 3.0."""
    if isinstance(value, dict):
        return [part for key, item in value.items() for part in [key, *flat(item)]]
    if isinstance(value, str):
        return [float(word) if re.fullmatch(r"[\d.]+", word) else word for word in value.split()]
    if isinstance(value, tuple):
        return [part for item in value for part in flat(item)]
    return [np.shape(value), *np.ravel(value).tolist()]


def alike(a, b):
    if isinstance(a, float | int) and isinstance(b, float | int):
        return np.isclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
    return a == b


def same_value(ours, theirs):
    if ours.error or theirs.error:
        return ours.error is not None and isinstance(theirs.error, type(ours.error))
    a, b = flat(ours.value), flat(theirs.value)
    return len(a) == len(b) and all(map(alike, a, b))


def oracle(name):
    return getattr(sklearn.metrics, name, None) or getattr(sklearn.calibration, name)


def verdict(name, args, options):
    """Whether both returned a value, or both raised an error, or for which reason they differ."""
    ours = outcome(getattr(metrics, name), args, options)
    theirs = outcome(oracle(name), args, options)
    equal = same_value(ours, theirs)
    if equal and (ours.error or ours.warnings == theirs.warnings):
        return "errors" if ours.error else "values"
    for known in DIFFERENCES:
        said = re.search(known.ours, str(ours)) and re.search(known.theirs, str(theirs))
        if name in known.metrics and said and known.when(*args, options) and equal >= known.only_warnings:
            return known.reason
    raise AssertionError(f"{name}{args} with {options}:\nours {ours}\ntheirs {theirs}")


def compare(name, n_calls):
    """How often each verdict was reached."""
    verdicts = Counter()

    @settings(max_examples=n_calls, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(call=calls(name))
    def compare_one(call):
        verdicts[verdict(name, *call)] += 1

    compare_one()
    assert verdicts.total() >= n_calls
    assert verdicts["values"] > n_calls / 4  # that all fail alike would prove little
    return verdicts


def test_every_metric_is_registered():
    assert set(ROWS) | WITHOUT_COUNTERPART == set(public_names(metrics))
    for name in WITHOUT_COUNTERPART:
        assert not hasattr(sklearn.metrics, name) and not hasattr(sklearn.calibration, name)


@pytest.mark.parametrize("name", ROWS)
def test_two_hundred_calls_equal_sklearns(name):
    compare(name, 200)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_ten_thousand_calls_equal_sklearns(name, capsys):
    verdicts = compare(name, 10_000)
    with capsys.disabled():
        print(f"\n{name}, {verdicts.total():,} random calls:")
        print("\n".join(f"{n:7,} {reason}" for reason, n in verdicts.most_common()))
