"""What a model is evaluated on: rows to train on, rows to test on, and what must be known of them.

A score belongs to texts that were collected and split in some way. So all that a report has to say about the
data travels with them: where they come from, which rows belong together, which slices were named before
anything was scored, and what a score on them cannot show.

Left out: where tasks come from, which is ``course_tasks.py``, and ``own_data.py`` for a file of yours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from prevlib.arguments import check_count
from prevlib.evaluation.checks import Check, check_no_overlap
from prevlib.training import TrainConfig


class Rows(NamedTuple):
    """Texts and what is true of them."""

    texts: list  # strings, or lists of words
    labels: list  # numbers of classes, or lists of tags, one a word

    @classmethod
    def of(cls, table) -> "Rows":
        """The rows of a table with the columns ``text`` and ``label``."""
        return cls(list(table["text"]), list(table["label"]))


@dataclass(frozen=True)
class Task:
    """Splits of labelled texts, how to train on them, and what to say about them."""

    name: str
    title: str  # "sentiment of film reviews"
    kind: str  # "text-classification" or "token-classification"
    label_names: tuple[str, ...]
    train: Rows
    validation: Rows
    test: Rows
    config: TrainConfig
    unit: str  # what rows are: "sentences"
    source: str
    dataset_id: str
    language: str | None = None  # ISO 639-1
    limits: tuple[str, ...] = ()
    slices: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # name -> which test rows, or groups, are in it
    groups: np.ndarray | None = None  # group of each test row; in slices they stand in sorted order
    group_unit: str | None = None  # what groups are: "speeches"
    cases: pd.DataFrame | None = None  # for ``run_behaviour_tests``
    quotable: bool = True  # may a report quote single texts?
    mark_capitals: bool = False  # as for ``finetune_tagger``, if the model can be told

    def overlap(self) -> Check:
        """Whether test texts stand in the training or validation rows as well."""
        seen, test = (
            [text if isinstance(text, str) else " ".join(text) for text in texts]
            for texts in (self.train.texts + self.validation.texts, self.test.texts)
        )
        return check_no_overlap(seen, test)

    def only(self, rows: Sequence[int]) -> "Task":
        """The task with these test rows only, and without slices."""
        test = Rows(*([part[i] for i in rows] for part in self.test))
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, test=test, groups=groups, slices={})


def draw_rows(n_rows: int, n_train: int, seed: int) -> list[int]:
    """Positions of ``n_train`` random rows, or of all; drawn as in the study of lesson 07.

    Args:
        n_rows: Rows there are.
        n_train: Rows to draw.
        seed: Of the draw.
    Returns:
        At most ``n_train`` positions, in the order of the draw.
    """
    n_train, seed = check_count("n_train", n_train), check_count("seed", seed, 0, 2**32 - 1)
    return np.random.default_rng(seed).permutation(n_rows)[:n_train].tolist()


def length_slices(texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Short, middle and long texts, a third each as far as equal lengths allow.

    Args:
        texts: Strings.
    Returns:
        Name -> True where a text belongs to it, shape (n_texts,).
    Example:
        >>> {name: members.tolist() for name, members in length_slices(["a", "a b", "a b c d"]).items()}
        {'up to 1 words': [True, False, False], '2 words': [False, True, False],
         'more than 2 words': [False, False, True]}
    """
    lengths = np.array([len(text.split()) for text in texts])
    low, high = np.quantile(lengths, [1 / 3, 2 / 3], method="lower")
    middle = f"{low + 1} to {high} words" if high > low + 1 else f"{high} words"
    parts = {
        f"up to {low} words": lengths <= low,
        middle: (lengths > low) & (lengths <= high),
        f"more than {high} words": lengths > high,
    }
    return {name: members for name, members in parts.items() if members.any()}
