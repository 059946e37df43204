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
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from transformers import PreTrainedTokenizerBase

from prevlib.checkpoints import load_tokenizer
from prevlib.plots.style import COLORS, INK, PAPER, new_axes
from prevlib.texts import say, say_number
from prevlib.widgets.base import Explorer, explorer, picture

TEXT = "An unwatchable film about zombies; the filmmakers must have overslept."
ROW_WIDTH, ROWS = 68, 8  # letters, rows
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


def lay_out(words: Sequence[Word]) -> list[tuple[int, float]]:
    """Row and left end of each word that fits into the rows of the picture.

    Example:
        >>> lay_out([Word(("film",)), Word(("un", "##watch", "##able"))])
        [(0, 0.0), (0, 6.5)]
    """
    places, left, row = [], 0.0, 0
    for word in words:
        width = sum(map(_width, word.pieces))
        if left and left + width > ROW_WIDTH:
            left, row = 0.0, row + 1
        if row == ROWS:
            break
        places.append((row, left))
        left += width + 1
    return places


def _width(piece: str) -> float:
    return max(3, len(piece) + 1.5)


def plot_words(words: Sequence[Word], *, ax: Axes | None = None) -> Axes:
    """Each token in a box, the boxes of one word in one frame; words of several tokens are shaded."""
    ax, places = new_axes(ax), lay_out(words)
    for word, (row, left) in zip(words, places, strict=False):
        face = to_rgba(COLORS[4], 0.4) if len(word.pieces) > 1 else PAPER
        frame = {"facecolor": "none", "edgecolor": INK, "linewidth": 1.6}
        ax.add_patch(Rectangle((left, row + 0.15), sum(map(_width, word.pieces)), 0.7, **frame))
        for piece in word.pieces:
            cell = {"facecolor": face, "edgecolor": INK, "linewidth": 0.6}
            ax.add_patch(Rectangle((left, row + 0.15), _width(piece), 0.7, **cell))
            style = {"ha": "center", "va": "center", "family": "monospace", "clip_on": True}
            ax.text(left + _width(piece) / 2, row + 0.5, piece, parse_math=False, fontsize=10, **style)
            left += _width(piece)
    ax.set(xlim=(-0.5, ROW_WIDTH + 0.5), ylim=(places[-1][0] + 1 if places else 1, 0))
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

    def respond(text: str, vocabulary: str) -> tuple[Figure, str]:
        tokenizer = tokenizers[vocabulary]
        words = split_words(text, tokenizer)
        size = 7.2, 0.55 + 0.45 * max((row for row, _ in lay_out(words)), default=0)
        return picture(partial(plot_words, words), size=size), _describe(words, vocabulary, tokenizer)

    controls = {
        "text": Text(text, description=say("text")),
        "vocabulary": Dropdown(options=list(tokenizers), description=say("vocabulary of")),
    }
    return explorer("explore_tokens", controls, respond)


def _describe(words: Sequence[Word], name: str, tokenizer: PreTrainedTokenizerBase) -> str:
    n_words, n_tokens, n_drawn = len(words), sum(len(word.pieces) for word in words), len(lay_out(words))
    split = [f"{word.text} = {' '.join(word.pieces)}" for word in words if len(word.pieces) > 1]
    unknown = sum(tokenizer.unk_token in word.pieces for word in words)
    lines = [
        say(
            "With the {size:,} entries of {name}, {words} {tokens}.",
            size=len(tokenizer),
            name=name,
            words=say_number("{n} word or mark becomes", "{n:,} words and marks become", n_words),
            tokens=say_number("{n} token", "{n:,} tokens", n_tokens),
        ),
        say(
            "Split: {words}.",
            words="; ".join(split[:SHOWN] + ["..."][: len(split) > SHOWN]) or say("no word"),
        ),
        say("Unknown, {token}: {n}.", token=tokenizer.unk_token, n=unknown or say("no word")),
    ]
    if n_drawn < n_words:
        lines.append(say("The picture shows the first {n} of {total:,} words.", n=n_drawn, total=n_words))
    return "\n".join(lines)
