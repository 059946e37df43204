"""Choose a layer, a head and a token, and see where it looks, for notebook 18."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ipywidgets import Checkbox, Dropdown, Text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from prevlib.checkpoints import load_tokenizer
from prevlib.interpretation import AttentionMaps, attention_maps, attention_rollout
from prevlib.plots import COLORS, plot_attention
from prevlib.texts import say
from prevlib.widgets.base import Explorer, end_at_tokens, explorer, number, picture

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
        name = say("layer {layer}, head {head}", layer=layer, head=head)
        return Look(attentions[layer - 1, head - 1], name)
    if view == VIEWS[1]:
        return Look(attentions[layer - 1].mean(axis=0), say("layer {layer}, mean of the heads", layer=layer))
    return Look(attention_rollout(attentions[:layer]), say("rollout up to layer {layer}", layer=layer))


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
    ) -> tuple[Figure, str]:
        maps = read(text, checkpoint, random_init=untrained)
        if len(maps.tokens) > MAX_TOKENS:
            raise ValueError(
                f"`text` must have at most {MAX_TOKENS} tokens to be drawn; got {len(maps.tokens)}. "
                "Shorten it."
            )
        seen = look(maps.attentions, VIEWS[views.index(view)], layer, head)
        shares = seen.matrix[token - 1]
        best = [
            say("{token} (token {i}) {share:.2f}", token=maps.tokens[i], i=i + 1, share=shares[i])
            for i in np.argsort(-shares)[:4]
        ]
        model = say("Untrained twin") if untrained else say("Pre-trained")
        ends, itself = seen.matrix[:, [0, -1]].sum(axis=1).mean(), np.diagonal(seen.matrix).mean()
        told = {"i": token, "token": maps.tokens[token - 1], "best": ", ".join(best), "itself": itself}
        told |= {"model": model, "view": seen.name, "ends": ends}
        words = say(
            "{model}, {view}.\n"
            "Token {i} of {n}, {token}, looks at: {best}.\n"
            "On average a token gives {ends:.2f} to the first and last one together, and {itself:.2f} to "
            "itself; evenly it would be {even_ends:.2f} and {even:.2f}.",
            **told | {"n": len(shares), "even_ends": 2 / len(shares), "even": 1 / len(shares)},
        )
        side = 1.8 + 0.17 * len(maps.tokens)

        def draw(ax):
            plot_row_of_attention(maps, seen, token - 1, ax=ax)

        return picture(draw, size=(side, side)), words

    views = say("one head"), say("mean of the heads"), say("rollout up to the layer")
    controls = {
        "text": Text(text, description=say("text"), continuous_update=False),
        "layer": number(say("layer"), 1, 1, n_layers, 1),
        "head": number(say("head"), 3 if n_heads > 2 else 1, 1, n_heads, 1),
        "token": number(say("token"), 4, 1, MAX_TOKENS, 1),
        "view": Dropdown(options=views, description=say("view")),
        "untrained": Checkbox(False, description=say("untrained twin")),
    }
    end_at_tokens(controls["token"], controls["text"], load_tokenizer(checkpoint))
    return explorer("explore_attention", controls, respond)
