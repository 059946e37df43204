"""Pseudo-log-likelihood of reviews by ``mini``: ours beside a plain loop, one mask and one run at a time.

Both take turns, so that whatever else the machine does hits both. Before that, their scores are compared.

    python -m benchmarks.pseudo_likelihood
"""

import argparse
import time

import numpy as np
import torch

from benchmarks import spread
from prevlib.checkpoints import load_masked_lm, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.evaluation import pseudo_log_likelihood


def plain_loop(texts, model, tokenizer) -> np.ndarray:
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pseudo_likelihood", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n_texts", type=int, default=200)
    options = parser.parse_args()

    texts = load_reviews()["test"]["text"][: options.n_texts]
    model, tokenizer = load_masked_lm("mini"), load_tokenizer("mini")
    found = pseudo_log_likelihood(texts[:20], (model, tokenizer))
    np.testing.assert_allclose(found, plain_loop(texts[:20], model, tokenizer), atol=1e-4)

    ours, ratios = [], []
    for _ in range(options.rounds):
        started = time.perf_counter()
        found = pseudo_log_likelihood(texts, (model, tokenizer))
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        expected = plain_loop(texts, model, tokenizer)
        ratios.append((time.perf_counter() - started) / ours[-1])
        np.testing.assert_allclose(found, expected, atol=1e-4)
    n_tokens = sum(len(tokenizer.tokenize(text)) for text in texts)
    print(f"{len(texts)} reviews, {n_tokens:,} tokens, {torch.get_num_threads()} threads")
    print(f"  ours, seconds: {spread(ours, 1)}")
    print(f"  times as fast as the plain loop: {spread(ratios)}")


if __name__ == "__main__":
    main()
