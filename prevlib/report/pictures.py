"""The pictures of a model card, each with a caption and with the same in words.

Used by ``prevlib evaluate``. Left out: what the card says (``card.py``).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from prevlib.evaluation.uncertainty import wilson_interval
from prevlib.plots import plot_confusion_matrix, plot_intervals, plot_reliability
from prevlib.report.card import Picture, failure_rates, model_card, numbers, write_card
from prevlib.report.scores import Evaluation

WIDTH = 6.4  # inches
MAX_CLASSES = 15  # of a confusion matrix that can still be read


def write_report(folder: str | Path, evaluation: Evaluation, command: str) -> Path:
    """Write the card with all its pictures, and ``results.json``.

    Args:
        folder: Where to write; it must exist.
        evaluation: What was found.
        command: What made it; the card quotes it.
    Returns:
        The page ``card.html``.
    """
    pictures = draw_pictures(evaluation)
    page = write_card(folder, model_card(evaluation, pictures, command=command), pictures)
    results = json.dumps(numbers(evaluation), indent=1) + "\n"
    (Path(folder) / "results.json").write_text(results, encoding="utf-8")
    for picture in pictures.values():
        plt.close(picture.image.figure)
    return page


def draw_pictures(evaluation: Evaluation) -> dict[str, Picture]:
    """The pictures of a card: what there is to be drawn, with the same in words.

    Args:
        evaluation: What was found.
    Returns:
        Section -> picture, as ``model_card`` and ``write_card`` take them.
    """
    scores, task = evaluation.scores, evaluation.task
    main = next(iter(scores.metrics))
    models = {"this model": scores.metrics} | dict(reversed(scores.baselines.items()))
    rows = {name: metrics[main] for name, metrics in models.items()}
    caption = f"The model and simpler ones: {main}, with 95 % intervals."
    pictures = {"scores": Picture(_draw_intervals(rows, main), caption, _describe(rows))}
    if scores.confusion is not None and len(task.label_names) <= MAX_CLASSES:
        caption = f"Test {task.unit} by true and predicted label; the diagonal is right."
        alt = _describe_confusions(scores.confusion, task.label_names)
        pictures["confusion"] = Picture(_draw_confusion(scores.confusion, task.label_names), caption, alt)
    slices = scores.slices.dropna(subset="score")
    if len(slices):
        rows = {name: (row["score"], row["low"], row["high"]) for name, row in slices.iterrows()}
        ax = _draw_intervals(rows, main, reference=scores.metrics[main].estimate)
        pictures["slices"] = Picture(ax, f"Slices by {main}; dotted: the whole test set.", _describe(rows))
    if evaluation.behaviour is not None:
        sums = failure_rates(evaluation)
        rows = {" ".join(key): wilson_interval(row["failures"], row["n"]) for key, row in sums.iterrows()}
        ax = _draw_intervals(rows, "share of cases that failed")
        pictures["behaviour"] = Picture(ax, "Failures by ability and kind of test.", _describe(rows))
    if scores.calibration is not None:
        bins = scores.calibration.bins
        ends = {"low": bins["low"], "high": bins["high"]}
        ax = plot_reliability(bins["confidence"], bins["share_right"], counts=bins["n"], **ends)
        shares = [f"of {b.n:.0f} at {b.confidence:.2f}, {b.share_right:.2f} right" for b in bins.itertuples()]
        caption = "Share right by confidence, before scaling; below the diagonal, the model is too sure."
        pictures["calibration"] = Picture(ax, caption, "By confidence: " + "; ".join(shares) + ".")
    return pictures


def _draw_intervals(rows: dict, label: str, reference: float | None = None) -> Axes:
    _, ax = plt.subplots(figsize=(WIDTH, 0.9 + 0.38 * len(rows)), layout="constrained")
    plot_intervals(rows, reference=reference, ax=ax)
    ax.set_xlabel(label)
    return ax


def _draw_confusion(counts: np.ndarray, names: Sequence[str]) -> Axes:
    _, ax = plt.subplots(figsize=(WIDTH, 1.6 + 0.6 * len(names)), layout="constrained")
    plot_confusion_matrix(counts, names, ax=ax)
    ax.tick_params(axis="x", rotation=45 if len(names) > 3 else 0)
    return ax


def _describe(rows: dict) -> str:
    values = [f"{name} {value:.3f}, {low:.3f} to {high:.3f}" for name, (value, low, high, *_) in rows.items()]
    if len(values) > 6:
        return f"{len(values)} rows, from {values[0]}, down to {values[-1]}; the table has all of them."
    return "; ".join(values) + "."


def _describe_confusions(counts: np.ndarray, names: Sequence[str]) -> str:
    wrong = counts - np.diag(np.diag(counts))
    pairs = sorted(np.ndindex(wrong.shape), key=lambda pair: -wrong[pair])[:5]
    mistakes = [f"{names[i]} taken for {names[j]} {wrong[i, j]}" for i, j in pairs if wrong[i, j]]
    return f"{np.trace(counts)} of {counts.sum()} on the diagonal; wrong: {', '.join(mistakes) or 'none'}."
