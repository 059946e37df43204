"""Questions to the answers of A4, with inputs that stand in no notebook."""

import numpy as np

from grading.score import Case, Question

RNG = np.random.default_rng(4)
A, B = RNG.random(60) < 0.8, RNG.random(60) < 0.7
PLACES = ["york", "bath", "hull"]
NAMES = [PLACES[k] for k in RNG.integers(3, size=60)]
RARE = [*NAMES[:-2], "ely", "ely"]
WRONG_THERE = np.append(A[:-2], [False, False])
EVEN = np.array([True, False, True, False, False, True, True, True])
TWO = ["bath", "bath", "york", "york", "york", "york", "hull", "hull"]
OTHER = ["york", "york", "bath", "bath", "bath", "bath", "hull", "hull"]
SCORES = {"a": 0.7, "b": 0.8, "c": 0.85, "d": 0.82, "e": 0.81}
COSTS = {"a": 1.0, "b": 5.0, "c": 90.0, "d": 7.0, "e": 5.0}


def the_two_that_follow(_, found):
    [letters] = found
    return type(letters) is list and sorted(letters) == ["b", "d"]


QUESTIONS = [
    Question(
        "q1",
        "paired_interval",
        [
            Case(
                2,
                "the difference A minus B, or one of its ends, is another",
                [(A, B), (B, A), (A[:7], B[:7])],
            ),
            Case(
                1,
                "a model is no better than itself, and that is certain",
                [(A, A), (B[:5], B[:5])],
            ),
        ],
    ),
    Question(
        "q2",
        "decide",
        [
            Case(
                2,
                "for one of these intervals, it is another word",
                [
                    (0.02, 0.09, 0.05),
                    (-0.09, -0.02, 0.05),
                    (-0.04, 0.04, 0.05),
                    (-0.09, 0.01, 0.05),
                    (-0.09, 0.09, 0.05),
                    (0.06, 0.09, 0.05),
                ],
            ),
            Case(
                1,
                "certain but too small is equal; the margin itself is not",
                [
                    (0.01, 0.04, 0.05),
                    (-0.04, -0.01, 0.05),
                    (0.0, 0.05, 0.05),
                    (-0.05, 0.0, 0.05),
                    (0.0, 0.0, 0.05),
                ],
            ),
        ],
    ),
    Question(
        "q3",
        "worst_slice",
        [
            Case(
                1.5,
                "the slice with the lowest accuracy is another one",
                [(A, NAMES, 1), (B, NAMES, 5), (~A, NAMES, 1)],
            ),
            Case(
                1,
                "slices of fewer reviews are left out, others are not",
                [
                    (WRONG_THERE, RARE, 3),
                    (WRONG_THERE, RARE, 2),
                    (WRONG_THERE, RARE, 1),
                ],
            ),
            Case(
                0.5,
                "of equally bad ones, the one with more reviews",
                [(EVEN, TWO, 1), (EVEN, OTHER, 2)],
            ),
        ],
    ),
    Question(
        "q4",
        "cheapest_good_enough",
        [
            Case(
                2,
                "another one is good enough and costs least",
                [
                    (SCORES, COSTS, 0.035),
                    (SCORES, COSTS, 0.01),
                    (SCORES, COSTS, 0.5),
                    (COSTS, SCORES, 86.0),
                ],
            ),
            Case(
                1,
                "of those that cost the same, the one with the highest score",
                [(SCORES, COSTS, 0.06), (SCORES, dict.fromkeys("ecdab", 2), 1)],
            ),
        ],
    ),
    Question(
        "q5",
        "follows",
        [
            Case(
                2,
                "one that follows is missing, or one is there that does not",
                judge=the_two_that_follow,
            )
        ],
    ),
]
