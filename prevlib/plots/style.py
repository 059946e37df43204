"""One look for every picture: colours that stay apart for colour-blind readers, and quiet axes.

The palette is that of Okabe & Ito 2008. Meaning never hangs on colour alone: lines differ in marker as
well, bars carry their numbers. The look belongs to the axes that a plot draws into, not to the settings of
Matplotlib, so a reader's own figures stay as they are.

Names of classes and tokens are anybody's, and Matplotlib reads some of them as commands: ``$`` begins a
formula, ``_`` hides a line from the legend. ``drawable`` writes names as they are.
"""

import warnings
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = ("o", "s", "^", "D", "v", "P")
SIZE = (6.4, 3.6)  # inches; fits the column of JupyterLab
MAX_LETTERS = 40  # of a name
HALO = (withStroke(linewidth=3, foreground="white"),)  # around letters that may lie on a line


def new_axes(ax: Axes | None) -> Axes:
    """``ax``, or new axes of the usual size, without the upper and right frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=SIZE, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def add_legend(ax: Axes) -> None:
    """The names of the lines, in the order in which the lines end, highest first."""
    handles, names = ax.get_legend_handles_labels()
    order = np.argsort([-line.get_ydata()[-1] for line in handles], kind="stable")
    ax.legend([handles[i] for i in order], [names[i] for i in order], frameon=False)


def drawable(names: Iterable[object]) -> list[str]:
    """Names that Matplotlib writes as they are, cut after 40 letters.

    A name of which the font lacks a letter becomes its place in the list: ``(3)``.
    """
    names = [
        name if len(name) <= MAX_LETTERS else name[: MAX_LETTERS - 3] + "..." for name in map(str, names)
    ]
    names = [(" " + name if name.startswith("_") else name).replace("$", r"\$") for name in names]
    return [name if _has_letters(name) else f"({i})" for i, name in enumerate(names, 1)]


def _has_letters(name: str) -> bool:
    """Whether the font has a glyph for each letter, as far as it does not warn."""
    if name.isascii() and name.isprintable():
        return True
    figure = Figure()
    FigureCanvasAgg(figure)
    with warnings.catch_warnings(record=True) as missing:
        warnings.simplefilter("always")
        figure.text(0, 0, name).get_window_extent()
    return not missing


def letters_on(color: Sequence[float]) -> str:
    """White or black, whichever has more contrast with an sRGB colour."""
    luminance = np.dot(np.power(color[:3], 2.2), [0.2126, 0.7152, 0.0722])
    return "white" if luminance < 0.18 else "black"
