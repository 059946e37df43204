"""Runs: the loss of transformers at a fraction of the work, fixed questions, resumable, on any processes."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from transformers import BertForMaskedLM, DistilBertConfig, DistilBertForMaskedLM

from prevlib.checkpoints import load_masked_lm, load_tokenizer
from prevlib.losses import IGNORE_INDEX
from prevlib.masking import MaskingCollator
from prevlib.pretraining import PretrainConfig, evaluate_mlm, masked_lm_loss, pack_rows, pretrain
from prevlib.pretraining import __main__ as command_line
from prevlib.pretraining.run import build_model
from prevlib.pretraining.scoring import Evaluation

QUIET = {"show_progress": False}


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.fixture(scope="module")
def distilbert(tokenizer):
    """Another architecture with a masked-language-model head."""
    torch.manual_seed(0)
    config = DistilBertConfig(vocab_size=500, dim=16, hidden_dim=32, n_layers=1, n_heads=2)
    return DistilBertForMaskedLM(config).eval()


# The loss


def test_the_loss_and_its_gradients_are_those_of_transformers(tiny, tokenizer, distilbert, reviews):
    batch = MaskingCollator(tokenizer, 0.3)([tokenizer(text[:60]) for text in reviews[:9]])
    assert not batch["attention_mask"].all()
    for model in (build_model(tiny, tokenizer), distilbert):
        total, count = masked_lm_loss(model, batch)
        assert count == (batch["labels"] != IGNORE_INDEX).sum()
        theirs = model(**batch).loss
        torch.testing.assert_close(total / count, theirs)
        expected = torch.autograd.grad(theirs, model.parameters())
        found = torch.autograd.grad(total / count, model.parameters())
        for ours, other in zip(found, expected, strict=True):
            torch.testing.assert_close(ours, other, atol=1e-6, rtol=1e-4)


def test_the_head_runs_on_the_masked_tokens_only(tiny, tokenizer, reviews):
    model = build_model(tiny, tokenizer)
    batch = MaskingCollator(tokenizer, 0.3)([tokenizer(text[:60]) for text in reviews[:9]])
    rows = []
    model.cls.predictions.transform.register_forward_hook(lambda _, inputs, __: rows.append(inputs[0].shape))
    masked_lm_loss(model, batch)
    assert rows == [((batch["labels"] != IGNORE_INDEX).sum(), 16)]


# Evaluation


def test_a_saved_model_is_evaluated_by_its_folder(tiny, reviews, tmp_path):
    pretrained = pretrain(tiny, reviews, **QUIET)
    pretrained.save(tmp_path)
    found = evaluate_mlm(tmp_path, reviews[:50], sequence_length=16)
    assert found == pytest.approx(evaluate_mlm(pretrained, reviews[:50], sequence_length=16))
    history = json.loads((tmp_path / "history.json").read_text())
    assert len(history["steps"]) == 12 and set(history["references"]) == {
        "uniform",
        "unigram",
        "kept",
        "random",
        "copy_unigram",
    }


def test_plain_transformers_loads_it(tiny, reviews, tmp_path):
    pretrained = pretrain(tiny, reviews, **QUIET)
    pretrained.save(tmp_path)
    assert torch.equal(weights(BertForMaskedLM.from_pretrained(tmp_path)), weights(pretrained.model))


@pytest.mark.parametrize("length", [2, 33])
def test_rows_that_the_model_cannot_take_are_refused(tiny, reviews, length):
    with pytest.raises(
        ValueError, match=f"`sequence_length` must be (from 3 to 32, .*|at least 3); got {length}"
    ):
        pretrain(dataclasses.replace(tiny, sequence_length=length), reviews, **QUIET)


# Runs


@pytest.mark.filterwarnings("ignore:The model guesses the same token")  # after 60 steps it still does
def test_it_learns_and_tells_its_history(tiny, reviews):
    config = dataclasses.replace(tiny, max_steps=60, eval_steps=20, learning_rate=1e-2)
    pretrained = pretrain(config, reviews, **QUIET)
    losses = pretrained.history.to_frame()["loss"]
    assert losses[-10:].mean() < pretrained.references["uniform"] - 0.3
    assert [e["step"] for e in pretrained.history.evaluations] == [20, 40, 60]
    assert pretrained.history.evaluations[-1]["loss"] < pretrained.history.evaluations[-1]["loss_random"]
    assert set(pretrained.history.evaluations[0]) >= {"loss", "accuracy", "n_masked", "top_share"}
    assert not pretrained.model.training


def test_the_same_settings_give_the_same_weights_and_another_seed_others(tiny, reviews):
    def run(seed):
        return weights(pretrain(dataclasses.replace(tiny, seed=seed), reviews, **QUIET).model)

    first = run(0)
    assert torch.equal(first, run(0))
    assert not torch.equal(first, run(1))


def test_what_each_layer_adds_starts_small(tiny, tokenizer):
    model = build_model(dataclasses.replace(tiny, hidden_size=64, initializer_range=0.1), tokenizer)
    for layer in model.bert.encoder.layer:
        assert layer.attention.self.query.weight.std().item() == pytest.approx(0.1, rel=0.05)
        assert layer.output.dense.weight.std().item() == pytest.approx(0.1 / 4**0.5, rel=0.05)
        assert layer.attention.output.dense.weight.std().item() == pytest.approx(0.1 / 4**0.5, rel=0.05)


def test_a_run_goes_on_where_it_was_cut(tiny, reviews, tmp_path, monkeypatch):
    whole = pretrain(dataclasses.replace(tiny, output_dir=str(tmp_path / "whole")), reviews, **QUIET)
    config = dataclasses.replace(tiny, output_dir=str(tmp_path / "cut"))
    calls = []

    def cut(model, batch):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return masked_lm_loss(model, batch)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("prevlib.pretraining.run.masked_lm_loss", cut)
        pretrain(config, reviews, **QUIET)
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    resumed = pretrain(config, reviews, **QUIET)
    assert torch.equal(weights(resumed.model), weights(whole.model))
    loaded = load_masked_lm(tmp_path / "cut")
    assert torch.equal(weights(loaded), weights(whole.model))
    assert len(load_tokenizer(tmp_path / "cut")) == 500


def test_a_model_is_trained_on(tiny, reviews, tmp_path):
    """Another corpus with the tokenizer of the model, as when a model is adapted to a domain."""
    first = pretrain(dataclasses.replace(tiny, output_dir=str(tmp_path)), reviews, **QUIET)
    config = dataclasses.replace(tiny, checkpoint=str(tmp_path), max_steps=1, learning_rate=1e-9)
    second = pretrain(config, reviews[300:], **QUIET)
    assert second.tokenizer.get_vocab() == first.tokenizer.get_vocab()
    torch.testing.assert_close(weights(second.model), weights(first.model), atol=1e-6, rtol=0)


def test_rows_of_other_settings_are_not_taken(tiny, reviews, tmp_path):
    config = dataclasses.replace(tiny, output_dir=str(tmp_path))
    pretrain(config, reviews, **QUIET)
    with pytest.raises(ValueError, match="data must go on with what .*sequence_length 16 there, 24 here"):
        pretrain(dataclasses.replace(config, sequence_length=24), reviews, **QUIET)


# The command line


@pytest.fixture
def corpus(tmp_path, reviews):
    file = tmp_path / "corpus.txt"
    file.write_text("\n".join(reviews), encoding="utf-8")
    return file


def settings_of(config, **more):
    defaults = PretrainConfig()
    names = [field.name for field in dataclasses.fields(config)]
    changed = {
        name: getattr(config, name) for name in names if getattr(config, name) != getattr(defaults, name)
    }
    return changed | more


def curve(folder):
    return [step["loss"] for step in json.loads((folder / "history.json").read_text())["steps"]]


def launch(n_processes, file):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    run = [*torchrun, f"--nproc_per_node={n_processes}", "-m", "prevlib.pretraining", file]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(run, check=True, capture_output=True, env=environment, timeout=300)


@pytest.mark.skipif(os.name == "nt", reason="processes are started as POSIX does, by torchrun")
def test_one_and_two_processes_have_the_same_loss_curve(tiny, tmp_path, corpus):
    config = dataclasses.replace(tiny, max_steps=50, per_device_train_batch_size=8, corpus=str(corpus))
    for n_processes in (1, 2):
        folder = tmp_path / str(n_processes)
        more = {"output_dir": str(folder), "per_device_train_batch_size": 8 // n_processes}
        file = tmp_path / f"{n_processes}.yaml"
        file.write_text(yaml.safe_dump(settings_of(config, **more)), encoding="utf-8")
        launch(n_processes, file)
    state = next((tmp_path / "2" / "checkpoints").glob("*/state.json"))
    assert json.loads(state.read_text())["made_from"]["rows_a_step"] == 8  # of two processes, not of one
    one, two = curve(tmp_path / "1"), curve(tmp_path / "2")
    assert len(one) == 50 and one[-1] < one[0] - 0.2
    np.testing.assert_allclose(one, two, atol=1e-4, rtol=0)


@pytest.mark.skipif(torch.accelerator.is_available(), reason="with GPUs it starts as many as were asked for")
def test_one_process_where_several_were_asked_for_is_refused(tiny, tmp_path, corpus, monkeypatch):
    monkeypatch.setenv("MASTER_PORT", "29500")  # as accelerate launch --num_processes 2 does, without RANK
    monkeypatch.delenv("RANK", raising=False)
    flags = [f"--output_dir={tmp_path / 'new'}", f"--corpus={corpus}"]
    with pytest.raises(SystemExit, match="Several processes on CPUs must be started by torchrun; got one"):
        command_line.main(flags)
    assert not (tmp_path / "new").exists()


def test_flags_and_yaml_are_the_same_run(tiny, tmp_path, corpus):
    settings = settings_of(tiny, corpus=str(corpus), max_steps=3)
    flags = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "prevlib.pretraining"]
    subprocess.run([*command, *flags, f"--output_dir={tmp_path / 'flags'}"], check=True, capture_output=True)
    file = tmp_path / "settings.yaml"
    file.write_text(yaml.safe_dump(settings | {"output_dir": str(tmp_path / "yaml")}), encoding="utf-8")
    subprocess.run([*command, str(file)], check=True, capture_output=True)
    assert curve(tmp_path / "flags") == curve(tmp_path / "yaml")


def test_the_help_names_every_setting_and_a_folder_is_asked_for():
    command = [sys.executable, "-m", "prevlib.pretraining"]
    told = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    for field in dataclasses.fields(PretrainConfig):
        assert f"--{field.name}" in told
        assert field.metadata["help"][:20] in " ".join(told.split())
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "`output_dir` must name a folder for the model" in refused.stderr


MEMORY = """
import os, sys, threading
import psutil
from prevlib.pretraining import PretrainConfig, pretrain
process, peak, done = psutil.Process(), 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.01):
        used = process.memory_full_info()
        peak = max(peak, used.rss - used.shared)
