"""Questions to the answers of A2, with inputs that stand in no notebook."""

import numpy as np

from grading.score import Case, Question

THREE = np.array([[5, 1, 0], [2, 3, 1], [0, 2, 6]])
NEVER = np.array([[3, 0, 2], [1, 0, 1], [0, 0, 4]])  # class 1: never predicted
ABSENT = np.array([[3, 1, 0], [1, 2, 0], [0, 0, 0]])  # class 2: in neither
FOLDS = [([1, 0, 1, 1], [1, 1, 1, 0]), ([0, 1, 0], [0, 0, 1]), ([1], [1])]
EMPTY = [([0, 0], [0, 0]), ([0], [0])]
ILL = np.array([0, 1, 0, 1, 1, 0, 1, 1, 0, 0])
SCORES = np.array([0.1, 0.35, 0.3, 0.6, 0.95, 0.7, 0.8, 0.45, 0.5, 0.2])
TIED = np.array([0.5, 0.25, 0.75, 0.5, 0.75, 0.5, 0.5, 0.25, 0.75, 0.0])
USER = np.array([3, 1, 1, 2, 1, 2, 2, 3, 3, 1])
ALONE = np.array([0, 1, 1, 2, 1, 2, 2, 3, 4, 1])  # 0, 3 and 4: no pairs

QUESTIONS = [
    Question(
        "q1",
        "counts",
        [Case(2, "recall gives the first, precision the second")],
    ),
    Question(
        "q2",
        "f_beta_of_classes",
        [
            Case(
                2,
                "for several classes and betas, it is another value",
                [(THREE, 1.0), (THREE, 2.0), (THREE.T, 0.5)],
            ),
            Case(
                1,
                "a class that was never predicted has the value 0",
                [(NEVER, 1.0), (NEVER, 2.0)],
            ),
            Case(
                1,
                "where the fraction is 0/0, the value is 0",
                [(ABSENT, 1.0), (np.zeros((2, 2), dtype=int), 2.0)],
            ),
        ],
    ),
    Question(
        "q3",
        "pooled_f1",
        [
            Case(
                2,
                "add up the counts of all folds, and divide once",
                [(FOLDS,), (FOLDS[::-1],), (FOLDS[:1],), (FOLDS + EMPTY,)],
            ),
            Case(1, "0 if there is no positive in any fold", [(EMPTY,)]),
        ],
    ),
    Question(
        "q4",
        "threshold_for_recall",
        [
            Case(
                2,
                "the highest score that finds enough is another one",
                [(ILL, SCORES, share) for share in (0.1, 0.5, 0.61, 0.95)],
            ),
            Case(
                1,
                "those of the same score are alarmed together",
                [(ILL, TIED, share) for share in (0.1, 0.5, 0.7)],
            ),
            Case(
                1,
                "at least: a recall that is met exactly will do, 1 included",
                [(ILL, SCORES, 0.6), (ILL, SCORES, 1.0), (ILL, TIED, 1.0)],
            ),
        ],
    ),
    Question(
        "q5",
        "auc_within_groups",
        [
            Case(
                1.5,
                "pairs of the same group, one share of all of them",
                [(ILL, SCORES, USER), (1 - ILL, SCORES, USER)],
            ),
            Case(0.5, "a tie counts one half", [(ILL, TIED, USER)]),
            Case(
                1,
                "groups without a pair have no say",
                [(ILL, SCORES, ALONE), (1 - ILL, SCORES, ALONE)],
            ),
        ],
    ),
    Question(
        "q6",
        "wins_needed",
        [
            Case(
                2,
                "a result at least as uneven, in either direction: another k",
                [(n,) for n in (7, 8, 9, 12, 13, 20, 25, 40)],
            ),
            Case(
                1,
                "0 if even all wins do not suffice",
                [(n,) for n in (1, 2, 3, 4, 5)],
            ),
            Case(1, "it must hold for many disagreements", [(300,), (1000,)]),
        ],
    ),
]
