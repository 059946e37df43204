"""What the notebooks say about an exercise, its minutes and its arguments, is what the exercise says."""

import inspect
import re
from pathlib import Path

import nbformat
import pytest
from exercises_of_the_course import EXERCISES

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))


def cards(path):
    """(name of the exercise, minutes on its card, arguments of its stub) for each check in a notebook."""
    topics, minutes, arguments = {}, None, None
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            for found in re.findall(r"\*\*\d+ \(\w+, (\d+)\s+minutes\)\.\*\*", cell.source):
                minutes, arguments = int(found), None
            continue
        for topic, _, alias in re.findall(r"from prevlib\.exercises import (\w+)( as (\w+))?", cell.source):
            topics[alias or topic] = topic
        for listed in re.findall(r"^def my_\w+\(([^)]*)\):", cell.source, re.MULTILINE):
            arguments = re.findall(r"\w+", listed)
        for alias, name in re.findall(r"^(\w+)\.(\w+)\.check\(", cell.source, re.MULTILINE):
            if alias in topics:
                yield f"{topics[alias]}.{name}", minutes, arguments


CARDS = {f"{path.name[:2]} {card[0]}": card for path in NOTEBOOKS for card in cards(path)}


def test_lessons_have_exercises():
    assert len(CARDS) >= 14


@pytest.mark.parametrize("card", CARDS)
def test_a_card_agrees_with_its_exercise(card):
    name, minutes, arguments = CARDS[card]
    exercise = EXERCISES[name]
    assert minutes == exercise.minutes
    if not exercise.value:
        assert arguments == list(inspect.signature(exercise.solve).parameters)
