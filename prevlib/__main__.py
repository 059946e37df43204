"""Measure a model from a terminal: ``python -m prevlib evaluate minilm``.

One command ends in a model card, as Markdown for the hub and as a page for the browser. It goes on where it
was interrupted. What it does is ``evaluation.pipeline``; here stand its options and its pictures.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from prevlib.evaluation.card_sections import failure_rates, main_result
from prevlib.evaluation.inputs import COURSE_TASKS
from prevlib.evaluation.pipeline import evaluate
from prevlib.evaluation.report import Picture, model_card, numbers, write_card
from prevlib.evaluation.results import Evaluation
from prevlib.evaluation.uncertainty import wilson_interval
from prevlib.plots import plot_confusion_matrix, plot_intervals, plot_reliability

WIDTH = 6.4  # inches
MAX_CLASSES = 15  # of a confusion matrix that can still be read


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command and run it."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(arguments)
    name = Path(options.data).stem if options.data else options.task
    output = options.out or Path("build") / f"{Path(options.checkpoint).name}-{name}"
    try:
        evaluation = evaluate(
            output,
            options.checkpoint,
            options.task,
            data=options.data,
            n_labels=options.labels,
            seed=options.seed,
        )
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted: the same command goes on from here")
    matplotlib.use("agg")
    pictures = draw(evaluation)
    command = shlex.join(["python", "-m", "prevlib", *arguments])
    page = write_card(output, model_card(evaluation, pictures, command=command), pictures)
    (output / "results.json").write_text(json.dumps(numbers(evaluation), indent=1) + "\n", encoding="utf-8")
    plt.close("all")
    sys.stdout.write(f"{main_result(evaluation)}\n{page}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prevlib", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "evaluate",
        help="measure a checkpoint and write a model card",
        description="Measure a checkpoint: scores with intervals, slices, behaviour, calibration, cost. "
        "It is fine-tuned first, unless it has a trained head for the labels. Resumable: call it again "
        "after an interruption.",
    )
    command.add_argument("checkpoint", help="alias (minilm, mini), folder, or name on the Hugging Face hub")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--task", choices=list(COURSE_TASKS), default="sentiment", help="default: %(default)s")
    what.add_argument("--data", metavar="FILE", help="CSV: the columns text, label and perhaps split")
    command.add_argument("--out", type=Path, metavar="DIR", help="folder (default: below build)")
    command.add_argument(
        "--labels", type=int, default=1000, metavar="N", help="rows to train on (default: %(default)s)"
    )
    command.add_argument("--seed", type=int, default=0, help="of the training (default: %(default)s)")
    return parser


def draw(evaluation: Evaluation) -> dict[str, Picture]:
    """The pictures of the card: what there is to be drawn, with the same in words."""
    scores, task = evaluation.scores, evaluation.task
    main = next(iter(scores.metrics))
    models = {"this model": scores.metrics} | dict(reversed(scores.baselines.items()))
    rows = {name: metrics[main] for name, metrics in models.items()}
    caption = f"The model and simpler ones: {main}, with 95 % intervals."
    pictures = {"scores": Picture(_draw_intervals(rows, main), caption, _told(rows))}
    if scores.confusion is not None and len(task.label_names) <= MAX_CLASSES:
        caption = f"Test {task.unit} by true and predicted label; the diagonal is right."
        alt = _told_confusions(scores.confusion, task.label_names)
        pictures["confusion"] = Picture(_draw_confusion(scores.confusion, task.label_names), caption, alt)
    slices = scores.slices.dropna(subset="score")
    if len(slices):
        rows = {name: (row["score"], row["low"], row["high"]) for name, row in slices.iterrows()}
        ax = _draw_intervals(rows, main, reference=scores.metrics[main].estimate)
        pictures["slices"] = Picture(ax, f"Slices by {main}; dotted: the whole test set.", _told(rows))
    if evaluation.behaviour is not None:
        sums = failure_rates(evaluation)
        rows = {" ".join(key): wilson_interval(row["failures"], row["n"]) for key, row in sums.iterrows()}
        ax = _draw_intervals(rows, "share of cases that failed")
        pictures["behaviour"] = Picture(ax, "Failures by ability and kind of test.", _told(rows))
    if scores.calibration is not None:
        bins = scores.calibration.bins
        ends = {"low": bins["low"], "high": bins["high"]}
        ax = plot_reliability(bins["confidence"], bins["share_right"], counts=bins["n"], **ends)
        told = [f"of {b.n:.0f} at {b.confidence:.2f}, {b.share_right:.2f} right" for b in bins.itertuples()]
        caption = "Share right by confidence, before scaling; below the diagonal, the model is too sure."
        pictures["calibration"] = Picture(ax, caption, "By confidence: " + "; ".join(told) + ".")
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


def _told(rows: dict) -> str:
    told = [f"{name} {value:.3f}, {low:.3f} to {high:.3f}" for name, (value, low, high, *_) in rows.items()]
    if len(told) > 6:
        return f"{len(told)} rows, from {told[0]}, down to {told[-1]}; the table has all of them."
    return "; ".join(told) + "."


def _told_confusions(counts: np.ndarray, names: Sequence[str]) -> str:
    wrong = counts - np.diag(np.diag(counts))
    pairs = sorted(np.ndindex(wrong.shape), key=lambda pair: -wrong[pair])[:5]
    told = [f"{names[i]} taken for {names[j]} {wrong[i, j]}" for i, j in pairs if wrong[i, j]]
    return f"{np.trace(counts)} of {counts.sum()} on the diagonal; wrong: {', '.join(told) or 'none'}."


if __name__ == "__main__":
    main()
