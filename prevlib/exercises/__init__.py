"""Exercises of the course, one file a topic; each has ``check(answer)``, ``hint()`` and ``solution()``."""

from prevlib.exercises.base import Exercise, Verdict

__all__ = ["Exercise", "Verdict"]
