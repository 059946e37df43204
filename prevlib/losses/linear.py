"""Cross-entropy of a linear layer that never holds all its logits.

The last layer of a language model turns each hidden vector into one logit a word. With 4,096 tokens and
30,522 words those logits fill half a gigabyte, and their softmax as much again, while the hidden vectors and
the weights they come from fit into a few megabytes. But the loss is a sum over tokens: so take some tokens at
a time, make their logits, their loss and their gradients, and forget the logits.

Used in notebook 05, by ``pretraining``. Left out: class weights and label smoothing, which pre-training
does not need. Sources: Hsu et al. 2024 (gradients in the forward pass), Wijmans et al. 2024.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear

from prevlib.losses.dense import IGNORE_INDEX


def linear_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    *,
    chunk_size: int = 256,
    ignore_index: int = IGNORE_INDEX,
    reduction: Literal["mean", "sum"] = "mean",
) -> Tensor:
    """``cross_entropy(hidden @ weight.T + bias, labels)`` in the memory of a few tokens' logits.

    Loss and gradients are exact. Under autocast the products are computed in its dtype and everything else in
    float32, as torch does it.

    Args:
        hidden: What goes into the last layer, shape (..., hidden_size).
        weight: Its weights, shape (vocab_size, hidden_size).
        bias: Its biases, shape (vocab_size,), or None.
        labels: Ids of the true words, shape (...).
        chunk_size: Number of tokens whose logits exist at the same time.
        ignore_index: Label left out of both the sum and the count.
        reduction: ``"mean"`` over the labels that count, or ``"sum"``.
    Returns:
        Scalar, in the dtype of ``hidden`` but at least float32. It can be differentiated once.
    Raises:
        ValueError: If shapes disagree, a label is not a word, ``chunk_size`` is below 1, or ``"mean"`` finds
            no label that counts.
    Example:
        >>> hidden, weight = torch.ones(2, 3), torch.zeros(4, 3)
        >>> round(linear_cross_entropy(hidden, weight, None, torch.tensor([1, 3])).item(), 4)  # ln 4
        1.3863
    """
    vocab_size, hidden_size = weight.shape
    if hidden.shape != (*labels.shape, hidden_size):
        raise ValueError(
            f"`hidden` must have the shape of `labels` and then the hidden size of `weight`, "
            f"{(*labels.shape, hidden_size)}; got {tuple(hidden.shape)}."
        )
    if chunk_size < 1 or reduction not in ("mean", "sum"):
        raise ValueError(
            '`chunk_size` must be at least 1 and `reduction` "mean" or "sum"; '
            f"got {chunk_size} and {reduction!r}."
        )
    labels = labels.long()  # a smaller type would wrap: -100 is 156 in uint8
    counted = labels != ignore_index
    labels = labels[counted]
    if len(labels) and not (0 <= labels.min() and labels.max() < vocab_size):
        raise ValueError(
            f"`labels` must be ids from 0 to {vocab_size - 1}, or ignore_index ({ignore_index}); "
            f"got ids from {labels.min()} to {labels.max()}."
        )
    if reduction == "mean" and len(labels) == 0:
        raise ValueError(
            f"`labels` must leave something to average; got {counted.numel()} times ignore_index "
            f'({ignore_index}). Mask more tokens, or use reduction="sum".'
        )
    loss = _LinearCrossEntropy.apply(hidden[counted], weight, bias, labels, chunk_size)
    return loss / len(labels) if reduction == "mean" else loss


class _LinearCrossEntropy(torch.autograd.Function):
    """Summed loss, with the gradients made in the forward pass.

    An ``autograd.Function`` tells torch two things: what comes out (``forward``), and how a gradient goes
    back (``backward``). Usually ``forward`` keeps its intermediate results for ``backward``; here those
    would be the logits. But the gradient of the summed loss for the logits, softmax minus one-hot,
    is known as soon as they are. So ``forward`` pushes it on to the hidden vectors, weights and biases at
    once, chunk by chunk, and keeps only these three. ``backward`` receives one number, the gradient of
    whatever was made of the loss with respect to the loss, and multiplies.
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, labels, chunk_size):
        device = hidden.device.type
        low = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        full = torch.promote_types(hidden.dtype, torch.float32)
        weight_low, bias_low = weight.to(low), None if bias is None else bias.to(low)
        for_hidden, for_weight, for_bias = ctx.needs_input_grad[:3]
        grad_hidden = torch.empty_like(hidden) if for_hidden else None
        grad_weight = torch.zeros_like(weight) if for_weight else None
        grad_bias = torch.zeros_like(bias) if for_bias else None

        loss = hidden.new_zeros((), dtype=full)
        for start in range(0, len(labels), chunk_size):
            rows = slice(start, start + chunk_size)
            hidden_low, true = hidden[rows].to(low), labels[rows].unsqueeze(-1)
            logits = linear(hidden_low, weight_low, bias_low).to(full)  # (chunk_size, vocab_size)
            largest, true_logits = logits.amax(-1, keepdim=True), logits.gather(-1, true)
            exponentials = logits.sub_(largest).exp_()  # in the memory of the logits, as is what follows
            sums = exponentials.sum(-1, keepdim=True)
            loss += (largest + sums.log() - true_logits).sum()
            if not any((for_hidden, for_weight, for_bias)):
                continue
            grad_logits = exponentials.div_(sums)  # softmax
            grad_logits.scatter_add_(-1, true, -torch.ones_like(sums))  # minus one-hot
            if for_bias:
                grad_bias += grad_logits.sum(0)
            grad_logits = grad_logits.to(low)
            if for_hidden:
                grad_hidden[rows] = (grad_logits @ weight_low).to(hidden.dtype)
            if for_weight:
                if low == weight.dtype:
                    grad_weight.addmm_(grad_logits.T, hidden_low)  # no product in between
                else:
                    grad_weight += grad_logits.T @ hidden_low
        ctx.save_for_backward(grad_hidden, grad_weight, grad_bias)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_loss):
        grads = (None if grad is None else grad * grad_loss for grad in ctx.saved_tensors)
        return (*grads, None, None)
