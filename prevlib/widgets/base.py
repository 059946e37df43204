"""What every widget of the course is made of: controls, a picture, and the picture in words.

An ``explore_*`` function wires controls to one function that turns their values into a picture and into
words. The arithmetic is the library's, the picture is made of ``plot_*``. It is a PNG in an ``Image``,
replaced in one step, so the one before stays until the new one is there. The words say what the picture
shows, and change with it: for readers who do not see it, and for tests. They are a live region, so a screen
reader may read them out after each change.

The keyboard is enough: Tab goes from control to control, arrows change numbers, Space opens a menu or ticks a
box. (The arrows alone would not do for a menu: JupyterLab takes them to go to the next cell.)

Left out: Output widgets and ``interact``, whose output gets lost in saved notebooks.
"""

import html
import io
import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping

from ipywidgets import (
    HTML,
    BoundedFloatText,
    BoundedIntText,
    FloatSlider,
    HBox,
    Image,
    IntSlider,
    Layout,
    Text,
    VBox,
    Widget,
    link,
)
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from traitlets import Unicode

from prevlib.plots.style import COLORS, SIZE

WIDTH, TEXT_WIDTH = "25em", "51em"  # of a control, and of one that holds a sentence
LABEL = "9em"  # holds the longest one
RING = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": COLORS[5], "markeredgewidth": 2}
WORDS = '<div role="status" aria-live="polite" class="prevlib-words" style="{}">{}</div>'
WORDS_STYLE = "line-height: 1.45; font-size: 14px; max-width: 48em; overflow-wrap: anywhere; color: inherit"


class Picture(Image):
    """An image with a name that screen readers say."""

    # The front end makes a title of the tooltip, and fails on it in a widget without a description.
    description = Unicode("").tag(sync=True)


class Explorer(VBox):
    """Controls, a picture and its words. Notebooks keep the name as text, and a picture for static pages."""

    def __init__(self, name: str, controls: Mapping[str, Widget], image: Image, words: HTML):
        self.name, self.controls, self.image, self.words = name, dict(controls), image, words
        rows = [getattr(control, "row", control) for control in controls.values()]
        super().__init__([HBox(rows, layout=Layout(flex_flow="row wrap")), image, words])

    def __repr__(self) -> str:
        return self.name

    def _repr_mimebundle_(self, **kwargs) -> dict:
        """The front end shows the widget, or, without a kernel that has it, the picture."""
        return super()._repr_mimebundle_(**kwargs) | {"image/png": b64encode(self.image.value).decode()}


def explorer(
    name: str,
    controls: Mapping[str, Widget],
    respond: Callable[..., tuple[bytes, str]],
    *,
    width: str = WIDTH,
    label_width: str = LABEL,
) -> Explorer:
    """Controls above a picture and its words, which follow every change of a control.

    Values that the library refuses leave the picture as it is; the words then say what to do instead.

    Args:
        name: Of the function that is called, for the notebook.
        controls: Name -> control with a ``value`` and a ``description``.
        respond: Takes the values by their names; returns a PNG and the words, one line for each thought.
        width, label_width: Of each control; a ``Text`` is wider.
    Returns:
        A box with the attributes ``controls``, ``image`` and ``words``.
    """
    image = Picture(
        format="png",
        tooltip="Picture; the text below says what it shows",
        layout=Layout(max_width="calc(100% - 4px)", object_fit="contain", align_self="flex-start"),
    )
    words = HTML()

    def refresh() -> None:
        png, text = respond(**{name: control.value for name, control in controls.items()})
        image.value = png
        write(text)

    def write(text: str) -> None:
        lines = "<br>".join(html.escape(line) for line in text.splitlines())
        words.value = WORDS.format(WORDS_STYLE, lines)

    def update(_) -> None:
        try:
            refresh()
        except ValueError as error:
            write(f"Not possible, so the picture stays as it was. {error}")

    for control in controls.values():
        control.style.description_width = label_width
        own = TEXT_WIDTH if isinstance(control, Text) else width
        getattr(control, "row", control).layout = Layout(width=own, max_width="100%")
        control.observe(update, names="value")
    refresh()
    return Explorer(name, controls, image, words)


def number(
    description: str, value: float, low: float, high: float, step: float
) -> BoundedIntText | BoundedFloatText:
    """A number to type or to drag: a labelled field, and in its ``row`` a slider that follows it.

    ipywidgets gives the handle of a slider no name that a screen reader could say. The field has one.
    """
    whole = all(isinstance(part, int) for part in (value, low, high, step))
    make_field, make_slider = (BoundedIntText, IntSlider) if whole else (BoundedFloatText, FloatSlider)
    limits = {"value": value, "min": low, "max": high, "step": step}
    # Without a tooltip of its own the label gets one that reads "null".
    field = make_field(
        description=description, tooltip="", layout=Layout(flex="0 0 auto", width="15em"), **limits
    )
    slider = make_slider(readout=False, layout=Layout(flex="1 1 auto", min_width="6em"), **limits)
    link((slider, "value"), (field, "value"), transform=(lambda x: round(x, 6), lambda x: x))
    field.row = HBox([field, slider])
    return field


def picture(*draws: Callable, size: tuple[float, float] = SIZE) -> bytes:
    """A PNG of what each ``draw(ax=ax)`` draws, side by side; without pyplot, so no figure stays open."""
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    for draw, ax in zip(draws, figure.subplots(1, len(draws), squeeze=False)[0], strict=True):
        draw(ax=ax)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the words have the letters
        FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
