"""Exercises on tokens, for notebook 01."""

from collections import Counter
from itertools import pairwise

from prevlib.exercises.base import array, call, close, exercise, number, require
from prevlib.tokenization import SPECIAL_TOKENS

LOW_LOT_NOT = {("l", "##o"): 7, ("##o", "##w"): 5, ("##o", "##t"): 6, ("n", "##o"): 4}


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Each word is its letters at first: `l ##o ##w`. Which neighbours does it have?",
        "A pair that stands in two words occurs as often as both words together.",
    ],
)
def first_merge():
    """The first pair to be merged in a text with *low* 5 times, *lot* 2 times and *not* 4 times."""
    pairs = Counter()
    for word, times in {"low": 5, "lot": 2, "not": 4}.items():
        for pair in pairwise([word[0], *("##" + letter for letter in word[1:])]):
            pairs[pair] += times
    return max(pairs, key=pairs.get)


@first_merge.judge
def _(answer):
    require(
        isinstance(answer, tuple | list) and [type(piece) for piece in answer] == [str, str],
        'a pair of pieces is asked for, such as ("n", "##o")',
    )
    first, second = answer
    require((second, first) not in LOW_LOT_NOT, "the order of the two is that of reading")
    require(
        (first, second) in LOW_LOT_NOT,
        "no word holds that pair: a piece that goes on with a word begins with `##`",
    )
    often = LOW_LOT_NOT[first, second]
    require(often == max(LOW_LOT_NOT.values()), "another pair is more frequent: add up over all words")


@exercise(
    minutes=15,
    hints=[
        "Where does the next piece start? Try the ends from the last letter backwards; the first hit is it.",
        "Look up `word[start:end]`, with `##` before it unless `start` is 0, and go on at `end`.",
        'If no end gives an entry, return `["[UNK]"]` at once: what was found before is lost.',
    ],
)
def longest_match(word, vocabulary):
    """The pieces of a word: from the left, the longest entry that fits; ``["[UNK]"]`` if none does."""
    pieces, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        ends = [end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary]
        if not ends:
            return ["[UNK]"]
        pieces.append(mark + word[start : ends[0]])
        start = ends[0]
    return pieces


@longest_match.judge
def _(answer):
    def cut(word, entries):
        vocabulary = {entry: i for i, entry in enumerate(["[UNK]", *entries.split()])}
        pieces = call(answer, word, vocabulary)
        texts = isinstance(pieces, list | tuple) and all(type(piece) is str for piece in pieces)
        require(texts, "a list of pieces is asked for")
        return list(pieces)

    entries = "f film un unw ##s ##watch ##atch ##a ##able able"
    require(cut("film", entries) == ["film"], "if a word is an entry, the longest entry is the whole word")
    films = cut("films", entries)
    require(films != ["[UNK]"], "after the first piece, look for entries that begin with `##`")
    require("".join(piece.removeprefix("##") for piece in films) == "films", "the pieces must spell the word")
    require(films[0] == "film", "take the longest entry first")
    require(films[1:] == ["##s"], "a piece that goes on with a word begins with `##`")
    require(
        cut("unwatchable", entries) == ["unw", "##atch", "##able"],
        "from the left, the longest entry that fits is taken, and then the longest that fits the rest",
    )
    require(cut("filmz", entries) == ["[UNK]"], "if nothing fits at some point, the whole word is unknown")
    require(cut("unable", "un able") == ["[UNK]"], "inside a word, only entries with `##` fit")
    require(cut("abc", "a ab ##bc") == ["[UNK]"], "this cut does not go back to try a shorter piece")
    require(cut("sss", "s ##s") == ["s", "##s", "##s"], "a piece may occur again")


@exercise(
    minutes=5,
    hints=[
        "For each text there are two cases only: it holds an unknown token, or not.",
        "How many texts do, divided by how many texts there are.",
    ],
)
def share_with_unknown(texts):
    """Share of the texts, each a list of tokens, that hold at least one `[UNK]`."""
    return sum("[UNK]" in tokens for tokens in texts) / len(texts)


@share_with_unknown.judge
def _(answer):
    texts = [["a", "[UNK]", "[UNK]", "[UNK]", "b"], ["c", "d"], ["e", "##f"], ["[UNK]"], ["g"]]
    value = number(call(answer, texts))
    require(not close(value, 4 / 11), "count the texts, not the tokens")
    require(not close(value, 4 / 5), "a text with several unknown tokens counts once")
    require(0 <= value <= 1, "a share is from 0 to 1")
    require(not close(value, 3 / 5), "the share of the texts with `[UNK]` is asked for, not of those without")
    require(close(value, 2 / 5), "of these five texts, another share holds an unknown token")
    require(close(call(answer, texts[::-1]), value), "the order of the texts does not matter")
    require(close(call(answer, [*texts, []]), 1 / 3), "an empty text is a text, too")
    require(close(call(answer, texts[1:3]), 0), "with nothing unknown, the share is 0")
    require(close(call(answer, texts[3:4]), 1), "with `[UNK]` in every text, the share is 1")


@exercise(
    minutes=10,
    hints=[
        "Keep the number of the word you are in, and go through the tokens from the left.",
        "A token without `##` starts the next word; a special one starts none.",
    ],
)
def word_numbers(tokens):
    """For each token of a whole text the number of its word, from 0; -1 for special tokens, `[UNK]` too."""
    numbers, word = [], -1
    for token in tokens:
        if token not in SPECIAL_TOKENS and not token.startswith("##"):
            word += 1
        numbers.append(-1 if token in SPECIAL_TOKENS else word)
    return numbers


@word_numbers.judge
def _(answer):
    tokens = "[CLS] an un ##watch ##able film . [SEP] [PAD] [PAD]".split()
    value = array(call(answer, tokens), (10,)).tolist()
    special = [value[i] for i, token in enumerate(tokens) if token[0] == "["]
    require(special == 4 * [-1], "special tokens get -1")
    require(value[2] == value[3] == value[4], "the pieces of a word share its number")
    require(value[1] == 0, "words are counted from 0, and special tokens are no words")
    require(value[2] == 1 and value[5] == 2, "each word has the number after that of the word before it")
    require(value[6] == 3, "a punctuation mark is a word of its own")
    pair = array(call(answer, "[CLS] a ##b [SEP] c ##d [SEP]".split()), (7,)).tolist()
    require(pair == [-1, 0, 0, -1, 1, 1, -1], "after a special token, the counting goes on")
    odd = array(call(answer, "[CLS] a [UNK] b ##c [MASK] [ ] [SEP]".split()), (9,)).tolist()
    require(odd[2] == odd[5] == -1, "`[UNK]` and `[MASK]` are special tokens, too, and get -1")
    require(odd[:8] == [-1, 0, -1, 1, 1, -1, 2, 3], "a bracket is a word, like any other punctuation mark")
    require(array(call(answer, ["[CLS]", "[SEP]"]), (2,)).tolist() == [-1, -1], "a text may have no words")
