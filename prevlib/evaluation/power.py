"""How large a test set must be, and what a given one can show, before anything is measured.

Two models on the same samples differ only where one of them is right and the other is wrong. The share of
such samples, the *discordance*, and the difference of the accuracies decide how often a paired test finds it.

Used in notebook 10. Left out: metrics other than the accuracy, for which ``compare_models`` says afterwards
which difference it could have shown. Source: Connor 1987.
"""

import math
from statistics import NormalDist

from scipy.optimize import brentq

from prevlib.arguments import check_count, check_number


def required_samples(
    difference: float, *, discordance: float, power: float = 0.8, level: float = 0.95
) -> int:
    """Samples that a paired test needs to find a difference between two accuracies.

    Args:
        difference: True difference of the accuracies, above 0.
        discordance: Share of the samples that only one of the models gets right, at least ``difference``.
        power: Chance of finding it.
        level: 1 minus the chance of finding a difference where there is none.
    Returns:
        Number of samples.
    Raises:
        ValueError: If a share is not one, or the discordance is below the difference.
    Example:
        >>> required_samples(0.02, discordance=0.10)  # one of ten samples tells the models apart
        1960

    Source: Connor 1987, equation 3.
    """
    difference = check_number("difference", difference, 0, 1, True)
    reach = _reach(discordance, power, level)
    if difference > discordance:
        raise ValueError(
            "`discordance` must be at least `difference`, since only such samples make one; got "
            f"{discordance} and {difference}. Count the samples that only one of the models gets right."
        )
    return math.ceil(reach(difference) / difference**2)


def minimum_detectable_difference(
    n_samples: int, *, discordance: float, power: float = 0.8, level: float = 0.95
) -> float:
    """Smallest difference between two accuracies that a paired test on so many samples is likely to find.

    Args:
        n_samples: Samples on which both models are scored.
        discordance, power, level: As for ``required_samples``.
    Returns:
        The difference; the discordance itself is the largest that there can be, so ``inf`` if even that
        would be missed too often.
    Raises:
        ValueError: If a share is not one, or there are no samples.
    Example:
        >>> round(minimum_detectable_difference(853, discordance=0.15), 3)
        0.037
    """
    n_samples = check_count("n_samples", n_samples)
    reach = _reach(discordance, power, level)

    def missing(difference: float) -> float:
        return reach(difference) - n_samples * difference**2

    return math.inf if missing(discordance) > 0 else float(brentq(missing, 0, discordance))


def _reach(discordance: float, power: float, level: float):
    """Of a difference: the square of what it must exceed, in units of 1 / sqrt(n_samples)."""
    discordance = check_number("discordance", discordance, 0, 1, True)
    for name, share in (("power", power), ("level", level)):
        if not 0 < share < 1:
            raise ValueError(f"`{name}` must be between 0 and 1; got {share}. For 80 % pass 0.8.")
    z_level, z_power = (NormalDist().inv_cdf(share) for share in ((1 + level) / 2, power))
    return lambda d: (z_level * discordance**0.5 + z_power * max(discordance - d**2, 0) ** 0.5) ** 2
