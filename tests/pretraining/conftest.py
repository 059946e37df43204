"""A small corpus of real reviews, and a BERT that trains on it in seconds."""

import pytest

from prevlib.datasets import load_reviews
from prevlib.pretraining import PretrainConfig
from prevlib.tokenization import train_wordpiece


@pytest.fixture(scope="session")
def reviews():
    return load_reviews()["train"]["text"][:600]


@pytest.fixture(scope="session")
def tokenizer(reviews):
    return train_wordpiece(reviews, 500)


@pytest.fixture(scope="session")
def tiny():
    """Settings of a model with 500 words, 2 layers and 16 units, float32."""
    return PretrainConfig(
        vocab_size=500,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        sequence_length=16,
        per_device_train_batch_size=8,
        max_steps=12,
        eval_steps=6,
        save_steps=4,
        learning_rate=5e-3,
        bf16=False,
    )
