"""What does a masked language model think of a sentence? Its log-probability, token by token.

A model like BERT guesses hidden tokens. It does not read from left to right, so its guesses do not multiply
to the probability of a text. They still make a score: hide each token in turn, ask for the log-probability of
the true one, and add up. That is the pseudo-log-likelihood. Of two sentences that differ in one word, the
grammatical one should have the higher score: on minimal pairs, scores become an accuracy.

A score depends on the vocabulary and on the number of tokens. So compare texts under one model, or the
choices that models make, never the scores of models with different tokenizers.

``token_log_probs`` is the border between tensors and arrays; the rest is arithmetic.
Used in notebook 14. Left out: models that read from left to right, whose log-probabilities do add up.
Sources: Salazar et al. 2020, *Masked Language Model Scoring*; Kauf & Ivanova 2023, *A Better Way to Do Masked
Language Model Scoring*; Warstadt et al. 2020, *BLiMP*.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from tqdm.auto import tqdm
from transformers import BatchEncoding, BertForMaskedLM, PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_count
from prevlib.checkpoints import Loaded, load_masked_lm
from prevlib.evaluation.uncertainty import Interval, wilson_interval
from prevlib.inference import check_texts, longest_input, pack_linear_layers, ready_to_run

WORTH_PACKING = 500  # runs of the model that save more time than laying out its weights anew takes
METHODS = ("original", "within_word_l2r")


class TokenScores(NamedTuple):
    """The tokens of a text, without the special ones, and how probable each is when it is hidden."""

    tokens: list[str]
    log_probs: np.ndarray  # nats, float32, shape (n_tokens,)


def token_log_probs(
    texts: Sequence[str],
    checkpoint: str | Path | Loaded = "mini",
    *,
    within_word_left_to_right: bool = False,
    tokens_per_batch: int = 2048,
    show_progress: bool = True,
) -> list[TokenScores]:
    """The log-probability of each token of each text when it is masked.

    The model runs once for each token, and sees all the others. In a word of several pieces they give the
    answer away: in ``unbear ##ably`` the end tells the beginning. With ``within_word_left_to_right`` the
    pieces that follow in the same word are masked, too.

    Args:
        texts: Strings with at least one token each.
        checkpoint: Alias, folder or hub name; or a loaded model, such as an untrained twin:
            ``Loaded(load_masked_lm("mini", random_init=True), load_tokenizer("mini"))``.
        within_word_left_to_right: Mask the following pieces of the word as well.
        tokens_per_batch: Tokens run at once, padding included; the result does not depend on it.
        show_progress: Show a bar.
    Returns:
        One ``TokenScores(tokens, log_probs)`` a text. [UNK] is a token like any other.
    Raises:
        TypeError: If ``texts`` is a single string or a table, or holds something else than strings.
        ValueError: If a text has no token, is too long for the model, or contains a special token such as
            [MASK]; or if the checkpoint has no head for masked tokens, or its tokenizer no mask token.
    Example:
        >>> [scores] = token_log_probs(["One of the best!"])
        >>> print(*scores.tokens, np.exp(scores.log_probs).round(1))
        one of the best ! [0.9 1.  0.6 0.3 0.1]

    Source: Salazar et al. 2020; within words: Kauf & Ivanova 2023.
    """
    texts = check_texts(texts)
    tokens_per_batch = check_count("tokens_per_batch", tokens_per_batch)
    model, tokenizer = ready_to_run(checkpoint, load_masked_lm)
    encodings = tokenizer(texts, return_special_tokens_mask=True, verbose=False)
    _check_encodings(texts, encodings, tokenizer, longest_input(tokenizer, model))
    ids = [torch.tensor(row) for row in encodings["input_ids"]]
    copies = _masked_copies(encodings, within_word_left_to_right)  # (n_copies, 3)
    if len(copies) > WORTH_PACKING:
        model = pack_linear_layers(copy.deepcopy(model), tokens_per_batch)
    lengths = np.array([len(ids[row]) for row in copies[:, 0]])
    order = np.argsort(-lengths, kind="stable")  # similar lengths together, so that little is padded
    log_probs = np.empty(len(copies), dtype=np.float32)
    start = 0
    with tqdm(total=len(copies), disable=not show_progress, unit="token") as bar:
        while start < len(copies):
            part = order[start : start + max(1, tokens_per_batch // lengths[order[start]])]
            rows, first, end = copies[part].T
            batch = pad_sequence([ids[row] for row in rows], True, tokenizer.pad_token_id)
            spans = torch.from_numpy(np.stack([lengths[part], first, end]))
            log_probs[part] = _log_probs_at(model, batch, *spans, tokenizer.mask_token_id).cpu()
            start += len(part)
            bar.update(len(part))
    ends = np.flatnonzero(np.diff(copies[:, 0])) + 1
    tokens = tokenizer.convert_ids_to_tokens
    return [
        TokenScores(tokens(ids[rows[0, 0]][rows[:, 1]].tolist()), values)
        for rows, values in zip(np.split(copies, ends), np.split(log_probs, ends), strict=True)
    ]


def pseudo_log_likelihood(
    texts: Sequence[str],
    checkpoint: str | Path | Loaded = "mini",
    *,
    method: str = "original",
    tokens_per_batch: int = 2048,
    show_progress: bool = True,
) -> np.ndarray:
    """The sum of a text's token log-probabilities, in nats: higher is more to the model's taste.

    Longer texts score lower, because each token adds a negative number.

    Args:
        texts, checkpoint: As for ``token_log_probs``.
        method: ``"original"`` masks one token at a time; ``"within_word_l2r"`` also those that follow in the
            same word, so that a rare word of many pieces is not taken for a probable one.
        tokens_per_batch, show_progress: As for ``token_log_probs``.
    Returns:
        float64, shape (n_texts,).
    Raises:
        As ``token_log_probs``; ValueError also if ``method`` is unknown.
    Example:
        >>> good, bad = pseudo_log_likelihood(["The songs are great.", "The songs is great."])
        >>> bool(good > bad)
        True
    """
    options = {"method": method, "tokens_per_batch": tokens_per_batch, "show_progress": show_progress}
    scores = _score(texts, checkpoint, **options)
    return np.array([score.log_probs.sum(dtype=np.float64) for score in scores])


def pseudo_perplexity(
    texts: Sequence[str],
    checkpoint: str | Path | Loaded = "mini",
    *,
    method: str = "original",
    tokens_per_batch: int = 2048,
    show_progress: bool = True,
) -> float:
    """The exponential of the mean negative log-probability a token, over all tokens of all texts.

    Like a perplexity it is 1 for a model that is always sure and right, and the size of the vocabulary for
    one that guesses blindly. It is none: perplexity belongs to a probability distribution over whole texts.

    Args:
        texts, checkpoint, method, tokens_per_batch, show_progress: As for ``pseudo_log_likelihood``.
    Returns:
        At least 1.
    Raises:
        As ``pseudo_log_likelihood``.
    Example:
        >>> pseudo_perplexity(["It was a great movie."]) < pseudo_perplexity(["Movie great a was it."])
        True

    Source: Salazar et al. 2020, section 2.2.
    """
    options = {"method": method, "tokens_per_batch": tokens_per_batch, "show_progress": show_progress}
    scores = _score(texts, checkpoint, **options)
    total = sum(score.log_probs.sum(dtype=np.float64) for score in scores)
    return float(np.exp(-total / sum(len(score.tokens) for score in scores)))


def score_minimal_pairs(
    pairs: Dataset | pd.DataFrame,
    checkpoint: str | Path | Loaded = "mini",
    *,
    method: str = "original",
    tokens_per_batch: int = 2048,
    show_progress: bool = True,
) -> pd.DataFrame:
    """The pseudo-log-likelihoods of both sentences of each pair.

    Args:
        pairs: Table with columns ``good`` and ``bad``, such as ``load_minimal_pairs()["test"]``.
        checkpoint, method, tokens_per_batch, show_progress: As for ``pseudo_log_likelihood``.
    Returns:
        The columns of ``pairs``, then ``good_score`` and ``bad_score``, for ``minimal_pair_accuracy``.
    Raises:
        As ``pseudo_log_likelihood``; ValueError also if a column is missing.
    """
    table = pd.DataFrame(pairs)
    if not {"good", "bad"} <= set(table):
        raise ValueError(f"`pairs` must have the columns `good` and `bad`; got {list(table)}.")
    options = {"method": method, "tokens_per_batch": tokens_per_batch, "show_progress": show_progress}
    scores = pseudo_log_likelihood([*table["good"], *table["bad"]], checkpoint, **options)
    good, bad = scores.reshape(2, -1)
    return table.assign(good_score=good, bad_score=bad)


def minimal_pair_accuracy(
    good_scores: ArrayLike, bad_scores: ArrayLike, *, tolerance: float = 1e-4, level: float = 0.95
) -> Interval:
    """The share of pairs whose good sentence has the higher score, with its Wilson interval.

    A tie counts half, so a model that says nothing is at 0.5, not at the mercy of the order of the columns.
    The interval treats the halves as counts; with many ties it is wider than need be.

    Args:
        good_scores, bad_scores: Scores of the two sentences of each pair, shape (n_pairs,).
        tolerance: Scores that differ by no more are a tie. In float32 the same text gets scores that differ
            by about 1e-5 in different batches.
        level: Coverage of the interval, in (0, 1).
    Returns:
        The share, in [0, 1], and the ends of its interval.
    Raises:
        ValueError: If the shapes differ, there is no pair, or a score is not a number.
    Example:
        >>> print(minimal_pair_accuracy([-9.0, -8.0, -7.0, -6.0], [-9.5, -8.0, -7.5, -5.0]))  # 2 wins, 1 tie
        0.625 [0.219, 0.908]
    """
    good_scores, bad_scores = np.asarray(good_scores, dtype=float), np.asarray(bad_scores, dtype=float)
    if good_scores.ndim != 1 or good_scores.shape != bad_scores.shape or len(good_scores) == 0:
        raise ValueError(
            "`good_scores` and `bad_scores` must hold one score a pair, and at least one; "
            f"got shapes {good_scores.shape} and {bad_scores.shape}."
        )
    margins = good_scores - bad_scores
    if np.isnan(margins).any():
        raise ValueError(f"The scores must be numbers; got {np.isnan(margins).sum()} pairs without.")
    wins, ties = margins > tolerance, np.abs(margins) <= tolerance
    return wilson_interval(float(wins.sum() + ties.sum() / 2), len(margins), level=level)


@torch.inference_mode()
def logits_at(model: PreTrainedModel, input_ids: Tensor, lengths: Tensor, positions: Tensor) -> Tensor:
    """``model(input_ids, attention_mask).logits`` at one position of each row, up to rounding.

    The other positions are needed as context only: by the attention of the last layer, and by nothing behind
    it. So its feed-forward part and the head, which is nearly half of a small model, see one position instead
    of thirty. Other architectures than BERT run as they are.

    Args:
        model: In evaluation mode.
        input_ids: Padded at the end, shape (batch_size, sequence_length).
        lengths: Real tokens of each row, shape (batch_size,).
        positions: Where to look, shape (batch_size,).
    Returns:
        Unnormalised scores, float32, shape (batch_size, vocab_size).
    """
    rows = torch.arange(len(input_ids), device=input_ids.device)
    is_real = torch.arange(input_ids.shape[1], device=input_ids.device) < lengths.unsqueeze(-1)
    if not isinstance(model, BertForMaskedLM):
        return model(input_ids=input_ids, attention_mask=is_real.long()).logits[rows, positions].float()

    *layers, last = model.bert.encoder.layer
    hidden = model.bert.embeddings(input_ids)
    mask = hidden.new_zeros(is_real.shape).masked_fill(~is_real, torch.finfo(hidden.dtype).min)
    mask = mask[:, None, None]  # the same for every head and every query
    for layer in layers:
        hidden = layer(hidden, mask)

    def by_head(vectors: Tensor) -> Tensor:
        return vectors.unflatten(-1, (model.config.num_attention_heads, -1)).transpose(1, 2)

    looked_at = hidden[rows, positions].unsqueeze(1)  # (batch_size, 1, hidden_size)
    attention = last.attention.self
    query, key, value = attention.query(looked_at), attention.key(hidden), attention.value(hidden)
    context = scaled_dot_product_attention(by_head(query), by_head(key), by_head(value), attn_mask=mask)
    looked_at = last.attention.output(context.transpose(1, 2).flatten(2), looked_at)
    looked_at = last.output(last.intermediate(looked_at), looked_at)
    return model.cls(looked_at.squeeze(1)).float()


def _check_encodings(
    texts: list[str], encodings: BatchEncoding, tokenizer: PreTrainedTokenizerBase, longest: int
) -> None:
    special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for i, (text, ids) in enumerate(zip(texts, encodings["input_ids"], strict=True)):
        added = encodings["special_tokens_mask"][i]
        own = [token for token, is_added in zip(ids, added, strict=True) if not is_added]
        found = f"{text[:40]!r} at position {i}"
        if not own:
            raise ValueError(f"`texts` must have at least one token each; got {found}. Drop empty texts.")
        if len(ids) > longest:
            raise ValueError(
                f"`texts` must have at most {longest} tokens each, special ones included; got {len(ids)} in "
                f"{found}. Split it: the log-probabilities of a cut text would be those of another text."
            )
        if special & set(own):
            raise ValueError(
                f"`texts` must not contain special tokens such as {tokenizer.mask_token}; got {found}. "
                "Remove them: each token is masked in its turn. To fill gaps, use generation.fill_mask."
            )


def _masked_copies(encodings: BatchEncoding, within_word_left_to_right: bool) -> np.ndarray:
    """One row a token to score: its text, its position, and the position behind the last masked token."""
    copies = []
    for row, added in enumerate(encodings["special_tokens_mask"]):
        words = encodings.word_ids(row) if within_word_left_to_right else range(len(added))
        for first in np.flatnonzero(np.array(added) == 0):
            end = first + 1
            while end < len(words) and words[end] == words[first]:
                end += 1
            copies.append((row, first, end))
    return np.array(copies)


def _log_probs_at(
    model: PreTrainedModel, input_ids: Tensor, length: Tensor, first: Tensor, end: Tensor, mask_id: int
) -> Tensor:
    """Log-probability of the token at ``first`` with ``first`` to ``end`` masked, shape (batch_size,)."""
    rows, columns = torch.arange(len(input_ids)), torch.arange(input_ids.shape[1])
    true_ids = input_ids[rows, first]
    hidden = (columns >= first[:, None]) & (columns < end[:, None])
    inputs = (input_ids.masked_fill(hidden, mask_id), length, first)
    logits = logits_at(model, *(tensor.to(model.device) for tensor in inputs))
    return logits.log_softmax(-1)[rows, true_ids]


def _score(texts, checkpoint, *, method: str = "original", **options) -> list[TokenScores]:
    if method not in METHODS:
        raise ValueError(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    within_words = method == "within_word_l2r"
    return token_log_probs(texts, checkpoint, within_word_left_to_right=within_words, **options)
