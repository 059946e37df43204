"""All exercises, found by looking into the files of ``prevlib.exercises``, and their typical wrong answers.

A file of ``wrong`` has the name of a file of exercises. Its ``WRONG`` maps the name of an exercise to what is
wrong with an answer, and that to the answer and words that the reason of the verdict must hold.
"""

import importlib
import pkgutil

import wrong

import prevlib.exercises
from prevlib.exercises import Exercise

TOPICS = [name for _, name, _ in pkgutil.iter_modules(prevlib.exercises.__path__) if name != "base"]
EXERCISES = {
    f"{topic}.{name}": exercise
    for topic in TOPICS
    for name, exercise in vars(importlib.import_module(f"prevlib.exercises.{topic}")).items()
    if isinstance(exercise, Exercise)
}
WRONG = {
    f"{topic}.{name}": answers
    for _, topic, _ in pkgutil.iter_modules(wrong.__path__)
    for name, answers in importlib.import_module(f"wrong.{topic}").WRONG.items()
}
