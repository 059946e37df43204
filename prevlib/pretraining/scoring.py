"""How well a model predicts chosen tokens, apart for each of their three fates.

Of the chosen tokens 80 % are replaced by ``[MASK]``, 10 % by a random token, and 10 % are kept. A kept token
can be copied, so a mean over all three mixes two abilities. The loss that is reported first is the one at
``[MASK]``, where nothing can be copied.

Used in notebook 05 and by ``run.py``. Left out: words in place of tokens. Source: Devlin et al. 2019.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from datasets import Dataset
from torch import Tensor
from transformers import BertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.checkpoints import Loaded, load_masked_lm
from prevlib.inference import check_texts, longest_input, ready_to_run
from prevlib.losses import IGNORE_INDEX, cross_entropy
from prevlib.masking import MaskingCollator
from prevlib.pretraining.data import pack_rows

COLLAPSED = 0.9  # share of one guess among all guesses at which the alarm is raised


class MLMScore(NamedTuple):
    """How well a model predicts chosen tokens; losses in nats per token, nan where there is no such token."""

    loss: float  # at [MASK]
    accuracy: float  # share of the tokens at [MASK] whose true id has the largest logit
    n_masked: int
    top_share: float  # share of the most frequent guess among all at [MASK]; near 1, the model has collapsed
    loss_random: float  # where another token stands
    accuracy_random: float
    n_random: int
    loss_kept: float  # where the token itself stands
    accuracy_kept: float
    n_kept: int


def evaluate_mlm(
    model: str | Path | Loaded,
    texts: Sequence[str],
    *,
    mlm_probability: float = 0.15,
    sequence_length: int = 128,
    whole_words: bool = False,
    seed: int = 0,
    batch_size: int = 32,
) -> MLMScore:
    """Loss and accuracy on chosen tokens of the texts, with masks that are the same in every call.

    The masks depend on the seed and the tokens, so models with the same tokenizer get the same questions.
    Losses of models with different vocabularies cannot be compared.

    Args:
        model: What ``pretrain`` returned, or an alias, folder or hub name.
        texts: Documents; joined and cut into rows, the last, shorter row left out.
        mlm_probability: Share of the tokens that are chosen.
        sequence_length: Tokens of a row; at most what the model takes.
        whole_words: Choose whole words.
        seed: Of the masks.
        batch_size: Rows run at once; the result does not depend on it.
    Returns:
        ``MLMScore``: ``loss``, ``accuracy`` and ``n_masked`` at ``[MASK]``; the same for tokens that were
        replaced by a random one, and for tokens that were kept.
    Raises:
        TypeError: If a text is not a string.
        ValueError: If the texts do not fill a row, nothing is masked, or rows are too long for the model.
    """
    model, tokenizer = ready_to_run(model, load=load_masked_lm)
    check_length(sequence_length, tokenizer, model)
    collate = MaskingCollator(tokenizer, mlm_probability, whole_words=whole_words, seed=seed)
    with TemporaryDirectory() as folder:
        rows = pack_rows(check_texts(texts), tokenizer, sequence_length, Path(folder) / "rows.arrow")
        return score(model, rows, collate, batch_size)


class Evaluation:
    """Scores a model on the same rows and masks each time; warns when it guesses one token everywhere."""

    def __init__(self, rows: Dataset, collate: MaskingCollator):
        self.rows, self.collate, self.collapsed = rows, collate, 0
        mask = collate.tokenizer.mask_token_id  # looked for now, not after an epoch
        _check_masked(any((collate([row])["input_ids"] == mask).any() for row in rows), len(rows))

    def __call__(self, model: PreTrainedModel) -> dict:
        found = score(model, self.rows, self.collate, batch_size=32)
        self.collapsed = self.collapsed + 1 if found.top_share > COLLAPSED else 0
        if self.collapsed == 3:
            warnings.warn(
                f"The model guesses the same token at {found.top_share:.0%} of the masked positions, for "
                "the third evaluation in a row: it knows how frequent tokens are, nothing of their context. "
                "If this lasts, use a longer warm-up, shorter rows, a larger `initializer_range` or "
                "`mlm_probability`, or fewer layers.",
                stacklevel=2,
            )
        return found._asdict()


def score(model: PreTrainedModel, rows: Dataset, collate: MaskingCollator, batch_size: int) -> MLMScore:
    """The score of a model on the chosen tokens of rows.

    Args:
        model: A masked language model in evaluation mode.
        rows: From ``pack_rows``.
        collate: Chooses the tokens.
        batch_size: Rows run at once.
    Returns:
        As ``evaluate_mlm``.
    """
    sums = torch.zeros(3, 3, dtype=torch.float64)  # fates x (loss, right, count)
    guesses = torch.zeros(model.config.vocab_size, dtype=torch.long)
    mask = collate.tokenizer.mask_token_id
    for start in range(0, len(rows), batch_size):
        examples = rows.__getitems__(list(range(start, min(start + batch_size, len(rows)))))
        losses, guessed, labels, fates = score_batch(model, collate(examples), mask)
        table = torch.stack([losses, guessed == labels, torch.ones_like(losses)], dim=1).double()
        sums.index_add_(0, fates, table)
        guesses += guessed[fates == 0].bincount(minlength=len(guesses))
    _check_masked(int(sums[0, 2]), len(rows))
    loss, right, count = sums.T
    parts = [(loss[i] / count[i], right[i] / count[i], count[i]) for i in range(3)]
    (masked, *others) = [(float(a), float(b), int(n)) for a, b, n in parts]
    return MLMScore(*masked, int(guesses.max()) / masked[2], *others[0], *others[1])


def score_batch(
    model: PreTrainedModel, batch: dict[str, Tensor], mask_token_id: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Of each chosen token: its loss, the guess, the true id, and its fate: 0 masked, 1 random, 2 kept.

    Args:
        model: A masked language model in evaluation mode.
        batch: From a ``MaskingCollator``.
        mask_token_id: Id of ``[MASK]``.
    Returns:
        Four tensors of shape (n_chosen,).
    """
    chosen = batch["labels"] != IGNORE_INDEX
    labels, read = batch["labels"][chosen], batch["input_ids"][chosen]
    with torch.inference_mode():
        logits = masked_logits(model, {name: tensor.to(model.device) for name, tensor in batch.items()}).cpu()
    losses = cross_entropy(logits, labels, reduction="none") if len(labels) else logits.sum(-1)
    fates = torch.where(read == mask_token_id, 0, torch.where(read == labels, 2, 1))
    return losses, logits.argmax(-1), labels, fates


