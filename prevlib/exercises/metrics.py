"""Exercises on counting right and wrong, for notebook 08."""

import numpy as np

from prevlib.exercises.base import array, call, close, exercise, require

SPAM = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
MARKED = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])  # tp 3, fn 1, fp 2, tn 4


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Recall says how many of the 50 positives were found.",
        "Marked are those that were found and the false alarms, together.",
    ],
)
def precision_of_a_rare_class():
    """50 positives, 950 negatives, recall 0.8, 95 false alarms: what is the precision?"""
    n_found = 0.8 * 50
    return n_found / (n_found + 95)


@precision_of_a_rare_class.judge
def _(answer):
    require(
        not close(answer, 0.8, atol=0.005), "precision is a share of what was marked, not of the positives"
    )
    require(not close(answer, 50 / 145, atol=0.005), "not all positives were found: recall is 0.8")
    require(close(answer, min(1, max(0, float(answer)))), "a precision is from 0 to 1")
    require(
        close(answer, 40 / 135, atol=0.001),
        "found / (found + false alarms) gives another number: three decimals, please",
    )


@exercise(
    minutes=15,
    hints=[
        "Which three of the four counts stand in the formula?",
        "tp is the sum of y_true * y_pred; the others follow from the sums of y_true and of y_pred.",
        "2 tp / (sum of y_true + sum of y_pred), and 0 where that is 0/0.",
    ],
)
def f1_from_sums(y_true, y_pred):
    """F1 of two arrays of 0 and 1, from sums; 0 if there is no positive in either."""
    both = np.sum(y_true) + np.sum(y_pred)
    return 2 * np.sum(y_true * y_pred) / both if both else 0.0


@f1_from_sums.judge
def _(answer):
    lopsided = call(answer, np.array([1] + 9 * [0]), np.ones(10, dtype=int))
    require(not close(lopsided, 0.2), "F1 is a ratio of counts: do not round it")
    value = call(answer, SPAM, MARKED)
    require(not close(value, 0.7), "true negatives have no say in F1: this is the accuracy")
    more = np.zeros(90, dtype=int)
    padded = call(answer, np.r_[SPAM, more], np.r_[MARKED, more])
    require(close(padded, value), "true negatives have no say in F1")
    turned = call(answer, MARKED, SPAM)
    require(close(turned, value), "F1 stays the same when truth and prediction are exchanged")
    require(close(lopsided, 2 / 11), "for one spam and ten marked, the harmonic mean stays near precision")
    require(close(value, 6 / 9), "on the ten messages of section 1, the counts give another number")
    require(close(call(answer, more, more), 0), "with no positive in either, F1 is set to 0")


@exercise(
    minutes=10,
    hints=[
        "Compute the recall of each class first, on the samples of that class.",
        "Then take the plain mean: each class counts the same, however small.",
    ],
)
def macro_recall(y_true, y_pred):
    """Mean over the classes in ``y_true`` of the share of their samples that is predicted right."""
    return np.mean([np.mean(y_pred[y_true == label] == label) for label in np.unique(y_true)])


@macro_recall.judge
def _(answer):
    y_true, y_pred = np.array([0] * 8 + [1] * 2), np.array([0] * 8 + [0, 1])
    value = call(answer, y_true, y_pred)
    require(
        not close(value, 17 / 18), "recall asks about the samples of a class, precision about the answers"
    )
    require(close(value, 0.75), "each class counts the same, also the one of two samples")
    y_true, y_pred = np.array([0, 0, 1, 1, 2, 2]), np.array([1, 2, 1, 0, 2, 2])
    require(close(call(answer, y_true, y_pred), 0.5), "there may be more than two classes")
    y_pred = np.array([0, 0, 1, 1, 0, 1])
    require(close(call(answer, y_true, y_pred), 2 / 3), "a class that was never predicted has recall 0")
    require(close(call(answer, y_true, y_true), 1), "everything right is 1")


@exercise(
    minutes=10,
    hints=[
        "Rows are the truth, columns the prediction.",
        "Start from zeros, and add 1 at [true, predicted].",
    ],
)
def count_cells(y_true, y_pred, n_classes):
    """Confusion matrix, shape (n_classes, n_classes): counts by true class (rows) and predicted class."""
    matrix = np.zeros((n_classes, n_classes), dtype=int)
    for true, predicted in zip(y_true, y_pred, strict=True):
        matrix[true, predicted] += 1
    return matrix


@count_cells.judge
def _(answer):
    y_true, y_pred = np.array([0, 0, 0, 1, 1, 0]), np.array([0, 1, 1, 1, 1, 0])
    matrix = array(call(answer, y_true, y_pred, 3), (3, 3))
    require(matrix.sum() == 6, "the counts of all cells add up to the number of samples")
    require(matrix[1, 0] == 0 and matrix[0, 1] == 2, "rows are the truth, columns the prediction")
    require(matrix[0, 0] == 2 and matrix[1, 1] == 2, "the diagonal holds what was right")
    order = np.array([5, 3, 1, 0, 2, 4])
    again = array(call(answer, y_true[order], y_pred[order], 3), (3, 3))
    require(np.array_equal(matrix, again), "the order of the samples does not matter")
