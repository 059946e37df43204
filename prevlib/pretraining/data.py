"""Rows for pre-training: documents are tokenized, joined, and cut into pieces of equal length.

Packed rows have no padding, so no computation is spent on it. They lie in an Arrow file that is mapped into
memory, not read, so that a corpus may be larger than the memory.

Used in notebook 05, by ``run.py``. Source: Liu et al. 2019, section 4.2 (full sentences).
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict
from transformers import PreTrainedTokenizerBase

from prevlib.datasets import load_imdb

CHUNK = 1000  # documents tokenized at a time
HELD_OUT = 50  # one document in so many is kept for evaluation, if the corpus has no split of its own


class Documents:
    """The documents of one split, one at a time, as often as they are asked for.

    Args:
        corpus: ``"imdb"``; or a UTF-8 text file with one document a line, or a list of documents, of which
            every 50th is ``"test"``.
        split: ``"train"`` or ``"test"``.
    Raises:
        FileNotFoundError: When read, if the corpus is none of these.
        ValueError: When read, if the file is not UTF-8.
    """

    def __init__(self, corpus: str | Path | Sequence[str], split: str):
        self.corpus, self.split = corpus, split

    def __iter__(self) -> Iterator[str]:
        if self.corpus == "imdb":
            yield from _imdb()[self.split]["text"]
        elif isinstance(self.corpus, str | Path):
            yield from self._select(self._lines())
        else:
            yield from self._select(self.corpus)

    def _select(self, documents: Iterable[str]) -> Iterator[str]:
        for i, document in enumerate(documents):
            if (i % HELD_OUT == HELD_OUT - 1) == (self.split == "test"):
                yield document

    def _lines(self) -> Iterator[str]:
        path = Path(self.corpus).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f'`corpus` must be "imdb" or a text file with one document a line; got {str(self.corpus)!r}.'
            )
        try:
            with path.open(encoding="utf-8") as file:
                yield from filter(None, map(str.strip, file))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} must be UTF-8 text; got {error}. Convert it first.") from error


@lru_cache(maxsize=1)
def _imdb() -> DatasetDict:
    """The reviews, which take seconds to verify and are read four times to prepare a run."""
    return load_imdb()


def pack_rows(
    documents: Iterable[str], tokenizer: PreTrainedTokenizerBase, sequence_length: int, file: str | Path
) -> Dataset:
    """Write the tokens of the documents as rows of equal length; map the file into memory.

    Each row is ``[CLS]``, ``sequence_length - 2`` tokens, ``[SEP]``; where a document ends inside a row,
    there is a ``[SEP]``, too. The last, shorter row is dropped.

    Args:
        documents: Strings, read once.
        tokenizer: Its model's maximum does not matter here.
        sequence_length: Tokens of a row, special tokens included.
        file: Where the rows are written, in Arrow's stream format.
    Returns:
        A data set with the column ``input_ids``.
    Raises:
        ValueError: If the documents do not fill one row, or a row has no room for a token.
    """
    inside = sequence_length - 2
    if inside < 1:
        raise ValueError(f"`sequence_length` must be at least 3; got {sequence_length}.")
    schema = pa.schema({"input_ids": pa.list_(pa.int32(), sequence_length)})
    rest, n_rows = np.empty(0, dtype=np.int32), 0
    file = Path(file)
    unfinished = file.with_name(f".unfinished-{file.name}")
    with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for chunk in _chunks(documents, CHUNK):
            encoded = tokenizer(chunk, add_special_tokens=False, return_attention_mask=False, verbose=False)
            ends = ([*ids, tokenizer.sep_token_id] for ids in encoded["input_ids"])
            tokens = np.concatenate([rest, np.fromiter(chain.from_iterable(ends), dtype=np.int32)])
            n_new = len(tokens) // inside
            rest = tokens[n_new * inside :]
            body = tokens[: n_new * inside].reshape(n_new, inside)
            edges = [(0, 0), (1, 1)]
            marks = [(0, 0), (tokenizer.cls_token_id, tokenizer.sep_token_id)]
            rows = np.pad(body, edges, constant_values=marks).astype(np.int32)
            column = pa.FixedSizeListArray.from_arrays(rows.ravel(), sequence_length)
            writer.write_batch(pa.record_batch([column.cast(schema.field(0).type)], schema=schema))
            n_rows += n_new
    if n_rows == 0:
        unfinished.unlink()
        raise ValueError(
            f"The documents must fill at least one row of {inside} tokens; got {len(rest)} tokens. "
            "Give more text, or a smaller `sequence_length`."
        )
    os.replace(unfinished, file)
    return Dataset.from_file(str(file))


def _chunks(documents: Iterable[str], size: int) -> Iterator[list[str]]:
    chunk = []
    for document in documents:
        chunk.append(document)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
