"""The reliability diagram, for notebook 09."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, HALO, new_axes


def plot_reliability(
    confidence: Sequence[float],
    share_right: Sequence[float],
    *,
    counts: Sequence[float] | None = None,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What was said against what came true, a point for each bin: below the diagonal, too much was promised.

    Args:
        confidence, share_right: Means of the bins, as from ``reliability_bins`` or, the other way round, from
            ``calibration_curve``.
        counts: Samples in each bin, written beside its point, whose area grows with them.
        low, high: Ends of a vertical line for each bin, such as its Wilson interval.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    ax.plot([0, 1], [0, 1], color="black", linestyle=":", linewidth=1, label="perfectly calibrated")
    if low is not None and high is not None:
        ax.vlines(confidence, low, high, color=COLORS[0], linewidth=1)
    sizes = 36.0  # square points
    if counts is not None:
        sizes = 16 + 144 * np.asarray(counts) / np.max(counts)
        text = {"xytext": (8, -3), "textcoords": "offset points", "va": "top", "fontsize": 8}
        for x, y, count in zip(confidence, share_right, counts, strict=True):
            ax.annotate(f"{count:,.0f}", (x, y), path_effects=HALO, **text)
    ax.scatter(confidence, share_right, s=sizes, color=COLORS[0], zorder=2)
    ax.set(xlabel="mean confidence", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    ax.legend(frameon=False, loc="lower right")  # where only a very bad model has points
    return ax
