"""The folder of results: one row each, nothing lost, nothing done twice."""

import csv
import shutil
from pathlib import Path

import nbformat
import pytest

from grading import assignment, grade
from grading.release import release
from grading.run import Run

QUESTIONS = """
from grading.score import Case, Question
QUESTIONS = [Question("q1", "double", [Case(3, "twice as much", [(2,), (5,)])])]
"""


def cell(kind, source, **nbgrader):
    new = nbformat.v4.new_markdown_cell if kind == "text" else nbformat.v4.new_code_cell
    metadata = {"grade": False, "solution": False, "locked": False, "schema_version": 3, "task": False}
    return new(source, metadata={"nbgrader": metadata | nbgrader})


def solved_notebook():
    marks = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
    answer = marks.format("def double(x): return 2 * x")
    prose = marks.format("Because of the data.")
    return nbformat.v4.new_notebook(
        cells=[
            cell("code", answer, grade_id="q1", solution=True),
            cell("code", "assert double(1) == 2", grade_id="q1_check", grade=True, locked=True, points=3),
            cell("text", prose, grade_id="q2", grade=True, solution=True, points=2),
        ]
    )


def run_in_this_process(notebook, questions, limits, *, trusted):
    """In place of the sandbox: the answers that the first cell has earned."""
    source = notebook["cells"][0]["source"]
    if "CRASH" in source:
        raise OSError("no more processes")
    if "FAIL" in source:
        return Run(failure="it ended early")
    if "NotImplementedError" in source:
        return Run(answers={"q1": {"error": "NameError"}})
    factor = 3 if "3 * x" in source else 2
    return Run(answers={"q1": [{"value": factor * 2}, {"value": factor * 5}]})


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A toy assignment `toy`, a folder for submissions, and a function that grades it."""
    source, folder = tmp_path / "source", tmp_path / "submitted"
    source.mkdir()
    folder.mkdir()
    nbformat.write(solved_notebook(), source / "toy.ipynb")
    (source / "toy.py").write_text(QUESTIONS, encoding="utf-8")
    graded = []

    def counting(*inputs, **options):
        graded.append(1)
        return run_in_this_process(*inputs, **options)

    monkeypatch.setattr(assignment, "run", counting)
    monkeypatch.setattr(grade, "why_unavailable", lambda: None)

    def grade_all():
        graded.clear()
        assert grade.main([str(folder), "--source", str(source)]) == 0
        return len(graded)

    return folder, grade_all


def hand_in(folder, student, code=None, prose=None):
    notebook = release(solved_notebook())
    notebook.cells[0].source = code or notebook.cells[0].source
    notebook.cells[2].source = prose or notebook.cells[2].source
    path = folder / student / "toy.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def rows(folder, name="grades.csv"):
    with (folder.with_name("submitted_graded") / name).open(encoding="utf-8", newline="") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


def page_of(folder, student):
    path = folder.with_name("submitted_graded") / student / "toy.html"
    return path.read_text(encoding="utf-8")


RIGHT, WRONG = "def double(x): return 2 * x", "def double(x): return 3 * x"


def test_each_submission_has_a_row_whatever_is_in_it(course, capsys):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT)
    hand_in(folder, "bob", WRONG)
    hand_in(folder, "cem")
    hand_in(folder, "dan", "CRASH")
    hand_in(folder, "eva", "FAIL")
    for student, text in [("fay", "no notebook"), ("gus", '{"cells": 3}'), ("hao", "[" * 100_000)]:
        (folder / student).mkdir()
        (folder / student / "toy.ipynb").write_text(text, encoding="utf-8")
    (folder / "ivy").mkdir()
    (folder / "ivy" / "toy.ipynb").symlink_to(folder.parent / "source" / "toy.ipynb")
    (folder / "ann" / "other.ipynb").write_text("{}", encoding="utf-8")
    grade_all()
    found = rows(folder)
    assert list(found) == "ann bob cem dan eva fay gus hao ivy".split()
    assert [row["points"] for row in found.values()] == ["3"] + 8 * ["0"]
    assert found["ann"]["status"] == found["bob"]["status"] == found["cem"]["status"] == "graded"
    assert found["dan"]["status"] == "not graded: OSError: no more processes"
    assert found["eva"]["status"] == "could not be run: it ended early"
    assert all(found[student]["status"].startswith("not graded") for student in ("fay", "gus", "hao"))
    assert "a file, not a link" in found["ivy"]["status"]
    assert "other.ipynb is left out: there is no assignment of that name" in capsys.readouterr().err


def test_pages_say_why_and_hide_what_is_hidden(course):
    folder, grade_all = course
    hand_in(folder, "bob", WRONG, prose="<script>alert(1)</script>")
    hand_in(folder, "cem")
    grade_all()
    assert "twice as much" in page_of(folder, "bob")
    assert "not attempted: `double` is not defined" in page_of(folder, "cem")
    assert "<script>" not in page_of(folder, "bob")
    assert "&lt;script&gt;" in page_of(folder, "bob")
    for expected_value in ("10", "15"):
        assert f">{expected_value}<" not in page_of(folder, "bob")


def test_what_has_not_changed_is_not_run_again(course):
    folder, grade_all = course
    for student in ("ann", "bob", "cem"):
        hand_in(folder, student, WRONG)
    assert grade_all() == 3 + 1  # and the solved notebook
    assert grade_all() == 0
    hand_in(folder, "bob", RIGHT)
    assert grade_all() == 1 + 1
    assert [row["points"] for row in rows(folder).values()] == ["0", "3", "0"]


def test_a_new_question_grades_everybody_again(course):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT)
    grade_all()
    questions = folder.parent / "source" / "toy.py"
    questions.write_text(QUESTIONS.replace("(5,)", "(7,)"), encoding="utf-8")
    assert grade_all() == 2


def test_an_interrupted_run_goes_on(course):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT)
    hand_in(folder, "bob", RIGHT)
    grade_all()
    shutil.rmtree(folder.with_name("submitted_graded") / "bob")
    assert grade_all() == 1 + 1
    assert set(rows(folder)) == {"ann", "bob"}


def test_what_failed_for_our_reasons_is_tried_again(course):
    folder, grade_all = course
    hand_in(folder, "dan", "CRASH")
    assert grade_all() == grade_all() == 2


def test_prose_waits_for_a_reader_whose_points_are_kept(course):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT, prose="The test set is small.")
    hand_in(folder, "bob", RIGHT)
    grade_all()
    assert rows(folder)["ann"]["status"] == "waits for a reader"
    assert rows(folder)["ann"]["q2"] == ""
    assert (rows(folder)["bob"]["status"], rows(folder)["bob"]["q2"]) == ("graded", "0")
    assert list(rows(folder, "reading.csv")) == ["ann"]

    reading = folder.with_name("submitted_graded") / "reading.csv"
    text = reading.read_text(encoding="utf-8")
    reading.write_text(text.replace(",,", ",1.5,how small?"), encoding="utf-8")
    assert grade_all() == 0
    found = rows(folder)["ann"]
    assert (found["status"], found["q2"], found["points"]) == ("graded", "1.5", "4.5")
    assert "how small?" in page_of(folder, "ann")

    hand_in(folder, "ann", RIGHT, prose="Another text.")
    grade_all()
    assert rows(folder)["ann"]["status"] == "waits for a reader"


def test_points_of_a_reader_must_be_numbers(course):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT, prose="The test set is small.")
    grade_all()
    reading = folder.with_name("submitted_graded") / "reading.csv"
    reading.write_text(reading.read_text(encoding="utf-8").replace(",,", ",two,"), encoding="utf-8")
    with pytest.raises(
        ValueError, match="`points` in .* must be a number or empty; got 'two' for ann, toy, q2"
    ):
        grade_all()


def test_a_solution_that_does_not_earn_all_points_stops_the_run(course):
    folder, grade_all = course
    hand_in(folder, "ann", RIGHT)
    notebook = solved_notebook()
    notebook.cells[0].source = "### BEGIN SOLUTION\nFAIL\n### END SOLUTION"
    nbformat.write(notebook, folder.parent / "source" / "toy.ipynb")
    with pytest.raises(RuntimeError, match="the solution of q1 in toy must earn all points; got 0 of 3"):
        grade_all()


def test_untrusted_work_is_not_graded_without_a_sandbox(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "why_unavailable", lambda: "bubblewrap is not installed")
    said = grade.main([str(tmp_path)])
    assert "bubblewrap is not installed" in said and "UNSAFE=1" in said
    assert not Path(f"{tmp_path}_graded").exists()


def test_the_folder_must_exist(tmp_path):
    assert "must be a folder" in grade.main([str(tmp_path / "nowhere")])
