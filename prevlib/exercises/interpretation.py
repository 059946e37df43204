"""Exercises on looking inside a model, for notebook 18."""

import numpy as np

from prevlib.exercises.base import array, call, exercise, require

FIRST, SECOND = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
TEXTS, LABELS = [f"text {i % 1000}" for i in range(2000)], [0, 0, 0, 1] * 500


@exercise(
    minutes=5,
    value=True,
    hints=[
        "First A = (W + I) / 2 for each layer: half of what a token gets is itself.",
        "The token of the top asks the second layer first: A2 stands on the left of A1.",
    ],
)
def rollout_by_hand():
    """Rollout of two layers: both tokens look at the first one in layer 1, both at the second in layer 2."""
    a_1, a_2 = (FIRST + np.eye(2)) / 2, (SECOND + np.eye(2)) / 2
    return a_2 @ a_1


@rollout_by_hand.judge
def _(answer):
    rollout = array(answer, (2, 2))
    require(
        np.allclose(rollout.sum(axis=1), 1), "each row says where a token comes from: its shares sum to 1"
    )
    require(not np.allclose(rollout, SECOND @ FIRST), "half of each token stays: add I, and halve")
    turned = np.allclose(rollout, [[0.5, 0.5], [0.25, 0.75]])
    require(not turned, "the order matters: from the top down, the second layer comes first")
    mean = np.allclose(rollout, (FIRST + SECOND) / 4 + np.eye(2) / 2)
    require(not mean, "layers follow each other: their product is asked for, not their mean")
    require(np.allclose(rollout, [[0.75, 0.25], [0.5, 0.5]]), "rows of A2 times columns of A1: add up again")


@exercise(
    minutes=10,
    hints=[
        "`np.random.default_rng(seed).choice(labels, size=...)` draws with the frequencies of `labels`.",
        "How many draws are needed, if equal texts share one? Keep them in a dictionary: text -> label.",
    ],
)
def control_labels(texts, labels, seed):
    """Random labels for a control: one draw out of ``labels`` for each distinct text."""
    names = sorted(set(texts))
    drawn = np.random.default_rng(seed).choice(labels, size=len(names))
    label_of = dict(zip(names, drawn, strict=True))
    return [label_of[text] for text in texts]


@control_labels.judge
def _(answer):
    def labels(seed):
        return array(call(answer, TEXTS, LABELS, seed), (len(TEXTS),))

    drawn = labels(0)
    require(set(drawn.tolist()) <= {0, 1}, "a random label is one of `labels`")
    require((drawn[:1000] == drawn[1000:]).all(), "equal texts must have equal labels")
    require((drawn == labels(0)).all(), "the same seed must draw the same labels")
    require(len(set(drawn.tolist())) == 2, "each distinct text has a draw of its own")
    require(np.mean(drawn == LABELS) < 0.8, "the labels are drawn at random, not taken from the texts")
    require(
        abs(drawn.mean() - 0.25) < 0.06, "a random label is as frequent as in `labels`: keep the frequencies"
    )
    require((drawn != labels(1)).any(), "another seed must draw other labels")


@exercise(
    minutes=10,
    hints=[
        "Delete one place at a time: `tokens[:i] + tokens[i + 1 :]`.",
        "What a token contributes is the score of all tokens minus the score without it.",
    ],
)
def leave_one_out(score, tokens):
    """What each token contributes: the score of all tokens minus the score without that one."""
    return [score(tokens) - score(tokens[:i] + tokens[i + 1 :]) for i in range(len(tokens))]


@leave_one_out.judge
def _(answer):
    def contributions(score, *tokens):
        return array(call(answer, score, list(tokens)), (len(tokens),)).tolist()

    def count(tokens):
        return 2.0 * tokens.count("good")

    parts = contributions(count, "good", "good", "a")
    require(parts != [4, 4, 0], "delete one place at a time: an equal token elsewhere stays")
    require(parts != [-2, -2, 0], "a token that raises the score has a positive number")
    require(parts != [2, 2, 4], "that is the score without each token: the difference is asked for")
    double = contributions(lambda tokens: 2 * count(tokens), "good", "good", "a")
    require(double == [2 * value for value in parts], "twice the score is twice the contribution")
    require(contributions(len, "a", "b") == [1, 1], "delete the token: what is left is shorter")
    both = contributions(lambda tokens: float({"not", "good"} <= set(tokens)), "not", "good")
    require(both == [1, 1], "each token is compared with the text without it, not with itself alone")
    raised = contributions(lambda tokens: count(tokens) + 1, "good", "good", "a")
    require(raised == parts, "the same added to all scores changes no difference")
    require(parts == [2, 2, 0], "for two good tokens and an idle one, a number is another")
    order = contributions(lambda tokens: float("not good" in " ".join(tokens)), "not", "so", "good")
    require(order == [0, -1, 0], "the tokens that are left keep their order")
