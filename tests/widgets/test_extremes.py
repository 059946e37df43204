"""Each widget with each control at its least, at its most, and with odd texts: picture and words agree."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from ipywidgets import Checkbox, Dropdown, Text, Widget
from public_names import public_names
from reading import words

from prevlib import widgets
from prevlib.widgets.base import Explorer

NAMES = [name for name in public_names(widgets) if name.startswith("explore_")]
ODD = ["", "[MASK]", "<b>&amp; \"'$x_1$ #000000", "电影 😀 שלום [MASK]", "word " * 39, "[MASK] ! " * 12]


class Visit(NamedTuple):
    where: str
    words: str
    titles: list[str]
    picture: str

    @property
    def refused(self) -> bool:
        return self.words.startswith("Not possible")


def extremes(control: Widget) -> list:
    if isinstance(control, Dropdown):
        return [control.options[0], control.options[-1]]
    if isinstance(control, Checkbox):
        return [True, False]
    return ODD if isinstance(control, Text) else [control.min, control.max]


def visit_all(box: Explorer) -> Iterator[Visit]:
    """Each control at its extremes in turn; numbers then stay at their most."""
    for control in box.controls.values():
        start = control.value
        for value in extremes(control):
            control.value = value
            titles = [ax.get_title() for ax in box.figure.axes if ax.get_title()]
            yield Visit(f"{control.description}: {value!r}", words(box), titles, box.image.value)
        if isinstance(control, Text):
            control.value = start


@pytest.fixture(scope="module", params=NAMES)
def visits(request):
    return list(visit_all(getattr(widgets, request.param)()))


def test_titles_are_in_the_words_and_in_the_picture(visits):
    for where, said, titles, picture in (visit for visit in visits if not visit.refused):
        drawn = [html.unescape(text) for text in re.findall("<text[^>]*>([^<]*)</text>", picture)]
        for title in titles:
            assert title.lower() in said.lower() and title in drawn, where


def test_words_are_whole_and_one_is_singular(visits):
    for visit in visits:
        assert visit.words and not re.search(r"\{\w|\bnan\b|\binf\b|[^\d]-0\.0+\b", visit.words), visit
        several = r"(?<![\d.,])1 (?:words|tokens|marks|bins|samples|models|texts)\b"
        assert not re.search(several, visit.words), visit


def test_there_is_always_a_picture_and_a_refusal_says_why(visits):
    for visit in visits:
        assert visit.picture.startswith('<svg role="img"') and len(visit.picture) < 150_000, visit.where
        assert not visit.refused or "; got " in visit.words, visit


def test_the_visits_change_something(visits):
    assert len({visit.words for visit in visits}) > 1 and len({visit.picture for visit in visits}) > 1


def test_a_token_is_never_beyond_the_text():
    for name in ("explore_attention", "explore_query"):
        box = getattr(widgets, name)()
        box.controls["token"].value = box.controls["token"].max
        last = re.search(r"token (\d+) of (\d+)", words(box), re.IGNORECASE)
        assert last[1] == last[2] == str(box.controls["token"].value)
        box.controls["text"].value = "good"
        assert box.controls["token"].value == 3
        assert re.search("token 3 of 3", words(box), re.IGNORECASE)
