"""Hide words, again and again, and hold the counts against what was to be expected, for notebook 02."""

from typing import NamedTuple

import torch
from ipywidgets import Checkbox, Dropdown, Text
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from prevlib.checkpoints import load_tokenizer
from prevlib.masking import IGNORE_INDEX, MaskedBatch, mask_tokens, mask_whole_words
from prevlib.plots import plot_bars
from prevlib.tokenization import word_groups
from prevlib.widgets.base import Explorer, explorer, number, picture

TEXT = "The unwatchable opening aside, this is one of the funniest films about filmmaking that I have seen."
KINDS = ("[MASK]", "random", "kept", "all chosen")


class MaskCounts(NamedTuple):
    """What became of the tokens that may be chosen, and how many of each are expected."""

    n_tokens: int
    counts: tuple[int, ...]  # in the order of KINDS
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

    def respond(
        text: str, rate: float, mask: float, random: float, whole: bool, times: int, draw: int
    ) -> tuple[bytes, str]:
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
        per_100 = [[100 * count / counts.n_tokens for count in part] for part in counts[1:]]

        def plot_counts(ax):
            plot_bars(KINDS, per_100[0], expected=per_100[1], ax=ax).set_ylabel("tokens in 100")

        to_random = rates["random_replace_prob"]
        shares = f"{mask:.1%} become [MASK], {to_random:.1%} random tokens, {1 - mask - to_random:.1%} stay"
        words = _describe(batch, special[0] == 0, counts, tokenizer, times)
        png = picture(plot_counts, size=(6.4, 3.2))
        return png, f"{rate:.0%} are chosen; of these {shares}.\n{words}"

    controls = {
        "text": Text(text, description="text"),
        "rate": number("share chosen", 0.15, 0.0, 1.0, 0.05),
        "mask": number("chosen to [MASK]", 0.8, 0.0, 1.0, 0.05),
        "random": number("rest random", 0.5, 0.0, 1.0, 0.05),
        "whole": Checkbox(False, description="whole words"),
        "times": Dropdown(options=[1, 10, 100, 1000], description="times masked"),
        "draw": number("draw number", 4, 1, 100, 1),
    }
    return explorer("explore_masking", controls, respond)


def _describe(
    batch: MaskedBatch, words: Tensor, counts: MaskCounts, tokenizer: PreTrainedTokenizerBase, times: int
) -> str:
    ids, labels = (part[0][words] for part in batch)
    tokens, chosen = tokenizer.convert_ids_to_tokens(ids), labels != IGNORE_INDEX
    true, read = (tokenizer.convert_ids_to_tokens(part[chosen]) for part in (labels, ids))
    pairs = [f"{label} (reads {token})" for label, token in zip(true, read, strict=True)]
    counted = "; ".join(
        f"{kind} {count:,} (expected {expected:,.1f})"
        for kind, count, expected in zip(KINDS, *counts[1:], strict=True)
    )
    first = "" if times == 1 else ", the first time"
    return (
        f"The model reads{first}: {' '.join(tokens)}\n"
        f"It has to tell: {', '.join(pairs) or 'nothing'}.\n"
        f"Of {counts.n_tokens:,} tokens in all: {counted}."
    )
