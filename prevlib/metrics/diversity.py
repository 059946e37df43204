"""Diversity of texts: does a model that writes repeat itself, within a text or from text to text?

A text that a model finds probable is often a dull one, and a model asked for the best token each time writes
the same text again and again. So how good texts are is one number, and how varied they are another; neither
is worth much without the other, nor without the same measure of human texts of the same number and length.

Everything here counts n-grams: runs of n tokens, none of them across the border of two texts. Tokens are
what ``str.split`` gives, so a comma belongs to the word before it; pass lists of tokens to decide otherwise.

Left out: whether the texts are any good, for which a person has to read them.
Used in notebook 14. Sources: Li et al. 2016 (distinct-n); Zhu et al. 2018 (self-BLEU); Papineni et al. 2002
(BLEU); Chen & Cherry 2014 (its smoothing).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

SMOOTHED = 0.1  # matches that count where there are none: method 1 of Chen & Cherry 2014


def distinct_n(texts: Sequence[str | Sequence[str]], n: int) -> float:
    """Share of distinct n-grams among all n-grams of all texts: 1 if none occurs twice.

    It falls as texts are added, because words recur: compare it only over equal numbers of tokens.

    Args:
        texts: Strings, split at white space, or lists of tokens.
        n: Length of the n-grams. Texts with fewer tokens have none.
    Returns:
        Above 0 and at most 1.
    Raises:
        TypeError: If ``texts`` is a single string.
        ValueError: If ``n`` is below 1 or no text has n tokens.
    Example:
        >>> distinct_n(["a good film", "a good book"], 2)  # "a good" twice, "good film", "good book"
        0.75

    Source: Li et al. 2016, who divide by the number of tokens, which for n > 1 is a little larger.
    """
    counts = _ngrams_of_each(texts, n)
    return len(set().union(*counts)) / sum(map(Counter.total, counts))


def repetition_rate(texts: Sequence[str | Sequence[str]], n: int) -> float:
    """Share of n-grams that have stood in the same text before: 0 if no text repeats itself.

    Counted over all texts, then divided once. What other texts say does not matter.

    Args:
        texts: Strings, split at white space, or lists of tokens.
        n: Length of the n-grams. Texts with fewer tokens have none.
    Returns:
        From 0 to below 1.
    Raises:
        TypeError: If ``texts`` is a single string.
        ValueError: If ``n`` is below 1 or no text has n tokens.
    Example:
        >>> repetition_rate(["very very very good", "very good"], 1)  # two of six
        0.3333333333333333

    Source: Welleck et al. 2020, there for each text by itself.
    """
    counts = _ngrams_of_each(texts, n)
    total = sum(map(Counter.total, counts))
    return (total - sum(map(len, counts))) / total


def self_bleu(texts: Sequence[str | Sequence[str]], *, max_n: int = 4) -> float:
    """Mean BLEU of each text with all others as its references: 1 if all are the same, near 0 if none alike.

    BLEU is the geometric mean, over n from 1 to ``max_n``, of the share of n-grams of the text that occur in
    a reference, each at most as often as in the reference that has it most often; times exp(1 - r / c) if
    the text, of c tokens, is shorter than r, the length closest to its own (of two the shorter).

    Two rules keep short texts from scoring 0 for a single missing match. An n without matches counts as 0.1
    matches (but a text that shares no word with any other scores 0). An n that is longer than the text is
    left out. Scores under other rules differ, and more texts mean more references and a higher score: compare
    equal numbers of texts, measured by the same function.

    Args:
        texts: Strings, split at white space, or lists of tokens; at least two. Time grows with the square of
            their number: about 1 s for 300 sentences.
        max_n: Longest n-grams.
    Returns:
        From 0 to 1.
    Raises:
        TypeError: If ``texts`` is a single string.
        ValueError: If ``max_n`` is below 1, there are fewer than two texts, or one has no token.
    Example:
        >>> self_bleu(["a b c", "a b d"], max_n=2) == (2 / 3 * 1 / 2) ** 0.5  # for each of the two
        True

    Source: Zhu et al. 2018; smoothing as in their code.
    """
    tokens = _tokens_of_each(texts)
    if len(tokens) < 2 or not all(tokens):
        raise ValueError(
            "`texts` must hold at least two texts, and each at least one token; "
            f"got {len(tokens)}, {sum(not text for text in tokens)} of them empty. Drop the empty ones."
        )
    _check_n(max_n=max_n)
    counts = [[Counter(_ngrams(text, n)) for n in range(1, max_n + 1)] for text in tokens]
    lengths = [len(text) for text in tokens]
    scores = []
    for i, own in enumerate(counts):
        others = [j for j in range(len(tokens)) if j != i]
        closest = min((lengths[j] for j in others), key=lambda length: (abs(length - lengths[i]), length))
        brevity = min(0.0, 1 - closest / lengths[i])
        scores.append(math.exp(brevity + _log_precision(own, [counts[j] for j in others])))
    return sum(scores) / len(scores)


def _log_precision(own: list[Counter], others: list[list[Counter]]) -> float:
    """Mean over n of the log share of n-grams found in another text; -inf if not even a word is."""
    logs = []
    for n, ngrams in enumerate(own):
        if not ngrams:  # the text is too short
            break
        matches = sum(min(count, max(o[n][ngram] for o in others)) for ngram, count in ngrams.items())
        if n == 0 and matches == 0:
            return -math.inf
        logs.append(math.log((matches or SMOOTHED) / ngrams.total()))
    return sum(logs) / len(logs)


def _ngrams(tokens: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    return zip(*(tokens[i:] for i in range(n)), strict=False)


def _ngrams_of_each(texts: Sequence[str | Sequence[str]], n: int) -> list[Counter]:
    _check_n(n=n)
    counts = [Counter(_ngrams(text, n)) for text in _tokens_of_each(texts)]
    if not any(counts):
        raise ValueError(
            f"`texts` must hold a text of at least `n` tokens, {n}; got {len(counts)} that are shorter. "
            "Choose a smaller n."
        )
    return counts


def _tokens_of_each(texts: Sequence[str | Sequence[str]]) -> list[Sequence[str]]:
    if isinstance(texts, str):
        raise TypeError(
            f"`texts` must be a sequence of texts; got the single string {texts[:40]!r}. Put it in a list."
        )
    return [text.split() if isinstance(text, str) else list(text) for text in texts]


def _check_n(**option: int) -> None:
    [(name, value)] = option.items()
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1; got {value}. A single token is a 1-gram.")
