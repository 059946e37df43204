"""Span F1 of many sentences: ours beside ``seqeval``, in both modes.

Both take turns, on the same sentences. Before that, their answers are compared.

    python -m benchmarks.spans
"""

import argparse
import time

import numpy as np
import seqeval.metrics
from seqeval.scheme import IOB2

from benchmarks import spread
from prevlib.metrics import span_f1_score

TAGS = ["O"] * 12 + [f"{prefix}-{type_}" for prefix in "BI" for type_ in ("PER", "ORG", "LOC", "MISC")]


def sentences(n_sentences: int, mean_length: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Random tags, and predictions that agree with four in five of them."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 2 * mean_length, n_sentences)
    tags, others = (np.array(TAGS)[rng.integers(len(TAGS), size=lengths.sum())] for _ in range(2))
    predicted = np.where(rng.random(len(tags)) < 0.8, tags, others)
    ends = np.cumsum(lengths)
    return tuple(
        [flat[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        for flat in (tags.tolist(), predicted.tolist())
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spans", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n_sentences", type=int, default=100_000)
    parser.add_argument("--mean_length", type=int, default=20)
    options = parser.parse_args()

    print(f"Span F1 of {options.n_sentences:,} sentences of about {options.mean_length} tags, 4 types")
    for name, ours, theirs in [
        ("default", {}, {}),
        ("strict", {"mode": "strict", "scheme": "IOB2"}, {"mode": "strict", "scheme": IOB2}),
    ]:
        small = sentences(options.n_sentences // 100 + 1, options.mean_length, seed=99)
        for average in ("micro", "macro", None):
            found = span_f1_score(*small, average=average, **ours)
            expected = seqeval.metrics.f1_score(*small, average=average, **theirs)
            np.testing.assert_allclose(found, expected, atol=1e-12)
        seconds, ratios = [], []
        for round_ in range(options.rounds):
            y_true, y_pred = sentences(options.n_sentences, options.mean_length, seed=round_)
            started = time.perf_counter()
            found = span_f1_score(y_true, y_pred, **ours)
            seconds.append(time.perf_counter() - started)
            started = time.perf_counter()
            expected = seqeval.metrics.f1_score(y_true, y_pred, **theirs)
            ratios.append((time.perf_counter() - started) / seconds[-1])
            np.testing.assert_allclose(found, expected, atol=1e-12)
        print(f"  {name}: ours, seconds: {spread(seconds)}; times as fast as seqeval: {spread(ratios, 1)}")


if __name__ == "__main__":
    main()
