"""Words for learners are templates behind one look-up, which a catalogue can replace."""

import ast
import gettext
from pathlib import Path

import pytest

from prevlib import texts

PACKAGE = Path(texts.__file__).parent
LOOK_UPS = {"say": 1, "say_number": 2, "require": 2, "NotYet": 1}  # name -> of how many arguments


def test_a_template_is_filled_in():
    assert texts.say("{a:.2f} and {b:,}", a=1 / 3, b=1000) == "0.33 and 1,000"
    assert texts.say("{not a field}") == "{not a field}"
    assert texts.say_number("{n} row of {what}", "{n} rows of {what}", 1, what="x") == "1 row of x"
    assert texts.say_number("{n} row of {what}", "{n} rows of {what}", 0, what="x") == "0 rows of x"


def test_a_catalogue_replaces_texts_and_may_change_their_order(monkeypatch):
    class Reversed(gettext.NullTranslations):
        def gettext(self, message):
            return {"{a} of {b}": "von {b} sind es {a}"}.get(message, message)

    monkeypatch.setattr(texts, "_catalogue", lambda language: Reversed() if language == "de" else None)
    monkeypatch.setenv(texts.LANGUAGE, "de")
    assert texts.say("{a} of {b}", a=1, b=2) == "von 2 sind es 1"
    assert texts.say("unknown to it") == "unknown to it"


def test_a_language_without_a_catalogue_falls_back(monkeypatch):
    monkeypatch.setenv(texts.LANGUAGE, "xx")
    assert texts.say("{n} texts", n=2) == "2 texts"


def not_templates(source: str) -> list[int]:
    """Lines in which a look-up is given anything that was put together before."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "func", None) and getattr(node.func, "id", "")
        for argument in node.args[: LOOK_UPS[name]] if name in LOOK_UPS else []:
            if any(isinstance(part, ast.JoinedStr) for part in ast.walk(argument)):
                lines.append(argument.lineno)
    return lines


@pytest.mark.parametrize(
    "source, lines", [('say(f"{a}")', [1]), ('say("{a}", a=f"{b}")', []), ('say_number("x", f"{n}", n)', [1])]
)
def test_a_text_that_was_put_together_is_found(source, lines):
    assert not_templates(source) == lines


def test_words_of_learners_are_templates():
    files = [*(PACKAGE / "exercises").glob("*.py"), *(PACKAGE / "widgets").glob("*.py")]
    assert {file.name: lines for file in files if (lines := not_templates(file.read_text("utf-8")))} == {}
