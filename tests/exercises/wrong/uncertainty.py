"""Typical wrong answers to the exercises of ``prevlib.exercises.uncertainty``."""

from math import comb, sqrt
from statistics import NormalDist

import numpy as np


def _tails(n, k):
    return sum(comb(n, i) for i in range(k + 1)) / 2**n


WRONG = {
    "n_for_width": {
        "two points on either side": (1535, "on either side"),
        "one point": (24_581, "narrower than asked"),
        "a round number": (7000, "fewer"),
        "too few": (6000, "too wide"),
        "an interval": ((0.79, 0.81), "one number"),
        "a share": (0.8, "whole number"),
    },
    "rows_of_groups": {
        "once is enough": (lambda g, drawn: np.flatnonzero(np.isin(g, drawn)), "as often as"),
        "one row a group": (lambda g, drawn: [list(g).index(name) for name in drawn], "all its samples"),
        "True and False": (lambda g, drawn: np.isin(g, drawn), "numbers of the rows"),
        "all groups": (lambda g, drawn: np.arange(len(g)), "not drawn"),
        "names": (lambda g, drawn: [name for name in g if name in drawn], "numbers were expected"),
    },
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
    "calibration_error": {
        "bins weigh the same": (lambda n, c, r: np.nanmean(abs(c - r)), "of many answers"),
        "gaps cancel out": (lambda n, c, r: abs(np.nansum(n * (c - r))) / n.sum(), "cancel"),
        "nan": (lambda n, c, r: np.sum(n * abs(c - r)) / n.sum(), "no answers"),
        "squares": (lambda n, c, r: sqrt(np.nansum(n * (c - r) ** 2) / n.sum()), "not its square"),
        "the worst bin": (lambda n, c, r: np.nanmax(abs(c - r)), "all bins"),
        "a sum": (lambda n, c, r: np.nansum(n * abs(c - r)), "ten times"),
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
}
