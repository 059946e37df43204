"""From tags to spans.

A tag is ``O``, outside of any name, or a prefix, a dash and a type. IOB2 begins each span with ``B-`` and
goes on with ``I-``. IOB1 writes ``B-`` only where two spans of one type touch. IOE2 ends each span with
``E-``. IOBES begins with ``B-``, ends with ``E-``, and marks spans of one word ``S-``. BILOU is IOBES with
the letters L and U.

Models also predict what no scheme allows, such as ``O I-PER``. The default mode, that of the CoNLL script,
makes a span of it; strict mode drops it.

All sentences are read at once: each distinct tag is taken apart once, and the rest is arithmetic on arrays,
with one ``O`` put behind each sentence, so that no span goes on into the next.
Sources: Ramshaw & Marcus 1995 (IOB1); Tjong Kim Sang & Veenstra 1999 (IOB2, IOE2); Ratinov & Roth 2009
(BILOU); Nakayama 2018 (seqeval).
"""

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np

SCHEMES = {"IOB1": "BI", "IOB2": "BI", "IOE2": "IE", "IOBES": "BIES", "BILOU": "BILU"}
OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)
CODES = {"B": BEGIN, "I": INSIDE, "E": END, "S": SINGLE, "L": END, "U": SINGLE}  # last, unit
Tags = Sequence[Sequence[str]]


class Span(NamedTuple):
    """The words ``start`` to ``end - 1`` of a sentence, ``words[start:end]``, are a name of a type."""

    type: str
    start: int
    end: int


class Spans(NamedTuple):
    """Spans of all sentences in order; places count on through the sentences and the O behind each."""

    start: np.ndarray
    end: np.ndarray
    kind: np.ndarray  # number of the type


def extract_spans(tags: Sequence[str], *, mode: str | None = None, scheme: str | None = None) -> list[Span]:
    """The spans of one sentence.

    Args:
        tags: One tag a word.
        mode: None makes the best of what no scheme allows: a span begins wherever one cannot go on.
            ``"strict"`` drops it.
        scheme: ``"IOB1"``, ``"IOB2"``, ``"IOE2"``, ``"IOBES"`` or ``"BILOU"``, or seqeval's class of that
            name: which prefixes there are, and in strict mode, which must name it, their order. None allows
            B, I, E and S.
    Returns:
        Spans in order. Their end is that of a slice, one behind the last word.
    Raises:
        TypeError: If ``tags`` are not a list of strings.
        ValueError: If a tag is not of the scheme, or an option is unknown.
    Example:
        >>> extract_spans(["B-PER", "I-PER", "O", "I-LOC"])
        [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
        >>> extract_spans(["B-PER", "I-PER", "O", "I-LOC"], mode="strict", scheme="IOB2")
        [Span(type='PER', start=0, end=2)]
    """
    if isinstance(tags, str) or any(not isinstance(tag, str) for tag in tags):
        raise TypeError(
            f"`tags` must be the tags of one sentence, a list of strings; got {str(tags)[:60]!r}. "
            "For several sentences: [extract_spans(tags) for tags in sentences]."
        )
    [spans], types, _ = read_spans({"tags": [tags]}, mode, scheme)
    return [Span(types[kind], int(start), int(end)) for start, end, kind in zip(*spans, strict=True)]


def read_spans(
    corpora: Mapping[str, Tags], mode: str | None, scheme: str | None
) -> tuple[list[Spans], list[str], np.ndarray]:
    """Spans of each corpus, the names of the types, and the number of the sentence of each place.

    Raises:
        TypeError, ValueError: If these are not lists of sentences of the same lengths, with tags of the
            scheme, or an option is unknown.
    """
    scheme = getattr(scheme, "__name__", scheme)
    if mode not in (None, "strict") or scheme not in (None, *SCHEMES) or (mode and not scheme):
        raise ValueError(
            '`mode` must be None or "strict", and `scheme` one of '
            f"{', '.join(SCHEMES)}, or None unless strict; got {mode!r} and {scheme!r}."
        )
    corpora = {name: _check_sentences(name, sentences) for name, sentences in corpora.items()}
    lengths = _check_lengths(corpora)
    parsed = _parse_tags(corpora, scheme)
    types = sorted({kind for _, kind in parsed.values() if kind})
    prefix_of = np.array([prefix for prefix, _ in parsed.values()], dtype=np.int8)
    kind_of = np.array([types.index(kind) if kind else -1 for _, kind in parsed.values()], dtype=np.int32)
    number_of = {tag: number for number, tag in enumerate(parsed)}

    spans = []
    for sentences in corpora.values():
        padded = chain.from_iterable(chain.from_iterable(zip(sentences, repeat(("O",)))))
        numbers = np.fromiter(map(number_of.__getitem__, padded), np.int32, (lengths + 1).sum())
        spans.append(_find_spans(prefix_of[numbers], kind_of[numbers], scheme if mode else None))
    return spans, types, np.repeat(np.arange(len(lengths)), lengths + 1)


