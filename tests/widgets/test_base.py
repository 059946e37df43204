"""What all widgets share: controls with names, a picture that never goes blank, and words for everything."""

import base64
import io
import warnings

import pytest
from ipywidgets import Checkbox, Text
from matplotlib.image import imread

from prevlib.plots import plot_bars
from prevlib.widgets.base import explorer, number, picture


def respond(k, name, on):
    if k == 7:
        raise ValueError("`k` must not be 7; got 7. Take 6.")
    return f"picture {k}".encode(), f"k = {k}, <{name}>\nswitched {'on' if on else 'off'}"


@pytest.fixture
def box():
    controls = {
        "k": number("number", 3, 0, 10, 1),
        "name": Text("a", description="name"),
        "on": Checkbox(False, description="switch"),
    }
    return explorer("explore_nothing", controls, respond)


def test_picture_and_words_follow_every_control(box):
    assert box.image.value == b"picture 3"
    assert "k = 3, &lt;a&gt;<br>switched off" in box.words.value
    box.controls["k"].value = 4
    box.controls["name"].value = "b & c"
    box.controls["on"].value = True
    assert box.image.value == b"picture 4"
    assert "k = 4, &lt;b &amp; c&gt;<br>switched on" in box.words.value


def test_the_words_are_announced_and_the_picture_points_to_them(box):
    assert '<div role="status" aria-live="polite"' in box.words.value
    assert "text below" in box.image.tooltip
    assert box.image.description == ""  # without one the front end fails on the tooltip


def test_notebooks_keep_a_short_stable_text(box):
    assert repr(box) == "explore_nothing"
    assert box._repr_mimebundle_()["text/plain"] == "explore_nothing"


def test_pages_without_a_kernel_show_the_picture(box):
    box.controls["k"].value = 4
    assert base64.b64decode(box._repr_mimebundle_()["image/png"]) == b"picture 4"
    assert "application/vnd.jupyter.widget-view+json" in box._repr_mimebundle_()


def test_a_refused_value_says_so_and_leaves_the_picture(box):
    seen = []
    box.image.observe(lambda change: seen.append(change.new), names="value")
    box.controls["k"].value = 7
    assert "`k` must not be 7; got 7. Take 6." in box.words.value
    assert (seen, box.image.value) == ([], b"picture 3")
    box.controls["k"].value = 6
    assert seen == [b"picture 6"]  # replaced in one step, never emptied
    assert "must not" not in box.words.value


def test_a_value_refused_at_the_start_is_an_error():
    with pytest.raises(ValueError, match="must not be 7"):
        explorer("explore_nothing", {"k": number("number", 7, 0, 10, 1)}, lambda k: respond(k, "", True))


def test_other_errors_are_not_hidden(box):
    def broken(k):
        return 1 / (k - 5)

    box = explorer("broken", {"k": number("number", 3, 0, 10, 1)}, lambda k: (b"", str(broken(k))))
    with pytest.raises(ZeroDivisionError):
        box.controls["k"].value = 5


@pytest.mark.parametrize("value, low, high, step, moved", [(3, 0, 10, 1, 4), (0.25, 0.0, 1.0, 0.05, 0.3)])
def test_field_and_slider_follow_each_other(value, low, high, step, moved):
    field = number("share", value, low, high, step)
    shown, slider = field.row.children
    assert shown is field and field.description == "share"
    slider.value = value + step  # 0.25 + 0.05 is 0.30000000000000004 on the slider
    assert field.value == moved
    field.value = low
    assert slider.value == low
    field.value = high + 1
    assert field.value == slider.value == high


def test_pictures_stand_side_by_side_and_leave_no_figure_open():
    import matplotlib.pyplot as plt

    def draw(ax):
        plot_bars(["a"], [1.0], ax=ax)

    assert imread(io.BytesIO(picture(draw, draw, size=(6, 2)))).shape[:2] == (200, 600)
    assert picture(draw) == picture(draw)
    assert plt.get_fignums() == []


def test_letters_that_the_font_lacks_are_no_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture(lambda ax: ax.set_title("电影"))
