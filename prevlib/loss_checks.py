"""Checks that catch a broken loss: ``assert check_padding(my_loss)``.

They go with those of ``evaluation.checks``, and are kept apart because a loss takes tensors.

Used in notebook 12. Left out: gradients, which notebook 03 compares with autograd.
"""

from collections.abc import Callable

import numpy as np
import torch

from prevlib.evaluation.checks import IGNORED, Check

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def check_padding(loss: Loss) -> Check:
    """Ignored positions have no say: the loss of a batch is the same with more padding.

    Args:
        loss: ``loss(logits, labels)``, mean over positions whose label is not -100; logits (batch, sequence,
            classes), labels (batch, sequence).
    Returns:
        Whether it holds, and the two losses in words.
    """
    logits, labels = _batch()
    padded_logits = torch.cat([logits, torch.full((2, 6, 5), 3.0)], dim=1)
    padded_labels = torch.cat([labels, torch.full((2, 6), IGNORED)], dim=1)
    bare, padded = float(loss(logits, labels)), float(loss(padded_logits, padded_labels))
    return Check(
        bool(np.isclose(bare, padded, rtol=1e-5)),
        f"the loss is {bare:.4f}, and {padded:.4f} after six ignored positions are appended",
    )


def check_every_class(loss: Loss) -> Check:
    """Every class counts: no label but -100 is left out, also not 0.

    Args:
        loss: As for ``check_padding``.
    Returns:
        Whether it holds, and a class that is left out in words.
    """
    logits, labels = _batch()
    silent = []
    for label in labels[labels != IGNORED].unique().tolist():
        moved = logits.clone()
        moved[labels == label] += torch.arange(5.0)
        if torch.isclose(loss(moved, labels), loss(logits, labels)):
            silent.append(label)
    found = f"class {silent[0]} has no influence on the loss" if silent else "every class moves the loss"
    return Check(not silent, found)


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Two sequences with labels of all five classes and one ignored position."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 5, generator=generator)
    return logits, torch.tensor([[0, 1, 2, 3], [4, 0, 1, IGNORED]])
