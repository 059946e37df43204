"""Generation: a masked language model fills gaps, and by filling its own gaps again and again it writes.

BERT was never taught to write from left to right. It only knows which token fits into a gap, given everything
around it. ``fill_mask`` asks for just that. ``gibbs_generate`` starts from gaps alone and replaces one token
at a time by a draw from what fits; ``iterative_refine`` fills all gaps at once, then opens the least certain
ones again. Both keep the states in between, so that one can watch a text emerge.

Left out: models that write from left to right, which are what to use when the text itself is wanted. How
varied texts are is measured in ``metrics.diversity``.
Used in notebook 14. Sources: Wang & Cho 2019 (Gibbs sampling; their claim that BERT is a Markov random field
was withdrawn by Cho in the same year); Ghazvininejad et al. 2019 (mask-predict).
"""

import math
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from prevlib.arguments import check_count, check_unicode
from prevlib.checkpoints import Loaded, load_masked_lm
from prevlib.inference import longest_input, ready_to_run, run


class Filled(NamedTuple):
    """A token for a gap."""

    token: str
    probability: float
    text: str  # as the model reads it, with the token in the gap; other gaps stay open


class Generated(NamedTuple):
    """Texts, and how they came about."""

    texts: list[str]  # the prompt included
    token_ids: list[list[int]]  # of the new tokens, n_tokens a text
    trace: list[list[str]]  # trace[k][i] is text i after k sweeps or iterations; trace[-1] is texts


def fill_mask(text: str, checkpoint: str | Path | Loaded = "mini", *, top_k: int = 5) -> list[list[Filled]]:
    """The most probable tokens for each gap of a text.

    Several gaps are filled independently: each list answers "what stands here, if nothing is known of the
    other gaps?", so the best tokens of two gaps need not go together.

    Args:
        text: With one or more ``[MASK]``; the mask token of the checkpoint, if it is another one, works, too.
        checkpoint: Alias, folder, hub name, or a loaded model, as for ``checkpoints.load_masked_lm``.
        top_k: Tokens for each gap.
    Returns:
        For each gap, from left to right, ``top_k`` times ``Filled(token, probability, text)``, the most
        probable first. The probabilities are those of the whole vocabulary, so ``top_k`` of them sum to less
        than 1.
    Raises:
        TypeError: If ``text`` is not a string.
        ValueError: If it has no gap or is too long, ``top_k`` is below 1, or the checkpoint cannot fill gaps.
    Example:
        >>> [best, second] = fill_mask("one of the worst [MASK] i have seen.", top_k=2)[0]
        >>> best.token, best.text
        ('movies', 'one of the worst movies i have seen.')
    """
    if not isinstance(text, str):
        raise TypeError(f"`text` must be a string; got {type(text).__name__}. Fill one text at a time.")
    _check_at_least_1(top_k=top_k)
    model, tokenizer = ready_to_run(checkpoint, load_masked_lm)
    ids, gaps, shown = _encode(text.replace("[MASK]", tokenizer.mask_token), model, tokenizer, "`text`")
    if len(gaps) == 0:
        raise ValueError(
            f"`text` must hold the mask token, [MASK], at least once; got {text[:40]!r}. "
            "Write [MASK] where a word is missing."
        )
    logits = run(model, {"input_ids": ids}).logits[0].cpu()[gaps]  # (n_gaps, vocab)
    best = logits.softmax(-1).topk(min(top_k, logits.shape[-1]))
    filled = []
    for gap, probabilities, candidates in zip(gaps, best.values.tolist(), best.indices, strict=True):
        readings = ids.repeat(len(candidates), 1)  # (top_k, seq)
        readings[:, gap] = candidates
        texts = tokenizer.batch_decode(readings[:, shown])
        tokens = tokenizer.batch_decode(candidates.unsqueeze(-1))
        filled.append([Filled(*answer) for answer in zip(tokens, probabilities, texts, strict=True)])
    return filled


