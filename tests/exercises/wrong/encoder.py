"""Typical wrong answers to the exercises of ``prevlib.exercises.encoder``."""

import math

import torch

from prevlib.exercises.encoder import attend_in_heads, count_parameters


def count(pooler=True, biases=True, norms=True, segments=True):
    """A count of parameters; the options leave out what is often forgotten."""

    def parameters(vocab_size, hidden_size, n_layers, intermediate_size, n_positions):
        sizes = (vocab_size, hidden_size, n_layers, intermediate_size, n_positions)
        missing = 0 if pooler else hidden_size * hidden_size + hidden_size
        missing += 0 if biases else n_layers * (5 * hidden_size + intermediate_size)
        missing += 0 if norms else n_layers * 4 * hidden_size
        return count_parameters.solve(*sizes) - missing - (0 if segments else 2 * hidden_size)

    return parameters


WRONG = {
    "weights_by_hand": {
        "without the root": ((1 / 26, 9 / 26, 16 / 26), "divide by the root"),
        "divided by d": (
            (1 / (3 + math.sqrt(3)), math.sqrt(3) / (3 + math.sqrt(3)), 2 / (3 + math.sqrt(3))),
            "not by d",
        ),
        "the exponentials": ((1, 3, 4), "add up to 1"),
        "shares of the scores": ((0, math.log(3) / math.log(12), math.log(4) / math.log(12)), "exponential"),
    },
    "hide_padding": {
        "times the mask": (lambda s, m: s * m[:, None, None, :], "weight of padding must be 0"),
        "queries": (lambda s, m: s.masked_fill(m[:, None, :, None] == 0, -1e30), "in the last axis"),
        "the tokens": (lambda s, m: s.masked_fill(m[:, None, None, :] == 1, -1e30), "where the mask is 0"),
        "the first text's mask": (
            lambda s, m: s.masked_fill(m[0] == 0, -1e30),
            "weight of padding must be 0",
        ),
        "a small number": (lambda s, m: s.masked_fill(m[:, None, None, :] == 0, -1e4), "whatever the other"),
        "nothing": (lambda s, m: s, "must change"),
        "all of it": (lambda s, m: s.masked_fill(s < 9, -1e30), "stay as they are"),
    },
    "attend_in_heads": {
        "no root": (lambda q, k, v, n: attend_in_heads.solve(q * (q.shape[1] / n) ** 0.5, k, v, n), "root"),
        "root of the whole": (
            lambda q, k, v, n: attend_in_heads.solve(q / n**0.5, k, v, n),
            "root of its own size",
        ),
        "one head": (lambda q, k, v, n: attend_in_heads.solve(q, k, v, 1), "to no other"),
        "softmax over the queries": (
            lambda q, k, v, n: (q @ k.T / q.shape[1] ** 0.5).softmax(0) @ v,
            "sum to 1",
        ),
        "heads cut across the tokens": (
            lambda q, k, v, n: attend_in_heads.solve(
                *(x.reshape(n, len(x), -1).transpose(0, 1).flatten(1) for x in (q, k)), v, n
            ),
            "to no other",
        ),
        "heads in another order": (
            lambda q, k, v, n: torch.cat(attend_in_heads.solve(q, k, v, n).chunk(n, 1)[::-1], 1),
            "to no other",
        ),
        "keys and queries changed": (lambda q, k, v, n: attend_in_heads.solve(k, q, v, n), "section 1"),
    },
    "order_gap": {
        "not matched": (lambda f, x, o: (f(x) - f(x[o])).abs().max(), "match the tokens"),
        "turned the wrong way": (lambda f, x, o: (f(x) - f(x[o])[o]).abs().max(), "match the tokens"),
        "without the sign": (lambda f, x, o: (f(x)[o] - f(x[o])).max(), "absolute values"),
        "mean": (lambda f, x, o: (f(x)[o] - f(x[o])).abs().mean(), "largest"),
        "one vector a token": (lambda f, x, o: (f(x)[o] - f(x[o])).abs().amax(1), "one number"),
    },
    "count_parameters": {
        "no pooler": (count(pooler=False), "pooler"),
        "no biases": (count(biases=False), "biases"),
        "no norms": (count(norms=False), "norms"),
        "no segments": (count(segments=False), "three tables"),
        "one layer": (lambda v, d, n, f, p: count_parameters.solve(v, d, min(n, 1), f, p), "BERT-base"),
        "two matrices of attention": (
            lambda v, d, n, f, p: count_parameters.solve(v, d, n, f, p) - 2 * n * d * d,
            "four squares",
        ),
    },
    "untied_head": {
        "with the bias": (30_522 * 769, "the bias"),
        "a square": (768 * 768, "how many rows"),
        "all of BERT-base": (109_482_240, "how many rows"),
        "the bias only": (30_522, "how many rows"),
    },
}
