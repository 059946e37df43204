"""Scrub through a stored pre-training run, for notebook 05."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes

from prevlib.checkpoints import checkpoint_path
from prevlib.plots import plot_pretraining
from prevlib.widgets.base import RING, TEXT_WIDTH, Explorer, explorer, number, picture

NAMES = {"uniform": "ln V", "unigram": "unigram entropy"}
MEANING = {
    "ln V": "what guessing among all words alike costs.",
    "unigram entropy": "the least that a model pays which knows how frequent words are, and no context.",
}


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
        curves, {name.replace("unigram ", "unigram\n"): loss for name, loss in references.items()}, ax=ax
    )
    x, loss = moment
    ax.axvline(x, color="black", linewidth=0.8)
    ax.plot(x, loss, "o", **RING)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # over the lines of the references
    ax.annotate(f"{loss:.2f}", moment, xytext=(10, 8), textcoords="offset points", bbox=box)
    ax.set_xscale("log")  # most happens early
    ax.xaxis.set_major_formatter("{x:g}")
    ax.margins(x=0.08)
    ax.set_xlabel("tokens read (millions)" if unit == "tokens" else unit)
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
    references = {NAMES.get(name, name): loss for name, loss in runs[-1]["references"].items()}

    def position(moment: Mapping) -> float:
        return moment[unit] / 1e6 if unit == "tokens" else moment[unit]

    curves = {}
    for i, run in enumerate(runs, start=1):
        points = run["evaluations"]
        curves[f"run {i}"] = [position(point) for point in points], [point["loss"] for point in points]

    def respond(at: int) -> tuple[bytes, str]:
        i, moment = moments[at - 1]
        draw = partial(plot_moment, curves, references, (position(moment), moment["loss"]), unit=unit)
        steps = [record for record in runs[i - 1]["steps"] if record["step"] <= moment["step"]]
        return picture(draw, size=(7.2, 3.6)), _describe(i, moment, steps, references)

    controls = {"at": number("evaluation", 1, 1, len(moments), 1)}
    return explorer("explore_training", controls, respond, width=TEXT_WIDTH)


def _describe(i: int, moment: Mapping, steps: Sequence[Mapping], references: Mapping[str, float]) -> str:
    loss, passed = moment["loss"], landmarks_passed(moment["loss"], references)
    read = f", {moment['tokens'] / 1e6:.1f} million tokens read" if "tokens" in moment else ""
    lines = [f"Run {i}, step {moment['step']:,}{read}: loss on fixed masks {loss:.2f} nats."]
    if steps:
        lines[0] += f" Training loss then: {steps[-1]['loss']:.2f}."
    for name, reference in references.items():
        side = "below" if name in passed else "above"
        lines.append(f"{abs(loss - reference):.2f} {side} {name}, {reference:.2f}: {MEANING.get(name, '')}")
    if "accuracy" in moment:
        lines.append(f"{moment['accuracy']:.1%} of the hidden tokens are guessed right.")
    return "\n".join(line.removesuffix(": ") for line in lines)
