"""Attribution: how much each token contributed to a classifier's answer.

A gradient says how a score reacts to a small change of a token's embedding, at one point. Integrated
gradients walk in a straight line from a baseline without words to the text, and add up what each token does
to the score on the way. All of them together are what the score has changed by: that is *completeness*, and
it can be checked.

They answer one question: what did these tokens contribute, compared with that baseline, in this model?
Another baseline is another question. Completeness is necessary and not enough: the sum may be right and its
shares wrong. And nothing says that a person would call the tokens reasons.

Used in notebook 18. Left out: other methods, which captum has; and attention (``attention.py``).
Sources: Sundararajan, Taly & Yan 2017, *Axiomatic Attribution for Deep Networks*; Adebayo et al. 2018,
*Sanity Checks for Saliency Maps*.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from prevlib.checkpoints import Loaded, load_classifier
from prevlib.inference import ready_to_run
from prevlib.interpretation.attention import tokenize_text

BASELINES = ("pad", "mask")
MAX_STEPS = 512
TOKENS_PER_BATCH = 1024  # of all points of the path that run at once


@dataclass(frozen=True)
class Attribution:
    """What each token contributed to the score of a class, in nats of log-odds."""

    tokens: list[str]  # with the special tokens that were added
    attributions: np.ndarray  # float32, shape (n_tokens,); 0 for special tokens
    target: int  # class that is explained
    score: float  # log-odds of that class for the text
    baseline_score: float  # and for the baseline
    n_steps: int  # points of the path that were needed

    @property
    def difference(self) -> float:
        """What there is to explain: the score of the text minus that of the baseline."""
        return self.score - self.baseline_score

    @property
    def completeness_error(self) -> float:
        """How far the sum of the attributions misses the difference, as a share of it."""
        miss = abs(float(self.attributions.sum(dtype=float)) - self.difference)
        return miss / abs(self.difference) if self.difference else np.inf


def integrated_gradients(
    text: str,
    classifier: str | Path | Loaded,
    *,
    target: int | None = None,
    baseline: str = "pad",
    n_steps: int = 32,
    tolerance: float = 0.01,
) -> Attribution:
    """One number a token: what it contributed to the score of a class, compared with a text without words.

    The score is the log-odds of the class, log p / (1 - p). Logits themselves would not do: the same number
    added to all of them changes no probability, but it would change the explanation.

    The baseline has the same length and the same special tokens, and [PAD] or [MASK] for every other token,
    which the model attends to as to a word. So special tokens contribute 0, and so does position.

    Args:
        text: At least one token, at most what the model can take; nothing is cut.
        classifier: What ``finetune_classifier`` returned, or the name or folder of a classifier.
        target: Class to explain; the predicted one if None.
        baseline: ``"pad"`` or ``"mask"``.
        n_steps: Points of the path to start with (Gauss-Legendre). They are doubled, up to 512, until the
            completeness error is within ``tolerance``.
        tolerance: Largest completeness error, as a share of the difference; ``float("inf")`` takes
            ``n_steps`` as they are.
    Returns:
        An ``Attribution``. If 512 points do not do, a warning says by how much the sum misses.
    Raises:
        TypeError: If ``text`` is not a string.
        ValueError: If ``text`` has no token or too many, an option is out of range, the checkpoint has no
            trained head, or its tokenizer not this baseline.

    Source: Sundararajan, Taly & Yan 2017.
    """
    model, tokenizer = ready_to_run(classifier, load_classifier)
    _check_options(target, n_steps, model.config.num_labels)
    batch = tokenize_text(text, tokenizer, model, return_special_tokens_mask=True).to(model.device)
    input_ids, is_special = batch.pop("input_ids"), batch.pop("special_tokens_mask").bool()
    baseline_ids = input_ids.where(is_special, _baseline_id(tokenizer, baseline))

    def score(embeddings: Tensor) -> Tensor:  # (n_points, seq, hidden) -> (n_points,)
        inputs = {name: tensor.expand(len(embeddings), -1) for name, tensor in batch.items()}
        return log_odds(model(inputs_embeds=embeddings, **inputs).logits.float(), target)

    with torch.no_grad():
        if target is None:
            target = int(model(input_ids, **batch).logits.argmax())
        ends = [model.get_input_embeddings()(ids) for ids in (input_ids, baseline_ids)]
        scores = [score(end).item() for end in ends]
    per_batch = max(1, TOKENS_PER_BATCH // input_ids.shape[1])
    while True:
        parts = IntegratedGradients(score).attribute(*ends, n_steps=n_steps, internal_batch_size=per_batch)
        values = parts.sum(dim=-1)[0].detach().float().cpu().numpy()  # (seq,)
        tokens = tokenizer.convert_ids_to_tokens(input_ids[0])
        result = Attribution(tokens, values, target, *scores, n_steps)
        if result.completeness_error <= tolerance or 2 * n_steps > MAX_STEPS:
            break
        n_steps *= 2
    if not result.completeness_error <= tolerance:
        warnings.warn(
            f"The attributions must sum to the difference of the scores, {result.difference:+.2g}, within "
            f"{tolerance:.2%}; with {n_steps} steps they miss it by {result.completeness_error:.2%}. If the "
            "difference is near 0 there is little to explain: try another `baseline`.",
            stacklevel=2,
        )
    return result


def log_odds(logits: Tensor, target: int) -> Tensor:
    """log p / (1 - p) of one class, in nats.

    Args:
        logits: Of all classes, shape (n, num_labels).
        target: Number of the class.
    Returns:
        Shape (n,).
    """
    others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
    return logits[:, target] - others.logsumexp(dim=1)


def _baseline_id(tokenizer: PreTrainedTokenizerBase, baseline: str) -> int:
    token_id = getattr(tokenizer, f"{baseline}_token_id") if baseline in BASELINES else None
    if token_id is None:
        raise ValueError(
            f'`baseline` must be "pad" or "mask", and a token of this tokenizer; got {baseline!r}.'
        )
    return token_id


def _check_options(target: int | None, n_steps: int, num_labels: int) -> None:
    if num_labels < 2:
        raise ValueError(f"`classifier` must have at least two classes; got {num_labels}.")
    if target is not None and target not in range(num_labels):
        raise ValueError(
            f"`target` must be a class from 0 to {num_labels - 1}; got {target!r}. "
            "Leave it out for the predicted one."
        )
    if not 1 <= n_steps <= MAX_STEPS:
        raise ValueError(f"`n_steps` must be from 1 to {MAX_STEPS}; got {n_steps}.")
