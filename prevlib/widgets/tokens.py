"""Type a text and watch WordPiece take it apart, for notebook 01.

Left out: training a vocabulary, which ``train_wordpiece`` does; its tokenizer can be passed in.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ipywidgets import Dropdown, Text
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from transformers import PreTrainedTokenizerBase

from prevlib.checkpoints import load_tokenizer
from prevlib.plots.style import COLORS, new_axes
from prevlib.widgets.base import Explorer, explorer, picture

TEXT = "An unwatchable film about zombies; the filmmakers must have overslept."
ROW_WIDTH, ROWS = 68, 3  # letters, rows
SHOWN = 24  # words that are spelt out


class Word(NamedTuple):
    """A word and the tokens that it became."""

    pieces: tuple[str, ...]

    @property
    def text(self) -> str:
        """The word put together again, as the model reads it."""
        return "".join(piece.removeprefix("##") for piece in self.pieces)


def split_words(text: str, tokenizer: PreTrainedTokenizerBase) -> list[Word]:
    """The words of a text, each with its tokens; special tokens are left out, unknown words are not.

    Example:
        >>> [word.pieces for word in split_words("Unwatchable!", load_tokenizer("minilm"))]
        [('un', '##watch', '##able'), ('!',)]
    """
    encoding = tokenizer(text, add_special_tokens=False, verbose=False)
    pairs = zip(encoding.word_ids(), encoding.tokens(), strict=True)
    return [Word(tuple(token for _, token in word)) for _, word in groupby(pairs, key=itemgetter(0))]


def plot_words(words: Sequence[Word], *, ax: Axes | None = None) -> Axes:
    """Each token in a box, the boxes of one word in one frame; words of several tokens are shaded."""
    ax = new_axes(ax)
    left, row = 0.0, 0
    for word in words:
        widths = [max(3, len(piece) + 1.5) for piece in word.pieces]
        if left and left + sum(widths) > ROW_WIDTH:
            left, row = 0.0, row + 1
        if row == ROWS:
            break
        face = COLORS[4] if len(widths) > 1 else "white"
        frame = {"facecolor": "none", "edgecolor": "black", "linewidth": 1.6}
        ax.add_patch(Rectangle((left, row + 0.15), sum(widths), 0.7, **frame))
        for piece, width in zip(word.pieces, widths, strict=True):
            cell = {"facecolor": face, "alpha": 0.5, "edgecolor": "black", "linewidth": 0.6}
            ax.add_patch(Rectangle((left, row + 0.15), width, 0.7, **cell))
            style = {"ha": "center", "va": "center", "family": "monospace", "clip_on": True}
            ax.text(left + width / 2, row + 0.5, piece, parse_math=False, fontsize=10, **style)
            left += width
        left += 1
    ax.set(xlim=(-0.5, ROW_WIDTH + 0.5), ylim=(ROWS, 0))
    ax.set_axis_off()
    return ax


def explore_tokens(
    text: str = TEXT, tokenizers: Mapping[str, PreTrainedTokenizerBase] | None = None
) -> Explorer:
    """Type a text, choose a vocabulary, see words fall apart.

    Args:
        text: To begin with.
        tokenizers: Name -> fast tokenizer, such as WordPiece; those of ``minilm`` and ``mini`` if None.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    """
    if tokenizers is None:
        tokenizers = {name: load_tokenizer(name) for name in ("minilm", "mini")}

    def respond(text: str, vocabulary: str) -> tuple[bytes, str]:
        tokenizer = tokenizers[vocabulary]
        words = split_words(text, tokenizer)
        return picture(partial(plot_words, words), size=(7.2, 1.45)), _describe(words, vocabulary, tokenizer)

    controls = {
        "text": Text(text, description="text"),
        "vocabulary": Dropdown(options=list(tokenizers), description="vocabulary of"),
    }
    return explorer("explore_tokens", controls, respond)


def _describe(words: Sequence[Word], name: str, tokenizer: PreTrainedTokenizerBase) -> str:
    n_tokens = sum(len(word.pieces) for word in words)
    size = f"{len(tokenizer):,} entries"
    lines = [f"With the {size} of {name}, {len(words)} words and marks become {n_tokens} tokens."]
    split = [f"{word.text} = {' '.join(word.pieces)}" for word in words if len(word.pieces) > 1]
    lines.append(f"Split: {'; '.join(split[:SHOWN]) or 'no word'}{'; ...' if len(split) > SHOWN else ''}.")
    unknown = sum(tokenizer.unk_token in word.pieces for word in words)
    lines.append(f"Unknown, {tokenizer.unk_token}: {unknown or 'no word'}.")
    return "\n".join(lines)
