"""Exercises on splits, behavioural tests and slices, for notebook 16."""

import numpy as np

from prevlib.exercises.base import array, call, close, exercise, number, require

SPEAKERS = np.array([f"speaker {i * i % 20}" for i in range(90)] + [f"speaker {i}" for i in range(20)])
TEXTS = list("abcdefg")
CHANGED = ["a*", "b", "c*", "d*", "e*", "f*", "g"]  # b and g are not touched
BEFORE = np.array([0.9, 0.9, 0.4, 0.6, 0.2, 0.51, 0.8])
AFTER = np.array([0.2, 0.1, 0.6, 0.9, 0.4, 0.49, 0.8])
Y_TRUE, Y_PRED = np.array([1, 1, 0, 0, 1, 0, 1, 0]), np.array([1, 0, 0, 0, 1, 1, 1, 0])
SLICES = {
    "short": np.array([1, 1, 1, 0, 0, 0, 0, 0], dtype=bool),
    "long": np.array([0, 0, 0, 1, 1, 1, 1, 1], dtype=bool),
    "negated": np.array([0, 1, 0, 0, 0, 1, 0, 0], dtype=bool),
}


@exercise(
    minutes=5,
    value=True,
    hints=[
        "It never says *neg*. For which texts of the first kind is that wrong?",
        "The second kind asks that the answer stays, the third that it moves.",
    ],
)
def failures_of_always_pos():
    """Failures in MFT, INV and DIR, 12 cases each, if all get 0.7; 8 of the first expect *neg*."""
    return 8, 0, 12


@failures_of_always_pos.judge
def _(answer):
    mft, inv, direction = array(answer, (3,))
    whole = all(float(count).is_integer() for count in (mft, inv, direction))
    require(whole and direction != 1, "how many cases fail is asked for, of 12 each, not which share")
    require(mft == 8, "MFT: those cases fail that expect *neg*, and no other")
    require(inv == 0, "INV: a change that must not matter does not matter to this model")
    require(direction == 12, "DIR: the probability must move, up or down, and this one never does")


@exercise(
    minutes=10,
    hints=[
        "Which texts differ from their changed form? Only these are in the count.",
        "The answers are `before > 0.5` and `after > 0.5`; a flip is where they differ, either way.",
    ],
)
def flip_rate(texts, changed, before, after):
    """Share of the texts that a change touches whose answer flips; *pos* is a probability above 0.5."""
    touched = np.array([text != other for text, other in zip(texts, changed, strict=True)])
    flipped = (before > 0.5) != (after > 0.5)
    return np.mean(flipped[touched])


@flip_rate.judge
def _(answer):
    value = number(call(answer, TEXTS, CHANGED, BEFORE, AFTER))
    other = np.where(np.array(TEXTS) == np.array(CHANGED), BEFORE, AFTER)
    unmoved = close(call(answer, TEXTS, CHANGED, BEFORE, other), value)
    require(unmoved, "texts that are not touched have no say, whatever the model says of them")
    require(not close(value, 3 / 7), "divide by the number of texts that are touched")
    stays = call(answer, ["a", "b"], ["a*", "b*"], np.array([0.6, 0.4]), np.array([0.9, 0.1]))
    require(close(stays, 0), "a probability may move, even far, without a flip: the answer stays")
    up = call(answer, ["a"], ["a*"], np.array([0.4]), np.array([0.6]))
    require(close(up, 1), "a flip from *neg* to *pos* is a flip, too")
    require(close(value, 3 / 5), "for five touched texts and two others, it is another share")
    edge = call(answer, ["a", "b"], ["a*", "b*"], np.array([0.5, 0.4]), np.array([0.6, 0.5]))
    require(close(edge, 0.5), "0.5 itself is not above 0.5, before and after")
    turned = call(answer, CHANGED, TEXTS, AFTER, BEFORE)
    require(close(turned, value), "as many answers flip on the way back")


@exercise(
    minutes=10,
    hints=[
        "Draw names, not rows: `np.unique(groups)` has each name once.",
        "`rng.choice(names, size=..., replace=False)` draws; `np.isin(groups, drawn)` marks the rows.",
    ],
)
def hold_out_groups(groups, share, rng):
    """True for the samples of the test split: all of each group drawn by ``rng``, a share of the groups."""
    names = np.unique(groups)
    drawn = rng.choice(names, size=round(share * len(names)), replace=False)
    return np.isin(groups, drawn)


@hold_out_groups.judge
def _(answer):
    n_groups = len(set(SPEAKERS))

    def held_out(seed, share=0.25):
        is_test = array(call(answer, SPEAKERS, share, np.random.default_rng(seed)), SPEAKERS.shape)
        require(set(is_test.tolist()) <= {0, 1}, "True or False is asked for, for each sample")
        test, train = set(SPEAKERS[is_test == 1]), set(SPEAKERS[is_test == 0])
        require(not test & train, "a group stands on both sides of the split")
        return test

    for share in (0.25, 0.5):
        sizes = [len(held_out(seed, share)) for seed in range(4)]
        require(
            max(sizes) <= share * n_groups, "the test split has the share of the groups that was asked for"
        )
        require(
            len(set(sizes)) == 1,
            "each split has the same share of the groups: is one drawn twice, or by a coin?",
        )
        require(sizes[0] == share * n_groups, "fewer groups than asked for: is one drawn twice?")
    drawn = [held_out(seed) for seed in range(6)]
    require(drawn[0] == held_out(0), "with `rng` in the same state, the split must be the same")
    require(any(other != drawn[0] for other in drawn), "the groups are drawn at random, by `rng`")
    require(len(set().union(*drawn)) > n_groups / 2, "each group may be drawn")


@exercise(
    minutes=10,
    hints=[
        "`members` is True for the samples of a slice: `members.sum()` says how many these are.",
        "`(y_true == y_pred)[members]` says which of them are right; their mean is the accuracy.",
    ],
)
def accuracy_of_slices(y_true, y_pred, slices, min_support):
    """Accuracy of each slice of at least ``min_support`` samples, by name; ``slices`` are name -> mask."""
    right = y_true == y_pred
    return {name: np.mean(right[members]) for name, members in slices.items() if sum(members) >= min_support}


@accuracy_of_slices.judge
def _(answer):
    def scores(min_support, y_pred=Y_PRED):
        value = call(answer, Y_TRUE, y_pred, SLICES, min_support)
        require(isinstance(value, dict), "a dictionary is asked for: name of the slice -> accuracy")
        return {name: number(score) for name, score in value.items()}

    value = scores(3)
    require("negated" not in value, "a slice that is too small has no score, and no entry")
    require("short" in value, "a slice with just enough samples has a score")
    require(set(value) == {"short", "long"}, "each slice that is large enough has a score, under its name")
    require(not close(value["short"], 2 / 8), "divide by the samples of the slice, not by all")
    require(not close(value["long"], 1), "right answers of both classes count")
    right = close(value["short"], 2 / 3) and close(value["long"], 4 / 5)
    require(right, "for three samples, or for five, it is another share")
    every = scores(1)
    require(set(every) == set(SLICES), "slices may overlap, and with a minimum of 1 each has a score")
    require(close(every["negated"], 0), "a slice in which everything is wrong has the accuracy 0")
    require(scores(9) == {}, "if no slice is large enough, the dictionary is empty")
    require(set(scores(2, Y_TRUE).values()) == {1.0}, "if all is right, each slice has the accuracy 1")