def gibbs_generate(
    checkpoint: str | Path | Loaded = "mini",
    *,
    n_tokens: int,
    n_texts: int = 1,
    prompt: str | None = None,
    n_sweeps: int = 6,
    burn_in: int = 2,
    temperature: float = 1.0,
    top_k: int | None = 20,
    start: Literal["masks", "random"] = "masks",
    seed: int = 0,
) -> Generated:
    """Write by Gibbs sampling: mask one token, draw it anew from what fits the others, and so on.

    A sweep visits every position once, in random order, another one for each text. After many sweeps the
    start is forgotten. If the model's answers for the positions came from one distribution over texts, that
    would be what is drawn from in the end; a masked language model does not promise this, so the order of
    visits matters, too. Nor are more sweeps always better: ``mini`` drifts from sentences to rows of stars.

    The defaults are those of some 30 settings under which texts of 24 tokens by ``mini`` read best and were
    about as varied as reviews. First draws from all tokens bring variety, then draws from the best few order.

    Args:
        checkpoint: Alias, folder, hub name, or a loaded model, as for ``checkpoints.load_masked_lm``.
        n_tokens: Tokens to write in each text; the model decides neither on their number nor on an end.
        n_texts: Texts, written at once and independent of each other.
        prompt: What each text begins with; kept as it is.
        n_sweeps: Sweeps, burn-in included. Each takes ``n_tokens`` passes through the model.
        burn_in: First sweeps, which draw from all tokens at temperature 1, whatever the options below say.
        temperature: The logits are divided by it: below 1 probable tokens gain, near 0 the best one is taken.
        top_k: Draw from this many best tokens only; None from all. Special tokens are never drawn.
        start: ``"masks"`` or ``"random"`` tokens.
        seed: Of the draws.
    Returns:
        ``Generated(texts, token_ids, trace)`` with n_sweeps + 1 states.
    Raises:
        TypeError: If ``prompt`` is not a string.
        ValueError: If an option is out of range, the text too long for the model, a mask in the prompt, or
            the checkpoint cannot fill gaps.
    Source: Wang & Cho 2019.
    """
    _check_sampling(n_tokens, n_texts, temperature, top_k, prompt)
    _check_at_least_1(n_sweeps=n_sweeps)
    if burn_in < 0:
        raise ValueError(f"`burn_in` must be at least 0; got {burn_in}. 0 leaves it out.")
    if start not in ("masks", "random"):
        raise ValueError(f'`start` must be "masks" or "random"; got {start!r}.')
    model, tokenizer = ready_to_run(checkpoint, load_masked_lm)
    ids, gaps, shown = _masked_page(n_tokens, n_texts, prompt, model, tokenizer)
    words, rows = _words(tokenizer), torch.arange(n_texts)
    generator = torch.Generator().manual_seed(seed)
    if start == "random":
        ids[:, gaps] = words[torch.randint(len(words), (n_texts, n_tokens), generator=generator)]
    trace = [tokenizer.batch_decode(ids[:, shown])]
    for sweep in range(n_sweeps):
        options = (1.0, None) if sweep < burn_in else (temperature, top_k)
        order = torch.rand(n_texts, n_tokens, generator=generator).argsort(dim=-1)
        for position in gaps[order].T:  # (n_texts,), one position of each text
            ids[rows, position] = tokenizer.mask_token_id
            logits = run(model, {"input_ids": ids}).logits[rows, position].cpu()  # (n_texts, vocab)
            ids[rows, position], _ = _draw(logits, words, *options, generator)
        trace.append(tokenizer.batch_decode(ids[:, shown]))
    return Generated(trace[-1], ids[:, gaps].tolist(), trace)


