"""The loss without its logits: equal to the dense one in value and gradients, in a fraction of its memory."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from prevlib.losses import IGNORE_INDEX, cross_entropy, linear_cross_entropy


def problem(n=13, vocab_size=11, hidden_size=5, dtype=torch.float64, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(n, hidden_size, dtype=dtype, generator=generator) * scale
    weight = torch.randn(vocab_size, hidden_size, dtype=dtype, generator=generator)
    bias = torch.randn(vocab_size, dtype=dtype, generator=generator)
    labels = torch.randint(vocab_size, (n,), generator=generator)
    return hidden.requires_grad_(), weight.requires_grad_(), bias.requires_grad_(), labels


def gradients(loss, tensors):
    return torch.autograd.grad(loss, tensors)


def test_by_hand():
    # Logits (0, ln 3) for both tokens: probabilities 1/4 and 3/4.
    hidden = torch.tensor([[1.0], [1.0]], requires_grad=True)
    weight = torch.tensor([[0.0], [3.0]]).log1p().mul(0.5).requires_grad_()  # rows 0 and (ln 4) / 2
    bias = torch.tensor([0.0, 3.0]).clamp(min=1).log().sub(weight[:, 0]).detach().requires_grad_()
    labels = torch.tensor([0, 1])
    loss = linear_cross_entropy(hidden, weight, bias, labels, reduction="sum")
    assert loss.item() == pytest.approx(torch.tensor([4.0, 4 / 3]).log().sum().item())
    (grad_bias,) = gradients(loss, [bias])
    # Softmax minus one-hot: (1/4 - 1) + 1/4 and 3/4 + (3/4 - 1).
    torch.testing.assert_close(grad_bias, torch.tensor([-0.5, 0.5]))


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 20),
    chunk_size=st.integers(1, 25),
    reduction=st.sampled_from(["mean", "sum"]),
    with_bias=st.booleans(),
    ignored=st.floats(0, 0.9),
    seed=st.integers(0, 1000),
)
def test_value_and_gradients_are_those_of_the_dense_loss(n, chunk_size, reduction, with_bias, ignored, seed):
    hidden, weight, bias, labels = problem(n, seed=seed)
    labels[1:][torch.rand(n - 1, generator=torch.Generator().manual_seed(seed)) < ignored] = IGNORE_INDEX
    tensors = [hidden, weight, bias] if with_bias else [hidden, weight]
    bias = bias if with_bias else None
    ours = linear_cross_entropy(hidden, weight, bias, labels, chunk_size=chunk_size, reduction=reduction)
    dense = cross_entropy(nn.functional.linear(hidden, weight, bias), labels, reduction=reduction)
    torch.testing.assert_close(ours, dense)
    for found, expected in zip(gradients(3 * ours, tensors), gradients(3 * dense, tensors), strict=True):
        torch.testing.assert_close(found, expected)


def test_gradcheck():
    hidden, weight, bias, labels = problem(7)
    labels[2] = IGNORE_INDEX

    def loss(*tensors):
        return linear_cross_entropy(*tensors, labels, chunk_size=3)

    assert torch.autograd.gradcheck(loss, (hidden, weight, bias))


def test_float32_to_five_decimals_of_torch():
    hidden, weight, bias, labels = problem(600, 5000, 64, torch.float32, scale=0.2)
    ours = linear_cross_entropy(hidden, weight, bias, labels, chunk_size=100)
    dense = nn.functional.cross_entropy(hidden @ weight.T + bias, labels)
    torch.testing.assert_close(ours, dense, atol=1e-5, rtol=0)
    tensors = [hidden, weight, bias]
    for found, expected in zip(gradients(ours, tensors), gradients(dense, tensors), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_logits_in_the_thousands_stay_finite():
    hidden, weight, bias, labels = problem(scale=1000.0)
    ours = linear_cross_entropy(hidden, weight, bias, labels)
    torch.testing.assert_close(ours, cross_entropy(hidden @ weight.T + bias, labels))
    assert all(torch.isfinite(grad).all() for grad in gradients(ours, [hidden, weight, bias]))


def test_any_leading_axes_and_frozen_tensors():
    hidden, weight, bias, labels = problem(12)
    frozen = weight.detach()
    shaped = linear_cross_entropy(hidden.view(3, 4, -1), frozen, bias, labels.view(3, 4))
    torch.testing.assert_close(shaped, linear_cross_entropy(hidden, weight, bias, labels))
    shaped.backward()
    assert hidden.grad is not None and frozen.grad is None
    with torch.no_grad():
        assert linear_cross_entropy(hidden, weight, bias, labels).requires_grad is False


def test_under_autocast_the_products_are_bfloat16_and_the_rest_is_not():
    hidden, weight, bias, labels = problem(64, 100, 16, torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        ours = linear_cross_entropy(hidden, weight, bias, labels)
        dense = nn.functional.cross_entropy(nn.functional.linear(hidden, weight, bias).float(), labels)
    exact = linear_cross_entropy(hidden, weight, bias, labels)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, dense, atol=1e-5, rtol=0)
    assert 0 < abs(ours - exact) < 0.02
    for grad in gradients(ours, [hidden, weight, bias]):
        assert grad.dtype == torch.float32


def test_nothing_counted_is_zero_in_sum_and_refused_in_mean():
    hidden, weight, bias, labels = problem(3)
    labels[:] = IGNORE_INDEX
    loss = linear_cross_entropy(hidden, weight, bias, labels, reduction="sum")
    assert loss.item() == 0
    assert all((grad == 0).all() for grad in gradients(loss, [hidden, weight, bias]))
    with pytest.raises(ValueError, match=r"got 3 times ignore_index \(-100\). Mask more tokens, or use"):
        linear_cross_entropy(hidden, weight, bias, labels)


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"labels": torch.zeros(4, dtype=torch.long)}, r"hidden size of `weight`, \(4, 5\); got \(13, 5\)"),
        ({"weight": torch.zeros(11, 6)}, r"hidden size of `weight`, \(13, 6\); got \(13, 5\)"),
        (
            {"labels": torch.full((13,), 11)},
            r"ids from 0 to 10, or ignore_index \(-100\); got ids from 11 to 11",
        ),
        ({"labels": torch.full((13,), -1)}, "got ids from -1 to -1"),
        ({"chunk_size": 0}, '`chunk_size` must be at least 1 and `reduction` "mean" or "sum"; got 0'),
        ({"reduction": "none"}, "got 256 and 'none'"),
    ],
)
def test_impossible_arguments_are_refused(changes, text):
    hidden, weight, bias, labels = problem()
    options = {
        "hidden": hidden,
        "weight": weight,
        "bias": bias,
        "labels": labels,
        "chunk_size": 256,
    } | changes
    with pytest.raises(ValueError, match=text):
        linear_cross_entropy(**options)


PEAK = """
import sys, threading, psutil, torch
from prevlib.losses import linear_cross_entropy
torch.manual_seed(0)
hidden = torch.randn(4096, 256, requires_grad=True)
weight = (torch.randn(30522, 256) * 0.05).requires_grad_()
bias = torch.zeros(30522, requires_grad=True)
labels = torch.randint(30522, (4096,))
linear_cross_entropy(hidden[:64], weight, bias, labels[:64]).backward()  # what any use of torch costs
process, peak, done = psutil.Process(), 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, process.memory_info().rss)
before = process.memory_info().rss
watcher = threading.Thread(target=watch)
watcher.start()
if sys.argv[1] == "ours":
    loss = linear_cross_entropy(hidden, weight, bias, labels)
else:
    loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(hidden, weight, bias), labels)
loss.backward()
done.set()
watcher.join()
print((peak - before) / 2**20)
"""


def test_the_memory_is_at_most_a_quarter_of_the_dense_loss():
    ours, dense = (
        float(subprocess.run([sys.executable, "-c", PEAK, name], capture_output=True, check=True).stdout)
        for name in ("ours", "dense")
    )
    assert dense > 4096 * 30522 * 4 / 2**20  # the logits alone
    assert ours <= dense / 4, f"{ours:.0f} MiB against {dense:.0f} MiB"


def test_a_class_in_a_small_integer_type_is_not_taken_for_ignored():
    hidden, weight = torch.randn(2, 3), torch.randn(200, 3)
    labels = torch.tensor([156, 3], dtype=torch.uint8)  # -100 would be 156 in uint8
    loss = linear_cross_entropy(hidden, weight, None, labels)
    torch.testing.assert_close(loss, linear_cross_entropy(hidden, weight, None, labels.long()))
