"""What was predicted is kept, stands beside the result, and nothing waits for it."""

import errno
import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from ipywidgets.widgets.widget import _instances

from prevlib.exercises import predictions, progress
from prevlib.exercises.buttons import with_question
from prevlib.exercises.predictions import predict

VIEW = "application/vnd.jupyter.widget-view+json"
CHOICES = ["one token", "two"]
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture(autouse=True)
def restart(monkeypatch):
    """As a new kernel does, forget what was committed; called again, forget it again."""
    monkeypatch.setattr(predictions, "_committed", {})
    monkeypatch.delenv("PREVLIB_WORKSPACE", raising=False)
    return predictions._committed.clear


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("PREVLIB_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "options, answer, result, words",
    [
        (CHOICES, "two", "one token", "You predicted two. The result is one token."),
        ((0, 1), 0.5, 0.63654, "You predicted 0.5. The result is 0.637."),
        ((0, 1e5), 4000, 3451, "You predicted 4,000. The result is 3,450."),
        ((1, 9), 6, 7, "You predicted 6. The result is 7."),
        ((), " because {it} ", "it is short", "You predicted because {it}. The result is it is short."),
    ],
)
def test_a_prediction_stands_beside_the_result(options, answer, result, words):
    asked = predict("01.a", options)
    assert repr(asked) == "No prediction yet." and asked.compare(result) is None
    asked = predict("01.a", options, answer=answer)
    assert asked.compare(result) == repr(asked.compare(result)) == words
    assert repr(asked).startswith("Your prediction: ")
    assert predict("01.b", options).compare(result) is None


def test_it_is_kept_in_the_workspace_and_a_later_one_takes_its_place(workspace, restart):
    predict("01.a", CHOICES, answer="two")
    predict("01.b", (0, 1), answer=1)
    assert predict("01.b", (0, 1)).commit(0) == "Your prediction: 0"
    restart()
    assert json.loads((workspace / progress.FILE).read_text())["predictions"] == {"01.a": "two", "01.b": 0}
    assert predict("01.b", (0, 1)).compare(0.25) == "You predicted 0. The result is 0.25."


def test_without_a_workspace_it_is_kept_until_the_kernel_stops(tmp_path, monkeypatch, restart):
    monkeypatch.chdir(tmp_path)
    predict("01.a", CHOICES, answer="two")
    assert predict("01.a", CHOICES).answer == "two"
    restart()
    assert predict("01.a", CHOICES).answer is None and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options, answer, words",
    [
        (CHOICES, "three", "Not kept: one of these was expected: one token, two."),
        (CHOICES, 2, "Not kept: words were expected."),
        ((), "  ", "Not kept: words were expected."),
        ((0, 1000), 2000, "Not kept: a number from 0 to 1,000 was expected, got 2,000.0."),
        ((0, 1), float("nan"), "Not kept: a number from 0 to 1 was expected, got nan."),
        ((0, 1), "half", "Not kept: one number was expected, got a str."),
        ((0, 1), 10**400, "Not kept: one number was expected, got one beyond all bounds."),
    ],
)
def test_an_answer_that_does_not_fit_is_said_and_blocks_nothing(workspace, options, answer, words):
    asked = predict("01.a", options, answer=answer)
    assert repr(asked) == asked.commit(answer) == words
    assert asked.compare(1) is None and progress.predictions() == {}


def test_a_full_disk_is_said_and_blocks_nothing(workspace, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(progress, "write_whole", full)
    asked = predict("01.a", CHOICES, answer="two")
    assert repr(asked) == "Kept until the kernel stops: No space left on device."
    assert asked.compare("two") == "You predicted two. The result is two."


@pytest.mark.parametrize("content", ["{", '{"predictions": {"01.a": [1]}}'])
def test_a_damaged_file_is_no_prediction(workspace, content):
    (workspace / progress.FILE).write_text(content)
    assert predict("01.a", CHOICES).answer is None


@pytest.mark.parametrize("key", ["a", "1.a", "01.", "01.a b", "01.A"])
def test_a_key_names_its_lesson(key):
    with pytest.raises(
        ValueError, match=r"^`key` must be like '01.unknown'; got .*\. Put the lesson's number"
    ):
        predict(key)


@pytest.mark.parametrize("options", [["one"], [1], (1, 2, 3), ("one", 2)])
def test_options_are_choices_or_bounds(options):
    with pytest.raises(ValueError, match=r"^`options` must be texts, two bounds, or nothing; got \("):
        predict("01.a", options)


def parts(asked):
    control, row, _ = _instances[with_question(asked)[VIEW]["model_id"]].children
    return control, *row.children


@pytest.mark.parametrize(
    "options, before, value", [(CHOICES, None, "two"), ((-3, 1), -3.0, 0.5), ((), "", "a word")]
)
def test_the_learner_commits_with_a_button(workspace, restart, options, before, value):
    control, button, said = parts(predict("01.a", options))
    assert control.description == "Your prediction" and "No prediction yet." in said.value
    control.value = value
    assert progress.predictions() == {}
    button.click()
    assert progress.predictions() == {"01.a": value}
    assert f"Your prediction: {value}" in said.value
    restart()
    control, _, said = parts(predict("01.a", options))
    assert control.value == value and f"Your prediction: {value}" in said.value


def test_without_a_choice_the_button_says_so(workspace):
    _, button, said = parts(predict("01.a", CHOICES))
    button.click()
    assert "Not kept: words were expected." in said.value and progress.predictions() == {}


@pytest.mark.parametrize("options", [CHOICES, (0, 1), ()])
@pytest.mark.parametrize("kept", [3, 0.5, "words"])
def test_what_was_kept_for_another_question_is_no_error(workspace, options, kept):
    progress.record_prediction("01.a", kept)
    control, button, _ = parts(predict("01.a", options))
    assert control.value in (kept, None, "", 0)
    assert str(kept) in predict("01.a", options).compare(1)


def test_what_is_shown_is_escaped():
    *_, said = parts(predict("01.a", answer="1 < 2"))
    assert "1 &lt; 2" in said.value


def test_plain_text_is_there_with_and_without_widgets(monkeypatch):
    shown = predict("01.a")._repr_mimebundle_()
    assert shown[VIEW] and shown["text/plain"] == "No prediction yet."
    monkeypatch.setitem(sys.modules, "prevlib.exercises.buttons", None)
    assert predict("01.a")._repr_mimebundle_() == {"text/plain": "No prediction yet."}


def test_keys_of_the_lessons_are_their_own():
    keys = []
    for path in NOTEBOOKS:
        code = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
        found = re.findall(r'(?<![.\w])predict\(\s*"(.*?)"', code)
        assert len(found) == len(re.findall(r"(?<![.\w])predict\(", code)), path.name
        assert all(key.startswith(f"{path.name[:2]}.") for key in found), path.name
        keys += found
    assert len(keys) == len(set(keys))
