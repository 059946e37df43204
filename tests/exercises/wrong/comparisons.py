"""Typical wrong answers to the exercises of ``prevlib.exercises.comparisons``."""

from math import comb, sqrt
from statistics import NormalDist

import numpy as np


def _tails(n, k):
    return sum(comb(n, i) for i in range(k + 1)) / 2**n


WRONG = {
    "mcnemar_p": {
        "one direction": (lambda a, b: min(1, _tails(a + b, min(a, b))), "either direction"),
        "this result only": (
            lambda a, b: min(1, 2 * comb(a + b, min(a, b)) / 2 ** (a + b)),
            "at least as uneven",
        ),
        "more than certain": (lambda a, b: 2 * _tails(a + b, min(a, b)), "at most 1"),
        "by the bell curve": (
            lambda a, b: 2 - 2 * NormalDist().cdf(abs(a - b) / sqrt(a + b)) if a + b else 1.0,
            "count the tosses",
        ),
        "A is the worse one": (lambda a, b: min(1, 2 * _tails(a + b, b)), "the same p-value"),
        "of many samples only": (
            lambda a, b: min(1, 2 * _tails(a + b, min(a, b))) if a + b else 0.0,
            "never differ",
        ),
    },
    "reach_of_difference": {
        "the sum": (lambda a, b: a + b, "less than the sum"),
        "no root": (lambda a, b: a * a + b * b, "take the root"),
        "the larger": (max, "smaller of the two"),
        "root of the sum": (lambda a, b: (a + b) ** 0.5, "squares that add up"),
        "the mean": (lambda a, b: (a + b) / 2, "another one"),
        "difference of squares": (lambda a, b: abs(a * a - b * b) ** 0.5, "another one"),
    },
    "holm": {
        "Bonferroni": (lambda p: np.minimum(1, p * len(p)), "only the smallest"),
        "as they were": (lambda p: p.copy(), "corrected"),
        "may fall": (lambda p: p * (len(p) - p.argsort().argsort()), "larger one must not become smaller"),
        "sorted": (
            lambda p: np.minimum(1, np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))),
            "in the order in which they came",
        ),
        "above 1": (
            lambda p: np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))[p.argsort().argsort()],
            "at most 1",
        ),
        "from the largest down": (
            lambda p: np.minimum.accumulate((np.sort(p) * np.arange(len(p), 0, -1))[::-1])[::-1][
                p.argsort().argsort()
            ],
            "that of the one before it",
        ),
    },
    "verdict": {
        "by the middle": (
            lambda low, high, m: "better" if low + high > 0 else "worse",
            "wherever its middle",
        ),
        "0 inside is equal": (
            lambda low, high, m: "better" if low > 0 else "worse" if high < 0 else "equivalent",
            "does not make the two equal",
        ),
        "never equivalent": (
            lambda low, high, m: "better" if low > 0 else "worse" if high < 0 else "undecided",
            "inside the margin",
        ),
        "one side only": (
            lambda low, high, m: (
                "better" if low > 0 else "worse" if high < 0 else "equivalent" if high < m else "undecided"
            ),
            "on both sides",
        ),
        "margin first": (
            lambda low, high, m: (
                "equivalent"
                if -m < low and high < m
                else "better"
                if low > 0
                else "worse"
                if high < 0
                else "undecided"
            ),
            "a small difference is a difference",
        ),
        "turned around": (
            lambda low, high, m: "worse" if low > 0 else "better" if high < 0 else "undecided",
            "says that A is better",
        ),
        "a number": (lambda low, high, m: low > 0, "one of"),
    },
}
