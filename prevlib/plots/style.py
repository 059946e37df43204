"""One look for every picture: colours that stay apart for colour-blind readers, and quiet axes.

The palette is that of Okabe & Ito 2008. Meaning never hangs on colour alone: lines differ in marker as
well, bars carry their numbers. The look belongs to the axes that a plot draws into, not to the settings of
Matplotlib, so a reader's own figures stay as they are.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = ("o", "s", "^", "D", "v", "P")
SIZE = (6.4, 3.6)  # inches; fits the column of JupyterLab
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


def letters_on(color: Sequence[float]) -> str:
    """White or black, whichever has more contrast with an sRGB colour."""
    luminance = np.dot(np.power(color[:3], 2.2), [0.2126, 0.7152, 0.0722])
    return "white" if luminance < 0.18 else "black"