config = PretrainConfig(
    corpus=sys.argv[1], output_dir=sys.argv[2], vocab_size=2000, hidden_size=32, num_hidden_layers=1,
    num_attention_heads=2, intermediate_size=64, sequence_length=64, max_steps=100, eval_steps=50,
)
watcher = threading.Thread(target=watch)
watcher.start()
pretrain(config, show_progress=False)
done.set()
watcher.join()
print(peak / 2**20)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path):
    """Ten times the text, the same private memory; pages of the mapped file are the system's to drop."""
    from prevlib.datasets import load_imdb

    texts = [" ".join(text.split()) for text in load_imdb()["train"]["text"]]
    peaks = []
    for times in (1, 10):
        file = tmp_path / f"{times}.txt"
        with file.open("w", encoding="utf-8") as stream:
            for _ in range(times):
                stream.writelines(text + "\n" for text in texts[:4000])
        run = [sys.executable, "-c", MEMORY, file, tmp_path / str(times)]
        peaks.append(float(subprocess.run(run, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] <= 1.05 * peaks[0], f"{peaks[0]:.0f} MiB, with ten times the text {peaks[1]:.0f} MiB"


# Bad input


@pytest.mark.parametrize(
    "options, kind, text",
    [
        ({"mlm_probability": 0}, ValueError, "`mlm_probability` must be above 0 and at most 1; got 0"),
        ({"mlm_probability": 15}, ValueError, "`mlm_probability` must be above 0 and at most 1; got 15"),
        ({"mlm_probability": "0.15"}, TypeError, "`mlm_probability` must be a number, above .*; got '0.15'"),
        ({"hidden_dropout_prob": -0.1}, ValueError, "`hidden_dropout_prob` must be from 0 to 1; got -0.1"),
        ({"initializer_range": 0.0}, ValueError, "`initializer_range` must be above 0; got 0"),
        ({"vocab_size": 8192.0}, TypeError, "`vocab_size` must be a whole number, at least 1; got 8192.0"),
        ({"num_hidden_layers": 0}, ValueError, "`num_hidden_layers` must be at least 1; got 0"),
        ({"sequence_length": 2}, ValueError, "`sequence_length` must be at least 3; got 2"),
        ({"whole_words": "no"}, TypeError, "`whole_words` must be True or False; got 'no'"),
        ({"corpus": None}, TypeError, "`corpus` must be a string; got None"),
        ({"tokenizer": 3}, TypeError, "`tokenizer` must be a string; got 3"),
    ],
)
def test_impossible_settings_are_refused(options, kind, text):
    with pytest.raises(kind, match=text):
        PretrainConfig(**options)


def test_paths_and_numbers_of_numpy_become_plain_settings(tmp_path):
    config = PretrainConfig(output_dir=tmp_path, corpus=tmp_path / "a.txt", vocab_size=np.int32(500))
    assert (config.output_dir, config.corpus) == (str(tmp_path), str(tmp_path / "a.txt"))
    assert type(config.vocab_size) is int


def test_steps_in_which_nothing_is_masked_are_passed_over(tiny, reviews, tmp_path):
    rare = dataclasses.replace(tiny, mlm_probability=0.02, per_device_train_batch_size=1, eval_steps=None)
    whole = pretrain(rare, reviews, **QUIET)
    losses = np.array([step["loss"] for step in whole.history.steps])
    assert 0 < np.isnan(losses).sum() < len(losses)
    again = pretrain(dataclasses.replace(rare, output_dir=str(tmp_path)), reviews, **QUIET)
    (newest,) = sorted((tmp_path / "checkpoints").glob("checkpoint-*"))[-1:]
    shutil.rmtree(newest)  # as if the run had been cut before its last steps
    resumed = pretrain(dataclasses.replace(rare, output_dir=str(tmp_path)), reviews, **QUIET)
    assert torch.equal(weights(again.model), weights(whole.model))
    assert torch.equal(weights(resumed.model), weights(whole.model))


def test_a_batch_without_a_masked_token_has_no_loss(tiny, tokenizer, reviews):
    model = build_model(tiny, tokenizer)
    batch = MaskingCollator(tokenizer, 0.0)([tokenizer(text[:60]) for text in reviews[:9]])
    total, count = masked_lm_loss(model, batch)
    total.backward()
    assert (total.item(), count) == (0.0, 0)


@pytest.mark.parametrize(
    "yaml, text",
    [
        ("mlm_probability: 1e-1", "error: `mlm_probability` must be a number, .*; got '1e-1'.*YAML reads"),
        ("max_steps: 2.5", "error: `max_steps` must be a whole number, at least 1; got 2.5"),
        ("steps: 3", "error: Some keys are not used .*steps"),
        ("- a\n- b", "error: "),
        ("a: [", "error: "),
        ("corpus: nowhere.txt\noutput_dir: out", 'error: `corpus` must be "imdb" or a text file'),
        ("corpus: settings.yaml\noutput_dir: settings.yaml", "error: .*(File exists|Not a directory)"),
    ],
)
def test_the_command_line_says_in_one_sentence_what_is_wrong(tmp_path, monkeypatch, yaml, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.yaml").write_text(yaml)
    with pytest.raises(SystemExit, match=text):
        command_line.main(["settings.yaml"])
    with pytest.raises(SystemExit, match="error: .*nowhere.yaml"):
        command_line.main(["nowhere.yaml"])


def test_held_out_rows_without_a_masked_token_are_refused_before_the_run(tiny, tokenizer, reviews, tmp_path):
    rows = pack_rows(reviews[:9], tokenizer, 16, tmp_path / "rows.arrow")
    with pytest.raises(ValueError, match=f"must have a masked token; got none in {len(rows)} rows"):
        Evaluation(rows, MaskingCollator(tokenizer, 0.0))
