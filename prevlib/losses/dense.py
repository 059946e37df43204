"""The two losses of the course, from tensor arithmetic, in nats.

Pre-training: L_MLM = -1/N sum_{i in M} log p(x_i | corrupted text), where M holds the N positions to predict.
Fine-tuning: L_CE = -1/N sum_i sum_k q_ik log p_ik, where q_i is one-hot: 1 for the true class, 0 elsewhere.

They are one formula and differ in which positions count. So each function here keeps the positions that
count, gives each its loss and its count, adds up both, and divides once, at the end. With
``reduction="sum"`` the division is yours, after as many batches as you like.

Classes come last, as in transformers: ``logits`` (..., num_labels), ``labels`` (...). If they are in axis 1,
where torch's own loss wants them, pass ``logits.movedim(1, -1)``. Half-precision logits give a float32 loss:
a total in bfloat16 would keep two or three digits.

Left out: a loss that never holds all the logits, which is ``linear.py``; losses between pairs.
Used in notebook 03_derive_the_losses. Source: Devlin et al. 2019, section 3.1 and appendix A.2.
"""

from typing import Literal

import torch
from torch import Tensor

from prevlib.losses.at_labels import loss_at_labels

IGNORE_INDEX = -100  # what transformers writes where there is nothing to predict


def log_softmax(logits: Tensor, dim: int = -1) -> Tensor:
    """Log-probabilities, log p_k = z_k - log sum_j exp(z_j), for logits of any size.

    A constant added to all logits changes no probability. So the maximum is subtracted first: the largest
    exponential is then exp(0) = 1, and none overflows.

    Args:
        logits: Unnormalised scores, any shape.
        dim: The axis of the classes.
    Returns:
        Nats, in the shape of ``logits`` and in its dtype, but at least float32.
    Raises:
        TypeError: If ``logits`` is not a floating-point tensor.
    Example:
        >>> log_softmax(torch.tensor([1000.0, 1000.0])).exp()  # exp(1000) is inf
        tensor([0.5000, 0.5000])
    """
    _check_logits(logits)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    # The shift leaves the result as it is, and so the gradient: no need to track it.
    shifted = logits - logits.amax(dim, keepdim=True).detach()
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