def _find_spans(prefix: np.ndarray, kind: np.ndarray, rules: str | None) -> Spans:
    """A span begins, goes on inside, and breaks off at the first tag that is not inside."""
    last, same = np.roll(prefix, 1), np.roll(kind, 1) == kind  # before the first stands the O of the end
    inside = same & ((last == BEGIN) | (last == INSIDE)) & ((prefix == INSIDE) | (prefix == END))
    if rules in (None, "IOE2"):
        may_begin = prefix != OUTSIDE
    elif rules == "IOB1":
        may_begin = (prefix == INSIDE) | (prefix == BEGIN) & (last != OUTSIDE) & same
    else:
        may_begin = (prefix == BEGIN) | (prefix == SINGLE)
    # A tag lies in a span if, going back through what is inside, one comes to a beginning.
    place = np.arange(len(prefix), dtype=np.int32)
    last_begin = np.maximum.accumulate(np.where(may_begin, place, -1))
    last_break = np.maximum.accumulate(np.where(inside, -1, place))
    in_span = last_begin >= last_break
    start = np.flatnonzero(may_begin & ~(inside & np.roll(in_span, 1)))
    breaks = np.flatnonzero(~inside)
    end = breaks[np.searchsorted(breaks, start, side="right")]

    if rules in ("IOE2", "IOBES", "BILOU"):  # a span that lacks its end is none
        whole = (prefix[end - 1] == END) | (prefix[end - 1] == SINGLE)
    elif rules == "IOB1":  # there B only parts two spans of one type
        whole = (prefix[end - 1] != BEGIN) | (prefix[end] != BEGIN) | same[end]
    else:
        whole = np.full(len(start), True)
    return Spans(start[whole], end[whole], kind[start[whole]])


def _check_sentences(name: str, sentences: Tags) -> list[Sequence[str]]:
    sentences = list(sentences)
    if not sentences:
        raise ValueError(f"`{name}` must hold at least one sentence; got none. Did a filter drop everything?")
    for i, sentence in enumerate(sentences):
        if isinstance(sentence, str) or not hasattr(sentence, "__len__"):
            raise TypeError(
                f"`{name}` must be a list of sentences, each a list of tags; got {sentence!r} as sentence "
                f"{i}. Wrap one sentence in a list. Do not make each word a sentence of its own: parts of "
                "names would count as names."
            )
    return sentences


def _check_lengths(corpora: Mapping[str, Sequence]) -> np.ndarray:
    """Length of each sentence."""
    (name, first), *others = corpora.items()
    lengths = np.array([len(sentence) for sentence in first])
    for other, sentences in others:
        if len(sentences) != len(first):
            raise ValueError(
                f"`{other}` must hold as many sentences as `{name}`, {len(first)}; got {len(sentences)}."
            )
        differ = np.flatnonzero(lengths != [len(sentence) for sentence in sentences])
        if len(differ):
            i = differ[0]
            raise ValueError(
                f"Sentence {i} of `{other}` must have as many tags as that of `{name}`, {lengths[i]}; got "
                f"{len(sentences[i])}. Was it cut, or are there tags of sub-words? One tag a word."
            )
    return lengths


def _parse_tags(corpora: Mapping[str, Tags], scheme: str | None) -> dict[str, tuple[int, str]]:
    """Each distinct tag -> code of its prefix, and its type."""
    letters = SCHEMES.get(scheme, "BIES")
    try:
        tags = set(chain(["O"], chain.from_iterable(chain.from_iterable(corpora.values()))))
    except TypeError:  # what cannot be in a set is not a string
        tags = [None]
    parsed = {tag: _parse(tag, letters) for tag in tags}
    if None not in parsed.values():
        return parsed
    name, i, tag = next(
        (name, i, tag)
        for name, sentences in corpora.items()
        for i, sentence in enumerate(sentences)
        for tag in sentence
        if _parse(tag, letters) is None
    )
    if not isinstance(tag, str):
        raise TypeError(
            f"Tags must be strings; got {tag!r} in sentence {i} of `{name}`. "
            "Turn numbers into names, [label_names[number] for number in numbers], and leave out -100."
        )
    prefixes = ", ".join(f"{letter}-" for letter in letters)
    remedy = 'Name the scheme, scheme="BILOU".' if tag[:2] in ("L-", "U-") else "Which scheme is it?"
    raise ValueError(
        f"Tags {f'of {scheme} ' if scheme else ''}must be O, or one of {prefixes} and a type; got {tag!r} "
        f"in sentence {i} of `{name}`. {remedy}"
    )


def _parse(tag: Any, letters: str) -> tuple[int, str] | None:
    if not isinstance(tag, str):
        return None
    if tag == "O":
        return OUTSIDE, ""
    prefix, _, kind = tag.partition("-")
    return (CODES[prefix], kind) if prefix and prefix in [*letters] and kind else None
