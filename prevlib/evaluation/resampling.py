"""The bootstrap: what the score would have been on other test sets like this one.

A resample draws n samples from the test set with replacement. The scores of many resamples spread as the
scores of new test sets would. If samples belong together, as passages of one speech do, whole groups
are drawn.

Where nearly all samples are right, resamples of them are right as well and hardly differ, although another
test set would. There ``draw_smoothed`` adds a little of what was not seen.

``Resamples`` holds one or more predictions for the same samples and scores them on the same draws, which is
what makes differences between models precise.

Used by ``uncertainty.py`` and ``comparison.py``. Sources: Efron & Tibshirani 1993; Rubin 1981 (weights);
Goutte & Gaussier 2005 (a prior on the cells).
"""

import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import UndefinedMetricWarning

from prevlib.arguments import check_count
from prevlib.evaluation.counts import Metric, from_counts, from_weights

FEW_GROUPS = 20  # with fewer, intervals of 95 % cover less: with 8 groups some did in 88 % of the test sets
PRIOR = 1.0  # samples or groups, half of them right, that are added near the boundary; 2 covered less often
UNDEFINED = 0.01  # the largest share of resamples on which a metric may be undefined
MANY_CELLS = 1000  # from which on cells are not drawn one by one
BLOCK = 2_000_000  # numbers drawn at a time, so that memory stays flat


def as_labels(what: str, values: ArrayLike) -> np.ndarray:
    """``values`` as an array with one entry per sample; ragged lists and NaN are refused."""
    try:
        values = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{what} must have entries of one shape; got lists of different lengths. For tags of sentences "
            "pass span_counts(y_true, y_pred) and the metric span_f1_of_counts."
        ) from error
    if values.ndim == 0:
        raise ValueError(f"{what} must have one entry per sample; got {values.item()!r}.")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{what} must hold no NaN; got {int(np.isnan(values).sum())}. Drop these samples.")
    return values


def check_same_kind(*columns: np.ndarray) -> None:
    """Raise TypeError if some columns hold names and others numbers: no name equals a number."""
    kinds = {"names" if column.dtype.kind in "USO" else "numbers" for column in columns}
    if len(kinds) > 1 and not any(column.dtype.kind == "O" for column in columns):
        raise TypeError(
            "`y_true` and the predictions must both be names or both be numbers; got "
            f"{', '.join(str(column.dtype) for column in columns)}. Translate one into the other."
        )


