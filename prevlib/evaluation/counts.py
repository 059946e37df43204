"""Metrics of many confusion matrices at once, so that thousands of resamples take no loop.

A sample enters accuracy, F1 and their relatives only through its true and its predicted class. So a resample
of n samples is a draw of n *cells* of the confusion matrix, and instead of the samples the counts of the
cells are drawn. What is left is the metric of a stack of count matrices, which this file writes in a form
that takes any leading axes. The tests hold it against ``prevlib.metrics``, value by value.

Used by ``uncertainty.py`` and ``comparison.py``. Left out: metrics of scores, such as the area under a curve,
which depend on more than the counts; they are resampled sample by sample.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from prevlib import metrics

Metric = Callable[..., float]


def accuracy(counts: np.ndarray) -> np.ndarray:
    return _diagonal(counts).sum(-1) / counts.sum((-1, -2))


def balanced_accuracy(counts: np.ndarray) -> np.ndarray:
    of_class = counts.sum(-1)
    recall = _divide(_diagonal(counts), of_class)
    return _divide(recall.sum(-1), (of_class > 0).sum(-1))  # classes that do not occur have no recall


def f_score(counts: np.ndarray, average: str, positive: int | None, beta: float) -> np.ndarray:
    """Precision for ``beta`` 0, recall for inf, F-beta between; 0/0 is 0."""
    tp, of_class, called = _diagonal(counts), counts.sum(-1), counts.sum(-2)
    if average == "binary":
        tp, of_class, called = (part[..., [positive]] for part in (tp, of_class, called))
    elif average == "micro":
        tp, of_class, called = (part.sum(-1, keepdims=True) for part in (tp, of_class, called))
    if np.isinf(beta):
        scores = _divide(tp, of_class)
    else:
        scores = _divide((1 + beta**2) * tp, beta**2 * of_class + called)
    if average == "weighted":
        return _divide((scores * of_class).sum(-1), of_class.sum(-1))
    if average == "macro":  # over the classes that occur, true or predicted, as on the samples themselves
        return _divide(scores.sum(-1), (of_class + called > 0).sum(-1))
    return scores[..., 0]


def matthews(counts: np.ndarray) -> np.ndarray:
    of_class, called, n = counts.sum(-1), counts.sum(-2), counts.sum((-1, -2))
    covariance = _diagonal(counts).sum(-1) * n - (of_class * called).sum(-1)
    spreads = (n**2 - (of_class**2).sum(-1)) * (n**2 - (called**2).sum(-1))
    return _divide(covariance, np.sqrt(spreads))


def kappa(counts: np.ndarray) -> np.ndarray:
    n = counts.sum((-1, -2))
    by_chance = (counts.sum(-1) * counts.sum(-2)).sum(-1) / n
    # With one class in both, agreement is certain and says nothing.
    return _divide(_diagonal(counts).sum(-1) - by_chance, n - by_chance, undefined=np.nan)


def from_counts(metric: Metric, classes: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
    """The metric as a function of counts (..., n_classes, n_classes), or None if it is not known as one.

    Args:
        metric: A function of ``prevlib.metrics``, or a ``functools.partial`` of one.
        classes: The classes in the order of the counts.
    """
    options = {}
    while isinstance(metric, partial):
        if metric.args:
            return None
        metric, options = metric.func, metric.keywords | options
    if not options:
        simple = {
            metrics.accuracy_score: accuracy,
            metrics.balanced_accuracy_score: balanced_accuracy,
            metrics.matthews_corrcoef: matthews,
            metrics.cohen_kappa_score: kappa,
        }
        if metric in simple:
            return lambda counts: simple[metric](counts.astype(float))
    betas = {metrics.precision_score: 0.0, metrics.recall_score: np.inf, metrics.f1_score: 1.0}
    if metric is metrics.fbeta_score:
        betas[metric] = options.pop("beta", None)
    known = set(options) <= {"average", "pos_label", "zero_division"}
    if metric not in betas or not known or options.get("zero_division", "warn") not in ("warn", 0):
        return None
    average, positive = options.get("average", "binary"), None
    if average == "binary":
        positive = np.flatnonzero(classes == options.get("pos_label", 1))
        if len(classes) > 2 or len(positive) != 1:
            return None  # the metric itself says what is wrong
        positive = int(positive[0])
    elif average not in ("micro", "macro", "weighted"):
        return None
    beta = betas[metric]
    return lambda counts: f_score(counts.astype(float), average, positive, beta)


def _diagonal(counts: np.ndarray) -> np.ndarray:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _divide(numerator: np.ndarray, denominator: np.ndarray, undefined: float = 0.0) -> np.ndarray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    out = np.full(numerator.shape, undefined, dtype=float)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)