def iterative_refine(
    checkpoint: str | Path | Loaded = "mini",
    *,
    n_tokens: int,
    n_texts: int = 1,
    prompt: str | None = None,
    n_iterations: int = 20,
    temperature: float = 1.4,
    top_k: int | None = None,
    seed: int = 0,
) -> Generated:
    """Write by mask-predict: fill all gaps at once, open the least certain again, and fill them, and so on.

    Iteration t of T, counted from 0, opens n_tokens (T - t) / T gaps, rounded down: all of them, then fewer
    and fewer. A token is as certain as the model found it probable when it was drawn. One pass through the
    model an iteration makes this far faster than ``gibbs_generate``; but the gaps of a pass are filled
    without knowing of each other, and to keep the most certain tokens is to keep commas.

    Args:
        n_iterations: Passes through the model.
        temperature: As for ``gibbs_generate``. Near 0 the best token is taken, as in the source, where a text
            to translate makes the difference; without one all texts are then the same. Above 1, by default,
            to make up for the choice of the most certain.
        checkpoint, n_tokens, n_texts, prompt, top_k, seed: As for ``gibbs_generate``.
    Returns:
        ``Generated(texts, token_ids, trace)`` with n_iterations + 1 states: what the model read in each
        iteration, its gaps as mask tokens, and the end.
    Raises:
        TypeError, ValueError: As ``gibbs_generate``.
    Source: Ghazvininejad et al. 2019.
    """
    _check_sampling(n_tokens, n_texts, temperature, top_k, prompt)
    _check_at_least_1(n_iterations=n_iterations)
    model, tokenizer = ready_to_run(checkpoint, load_masked_lm)
    ids, gaps, shown = _masked_page(n_tokens, n_texts, prompt, model, tokenizer)
    words, rows = _words(tokenizer), torch.arange(n_texts).unsqueeze(-1)
    generator = torch.Generator().manual_seed(seed)
    certainty = torch.zeros(n_texts, n_tokens, dtype=torch.float64)
    trace = []
    for t in range(n_iterations):
        n_open = n_tokens * (n_iterations - t) // n_iterations
        weakest = certainty.topk(n_open, largest=False).indices  # (n_texts, n_open)
        ids[rows, gaps[weakest]] = tokenizer.mask_token_id
        trace.append(tokenizer.batch_decode(ids[:, shown]))
        logits = run(model, {"input_ids": ids}).logits[rows, gaps[weakest]].cpu()  # (n_texts, n_open, vocab)
        drawn, probabilities = _draw(logits.flatten(0, 1), words, temperature, top_k, generator)
        ids[rows, gaps[weakest]] = drawn.view(n_texts, n_open)
        certainty[rows, weakest] = probabilities.view(n_texts, n_open)
    trace.append(tokenizer.batch_decode(ids[:, shown]))
    return Generated(trace[-1], ids[:, gaps].tolist(), trace)


def _encode(
    text: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, what: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Token ids (1, seq), positions of the gaps, and which positions are text, not added by the tokenizer."""
    check_unicode(what, text)
    encoding = tokenizer(text, return_special_tokens_mask=True, return_tensors="pt", verbose=False)
    ids, longest = encoding["input_ids"], longest_input(tokenizer, model)
    if ids.shape[1] > longest:
        raise ValueError(
            f"{what} must have at most {longest} tokens, special ones included; got {ids.shape[1]}. "
            "The model has no positions for more: shorten it."
        )
    gaps = (ids[0] == tokenizer.mask_token_id).nonzero().squeeze(-1)
    return ids, gaps, encoding["special_tokens_mask"][0] == 0


def _masked_page(
    n_tokens: int,
    n_texts: int,
    prompt: str | None,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> tuple[Tensor, Tensor, Tensor]:
    """The prompt and ``n_tokens`` gaps, once for each text: as ``_encode``, ids (n_texts, seq)."""
    page = " ".join([prompt or "", *[tokenizer.mask_token] * n_tokens])
    ids, gaps, shown = _encode(page, model, tokenizer, "`prompt` and `n_tokens` together")
    if len(gaps) > n_tokens:
        raise ValueError(
            f"`prompt` must not hold {tokenizer.mask_token}; got {prompt!r}. Fill gaps within a text with "
            "fill_mask."
        )
    return ids.repeat(n_texts, 1), gaps, shown


def _words(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Ids that may be written: all but special ones."""
    return torch.tensor(sorted(set(range(len(tokenizer))) - set(tokenizer.all_special_ids)))


def _draw(
    logits: Tensor, words: Tensor, temperature: float, top_k: int | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """One of ``words`` for each row of logits, and its probability at temperature 1."""
    logits = logits[:, words].double()
    scores = (logits - logits.amax(-1, keepdim=True)) / temperature  # at most 0: no overflow near 0
    if top_k is not None:
        least = scores.topk(min(top_k, len(words))).values[:, -1:]
        scores = scores.masked_fill(scores < least, -math.inf)
    chosen = scores.softmax(-1).multinomial(1, generator=generator)
    probabilities = logits.softmax(-1).gather(-1, chosen)
    return words[chosen.squeeze(-1)], probabilities.squeeze(-1)


def _check_sampling(
    n_tokens: int, n_texts: int, temperature: float, top_k: int | None, prompt: str | None
) -> None:
    _check_at_least_1(n_tokens=n_tokens, n_texts=n_texts, top_k=1 if top_k is None else top_k)
    if not 0 < temperature < math.inf:
        raise ValueError(
            f"`temperature` must be above 0 and finite; got {temperature}. "
            "For the best token each time pass 1e-6."
        )
    if not isinstance(prompt, str | None):
        raise TypeError(f"`prompt` must be a string or None; got {type(prompt).__name__}.")


def _check_at_least_1(**options: int) -> None:
    for name, value in options.items():
        check_count(name, value)
