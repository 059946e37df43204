"""Turn the temperature, and watch certainty meet truth, for notebook 09."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.special import logit

from prevlib.evaluation import wilson_interval
from prevlib.metrics import expected_calibration_error, log_loss, reliability_bins, temperature_scale
from prevlib.metrics.calibration.temperature import scale_logits
from prevlib.plots import plot_reliability
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, number, picture
from prevlib.widgets.study import check_both_or_none, study_predictions


def explore_calibration(logits: ArrayLike | None = None, y_true: ArrayLike | None = None) -> Explorer:
    """Divide the logits by a temperature. The best one is fitted on the first half, the second half is shown.

    Args:
        logits: Shape (n_samples, n_classes), or log-odds of class 1, shape (n_samples,); of the fine-tuned
            ``minilm`` on the test reviews if None.
        y_true: Number of the true class, with ``logits``.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If one is given without the other, or as ``temperature_scale``.
    """
    check_both_or_none(logits=logits, y_true=y_true)
    if logits is None:
        y_true, y_proba = study_predictions()
        logits = logit(np.clip(y_proba, 5e-5, 1 - 5e-5))  # the study keeps four digits
    logits, y_true = np.asarray(logits, dtype=float), np.asarray(y_true)
    half = len(y_true) // 2
    best = temperature_scale(logits[:half], y_true[:half]).temperature
    logits, y_true = logits[half:], y_true[half:]
    class_names = np.arange(2 if logits.ndim == 1 else logits.shape[1])

    def respond(temperature: float, n_bins: int) -> tuple[Figure, str]:
        y_proba = scale_logits(logits, temperature)
        bins = reliability_bins(y_true, y_proba, n_bins=n_bins)
        confidence, share_right = bins.confidence / bins.n, bins.right / bins.n
        ends = [wilson_interval(right, n) for right, n in zip(bins.right, bins.n, strict=True)]

        def plot(ax):
            limits = {"low": [end.low for end in ends], "high": [end.high for end in ends]}
            plot_reliability(confidence, share_right, counts=bins.n, **limits, ax=ax)
            if logits.ndim == 1:
                ax.set(xlabel=say("mean probability of class 1"), ylabel=say("share of class 1"))

        called = y_proba.argmax(axis=1) if y_proba.ndim == 2 else y_proba > 0.5
        worst = int(np.abs(bins.right - bins.confidence).argmax())
        loss = log_loss(y_true, y_proba, labels=class_names)
        told = {"temperature": temperature, "loss": loss, "accuracy": np.mean(called == y_true), "best": best}
        told |= {
            "bins": n_bins,
            "n": int(bins.n[worst]),
            "confidence": confidence[worst],
            "right": share_right[worst],
        }
        words = say(
            "Temperature {temperature:.1f}: log loss {loss:.3f} nats, accuracy {accuracy:.3f}.\n"
            "Number of bins: {bins}. The ECE is {ece:.3f}; another number of bins gives another value.\n"
            "The bin that adds most to it, {n:,} samples: mean {confidence:.2f}, came true {right:.2f}.\n"
            "On the other half of the samples the best temperature is {best:.1f}.",
            **told | {"ece": expected_calibration_error(y_true, y_proba, n_bins=n_bins)},
        )
        return picture(plot, size=(4.6, 4.4)), words

    controls = {
        "temperature": number(say("temperature"), 1.0, 0.2, 8.0, 0.1),
        "n_bins": number(say("bins"), 8, 1, 20, 1),
    }
    return explorer("explore_calibration", controls, respond)
