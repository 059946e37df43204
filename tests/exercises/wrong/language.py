"""Typical wrong answers to the exercises of ``prevlib.exercises.language``."""

import numpy as np

from prevlib.exercises.language import _of_each


def _pairs(words, n=2):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _distinct(runs, n=None):
    return len(set(runs)) / (len(runs) if n is None else n)


WRONG = {
    "perplexity_of_three": {
        "mean of the probabilities": (1 / np.mean([0.5, 0.25, 0.5]), "of the logarithms"),
        "mean of one over each": (np.mean([2, 4, 2]), "of the logarithms"),
        "no mean": (16, "number of tokens"),
        "nats": (np.log(16) / 3, "exponential"),
        "upside down": (16 ** (-1 / 3), "at least 1"),
    },
    "perplexity_of_texts": {
        "mean of perplexities": (lambda lp: np.mean(_of_each(lp)), "of each text"),
        "mean of means": (lambda lp: np.exp(-np.mean([text.mean() for text in lp])), "long text"),
        "by texts": (lambda lp: np.exp(-sum(text.sum() for text in lp) / len(lp)), "by tokens"),
        "no exponential": (lambda lp: -np.concatenate(lp).mean(), "exponential"),
        "no minus": (lambda lp: np.exp(np.concatenate(lp).mean()), "at least 1"),
        "base 2": (lambda lp: 2 ** -np.concatenate(lp).mean(), "nats"),
    },
    "accuracy_of_pairs": {
        "ties are wrong": (lambda g, b: np.mean(g > b), "says nothing"),
        "ties are right": (lambda g, b: np.mean(g >= b), "says nothing"),
        "by place": (lambda g, b: np.mean(np.argmax([g, b], axis=0) == 0), "says nothing"),
        "ties are dropped": (
            lambda g, b: np.mean((g > b)[g != b]) if (g != b).any() else 0.5,
            "in the count",
        ),
        "by how much": (lambda g, b: 1 / (1 + np.exp(np.mean(b - g))), "by how much"),
        "the wrong side": (lambda g, b: np.mean((g < b) + 0.5 * (g == b)), "higher"),
        "a count": (lambda g, b: np.sum((g > b) + 0.5 * (g == b)), "share"),
    },
    "distinct_runs": {
        "across texts": (lambda t, n: _distinct(_pairs(" ".join(t).split(), n)), "border"),
        "mean of texts": (lambda t, n: np.mean([_distinct(_pairs(x.split(), n)) for x in t]), "all texts"),
        "over tokens": (
            lambda t, n: _distinct([r for x in t for r in _pairs(x.split(), n)], len(" ".join(t).split())),
            "number of runs",
        ),
        "pairs only": (lambda t, n: _distinct([r for x in t for r in _pairs(x.split())]), "of n words"),
        "words in any order": (
            lambda t, n: _distinct([frozenset(r) for x in t for r in _pairs(x.split(), n)]),
            "order",
        ),
        "side by side": (
            lambda t, n: _distinct(
                [tuple(x.split()[i : i + n]) for x in t for i in range(0, len(x.split()), n)]
            ),
            "starts at each word",
        ),
        "letters": (lambda t, n: _distinct([r for x in t for r in _pairs(x, n)]), "words"),
    },
}
