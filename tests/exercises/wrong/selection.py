"""Typical wrong answers to the exercises of ``prevlib.exercises.selection``."""

import numpy as np

from prevlib.exercises.selection import BERT_BASE


def _front(beats):
    return lambda s, c: [not any(beats(s[j], c[j], s[i], c[i]) for j in range(len(s))) for i in range(len(s))]


WRONG = {
    "parameters_of_bert_base": {
        "no pooler": (BERT_BASE - 768 * 768 - 768, "pooler"),
        "no LayerNorm of the tables": (BERT_BASE - 2 * 768, "LayerNorm"),
        "no biases": (BERT_BASE - 12 * (5 * 768 + 3072) - 768, "biases"),
        "no tables": (BERT_BASE - (30_522 + 512 + 2) * 768, "tables"),
        "a layer": (7_087_872, "12 layers"),
        "of minilm": (22_713_216, "768"),
        "in millions": (109.5, "not in millions"),
    },
    "equal_rate": {
        "gain": (lambda s, c: s[0] - s[1], "factors of ten"),
        "in its unit": (lambda s, c: (s[0] - s[1]) / (c[0] - c[1]), "unit"),
        "by the ratio": (lambda s, c: (s[0] - s[1]) / (c[0] / c[1]), "exchanged"),
        "natural logarithm": (lambda s, c: (s[0] - s[1]) / np.log(c[0] / c[1]), "factor of ten"),
        "the other way round": (lambda s, c: np.log10(c[0] / c[1]) / (s[0] - s[1]), "twice the gain"),
        "minus": (lambda s, c: (s[1] - s[0]) / np.log10(c[0] / c[1]), "above 0"),
    },
    "pareto_front": {
        "better in both": (_front(lambda s, c, t, d: s > t and c < d), "as good and cheaper"),
        "twins beat each other": (
            _front(lambda s, c, t, d: s >= t and c <= d and (s, c) != (t, d) or (s, c) == (t, d)),
            "itself",
        ),
        "best score": (lambda s, c: s == s.max(), "cheapest"),
        "costs are good": (_front(lambda s, c, t, d: s >= t and c >= d and (s, c) != (t, d)), "cheapest"),
        "better in one is enough": (_front(lambda s, c, t, d: s > t or c < d), "better in one"),
        "rows": (lambda s, c: [0, 3, 4, 5], "True or False"),
    },
    "overall_scores": {
        "in its unit": (lambda p, c, w: p - w * c, "unit"),
        "not by the cheapest": (lambda p, c, w: p - w * np.log10(c), "unit"),
        "natural logarithm": (lambda p, c, w: p - w * np.log(c / c.min()), "factor of ten"),
        "stretched": (lambda p, c, w: p - w * (c - c.min()) / max(1e-9, np.ptp(c)), "a model that is added"),
        "by the dearest": (lambda p, c, w: p - w * np.log10(c / c.max()), "cheapest"),
        "added": (lambda p, c, w: p + w * np.log10(c / c.min()), "points off"),
    },
}
