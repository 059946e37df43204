"""Exercises on intervals and calibration, for notebook 09."""

from math import sqrt

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
