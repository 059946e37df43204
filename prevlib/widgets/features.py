"""Texts as points: layers, pooling and neighbours, for notebook 06.

Features are extracted once, when the widget is made; from then on it only looks at them.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ipywidgets import Dropdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prevlib.datasets import load_reviews
from prevlib.features import extract_features
from prevlib.plots import plot_projection
from prevlib.plots.style import HALO
from prevlib.texts import say
from prevlib.widgets.base import RING, Explorer, explorer, number, picture

N_TEXTS = 40
BESIDE = (0, 10), (12, 0), (0, -11)  # places of numbers, in points: beside the highest, middle, lowest one
N_NEIGHBOURS = len(BESIDE)
ROUNDING = 1e-6  # of float32, as a share of the largest number
POOLINGS = ("mean", "cls", "max")


class Projection(NamedTuple):
    """Features in the plane that keeps most of their variance."""

    points: np.ndarray  # shape (n_texts, 2)
    variance_kept: float  # share, in [0, 1]


def project(features: np.ndarray) -> Projection:
    """The first two principal components.

    Args:
        features: Shape (n_texts, hidden_size), at least two texts.
    Example:
        >>> project(np.array([[0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [4.0, 0.0, 1.0]])).variance_kept
        1.0
    """
    centred = features - features.mean(axis=0)
    centred[np.abs(centred) <= ROUNDING * np.abs(features).max()] = 0  # or equal rows would be spread out
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    share = (sizes[:2] ** 2).sum() / (sizes**2).sum() if sizes.any() else 1
    return Projection(left[:, :2] * sizes[:2], float(share))


def cosine_similarities(features: np.ndarray) -> np.ndarray:
    """Cosine of the angle between each two rows, shape (n_texts, n_texts)."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = features / np.maximum(lengths, np.finfo(features.dtype).tiny)
    return directions @ directions.T


def nearest_neighbours(features: np.ndarray, n_neighbours: int) -> np.ndarray:
    """The rows most alike in direction, the nearest first, itself left out, shape (n_texts, n_neighbours).

    Example:
        >>> nearest_neighbours(np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), 1).ravel().tolist()
        [1, 0, 1]
    """
    similarities = cosine_similarities(features)
    np.fill_diagonal(similarities, -np.inf)
    return np.argsort(-similarities, axis=1, kind="stable")[:, :n_neighbours]


def plot_neighbours(
    points: np.ndarray,
    labels: Sequence[int],
    class_names: Sequence[str],
    chosen: int,
    neighbours: Sequence[int],
    *,
    ax: Axes | None = None,
) -> Axes:
    """``plot_projection`` with a ring around one text, and lines and numbers to its neighbours."""
    ax = plot_projection(points, labels, class_names, ax=ax)
    heights = np.argsort(np.argsort(-points[list(neighbours), 1], kind="stable"))
    for place, (neighbour, height) in enumerate(zip(neighbours, heights, strict=True), start=1):
        ax.plot(*points[[chosen, neighbour]].T, color="black", linewidth=0.8, zorder=0)
        text = {"xytext": BESIDE[height], "textcoords": "offset points", "path_effects": HALO}
        ax.annotate(str(place), points[neighbour], ha="center", va="center", fontsize=11, **text)
    ax.plot(*points[chosen], "o", **RING)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def explore_features(
    texts: Sequence[str] | None = None,
    labels: Sequence[int] | None = None,
    class_names: Sequence[str] = ("neg", "pos"),
    checkpoint: str | Path = "minilm",
) -> Explorer:
    """Choose a layer, a pooling and a text; see its place and its nearest neighbours.

    Args:
        texts: At least two; validation reviews if None. Each needs a few milliseconds at the start.
        labels: Number of the class of each text; needed with ``texts``.
        class_names: In the order of the numbers.
        checkpoint: Alias, folder or hub name.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If there are fewer than two texts, or not one label a text.
    """
    if texts is None:
        texts, labels = load_reviews()["validation"][:N_TEXTS].values()
    if labels is None or len(texts) != len(labels) or len(texts) < 2:
        raise ValueError(
            "`texts` must be at least two, with one label each; got "
            f"{len(texts)} and {0 if labels is None else len(labels)}."
        )
    labels = np.asarray(labels)
    options = {"layer": "all", "show_progress": False}
    features = {kind: extract_features(texts, checkpoint, pooling=kind, **options) for kind in POOLINGS}
    n_layers = features["mean"].shape[1] - 1

    def respond(layer: int, pooling: str, text: int) -> tuple[Figure, str]:
        chosen, rows = text - 1, features[pooling][:, layer]
        projection, neighbours = project(rows), nearest_neighbours(rows, N_NEIGHBOURS)
        where = say("layer {layer}", layer=layer) if layer else say("the embeddings, layer 0")
        where = say("{pooling} of {where}", pooling=pooling, where=where)
        lines = [
            say("Text {n}, {label}: {text}", n=text, label=class_names[labels[chosen]], text=texts[chosen])
        ]
        if projection.points.any():
            shown, similarities = neighbours[chosen], cosine_similarities(rows)[chosen]
            lines.append(say("Nearest in direction:"))
            for place, i in enumerate(shown, start=1):
                told = {"place": place, "cosine": similarities[i], "label": class_names[labels[i]]}
                lines.append(say("{place}. cosine {cosine:.2f}, {label}: {text}", text=texts[i], **told))
            agree = labels[neighbours[:, 0]] == labels
            told = {"where": where, "n": agree.sum(), "total": len(agree), "kept": projection.variance_kept}
            lines.append(
                say("With {where}, the nearest one has the same label for {n} of {total} texts.", **told)
            )
            lines.append(say("The picture keeps {kept:.0%} of the variance.", **told))
        else:
            shown = ()
            lines.append(say("With {where}, all texts are the same point, and none is nearest.", where=where))
        draw = partial(plot_neighbours, projection.points, labels, class_names, chosen, shown)
        return picture(draw, size=(7.2, 3.8)), "\n".join(lines)

    controls = {
        "layer": number(say("layer"), n_layers, 0, n_layers, 1),
        "pooling": Dropdown(options=POOLINGS, description=say("pooling")),
        "text": number(say("text number"), min(5, len(texts)), 1, len(texts), 1),
    }
    return explorer("explore_features", controls, respond)
