"""What widgets show if they are given no predictions: those of a fine-tuned model on the test reviews."""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from prevlib.datasets import load_reviews
from prevlib.finetuning import read_study

RUN = ("full", 2000, 0)  # method, labels, seed: as in notebooks 08 and 09


@lru_cache(maxsize=1)
def study_predictions() -> tuple[np.ndarray, np.ndarray]:
    """True labels of the test reviews, and the probability of "positive" that the model of ``RUN`` gave."""
    study = read_study().set_index(["method", "n_train", "seed"]).sort_index()
    return np.array(load_reviews()["test"]["label"]), np.array(study.loc[RUN, "y_proba"])


def check_both_or_none(**pair: ArrayLike | None) -> None:
    """Raise if one of two arguments was given without the other."""
    first, second = pair
    if (pair[first] is None) != (pair[second] is None):
        raise ValueError(f"`{first}` and `{second}` must be given together; got one of them. Pass both.")
