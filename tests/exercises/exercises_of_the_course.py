"""All exercises, found by looking into the files of ``prevlib.exercises``."""

import importlib
import pkgutil

import prevlib.exercises
from prevlib.exercises import Exercise

TOPICS = [name for _, name, _ in pkgutil.iter_modules(prevlib.exercises.__path__) if name != "base"]
EXERCISES = {
    f"{topic}.{name}": exercise
    for topic in TOPICS
    for name, exercise in vars(importlib.import_module(f"prevlib.exercises.{topic}")).items()
    if isinstance(exercise, Exercise)
}
