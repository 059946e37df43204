"""Data with fixed splits: real texts from pip packages, and sentences that were written for this course."""

from prevlib.datasets.behaviour import load_behaviour_cases
from prevlib.datasets.entities import load_entities
from prevlib.datasets.minimal_pairs import load_minimal_pairs
from prevlib.datasets.texts import ERAS, load_imdb, load_reviews, load_speeches
