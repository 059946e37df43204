"""Fine-tuning: from a pre-trained encoder to a classifier of your own labels.

Three ways to use the same encoder are compared: *frozen* (features and a linear head), *full* (all weights
move), and *scratch* (the same architecture from random weights, which shows what pre-training was worth). A
linear model of word counts, *tfidf*, stands beside them. ``label_efficiency`` runs all four over budgets
and seeds and keeps every prediction, so that any metric and interval can be computed from them later.

Used in notebook 06. Left out: the loop itself (``training.py``).
Sources: Devlin et al. 2019, section 4; Peters et al. 2019 (frozen or full).

From a terminal, ``python -m prevlib.finetuning --help``.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from torch import nn
from tqdm.auto import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from prevlib.checkpoints import load_classifier, load_tokenizer, quiet_transformers
from prevlib.datasets import load_reviews
from prevlib.features import (
    FeatureExtractor,
    best_device,
    check_texts,
    length_sorted_batches,
    longest_input,
)
from prevlib.losses import cross_entropy, log_softmax
from prevlib.training import History, TrainConfig, fit

STUDY = Path(__file__).parent / "data" / "sentiment_study.jsonl"
METHODS = ("tfidf", "frozen", "full", "scratch")


@dataclass(frozen=True)
class TextClassifier:
    """A fine-tuned model with its tokenizer, and how it got there."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    history: History

    def save(self, folder: str | Path) -> None:
        """Write model and tokenizer; every loader of the library takes the folder as a name."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)


def finetune_classifier(
    texts: Sequence[str],
    labels: Sequence[int],
    checkpoint: str | Path = "minilm",
    *,
    config: TrainConfig | None = None,
    num_labels: int | None = None,
    random_init: bool = False,
    frozen: bool = False,
    validation: tuple[Sequence[str], Sequence[int]] | None = None,
    show_progress: bool = True,
) -> TextClassifier:
    """Train a classifier of texts on top of an encoder.

    Args:
        texts: Training texts.
        labels: Their classes, 0 to num_labels - 1.
        checkpoint: Alias, folder or hub name.
        config: Settings of the loop; ``TrainConfig()`` if None. Its seed also draws the new head.
        num_labels: Number of classes; one more than the largest label if None.
        random_init: Start from random weights instead of the pre-trained ones.
        frozen: Train the head only.
        validation: Texts and labels whose accuracy is recorded after each epoch.
        show_progress: Show a bar.
    Returns:
        The classifier; ``predict_logits`` applies it.
    Raises:
        TypeError: If a text is not a string or a label not a whole number.
        ValueError: If there are no texts, the lengths differ, or a label is out of range.
    """
    texts, labels = check_texts(texts), _check_labels(labels, len(texts), num_labels)
    config = config or TrainConfig()
    num_labels = num_labels or max(2, int(labels.max()) + 1)
    tokenizer = load_tokenizer(checkpoint)
    model = load_classifier(checkpoint, num_labels, random_init=random_init, seed=config.seed)
    if frozen:
        freeze_backbone(model)

    encodings = tokenizer(texts, truncation=True, max_length=longest_input(tokenizer, model))
    examples = [
        {name: values[i] for name, values in encodings.items()} | {"labels": labels[i]}
        for i in range(len(texts))
    ]

    def accuracy(model: PreTrainedModel) -> dict:
        predicted = _predict(model, tokenizer, validation[0]).argmax(axis=1)
        return {"validation_accuracy": float(np.mean(predicted == np.asarray(validation[1])))}

    history = fit(
        model,
        examples,
        classification_loss,
        config,
        collate_fn=partial(tokenizer.pad, return_tensors="pt"),
        evaluate=accuracy if validation else None,
        show_progress=show_progress,
    )
    return TextClassifier(model, tokenizer, history)


def classification_loss(model: nn.Module, batch: dict) -> tuple[torch.Tensor, int]:
    """Summed cross-entropy of a batch, and the number of its texts."""
    inputs = {name: tensor for name, tensor in batch.items() if name != "labels"}
    logits = model(**inputs).logits.float()
    return cross_entropy(logits, batch["labels"], reduction="sum"), len(batch["labels"])


def freeze_backbone(model: PreTrainedModel) -> PreTrainedModel:
    """Stop the encoder from learning, in place, so that only the head is trained."""
    model.base_model.requires_grad_(False)
    return model


def predict_logits(
    classifier: TextClassifier | str | Path, texts: Sequence[str], *, batch_size: int = 32
) -> np.ndarray:
    """Unnormalised scores of every class.

    Args:
        classifier: What ``finetune_classifier`` returned, or the name or folder of a classifier.
        texts: Strings; what exceeds the model's maximum is cut, with a warning.
        batch_size: Texts run at once; the result does not depend on it.
    Returns:
        float32, shape (n_texts, num_labels). ``argmax(axis=1)`` gives the predicted classes.
    Raises:
        ValueError: If a named checkpoint has no trained classification head.
    """
    if isinstance(classifier, TextClassifier):
        return _predict(classifier.model, classifier.tokenizer, texts, batch_size)
    model = load_classifier(classifier, num_labels=None)
    return _predict(model, load_tokenizer(classifier), texts, batch_size)


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
    unknown = set(methods) - set(METHODS)
    if unknown or not all(2 <= n <= len(reviews["train"]) for n in budgets):
        raise ValueError(
            f"`methods` must be out of {METHODS} and `budgets` from 2 to {len(reviews['train'])}; "
            f"got {tuple(methods)} and {tuple(budgets)}."
        )
    _drop_torn_line(output)
    done = {(run["method"], run["n_labels"], run["seed"]) for run in _read_runs(output)}
    runs = [(m, n, s) for n, n_seeds in budgets.items() for s in range(n_seeds) for m in methods]
    for method, n_labels, seed in tqdm(runs, disable=not show_progress, unit="run"):
        if (method, n_labels, seed) in done:
            continue
        order = np.random.default_rng(seed).permutation(len(reviews["train"]))
        train = reviews["train"].select(order[:n_labels])
        started = time.perf_counter()
        y_proba, settings = _study_run(method, train, reviews["test"]["text"], checkpoint, seed)
        run = {"method": method, "n_labels": n_labels, "seed": seed}
        run |= {"seconds": round(time.perf_counter() - started, 1), "settings": settings}
        run["y_proba"] = [round(float(p), 4) for p in y_proba]
        with output.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")
            file.flush()
            os.fsync(file.fileno())
    return read_study(output)


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


def study_config(n_labels: int, seed: int) -> TrainConfig:
    """The recipe of the study: fewer labels, more epochs, so that no run has too few steps."""
    epochs = 10 if n_labels <= 100 else 5 if n_labels <= 500 else 3
    return TrainConfig(num_train_epochs=epochs, seed=seed)


def _study_run(method, train, test_texts, checkpoint, seed) -> tuple[np.ndarray, dict]:
    """Probabilities of the positive class for the test texts, and the settings that made them."""
    if method in ("tfidf", "frozen"):
        words = {"ngram_range": (1, 2), "sublinear_tf": True}
        vectors = {"checkpoint": str(checkpoint), "pooling": "mean"}
        features = TfidfVectorizer(**words) if method == "tfidf" else FeatureExtractor(**vectors)
        pipeline = make_pipeline(features, LogisticRegression(max_iter=1000))
        pipeline.fit(list(train["text"]), train["label"])
        settings = words if method == "tfidf" else vectors
        return pipeline.predict_proba(list(test_texts))[:, 1], settings
    config = study_config(len(train), seed)
    classifier = finetune_classifier(
        train["text"],
        train["label"],
        checkpoint,
        config=config,
        random_init=method == "scratch",
        show_progress=False,
    )
    logits = torch.from_numpy(predict_logits(classifier, test_texts)).double()
    return log_softmax(logits).exp()[:, 1].numpy(), asdict(config)


def _predict(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    batch_size: int = 32,
) -> np.ndarray:
    texts = check_texts(texts)
    model = model.eval().to(best_device())
    logits = np.empty((len(texts), model.config.num_labels), dtype=np.float32)
    max_length = longest_input(tokenizer, model)
    for rows, batch in length_sorted_batches(texts, tokenizer, max_length=max_length, batch_size=batch_size):
        with torch.inference_mode():
            logits[rows] = model(**batch.to(model.device)).logits.float().cpu().numpy()
    return logits


def _check_labels(labels: Sequence[int], n_texts: int, num_labels: int | None) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (n_texts,):
        raise ValueError(f"`labels` must hold one label a text, shape ({n_texts},); got {labels.shape}.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            f"`labels` must be whole numbers from 0; got {labels.dtype} such as {labels[0]!r}. "
            "Number the classes first."
        )
    largest = np.inf if num_labels is None else num_labels - 1
    if labels.min() < 0 or labels.max() > largest:
        raise ValueError(
            f"`labels` must be from 0 to {largest}; got values from {labels.min()} to {labels.max()}. "
            "Number the classes from 0, or raise `num_labels`."
        )
    return labels


def _read_runs(path: Path, must_exist: bool = False) -> list[dict]:
    if not path.exists() and not must_exist:
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _drop_torn_line(path: Path) -> None:
    """Cut a last line that an interruption left unfinished."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the study that notebook 06 reads."""
    parser = argparse.ArgumentParser(
        prog="python -m prevlib.finetuning",
        description="TF-IDF, frozen, full and scratch over label budgets and seeds, on the reviews. "
        "Resumable: call it again after an interruption.",
    )
    parser.add_argument("output", type=Path, help="file of results, one line of JSON a run")
    parser.add_argument("--checkpoint", default="minilm", help="alias, folder or hub name")
    parser.add_argument(
        "--budgets",
        default="100:3,500:3,2000:3,6824:1",
        help="labels:seeds, separated by commas (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    budgets = dict(map(int, pair.split(":")) for pair in options.budgets.split(","))
    label_efficiency(options.output, checkpoint=options.checkpoint, budgets=budgets)


if __name__ == "__main__":
    main()
