"""Typical wrong answers to the exercises of ``prevlib.exercises.interpretation``."""

import numpy as np


def _drawn(names, labels, seed):
    return dict(zip(names, np.random.default_rng(seed).choice(labels, len(names)), strict=True))


WRONG = {
    "rollout_by_hand": {
        "no residual": ([[1.0, 0.0], [1.0, 0.0]], "half"),
        "the other order": ([[0.5, 0.5], [0.25, 0.75]], "order"),
        "not halved": ([[3.0, 1.0], [2.0, 2.0]], "sum to 1"),
        "entry by entry": ([[0.5, 0.0], [0.0, 0.5]], "sum to 1"),
        "mean": ([[0.75, 0.25], [0.25, 0.75]], "product"),
        "a list": ([0.75, 0.25, 0.5, 0.5], "shape"),
    },
    "control_labels": {
        "a draw a row": (lambda t, y, seed: np.random.default_rng(seed).choice(y, len(t)), "equal texts"),
        "even": (lambda t, y, seed: list(map(_drawn(t, [0, 1], seed).get, t)), "frequencies"),
        "the true ones": (lambda t, y, seed: list(map(dict(zip(t, y, strict=True)).get, t)), "at random"),
        "one for all": (lambda t, y, seed: [np.random.default_rng(seed).choice(y)] * len(t), "its own"),
        "one seed": (lambda t, y, seed: list(map(_drawn(t, y, 0).get, t)), "another seed"),
        "no seed": (lambda t, y, seed: list(map(_drawn(t, y, None).get, t)), "same seed"),
        "distinct texts only": (lambda t, y, seed: list(_drawn(set(t), y, seed).values()), "shape"),
    },
    "leave_one_out": {
        "all equal tokens": (
            lambda score, tokens: [score(tokens) - score([u for u in tokens if u != t]) for t in tokens],
            "one place",
        ),
        "turned around": (
            lambda score, tokens: [
                score(tokens[:i] + tokens[i + 1 :]) - score(tokens) for i in range(len(tokens))
            ],
            "positive",
        ),
        "alone": (lambda score, tokens: [score([token]) for token in tokens], "without it"),
        "without it": (
            lambda score, tokens: [score(tokens[:i] + tokens[i + 1 :]) for i in range(len(tokens))],
            "difference",
        ),
        "masked": (
            lambda score, tokens: [
                score(tokens) - score([*tokens[:i], "[MASK]", *tokens[i + 1 :]]) for i in range(len(tokens))
            ],
            "delete",
        ),
        "shares": (
            lambda score, tokens: [
                1 - score(tokens[:i] + tokens[i + 1 :]) / max(1, score(tokens)) for i in range(len(tokens))
            ],
            "twice the score",
        ),
    },
}
