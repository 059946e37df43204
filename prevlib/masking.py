"""Masks: hide some tokens, keep what they were, and leave the model to guess.

Of the tokens that are chosen, 80 % become ``[MASK]``, 10 % a random token and 10 % stay as they are. The
labels keep the true id where a token was chosen and -100 elsewhere, which is what ``losses.mlm_loss`` leaves
out. Words in several pieces can be chosen as a whole: all pieces of a word then share one fate.

Masks are drawn anew in each epoch. ``MaskingCollator`` draws those of a sequence from the seed, the epoch
and the sequence itself, so they do not depend on the batch it is in, on the order of the batches, on the
number of processes, or on what ran before: a run that is resumed meets the masks it would have met.

Used in notebooks 02 and 05. Sources: Devlin et al. 2019, section 3.1 and appendix C.2; Liu et al. 2019 (new
masks in each epoch); the whole-word masks of Devlin et al.'s code release of May 2019, but unlike that
release, which draws a fate for each piece of a chosen word, with one fate per word.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from prevlib.tokenization import word_groups

IGNORE_INDEX = -100  # the label of tokens that need not be predicted; the losses leave it out


class MaskedBatch(NamedTuple):
    """Sequences with hidden tokens, and what was hidden."""

    input_ids: Tensor  # (..., sequence_length), what the model reads
    labels: Tensor  # (..., sequence_length), the true id where a token was chosen, -100 elsewhere


def mask_tokens(
    input_ids: Tensor,
    *,
    special_tokens_mask: Tensor,
    mask_token_id: int,
    vocab_size: int,
    mlm_probability: float = 0.15,
    mask_replace_prob: float = 0.8,
    random_replace_prob: float = 0.1,
    special_token_ids: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> MaskedBatch:
    """Choose tokens one by one and hide them.

    Args:
        input_ids: Token ids, shape (..., sequence_length); left as they are.
        special_tokens_mask: 1 or True where a token must not be chosen: special and padding tokens. Same
            shape.
        mask_token_id: Id of ``[MASK]``.
        vocab_size: Random replacements are drawn from the ids below it.
        mlm_probability: Chance of each token to be chosen.
        mask_replace_prob: Chance of a chosen token to become ``[MASK]``.
        random_replace_prob: Chance of a chosen token to become a random one. The rest stays.
        special_token_ids: Ids that are never drawn as replacements, besides ``mask_token_id`` and those that
            ``special_tokens_mask`` points at.
        generator: Source of the draws; the global one if None.
    Returns:
        ``MaskedBatch(input_ids, labels)``.
    Raises:
        TypeError: If ``input_ids`` are not whole numbers.
        ValueError: If shapes disagree, a chance is not one, or no word is left to draw.
    Example:
        >>> ids = torch.tensor([[101, 7, 8, 9, 102]])
        >>> special = torch.tensor([[1, 0, 0, 0, 1]])
        >>> options = {"mask_token_id": 103, "vocab_size": 104, "mlm_probability": 1.0}
        >>> batch = mask_tokens(ids, special_tokens_mask=special, mask_replace_prob=1, random_replace_prob=0,
        ...                     **options)
        >>> batch.input_ids.tolist(), batch.labels.tolist()
        ([[101, 103, 103, 103, 102]], [[-100, 7, 8, 9, -100]])
    """
    each_by_itself = torch.arange(input_ids.shape[-1]).expand(input_ids.shape)
    return mask_whole_words(
        input_ids,
        word_groups=each_by_itself,
        special_tokens_mask=special_tokens_mask,
        mask_token_id=mask_token_id,
        vocab_size=vocab_size,
        mlm_probability=mlm_probability,
        mask_replace_prob=mask_replace_prob,
        random_replace_prob=random_replace_prob,
        special_token_ids=special_token_ids,
        generator=generator,
    )


def mask_whole_words(
    input_ids: Tensor,
    *,
    word_groups: Tensor,
    special_tokens_mask: Tensor,
    mask_token_id: int,
    vocab_size: int,
    mlm_probability: float = 0.15,
    mask_replace_prob: float = 0.8,
    random_replace_prob: float = 0.1,
    special_token_ids: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> MaskedBatch:
    """Choose words, with all their pieces, and hide them: no piece gives away the rest of its word.

    Each word is chosen with the chance ``mlm_probability``, so the expected share of tokens is the same as
    with ``mask_tokens``. Its fate is drawn once: all its pieces become ``[MASK]``, or each is replaced by a
    random token of its own, or all stay.

    Args:
        word_groups: Number of the word of each token, negative for none, as from
            ``tokenization.word_groups``. Same shape as ``input_ids``.
        input_ids, special_tokens_mask, mask_token_id, vocab_size, mlm_probability, mask_replace_prob,
            random_replace_prob, special_token_ids, generator: As for ``mask_tokens``.
    Returns:
        ``MaskedBatch(input_ids, labels)``.
    Raises:
        TypeError, ValueError: As ``mask_tokens``.
    """
    if word_groups.shape != input_ids.shape:
        raise ValueError(
            f"`word_groups` must have the shape of `input_ids`, {tuple(input_ids.shape)}; "
            f"got {tuple(word_groups.shape)}. Make them from the same ids: tokenization.word_groups."
        )
    if input_ids.is_floating_point() or input_ids.dtype == torch.bool:
        raise TypeError(
            f"`input_ids` must be a tensor of token ids; got {input_ids.dtype}. Use the tokenizer's output."
        )
    if special_tokens_mask.shape != input_ids.shape:
        raise ValueError(
            f"`special_tokens_mask` must have the shape of `input_ids`, {tuple(input_ids.shape)}; got "
            f"{tuple(special_tokens_mask.shape)}. Pass return_special_tokens_mask=True to the tokenizer."
        )
    chances = (mlm_probability, mask_replace_prob, random_replace_prob)
    if not all(0 <= chance <= 1 for chance in chances):
        raise ValueError(
            "`mlm_probability`, `mask_replace_prob` and `random_replace_prob` must be in [0, 1]; "
            f"got {chances}. Write 15 % as 0.15."
        )
    if mask_replace_prob + random_replace_prob > 1 + 1e-9:
        raise ValueError(
            "`mask_replace_prob` + `random_replace_prob` must be at most 1, because what is left stays as it "
            f"is; got {mask_replace_prob} + {random_replace_prob}. BERT uses 0.8 and 0.1."
        )
    if input_ids.dtype not in (torch.int32, torch.int64):
        input_ids = input_ids.long()  # in uint8, -100 would be 156; in int16, not every id has room
    special = special_tokens_mask.bool()
    words = word_groups.clamp(min=0)  # one draw per word, the same for all its pieces
    draws = torch.rand(input_ids.shape, generator=generator).gather(-1, words)
    chosen = (draws < mlm_probability) & (word_groups >= 0) & ~special

    draws = torch.rand(input_ids.shape, generator=generator).gather(-1, words)
    to_mask = chosen & (draws < mask_replace_prob)
    to_random = chosen & ~to_mask & (draws < mask_replace_prob + random_replace_prob)

    forbidden = {mask_token_id, *special_token_ids, *input_ids[special].tolist()}
    forbidden = sorted(i for i in forbidden if 0 <= i < vocab_size)
    if len(forbidden) >= vocab_size:
        raise ValueError(
            f"`vocab_size` must leave words that are not special; got {vocab_size}, all of them special. "
            "Use len(tokenizer)."
        )
    random_ids = torch.randint(vocab_size - len(forbidden), input_ids.shape, generator=generator)
    for i in forbidden:  # step over the special ids, smallest first
        random_ids += random_ids >= i

    hidden = torch.where(to_random, random_ids.to(input_ids.dtype), input_ids)
    return MaskedBatch(
        input_ids=hidden.masked_fill(to_mask, mask_token_id),
        labels=torch.where(chosen, input_ids, IGNORE_INDEX),
    )


@dataclass
class MaskingCollator:
    """From a list of tokenized sequences, a padded batch with masks.

    The masks of a sequence follow from ``seed``, the epoch and its tokens. With a fixed epoch they are
    fixed: that is how ``evaluate_mlm`` gives every model the same questions.

    Args:
        tokenizer: Tells the special tokens and pads.
        mlm_probability, mask_replace_prob, random_replace_prob: As for ``mask_tokens``.
        whole_words: Mask whole words; needs a WordPiece tokenizer.
        seed: Any whole number.
    Example:
        >>> from prevlib.tokenization import train_wordpiece
        >>> tokenizer = train_wordpiece(["to be or not to be"] * 2, vocab_size=30)
        >>> collate = MaskingCollator(tokenizer, mlm_probability=0.5)
        >>> batch = collate([tokenizer("to be"), tokenizer("to be or not")])
        >>> {name: tuple(tensor.shape) for name, tensor in batch.items()}
        {'input_ids': (2, 6), 'attention_mask': (2, 6), 'labels': (2, 6)}
    """

    tokenizer: PreTrainedTokenizerBase
    mlm_probability: float = 0.15
    mask_replace_prob: float = 0.8
    random_replace_prob: float = 0.1
    whole_words: bool = False
    seed: int = 0
    epoch: int = field(default=0, init=False)

    def __post_init__(self):
        if self.tokenizer.mask_token_id is None:
            raise ValueError(
                f"`tokenizer` must have a mask token; got {type(self.tokenizer).__name__} without one. "
                "Masked language models have one, models that generate from left to right do not."
            )
        self._special = torch.tensor(self.tokenizer.all_special_ids)
        self._generator = torch.Generator()

    def set_epoch(self, epoch: int) -> None:
        """Draw other masks from now on."""
        self.epoch = epoch

    def __call__(self, examples: Sequence[dict]) -> dict[str, Tensor]:
        """A batch with ``input_ids``, ``attention_mask`` and ``labels``, each (batch, sequence)."""
        sequences = [torch.as_tensor(example["input_ids"], dtype=torch.long) for example in examples]
        padding = self.tokenizer.pad_token_id
        masked = [self._mask(ids) for ids in sequences]
        pad = torch.nn.utils.rnn.pad_sequence
        return {
            "input_ids": pad([m.input_ids for m in masked], True, padding),
            "attention_mask": pad([(ids != padding).long() for ids in sequences], True, 0),
            "labels": pad([m.labels for m in masked], True, IGNORE_INDEX),
        }

    def _mask(self, ids: Tensor) -> MaskedBatch:
        key = zlib.crc32(f"{self.seed} {self.epoch}".encode())
        self._generator.manual_seed(zlib.crc32(ids.numpy().tobytes(), key))
        words = {"word_groups": word_groups(ids, self.tokenizer)} if self.whole_words else {}
        mask = mask_whole_words if self.whole_words else mask_tokens
        return mask(
            ids,
            special_tokens_mask=torch.isin(ids, self._special),
            mask_token_id=self.tokenizer.mask_token_id,
            vocab_size=len(self.tokenizer),
            mlm_probability=self.mlm_probability,
            mask_replace_prob=self.mask_replace_prob,
            random_replace_prob=self.random_replace_prob,
            special_token_ids=self.tokenizer.all_special_ids,
            generator=self._generator,
            **words,
        )
