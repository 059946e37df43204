"""Typical wrong answers to the exercises of ``prevlib.exercises.training``."""

import math

import numpy as np
import torch


def _mean(values):
    values = list(values)
    return sum(values) / len(values)


WRONG = {
    "loss_of_equal_shares": {
        "bits": (math.log2(30_522), "natural logarithm"),
        "base 10": (math.log10(30_522), "natural logarithm"),
        "the share": (1 / 30_522, "minus the logarithm"),
        "no minus": (-math.log(30_522), "never negative"),
        "of mini": (math.log(8_192), "30,522"),
    },
    "entropy_of_counts": {
        "no care for 0": (lambda c: -np.sum(c / c.sum() * np.log(c / c.sum())), "count of 0"),
        "bits": (lambda c: -sum(s * np.log2(s) for s in c / c.sum() if s > 0), "nats"),
        "counts for shares": (lambda c: -np.sum(c[c > 0] * np.log(c[c > 0])), "times as long"),
        "plain mean": (lambda c: -np.mean(np.log(c[c > 0] / c.sum())), "weighted"),
        "no minus": (lambda c: sum(s * np.log(s) for s in c / c.sum() if s > 0), "never negative"),
        "ln V": (lambda c: np.log(len(c)), "equal shares"),
    },
    "loss_of_a_step": {
        "mean of means": (
            lambda losses, labels: _mean(a[y != -100].mean() for a, y in zip(losses, labels, strict=True)),
            "differ in size",
        ),
        "all tokens": (lambda losses, labels: torch.cat(losses).mean(), "not masked"),
        "masked ones over all": (
            lambda losses, labels: (torch.cat(losses) * (torch.cat(labels) != -100)).mean(),
            "in the count",
        ),
        "over the batches": (
            lambda losses, labels: sum(torch.cat(losses)[torch.cat(labels) != -100]) / len(losses),
            "by tokens, not by batches",
        ),
        "id 0 is dropped": (lambda losses, labels: torch.cat(losses)[torch.cat(labels) > 0].mean(), "id 0"),
        "the last batch": (lambda losses, labels: losses[-1][labels[-1] != -100].mean(), "every batch"),
    },
    "warm_up": {
        "starts at 0": (lambda s, n, w: s / w if s < w else (n - s) / (n - w), "first step"),
        "no fall": (lambda s, n, w: min(1, (s + 1) / max(1, w)), "falls"),
        "falls from the start": (lambda s, n, w: min((s + 1) / max(1, w), (n - s) / n), "full rate"),
        "ends at 0": (lambda s, n, w: (s + 1) / w if s < w else (n - 1 - s) / max(1, n - 1 - w), "last step"),
        "divides by no steps": (lambda s, n, w: min((s + 1) / w, (n - s) / (n - w)), "ZeroDivisionError"),
        "half a wave": (
            lambda s, n, w: (s + 1) / w if s < w else (1 + math.cos(math.pi * (s - w) / (n - w))) / 2,
            "straight",
        ),
    },
    "accuracy_of_logits": {
        "argmax": (lambda z, y: np.mean(z.argmax(axis=1) == y), "tie"),
        "a share of a tie": (
            lambda z, y: np.mean(
                ((z == z.max(1)[:, None]) / (z == z.max(1)[:, None]).sum(1)[:, None])[range(len(y)), y]
            ),
            "tie",
        ),
        "a count": (lambda z, y: np.sum(z.argmax(axis=1) == y), "share"),
        "above 0": (lambda z, y: np.mean(z[range(len(y)), y] > 0), "sign"),
        "lowest": (lambda z, y: np.mean(z.argmin(axis=1) == y), "highest"),
        "two classes only": (lambda z, y: np.mean((z[:, 1] > z[:, 0]) == y), "any number of classes"),
    },
    "one_run_against_five": {
        "a share": ((0.01, 2), "points"),
        "below the best": ((-1, 2), "mean of the five"),
        "better only": ((1, 1), "at least"),
        "those below": ((1, 3), "at least"),
        "one number": (1, "numbers were expected"),
    },
}
