"""Buttons below a verdict, for the next hint and the solution, and the controls of a prediction.

New: what the buttons of a verdict show is Markdown, which JupyterLab highlights in the colours of its theme;
the solution needs a try, or a second press. JupyterLab's shortcuts are off while a control has the focus.
Used by every check and every prediction in a notebook. Left out: the words, which are those of ``hint()``,
``solution()`` and ``commit()``.
"""

import html

import ipywidgets as widgets

from prevlib.exercises.base import Exercise, Words, source
from prevlib.texts import say

SOLUTION, CONFIRM = "Solution", "Without a try?"
# A script for the page, run when the smallest of pictures is there; the page has no other way in.
SCRIPT = """<img alt="" src="data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
width="0" height="0" onload="{}">"""
# Lumino passes over a key if the element that has the focus bears the attribute; keys with Ctrl still save.
KEEP_KEYS = """window.prevlibKeys ??= window.addEventListener('keydown',
    ({target: it, ctrlKey, metaKey, altKey}) => it.closest?.('.prevlib-keys')
        && it.toggleAttribute('data-lm-suppress-shortcuts', !(ctrlKey || metaKey || altKey)),
    true) ?? true;"""
HIDDEN = {"height": "0", "margin": "0", "overflow": "hidden"}  # layout of a script


def with_buttons(exercise: Exercise, verdict: str) -> dict:
    """How a notebook shows a verdict in HTML, with the buttons of its exercise and room for their words."""
    shown = widgets.Output()
    hint, solution = widgets.Button(description=say("Hint")), widgets.Button(description=say(SOLUTION))

    def tell(words: Words) -> None:
        data = {"text/plain": str(words), "text/markdown": words._repr_markdown_()}
        shown.outputs = ({"output_type": "display_data", "metadata": {}, "data": data},)

    def press(button: widgets.Button) -> None:
        asks = button.description == say(SOLUTION) and not exercise.attempted
        button.description = say(CONFIRM) if asks else say(SOLUTION)
        if not asks:
            tell(source(exercise.solve))

    hint.on_click(lambda _: tell(exercise.hint()))
    solution.on_click(press)
    return _guarded(widgets.HTML(verdict), widgets.HBox([hint, solution]), shown)


def with_question(prediction) -> dict:
    """How a notebook asks for a ``Prediction``: a control that fits it, and a button that commits."""
    options, answer = prediction.options, prediction.answer
    wide, name = widgets.Layout(width="auto", max_width="48em"), say("Your prediction")
    if options and isinstance(options[0], str):
        chosen = answer if answer in options else None
        control = widgets.RadioButtons(options=options, value=chosen, layout=wide)
    elif options:
        start = answer if isinstance(answer, float) else min(options, key=abs)
        control = widgets.FloatText(start)
    else:
        control = widgets.Text(answer if isinstance(answer, str) else "", layout=wide)
    control.description, control.style.description_width = name, "initial"
    button, said = widgets.Button(description=say("Commit")), widgets.HTML()

    def tell(words: str) -> None:
        said.value = f'<div role="status">{html.escape(words)}</div>'

    button.on_click(lambda _: tell(prediction.commit(control.value)))
    tell(repr(prediction))
    return _guarded(control, widgets.HBox([button, said]))


def _guarded(*children: widgets.Widget) -> dict:
    care = widgets.HTML(SCRIPT.format(KEEP_KEYS), layout=HIDDEN)
    return widgets.VBox([*children, care]).add_class("prevlib-keys")._repr_mimebundle_()
