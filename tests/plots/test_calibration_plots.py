"""What the reliability diagram draws, read from its artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from prevlib.plots import plot_reliability


def test_a_point_for_each_bin_beside_the_diagonal():
    ax = plot_reliability([0.6, 0.9], [0.5, 0.7])
    (diagonal,), (points,) = ax.lines, ax.collections
    np.testing.assert_array_equal(diagonal.get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(points.get_offsets(), [[0.6, 0.5], [0.9, 0.7]])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_aspect()) == ("mean confidence", "share right", 1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["perfectly calibrated"]
    assert not ax.texts


def test_counts_and_intervals_are_those_of_the_bins():
    bins = {"counts": np.array([50, 1200]), "low": [0.4, 0.6], "high": [0.6, 0.8]}
    ax = plot_reliability([0.6, 0.9], [0.5, 0.7], **bins)
    intervals, points = ax.collections
    segments = [segment.tolist() for segment in intervals.get_segments()]
    assert segments == [[[0.6, 0.4], [0.6, 0.6]], [[0.9, 0.6], [0.9, 0.8]]]
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("50", (0.6, 0.5)), ("1,200", (0.9, 0.7))]
    small, large = points.get_sizes()
    assert (small, large) == (16 + 144 * 50 / 1200, 160)


def test_counts_must_be_those_of_the_bins():
    with pytest.raises(ValueError, match="argument 3 is shorter"):
        plot_reliability([0.6, 0.9], [0.5, 0.7], counts=[3])


def test_the_diagram_goes_into_the_axes_it_is_given():
    _, given = plt.subplots()
    assert plot_reliability([0.5], [0.5], ax=given) is given
