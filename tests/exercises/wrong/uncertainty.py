"""Typical wrong answers to the exercises of ``prevlib.exercises.uncertainty``."""

from math import sqrt

import numpy as np

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
    "calibration_error": {
        "bins weigh the same": (lambda n, c, r: np.nanmean(abs(c - r)), "of many answers"),
        "gaps cancel out": (lambda n, c, r: abs(np.nansum(n * (c - r))) / n.sum(), "cancel"),
        "nan": (lambda n, c, r: np.sum(n * abs(c - r)) / n.sum(), "no answers"),
        "squares": (lambda n, c, r: sqrt(np.nansum(n * (c - r) ** 2) / n.sum()), "not its square"),
        "the worst bin": (lambda n, c, r: np.nanmax(abs(c - r)), "all bins"),
        "a sum": (lambda n, c, r: np.nansum(n * abs(c - r)), "ten times"),
    },
}
