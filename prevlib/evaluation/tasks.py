"""The tasks of the scorecard: train a model in one of four ways, test it, return the score and its interval.

The ways are *tfidf* (a linear model of counted words), *frozen* (a linear model of the encoder's vectors),
*full* (all weights trained) and *scratch* (the same, from random weights). Every model gets the same training
rows and the same words of them.

- ``sentiment``: accuracy on film reviews, 2,000 labels; what the study of lesson 07 holds is read from there;
- ``entities``: span F1 on names of which no word occurs in training;
- ``eras``: accuracy on passages of other speeches, 2,000 labels; the interval resamples speeches;
- ``minimal_pairs``: accuracy of a masked-language-model head, where a frozen model has one.

Intervals are over test rows. Each model is trained once, so the luck of training is not in them. Nothing is
tuned: rates and epochs are those of lessons 07 and 13, and may suit one model better than another.
Used by ``measure.py``. Left out: other data; a task is a function of its name in ``TASKS``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from prevlib.checkpoints import load_encoder, load_masked_lm, load_tokenizer
from prevlib.datasets import load_entities, load_minimal_pairs, load_reviews, load_speeches
from prevlib.evaluation.language import minimal_pair_accuracy, score_minimal_pairs
from prevlib.evaluation.uncertainty import Interval, bootstrap_interval, wilson_interval
from prevlib.features import FeatureExtractor
from prevlib.finetuning import (
    finetune_classifier,
    finetune_tagger,
    predict_logits,
    predict_tags,
    read_study,
    study_config,
)
from prevlib.metrics import accuracy_score, span_counts, span_f1_of_counts
from prevlib.training import TrainConfig

METHODS = ("tfidf", "frozen", "full", "scratch")


@dataclass(frozen=True)
class Budget:
    """How much is read; smaller numbers are for trying things out."""

    sentiment_labels: int = 2000
    entity_sentences: int = 1000  # or all there are
    era_passages: int = 2000
    passage_words: int = 80  # from the start of a passage; about 100 tokens
    test_rows: int | None = None  # of each test set; None takes all


def sentiment(checkpoint: str, method: str, budget: Budget) -> Interval:
    """Accuracy on the test reviews, with Wilson's interval."""
    reviews = load_reviews()
    test = sample(reviews["test"], budget.test_rows)
    study = read_study()
    same = study[(study.method == method) & (study.n_labels == budget.sentiment_labels) & (study.seed == 0)]
    if len(same) and checkpoint == "minilm" and budget.test_rows is None:
        y_pred = np.array(same["y_proba"].iloc[0]) > 0.5
    else:
        train = sample(reviews["train"], budget.sentiment_labels)
        classify = _train_classifier(
            checkpoint, method, train["text"], train["label"], study_config(len(train), 0)
        )
        y_pred = classify(list(test["text"]))
    return wilson_interval(int((y_pred == np.array(test["label"])).sum()), len(test))


def entities(checkpoint: str, method: str, budget: Budget) -> Interval:
    """F1 of the spans in ``test_unseen``; the interval resamples sentences."""
    data = load_entities()
    names = data["train"].features["ner_tags"].feature.names
    train, test = (
        sample(data["train"], budget.entity_sentences),
        sample(data["test_unseen"], budget.test_rows),
    )
    y_train, y_true = ([[names[tag] for tag in tags] for tags in part["ner_tags"]] for part in (train, test))
    if method in ("tfidf", "frozen"):
        describe, model = _word_model(checkpoint, method)
        model.fit(describe(train["tokens"]), [tag for tags in y_train for tag in tags])
        predicted = iter(model.predict(describe(test["tokens"])))
        y_pred = [[str(next(predicted)) for _ in words] for words in test["tokens"]]
    else:
        tagger = finetune_tagger(
            train["tokens"],
            y_train,
            checkpoint,
            label_names=names,
            config=TrainConfig(learning_rate=3e-4, num_train_epochs=5),
            random_init=method == "scratch",
            mark_capitals=getattr(load_encoder(checkpoint).config, "type_vocab_size", 0) > 1,
            show_progress=False,
        )
        y_pred = predict_tags(tagger, test["tokens"])
    counts = span_counts(y_true, y_pred)
    return bootstrap_interval(span_f1_of_counts, counts, counts)


