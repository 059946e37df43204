"""Draw resamples of a test set, and watch the interval settle, for notebook 09."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from prevlib.evaluation import Interval
from prevlib.evaluation.counts import Metric
from prevlib.evaluation.resampling import Resamples
from prevlib.metrics import accuracy_score, f1_score, matthews_corrcoef
from prevlib.plots import plot_resamples
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, number, picture
from prevlib.widgets.study import check_both_or_none, study_predictions

METRICS = {"accuracy": accuracy_score, "F1": f1_score, "Matthews": matthews_corrcoef}


class ResampledScores(NamedTuple):
    """The score of each resample, and the interval that holds the middle of them."""

    scores: np.ndarray  # shape (n_resamples,)
    interval: Interval


def resample_scores(
    metric: Metric, y_true: ArrayLike, y_pred: ArrayLike, *, n_resamples: int, level: float, seed: int
) -> ResampledScores:
    """Percentile bootstrap, with the scores that ``bootstrap_interval`` keeps to itself.

    Example:
        >>> y_true, y_pred = [1, 0, 1, 1], [1, 0, 0, 1]
        >>> drawn = resample_scores(accuracy_score, y_true, y_pred, n_resamples=5, level=0.9, seed=0)
        >>> len(drawn.scores), drawn.interval.estimate
        (5, 0.75)
    """
    resamples = Resamples(metric, y_true, [y_pred])
    scores = resamples.draw(n_resamples, seed)[:, 0]
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return ResampledScores(scores, Interval(float(resamples.scores()[0]), float(low), float(high), level))


def explore_bootstrap(
    y_true: ArrayLike | None = None, y_pred: ArrayLike | None = None, metrics: Mapping[str, Metric] = METRICS
) -> Explorer:
    """Choose a metric, the size of the test set and the number of resamples.

    Args:
        y_true: True classes, at least 20; the test reviews if None.
        y_pred: Predicted classes, with ``y_true``; those of the fine-tuned ``minilm`` if None.
        metrics: Name -> ``metric(y_true, y_pred)``.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If one is given without the other, or there are fewer than 20 samples.
    """
    check_both_or_none(y_true=y_true, y_pred=y_pred)
    if y_true is None:
        y_true, y_proba = study_predictions()
        y_pred = (y_proba > 0.5).astype(int)
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if len(y_true) < 20:
        raise ValueError(f"`y_true` must hold at least 20 samples; got {len(y_true)}. Fewer tell too little.")

    def respond(metric: str, n: int, n_resamples: int, level: float, draw: int) -> tuple[Figure, str]:
        options = {"n_resamples": n_resamples, "level": level, "seed": draw}
        resamples = resample_scores(metrics[metric], y_true[:n], y_pred[:n], **options)
        estimate, low, high, _ = resamples.interval

        def plot(ax):
            label = say("{metric} of a resample", metric=metric)
            plot_resamples(resamples.scores, resamples.interval, ax=ax).set_xlabel(label)

        first = ", ".join(f"{score:.3f}" for score in resamples.scores[:3])
        drawn = {"metric": metric, "n": n, "n_resamples": n_resamples, "draw": draw, "level": level}
        drawn |= {"first": first, "least": resamples.scores.min(), "most": resamples.scores.max()}
        words = say(
            "{metric} of the first {n:,} samples: {estimate:.3f}.\n"
            "{n_resamples:,} resamples, draw {draw}: the first ones score {first}; all lie from "
            "{least:.3f} to {most:.3f}.\n"
            "The middle {level:.0%} of them: [{low:.3f}, {high:.3f}], an interval {width:.3f} wide.",
            **drawn | {"estimate": estimate, "low": low, "high": high, "width": high - low},
        )
        return picture(plot), words

    controls = {
        "metric": Dropdown(options=list(metrics), description=say("metric")),
        "n": number(say("samples"), min(200, len(y_true)), 20, len(y_true), 1),
        "n_resamples": Dropdown(options=[10, 100, 1000, 10_000], value=1000, description=say("resamples")),
        "level": Dropdown(options=[0.5, 0.8, 0.9, 0.95, 0.99], value=0.95, description=say("level")),
        "draw": number(say("draw number"), 1, 1, 100, 1),
    }
    return explorer("explore_bootstrap", controls, respond)
