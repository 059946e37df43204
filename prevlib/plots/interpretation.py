"""Pictures of the inside of a model, for notebook 18."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from prevlib.plots.style import COLORS, PAPER, SHARES, SIZE, drawable, letters_on, new_axes

AGAINST_FOR = LinearSegmentedColormap.from_list("against_for", [COLORS[5], PAPER, COLORS[0]])
ROW_HEIGHT = 0.62  # inches
ROW_WIDTH = 62  # in letters


def plot_token_strip(
    tokens: Sequence[str],
    values: Sequence[float],
    *,
    limit: float | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """A text in boxes, each token with its number below: blue for more than 0, red for less.

    Args:
        tokens: In their order; the strip goes on in the next row when one is full.
        values: One number a token. If one of them is negative, all are written with their sign.
        limit: Value of the full colour, to compare strips; the largest one of this strip if None.
        title: Above the strip.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    tokens, values = drawable(tokens), np.asarray(values, dtype=float)
    limit = limit or np.abs(values).max() or 1.0
    widths = [max(5, len(token) + 1) for token in tokens]
    places, row, left = [], 0, 0
    for width in widths:
        if left and left + width > ROW_WIDTH:
            row, left = row + 1, 0
        places.append((left, row))
        left += width
    ax = new_axes(ax, size=(SIZE[0], ROW_HEIGHT * (row + 1) + (0.3 if title else 0)))
    sign = "+" if (values < 0).any() else ""
    for token, value, width, (x, y) in zip(tokens, values, widths, places, strict=True):
        color = AGAINST_FOR(0.5 + 0.5 * np.clip(value / limit, -1, 1))
        ax.add_patch(Rectangle((x, y), width, 0.5, facecolor=color, edgecolor="0.5"))
        middle = x + width / 2
        ax.text(middle, y + 0.25, token, ha="center", va="center", fontsize=9, color=letters_on(color))
        number = round(value, 2) + 0.0  # without the sign of -0.00
        ax.text(middle, y + 0.7, f"{number:{sign}.2f}", ha="center", va="center", fontsize=8)
    ax.set(xlim=(0, ROW_WIDTH), ylim=(row + 0.95, -0.05))
    ax.set_axis_off()
    ax.set_title(*drawable([title]), loc="left", fontsize=10)
    return ax


def plot_attention(
    matrix: np.ndarray, tokens: Sequence[str], *, vmax: float = 1.0, ax: Axes | None = None
) -> Axes:
    """Who looks at whom: each row is a token and sums to 1; shares from a tenth on are written, in tenths.

    Args:
        matrix: Shape (n_tokens, n_tokens), rows from, columns to: one head, a mean of heads, or a rollout.
        tokens: Of the rows and of the columns.
        vmax: Share of the full colour.
        ax: Where to draw.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    matrix, tokens = np.asarray(matrix), drawable(tokens)
    ax.imshow(matrix, cmap=SHARES, vmin=0, vmax=vmax)
    for (row, column), share in np.ndenumerate(matrix):
        if share >= 0.1:
            text = f"{share:.1f}".removeprefix("0")
            ax.text(column, row, text, ha="center", va="center", fontsize=7)
    ax.set_xticks(range(len(tokens)), tokens, rotation=90)
    ax.set_yticks(range(len(tokens)), tokens)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=8)
    ax.set(xlabel="looks at", ylabel="token")
    return ax
