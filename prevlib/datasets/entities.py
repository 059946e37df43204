"""Sentences with marked names, split so that no name is known from training.

A tagger can learn a list of names by heart, and a random split does not notice, because the same names stand
on both sides. Here sentences that share a name, whatever its case or type, are tied together, and whole
groups go to one split. The names of ``test_unseen`` are new down to the word: a tagger that has met
"University" half knows the next university, and has nothing but the context for a word it has never met.

The sentences were written for this course (``data/entities.md``: guideline, counts, limits). They stand in
``data/entities.txt`` with inline marks, ``[Marie Curie|PER] moved to [Paris|LOC] .``, which are easier to
write and to proofread than one tag a line.

Used in notebook 13. Left out: other formats, nested names, predictions (``metrics`` scores those).
Sources: Tjong Kim Sang & De Meulder 2003 (CoNLL-2003, the guideline); Augenstein, Derczynski & Bontcheva 2017
(how much taggers owe to names that they know).
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from prevlib.datasets.texts import SPLIT_SEED, _split

ENTITIES_FILE = Path(__file__).parents[1] / "data" / "entities.txt"
ENTITY_TYPES = ("PER", "ORG", "LOC", "MISC")
NER_TAGS = ["O"] + [f"{prefix}-{kind}" for kind in ENTITY_TYPES for prefix in "BI"]
FUNCTION_WORDS = frozenset("'s a and at da de del des di do du for in la of on the to van with".split())
UNSEEN_SIZES = {"plain": 12, "new": 118}  # sentences without a name, sentences with new words only
HELD_OUT_SIZES = {"test": 170, "validation": 125}

_HEADING = "# topic: "
_MARK = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")


class Sentence(NamedTuple):
    """One line of the file."""

    tokens: list[str]
    ner_tags: list[str]  # IOB2, one a token
    topic: str
    names: set[str]  # case-folded


def load_entities() -> DatasetDict:
    """Sentences with tags of persons, organisations, places and other names; each name in one split only.

    Sentences that share a name (case-folded, of any type) form a group, also through a third sentence. First,
    ``test_unseen`` draws from the groups whose names consist of words that occur in no other group, neither
    in names nor beside them; function words ("of", "de"), numbers and punctuation do not count. The rest is
    dealt to ``test``, ``validation`` and ``train``. All four have the same share of sentences without names.

    Returns:
        Splits with ``tokens``, ``ner_tags`` (ClassLabel O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC, B-MISC,
        I-MISC; IOB2: each name starts with B) and ``topic``, each in random order. The data card
        ``data/entities.md`` counts the names by split and type.
    Raises:
        ValueError: If a line of the file breaks the format; the message has its number.
    Example:
        >>> splits = load_entities()
        >>> {name: len(split) for name, split in splits.items()}
        {'train': 993, 'validation': 125, 'test': 170, 'test_unseen': 130}
        >>> {name: sum(tag % 2 for row in split for tag in row["ner_tags"]) for name, split in splits.items()}
        {'train': 1773, 'validation': 209, 'test': 290, 'test_unseen': 208}

    Source: written for this course; CC0.
    """
    sentences = _read(ENTITIES_FILE)
    rows = pd.DataFrame(sentences)
    tag = ClassLabel(names=NER_TAGS)
    features = Features({"tokens": List(Value("string")), "ner_tags": List(tag), "topic": Value("string")})
    columns = rows[list(features)]
    return DatasetDict(
        {
            name: Dataset.from_list(columns.loc[members].to_dict("records"), features=features)
            for name, members in _split_by_name(sentences).items()
        }
    )


def _split_by_name(sentences: list[Sentence]) -> dict[str, np.ndarray]:
    """Row numbers of each split."""
    groups = _groups(sentences)
    kinds = _kinds(sentences, groups)
    unseen = [
        _split(groups[kinds == kind], kinds[kinds == kind], {"unseen": size})["unseen"]
        for kind, size in UNSEEN_SIZES.items()
    ]
    rest = groups.drop(np.concatenate(unseen))
    splits = _split(rest, kinds[rest.index] == "plain", HELD_OUT_SIZES)
    unseen = np.random.default_rng(SPLIT_SEED).permutation(np.concatenate(unseen))
    return {name: splits[name] for name in ("train", "validation", "test")} | {"test_unseen": unseen}


def _groups(sentences: list[Sentence]) -> pd.Series:
    """A group number for each sentence; those that share a name, or are linked by others, have the same."""
    pairs = pd.DataFrame(
        [(i, name) for i, sentence in enumerate(sentences) for name in sorted(sentence.names)],
        columns=["sentence", "name"],
    )
    # A graph with a node for each sentence and each name, and an edge where the name stands in the sentence.
    names = len(sentences) + pd.factorize(pairs["name"])[0]
    size = len(sentences) + len(pairs)
    edges = coo_array((np.ones(len(pairs)), (pairs["sentence"], names)), shape=(size, size))
    return pd.Series(connected_components(edges, directed=False)[1][: len(sentences)])


def _kinds(sentences: list[Sentence], groups: pd.Series) -> pd.Series:
    """What each sentence may serve for.

    "plain" has no name; the names of a "new" one and of its whole group have no word of another group.
    """
    words = pd.DataFrame(
        [(group, token.casefold()) for group, s in zip(groups, sentences, strict=True) for token in s.tokens],
        columns=["group", "word"],
    ).drop_duplicates()
    shared = set(words["word"][words["word"].duplicated()]) - FUNCTION_WORDS
    shared = {word for word in shared if any(map(str.isalpha, word))}
    old = pd.Series([any(shared & set(name.split()) for name in sentence.names) for sentence in sentences])
    kinds = pd.Series(np.where(old.groupby(groups).transform("any"), "old", "new"))
    kinds[[not sentence.names for sentence in sentences]] = "plain"
    return kinds


def _read(path: Path) -> list[Sentence]:
    sentences, topic = [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"Line {number} of {path.name}"
        if line.startswith(_HEADING):
            topic = line.removeprefix(_HEADING)
        elif line.startswith("#") and topic is not None:
            raise ValueError(
                f"{where} must be a sentence or a heading; got {line!r}. "
                f'Write a heading as "{_HEADING}sport", and comments above the first one.'
            )
        elif line and not line.startswith("#"):
            if topic is None:
                raise ValueError(
                    f'{where} must stand below a heading; got {line!r}. Write "{_HEADING}sport" above it.'
                )
            sentences.append(_parse(line, topic, where))
    return sentences


def _parse(line: str, topic: str, where: str) -> Sentence:
    """Tokens and tags of a sentence such as ``[Marie Curie|PER] moved to [Paris|LOC] .``"""
    pieces = _MARK.split(line)  # outside, name, type, outside, name, type, ..., outside
    outside, names, kinds = pieces[::3], pieces[1::3], pieces[2::3]
    if re.search(r"[\[\]|]", " ".join(outside)):
        raise ValueError(
            f"{where} must have whole marks only; got {line!r}. "
            "Write each mark as [Paris|LOC], and no bracket or bar elsewhere."
        )
    for name, kind in zip(names, kinds, strict=True):
        if kind not in ENTITY_TYPES:
            raise ValueError(
                f"{where} must have marks of the types {', '.join(ENTITY_TYPES)}; got [{name}|{kind}]. "
                "Choose one of the four, or remove the mark."
            )
        if not name.strip():
            raise ValueError(
                f"{where} must have a name in each mark; got [{name}|{kind}]. "
                "Write the name before the bar, or remove the mark."
            )
    tokens, tags = outside[0].split(), ["O"] * len(outside[0].split())
    for name, kind, after in zip(names, kinds, outside[1:], strict=True):
        tokens += name.split() + after.split()
        tags += [f"B-{kind}"] + [f"I-{kind}"] * (len(name.split()) - 1) + ["O"] * len(after.split())
    if " ".join(tokens) != _MARK.sub(r"\1", line):
        raise ValueError(
            f"{where} must have single spaces between its tokens, around marks, too; got {line!r}. "
            "Separate punctuation from words and marks, and remove other spaces."
        )
    return Sentence(tokens, tags, topic, {name.casefold() for name in names})
