"""Scores by fate: counted by hand, from transformers on the same masks, and with models that only copy."""

import dataclasses
import math
import warnings

import pytest
import torch

from prevlib.masking import IGNORE_INDEX, MaskingCollator
from prevlib.pretraining import build_model, evaluate_mlm, pack_rows, pretrain
from prevlib.pretraining.scoring import Evaluation, score, score_batch

QUIET = {"show_progress": False}


class Constant(torch.nn.Module):
    """Logits that depend on the visible token alone."""

    def __init__(self, table: torch.Tensor):
        super().__init__()
        self.table, self.device = table, torch.device("cpu")
        self.config = type("Config", (), {"vocab_size": table.shape[1]})

    def forward(self, input_ids):
        return type("Output", (), {"logits": self.table[input_ids]})


def test_the_fates_by_hand():
    """Six tokens, [MASK] is 4: masked twice, replaced once, kept once; the losses are ln 2 and ln 4."""
    table = torch.full((6, 6), -math.inf)
    table[4] = torch.log(torch.tensor([0.5, 0.25, 0.25, 0, 0, 0]))
    for token in (0, 1, 2):
        table[token, token], table[token, (token + 1) % 3] = math.log(0.5), math.log(0.5)
    batch = {
        "input_ids": torch.tensor([[3, 4, 4, 2, 1, 3]]),
        "attention_mask": torch.ones(1, 6, dtype=torch.long),
        "labels": torch.tensor([[IGNORE_INDEX, 0, 1, 0, 1, IGNORE_INDEX]]),
    }
    losses, guessed, labels, fates = score_batch(Constant(table), batch, mask_token_id=4)
    assert fates.tolist() == [0, 0, 1, 2] and labels.tolist() == [0, 1, 0, 1]
    assert guessed.tolist()[:2] == [0, 0]
    assert torch.exp(-losses).tolist() == pytest.approx([0.5, 0.25, 0.5, 0.5])


def test_the_score_is_that_of_transformers_on_the_same_masks(tiny, reviews, tmp_path):
    pretrained = pretrain(tiny, reviews, **QUIET)
    found = evaluate_mlm(pretrained, reviews[:50], sequence_length=16, batch_size=7)
    rows = pack_rows(reviews[:50], pretrained.tokenizer, 16, tmp_path / "rows.arrow")
    batch = MaskingCollator(pretrained.tokenizer, 0.15)(rows.__getitems__(list(range(len(rows)))))
    with torch.no_grad():
        logits = pretrained.model(input_ids=batch["input_ids"]).logits
    chosen = batch["labels"] != IGNORE_INDEX
    hidden = batch["input_ids"] == pretrained.tokenizer.mask_token_id
    kept = chosen & (batch["input_ids"] == batch["labels"])
    random = chosen & ~hidden & ~kept
    theirs = torch.nn.functional.cross_entropy
    parts = {"": hidden, "_random": random, "_kept": kept}
    for fate, where in parts.items():
        labels, guesses = batch["labels"][where], logits[where].argmax(-1)
        assert getattr(found, f"loss{fate}") == pytest.approx(theirs(logits[where], labels).item(), rel=1e-5)
        assert getattr(found, f"accuracy{fate}") == pytest.approx((guesses == labels).float().mean().item())
        assert getattr(found, f"n{fate or '_masked'}") == where.sum()
    n_top = logits[hidden].argmax(-1).bincount().max().item()
    assert found.top_share == pytest.approx(n_top / hidden.sum().item())
    assert evaluate_mlm(pretrained, reviews[:50], sequence_length=16, batch_size=50) == pytest.approx(found)
    assert evaluate_mlm(pretrained, reviews[:50], sequence_length=16, seed=1) != found


def test_who_copies_gains_at_kept_tokens_only(tokenizer, reviews, tmp_path):
    rows = pack_rows(reviews[:100], tokenizer, 16, tmp_path / "rows.arrow")
    found = score(Constant(5 * torch.eye(500)), rows, MaskingCollator(tokenizer), 32)
    assert found.accuracy_kept == 1 and found.accuracy == found.accuracy_random == 0
    assert found.loss_kept < math.log(500) < found.loss_random


def test_a_fate_that_does_not_occur_is_not_a_number(tokenizer, reviews, tmp_path):
    rows = pack_rows(reviews[:20], tokenizer, 16, tmp_path / "rows.arrow")
    collate = MaskingCollator(tokenizer, mask_replace_prob=1.0, random_replace_prob=0.0)
    found = score(Constant(torch.eye(500)), rows, collate, 32)
    assert found.n_kept == found.n_random == 0 and math.isnan(found.loss_kept)
    assert math.isfinite(found.loss)


def test_texts_without_a_masked_token_are_refused(tiny, reviews):
    pretrained = pretrain(dataclasses.replace(tiny, max_steps=1), reviews, **QUIET)
    with pytest.raises(ValueError, match="must have a masked token; got none in .* rows"):
        evaluate_mlm(pretrained, reviews[:9], sequence_length=16, mlm_probability=0.0)


def test_the_alarm_rings_once_at_the_third_collapsed_evaluation(tiny, tokenizer, reviews, tmp_path):
    good = build_model(tiny, tokenizer)
    rows = pack_rows(reviews[:60], tokenizer, 16, tmp_path / "rows.arrow")
    evaluate, one_word = Evaluation(rows, MaskingCollator(tokenizer)), torch.zeros(500, 500)
    one_word[:, 7] = 1.0
    collapsed = Constant(one_word)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluate(collapsed)["top_share"] == 1.0
        assert evaluate(good)["top_share"] < 0.9
        evaluate(collapsed)
        evaluate(collapsed)
    with pytest.warns(UserWarning, match="same token at 100% of the masked positions, for the third"):
        evaluate(collapsed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(collapsed)
