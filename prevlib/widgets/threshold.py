"""Move the threshold of a classifier: counts, scores, curves and costs, for notebook 08."""

from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from prevlib.metrics import confusion_matrix, precision_recall_curve, roc_curve
from prevlib.plots import COLORS, plot_confusion_matrix
from prevlib.plots.style import INK, new_axes
from prevlib.texts import say
from prevlib.widgets.base import Explorer, explorer, number, picture
from prevlib.widgets.study import check_both_or_none, study_predictions


class Decision(NamedTuple):
    """What a threshold does to each class, and what its errors cost."""

    tn: int
    fp: int
    fn: int
    tp: int
    cost: float

    def scores(self) -> dict[str, float]:
        """Accuracy, precision, recall and F1; 0/0 is nan."""
        right, called, positives = self.tp + self.tn, self.tp + self.fp, self.tp + self.fn
        pairs = {
            "accuracy": (right, sum(self[:4])),
            "precision": (self.tp, called),
            "recall": (self.tp, positives),
            "F1": (2 * self.tp, called + positives),
        }
        return {name: over / under if under else np.nan for name, (over, under) in pairs.items()}


def decide(
    y_true: ArrayLike, y_score: ArrayLike, threshold: float, *, cost_fp: float = 1, cost_fn: float = 1
) -> Decision:
    """Call positive what scores ``threshold`` or more, and count.

    Args:
        y_true: 0 or 1, shape (n_samples,).
        y_score: Score of class 1, shape (n_samples,).
        threshold: On that score.
        cost_fp, cost_fn: Of calling a negative positive, and of missing a positive.
    Example:
        >>> decide([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], 0.5, cost_fn=10)
        Decision(tn=1, fp=1, fn=1, tp=1, cost=11)
    """
    y_pred = (np.asarray(y_score) >= threshold).astype(int)
    tn, fp, fn, tp = confusion_matrix(y_true, y_pred, labels=[0, 1]).ravel().tolist()
    return Decision(tn, fp, fn, tp, cost_fp * fp + cost_fn * fn)


def cheapest_threshold(
    y_true: ArrayLike, y_score: ArrayLike, *, cost_fp: float = 1, cost_fn: float = 1
) -> tuple[float, float]:
    """The threshold with the least cost on these samples, and that cost; inf calls nothing positive.

    Example:
        >>> cheapest_threshold([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.1], cost_fn=10)
        (0.3, 1.0)
    """
    fpr, tpr, thresholds = roc_curve(y_true, y_score, drop_intermediate=False)
    n_positive = np.sum(y_true)
    costs = cost_fp * fpr * (len(y_true) - n_positive) + cost_fn * (1 - tpr) * n_positive
    best = int(np.argmin(costs))
    return float(thresholds[best]), round(float(costs[best]), 6)


def plot_point_on_curve(
    x: np.ndarray,
    y: np.ndarray,
    point: tuple[float, float],
    *,
    labels: tuple[str, str],
    ax: Axes | None = None,
) -> Axes:
    """A curve of rates with one point of it marked; ``labels`` name the axes."""
    ax = new_axes(ax)
    ax.plot(x, y, color=COLORS[0])
    ax.plot(*point, "o", markersize=11, color=COLORS[5], markeredgecolor=INK)
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    ax.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return ax


def explore_threshold(y_true: ArrayLike | None = None, y_score: ArrayLike | None = None) -> Explorer:
    """Where to call a text positive, given what the errors cost.

    Args:
        y_true: 0 or 1, both of which occur; the test reviews if None.
        y_score: Score of class 1, with ``y_true``; those of the fine-tuned ``minilm`` if None.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If one is given without the other, or not both classes occur.
    """
    check_both_or_none(y_true=y_true, y_score=y_score)
    y_true, y_score = study_predictions() if y_true is None else (np.asarray(y_true), np.asarray(y_score))
    if set(np.unique(y_true)) != {0, 1}:
        raise ValueError(f"`y_true` must hold the classes 0 and 1; got {np.unique(y_true).tolist()}.")
    fpr, tpr, _ = roc_curve(y_true, y_score)
    precision, recall, _ = precision_recall_curve(y_true, y_score)
    low, high = min(0.0, float(y_score.min())), max(1.0, float(y_score.max()))

    def respond(threshold: float, cost_fp: float, cost_fn: float) -> tuple[Figure, str]:
        costs = {"cost_fp": cost_fp, "cost_fn": cost_fn}
        decision = decide(y_true, y_score, threshold, **costs)
        scores = decision.scores()
        matrix = np.array(decision[:4]).reshape(2, 2)
        on_roc = decision.fp / (decision.fp + decision.tn), scores["recall"]
        on_pr = scores["recall"], scores["precision"]
        on_axes = (say("false positive rate"), say("recall")), (say("recall"), say("precision"))
        title = say("From {threshold:.2f} on, cost {cost:,}", threshold=threshold, cost=decision.cost)

        def plot_counts(ax):
            plot_confusion_matrix(matrix, ["neg", "pos"], ax=ax)
            ax.set_title(title, fontsize=10)

        figure = picture(
            plot_counts,
            partial(plot_point_on_curve, fpr, tpr, on_roc, labels=on_axes[0]),
            partial(plot_point_on_curve, recall[:-1], precision[:-1], on_pr, labels=on_axes[1]),
            size=(8.4, 2.9),
        )
        return figure, _describe(title, decision, costs, cheapest_threshold(y_true, y_score, **costs))

    middle = 0.5 if (low, high) == (0, 1) else round((low + high) / 2, 2)
    controls = {
        "threshold": number(say("threshold"), middle, low, high, 0.01 if high - low <= 1 else 0.1),
        "cost_fp": number(say("false alarm costs"), 1, 1, 20, 1),
        "cost_fn": number(say("a miss costs"), 1, 1, 20, 1),
    }
    return explorer("explore_threshold", controls, respond)


def _describe(title: str, decision: Decision, costs: dict, cheapest: tuple[float, float]) -> str:
    (tn, fp, fn, tp), (where, least) = decision[:4], cheapest
    names = say("accuracy"), say("precision"), say("recall"), "F1"
    scores = [
        say("{name} undefined", name=name) if np.isnan(score) else say("{name} {x:.3f}", name=name, x=score)
        for name, score in zip(names, decision.scores().values(), strict=True)
    ]
    told = decision._asdict() | costs | {"title": title, "fpr": fp / (tn + fp)}
    told |= {"called": tp + fp, "positives": tp + fn, "negatives": tn + fp}
    best = f"{where:.3f}" if np.isfinite(where) else say("above every score")
    return say(
        "{title}: {called} texts are called positive. Of {positives} positives {tp} are found and {fn} "
        "missed; of {negatives} negatives {fp} are false alarms.\n"
        "Scores: {scores}; false positive rate {fpr:.3f}.\n"
        "The errors cost {fp} x {cost_fp} + {fn} x {cost_fn} = {cost:,}. On these samples the cheapest "
        "threshold is {best}, with {least:,.0f}.",
        **told | {"scores": ", ".join(scores), "best": best, "least": least},
    )
