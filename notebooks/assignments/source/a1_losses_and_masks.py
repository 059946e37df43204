"""Questions to the answers of A1, with inputs that stand in no notebook."""

import numpy as np
import torch

from grading.score import Case, Question

IGNORED = -100


def logits(*shape, seed=0, scale=1.0):
    draws = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (draws * scale * 100).round() / 100  # short in JSON


SOME = torch.tensor([2, 0, 1, 1, 3])
HALF = torch.tensor([2, IGNORED, 1, IGNORED, 0])
ALLOWED = logits(5, 6, seed=7) > 0
ALLOWED[:, 4] = True
HIDDEN = torch.tensor(
    [[1, IGNORED, 0, 5], [IGNORED, 2, IGNORED, IGNORED]],
)
NOTHING = torch.full((1, 4), IGNORED)
TEXT = torch.tensor([2, 21, 22, 23, 3, 31, 32, 33, 34, 3])
SPECIAL = TEXT < 4
ROWS = torch.zeros(4, 30, dtype=torch.bool)
ROWS[:, 0] = ROWS[0, 17:] = ROWS[1, 9:] = ROWS[2, 6:] = True
SHORT = torch.ones(3, 8, dtype=torch.bool)
SHORT[0, 1] = SHORT[1, 2:4] = SHORT[2, 5:8] = False
MANY = torch.zeros(3_000, 6, dtype=torch.bool)
MANY[:, 0] = True


def generator(seed):
    return torch.Generator().manual_seed(seed)


def sizes_are_exact(inputs, found):
    for (special, rate, _), rows in zip(inputs, found, strict=True):
        chosen, special = np.array(rows), special.numpy()
        if chosen.dtype != bool or chosen.shape != special.shape:
            return False
        wanted = np.maximum(1, np.floor(rate * (~special).sum(axis=1)))
        if chosen[special].any() or (chosen.sum(axis=1) != wanted).any():
            return False
    return True


def sets_are_equally_likely(inputs, found):
    """2 of 5 tokens in 3,000 rows: ten sets, each about 300 times."""
    if not sizes_are_exact(inputs, found):
        return False
    first, second, again = (np.array(rows) for rows in found)
    _, counts = np.unique(first, axis=0, return_counts=True)
    even = len(counts) == 10 and counts.min() > 220 and counts.max() < 380
    same = (first == again).all() and (first != second).any()
    return bool(even and same)


QUESTIONS = [
    Question(
        "q1",
        "equal_choices",
        [Case(2, "three losses, one mean: add up the logarithms", None)],
    ),
    Question(
        "q2",
        "focal_loss",
        [
            Case(
                2,
                "on plain logits, the mean of the examples is another number",
                [
                    (logits(5, 4, seed=1), SOME, 2.0),
                    (logits(5, 4, seed=2), SOME, 0.5),
                    (logits(1, 3, seed=3), torch.tensor([0]), 1.0),
                ],
            ),
            Case(
                1,
                "labels of -100 count neither in the sum nor in the number",
                [(logits(5, 4, seed=1), HALF, 2.0)],
            ),
            Case(
                1,
                "logits 1000 times as large must work",
                [
                    (logits(5, 4, seed=4, scale=1000), SOME, 2.0),
                    (torch.tensor([[1000.0, -1000.0]]), torch.tensor([1]), 1.0),
                ],
            ),
        ],
    ),
    Question(
        "q3",
        "loss_of_any",
        [
            Case(
                2,
                "on plain logits, the mean over the rows is another number",
                [
                    (logits(5, 6, seed=5), ALLOWED),
                    (logits(3, 6, seed=6), torch.eye(6, dtype=torch.bool)[:3]),
                ],
            ),
            Case(
                2,
                "logits 1000 times as large must work: no sum of probabilities "
                "that were rounded to 0",
                [
                    (logits(5, 6, seed=5, scale=1000), ALLOWED),
                    (
                        torch.tensor([[0.0, -1000.0, -1000.0]]),
                        torch.tensor([[False, True, True]]),
                    ),
                ],
            ),
        ],
    ),
    Question(
        "q4",
        "text_totals",
        [
            Case(
                2,
                "totals or numbers of hidden tokens are others",
                [
                    (logits(2, 4, 6, seed=8), HIDDEN),
                    (logits(1, 4, 6, seed=9), HIDDEN[:1]),
                ],
            ),
            Case(
                1,
                "a text without hidden tokens has 0 and 0, and spoils no other",
                [
                    (logits(3, 4, 6, seed=8), torch.cat([NOTHING, HIDDEN])),
                    (logits(1, 4, 6, seed=9), NOTHING),
                ],
            ),
        ],
    ),
    Question(
        "q5",
        "hide_spans",
        [
            Case(
                1.5,
                "what is read, or its labels, are others for plain spans",
                [
                    (TEXT, SPECIAL, [1], 3, 4),
                    (TEXT, SPECIAL, [2, 6], 2, 9),
                    (TEXT, SPECIAL, [], 2, 4),
                ],
            ),
            Case(
                1,
                "special tokens are not hidden, and keep their place in a span",
                [(TEXT, SPECIAL, [3], 3, 4), (TEXT, SPECIAL, [0, 4], 2, 4)],
            ),
            Case(
                0.5,
                "spans may overlap, and end with the text",
                [
                    (TEXT[:9], SPECIAL[:9], [5, 6], 3, 4),
                    (TEXT[:9], SPECIAL[:9], [7], 5, 4),
                ],
            ),
        ],
    ),
    Question(
        "q6",
        "choose_exactly",
        [
            Case(
                2,
                "True or False for each token, an exact number of True in each "
                "row, and none at special tokens",
                [(ROWS, 0.25, generator(1)), (ROWS, 0.5, generator(2))],
                judge=sizes_are_exact,
            ),
            Case(
                1,
                "in a short row at least one is chosen",
                [(SHORT, 0.125, generator(3))],
                judge=sizes_are_exact,
            ),
            Case(
                1,
                "all sets are equally likely, and the generator alone decides",
                [
                    (MANY, 0.4, generator(4)),
                    (MANY, 0.4, generator(5)),
                    (MANY, 0.4, generator(4)),
                ],
                judge=sets_are_equally_likely,
            ),
        ],
    ),
]
