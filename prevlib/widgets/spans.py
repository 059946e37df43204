"""Edit tags, and see why a name is right or wrong as a whole, for notebook 13."""

from collections.abc import Mapping, Sequence
from functools import partial

from ipywidgets import Dropdown
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from prevlib.metrics import accuracy_score, extract_spans, span_counts, span_f1_of_counts
from prevlib.plots import COLORS
from prevlib.plots.style import INK, PAPER, letters_on, new_axes
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, picture

TOKENS = ("Marie", "Curie", "left", "New", "South", "Wales", "in", "May")
TRUE = ("B-PER", "I-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O", "O")
PREDICTED = ("B-PER", "I-PER", "O", "O", "B-LOC", "I-LOC", "O", "O")


def name_spans(tokens: Sequence[str], tags: Sequence[str]) -> list[str]:
    """The names that tags mark, each with its type.

    Example:
        >>> name_spans(["Marie", "Curie", "left"], ["B-PER", "I-PER", "O"])
        ['Marie Curie (PER)']
    """
    return [f"{' '.join(tokens[start:end])} ({kind})" for kind, start, end in extract_spans(tags)]


def plot_spans(tokens: Sequence[str], rows: Mapping[str, Sequence[str]], *, ax: Axes | None = None) -> Axes:
    """Words in a line, and below them their tags by each source, with a bar around each span.

    Args:
        tokens: In their order.
        rows: Name of the source -> its tags. Spans that are in all rows are solid, the others hatched.
        ax: Where to draw.
    """
    ax = new_axes(ax)
    spans = [extract_spans(tags) for tags in rows.values()]
    right = set.intersection(*map(set, spans))
    inside = {place for span in right for place in range(span.start, span.end)}
    widths = [max(len(token), 6) + 2 for token in tokens]
    lefts = [sum(widths[:i]) for i in range(len(widths) + 1)]
    for y, (tags, spans_of_row) in enumerate(zip(rows.values(), spans, strict=True), start=1):
        for span in spans_of_row:
            left, width = lefts[span.start] + 0.4, lefts[span.end] - lefts[span.start] - 0.8
            style = {"color": COLORS[0]} if span in right else {"color": PAPER, "hatch": "///"}
            ax.barh(y, width, left=left, height=0.66, **(style | {"edgecolor": INK}))
        for place, tag in enumerate(tags):
            box = {"facecolor": COLORS[0] if place in inside else PAPER, "edgecolor": "none", "pad": 1}
            letters = letters_on(to_rgb(COLORS[0])) if place in inside else INK
            style = {"color": letters, "bbox": box, "fontsize": 9}
            ax.text(lefts[place] + widths[place] / 2, y, tag, ha="center", va="center", **style)
    for token, left, width in zip(tokens, lefts, widths, strict=False):
        ax.text(left + width / 2, 0, token, ha="center", va="center", fontsize=12, parse_math=False)
    ax.set(xlim=(0, lefts[-1]), ylim=(len(rows) + 0.6, -0.6))
    ax.set_yticks(range(1, len(rows) + 1), list(rows))
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def explore_spans(
    tokens: Sequence[str] = TOKENS,
    y_true: Sequence[str] = TRUE,
    y_pred: Sequence[str] = PREDICTED,
    types: Sequence[str] = ("PER", "ORG", "LOC", "MISC"),
) -> Explorer:
    """A menu of tags below each word of a sentence; the score of the words beside the score of the names.

    Args:
        tokens: The words.
        y_true: Their true tags, IOB2.
        y_pred: Predicted tags to begin with.
        types: Of names, for the menus.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If there is not one tag a word, or a tag is not in the menus.
    """
    tokens, y_true, y_pred = list(tokens), list(y_true), list(y_pred)
    options = ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]
    if not len(tokens) == len(y_true) == len(y_pred) or not {*y_true, *y_pred} <= {*options}:
        raise ValueError(
            "`y_true` and `y_pred` must hold one tag a word, out of "
            f"{', '.join(options)}; got {len(tokens)} words, {y_true} and {y_pred}."
        )

    def respond(**tags: str) -> tuple[Figure, str]:
        predicted = list(tags.values())
        draw = partial(plot_spans, tokens, {say("true"): y_true, say("predicted"): predicted})
        return picture(draw, size=(7.2, 1.9)), _describe(tokens, y_true, predicted)

    controls = {
        f"tag_{i}": Dropdown(options=options, value=tag, description=token)
        for i, (token, tag) in enumerate(zip(tokens, y_pred, strict=True))
    }
    return explorer("explore_spans", controls, respond, width="12em", label_width="5em")


def _describe(tokens: Sequence[str], y_true: Sequence[str], y_pred: Sequence[str]) -> str:
    counts = span_counts([y_true], [y_pred])
    ((right, predicted, true),) = counts.tolist()
    n_words = sum(a == b for a, b in zip(y_true, y_pred, strict=True))

    def share(over: int, under: int) -> str:
        if not under:
            return say("{n} of {total}", n=over, total=under)
        return say("{n} of {total}, {share:.2f}", n=over, total=under, share=over / under)

    named = [", ".join(name_spans(tokens, tags)) or say("none") for tags in (y_true, y_pred)]
    told = {"true": named[0], "predicted": named[1], "f1": span_f1_of_counts(counts, counts)}
    told |= {"precision": share(right, predicted), "recall": share(right, true)}
    return say(
        "True names: {true}.\n"
        "Predicted names: {predicted}.\n"
        "Words with the right tag: {n} of {total}, {accuracy:.2f}.\n"
        "Names that are right: precision {precision}; recall {recall}; F1 {f1:.2f}.",
        **told | {"n": n_words, "total": len(tokens), "accuracy": accuracy_score(y_true, y_pred)},
    )
