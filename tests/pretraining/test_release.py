"""A finished run, made ready to ship: half the size, the same answers, and where it came from."""

import dataclasses
import json

import pytest
import torch
from transformers import BertForMaskedLM

from prevlib.checkpoints import load_tokenizer
from prevlib.pretraining import evaluate_mlm, pretrain
from prevlib.pretraining.release import EVERY, release


@pytest.fixture(scope="module")
def parts(tmp_path_factory, tiny, reviews):
    first, second = (tmp_path_factory.mktemp("run") / name for name in ("short", "long"))
    config = dataclasses.replace(
        tiny,
        output_dir=str(first),
        sequence_length=8,
        per_device_train_batch_size=4,
        max_steps=EVERY,
        eval_steps=25,
        save_steps=None,
    )
    pretrain(config, reviews, show_progress=False)
    longer = {"checkpoint": str(first), "output_dir": str(second), "sequence_length": 16}
    pretrain(dataclasses.replace(config, max_steps=2 * EVERY, **longer), reviews, show_progress=False)
    return first, second


def test_the_weights_are_the_last_part_s_in_float16(parts, tmp_path):
    release(parts, tmp_path / "small")
    small, whole = (BertForMaskedLM.from_pretrained(f) for f in (tmp_path / "small", parts[1]))
    assert small.dtype == torch.float32
    for ours, theirs in zip(small.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs.half().float())
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (tmp_path / "small", parts[1])]
    assert sizes[0] < 0.7 * sizes[1]


def test_it_guesses_as_before(parts, tmp_path, reviews):
    release(parts, tmp_path)
    before, after = (evaluate_mlm(f, reviews[:100], sequence_length=16) for f in (parts[1], tmp_path))
    assert after.loss == pytest.approx(before.loss, abs=5e-4)
    assert after.n_masked == before.n_masked
    assert load_tokenizer(tmp_path).get_vocab() == load_tokenizer(parts[1]).get_vocab()


def test_the_history_counts_tokens_over_the_parts(parts, tmp_path):
    release(parts, tmp_path)
    short, long = json.loads((tmp_path / "history.json").read_text())
    assert [e["tokens"] for e in short["evaluations"]] == [25 * 32, 50 * 32]
    assert [e["tokens"] for e in long["evaluations"]] == [50 * 32 + n * 64 for n in (25, 50, 75, 100)]
    assert [s["step"] for s in long["steps"]] == [EVERY, 2 * EVERY]
    assert long["settings"]["sequence_length"] == 16 and long["minutes"] > 0
    assert set(short["references"]) == {"uniform", "unigram", "kept", "random", "copy_unigram"}


def test_it_is_fine_tuned_with_dropout(parts, tmp_path):
    release(parts, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert (config["hidden_dropout_prob"], config["attention_probs_dropout_prob"]) == (0.1, 0.1)
