"""Every broken loss of notebook 12 is planted here, and its check must fail; the repair must pass."""

import pytest
import torch
from torch.nn.functional import cross_entropy as torch_cross_entropy

from prevlib.loss_checks import check_every_class, check_padding
from prevlib.losses import cross_entropy, mlm_loss

# Each wrong one has been published.


def loss_reduced_too_early(logits, labels):
    loss = torch_cross_entropy(logits.flatten(0, 1), labels.flatten().clamp(min=0))  # already a scalar
    weights = (labels != -100).float()
    return (loss * weights).sum() / weights.sum()


def smoothing_that_counts_ignored_tokens(logits, labels, smoothing=0.1):
    log_probs = logits.log_softmax(-1)
    chosen = log_probs.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    each = -((1 - smoothing) * chosen + smoothing * log_probs.mean(-1))
    return torch.where(labels != -100, each, 0).mean()  # divides by all positions


def class_zero_ignored(logits, labels):
    return torch_cross_entropy(logits.flatten(0, 1), labels.flatten().clamp(min=0), ignore_index=0)


def smoothed(logits, labels):
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=0.1)


EXHIBITS = {
    "a padding mask that does nothing": (
        check_padding,
        loss_reduced_too_early,
        mlm_loss,
        "after six ignored positions",
    ),
    "smoothing counts ignored tokens": (
        check_padding,
        smoothing_that_counts_ignored_tokens,
        smoothed,
        "after six ignored",
    ),
    "ignore_index 0 drops class 0": (
        check_every_class,
        class_zero_ignored,
        mlm_loss,
        "class 0 has no influence",
    ),
}


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_broken_loss_fails_and_its_repair_passes(name):
    check, broken, repaired, reason = EXHIBITS[name]
    found = check(broken)
    assert not found and reason in found.reason, found
    assert str(found).startswith("FAILED: ")
    assert check(repaired), check(repaired)
    assert str(check(repaired)).startswith("passed: ")