class Resamples:
    """Draws of a test set, and the metric of each prediction on each draw.

    Args:
        metric: ``metric(y_true, y_pred) -> float``.
        y_true: Shape (n_samples, ...).
        predictions: One or more, each with n_samples entries.
        groups: Group of each sample; whole groups are drawn. None: every sample by itself.
    Raises:
        TypeError: If names stand against numbers.
        ValueError: If the lengths differ, there are no samples, labels are NaN, or lists are ragged.
    """

    def __init__(
        self,
        metric: Metric,
        y_true: ArrayLike,
        predictions: Sequence[ArrayLike],
        groups: ArrayLike | None = None,
    ):
        self.metric, self.y_true = metric, as_labels("`y_true`", y_true)
        self.predictions = [as_labels("A prediction", prediction) for prediction in predictions]
        check_same_kind(self.y_true, *self.predictions)
        self.n = len(self.y_true)
        lengths = [len(p) for p in self.predictions] + ([] if groups is None else [len(groups)])
        if self.n == 0 or set(lengths) != {self.n}:
            raise ValueError(
                "`y_true`, the predictions and `groups` must have one entry a sample, and at least one; "
                f"got {self.n} and {lengths}."
            )
        self.groups = None if groups is None else np.unique(groups, return_inverse=True)[1]
        self.units = self.n if groups is None else int(self.groups.max()) + 1
        self._of_counts, self._of_weights = None, [None]
        if self.y_true.ndim == 1 and all(p.ndim == 1 for p in self.predictions):
            self._count_cells()
            self._of_weights = [from_weights(metric, self.y_true, p) for p in self.predictions]

    def _count_cells(self) -> None:
        """Numbers of samples that have the same true class and the same predictions."""
        columns = [self.y_true, *self.predictions]
        if any(column.dtype.kind not in "biuUSO" for column in columns):
            return
        classes, codes = np.unique(np.concatenate(columns), return_inverse=True)
        self._of_counts = from_counts(self.metric, classes)
        self.classes = classes
        cells, cell_of_sample = np.unique(codes.reshape(len(columns), -1), axis=1, return_inverse=True)
        self.cells = cells  # (1 + n_predictions, n_cells)
        shape = (1 if self.groups is None else self.units, cells.shape[1])
        self.cell_counts = np.zeros(shape, dtype=np.int64)  # of the whole, or of each group
        np.add.at(self.cell_counts, (0 if self.groups is None else self.groups, cell_of_sample), 1)

    def scores(self) -> np.ndarray:
        """The metric on the test set itself, shape (n_predictions,).

        Raises:
            ValueError: If it is not a number there, or 0/0 without a rule.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UndefinedMetricWarning)
                scores = np.array([float(self.metric(self.y_true, p)) for p in self.predictions])
        except UndefinedMetricWarning as warning:
            raise ValueError(
                f"`metric` must be defined on the test set itself; got: {warning} Use samples of every "
                "class, or state the value of 0/0, such as functools.partial(f1_score, zero_division=0)."
            ) from warning
        if not np.isfinite(scores).all():
            raise ValueError(
                f"`metric` must be a number on the test set itself; got {scores.tolist()}. "
                "Use samples of every class, or a metric that is defined without."
            )
        return scores

    def draw(self, n_resamples: int, seed: int) -> np.ndarray:
        """The metric on resamples, shape (n_resamples, n_predictions).

        Where it is undefined, as precision is if nothing was called positive,
        another resample takes its place.

        Raises:
            ValueError: If there are fewer than two samples or groups, or the metric is undefined on more than
                1 % of the resamples.
        """
        rng = self._begin(n_resamples, seed)
        if self._of_counts is not None:
            scores = self._draw_cells(n_resamples, rng)
        elif self._of_weights[0] is not None:
            scores = self._draw_weights(n_resamples, rng)
        else:
            scores = np.array([self._score_rows(rows) for rows in self._rows(n_resamples, rng)])
        return _replace_undefined(scores, UNDEFINED, rng)

    def draw_smoothed(self, n_resamples: int, seed: int, n_tables: int = 1) -> np.ndarray:
        """The metric on resamples with some of what was not seen, shape (n_resamples, n_predictions).

        Metrics of counts: draws from the posterior of the cells. Each class that occurs has an equal share
        of ``PRIOR`` samples in its prior, half of them right and half called one of the other classes.
        Other metrics: resamples, or draws of weights, to which on average ``PRIOR`` samples are added that
        have the true value of a sample and the predictions for another one, both with equal chances for each
        true value. If there are groups, what is added is as large as ``PRIOR`` groups of mean size.

        Args:
            n_resamples, seed: As for ``draw``.
            n_tables: In how many equal parts the predictions come that do not share what is added.
        """
        rng = self._begin(n_resamples, seed)
        if self._of_counts is not None:
            scores = self._draw_smoothed_cells(n_resamples, rng, n_tables)
        elif self._of_weights[0] is not None:
            scores = self._draw_smoothed_weights(n_resamples, rng)
        else:
            scores = np.array([self._score_smoothed_rows(rows, rng) for rows in self._rows(n_resamples, rng)])
        return _replace_undefined(scores, 0.5, rng)

    def _begin(self, n_resamples: int, seed: int) -> np.random.Generator:
        check_count("n_resamples", n_resamples)
        self._check_spread()
        if self.groups is not None and self.units < FEW_GROUPS:
            warnings.warn(
                f"`groups` should hold at least {FEW_GROUPS} groups; got {self.units}. An interval from so "
                "few is too narrow: collect texts of more groups.",
                stacklevel=5,
            )
        return np.random.default_rng(check_count("seed", seed, 0))

    def _check_spread(self) -> None:
        if self.units < 2:
            what = "samples" if self.groups is None else "groups"
            raise ValueError(
                f"There must be at least two {what}, since one has no spread; got {self.units}. "
                "Collect more, or give the score without an interval."
            )

    def blocks(self, n_resamples: int, numbers: int) -> Iterator[int]:
        """Sizes of the blocks in which resamples are made, if each holds so many numbers."""
        block = max(1, BLOCK // numbers)
        yield from (min(block, n_resamples - start) for start in range(0, n_resamples, block))

    def _draw_cells(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        n_groups, n_cells = self.cell_counts.shape
        cell_of_row = np.repeat(np.arange(n_cells), self.cell_counts[0])
        scores = []
        for size in self.blocks(n_resamples, max(n_groups, n_cells)):
            if self.groups is None and n_cells > MANY_CELLS:  # as good as one cell per sample
                cells = cell_of_row[rng.integers(self.n, size=(size, self.n))]
                cells += n_cells * np.arange(size)[:, None]
                drawn = np.bincount(cells.ravel(), minlength=size * n_cells).reshape(size, n_cells)
            elif self.groups is None:
                drawn = rng.multinomial(self.n, self.cell_counts[0] / self.n, size)
            else:
                drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size) @ self.cell_counts
            scores.append(self._score_cells(drawn))
        return np.concatenate(scores)

    def _draw_smoothed_cells(self, n_resamples: int, rng: np.random.Generator, n_tables: int) -> np.ndarray:
        n_groups, n_cells = self.cell_counts.shape
        n_classes = len(self.classes)
        scores = []
        for size in self.blocks(n_resamples, max(n_groups, n_cells, n_classes**2)):
            if self.groups is None:
                drawn = rng.standard_gamma(self.cell_counts[0], (size, n_cells))
            else:
                drawn = rng.standard_gamma(1.0, (size, n_groups)) @ self.cell_counts
            added = np.stack([self._unseen(size, rng) for _ in range(n_tables)])
            added = np.repeat(added, len(self.predictions) // n_tables, axis=0)
            added[..., :n_classes, :n_classes] += np.stack(list(self.matrices(drawn)))
            scores.append(self._of_counts(added).T)
        return np.concatenate(scores)

    def _unseen(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draws of what the prior adds, (size, n_classes, n_classes); one class alone gets a second one."""
        rows = np.unique(self.cells[0])
        n_classes = max(2, len(self.classes))
        right, wrong = rng.standard_gamma(PRIOR / 2 / len(rows), (2, size, len(rows))) * self.n / self.units
        called = (rows + rng.integers(1, n_classes, right.shape)) % n_classes
        added = np.zeros((size, n_classes, n_classes))
        added[:, rows, rows] = right
        added[np.arange(size)[:, None], rows, called] = wrong
        return added

    def _draw_weights(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        even = np.full(self.units, 1 / self.units)
        blocks = (rng.multinomial(self.units, even, size) for size in self.blocks(n_resamples, self.n))
        return np.concatenate([self._score_weights(drawn) for drawn in blocks])

    def _draw_smoothed_weights(self, n_resamples: int, rng: np.random.Generator) -> np.ndarray:
        """Random weights of the samples as they are, and small ones of those with the other of two labels."""
        classes, codes = np.unique(self.y_true, return_inverse=True)
        both = np.append(self.y_true, classes[1 - codes])
        of_weights = [from_weights(self.metric, both, np.append(p, p)) for p in self.predictions]
        scores = []
        for size in self.blocks(n_resamples, 2 * self.n):
            drawn = rng.standard_gamma(1.0, (size, self.units))
            weights = rng.standard_gamma(np.tile(PRIOR / 2 * self._evenly, 2), (size, 2 * self.n))
            weights *= self.n / self.units
            weights[:, : self.n] += drawn if self.groups is None else drawn[:, self.groups]
            scores.append(np.stack([score(weights) for score in of_weights], axis=-1))
        return np.concatenate(scores)

    def _score_weights(self, of_units: np.ndarray) -> np.ndarray:
        weights = of_units if self.groups is None else of_units[:, self.groups]
        return np.stack([of_weights(weights) for of_weights in self._of_weights], axis=-1)

    def _score_smoothed_rows(self, rows: np.ndarray, rng: np.random.Generator) -> list[float]:
        """The metric on a resample in which some rows have the prediction of another one."""
        added = int(rng.binomial(self.units, PRIOR / (self.units + PRIOR)) * self.n / self.units)
        true, called = rng.choice(self.n, (2, added), p=self._evenly)
        true, called = np.append(rows[added:], true), np.append(rows[added:], called)
        return [float(self.metric(self.y_true[true], p[called])) for p in self.predictions]

    @cached_property
    def _evenly(self) -> np.ndarray:
        """Chances of samples that give each true value the same chance, shape (n_samples,)."""
        _, values, sizes = np.unique(self.y_true, axis=0, return_inverse=True, return_counts=True)
        return 1 / (len(sizes) * sizes[values.ravel()])

    def leave_one_out(self) -> tuple[np.ndarray, np.ndarray]:
        """The metric without each sample (or group), and how often each value occurs; nan if undefined."""
        self._check_spread()
        if self._of_counts is not None and self.groups is None:
            counts = self.cell_counts[0]
            return self._score_cells(counts - np.eye(len(counts), dtype=np.int64)), counts
        if self._of_counts is not None:
            without = self.cell_counts.sum(0) - self.cell_counts
            return self._score_cells(without), np.ones(len(without))
        if self._of_weights[0] is not None:
            starts = np.cumsum([0, *self.blocks(self.units, self.n)])
            kept = (1 - np.eye(b - a, self.units, a) for a, b in pairwise(starts))
            return np.concatenate([self._score_weights(weights) for weights in kept]), np.ones(self.units)
        labels = np.arange(self.n) if self.groups is None else self.groups
        kept = [np.flatnonzero(labels != label) for label in range(self.units)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            return np.array([self._score_rows(rows) for rows in kept]), np.ones(len(kept))

    def score_matrices(self, matrices: np.ndarray) -> np.ndarray:
        """The metric of count matrices (..., n_classes, n_classes).

        Raises:
            ValueError: If it is undefined for one of them.
        """
        return _replace_undefined(self._of_counts(matrices)[:, None], 0.0)[:, 0]

    def matrices(self, cell_counts: np.ndarray) -> Iterator[np.ndarray]:
        """For each prediction, the confusion matrices of counts of cells (..., n_cells)."""
        n_classes, n_cells = len(self.classes), self.cells.shape[1]
        if n_cells > MANY_CELLS:  # products of floats are many times faster, and exact for such counts
            cell_counts = cell_counts.astype(np.float32 if cell_counts.dtype.kind == "i" else float)
        together = max(1, BLOCK // (n_cells * n_classes**2))  # predictions
        for start in range(1, len(self.cells), together):
            predicted = self.cells[start : start + together].T  # (n_cells, n_together)
            place = np.zeros((*predicted.shape, n_classes**2), dtype=cell_counts.dtype)
            np.put_along_axis(place, (self.cells[0][:, None] * n_classes + predicted)[..., None], 1, axis=-1)
            counts = cell_counts @ place.reshape(n_cells, -1)
            shape = (*cell_counts.shape[:-1], predicted.shape[1], n_classes, n_classes)
            yield from np.moveaxis(counts.reshape(shape), -3, 0)

    @property
    def counts_suffice(self) -> bool:
        """Whether the metric depends on the samples only through counts."""
        return self._of_counts is not None

    def _score_cells(self, cell_counts: np.ndarray) -> np.ndarray:
        return np.stack([self._of_counts(matrix) for matrix in self.matrices(cell_counts)], axis=-1)

    def _score_rows(self, rows: np.ndarray) -> list[float]:
        return [float(self.metric(self.y_true[rows], p[rows])) for p in self.predictions]

    def group_members(self) -> list[np.ndarray]:
        """The positions of the samples of each group."""
        return np.split(np.argsort(self.groups, kind="stable"), np.cumsum(np.bincount(self.groups))[:-1])

    def _rows(self, n_resamples: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        if self.groups is None:
            for _ in range(n_resamples):
                yield rng.integers(self.n, size=self.n)
            return
        members = self.group_members()
        for _ in range(n_resamples):
            yield np.concatenate([members[g] for g in rng.integers(len(members), size=len(members))])


def _replace_undefined(scores: np.ndarray, most: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Put others in the place of resamples on which the metric is undefined, if they are a small share."""
    undefined = ~np.isfinite(scores).all(axis=1)
    if undefined.mean() > most:
        raise ValueError(
            f"`metric` must be a number on {1 - most:.0%} of the resamples; got {undefined.sum()} of "
            f"{len(scores)} on which it is none. Some resamples lack a class: use more samples, or state the "
            "value of 0/0, such as functools.partial(f1_score, zero_division=0)."
        )
    if undefined.any():
        scores[undefined] = rng.choice(scores[~undefined], undefined.sum())
    return scores
