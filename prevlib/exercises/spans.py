"""Exercises on tags, pieces and spans, for notebook 13."""

import numpy as np

from prevlib.exercises.base import array, call, close, exercise, number, require

WORD_IDS = [None, 0, 0, 1, 2, 2, 2, 3, None]  # the fifth word was cut off
PIECE_TAGS = ["B-LOC", "B-PER", "O", "I-PER", "B-ORG", "I-ORG", "I-ORG", "O", "I-MISC"]
TRUE_SPANS = [[("PER", 0, 2), ("LOC", 4, 5)], [("ORG", 0, 4)], [], [("LOC", 4, 5)]]
FOUND_SPANS = [[("PER", 0, 2), ("ORG", 4, 5)], [("ORG", 0, 3)], [("LOC", 4, 5)], [("LOC", 4, 5)]]


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Precision asks what share of the names found is right, recall what share of the true ones is found.",
        "Twice the right ones, divided by found and true ones together.",
    ],
)
def f1_of_names():
    """Span F1 of a tagger that finds 80 names, 60 of them right, where the truth has 100."""
    return 2 * 60 / (80 + 100)


@f1_of_names.judge
def _(answer):
    f1 = number(answer)
    require(0 <= f1 <= 1, "F1 is from 0 to 1")
    require(not close(f1, 0.75), "that is the share of what was found: precision")
    require(not close(f1, 0.6), "that is the share of the true names: recall")
    require(not close(f1, 0.675), "F1 is the harmonic mean of precision and recall, not the arithmetic one")
    require(not close(f1, 0.5), "a name that is right is both true and found: it counts twice")
    require(
        close(f1, 2 / 3, atol=0.0035), "which counts stand above and below the line? Two decimals, please"
    )


@exercise(
    minutes=10,
    hints=[
        "Start with `O` for each of the `n_words` words, then fill in what the pieces say.",
        "A piece is the first of its word if its number differs from that of the piece before.",
        "None is no word; and `if word:` is False for word 0, too.",
    ],
)
def tags_of_words(word_ids, piece_tags, n_words):
    """One tag a word, that of its first piece, given the word of each piece; ``O`` if all were cut off."""
    tags, before = ["O"] * n_words, None
    for word, tag in zip(word_ids, piece_tags, strict=True):
        if word is not None and word != before:
            tags[word] = tag
        before = word
    return tags


@tags_of_words.judge
def _(answer):
    def tags(word_ids, piece_tags, n_words):
        value = call(answer, word_ids, piece_tags, n_words)
        value = value.tolist() if isinstance(value, np.ndarray) else value
        texts = isinstance(value, list | tuple) and all(isinstance(tag, str) for tag in value)
        require(texts, "a list of tags is asked for")
        return list(value)

    whole = tags(WORD_IDS, PIECE_TAGS, 4)
    require(len(whole) == 4, "one tag a word is asked for, however many pieces it has")
    require(whole != ["B-LOC", "O", "I-PER", "I-ORG"], "`[CLS]` and `[SEP]` are special: they have no word")
    require(whole != ["O", "I-PER", "I-ORG", "O"], "the tag of a word is that of its first piece")
    require(whole[0] != "O", "word 0 is a word, too")
    require(whole == ["B-PER", "I-PER", "B-ORG", "O"], "one of four words has another tag")
    cut = tags(WORD_IDS, PIECE_TAGS, 6)
    require(cut == [*whole, "O", "O"], "a word whose pieces were cut off is `O`, so that none is missing")
    bare = tags([0, 1, 1], ["B-LOC", "B-PER", "I-PER"], 2)
    require(bare == ["B-LOC", "B-PER"], "there may be no special tokens")


