"""What a learner has tried, solved and predicted, kept in one readable file of the workspace.

The file is ``progress.json`` in the folder that the environment variable ``PREVLIB_WORKSPACE`` names; without
the variable nothing is written. It is the learner's own: it can be copied or deleted, and is never sent.
Used by every check, by every prediction and by ``prevlib progress``. Left out: the answers to exercises,
which stand in the notebooks.
"""

import json
import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from prevlib.files import write_whole
from prevlib.texts import say, say_number

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

    def count(stored: dict) -> None:
        before = stored["exercises"].get(exercise, {"tried": 0, "solved": False})
        attempt = {"tried": before["tried"] + 1, "solved": before["solved"] or solved}
        stored["exercises"][exercise] = {**before, **attempt}

    _change(count)


def record_prediction(key: str, answer: str | float) -> None:
    """Keep what was predicted, if there is a workspace.

    Args:
        key: Name such as ``01.unknown``.
        answer: Takes the place of an earlier one.
    Raises:
        OSError: As for ``record``.
    """
    _change(lambda stored: stored["predictions"].__setitem__(key, answer))


def read(folder: str | Path) -> dict[str, dict]:
    """Exercise -> times tried, and whether solved.

    Args:
        folder: Workspace; one without a file has no attempts yet.
    Raises:
        ValueError: If the file is damaged.
    """
    return _stored(Path(folder) / FILE)["exercises"]


def predictions(folder: str | Path | None = None) -> dict[str, str | float]:
    """Key -> what was predicted; empty if nothing was, or if nothing can be read.

    Args:
        folder: Workspace; that of the environment variable if None.
    """
    folder = folder or os.environ.get("PREVLIB_WORKSPACE")
    try:
        return _stored(Path(folder) / FILE)["predictions"] if folder else {}
    except (OSError, ValueError):
        return {}


def _change(change: Callable[[dict], object]) -> None:
    """Read, change and write the file, while other kernels wait; what it holds besides stays in it."""
    if not (folder := os.environ.get("PREVLIB_WORKSPACE")):
        return
    file = Path(folder) / FILE
    with FileLock(file.with_name(f".{FILE}.lock"), timeout=SECONDS):
        try:
            stored = _stored(file)
        except ValueError:
            os.replace(file, file.with_name(f"damaged-{time.time_ns()}-{FILE}"))
            stored = _stored(file)
        change(stored)
        write_whole(file, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


def _stored(file: Path) -> dict[str, dict]:
    try:
        stored = {"exercises": {}, "predictions": {}, **json.loads(file.read_text(encoding="utf-8"))}
        for attempt in stored["exercises"].values():
            attempt |= {"tried": int(attempt["tried"]), "solved": attempt["solved"] is True}
        if not all(isinstance(answer, str | int | float) for answer in stored["predictions"].values()):
            raise TypeError
        return stored
    except FileNotFoundError:
        return {"exercises": {}, "predictions": {}}
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


def summary(folder: str | Path | None = None) -> str:
    """One line per lesson: how many exercises are solved, each with its mark, and how much was predicted.

    Args:
        folder: Workspace; that of the environment variable if None.
    Raises:
        ValueError: If the file is damaged.
    """
    folder = folder or os.environ.get("PREVLIB_WORKSPACE")
    if not folder:
        return say("Progress is kept in a folder of your own, which `prevlib lab` makes.")
    attempts, lines = read(folder), [say("✓ solved, → tried, ○ not attempted")]
    predicted = Counter(key.partition(".")[0] for key in predictions(folder))
    for lesson, names in exercises_of_lessons().items():
        done = [attempts.get(name, {}).get("solved") for name in names]
        listed = [f"{MARKS[d]} {name.partition('.')[2]}" for d, name in zip(done, names, strict=True)]
        lines.append(say("{lesson}  {solved} of {total}: {exercises}", lesson=lesson, total=len(names),
                         solved=done.count(True), exercises=", ".join(listed)))  # fmt: skip
        if made := predicted[lesson]:
            lines[-1] += say_number("; {n} prediction", "; {n} predictions", made)
    return "\n".join(lines)
