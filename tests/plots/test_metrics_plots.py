"""What the pictures of right and wrong draw, read from their artists."""

import numpy as np

from prevlib import plots


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_confusion_matrix_writes_each_count_into_its_cell():
    ax = plots.plot_confusion_matrix(np.array([[5, 1], [2, 3]]), ["neg", "pos"])
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "5", (1, 0): "1", (0, 1): "2", (1, 1): "3"}  # (column, row)
    np.testing.assert_array_equal(ax.images[0].get_array(), [[5, 1], [2, 3]])
    assert ax.images[0].get_clim() == (0, 5)  # the largest count has the full colour
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {0}


def test_a_confusion_matrix_of_nothing_is_white():
    ax = plots.plot_confusion_matrix(np.zeros((2, 2)), ["neg", "pos"])
    assert {text.get_text() for text in ax.texts} == {"0"} and ax.images[0].get_clim() == (0, 1)


def test_long_names_of_classes_are_turned_and_thousands_are_grouped():
    ax = plots.plot_confusion_matrix(np.diag([12345, 7, 1]), ["entertainment", "business", "technology"])
    assert [text.get_text() for text in ax.texts][0] == "12,345"
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {30}
    assert {label.get_rotation() for label in ax.get_yticklabels()} == {0}


def test_thresholds_draw_a_line_for_each_score():
    curves = {"recall": np.array([1.0, 0.2]), "precision": np.array([0.5, 0.9])}
    ax = plots.plot_thresholds(np.array([0.1, 0.9]), curves)
    recall, precision = ax.lines
    np.testing.assert_array_equal(recall.get_xydata(), [[0.1, 1.0], [0.9, 0.2]])
    np.testing.assert_array_equal(precision.get_xydata(), [[0.1, 0.5], [0.9, 0.9]])
    assert recall.get_marker() != precision.get_marker() and recall.get_color() != precision.get_color()
    assert legend(ax) == ["precision", "recall"]  # in the order in which the lines end
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_ylim()[0]) == (
        "threshold on the probability",
        "score",
        0,
    )
