"""Probes with controls: what can be read from the layers of a frozen encoder, and is it the encoder's merit?

A probe is a linear classifier on features that stay as they are. If it does well on held-out texts, the label
can be read from the features. It does not follow that the model uses it, nor that the probe found it rather
than learnt it: enough weights learn anything. So the same probe also learns *random* labels, one fixed draw
for each distinct text. What it scores there is its own doing, and accuracy minus that is *selectivity*.

On held-out texts a random label is a toss of a coin, so the control is at chance, within its interval but for
one time in twenty. If it is far above, texts stand on both sides of the split, and the real score is too good
as well.

Used in notebook 18. Left out: probes that are not linear, and probes of single tokens.
Sources: Alain & Bengio 2016; Hewitt & Liang 2019, *Designing and Interpreting Probes with Control Tasks*;
Belinkov 2022, *Probing Classifiers*.
"""

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prevlib.checkpoints import Loaded
from prevlib.evaluation.uncertainty import wilson_interval
from prevlib.features import extract_features
from prevlib.inference import check_texts


def probe_layers(
    texts: Sequence[str],
    labels: Sequence,
    checkpoint: str | Path | Loaded = "minilm",
    *,
    pooling: str = "mean",
    control: bool = True,
    test_size: float = 0.5,
    show_progress: bool = True,
    seed: int = 0,
) -> pd.DataFrame:
    """A linear probe of each layer, with the same probe on random labels beside it.

    The encoder runs once, for all layers.

    Args:
        texts: Strings; what exceeds the model's maximum is cut, with a warning.
        labels: Their classes, whole numbers or names.
        checkpoint: Alias, folder, hub name, or a loaded model.
        pooling: ``"mean"``, ``"max"`` or ``"cls"``, as for ``extract_features``.
        control, test_size, seed: As for ``probe_features``.
        show_progress: Show a bar.
    Returns:
        The table of ``probe_features``; layer 0 are the embeddings.
    Raises:
        As ``extract_features`` and ``probe_features``.
    """
    texts = check_texts(texts)
    labels = _check_labels(labels, len(texts))
    features = extract_features(texts, checkpoint, layer="all", pooling=pooling, show_progress=show_progress)
    return probe_features(features, labels, types=texts, control=control, test_size=test_size, seed=seed)


def probe_features(
    features: ArrayLike,
    labels: Sequence,
    *,
    types: Sequence[Hashable] | None = None,
    control: bool = True,
    test_size: float = 0.5,
    seed: int = 0,
) -> pd.DataFrame:
    """``probe_layers`` for features that are there already.

    Each feature is standardised on the training samples, so that layers of large and of small numbers are
    regularised alike.

    Args:
        features: Shape (n_samples, n_layers, hidden_size).
        labels: Classes, shape (n_samples,).
        types: What a sample is; equal ones get the same random label. By default all differ.
        control: Fit random labels, too. They are drawn with the frequencies of ``labels``.
        test_size: Share of the samples that is held out, with the class shares of all.
        seed: Of the split and of the random labels.
    Returns:
        One row a layer: ``accuracy``, ``low``, ``high`` (95 %, Wilson) on the held-out samples,
        ``train_accuracy``; ``majority``, the accuracy of always giving the most frequent class; and, for the
        random labels, ``control_accuracy``, ``control_low``, ``control_high``, ``control_train_accuracy``,
        and ``selectivity``, accuracy minus control accuracy.
    Raises:
        ValueError: If shapes disagree, there is one class only, or a class has too few samples to split.
    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = np.arange(200) % 2
        >>> features = np.stack([rng.normal(size=200), labels], axis=1)[:, :, None]  # noise, then the label
        >>> probe_features(features, labels)["accuracy"].round(1).tolist()
        [0.5, 1.0]

    Source: Hewitt & Liang 2019, section 2.
    """
    features = np.asarray(features)
    if features.ndim != 3:
        raise ValueError(
            f"`features` must have the shape (n_samples, n_layers, hidden_size); got {features.shape}. "
            'Take extract_features(..., layer="all"), or features[:, None] for a single layer.'
        )
    labels = _check_labels(labels, len(features))
    names, counts = np.unique(labels, return_counts=True)
    if not 0 < test_size < 1 or counts.min() * min(test_size, 1 - test_size) < 1:
        raise ValueError(
            "`test_size` must be between 0 and 1 and leave samples of each class on both sides; "
            f"got {test_size} with {counts.min()} of class {names[counts.argmin()]}. Take more samples."
        )
    train, test = train_test_split(
        np.arange(len(labels)), test_size=test_size, stratify=labels, random_state=seed
    )
    tasks = {"": labels}
    if control:
        tasks["control_"] = _random_labels(labels, types, seed)
    majority = float(np.mean(labels[test] == names[counts.argmax()]))
    rows = []
    for layer in range(features.shape[1]):
        row = {}
        for prefix, y in tasks.items():
            row |= {
                prefix + name: value for name, value in _probe(features[:, layer], y, train, test).items()
            }
        if control:
            row["selectivity"] = row["accuracy"] - row["control_accuracy"]
        rows.append(row | {"majority": majority})
    return pd.DataFrame(rows).rename_axis("layer")


def _probe(features: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict:
    # Of few random labels, all may be the same; then there is nothing to fit.
    linear = LogisticRegression(max_iter=2000) if len(set(labels[train])) > 1 else DummyClassifier()
    classifier = make_pipeline(StandardScaler(), linear)
    classifier.fit(features[train], labels[train])
    right = classifier.predict(features[test]) == labels[test]
    accuracy, low, high, _ = wilson_interval(int(right.sum()), len(right))
    train_accuracy = float(np.mean(classifier.predict(features[train]) == labels[train]))
    return {"accuracy": accuracy, "low": low, "high": high, "train_accuracy": train_accuracy}


def _random_labels(labels: np.ndarray, types: Sequence[Hashable] | None, seed: int) -> np.ndarray:
    """One label for each distinct type, drawn with the frequencies of ``labels``."""
    types = np.arange(len(labels)) if types is None else pd.factorize(np.asarray(types, dtype=object))[0]
    if types.shape != labels.shape:
        raise ValueError(f"`types` must hold one type a sample, {len(labels)}; got {len(types)}.")
    # Another stream than default_rng(seed), from which the caller may have drawn the labels themselves.
    return np.random.default_rng([seed, 1]).choice(labels, size=types.max() + 1)[types]


def _check_labels(labels: Sequence, n_samples: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (n_samples,):
        raise ValueError(f"`labels` must hold one label a text, shape ({n_samples},); got {labels.shape}.")
    names = np.unique(labels)
    if len(names) < 2:
        raise ValueError(
            f"`labels` must hold at least two classes; got only {names[0]}. There is nothing to tell apart."
        )
    return labels
