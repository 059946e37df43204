"""The loss of the last layer with its gradients: ours beside that of torch, in chunks and at once.

The three take turns, so that whatever else the machine does hits all of them. Before that, their losses
and gradients are compared.

    python -m benchmarks.linear_loss
"""

import argparse
import time

import torch
from torch.nn import LinearCrossEntropyOptions
from torch.nn import functional as F

from benchmarks import spread
from prevlib.losses import linear_cross_entropy


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linear_loss", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--n_tokens", type=int, default=4096)
    parser.add_argument("--vocab_size", type=int, default=30_522)
    parser.add_argument("--hidden_size", type=int, default=256)
    parser.add_argument("--chunk_size", type=int, default=256)
    options = parser.parse_args()

    torch.manual_seed(0)
    hidden = torch.randn(options.n_tokens, options.hidden_size, requires_grad=True)
    weight = (0.05 * torch.randn(options.vocab_size, options.hidden_size)).requires_grad_()
    bias = torch.zeros(options.vocab_size, requires_grad=True)
    labels = torch.randint(options.vocab_size, (options.n_tokens,))
    chunks = LinearCrossEntropyOptions(batch_chunk_size=options.chunk_size)
    losses = {
        "ours": lambda: linear_cross_entropy(hidden, weight, bias, labels, chunk_size=options.chunk_size),
        "torch, chunks": lambda: F.linear_cross_entropy(
            hidden, weight, labels, linear_bias=bias, options=chunks
        ),
        "torch, dense": lambda: F.cross_entropy(F.linear(hidden, weight, bias), labels),
    }

    def step(loss) -> tuple[torch.Tensor, list[torch.Tensor]]:
        for tensor in (hidden, weight, bias):
            tensor.grad = None
        value = loss()
        value.backward()
        return value.detach(), [tensor.grad for tensor in (hidden, weight, bias)]

    expected = step(losses["torch, dense"])
    for loss in losses.values():
        torch.testing.assert_close(step(loss), expected, atol=1e-5, rtol=0)

    seconds = {name: [] for name in losses}
    for _ in range(options.rounds):
        for name, loss in losses.items():
            started = time.perf_counter()
            step(loss)
            seconds[name].append(time.perf_counter() - started)
    size = f"{options.n_tokens:,} tokens x {options.vocab_size:,} words x {options.hidden_size}"
    print(f"Linear cross-entropy and gradients, {size}, {torch.get_num_threads()} threads")
    print("Time of the peer divided by ours, median and range of the rounds:")
    for name in list(losses)[1:]:
        ratios = [peer / ours for peer, ours in zip(seconds[name], seconds["ours"], strict=True)]
        print(f"  {name:13} {spread(ratios)}")


if __name__ == "__main__":
    main()
