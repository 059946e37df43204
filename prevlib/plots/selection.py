"""The picture of a choice, for notebook 20: what a budget buys."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, LogLocator

from prevlib.plots.style import COLORS, HALO, INK, PAPER, drawable, new_axes


def plot_pareto(
    names: Sequence[str],
    costs: Sequence[float],
    scores: Sequence[float],
    on_front: Sequence[bool],
    *,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Score over cost, on a scale of factors; the steps are the best score that each budget buys.

    Args:
        names: Of the models, written beside their points.
        costs: Above 0.
        scores: Higher is better.
        on_front: True for the models that no other one beats, as from ``evaluation.pareto_front``; their
            points are filled.
        low, high: Ends of a vertical line for each model.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    names, on_front = np.asarray(names), np.asarray(on_front, dtype=bool)
    costs, scores = np.asarray(costs, dtype=float), np.asarray(scores, dtype=float)
    if low is not None and high is not None:
        ax.vlines(costs, low, high, color=np.where(on_front, COLORS[0], COLORS[4]), linewidth=1.5)
    steps = np.flatnonzero(on_front)[np.argsort(costs[on_front], kind="stable")]
    ax.step(
        [*costs[steps], costs.max()],
        [*scores[steps], scores[steps[-1]]],
        where="post",
        color=INK,
        linestyle=":",
        linewidth=1,
        label="best score for each budget",
    )
    for members, face in ((on_front, COLORS[0]), (~on_front, PAPER)):
        ax.scatter(costs[members], scores[members], s=36, color=face, edgecolor=COLORS[0], zorder=3)
    for name, x, y in zip(drawable(names), costs, scores, strict=True):
        text = {"xytext": (6, 3), "textcoords": "offset points", "fontsize": 9, "path_effects": HALO}
        ax.annotate(name, (x, y), **text)
    factor = max(costs.max() / costs.min(), 2)
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if factor < 100 else (1,)))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))  # 20M
    ax.minorticks_off()
    ax.set_xlim(costs.min() / factor**0.1, costs.max() * factor**0.3)  # room for the names
    ax.margins(y=0.15)
    ax.set(xlabel="cost (equal steps are equal factors)", ylabel="score")
    ax.legend(frameon=False, loc="upper left")
    return ax
