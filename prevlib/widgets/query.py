"""Choose a head and one token, and see its scores become weights, for notebook 04."""

from functools import partial
from pathlib import Path

import torch
from ipywidgets import Checkbox, Text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from prevlib.checkpoints import load_tokenizer
from prevlib.encoder import Bert
from prevlib.plots import COLORS
from prevlib.plots.style import drawable, new_axes
from prevlib.texts import say
from prevlib.widgets.base import Explorer, end_at_tokens, explorer, number, picture

TEXT = "the film was long , but the actors were [MASK] ."
MAX_TOKENS = 24


def scores_of(model: Bert, input_ids: Tensor, layer: int, head: int, token: int, scaled: bool) -> Tensor:
    """Scores of one token for all tokens; layer, head and token are counted from 1.

    Args:
        input_ids: One text, shape (1, sequence_length).
        scaled: Divide by the root of d, as the model was trained to.
    """
    attention = model.layers[layer - 1].attention
    with torch.inference_mode():
        x = model(input_ids).hidden_states[layer - 1][0]
        query = attention.query(x[token - 1]).chunk(attention.n_heads)[head - 1]
        key = attention.key(x).chunk(attention.n_heads, dim=-1)[head - 1]
    return key @ query / (len(query) ** 0.5 if scaled else 1)


def plot_tokens(values: Tensor, tokens: list[str], title: str, *, ax: Axes) -> Axes:
    """One bar for each token, from top to bottom, with its number."""
    ax = new_axes(ax)
    bars = ax.barh(range(len(tokens)), values.numpy(), color=COLORS[4])
    ax.bar_label(bars, fmt="%.2f", fontsize=8, padding=2)
    ax.set_yticks(range(len(tokens)), drawable(tokens), fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.18)
    ax.set_title(title, fontsize=10)
    return ax


def explore_query(text: str = TEXT, checkpoint: str | Path = "mini") -> Explorer:
    """The scores of one token for all tokens, and the weights that the softmax makes of them.

    Args:
        text: To begin with, at most 24 tokens.
        checkpoint: Alias, folder or hub name of a model with BERT's architecture.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If the text has more than 24 tokens.
    """
    tokenizer, model = load_tokenizer(checkpoint), Bert.from_checkpoint(checkpoint)

    def respond(text: str, token: int, **chosen: int) -> tuple[Figure, str]:
        input_ids = tokenizer(text, return_tensors="pt")["input_ids"]
        tokens = tokenizer.convert_ids_to_tokens(input_ids[0])
        if len(tokens) > MAX_TOKENS:
            raise ValueError(
                f"`text` must have at most {MAX_TOKENS} tokens to be drawn; got {len(tokens)}. Shorten it."
            )
        scores = scores_of(model, input_ids, token=token, **chosen)
        weights = scores.softmax(dim=-1)
        first, second = scores.topk(2).indices.tolist()
        distance = scores[first] - scores[second]
        left = partial(plot_tokens, scores, tokens, say("scores before the softmax"))
        right = partial(plot_tokens, weights, tokens, say("weights after the softmax"))
        told = chosen | {
            "token": token,
            "asks": tokens[token - 1],
            "distance": distance,
            "factor": distance.exp(),
        }
        told |= {"first": tokens[first], "more": weights[first], "score": scores[first]}
        told |= {"second": tokens[second], "less": weights[second], "other": scores[second]}
        words = say(
            "Layer {layer}, head {head}: token {token} of {n}, {asks}, asks.\n"
            "Largest weights after the softmax: {first} (token {i}) {more:.2f}, {second} (token {j}) "
            "{less:.2f}; evenly it would be {even:.2f} each.\n"
            "Their scores before the softmax are {score:.2f} and {other:.2f}: {distance:.2f} more, and "
            "e^{distance:.2f} = {factor:.3g} times the weight.",
            **told | {"i": first + 1, "j": second + 1, "even": 1 / len(tokens), "n": len(tokens)},
        )
        return picture(left, right, size=(8.4, 0.7 + 0.22 * len(tokens))), words

    controls = {
        "text": Text(text, description=say("text"), continuous_update=False),
        "layer": number(say("layer"), 1, 1, len(model.layers), 1),
        "head": number(say("head"), 1, 1, model.config.num_attention_heads, 1),
        "token": number(say("token that asks"), 11, 1, MAX_TOKENS, 1),
        "scaled": Checkbox(True, description=say("divide by the root of d")),
    }
    end_at_tokens(controls["token"], controls["text"], tokenizer)
    return explorer("explore_query", controls, respond)
