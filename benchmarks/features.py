"""Features of many texts: ours beside sentence-transformers, the pipeline of transformers, and a loop.

The same weights, mean pooling, two sets of texts: 2,000 short reviews and 200 long ones from IMDb. All take
turns. The slow ones, the pipeline and the loop over single texts, run on every fifth text, and ours is timed
on these again. The last rows compare with the speed at which the processor multiplies matrices of the
model's shapes.

    python -m benchmarks features
"""

import argparse
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import pipeline

from benchmarks import Row, save, timed
from prevlib.checkpoints import checkpoint_path, load_encoder, load_tokenizer, quiet_transformers
from prevlib.datasets import load_imdb, load_reviews
from prevlib.features import extract_features

PIPELINE = "the pipeline of transformers"
ROWS = 2048  # of the matrices whose multiplication is timed
DTYPES = ("float32", "bfloat16")
# How many times as fast as each peer ours is meant to be; of bare multiplication, the share of its speed.
BARS = {"float32": 1.3, "bfloat16": 3.2, "bare float32": 0.8, "bare bfloat16": 0.55, PIPELINE: 3.3}
PATH = str(checkpoint_path("minilm"))


def text_sets() -> dict[str, list[str]]:
    reviews = [text for split in load_reviews().values() for text in split["text"]]
    return {"reviews": reviews[:2000], "IMDb": load_imdb()["train"]["text"][:200]}


def sentence_transformers() -> Callable:
    modules = [Transformer(PATH, max_seq_length=512), Pooling(384, "mean")]
    return SentenceTransformer(modules=modules, device="cpu").encode


def feature_pipeline() -> Callable:
    run = pipeline("feature-extraction", model=PATH, tokenizer=PATH, device="cpu")
    cut = {"truncation": True, "max_length": 512}
    tokenizer = load_tokenizer("minilm")

    def features(texts: list[str]) -> np.ndarray:
        # The pipeline returns padded states; the mean over real tokens is left to its user.
        lengths = [len(ids) for ids in tokenizer(texts, **cut)["input_ids"]]
        states = run(texts, return_tensors=True, tokenize_kwargs=cut)
        return np.stack([state[0, :n].mean(dim=0) for state, n in zip(states, lengths, strict=True)])

    return features


def one_at_a_time() -> Callable:
    tokenizer, model = load_tokenizer("minilm"), load_encoder("minilm")

    def features(texts: list[str]) -> np.ndarray:
        rows = []
        with torch.inference_mode():
            for text in texts:
                batch = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
                rows.append(model(**batch).last_hidden_state[0].mean(dim=0))
        return np.stack(rows)

    return features


def flops(texts: list[str], layers: int = 6, hidden: int = 384, feed_forward: int = 1536) -> float:
    """Of the matrix products of real tokens, without padding; a multiplication and an addition are two."""
    encodings = load_tokenizer("minilm")(texts, truncation=True, max_length=512)
    lengths = list(map(len, encodings["input_ids"]))
    linear = 2 * (4 * hidden * hidden + 2 * hidden * feed_forward)
    return layers * sum(n * linear + 4 * n * n * hidden for n in lengths)


def multiplication_rate(dtype: torch.dtype, hidden: int = 384, feed_forward: int = 1536) -> float:
    """FLOPs a second of ``torch.nn.functional.linear`` over the shapes of a layer."""
    shapes = [(hidden, hidden)] * 4 + [(hidden, feed_forward), (feed_forward, hidden)]
    pairs = [(torch.randn(ROWS, n, dtype=dtype), torch.randn(m, n, dtype=dtype)) for n, m in shapes]

    def layer() -> None:
        for x, weight in pairs:
            torch.nn.functional.linear(x, weight)

    with torch.inference_mode():
        seconds = timed(layer, turns=10)()
    return sum(2 * ROWS * n * m for n, m in shapes) / seconds


def lowest_cosine(a: np.ndarray, b: np.ndarray) -> float:
    return ((a * b).sum(axis=1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min()


def compare_on(name: str, texts: list[str], peers: dict, slow: dict, rounds: int) -> list[Row]:
    """Rows of one set of texts; printed."""
    few = texts[::5]
    ours = partial(extract_features, show_progress=False)
    expected = ours(few)
    for peer in (peers | slow).values():
        np.testing.assert_allclose(peer(few), expected, atol=1e-5)
    cosine = lowest_cosine(ours(texts, dtype="bfloat16"), ours(texts))
    print(f"{name}, bfloat16: lowest cosine of a text to float32 {cosine:.5f}, meant to be 0.999", flush=True)

    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        turn = {dtype: timed(partial(ours, texts, dtype=dtype))() for dtype in DTYPES}
        turn |= {peer: timed(partial(run, texts))() for peer, run in peers.items()}
        for dtype in DTYPES:
            rate = multiplication_rate(getattr(torch, dtype))
            turn[f"bare {dtype}"] = flops(texts) / rate
        turn["few"] = timed(partial(ours, few))()
        turn |= {peer: timed(partial(run, few))() for peer, run in slow.items()}
        for label, seconds in turn.items():
            times.setdefault(label, []).append(seconds)

    works = {dtype: f"features of {len(texts):,} texts ({name}), {dtype}" for dtype in DTYPES}
    fifth = f"features of {len(few):,} texts ({name}), float32"
    rows = [
        Row(works[dtype], peer, times[dtype], times[peer], BARS[dtype]) for dtype in DTYPES for peer in peers
    ]
    rows += [Row(fifth, peer, times["few"], times[peer], BARS.get(peer)) for peer in slow]
    bare = "bare matrix multiplication"
    rows += [
        Row(works[dtype], bare, times[dtype], times[f"bare {dtype}"], BARS[f"bare {dtype}"])
        for dtype in DTYPES
    ]
    print(*rows, sep="\n", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks features", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="take every so many texts, for a quick look")
    options = parser.parse_args()

    with quiet_transformers(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*texts had more than")
        peers = {"sentence-transformers": sentence_transformers()}
        slow = {PIPELINE: feature_pipeline(), "one text at a time": one_at_a_time()}
        rows = []
        for name, texts in text_sets().items():
            rows += compare_on(name, texts[:: options.every], peers, slow, options.rounds)
    save("features", rows)


if __name__ == "__main__":
    main()
