"""Probes of the vectors of an encoder: every answer is kept, and a finished probe is not fitted again."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prevlib.datasets import load_reviews
from prevlib.features import extract_features
from prevlib.finetuning import read_vector_study, vector_study
from prevlib.finetuning.vectors import PROBES, VECTOR_STUDY


@pytest.fixture(scope="module")
def shipped():
    return read_vector_study()


def test_the_shipped_study_has_each_vector_each_probe_and_all_reviews(shipped):
    n_validation, n_layers = len(load_reviews()["validation"]), 6
    assert {len(right) for right in shipped["right"]} == {n_validation}
    n_vectors = 2 * (n_layers + 1) + 3  # both poolings of each layer, the pooler, the random one, words
    assert len(shipped) == 5 * (len(PROBES) * n_vectors - 1)  # counted words are not standardised
    assert not shipped.duplicated(["pooling", "layer", "probe", "seed"]).any()
    assert all(set(np.unique(right)) <= {0, 1} for right in shipped["right"])


def test_its_answers_have_the_accuracies_that_notebook_06_reads(shipped):
    accuracy = shipped.assign(accuracy=shipped["right"].map(np.mean))
    means = accuracy.groupby(["pooling", "layer", "probe"])["accuracy"].mean()
    assert means["mean", 5, "tuned"] == pytest.approx(0.736, abs=5e-4)
    assert means["cls", 3, "plain"] == pytest.approx(0.500, abs=5e-4)
    assert means["cls", 3, "tuned"] == pytest.approx(0.660, abs=5e-4)
    by_name = accuracy[accuracy["probe"] == "tuned"].groupby("pooling")["accuracy"].mean()
    assert by_name["pooler"] < by_name["random pooler"]


def test_a_probe_of_the_study_is_that_of_scikit_learn(shipped):
    """The answers of one probe, made anew in five lines; at most two reviews lie on the edge."""
    reviews = load_reviews()
    rows = np.random.default_rng(0).permutation(len(reviews["train"]))[:500]
    train, validation = reviews["train"].select(rows), reviews["validation"].select(range(200))
    x_train, x_validation = (
        extract_features(split["text"][:], layer=1, pooling="cls", show_progress=False)
        for split in (train, validation)
    )
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)).fit(
        x_train, train["label"]
    )
    right = classifier.predict(x_validation) == np.array(validation["label"])
    [row] = shipped.query("pooling == 'cls' and layer == 1 and probe == 'standardised' and seed == 0")[
        "right"
    ]
    assert (right != row[:200]).sum() <= 2


def test_a_finished_probe_is_not_fitted_again(tmp_path, monkeypatch, shipped):
    copy = tmp_path / "vectors.jsonl"
    copy.write_text(VECTOR_STUDY.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr("prevlib.finetuning.vectors.extract_features", None)  # would raise if it were called
    table = vector_study(copy, show_progress=False)
    assert table.drop(columns="right").equals(shipped.drop(columns="right"))
    assert copy.read_bytes() == VECTOR_STUDY.read_bytes()


def test_an_interrupted_study_goes_on_with_the_probe_that_is_missing(tmp_path, shipped):
    copy = tmp_path / "vectors.jsonl"
    lines = VECTOR_STUDY.read_text(encoding="utf-8").splitlines(keepends=True)
    [missing] = [i for i, line in enumerate(lines) if '"words"' in line and '"plain", "seed": 4' in line]
    copy.write_text("".join(lines[:missing] + lines[missing + 1 :]), encoding="utf-8")
    table = vector_study(copy, show_progress=False)
    assert len(table) == len(shipped)
    assert abs(table["right"].iloc[-1] - np.array(list(json.loads(lines[missing])["right"]), int)).sum() <= 2


def test_a_study_of_other_training_sets_is_refused(tmp_path):
    copy = tmp_path / "vectors.jsonl"
    copy.write_text(VECTOR_STUDY.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ValueError, match="n_train"):
        vector_study(copy, n_train=50, show_progress=False)
