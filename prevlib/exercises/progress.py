"""What a learner has tried and solved, kept in one readable file of the workspace.

The file is ``progress.json`` in the folder that the environment variable ``PREVLIB_WORKSPACE`` names; without
the variable nothing is written. It is the learner's own: it can be copied or deleted, and is never sent.
Used by every check and by ``prevlib progress``. Left out: the answers, which stand in the notebooks.
"""

import json
import os
import re
import time
from collections import defaultdict
from pathlib import Path

from filelock import FileLock

from prevlib.files import write_whole

FILE, SECONDS = "progress.json", 2  # that another kernel may take to write
MARKS = {True: "✓", False: "→", None: "○"}
SECOND_LESSONS = {"mean_of_tokens": "06", "warm_up": "07"}  # which begin in the middle of a file
DAMAGED = (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError)


def record(exercise: str, *, solved: bool) -> None:
    """Count an attempt, if there is a workspace; once solved, an exercise stays solved.

    Args:
        exercise: Name such as ``tokens.first_merge``.
        solved: Whether the answer was correct.
    Raises:
        OSError: If the file cannot be written, or another kernel does not let go of it.
    """
    if not (folder := os.environ.get("PREVLIB_WORKSPACE")):
        return
    file = Path(folder) / FILE
    with FileLock(file.with_name(f".{FILE}.lock"), timeout=SECONDS):
        try:
            attempts = read(folder)
        except ValueError:
            os.replace(file, file.with_name(f"damaged-{time.time_ns()}-{FILE}"))
            attempts = {}
        before = attempts.get(exercise, {"tried": 0, "solved": False})
        attempts[exercise] = {"tried": before["tried"] + 1, "solved": before["solved"] or solved}
        write_whole(file, json.dumps({"exercises": attempts}, indent=1) + "\n")


def read(folder: str | Path) -> dict[str, dict]:
    """Exercise -> times tried, and whether solved.

    Args:
        folder: Workspace; one without a file has no attempts yet.
    Raises:
        ValueError: If the file is damaged.
    """
    file = Path(folder) / FILE
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))["exercises"]
        return {name: {"tried": int(a["tried"]), "solved": a["solved"] is True} for name, a in stored.items()}
    except FileNotFoundError:
        return {}
    except DAMAGED as error:
        reason = f"{file} must be as `check` wrote it; got {type(error).__name__}. Restore or delete it."
        raise ValueError(reason) from None


def tried(exercise: str) -> bool:
    """Whether an exercise was tried in this workspace; False if there is none that can be read."""
    folder = os.environ.get("PREVLIB_WORKSPACE")
    try:
        return bool(folder) and exercise in read(folder)
    except (OSError, ValueError):
        return False


def exercises_of_lessons() -> dict[str, list[str]]:
    """Number of a lesson -> its exercises, as their files say; nothing of them is imported."""
    lessons = defaultdict(list)
    for file in Path(__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        lesson = re.search(r"\A.*?for notebook (\d\d)|$", text)[1]
        for name in re.findall(r"^@(\w+)\.judge$", text, re.MULTILINE) if lesson else []:
            lesson = SECOND_LESSONS.get(name, lesson)
            lessons[lesson].append(f"{file.stem}.{name}")
    return dict(sorted(lessons.items()))


def summary(attempts: dict[str, dict]) -> str:
    """One line per lesson: how many exercises are solved, and each with its mark.

    Args:
        attempts: What ``read`` returns.
    """
    lines = ["✓ solved, → tried, ○ not attempted"]
    for lesson, names in exercises_of_lessons().items():
        done = [attempts.get(name, {}).get("solved") for name in names]
        listed = [f"{MARKS[d]} {name.partition('.')[2]}" for d, name in zip(done, names, strict=True)]
        lines.append(f"{lesson}  {done.count(True)} of {len(names)}: {', '.join(listed)}")
    return "\n".join(lines)
