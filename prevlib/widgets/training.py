"""Scrub through a stored pre-training run, for notebook 05."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prevlib.checkpoints import checkpoint_path
from prevlib.plots import plot_pretraining
from prevlib.plots.style import PAPER
from prevlib.texts import say
from prevlib.widgets.base import RING, TEXT_WIDTH, Explorer, explorer, number, picture

NAMES = {"uniform": "ln V", "unigram": "unigram entropy", "copy_unigram": "copying + unigram"}


def landmarks_passed(loss: float, references: Mapping[str, float]) -> list[str]:
    """Names of the references that a loss is below, the highest one first.

    Example:
        >>> landmarks_passed(6.0, {"ln V": 9.0, "unigram": 6.7, "goal": 3.0})
        ['ln V', 'unigram']
    """
    passed = [name for name, reference in references.items() if loss < reference]
    return sorted(passed, key=references.get, reverse=True)


def plot_moment(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    references: Mapping[str, float],
    moment: tuple[float, float],
    *,
    unit: str = "step",
    ax: Axes | None = None,
) -> Axes:
    """``plot_pretraining`` with a ring around one evaluation, and its loss beside it."""
    ax = plot_pretraining(
        curves,
        {
            name.replace("unigram ", "unigram\n").replace("+ ", "+\n"): loss
            for name, loss in references.items()
        },
        ax=ax,
    )
    x, loss = moment
    ax.axvline(x, color="black", linewidth=0.8)
    ax.plot(x, loss, "o", **RING)
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}  # over the lines of the references
    ax.annotate(f"{loss:.2f}", moment, xytext=(10, 8), textcoords="offset points", bbox=box)
    ax.set_xscale("log")  # most happens early
    ax.xaxis.set_major_formatter("{x:g}")
    ax.margins(x=0.08)
    ax.legend(frameon=False, loc="lower left")  # where no curve that falls can come
    ax.set_xlabel(say("tokens read (millions)") if unit == "tokens" else say("step"))
    return ax


def explore_training(history: str | Path | Mapping | Sequence[Mapping] | None = None) -> Explorer:
    """Go through the evaluations of a run; the words say where its loss stands.

    Args:
        history: The ``history.json`` that ``pretrain`` writes, or what is in it: one run, or a list of runs
            of which each goes on from the one before. That of ``mini`` if None.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If no run was evaluated.
    """
    if history is None:
        history = checkpoint_path("mini") / "history.json"
    if isinstance(history, str | Path):
        history = json.loads(Path(history).read_text(encoding="utf-8"))
    runs = [history] if isinstance(history, Mapping) else list(history)
    moments = [(i, moment) for i, run in enumerate(runs, start=1) for moment in run["evaluations"]]
    if not moments:
        raise ValueError("`history` must hold at least one evaluation; got none. Set `eval_steps`.")
    unit = "tokens" if all("tokens" in moment for _, moment in moments) else "step"
    key = "loss_all" if "loss_all" in moments[0][1] else "loss"  # over all fates, or at [MASK]
    passed_over = {"kept", "random", "unigram" if key == "loss_all" else "copy_unigram"}
    references = {
        NAMES.get(name, name): loss
        for name, loss in runs[-1]["references"].items()
        if name not in passed_over
    }

    def position(moment: Mapping) -> float:
        return moment[unit] / 1e6 if unit == "tokens" else moment[unit]

    curves = {}
    for i, run in enumerate(runs, start=1):
        points = run["evaluations"]
        curves[say("run {i}", i=i)] = (
            [position(point) for point in points],
            [point[key] for point in points],
        )

    def respond(at: int) -> tuple[Figure, str]:
        i, moment = moments[at - 1]
        draw = partial(plot_moment, curves, references, (position(moment), moment[key]), unit=unit)
        steps = [record for record in runs[i - 1]["steps"] if record["step"] <= moment["step"]]
        return picture(draw, size=(7.2, 3.6)), _describe(i, moment, steps, references)

    controls = {"at": number(say("evaluation"), 1, 1, len(moments), 1)}
    return explorer("explore_training", controls, respond, width=TEXT_WIDTH)


def _describe(i: int, moment: Mapping, steps: Sequence[Mapping], references: Mapping[str, float]) -> str:
    every_fate = "loss_all" in moment
    loss = moment["loss_all" if every_fate else "loss"]
    passed = landmarks_passed(loss, references)
    meaning = {
        "ln V": say("what guessing among all words alike costs."),
        "unigram entropy": say(
            "the least that a model pays which knows how frequent words are, and no context."
        ),
        "copying + unigram": say(
            "the least without context, if what is visible among the chosen tokens is copied."
        ),
    }
    where = say("Run {i}, step {step:,}", i=i, step=moment["step"])
    if "tokens" in moment:
        where = say("{where}, {n:.1f} million tokens read", where=where, n=moment["tokens"] / 1e6)
    lines = [say("{where}: loss on fixed masks {loss:.2f} nats.", where=where, loss=loss)]
    if steps:
        lines.append(say("Training loss then: {loss:.2f}.", loss=steps[-1]["loss"]))
    for name, reference in references.items():
        told = {"name": name, "reference": reference, "by": abs(loss - reference)}
        told["meaning"] = meaning.get(name, "")
        lines.append(
            say("{by:.2f} below {name}, {reference:.2f}: {meaning}", **told)
            if name in passed
            else say("{by:.2f} above {name}, {reference:.2f}: {meaning}", **told)
        )
    if every_fate:
        lines.append(say("These are means over all chosen tokens, a fifth of which is visible."))
        lines.append(say("{share:.1%} of the chosen tokens are guessed right.", share=moment["accuracy_all"]))
    elif "accuracy" in moment:
        lines.append(say("{share:.1%} of the tokens at [MASK] are guessed right.", share=moment["accuracy"]))
    return "\n".join(line.removesuffix(": ") for line in lines)
