"""What every widget of the course is made of: controls, a picture, and the picture in words.

An ``explore_*`` function wires controls to one function that turns their values into a figure and into
words. The arithmetic is the library's, the figure is made of ``plot_*``. It is shown as an SVG in the colours
of the page, so it follows the theme; static pages get a PNG. The words say what the picture shows, and change
with it: for readers who do not see it, and for tests. They are also the name of the picture.

The keyboard is enough: Tab goes from control to control, arrows change numbers, Space opens a menu or ticks
a box. A small script, ``CARE``, does in the page what ipywidgets leaves out: keys that a control
gets are not taken for commands to the notebook, sliders have names, and the words are a live region, whose
text changes and which itself stays, so that a screen reader reads it out after each change.

Left out: Output widgets and ``interact``, whose output gets lost in saved notebooks.
"""

import html
import io
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Mapping

import ipywidgets
from ipywidgets import HTML, HBox, Layout, Text, VBox, Widget, link
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from transformers import PreTrainedTokenizerBase

from prevlib.exercises.buttons import HIDDEN, KEEP_KEYS, SCRIPT
from prevlib.plots.style import COLORS, INK, PAPER, SIZE
from prevlib.texts import say

WIDTH, TEXT_WIDTH = "25em", "51em"  # of a control, and of one that holds a sentence
LABEL = "9em"  # holds the longest one
RING = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": COLORS[5], "markeredgewidth": 2}
WORDS = '<div style="line-height: 1.45; font-size: 14px; max-width: 48em; overflow-wrap: anywhere">{}</div>'
COLORED = '(?:(?<=: )|(?<=fill="))'  # not in what is written
PAGE = {
    f"{COLORED}{INK}": "currentColor",
    f"{COLORED}{PAPER}": f"var(--jp-layout-color0, var(--vscode-editor-background, {PAPER}))",
    # Matplotlib's own style would hold for all drawings of the page.
    r"<defs>\s*<style.*?</defs>": "",
}
CARE = SCRIPT.format(
    "(function care(image, tries) {"
    + KEEP_KEYS
    + """
    const root = image.closest('.prevlib-explorer');
    if (!root) return tries && setTimeout(care, 50, image, tries - 1);
    const words = root.querySelector('.prevlib-words .widget-html-content');
    Object.assign(words, {role: 'status', ariaLive: 'polite'});
    const name = () => root.querySelectorAll('.noUi-handle').forEach(handle =>
        handle.ariaLabel ??= handle.closest('.widget-hbox').querySelector('label')?.textContent || null);
    new MutationObserver(name).observe(root, {childList: true, subtree: true});
    name();
})(this, 100)"""
)


class Explorer(VBox):
    """Controls, a picture and its words. Notebooks keep the name as text, and a picture for static pages."""

    def __init__(self, name: str, controls: Mapping[str, Widget], image: HTML, words: HTML):
        self.name, self.controls, self.image, self.words = name, dict(controls), image, words
        self.figure = None
        rows = [getattr(control, "row", control) for control in controls.values()]
        care = HTML(CARE, layout=HIDDEN)
        super().__init__([HBox(rows, layout=Layout(flex_flow="row wrap")), image, words, care])
        self.add_class("prevlib-explorer").add_class("prevlib-keys")
        words.add_class("prevlib-words")

    def __repr__(self) -> str:
        return self.name

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        """The front end shows the widget, or, without a kernel that has it, the picture."""
        png = io.BytesIO()
        _quietly(self.figure.savefig, png, format="png", dpi=200, facecolor=PAPER)
        width, height = (int(100 * inches) for inches in self.figure.get_size_inches())
        data = super()._repr_mimebundle_(**kwargs) | {"image/png": b64encode(png.getvalue()).decode()}
        return data, {"image/png": {"width": width, "height": height}}


