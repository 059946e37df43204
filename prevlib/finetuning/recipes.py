"""Recipes: the four ways to use a checkpoint that the course compares, and the settings of each, once.

*tfidf* is a linear model of counted words, which needs no checkpoint. *frozen* is a linear model of the
encoder's vectors. *full* trains all weights, and *scratch* does the same from random weights. Nothing is
tuned for single models: rates and epochs were chosen on the validation splits of lessons 07 and 13.

Used by ``study.py``, and by the tasks of ``report``. Left out: training all weights, which ``classifier.py``
and ``tagger.py`` do.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from prevlib.arguments import renamed
from prevlib.checkpoints import load_encoder, load_tokenizer
from prevlib.features import FeatureExtractor
from prevlib.finetuning.words import Sentences, first_pieces
from prevlib.inference import run
from prevlib.training import TrainConfig

METHODS = ("tfidf", "frozen", "full", "scratch")


@renamed("n_labels", "n_train")
def study_config(n_train: int, *, seed: int = 0) -> TrainConfig:
    """The recipe of the study: fewer labels, more epochs, so that no run has too few steps.

    Args:
        n_train: Number of training texts.
        seed: Order of the rows, and dropout.
    Returns:
        10 epochs up to 100 texts, 5 up to 500, and 3 for more.
    """
    epochs = 10 if n_train <= 100 else 5 if n_train <= 500 else 3
    return TrainConfig(num_train_epochs=epochs, seed=seed)


def tagging_config(*, seed: int = 0) -> TrainConfig:
    """The recipe of the taggers, chosen on the validation split.

    Args:
        seed: Order of the rows, and dropout.
    Returns:
        5 epochs with a learning rate of 0.0003.
    """
    return TrainConfig(learning_rate=3e-4, num_train_epochs=5, per_device_train_batch_size=16, seed=seed)


def linear_settings(method: str, checkpoint: str | Path) -> dict:
    """How a linear classifier of texts, ``"tfidf"`` or ``"frozen"``, describes them.

    Args:
        method: ``"tfidf"`` or ``"frozen"``.
        checkpoint: Encoder of ``"frozen"``.
    Returns:
        Arguments of ``TfidfVectorizer`` or of ``FeatureExtractor``.
    """
    if method == "tfidf":
        return {"ngram_range": (1, 2), "sublinear_tf": True}
    return {"checkpoint": str(checkpoint), "pooling": "mean"}


def linear_classifier(method: str, checkpoint: str | Path = "minilm") -> Pipeline:
    """Logistic regression on counted words, or on the mean of the encoder's last layer.

    Args:
        method: ``"tfidf"`` or ``"frozen"``.
        checkpoint: Encoder of ``"frozen"``.
    Returns:
        An unfitted pipeline, from texts to classes.
    """
    describe = TfidfVectorizer if method == "tfidf" else FeatureExtractor
    features = describe(**linear_settings(method, checkpoint))
    return make_pipeline(features, LogisticRegression(max_iter=1000))


def linear_tagger(method: str, checkpoint: str | Path = "minilm") -> Pipeline:
    """Logistic regression for each word of sentences: of itself and its neighbours, or of its first piece.

    Args:
        method: ``"tfidf"`` or ``"frozen"``.
        checkpoint: Encoder of ``"frozen"``.
    Returns:
        An unfitted pipeline, from sentences to one tag per word.
    """
    if method == "tfidf":
        words = TfidfVectorizer(analyzer=list)
        return make_pipeline(FunctionTransformer(_windows), words, LogisticRegression(max_iter=1000, C=10))
    model, tokenizer = load_encoder(checkpoint), load_tokenizer(checkpoint)

    def vectors(sentences: Sentences) -> np.ndarray:
        rows = []
        for words in sentences:
            encoding = tokenizer([words], is_split_into_words=True, return_tensors="pt")
            hidden = run(model, encoding).last_hidden_state[0]
            rows.append(hidden[first_pieces(encoding.word_ids())].numpy())
        return np.concatenate(rows)  # (n_words, hidden_size)

    return make_pipeline(FunctionTransformer(vectors), LogisticRegression(max_iter=1000))


def _windows(sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """What a linear model sees of a word: itself, its ending, its neighbours, and their capitals."""
    for words in sentences:
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            capitals = "".join(
                "X" if w.isupper() else "x" if w[:1].isupper() else "-" for w in (before, word)
            )
            yield [f"is {word}", f"ends in {word[-3:]}", f"after {before}", f"before {after}", capitals]
