"""Exercises that answer: *correct*, *not yet, because ...*, or *not attempted*.

An exercise is a function that solves it, marked by ``@exercise``, with hints and a judge::

    @exercise(minutes=5, hints=["Which denominator?"])
    def precision(y_true, y_pred):
        ...  # the solution

    @precision.judge
    def _(answer):
        require(close(call(answer, [1, 0], [1, 1]), 0.5), "of two marked, one is right")

A judge asks for properties and for small cases that can be counted by hand. It never shows the expected
answer: a reason says which property is violated. An answer that raises, loops, asks with ``input()``, returns
the wrong type, changes its input or claims to equal everything is not right yet, and not the end of the
notebook. A verdict is shown with buttons for a hint and for the solution. What was tried is written down by
``progress``.

Left out: marks and grades, which are the business of ``grading``, and the typical wrong answers that a judge
must reject, which stand in ``tests/exercises/wrong``.
"""

import ast
import builtins
import copy
import dis
import html
import inspect
import re
import signal
import threading
import time
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from prevlib.exercises import progress
from prevlib.texts import say

SECONDS = 0.8  # that one call of an answer may take
NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)


class Words(str):
    """Text that a notebook shows as Markdown, and a terminal as lines instead of as one quoted string."""

    def __repr__(self) -> str:
        return str(self)

    _repr_markdown_ = __repr__