def explorer(
    name: str,
    controls: Mapping[str, Widget],
    respond: Callable[..., tuple[Figure, str]],
    *,
    width: str = WIDTH,
    label_width: str = LABEL,
) -> Explorer:
    """Controls above a picture and its words, which follow every change of a control.

    Values that the library refuses leave the picture as it is; the words then say what to do instead.

    Args:
        name: Of the function that is called, for the notebook.
        controls: Name -> control with a ``value`` and a ``description``.
        respond: Takes the values by their names; returns a figure and the words, one line for each thought.
        width, label_width: Of each control; a ``Text`` is wider.
    Returns:
        A box with the attributes ``controls``, ``figure``, ``image`` and ``words``.
    """
    box = Explorer(name, controls, HTML(), HTML())

    def refresh() -> None:
        figure, text = respond(**{name: control.value for name, control in controls.items()})
        box.image.value, box.figure = as_svg(figure, text), figure
        write(text)

    def write(text: str) -> None:
        box.words.value = WORDS.format("<br>".join(html.escape(line) for line in text.splitlines()))

    def update(_) -> None:
        try:
            refresh()
        except ValueError as error:
            write(say("Not possible, so the picture stays as it was. {error}", error=error))

    for control in controls.values():
        control.style.description_width = label_width
        own = TEXT_WIDTH if isinstance(control, Text) else width
        getattr(control, "row", control).layout = Layout(width=own, max_width="100%")
        control.observe(update, names="value")
    refresh()
    return box


def number(description: str, value: float, low: float, high: float, step: float) -> Widget:
    """A number to type or to drag: a labelled field, and in its ``row`` a slider that follows it."""
    kind = "Int" if all(isinstance(part, int) for part in (value, low, high, step)) else "Float"
    make_field, make_slider = (getattr(ipywidgets, name) for name in (f"Bounded{kind}Text", f"{kind}Slider"))
    limits = {"value": value, "min": low, "max": high, "step": step}
    # Without a tooltip of its own the label gets one that reads "null".
    layout = Layout(flex="0 0 auto", width="15em")
    field = make_field(description=description, tooltip="", layout=layout, **limits)
    slider = make_slider(readout=False, layout=Layout(flex="1 1 auto", min_width="6em"), **limits)
    link((slider, "value"), (field, "value"), transform=(lambda x: round(x, 6), lambda x: x))
    field.row = HBox([field, slider])
    return field


def end_at_tokens(field: Widget, text: Text, tokenizer: PreTrainedTokenizerBase) -> None:
    """Let a ``number`` go up to the last token of a text, whatever is typed, and not beyond its limit."""
    most = field.max

    def limit(_=None) -> None:
        n_tokens = len(tokenizer(text.value, verbose=False)["input_ids"])
        for part in field.row.children:
            part.max = min(n_tokens, most)

    text.observe(limit, names="value")
    limit()


def picture(*draws: Callable, size: tuple[float, float] = SIZE) -> Figure:
    """What each ``draw(ax=ax)`` draws, side by side; without pyplot, so no figure stays open."""
    figure = Figure(figsize=size, layout="constrained")
    for draw, ax in zip(draws, figure.subplots(1, len(draws), squeeze=False)[0], strict=True):
        draw(ax=ax)
    FigureCanvasAgg(figure)
    _quietly(figure.get_layout_engine().execute, figure)
    figure.set_layout_engine("none")  # or it would be laid out again, and twice, for each file
    return figure


def as_svg(figure: Figure, words: str) -> str:
    """The drawing as a part of a page: black and white become ink and paper of the page, words the name."""
    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "prevlib"}):
        without = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        _quietly(figure.savefig, buffer, format="svg", facecolor="none", metadata=without)
    drawing = re.sub(r".*?<svg [^>]*>", "", buffer.getvalue(), count=1, flags=re.DOTALL)
    for there, here in PAGE.items():
        drawing = re.sub(there, here, drawing, flags=re.DOTALL)
    width, height = 72 * figure.get_size_inches()
    style = f"display: block; width: 100%; max-width: {width:.0f}pt; stroke-linejoin: round"
    name = html.escape(" ".join(words.split()))
    view = f'viewBox="0 0 {width:g} {height:g}" fill="currentColor" style="{style}"'
    return f'<svg role="img" aria-label="{name}" {view}>{drawing}'


def _quietly(do: Callable, *arguments, **options) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the words have the letters
        do(*arguments, **options)
