"""Buttons below a verdict: the next hint, and the solution after a try, or after a second press.

New: what they show is Markdown, which JupyterLab highlights in the colours of its theme. Used by every check
in a notebook. Left out: the words, which are those of ``hint()`` and ``solution()``.
"""

import ipywidgets as widgets

from prevlib.exercises.base import Exercise, Words, source

SOLUTION, CONFIRM = "Solution", "Without a try?"


def with_buttons(exercise: Exercise, verdict: str) -> dict:
    """How a notebook shows a verdict in HTML, with the buttons of its exercise and room for their words."""
    shown = widgets.Output()
    hint, solution = widgets.Button(description="Hint"), widgets.Button(description=SOLUTION)

    def tell(words: Words) -> None:
        data = {"text/plain": str(words), "text/markdown": words._repr_markdown_()}
        shown.outputs = ({"output_type": "display_data", "metadata": {}, "data": data},)

    def press(button: widgets.Button) -> None:
        asks = button.description == SOLUTION and not exercise.attempted
        button.description = CONFIRM if asks else SOLUTION
        if not asks:
            tell(source(exercise.solve))

    hint.on_click(lambda _: tell(exercise.hint()))
    solution.on_click(press)
    return widgets.VBox([widgets.HTML(verdict), widgets.HBox([hint, solution]), shown])._repr_mimebundle_()
