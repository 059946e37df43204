"""Hide words, again and again, and hold the counts against what was to be expected, for notebook 02."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from ipywidgets import Checkbox, Dropdown, Text
from matplotlib.figure import Figure
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from prevlib.checkpoints import load_tokenizer
from prevlib.masking import IGNORE_INDEX, MaskedBatch, mask_tokens, mask_whole_words
from prevlib.plots import plot_bars
from prevlib.texts import say, say_number
from prevlib.tokenization import word_groups
from prevlib.widgets.base import Explorer, explorer, number, picture

TEXT = "The unwatchable opening aside, this is one of the funniest films about filmmaking that I have seen."


class MaskCounts(NamedTuple):
    """What became of the tokens that may be chosen, and how many of each are expected."""

    n_tokens: int
    counts: tuple[int, ...]  # [MASK], random, kept, and all that were chosen
    expected: tuple[float, ...]


def count_masks(
    batch: MaskedBatch,
    *,
    special_tokens_mask: Tensor,
    mask_token_id: int,
    mlm_probability: float,
    mask_replace_prob: float,
    random_replace_prob: float,
) -> MaskCounts:
    """Chosen tokens by what replaced them. A random draw that is the true token counts as kept.

    Args:
        batch: From ``mask_tokens`` or ``mask_whole_words``, shape (..., sequence_length).
        special_tokens_mask: 1 where a token must not be chosen, same shape.
        mask_token_id, mlm_probability, mask_replace_prob, random_replace_prob: As the batch was made with.
    Example:
        >>> batch = MaskedBatch(torch.tensor([103, 7, 9, 5]), torch.tensor([6, -100, 8, 5]))
        >>> rates = {"mlm_probability": 0.5, "mask_replace_prob": 0.8, "random_replace_prob": 0.1}
        >>> count_masks(batch, special_tokens_mask=torch.zeros(4), mask_token_id=103, **rates).counts
        (1, 1, 1, 3)
    """
    chosen = batch.labels != IGNORE_INDEX
    masked = chosen & (batch.input_ids == mask_token_id)
    kept = chosen & (batch.input_ids == batch.labels)
    n_tokens = int((special_tokens_mask == 0).sum())
    n_chosen = mlm_probability * n_tokens
    kept_prob = max(0.0, 1 - mask_replace_prob - random_replace_prob)
    shares = (mask_replace_prob, random_replace_prob, kept_prob, 1)
    counts = (masked, chosen & ~masked & ~kept, kept, chosen)
    return MaskCounts(
        n_tokens, tuple(int(part.sum()) for part in counts), tuple(n_chosen * share for share in shares)
    )


def explore_masking(text: str = TEXT, tokenizer: PreTrainedTokenizerBase | None = None) -> Explorer:
    """Set the rates, draw masks once or a thousand times, and count.

    Args:
        text: To begin with.
        tokenizer: A WordPiece tokenizer with a mask token; that of ``minilm`` if None.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    """
    tokenizer = load_tokenizer("minilm") if tokenizer is None else tokenizer
    kinds = "[MASK]", say("random"), say("kept"), say("all chosen")

    def respond(
        text: str, rate: float, mask: float, random: float, whole: bool, times: int, draw: int
    ) -> tuple[Figure, str]:
        encoded = tokenizer(text, return_special_tokens_mask=True, return_tensors="pt", verbose=False)
        ids, special = (encoded[name].repeat(times, 1) for name in ("input_ids", "special_tokens_mask"))
        if special.all():
            raise ValueError("`text` must hold at least one word to hide; got none. Type some words.")
        rates = {
            "mlm_probability": rate,
            "mask_replace_prob": mask,
            "random_replace_prob": round((1 - mask) * random, 6),
        }
        batch = (mask_whole_words if whole else mask_tokens)(
            ids,
            special_tokens_mask=special,
            mask_token_id=tokenizer.mask_token_id,
            vocab_size=len(tokenizer),
            special_token_ids=tokenizer.all_special_ids,
            generator=torch.Generator().manual_seed(draw),
            **rates,
            **({"word_groups": word_groups(ids, tokenizer)} if whole else {}),
        )
        counts = count_masks(
            batch, special_tokens_mask=special, mask_token_id=tokenizer.mask_token_id, **rates
        )

        def plot_counts(ax):
            label = say("number of tokens")
            plot_bars(kinds, counts.counts, expected=counts.expected, ax=ax).set_ylabel(label)

        to_random = rates["random_replace_prob"]
        shares = say(
            "{rate:.0%} are chosen; of these {mask:.1%} become [MASK], {random:.1%} random tokens, "
            "{kept:.1%} stay.",
            **{"rate": rate, "mask": mask, "random": to_random, "kept": max(0.0, 1 - mask - to_random)},
        )
        lines = shares, *_describe(batch, special[0] == 0, tokenizer, times), _count(kinds, counts)
        return picture(plot_counts, size=(6.4, 3.2)), "\n".join(lines)

    controls = {
        "text": Text(text, description=say("text")),
        "rate": number(say("share chosen"), 0.15, 0.0, 1.0, 0.05),
        "mask": number(say("chosen to [MASK]"), 0.8, 0.0, 1.0, 0.05),
        "random": number(say("rest random"), 0.5, 0.0, 1.0, 0.05),
        "whole": Checkbox(False, description=say("whole words")),
        "times": Dropdown(options=[1, 10, 100, 1000], description=say("times masked")),
        "draw": number(say("draw number"), 4, 1, 100, 1),
    }
    return explorer("explore_masking", controls, respond)


def _describe(
    batch: MaskedBatch, words: Tensor, tokenizer: PreTrainedTokenizerBase, times: int
) -> tuple[str, str]:
    ids, labels = (part[0][words] for part in batch)
    tokens, chosen = " ".join(tokenizer.convert_ids_to_tokens(ids)), labels != IGNORE_INDEX
    true, read = (tokenizer.convert_ids_to_tokens(part[chosen]) for part in (labels, ids))
    reads = say("The model reads") if times == 1 else say("The model reads, the first time")
    pairs = [
        say("{token} (reads {read})", token=token, read=instead)
        for token, instead in zip(true, read, strict=True)
    ]
    return (f"{reads}: {tokens}", say("It has to tell: {pairs}.", pairs=", ".join(pairs) or say("nothing")))


def _count(kinds: Sequence[str], counts: MaskCounts) -> str:
    each = [
        say("{kind} {n:,} (expected {expected:,.1f})", kind=kind, n=n, expected=expected)
        for kind, n, expected in zip(kinds, counts.counts, counts.expected, strict=True)
    ]
    of_all = {"n": counts.n_tokens, "each": "; ".join(each)}
    return say_number("Of {n} token in all: {each}.", "Of {n:,} tokens in all: {each}.", **of_all)