class Source(Words):
    """A program, to be shown highlighted."""

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}\n```"


@dataclass(frozen=True)
class Verdict:
    """What a check says. True only if the answer is correct."""

    status: str  # "correct", "not yet" or "not attempted"
    reason: str = ""
    exercise: Any = field(default=None, repr=False, compare=False)
    unsaved: str = field(default="", compare=False)  # why the attempt could not be written down

    def __bool__(self) -> bool:
        return self.status == "correct"

    def __str__(self) -> str:
        status = say(self.status)
        because = say("{status}, because {reason}", status=status, reason=self.reason)
        return because if self.status == "not yet" else status

    def __repr__(self) -> str:
        hint = say("A hint: `{exercise}.hint()`.", exercise=self.exercise)
        shown = hint if self.exercise and self.status == "not yet" else ""
        return "\n".join(filter(None, [str(self), shown, self.unsaved]))

    def _repr_html_(self) -> str:
        sign, color = {"correct": ("✓", "#009E73"), "not yet": ("→", "#D55E00")}.get(
            self.status, ("○", "#767676")
        )
        words = html.escape(repr(self)).replace("\n", "<br>")
        words = re.sub("`([^`]+)`", r"<code>\1</code>", words)
        status = html.escape(say(self.status))
        words = words.replace(status, f"<b>{sign} {status}</b>", 1)
        return f'<div style="border-left: 4px solid {color}; padding: 0.2em 0.8em">{words}</div>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        shown = {"text/plain": repr(self), "text/html": self._repr_html_()}
        try:
            from prevlib.exercises.buttons import with_buttons
        except ImportError:  # ipywidgets belongs to the extra "lab"
            return shown
        return {**with_buttons(self.exercise, shown["text/html"]), **shown} if self.exercise else shown


class NotYet(Exception):
    """Raised by a judge; its text, a template with its fields, is the reason that the learner reads."""

    def __init__(self, reason: str, **fields: Any):
        super().__init__(say(reason, **fields))


def require(condition: bool, reason: str, **fields: Any) -> None:
    """Go on if ``condition`` is True itself, not merely something that claims to be.

    Args:
        condition: What must hold.
        reason: What is said otherwise, a template for ``say``.
        fields: Of the template.
    """
    if condition is not True and not (isinstance(condition, np.bool_) and condition):
        raise NotYet(reason, **fields)


def call(answer: Callable, *args: Any, **options: Any) -> Any:
    """The answer's result for copies of the arguments, within ``SECONDS``.

    Raises:
        NotYet: If it raises, takes too long, returns None, or changes its arguments.
    """
    require(callable(answer), "a function was expected, and {kind} is none", kind=_kind(answer))
    given, named = copy.deepcopy(args), copy.deepcopy(options)
    started = time.monotonic()
    try:
        with time_limit(SECONDS), _nobody_types():
            result = answer(*given, **named)
    except NotYet:
        raise
    except OutOfTime:
        result = None
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise NotYet("your function raised {error}", error=said) from error
    late = "your function did not end within {seconds} seconds: is there a loop that never stops?"
    require(time.monotonic() - started <= SECONDS, late, seconds=SECONDS)
    require(result is not None, "your function returned None: is `return` missing?")
    unchanged = same((given, named), (args, options))
    require(unchanged, "your function changed what was passed to it: work on a copy")
    return result


def number(value: Any) -> float:
    """``value`` as a float, if it is a single number of Python, NumPy or torch."""
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()  # NumPy has no bfloat16
    if type(value) is np.ndarray and value.size == 1:
        value = value.reshape(())[()]
    one = type(value) in NUMBERS or isinstance(value, np.integer | np.floating)
    require(one, "one number was expected, got {kind}", kind=_kind(value))
    try:
        return float(value)
    except OverflowError:
        raise NotYet("one number was expected, got one beyond all bounds") from None


def array(value: Any, shape: Sequence[int] | None = None) -> np.ndarray:
    """``value`` as an array of floats, if it is made of numbers and has ``shape``."""
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()  # NumPy has no bfloat16
    sequence = isinstance(value, np.ndarray | list | tuple)
    require(sequence, "numbers were expected, got {kind}", kind=_kind(value))
    try:
        value = np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise NotYet("numbers were expected, got something else among them") from None
    if shape is not None:
        fits, reason = value.shape == tuple(shape), "the shape must be {shape}, got {got}"
        require(fits, reason, shape=tuple(shape), got=value.shape)
    return value


def close(value: Any, expected: float, *, atol: float = 1e-6) -> bool:
    """Whether ``value`` is a number within ``atol`` of ``expected``."""
    return bool(abs(number(value) - expected) <= atol)


def same(first: Any, second: Any) -> bool:
    """Equality that looks inside containers and arrays."""
    if type(first) is not type(second):
        return False
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if hasattr(first, "shape"):
        if first.shape != second.shape:
            return False
        return bool(((first == second) | ((first != first) & (second != second))).all())
    if isinstance(first, int | float | str | bytes | type(None)):
        return first == second
    return True  # models, tokenizers and the like are not compared


@dataclass(repr=False)
class Exercise:
    """One exercise: ``check(answer)``, ``hint()`` and ``solution()``."""

    name: str
    solve: Callable
    minutes: int
    hints: tuple[str, ...]
    value: bool  # the answer is a value, not a function
    _judge: Callable[[Any], None] | None = None
    _attempted: bool = False
    _hints_given: int = 0

    def __str__(self) -> str:
        return f"exercises.{self.name}"

    def __repr__(self) -> str:
        ways = "`{this}.check(your_answer)`, `{this}.hint()`, and after a try `{this}.solution()`"
        template = "{name}, an exercise of {minutes} minutes: " + ways
        return say(template, name=self.name, minutes=self.minutes, this=self)

    def judge(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        """Decorator: the function that raises ``NotYet`` unless the answer is right."""
        self._judge = function
        return function

    def check(self, answer: Any = None) -> Verdict:
        """Judge an answer.

        Args:
            answer: A function, or a value, as the exercise asks; None, or a function without a body, is an
                exercise that is not attempted.
        """
        status, why, unsaved = "correct", "", ""
        try:
            if answer is None or is_stub(answer):
                return Verdict("not attempted", exercise=self)
            with np.errstate(all="ignore"):
                self._judge(answer)
        except NotYet as reason:
            status, why = "not yet", str(reason)
        except (Exception, SystemExit, OutOfTime) as error:  # of an answer that lies about what it is
            status = "not yet"
            why = say("comparing your answer raised {error}", error=type(error).__name__)
        self._attempted = True
        try:
            progress.record(self.key, solved=status == "correct")
        except OSError as error:
            reason = error.strerror or error
            unsaved = say("This attempt could not be written down: {reason}.", reason=reason)
        return Verdict(status, why, self, unsaved)

    def hint(self) -> str:
        """The next hint; the last one again when there are no more."""
        given = min(self._hints_given, len(self.hints) - 1)
        self._hints_given = given + 1
        hint, total = say(self.hints[given]), len(self.hints)
        return Words(say("Hint {n} of {total}: {hint}", n=given + 1, total=total, hint=hint))

    def solution(self) -> str:
        """The source of the solution, once an answer was checked, also before a restart."""
        if not self.attempted:
            return Words(say("Try first: the solution is shown after `check` has seen an answer of yours."))
        return source(self.solve)

    @property
    def key(self) -> str:
        """Name of its file and its own, as in ``tokens.first_merge``."""
        return f"{self.solve.__module__.rpartition('.')[2]}.{self.name}"

    @property
    def attempted(self) -> bool:
        """Whether an answer was checked, now or in another session of this workspace."""
        return self._attempted or progress.tried(self.key)

    @property
    def answer(self) -> Any:
        """What ``check`` accepts: the solution, or its value."""
        return self.solve() if self.value else self.solve


def source(solve: Callable) -> Source:
    """A solution without its decorator, below the imports and constants of its file that it needs."""
    lines, file = inspect.getsource(solve).splitlines(), inspect.getsource(inspect.getmodule(solve))
    function = "\n".join(lines[next(i for i, line in enumerate(lines) if line.startswith("def ")) :])
    names = {node.id for node in ast.walk(ast.parse(function)) if isinstance(node, ast.Name)}
    needed = []
    for node in reversed(ast.parse(file).body):  # what stands higher may be needed by what stands lower
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if (alias.asname or alias.name) in names]
        elif names.isdisjoint(re.findall(r"\w+", ast.unparse(getattr(node, "targets", [])[:1]))):
            continue
        names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        needed += [ast.unparse(node)] if getattr(node, "names", True) else []
    return Source("\n".join([*needed[::-1], "", function]).lstrip())


def exercise(*, minutes: int, hints: Sequence[str], value: bool = False) -> Callable[[Callable], Exercise]:
    """Decorator that makes an exercise of its solution.

    Args:
        minutes: What a learner needs.
        hints: One to three, from a nudge to almost everything.
        value: The solution takes no arguments, and the answer is what it returns.
    """

    def make(solve: Callable) -> Exercise:
        module = inspect.getmodule(solve)  # of which completion then offers the exercises only
        module.__dir__ = lambda: [n for n, o in vars(module).items() if isinstance(o, Exercise)]
        return Exercise(solve.__name__, solve, minutes, tuple(hints), value)

    return make


def is_stub(answer: Any) -> bool:
    """Whether a function does nothing: its body is ``pass``, ``...`` or ``return None``."""
    if not isinstance(answer, types.FunctionType):
        return False
    steps = [step for step in dis.get_instructions(answer) if step.opname not in ("RESUME", "NOP")]
    names = [(step.opname, step.argval) for step in steps]
    return names in ([("LOAD_CONST", None), ("RETURN_VALUE", None)], [("RETURN_CONST", None)])


class OutOfTime(BaseException):
    """Not an Exception, so that an answer that catches those is stopped, too."""


@contextmanager
def time_limit(seconds: float):
    """Raise OutOfTime after ``seconds``; outside the main thread, and on Windows, there is no limit."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)  # again and again, for an answer that swallows it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _nobody_types():
    """Answer ``input()`` with a reason: in a cell that is being judged it would wait for ever."""

    def refuse(*_: Any) -> None:
        raise NotYet("your function asks with `input()`: use its arguments instead")

    before, builtins.input = builtins.input, refuse
    try:
        yield
    finally:
        builtins.input = before


def _kind(value: Any) -> str:
    name = type(value).__name__
    return say("an {name}", name=name) if name[0] in "aeiouAEIOU" else say("a {name}", name=name)
