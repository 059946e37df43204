"""Exercises on intervals, paired comparisons and calibration, for notebook 09."""

from math import comb, sqrt

import numpy as np

from prevlib.evaluation import wilson_interval
from prevlib.exercises.base import array, call, close, exercise, number, require

IN_BIN = np.array([12, 5, 1, 0])
CONFIDENCE = np.array([0.95, 0.7, 0.55, np.nan])
SHARE_RIGHT = np.array([0.75, 0.6, 1.0, np.nan])
WRITERS = np.array(["ann", "bo", "ann", "cy", "bo", "ann"])


@exercise(
    minutes=5,
    value=True,
    hints=[
        "`wilson_interval(0.8 * n, n)` has a `low` and a `high`. How far apart are they for n = 1,000?",
        "A loop over n that ends as soon as they are close enough is all you need.",
    ],
)
def n_for_width():
    """Fewest test reviews whose interval of an accuracy of 0.80 is at most 0.02 wide, from end to end."""
    for n in range(1, 100_000):
        interval = wilson_interval(0.8 * n, n)
        if interval.high - interval.low <= 0.02:
            return n


@n_for_width.judge
def _(answer):
    n = number(answer)
    require(1 <= n < 1e9 and n == int(n), "how many reviews: a whole number, from 1 upwards")

    def width(n):
        interval = wilson_interval(0.8 * n, n)
        return interval.high - interval.low

    on_either_side = 0.038 < width(n) <= 0.04
    require(not on_either_side, "2 points is the width from end to end, not what it may reach on either side")
    require(width(n) <= 0.02, "with so few reviews the interval is too wide")
    require(width(n) > 0.0101, "that interval is much narrower than asked")
    require(n == 1 or width(n - 1) > 0.02, "one or more reviews fewer would do, too")


@exercise(
    minutes=10,
    hints=[
        "`groups == name` marks the samples of one group, and `np.flatnonzero` gives their rows.",
        "Go through `drawn`, not through the distinct groups: a group drawn twice comes twice, as a whole.",
    ],
)
def rows_of_groups(groups, drawn):
    """Rows of a resample: those of each group in ``drawn``, as often as it stands there."""
    return np.concatenate([np.flatnonzero(groups == name) for name in drawn])


@rows_of_groups.judge
def _(answer):
    def rows(*drawn, groups=WRITERS):
        value = call(answer, groups, np.array(drawn))
        value = array(value)
        require(value.ndim == 1, "one list of rows is asked for")
        marks = value.shape == groups.shape and set(value.tolist()) <= {0, 1}
        require(not marks, "the numbers of the rows are asked for, not a mark for each sample")
        return sorted(value.tolist())

    value = rows("bo")
    require(not set(value) - {1, 4}, "rows of a group that was not drawn are in the resample")
    require(value == [1, 4], "a group that is drawn comes with all its samples")
    require(rows("cy", "bo") == [1, 3, 4], "the rows of all groups that were drawn are asked for")
    require(rows("bo", "cy", "bo") == [1, 1, 3, 4, 4], "a group comes as often as it was drawn")
    numbered = rows(3, 3, groups=np.array([7, 3, 3]))
    require(numbered == [1, 1, 2, 2], "groups may have numbers for names")


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
    minutes=10,
    hints=[
        "How far is the confidence of a bin from its share right, whichever is larger?",
        "A bin of many answers weighs more: multiply by `n` and divide by the sum of `n`, once.",
        "Take only the bins with `n > 0`: whatever is added to nan is nan.",
    ],
)
def calibration_error(n, confidence, right):
    """Mean distance of confidence from share right, given both, and the number of answers, of each bin."""
    filled = n > 0
    gaps = np.abs(confidence[filled] - right[filled])
    return np.sum(n[filled] * gaps) / np.sum(n)


@calibration_error.judge
def _(answer):
    bins = IN_BIN, CONFIDENCE, SHARE_RIGHT
    full = number(call(answer, *(values[:3] for values in bins)))
    tenfold = number(call(answer, *(10 * IN_BIN[:3], *(values[:3] for values in bins[1:]))))
    require(close(full, tenfold), "ten times as many answers with the same shares have the same error")
    require(not close(full, 0.25), "a bin of many answers weighs more than one of few")
    require(not close(full, 0.45), "all bins have a say, not only the worst one")
    require(not close(full, 2.45 / 18), "too sure in one bin and too unsure in another do not cancel out")
    require(not close(full, sqrt(0.7325 / 18)), "the distance of each bin counts, not its square")
    require(close(full, 3.35 / 18), "for 12, 5 and 1 answers the weighted mean of the distances is another")
    require(close(call(answer, *bins), full), "a bin with no answers has no shares (nan), and adds nothing")
    turned = call(answer, *(values[::-1] for values in bins))
    require(close(turned, full), "the order of the bins does not matter")
    require(close(call(answer, IN_BIN, CONFIDENCE, CONFIDENCE), 0), "if all that is said comes true, it is 0")


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
