"""The encoder of lesson 04 beside ``BertModel`` of transformers: a batch forward, and forward and backward.

The same weights and the same padded batch of reviews, float32, no dropout. The peer runs once with its eager
attention, which is written out as ours is, and once with PyTorch's fused attention, which ours lacks.

    python -m benchmarks encoder
"""

import argparse

import torch
from torch import Tensor
from transformers import AutoModel

from benchmarks import Row, compare, save
from prevlib.checkpoints import checkpoint_path, load_tokenizer, quiet_transformers
from prevlib.datasets import load_reviews
from prevlib.encoder import Bert

PEERS = {"eager": ("transformers, eager attention", 0.8), "sdpa": ("transformers, fused attention", None)}


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    scale = theirs.abs().max()
    torch.testing.assert_close(ours / scale, theirs / scale, rtol=0, atol=1e-5)


def forward(model, batch: dict[str, Tensor]) -> Tensor:
    with torch.inference_mode():
        return model(**batch).last_hidden_state


def backward(model, batch: dict[str, Tensor]) -> Tensor:
    """The gradient of the token embeddings, which everything above it enters."""
    model.zero_grad()
    model(**batch).last_hidden_state.square().sum().backward()
    return next(model.parameters()).grad


def compare_encoders(checkpoint: str, rounds: int, batch_size: int) -> list[Row]:
    texts = load_reviews()["test"]["text"][:batch_size]
    encoded = load_tokenizer(checkpoint)(texts, padding=True, return_tensors="pt")
    batch = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    ours, rows = Bert.from_checkpoint(checkpoint).eval(), []
    for attention, (peer, bar) in PEERS.items():
        with quiet_transformers():
            path = checkpoint_path(checkpoint)
            theirs = AutoModel.from_pretrained(path, attn_implementation=attention).eval()
        for work in (forward, backward):
            run_ours, run_theirs = (lambda m=model, w=work: w(m, batch) for model in (ours, theirs))
            what = f"{checkpoint}, {len(texts)} reviews, {work.__name__}"
            rows.append(compare(what, peer, run_ours, run_theirs, same=assert_same, rounds=rounds, bar=bar))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks encoder", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--checkpoints", nargs="+", default=["mini", "minilm"])
    options = parser.parse_args()
    rows = [
        row
        for name in options.checkpoints
        for row in compare_encoders(name, options.rounds, options.batch_size)
    ]
    save("encoder", rows)


if __name__ == "__main__":
    main()
