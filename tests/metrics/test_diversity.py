"""Diversity of texts: counted by hand, and the properties that the definitions imply."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prevlib.metrics import distinct_n, repetition_rate, self_bleu

TEXTS = ["the cat saw the cat", "a cat"]

some_texts = st.lists(st.lists(st.sampled_from("abcd"), min_size=2, max_size=9), min_size=2, max_size=6)


# distinct_n and repetition_rate


@pytest.mark.parametrize(
    "n, distinct, repeated",
    [
        (1, 4 / 7, 2 / 7),  # the, cat, saw, a; the second "the" and "cat" of the first text
        (2, 4 / 5, 1 / 5),  # the cat, cat saw, saw the, a cat; the second "the cat"
        (3, 1, 0),  # the second text has none
        (5, 1, 0),
    ],
)
def test_ngrams_by_hand(n, distinct, repeated):
    assert distinct_n(TEXTS, n) == distinct
    assert repetition_rate(TEXTS, n) == repeated


def test_what_other_texts_say_is_no_repetition():
    assert repetition_rate(["a b"] * 5, 1) == 0
    assert distinct_n(["a b"] * 5, 1) == 1 / 5


def test_no_ngram_crosses_the_border_of_two_texts():
    assert distinct_n(["a b", "a b"], 2) == 1 / 2  # not "b a"


@given(some_texts, st.integers(1, 2))
def test_ngrams_have_the_properties_of_their_definition(texts, n):
    distinct, repeated = distinct_n(texts, n), repetition_rate(texts, n)
    assert 0 < distinct <= 1 - repeated <= 1
    assert distinct_n(texts * 2, n) == pytest.approx(distinct / 2)
    assert repetition_rate(texts * 2, n) == pytest.approx(repeated)
    assert repetition_rate(texts[:1], n) == pytest.approx(1 - distinct_n(texts[:1], n))
    assert distinct_n(texts[::-1], n) == distinct
    assert distinct_n([" ".join(text) for text in texts], n) == distinct
    assert distinct_n([tuple(text) for text in texts], n) == distinct


@pytest.mark.parametrize("measure", [distinct_n, repetition_rate])
def test_ngrams_that_cannot_be_counted_are_refused(measure):
    with pytest.raises(ValueError, match="`n` must be at least 1; got 0. A single token is a 1-gram"):
        measure(TEXTS, 0)
    with pytest.raises(
        ValueError, match="must hold a text of at least `n` tokens, 6; got 2 that are shorter"
    ):
        measure(TEXTS, 6)
    with pytest.raises(ValueError, match="at least `n` tokens, 1; got 0 that"):
        measure([], 1)
    with pytest.raises(TypeError, match="must be a sequence of texts; got the single string 'a cat'. Put it"):
        measure("a cat", 1)


# self_bleu


def test_bleu_by_hand():
    # "a b c d" finds a, b, c, but not d; a b, b c; a b c; so does the other: (3/4 2/3 1/2)^(1/3).
    assert self_bleu(["a b c d", "a b c e"], max_n=3) == pytest.approx((3 / 4 * 2 / 3 * 1 / 2) ** (1 / 3))
    # No run of four is shared: 0.1 of one.
    assert self_bleu(["a b c d", "a b c e"]) == pytest.approx((3 / 4 * 2 / 3 * 1 / 2 * 0.1) ** (1 / 4))


def test_matches_are_clipped_at_the_reference_that_has_most():
    # Of "a a a", two are found, because the best reference has two: 2/3. "a a" finds both, and is short of
    # three: e^(1 - 3/2). "a b b" finds a alone: 1/3.
    found = self_bleu(["a a a", "a a", "a b b"], max_n=1)
    assert found == pytest.approx((2 / 3 + math.exp(-1 / 2) + 1 / 3) / 3)


def test_brevity_takes_the_closest_length_and_of_two_the_shorter():
    # "a a" has references of one and three tokens, and is not short of the shorter one; "a" is: e^(1 - 2).
    # "a a a" has the closest reference "a a", and finds two of three.
    found = self_bleu(["a a", "a", "a a a"], max_n=1)
    assert found == pytest.approx((1 + math.exp(1 - 2) + 2 / 3) / 3)


@settings(max_examples=50)
@given(some_texts, st.integers(1, 4))
def test_self_bleu_has_the_properties_of_its_definition(texts, max_n):
    found = self_bleu(texts, max_n=max_n)
    assert 0 <= found <= 1 + 1e-12
    assert self_bleu(texts[::-1], max_n=max_n) == pytest.approx(found)
    assert self_bleu([" ".join(text) for text in texts], max_n=max_n) == found
    assert self_bleu(texts * 2, max_n=max_n) == pytest.approx(1)
    assert self_bleu([[text[0]] for text in texts[:1] * 2], max_n=max_n) == 1  # shorter than max_n


def test_texts_without_a_common_word_score_0():
    assert self_bleu(["a b c d e", "v w x y z"]) == 0


def test_variety_lowers_it():
    words = "the film is a good bad one and it was so very long".split()
    rng = random.Random(0)
    texts = [[rng.choice(words) for _ in range(12)] for _ in range(8)]
    assert self_bleu(texts) < self_bleu([*texts[:4], *texts[:4]]) == pytest.approx(1)


def test_texts_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="at least two texts, and each at least one token; got 1, 0 of them"):
        self_bleu(["a b"])
    with pytest.raises(ValueError, match="got 3, 1 of them empty. Drop the empty ones"):
        self_bleu(["a b", " ", "c"])
    with pytest.raises(ValueError, match="`max_n` must be at least 1; got 0"):
        self_bleu(TEXTS, max_n=0)
    with pytest.raises(TypeError, match="got the single string 'a b'"):
        self_bleu("a b")
