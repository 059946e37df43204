"""The checkpoint that this project pre-trained and ships."""

import json

import pytest
import torch
from transformers import AutoTokenizer, BertForMaskedLM

from prevlib.checkpoints import CHECKPOINTS, checkpoint_path, load_encoder, load_masked_lm
from prevlib.datasets import load_imdb
from prevlib.pretraining import evaluate_mlm

MIB = 2**20


@pytest.fixture(scope="module")
def folder():
    return checkpoint_path("mini")


def test_it_loads_in_plain_transformers(folder):
    model, tokenizer = BertForMaskedLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    batch = tokenizer("this is one of the worst [MASK] i have ever seen.", return_tensors="pt")
    gap = batch["input_ids"] == tokenizer.mask_token_id
    with torch.inference_mode():
        logits = model.eval()(**batch).logits[gap]
        torch.testing.assert_close(load_masked_lm("mini")(**batch).logits[gap], logits)
    assert tokenizer.decode(logits.argmax(-1)) in ("movies", "films")


def test_it_is_the_bert_that_its_entry_says(folder):
    config = load_masked_lm("mini").config
    assert sum(p.numel() for p in load_masked_lm("mini").parameters()) == 5_462_784
    assert (config.num_hidden_layers, config.hidden_size, config.vocab_size) == (4, 256, 8192)
    assert load_encoder("mini").pooler is None
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 12 * MIB


def test_its_losses_on_reviews_it_has_not_read_are_those_on_its_card(folder):
    score = evaluate_mlm("mini", load_imdb()["test"]["text"][:400], sequence_length=128)
    card = (folder / "README.md").read_text(encoding="utf-8")
    losses = {"[MASK]": (3.47, 0.369), "random": (3.84, 0.322), "kept": (0.24, 0.965)}
    measured = (score.loss, score.accuracy, score.loss_random, score.accuracy_random)
    measured += (score.loss_kept, score.accuracy_kept)
    assert score.n_masked > 10_000
    for (loss, accuracy), found in zip(losses.values(), zip(*[iter(measured)] * 2, strict=True), strict=True):
        assert f"{loss:.2f} nats" in card and f"{accuracy:.1%}".replace("%", " %") in card
        assert found == (pytest.approx(loss, abs=0.15), pytest.approx(accuracy, abs=0.03))


def test_its_history_is_that_of_its_card(folder):
    """The history was made before fates were told apart, so its losses go over all of them."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    assert all("loss_all" in moment for run in history for moment in run["evaluations"])
    assert not any("loss" in moment for run in history for moment in run["evaluations"])
    last = history[-1]["evaluations"][-1]
    for fact in (f"{last['tokens'] / 1e6:.1f} million tokens", CHECKPOINTS["mini"].sha256):
        assert fact in card, fact
    score = evaluate_mlm("mini", load_imdb()["test"]["text"][:100], sequence_length=128)
    counts = (score.n_masked, score.n_random, score.n_kept)
    losses = (score.loss, score.loss_random, score.loss_kept)
    over_all = sum(n * loss for n, loss in zip(counts, losses, strict=True)) / sum(counts)
    assert over_all == pytest.approx(last["loss_all"], abs=0.15)
