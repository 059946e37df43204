"""Grade a folder of submissions, STUDENT/ASSIGNMENT.ipynb, into a folder of results.

    python -m grading grade submissions [--output submissions_graded] [--trusted]

Writes `grades.csv` (one row a submission), `STUDENT/ASSIGNMENT.html` (why points
are missing) and `STUDENT/ASSIGNMENT.json` (the same as data). A submission that
cannot be run gets its row like all others. Called again, it goes on: what has not
changed since is not run again.

Answers in prose wait in `reading.csv` for somebody to fill in points; the next
call counts them.
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import fields
from pathlib import Path

from grading.assignment import SOURCE, Assignment, digest, expected_answers, grade, load_assignment
from grading.book import Book
from grading.sandbox import Limits, why_unavailable

REFUSAL = """{reason}
Without a sandbox, whatever a notebook does, it does as you. If you have read every
submission, grade them without one: make grade SUBMISSIONS={folder} UNSAFE=1"""


def options(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m grading grade", description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=Path)
    parser.add_argument("--output", type=Path, help="default: SUBMISSIONS_graded, beside it")
    parser.add_argument("--source", type=Path, default=SOURCE, help="solved notebooks and questions")
    parser.add_argument("--trusted", action="store_true", help="without a sandbox")
    parser.add_argument("--at-once", type=int, default=2, help="submissions at the same time")
    for limit in fields(Limits):
        name = "--" + limit.name.replace("_", "-")
        parser.add_argument(name, type=type(limit.default), default=limit.default)
    return parser.parse_args(given)


def submissions(folder: Path, assignments: dict[str, Assignment]) -> list[tuple[Path, list[str]]]:
    """Paths with the key of what decides on their points."""
    found = []
    for path in sorted(folder.glob("*/*.ipynb")):
        if path.stem not in assignments:
            print(f"{path} is left out: there is no assignment of that name", file=sys.stderr)
            continue
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        found.append((path, [digest(content), assignments[path.stem].version]))
    return found


def main(given: list[str]) -> int | str:
    chosen = options(given)
    folder = chosen.submissions
    if not folder.is_dir():
        return f"{folder} must be a folder that holds STUDENT/ASSIGNMENT.ipynb"
    reason = None if chosen.trusted else why_unavailable()
    if reason:
        return REFUSAL.format(reason=reason, folder=folder)
    limits = Limits(**{field.name: getattr(chosen, field.name) for field in fields(Limits)})
    assignments = {p.stem: load_assignment(p, limits) for p in sorted(chosen.source.glob("*.ipynb"))}
    book = Book(chosen.output or folder.resolve().with_name(folder.resolve().name + "_graded"))
    waiting = {}
    for path, key in submissions(folder, assignments):
        before = book.stored(path, key)
        if before is None:
            waiting[path] = key
        else:
            book.add(path, before)
    print(f"{len(book.results)} as before, {len(waiting)} to grade", flush=True)

    with ThreadPoolExecutor(chosen.at_once) as pool:
        trusted = {"trusted": chosen.trusted}
        names = {path.stem for path in waiting}
        asked = {n: pool.submit(expected_answers, assignments[n], limits, **trusted) for n in names}
        expected = {name: future.result() for name, future in asked.items()}
        started = {}
        for path in waiting:
            task = (path, assignments[path.stem], expected[path.stem], limits)
            started[pool.submit(grade, *task, **trusted)] = path
        for future in as_completed(started):
            path, result = started[future], future.result()
            # What was not graded is tried again by the next call.
            key = None if result["status"].startswith("not graded") else waiting[path]
            shown = book.add(path, result | {"key": key})
            total = f"{shown['points']:g} of {shown['out_of']:g}"
            print(f"{path}: {total} ({shown['status']})", flush=True)
    print(book.folder / "grades.csv")
    return 0
