"""Learners' notebooks hold no solution, and submissions are made whole before they run."""

import ast
import copy
import io

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import is_grade, is_solution
from nbgrader.validator import Validator

from grading import __main__ as commands
from grading import release as script
from grading.assignment import SOURCE
from grading.release import grade_id, points, release, restore, written_answers
from grading.score import load_questions

PATHS = sorted(SOURCE.glob("*.ipynb"))
MARKS = [("### BEGIN SOLUTION", "### END SOLUTION"), ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")]


@pytest.fixture(params=PATHS, ids=[path.stem for path in PATHS])
def path(request):
    return request.param


@pytest.fixture
def solved(path):
    return nbformat.read(path, as_version=4)


def secret_and_public_lines(notebook):
    """Lines between the marks, and all others."""
    secret, public = [], []
    for cell in notebook.cells:
        until = None
        for line in map(str.strip, cell.source.splitlines()):
            if until is None:
                until = dict(MARKS).get(line)
                public += [line] if until is None else []
            elif line == until:
                until = None
            else:
                secret.append(line)
    return secret, public


def test_there_are_four_of_two_hours_and_twenty_points():
    assert [path.stem[:2] for path in PATHS] == ["a1", "a2", "a3", "a4"]
    for path in PATHS:
        notebook = nbformat.read(path, as_version=4)
        assert "20 points · about two hours" in notebook.cells[0].source
        assert sum(points(notebook).values()) == 20


def test_nothing_between_the_marks_is_left(solved):
    secret, public = secret_and_public_lines(solved)
    assert len(secret) > 20
    released = release(solved)
    text = "\n".join(cell.source for cell in released.cells)
    for mark in ("SOLUTION", "HIDDEN"):
        assert mark not in text
    for line in secret:
        assert len(line) < 4 or line in public or line not in text, line
    assert not any(cell.get("outputs") for cell in released.cells)
    assert not any(cell.get("execution_count") for cell in released.cells)


def test_a_solution_that_is_left_would_be_noticed(solved):
    secret, public = secret_and_public_lines(solved)
    assert sum(len(line) >= 4 and line not in public for line in secret) > 20


def test_it_is_a_notebook_of_nbgrader(solved):
    for notebook in (solved, release(solved)):
        MetadataValidator().validate_nb(notebook)
        nbformat.validate(notebook)


def test_learners_find_a_place_for_each_answer_and_locked_checks(solved):
    for cell in release(solved).cells:
        if is_solution(cell):
            stub = "YOUR ANSWER HERE" if cell.cell_type == "markdown" else "# YOUR CODE HERE"
            assert stub in cell.source
            assert cell.metadata.get("editable", True)
        elif is_grade(cell):
            assert cell.metadata["editable"] is cell.metadata["deletable"] is False
            assert len(cell.source.splitlines()) >= 3, "no visible check"


def test_questions_cells_and_points_belong_together(path, solved):
    questions = {question.id: question for question in load_questions(path.with_suffix(".py"))}
    ids = {grade_id(cell) for cell in solved.cells} - {None}
    worth = points(solved)
    by_hand = written_answers(solved, solved).keys()
    assert worth.keys() == {f"{name}_check" for name in questions} | by_hand
    for name, question in questions.items():
        assert name in ids
        assert question.points == worth[f"{name}_check"]
    for cell in solved.cells:
        if grade_id(cell) in questions:
            assert questions[grade_id(cell)].name in cell.source


def test_headings_say_the_points(solved):
    said = [cell.source.splitlines()[0] for cell in solved.cells if cell.source.startswith("## ")]
    said = [float(line.split("(")[1].split(" points")[0]) for line in said if "points" in line]
    assert said == list(points(solved).values())


def test_the_solved_notebook_was_run_in_order_without_an_error(solved):
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for output in (output for cell in code for output in cell.outputs):
        assert output.output_type == "stream" and output.name == "stdout"


def test_text_is_short_and_imports_stand_first(solved):
    texts = [cell.source for cell in solved.cells if cell.cell_type == "markdown" and not is_solution(cell)]
    for text in texts[1:]:
        assert sum(len(line.split()) for line in text.splitlines() if line[:1] not in "|$") <= 90
    assert max(len(line) for text in texts for line in text.splitlines()) <= 80
    first, *others = [cell for cell in solved.cells if cell.cell_type == "code"]
    assert grade_id(first) == "setup"
    for cell in others:
        assert not any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(ast.parse(cell.source)))


