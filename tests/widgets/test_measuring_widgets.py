"""Widgets on scores and choices, with the real ipywidgets: set a value, read the words, see the picture."""

import re

import numpy as np
import pytest
import sklearn.metrics
from matplotlib.figure import Figure
from public_names import public_names
from reading import move, words
from scipy.special import softmax

from prevlib import widgets
from prevlib.evaluation import bootstrap_interval, scorecard
from prevlib.metrics import accuracy_score
from prevlib.widgets import (
    explore_bootstrap,
    explore_calibration,
    explore_scorecard,
    explore_spans,
    explore_threshold,
)
from prevlib.widgets.bootstrap import resample_scores
from prevlib.widgets.calibration import scale_logits
from prevlib.widgets.spans import name_spans, plot_spans
from prevlib.widgets.threshold import cheapest_threshold, decide

# threshold

SCORED = [1, 0, 1, 1, 0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.2, 0.1]


def test_a_threshold_is_counted_as_by_scikit_learn():
    y_true, y_score = SCORED
    for threshold in (0.0, 0.55, 0.95):
        found = decide(y_true, y_score, threshold, cost_fp=2, cost_fn=3)
        y_pred = [int(score >= threshold) for score in y_score]
        assert list(found[:4]) == sklearn.metrics.confusion_matrix(y_true, y_pred).ravel().tolist()
        assert found.cost == 2 * found.fp + 3 * found.fn
        scores = found.scores()
        assert scores["accuracy"] == sklearn.metrics.accuracy_score(y_true, y_pred)
        assert scores["F1"] == pytest.approx(sklearn.metrics.f1_score(y_true, y_pred))
    assert np.isnan(found.scores()["precision"])  # nothing is called


@pytest.mark.parametrize("cost_fp, cost_fn", [(1, 1), (1, 10), (10, 1), (3, 2)])
def test_no_threshold_is_cheaper_than_the_cheapest(cost_fp, cost_fn):
    costs = {"cost_fp": cost_fp, "cost_fn": cost_fn}
    where, least = cheapest_threshold(*SCORED, **costs)
    assert decide(*SCORED, where, **costs).cost == least
    assert least == min(decide(*SCORED, t, **costs).cost for t in [*SCORED[1], np.inf])


def test_threshold_and_costs_move_counts_and_points():
    box = explore_threshold(*SCORED)
    assert "5 texts are called positive. Of 4 positives 3 are found and 1 missed" in words(box)
    assert "; of 4 negatives 2 are false alarms" in words(box)
    text, changed = move(box, threshold=0.95)
    assert (
        changed
        and "0 texts are called positive. Of 4 positives 0 are found" in text
        and "precision undefined" in text
    )
    text, _ = move(box, cost_fn=10)
    assert "0 x 1 + 4 x 10 = 40" in text and "the cheapest threshold is 0.200, with 3" in text
    text, _ = move(box, cost_fn=1, cost_fp=20)
    assert "the cheapest threshold is 0.900, with 3" in text


def test_the_shipped_predictions_are_those_of_the_lesson():
    box = explore_threshold()
    assert "352 are found and 75 missed; of 426 negatives 89 are false alarms" in words(box)


def test_thresholds_of_logits_reach_all_of_them():
    box = explore_threshold([0, 1], [-7.0, 5.0])
    assert (box.controls["threshold"].min, box.controls["threshold"].max) == (-7, 5)


# bootstrap


def test_the_interval_is_that_of_the_library():
    y_true, y_pred = np.tile([1, 0, 1, 0, 1], 20), np.tile([1, 0, 0, 1, 1], 20)
    options = {"n_resamples": 500, "level": 0.9, "seed": 3}
    found = resample_scores(accuracy_score, y_true, y_pred, **options)
    assert found.interval == bootstrap_interval(
        accuracy_score, y_true, y_pred, method="percentile", **options
    )
    low, high = np.quantile(found.scores, [0.05, 0.95])
    assert (low, high) == found.interval[1:3]


def test_more_samples_and_a_lower_level_narrow_the_interval():
    box = explore_bootstrap()
    assert "accuracy of the first 200 samples" in words(box)

    def width():
        return float(re.search(r"interval ([\d.]+) wide", words(box))[1])

    wide = width()
    assert move(box, n=800)[1] and width() < 0.7 * wide
    wide = width()
    assert move(box, level=0.5)[1] and width() < 0.5 * wide
    text, changed = move(box, metric="F1", n_resamples=10)
    assert changed and "F1 of the first 800" in text and "10 resamples, draw 1" in text
    assert move(box, draw=2)[1]


# calibration


