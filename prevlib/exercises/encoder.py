"""Exercises on the parts of the encoder, for notebook 04."""

import numpy as np
import torch

from prevlib.encoder import attention_weights
from prevlib.exercises.base import array, call, close, exercise, number, require


@exercise(minutes=5, value=True, hints=["Divided by the root of 4: what is 2 ln 3 / 2, and its exponential?"])
def weights_by_hand():
    """Query (2, 0, 0, 0), and keys whose first numbers are ln 1, ln 3 and ln 4: the three weights."""
    return 1 / 8, 3 / 8, 4 / 8


@weights_by_hand.judge
def _(answer):
    weights = array(answer, (3,))
    require(close(weights.sum(), 1, atol=0.01), "the three weights add up to 1")
    require(not np.allclose(weights, np.array([1, 9, 16]) / 26, atol=0.01), "divide by the root of d first")
    require(not np.allclose(weights, [0.21, 0.37, 0.42], atol=0.01), "divide by the root of d, not by d")
    require(np.allclose(weights, np.array([1, 3, 4]) / 8, atol=1e-3), "take the exponential of each score")


@exercise(
    minutes=10,
    hints=[
        "Which axis of `scores` are the keys? The mask needs two more axes to line up with it.",
        "`attention_mask[:, None, None, :]` lines up with the keys: `masked_fill`.",
    ],
)
def hide_padding(scores, attention_mask):
    """Scores (batch, heads, n, n) such that the softmax gives padding, 0 in the mask (batch, n), nothing."""
    return scores.masked_fill(attention_mask[:, None, None, :] == 0, torch.finfo(scores.dtype).min)


@hide_padding.judge
def _(answer):
    scores, mask = torch.arange(96.0).reshape(2, 3, 4, 4).cos(), torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])
    hidden = np.broadcast_to(mask.numpy()[:, None, None, :] == 0, scores.shape)
    for factor in (1, -1e6):
        changed = array(call(answer, factor * scores, mask), scores.shape)
        stays = changed == (factor * scores).numpy()
        require(not stays[hidden].all(), "padding is where the mask is 0: its scores must change")
        same = (stays == stays[:, :1, :1]).all()
        require(same, "hide the same tokens from every query in every head: they stand in the last axis")
        require(stays[~hidden].all(), "the scores of the other tokens stay as they are")
        weights = np.exp(changed - changed.max(axis=-1, keepdims=True))
        nothing = (weights[hidden] == 0).all()
        require(nothing, "the weight of padding must be 0, whatever the other scores are")


@exercise(
    minutes=15,
    hints=[
        "`query.unflatten(-1, (n_heads, -1))` has the shape (n, n_heads, size of a head).",
        "`.transpose(0, 1)` brings the heads to the front, and back at the end, before `.flatten(-2)`.",
        "Divide by the root of what one head has, not of hidden_size.",
    ],
)
def attend_in_heads(query, key, value, n_heads):
    """What each token takes, (n, hidden_size): each head attends with its own part of the dimensions."""
    query, key, value = (x.unflatten(-1, (n_heads, -1)).transpose(0, 1) for x in (query, key, value))
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    return (scores.softmax(dim=-1) @ value).transpose(0, 1).flatten(-2)


@attend_in_heads.judge
def _(answer):
    query, key, value = 2 * torch.randn(3, 5, 12, generator=torch.Generator().manual_seed(0))

    def attended(n_heads, query=query, key=key, value=value):
        return array(call(answer, query, key, value, n_heads), (5, 12))

    one = attended(1)
    require(
        np.allclose(attended(1, value=torch.ones(5, 12)), 1, atol=1e-4), "the weights of a query sum to 1"
    )
    plain = np.allclose(one, attention_weights(query, key) @ value, atol=1e-4)
    require(plain, "one head does what section 1 does, with the root of d in the right place")
    later = torch.arange(12) >= 6
    apart = np.allclose(attended(2)[:, :6], attended(2, query * ~later, key * ~later)[:, :6], atol=1e-4)
    require(apart, "the first half of the dimensions belongs to the first of two heads, and to no other")
    for n_heads in (2, 3):
        heads = zip(*(x.chunk(n_heads, dim=1) for x in (query, key, value)), strict=True)
        expected = torch.cat([attention_weights(q, k) @ v for q, k, v in heads], dim=1)
        equal = np.allclose(attended(n_heads), expected, atol=1e-4)
        require(equal, "each head divides by the root of its own size, and the heads keep their order")


@exercise(minutes=10, hints=["Encode `x`, and `x[order]`. In which order are the two results?"])
def order_gap(encode, x, order):
    """The largest change of any component of a token by another order; 0 if `encode` cannot see it."""
    return (encode(x)[order] - encode(x[order])).abs().max()


@order_gap.judge
def _(answer):
    x, order = torch.tensor([[0.0, 3.0], [10.0, 5.0], [20.0, 4.0]]), torch.tensor([1, 2, 0])

    def counted(x):
        return x + torch.arange(3.0)[:, None]

    blind = number(call(answer, lambda x: attention_weights(x, x) @ x, x, order))
    require(close(blind, 0, atol=1e-4), "the same vectors in another order are no change: match the tokens")
    gap = number(call(answer, counted, x, order.argsort()))
    require(close(gap, 2), "return the largest change: of tokens moved by 1, 1 and 2 places it is 2")
    back = number(call(answer, counted, x, order))
    require(close(back, 2), "one place up or down is the same change: take absolute values")


@exercise(
    minutes=10,
    hints=[
        "A linear layer from a to b dimensions has a * b weights and b biases; a norm of d has 2 d.",
        "A layer: four linear layers of attention, two norms, and the way to intermediate_size and back.",
    ],
)
def count_parameters(vocab_size, hidden_size, n_layers, intermediate_size, n_positions):
    """How many parameters an encoder has, with two segments and with the pooler."""
    square = hidden_size * hidden_size + hidden_size
    feed_forward = 2 * hidden_size * intermediate_size + intermediate_size + hidden_size
    embeddings = (vocab_size + n_positions + 2) * hidden_size + 2 * hidden_size
    return embeddings + n_layers * (4 * square + feed_forward + 4 * hidden_size) + square


@count_parameters.judge
def _(answer):
    def count(*sizes):
        return number(call(answer, *sizes))

    without = count(99, 24, 0, 40, 16)
    require(without != 2856, "the pooler is missing: a linear layer on top of all others")
    require(without == 3456, "below the layers are three tables and a norm, above them the pooler")
    layer = count(99, 24, 1, 40, 16) - without
    require(layer not in (4320, 4416), "linear layers have biases, and norms two parameters per dimension")
    require(layer == 4480, "one layer adds another number: four squares, two norms, to intermediate and back")
    require(
        count(30_522, 768, 12, 3072, 512) == 109_482_240,
        "right for a small encoder, but not for the size of BERT-base",
    )


@exercise(minutes=5, value=True, hints=["An untied head has a matrix of its own. Which shape has it?"])
def untied_head():
    """BERT-base, 30,522 entries and 768 dimensions: how many more parameters without the tied matrix?"""
    return 30_522 * 768


@untied_head.judge
def _(answer):
    require(not close(answer, 30_522 * 769), "the bias is there in both cases")
    require(
        close(answer, 23_440_896), "how many rows has the matrix, and how long is each? Give the exact number"
    )
