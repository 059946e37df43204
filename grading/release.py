"""Make the learners' notebooks from the solved ones, and make submissions whole.

    python -m grading release source release

nbgrader's own steps are used as a library, without its database: solutions and
hidden tests are cut out, outputs cleared, cells locked and their checksums
stored, so that JupyterLab's Validate button and any nbgrader pipeline work.
"""

import argparse
import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from nbgrader.utils import is_grade, is_locked, is_solution

STEPS = (LockCells, ClearSolutions, ClearHiddenTests, ClearOutput, CheckCellMetadata, ComputeChecksums)


def release(solved: NotebookNode) -> NotebookNode:
    """The notebook that learners get."""
    notebook = copy.deepcopy(solved)
    for step in STEPS:
        notebook, _ = step().preprocess(notebook, {})
    return notebook


def grade_id(cell: NotebookNode) -> str | None:
    """The nbgrader id of a cell, whatever a learner made of its metadata."""
    metadata = cell.metadata.get("nbgrader")
    found = metadata.get("grade_id") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else None


def restore(submitted: NotebookNode, released: NotebookNode) -> NotebookNode:
    """The submission, with every locked cell as it was released, and none missing.

    Cells of the learner stay where they are. A locked cell that is gone comes back
    after the cell that it followed; one that was edited is overwritten.

    Raises:
        Exception: If it has not the form of a notebook, from wherever that shows.
    """
    locked = {grade_id(cell): cell for cell in released.cells if is_locked(cell)}
    cells, seen = [], set()
    for cell in copy.deepcopy(submitted.cells):
        name = grade_id(cell)
        if name in seen:
            cell.metadata.pop("nbgrader")  # a copy: it runs, as a cell like any other
        elif name in locked:
            cell = copy.deepcopy(locked[name])
        seen |= {name} - {None}
        cells.append(cell)
    place = 0
    for cell in released.cells:
        name = grade_id(cell)
        if name is None:
            continue
        here = [i for i, other in enumerate(cells) if grade_id(other) == name]
        if here:
            place = here[0] + 1
        elif name in locked:
            cells.insert(place, copy.deepcopy(cell))
            place += 1
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.validate(notebook)
    return notebook


def written_answers(submitted: NotebookNode, released: NotebookNode) -> dict[str, str | None]:
    """The text of each answer that a person must read; None if it is as it was released."""
    answers = {}
    for cell in released.cells:
        if is_grade(cell) and is_solution(cell):
            name = grade_id(cell)
            texts = [c.source for c in submitted.cells if grade_id(c) == name]
            unchanged = not texts or texts[0].strip() in ("", cell.source.strip())
            answers[name] = None if unchanged else texts[0]
    return answers


def points(released: NotebookNode) -> dict[str, float]:
    """Points of each graded cell."""
    return {grade_id(c): float(c.metadata.nbgrader.points) for c in released.cells if is_grade(c)}


def main(given: list[str]) -> None:
    parser = argparse.ArgumentParser("python -m grading release", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="solved notebooks")
    parser.add_argument("target", type=Path, help="where the learners' notebooks go")
    chosen = parser.parse_args(given)
    chosen.target.mkdir(parents=True, exist_ok=True)
    for path in sorted(chosen.source.glob("*.ipynb")):
        solved = nbformat.read(path, as_version=4)
        nbformat.write(release(solved), chosen.target / path.name)
        print(chosen.target / path.name)
