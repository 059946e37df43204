"""Choose a layer, a head and a token, and see where it looks, for notebook 18."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ipywidgets import Checkbox, Dropdown, Text
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from prevlib.interpretation import AttentionMaps, attention_maps, attention_rollout
from prevlib.plots import COLORS, plot_attention
from prevlib.widgets.base import Explorer, explorer, number, picture

TEXT = "the actors are good , but the story is a bore ."
VIEWS = ("one head", "mean of the heads", "rollout up to the layer")
MAX_TOKENS = 40


class Look(NamedTuple):
    """Where the tokens look, shape (n_tokens, n_tokens), and what that matrix is."""

    matrix: np.ndarray
    name: str


def look(attentions: np.ndarray, view: str, layer: int, head: int) -> Look:
    """One head, the mean of a layer's heads, or the rollout up to a layer; both are counted from 1.

    Example:
        >>> stay, swap = [[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]
        >>> look(np.array([[stay, swap]]), "mean of the heads", 1, 1).matrix.tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """
    if view == VIEWS[0]:
        return Look(attentions[layer - 1, head - 1], f"layer {layer}, head {head}")
    if view == VIEWS[1]:
        return Look(attentions[layer - 1].mean(axis=0), f"layer {layer}, mean of the heads")
    return Look(attention_rollout(attentions[:layer]), f"rollout up to layer {layer}")


def plot_row_of_attention(maps: AttentionMaps, seen: Look, row: int, *, ax: Axes | None = None) -> Axes:
    """``plot_attention`` with a frame around the row of one token."""
    ax = plot_attention(seen.matrix, maps.tokens, ax=ax)
    frame = {"facecolor": "none", "edgecolor": COLORS[5], "linewidth": 2, "clip_on": False}
    ax.add_patch(Rectangle((-0.5, row - 0.5), len(maps.tokens), 1, **frame))
    ax.set_title(seen.name, fontsize=10)
    return ax


def explore_attention(text: str = TEXT, checkpoint: str | Path = "minilm") -> Explorer:
    """Who looks at whom, and in the same architecture with random weights.

    Args:
        text: To begin with, at most 40 tokens.
        checkpoint: Alias, folder or hub name of an encoder.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: As ``attention_maps``, or if the text has more than 40 tokens.
    """
    read = lru_cache(maxsize=16)(attention_maps)
    n_layers, n_heads = read(text, checkpoint).attentions.shape[:2]

    def respond(
        text: str, layer: int, head: int, token: int, view: str, untrained: bool
    ) -> tuple[bytes, str]:
        maps = read(text, checkpoint, random_init=untrained)
        if len(maps.tokens) > MAX_TOKENS:
            raise ValueError(
                f"`text` must have at most {MAX_TOKENS} tokens to be drawn; got {len(maps.tokens)}. "
                "Shorten it."
            )
        row = min(token, len(maps.tokens)) - 1
        seen = look(maps.attentions, view, layer, head)
        shares = seen.matrix[row]
        best = ", ".join(f"{maps.tokens[i]} (token {i + 1}) {shares[i]:.2f}" for i in np.argsort(-shares)[:4])
        words = (
            f"{'Untrained twin' if untrained else 'Pre-trained'}, {seen.name}.\n"
            f"Token {row + 1} of {len(maps.tokens)}, {maps.tokens[row]}, looks at: {best}.\n"
            f"On average a token gives {seen.matrix[:, [0, -1]].sum(axis=1).mean():.2f} to the first and "
            f"last one together, and {np.diagonal(seen.matrix).mean():.2f} to itself; evenly it would be "
            f"{2 / len(shares):.2f} and {1 / len(shares):.2f}."
        )
        side = 1.8 + 0.17 * len(maps.tokens)

        def draw(ax):
            plot_row_of_attention(maps, seen, row, ax=ax)

        return picture(draw, size=(side, side)), words

    controls = {
        "text": Text(text, description="text", continuous_update=False),
        "layer": number("layer", 1, 1, n_layers, 1),
        "head": number("head", 3 if n_heads > 2 else 1, 1, n_heads, 1),
        "token": number("token", 4, 1, MAX_TOKENS, 1),
        "view": Dropdown(options=VIEWS, description="view"),
        "untrained": Checkbox(False, description="untrained twin"),
    }
    return explorer("explore_attention", controls, respond)
