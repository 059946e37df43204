"""How far a score can be trusted: intervals.

A test set is a sample. Another sample of the same size would have given another score, and the interval
says how different. An accuracy without one is half a result.

Used in notebooks 06 and 07. Left out: everything that is not a simple share of successes.
Source: Wilson 1927; Brown, Cai & DasGupta 2001 compare it with the alternatives.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """An estimate and the interval that covers the true value in a share ``level`` of samples."""

    estimate: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.low:.3f}, {self.high:.3f}]"


def wilson_interval(successes: float, n: int, *, level: float = 0.95) -> Interval:
    """Interval of a proportion, such as an accuracy: the proportions p that the data do not contradict.

    They are those with |estimate - p| <= z sqrt(p (1 - p) / n). Unlike estimate +- z sqrt(...), it stays
    within [0, 1] and keeps its coverage for small n and for proportions near 0 or 1.

    Args:
        successes: How many were right, 0 to n; not whole if it is a mean over runs.
        n: How many were tried.
        level: Coverage, in (0, 1).
    Raises:
        ValueError: If n is below 1, successes is outside 0 to n, or level outside (0, 1).
    Example:
        >>> print(wilson_interval(285, 300))
        0.950 [0.919, 0.969]
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(
            f"`successes` must be from 0 to `n`, and `n` at least 1; got {successes} of {n}. "
            "Pass counts, not a share."
        )
    if not 0 < level < 1:
        raise ValueError(f"`level` must be between 0 and 1; got {level}. For 95 % pass 0.95.")
    z = NormalDist().inv_cdf((1 + level) / 2)
    p = successes / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half_width = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    # At 0 and n the bounds are 0 and 1 in exact arithmetic; rounding may miss by 1e-17.
    low = 0.0 if successes == 0 else float(centre - half_width)
    high = 1.0 if successes == n else float(centre + half_width)
    return Interval(p, low, high, level)
