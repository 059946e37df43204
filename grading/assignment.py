"""One assignment, and the grading of one submission to it.

An assignment is two files of one name in `notebooks/assignments/source/`: the
solved notebook, which becomes the learners' notebook and gives the values that are
expected, and a Python file with the questions that are asked of both.
"""

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from grading.release import grade_id, points, release, restore, written_answers
from grading.run import Run, run
from grading.sandbox import Limits
from grading.score import Question, load_questions, score

HERE = Path(__file__).parent
SOURCE = HERE.parent / "notebooks" / "assignments" / "source"
SUBMISSION_BYTES = 20 << 20


@dataclass(frozen=True)
class Assignment:
    """A solved notebook, what learners get, and the questions."""

    name: str
    solved: nbformat.NotebookNode
    released: nbformat.NotebookNode
    questions: list[Question]
    version: str  # of all that decides on points


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def load_assignment(path: Path, limits: Limits) -> Assignment:
    """The assignment of a solved notebook."""
    solved, beside = nbformat.read(path, as_version=4), path.with_suffix(".py")
    files = [path, beside, *sorted(HERE.glob("*.py"))]
    version = digest(repr(limits).encode(), *(file.read_bytes() for file in files))
    return Assignment(path.stem, solved, release(solved), load_questions(beside), version)


def expected_answers(assignment: Assignment, limits: Limits, *, trusted: bool = False) -> dict[str, list]:
    """What the solved notebook answers, if it runs without an error and earns all points.

    Raises:
        RuntimeError: If it does not.
    """
    found = run(assignment.solved, assignment.questions, limits, trusted=trusted)
    if found.errors:
        raise RuntimeError(f"{assignment.name} must run without an error; got {found.errors}")
    for question in assignment.questions:
        answers = found.answers.get(question.id)
        got = score(question, answers, answers or [])
        if got.points != question.points:
            why = found.failure or found.lost_cells or found.lost_questions or got.reasons
            raise RuntimeError(
                f"the solution of {question.id} in {assignment.name} must earn all points; "
                f"got {got.points:g} of {question.points:g}: {why}"
            )
    return found.answers


def grade(
    path: Path, assignment: Assignment, expected: dict, limits: Limits, *, trusted: bool = False
) -> dict:
    """Points, reasons and notes for one submission, whatever is in it."""
    found, status, texts, remarks = Run(), "graded", {}, []
    try:
        submitted = nbformat.reads(read(path), as_version=4)
        notebook = restore(submitted, assignment.released)
        texts = written_answers(submitted, assignment.released)
        found = run(notebook, assignment.questions, limits, trusted=trusted)
        remarks = notes(found, notebook)
    except Exception as error:  # one submission must not stop the others
        status = f"not graded: {type(error).__name__}: {error}"[:200]
    if found.failure and not found.answers:
        status = f"could not be run: {found.failure}"
    scores = {q.id: score(q, found.answers.get(q.id), expected[q.id]) for q in assignment.questions}
    questions = {name: asdict(found) for name, found in scores.items()}
    for name, out_of in written_points(assignment.released).items():
        missing = texts.get(name) is None
        reasons = ["not attempted" if missing else "waits for a reader"]
        questions[name] = {"points": 0.0 if missing else None, "out_of": out_of, "reasons": reasons}
    return {
        "student": path.parent.name,
        "assignment": assignment.name,
        "status": status,
        "questions": questions,
        "notes": remarks,
        "texts": {name: text for name, text in texts.items() if text is not None},
    }


def read(path: Path) -> str:
    """The text of a submission. A link could lead to a file that its author may not read."""
    if path.is_symlink():
        raise ValueError("a submission must be a file, not a link to one")
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        data = stream.read(SUBMISSION_BYTES + 1)
    if len(data) > SUBMISSION_BYTES:
        raise ValueError(f"a submission must be smaller than {SUBMISSION_BYTES >> 20} MiB")
    return data.decode("utf-8")


def written_points(released: nbformat.NotebookNode) -> dict[str, float]:
    """Points of each answer that a person must read."""
    written = written_answers(released, released)
    return {name: out_of for name, out_of in points(released).items() if name in written}


def notes(found: Run, notebook: nbformat.NotebookNode) -> list[str]:
    """What a learner should know about the run: cells that failed or were left out."""
    remarks = []
    for index, reason in found.lost_cells.items():
        remarks.append(f"{named(notebook, index)} was left out: {reason}")
    for index, error in found.errors.items():
        remarks.append(f"{named(notebook, index)} raised {error}")
    for name, reason in found.lost_questions.items():
        remarks.append(f"{name} was asked in vain: {reason}")
    return [*remarks, found.failure] if found.failure else remarks


def named(notebook: nbformat.NotebookNode, index: int) -> str:
    """How a learner finds a cell again: by its id, or by its first line."""
    cell = notebook.cells[index]
    first = next(iter(cell.source.strip().splitlines()), "")
    return f"the cell {grade_id(cell) or first[:60]}"