@exercise(
    minutes=15,
    hints=[
        "A name begins at each `B-`. It ends at the next tag that is not `I-`, or with the sentence.",
        "Append `(type, i, i + 1)` to a list at each `B-`, and move the end of the last one at each `I-`.",
    ],
)
def read_spans(tags):
    """(type, start, end) of each name of one sentence in IOB2; ``end`` is one behind its last word."""
    spans = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((tag[2:], i, i + 1))
        elif tag.startswith("I-"):
            kind, start, _ = spans[-1]
            spans[-1] = (kind, start, i + 1)
    return spans


@read_spans.judge
def _(answer):
    def read(tags):
        value = call(answer, tags.split())
        require(isinstance(value, list | tuple), "a list of spans is asked for")
        for span in value:
            triple = isinstance(span, list | tuple) and len(span) == 3 and isinstance(span[0], str)
            require(triple, "a span is a type, a start and an end, such as ('PER', 3, 5)")
        return sorted((kind, *array([start, end], (2,)).tolist()) for kind, start, end in value)

    single = read("O B-LOC O")
    require(not any(kind.startswith(("B-", "I-")) for kind, _, _ in single), "PER is a type, B-PER is a tag")
    require(single != [("LOC", 1, 1)], "the end is that of a slice, one behind the last word")
    require(single == [("LOC", 1, 2)], "one place in a sentence of three words: where does it start and end?")
    require(read("B-ORG I-ORG I-ORG O O") == [("ORG", 0, 3)], "a name goes on as long as there are I- tags")
    require(read("O B-LOC I-LOC") == [("LOC", 1, 3)], "a name may stand at the end of the sentence")
    several = read("B-PER I-PER O B-LOC O O B-ORG I-ORG O")
    require(several == [("LOC", 3, 4), ("ORG", 6, 8), ("PER", 0, 2)], "a sentence may hold several names")
    touching = read("B-PER B-PER I-PER B-LOC")
    require(touching == [("LOC", 3, 4), ("PER", 0, 1), ("PER", 1, 3)], "names may touch: B- begins a new one")
    require(read("O O O") == [], "a sentence without names has no spans")


@exercise(
    minutes=10,
    hints=[
        "A span found is right if the same type, start and end stand in the *same* sentence of the truth.",
        "`set(a) & set(b)` holds what is in both. Add up the three counts over the sentences, divide once.",
    ],
)
def f1_of_spans(true, pred):
    """Span F1 of sentences, each a list of (type, start, end); 0 if there is no span at all."""
    right = sum(len(set(a) & set(b)) for a, b in zip(true, pred, strict=True))
    both = sum(map(len, true)) + sum(map(len, pred))
    return 2 * right / both if both else 0.0


@f1_of_spans.judge
def _(answer):
    kinds = number(call(answer, [[("LOC", 0, 1)], [("PER", 0, 1)]], [[("ORG", 0, 1)], [("PER", 0, 1)]]))
    require(close(kinds, 0.5), "a name of the wrong type is not right")
    parts = number(call(answer, [[("ORG", 0, 4)], [("PER", 0, 1)]], [[("ORG", 0, 3)], [("PER", 0, 1)]]))
    require(close(parts, 0.5), "a name is right as a whole or not at all")
    moved = number(call(answer, [[("LOC", 0, 1)], []], [[], [("LOC", 0, 1)]]))
    require(close(moved, 0), "a name is right only if it stands in the same sentence of the truth")
    score = number(call(answer, TRUE_SPANS, FOUND_SPANS))
    require(not close(score, 1.5 / 4), "add up the counts over the sentences, then divide once")
    require(close(score, 4 / 9), "for four sentences with four true names it is another score")
    require(
        close(call(answer, FOUND_SPANS, TRUE_SPANS), score), "truth and prediction can be exchanged in F1"
    )
    require(close(call(answer, [[], *TRUE_SPANS], [[], *FOUND_SPANS]), score), "empty sentences add nothing")
    require(close(call(answer, TRUE_SPANS, TRUE_SPANS), 1), "if all is right, F1 is 1")
    require(close(call(answer, [[], []], [[], []]), 0), "with no name in either, F1 is set to 0")
