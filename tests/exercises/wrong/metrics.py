"""Typical wrong answers to the exercises of ``prevlib.exercises.metrics``."""

import numpy as np

WRONG = {
    "precision_of_a_rare_class": {
        "divides by the positives": (40 / 50, "of what was marked"),
        "counts all positives as found": (50 / (50 + 95), "not all positives"),
        "a percentage": (100 * 40 / 135, "from 0 to 1"),
    },
    "f1_from_sums": {
        "accuracy": (lambda y, p: float(np.mean(np.equal(y, p))), "true negatives"),
        "precision": (lambda y, p: np.sum(np.multiply(y, p)) / max(1, np.sum(p)), "exchanged"),
        "arithmetic mean": (
            lambda y, p: np.sum(y * p) * (1 / max(1, np.sum(p)) + 1 / max(1, np.sum(y))) / 2,
            "harmonic",
        ),
        "no care for 0/0": (
            lambda y, p: 2 * np.sum(y * p) / (np.sum(y) + np.sum(p)),
            "no positive in either",
        ),
        "1 for 0/0": (
            lambda y, p: 2 * np.sum(y * p) / (np.sum(y) + np.sum(p)) if np.sum(y) + np.sum(p) else 1.0,
            "no positive in either",
        ),
        "rounded": (lambda y, p: round(2 * np.sum(y * p) / max(1, np.sum(y) + np.sum(p)), 1), "do not round"),
    },
    "macro_recall": {
        "accuracy": (lambda y, p: float(np.mean(np.asarray(y) == p)), "each class counts the same"),
        "precision": (
            lambda y, p: float(np.mean([np.mean(y[p == c] == c) for c in np.unique(p)])),
            "precision about the answers",
        ),
        "classes of the predictions": (
            lambda y, p: float(
                np.mean([np.sum((y == c) & (p == c)) / max(1, np.sum(y == c)) for c in np.unique(p)])
            ),
            "class that was never predicted",
        ),
        "two classes only": (
            lambda y, p: float(np.mean([np.mean(p[y == c] == c) for c in np.unique(y)[:2]])),
            "more than two classes",
        ),
    },
    "count_cells": {
        "transposed": (
            lambda y, p, n: np.array([[np.sum((p == i) & (y == j)) for j in range(n)] for i in range(n)]),
            "rows are the truth",
        ),
        "only the classes seen": (
            lambda y, p, n: np.array(
                [[np.sum((y == i) & (p == j)) for j in np.unique(p)] for i in np.unique(y)]
            ),
            "shape",
        ),
        "shares": (
            lambda y, p, n: np.array([[np.mean((y == i) & (p == j)) for j in range(n)] for i in range(n)]),
            "counts",
        ),
    },
}
