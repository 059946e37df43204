"""Rows by hand, and what holds for any documents."""

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prevlib.pretraining.data import Documents, pack_rows


def test_rows_by_hand(tokenizer, tmp_path):
    a, the, film = tokenizer.convert_tokens_to_ids(["a", "the", "film"])
    rows = pack_rows(["a film", "the the the", "a"], tokenizer, 5, tmp_path / "rows.arrow")
    # Joined: a film SEP the the the SEP a SEP, in threes.
    assert rows["input_ids"][:] == [[2, a, film, 3, 3], [2, the, the, the, 3], [2, 3, a, 3, 3]]
    assert [file.name for file in tmp_path.iterdir()] == ["rows.arrow"]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=30), sequence_length=st.integers(3, 20))
def test_no_token_is_lost_but_the_last_row(tokenizer, tmp_path, lengths, sequence_length):
    documents = [" ".join(["film", "a", "the"][i % 3] for i in range(n)) for n in lengths]
    joined = [i for text in documents for i in tokenizer(text)["input_ids"][1:]]
    n_rows = len(joined) // (sequence_length - 2)
    if n_rows == 0:
        with pytest.raises(ValueError, match=f"at least one row of {sequence_length - 2} tokens; got"):
            pack_rows(documents, tokenizer, sequence_length, tmp_path / "rows.arrow")
        return
    rows = np.array(pack_rows(documents, tokenizer, sequence_length, tmp_path / "rows.arrow")["input_ids"])
    assert rows.shape == (n_rows, sequence_length)
    assert (rows[:, 0] == tokenizer.cls_token_id).all() and (rows[:, -1] == tokenizer.sep_token_id).all()
    inside = rows[:, 1:-1].ravel().tolist()
    assert inside == joined[: len(inside)]


def test_the_rows_are_mapped_from_the_file_and_the_chunks_join(tokenizer, tmp_path, monkeypatch):
    documents = ["a film", "the the film a"] * 50
    whole = pack_rows(documents, tokenizer, 7, tmp_path / "whole.arrow")
    monkeypatch.setattr("prevlib.pretraining.data.CHUNK", 3)
    parts = pack_rows(iter(documents), tokenizer, 7, tmp_path / "parts.arrow")
    assert parts["input_ids"][:] == whole["input_ids"][:]
    assert Dataset.from_file(str(tmp_path / "parts.arrow"))[3] == whole[3]


def test_too_little_text_leaves_no_file(tokenizer, tmp_path):
    with pytest.raises(ValueError, match="at least one row of 14 tokens; got 3 tokens. Give more text"):
        pack_rows(["a film"], tokenizer, 16, tmp_path / "rows.arrow")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_split_and_can_be_read_again(tmp_path):
    file = tmp_path / "corpus.txt"
    file.write_text("".join(f"document {i}\n\n" for i in range(120)), encoding="utf-8")
    train, test = (Documents(str(file), split) for split in ("train", "test"))
    assert list(test) == ["document 49", "document 99"]
    assert len(list(train)) == 118 and "document 49" not in list(train)
    assert list(train) == list(train)


def test_a_list_is_split_alike():
    assert list(Documents([str(i) for i in range(60)], "test")) == ["49"]


def test_imdb_has_its_own_split():
    first = next(iter(Documents("imdb", "test")))
    assert isinstance(first, str) and len(first) > 50


def test_what_is_no_corpus_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="`corpus` must be \"imdb\" or a text file .*; got 'imbd'"):
        list(Documents("imbd", "train"))
    bad = tmp_path / "latin.txt"
    bad.write_bytes("Müll\n".encode("latin-1"))
    with pytest.raises(ValueError, match="latin.txt must be UTF-8 text; got .* Convert it first"):
        list(Documents(bad, "train"))
