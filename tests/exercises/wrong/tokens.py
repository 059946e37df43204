"""Typical wrong answers to the exercises of ``prevlib.exercises.tokens``."""

import numpy as np

from prevlib.tokenization import SPECIAL_TOKENS


def _cut(word, vocabulary, choose=max, mark="##", keep=False, again=False):
    """The typical wrong cuts, each by one option."""
    pieces, start = [], 0
    while start < len(word):
        sign = mark if start else ""
        ends = [end for end in range(len(word), start, -1) if sign + word[start:end] in vocabulary]
        if not ends and again and pieces:
            return _cut(word, set(vocabulary) - {pieces[-1]}, again=True)
        if not ends:
            return [*pieces, "[UNK]"] if keep else ["[UNK]"]
        pieces.append(sign + word[start : choose(ends)])
        start = choose(ends)
    return pieces


def _numbers(tokens, special=tuple(SPECIAL_TOKENS), first=0, pieces=True):
    """The typical wrong numbers, each by one option."""
    numbers, word = [], first - 1
    for token in tokens:
        word += token not in special and not (pieces and token.startswith("##"))
        numbers.append(-1 if token in special else word)
    return numbers


WRONG = {
    "first_merge": {
        "of the most frequent word only": (("##o", "##w"), "add up over all words"),
        "not all words": (("##o", "##t"), "add up over all words"),
        "letters without marks": (("o", "t"), "`##`"),
        "turned around": (("##o", "l"), "order"),
        "a piece, not a pair": ("lo", "a pair of pieces"),
    },
    "longest_match": {
        "shortest match": (lambda w, v: _cut(w, v, lambda ends: ends[-1]), "the longest entry"),
        "keeps what it found": (lambda w, v: _cut(w, v, keep=True), "whole word"),
        "forgets the mark": (lambda w, v: _cut(w, v, mark=""), "`##`"),
        "stops after one piece": (lambda w, v: _cut(w, v)[:1], "spell the word"),
        "goes back": (lambda w, v: _cut(w, v, again=True), "go back"),
    },
    "share_with_unknown": {
        "share of tokens": (
            lambda texts: sum(t.count("[UNK]") for t in texts) / sum(map(len, texts)),
            "not the tokens",
        ),
        "unknown tokens a text": (
            lambda texts: sum(t.count("[UNK]") for t in texts) / len(texts),
            "counts once",
        ),
        "a count": (lambda texts: sum("[UNK]" in t for t in texts), "share"),
        "without empty texts": (
            lambda texts: sum("[UNK]" in t for t in texts) / max(1, sum(map(bool, texts))),
            "empty text",
        ),
        "texts without": (lambda texts: np.mean(["[UNK]" not in t for t in texts]), "not of those without"),
    },
    "word_numbers": {
        "a number a token": (lambda tokens: _numbers(tokens, pieces=False), "share its number"),
        "special tokens are words": (lambda tokens: _numbers(tokens, special=()), "special tokens get -1"),
        "an unknown token is a word": (
            lambda tokens: _numbers(tokens, special=("[CLS]", "[SEP]", "[PAD]")),
            "`[UNK]`",
        ),
        "a bracket is special": (
            lambda tokens: _numbers(tokens, special=[t for t in tokens if t[0] in "[]"]),
            "a bracket",
        ),
        "from 1": (lambda tokens: _numbers(tokens, first=1), "counted from 0"),
        "special tokens take a number": (
            lambda tokens: [
                -1 if t[0] == "[" else n for t, n in zip(tokens, _numbers(tokens, ()), strict=True)
            ],
            "counted from 0",
        ),
        "leaves special tokens out": (
            lambda tokens: [n for n in _numbers(tokens) if n >= 0],
            "the shape must be",
        ),
    },
}
