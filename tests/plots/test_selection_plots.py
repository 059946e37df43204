"""What the picture of a choice draws, read from its artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from prevlib.plots import COLORS, plot_pareto

NAMES, COSTS, SCORES = ["small", "poor", "large"], [1.0, 10.0, 100.0], [0.6, 0.5, 0.8]
ON_FRONT = [True, False, True]


def test_points_on_the_front_are_filled_and_joined_by_steps():
    ax = plot_pareto(NAMES, COSTS, SCORES, ON_FRONT)
    filled, hollow = ax.collections
    np.testing.assert_array_equal(filled.get_offsets(), [[1, 0.6], [100, 0.8]])
    np.testing.assert_array_equal(hollow.get_offsets(), [[10, 0.5]])
    assert [to_hex(points.get_facecolor()[0]).upper() for points in (filled, hollow)] == [
        COLORS[0],
        "#FFFFFF",
    ]
    (steps,) = ax.lines
    assert steps.get_drawstyle() == "steps-post"  # a score holds until the next budget buys a better one
    np.testing.assert_array_equal(steps.get_xydata(), [[1, 0.6], [100, 0.8], [100, 0.8]])
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["best score for each budget"]


@pytest.mark.parametrize(
    "costs, written", [([1.1, 7.6, 19.5], "1 2 5 10 20"), ([4e6, 22.7e6, 2.3e9], "10M 100M 1G 10G")]
)
def test_costs_are_written_as_numbers(costs, written):
    ax = plot_pareto(NAMES, costs, SCORES, ON_FRONT)
    low, high = ax.get_xlim()
    ax.figure.canvas.draw()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    assert [label.get_text() for place, label in ticks if low <= place <= high] == written.split()
    assert low < min(costs) and high > max(costs)


def test_every_point_has_its_name_and_interval():
    ax = plot_pareto(NAMES, COSTS, SCORES, ON_FRONT, low=[0.5, 0.4, 0.7], high=[0.7, 0.6, 0.9])
    assert [(text.get_text(), text.xy) for text in ax.texts] == [
        ("small", (1.0, 0.6)),
        ("poor", (10.0, 0.5)),
        ("large", (100.0, 0.8)),
    ]
    segments = [segment.tolist() for segment in ax.collections[0].get_segments()]
    assert segments == [[[1, 0.5], [1, 0.7]], [[10, 0.4], [10, 0.6]], [[100, 0.7], [100, 0.9]]]


def test_the_steps_go_on_to_the_dearest_model():
    ax = plot_pareto(["a", "b"], [1, 50], [0.9, 0.8], [True, False])
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 0.9], [50, 0.9]])


def test_the_picture_goes_into_the_axes_it_is_given():
    _, given = plt.subplots()
    assert plot_pareto(NAMES, COSTS, SCORES, ON_FRONT, ax=given) is given
