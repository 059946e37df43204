"""minilm as transformers loads it, and tiny models in which every token and position matters."""

import json

import pytest
from small_models import save_small_bert
from transformers import AutoModel, AutoTokenizer, BertForMaskedLM

from prevlib.checkpoints import checkpoint_path


@pytest.fixture(scope="module")
def reference():
    path = checkpoint_path("minilm")
    return AutoTokenizer.from_pretrained(path), AutoModel.from_pretrained(path).eval()


@pytest.fixture(scope="module")
def save_tiny():
    """A function that saves a model of 16 positions, its tokenizer with other settings."""

    def save(folder, model_class, **tokenizer_settings):
        save_small_bert(folder, model_class, max_position_embeddings=16, initializer_range=0.2)
        file = folder / "tokenizer_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | tokenizer_settings))
        return folder

    return save


@pytest.fixture(scope="module")
def no_pooler(save_tiny, tmp_path_factory):
    """A masked-language model without a pooler; its tokenizer allows 14 tokens."""
    return save_tiny(tmp_path_factory.mktemp("no_pooler"), BertForMaskedLM, model_max_length=14)
