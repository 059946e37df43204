"""One run over texts: the wanted head, on texts in any batch, without gradients."""

import pytest
import torch
from small_models import small_bert
from transformers import BertForMaskedLM, BertForSequenceClassification

from prevlib.checkpoints import Loaded, load_classifier, load_masked_lm, load_tokenizer
from prevlib.inference import ready_to_run, run, run_on_texts

SHORT = {"vocab_size": 30522, "max_position_embeddings": 8}


@pytest.fixture
def tokenizer():
    return load_tokenizer("minilm")


def test_a_model_with_the_head_is_used_itself_and_another_one_is_copied(tokenizer):
    classifier = Loaded(small_bert(BertForSequenceClassification, **SHORT).train(), tokenizer)
    model, its_tokenizer = ready_to_run(classifier, load_classifier)
    assert (model is classifier.model, its_tokenizer is tokenizer, model.training) == (True, True, False)
    with pytest.raises(ValueError, match="must hold the weights of BertForMaskedLM; got a file without"):
        ready_to_run(classifier, load_masked_lm)


def test_a_masked_language_model_needs_a_mask_token(tokenizer):
    tokenizer.mask_token = None
    loaded = Loaded(small_bert(BertForMaskedLM, **SHORT), tokenizer)
    with pytest.raises(
        ValueError, match="`checkpoint` must have a mask token; got 'Loaded.BertForM.*' without"
    ):
        ready_to_run(loaded, load_masked_lm)


def test_every_text_is_run_once_in_any_batch_and_what_is_too_long_is_cut(tokenizer):
    model, texts = small_bert(**SHORT), ["a joy", "a", "a b c d e f g h i", "one two three"]
    with pytest.warns(UserWarning, match="1 of 4 texts had more than 8 tokens"):
        batches = list(run_on_texts(model, tokenizer, texts, batch_size=3, output_hidden_states=True))
    assert [rows for rows, _, _ in batches] == [[1, 0, 3], [2]]
    assert [len(outputs.hidden_states) for _, _, outputs in batches] == [3, 3]
    for rows, batch, outputs in batches:
        assert batch["input_ids"].shape == outputs.last_hidden_state.shape[:2]
        for row, states in zip(rows, outputs.last_hidden_state, strict=True):
            alone = run(model, tokenizer([texts[row]], truncation=True, max_length=8, return_tensors="pt"))
            n_tokens = alone.last_hidden_state.shape[1]
            torch.testing.assert_close(states[:n_tokens], alone.last_hidden_state[0])
    assert not outputs.last_hidden_state.requires_grad
