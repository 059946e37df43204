"""Predictions that a learner commits before the result is there, and that stand beside it afterwards.

A lesson asks in one cell and answers in another::

    guess = predict("01.unknown", (0, 1))  # a number from 0 to 1
    ...
    guess.compare(share)  # the last line of the cell that computes the answer

The learner commits below the first cell, or passes ``answer=`` in it. Nothing waits for an answer. What was
committed is kept by ``progress`` if there is a workspace, and in this process if there is none. Used by the
lessons. Left out: a judgement, since a prediction that was wrong is what one learns from.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prevlib.exercises import progress
from prevlib.exercises.base import NotYet, Words, number, require
from prevlib.texts import say

_committed: dict[str, str | float] = {}  # in this process


@dataclass(frozen=True, repr=False)
class Prediction:
    """One question: ``commit(answer)`` before the result, ``compare(result)`` after it."""

    key: str
    options: tuple  # the choices, two bounds, or nothing for a sentence
    problem: str = ""  # with the answer that was passed in the cell

    @property
    def answer(self) -> str | float | None:
        """What was committed, now or in another session of this workspace; None if nothing was."""
        return _committed.get(self.key, progress.predictions().get(self.key))

    def commit(self, answer: Any) -> str:
        """Keep an answer; a later one takes its place.

        Args:
            answer: One of the choices, a number within the bounds, or a sentence.
        Returns:
            Words that say what is kept, or why nothing is.
        """
        try:
            _committed[self.key] = answer = self._checked(answer)
            progress.record_prediction(self.key, answer)
        except NotYet as reason:
            return Words(say("Not kept: {reason}.", reason=reason))
        except OSError as error:
            return Words(say("Kept until the kernel stops: {reason}.", reason=error.strerror or error))
        return Words(repr(self))

    def compare(self, result: str | float) -> str | None:
        """What was predicted beside what came out; None if nothing was predicted.

        Args:
            result: The right choice, the number, or a sentence.
        """
        answer, result = self.answer, _shown(result)
        if answer is None:
            return None
        template = "You predicted {answer}. The result is {result}."
        return Words(say(template, answer=_shown(answer), result=result))

    def __repr__(self) -> str:
        if self.problem or self.answer is None:
            return self.problem or say("No prediction yet.")
        return say("Your prediction: {answer}", answer=_shown(self.answer))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        try:
            from prevlib.exercises.buttons import with_question
        except ImportError:  # ipywidgets belongs to the extra "lab"
            return {"text/plain": repr(self)}
        return {**with_question(self), "text/plain": repr(self)}

    def _checked(self, answer: Any) -> str | float:
        if self.options and not isinstance(self.options[0], str):
            (low, high), value = self.options, number(answer)
            reason = "a number from {low:,} to {high:,} was expected, got {value:,}"
            require(low <= value <= high, reason, low=low, high=high, value=value)
            return value
        require(isinstance(answer, str) and bool(answer.strip()), "words were expected")
        expected = ", ".join(map(str, self.options))
        known = not self.options or answer in self.options
        require(known, "one of these was expected: {expected}", expected=expected)
        return answer.strip()


def predict(key: str, options: Sequence = (), *, answer: Any = None) -> Prediction:
    """Ask for a prediction, below the cell.

    Args:
        key: Number of the lesson and a name, as in ``"01.unknown"``.
        options: Choices, all of them texts; or the least and the greatest number; or nothing, for a sentence.
        answer: Committed at once if given.
    Returns:
        What the notebook shows, and what ``compare`` belongs to.
    Raises:
        ValueError: If the key or the options cannot be used.
    Example:
        >>> predict("01.unknown", (0, 1), answer=0.5).compare(0.64)
        You predicted 0.5. The result is 0.64.
    """
    options = tuple(options)
    if not re.fullmatch(r"\d\d\.[a-z]\w*", key):
        raise ValueError(f"`key` must be like '01.unknown'; got {key!r}. Put the lesson's number first.")
    texts = sum(isinstance(option, str) for option in options)
    if (texts, len(options)) != (0, 2) and (texts != len(options) or texts == 1):
        raise ValueError(f"`options` must be texts, two bounds, or nothing; got {options}. Give others.")
    prediction = Prediction(key, options)
    if answer is None:
        return prediction
    said = prediction.commit(answer)
    return prediction if said == repr(prediction) else Prediction(key, options, said)


def _shown(value: str | float) -> str:
    """Numbers with three significant digits, and thousands separators."""
    return value if isinstance(value, str) else f"{float(f'{number(value):.3g}'):,.10g}"
