"""Data with fixed splits: real texts from pip packages, and sentences that were written for this course."""

from prevlib.datasets.texts import ERAS, load_imdb, load_reviews, load_speeches

__all__ = ["ERAS", "load_imdb", "load_reviews", "load_speeches"]
