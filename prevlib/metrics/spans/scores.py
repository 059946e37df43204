"""Scores of spans, and the kinds of errors behind them.

A span of the prediction is right if the truth has one with its type, start and end. Counts are added up
first, over sentences and, for the micro average, over types; one division comes last.

A span with one word too many costs twice, as missed and as invented, and so costs more than one that was not
found at all. F1 does not tell these apart; ``span_report`` does. Source: Tjong Kim Sang & De Meulder 2003.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.metrics.spans.tags import Spans, Tags, read_spans


def span_f1_score(
    y_true: Tags,
    y_pred: Tags,
    *,
    average: str | None = "micro",
    mode: str | None = None,
    zero_division: float | str = "warn",
    scheme: str | None = None,
) -> float | np.ndarray:
    """F1 of spans: 2 tp / (predicted spans + true spans).

    Args:
        y_true, y_pred: Sentences, each a list of tags, one a word.
        average: ``"micro"`` adds up the counts of all types first; ``"macro"`` is the mean over types,
            ``"weighted"`` the mean weighted by their true spans. None scores each type, in sorted order.
        mode, scheme: How tags become spans, as for ``extract_spans``.
        zero_division: Value of 0/0: 0, 1, or ``"warn"``: 0, with a warning.
    Returns:
        From 0 to 1; without an average (None), an array of one score per type, shape (n_types,).
    Raises:
        TypeError: If something is not a list of sentences, or a tag not a string.
        ValueError: If lengths differ, there are no sentences, a tag is not of the scheme, or an option is
            unknown.
    Example:
        >>> y_true = ["B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O"]
        >>> y_pred = ["B-PER", "O", "O", "B-LOC", "I-LOC", "I-LOC"]
        >>> span_f1_score([y_true], [y_pred])  # one name too short, one too long
        0.0
        >>> span_f1_score([[tag] for tag in y_true], [[tag] for tag in y_pred])  # a mistake: words, not names
        0.75
    """
    if average not in ("micro", "macro", "weighted", None):
        raise ValueError(f'`average` must be "micro", "macro", "weighted" or None; got {average!r}.')
    (true, pred), types, _ = _read_both(y_true, y_pred, mode, scheme)
    tp, called, of_type, names = _counts_by_type(true, pred, types)
    if average == "micro" or (average and not names):
        tp, called, of_type = (counts.sum(keepdims=True) for counts in (tp, called, of_type))
    f1 = _divide(2 * tp, called + of_type, "F-score", "true nor predicted", zero_division)
    if average is None:
        return f1
    weights = of_type if average == "weighted" and of_type.any() else None
    return float(np.average(f1, weights=weights))


class SpanErrors(NamedTuple):
    """What became of each true span (the first five add up to their number), and what was invented."""

    correct: int
    wrong_type: int  # another type, the same boundaries
    wrong_boundary: int  # overlaps a predicted span of its type
    wrong_both: int  # overlaps predicted spans, but of other types only
    missed: int  # overlaps none
    spurious: int  # predicted spans that overlap no true one


@dataclass(frozen=True)
class SpanReport:
    """Scores by type and on average, and the kinds of errors behind them."""

    table: pd.DataFrame  # a row a type, "micro avg", "macro avg"; precision, recall, f1-score, support
    errors: SpanErrors


def span_report(
    y_true: Tags,
    y_pred: Tags,
    *,
    mode: str | None = None,
    zero_division: float | str = "warn",
    scheme: str | None = None,
) -> SpanReport:
    """Precision, recall, F1 and support of each type and on average; and which errors were made.

    Args:
        y_true, y_pred: Sentences, each a list of tags, one a word.
        mode, zero_division, scheme: As for ``span_f1_score``.
    Returns:
        ``table``, one row per type and average, and ``errors``, the number of each kind.
    Raises:
        As ``span_f1_score``.
    Example:
        >>> y_true = [["B-PER", "I-PER", "O", "B-LOC", "O", "B-ORG"]]
        >>> y_pred = [["B-PER", "O", "O", "B-ORG", "O", "B-ORG"]]
        >>> report = span_report(y_true, y_pred, zero_division=0)
        >>> report.table.round(2)
                   precision  recall  f1-score  support
        LOC             0.00    0.00      0.00        1
        ORG             0.50    1.00      0.67        1
        PER             0.00    0.00      0.00        1
        micro avg       0.33    0.33      0.33        3
        macro avg       0.17    0.33      0.22        3
        >>> report.errors
        SpanErrors(correct=1, wrong_type=1, wrong_boundary=1, wrong_both=0, missed=0, spurious=0)
    """
    (true, pred), types, _ = _read_both(y_true, y_pred, mode, scheme)
    *counts, names = _counts_by_type(true, pred, types)
    tp, called, of_type = (np.append(by_type, by_type.sum()) for by_type in counts)
    columns = {
        "precision": _divide(tp, called, "Precision", "predicted", zero_division),
        "recall": _divide(tp, of_type, "Recall", "true", zero_division),
        "f1-score": _divide(2 * tp, called + of_type, "F-score", "true nor predicted", zero_division),
    }
    # Without types the only row is the micro average, 0/0, and so is the macro average.
    columns = {name: [*column, column[: len(names) or 1].mean()] for name, column in columns.items()}
    columns["support"] = [*of_type, of_type[-1]]
    table = pd.DataFrame(columns, index=[*names, "micro avg", "macro avg"])
    return SpanReport(table, _errors(true, pred, len(types)))


def span_counts(
    y_true: Tags, y_pred: Tags, *, mode: str | None = None, scheme: str | None = None
) -> np.ndarray:
    """What each sentence adds to the scores, for resamples of sentences.

    Args:
        y_true, y_pred: Sentences, each a list of tags, one a word.
        mode, scheme: As for ``extract_spans``.
    Returns:
        Whole numbers, shape (n_sentences, 3): spans that are right, predicted spans, true spans.
    Raises:
        As ``span_f1_score``.
    Example:
        >>> from prevlib.evaluation import bootstrap_interval
        >>> y_true = [["B-PER", "I-PER", "O"], ["B-LOC", "O", "B-PER"]] * 50
        >>> y_pred = [["B-PER", "I-PER", "O"], ["B-LOC", "O", "O"]] * 45 + [["O", "O", "O"]] * 10
        >>> counts = span_counts(y_true, y_pred)
        >>> counts.sum(axis=0).tolist()
        [90, 90, 150]
        >>> print(bootstrap_interval(span_f1_of_counts, counts, counts, n_resamples=1000))
        0.750 [0.703, 0.788]
    """
    (true, pred), _, sentence_of = _read_both(y_true, y_pred, mode, scheme)
    in_true, in_pred = _same_boundaries(true, pred)
    right = in_true[true.kind[in_true] == pred.kind[in_pred]]
    n_sentences = sentence_of[-1] + 1
    starts = (true.start[right], pred.start, true.start)
    return np.stack([np.bincount(sentence_of[start], minlength=n_sentences) for start in starts], axis=1)


def span_f1_of_counts(y_true: np.ndarray, counts: np.ndarray) -> float:
    """Micro F1 of rows of ``span_counts``, as the metric that intervals and tests take; 0 if there are none.

    Args:
        y_true: Not read, since the counts know the truth; anything of their length will do:
            ``paired_bootstrap_test(span_f1_of_counts, counts_a, counts_a, counts_b)``.
        counts: Right, predicted and true spans of each sentence, shape (n_sentences, 3).
    Returns:
        From 0 to 1.
    """
    right, predicted, true = counts.sum(axis=0).tolist()
    return 2 * right / max(1, predicted + true)


def _read_both(y_true: Tags, y_pred: Tags, mode: str | None, scheme: str | None):
    return read_spans({"y_true": y_true, "y_pred": y_pred}, mode, scheme)


def _same_boundaries(true: Spans, pred: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Positions in ``true`` and in ``pred`` of the spans that both have, of whatever type."""
    _, in_true, in_pred = np.intersect1d(true.start, pred.start, assume_unique=True, return_indices=True)
    same = true.end[in_true] == pred.end[in_pred]
    return in_true[same], in_pred[same]


