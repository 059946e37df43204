"""What the pictures of the inside of a model draw, read from their artists."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb

from prevlib.plots import COLORS, plot_attention, plot_token_strip


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_a_strip_writes_each_token_over_its_number():
    ax = plot_token_strip(["not", "good"], [-0.5, 0.25], title="log-odds")
    assert texts(ax) == ["not", "-0.50", "good", "+0.25"]
    assert ax.get_title(loc="left") == "log-odds"
    (token, number), box = ax.texts[:2], ax.patches[0]
    assert token.get_position()[0] == number.get_position()[0] == box.get_x() + box.get_width() / 2
    assert ax.yaxis_inverted() and token.get_position()[1] < number.get_position()[1]


def test_a_strip_needs_no_signs_where_nothing_is_negative():
    assert texts(plot_token_strip(["a", "b"], [0.5, 0.0])) == ["a", "0.50", "b", "0.00"]


def test_what_rounds_to_nothing_has_no_minus():
    assert texts(plot_token_strip(["a", "b"], [-0.5, -0.001])) == ["a", "-0.50", "b", "+0.00"]


def test_colours_of_a_strip_grow_from_white_to_both_sides():
    ax = plot_token_strip(list("abcd"), [-2.0, 0.0, 1.0, 9.0], limit=2)
    against, none, half, beyond = (np.array(box.get_facecolor()[:3]) for box in ax.patches)
    np.testing.assert_allclose(against, to_rgb(COLORS[5]), atol=0.01)
    np.testing.assert_allclose(none, 1, atol=0.01)
    np.testing.assert_allclose(half, (1 + np.array(to_rgb(COLORS[0]))) / 2, atol=0.01)
    np.testing.assert_allclose(beyond, to_rgb(COLORS[0]), atol=0.01)


def test_a_long_strip_goes_on_in_the_next_row():
    ax = plot_token_strip(["word"] * 30, np.zeros(30))
    rows = [box.get_y() for box in ax.patches]
    assert sorted(set(rows)) == [0, 1, 2] and rows == sorted(rows)
    assert max(box.get_x() + box.get_width() for box in ax.patches) <= ax.get_xlim()[1]
    assert ax.figure.get_figheight() > plot_token_strip(["word"], [0]).figure.get_figheight()


def test_letters_have_enough_contrast_on_every_colour():
    """Ratio of luminances as in WCAG 2: at least 4.5."""
    ax = plot_token_strip(["a"] * 9, np.linspace(-1, 1, 9))

    def luminance(color):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    for box, letter in zip(ax.patches, ax.texts[::2], strict=True):
        dark, light = sorted([luminance(box.get_facecolor()), luminance(letter.get_color())])
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_attention_writes_the_larger_shares_in_tenths():
    ax = plot_attention(np.array([[0.97, 0.03], [0.3, 0.7]]), ["[CLS]", "film"])
    cells = {text.get_position(): text.get_text() for text in ax.texts}  # (column, row)
    assert cells == {(0, 0): "1.0", (0, 1): ".3", (1, 1): ".7"}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["[CLS]", "film"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("looks at", "token")
    assert ax.images[0].get_clim() == (0, 1)


def test_the_pictures_go_into_the_axes_they_are_given():
    _, (left, right) = plt.subplots(1, 2)
    assert plot_token_strip(["a"], [1.0], ax=left) is left
    assert plot_attention(np.eye(1), ["a"], vmax=0.5, ax=right) is right
    assert right.images[0].get_clim() == (0, 0.5)
