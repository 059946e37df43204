"""A pytest plugin that puts our metrics in place of scikit-learn's, before its tests import them.

``SWAP_BUG`` plants one of the bugs below, so that the suite can be shown to notice it. At the end it prints
how many calls each of our functions received.
"""

import functools
import os
from collections import Counter

import sklearn.metrics
import sklearn.metrics._classification

from prevlib import metrics

CALLS = Counter()


def transposed_matrix(function):
    return lambda *args, **options: function(*args, **options).T


def macro_for_micro(function):
    def wrong(*args, **options):  # the default of `average` differs by function and must stay
        if options.get("average") == "micro":
            options["average"] = "macro"
        return function(*args, **options)

    return wrong


def ignored_weights(function):
    return lambda *args, sample_weight=None, **options: function(*args, **options)


BUGS = {
    "transposed_matrix": (transposed_matrix, ["confusion_matrix"]),
    "macro_for_micro": (macro_for_micro, ["precision_score", "precision_recall_fscore_support"]),
    "ignored_weights": (ignored_weights, ["accuracy_score", "multilabel_confusion_matrix"]),
}


def counted(name, function):
    @functools.wraps(function)
    def call(*args, **options):
        CALLS[name] += 1
        return function(*args, **options)

    return call


def pytest_configure(config):
    plant, planted = BUGS.get(os.environ.get("SWAP_BUG", ""), (None, []))
    for name in metrics.__all__:
        function = getattr(metrics, name)
        if name in planted:
            function = plant(function)
        replacement = counted(name, function)
        for module in (sklearn.metrics, sklearn.metrics._classification):
            setattr(module, name, replacement)


def pytest_terminal_summary(terminalreporter):
    for name in metrics.__all__:
        terminalreporter.write_line(f"foreign calls {name} {CALLS[name]}")
