"""Words and pieces: sentences of words for models that read pieces of words.

Labels belong to words, tokens to pieces: ``Kowalczyk`` becomes ``ko`` ``##wal`` ``##cz`` ``##yk``. As in
BERT, the first piece speaks for its word. Three things could shift the pieces against the words, or lose
some, and none does here. A word of which the tokenizer leaves nothing, such as a lone zero-width space, is
read as the unknown token. A sentence that is too long is read in parts, cut between words, instead of being
cut off. And words are told by the tokenizer's own ``word_ids``, whatever they hold.

An uncased vocabulary drops what marks a name in English: its capital. BERT was made to read pairs of
sentences and has an input, ``token_type_ids``, that tells one from the other. In single sentences it is free,
and can tell words with a capital from the others.

Left out: labels and models, which are ``tagger.py``. Used in notebook 13.
Sources: Devlin et al. 2019, section 5.3 (first pieces); Collobert et al. 2011, section 6.1 (capitals).
"""

from collections.abc import Sequence
from typing import NamedTuple

from transformers import BatchEncoding, PreTrainedTokenizerBase

from prevlib.arguments import check_unicode

Sentences = Sequence[Sequence[str]]


class Part(NamedTuple):
    """Words of a sentence that are read at once: all of them, unless they are too many for the model."""

    sentence: int
    start: int  # first word
    words: list[str]
    n_pieces: int


def split_sentences(sentences: Sentences, tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[Part]:
    """Each sentence as one part, or as few as the model can read; none if it is empty.

    Args:
        sentences: Each a list of words.
        tokenizer: Makes pieces of them.
        max_length: Most tokens of a part, special ones included. A part is longer if a single word is.
    Returns:
        Parts in the order of the sentences.
    """
    distinct = sorted({word for words in sentences for word in words})
    pieces = tokenizer(
        [[word] for word in distinct], is_split_into_words=True, add_special_tokens=False, verbose=False
    )
    n_pieces = dict(zip(distinct, map(len, pieces["input_ids"]), strict=True))
    room = max_length - tokenizer.num_special_tokens_to_add()
    parts = []
    for i, words in enumerate(sentences):
        words = [word if n_pieces[word] else tokenizer.unk_token for word in words]
        sizes = [n_pieces.get(word) or 1 for word in words]
        start = length = 0
        for end, size in enumerate(sizes):
            if length + size > room and end > start:
                parts.append(Part(i, start, words[start:end], length))
                start, length = end, 0
            length += size
        if words:
            parts.append(Part(i, start, words[start:], length))
    return parts


def encode_parts(
    parts: Sequence[Part], tokenizer: PreTrainedTokenizerBase, max_length: int, *, mark_capitals: bool = False
) -> BatchEncoding:
    """Encodings of parts; ``word_ids(row)`` tells the words of their tokens.

    Args:
        parts: Made with the same ``max_length``. If a single word is longer, its first pieces stay.
        tokenizer: A fast tokenizer.
        max_length: In tokens, special ones included.
        mark_capitals: Give token type 1 to the pieces of words with a capital letter, 0 to all others.
    Returns:
        One row of token ids per part, not padded.
    """
    encodings = tokenizer(
        [part.words for part in parts], is_split_into_words=True, truncation=True, max_length=max_length
    )
    if mark_capitals:
        capital = [[word != word.lower() for word in part.words] for part in parts]
        encodings["token_type_ids"] = [
            [int(word is not None and capital[row][word]) for word in encodings.word_ids(row)]
            for row in range(len(parts))
        ]
    return encodings


def first_pieces(word_ids: Sequence[int | None]) -> list[int]:
    """Positions of the first piece of each word.

    Args:
        word_ids: Number of the word of each token, None for special tokens, as from ``encoding.word_ids()``.
    Returns:
        Rising positions, one per word.
    Example:
        >>> first_pieces([None, 0, 1, 1, 1, 2, None])
        [1, 2, 5]
    """
    before = [None, *word_ids]
    return [i for i, word in enumerate(word_ids) if word is not None and word != before[i]]


def check_sentences(sentences: Sentences) -> list[list[str]]:
    """The sentences as lists of words.

    Args:
        sentences: What was passed.
    Returns:
        At least one list of strings.
    Raises:
        TypeError: If a sentence is a string, or a word is none.
        ValueError: If there is no sentence, or a word is not valid Unicode.
    """
    sentences = list(sentences)
    if not sentences:
        raise ValueError("`sentences` must hold at least one sentence; got none.")
    for i, words in enumerate(sentences):
        if isinstance(words, str) or not hasattr(words, "__len__"):
            raise TypeError(
                f"`sentences` must be a list of sentences, each a list of words; got {words!r} as sentence "
                f"{i}. Split texts into words, and put a single sentence in a list."
            )
        strange = [word for word in words if not isinstance(word, str)]
        if strange:
            raise TypeError(f"Words must be strings; got {strange[0]!r} in sentence {i}. Convert with str.")
        check_unicode(f"Sentence {i}", " ".join(words))
    return [list(words) for words in sentences]
