"""Questions to the answers of A3, with inputs that stand in no notebook."""

import numpy as np
import torch

from grading.score import Case, Question

RNG = np.random.default_rng(3)


def states(*shape):
    return torch.tensor(RNG.normal(size=shape).round(2), dtype=torch.float32)


def points(*shape):
    return RNG.normal(size=shape).round(2)


def noisy(means, spread, n_seeds):
    """Accuracies of layers with the given means, over seeds."""
    steps = spread * np.linspace(-1, 1, n_seeds)
    return (np.array(means)[:, None] + steps).round(4)


WORDS = torch.tensor([-1, 0, 1, 1, 1, 2, 3, 3, -1, -1])
PLAIN = torch.tensor([0, 0, 1, 2, 2, 2, 3])
SPLIT = torch.tensor([1, 0, 2, 1, 0, -1])  # pieces need not be neighbours
TRAIN, NEW = points(12, 4), points(9, 4)
TWO, FOUR = np.arange(12) % 2, np.arange(12) % 4
LENGTHS = np.geomspace(0.02, 50, 12)[:, None]
FAR = NEW * LENGTHS[:9]
NAMES = [
    "bert.embeddings.word_embeddings.weight",
    "bert.embeddings.LayerNorm.weight",
    "bert.encoder.layer.0.attention.self.query.weight",
    "bert.encoder.layer.3.output.LayerNorm.bias",
    "bert.pooler.dense.weight",
    "classifier.bias",
]
DEEP = [f"bert.encoder.layer.{k}.intermediate.dense.bias" for k in range(24)]
BARE = [name.removeprefix("bert.") for name in NAMES]

QUESTIONS = [
    Question(
        "q1",
        "trainable",
        [Case(2, "the pooler and the head, with one bias for each output")],
    ),
    Question(
        "q2",
        "mean_of_words",
        [
            Case(
                2,
                "the mean of the pieces of each word is another vector",
                [(states(7, 3), PLAIN), (states(1, 2), torch.tensor([0]))],
            ),
            Case(
                1,
                "special tokens belong to no word, wherever they stand",
                [(states(10, 3), WORDS), (states(6, 2), SPLIT)],
            ),
        ],
    ),
    Question(
        "q3",
        "mix_layers",
        [
            Case(
                2,
                "weights are the softmax of the scores",
                [
                    (states(3, 4, 2), states(3)),
                    (states(7, 2, 5), 2 * states(7)),
                    (states(1, 2, 3), states(1)),
                ],
            ),
            Case(
                1,
                "scores may be as large as 1000",
                [
                    (states(3, 2, 2), torch.tensor([999.0, 1000.0, -1000.0])),
                    (states(2, 2, 2), torch.tensor([-1000.0, -1001.0])),
                ],
            ),
        ],
    ),
    Question(
        "q4",
        "earliest_good_layer",
        [
            Case(
                2,
                "one standard error below the best mean: another layer",
                [
                    (noisy([0.50, 0.70, 0.72, 0.74, 0.73], 0.05, 5),),
                    (noisy([0.50, 0.70, 0.72, 0.74, 0.73], 0.02, 5),),
                    (noisy([0.60, 0.66, 0.70, 0.71], 0.08, 9),),
                    (noisy([0.75, 0.60, 0.70], 0.03, 3),),
                ],
            ),
            Case(
                1,
                "without spread it is the earliest of the best",
                [
                    (noisy([0.5, 0.75, 0.75, 0.625], 0.0, 4),),
                    (noisy([0.5, 0.625, 0.75], 0.0, 2),),
                ],
            ),
        ],
    ),
    Question(
        "q5",
        "nearest_middle",
        [
            Case(
                2,
                "for two classes, some texts are nearer to the other middle",
                [(TRAIN, TWO, FAR), (TRAIN, 1 - TWO, FAR[:1])],
            ),
            Case(
                1,
                "how long the vectors of training are must not matter",
                [(TRAIN * LENGTHS, TWO, NEW)],
            ),
            Case(
                1,
                "any number of classes",
                [(TRAIN, FOUR, NEW), (TRAIN, FOUR % 3, NEW)],
            ),
        ],
    ),
    Question(
        "q6",
        "layer_rates",
        [
            Case(
                2,
                "for the six layers of minilm, some rates are others",
                [(NAMES, 6, 1.0, 0.9), (NAMES[::-1], 4, 0.5, 0.8)],
                tolerance=1e-6,
            ),
            Case(
                1.5,
                "layers with two digits count, too",
                [(DEEP[:12], 12, 1.0, 0.9), (DEEP, 24, 1.0, 0.95)],
                tolerance=1e-6,
            ),
            Case(
                1.5,
                "names may come without the part in front",
                [(BARE, 6, 1.0, 0.9), (BARE[::-1], 4, 0.5, 0.8)],
                tolerance=1e-6,
            ),
        ],
    ),
]
