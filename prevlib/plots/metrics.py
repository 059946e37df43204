"""Pictures of right and wrong, for notebook 08."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, MARKERS, SHARES, add_legend, drawable, new_axes


def plot_confusion_matrix(matrix: np.ndarray, class_names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Counts by true class (rows) and predicted class (columns); the diagonal is right.

    Args:
        matrix: Counts or shares, shape (n_classes, n_classes).
        class_names: Of the rows and of the columns.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    matrix = np.asarray(matrix)
    ax.imshow(matrix, cmap=SHARES, vmin=0, vmax=matrix.max() or 1)
    for (row, column), count in np.ndenumerate(matrix):
        ax.text(column, row, f"{count:,.12g}", ha="center", va="center", fontsize=12)
    class_names = drawable(class_names)
    turn = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(class_names)), class_names, **(turn if len("".join(class_names)) > 30 else {}))
    ax.set_yticks(range(len(class_names)), class_names)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set(xlabel="predicted", ylabel="true")
    return ax


def plot_thresholds(
    thresholds: np.ndarray, curves: Mapping[str, np.ndarray], *, ax: Axes | None = None
) -> Axes:
    """Each metric as a function of the threshold.

    Args:
        thresholds: In rising or falling order, shape (n_thresholds,).
        curves: Name of a metric -> its value at each threshold, shape (n_thresholds,); at most six.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for i, (name, values) in enumerate(zip(drawable(curves), curves.values(), strict=True)):
        ax.plot(thresholds, values, color=COLORS[i], marker=MARKERS[i], markevery=10, label=name)
    ax.set(xlabel="threshold on the probability", ylabel="score", ylim=(0, 1.02))
    add_legend(ax)
    return ax
