"""Exercises on comparisons of models, for notebook 10."""

from math import comb, hypot

import numpy as np

from prevlib.exercises.base import array, call, close, exercise, number, require


@exercise(
    minutes=10,
    hints=[
        "Where both are right or both wrong nothing is tossed: there are `only_a + only_b` coins.",
        "`comb(n, k) / 2**n` is the chance of k heads in n tosses. Add those of k up to the smaller count.",
        "Double it for the other direction. What if both counts are equal?",
    ],
)
def mcnemar_p(only_a, only_b):
    """Chance that tosses are at least as uneven as these counts of samples that one model alone has right."""
    n = only_a + only_b
    tail = sum(comb(n, k) for k in range(min(only_a, only_b) + 1)) / 2**n
    return min(1.0, 2 * tail)


@mcnemar_p.judge
def _(answer):
    value, turned = number(call(answer, 5, 2)), number(call(answer, 2, 5))
    require(close(value, turned), "if A and B change places, the same p-value must come out")
    require(not close(value, 29 / 128), "uneven in either direction: 2 to 5 counts as well as 5 to 2")
    require(not close(value, 42 / 128), "results at least as uneven count, too: 6 to 1, and 7 to 0")
    require(abs(value - 0.257) > 0.002, "for so few coins, count the tosses: the bell curve is a guess")
    require(close(value, 58 / 128), "for 5 to 2, the chance of seven coins is another")
    require(close(call(answer, 10, 0), 2 / 1024), "for 10 to 0, the chance of ten coins is another")
    even = number(call(answer, 3, 3))
    require(even <= 1, "a chance is at most 1")
    require(close(even, 1), "every result is at least as uneven as an even one")
    require(close(call(answer, 0, 0), 1), "where the models never differ there is no sign of a difference")


@exercise(
    minutes=5,
    hints=[
        "When errors are independent, do they add up, or do their squares?",
        "The square root of the sum of the squares: `math.hypot`.",
    ],
)
def reach_of_difference(reach_a, reach_b):
    """Half-width of the interval of a difference, given those of two scores on different test sets."""
    return hypot(reach_a, reach_b)


@reach_of_difference.judge
def _(answer):
    value = number(call(answer, 0.03, 0.04))
    require(
        not close(value, 0.07),
        "the two rarely miss in opposite directions as far as each can: less than the sum",
    )
    require(not close(value, 0.0025), "add the squares, and take the root of the sum")
    require(not close(value, 0.04), "the smaller of the two adds to the uncertainty, too")
    require(not close(value, 0.07**0.5), "it is the squares that add up")
    require(close(value, 0.05), "for half-widths of 0.03 and 0.04 the difference has another one")
    require(close(call(answer, 0.04, 0.03), value), "it does not matter which model is called A")
    require(
        close(call(answer, 0.02, 0), 0.02), "against a score that is known exactly, only one reach counts"
    )
    require(close(call(answer, 0.01, 0.01), 0.02**0.5 / 10), "two equal half-widths of 0.01 give another one")


@exercise(
    minutes=15,
    hints=[
        "Sort them. The smallest of n is multiplied by n, the next by n - 1, the last by 1.",
        "None may be smaller than the one before it: `np.maximum.accumulate`. And none above 1.",
        "`adjusted[order] = ...` puts them back where they came from, if `order = np.argsort(p)`.",
    ],
)
def holm(p_values):
    """P-values of several pairs, corrected by Holm's rule, each in its place."""
    n, order = len(p_values), np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * (n - np.arange(n)))
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(1, stepped)
    return adjusted


@holm.judge
def _(answer):
    def corrected(*p_values):
        return array(call(answer, np.array(p_values)), (len(p_values),)).round(6).tolist()

    value = corrected(0.03, 0.01, 0.04)
    require(value != [0.03, 0.01, 0.04], "with three pairs, p-values must be corrected")
    require(value != [0.09, 0.03, 0.12], "only the smallest is multiplied by all three")
    require(value != [0.06, 0.03, 0.04], "the p-value of a larger one must not become smaller")
    require(value != [0.04, 0.03, 0.04], "too small a value rises to that of the one before it")
    require(value != [0.03, 0.06, 0.06], "return them in the order in which they came")
    require(value == [0.06, 0.03, 0.06], "for 0.03, 0.01 and 0.04, one value is another")
    large = corrected(0.3, 0.6, 0.55, 0.02)
    require(max(large) <= 1, "a p-value is at most 1")
    require(large == [0.9, 1, 1, 0.08], "for 0.3, 0.6, 0.55 and 0.02, one value is another")
    require(corrected(0.2) == [0.2], "a single test needs no correction")
    require(corrected(0.02, 0.02) == [0.04, 0.04], "equal values stay equal")


@exercise(
    minutes=10,
    hints=[
        "Read the interval only. Where must it lie, as a whole, so that A is better? So that A is worse?",
        "Equivalent: every difference in the interval is smaller than the margin, on either side.",
        "What is left, whatever the estimate says, is undecided.",
    ],
)
def verdict(low, high, margin):
    """What the interval of A minus B says: "better", "worse", "equivalent" or "undecided"."""
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "equivalent" if -margin < low and high < margin else "undecided"


@verdict.judge
def _(answer):
    def said(low, high, margin=0.02):
        word = call(answer, low, high, margin)
        known = ("better", "worse", "equivalent", "undecided")
        require(type(word) is str and word in known, 'one of "better", "worse", "equivalent", "undecided"')
        return word

    require(said(0.01, 0.05) == "better", "an interval above 0 says that A is better")
    require(said(-0.05, -0.01) == "worse", "an interval below 0 says that A is worse")
    require(said(-0.01, 0.05) != "better", "an interval that holds 0 ranks nobody, wherever its middle lies")
    require(said(-0.01, 0.05) != "equivalent", "that 0 is in the interval does not make the two equal")
    require(said(-0.05, 0.01) == "undecided", "the interval must lie inside the margin on both sides")
    require(said(-0.01, 0.05) == "undecided", "an interval that reaches past the margin decides nothing")
    require(said(-0.03, 0.03) == "undecided", "an interval that is wider than the margin decides nothing")
    require(
        said(-0.01, 0.01) == "equivalent", "an interval inside the margin shows that the rest does not matter"
    )
    require(said(-0.01, 0.05, 0.1) == "equivalent", "the margin is not always the same")
    require(said(0.001, 0.01) == "better", "a small difference is a difference, if its interval lies above 0")
