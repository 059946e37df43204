"""Attention: which tokens a token takes its next vector from.

In each layer, each head gives each token a row of shares that sum to 1: how much it takes from every other.
``attention_maps`` returns them all. ``attention_rollout`` follows them through the layers, down to the tokens
of the text.

A share says where a head looks, not what it takes from there, nor whether the answer would change without it.
So look at the untrained twin as well (``random_init=True``): what a picture of random weights shows, too, is
no finding.

Used in notebook 18. Left out: what an answer depends on, which is ``attribution.py``.
Sources: Abnar & Zuidema 2020, *Quantifying Attention Flow in Transformers*; Clark et al. 2019, *What Does
BERT Look At?*; Jain & Wallace 2019, *Attention is not Explanation*.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_unicode
from prevlib.checkpoints import Loaded, load_encoder, load_tokenizer
from prevlib.inference import longest_input, run


class AttentionMaps(NamedTuple):
    """The tokens of a text, and who looks at whom: entry [layer, head, from, to]."""

    tokens: list[str]  # with the special tokens that were added
    attentions: np.ndarray  # float32, shape (n_layers, n_heads, sequence_length, sequence_length)


def attention_maps(
    text: str, checkpoint: str | Path | Loaded = "minilm", *, random_init: bool = False
) -> AttentionMaps:
    """Attention of every layer and head for one text. Each row sums to 1.

    Args:
        text: At least one token, at most what the model can take; nothing is cut.
        checkpoint: Alias, folder, hub name, or a loaded model.
        random_init: Use the same architecture with random weights, as a control.
    Returns:
        ``AttentionMaps(tokens, attentions)``; ``attentions[0]`` is the layer next to the embeddings.
    Raises:
        TypeError: If ``text`` is not a string.
        ValueError: If ``text`` has no token, or too many.
    Example:
        >>> maps = attention_maps("a joy .")
        >>> maps.tokens, maps.attentions.shape
        (['[CLS]', 'a', 'joy', '.', '[SEP]'], (6, 12, 5, 5))
    """
    tokenizer = load_tokenizer(checkpoint)
    model = load_encoder(checkpoint, random_init=random_init)
    batch = tokenize_text(text, tokenizer, model)
    model.set_attn_implementation("eager")  # the fused kernels never hold the shares
    layers = run(model, batch, output_attentions=True).attentions
    tokens = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    return AttentionMaps(tokens, torch.cat(layers).numpy())


def attention_rollout(attentions: ArrayLike) -> np.ndarray:
    """How much of each token of the text reaches each token of the top layer, by attention alone.

    A layer mixes token vectors twice: by attention, and by the residual connection, which passes each vector
    on to itself. Rollout takes half of each, (W + I) / 2 with W the mean over the heads, and multiplies the
    layers. What the values, the feed-forward layers and the norms do is left out.

    Args:
        attentions: Shape (n_layers, n_heads, sequence_length, sequence_length), lowest layer first. A part,
            such as ``attentions[:2]``, gives the rollout up to its last layer.
    Returns:
        Shape (sequence_length, sequence_length); rows are tokens of the top layer and sum to 1.
    Raises:
        ValueError: If the shape is another, or a row does not sum to 1.
    Example:
        >>> stay, swap = [[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]
        >>> attention_rollout([[stay], [swap]])
        array([[0.5, 0.5],
               [0.5, 0.5]])

    Source: Abnar & Zuidema 2020, section 3.
    """
    attentions = np.asarray(attentions, dtype=float)
    shape = attentions.shape
    if len(shape) != 4 or shape[2] != shape[3] or 0 in shape:
        raise ValueError(
            "`attentions` must have the shape (n_layers, n_heads, sequence_length, sequence_length); "
            f"got {shape}. Take one text, without the axis of the batch."
        )
    sums = attentions.sum(axis=-1)
    if not np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            f"`attentions` must have rows that sum to 1; got sums from {sums.min():.3g} to {sums.max():.3g}. "
            "Take the shares after the softmax, and all of the tokens."
        )
    rollout = identity = np.eye(shape[-1])
    for layer in attentions.mean(axis=1):  # (seq, seq)
        mixed = layer + identity
        rollout = mixed / mixed.sum(axis=-1, keepdims=True) @ rollout
    return rollout


def tokenize_text(
    text: str, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, **options: bool
) -> BatchEncoding:
    """One text as a batch of one, or an error if it has no token, or more than the model takes."""
    if not isinstance(text, str):
        raise TypeError(f"`text` must be a string; got {type(text).__name__}. Pass one text at a time.")
    check_unicode("`text`", text)
    batch = tokenizer(text, return_tensors="pt", verbose=False, **options)
    length, longest = batch["input_ids"].shape[1], longest_input(tokenizer, model)
    if length == tokenizer.num_special_tokens_to_add():
        raise ValueError(f"`text` must hold at least one token; got {text!r}. There is nothing to look at.")
    if length > longest:
        raise ValueError(
            f"`text` must have at most {longest} tokens, special ones included; got {length}. "
            "Choose a passage: a cut text would be explained as if it were whole."
        )
    return batch
