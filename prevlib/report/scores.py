"""From predictions to everything that can be said about them: scores, slices, calibration, errors.

Nothing here is new; it is the whole course in one place. Each score has its interval and stands beside two
others: that of saying always the same, and that of a model too simple to know any language. The difference
to the latter is tested in pairs. Where rows belong together, groups are resampled, not rows.

Used by ``run.py`` and notebook 21. Left out: the model (``run.py``) and the words (``card.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import log_softmax, softmax

from prevlib.evaluation.behaviour import BehaviourResult
from prevlib.evaluation.comparison import Difference, paired_bootstrap_test
from prevlib.evaluation.slices import score_slices
from prevlib.evaluation.uncertainty import Interval, bootstrap_interval, wilson_interval
from prevlib.metrics import (
    accuracy_score,
    confusion_matrix,
    expected_calibration_error,
    extract_spans,
    f1_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
    reliability_bins,
    span_counts,
    span_f1_of_counts,
    span_report,
    temperature_scale,
)
from prevlib.report.task import Task

N_BINS = 10
N_RESAMPLES = 2000
MIN_GROUPS = 10  # of a slice that is scored
CONSTANT, LINEAR, LOOKUP = "always the same", "linear model of words", "each word's usual tag"


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word, before and after temperature scaling."""

    bins: pd.DataFrame  # one row a bin of confidence: n, confidence, share_right, low, high
    confidence: float  # mean
    error: float  # expected calibration error of the predicted label
    log_loss: float  # nats
    temperature: float | None = None  # fitted on the validation rows
    error_after: float | None = None
    log_loss_after: float | None = None
    remark: str = ""  # why there is no temperature


@dataclass(frozen=True)
class Scores:
    """What predictions are worth on the test rows of a task."""

    metrics: dict[str, Interval]  # the first is the main one
    baselines: dict[str, dict[str, Interval]]  # name of a simpler model -> its metrics
    gain: Difference | None  # main metric minus that of the last baseline, on the same rows
    per_class: pd.DataFrame  # precision, recall, f1-score, low, high, support
    confusion: np.ndarray | None  # rows are true
    errors: pd.DataFrame  # wrong rows; of texts, the surest first
    slices: pd.DataFrame
    calibration: Calibration | None


@dataclass(frozen=True)
class Evaluation:
    """All that a report is made of."""

    task: Task
    model: Mapping  # as from ``describe_checkpoint``, and how it was trained
    scores: Scores
    behaviour: BehaviourResult | None = None
    cost: Mapping | None = None


def score_texts(
    task: Task,
    logits: ArrayLike,
    validation_logits: ArrayLike | None = None,
    *,
    baseline: ArrayLike | None = None,
) -> Scores:
    """Score a classifier of texts.

    Args:
        task: Its test rows are those that were predicted.
        logits: Of the test rows, shape (n_test, n_labels).
        validation_logits: Of the validation rows; None leaves the temperature out.
        baseline: Classes that a simpler model predicted for the test rows, shape (n_test,).
    Returns:
        Metrics with intervals, by class and by slice, the baseline's, the gain over it, and calibration.
    Raises:
        ValueError: If the shapes do not fit the task.
    """
    logits = np.asarray(logits, dtype=float)
    expected = (len(task.test.texts), len(task.label_names))
    if logits.shape != expected:
        raise ValueError(
            f"`logits` must have a row for each test text and a column for each label, {expected}; "
            f"got {logits.shape}. Predict task.test.texts."
        )
    y_true, y_pred = np.array(task.test.labels), logits.argmax(axis=1)
    losses = -log_softmax(logits, axis=1)[np.arange(len(y_true)), y_true]
    mean_loss = _interval(task, lambda _, values: values.mean(), losses, losses, method="percentile")
    most_frequent = np.full(len(y_true), np.bincount(task.train.labels or y_true).argmax())
    baselines = {CONSTANT: most_frequent} | ({} if baseline is None else {LINEAR: np.asarray(baseline)})
    return Scores(
        metrics=_label_metrics(task, y_true, y_pred) | {"log loss (nats)": mean_loss},
        baselines={name: _label_metrics(task, y_true, pred) for name, pred in baselines.items()},
        gain=None
        if baseline is None
        else paired_bootstrap_test(accuracy_score, y_true, y_pred, baseline, groups=task.groups),
        per_class=_per_class(task, y_true, y_pred),
        confusion=confusion_matrix(y_true, y_pred, labels=np.arange(expected[1])),
        errors=_wrong_texts(task, y_true, softmax(logits, axis=1)),
        slices=_slices_of_labels(task, y_true == y_pred),
        calibration=_calibrate(task, y_true, logits, validation_logits),
    )


