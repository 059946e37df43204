"""Studies: fine-tune once, keep every prediction, ask any question later.

Four methods are compared: *frozen*, *full* and *scratch* as in ``classifier.py``, and *tfidf*, a linear model
of word counts. ``label_efficiency`` runs them over budgets of labels and seeds; ``domain_shift`` runs them
once and lets them predict texts that they were not trained for; ``entity_tagging`` trains taggers over seeds.
Each appends a finished run to a file of JSON lines, so an interrupted study goes on where it stopped, and any
metric and interval can be computed from the predictions without training again.

Used in notebooks 07, 08, 09, 13 and 16. Left out: learning rates, which were chosen on the validation split.
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tqdm.auto import tqdm

from prevlib.datasets import load_behaviour_cases, load_entities, load_imdb, load_reviews
from prevlib.features import FeatureExtractor
from prevlib.finetuning.classifier import finetune_classifier, predict_logits
from prevlib.finetuning.tagger import finetune_tagger, predict_tags
from prevlib.losses import log_softmax
from prevlib.training import TrainConfig

STUDY = Path(__file__).parents[1] / "data" / "sentiment_study.jsonl"
SHIFT_STUDY = Path(__file__).parents[1] / "data" / "shift_study.jsonl"
ENTITY_STUDY = Path(__file__).parents[1] / "data" / "entity_study.jsonl"
KEYS = ("method", "n_labels", "seed")  # what tells runs apart
METHODS = ("tfidf", "frozen", "full", "scratch")


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
    output, reviews = Path(output), load_reviews()
    _check_study(reviews, methods, budgets)
    runs = [(m, n, s) for n, n_seeds in budgets.items() for s in range(n_seeds) for m in methods]

    def predictions(method: str, n_labels: int, seed: int) -> dict:
        train = _sample(reviews["train"], n_labels, seed)
        [y_proba], settings = _study_run(method, train, [reviews["test"]["text"]], checkpoint, seed)
        return {"settings": settings, "y_proba": _rounded(y_proba)}

    _run_missing(output, [dict(zip(KEYS, run, strict=True)) for run in runs], predictions, show_progress)
    return read_study(output)


def domain_shift(
    output: str | Path,
    *,
    checkpoint: str | Path = "minilm",
    n_labels: int = 2000,
    methods: Sequence[str] = METHODS,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Train on reviews of one sentence; predict more of them, whole IMDb reviews, and written cases.

    Args:
        output: File of results, new or begun.
        checkpoint: Alias, folder or hub name.
        n_labels: Number of training reviews.
        methods: Out of ``METHODS``.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_shift_study``.
    Raises:
        ValueError: If a method does not exist, or there are not so many reviews.
    """
    output, reviews = Path(output), load_reviews()
    _check_study(reviews, methods, [n_labels])
    targets = {"reviews": list(reviews["test"]["text"]), "imdb": list(load_imdb()["test"]["text"])}
    cases = load_behaviour_cases()["test"]
    targets |= {"cases": list(cases["text"]), "changed_cases": [text for text in cases["changed"] if text]}

    def predictions(method: str, n_labels: int, seed: int) -> dict:
        train = _sample(reviews["train"], n_labels, seed)
        probabilities, settings = _study_run(method, train, targets.values(), checkpoint, seed)
        return {"settings": settings} | dict(zip(targets, map(_rounded, probabilities), strict=True))

    runs = [{"method": method, "n_labels": n_labels, "seed": 0} for method in methods]
    _run_missing(output, runs, predictions, show_progress)
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

    def predictions(method: str, n_labels: int, seed: int) -> dict:
        config = tagging_config(seed)
        tagger = finetune_tagger(
            train["tokens"],
            train["ner_tags"],
            checkpoint,
            label_names=train.features["ner_tags"].feature.names,
            config=config,
            mark_capitals=True,
            show_progress=False,
        )
        tags = {name: predict_tags(tagger, split["tokens"]) for name, split in targets.items()}
        joined = {name: [" ".join(sentence) for sentence in split] for name, split in tags.items()}
        return {"settings": asdict(config) | {"mark_capitals": True}} | joined

    runs = [{"method": "full", "n_labels": len(train), "seed": seed} for seed in range(n_seeds)]
    _run_missing(output, runs, predictions, show_progress)
    return read_entity_study(output)


def tagging_config(seed: int = 0) -> TrainConfig:
    """The recipe of the taggers, chosen on the validation split."""
    return TrainConfig(learning_rate=3e-4, num_train_epochs=5, per_device_train_batch_size=16, seed=seed)


