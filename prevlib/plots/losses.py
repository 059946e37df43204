"""Pictures of the losses, for notebook 03."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from prevlib.plots.style import COLORS, drawable, new_axes


def plot_loss_of_probability(probabilities: Sequence[float] = (), *, ax: Axes | None = None) -> Axes:
    """The curve -ln p, and points on it with their losses in nats.

    Args:
        probabilities: Points on the curve, above 0 and at most 1.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    top = max([5.3, *(1.15 * -np.log(probability) for probability in probabilities)])  # of the curve
    p = np.concatenate([np.exp(-np.linspace(top, 3, 100)), np.linspace(np.exp(-3), 1, 100)[1:]])
    ax.plot(p, -np.log(p), color=COLORS[0])
    for probability in probabilities:
        loss = -np.log(probability)
        ax.plot(probability, loss, "o", color=COLORS[5])
        ax.annotate(f"{loss:.2f}", (probability, loss), xytext=(6, 6), textcoords="offset points")
    ax.set(
        xlabel="probability of the true class", ylabel="loss (nats)", xlim=(-0.01, 1.02), ylim=(0, 1.02 * top)
    )
    return ax


def plot_gradient(gradient: Sequence[float], class_names: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """The gradient of the loss for each logit: bars to the right push the logit down.

    Args:
        gradient: Derivative of the loss with respect to each logit, shape (n_classes,).
        class_names: In the order of the logits.
        ax: Where to draw; new axes if None.
    Returns:
        The axes with the drawing.
    """
    ax = new_axes(ax)
    gradient = np.asarray(gradient)
    colors = np.where(gradient < 0, COLORS[0], COLORS[5])
    bars = ax.barh(range(len(gradient)), gradient, color=colors)
    ax.bar_label(bars, fmt="%+.2f", padding=3)
    ax.set_yticks(range(len(gradient)), drawable(class_names))
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=0.8)
    ax.margins(x=0.2)
    ax.set_xlabel("gradient of the loss (probability minus one-hot)")
    return ax
