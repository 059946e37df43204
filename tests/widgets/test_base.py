"""What all widgets share: controls with names, a picture that never goes blank, and words for everything."""

import base64
import html
import io
import re
import warnings
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest
from ipywidgets import Checkbox, Text
from matplotlib.image import imread

from prevlib.checkpoints import load_tokenizer
from prevlib.plots import plot_bars
from prevlib.widgets.base import CARE, as_svg, end_at_tokens, explorer, number, picture


def respond(k, name, on):
    if k == 7:
        raise ValueError("`k` must not be 7; got 7. Take 6.")
    figure = picture(lambda ax: ax.set_title(f"picture {k}"), size=(3, 2))
    return figure, f"k = {k}, <{name}>\nswitched {'on' if on else 'off'}"


@pytest.fixture
def box():
    controls = {
        "k": number("number", 3, 0, 10, 1),
        "name": Text("a", description="name"),
        "on": Checkbox(False, description="switch"),
    }
    return explorer("explore_nothing", controls, respond)


def test_picture_and_words_follow_every_control(box):
    assert "picture 3" in box.image.value
    assert "k = 3, &lt;a&gt;<br>switched off" in box.words.value
    box.controls["k"].value = 4
    box.controls["name"].value = "b & c"
    box.controls["on"].value = True
    assert "picture 4" in box.image.value
    assert "k = 4, &lt;b &amp; c&gt;<br>switched on" in box.words.value


def test_the_name_of_the_picture_is_its_words(box):
    box.controls["name"].value = "\"b\" & 'c' <d>"
    [name] = re.findall('aria-label="([^"]*)"', box.image.value)
    assert html.unescape(name) == "k = 3, <\"b\" & 'c' <d>> switched off"


def test_the_page_takes_care_of_keys_names_and_the_live_region(box):
    """What the script does is tested in a browser; here, that it comes along, in one attribute."""
    assert box.children[-1].value == CARE
    parser, seen = HTMLParser(), []
    parser.handle_starttag = lambda tag, attributes: seen.append(dict(attributes))
    parser.feed(CARE)
    assert seen[0].keys() == {"alt", "src", "width", "height", "onload"} and len(seen) == 1
    assert seen[0]["onload"].startswith("(function") and seen[0]["onload"].endswith("(this, 100)")
    assert "prevlib-explorer" in box._dom_classes and "prevlib-words" in box.words._dom_classes


def test_notebooks_keep_a_short_stable_text(box):
    assert repr(box) == "explore_nothing"
    assert box._repr_mimebundle_()[0]["text/plain"] == "explore_nothing"


def test_pages_without_a_kernel_show_the_picture_on_paper_with_two_dots_for_one(box):
    box.controls["k"].value = 4
    data, metadata = box._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    pixels = imread(io.BytesIO(base64.b64decode(data["image/png"])))
    assert pixels.shape == (400, 600, 4) and (pixels[0, 0] == 1).all()  # white, and not transparent
    assert metadata == {"image/png": {"width": 300, "height": 200}}


def test_a_refused_value_says_so_and_leaves_the_picture(box):
    seen, before = [], box.image.value
    box.image.observe(lambda change: seen.append(change.new), names="value")
    box.controls["k"].value = 7
    assert "`k` must not be 7; got 7. Take 6." in box.words.value
    assert (seen, box.image.value) == ([], before)
    box.controls["k"].value = 6
    assert len(seen) == 1 and "picture 6" in seen[0]  # replaced in one step, never emptied
    assert "must not" not in box.words.value


def test_a_value_refused_at_the_start_is_an_error():
    with pytest.raises(ValueError, match="must not be 7"):
        explorer("explore_nothing", {"k": number("number", 7, 0, 10, 1)}, lambda k: respond(k, "", True))


def test_other_errors_are_not_hidden():
    def broken(k):
        return 1 / (k - 5)

    controls = {"k": number("number", 3, 0, 10, 1)}
    box = explorer("broken", controls, lambda k: (picture(lambda ax: None), str(broken(k))))
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


def test_a_number_ends_at_the_last_token_of_a_text():
    field, text = number("token", 6, 1, 10, 1), Text("a good film .")
    end_at_tokens(field, text, load_tokenizer("minilm"))
    assert [(part.value, part.max) for part in field.row.children] == [(6, 6)] * 2
    text.value = "good ."
    assert [(part.value, part.max) for part in field.row.children] == [(4, 4)] * 2
    text.value = "film " * 600
    assert [(part.value, part.max) for part in field.row.children] == [(4, 10)] * 2


def test_pictures_stand_side_by_side_and_leave_no_figure_open():
    import matplotlib.pyplot as plt

    def draw(ax):
        plot_bars(["a"], [1.0], ax=ax)

    figure = picture(draw, draw, size=(6, 2))
    left, right = (ax.get_position() for ax in figure.axes)
    assert left.x1 < right.x0 and (left.y0, left.y1) == (right.y0, right.y1)
    assert as_svg(figure, "") == as_svg(picture(draw, draw, size=(6, 2)), "")
    assert plt.get_fignums() == []


def test_the_drawing_takes_ink_and_paper_from_the_page_and_other_colours_from_the_plot():
    def draw(ax):
        ax.bar([1, 2], [1, 2], color=["white", "#3A63C9"], edgecolor="black")
        ax.bar(3, 1, color="white", edgecolor="black", hatch="///")
        ax.set_title("#000000 & <b>")

    drawing = as_svg(picture(draw), "two bars")
    assert '<svg role="img" aria-label="two bars" viewBox="0 0 460.8 259.2" fill="currentColor"' in drawing
    assert "fill: var(--jp-layout-color0, " in drawing and "fill: #3a63c9" in drawing
    assert "stroke: currentColor" in drawing and "#ffffff" not in drawing.replace(", #ffffff)", "")
    assert "<style" not in drawing  # it would hold for the whole page
    assert re.findall("#000000[^<]*", drawing) == ["#000000 &amp; &lt;b&gt;"]  # what is written stays
    assert ElementTree.fromstring(drawing.replace("xlink:", "")).tag == "svg"


def test_letters_that_the_font_lacks_are_no_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = picture(lambda ax: ax.set_title("电影"))
        assert "电影" in as_svg(figure, "")  # the browser has them
