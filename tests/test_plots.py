"""What the plots draw, read from their artists; how they look is judged by eye."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from prevlib import plots


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_loss_of_probability_marks_the_points_with_their_loss():
    ax = plots.plot_loss_of_probability([0.5, 0.01])
    assert texts(ax) == ["0.69", "4.61"]
    curve = ax.lines[0]
    np.testing.assert_allclose(curve.get_ydata(), -np.log(curve.get_xdata()))
    assert ax.get_ylabel() == "loss (nats)"


def test_gradient_bars_carry_sign_and_value():
    ax = plots.plot_gradient([0.75, -0.75], ["neg", "pos"])
    assert texts(ax) == ["+0.75", "-0.75"]
    assert [bar.get_width() for bar in ax.patches] == [0.75, -0.75]
    assert ax.yaxis_inverted()  # the first class on top


def test_projection_draws_each_class_with_its_own_marker():
    points, labels = np.arange(8.0).reshape(4, 2), [0, 1, 1, 0]
    ax = plots.plot_projection(points, labels, ["neg", "pos"])
    np.testing.assert_array_equal(ax.collections[1].get_offsets(), points[[1, 2]])
    assert legend(ax) == ["neg", "pos"]
    shapes = [collection.get_paths()[0].vertices.shape for collection in ax.collections]
    assert shapes[0] != shapes[1]


def test_layers_are_drawn_with_their_intervals():
    scores, low, high = {"mean": [0.5, 0.7]}, {"mean": [0.4, 0.6]}, {"mean": [0.6, 0.8]}
    ax = plots.plot_layers(scores, low=low, high=high)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.5, 0.7])
    bars = [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()]
    assert bars == [[0.4, 0.6], [0.6, 0.8]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["embeddings", "1"]


def test_losses_are_drawn_raw_and_smoothed_beside_the_level_of_guessing():
    ax = plots.plot_losses({"full": [1.0, 0.5, 0.3]}, smooth=2)
    raw, smooth, guessing = ax.lines
    np.testing.assert_allclose(raw.get_ydata(), [1.0, 0.5, 0.3])
    np.testing.assert_allclose(smooth.get_ydata(), [1.0, 0.75, 0.4])
    assert guessing.get_ydata()[0] == pytest.approx(np.log(2))


def test_pretraining_is_drawn_beside_its_reference_lines():
    ax = plots.plot_pretraining({"ours": ([50, 100], [6.5, 5.0])}, {"ln V": 9.0})
    curve, level = ax.lines
    np.testing.assert_allclose(curve.get_xydata(), [[50, 6.5], [100, 5.0]])
    assert level.get_ydata()[0] == 9.0
    assert (legend(ax), ax.texts[0].get_text()) == (["ours"], "ln V")


def test_label_efficiency_draws_each_method_with_its_band():
    table = pd.DataFrame(
        {"method": ["full"] * 2, "n_labels": [100, 2000], "accuracy": [0.7, 0.8], "low": [0.6, 0.7]}
    ).assign(high=[0.8, 0.9])
    ax = plots.plot_label_efficiency(table)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [100, 2000])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["100", "2,000"]
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.6, 0.9)


def test_confusion_matrix_writes_each_count_into_its_cell():
    ax = plots.plot_confusion_matrix(np.array([[5, 1], [2, 3]]), ["neg", "pos"])
    cells = {text.get_position(): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "5", (1, 0): "1", (0, 1): "2", (1, 1): "3"}  # (column, row)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_thresholds_draw_a_line_for_each_score():
    ax = plots.plot_thresholds(np.array([0.1, 0.9]), {"recall": np.array([1.0, 0.2])})
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0, 0.2])
    assert legend(ax) == ["recall"]


def test_bars_carry_numbers_intervals_and_what_is_expected():
    ax = plots.plot_bars(["a", "b"], [0.8, 0.12], low=[0.7, 0.1], high=[0.9, 0.2], expected=[0.75, 0.25])
    assert [bar.get_height() for bar in ax.patches] == [0.8, 0.12]
    assert texts(ax) == ["0.80", "0.12"]
    assert [text.xy[1] for text in ax.texts] == [0.9, 0.25]  # above bar, interval and level
    intervals, levels = (lines.get_segments() for lines in ax.collections)
    assert [segment[:, 1].tolist() for segment in intervals] == [[0.7, 0.9], [0.1, 0.2]]
    assert [segment[0, 1] for segment in levels] == [0.75, 0.25]
    assert legend(ax) == ["expected"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]


def test_bars_need_no_intervals():
    ax = plots.plot_bars(["a"], [1.5])
    assert texts(ax) == ["1.50"] and not ax.collections


def test_a_plot_goes_into_the_axes_it_is_given():
    _, given = plt.subplots()
    assert plots.plot_gradient([0.1], ["a"], ax=given) is given


def test_colors_stay_apart_for_colour_blind_readers():
    """Distances in sRGB after simulated protanopia and deuteranopia (Machado et al. 2009)."""
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in plots.COLORS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    protan = [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
    deutan = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
    for matrix in (np.eye(3), np.array(protan), np.array(deutan)):
        seen = np.clip(linear @ matrix.T, 0, 1) ** (1 / 2.2)
        gaps = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert gaps[~np.eye(len(seen), dtype=bool)].min() > 0.1
    assert len(set(plots.MARKERS)) == len(plots.MARKERS) >= len(plots.COLORS)
