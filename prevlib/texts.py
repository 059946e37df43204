"""Words for learners, behind one look-up: verdicts, reasons, hints, and the labels and words of widgets.

Each text is a template with named fields, ``say("{n} of {total} are right", n=3, total=4)``, so that a
catalogue can hold it in another language, in another order. Numbers keep their format within the template:
``{score:.3f}``. The language is that of the environment variable ``PREVLIB_LANGUAGE``; a text that its
catalogue lacks stays English.

Left out: errors of the library, which are for programmers, and the prose of the notebooks.
"""

import gettext
import os
from functools import cache
from pathlib import Path

LANGUAGE = "PREVLIB_LANGUAGE"
CATALOGUES = Path(__file__).parent / "data" / "locale"


def say(template: str, **fields: object) -> str:
    """The text in the learner's language, with its fields filled in; without fields braces are letters.

    Args:
        template: English text with named fields, as for ``str.format``; the key of the catalogue.
        fields: Values of the fields.
    Returns:
        The text.
    Example:
        >>> say("{n} of {total} are right", n=3, total=4)
        '3 of 4 are right'
    """
    text = _catalogue(os.environ.get(LANGUAGE, "en")).gettext(template)
    return text.format(**fields) if fields else text


def say_number(one: str, many: str, n: int, **fields: object) -> str:
    """The form that fits the number ``n``, which is also a field.

    Args:
        one, many: Templates for 1 and for other numbers; a language may have more forms.
        n: The number.
        fields: Values of the other fields.
    Returns:
        The text.
    Example:
        >>> say_number("{n} word", "{n:,} words", 1), say_number("{n} word", "{n:,} words", 2000)
        ('1 word', '2,000 words')
    """
    text = _catalogue(os.environ.get(LANGUAGE, "en")).ngettext(one, many, n)
    return text.format(n=n, **fields)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("prevlib", CATALOGUES, [language], fallback=True)