def score_tags(
    task: Task, tags: Sequence[Sequence[str]], *, baseline: Sequence[Sequence[str]] | None = None
) -> Scores:
    """Score a tagger of words by names.

    Args:
        task: Its test rows are those that were predicted.
        tags: Of the test rows, one a word.
        baseline: Tags of a simpler model for the same rows.
    Returns:
        As from ``score_texts``, of spans instead of classes.
    Raises:
        ValueError: If the lengths do not fit the task.
    """
    y_true = task.test.labels
    counts = span_counts(y_true, tags)  # (n_sentences, 3)
    simple = None if baseline is None else span_counts(y_true, baseline)
    report = span_report(y_true, tags, zero_division=0)
    rows = {}
    for kind in report.table.index[:-2]:
        own = span_counts(*([[_only(tag, kind) for tag in row] for row in side] for side in (y_true, tags)))
        rows[kind] = _interval(task, span_f1_of_counts, own, own)
    ends = pd.DataFrame({kind: interval[1:3] for kind, interval in rows.items()}, index=["low", "high"]).T
    return Scores(
        metrics=_span_metrics(task, counts),
        baselines={} if simple is None else {LOOKUP: _span_metrics(task, simple)},
        gain=None if simple is None else paired_bootstrap_test(span_f1_of_counts, counts, counts, simple),
        per_class=report.table.iloc[:-2].join(ends),
        confusion=None,
        errors=_wrong_names(task, tags),
        slices=score_slices(span_f1_of_counts, counts, counts, task.slices),
        calibration=None,
    )


def main_score(task: Task, predicted: Sequence, *, n_resamples: int = N_RESAMPLES) -> Interval:
    """Span F1 of the tags, or accuracy of the classes, that were predicted for the test rows of a task.

    Args:
        task: Its test rows are those that were predicted.
        predicted: One class per text, or one list of tags per sentence.
        n_resamples: As for ``bootstrap_interval``.
    Returns:
        The score and the ends of its 95 % interval.
    """
    options = {"n_resamples": n_resamples}
    if task.kind == "token-classification":
        counts = span_counts(task.test.labels, predicted)  # (n_sentences, 3)
        return _interval(task, span_f1_of_counts, counts, counts, **options)
    if task.groups is not None:
        return _interval(task, accuracy_score, task.test.labels, predicted, **options)
    return wilson_interval(int(np.equal(task.test.labels, predicted).sum()), len(predicted))


def _interval(task: Task, metric, y_true, y_pred, **options) -> Interval:
    if task.groups is not None:
        options |= {"groups": task.groups, "method": "percentile"}
    return bootstrap_interval(metric, y_true, y_pred, **{"n_resamples": N_RESAMPLES} | options)


def _label_metrics(task: Task, y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, Interval]:
    macro_f1 = partial(f1_score, average="macro", zero_division=0)
    return {
        "accuracy": main_score(task, y_pred),
        "macro F1": _interval(task, macro_f1, y_true, y_pred),
        "Matthews correlation": _interval(task, matthews_corrcoef, y_true, y_pred),
    }


def _span_metrics(task: Task, counts: np.ndarray) -> dict[str, Interval]:
    def share(part: int):  # of the spans that were predicted (1), or are true (2)
        return lambda _, rows: rows[:, 0].sum() / max(1, rows[:, part].sum())

    metrics = {"span F1": span_f1_of_counts, "precision": share(1), "recall": share(2)}
    return {name: _interval(task, metric, counts, counts) for name, metric in metrics.items()}


