"""What is data, what is right, and what learners may read about it."""

import json
import math

import numpy as np
import pytest
import torch

from grading.ask import ask, build, plain
from grading.score import Case, Question, agrees, encode, score

DOUBLE = Question(
    "q1", "double", [Case(2, "it is another number", [(1,), (2,)]), Case(1, "large ones, too", [(10**6,)])]
)
RIGHT = [{"value": 2}, {"value": 4}, {"value": 2 * 10**6}]


@pytest.mark.parametrize(
    "found, expected",
    [
        (0.3, 0.30000001),
        (1, 1.0),
        (1.0, 1),
        ([1, [2.0, "a"]], [1, [2.0, "a"]]),
        (math.inf, math.inf),
        (math.nan, math.nan),
        ({"kind": "dict", "items": [["a", 1.0]]}, {"kind": "dict", "items": [["a", 1.0]]}),
        (1_000_000.0, 1_000_010.0),
        (None, None),
        (True, True),
    ],
)
def test_data_that_agree(found, expected):
    assert agrees(found, expected)


@pytest.mark.parametrize(
    "found, expected",
    [
        (0.3, 0.301),
        (True, 1),
        (True, 1.0),
        (1, True),
        (1.5, 1),
        ("1", 1.0),
        (None, 0.0),
        ([1.0], 1.0),
        (1.0, [1.0]),
        ([1, 2], [1, 2, 3]),
        ({}, {"a": 1}),
        (math.nan, 1.0),
        (math.inf, 1.0),
        (-math.inf, math.inf),
        (1.0, math.nan),
        ("a", "b"),
    ],
)
def test_data_that_do_not(found, expected):
    assert not agrees(found, expected)


@pytest.mark.parametrize(
    "arguments",
    [
        (1, 2.5, "a", None, True),
        ([1, [2]], (3, (4,)), {"a": 1, 2: [3]}),
        (np.array([[1, 2], [3, 4]]), np.array([0.5]), np.array([True, False])),
        (torch.tensor([[1, -100]]), torch.tensor([0.5, -2.0]), torch.tensor([True])),
    ],
)
def test_arguments_survive_the_journey(arguments):
    arrived = build(json.loads(json.dumps(encode(arguments))))
    assert type(arrived) is tuple
    for there, here in zip(arrived, arguments, strict=True):
        assert type(there) is type(here)
        if hasattr(here, "dtype"):
            assert there.dtype == here.dtype and there.tolist() == here.tolist()
        else:
            assert there == here


def test_a_generator_arrives_in_the_same_state():
    arrived = build(json.loads(json.dumps(encode(torch.Generator().manual_seed(7)))))
    assert torch.equal(
        torch.rand(3, generator=arrived), torch.rand(3, generator=torch.Generator().manual_seed(7))
    )


@pytest.mark.parametrize(
    "value, expected",
    [
        (np.float64(0.5), 0.5),
        (np.bool_(True), True),
        (torch.tensor(2.0), 2.0),
        (torch.tensor([1, 2]), [1, 2]),
        ((1, [2.0]), [1, [2.0]]),
        ({"a": np.int64(3)}, {"kind": "dict", "items": [["a", 3]]}),
    ],
)
def test_results_become_plain(value, expected):
    found = plain(value)
    assert found == expected and type(found) is type(expected)


class Always(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize("value", [Always(), object(), [Always()], {1, 2}, lambda: 1])
def test_an_object_is_not_plain(value):
    message = {"name": "answer", "inputs": [None], "seconds": 1}
    assert ask({"answer": value}, message) == [{"error": "NotPlain"}]


def test_all_right():
    assert score(DOUBLE, RIGHT, RIGHT) == score(DOUBLE, RIGHT, RIGHT)
    assert score(DOUBLE, RIGHT, RIGHT).points == 3
    assert score(DOUBLE, RIGHT, RIGHT).reasons == []


def test_a_later_case_costs_its_own_points():
    found = score(DOUBLE, [*RIGHT[:2], {"value": 0}], RIGHT)
    assert (found.points, found.reasons) == (2, ["large ones, too"])


def test_without_the_plain_case_nothing_counts():
    found = score(DOUBLE, [{"value": 9}, *RIGHT[1:]], RIGHT)
    assert found.points == 0
    assert found.reasons == ["it is another number", "more is looked at once this is right"]


@pytest.mark.parametrize(
    "error, reason",
    [
        ("NotImplementedError", "not attempted"),
        ("ZeroDivisionError", "it is another number (it raises ZeroDivisionError)"),
        ("OutOfTime", "it is another number (it does not come to an end)"),
        ("NotPlain", "it is another number (it returns something else than numbers, texts, lists or arrays)"),
        ("The inputs are 1 and 2", "it is another number (it raises an error)"),
        ("print", "it is another number (it raises an error)"),
        (["x"], "it is another number (it raises an error)"),
    ],
)
def test_learners_read_known_names_only(error, reason):
    found = score(DOUBLE, [{"error": error}, *RIGHT[1:]], RIGHT)
    assert found.points == 0 and found.reasons[0] == reason


def test_no_reason_holds_what_came_out():
    found = score(DOUBLE, [{"value": 2}, {"value": "4242"}, {"value": 4242}], RIGHT)
    assert "4242" not in str(found)


@pytest.mark.parametrize(
    "answers",
    [
        None,
        3,
        "right",
        [],
        {"value": 2},
        RIGHT[:2],
        [*RIGHT, {"value": 1}],
        [3, 4, 5],
        [{}, {}, {}],
        [{"value": 10**400}] * 3,
        [{"value": [[]] * 9}] * 3,
    ],
)
def test_whatever_comes_out_is_scored(answers):
    assert score(DOUBLE, answers, RIGHT).points == 0


def test_a_name_that_is_missing_was_not_attempted():
    assert score(DOUBLE, {"error": "NameError"}, RIGHT).reasons == ["not attempted: `double` is not defined"]


@pytest.mark.parametrize("verdict, points", [(True, 1), (False, 0), (1, 0), ("yes", 0)])
def test_a_judge_must_say_true(verdict, points):
    question = Question("q", "f", [Case(1, "no", [(1,)], judge=lambda inputs, found: verdict)])
    assert score(question, [{"value": 1}], [{"value": 1}]).points == points


def test_a_judge_that_stumbles_over_the_data_says_no():
    question = Question("q", "f", [Case(1, "no", [(1,)], judge=lambda inputs, found: found[0]["a"])])
    assert score(question, [{"value": 1}], [{"value": 1}]).reasons == ["no"]
