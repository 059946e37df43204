"""Typical wrong answers to the exercises of ``prevlib.exercises.losses``."""

import math
from functools import partial

import torch
from torch.nn import functional

from prevlib.losses import cross_entropy, cross_entropy_gradient, log_softmax
from prevlib.losses import cross_entropy as another_name


def _inside(logits):
    return (lambda row: torch.logsumexp(row, dim=-1))(logits)


def _by_autograd(logits, labels):
    logits = logits.clone().requires_grad_()
    cross_entropy(logits, labels).backward()
    return logits.grad


def _by_its_own_gradient(logits, labels):
    logits = logits.clone().requires_grad_()
    slope = getattr(torch.autograd, "gr" + "ad")
    return slope(functional.cross_entropy(logits, labels), logits)[0]


def _by_jacobian(logits, labels):
    return torch.autograd.functional.jacobian(lambda z: functional.cross_entropy(z, labels), logits)


WRONG = {
    "multiple_of_ln_2": {
        "a sum": (6, "mean"),
        "in nats": (2 * math.log(2), "multiple"),
        "mean of probabilities first": (-math.log2((0.5 + 0.5 + 1 / 16) / 3), "then take the mean"),
        "negative": (-2, "never negative"),
    },
    "log_sum_exp": {
        "plain": (lambda z: z.exp().sum(dim=-1).log(), "overflow"),
        "forgets the maximum": (
            lambda z: (z - z.amax(dim=-1, keepdim=True)).exp().sum(dim=-1).log(),
            "comes back",
        ),
        "one maximum for all rows": (lambda z: z.max() + (z - z.max()).exp().sum(dim=-1).log(), "its own"),
        "over all rows": (lambda z: torch.logsumexp(z.flatten(), 0), "the shape must be"),
        "the maximum": (lambda z: z.amax(dim=-1), "all exponentials"),
        "over the first axis": (lambda z: z.logsumexp(dim=0), "the shape must be"),
        "in one call": (lambda z: z.logsumexp(dim=-1), "`logsumexp` does the work"),
        "by log_softmax": (lambda z: (z - z.log_softmax(-1))[..., 0], "`log_softmax` does the work"),
        "by the library": (lambda z: (z - log_softmax(z))[..., 0], "`log_softmax` does the work"),
        "in one call, inside a function": (_inside, "`logsumexp` does the work"),
        "in one call, by its name": (lambda z: getattr(z, "log" + "sumexp")(-1), "`logsumexp` does the work"),
        "in one call of C": (partial(torch.logsumexp, dim=-1), "`logsumexp` does the work"),
        "itself": (lambda z: next(map(torch.special.logsumexp, [z], [-1])), "`logsumexp` does the work"),
    },
    "mean_cross_entropy": {
        "divides by all": (lambda z, y: cross_entropy(z, y, reduction="sum") / len(y), "in the count"),
        "a sum": (lambda z, y: cross_entropy(z, y, reduction="sum"), "mean"),
        "ignored ones are class 0": (lambda z, y: cross_entropy(z, y.clamp(min=0)), "in the sum"),
        "class 0 is dropped": (lambda z, y: cross_entropy(z, y.where(y > 0, -100)), "class 0"),
        "softmax first": (
            lambda z, y: -(z[y != -100].softmax(-1).log()[range(sum(y != -100)), y[y != -100]]).mean(),
            "1000 times",
        ),
        "no minus": (lambda z, y: -cross_entropy(z, y), "never negative"),
        "in one call": (
            lambda z, y: torch.nn.functional.cross_entropy(z, y),
            "`cross_entropy` does the work",
        ),
        "under another name": (lambda z, y: another_name(z, y), "`cross_entropy` does the work"),
        "by its name": (
            lambda z, y: getattr(functional, "cross_" + "entropy")(z, y),
            "`cross_entropy` does the work",
        ),
        "as a module": (lambda z, y: torch.nn.CrossEntropyLoss()(z, y), "`cross_entropy` does the work"),
        "by nll_loss": (
            lambda z, y: torch.nn.functional.nll_loss(z.log_softmax(-1), y),
            "`nll_loss` does the work",
        ),
        "of logits": (lambda z, y: -z[y != -100][range(sum(y != -100)), y[y != -100]].mean(), "constant"),
    },
    "gradient_of_the_mean": {
        "of the sum": (lambda z, y: z.softmax(-1) - torch.eye(z.shape[1])[y], "mean over the rows"),
        "turned around": (lambda z, y: (torch.eye(z.shape[1])[y] - z.softmax(-1)) / len(y), "signs"),
        "beliefs only": (lambda z, y: z.softmax(-1) / len(y), "add up to 0"),
        "divides by the classes": (
            lambda z, y: (z.softmax(-1) - torch.eye(z.shape[1])[y]) / 3,
            "over the rows",
        ),
        "of logits": (lambda z, y: (z - torch.eye(z.shape[1])[y]) / len(y), "add up to 0"),
        "in one call": (lambda z, y: cross_entropy_gradient(z, y), "`cross_entropy_gradient` does the work"),
        "by autograd": (_by_autograd, "`backward` does the work"),
        "by autograd.grad": (_by_its_own_gradient, "`grad` does the work"),
        "by jacobian": (_by_jacobian, "`grad` does the work"),
        "mean over the rows": (
            lambda z, y: (z.softmax(-1) - torch.eye(z.shape[1])[y]).mean(0),
            "the shape must be",
        ),
    },
}