def check_length(sequence_length: int, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Raise ``ValueError`` unless the model takes rows of this length."""
    longest = longest_input(tokenizer, model)
    if not 3 <= sequence_length <= longest:
        raise ValueError(
            f"`sequence_length` must be from 3 to {longest}, what the model takes; got {sequence_length}."
        )


def masked_states(model: BertForMaskedLM, batch: dict[str, Tensor]) -> Tensor:
    """Last hidden states of the chosen tokens, shape (n_chosen, hidden_size)."""
    states = model.bert(**_inputs(batch)).last_hidden_state
    return states[batch["labels"] != IGNORE_INDEX]


def masked_logits(model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
    """Logits of the chosen tokens in float32, shape (n_chosen, vocab_size)."""
    if isinstance(model, BertForMaskedLM):
        return model.cls(masked_states(model, batch)).float()
    return model(**_inputs(batch)).logits[batch["labels"] != IGNORE_INDEX].float()


def _inputs(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    if batch["attention_mask"].all():  # packed rows; without a mask, attention has less to do
        return {"input_ids": batch["input_ids"]}
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}


def _check_masked(n_masked: int, n_rows: int) -> None:
    if not n_masked:
        raise ValueError(
            f"The texts must have a masked token; got none in {n_rows} rows. Give more text, or mask more."
        )
