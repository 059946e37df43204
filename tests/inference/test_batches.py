"""Batches: texts of similar length together, and as many tokens as a processor likes."""

import pytest

from prevlib.checkpoints import load_tokenizer
from prevlib.inference import batches, length_sorted_batches


@pytest.fixture
def tokenizer():
    return load_tokenizer("minilm")


def test_texts_of_similar_length_run_together(tokenizer):
    texts = ["a", "a b c d", "a b", "a b c"]
    found = list(length_sorted_batches(texts, tokenizer, max_length=512, batch_size=2))
    assert [rows for rows, _ in found] == [[0, 2], [3, 1]]
    assert [batch["attention_mask"].tolist() for _, batch in found] == [
        [[1, 1, 1, 0], [1, 1, 1, 1]],
        [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]],
    ]


def test_a_batch_holds_a_number_of_tokens_by_default(tokenizer, monkeypatch):
    monkeypatch.setattr(batches, "MAX_TOKENS", 12)
    texts = ["a", "a b c d", "a b", "a b c", "a " * 30]  # 3, 6, 4, 5 and 32 tokens
    found = list(length_sorted_batches(texts, tokenizer, max_length=512))
    assert [rows for rows, _ in found] == [[0, 2], [3, 1], [4]]  # 2 x 4, 2 x 6, and one too long for any
