"""Runs in the kernel of the learner: inputs become arguments, results plain data.

`defined`, the learner's names, and the paths `question` and `answers` are given
by `inside.py`. A result is a number, a text, None, or lists and dictionaries of
them; whatever else an answer returns is named as such. Of an error only the type
is told: its text could repeat the inputs.
"""

import json
from pathlib import Path

from prevlib.exercises.base import OutOfTime, time_limit


def build(value):
    """Undo `encode` of `score.py`."""
    if isinstance(value, list):
        return [build(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value["kind"]
    if kind == "tuple":
        return tuple(build(item) for item in value["items"])
    if kind == "dict":
        return {build(key): build(item) for key, item in value["items"]}
    if kind == "array":
        import numpy as np

        return np.array(value["items"], dtype=value["dtype"])
    import torch

    if kind == "generator":
        return torch.Generator().manual_seed(value["seed"])
    return torch.tensor(value["items"], dtype=getattr(torch, value["dtype"]))


def plain(value):
    """Numbers, texts, None, and lists and dictionaries of them."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value).__module__ in ("numpy", "torch") and hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {"kind": "dict", "items": [[plain(k), plain(v)] for k, v in value.items()]}
    raise TypeError


def answer_of(answer, arguments, seconds):
    """One result, or the name of what went wrong."""
    try:
        if arguments is not None:
            arguments = build(arguments)
            with time_limit(seconds):
                answer = answer(*arguments)
    except OutOfTime:
        return {"error": "OutOfTime"}
    except BaseException as error:
        return {"error": type(error).__name__}
    try:
        return {"value": plain(answer)}
    except BaseException:
        return {"error": "NotPlain"}


def ask(defined, question):
    if question["name"] not in defined:
        return {"error": "NameError"}
    answer = defined[question["name"]]
    return [answer_of(answer, inputs, question["seconds"]) for inputs in question["inputs"]]


if "defined" in globals():
    _question = json.loads(Path(globals()["question"]).read_text())
    _found = ask(globals()["defined"], _question)
    Path(globals()["answers"]).write_text(json.dumps(_found))
