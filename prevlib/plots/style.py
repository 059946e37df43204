"""One look for every picture: colours that stay apart for colour-blind readers, and quiet axes.

The palette is that of Okabe & Ito 2008. Meaning never hangs on colour alone: lines differ in marker as
well, bars carry their numbers.
"""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = ("o", "s", "^", "D", "v", "P")
SIZE = (6.4, 3.6)  # inches; fits the column of JupyterLab


def new_axes(ax: Axes | None) -> Axes:
    """``ax``, or new axes of the usual size, without the upper and right frame."""
    if ax is None:
        _, ax = plt.subplots(figsize=SIZE, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
