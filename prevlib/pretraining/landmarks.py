"""Losses that need no network: what chance, word frequencies, copying, and the two neighbours achieve.

A loss means something beside these landmarks. Equal shares of V tokens cost ln V. The frequencies of the
tokens cost their entropy. A token that was kept, or replaced at random, is visible, and copying it with the
right caution costs less. A bigram model reads the left and the right neighbour, and nothing else.

Used in notebook 05. Left out: longer contexts. Source of the smoothing: MacKay & Peto 1995.
"""

import math
from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from scipy.sparse import csr_array
from scipy.special import log_softmax
from transformers import PreTrainedTokenizerBase

from prevlib.masking import IGNORE_INDEX, MaskingCollator

BLOCK = 512  # positions whose scores are in memory at once


def reference_losses(
    rows: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    *,
    mask_replace_prob: float = 0.8,
    random_replace_prob: float = 0.1,
) -> dict[str, float]:
    """Losses without any context, in nats per chosen token.

    Who copies must weigh the chance that the visible token v was kept, which is the chance of the fate times
    p(v), against the chance that it was drawn at random from V tokens.

    Args:
        rows: From ``pack_rows``.
        tokenizer: That of the rows.
        mask_replace_prob, random_replace_prob: As for ``mask_tokens``.
    Returns:
        ``"uniform"``: ln V, every token equally likely. ``"unigram"``: entropy of the tokens' frequencies,
        special tokens left out; no model without context has a smaller loss at ``[MASK]``. ``"kept"`` and
        ``"random"``: of a model that copies with the right caution, at tokens of these fates.
        ``"copy_unigram"``: its loss over all three fates.
    """
    counts = _counts(rows, tokenizer)
    p = counts[counts > 0] / counts.sum()
    unigram = float(-(p * np.log(p)).sum())
    keep = 1 - mask_replace_prob - random_replace_prob
    n_words = len(counts) - len(set(tokenizer.all_special_ids))  # from which the random tokens are drawn
    drawn = random_replace_prob / n_words
    was_kept = keep * p / np.maximum(keep * p + drawn, 1e-300)  # given that v is visible, for each v in use
    at_kept = was_kept + (1 - was_kept) * p
    kept = -float((p * np.log(np.where(at_kept > 0, at_kept, 1))).sum())
    # At a random token v the truth x is another word, or by chance v itself.
    lost = np.log(np.where(was_kept < 1, 1 - was_kept, 1))
    random = unigram - float(lost.sum() + (p * (np.log(at_kept) - np.log(p) - lost)).sum()) / n_words
    shares = (mask_replace_prob, random_replace_prob, keep)
    total = sum(share * loss for share, loss in zip(shares, (unigram, random, kept), strict=True) if share)
    return {
        "uniform": math.log(len(counts)),
        "unigram": unigram,
        "kept": kept,
        "random": random,
        "copy_unigram": total,
    }


class Bigrams:
    """Predicts a token from its two neighbours: p(x | left, right) is as p(x | left) p(x | right) / p(x).

    That is exact for a Markov chain. Each factor is smoothed towards the frequencies of all tokens; a
    neighbour that is ``[MASK]`` is left out.

    Args:
        rows: Rows to count in, from ``pack_rows``.
        tokenizer: That of the rows.
        smoothing: Counts that the frequencies of all tokens add to those behind each neighbour.
    """

    def __init__(self, rows: Dataset, tokenizer: PreTrainedTokenizerBase, *, smoothing: float = 300.0):
        self.tokenizer, self.smoothing = tokenizer, smoothing
        ids = np.array(rows.with_format("numpy")["input_ids"])
        size = (len(tokenizer), len(tokenizer))
        pairs = (np.ones(ids[:, 1:].size), (ids[:, :-1].ravel(), ids[:, 1:].ravel()))
        self.after = csr_array(pairs, shape=size)  # (left, x)
        self.before = csr_array(self.after.T)  # (right, x)
        counts = _counts(rows, tokenizer) + 0.5
        self.unigram = np.log(counts / counts.sum())

    def log_probs(self, left: Sequence[int], right: Sequence[int]) -> np.ndarray:
        """Log-probabilities between neighbours, in nats.

        Args:
            left, right: Ids of the neighbours, n each.
        Returns:
            Shape (n, vocab_size).
        """
        logits = np.tile(self.unigram, (len(left), 1))
        for counts, neighbours in ((self.after, left), (self.before, right)):
            neighbours = np.asarray(neighbours)
            seen = counts[neighbours].toarray()
            prior = self.smoothing * np.exp(self.unigram)
            smoothed = (seen + prior) / (seen.sum(1, keepdims=True) + self.smoothing)
            visible = (neighbours != self.tokenizer.mask_token_id)[:, None]
            logits += np.where(visible, np.log(smoothed) - self.unigram, 0.0)
        logits[:, self.tokenizer.all_special_ids] = -np.inf  # never chosen, so never the answer
        return log_softmax(logits, axis=1)

    def score(self, rows: Dataset, collate: MaskingCollator) -> tuple[np.ndarray, np.ndarray]:
        """Loss in nats, and whether the guess is right, at each ``[MASK]`` that ``collate`` makes of rows.

        Args:
            rows: Other rows, from ``pack_rows``.
            collate: As for ``evaluate_mlm``.
        Returns:
            Two arrays of shape (n_masked,), in the order of the rows.
        """
        batches = [collate([row]) for row in rows]
        ids, labels = (np.concatenate([b[name].numpy() for b in batches]) for name in ("input_ids", "labels"))
        row, place = np.nonzero((ids == self.tokenizer.mask_token_id) & (labels != IGNORE_INDEX))
        left, right, true = ids[row, place - 1], ids[row, place + 1], labels[row, place]
        losses, correct = [], []
        for start in range(0, len(true), BLOCK):
            part = slice(start, start + BLOCK)
            log_probs = self.log_probs(left[part], right[part])
            losses.append(-log_probs[np.arange(len(log_probs)), true[part]])
            correct.append(log_probs.argmax(1) == true[part])
        return np.concatenate(losses), np.concatenate(correct)


def _counts(rows: Dataset, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """How often each token occurs, shape (vocab_size,); special tokens count 0."""
    counts = np.zeros(len(tokenizer), dtype=np.int64)
    for batch in rows.with_format("numpy").iter(1000):
        counts += np.bincount(np.concatenate(list(batch["input_ids"])), minlength=len(counts))
    counts[tokenizer.all_special_ids] = 0
    return counts
