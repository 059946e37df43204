"""What every widget of the course is made of: controls, a picture, and the picture in words.

An ``explore_*`` function wires controls to one pure function that returns arrays, and to one ``plot_*`` that
draws them. The picture is a PNG in an ``Image``, replaced in one step, so the one before stays until the new
one is there. The words say what the picture shows, and change with it: for readers who do not see it, and for
tests.

Left out: Output widgets and ``interact``, whose output gets lost in saved notebooks.
"""

import html
import io
from collections.abc import Callable, Mapping

from ipywidgets import HTML, HBox, Image, Layout, VBox, Widget
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from prevlib.plots.style import SIZE

WIDE = {"description_width": "10em"}  # long enough for the longest label
CONTROL = Layout(width="26em", max_width="100%")


def picture(draw: Callable, *, size: tuple[float, float] = SIZE) -> bytes:
    """A PNG of what ``draw(ax)`` draws, without pyplot, so that no figure stays open."""
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    draw(figure.subplots())
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()


def explorer(controls: Mapping[str, Widget], show: Callable[..., tuple[bytes | None, str]]) -> VBox:
    """Controls above a picture and its words, which follow every change of a control.

    Args:
        controls: Name -> control with a ``value`` and a ``description``.
        show: Takes the values by their names; returns a PNG, or None for words only, and the words.
    Returns:
        A box with the attributes ``controls``, ``image`` and ``words``, for tests.
    """
    image, words = Image(format="png", layout=Layout(max_width="100%")), HTML()

    def update(_=None) -> None:
        png, text = show(**{name: control.value for name, control in controls.items()})
        if png is not None:
            image.value = png
        lines = "<br>".join(html.escape(line) for line in text.splitlines())
        words.value = f'<div role="status" aria-live="polite" class="prevlib-words">{lines}</div>'

    for control in controls.values():
        control.style.description_width = WIDE["description_width"]
        control.layout = CONTROL
        control.observe(update, names="value")
    update()
    shown = [image, words] if image.value else [words]
    box = VBox([HBox(list(controls.values()), layout=Layout(flex_flow="row wrap")), *shown])
    box.controls, box.image, box.words = dict(controls), image, words
    return box
