"""A verdict offers a hint and the solution, with and without ipywidgets."""

import sys

import pytest
from ipywidgets.widgets.widget import _instances

from prevlib.exercises import Verdict, tokens
from prevlib.exercises.base import exercise
from prevlib.exercises.buttons import CONFIRM, SOLUTION, with_buttons

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def fresh():
    made = exercise(minutes=1, hints=["First `a`.", "Second."])(tokens.first_merge.solve)
    made.judge(tokens.first_merge._judge)
    return made


def parts(exercise):
    box = _instances[with_buttons(exercise, "<b>verdict</b>")[VIEW]["model_id"]]
    verdict, (hint, solution), shown = box.children[0], box.children[1].children, box.children[2]
    assert verdict.value == "<b>verdict</b>"
    return hint, solution, lambda: shown.outputs[0]["data"]["text/markdown"] if shown.outputs else ""


def test_hints_come_one_by_one(fresh):
    hint, _, shown = parts(fresh)
    hint.click()
    assert shown() == "Hint 1 of 2: First `a`."
    hint.click()
    assert shown() == "Hint 2 of 2: Second."


def test_without_a_try_the_solution_needs_a_second_press(fresh):
    _, solution, shown = parts(fresh)
    solution.click()
    assert shown() == "" and solution.description == CONFIRM
    solution.click()
    assert shown().startswith("```python\nfrom collections import Counter\n")
    assert solution.description == SOLUTION


def test_after_a_try_it_is_shown_at_once(fresh):
    fresh.check(3)
    _, solution, shown = parts(fresh)
    solution.click()
    assert "def first_merge():" in shown()


def test_plain_text_and_html_are_there_with_and_without_widgets(fresh, monkeypatch):
    shown = fresh.check(None)._repr_mimebundle_()
    assert shown[VIEW] and shown["text/plain"] == "not attempted" and "○ not attempted" in shown["text/html"]
    assert VIEW not in Verdict("correct")._repr_mimebundle_()
    monkeypatch.setitem(sys.modules, "prevlib.exercises.buttons", None)
    assert fresh.check(None)._repr_mimebundle_().keys() == {"text/plain", "text/html"}