def eras(checkpoint: str, method: str, budget: Budget) -> Interval:
    """Accuracy on passages of speeches that were held out; the interval resamples speeches."""
    speeches = load_speeches()
    train, test = sample(speeches["train"], budget.era_passages), sample(speeches["test"], budget.test_rows)
    train_texts, test_texts = (
        [" ".join(text.split()[: budget.passage_words]) for text in part["text"]] for part in (train, test)
    )
    config = TrainConfig(num_train_epochs=2)
    y_pred = _train_classifier(checkpoint, method, train_texts, train["label"], config)(test_texts)
    by_speech = {"groups": test["speech_id"], "method": "percentile"}
    return bootstrap_interval(accuracy_score, test["label"], y_pred, **by_speech)


def minimal_pairs(checkpoint: str, method: str, budget: Budget) -> Interval | None:
    """Accuracy on minimal pairs; None if the model has no head for masked words, or lost it in training."""
    if method != "frozen" or not has_masked_lm(checkpoint):
        return None
    pairs = sample(load_minimal_pairs()["test"], budget.test_rows)
    pairs = score_minimal_pairs(pairs, checkpoint, show_progress=False)
    return minimal_pair_accuracy(pairs["good_score"], pairs["bad_score"])


TASKS = {task.__name__: task for task in (sentiment, entities, eras, minimal_pairs)}


def sample(rows, n: int | None):
    """``n`` random rows, the same ones for every model, drawn as in the study of lesson 07."""
    if n is None:
        return rows
    return rows.select(np.random.default_rng(0).permutation(len(rows))[:n])


def has_masked_lm(checkpoint: str) -> bool:
    """Whether the checkpoint has a trained head for masked words."""
    try:
        load_masked_lm(checkpoint)
    except ValueError:
        return False
    return True


def linear_classifier(checkpoint: str, method: str) -> Pipeline:
    """Logistic regression on counted words, or on the mean of the encoder's last layer."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    features = words if method == "tfidf" else FeatureExtractor(checkpoint)
    return make_pipeline(features, LogisticRegression(max_iter=1000))


def _train_classifier(
    checkpoint, method, texts, labels, config: TrainConfig
) -> Callable[[list[str]], np.ndarray]:
    """The function from texts to classes that was learnt."""
    if method in ("tfidf", "frozen"):
        return linear_classifier(checkpoint, method).fit(list(texts), labels).predict
    classifier = finetune_classifier(
        texts, labels, checkpoint, config=config, random_init=method == "scratch", show_progress=False
    )
    return lambda texts: predict_logits(classifier, texts).argmax(axis=1)


def _word_model(checkpoint: str, method: str) -> tuple[Callable, Pipeline | LogisticRegression]:
    """A description of each word of each sentence, and a linear model for it."""
    if method == "tfidf":
        linear = LogisticRegression(max_iter=1000, C=10)
        return _windows, make_pipeline(TfidfVectorizer(analyzer=list), linear)
    model, tokenizer = load_encoder(checkpoint), load_tokenizer(checkpoint)

    def first_pieces(sentences: Sequence[Sequence[str]]) -> np.ndarray:
        vectors = []
        for words in sentences:
            encoding = tokenizer([words], is_split_into_words=True, return_tensors="pt")
            pieces = [encoding.word_ids().index(i) for i in range(len(words))]
            with torch.inference_mode():
                vectors.append(model(**encoding).last_hidden_state[0, pieces].numpy())
        return np.concatenate(vectors)  # (n_words, hidden_size)

    return first_pieces, LogisticRegression(max_iter=1000)


def _windows(sentences: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    """What a linear model sees of a word: itself, its ending, its neighbours, and their capitals."""
    for words in sentences:
        for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
            capitals = "".join(
                "X" if w.isupper() else "x" if w[:1].isupper() else "-" for w in (before, word)
            )
            yield [f"is {word}", f"ends in {word[-3:]}", f"after {before}", f"before {after}", capitals]
