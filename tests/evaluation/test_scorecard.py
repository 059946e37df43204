"""Tests of the choice: sums by hand and by brute force, leads that are noise, filters."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prevlib.evaluation import pareto_front, read_scorecard, scorecard


def facts(score, half=0.02, **more):
    """A row with one task."""
    return {"qa": score, "qa_low": score - half, "qa_high": score + half} | more


def random_rows(rng, n_models):
    rows = {}
    for i in range(n_models):
        row = {cost: 10 ** rng.uniform(0, 4) for cost in ("parameters", "latency_p50_ms")}
        for task in ("qa", "ner"):
            score = rng.uniform(0.3, 0.9)
            row |= {task: score, f"{task}_low": score - rng.uniform(0, 0.1), f"{task}_high": score + 0.05}
        rows[f"model {i}"] = row
    return rows


# By hand and by brute force


def test_overall_by_hand():
    small = facts(0.80, ner=0.6, ner_low=0.5, ner_high=0.7, parameters=1e6, latency_p50_ms=10)
    large = facts(0.84, ner=0.7, ner_low=0.6, ner_high=0.8, parameters=1e8, latency_p50_ms=20)
    weights = {"qa": 3, "ner": 1, "parameters": 0.02, "latency_p50_ms": 0.1}
    table = scorecard({"small": small, "large": large}, weights=weights).table
    # Performance: three quarters qa, one quarter ner. Large has 100 times the weights, twice the time.
    assert table.loc["small", "performance"] == pytest.approx(0.75)
    assert table.loc["large", "performance"] == pytest.approx(0.805)
    assert table["penalty"].to_dict() == pytest.approx({"small": 0, "large": 0.02 * 2 + 0.1 * np.log10(2)})
    np.testing.assert_allclose(table.overall, table.performance - table.penalty)
    half = np.hypot(0.75 * 0.02, 0.25 * 0.1)
    assert table.loc["large", "performance_low"] == pytest.approx(0.805 - half)
    assert table.loc["large", "performance_high"] == pytest.approx(0.805 + half)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_the_ranking_is_that_of_brute_force(seed, n_models):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, n_models)
    weights = {"qa": rng.uniform(0, 2), "ner": rng.uniform(0.1, 2), "latency_p50_ms": rng.uniform(0, 0.2)}

    def value(name):
        row = rows[name]
        share = weights["qa"] / (weights["qa"] + weights["ner"])
        gain = share * row["qa"] + (1 - share) * row["ner"]
        return gain - weights["latency_p50_ms"] * np.log10(row["latency_p50_ms"])

    def beaten(name):
        own = rows[name]
        mean = (weights["qa"] * own["qa"] + weights["ner"] * own["ner"]) / (weights["qa"] + weights["ner"])
        return any(
            (weights["qa"] * o["qa"] + weights["ner"] * o["ner"]) / (weights["qa"] + weights["ner"]) > mean
            and o["latency_p50_ms"] < own["latency_p50_ms"]
            for o in rows.values()
        )

    orders = [
        o for o in permutations(rows) if all(value(a) >= value(b) for a, b in zip(o, o[1:], strict=False))
    ]
    card = scorecard(rows, weights=weights)
    assert [card.ranking] == orders
    assert set(card.front) == {name for name in rows if not beaten(name)}
    assert card.table["on_front"].sum() == len(card.front)


def test_an_added_model_does_not_turn_others_round():
    rng = np.random.default_rng(0)
    weights = {"qa": 1, "ner": 1, "parameters": 0.05}
    for _ in range(15):
        rows = random_rows(rng, 4)
        with_all = scorecard(rows, weights=weights).ranking
        without = scorecard({k: v for k, v in rows.items() if k != "model 3"}, weights=weights).ranking
        assert without == tuple(name for name in with_all if name != "model 3")


@pytest.mark.parametrize(
    "scores, costs, expected",
    [
        ([0.8, 0.9, 0.7], [1, 10, 5], [True, True, False]),
        ([0.8, 0.8], [1, 1], [True, True]),  # equals beat nobody
        ([0.8, 0.8], [1, 2], [True, False]),
        ([0.8, 0.9], [1, 1], [False, True]),
        ([0.5, 0.6, 0.7], [[1, 9], [2, 2], [3, 1]], [True, True, True]),
        ([0.7, 0.6], [[1, 1], [2, 1]], [True, False]),
    ],
)
def test_pareto_front_by_hand(scores, costs, expected):
    assert pareto_front(scores, costs).tolist() == expected


# Do the data decide?


def test_equal_models_cannot_be_chosen_between():
    card = scorecard({name: facts(0.8) for name in "abc"})
    assert card.leaders == ("a", "b", "c")
    assert card.sentence.startswith(
        "The data cannot choose between a, b and c: their overall scores, 0.800 to"
    )
    assert card.front == ("a", "b", "c")
    exact = scorecard({name: facts(0.8, half=0) for name in "ab"})
    assert "cannot choose between a and b" in exact.sentence


def test_a_lead_by_hand():
    # Two intervals of 0.02 each way: the difference has a margin of 0.02 sqrt(2) = 0.0283.
    assert scorecard({"a": facts(0.828), "b": facts(0.8)}).leaders == ("a", "b")
    card = scorecard({"a": facts(0.829), "b": facts(0.8)})
    assert card.leaders == ("a",)
    assert card.sentence == (
        "a comes first with 0.829, ahead of every other model by more than the noise of the test sets; "
        "next is b with 0.800."
    )
    # With a third model there are two chances of a fluke: 2.241 / 1.960 times as much.
    third = {"c": facts(0.5)}
    assert scorecard({"a": facts(0.832), "b": facts(0.8)} | third).leaders == ("a", "b")
    assert scorecard({"a": facts(0.833), "b": facts(0.8)} | third).leaders == ("a",)


def test_only_the_ends_that_face_each_other_count():
    sure_below = {"qa": 0.85, "qa_low": 0.84, "qa_high": 0.95}
    sure_above = {"qa": 0.80, "qa_low": 0.60, "qa_high": 0.81}
    assert scorecard({"a": sure_below, "b": sure_above}).leaders == ("a",)


def test_it_claims_a_lead_between_equal_models_as_rarely_as_it_says():
    rng = np.random.default_rng(0)
    claims = 0
    for _ in range(300):
        scores = 0.7 + rng.normal(0, 0.01, 4)  # four models of one quality, test sets of their own
        rows = {str(i): facts(score, half=1.96 * 0.01) for i, score in enumerate(scores)}
        claims += len(scorecard(rows).leaders) == 1
    # Below 5 %, since whoever leads by luck must beat all three others.
    assert claims / 300 < 0.05


def test_costs_can_decide_what_scores_cannot():
    rows = {"small": facts(0.80, parameters=1e6), "large": facts(0.81, parameters=1e8)}
    card = scorecard(rows)
    assert card.ranking[0] == "large"
    assert card.sentence.endswith("noise of the test sets. Of these, small has the lowest parameters.")
    assert scorecard(rows, weights={"parameters": 0.05}).sentence.startswith("small comes first")


# What is compared


def test_a_missing_task_excludes_and_is_told():
    rows = {"a": facts(0.8), "b": facts(0.7)}
    rows["a"] |= {"pairs": 0.6, "pairs_low": 0.5, "pairs_high": 0.7}
    assert set(scorecard(rows).ranking) == {"a", "b"}  # without names: what every model has
    card = scorecard(rows, tasks=["qa", "pairs"])
    assert card.ranking == ("a",) and card.excluded == {"b": "no pairs"}
    assert card.sentence == (
        "a is the only model left, so there is nothing to choose. Not compared: b (no pairs)."
    )
    assert scorecard(rows, weights={"pairs": 1}).excluded == {"b": "no pairs"}
    assert scorecard(rows, "qa").ranking == ("a", "b")


@pytest.mark.parametrize(
    "require, left",
    [
        ({"licence": "MIT"}, ["a"]),
        ({"licence": {"MIT", "Apache-2.0"}}, ["a", "b"]),
        ({"languages": "German"}, ["b"]),
        ({"languages": ["German", "English"]}, ["a", "b", "c"]),
        ({"max_length": 512}, ["b", "c"]),
        ({"parameters": 100}, ["a"]),  # the most that a cost may be
        ({"max_length": 512, "licence": "Apache-2.0"}, ["b"]),
    ],
)
def test_scope_filters(require, left):
    rows = {
        "a": facts(0.8, licence="MIT", languages=["English"], max_length=128, parameters=100),
        "b": facts(
            0.7, licence="Apache-2.0", languages=["English", "German"], max_length=512, parameters=101
        ),
        "c": facts(0.6, licence=None, languages=["English"], max_length=np.inf, parameters=np.nan),
    }
    card = scorecard(rows, require=require)
    assert list(card.ranking) == left
    assert set(card.excluded) == set(rows) - set(left)


def test_it_refuses_what_it_cannot_weigh():
    rows = {"a": facts(0.8, parameters=10.0, texts_per_second=3.0), "b": facts(0.7, parameters=0.0)}
    known = r"\['qa', 'parameters'\]"
    for weights, message in [
        ({"speed": 1}, rf"`weights` must name tasks or costs, out of {known}; got \['speed'\]"),
        ({"texts_per_second": 1}, r"got \['texts_per_second'\]"),
        ({"qa": -1}, "`weights` must be from 0 upwards; got {'qa': -1}. Costs are subtracted anyway"),
        ({"qa": 0}, r"At least one task must have a weight above 0; got 0 for \['qa'\]"),
        ({"parameters": 1}, "A cost must be above 0, as it is compared by factors; got parameters 0.0 for b"),
    ]:
        with pytest.raises(ValueError, match=message):
            scorecard(rows, weights=weights)
    with pytest.raises(ValueError, match=r"`tasks` must be out of \['qa'\]; got \['ner'\]. A task has three"):
        scorecard(rows, tasks=["ner"])
    with pytest.raises(ValueError, match=r"`require` must name columns of the table, .*; got \['price'\]"):
        scorecard(rows, require={"price": 1})
    with pytest.raises(
        ValueError, match="At least one model must be left to choose; got none. a: parameters is"
    ):
        scorecard(rows, require={"parameters": -1})
    with pytest.raises(ValueError, match="`models` must hold at least one model, each under its own name"):
        scorecard({})
    twice = pd.DataFrame([facts(0.8), facts(0.7)], index=["a", "a"])
    with pytest.raises(ValueError, match=r"got \['a', 'a'\]"):
        scorecard(twice)
    with pytest.raises(
        ValueError, match=r"The interval of qa must hold its score; got 0.8 in \[0.85, 0.9\] for a"
    ):
        scorecard({"a": {"qa": 0.8, "qa_low": 0.85, "qa_high": 0.9}})


# Measured rows


def test_a_missing_file_of_rows_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="Make it with python -m prevlib.report.measure .*rows.json"):
        read_scorecard(tmp_path / "rows.json")
