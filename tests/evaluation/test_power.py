"""Sizes of test sets: by hand, inverse to each other, and as often right as they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from prevlib.evaluation import minimum_detectable_difference, required_samples


def test_by_hand():
    # (1.96 sqrt(0.1) + 0.8416 sqrt(0.1 - 0.0004))^2 / 0.0004
    by_hand = (1.959964 * math.sqrt(0.1) + 0.841621 * math.sqrt(0.0996)) ** 2 / 0.0004
    assert required_samples(0.02, discordance=0.1) == math.ceil(by_hand)


@given(st.integers(20, 100_000), st.floats(0.01, 1), st.floats(0.5, 0.95))
def test_one_is_the_inverse_of_the_other(n_samples, discordance, power):
    options = {"discordance": discordance, "power": power}
    difference = minimum_detectable_difference(n_samples, **options)
    if math.isinf(difference):
        assert required_samples(discordance, **options) > n_samples
    else:
        assert 0 < difference <= discordance
        assert abs(required_samples(difference, **options) - n_samples) <= 1


def exact_power(n_samples, discordance, difference):
    """Chance that |b - c| > 1.96 sqrt(b + c), over all numbers of discordant samples and of wins."""
    total = 0.0
    for discordant in range(1, n_samples + 1):
        wins = np.arange(discordant + 1)
        found = np.abs(2 * wins - discordant) > norm.ppf(0.975) * math.sqrt(discordant)
        share = binom.pmf(wins, discordant, (discordance + difference) / 2 / discordance)
        total += binom.pmf(discordant, n_samples, discordance) * share[found].sum()
    return total


@pytest.mark.parametrize("n_samples, discordance", [(200, 0.3), (400, 0.15), (853, 0.12)])
def test_the_power_is_as_promised(n_samples, discordance):
    difference = minimum_detectable_difference(n_samples, discordance=discordance)
    assert exact_power(n_samples, discordance, difference) == pytest.approx(0.8, abs=0.025)


def test_more_samples_show_smaller_differences():
    found = [minimum_detectable_difference(n, discordance=0.2) for n in (100, 1000, 10_000)]
    assert found == sorted(found, reverse=True)
    assert found[1] == pytest.approx(found[2] * math.sqrt(10), rel=0.02)


def test_errors():
    with pytest.raises(ValueError, match="`discordance` must be at least `difference`, .*; got 0.1 and 0.2"):
        required_samples(0.2, discordance=0.1)
    with pytest.raises(ValueError, match="`difference` must be above 0"):
        required_samples(0, discordance=0.1)
    with pytest.raises(ValueError, match="`power` must be between 0 and 1; got 80. For 80 % pass 0.8"):
        required_samples(0.05, discordance=0.1, power=80)
    with pytest.raises(ValueError, match="`n_samples` must be "):
        minimum_detectable_difference(0, discordance=0.1)
