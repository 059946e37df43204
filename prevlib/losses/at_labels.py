"""The loss at the labels alone, with its gradient written by hand.

Autograd can differentiate ``-log_softmax(logits)[label]`` without help. But it keeps the result of every
step, each as large as the logits, and walks through all of them again; with 30,522 classes that takes longer
than the arithmetic. The gradient, softmax minus one-hot, needs little: softmax is exp(logit - largest) / sum,
so two numbers a position besides the logits. So this file keeps these, and reads the logits twice in all.

Used by ``dense.py`` for class ids without smoothing, which is what models are trained with. Left out:
never holding the logits at all, which is ``linear.py``.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

LOGITS_AT_A_TIME = 2**19  # few enough to stay in the processor's cache between two steps


def loss_at_labels(logits: Tensor, positions: Tensor, labels: Tensor) -> Tensor:
    """``-log_softmax(logits)[position, label]``, which can be differentiated as often as you like.

    Args:
        logits: Unnormalised scores, shape (n_positions, num_labels).
        positions: Which of them count, in ascending order, shape (n_counted,).
        labels: Their class ids, shape (n_counted,).
    Returns:
        Nats, shape (n_counted,), in the dtype of ``logits`` but at least float32.
    Example:
        >>> loss_at_labels(torch.zeros(3, 4), torch.tensor([0, 2]), torch.tensor([1, 3]))  # ln 4
        tensor([1.3863, 1.3863])
    """
    return _LossAtLabels.apply(logits, positions, labels)


class _LossAtLabels(torch.autograd.Function):
    """``forward`` says what comes out, ``backward`` how a gradient goes back; both in parts."""

    @staticmethod
    def forward(ctx, logits, positions, labels):
        full = torch.promote_types(logits.dtype, torch.float32)
        largest, sums, losses = (logits.new_empty((len(positions), 1), dtype=full) for _ in range(3))
        for part, rows in _parts(positions, logits):
            z = logits[rows].to(full)
            largest[part] = z.amax(-1, keepdim=True)
            shifted = z - largest[part]
            losses[part] = -shifted.gather(-1, labels[part].unsqueeze(-1))
            sums[part] = shifted.exp_().sum(-1, keepdim=True)
        losses += sums.log()
        ctx.save_for_backward(logits, positions, labels, largest, sums)
        return losses.squeeze(-1)

    @staticmethod
    def backward(ctx, grad_losses):
        logits, positions, labels, largest, sums = ctx.saved_tensors
        if torch.is_grad_enabled():  # asked for the gradient of this gradient
            return _differentiable_gradient(logits, positions, labels, grad_losses), None, None
        everything = len(positions) == len(logits)
        grad_logits = torch.empty_like(logits) if everything else torch.zeros_like(logits)
        grad_losses = grad_losses.unsqueeze(-1)
        for part, rows in _parts(positions, logits):
            exponentials = (logits[rows].to(sums.dtype) - largest[part]).exp_()
            gradient = exponentials.mul_(grad_losses[part] / sums[part])  # softmax, times what comes back
            gradient.scatter_add_(-1, labels[part].unsqueeze(-1), -grad_losses[part])  # minus one-hot
            grad_logits[rows] = gradient.to(logits.dtype)
        return grad_logits, None, None


def _differentiable_gradient(
    logits: Tensor, positions: Tensor, labels: Tensor, grad_losses: Tensor
) -> Tensor:
    """The same in steps that autograd can follow a second time."""
    counted = logits[positions].to(grad_losses.dtype)
    exponentials = (counted - counted.amax(-1, keepdim=True).detach()).exp()
    one_hot = torch.zeros_like(counted).scatter(-1, labels.unsqueeze(-1), 1)
    gradient = exponentials / exponentials.sum(-1, keepdim=True) - one_hot
    gradient = (gradient * grad_losses.unsqueeze(-1)).to(logits.dtype)
    return torch.zeros_like(logits).index_copy(0, positions, gradient)


def _parts(positions: Tensor, logits: Tensor) -> Iterator[tuple[slice, slice | Tensor]]:
    """Some positions at a time, and the rows of the logits that they are: a view, if every row counts."""
    size = max(1, LOGITS_AT_A_TIME // logits.shape[1])
    for start in range(0, len(positions), size):
        part = slice(start, start + size)
        yield part, part if len(positions) == len(logits) else positions[part]
