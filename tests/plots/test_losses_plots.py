"""What the pictures of the losses draw, read from their artists."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from prevlib import plots


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_loss_of_probability_marks_the_points_with_their_loss():
    ax = plots.plot_loss_of_probability([0.5, 0.01])
    assert texts(ax) == ["0.69", "4.61"]
    curve, *points = ax.lines
    np.testing.assert_allclose(
        [point.get_xydata()[0] for point in points], [[0.5, np.log(2)], [0.01, np.log(100)]]
    )
    np.testing.assert_allclose(curve.get_ydata(), -np.log(curve.get_xdata()))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("probability of the true class", "loss (nats)")


def test_every_point_lies_on_the_curve_and_within_the_picture():
    ax = plots.plot_loss_of_probability([np.exp(-16), 0.5])
    curve, far, _ = ax.lines
    [x], [y] = far.get_data()
    assert curve.get_xdata().min() < x and np.interp(x, *curve.get_data()) == pytest.approx(y, rel=1e-3)
    assert y < ax.get_ylim()[1]


def test_gradient_bars_carry_sign_and_value():
    ax = plots.plot_gradient([0.75, -0.75], ["neg", "pos"])
    assert texts(ax) == ["+0.75", "-0.75"]
    assert [bar.get_width() for bar in ax.patches] == [0.75, -0.75]
    assert ax.yaxis_inverted()  # the first class on top
    assert [label.get_text() for label in ax.get_yticklabels()] == ["neg", "pos"]
    assert ax.get_xlabel() == "gradient of the loss (probability minus one-hot)"
    up, down = (to_hex(bar.get_facecolor()).upper() for bar in reversed(ax.patches))
    assert (up, down) == (plots.COLORS[0], plots.COLORS[5])


def test_a_plot_goes_into_the_axes_it_is_given():
    _, given = plt.subplots()
    assert plots.plot_gradient([0.1], ["a"], ax=given) is given
