"""Tests of costs: counts by hand, ratios that repeat, memory of its own process."""

from functools import partial

import numpy as np
import pytest

from prevlib import cost
from prevlib.checkpoints import CHECKPOINTS, checkpoint_path, load_tokenizer
from prevlib.cost import cost_profile, latency_ratios

TEXTS = ["a joy", "it was long and loud , and nobody laughed", "a fine film"]


@pytest.fixture(scope="module")
def minilm():
    return cost_profile("minilm", TEXTS, watts=20, finetune=False, repeats=1)


@pytest.fixture(scope="module")
def mini(module_monkeypatch):
    module_monkeypatch.setattr(cost, "FINETUNING_TEXTS", 32)
    return cost_profile("mini", TEXTS, repeats=1)


@pytest.fixture(scope="module")
def module_monkeypatch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


# Counts by hand


def hand_count(vocab_size, hidden, layers, feed_forward, pooler, positions=512, segments=2):
    """Parameters of a BERT encoder: (in the embedding tables, in all)."""
    norm = 2 * hidden  # scale and shift
    tables = (vocab_size + positions + segments) * hidden
    attention = 4 * (hidden * hidden + hidden) + norm  # query, key, value, output
    two_linear = hidden * feed_forward + feed_forward + feed_forward * hidden + hidden + norm
    return tables, tables + norm + layers * (attention + two_linear) + pooler * (hidden * hidden + hidden)


def hand_flops(n, hidden, layers, feed_forward, pooler):
    """Twice the multiplications of the matrix products for a text of n tokens."""
    linear = n * (4 * hidden * hidden + 2 * hidden * feed_forward)
    attention = 2 * n * n * hidden  # queries by keys, weights by values; over all heads
    return 2 * (layers * (linear + attention) + pooler * hidden * hidden)  # the pooler reads one token


def mean_flops(checkpoint, **sizes):
    tokens = load_tokenizer(checkpoint)(TEXTS)["input_ids"]
    return np.mean([hand_flops(len(ids), **sizes) for ids in tokens])


def test_minilm_is_what_a_hand_count_says(minilm):
    sizes = {"hidden": 384, "layers": 6, "feed_forward": 1536, "pooler": 1}
    tables, parameters = hand_count(30522, **sizes)
    assert (
        (minilm.embedding_parameters, minilm.parameters) == (tables, parameters) == (11_917_824, 22_713_216)
    )
    assert minilm.flops_per_text == mean_flops("minilm", **sizes)


def test_mini_is_what_a_hand_count_says(mini):
    sizes = {"hidden": 256, "layers": 4, "feed_forward": 1024, "pooler": 0}
    assert (mini.embedding_parameters, mini.parameters) == hand_count(8192, **sizes)
    assert mini.flops_per_text == mean_flops("mini", **sizes)


def test_attention_is_counted_and_grows_with_the_square_of_the_length():
    sizes = {"hidden": 384, "layers": 6, "feed_forward": 1536, "pooler": 1}
    counted = []
    model, tokenize = cost._load("minilm")
    for words in (6, 126):
        text = " ".join(["film"] * words)
        counted.append(cost._flops(model, partial(cost._read, model, tokenize), [text]))
        assert counted[-1] == hand_flops(words + 2, **sizes)
    assert counted[1] > 16 * counted[0]  # 128 tokens instead of 8


def test_the_file_is_what_lies_on_disk(mini):
    assert mini.file_mib == (checkpoint_path("mini") / "model.safetensors").stat().st_size / 2**20


# Measurements: only what holds on any machine


def test_times_fit_together(mini, minilm):
    for profile in (mini, minilm):
        assert 0 < profile.latency_p50_ms <= profile.latency_p95_ms
        assert profile.best_batch_size in cost.BATCH_SIZES
    assert minilm.joules_per_1000_texts == pytest.approx(20 * 1000 / minilm.texts_per_second)
    assert mini.joules_per_1000_texts == pytest.approx(15 * 1000 / mini.texts_per_second)
    assert mini.finetuning_seconds_per_1000_labels > 0
    assert minilm.finetuning_seconds_per_1000_labels is None


def test_percentiles_and_the_best_batch_are_those_of_the_clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(cost.time, "perf_counter", lambda: now[0])

    def read(texts):
        now[0] += 0.004 + 0.001 * max(map(len, texts))

    times = cost.time_reading(read, ["a"] * 30 + ["b" * 6] * 2, repeats=3)
    assert times["latency_p50_ms"] == pytest.approx(5)
    assert times["latency_p95_ms"] == pytest.approx(10)  # 2 of 32 are long
    # One by one 30 x 5 + 2 x 10 ms; by eights 3 x 5 + 10; all at once 10.
    assert times["best_batch_size"] == 32
    assert times["texts_per_second"] == pytest.approx(32 / 0.010)


def test_calls_take_turns_after_a_warm_up():
    order = []
    calls = {"a": lambda text: order.append("a" + text), "b": lambda text: order.append("b" + text)}
    seconds = cost.seconds_of_calls(calls, ["1", "2"], repeats=2)
    assert order == ["a1", "b1"] + 2 * ["a1", "b1", "a2", "b2"]
    assert {name: array.shape for name, array in seconds.items()} == {"a": (2, 2), "b": (2, 2)}


def test_a_new_process_does_not_inherit_the_memory_of_this_one():
    ballast = np.ones(50_000_000)  # 400 MB
    assert cost.peak_memory_mib("", b"") < 100
    held = cost.peak_memory_mib("import sys; data = bytearray(200 * 2**20)", b"")
    assert 200 < held < 300
    del ballast


def test_a_model_takes_more_memory_than_its_file(minilm):
    assert minilm.peak_memory_mib > minilm.file_mib


@pytest.mark.slow  # timing; about a minute on a quiet machine
def test_ratios_repeat():
    texts = TEXTS * 5
    ratios = [latency_ratios(["mini", "minilm"], texts, repeats=20)["minilm"] for _ in range(2)]
    assert ratios[0] > 1
    assert max(ratios) / min(ratios) < 1.15


def test_the_first_model_is_the_measure():
    ratios = latency_ratios(["mini"], TEXTS[:1], repeats=1)
    assert ratios == {"mini": 1.0}


def test_a_folder_is_a_name_and_long_texts_are_cut(tmp_path):
    for file in checkpoint_path("mini").iterdir():
        (tmp_path / file.name).symlink_to(file)
    assert cost._read(*cost._load(tmp_path), ["film " * 1000]).last_hidden_state.shape == (1, 512, 256)


# Errors


def test_it_refuses_what_it_cannot_measure():
    with pytest.raises(ValueError, match="`watts` must be above 0; got 0. A small laptop takes about 15"):
        cost_profile("mini", TEXTS, watts=0)
    with pytest.raises(ValueError, match="`texts` must hold at least one text; got none"):
        cost_profile("mini", [])
    with pytest.raises(TypeError, match="got the single string 'a joy'. Put it in a list"):
        latency_ratios(["mini"], "a joy")
    with pytest.raises(ValueError, match="`checkpoints` must be a list of at least one name; got 'mini'"):
        latency_ratios("mini", TEXTS)
    with pytest.raises(ValueError, match="`repeats` must be at least 1; got 0"):
        cost_profile("mini", TEXTS, repeats=0)
    with pytest.raises(FileNotFoundError, match=", ".join(map(repr, CHECKPOINTS))):
        cost_profile("./no-such-folder", TEXTS)


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="got exit code 1 and 'MemoryError: too large'. Is there enough"):
        cost.peak_memory_mib("raise MemoryError('too large')", b"")
