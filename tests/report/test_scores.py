"""Everything that can be said of predictions, by hand on few of them."""

import numpy as np
import pytest
from scipy.special import log_softmax

from prevlib.evaluation import bootstrap_interval, wilson_interval
from prevlib.metrics import accuracy_score, span_f1_score
from prevlib.report.scores import CONSTANT, LINEAR, LOOKUP, score_tags, score_texts
from prevlib.report.task import Rows, Task
from prevlib.training import TrainConfig


def a_task(**changes):
    """100 test texts of two classes, 20 to train on."""
    train = Rows([f"train {i}" for i in range(20)], [0] * 12 + [1] * 8)
    validation = Rows([f"validation {i}" for i in range(40)], [0, 1] * 20)
    test = Rows([f"test {i}" for i in range(100)], [0, 1] * 50)
    facts = {
        "name": "toy", "title": "toys", "kind": "text-classification", "label_names": ("no", "yes"),
        "train": train, "validation": validation, "test": test, "config": TrainConfig(), "unit": "texts",
        "source": "made up", "dataset_id": "toys", "slices": {"first half": np.arange(100) < 50},
    }  # fmt: skip
    return Task(**facts | changes)


def logits_of(labels, n_wrong, size=2.0):
    """Logits that are right but for the first ``n_wrong`` rows."""
    signs = np.where(np.arange(len(labels)) < n_wrong, -1, 1) * np.where(np.array(labels) == 1, 1, -1)
    return np.column_stack([-size * signs, size * signs]) / 2


@pytest.fixture(scope="module")
def scores():
    task = a_task()
    always_no = np.zeros(100, dtype=int)
    return score_texts(
        task, logits_of(task.test.labels, 20), logits_of(task.validation.labels, 4), baseline=always_no
    )


def test_scores_have_their_intervals_and_stand_beside_simpler_ones(scores):
    assert scores.metrics["accuracy"] == wilson_interval(80, 100)
    assert list(scores.metrics) == ["accuracy", "macro F1", "Matthews correlation", "log loss (nats)"]
    assert scores.metrics["macro F1"].estimate == pytest.approx(0.8)
    assert scores.metrics["Matthews correlation"].estimate == pytest.approx(0.6)
    by_hand = 0.8 * np.log1p(np.exp(-2)) + 0.2 * np.log1p(np.exp(2))
    assert scores.metrics["log loss (nats)"].estimate == pytest.approx(by_hand)
    assert list(scores.baselines) == [CONSTANT, LINEAR]
    assert scores.baselines[CONSTANT] == scores.baselines[LINEAR]  # the training rows say "no" most often
    assert scores.baselines[LINEAR]["accuracy"] == wilson_interval(50, 100)
    assert scores.gain.difference.estimate == pytest.approx(0.3)
    assert scores.gain.p_value < 0.01


def test_classes_confusions_and_errors_by_hand(scores):
    assert scores.confusion.tolist() == [[40, 10], [10, 40]]
    assert scores.per_class.loc["yes", ["precision", "recall", "support"]].tolist() == [0.8, 0.8, 50]
    assert scores.per_class.loc["yes", "low"] < 0.8 < scores.per_class.loc["yes", "high"]
    assert len(scores.errors) == 20
    assert scores.errors.iloc[1][["text", "true", "predicted"]].tolist() == ["test 1", "yes", "no"]


def test_the_surest_errors_come_first():
    task = a_task()
    logits = logits_of(task.test.labels, 3)
    logits[2] *= 5
    assert score_texts(task, logits).errors["text"].tolist() == ["test 2", "test 0", "test 1"]


def test_slices_of_rows(scores):
    assert scores.slices.loc["first half", ["n", "score"]].tolist() == [50, 0.6]


def test_temperature_is_fitted_on_validation_and_judged_on_test(scores):
    found = scores.calibration
    confidence = 1 / (1 + np.exp(-2))
    assert found.confidence == pytest.approx(confidence)
    assert found.error == pytest.approx(confidence - 0.8)
    # Nine in ten of the validation rows are right: the odds 9 at a logit of 2 need the temperature 2 / ln 9.
    assert found.temperature == pytest.approx(2 / np.log(9))
    assert found.error_after == pytest.approx(0.1)
    assert found.bins["n"].tolist() == [100]


def test_why_there_is_no_temperature():
    task = a_task()
    logits = logits_of(task.test.labels, 20)
    assert score_texts(task, logits).calibration.remark == "there are no validation rows to fit it on"
    perfect = score_texts(task, logits, logits_of(task.validation.labels, 0)).calibration
    assert (perfect.temperature, perfect.remark) == (None, "`logits` must be wrong in at least one sample")


def test_groups_are_resampled_as_a_whole_and_counted_in_slices():
    groups = np.repeat(np.arange(20), 5)  # the first four groups are wrong
    task = a_task(groups=groups, group_unit="authors", slices={"early": np.arange(20) < 10})
    scores = score_texts(task, logits_of(task.test.labels, 20))
    y_pred = logits_of(task.test.labels, 20).argmax(axis=1)
    options = {"groups": groups, "method": "percentile", "n_resamples": 2000}
    assert scores.metrics["accuracy"] == bootstrap_interval(
        accuracy_score, task.test.labels, y_pred, **options
    )
    assert scores.slices.loc["early", ["n", "score"]].tolist() == [10, 0.6]
    alone = score_texts(a_task(), logits_of(task.test.labels, 20)).metrics["accuracy"]
    assert scores.metrics["accuracy"].low < alone.low


def test_a_class_that_is_never_predicted_scores_zero_without_a_warning():
    task = a_task(label_names=("no", "yes", "perhaps"))
    logits = np.column_stack([logits_of(task.test.labels, 5), np.full(100, -9.0)])
    scores = score_texts(task, logits, log_softmax(logits[:40], axis=1))
    assert scores.per_class.loc["perhaps", ["precision", "recall", "f1-score", "support"]].tolist() == [0] * 4


def test_logits_of_another_task_are_refused():
    with pytest.raises(ValueError, match=r"each label, \(100, 2\); got \(100, 3\). Predict task.test.texts"):
        score_texts(a_task(), np.zeros((100, 3)))


def test_names_are_scored_whole():
    words = ["Ana", "Ruiz", "left", "Oslo"]
    true, short = ["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "O", "B-LOC"]
    test = Rows([words] * 40, [true] * 40)
    tags = [true] * 30 + [short] * 10
    nothing = [["O"] * 4] * 40
    task = a_task(
        kind="token-classification",
        label_names=("O", "B-PER", "I-PER", "B-LOC"),
        test=test,
        slices={"short": np.arange(40) >= 10},
    )
    scores = score_tags(task, tags, baseline=nothing)
    assert scores.metrics["span F1"].estimate == pytest.approx(span_f1_score(test.labels, tags)) == 0.875
    assert scores.metrics["precision"].estimate == scores.metrics["recall"].estimate == 70 / 80
    assert scores.per_class.loc[["LOC", "PER"], "f1-score"].tolist() == [1.0, 0.75]
    assert scores.per_class.loc["PER", "low"] < 0.75 < scores.per_class.loc["PER", "high"]
    assert scores.baselines[LOOKUP]["span F1"].estimate == 0
    assert scores.gain.difference.estimate == pytest.approx(0.875)
    assert scores.errors.iloc[0].tolist() == [
        "Ana Ruiz left Oslo",
        "Ana Ruiz (PER), Oslo (LOC)",
        "Ana (PER), Oslo (LOC)",
    ]
    assert scores.slices.loc["short", "score"] == pytest.approx(50 / 60)
    assert scores.calibration is None and scores.confusion is None
