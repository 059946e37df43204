"""Scores of slices: by hand, worst first, and silent where there is too little to say."""

import numpy as np
import pytest

from prevlib.evaluation import bootstrap_interval, score_slices
from prevlib.metrics import accuracy_score

Y_TRUE = np.ones(100, dtype=int)
Y_PRED = np.repeat([1, 0, 1], [40, 20, 40])  # the middle is wrong


def test_slices_by_hand():
    place = np.arange(100)
    slices = {"first half": place < 50, "middle": (place >= 40) & (place < 80), "few": place < 5}
    table = score_slices(accuracy_score, Y_TRUE, Y_PRED, slices)
    assert list(table.index) == ["middle", "first half", "few"]  # worst first, without a score last
    assert table["n"].to_dict() == {"first half": 50, "middle": 40, "few": 5}
    assert table.loc["middle", "score"] == 0.5
    assert table.loc["middle", "difference"] == pytest.approx(-0.3)
    assert table.loc["few", ["score", "low", "high", "difference"]].isna().all()
    expected = bootstrap_interval(accuracy_score, Y_TRUE[:50], Y_PRED[:50], n_resamples=2000)
    assert table.loc["first half", ["score", "low", "high"]].tolist() == list(expected[:3])


def test_one_label_a_sample_makes_a_slice_of_each():
    table = score_slices(accuracy_score, Y_TRUE, Y_PRED, np.repeat([1913, 1989], 50), min_support=1)
    assert sorted(table.index) == ["1913", "1989"]
    assert table["share"].tolist() == [0.5, 0.5]


def test_samples_that_belong_together_are_drawn_together():
    authors, members = np.repeat(range(50), 2), np.arange(100) < 60
    table = score_slices(accuracy_score, Y_TRUE, Y_PRED, {"part": members}, groups=authors)
    part = (Y_TRUE[members], Y_PRED[members])
    expected = bootstrap_interval(accuracy_score, *part, groups=authors[members], n_resamples=2000)
    assert table.loc["part", ["score", "low", "high"]].tolist() == list(expected[:3])


def test_an_empty_slice_has_no_score():
    table = score_slices(accuracy_score, Y_TRUE, Y_PRED, {"none": np.zeros(100, bool)}, min_support=0)
    assert table.loc["none", "n"] == 0 and np.isnan(table.loc["none", "score"])


@pytest.mark.parametrize("members", [np.ones(99, bool), np.ones(100), [1, 2]])
def test_a_slice_that_is_no_condition_is_refused(members):
    with pytest.raises(ValueError, match="slice 'odd' must be True or False for each of 100 samples; got"):
        score_slices(accuracy_score, Y_TRUE, Y_PRED, {"odd": members})


@pytest.mark.parametrize("missing", [None, np.nan])
def test_samples_without_a_label_have_a_row_of_their_own(missing):
    labels = np.array(["early"] * 40 + [missing] * 60, dtype=object)
    table = score_slices(accuracy_score, Y_TRUE, Y_PRED, labels)
    assert table["n"].to_dict() == {"early": 40, "(no label)": 60}
