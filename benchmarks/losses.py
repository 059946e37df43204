"""The losses with their gradients: ours beside those of torch.

Cross-entropy of logits that exist, at the size of BERT's vocabulary; then of a last layer, in chunks and at
once. The bar of the first is the price that plain readability may have: at most 1.15 times torch's time.

    python -m benchmarks losses
"""

import argparse

import torch
from torch.nn import LinearCrossEntropyOptions
from torch.nn import functional as F

from benchmarks import Row, compare, save
from prevlib.losses import cross_entropy, linear_cross_entropy


def assert_same(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def with_gradients(loss, tensors):
    """A call that returns the loss and the gradient for each tensor."""

    def step() -> list[torch.Tensor]:
        value = loss()
        return [value.detach(), *torch.autograd.grad(value, tensors)]

    return step


def dense(n_tokens: int, vocab_size: int, rounds: int) -> list[Row]:
    logits = torch.randn(n_tokens, vocab_size, requires_grad=True)
    labels = torch.randint(vocab_size, (n_tokens,))
    ours = with_gradients(lambda: cross_entropy(logits, labels), [logits])
    theirs = with_gradients(lambda: F.cross_entropy(logits, labels), [logits])
    work = f"cross-entropy and gradient, {n_tokens:,} x {vocab_size:,}"
    return [compare(work, "torch", ours, theirs, same=assert_same, rounds=rounds, bar=1 / 1.15)]


def linear(n_tokens: int, vocab_size: int, hidden_size: int, chunk_size: int, rounds: int) -> list[Row]:
    hidden = torch.randn(n_tokens, hidden_size, requires_grad=True)
    weight = (0.05 * torch.randn(vocab_size, hidden_size)).requires_grad_()
    bias = torch.zeros(vocab_size, requires_grad=True)
    labels = torch.randint(vocab_size, (n_tokens,))
    tensors = [hidden, weight, bias]
    chunks = LinearCrossEntropyOptions(batch_chunk_size=chunk_size)
    ours = with_gradients(
        lambda: linear_cross_entropy(hidden, weight, bias, labels, chunk_size=chunk_size), tensors
    )
    peers = {
        "torch, in chunks": lambda: F.linear_cross_entropy(
            hidden, weight, labels, linear_bias=bias, options=chunks
        ),
        "torch, at once": lambda: F.cross_entropy(F.linear(hidden, weight, bias), labels),
    }
    work = f"linear cross-entropy and gradients, {n_tokens:,} x {hidden_size} x {vocab_size:,}"
    return [
        compare(
            work, name, ours, with_gradients(loss, tensors), same=assert_same, rounds=rounds, bar=1 / 1.15
        )
        for name, loss in peers.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks losses", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n_tokens", type=int, default=8192)
    parser.add_argument("--vocab_size", type=int, default=30_522)
    parser.add_argument("--hidden_size", type=int, default=256)
    parser.add_argument("--chunk_size", type=int, default=256)
    options = parser.parse_args()

    torch.manual_seed(0)
    rows = dense(options.n_tokens, options.vocab_size, options.rounds)
    n_tokens = max(1, options.n_tokens // 2)
    rows += linear(n_tokens, options.vocab_size, options.hidden_size, options.chunk_size, options.rounds)
    save("losses", rows)


if __name__ == "__main__":
    main()