def _counts_by_type(
    true: Spans, pred: Spans, types: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Right, predicted and true spans of each type of which there are any, and the names of these types."""
    in_true, in_pred = _same_boundaries(true, pred)
    kinds = true.kind[in_true]
    groups = (kinds[kinds == pred.kind[in_pred]], pred.kind, true.kind)
    counts = np.stack([np.bincount(group, minlength=len(types)) for group in groups])
    occurs = counts.any(axis=0)
    return *counts[:, occurs], [name for name, there in zip(types, occurs, strict=True) if there]


def _errors(true: Spans, pred: Spans, n_types: int) -> SpanErrors:
    in_true, in_pred = _same_boundaries(true, pred)
    n_correct = int((true.kind[in_true] == pred.kind[in_pred]).sum())
    inexact = np.full(len(true.start), True)
    inexact[in_true] = False
    touched, of_its_type = _overlaps(true, pred), np.full(len(true.start), False)
    for kind in range(n_types):
        here = true.kind == kind
        of_its_type[here] = _overlaps(_only(true, here), _only(pred, pred.kind == kind))
    return SpanErrors(
        correct=n_correct,
        wrong_type=len(in_true) - n_correct,
        wrong_boundary=int((inexact & of_its_type).sum()),
        wrong_both=int((inexact & touched & ~of_its_type).sum()),
        missed=int((~touched).sum()),
        spurious=int((~_overlaps(pred, true)).sum()),
    )


def _overlaps(spans: Spans, others: Spans) -> np.ndarray:
    """Whether each span shares a word with one of the others, which are in order and do not overlap."""
    n_before = np.searchsorted(others.end, spans.start, side="right")
    n_begun = np.searchsorted(others.start, spans.end, side="left")
    return n_begun > n_before


def _only(spans: Spans, which: np.ndarray) -> Spans:
    return Spans(*(part[which] for part in spans))


def _divide(
    numerator: np.ndarray, denominator: np.ndarray, name: str, lacking: str, zero_division: float | str
) -> np.ndarray:
    if zero_division not in ("warn", 0, 1):
        raise ValueError(f'`zero_division` must be 0, 1 or "warn"; got {zero_division!r}.')
    undefined = denominator == 0
    if undefined.any() and zero_division == "warn":
        warnings.warn(
            f"{name} is ill-defined and set to 0.0 where there are no {lacking} spans. "
            "Use `zero_division` to control this.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    value = 0.0 if zero_division == "warn" else float(zero_division)
    return np.divide(numerator, denominator, out=np.full(len(denominator), value), where=~undefined)
