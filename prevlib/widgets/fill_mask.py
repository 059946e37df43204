"""Leave gaps in a text, and see what a masked language model would fill in, for notebook 14."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

from ipywidgets import Text
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prevlib.generation import Filled, fill_mask
from prevlib.plots import COLORS
from prevlib.plots.style import new_axes
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, number, picture

TEXT = "one of the worst [MASK] i have ever seen ."
N_DRAWN = 3  # gaps that fit beside each other


def plot_candidates(
    candidates: Sequence[Filled], *, title: str = "", n_rows: int | None = None, ax: Axes | None = None
) -> Axes:
    """A bar and its number for each token that may stand in a gap, the most probable on top."""
    ax = new_axes(ax)
    bars = ax.barh(range(len(candidates)), [filled.probability for filled in candidates], color=COLORS[4])
    ax.bar_label(bars, fmt="%.3f", padding=3)
    ax.set_yticks(range(len(candidates)), [filled.token for filled in candidates], parse_math=False)
    ax.set(
        xlim=(0, 1.12), ylim=((n_rows or len(candidates)) - 0.4, -0.6), xlabel=say("probability"), title=title
    )
    return ax


def explore_fill_mask(text: str = TEXT, checkpoint: str | Path = "mini") -> Explorer:
    """Write [MASK] where a word is missing, and press Enter.

    Args:
        text: To begin with.
        checkpoint: Alias, folder or hub name of a masked language model.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: As ``fill_mask``.
    """
    fill = lru_cache(maxsize=32)(partial(fill_mask, checkpoint=checkpoint))

    def respond(text: str, top_k: int) -> tuple[Figure, str]:
        gaps = fill(text, top_k=top_k)
        draws = [
            partial(plot_candidates, gap, title=say("gap {i} of {n}", i=i, n=len(gaps)))
            for i, gap in enumerate(gaps[:N_DRAWN], start=1)
        ]
        lines = []
        for i, gap in enumerate(gaps, start=1):
            best = ", ".join(f"{filled.token} {filled.probability:.3f}" for filled in gap)
            rest = max(0.0, 1 - sum(filled.probability for filled in gap))
            told = {"i": i, "n": len(gaps), "best": best, "rest": rest}
            lines.append(say("Gap {i} of {n}: {best}; all other tokens {rest:.3f}.", **told))
        if len(gaps) > N_DRAWN:
            lines.append(say("The picture shows the first {n} gaps.", n=N_DRAWN))
        lines.append(say("Best guess in gap 1: {text}", text=gaps[0][0].text))
        return picture(*draws, size=(2.6 * len(draws) + 2.4, 0.3 * top_k + 1.3)), "\n".join(lines)

    controls = {
        "text": Text(text, description=say("text"), continuous_update=False),
        "top_k": number(say("tokens shown"), 5, 1, 12, 1),
    }
    return explorer("explore_fill_mask", controls, respond)
