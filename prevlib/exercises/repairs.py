"""Exercises on finding and repairing broken evaluations, for notebook 12."""

import numpy as np

from prevlib.evaluation import checks
from prevlib.exercises.base import array, call, close, exercise, number, require
from prevlib.metrics import accuracy_score, f1_score, precision_score, recall_score

BATCHES = [
    (np.array([1, 1, 1, 0]), np.array([1, 1, 0, 0])),  # F1 0.8
    (np.array([0, 0, 0, 0, 0, 0]), np.array([0, 1, 1, 0, 0, 0])),  # no positives, F1 0
    (np.array([1, 1]), np.array([1, 1])),  # F1 1
]
TRAIN = ["A fine film!", "part 2", "It 's dull , and long .", "ÉTÉ", "日本"]
TEST = [
    "a fine film",
    "Part 3",
    "its dull and long",
    "a fine film indeed",
    "t",
    "été...",
    "中国",
    "fine film",
]


@exercise(
    minutes=5,
    value=True,
    hints=[
        "What changes the number in each case, although it should have no say? Size, company, dice, order?",
        "Read the first line of the docstring of each check: `help(check_neighbours)`.",
    ],
)
def checks_that_catch():
    """The checks for a short last batch, for an answer that depends on the queue, for drafts in training."""
    return checks.check_batches, checks.check_neighbours, checks.check_no_overlap


@checks_that_catch.judge
def _(answer):
    three = isinstance(answer, tuple | list) and len(answer) == 3
    require(three, "three checks are asked for, such as (check_ties, check_spans, check_hidden)")
    names = [getattr(check, "__name__", check) for check in answer]
    known = all(isinstance(name, str) and name.startswith("check_") for name in names)
    require(known, "name three of the functions that begin with `check_`, without calling them")
    require(names[0] == "check_batches", "exhibit 1: what decides how much one sample weighs there?")
    require(names[1] == "check_neighbours", "exhibit 2: on what does the answer depend, besides the text?")
    require(names[2] == "check_no_overlap", "exhibit 3: what does the model know before the test?")


@exercise(
    minutes=10,
    hints=[
        "F1 is a ratio. What stands above, what below the line? Add up both over the batches.",
        "In each batch, `y_true * y_pred` is 1 where a positive was found; the rest are plain sums.",
        "After the loop: 2 found / (positives + marked), or 0 if that is 0/0.",
    ],
)
def f1_of_batches(batches):
    """F1 of all samples together, given pairs of arrays of 0 and 1; 0 if there is no positive in any."""
    tp = both = 0
    for y_true, y_pred in batches:
        tp += np.sum(y_true * y_pred)
        both += np.sum(y_true) + np.sum(y_pred)
    return 2 * tp / both if both else 0.0


@f1_of_batches.judge
def _(answer):
    value = number(call(answer, BATCHES))
    mean = close(value, 0.6) or close(value, 5.2 / 12)
    require(not mean, "a mean of ratios is not the ratio of the sums")
    require(not close(value, 8 / 9), "a batch without positives can hold false alarms, and these count")
    require(not close(value, 0.75), "true negatives have no say in F1")
    turned = call(answer, BATCHES[::-1])
    require(close(turned, value), "every batch counts, in any order")
    require(close(value, 8 / 11), "for the three batches of this check, the counts give another number")
    one = [tuple(np.concatenate(rows) for rows in zip(*BATCHES, strict=True))]
    require(close(call(answer, one), 8 / 11), "the same samples in one batch have the same F1")
    empty = (np.zeros(3, dtype=int), np.zeros(3, dtype=int))
    require(close(call(answer, [empty, *BATCHES]), 8 / 11), "a batch of true negatives adds nothing")
    require(close(call(answer, [empty]), 0), "with no positive in either, F1 is set to 0")


@exercise(
    minutes=15,
    hints=[
        "Write a function first that drops case, spaces and punctuation from a text.",
        "`letter.isalnum()` is True for letters and digits of all alphabets.",
        "Make a set of what stays of the training texts, and look up each test text in it.",
    ],
)
def leaked_rows(train, test):
    """Rows of the test texts that stand in training, whatever their case, spaces and punctuation."""

    def key(text):
        return "".join(letter for letter in text.lower() if letter.isalnum())

    seen = {key(text) for text in train}
    return [row for row, text in enumerate(test) if key(text) in seen]


@leaked_rows.judge
def _(answer):
    value = array(call(answer, TRAIN, TEST)).ravel().tolist()
    require(len(value) < len(TEST), "the numbers of the rows are asked for, not a mark for each text")
    require(value == sorted(value), "the rows are asked for in the order of the test texts")
    require(0 in value, "a copy that differs in case and punctuation is a copy")
    require(2 in value, "a copy that differs in punctuation and spaces is a copy")
    require(1 not in value, "texts that differ in their digits are two texts")
    require(3 not in value and 7 not in value, "a text is not a copy because it is part of another")
    require(4 not in value and 6 not in value, "not all letters are from a to z: keep the others, too")
    require(5 in value, "letters with accents have two cases, too")
    require(value == [0, 2, 5], "one row is missing, or one too many")
    require(array(call(answer, TRAIN, ["new", "Part2", "new", "ÉTÉ"])).tolist() == [1, 3], "a row is missing")
    twice = array(call(answer, TRAIN, ["part 2", "PART 2"])).tolist()
    require(twice == [0, 1], "a copy that stands in the test set twice is two rows")
    require(array(call(answer, TRAIN, TEST[6:])).size == 0, "where nothing has leaked, the list is empty")


def _right_negatives(y_true, y_pred):
    return np.sum((np.asarray(y_true) == 0) & (np.asarray(y_pred) == 0))


def _recall_of_negatives(y_true, y_pred):
    return recall_score(y_true, y_pred, pos_label=0)


@exercise(
    minutes=15,
    hints=[
        "Score a small case with both classes, then the same case with some negatives more, and compare.",
        "There are two kinds of negatives: marked and not marked. Which scores does each of them move?",
        "Add unequal numbers of both kinds, so that no ratio stays as it was by accident.",
    ],
)
def ignores_negatives(score):
    """Whether ``score(y_true, y_pred)`` of 0s and 1s stays the same when negative samples are added."""
    y_true, y_pred = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 1, 0])
    more = np.r_[y_true, 0, 0, 0], np.r_[y_pred, 1, 0, 0]
    return bool(np.isclose(score(y_true, y_pred), score(*more)))


@ignores_negatives.judge
def _(answer):
    def passes(score):
        value = call(answer, score)
        require(isinstance(value, bool | np.bool_), "your check must return True or False")
        return bool(value)

    require(passes(recall_score), "recall passes: add negatives only, and leave the rest as it is")
    require(not passes(accuracy_score), "accuracy does not pass: are negatives added at all?")
    require(
        not passes(f1_score), "F1 does not pass: it falls if a negative that is added is marked by the model"
    )
    moved = not passes(_right_negatives)
    require(moved, "a count of true negatives moves if one that is added is not marked by the model")
    require(not passes(_recall_of_negatives), "the recall of the negatives stays by accident: what is added?")
    require(not passes(precision_score), "precision does not pass: false alarms lower it")
    positives = passes(lambda y_true, y_pred: np.sum(y_true))
    require(positives, "a count of positives passes, also if it is above 1")
