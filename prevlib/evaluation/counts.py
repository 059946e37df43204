"""Metrics of many confusion matrices at once, so that thousands of resamples take no loop.

A sample enters accuracy, F1 and their relatives only through its true and its predicted class. So a resample
of n samples is a draw of n *cells* of the confusion matrix, and instead of the samples the counts of the
cells are drawn. What is left is the metric of a stack of count matrices, which this file writes in a form
that takes any leading axes. The tests hold it against ``prevlib.metrics``, value by value. The area under the
ROC curve needs more than the cells, but only how often each sample was drawn.

Where the metric itself would warn of 0/0, the value is nan here: 0 would be a score that nobody measured.

Used by ``uncertainty.py`` and ``comparison.py``. Left out: all other metrics of scores, which are resampled
sample by sample.
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


def f_score(
    counts: np.ndarray, average: str, positive: int | None, beta: float, undefined: float = np.nan
) -> np.ndarray:
    """Precision for ``beta`` 0, recall for inf, F-beta between; 0/0 is ``undefined``."""
    tp, of_class, called = _diagonal(counts), counts.sum(-1), counts.sum(-2)
    if average == "binary":
        tp, of_class, called = (part[..., [positive]] for part in (tp, of_class, called))
    elif average == "micro":
        tp, of_class, called = (part.sum(-1, keepdims=True) for part in (tp, of_class, called))
    if np.isinf(beta):
        scores = _divide(tp, of_class, undefined)
    else:
        scores = _divide((1 + beta**2) * tp, beta**2 * of_class + called, undefined)
    if average in ("binary", "micro"):
        return scores[..., 0]
    occurs = of_class + called > 0  # as on the samples themselves, where other classes are not seen
    weights = of_class if average == "weighted" else occurs
    return (np.where(occurs, scores, 0) * weights).sum(-1) / weights.sum(-1)


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
    metric, options = _parts(metric)
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
    undefined = 0.0 if options.get("zero_division") == 0 else np.nan
    return lambda counts: f_score(counts.astype(float), average, positive, betas[metric], undefined)


def from_weights(
    metric: Metric, y_true: np.ndarray, y_score: np.ndarray
) -> Callable[[np.ndarray], np.ndarray] | None:
    """The metric as a function of how often each sample counts, (..., n_samples), or None as above.

    Args:
        metric: ``roc_auc_score`` without options, of two classes; none other is known so far.
        y_true, y_score: Labels and scores, shape (n_samples,).
    """
    if metric is not metrics.roc_auc_score or len(classes := np.unique(y_true)) != 2:
        return None
    positive = y_true == classes[1]
    order = np.argsort(y_score)
    starts = np.flatnonzero(np.diff(y_score[order], prepend=np.nan))  # of runs of equal scores

    def area(weights: np.ndarray) -> np.ndarray:
        weights = weights[..., order].astype(float)
        positives = np.add.reduceat(weights * positive[order], starts, axis=-1)
        negatives = np.add.reduceat(weights * ~positive[order], starts, axis=-1)
        below = negatives.cumsum(-1) - negatives / 2
        return _divide((positives * below).sum(-1), positives.sum(-1) * negatives.sum(-1), np.nan)

    return area


def few_of_a_class(metric: Metric, y_true: np.ndarray, least: int) -> dict:
    """The classes that a metric scores by themselves and of which there are too few.

    Args:
        metric: As for ``from_counts``; accuracy, micro and weighted averages, and metrics that are not known,
            score no class by itself.
        y_true: Labels, shape (n_samples,).
        least: How many samples of a class are enough.
    Returns:
        Class -> number of its samples.
    """
    metric, options = _parts(metric)
    of_class = {metrics.precision_score, metrics.recall_score, metrics.f1_score, metrics.fbeta_score}
    of_all = {metrics.balanced_accuracy_score, metrics.matthews_corrcoef}
    of_all |= {metrics.roc_auc_score, metrics.average_precision_score}
    average = options.get("average", "binary")
    if y_true.ndim > 1 or metric not in of_class | of_all or average in ("micro", "weighted"):
        return {}
    sizes = dict(zip(*(part.tolist() for part in np.unique(y_true, return_counts=True)), strict=True))
    if metric in of_class and average == "binary":
        positive = options.get("pos_label", 1)
        sizes = {positive: sizes.get(positive, 0)}
    return {name: size for name, size in sizes.items() if size < least}


def _parts(metric: Metric) -> tuple[Metric | None, dict]:
    """The function inside of partials, and its options; None if arguments by position are bound."""
    options = {}
    while isinstance(metric, partial):
        if metric.args:
            return None, options
        metric, options = metric.func, metric.keywords | options
    return metric, options


def _diagonal(counts: np.ndarray) -> np.ndarray:
    return np.diagonal(counts, axis1=-2, axis2=-1)


def _divide(numerator: np.ndarray, denominator: np.ndarray, undefined: float = 0.0) -> np.ndarray:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    out = np.full(numerator.shape, undefined, dtype=float)
    return np.divide(numerator, denominator, out=out, where=denominator != 0)
