"""Compare what an answer returned with what it should have: plain data on both sides.

A question is asked by calling the learner's function on inputs that are in no
notebook. What comes back is JSON, so an object that claims to equal everything,
an assertion that was deleted or a patched comparison have nothing to act on.
The values that are expected come from the solved notebook, asked in the same
way; they never enter a learner's sandbox.

A case is a set of inputs with one reason. The first case of a question is the
plain one: without it, nothing else counts, so that an answer which is right by
accident (always 0, say) earns nothing.
"""

import builtins
import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOLERANCE = 1e-4
NOT_ATTEMPTED = "not attempted"


@dataclass(frozen=True)
class Case:
    """Inputs that must all be answered rightly, for some of the points.

    Args:
        points: What they are worth.
        why: What a learner reads if they are not: the property that is violated,
            without inputs and without values.
        inputs: Tuples of arguments; or None, if the answer is a value.
        judge: For answers that may be right in many ways: gets the inputs as they
            are and the list of what was returned, and says if that is right.
            Without it, answers must agree with those of the solved notebook.
    """

    points: float
    why: str
    inputs: Sequence[tuple] | None = None
    judge: Callable[[Sequence[tuple], list], bool] | None = None
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class Question:
    """A name that the learner defines, and the cases that it must meet."""

    id: str  # the grade_id of the cell with the answer; "<id>_check" is graded
    name: str
    cases: Sequence[Case]

    @property
    def points(self) -> float:
        return sum(case.points for case in self.cases)

    def message(self, seconds: float) -> dict:
        """What is sent into the sandbox."""
        inputs = [x for case in self.cases for x in case.inputs or [None]]
        return {
            "id": self.id,
            "name": self.name,
            "seconds": seconds,
            "inputs": [encode(arguments) for arguments in inputs],
        }


@dataclass(frozen=True)
class Score:
    """Points of one question, and the reasons for those that are missing."""

    points: float
    out_of: float
    reasons: list[str] = field(default_factory=list)


def load_questions(path: Path) -> list[Question]:
    """`QUESTIONS` of a file that stands beside a solved notebook."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.QUESTIONS


def encode(value: Any) -> Any:
    """Arguments as JSON; `ask.py` turns them back."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"kind": "tuple", "items": [encode(item) for item in value]}
    if isinstance(value, dict):
        items = [[encode(key), encode(item)] for key, item in value.items()]
        return {"kind": "dict", "items": items}
    kind = {"ndarray": "array", "Tensor": "tensor", "Generator": "generator"}[type(value).__name__]
    if kind == "generator":
        return {"kind": kind, "seed": value.initial_seed()}
    dtype = str(value.dtype).removeprefix("torch.")
    return {"kind": kind, "items": value.tolist(), "dtype": dtype}


def agrees(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Equality of plain data: numbers within a tolerance, everything else by type and value."""
    if isinstance(expected, list):
        same_form = type(found) is list and len(found) == len(expected)
        return same_form and all(agrees(f, e, tolerance) for f, e in zip(found, expected, strict=True))
    if isinstance(expected, dict):
        return (
            type(found) is dict
            and found.keys() == expected.keys()
            and all(agrees(found[key], expected[key], tolerance) for key in expected)
        )
    if type(expected) is float:
        if type(found) not in (int, float):
            return False
        if not math.isfinite(expected):
            return found == expected or (found != found and expected != expected)
        return abs(found - expected) <= tolerance * max(1.0, abs(expected))
    if type(expected) is int and type(found) is float:
        return found == expected
    return type(found) is type(expected) and found == expected


def trouble(answer: dict) -> str | None:
    """What went wrong in a call, in our words; None if a value came back."""
    error = answer.get("error")
    if error is None and "value" in answer:
        return None
    if error == "NotImplementedError":
        return NOT_ATTEMPTED
    if error == "OutOfTime":
        return "it does not come to an end"
    if error == "NotPlain":
        return "it returns something else than numbers, texts, lists or arrays"
    # A learner can name an exception after what it has seen, so only known names are shown.
    known = isinstance(error, str) and isinstance(getattr(builtins, error, None), type)
    return f"it raises {error}" if known else "it raises an error"


def score(question: Question, answers: Any, expected: list) -> Score:
    """Points for the answers to one question.

    Args:
        question: What was asked.
        answers: What came out of the sandbox: anything.
        expected: What came out for the solved notebook.
    """
    if answers == {"error": "NameError"}:
        return Score(0, question.points, [f"{NOT_ATTEMPTED}: `{question.name}` is not defined"])
    known = isinstance(answers, list) and all(isinstance(answer, dict) for answer in answers)
    if not known or len(answers) != len(expected):
        return Score(0, question.points, ["there was no answer"])
    points, reasons, start = 0.0, [], 0
    for case in question.cases:
        here = slice(start, start := start + len(case.inputs or [None]))
        reason = judged(case, answers[here], expected[here])
        if reason is None:
            points += case.points
            continue
        reasons.append(reason)
        if case is question.cases[0]:
            if len(question.cases) > 1 and reason != NOT_ATTEMPTED:
                reasons.append("more is looked at once this is right")
            break
    return Score(points, question.points, reasons)


def judged(case: Case, answers: list[dict], expected: list[dict]) -> str | None:
    """Why a case is not met; None if it is."""
    for answer in answers:
        problem = trouble(answer)
        if problem == NOT_ATTEMPTED:
            return problem
        if problem:
            return f"{case.why} ({problem})"
    found = [answer["value"] for answer in answers]
    wanted = [answer.get("value") for answer in expected]
    try:
        if case.judge is None:
            right = agrees(found, wanted, case.tolerance)
        else:
            right = case.judge(case.inputs, found)
    except Exception:  # data of a form or a size that nobody could expect
        right = False
    return None if right is True else case.why
