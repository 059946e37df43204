"""The rows of the scorecard: measured once, stored, resumed, and still those that are shipped."""

import json

import numpy as np
import pandas as pd
import pytest

from prevlib.evaluation import COSTS, measure_model, read_scorecard, scorecard
from prevlib.evaluation.scorecard import SCORECARD
from prevlib.report.measure import MODELS, Budget, _score_task, measure

TINY = Budget(sentiment=16, entities=12, eras=16, test_rows=24)


@pytest.fixture
def quick_costs(monkeypatch):
    """Costs without timing: those have tests of their own."""
    calls = []

    def costs(checkpoint, budget):
        calls.append(checkpoint)
        return dict.fromkeys(COSTS, 1.0 + len(checkpoint))

    monkeypatch.setattr("prevlib.report.measure._costs", costs)
    return calls


def test_rows_are_measured_stored_and_read(tmp_path, quick_costs, monkeypatch):
    output = tmp_path / "rows.json"
    tasks = ("sentiment", "minimal_pairs")
    table = measure(output, ["tfidf", "mini frozen"], tasks, budget=TINY, show_progress=False)
    assert list(table.index) == ["tfidf", "mini frozen"]
    assert (table.sentiment_low < table.sentiment).all() and (table.sentiment < table.sentiment_high).all()
    assert table.minimal_pairs.isna().tolist() == [True, False]
    assert table.loc["tfidf", "max_length"] == np.inf and table.loc["mini frozen", "max_length"] == 512
    assert table.loc["mini frozen", ["licence", "languages", "heads"]].tolist() == [
        "BSD-3-Clause",
        ["English"],
        ["masked words"],
    ]
    assert table.loc["mini frozen", "parameters"] == 5  # from the costs, which all rows of a checkpoint share
    assert table.loc["mini frozen", "finetuning_seconds_per_1000_labels"] != 5  # its own: only a linear model
    assert scorecard(table).excluded == {}

    before = output.read_bytes()
    monkeypatch.setattr("prevlib.report.measure._row", lambda *_: pytest.fail("measured again"))
    assert quick_costs == ["tfidf", "mini"]
    pd.testing.assert_frame_equal(measure(output, ["tfidf"], tasks, budget=TINY, show_progress=False), table)
    assert output.read_bytes() == before and quick_costs == ["tfidf", "mini"]


def test_an_interrupted_run_goes_on(tmp_path, quick_costs, monkeypatch):
    output, done = tmp_path / "rows.json", []

    def row(name, tasks, budget):
        if name == "mini full" and done == ["tfidf"]:
            done.append("interrupted")
            raise KeyboardInterrupt
        done.append(name)
        return {"name": name, "checkpoint": name.split()[0], "max_length": 8}

    monkeypatch.setattr("prevlib.report.measure._row", row)
    with pytest.raises(KeyboardInterrupt):
        measure(output, ["tfidf", "mini full"], show_progress=False)
    assert [row["name"] for row in json.loads(output.read_text())["rows"]] == ["tfidf"]
    table = measure(output, ["tfidf", "mini full"], show_progress=False)
    assert done == ["tfidf", "interrupted", "mini full"] and list(table.index) == ["tfidf", "mini full"]
    # A new checkpoint: the costs of all, once more, in one sitting.
    measure(output, ["minilm full"], show_progress=False)
    assert quick_costs == ["tfidf", "mini"] + ["tfidf", "mini", "minilm"]
    assert len(read_scorecard(output)) == 3


def test_tfidf_has_costs_and_scores_of_its_own():
    row = measure_model("tfidf", ("sentiment", "entities", "eras"), budget=TINY)
    assert set(COSTS) < set(row) and row["embedding_parameters"] == 0
    assert 0 < row["parameters"] < 5000 and row["peak_memory_mib"] < 400
    for task in ("sentiment", "entities", "eras"):
        assert row[f"{task}_low"] <= row[task] <= row[f"{task}_high"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS[1:])
def test_every_way_can_be_measured(name, quick_costs):
    row = measure_model(name, budget=TINY)
    assert {"sentiment", "entities", "eras"} < set(row)
    assert ("minimal_pairs" in row) == (name == "mini frozen")


def test_a_row_has_a_name_and_tasks_that_exist():
    for name in ("minilm", "full", "minilm tfidf", "minilm best"):
        with pytest.raises(ValueError, match=f'such as "minilm full"; got {name!r}'):
            measure_model(name)
    with pytest.raises(ValueError, match=r"`tasks` must be out of \['sentiment'.*; got \['qa'\]"):
        measure_model("tfidf", ["qa"])


def test_the_shipped_rows_can_be_compared():
    table = read_scorecard()
    assert set(MODELS) <= set(table.index)
    card = scorecard(weights={"latency_p50_ms": 0.02})
    assert card.excluded == {} and len(card.table) == len(table)
    assert table.loc["minilm full", "parameters"] == 22_713_216


def test_the_shipped_file_is_what_would_be_measured(monkeypatch):
    monkeypatch.setattr("prevlib.report.measure._row", lambda *_: pytest.fail("measured again"))
    before = SCORECARD.read_bytes()
    pd.testing.assert_frame_equal(measure(SCORECARD, show_progress=False), read_scorecard())
    assert SCORECARD.read_bytes() == before


@pytest.mark.slow  # a minute
@pytest.mark.parametrize("task", ["sentiment", "entities", "eras"])
def test_tfidf_still_scores_what_is_shipped(task):
    shipped = read_scorecard().loc["tfidf"]
    interval = _score_task(task, "tfidf", "tfidf", Budget())
    ends = [shipped[task + end] for end in ("", "_low", "_high")]
    assert [float(f"{value:.4g}") for value in interval[:3]] == ends
