"""Each widget with each control at its least, at its most, and with odd texts: picture and words agree."""

import html
import re
from collections.abc import Iterator

import pytest
from ipywidgets import Checkbox, Dropdown, Text
from public_names import public_names
from reading import words

from prevlib import widgets

NAMES = [name for name in public_names(widgets) if name.startswith("explore_")]
ODD = [
    "",
    "film",
    "[MASK]",
    "<b>&amp; \"'$x_1$ #000000",
    "电影 😀 שלום",
    "word " * 39,
    "[MASK] ! " * 12,
    "long" * 60,
]


@pytest.fixture(scope="module", params=NAMES)
def box(request):
    return getattr(widgets, request.param)()


def extremes(control) -> list:
    if isinstance(control, Dropdown):
        return [control.options[0], control.options[-1]]
    if isinstance(control, Checkbox):
        return [True, False]
    return ODD if isinstance(control, Text) else [control.min, control.max]


def visited(box) -> Iterator[str]:
    """Each control at its extremes in turn, first from the start, then with all others at their most."""
    for stay in (False, True):
        for control in box.controls.values():
            start = control.value
            for value in extremes(control):
                control.value = value
                yield f"{control.description} = {value!r}"
            control.value = control.value if stay and not isinstance(control, Text) else start


def drawn(box) -> list[str]:
    """What is written in the picture, as the page gets it."""
    return [html.unescape(text) for text in re.findall("<text[^>]*>([^<]*)</text>", box.image.value)]


def test_titles_are_in_the_words(box):
    for where in visited(box):
        if words(box).startswith("Not possible"):
            continue
        for ax in box.figure.axes:
            assert ax.get_title().lower() in words(box).lower(), where
            assert not ax.get_title() or ax.get_title() in drawn(box), where


def test_words_are_whole_and_counted_in_good_english(box):
    for where in visited(box):
        text = words(box)
        assert text and "{" not in text and not re.search(r"\bnan\b|\binf\b|-0\.0+\b(?!\d)", text), (
            where,
            text,
        )
        one = re.findall(r"(?<![\d.,(])\b1 (?:words|tokens|marks|bins|samples|models)\b", text)
        assert one == [], (where, text)


def test_what_is_refused_leaves_the_picture_and_says_what_to_do(box):
    for where in visited(box):
        assert box.image.value.startswith('<svg role="img"') and len(box.image.value) < 150_000, where
        if words(box).startswith("Not possible"):
            assert "got" in words(box), where


def test_a_token_is_never_beyond_the_text():
    for name in ("explore_attention", "explore_query"):
        box = getattr(widgets, name)()
        box.controls["token"].value = box.controls["token"].max
        last = re.search(r"token (\d+) of (\d+)", words(box), re.IGNORECASE)
        assert last[1] == last[2] == str(box.controls["token"].value)
        box.controls["text"].value = "good"
        assert box.controls["token"].value == 3
        assert re.search("token 3 of 3", words(box), re.IGNORECASE)
