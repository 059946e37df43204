"""Pseudo-log-likelihood of reviews by ``mini``: ours beside minicons, and beside a plain loop.

minicons scores one review a call: several a call it would pad to the longest one. The loop runs the model for
one mask at a time. All take turns, and their scores are compared first.

    python -m benchmarks pseudo_likelihood
"""

import argparse
import warnings
from functools import partial

import numpy as np
import torch

from benchmarks import compare, save
from prevlib.checkpoints import Loaded, load_masked_lm, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.evaluation import pseudo_log_likelihood

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what minicons imports
    from minicons.scorer import MaskedLMScorer


def with_minicons(texts: list[str], scorer: MaskedLMScorer, method: str) -> np.ndarray:
    # Encoded by hand: its own call of the tokenizer needs transformers before version 5.
    encoded = (scorer.tokenizer([text], return_tensors="pt") for text in texts)
    total = {"reduction": lambda scores: scores.sum(0).item(), "PLL_metric": method}
    return np.array([scorer.sequence_score(text, **total)[0] for text in encoded])


def plain_loop(texts: list[str], model, tokenizer) -> np.ndarray:
    scores = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        score = 0.0
        for position in range(1, ids.shape[1] - 1):
            masked = ids.clone()
            masked[0, position] = tokenizer.mask_token_id
            with torch.inference_mode():
                log_probs = model(input_ids=masked).logits[0, position].log_softmax(-1)
            score += log_probs[ids[0, position]].item()
        scores.append(score)
    return np.array(scores)


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)  # nats, of sums of about 100


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pseudo_likelihood", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n_texts", type=int, default=60)
    options = parser.parse_args()

    texts = list(load_reviews()["test"]["text"][: options.n_texts])
    model, tokenizer = load_masked_lm("mini"), load_tokenizer("mini")
    scorer = MaskedLMScorer(model, "cpu", tokenizer=tokenizer)
    common = {"same": assert_same, "rounds": options.rounds}
    rows = []
    for method in ("original", "within_word_l2r"):
        ours = partial(pseudo_log_likelihood, texts, Loaded(model, tokenizer), method=method)
        work = f"pseudo-log-likelihood of {len(texts)} reviews, {method}"
        theirs = partial(with_minicons, texts, scorer, method)
        rows.append(compare(work, "minicons", ours, theirs, bar=2, **common))
        if method == "original":
            rows.append(
                compare(work, "plain loop", ours, partial(plain_loop, texts, model, tokenizer), **common)
            )
    save("pseudo_likelihood", rows)


if __name__ == "__main__":
    main()
