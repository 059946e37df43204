"""What a model is evaluated on: rows to train on, rows to test on, and what must be known of them.

A score belongs to texts that were collected and split in some way. So all that a report has to say about the
data travels with them: where they come from, which rows belong together, which slices were named before
anything was scored, and what a score on them cannot show.

Used by ``pipeline.py`` and notebook 21. Left out: your own file, which ``own_data.py`` turns into a ``Task``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from prevlib.arguments import check_count
from prevlib.course_tasks import COURSE_TASKS
from prevlib.datasets import load_behaviour_cases, load_entities, load_reviews, load_speeches
from prevlib.evaluation.checks import Check, check_no_overlap
from prevlib.finetuning import study_config
from prevlib.training import TrainConfig

NEGATIONS = {"not", "n't", "no", "never", "nothing", "without"}
PASSAGE_WORDS = 80  # from the start of a passage; about 100 tokens


class Rows(NamedTuple):
    """Texts and what is true of them."""

    texts: list  # strings, or lists of words
    labels: list  # numbers of classes, or lists of tags, one a word


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

    def overlap(self) -> Check:
        """Whether test texts stand in the training or validation rows as well."""
        seen, test = (
            [text if isinstance(text, str) else " ".join(text) for text in texts]
            for texts in (self.train.texts + self.validation.texts, self.test.texts)
        )
        return check_no_overlap(seen, test)


def load_task(name: str, *, n_labels: int = 1000, seed: int = 0) -> Task:
    """One of the tasks of the course.

    - ``"sentiment"``: film-review sentences, negative or positive;
    - ``"entities"``: names in sentences, none of which occurs in training;
    - ``"eras"``: passages of speeches that are held out as a whole, in five eras.

    Args:
        name: Out of these three.
        n_labels: Training rows, drawn at random; all there are if there are fewer.
        seed: Of the draw and of the training.
    Raises:
        ValueError: If there is no such task, or ``n_labels`` is below 1.
    Example:
        >>> task = load_task("sentiment", n_labels=100)
        >>> task.label_names, len(task.train.texts), len(task.test.texts)
        (('neg', 'pos'), 100, 853)
    """
    if name not in COURSE_TASKS:
        raise ValueError(
            f"`task` must be one of {', '.join(COURSE_TASKS)}; got {name!r}. "
            "Your own texts come from a CSV file."
        )
    return BUILDERS[name](n_labels, seed)


def draw_rows(n_rows: int, n_labels: int, seed: int) -> list[int]:
    """Positions of ``n_labels`` random rows, or of all; drawn as in the study of lesson 07."""
    n_labels, seed = check_count("n_labels", n_labels), check_count("seed", seed, 0, 2**32 - 1)
    return np.random.default_rng(seed).permutation(n_rows)[:n_labels].tolist()


def length_slices(texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Short, middle and long texts, a third each as far as equal lengths allow.

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


def _sentiment(n_labels: int, seed: int) -> Task:
    reviews = load_reviews()
    train = reviews["train"].select(draw_rows(len(reviews["train"]), n_labels, seed))
    test = list(reviews["test"]["text"])
    negated = np.array([not NEGATIONS.isdisjoint(text.split()) for text in test])
    return Task(
        name="sentiment",
        title="sentiment of film reviews",
        kind="text-classification",
        label_names=("neg", "pos"),
        train=_rows(train),
        validation=_rows(reviews["validation"]),
        test=_rows(reviews["test"]),
        config=study_config(len(train), seed),
        unit="sentences",
        source="8,530 sentences of film reviews from Rotten Tomatoes (Pang & Lee 2005), as many negative as "
        "positive, split by prevlib: not the usual test split, which is not part of them",
        dataset_id="prevlib-reviews",
        language="en",
        limits=(
            "The sentences were written by professional critics before 2005. Their labels come from the "
            "rating of the whole review, so some are wrong for the sentence.",
        ),
        slices=length_slices(test) | {"with a negation": negated, "without a negation": ~negated},
        cases=load_behaviour_cases()["test"].to_pandas(),
    )


def _entities(n_labels: int, seed: int) -> Task:
    entities = load_entities()
    names = entities["train"].features["ner_tags"].feature.names

    def rows(*splits) -> Rows:
        tags = [[names[tag] for tag in tags] for split in splits for tags in split["ner_tags"]]
        return Rows([list(words) for split in splits for words in split["tokens"]], tags)

    known, unseen = entities["test"], entities["test_unseen"]
    of_known_words = np.arange(len(known) + len(unseen)) < len(known)
    return Task(
        name="entities",
        title="names of people, places, organisations and others",
        kind="token-classification",
        label_names=tuple(names),
        train=rows(entities["train"].select(draw_rows(len(entities["train"]), n_labels, seed))),
        validation=rows(entities["validation"]),
        test=rows(known, unseen),
        config=TrainConfig(learning_rate=3e-4, num_train_epochs=4, seed=seed),
        unit="sentences",
        source="1,418 sentences written for prevlib, split so that no name is in two splits",
        dataset_id="prevlib-entities",
        language="en",
        limits=("The sentences were written for the purpose; running text is messier.",),
        slices={
            "new names, some words known": of_known_words,
            "new names of new words only": ~of_known_words,
        },
    )


def _eras(n_labels: int, seed: int) -> Task:
    speeches = load_speeches()
    train = speeches["train"].select(draw_rows(len(speeches["train"]), n_labels, seed))
    groups = np.array(speeches["test"]["speech_id"])
    _, first = np.unique(groups, return_index=True)
    party = np.array(speeches["test"]["party"])[first]  # of each speech

    def rows(split) -> Rows:
        texts = [" ".join(text.split()[:PASSAGE_WORDS]) for text in split["text"]]
        return Rows(texts, list(split["label"]))

    return Task(
        name="eras",
        title="era of a passage from a speech",
        kind="text-classification",
        label_names=tuple(speeches["train"].features["label"].names),
        train=rows(train),
        validation=rows(speeches["validation"]),
        test=rows(speeches["test"]),
        config=TrainConfig(num_train_epochs=2, seed=seed),
        unit="passages",
        source="State of the Union addresses, 1790 to 2026 (The American Presidency Project), the first "
        f"{PASSAGE_WORDS} words of passages, split by speech",
        dataset_id="prevlib-speeches",
        language="en",
        limits=(
            "Passages of one speech resemble each other, so there are far fewer witnesses than passages.",
        ),
        slices={
            "Democratic": party == "Democratic",
            "Republican": party == "Republican",
            "other parties": ~np.isin(party, ["Democratic", "Republican"]),
        },
        groups=groups,
        group_unit="speeches",
    )


def _rows(split) -> Rows:
    return Rows(list(split["text"]), list(split["label"]))


BUILDERS = dict(zip(COURSE_TASKS, (_sentiment, _entities, _eras), strict=True))
