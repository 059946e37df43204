"""Typical wrong answers to the exercises of ``prevlib.exercises.shifts``."""

import numpy as np

WRONG = {
    "failures_of_always_pos": {
        "right ones": ((4, 0, 12), "that expect *neg*"),
        "every invariance": ((8, 12, 12), "must not matter"),
        "standing still is enough": ((8, 0, 0), "must move"),
        "half of the directions": ((8, 0, 6), "must move"),
        "rates": ((8 / 12, 0, 1), "how many"),
    },
    "flip_rate": {
        "all texts": (lambda t, c, b, a: np.mean((b > 0.5) != (a > 0.5)), "not touched"),
        "over all texts": (
            lambda t, c, b, a: (
                sum((p > 0.5) != (q > 0.5) for x, y, p, q in zip(t, c, b, a, strict=True) if x != y) / len(t)
            ),
            "divide by",
        ),
        "one way": (lambda t, c, b, a: np.mean(((b > 0.5) & (a <= 0.5))[np.not_equal(t, c)]), "to *pos*"),
        "any move": (lambda t, c, b, a: np.mean((b != a)[np.not_equal(t, c)]), "without a flip"),
        "far moves": (lambda t, c, b, a: np.mean((abs(b - a) > 0.1)[np.not_equal(t, c)]), "without a flip"),
        "those that stay": (
            lambda t, c, b, a: np.mean(((b > 0.5) == (a > 0.5))[np.not_equal(t, c)]),
            "stays",
        ),
    },
    "hold_out_groups": {
        "rows": (lambda g, share, rng: rng.permutation(len(g)) < share * len(g), "both sides"),
        "first names": (
            lambda g, share, rng: np.isin(g, np.unique(g)[: round(share * len(np.unique(g)))]),
            "at random",
        ),
        "training": (
            lambda g, share, rng: ~np.isin(g, rng.permutation(np.unique(g))[: round(share * 20)]),
            "share of the groups",
        ),
        "a coin a group": (
            lambda g, share, rng: (rng.random(20) < share)[np.unique(g, return_inverse=True)[1]],
            "share of the groups",
        ),
        "drawn with replacement": (
            lambda g, share, rng: np.isin(g, rng.choice(np.unique(g), round(share * len(np.unique(g))))),
            "twice",
        ),
        "a seed of its own": (
            lambda g, share, rng: np.isin(
                g, np.random.default_rng(0).permutation(np.unique(g))[: round(share * 20)]
            ),
            "at random",
        ),
        "names of the groups": (lambda g, share, rng: rng.permutation(np.unique(g))[:5], "something else"),
    },
    "accuracy_of_slices": {
        "all slices": (lambda y, p, s, least: {k: np.mean((y == p)[m]) for k, m in s.items()}, "too small"),
        "more than the least": (
            lambda y, p, s, least: {k: np.mean((y == p)[m]) for k, m in s.items() if m.sum() > least},
            "just enough",
        ),
        "over all samples": (
            lambda y, p, s, least: {k: np.mean((y == p) & m) for k, m in s.items() if m.sum() >= least},
            "of the slice",
        ),
        "by the size of the test set": (
            lambda y, p, s, least: {k: np.mean((y == p)[m]) for k, m in s.items() if m.size >= least},
            "too small",
        ),
        "recall": (
            lambda y, p, s, least: {k: np.mean(p[m & (y == 1)]) for k, m in s.items() if m.sum() >= least},
            "both classes",
        ),
        "a list": (
            lambda y, p, s, least: [np.mean((y == p)[m]) for m in s.values() if m.sum() >= least],
            "a dictionary",
        ),
    },
}
