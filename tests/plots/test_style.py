"""What all plots share."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from prevlib import plots
from prevlib.plots.interpretation import AGAINST_FOR
from prevlib.plots.style import SIZE, add_legend, drawable, letters_on, new_axes


def luminance(color):
    """As in WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def test_axes_have_the_usual_size_and_two_sides():
    ax = new_axes(None)
    assert tuple(ax.figure.get_size_inches()) == SIZE
    assert {side: spine.get_visible() for side, spine in ax.spines.items()} == {
        "left": True,
        "bottom": True,
        "top": False,
        "right": False,
    }
    assert new_axes(ax) is ax


def test_the_settings_of_the_reader_stay():
    before = dict(matplotlib.rcParams)
    plots.plot_bars(["a"], [1.0])
    assert dict(matplotlib.rcParams) == before


def test_a_legend_names_the_lines_in_the_order_in_which_they_end():
    _, ax = plt.subplots()
    for name, ends in {"falls": [3, 1], "rises": [1, 3], "stays": [2, 2], "as well": [0, 2]}.items():
        ax.plot(ends, label=name)
    add_legend(ax)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["rises", "stays", "as well", "falls"]
    assert [line.get_color() for line in legend.get_lines()] == [
        ax.lines[i].get_color() for i in (1, 2, 3, 0)
    ]


@pytest.mark.parametrize("colors", [plt.get_cmap("Blues"), AGAINST_FOR, plt.get_cmap("gray")])
def test_letters_have_a_contrast_of_four_and_a_half_on_every_colour(colors):
    for color in colors(np.linspace(0, 1, 101)):
        dark, light = sorted([luminance(color), luminance(letters_on(color))])
        assert (light + 0.05) / (dark + 0.05) >= 4.5, color


def test_names_are_drawn_as_they_are():
    odd = ["$5 to $10", r"$\frac$", "_private", "a\nb", "{x}", "é", "n" * 90, "हिन्दी", "日本"]
    names = drawable(odd)
    assert names[:6] == [r"\$5 to \$10", r"\$\frac\$", " _private", "a\nb", "{x}", "é"]
    assert names[6:] == ["n" * 37 + "...", "(8)", "(9)"]  # what is too long, what the font lacks


@pytest.mark.parametrize(
    "draw",
    [
        lambda names: plots.plot_confusion_matrix(np.eye(3), names),
        lambda names: plots.plot_intervals(dict.fromkeys(names, (0.5, 0.4, 0.6))),
        lambda names: plots.plot_gradient([0.1, 0.2, -0.3], names),
        lambda names: plots.plot_bars(names, [1, 2, 3]),
        lambda names: plots.plot_pareto(names, [1, 2, 3], [0.1, 0.2, 0.3], [True] * 3),
        lambda names: plots.plot_losses(dict.fromkeys(names, [1.0, 0.5])),
        lambda names: plots.plot_pretraining(dict.fromkeys(names, ([1, 2], [1.0, 2.0])), {names[0]: 1.0}),
        lambda names: plots.plot_thresholds([0, 1], dict.fromkeys(names, [0.1, 0.2])),
        lambda names: plots.plot_layers(dict.fromkeys(names, np.array([0.1, 0.2]))),
        lambda names: plots.plot_projection(np.zeros((3, 2)), [0, 1, 2], names),
        lambda names: plots.plot_token_strip(names, [0.1, 0.2, 0.3], title=names[0]),
        lambda names: plots.plot_attention(np.eye(3), names),
    ],
)
def test_every_plot_takes_names_that_look_like_formulas(draw):
    ax = draw([r"$\frac$", "_$a$", "日本"])
    ax.figure.canvas.draw()  # where a formula would be read, and a missing letter warned of
    shown = {text.get_text() for text in ax.figure.findobj(Text)}
    assert any(r"\$\frac\$" in text for text in shown)
    assert any(r" _\$a\$" in text for text in shown)
