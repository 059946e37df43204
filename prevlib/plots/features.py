"""Pictures of features, for notebook 06."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, MARKERS, PAPER, add_legend, drawable, new_axes


def plot_projection(
    points: np.ndarray, labels: Sequence[int], class_names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """Texts as points in two dimensions, marked by class.

    Args:
        points: Shape (n_texts, 2).
        labels: Number of the class of each text, shape (n_texts,).
        class_names: In the order of the numbers, at most six.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax, labels = new_axes(ax), np.asarray(labels)
    for i, name in enumerate(drawable(class_names)):
        x, y = points[labels == i].T
        ax.scatter(x, y, s=16, color=COLORS[i], edgecolor=PAPER, linewidth=0.3, marker=MARKERS[i], label=name)
    ax.legend(frameon=False)
    ax.set(xlabel="first component", ylabel="second component")
    return ax


def plot_layers(
    scores: Mapping[str, np.ndarray],
    *,
    low: Mapping[str, np.ndarray] | None = None,
    high: Mapping[str, np.ndarray] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Score by layer, one line for each entry of ``scores``.

    Args:
        scores: Name -> one score per layer, the embeddings first, shape (n_layers + 1,).
        low, high: Ends of a vertical line at each score, under the same names.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    for i, (name, values) in enumerate(scores.items()):
        layers = np.arange(len(values)) + 0.06 * (i - (len(scores) - 1) / 2)
        if low is not None and high is not None:
            ax.vlines(layers, low[name], high[name], color=COLORS[i], linewidth=1)
        ax.plot(layers, values, marker=MARKERS[i], color=COLORS[i], label=drawable(scores)[i])
    ax.set_xticks(range(len(values)), ["0\nembeddings", *map(str, range(1, len(values)))])
    add_legend(ax)
    ax.set(xlabel="layer", ylabel="accuracy")
    return ax
