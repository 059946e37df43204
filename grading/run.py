"""Run one notebook and ask it all questions, in as many sandboxes as that takes.

A cell that takes too long, takes too much memory or kills its kernel costs what
it answers, not the rest: a new sandbox runs the notebook without it. The same
holds for a question. Answers that came before are kept.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grading.sandbox import Limits, Sandbox, Stopped
from grading.score import Question

WHY_LOST = {"time": "it took too long", "memory": "it took too much memory", "died": "it ended the kernel"}
ERROR_LENGTH = 400


@dataclass
class Run:
    """What came out; none of it is to be trusted, all of it is plain data."""

    answers: dict[str, Any] = field(default_factory=dict)  # question id -> what `ask.py` found
    errors: dict[int, str] = field(default_factory=dict)  # cell number -> what it raised
    lost_cells: dict[int, str] = field(default_factory=dict)  # cell number -> why it was left out
    lost_questions: dict[str, str] = field(default_factory=dict)
    failure: str | None = None  # why there is nothing to ask


def run(notebook: dict, questions: Sequence[Question], limits: Limits, *, trusted: bool = False) -> Run:
    """Run a notebook and ask the questions that it can answer.

    Args:
        notebook: Its cells run in order; those that raise do not stop it.
        questions: They are sent in only after the notebook was run, and what it printed was kept.
        limits: What it may use.
        trusted: Without a sandbox. Only for work that you have read.
    """
    result, waiting = Run(), {question.id: question for question in questions}
    end = time.monotonic() + limits.total_seconds
    while waiting and result.failure is None:
        at = None
        try:
            with Sandbox(limits, trusted=trusted) as sandbox:
                sandbox.send(_order(notebook, result.lost_cells, limits, trusted))
                executed = False
                for message in sandbox.messages(end - time.monotonic()):
                    at = message.get("cell", message.get("question", at))
                    if "executed" in message and not executed:
                        executed, at = True, None
                        result.errors = _errors(message["executed"], len(notebook["cells"]))
                        sandbox.send(*(q.message(limits.answer_seconds) for q in waiting.values()))
                    elif "lost" in message:
                        raise Stopped(WHY_LOST.get(str(message["lost"]), "it ended early"))
                    elif str(message.get("answered")) in waiting:
                        del waiting[message["answered"]]
                        result.answers[message["answered"]] = message.get("answers")
                        if not waiting:
                            break
        except Stopped as reason:
            if type(at) is int and 0 <= at < len(notebook["cells"]) and at not in result.lost_cells:
                result.lost_cells[at] = str(reason)
            elif isinstance(at, str) and at in waiting:
                del waiting[at]
                result.lost_questions[at] = str(reason)
            else:
                result.failure = str(reason)
            if time.monotonic() > end:
                result.failure = "the notebook as a whole took too long"
    return result


def _order(notebook, skip, limits, trusted):
    return {
        "notebook": notebook,
        "skip": list(skip),
        "cell_seconds": limits.cell_seconds,
        "limits": {
            "memory_mb": limits.memory_mb,
            # Without a sandbox, all processes of the user would be counted.
            "processes": None if trusted else limits.processes,
            "seconds": round(limits.total_seconds),
        },
    }


def _errors(executed: Any, n_cells: int) -> dict[int, str]:
    """The last line of what each cell raised, if the notebook has the form of one."""
    errors = {}
    try:
        for index, cell in enumerate(executed["cells"][:n_cells]):
            for output in cell.get("outputs", []):
                if output.get("output_type") == "error":
                    errors[index] = f"{output['ename']}: {output['evalue']}"[:ERROR_LENGTH]
    except (AttributeError, KeyError, TypeError):
        return {}
    return errors
