"""Pictures of uncertainty, for notebooks from 08 on."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, HALO, drawable, new_axes


def plot_intervals(
    intervals: Mapping[str, Sequence[float]], *, reference: float | None = None, ax: Axes | None = None
) -> Axes:
    """An estimate and its interval for each name, top to bottom, with the numbers beside them.

    Args:
        intervals: Name -> (estimate, low, high), or an ``Interval``.
        reference: Drawn as a vertical line, such as the score of guessing or a difference of 0.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for place, (estimate, low, high, *_) in enumerate(intervals.values()):
        ax.hlines(place, low, high, color=COLORS[0], linewidth=2)
        ax.plot(estimate, place, "o", color=COLORS[0])
        text = {"xytext": (0, 6), "textcoords": "offset points", "ha": "center", "path_effects": HALO}
        ax.annotate(f"{estimate:.3f}", (estimate, place), **text)
    if reference is not None:
        ax.axvline(reference, color="black", linestyle=":", linewidth=1)
    ax.margins(x=0.1)  # room for the numbers
    ax.set_yticks(range(len(intervals)), drawable(intervals))
    ax.set_ylim(len(intervals) - 0.5, -0.7)  # the first one on top, with room for its number
    ax.set_xlabel("score")
    return ax


def plot_resamples(scores: Sequence[float], interval: Sequence[float], *, ax: Axes | None = None) -> Axes:
    """How the scores of resamples spread, with the estimate and the ends of ``interval`` on top.

    Args:
        scores: One for each resample.
        interval: (estimate, low, high), or an ``Interval``.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    estimate, low, high, *_ = interval
    ax.hist(scores, bins=40, color=COLORS[4])
    for value, style in [(estimate, "-"), (low, "--"), (high, "--")]:
        ax.axvline(value, color=COLORS[5], linestyle=style)
        label = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center"}
        ax.annotate(f"{value:.3f}", (value, 1), xycoords=("data", "axes fraction"), **label)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xlabel="score of a resample", ylabel="number of resamples")
    return ax