def _per_class(task: Task, y_true: np.ndarray, y_pred: np.ndarray) -> pd.DataFrame:
    numbers = range(len(task.label_names))
    scores = precision_recall_fscore_support(y_true, y_pred, labels=list(numbers), zero_division=0)
    names = ["precision", "recall", "f1-score", "support"]
    table = pd.DataFrame(dict(zip(names, scores, strict=True)), index=list(task.label_names))
    f1 = partial(f1_score, zero_division=0)
    sides = [((y_true == k).astype(int), (y_pred == k).astype(int)) for k in numbers]
    ends = [_interval(task, f1, *side)[1:3] if np.any(side) else (0.0, 0.0) for side in sides]
    table[["low", "high"]] = ends
    return table


def _slices_of_labels(task: Task, right: np.ndarray) -> pd.DataFrame:
    """Accuracy of slices of rows, or of slices of groups, of which there are fewer."""
    if task.groups is None:
        return score_slices(accuracy_score, np.ones(len(right), dtype=int), right.astype(int), task.slices)
    numbers = np.unique(task.groups, return_inverse=True)[1]
    counts = np.column_stack([np.bincount(numbers, weights=right), np.bincount(numbers)])  # (n_groups, 2)

    def accuracy(_, rows: np.ndarray) -> float:
        right, n = rows.sum(axis=0)
        return right / n

    return score_slices(accuracy, counts, counts, task.slices, min_support=MIN_GROUPS)


def _calibrate(
    task: Task, y_true: np.ndarray, logits: np.ndarray, validation_logits: ArrayLike | None
) -> Calibration:
    def error_and_loss(inverse: float) -> tuple[float, float]:
        log_probs = log_softmax(logits * inverse, axis=1)
        loss = -log_probs[np.arange(len(y_true)), y_true].mean()
        return expected_calibration_error(y_true, np.exp(log_probs), n_bins=N_BINS), float(loss)

    sums = reliability_bins(y_true, softmax(logits, axis=1), n_bins=N_BINS)
    ends = [wilson_interval(right, n)[1:3] for right, n in zip(sums.right, sums.n, strict=True)]
    bins = pd.DataFrame(ends, columns=["low", "high"])
    bins = bins.assign(n=sums.n, confidence=sums.confidence / sums.n, share_right=sums.right / sums.n)
    confidence = float(sums.confidence.sum() / sums.n.sum())
    error, loss = error_and_loss(1)
    if validation_logits is None:
        return Calibration(bins, confidence, error, loss, remark="there are no validation rows to fit it on")
    try:
        temperature = temperature_scale(validation_logits, task.validation.labels).temperature
    except ValueError as reason:
        return Calibration(bins, confidence, error, loss, remark=str(reason).partition(";")[0])
    return Calibration(bins, confidence, error, loss, temperature, *error_and_loss(1 / temperature))


def _wrong_texts(task: Task, y_true: np.ndarray, y_proba: np.ndarray) -> pd.DataFrame:
    y_pred, confidence = y_proba.argmax(axis=1), y_proba.max(axis=1)
    wrong = np.flatnonzero(y_pred != y_true)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    texts, names = [task.test.texts[i] for i in wrong], np.array(task.label_names, dtype=object)
    sides = {"true": names[y_true[wrong]], "predicted": names[y_pred[wrong]]}
    return pd.DataFrame({"text": texts} | sides | {"confidence": confidence[wrong]})


def _wrong_names(task: Task, tags: Sequence[Sequence[str]]) -> pd.DataFrame:
    rows = []
    for words, *both in zip(task.test.texts, task.test.labels, tags, strict=True):
        true, predicted = ([*extract_spans(side)] for side in both)
        if true != predicted:
            named = [
                [f"{' '.join(words[a:b])} ({kind})" for kind, a, b in side] for side in (true, predicted)
            ]
            rows.append((" ".join(words), *map(", ".join, named)))
    return pd.DataFrame(rows, columns=["text", "true", "predicted"])


def _only(tag: str, kind: str) -> str:
    return tag if tag.partition("-")[2] == kind else "O"
