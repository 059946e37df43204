"""The minimal pairs: minimal, balanced, and no two alike."""

import re
from collections import Counter
from itertools import combinations

import pytest

from prevlib.datasets import load_minimal_pairs
from prevlib.datasets.minimal_pairs import PAIRS_FILE


@pytest.fixture(scope="module")
def pairs():
    return load_minimal_pairs()["test"].to_pandas()


def words(sentence):
    return re.findall(r"[a-z0-9']+", sentence.lower())


def swap(good, bad):
    """The one word that differs, (good, bad), or None if both have the same words in another order."""
    good, bad = words(good), words(bad)
    if Counter(good) == Counter(bad):
        return None
    [found] = [(one, other) for one, other in zip(good, bad, strict=True) if one != other]
    return found


def test_there_are_32_pairs_of_each_of_16_phenomena(pairs):
    assert list(load_minimal_pairs()) == ["test"]
    assert list(pairs) == ["phenomenon", "good", "bad"]
    assert pairs["phenomenon"].value_counts().tolist() == [32] * 16
    assert (pairs["phenomenon"] != pairs["phenomenon"].shift()).sum() == 16  # one after the other
    assert len(set(pairs["good"]) | set(pairs["bad"])) == 2 * len(pairs)


def test_the_file_is_plain(pairs):
    lines = PAIRS_FILE.read_text(encoding="ascii").splitlines()
    assert len(lines) == 1 + len(pairs)
    assert all(line.count("\t") == 2 and line == line.strip() and "  " not in line for line in lines)
    for sentence in [*pairs["good"], *pairs["bad"]]:
        assert re.fullmatch(r"[A-Z][A-Za-z0-9', ]*[A-Za-z0-9][.?!]", sentence), sentence
        assert 3 <= len(words(sentence)) <= 13, sentence


def test_good_and_bad_differ_in_one_word_or_in_the_order_of_words(pairs):
    for row in pairs.itertuples():
        found = swap(row.good, row.bad)
        assert (found is None) == (row.phenomenon == "word_order"), row
        assert row.good[-1] == row.bad[-1] and row.good.count(",") == row.bad.count(",")


def test_every_choice_goes_both_ways_equally_often(pairs):
    """So a model that always prefers the more frequent word is right in exactly half of the pairs."""
    for phenomenon, rows in pairs.groupby("phenomenon"):
        swaps = Counter(filter(None, map(swap, rows["good"], rows["bad"])))
        assert all(swaps[one, other] == swaps[other, one] for one, other in swaps), phenomenon


def test_no_template_is_filled_twice(pairs):
    """No two sentences share more than half of their words, or four words in a row."""
    bags = [set(words(sentence)) for sentence in pairs["good"]]
    for i, j in combinations(range(len(bags)), 2):
        shared = len(bags[i] & bags[j]) / len(bags[i] | bags[j])
        assert shared <= 0.5, (pairs["good"][i], pairs["good"][j])
    runs = Counter()
    for sentence in pairs["good"]:
        said = words(sentence)
        runs.update({tuple(said[i : i + 4]) for i in range(len(said) - 3)})
    assert max(runs.values()) == 1
