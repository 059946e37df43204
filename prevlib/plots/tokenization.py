"""Pictures of tokens and of masks, for notebooks 01 and 02."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, drawable, new_axes


def plot_bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    expected: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A bar and its number for each name; lines from ``low`` to ``high``, level lines at ``expected``.

    What the numbers are is the caller's to say: ``ax.set_ylabel(...)``.

    Args:
        names, values: Of the bars, from left to right; counts are written as whole numbers.
        low, high: Ends of a vertical line for each bar.
        expected: Height of a dashed line across each bar.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    places, top = np.arange(len(names)), np.asarray(values)
    ax.bar(places, values, width=0.6, color=COLORS[4])
    if low is not None and high is not None:
        ax.vlines(places, low, high, color="black")
        top = np.asarray(high)
    if expected is not None:
        level = {"color": COLORS[5], "linestyle": "--", "label": "expected"}
        ax.hlines(expected, places - 0.42, places + 0.42, **level)
        top = np.maximum(top, expected)
        ax.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1))  # where no bar can come
    counts = np.asarray(values).dtype.kind == "i"
    ax.yaxis.get_major_locator().set_params(integer=counts)
    form = ",d" if counts else ".2f"
    for place, height, value in zip(places, top, values, strict=True):
        text = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
        ax.annotate(f"{value:{form}}", (place, height), **text)
    ax.set_xticks(places, drawable(names))
    ax.margins(y=0.12)
    return ax
