"""What the notebooks say about an exercise, its minutes and its arguments, is what the exercise says."""

import ast
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


def names_bound(path):
    """Every name that the code cells of a notebook import, define or assign."""
    source = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.Name):
            yield getattr(node, "name", getattr(node, "id", None))


CARDS = {f"{path.name[:2]} {card[0]}": card for path in NOTEBOOKS for card in cards(path)}


def test_lessons_have_exercises():
    assert len(CARDS) >= 14


@pytest.mark.parametrize("card", [card for card in CARDS if card < "04"])
def test_a_solution_runs_in_the_notebook_that_shows_it(card):
    [path] = [path for path in NOTEBOOKS if path.name.startswith(card[:2])]
    solve = EXERCISES[CARDS[card][0]].solve
    needed = {name for name in solve.__code__.co_names if name in solve.__globals__}
    assert needed <= {*names_bound(path)}


@pytest.mark.parametrize("card", CARDS)
def test_a_card_agrees_with_its_exercise(card):
    name, minutes, arguments = CARDS[card]
    exercise = EXERCISES[name]
    assert minutes == exercise.minutes
    if not exercise.value:
        assert arguments == list(inspect.signature(exercise.solve).parameters)
