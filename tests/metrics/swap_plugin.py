"""A pytest plugin that puts our metrics in place of scikit-learn's, before its tests import them.

``SWAP_SUITE`` says which of the suites below is run. At the end the plugin prints how many calls each of our
functions received. Then it plants one bug after the other and runs the tests again, each time until one
fails: that shows that the suite would notice. All in one process, because the imports take longest.
"""

import functools
import os
import re
from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
import sklearn.metrics
import sklearn.metrics._classification
import sklearn.metrics._ranking
from _pytest.runner import runtestprotocol
from public_names import public_names

from prevlib import metrics

CALLS = Counter()
PLANTED = {}  # wrong functions by name
LINES = pytest.StashKey[list]()


class Bug(NamedTuple):
    plant: Callable  # turns a right function into a wrong one
    functions: list[str]
    concerns: str = ""  # a pattern in the names of the tests to run again


class Suite(NamedTuple):
    tests: str
    n_tests: int  # at least so many must pass
    names: list[str]  # of the functions to swap
    theirs: ModuleType  # where they are defined there
    bugs: dict[str, Bug]
    deselected: dict[str, str]  # the one list of tests left out, each with its reason


def transposed_matrix(function):
    return lambda *args, **options: function(*args, **options).T


def ignored_weights(function):
    return lambda *args, sample_weight=None, **options: function(*args, **options)


def ties_by_order(function):
    def wrong(y_true, y_score, **options):
        if np.ndim(y_score) == 1:  # ranks: of equal scores, the first one is the lowest
            y_score = np.argsort(np.argsort(y_score, kind="stable"))
        return function(y_true, y_score, **options)

    return wrong


def one_option_for_another(option, value, other):
    def plant(function):
        def wrong(*args, **options):  # defaults differ by function and must stay
            if options.get(option) == value:
                options[option] = other
            return function(*args, **options)

        return wrong

    return plant


SUITES = {
    "classification": Suite(
        "sklearn.metrics.tests.test_classification",
        250,
        [*public_names(metrics.classification), "brier_score_loss", "log_loss"],
        sklearn.metrics._classification,
        {
            "transposed_matrix": Bug(transposed_matrix, ["confusion_matrix"]),
            "macro_for_micro": Bug(
                one_option_for_another("average", "micro", "macro"),
                ["precision_score", "precision_recall_fscore_support"],
            ),
            "ignored_weights": Bug(ignored_weights, ["accuracy_score", "multilabel_confusion_matrix"]),
        },
        {},
    ),
    "ranking": Suite(
        "sklearn.metrics.tests.test_ranking",
        240,
        public_names(metrics.ranking),
        sklearn.metrics._ranking,
        {
            "ties_by_order": Bug(ties_by_order, ["roc_auc_score", "det_curve"], "toydata|tie"),
            "ignored_weights": Bug(ignored_weights, ["roc_curve"], "weight"),
            "ovr_for_ovo": Bug(one_option_for_another("multi_class", "ovo", "ovr"), ["roc_auc_score"], "ovo"),
            "macro_for_weighted": Bug(
                one_option_for_another("average", "weighted", "macro"), ["average_precision_score"], "toydata"
            ),
        },
        {},
    ),
}


def counted(name, function):
    @functools.wraps(function)
    def call(*args, **options):
        CALLS[name] += 1
        return PLANTED.get(name, function)(*args, **options)

    return call


def pytest_configure(config):
    suite = SUITES[os.environ["SWAP_SUITE"]]
    for name in suite.names:
        replacement = counted(name, getattr(metrics, name))
        for module in (sklearn.metrics, suite.theirs):
            setattr(module, name, replacement)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    result = yield
    suite = SUITES[os.environ["SWAP_SUITE"]]
    lines = [f"foreign calls {name} {CALLS[name]}" for name in suite.names]
    for bug_name, bug in suite.bugs.items():
        PLANTED.update({name: bug.plant(getattr(metrics, name)) for name in bug.functions})
        again = (item for item in session.items if re.search(bug.concerns, item.name))
        fails = (item.name for item in again if any(r.failed for r in runtestprotocol(item, log=False)))
        lines.append(f"planted {bug_name}: noticed by {next(fails, 'no test')}")
        PLANTED.clear()
    session.config.stash[LINES] = lines
    return result


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(LINES, []):
        terminalreporter.write_line(line)
