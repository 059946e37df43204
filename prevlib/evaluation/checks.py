"""Checks that catch a broken evaluation: each takes a function or a result, and says what is wrong with it.

A wrong score looks like any other score. What gives it away is a property that it must have: padding has no
say in a loss, a text's vector does not depend on its neighbours, a score does not depend on the batch size,
a model that says nothing is right half of the time. Each check here is such a property, written down once,
so that it can be asked of anybody's code, and stand in anybody's tests::

    assert check_neighbours(my_model, texts)

Used in notebook 12, whose exhibits these checks catch. Left out: whether a score is *high*; checks of losses,
which need tensors (``loss_checks.py``).
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from prevlib.evaluation.comparison import compare_models
from prevlib.evaluation.counts import Metric
from prevlib.metrics import accuracy_score

IGNORED = -100


@dataclass(frozen=True)
class Check:
    """What a check found. True only if it passed; ``reason`` says what was seen."""

    passed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'FAILED'}: {self.reason}"


def check_batches(
    score: Callable[[int], ArrayLike], batch_sizes: Sequence[int] = (1, 2, 3, 7, 1000)
) -> Check:
    """The batch size is a matter of memory, not of results.

    Args:
        score: ``score(batch_size)``, a number or an array.
        batch_sizes: Which to try; the last is the reference.
    """
    *results, reference = (np.asarray(score(size), dtype=float) for size in batch_sizes)
    for size, result in zip(batch_sizes, results, strict=False):
        if result.shape != reference.shape or not np.allclose(result, reference, rtol=1e-4, atol=1e-5):
            values = (
                f"{_shown(result)} in batches of {size}, {_shown(reference)} in batches of {batch_sizes[-1]}"
            )
            return Check(False, values)
    return Check(True, f"the same result in batches of {', '.join(map(str, batch_sizes))}")


def check_neighbours(
    predict: Callable[[list[str]], ArrayLike], texts: Sequence[str], *, atol: float = 1e-4
) -> Check:
    """What is said of a text does not depend on the texts beside it, which decide how much it is padded.

    Args:
        predict: Texts -> one number or row of numbers a text.
        texts: Two or more, of different lengths.
        atol: Largest difference that rounding explains.
    """
    together = np.asarray(predict(list(texts)), dtype=float)
    alone = np.concatenate([np.asarray(predict([text]), dtype=float) for text in texts])
    gap = float(np.abs(together - alone).max())
    return Check(gap <= atol, f"alone and in company, results differ by up to {gap:.1e}")


def check_seeds(score: Callable[[int], float], seeds: Sequence[int] = range(5)) -> Check:
    """A property of a model and a text does not depend on dice.

    Args:
        score: ``score(seed)``.
        seeds: Which to try.
    """
    values = [float(score(seed)) for seed in seeds]
    same = np.allclose(values, values[0], rtol=1e-5)
    return Check(bool(same), f"over {len(values)} seeds from {min(values):.4g} to {max(values):.4g}")


def check_ties(accuracy: Callable[[np.ndarray, np.ndarray], float]) -> Check:
    """A model that says nothing gets 0.5, and exchanging the two sides turns the score around.

    Args:
        accuracy: ``accuracy(good, bad)``, share of pairs whose good one scores higher; the first number of an
            ``Interval`` is taken, too.
    """
    a, b = np.array([-3.0, -1.0, -2.0, -5.0]), np.array([-4.0, -1.0, -1.0, -9.0])

    def value(good, bad):
        return float(np.ravel(accuracy(good, bad))[0])

    silent, there, back = value(np.zeros(9), np.zeros(9)), value(a, b), value(b, a)
    if not np.isclose(silent, 0.5):
        return Check(False, f"equal scores for all pairs give {silent:.2f} instead of 0.50")
    turned = np.isclose(there + back, 1)
    return Check(bool(turned), f"{there:.2f} one way and {back:.2f} the other")


def check_spans(span_f1: Callable[[list, list], float]) -> Check:
    """An entity counts only as a whole: three of its four words are no entity.

    Args:
        span_f1: ``span_f1(y_true, y_pred)`` of sentences of IOB2 tags.
    """
    y_true = [["B-ORG", "I-ORG", "I-ORG", "I-ORG"]]
    short = span_f1(y_true, [["B-ORG", "I-ORG", "I-ORG", "O"]])
    whole = span_f1(y_true, y_true)
    reason = f"F1 is {whole:.2f} for a whole entity and {short:.2f} for three of its four words"
    return Check(bool(np.isclose(whole, 1) and np.isclose(short, 0)), reason)


def check_hidden(input_ids: ArrayLike, labels: ArrayLike, *, ignore_index: int = IGNORED) -> Check:
    """The tokens to predict are hidden from the model.

    With the rates 80/10/10 one in ten stays as it is; more than one in four is a leak.

    Args:
        input_ids, labels: Of a masked batch, same shape.
        ignore_index: Label of positions that are not predicted.
    """
    input_ids, labels = np.asarray(input_ids), np.asarray(labels)
    asked = labels != ignore_index
    if not asked.any():
        return Check(False, "no position is to be predicted")
    visible = float((input_ids == labels)[asked].mean())
    return Check(
        visible <= 0.25, f"{visible:.0%} of the {asked.sum():,} tokens to predict are in plain sight"
    )


def check_no_overlap(first: Sequence[str], second: Sequence[str]) -> Check:
    """No text, or group such as a speaker, stands on both sides of a split.

    Args:
        first, second: Texts or group names; case, space and punctuation do not count. What remains are
            letters, marks such as vowel signs, numbers and symbols such as emoji (Unicode's categories L, M,
            N and S); a text of punctuation only is compared as it is. Of a table pass a column.
    Raises:
        TypeError: If one is a single string or a table.
    """
    for name, texts in (("first", first), ("second", second)):
        if isinstance(texts, str) or hasattr(texts, "columns") or hasattr(texts, "column_names"):
            raise TypeError(
                f"`{name}` must be a sequence of texts; got a {type(texts).__name__}. "
                'Pass a list, or a column such as table["text"].'
            )

    def kept(text):
        letters = unicodedata.normalize("NFKC", str(text).casefold())
        return "".join(letter for letter in letters if unicodedata.category(letter)[0] in "LMNS") or letters

    seen = {kept(text) for text in first}
    shared = [text for text in second if kept(text) in seen]
    if not shared:
        return Check(True, f"none of {len(second):,} is among the other {len(first):,}")
    return Check(
        False, f"{len(shared):,} of {len(second):,} are on both sides, such as {str(shared[0])[:60]!r}"
    )


def check_ranking(
    y_true: ArrayLike,
    predictions: Mapping[str, ArrayLike],
    metric: Metric = accuracy_score,
    *,
    groups: ArrayLike | None = None,
) -> Check:
    """The test set is large enough for the ranking of these models.

    Args:
        y_true, predictions, metric, groups: As for ``compare_models``.
    """
    pairs = compare_models(metric, y_true, predictions, groups=groups).differences
    open_pairs = pairs[pairs["low"] <= 0]
    if open_pairs.empty:
        return Check(True, f"all {len(pairs)} pairs are decided")
    a, b = open_pairs.iloc[0][["model_a", "model_b"]]
    return Check(False, f"{a} against {b} is undecided on {len(np.asarray(y_true)):,} samples")


def _shown(values: np.ndarray) -> str:
    return f"{values:.4f}" if values.ndim == 0 else f"{values.ravel()[:3].round(4).tolist()}..."
