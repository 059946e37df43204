"""Studies: fine-tune once, keep every prediction, ask any question later.

The methods are those of ``recipes.py``. ``label_efficiency`` runs them over budgets of labels and seeds;
``domain_shift`` runs them once and lets them predict texts that they were not trained for; ``entity_tagging``
trains taggers over seeds. Each appends a finished run to a file of JSON lines, so an interrupted study goes
on where it stopped, and any metric and interval can be computed from the predictions without training again.

Used in notebooks 07, 08, 09, 13 and 16. Left out: learning rates, which were chosen on the validation split.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset
from scipy.special import softmax

from prevlib.arguments import renamed
from prevlib.checkpoints import checkpoint_fingerprints
from prevlib.datasets import load_behaviour_cases, load_entities, load_imdb, load_reviews
from prevlib.files import fingerprint
from prevlib.finetuning.classifier import finetune_classifier, predict_logits
from prevlib.finetuning.recipes import (
    METHODS,
    linear_classifier,
    linear_settings,
    study_config,
    tagging_config,
)
from prevlib.finetuning.tagger import finetune_tagger, predict_tags
from prevlib.training import TrainConfig
from prevlib.training.studies import read_runs, run_missing

STUDY = Path(__file__).parents[1] / "data" / "sentiment_study.jsonl"
SHIFT_STUDY = Path(__file__).parents[1] / "data" / "shift_study.jsonl"
ENTITY_STUDY = Path(__file__).parents[1] / "data" / "entity_study.jsonl"


def label_efficiency(
    output: str | Path,
    *,
    checkpoint: str | Path = "minilm",
    budgets: dict[int, int],
    methods: Sequence[str] = METHODS,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Test predictions on the reviews for every method, label budget and seed.

    Each finished run is appended to ``output`` as one line of JSON, so a run that was interrupted goes
    on where it stopped. A seed draws the training rows, the new head, the order of the batches and
    dropout; all methods see the same rows for a seed and budget.

    Args:
        output: File of results, new or begun.
        checkpoint: Alias, folder or hub name.
        budgets: Number of training labels -> number of seeds.
        methods: Out of ``METHODS``.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_study``.
    Raises:
        ValueError: If a method or budget does not exist.
    """
    reviews = load_reviews()
    data = {name: reviews[name] for name in ("train", "test")}
    targets = {"y_proba": list(reviews["test"]["text"])}
    _study_classifiers(Path(output), checkpoint, budgets, methods, targets, data, show_progress)
    return read_study(output)


