"""Temperature: the one number that makes a model as sure as it has a right to be.

All logits are divided by it before the softmax. Above 1 it takes certainty away, below 1 it adds some. The
order of the logits stays, and with it the most probable class: accuracy and F1 are what they were. Fit it on
validation data: on its training data the model is right more often than it will be, and the test data are
there to measure what the fit is worth.

Source: Guo et al. 2017.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, softmax

from prevlib.metrics.calibration.checks import column_numbers


class Temperature(NamedTuple):
    """What to divide the logits by, and the log loss before and after, on the samples of the fit."""

    temperature: float
    log_loss_before: float  # nats
    log_loss_after: float

    def probabilities(self, logits: ArrayLike) -> np.ndarray:
        """Calibrated probabilities: a row of classes for a row of logits, that of class 1 for a log-odds."""
        return scale_logits(logits, self.temperature)


def scale_logits(logits: ArrayLike, temperature: float) -> np.ndarray:
    """Probabilities of logits divided by ``temperature``: rows of classes, or of class 1 from log-odds.

    Example:
        >>> scale_logits([4.0, -4.0], 4.0).round(2).tolist()
        [0.73, 0.27]
    """
    scaled = np.asarray(logits, dtype=float) / temperature
    return expit(scaled) if scaled.ndim == 1 else softmax(scaled, axis=1)


def temperature_scale(logits: ArrayLike, y_true: ArrayLike) -> Temperature:
    """Find the temperature with the smallest log loss.

    The log loss is convex in the inverse of the temperature. Its slope is the mean, over the samples, of the
    logit that the model expects by its own probabilities minus the logit of the true class; the best
    temperature is where the two agree. It exists if the true class has a higher logit than the others on
    average, but not the highest in every sample, and only then.

    Args:
        logits: Unnormalised scores, shape (n_samples, n_classes), or log-odds of class 1, shape (n_samples,).
        y_true: Number of the true class, shape (n_samples,).
    Returns:
        ``Temperature(temperature, log_loss_before, log_loss_after)``, whose ``probabilities(logits)`` are
        those of any other logits. The losses come from the logits, so nothing is clipped.
    Raises:
        ValueError: If shapes disagree, a class is not a column, a logit is not finite, or no temperature is
            the best: with every sample right, the loss falls for ever as the temperature goes to 0; with
            logits no better than guessing, it falls for ever as the temperature grows.
    Example:
        >>> fitted = temperature_scale([4, 4, 4, -4], [1, 1, 0, 0])  # says 98 %, is right in 75 %
        >>> [round(number, 2) for number in fitted]
        [3.64, 1.02, 0.56]
        >>> fitted.probabilities([4, -4]).round(2).tolist()
        [0.75, 0.25]
    """
    logits = np.asarray(logits, dtype=float)
    classes = column_numbers(y_true, logits, "logits")
    if not np.isfinite(logits).all():
        raise ValueError(
            f"`logits` must be finite; got {logits[~np.isfinite(logits)][0]}. "
            "Leave out classes that cannot be, or give them a very low logit."
        )
    if logits.ndim == 1:
        logits = np.column_stack([np.zeros_like(logits), logits])
    of_true_class = logits[np.arange(len(logits)), classes]
    gaps = logits - of_true_class[:, None]  # (n_samples, n_classes); above 0 where a class beats the true one
    if gaps.max() <= 0:
        raise ValueError(
            f"`logits` must be wrong in at least one sample; got {len(gaps)} of {len(gaps)} right, for which "
            "a temperature of 0 would be best. Fit on more samples, none of which the model was trained on."
        )

    def loss(inverse: float) -> float:
        return float(logsumexp(inverse * gaps, axis=1).mean())

    def slope(inverse: float) -> float:
        return float((softmax(inverse * gaps, axis=1) * gaps).sum(axis=1).mean())

    if slope(0) > -1e-12 * np.abs(gaps).max():  # 0, but for rounding
        raise ValueError(
            "`logits` must on average be higher for the true class than for the others; got a mean of "
            f"{of_true_class.mean():.3g}, and of {logits.mean():.3g} over all classes, for which no "
            "temperature is high enough. Does column k belong to class k?"
        )
    low = high = 1 / np.abs(gaps).max()
    while slope(high) < 0:
        high *= 2
    while slope(low) >= 0:
        low /= 2
    log_inverse = brentq(lambda x: slope(np.exp(x)), np.log(low), np.log(high))
    inverse = float(np.exp(log_inverse))
    return Temperature(1 / inverse, loss(1), loss(inverse))
