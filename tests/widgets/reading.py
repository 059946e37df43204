"""Read a widget as a user does: its words, and whether its picture changed."""

import html
import re


def words(box):
    """What the widget says, as plain text."""
    return html.unescape(re.sub("<[^>]*>", "\n", box.words.value)).strip()


def move(box, **values):
    """Set controls; return the words, and whether the picture is another one."""
    before = box.image.value
    for name, value in values.items():
        box.controls[name].value = value
    return words(box), box.image.value != before
