"""Typical wrong answers to the exercises of ``prevlib.exercises.repairs``."""

import numpy as np

from prevlib.evaluation import check_padding, checks


def _f1(y, p):
    return 2 * np.sum(y * p) / max(1, np.sum(y) + np.sum(p))


def _letters(text, keep=str.isalnum):
    return "".join(letter for letter in text.lower() if keep(letter))


def _leaks(key):
    return lambda train, test: [i for i, text in enumerate(test) if key(text) in set(map(key, train))]


def _unmoved(more_true, more_pred):
    """A check; what it adds makes the typical mistakes."""
    y_true, y_pred = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 1, 0])
    more = np.r_[y_true, more_true], np.r_[y_pred, more_pred]

    def check(score):
        return bool(np.isclose(score(y_true, y_pred), score(*more)))

    return check


WRONG = {
    "checks_that_catch": {
        "padding": ((check_padding, checks.check_neighbours, checks.check_no_overlap), "exhibit 1"),
        "by itself": ((checks.check_batches, checks.check_seeds, checks.check_no_overlap), "exhibit 2"),
        "hidden": ((checks.check_batches, checks.check_neighbours, checks.check_hidden), "exhibit 3"),
        "calls": ((True, False, True), "without calling"),
        "one": (checks.check_batches, "three checks"),
    },
    "f1_of_batches": {
        "mean of F1s": (lambda b: np.mean([_f1(y, p) for y, p in b]), "a mean of ratios"),
        "weighted mean": (
            lambda b: np.average([_f1(y, p) for y, p in b], weights=[len(y) for y, _ in b]),
            "a mean of ratios",
        ),
        "batches without positives are dropped": (
            lambda b: _f1(*map(np.concatenate, zip(*[(y, p) for y, p in b if y.any()], strict=True))),
            "false alarms",
        ),
        "accuracy": (lambda b: np.mean(np.concatenate([y == p for y, p in b])), "true negatives"),
        "the last batch": (lambda b: [_f1(y, p) for y, p in b][-1], "every batch"),
        "0/0": (
            lambda b: 2 * sum((y * p).sum() for y, p in b) / sum(y.sum() + p.sum() for y, p in b),
            "no positive",
        ),
    },
    "leaked_rows": {
        "letter by letter": (_leaks(str), "case"),
        "case only": (_leaks(str.lower), "punctuation"),
        "spaces stay": (_leaks(lambda text: _letters(text, lambda c: c.isalnum() or c == " ")), "space"),
        "a to z": (_leaks(lambda text: _letters(text, lambda c: c.isascii() and c.isalnum())), "a to z"),
        "digits are dropped": (_leaks(lambda text: _letters(text, str.isalpha)), "digits"),
        "parts": (
            lambda train, test: [
                i for i, text in enumerate(test) if any(_letters(text) in _letters(t) for t in train)
            ],
            "part of another",
        ),
        "the texts": (lambda train, test: [test[i] for i in _leaks(_letters)(train, test)], "numbers"),
    },
    "ignores_negatives": {
        "true negatives only": (_unmoved([0, 0], [0, 0]), "is marked by the model"),
        "false alarms only": (_unmoved([0, 0], [1, 1]), "is not marked by the model"),
        "in proportion": (_unmoved([0, 0], [1, 0]), "by accident"),
        "positives": (_unmoved([1], [0]), "negatives only"),
        "always": (lambda score: True, "at all"),
        "the number": (lambda score: score(np.array([1, 1, 0]), np.array([1, 0, 0])), "True or False"),
    },
}
