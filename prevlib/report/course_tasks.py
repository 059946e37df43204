"""The three tasks of the course: what the studies of lessons 07 and 13 train on, and passages of speeches.

Used by ``prevlib evaluate``, the scorecard of lesson 20 and notebook 21.
"""

import numpy as np

from prevlib.arguments import renamed
from prevlib.datasets import load_behaviour_cases, load_entities, load_reviews, load_speeches
from prevlib.finetuning import study_config, tagging_config
from prevlib.report import COURSE_TASKS
from prevlib.report.task import Rows, Task, draw_rows, length_slices
from prevlib.training import TrainConfig

NEGATIONS = {"not", "n't", "no", "never", "nothing", "without"}
NEW_WORDS = "new names of new words only"  # a slice of the entities
PASSAGE_WORDS = 80  # from the start of a passage; about 100 tokens


@renamed("n_labels", "n_train")
def load_task(name: str, *, n_train: int = 1000, seed: int = 0) -> Task:
    """One of the tasks of the course.

    - ``"sentiment"``: film-review sentences, negative or positive;
    - ``"entities"``: names in sentences, none of which occurs in training;
    - ``"eras"``: passages of speeches that are held out as a whole, in five eras.

    Args:
        name: Out of these three.
        n_train: Training rows, drawn at random; all there are if there are fewer.
        seed: Of the draw and of the training.
    Returns:
        Rows to train on, to choose by and to test on, with names, groups and slices.
    Raises:
        ValueError: If there is no such task, or ``n_train`` is below 1.
    Example:
        >>> task = load_task("sentiment", n_train=100)
        >>> task.label_names, len(task.train.texts), len(task.test.texts)
        (('neg', 'pos'), 100, 853)
    """
    if name not in COURSE_TASKS:
        raise ValueError(
            f"`task` must be one of {', '.join(COURSE_TASKS)}; got {name!r}. "
            "Your own texts come from a CSV file."
        )
    return BUILDERS[name](n_train, seed)


def _sentiment(n_train: int, seed: int) -> Task:
    reviews = load_reviews()
    train = reviews["train"].select(draw_rows(len(reviews["train"]), n_train, seed))
    test = list(reviews["test"]["text"])
    negated = np.array([not NEGATIONS.isdisjoint(text.split()) for text in test])
    return Task(
        name="sentiment",
        title="sentiment of film reviews",
        kind="text-classification",
        label_names=("neg", "pos"),
        train=Rows.of(train),
        validation=Rows.of(reviews["validation"]),
        test=Rows.of(reviews["test"]),
        config=study_config(len(train), seed=seed),
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


def _entities(n_train: int, seed: int) -> Task:
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
        train=rows(entities["train"].select(draw_rows(len(entities["train"]), n_train, seed))),
        validation=rows(entities["validation"]),
        test=rows(known, unseen),
        config=tagging_config(seed=seed),
        unit="sentences",
        source="1,418 sentences written for prevlib, split so that no name is in two splits",
        dataset_id="prevlib-entities",
        language="en",
        limits=("The sentences were written for the purpose; running text is messier.",),
        slices={"new names, some words known": of_known_words, NEW_WORDS: ~of_known_words},
        mark_capitals=True,
    )


def _eras(n_train: int, seed: int) -> Task:
    speeches = load_speeches()
    train = speeches["train"].select(draw_rows(len(speeches["train"]), n_train, seed))
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


BUILDERS = dict(zip(COURSE_TASKS, (_sentiment, _entities, _eras), strict=True))
