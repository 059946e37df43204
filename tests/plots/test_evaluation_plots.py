"""What the pictures of uncertainty draw, read from their artists."""

import numpy as np

from prevlib.evaluation import wilson_interval
from prevlib.plots import plot_intervals, plot_resamples


def test_each_interval_is_a_line_with_its_estimate_and_number():
    first = wilson_interval(95, 100)
    ax = plot_intervals({"a": first, "b": (0.5, 0.4, 0.7)}, reference=0.5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    segments = np.array([line.get_segments()[0] for line in ax.collections])
    np.testing.assert_allclose(segments, [[[first.low, 0], [first.high, 0]], [[0.4, 1], [0.7, 1]]])
    assert [line.get_xydata().tolist() for line in ax.lines[:2]] == [[[0.95, 0]], [[0.5, 1]]]
    assert [text.get_text() for text in ax.texts] == ["0.950", "0.500"]
    assert [text.xy for text in ax.texts] == [(0.95, 0), (0.5, 1)] and ax.get_xlabel() == "score"
    assert ax.lines[-1].get_xdata() == [0.5, 0.5]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first one on top


def test_intervals_need_no_reference():
    assert len(plot_intervals({"a": (0.5, 0.4, 0.7)}).lines) == 1


def test_resamples_show_the_hill_and_the_ends():
    ax = plot_resamples(np.linspace(0.7, 0.9, 200), (0.8, 0.72, 0.88))
    assert sum(bar.get_height() for bar in ax.patches) == 200
    assert [line.get_xdata()[0] for line in ax.lines] == [0.8, 0.72, 0.88]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--", "--"]
    assert [text.get_text() for text in ax.texts] == ["0.800", "0.720", "0.880"]
    assert [text.xy for text in ax.texts] == [(0.8, 1), (0.72, 1), (0.88, 1)]  # above the axes
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("score of a resample", "number of resamples")


def test_numbers_of_resamples_have_no_fractions():
    ax = plot_resamples([0.7, 0.8, 0.9], (0.8, 0.72, 0.88))
    assert all(float(tick).is_integer() for tick in ax.get_yticks())
