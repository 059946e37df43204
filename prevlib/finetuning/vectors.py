"""Which vector of a frozen encoder to use: a linear probe on each, over training sets, every answer kept.

Every layer is pooled by its mean and by its first token; beside them stand the pooler, a pooler with random
weights of the same size, and counted words. A probe is a logistic regression: plain, with standardised
features, or with standardised features and a strength of regularisation that cross-validation inside the
training set chose. The answers are those on the validation split, so that a choice among them is honest.

Used in notebook 06; ``python -m prevlib.finetuning FILE --vectors``. Left out: fine-tuning, which is
``study.py``. Source of the method: Alain & Bengio 2017.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prevlib.checkpoints import load_encoder
from prevlib.datasets import load_reviews
from prevlib.features import extract_features
from prevlib.finetuning.recipes import linear_settings
from prevlib.finetuning.study import study_made_from, training_rows
from prevlib.training.studies import read_runs, run_missing

VECTOR_STUDY = Path(__file__).parents[1] / "data" / "vector_study.jsonl"
# Inverse strengths of regularisation, C of scikit-learn; literals, since logspace may round elsewhere.
STRENGTHS = [1e-4, 1e-3, 0.01, 0.1, 1.0, 10.0, 100.0]
PROBES = ("plain", "standardised", "tuned")


def vector_study(
    output: str | Path,
    *,
    checkpoint: str | Path = "minilm",
    n_train: int = 500,
    n_seeds: int = 5,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Right and wrong answers of probes on the validation reviews, for each vector, probe and training set.

    Args:
        output: File of results, new or begun; each finished probe is one line of JSON.
        checkpoint: Alias, folder or hub name of an encoder with a pooler.
        n_train: Training reviews, drawn anew for each seed.
        n_seeds: Number of training sets.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_vector_study``.
    Raises:
        ValueError: If the file is of another study.
    """
    reviews, output = load_reviews(), Path(output)
    train, validation = reviews["train"], reviews["validation"]
    y_validation = np.array(validation["label"])
    n_layers = load_encoder(checkpoint).config.num_hidden_layers

    def rows_of(seed: int | None) -> Dataset:
        return validation if seed is None else training_rows(train, n_train, seed)

    @lru_cache(maxsize=8)
    def features(seed: int | None, pooling: str) -> np.ndarray:
        layer = -1 if pooling == "pooler" else "all"
        options = {"layer": layer, "pooling": pooling, "show_progress": False}
        return extract_features(rows_of(seed)["text"][:], checkpoint, **options)

    def vectors(seed: int | None, pooling: str, layer: int | None, draw: int):
        if pooling == "random pooler":
            weight = load_encoder(checkpoint).pooler.dense.weight.detach().numpy()
            random = np.random.default_rng(draw).normal(0, weight.std(), weight.shape)
            return np.tanh(features(seed, "cls")[:, -1] @ random.T)
        return features(seed, pooling) if layer is None else features(seed, pooling)[:, layer]

    def do(pooling: str, layer: int | None, probe: str, seed: int, settings: dict) -> dict:
        y_train = np.array(rows_of(seed)["label"])
        classifier = LogisticRegression(max_iter=5000)
        if probe == "tuned":
            options = {"l1_ratios": (0,), "scoring": "accuracy", "use_legacy_attributes": False}
            classifier = LogisticRegressionCV(Cs=settings["Cs"], cv=5, max_iter=5000, **options)
        if pooling == "words":
            counted = TfidfVectorizer(**linear_settings("tfidf", checkpoint))
            x_train = counted.fit_transform(rows_of(seed)["text"][:])
            x_validation = counted.transform(validation["text"][:])
        else:
            x_train, x_validation = (vectors(part, pooling, layer, seed) for part in (seed, None))
            if probe != "plain":
                classifier = make_pipeline(StandardScaler(), classifier)
        right = classifier.fit(x_train, y_train).predict(x_validation) == y_validation
        spread = None if layer is None else float(np.std(x_train))
        return {"right": "".join("01"[int(r)] for r in right), "spread": spread}

    kinds = [(pooling, layer) for pooling in ("mean", "cls") for layer in range(n_layers + 1)]
    kinds += [("pooler", None), ("random pooler", None), ("words", None)]
    settings = {"n_train": n_train, "Cs": STRENGTHS}
    runs = [
        {"pooling": pooling, "layer": layer, "probe": probe, "seed": seed, "settings": settings}
        for seed in range(n_seeds)
        for pooling, layer in kinds
        for probe in PROBES
        if pooling != "words" or probe != "standardised"
    ]
    made_from = study_made_from(checkpoint, {"train": train, "validation": validation})
    run_missing(output, made_from, runs, do, show_progress)
    return read_vector_study(output)


def read_vector_study(path: str | Path = VECTOR_STUDY) -> pd.DataFrame:
    """The probes of ``vector_study``, by default those that come with the library.

    Args:
        path: JSON lines, one per probe.
    Returns:
        One row per probe: ``pooling``, ``layer`` (NaN where there is none), ``probe``, ``seed``, ``seconds``,
        ``settings``, ``right``, an array with 1 for each validation review that was classified correctly, and
        ``spread``, the standard deviation of all numbers of a layer's training features.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    table = pd.DataFrame(read_runs(Path(path)))
    table["right"] = [np.array(list(right), dtype=int) for right in table["right"]]
    return table
