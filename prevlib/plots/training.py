"""Pictures of training runs, for notebooks 05 and 07."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, MARKERS, add_legend, drawable, new_axes


def plot_losses(losses: Mapping[str, Sequence[float]], *, smooth: int = 10, ax: Axes | None = None) -> Axes:
    """Training loss by step for each run: single steps thin, the mean of the last ``smooth`` thick.

    Args:
        losses: Name of a run -> loss of each step, in nats; at most six runs.
        smooth: Steps of the running mean.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for i, (name, values) in enumerate(zip(drawable(losses), losses.values(), strict=True)):
        values = pd.Series(values, index=np.arange(1, len(values) + 1))
        ax.plot(values.index, values, color=COLORS[i], linewidth=0.5)
        mean = values.rolling(smooth, min_periods=1).mean()
        every = max(1, len(mean) // 6)
        ax.plot(mean.index, mean, color=COLORS[i], marker=MARKERS[i], markevery=every, label=name)
    ax.axhline(np.log(2), color="black", linestyle=":", linewidth=1)
    ax.text(1.01, np.log(2), "guessing\n(ln 2)", transform=ax.get_yaxis_transform(), va="center")
    ax.set(xlabel="step", ylabel="training loss (nats)", ylim=(0, None))
    add_legend(ax)
    return ax


def plot_pretraining(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    references: Mapping[str, float],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Loss over the course of pre-training, beside losses that need no context.

    Args:
        curves: Name of a run -> (steps, or tokens read; losses in nats).
        references: Name -> loss in nats, drawn as a dotted line.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for i, (name, (x, losses)) in enumerate(zip(drawable(curves), curves.values(), strict=True)):
        every = max(1, len(losses) // 12)
        ax.plot(x, losses, color=COLORS[i], marker=MARKERS[i], markevery=every, label=name)
    for name, loss in zip(drawable(references), references.values(), strict=True):
        ax.axhline(loss, color="black", linestyle=":", linewidth=1)
        ax.text(1.01, loss, name, transform=ax.get_yaxis_transform(), va="center")
    ax.set(xlabel="step", ylabel="loss on fixed masks (nats)")
    add_legend(ax)
    return ax


def plot_label_efficiency(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Accuracy over label budgets for each method; vertical lines are the intervals.

    Args:
        table: One row a method and budget, with ``method``, ``n_train``, ``accuracy``, ``low``, ``high``.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for i, (method, rows) in enumerate(table.groupby("method", sort=False)):
        rows = rows.sort_values("n_train")
        n_train = rows["n_train"] * 1.04 ** (i - (table["method"].nunique() - 1) / 2)  # side by side
        line = {"color": COLORS[i], "marker": MARKERS[i], "label": drawable([method])[0]}
        ax.plot(n_train, rows["accuracy"], **line)
        ax.vlines(n_train, rows["low"], rows["high"], color=COLORS[i], linewidth=1)
    budgets = sorted(table["n_train"].unique())
    ax.set_xscale("log")
    ax.set_xticks(budgets, [f"{n:,}" for n in budgets])
    ax.minorticks_off()
    ax.set(xlabel="labelled reviews for training", ylabel="test accuracy")
    add_legend(ax)
    return ax
