"""Batches of texts of similar length, so that little is computed for padding.

A batch holds about as many tokens as the fast memory of a processor core likes, whatever the texts' lengths:
many short texts, or a few long ones.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence

from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_count, check_unicode

WINDOW = 2048  # texts that are tokenized and sorted by length at a time, so that memory stays flat
MAX_TOKENS = 2048  # of a batch, padding included; larger ones were slower on processors


def check_texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts as a list.

    Args:
        texts: What was passed.
    Returns:
        At least one string.
    Raises:
        TypeError: If it is a single string or a table, or holds something else than strings.
        ValueError: If it is empty, or a text is not valid Unicode.
    """
    if isinstance(texts, str):
        raise TypeError(
            f"`texts` must be a sequence of strings; got the single string {texts[:40]!r}. Put it in a list."
        )
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):  # a list of these holds the names of columns
        raise TypeError(
            f"`texts` must be a sequence of strings; got a {type(texts).__name__}. "
            'Pass one column, such as table["text"].'
        )
    texts = list(texts)
    if not texts:
        raise ValueError("`texts` must hold at least one text; got none.")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(
                f"`texts` must hold strings; got {type(text).__name__} ({text!r}) at position {i}. "
                "Drop missing values, or convert with str."
            )
        check_unicode(f"The text at position {i}", text)
    return texts


def longest_input(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> int:
    """The most tokens a text may have, special tokens included.

    Args:
        tokenizer, model: Of one checkpoint.
    Returns:
        Number of tokens.
    """
    positions = model.config.max_position_embeddings
    for name, module in model.named_modules():
        # RoBERTa and its kin number the positions from behind the id of the padding token.
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
    return min(tokenizer.model_max_length, positions)


def length_sorted_batches(
    texts: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_length: int,
    batch_size: int | None = None,
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """Yield (positions in ``texts``, padded batch), texts of similar length together.

    Sorting within a window of texts saves most of the padding; the positions put the results back in order.

    Args:
        texts: Strings; a warning in the end tells how many were cut.
        tokenizer: Of the model that will read the batches.
        max_length: In tokens, special ones included.
        batch_size: Texts of a batch; as many as fit into ``MAX_TOKENS`` if None.
    Raises:
        ValueError: If ``batch_size`` is below 1.
    """
    if batch_size is not None:
        batch_size = check_count("batch_size", batch_size)
    n_cut = 0
    for start in range(0, len(texts), WINDOW):
        encodings, n_cut_here = encode_texts(texts[start : start + WINDOW], tokenizer, max_length)
        n_cut += n_cut_here
        for rows, batch in padded_batches(encodings, tokenizer, batch_size):
            yield [start + row for row in rows], batch
    warn_of_cut(n_cut, len(texts), max_length, stacklevel=5)


def padded_batches(
    encodings: Mapping[str, list], tokenizer: PreTrainedTokenizerBase, batch_size: int | None
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """Yield (rows, padded batch) in order of length; batches as for ``length_sorted_batches``."""
    lengths = [len(ids) for ids in encodings["input_ids"]]
    for rows in _cut(lengths, batch_size):
        batch = {name: [values[row] for row in rows] for name, values in encodings.items()}
        yield rows, tokenizer.pad(batch, return_tensors="pt")


def _cut(lengths: list[int], batch_size: int | None) -> Iterator[list[int]]:
    """Rows in order of length, in batches."""
    rows = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        is_full = len(rows) == batch_size if batch_size else (len(rows) + 1) * lengths[row] > MAX_TOKENS
        if rows and is_full:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


def encode_texts(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> tuple[BatchEncoding, int]:
    """Encodings of at most ``max_length`` tokens, and how many texts had more.

    Args:
        texts: Strings.
        tokenizer: Of the model.
        max_length: In tokens, special ones included.
    Returns:
        (encodings, number of texts that were cut).
    """
    encodings = tokenizer(texts, truncation=True, max_length=max_length)
    lengths = map(len, encodings["input_ids"])
    full = [text for text, length in zip(texts, lengths, strict=True) if length == max_length]
    whole = tokenizer(full, verbose=False)["input_ids"] if full else []
    return encodings, sum(len(ids) > max_length for ids in whole)


def warn_of_cut(n_cut: int, n_texts: int, max_length: int, *, stacklevel: int = 3) -> None:
    """Warn whoever called the caller, if texts were cut.

    Args:
        n_cut, n_texts: Texts that were cut, and all texts.
        max_length: In tokens, special ones included.
        stacklevel: Of ``warnings.warn``.
    """
    if n_cut:
        warnings.warn(
            f"{n_cut} of {n_texts} texts had more than {max_length} tokens; the rest of each was cut.",
            stacklevel=stacklevel,
        )
