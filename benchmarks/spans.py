"""Span F1 of many sentences: ours beside ``seqeval``, in both modes.

Both take turns, on the same sentences. Before that, their answers are compared, in three averages.

    python -m benchmarks spans
"""

import argparse
from functools import partial

import numpy as np
import seqeval.metrics
from seqeval.scheme import IOB2

from benchmarks import compare, save
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


def assert_same(ours, theirs) -> None:
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks spans", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n_sentences", type=int, default=100_000)
    parser.add_argument("--mean_length", type=int, default=20)
    options = parser.parse_args()

    rows = []
    few = sentences(options.n_sentences // 100 + 1, options.mean_length, seed=99)
    many = sentences(options.n_sentences, options.mean_length, seed=0)
    for mode, ours, theirs in [
        ("default", {}, {}),
        ("strict", {"mode": "strict", "scheme": "IOB2"}, {"mode": "strict", "scheme": IOB2}),
    ]:
        our_score, their_score = (partial(span_f1_score, **ours), partial(seqeval.metrics.f1_score, **theirs))
        for average in ("micro", "macro", None):
            assert_same(our_score(*few, average=average), their_score(*few, average=average))
        work = f"span F1 of {options.n_sentences:,} sentences, {mode}"
        calls = partial(our_score, *many), partial(their_score, *many)
        rows.append(compare(work, "seqeval", *calls, same=assert_same, rounds=options.rounds, bar=3))
    save("spans", rows)


if __name__ == "__main__":
    main()
