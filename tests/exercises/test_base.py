"""The frame of the exercises: verdicts, hints, solutions, and answers that misbehave."""

import importlib
import os

import numpy as np
import pytest
import torch

from prevlib.exercises import Verdict
from prevlib.exercises.base import (
    NotYet,
    array,
    call,
    close,
    exercise,
    is_stub,
    number,
    require,
    same,
    source,
)


@exercise(minutes=5, hints=["First.", "Second."])
def add_one(x):
    """One more."""
    return x + 1


@add_one.judge
def _(answer):
    require(close(call(answer, 1), 2), "1 and 1 are 2")


def test_a_verdict_is_true_only_if_correct():
    correct, wrong = add_one.check(lambda x: 1 + x), add_one.check(lambda x: x)
    assert correct and str(correct) == "correct"
    assert not wrong and str(wrong) == "not yet, because 1 and 1 are 2"
    assert repr(wrong) == f"{wrong}\nA hint: `exercises.add_one.hint()`."
    assert not add_one.check(None) and str(add_one.check(None)) == "not attempted"


def test_a_verdict_is_shown_with_sign_and_words():
    shown = {
        status: Verdict(status, "1 < 2")._repr_html_() for status in ("correct", "not yet", "not attempted")
    }
    assert "✓ correct" in shown["correct"] and "○ not attempted" in shown["not attempted"]
    assert "→ not yet" in shown["not yet"] and "because 1 &lt; 2" in shown["not yet"]
    reason = Verdict("not yet", "`<b>` and __init__ are names")._repr_html_()
    assert "<code>&lt;b&gt;</code> and __init__ are" in reason


def test_an_exercise_says_how_to_use_it_and_reveals_nothing():
    shown = repr(add_one)
    assert "`exercises.add_one.check(your_answer)`" in shown and ".hint()" in shown
    assert not any(secret in shown for secret in ("First.", "Second.", "x + 1", "<function"))


def test_completion_offers_exercises_only():
    shown = dir(importlib.import_module("prevlib.exercises.tokens"))
    assert shown == ["first_merge", "longest_match", "share_with_unknown", "word_numbers"]


def test_hints_come_one_by_one():
    hint = add_one.hint()
    assert hint == repr(hint) == hint._repr_markdown_() == "Hint 1 of 2: First."
    assert [add_one.hint(), add_one.hint()] == ["Hint 2 of 2: Second."] * 2


def test_the_solution_is_shown_after_an_attempt():
    fresh = exercise(minutes=1, hints=["a"])(add_one.solve)
    fresh.judge(add_one._judge)
    fresh.check(None)
    assert fresh.solution().startswith("Try first")
    fresh.check(lambda x: 7)
    assert repr(fresh.solution()).startswith("def add_one(x):") and "@" not in fresh.solution()
    assert fresh.solution()._repr_markdown_() == f"```python\n{fresh.solution()}\n```"


def test_a_solution_brings_the_imports_it_needs():
    from prevlib.exercises import comparisons

    assert source(comparisons.mcnemar_p.solve).startswith("from math import comb\n\ndef mcnemar_p(")


def test_input_is_answered(monkeypatch):
    def waits(prompt=""):
        raise AssertionError("a notebook would wait here")

    monkeypatch.setattr("builtins.input", waits)
    verdict = add_one.check(lambda x: int(input("?")))
    assert verdict.status == "not yet" and "asks with `input()`" in verdict.reason
    with pytest.raises(AssertionError):  # it is there again
        input()


@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_an_answer_that_raises_when_it_is_looked_at_gets_a_verdict(error):
    def raises(self):
        raise error

    verdict = add_one.check(type("Lies", (), {"__class__": property(raises)})())
    assert verdict.status == "not yet" and f"comparing your answer raised {error.__name__}" in verdict.reason


def test_stubs_are_recognised_and_answers_are_not():
    def passes(x):
        pass

    def dots(x): ...

    def text(x):
        "Only words."

    def answers(x):
        return 1

    assert is_stub(passes) and is_stub(dots) and is_stub(text) and is_stub(lambda: None)
    assert not is_stub(answers) and not is_stub(3) and not is_stub(print)


@pytest.mark.parametrize(
    "answer, reason",
    [
        (lambda x: None if x else None, "returned None"),
        (lambda x: x.append(1) or 2, "raised AttributeError"),
        (lambda x: exit(1), "raised SystemExit"),
        (lambda x: "2", "one number was expected, got a str"),
        (lambda x: [2, 3], "one number was expected, got a list"),
        (7, "a function was expected, and an int is none"),
    ],
)
def test_odd_answers_are_told_what_is_odd(answer, reason):
    verdict = add_one.check(answer)
    assert verdict.status == "not yet" and reason in verdict.reason


def test_an_answer_that_changes_its_input_is_told_so():
    def sorts(x):
        x.sort()
        return x

    with pytest.raises(NotYet, match="changed what was passed to it: work on a copy"):
        call(sorts, np.array([2, 1]))
    with pytest.raises(NotYet, match="changed what was passed"):
        call(lambda x: x.zero_(), torch.ones(2))
    given = np.array([1.0, np.nan])
    assert call(lambda x: x + 1, given) is not given


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stops an endless loop")
def test_a_loop_that_swallows_errors_is_stopped():
    def stubborn(x):
        for _ in range(5):
            try:
                while True:
                    pass
            except Exception:
                continue
        return 1

    with pytest.raises(NotYet):
        call(stubborn, 1)


def test_numbers_of_all_libraries_are_numbers():
    for value in (2, 2.0, np.float32(2), np.array([2.0]), torch.tensor(2.0), torch.tensor([2])):
        assert number(value) == 2
    assert number(True) == 1
    assert number(torch.tensor(2, dtype=torch.bfloat16)) == 2
    for value in ("2", None, [2], np.array([1, 2]), 2j, np.complex64(2), 10**400):
        with pytest.raises(NotYet, match="one number was expected"):
            number(value)


def test_arrays_are_made_of_numbers_and_have_their_shape():
    assert array([[1, 2]], (1, 2)).tolist() == [[1, 2]]
    assert array(torch.ones(2)).tolist() == [1, 1]
    with pytest.raises(NotYet, match=r"the shape must be \(3,\), got \(2,\)"):
        array([1, 2], (3,))
    with pytest.raises(NotYet, match="numbers were expected, got a str"):
        array("12")
    with pytest.raises(NotYet, match="something else among them"):
        array(["a", "b"])
    with pytest.raises(NotYet, match="something else among them"):
        array([10**400])


def test_a_condition_must_be_true_itself():
    with pytest.raises(NotYet):
        require("yes", "words are no proof")
    require(np.bool_(True), "")


def test_equality_looks_inside():
    assert same({"a": [np.array([1, np.nan])]}, {"a": [np.array([1, np.nan])]})
    assert not same([1, 2], [1, 3]) and not same([1], (1,)) and not same({"a": 1}, {"b": 1})
    assert not same(np.ones(2), np.ones(3)) and same("a", "a")
