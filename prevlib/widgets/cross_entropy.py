"""Move logits, and watch probabilities, the loss and its gradient follow, for notebook 03."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from ipywidgets import Dropdown
from matplotlib.figure import Figure

from prevlib.losses import cross_entropy, cross_entropy_gradient, log_softmax
from prevlib.plots import plot_gradient, plot_loss_of_probability
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, number, picture


class LossParts(NamedTuple):
    """What one example adds to a training step."""

    probabilities: list[float]  # one a class
    loss: float  # nats
    gradient: list[float]  # of the loss, for each logit


def loss_parts(logits: Sequence[float], label: int) -> LossParts:
    """Softmax, cross-entropy and its gradient of one example.

    Example:
        >>> parts = loss_parts([0.0, 0.0], label=1)
        >>> parts.probabilities, round(parts.loss, 3), parts.gradient
        ([0.5, 0.5], 0.693, [0.5, -0.5])
    """
    row, target = torch.tensor([logits], dtype=torch.float64), torch.tensor([label])
    return LossParts(
        probabilities=log_softmax(row)[0].exp().tolist(),
        loss=cross_entropy(row, target).item(),
        gradient=cross_entropy_gradient(row, target)[0].tolist(),
    )


def explore_cross_entropy(
    class_names: Sequence[str] = ("neg", "neutral", "pos"), logits: Sequence[float] = (1.0, 0.0, 2.0)
) -> Explorer:
    """A slider for each logit, and the true class.

    Args:
        class_names: Two or more.
        logits: One a class, from -8 to 8, to begin with.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If there is not one logit a class.
    """
    names = list(class_names)
    if len(names) < 2 or len(names) != len(logits):
        raise ValueError(
            "`class_names` and `logits` must have one entry a class, and at least two; "
            f"got {len(names)} and {len(logits)}. Pass both."
        )

    def respond(label: str, **values: float) -> tuple[Figure, str]:
        parts = loss_parts(list(values.values()), names.index(label))
        true = max(parts.probabilities[names.index(label)], 1e-12)
        draws = partial(plot_loss_of_probability, [true]), partial(plot_gradient, parts.gradient, names)
        return picture(*draws, size=(8.4, 3.2)), _describe(parts, names, label)

    controls = {
        f"logit_{i}": number(say("logit of {name}", name=name), float(logit), -8.0, 8.0, 0.5)
        for i, (name, logit) in enumerate(zip(names, logits, strict=True))
    }
    controls["label"] = Dropdown(options=names, value=names[-1], description=say("true class"))
    return explorer("explore_cross_entropy", controls, respond)


def _describe(parts: LossParts, names: Sequence[str], label: str) -> str:
    def each(numbers: Sequence[float], form: str) -> str:
        return ", ".join(f"{name} {number:{form}}" for name, number in zip(names, numbers, strict=True))

    told = {"label": label, "probability": parts.probabilities[names.index(label)]}
    told["probabilities"] = each(parts.probabilities, ".3f")
    return say(
        "Probabilities: {probabilities}.\n"
        "The true class is {label}: the loss is -ln {probability:.3g} = {loss:.3f} nats.\n"
        "Gradient: {gradient}; it sums to 0. "
        "A step of training moves each logit the other way: {label} up, the others down.",
        **told | {"loss": parts.loss, "gradient": each(parts.gradient, "+.3f")},
    )
