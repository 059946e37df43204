"""One look for every picture: colours that stay apart for colour-blind readers, and quiet axes.

Each colour has a contrast of at least 3 to 1 with white and with the dark page of JupyterLab, and any two
stay apart for readers without red or without green cones. Nothing is drawn half-transparent, which would
lower the contrast. Meaning never hangs on colour alone: lines differ in marker as well, bars carry their
numbers. The look belongs to the axes that a plot draws into, not to the settings of Matplotlib, so a
reader's own figures stay as they are.

A picture in a notebook cannot follow the theme of the page. No grey has the contrast of 4.5 to 1 that text
needs with white and with the dark page at once, so figures bring their white paper along. Widgets do follow
the theme: they replace ``INK`` and ``PAPER`` by the colours of the page.

Names of classes and tokens are anybody's, and Matplotlib reads some of them as commands: ``$`` begins a
formula, ``_`` hides a line from the legend. ``drawable`` writes names as they are.
"""

import warnings
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

INK, PAPER = "#000000", "#ffffff"
COLORS = ("#3A63C9", "#FF5600", "#39A567", "#934C71", "#299BCA", "#C11B22")
MARKERS = ("o", "s", "^", "D", "v", "P")
SIZE = (6.4, 3.6)  # inches; fits the column of JupyterLab
MAX_LETTERS = 40  # of a name
SHARES = LinearSegmentedColormap.from_list("shares", [to_rgba(COLORS[0], 0), to_rgba(COLORS[0], 0.7)])
HALO = (withStroke(linewidth=3, foreground=PAPER),)  # around letters that may lie on a line


def new_axes(ax: Axes | None, *, size: tuple[float, float] = SIZE) -> Axes:
    """``ax``, or new axes on white paper, of a size in inches, without the upper and right frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="constrained", facecolor=PAPER)
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
    """Nearly white or nearly black, whichever has more contrast with an sRGB colour; neither is a page's."""
    luminance = np.dot(np.power(color[:3], 2.2), [0.2126, 0.7152, 0.0722])
    return "#fefefe" if luminance < 0.18 else "#010101"