def cross_entropy(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
    reduction: Literal["none", "mean", "sum"] = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy in nats: the values of torch's, with the classes last.

    The loss of a position is -sum_k q_k log p_k. A class id stands for the q with all probability on that
    class, label smoothing mixes q with the uniform distribution, and ``labels`` may be the q themselves.

    Args:
        logits: Unnormalised scores, shape (..., num_labels).
        labels: Class ids, shape (...), or class probabilities, floating-point, shape (..., num_labels).
        weight: Weight of each class, shape (num_labels,). The mean then divides by the weights of the labels
            counted; if ``labels`` are probabilities, by the number of positions.
        ignore_index: Id left out of both the sum and the count, smoothing or not. The id of a real class,
            such as 0, drops that class too.
        reduction: ``"mean"``, ``"sum"``, or ``"none"``: one loss a position, 0 where ignored.
        label_smoothing: Share of the uniform distribution in the targets, in [0, 1].
    Returns:
        Scalar, or shape (...) for ``"none"``.
    Raises:
        TypeError: If ``logits`` are not floating-point, or ``labels`` neither ids nor probabilities.
        ValueError: If shapes disagree, a label is not a class, an option is not allowed, or ``"mean"`` finds
            nothing to average.
    Example:
        >>> logits = torch.tensor([[0.5, 0.25, 0.25], [0.5, 0.25, 0.25]]).log()
        >>> round(cross_entropy(logits, torch.tensor([0, 1])).item(), 4)  # (ln 2 + ln 4) / 2
        1.0397
    """
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f'`reduction` must be "none", "mean" or "sum"; got {reduction!r}. '
            'Use "sum" to divide later, over several batches.'
        )
    counted = _counted_positions(logits, labels, ignore_index)
    labels = labels[counted]  # (n_counted,), or (n_counted, num_labels) if they are probabilities
    class_weights, counts = _weights_and_counts(logits, labels, weight)
    if label_smoothing == 0 and not labels.is_floating_point():
        # One term of the sum over k is not zero; with 30,000 classes it pays to compute only that.
        positions = counted.flatten().nonzero().squeeze(-1)
        losses = counts * loss_at_labels(logits.reshape(-1, logits.shape[-1]), positions, labels.long())
    else:
        log_probs = log_softmax(logits[counted])  # (n_counted, num_labels)
        targets = class_weights * _targets(log_probs, labels, label_smoothing)
        # 0 log 0 = 0: a class that model and target both rule out costs nothing.
        log_probs = log_probs.masked_fill((targets == 0) & (log_probs == -torch.inf), 0)
        losses = -(targets * log_probs).sum(-1)
    if reduction == "none":
        return losses.new_zeros(counted.shape).masked_scatter(counted, losses)
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / _checked_count(counts, counted)


def mlm_loss(logits: Tensor, labels: Tensor, *, ignore_index: int = IGNORE_INDEX) -> Tensor:
    """Mean cross-entropy over the masked positions only, in nats.

    Its exponential is not a perplexity: each token is predicted from both sides.

    Args:
        logits: Unnormalised scores, shape (batch_size, sequence_length, vocab_size).
        labels: True ids at masked positions, ``ignore_index`` elsewhere, shape (batch_size, sequence_length).
        ignore_index: Label left out of both the sum and the count.
    Returns:
        Scalar tensor.
    Raises:
        TypeError, ValueError: As ``cross_entropy``; ValueError if no position is masked.
    Example:
        >>> loss = mlm_loss(torch.zeros(1, 2, 4), torch.tensor([[3, -100]]))
        >>> round(loss.item(), 4)  # ln 4: no idea which of four
        1.3863

    Source: Devlin et al. 2019, section 3.1.
    """
    n_masked = _counted_positions(logits, labels, ignore_index).sum()
    if n_masked == 0:
        raise ValueError(
            f"`labels` must hold the true id of a masked token somewhere; got {labels.numel()} times "
            f"ignore_index ({ignore_index}): no position is masked. Mask more tokens, or skip this batch."
        )
    return cross_entropy(logits, labels, ignore_index=ignore_index, reduction="sum") / n_masked


def cross_entropy_gradient(
    logits: Tensor,
    labels: Tensor,
    *,
    weight: Tensor | None = None,
    ignore_index: int = IGNORE_INDEX,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Gradient of the mean ``cross_entropy`` with respect to the logits, in closed form.

    For class ids it is (softmax - one-hot) / number counted: what the model believes minus what is true. So
    no position pulls harder than 1 / number counted on any logit, however wrong it is.

    Args:
        logits, labels, weight, ignore_index, label_smoothing: As for ``cross_entropy``.
    Returns:
        The shape and dtype of ``logits``; 0 at ignored positions.
    Raises:
        TypeError, ValueError: As ``cross_entropy`` with ``reduction="mean"``.
    Example:
        >>> cross_entropy_gradient(torch.zeros(1, 4), torch.tensor([3]))
        tensor([[ 0.2500,  0.2500,  0.2500, -0.7500]])
    """
    counted = _counted_positions(logits, labels, ignore_index)
    labels = labels[counted]
    log_probs = log_softmax(logits[counted])
    class_weights, counts = _weights_and_counts(logits, labels, weight)
    targets = class_weights * _targets(log_probs, labels, label_smoothing)
    # Without class weights the targets of a position add up to 1.
    gradient = log_probs.exp() * targets.sum(-1, keepdim=True) - targets
    gradient = (gradient / _checked_count(counts, counted)).to(logits.dtype)
    return torch.zeros_like(logits).masked_scatter(counted.unsqueeze(-1), gradient)


def _weights_and_counts(logits: Tensor, labels: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """The weight of each class, and what each position adds to the count: 1, or the weight of its label."""
    num_labels = logits.shape[-1]
    if weight is None:
        weight = logits.new_ones(num_labels)
    if weight.shape != (num_labels,):
        raise ValueError(
            f"`weight` must have one entry for each class, shape ({num_labels},); got {tuple(weight.shape)}. "
            "It weighs classes, not positions."
        )
    class_weights = weight.to(torch.promote_types(logits.dtype, torch.float32))
    if labels.is_floating_point():
        return class_weights, class_weights.new_ones(len(labels))
    return class_weights, class_weights[labels.long()]


def _targets(log_probs: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """The distribution q of each position, shape (n_counted, num_labels)."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"`label_smoothing` must be in [0, 1]; got {label_smoothing}. "
            "It is the share of the uniform distribution in the targets; 0.1 is common."
        )
    if labels.is_floating_point():
        targets = labels.to(log_probs.dtype)
    else:
        targets = torch.zeros_like(log_probs).scatter(-1, labels.long().unsqueeze(-1), 1)
    return (1 - label_smoothing) * targets + label_smoothing / log_probs.shape[-1]


def _checked_count(counts: Tensor, counted: Tensor) -> Tensor:
    count = counts.sum()
    if count == 0:
        raise ValueError(
            '`labels` must leave something to average when `reduction` is "mean"; got '
            f"{counted.numel()} positions, {int((~counted).sum())} of them ignored, total weight 0. "
            'Add up several batches with reduction="sum", then divide once.'
        )
    return count


def _check_logits(logits: Tensor) -> None:
    if not (isinstance(logits, Tensor) and logits.is_floating_point()):
        got = logits.dtype if isinstance(logits, Tensor) else type(logits).__name__
        raise TypeError(
            f"`logits` must be a floating-point tensor of scores; got {got}. "
            "Pass the `logits` of the model's output, not the output itself, ids or predictions."
        )


def _counted_positions(logits: Tensor, labels: Tensor, ignore_index: int) -> Tensor:
    """Check both tensors; say where there is something to predict, boolean, shape (...)."""
    _check_logits(logits)
    if not isinstance(labels, Tensor) or labels.dtype == torch.bool:
        got = labels.dtype if isinstance(labels, Tensor) else type(labels).__name__
        raise TypeError(
            f"`labels` must be a tensor of class ids or of probabilities; got {got}. "
            "Use torch.tensor(...) for a list, .long() for two classes, True and False."
        )
    shape = tuple(logits.shape)
    if not shape or shape[-1] == 0:
        raise ValueError(
            f"`logits` must have classes in its last axis; got shape {shape}. Use (..., num_labels)."
        )
    if labels.is_floating_point():
        if labels.shape != shape:
            raise TypeError(
                f"`labels` must be integers, or probabilities of the shape of `logits`, {shape}; got "
                f"{labels.dtype} of shape {tuple(labels.shape)}. Use .long() if they are class ids."
            )
        return labels.new_ones(shape[:-1], dtype=torch.bool)
    if labels.shape != shape[:-1]:
        if labels.shape == shape:
            remedy = "Use .float() if they are one-hot."
        elif labels.shape == shape[:1] + shape[2:]:
            remedy = "Are the classes in axis 1? Then pass logits.movedim(1, -1)."
        else:
            remedy = "Did you drop [CLS] from only one of them?"
        raise ValueError(
            f"`labels` must have the shape of `logits` without its last axis, {shape[:-1]}; "
            f"got {tuple(labels.shape)}. {remedy}"
        )
    class_ids = labels.long()  # a smaller type would wrap: -100 is 156 in uint8
    counted = class_ids != ignore_index
    outside = class_ids[counted & ((class_ids < 0) | (class_ids >= shape[-1]))]
    if len(outside) > 0:
        raise ValueError(
            f"`labels` must be class ids from 0 to {shape[-1] - 1}, or ignore_index ({ignore_index}); got "
            f"{outside[0].item()}. The classes are the last axis of `logits`, shape {shape}."
        )
    return counted