@renamed("n_labels", "n_train")
def domain_shift(
    output: str | Path,
    *,
    checkpoint: str | Path = "minilm",
    n_train: int = 2000,
    methods: Sequence[str] = METHODS,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Train on reviews of one sentence; predict more of them, whole IMDb reviews, and written cases.

    Args:
        output: File of results, new or begun.
        checkpoint: Alias, folder or hub name.
        n_train: Number of training reviews.
        methods: Out of ``METHODS``.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_shift_study``.
    Raises:
        ValueError: If a method does not exist, or there are not so many reviews.
    """
    reviews = load_reviews()
    targets = {"reviews": list(reviews["test"]["text"]), "imdb": list(load_imdb()["test"]["text"])}
    cases = load_behaviour_cases()["test"]
    targets |= {"cases": list(cases["text"]), "changed_cases": [text for text in cases["changed"] if text]}
    data = {"train": reviews["train"]} | targets
    _study_classifiers(Path(output), checkpoint, {n_train: 1}, methods, targets, data, show_progress)
    return read_shift_study(output)


def entity_tagging(
    output: str | Path, *, checkpoint: str | Path = "minilm", n_seeds: int = 3, show_progress: bool = True
) -> pd.DataFrame:
    """Fine-tune taggers of entities, and tag names that they know, new names, and names of new words.

    Args:
        output: File of results, new or begun.
        checkpoint: Alias, folder or hub name.
        n_seeds: Number of runs.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_entity_study``.
    """
    entities, output = load_entities(), Path(output)
    train = entities["train"]
    targets = {"train": train.select(range(200)), "test": entities["test"]}
    targets |= {"test_unseen": entities["test_unseen"]}

    def predictions(method: str, n_train: int, seed: int, settings: dict) -> dict:
        tagger = finetune_tagger(
            train["tokens"],
            train["ner_tags"],
            checkpoint,
            label_names=train.features["ner_tags"].feature.names,
            config=tagging_config(seed=seed),
            mark_capitals=True,
            show_progress=False,
        )
        tags = {name: predict_tags(split["tokens"], tagger) for name, split in targets.items()}
        return {name: [" ".join(sentence) for sentence in split] for name, split in tags.items()}

    runs = [
        {"method": "full", "n_train": len(train), "seed": seed}
        | {"settings": asdict(tagging_config(seed=seed)) | {"mark_capitals": True}}
        for seed in range(n_seeds)
    ]
    run_missing(
        output, study_made_from(checkpoint, targets | {"train": train}), runs, predictions, show_progress
    )
    return read_entity_study(output)


def read_entity_study(path: str | Path = ENTITY_STUDY) -> pd.DataFrame:
    """The runs of ``entity_tagging``, by default those that come with the library.

    Args:
        path: JSON lines, one per run.
    Returns:
        One row a run: ``method``, ``n_train`` (sentences), ``seed``, ``seconds``, ``settings``, and for each
        sentence the list of its predicted tags: of the first 200 of ``train``, of ``test`` and of
        ``test_unseen``.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    table = pd.DataFrame(read_runs(Path(path)))
    for name in ("train", "test", "test_unseen"):
        table[name] = [[tags.split(" ") for tags in run] for run in table[name]]
    return table


def read_study(path: str | Path = STUDY) -> pd.DataFrame:
    """The runs of ``label_efficiency``, by default those that come with the library.

    Args:
        path: JSON lines, one per run.
    Returns:
        One row a run: ``method``, ``n_train``, ``seed``, ``seconds`` of training and prediction,
        ``settings``, and ``y_proba``, the probability of the positive class for each test review in
        order.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return pd.DataFrame(read_runs(Path(path)))


def read_shift_study(path: str | Path = SHIFT_STUDY) -> pd.DataFrame:
    """The runs of ``domain_shift``, by default those that come with the library.

    Args:
        path: JSON lines, one per run.
    Returns:
        One row a run: ``method``, ``n_train``, ``seed``, ``seconds``, ``settings``, and the probability of
        the positive class for each text of the test reviews (``reviews``), of the IMDb test reviews
        (``imdb``), of the behaviour cases (``cases``) and of their changed texts, for the cases that have
        one (``changed_cases``).
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return pd.DataFrame(read_runs(Path(path)))


def _study_classifiers(output, checkpoint, budgets, methods, targets, data, show_progress: bool) -> None:
    """Train on ``data["train"]``, for every budget, seed and method; predict the targets: name -> texts."""
    reviews = data["train"]
    if set(methods) - set(METHODS) or not all(2 <= n <= len(reviews) for n in budgets):
        raise ValueError(
            f"`methods` must be out of {METHODS} and `budgets` from 2 to {len(reviews)}; "
            f"got {tuple(methods)} and {tuple(budgets)}."
        )
    runs = [
        {"method": method, "n_train": n_train, "seed": seed}
        | {"settings": _settings(method, n_train, seed, checkpoint)}
        for n_train, n_seeds in budgets.items()
        for seed in range(n_seeds)
        for method in methods
    ]

    def predictions(method: str, n_train: int, seed: int, settings: dict) -> dict:
        train = training_rows(reviews, n_train, seed)
        predict = _fitted(method, train, checkpoint, settings)
        return {name: np.round(predict(texts), 4).tolist() for name, texts in targets.items()}

    run_missing(output, study_made_from(checkpoint, data), runs, predictions, show_progress)


def training_rows(rows: Dataset, n_train: int, seed: int) -> Dataset:
    """The rows that a seed draws, the same for all methods and vectors."""
    return rows.select(np.random.default_rng(seed).permutation(len(rows))[:n_train])


def study_made_from(checkpoint: str | Path, data: dict) -> dict:
    """What the first line of a study says it is of: the checkpoint, and the rows by name."""
    made_from = {"checkpoint": str(checkpoint)} | checkpoint_fingerprints(checkpoint)
    return made_from | {name: fingerprint(rows) for name, rows in data.items()}


def _settings(method: str, n_train: int, seed: int, checkpoint: str | Path) -> dict:
    if method in ("tfidf", "frozen"):
        return linear_settings(method, checkpoint)
    return asdict(study_config(n_train, seed=seed))


def _fitted(method: str, train, checkpoint, settings: dict) -> Callable[[list[str]], np.ndarray]:
    """The function from texts to probabilities of the positive class that was learnt."""
    if method in ("tfidf", "frozen"):
        pipeline = linear_classifier(method, checkpoint).fit(list(train["text"]), train["label"])
        return lambda texts: pipeline.predict_proba(texts)[:, 1]
    options = {"random_init": method == "scratch", "config": TrainConfig(**settings), "show_progress": False}
    classifier = finetune_classifier(train["text"], train["label"], checkpoint, **options)
    return lambda texts: softmax(predict_logits(classifier, texts).astype(float), axis=1)[:, 1]
