"""What the pictures of features draw, read from their artists."""

import numpy as np

from prevlib import plots


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_projection_draws_each_class_with_its_own_marker():
    points, labels = np.arange(8.0).reshape(4, 2), [0, 1, 1, 0]
    ax = plots.plot_projection(points, labels, ["neg", "pos"])
    neg, pos = ax.collections
    np.testing.assert_array_equal(neg.get_offsets(), points[[0, 3]])
    np.testing.assert_array_equal(pos.get_offsets(), points[[1, 2]])
    assert legend(ax) == ["neg", "pos"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first component", "second component")
    shapes = [collection.get_paths()[0].vertices.shape for collection in ax.collections]
    assert shapes[0] != shapes[1]


def test_layers_are_drawn_with_their_intervals():
    scores, low, high = {"mean": [0.5, 0.7]}, {"mean": [0.4, 0.6]}, {"mean": [0.6, 0.8]}
    ax = plots.plot_layers(scores, low=low, high=high)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.5, 0.7])
    bars = [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()]
    assert bars == [[0.4, 0.6], [0.6, 0.8]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0\nembeddings", "1"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("layer", "accuracy")


def test_layers_of_two_poolings_stand_side_by_side_and_need_no_intervals():
    ax = plots.plot_layers({"cls": [0.5, 0.6], "mean": [0.6, 0.7]})
    np.testing.assert_allclose([line.get_xdata() for line in ax.lines], [[-0.03, 0.97], [0.03, 1.03]])
    assert legend(ax) == ["mean", "cls"] and not ax.collections  # in the order in which the lines end
