"""Whatever is handed to a check, the answer is a verdict, and a line of text to show; never a traceback."""

import fractions
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from exercises_of_the_course import EXERCISES

from prevlib.exercises import Verdict


class Lies:
    """Raises whatever it is asked."""

    def __getattribute__(self, name):
        raise ValueError(name)

    def __eq__(self, other):
        raise KeyError("eq")

    __hash__ = None

    def __len__(self):
        return -1

    def __float__(self):
        return "no"

    def __iter__(self):
        raise RecursionError


class ClaimsToBeAList:
    __class__ = list


class Words(str):
    def __eq__(self, other):
        raise TypeError("eq")

    __hash__ = str.__hash__


def endless(*_, **__):
    return endless()


def generates(*_, **__):
    yield from range(3)


def raises(error):
    def answer(*_, **__):
        raise error

    return answer


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def itself():
    value = []
    value.append(value)
    return value


TENSORS = [
    torch.tensor(1, dtype=torch.bfloat16), torch.tensor([1 + 2j]), torch.zeros(0), torch.zeros(2, 0, 3),
    torch.tensor([True, False]), torch.full((2, 2), torch.nan), torch.ones(3, requires_grad=True),
    torch.eye(3).to_sparse(), torch.empty(2, device="meta"), torch.zeros(3, dtype=torch.uint8),
    torch.ones(1, 1, 1, 1),
]  # fmt: skip
ARRAYS = [
    np.array(None), np.array(["a"]), np.array([1, "a", None], dtype=object), np.zeros(0), np.float16(1),
    np.datetime64("NaT"), np.array([np.nan, np.inf]), np.ma.masked, np.zeros((2, 3, 4)), np.array([b"x"]),
    np.zeros(2, dtype=[("a", int)]), np.longdouble(2), np.array([2**63], dtype=np.uint64),
]  # fmt: skip
VALUES = [
    0, 1, -1, 10**400, -(10**400), 1e308, float("nan"), float("inf"), 2j, True, "", "1", "a" * 10_000, b"1",
    "\ud800", Words("a"), (), [], {}, set(), {1, 2}, {"a": 1}, [None], [[]], [[1], [1, 2]], (1, 2),
    ((1, 2), (3, 4)), ["a", "b"], [1, "a"], [float("nan")] * 3, range(3), slice(1), ..., NotImplemented, int,
    type, Exception("a"), fractions.Fraction(1, 3), pd.DataFrame({"a": [1]}), pd.Series([1, None]), pd.NA,
    nested(50), nested(5000), itself(), Lies(), ClaimsToBeAList(), [Lies()], (Lies(), Lies()), {"a": Lies()},
    iter([1]), object(), np,
    *TENSORS, *ARRAYS, [TENSORS[0]] * 2, [ARRAYS[0]] * 2,
]  # fmt: skip
ERRORS = [
    ValueError("`<b>`"), SystemExit(1), RecursionError(), StopIteration(3), MemoryError(), OSError(28, "-"),
    AssertionError(), Warning("w"), UnicodeDecodeError("utf-8", b"", 0, 1, "odd"), EOFError(),
]  # fmt: skip
FUNCTIONS = [endless, generates, raises, Lies, dict, list, len, sum, *map(raises, ERRORS)]
FUNCTIONS += [
    lambda *a, **k: a,
    lambda *a, **k: a[0],
    lambda a: a,
    lambda a, b: b,
    lambda: 1,
    lambda *a: input(),
]


def answers():
    """Each odd value, each as what a function returns, and functions that misbehave."""
    yield from VALUES
    yield from FUNCTIONS
    for value in VALUES:
        yield lambda *_, value=value, **__: value


def drawn(rng, depth=0):
    """Containers of odd things, in shapes that judges look into."""
    if depth == 3 or rng.random() < 0.4:
        return rng.choice(VALUES)
    kind = rng.choice([list, tuple, lambda items: dict(enumerate(items)), np.array])
    items = [drawn(rng, depth + 1) for _ in range(rng.choice([1, 2, 2, 3, 5]))]
    try:
        return kind(items)
    except Exception:  # NumPy cannot make an array of these
        return items


def judged(exercise, answer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the answer's own doing
        verdict = exercise.check(answer)
    assert type(verdict) is Verdict and verdict.status in ("correct", "not yet", "not attempted")
    assert isinstance(repr(verdict), str) and "<div" in verdict._repr_html_()
    return verdict


@pytest.mark.parametrize("name", EXERCISES)
def test_an_odd_answer_gets_a_verdict(name):
    verdicts = [judged(EXERCISES[name], answer) for answer in answers()]
    assert len(verdicts) > 150
    # A judge names what is odd itself; only what lies, or no array can hold, is left to the frame.
    assert sum("comparing your answer raised" in verdict.reason for verdict in verdicts) <= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", EXERCISES)
def test_an_answer_drawn_at_random_gets_a_verdict(name):
    rng = random.Random(name)
    for _ in range(150):
        value = drawn(rng)
        judged(EXERCISES[name], value)
        judged(EXERCISES[name], lambda *_, value=value, **__: value)
