"""The benchmarks: tiny runs of each, what they write, and answers that differ are noticed before timing."""

import importlib
import json
import runpy
import sys

import numpy as np
import pytest
import torch

import benchmarks
from benchmarks import Row, compare, report

# Every benchmark with a peer, in a size that takes a moment; with "slow", because it trains or loads a lot.
TINY = {
    "bootstrap": "--rounds 2 --n_samples 300 --n_resamples 100 --peer_resamples 100",
    "encoder": "--rounds 1 --batch_size 2 --checkpoints mini",
    "features": "--rounds 1 --every 100",
    "finetuning": "--rounds 1 --n_texts 32 --n_test 40",
    "imports": "--rounds 1 --light",
    "losses": "--rounds 2 --n_tokens 64 --vocab_size 300 --hidden_size 16 --chunk_size 16",
    "metrics": "--rounds 2 --largest 1000",
    "mlm_step": "--rounds 1 --architectures mini --batch_size 2 --sequence_length 16",
    "pseudo_likelihood": "--rounds 1 --n_texts 1",
    "spans": "--rounds 1 --n_sentences 50",
}
SLOW = {"features", "finetuning", "mlm_step"}
NEEDS = {"metrics": "torchmetrics", "pseudo_likelihood": "minicons"}  # of the extra `bench`


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmarks, "RESULTS", tmp_path)
    return tmp_path


def load(name):
    if name in NEEDS:
        pytest.importorskip(
            NEEDS[name], reason=f"{NEEDS[name]} comes with the extra `bench`, by `make bench`"
        )
    return importlib.import_module(f"benchmarks.{name}")


@pytest.mark.filterwarnings("ignore")  # of the peers
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in TINY]
)
def test_a_tiny_run_compares_the_answers_and_writes_the_ratios(name, results, monkeypatch, capsys):
    module = load(name)
    monkeypatch.setattr(sys, "argv", [name, *TINY[name].split()])
    module.main()
    printed = capsys.readouterr().out
    rows = [Row(**row) for row in json.loads((results / f"{name}.json").read_text())["rows"]]
    assert rows and all(min(row.ratios) > 0 for row in rows)
    assert all(row.work in printed for row in rows)


# A wrong answer beside the right one, for the check of each benchmark.
WRONG = {
    "bootstrap": [(0.70, 0.72), (0.71, 0.73)],
    "encoder": [torch.tensor([1.0, 20.0]), torch.tensor([1.001, 20.0])],
    "finetuning": [0.80, 0.75, 853],
    "imports": ["[1.0, 2.0]", "[1.0, 2.001]"],
    "losses": [[torch.tensor([1.0, 2.0])], [torch.tensor([1.0, 2.001])]],
    "metrics": [0.8123, torch.tensor(0.8124)],
    "mlm_step": [torch.tensor(9.01), torch.tensor(9.02)],
    "pseudo_likelihood": [np.array([-80.0, -95.0]), np.array([-80.0, -95.01])],
    "spans": [0.512345, 0.512346],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_answer_is_noticed(name):
    module = load(name)
    check = getattr(module, "assert_same_accuracy" if name == "finetuning" else "assert_same")
    right, wrong, *rest = WRONG[name]
    check(right, right, *rest)
    with pytest.raises(AssertionError):
        check(right, wrong, *rest)


def test_nothing_is_timed_if_the_answers_differ():
    def assert_same(ours, theirs):
        assert ours == theirs

    with pytest.raises(AssertionError):
        compare("work", "peer", lambda: 1, lambda: 2, same=assert_same, rounds=1)


def test_a_ratio_is_the_time_of_the_peer_divided_by_ours():
    row = Row("work", "peer", [1.0, 2.0, 1.0], [4.0, 4.0, 3.0], 2.5)
    assert row.ratios == [4.0, 2.0, 3.0]
    assert str(row) == "work: 3.00 (2.00 to 4.00) times as fast as peer, meant to be 2.5"


def test_the_report_says_which_bar_is_reached(results, tmp_path):
    rows = [
        Row("a", "peer", [1.0], [3.0], 2.0),
        Row("b", "peer", [1.0], [1.0], 2.0),
        Row("c", "x", [1.0], [2.0]),
    ]
    curve = {"work": "a", "unit": "MiB", "sizes": [1, 10], "series": {"ours": [1.0, 2.0]}}
    benchmarks.save("made_up", rows, [curve])
    report.write_report(results, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| a | peer | 1,000 | 3.00 (3.00 to 3.00) | 2 | yes |" in text
    assert "| b | peer | 1,000 | 1.00 (1.00 to 1.00) | 2 | **no** |" in text
    assert (tmp_path / "ratios.png").exists() and (tmp_path / "growth.png").exists()


def test_without_results_the_report_says_what_to_run(tmp_path):
    with pytest.raises(SystemExit, match="Run `make bench` first"):
        report.write_report(tmp_path, tmp_path)


def test_the_one_command_lists_every_benchmark(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_module("benchmarks", run_name="__main__")
    assert exit_.value.code == 0
    assert set(TINY) | {"report"} <= set(capsys.readouterr().out.split())
