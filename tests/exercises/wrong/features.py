"""Typical wrong answers to the exercises of ``prevlib.exercises.features``."""

import numpy as np
import torch

from prevlib.evaluation import wilson_interval

WRONG = {
    "shapes_of_a_text": {
        "no special tokens": (((1, 13, 384), (1, 384)), "special tokens"),
        "words for tokens": (((1, 12, 384), (1, 384)), "several tokens"),
        "no batch axis": (((15, 384), (384,)), "batch"),
        "a vector a token twice": (((1, 15, 384), (1, 15, 384)), "whole text"),
        "of another model": (((1, 15, 768), (1, 768)), "section 2"),
    },
    "closest_to_first": {
        "itself": (lambda f: 0, "closest to itself"),
        "dot product": (lambda f: 1 + np.argmax(f[1:] @ f[0]), "long vector"),
        "distance": (lambda f: 1 + np.argmin(np.linalg.norm(f[1:] - f[0], axis=1)), "not of distance"),
        "counts the others only": (
            lambda f: np.argmax(f[1:] @ f[0] / np.linalg.norm(f[1:], axis=1)),
            "rows are counted",
        ),
        "0 for itself": (
            lambda f: np.argmax((f @ f[0] / np.linalg.norm(f, axis=1)) * (np.arange(len(f)) > 0)),
            "however far",
        ),
        "farthest": (lambda f: 1 + np.argmin(f[1:] @ f[0] / np.linalg.norm(f[1:], axis=1)), "opposite"),
        "parallel or opposite": (
            lambda f: 1 + np.argmax(abs(f[1:] @ f[0]) / np.linalg.norm(f[1:], axis=1)),
            "opposite",
        ),
    },
    "mean_of_tokens": {
        "all tokens": (lambda s, m: s.mean(dim=1), "padding"),
        "divides by all": (lambda s, m: (s * m[..., None]).mean(dim=1), "how many tokens are real"),
        "divides by those of the batch": (
            lambda s, m: (s * m[..., None]).sum(dim=1) / m.sum(),
            "its own number of real tokens",
        ),
        "mean first, mask after": (
            lambda s, m: (s.mean(dim=1, keepdim=True) * m[..., None]).sum(dim=1) / m.sum(dim=1)[:, None],
            "padding",
        ),
        "first token": (lambda s, m: s[:, 0], "every real token"),
        "over the numbers": (lambda s, m: s.mean(dim=2), "the shape must be"),
    },
    "max_of_tokens": {
        "all tokens": (lambda s, m: s.amax(dim=1), "padding"),
        "0 for padding": (lambda s, m: (s * m[..., None]).amax(dim=1), "negative"),
        "small, but not enough": (
            lambda s, m: s.masked_fill(m[..., None] == 0, -100).amax(dim=1),
            "however low",
        ),
        "the longest vector": (
            lambda s, m: s[torch.arange(len(s)), (s.norm(dim=2) * m).argmax(dim=1)],
            "by itself",
        ),
        "indices": (lambda s, m: s.masked_fill(m[..., None] == 0, -torch.inf).argmax(dim=1), "not its place"),
    },
    "score_to_report": {
        "best of the test": (lambda validation, test: test.max(), "chosen on the test"),
        "best of validation": (lambda validation, test: validation.max(), "luckiest"),
        "the layer": (lambda validation, test: validation.argmax(), "not the layer"),
        "the last layer": (lambda validation, test: test[-1], "best on validation"),
        "of equals the last": (
            lambda validation, test: test[np.flatnonzero(validation == validation.max())[-1]],
            "earlier",
        ),
    },
    "lower_bound": {
        "of 853 reviews": (wilson_interval(682, 853).low, "wider"),
        "of 5 reviews": (wilson_interval(4, 5).low, "too wide"),
        "the upper one": (wilson_interval(40, 50).high, "the lower of the two"),
        "a percentage": (67, "from 0 to 1"),
    },
}