def test_logits_are_divided_before_the_softmax():
    logits = np.array([[2.0, 0.0, -2.0], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(scale_logits(logits, 1.0), softmax(logits, axis=1))
    np.testing.assert_allclose(scale_logits(logits, 1e6), 1 / 3, atol=1e-5)
    np.testing.assert_allclose(scale_logits([2.0], 2.0), 1 / (1 + np.exp(-1)))


def test_the_best_temperature_brings_confidence_and_truth_together():
    box = explore_calibration()
    assert "on the other half of the samples the best temperature is 2.3" in words(box).lower()

    def numbers():
        loss, accuracy, ece = re.search(
            r"(?s)loss ([\d.]+).*accuracy ([\d.]+\d).*ECE is ([\d.]+)", words(box)
        ).groups()
        return float(ece), float(loss), float(accuracy)

    before = numbers()
    text, changed = move(box, temperature=2.3)
    after = numbers()
    assert changed and "Temperature 2.3" in text
    assert after[0] < before[0] and after[1] < before[1] and after[2] == before[2]
    assert move(box, n_bins=1)[1] and "Number of bins: 1. " in words(box)


def test_several_classes_are_judged_by_their_top_label():
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, 200)
    logits = 2 * np.eye(3)[y_true] + rng.normal(size=(200, 3))
    accuracy = np.mean(logits[100:].argmax(axis=1) == y_true[100:])  # of the half that is shown
    assert f"accuracy {accuracy:.3f}" in words(explore_calibration(logits, y_true))


# spans


def test_names_are_read_with_their_words():
    assert name_spans(["a", "b", "c"], ["B-PER", "I-PER", "B-LOC"]) == ["a b (PER)", "c (LOC)"]


def test_right_spans_are_solid_and_others_hatched():
    rows = {"true": ["B-PER", "O", "B-LOC"], "predicted": ["B-PER", "O", "B-ORG"]}
    ax = plot_spans(["a", "b", "c"], rows, ax=Figure().subplots())
    assert [bar.get_hatch() for bar in ax.patches] == [None, "///", None, "///"]
    assert [text.get_text() for text in ax.texts] == [*rows["true"], *rows["predicted"], "a", "b", "c"]


def test_editing_a_tag_moves_words_and_names_differently():
    box = explore_spans()
    assert "6 of 8, 0.75" in words(box) and "F1 0.50" in words(box)
    text, changed = move(box, tag_3="B-LOC")
    assert changed and "7 of 8, 0.88" in text  # one more word is right
    assert "New (LOC), South Wales (LOC)" in text and "precision 1 of 3, 0.33" in text and "F1 0.40" in text
    text, _ = move(box, tag_4="I-LOC")
    assert "8 of 8, 1.00" in text and "F1 1.00" in text
    text, _ = move(box, **{f"tag_{i}": "O" for i in range(8)})
    assert "Predicted names: none" in text and "precision 0 of 0; recall 0 of 2, 0.00; F1 0.00" in text


def test_tags_must_fit_words_and_menus():
    with pytest.raises(ValueError, match="one tag a word, out of O, B-PER.*got 1 words"):
        explore_spans(["a"], ["B-X"], ["O"])


# scorecard

SMALL = {"qa": 0.80, "qa_low": 0.79, "qa_high": 0.81, "parameters": 1e7}
LARGE = {"qa": 0.84, "qa_low": 0.83, "qa_high": 0.85, "parameters": 1e8}


def test_the_price_decides_which_model_comes_first():
    box = explore_scorecard({"small": SMALL, "large": LARGE})
    assert "rings: large is first at a price of 0.02.\n" in words(box) and "\nlarge comes first" in words(box)
    text, changed = move(box, price=0.1)
    assert changed and "\nsmall comes first" in text and "large 0.740 = 0.840 - 0.100" in text
    assert "Best for some budget of parameters: small, large" in text
    text, changed = move(box, task_0=0.0)
    assert not changed and "At least one task must have a weight above 0" in text


def test_the_shipped_measurements_say_what_the_library_says():
    box = explore_scorecard()
    weights = {"latency_p50_ms": 0.02, "sentiment": 1, "entities": 1, "eras": 1}
    assert words(box).partition(".\n")[2].strip().startswith(scorecard(weights=weights).sentence)
    text, changed = move(box, cost="parameters")
    assert changed and "each factor of ten of parameters" in text
    text, changed = move(box, task_1=0.0)
    assert changed and "entities 0" in text


def test_models_need_a_common_task_and_cost():
    with pytest.raises(ValueError, match=r"got tasks \['qa'\] and costs \[\]"):
        explore_scorecard({"a": SMALL | {"parameters": 0}, "b": LARGE})


# what all of them promise


@pytest.mark.parametrize(
    "explore, arguments, said",
    [
        (explore_threshold, ([0, 1],), "given together"),
        (explore_threshold, ([1, 1], [0.1, 0.2]), "must hold the classes 0 and 1; got [1]"),
        (explore_bootstrap, ([0, 1],), "given together"),
        (explore_bootstrap, ([0, 1], [0, 1]), "at least 20 samples; got 2"),
        (explore_calibration, ([0.0, 1.0],), "given together"),
    ],
)
def test_what_is_passed_must_fit(explore, arguments, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        explore(*arguments)


def test_every_widget_has_a_module_of_its_name():
    for name in public_names(widgets):
        assert getattr(widgets, name).__module__ == f"prevlib.widgets.{name.removeprefix('explore_')}"