def read_entity_study(path: str | Path = ENTITY_STUDY) -> pd.DataFrame:
    """The runs of ``entity_tagging``, by default those that come with the library.

    Returns:
        One row a run: ``method``, ``n_labels`` (sentences), ``seed``, ``seconds``, ``settings``, and for each
        sentence the list of its predicted tags: of the first 200 of ``train``, of ``test`` and of
        ``test_unseen``.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    table = pd.DataFrame(_read_runs(Path(path), must_exist=True))
    for name in ("train", "test", "test_unseen"):
        table[name] = [[tags.split(" ") for tags in run] for run in table[name]]
    return table


def read_study(path: str | Path = STUDY) -> pd.DataFrame:
    """The runs of ``label_efficiency``, by default those that come with the library.

    Returns:
        One row a run: ``method``, ``n_labels``, ``seed``, ``seconds`` of training and prediction,
        ``settings``, and ``y_proba``, the probability of the positive class for each test review in
        order.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return pd.DataFrame(_read_runs(Path(path), must_exist=True))


def read_shift_study(path: str | Path = SHIFT_STUDY) -> pd.DataFrame:
    """The runs of ``domain_shift``, by default those that come with the library.

    Returns:
        One row a run: ``method``, ``n_labels``, ``seed``, ``seconds``, ``settings``, and the probability of
        the positive class for each text of the test reviews (``reviews``), of the IMDb test reviews
        (``imdb``), of the behaviour cases (``cases``) and of their changed texts, for the cases that have
        one (``changed_cases``).
    Raises:
        FileNotFoundError: If there is no such file.
    """
    return pd.DataFrame(_read_runs(Path(path), must_exist=True))


def study_config(n_labels: int, seed: int) -> TrainConfig:
    """The recipe of the study: fewer labels, more epochs, so that no run has too few steps."""
    epochs = 10 if n_labels <= 100 else 5 if n_labels <= 500 else 3
    return TrainConfig(num_train_epochs=epochs, seed=seed)


def _check_study(reviews, methods: Sequence[str], budgets: Iterable[int]) -> None:
    n_train = len(reviews["train"])
    if set(methods) - set(METHODS) or not all(2 <= n <= n_train for n in budgets):
        raise ValueError(
            f"`methods` must be out of {METHODS} and `budgets` from 2 to {n_train}; "
            f"got {tuple(methods)} and {tuple(budgets)}."
        )


def _run_missing(output: Path, runs: Sequence[dict], predictions, show_progress: bool) -> None:
    """Do the runs that are not in the file yet, and append each as one line."""
    _drop_torn_line(output)
    done = [{key: run[key] for key in KEYS} for run in _read_runs(output)]
    for run in tqdm(runs, disable=not show_progress, unit="run"):
        if run in done:
            continue
        started = time.perf_counter()
        result = predictions(**run)
        run = run | {"seconds": round(time.perf_counter() - started, 1)} | result
        with output.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _sample(train, n_labels: int, seed: int):
    order = np.random.default_rng(seed).permutation(len(train))
    return train.select(order[:n_labels])


def _rounded(y_proba: np.ndarray) -> list[float]:
    return [round(float(p), 4) for p in y_proba]


def _study_run(
    method: str, train, targets: Iterable[Sequence[str]], checkpoint, seed: int
) -> tuple[list[np.ndarray], dict]:
    """For each list of texts the probabilities of the positive class, and the settings that made them."""
    if method in ("tfidf", "frozen"):
        words = {"ngram_range": (1, 2), "sublinear_tf": True}
        vectors = {"checkpoint": str(checkpoint), "pooling": "mean"}
        features = TfidfVectorizer(**words) if method == "tfidf" else FeatureExtractor(**vectors)
        pipeline = make_pipeline(features, LogisticRegression(max_iter=1000))
        pipeline.fit(list(train["text"]), train["label"])
        settings = words if method == "tfidf" else vectors
        return [pipeline.predict_proba(list(texts))[:, 1] for texts in targets], settings
    config = study_config(len(train), seed)
    classifier = finetune_classifier(
        train["text"],
        train["label"],
        checkpoint,
        config=config,
        random_init=method == "scratch",
        show_progress=False,
    )

    def probabilities(texts: Sequence[str]) -> np.ndarray:
        logits = torch.from_numpy(predict_logits(classifier, texts)).double()
        return log_softmax(logits).exp()[:, 1].numpy()

    return [probabilities(texts) for texts in targets], asdict(config)


def _read_runs(path: Path, must_exist: bool = False) -> list[dict]:
    if not path.exists() and not must_exist:
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _drop_torn_line(path: Path) -> None:
    """Cut a last line that an interruption left unfinished."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
