"""The table that one reads first: precision, recall, F1 and support of every class, and their averages."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from prevlib.metrics.classification.cells import count_cells
from prevlib.metrics.classification.confusion import four_counts
from prevlib.metrics.classification.precision_recall import divide_counts
from prevlib.metrics.classification.targets import check_targets

COLUMNS = ("precision", "recall", "f1-score", "support")


def classification_report(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    labels: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: float | str = "warn",
) -> str | dict:
    """Precision, recall, F1 and support by class; then accuracy (or micro), macro and weighted average.

    Args:
        y_true, y_pred: Labels, shape (n_samples,), or 0 and 1, shape (n_samples, n_labels).
        labels: Which classes, in which order; all that occur if None.
        target_names: What to call them.
        sample_weight: How much each sample counts.
        digits: Decimals in the text.
        output_dict: Return a dict of dicts, with full precision, instead of the text.
        zero_division: Value of 0/0, as for ``precision_recall_fscore_support``.
    Returns:
        A table as text, one row per class and average; or, with ``output_dict``, row -> column -> number, the
        accuracy as a single number.
    Raises:
        ValueError: If there are more or fewer names than classes.
    """
    targets = check_targets(y_true, y_pred, sample_weight)
    cells = None if targets.is_multilabel else count_cells(targets)
    present = np.arange(targets.y_true.shape[1]) if targets.is_multilabel else cells.labels
    chosen = present if labels is None else np.asarray(labels)
    if target_names is not None and len(target_names) != len(chosen):
        if labels is None:
            raise ValueError(
                f"Number of classes, {len(chosen)}, does not match size of target_names, "
                f"{len(target_names)}. Try specifying the labels parameter"
            )
        warnings.warn(
            f"labels size, {len(chosen)}, does not match size of target_names, {len(target_names)}",
            stacklevel=2,
        )
    names = [str(label) for label in chosen] if target_names is None else list(target_names)

    def scores_of(average: str | None) -> tuple:
        matrix = four_counts(targets, cells, chosen, samplewise=average == "samples")
        return divide_counts(
            matrix, average=average, sample_weight=targets.sample_weight, zero_division=zero_division
        )

    scores = scores_of(None)
    # Pairs, not a dict: two classes may share a name, and a class may be called "accuracy".
    rows = list(zip(names, zip(*scores, strict=True), strict=False))
    # With one label a sample and no class left out, micro precision, recall and F1 all are the accuracy.
    is_accuracy = not targets.is_multilabel and (labels is None or set(present) <= set(chosen))
    averages = ["micro", "macro", "weighted"] + (["samples"] if targets.is_multilabel else [])
    support = scores[-1].sum()
    for average in averages:
        mean = scores_of(average)
        name = "accuracy" if average == "micro" and is_accuracy else f"{average} avg"
        rows.append((name, (*mean[:3], support)))
    if output_dict:
        report = {name: dict(zip(COLUMNS, map(float, row), strict=True)) for name, row in rows}
        if is_accuracy:
            report["accuracy"] = report["accuracy"]["precision"]
        return report
    return _as_text(rows, len(averages), digits)


def _as_text(rows: list[tuple[str, tuple]], n_averages: int, digits: int) -> str:
    width = max(digits, *(len(name) for name, _ in rows))
    lines = [" " * width + " " + "".join(f" {name:>9}" for name in COLUMNS), ""]
    first_average = len(rows) - n_averages
    for i, (name, (*scores, support)) in enumerate(rows):
        if i == first_average:
            lines.append("")
        cells = [f"{score:>9.{digits}f}" for score in scores]
        if name == "accuracy" and i == first_average:
            cells[:2] = [" " * 9] * 2
        lines.append(f"{name:>{width}} " + "".join(f" {cell}" for cell in [*cells, f"{support:>9}"]))
    return "\n".join(lines) + "\n"
