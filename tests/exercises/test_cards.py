"""What the notebooks say about an exercise, its minutes and its arguments, is what the exercise says."""

import ast
import inspect
import re
from pathlib import Path

import nbformat
import pytest
from exercises_of_the_course import EXERCISES

from prevlib.exercises.base import source
from prevlib.exercises.progress import exercises_of_lessons

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


def namespace_before(path, check):
    """What a notebook has imported and defined when it comes to a check."""
    namespace = {"__name__": "__main__"}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        if check in cell.source:
            return namespace
        kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
        nodes = [node for node in ast.parse(cell.source).body if isinstance(node, kept)]
        for node in nodes:  # defaults are values of cells that do not run here, and no solution needs them
            if isinstance(node, ast.FunctionDef):
                node.args.defaults = [ast.Constant(None)] * len(node.args.defaults)
                node.args.kw_defaults = [d and ast.Constant(None) for d in node.args.kw_defaults]
        exec(compile(ast.fix_missing_locations(ast.Module(nodes, [])), str(path), "exec"), namespace)
    raise AssertionError(f"{path.name} has no {check}")


@pytest.mark.parametrize("card", CARDS)
def test_a_solution_runs_in_the_notebook_that_shows_it(card):
    [path] = [path for path in NOTEBOOKS if path.name.startswith(card[:2])]
    exercise = EXERCISES[CARDS[card][0]]
    namespace = namespace_before(path, f".{exercise.name}.check(")
    exec(source(exercise.solve), namespace)
    answer = namespace[exercise.name]
    assert exercise.check(answer() if exercise.value else answer)


def test_the_lesson_of_each_exercise_is_the_one_that_shows_it():
    listed = {f"{lesson} {name}" for lesson, names in exercises_of_lessons().items() for name in names}
    assert listed == {*CARDS}


@pytest.mark.parametrize("card", CARDS)
def test_a_card_agrees_with_its_exercise(card):
    name, minutes, arguments = CARDS[card]
    exercise = EXERCISES[name]
    assert minutes == exercise.minutes
    if not exercise.value:
        assert arguments == list(inspect.signature(exercise.solve).parameters)
