"""Typical wrong answers to the exercises of ``prevlib.exercises.spans``."""

import numpy as np


def _spans(closed_by="BO", inclusive=False, flush=True):
    """A reader of spans; the options make the typical mistakes."""

    def read(tags):
        spans, start = [], None
        for i, tag in enumerate([*tags, "O"] if flush else tags):
            if start is not None and tag[0] in closed_by:
                spans.append((tags[start][2:], start, i - inclusive))
                start = None
            if tag[0] == "B" and start is None:
                start = i
        return spans

    return read


WRONG = {
    "f1_of_names": {
        "precision": (60 / 80, "of what was found"),
        "recall": (60 / 100, "of the true names"),
        "arithmetic mean": (0.675, "harmonic"),
        "shares of either": (60 / 120, "twice"),
        "a percentage": (100 * 2 / 3, "from 0 to 1"),
    },
    "tags_of_words": {
        "last piece": (
            lambda ids, tags, n: [dict(zip(ids, tags, strict=True)).get(i, "O") for i in range(n)],
            "first piece",
        ),
        "a tag a piece": (
            lambda ids, tags, n: [t for i, t in zip(ids, tags, strict=True) if i is not None],
            "word",
        ),
        "words with pieces only": (
            lambda ids, tags, n: [tags[ids.index(i)] for i in range(n) if i in ids],
            "cut off",
        ),
        "word 0 is no word": (
            lambda ids, tags, n: [tags[ids.index(i)] if i and i in ids else "O" for i in range(n)],
            "word 0",
        ),
        "shifted": (
            lambda ids, tags, n: [tags[ids.index(i) - 1] if i in ids else "O" for i in range(n)],
            "special",
        ),
        "none for what is cut": (
            lambda ids, tags, n: [tags[ids.index(i)] if i in ids else None for i in range(n)],
            "list of tags",
        ),
    },
    "read_spans": {
        "names that touch": (_spans(closed_by="O"), "touch"),
        "the end of the sentence": (_spans(flush=False), "end of the sentence"),
        "the last word": (_spans(inclusive=True), "slice"),
        "single words": (
            lambda tags: [(tag[2:], i, i + 1) for i, tag in enumerate(tags) if tag != "O"],
            "goes on",
        ),
        "the tag": (lambda tags: [("B-" + kind, start, end) for kind, start, end in _spans()(tags)], "type"),
        "one only": (lambda tags: _spans()(tags)[:1], "several"),
    },
    "f1_of_spans": {
        "mean over sentences": (
            lambda y, p: np.mean(
                [2 * len(set(a) & set(b)) / max(1, len(a + b)) for a, b in zip(y, p, strict=True)]
            ),
            "over the sentences",
        ),
        "sentences are mixed": (
            lambda y, p: 2 * len(set(sum(y, [])) & set(sum(p, []))) / max(1, len(sum(y + p, []))),
            "same sentence",
        ),
        "types do not matter": (
            lambda y, p: (
                2
                * sum(len({s[1:] for s in a} & {s[1:] for s in b}) for a, b in zip(y, p, strict=True))
                / max(1, len(sum(y + p, [])))
            ),
            "type",
        ),
        "starts are enough": (
            lambda y, p: (
                2
                * sum(len({s[:2] for s in a} & {s[:2] for s in b}) for a, b in zip(y, p, strict=True))
                / max(1, len(sum(y + p, [])))
            ),
            "as a whole",
        ),
        "0/0": (
            lambda y, p: (
                2
                * sum(len(set(a) & set(b)) for a, b in zip(y, p, strict=True))
                / len(sum(y, []) + sum(p, []))
            ),
            "ZeroDivisionError",
        ),
    },
}