def test_the_command_writes_all_of_them(tmp_path, capsys):
    script.main([str(SOURCE), str(tmp_path / "release")])
    assert [p.name for p in sorted((tmp_path / "release").glob("*"))] == [p.name for p in PATHS]
    assert len(capsys.readouterr().out.splitlines()) == len(PATHS)


def test_the_package_has_two_commands(tmp_path):
    assert (
        commands.main([]) == commands.main(["mark"]) == "usage: python -m grading {release,grade} [options]"
    )
    assert commands.main(["release", str(SOURCE), str(tmp_path / "release")]) is None
    assert len(list((tmp_path / "release").iterdir())) == len(PATHS)
    assert "must be a folder" in commands.main(["grade", str(tmp_path / "nowhere")])


def validated(notebook, folder):
    """What the Validate button of JupyterLab says."""
    nbformat.write(notebook, folder / "a.ipynb")
    validator = Validator()
    validator.stream = io.StringIO()
    validator.validate_and_print(str(folder / "a.ipynb"))
    return validator.stream.getvalue()


@pytest.mark.filterwarnings("ignore")  # of kernels and databases that the button starts
def test_the_validate_button_tells_a_solved_notebook_from_an_empty_one(tmp_path):
    solved = nbformat.read(SOURCE / "a2_metrics.ipynb", as_version=4)
    released = release(solved)
    said = validated(released, tmp_path)
    assert "VALIDATION FAILED ON 6 CELL(S)" in said and "CHANGED" not in said
    filled = copy.deepcopy(released)
    for cell, right in zip(filled.cells, solved.cells, strict=True):
        cell.source = right.source if is_solution(cell) else cell.source
    assert "Success" in validated(filled, tmp_path)
    filled.cells[-2].source += "\n# edited"
    assert "HAVE CHANGED" in validated(filled, tmp_path)


@pytest.fixture
def released():
    return release(nbformat.read(SOURCE / "a2_metrics.ipynb", as_version=4))


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_an_untouched_notebook_stays_as_it_is(released):
    assert sources(restore(released, released)) == sources(released)


def test_deleted_and_edited_locked_cells_come_back_at_their_places(released):
    changed = copy.deepcopy(released)
    changed.cells = [
        cell for cell in changed.cells if grade_id(cell) not in ("setup", "q3_check", "q4_check")
    ]
    for cell in changed.cells:
        if grade_id(cell) == "q2_check":
            cell.source, cell.cell_type = "print('passed')", "markdown"
            del cell["outputs"], cell["execution_count"]
    whole = restore(changed, released)
    code = [cell.source for cell in released.cells if cell.cell_type == "code"]
    assert [cell.source for cell in whole.cells if cell.cell_type == "code"] == code


def test_cells_of_the_learner_stay(released):
    changed = copy.deepcopy(released)
    changed.cells.insert(4, nbformat.v4.new_code_cell("helper = 1"))
    assert sources(restore(changed, released)) == sources(changed)


def test_a_missing_answer_does_not_come_back(released):
    """It may stand in a cell of the learner's, and the stub must not replace it."""
    changed = copy.deepcopy(released)
    [answer] = [cell for cell in changed.cells if grade_id(cell) == "q2"]
    answer.metadata.clear()
    answer.source = "def f_beta_of_classes(matrix, beta): ..."
    assert sources(restore(changed, released)) == sources(changed)


def test_a_copy_of_a_locked_cell_is_a_cell_like_any_other(released):
    changed = copy.deepcopy(released)
    twice = copy.deepcopy(changed.cells[-2])
    twice.source = "mine"
    changed.cells.append(twice)
    whole = restore(changed, released)
    assert whole.cells[-1].source == "mine" and grade_id(whole.cells[-1]) is None


@pytest.mark.parametrize("metadata", [3, [], {"grade_id": 7}, {"grade_id": None}, {}])
def test_odd_metadata_does_no_harm(released, metadata):
    changed = copy.deepcopy(released)
    for cell in changed.cells:
        if grade_id(cell) == "q2_check":
            cell.metadata["nbgrader"] = metadata
    assert len(restore(changed, released).cells) == len(released.cells) + 1


def test_an_answer_in_prose_is_read_only_if_somebody_wrote_one():
    solved = nbformat.read(SOURCE / "a4_evaluate_and_choose.ipynb", as_version=4)
    released = release(solved)
    assert written_answers(released, released) == {"q6": None}
    assert "frozen features" in written_answers(solved, released)["q6"]
    solved.cells = [cell for cell in solved.cells if grade_id(cell) != "q6"]
    assert written_answers(solved, released) == {"q6": None}
