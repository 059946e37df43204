"""Exercises on choosing a model, for notebook 20."""

import numpy as np

from prevlib.exercises.base import array, call, close, exercise, number, require

SCORES, COSTS = np.array([0.80, 0.90, 0.70, 0.90, 0.75, 0.80]), np.array([10, 50, 20, 40, 5, 10])
PERFORMANCE, COST = np.array([0.80, 0.84, 0.70]), np.array([2e7, 2e8, 5e6])
BERT_BASE = 109_482_240


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Section 1 has all the parts. Which of its numbers are others for `bert-base`?",
        "Tables and one LayerNorm, 12 times attention, feed-forward and two LayerNorms, and the pooler.",
    ],
)
def parameters_of_bert_base():
    """Parameters of `bert-base`: 30,522 words, 768 hidden units, 12 layers, 3,072 units between, a pooler."""
    words, hidden, layers, between = 30_522, 768, 12, 3072
    tables = (words + 512 + 2) * hidden + 2 * hidden  # with their LayerNorm
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = hidden * between + between + between * hidden + hidden
    pooler = hidden * hidden + hidden
    return tables + layers * (attention + feed_forward + 2 * 2 * hidden) + pooler


@parameters_of_bert_base.judge
def _(answer):
    n = number(answer)
    require(n > 1e5, "every parameter counts: the number itself, not in millions")
    require(n != 22_713_216, "that is `minilm`: here vectors have 768 numbers")
    missing = BERT_BASE - n
    require(missing != 768 * 768 + 768, "the pooler has parameters, too")
    require(n > 7_087_872, "that is one layer at most, and there are 12 layers and the tables")
    require(missing < 2e7, "the tables of words, positions and segments, or some layers, are missing")
    norms = missing > 0 and missing % (2 * 768) == 0 and missing <= 25 * 2 * 768
    require(
        not norms, "a LayerNorm has a scale and a shift; there are two a layer, and one behind the tables"
    )
    require(not 0 < missing < 1e5, "near: count the biases, one for each number that comes out of a matrix")
    require(missing == 0, "count again: tables, 12 layers, pooler")


@exercise(
    minutes=10,
    hints=[
        "Where both overall scores are equal, the gain in performance is what the extra cost takes away.",
        "How many factors of ten lie between the costs? The gain divided by that is the rate.",
    ],
)
def equal_rate(scores, costs):
    """Points for each factor of ten at which two models, one better and one cheaper, are equally good."""
    return (scores[0] - scores[1]) / np.log10(costs[0] / costs[1])


@equal_rate.judge
def _(answer):
    def rate(scores, costs):
        return number(call(answer, np.array(scores), np.array(costs)))

    value, thousand = rate([0.75, 0.5], [20, 2]), rate([0.75, 0.5], [20_000, 2000])
    require(close(value, thousand), "the unit of the costs must not matter, milliseconds or microseconds")
    require(
        close(rate([1.0, 0.5], [20, 2]), 2 * value),
        "twice the gain at the same costs is worth twice the price",
    )
    more = rate([0.75, 0.5], [200, 2])
    require(not close(more, value), "over more factors of ten, the gain pays for less in each")
    require(
        close(rate([0.5, 0.75], [2, 20]), value), "if the models are exchanged, the rate must stay as it is"
    )
    require(value > 0, "a better model that costs more has a price above 0")
    require(close(value, 0.25), "the rate is for each factor of ten: which logarithm counts these?")
    require(close(more, 0.125), "two factors of ten share the gain between them")


@exercise(
    minutes=15,
    hints=[
        "A model beats another if it is at least as good, costs no more, and is better in one of the two.",
        "For each model: `(scores >= score) & (costs <= cost) & ((scores > score) | (costs < cost))`.",
        "It is on the front if `np.any` of that is False.",
    ],
)
def pareto_front(scores, costs):
    """True for each model that no other beats in score (higher is better) and cost (lower is better)."""
    beaten = [
        np.any((scores >= score) & (costs <= cost) & ((scores > score) | (costs < cost)))
        for score, cost in zip(scores, costs, strict=True)
    ]
    return ~np.array(beaten)


@pareto_front.judge
def _(answer):
    def front(scores, costs):
        value = call(answer, np.array(scores), np.array(costs))
        value = array(value)
        marks = value.shape == (len(scores),) and set(value.tolist()) <= {0, 1}
        require(marks, "True or False is asked for, for each model")
        return value.astype(bool).tolist()

    require(front([0.7], [3]) == [True], "a model does not beat itself")
    line = front([0.7, 0.8, 0.9], [1, 2, 3])
    require(line != [False] * 3, "a model that is better in one and worse in the other does not beat it")
    require(line[0], "the cheapest model is beaten by none, however low its score")
    require(line == [True] * 3, "if more is paid for more each time, all are on the front")
    require(front([0.7, 0.8], [3, 2]) == [False, True], "a model that is worse and more expensive is beaten")
    require(front([0.8, 0.8], [3, 2]) == [False, True], "a model that is as good and cheaper beats the other")
    require(front([0.7, 0.8], [2, 2]) == [False, True], "a better one at the same cost beats the other")
    require(front([0.8, 0.8], [2, 2]) == [True, True], "of two that are equal in both, none beats the other")
    marks = [True, False, False, True, True, True]
    require(front(SCORES, COSTS) == marks, "of six models, the mark of one is another")
    require(front(SCORES, 1000 * COSTS) == marks, "the unit of the costs does not matter")


@exercise(
    minutes=10,
    hints=[
        "How many factors of ten is each model more expensive than the cheapest? `np.log10` of the ratio.",
        "`cost / cost.min()` is 1 for the cheapest, whose logarithm is 0: it pays nothing.",
    ],
)
def overall_scores(performance, cost, weight):
    """Performance minus ``weight`` for each factor of ten by which a model costs more than the cheapest."""
    return performance - weight * np.log10(cost / cost.min())


@overall_scores.judge
def _(answer):
    def overall(performance, cost, weight=0.03):
        return array(call(answer, performance, cost, weight), performance.shape)

    value = overall(PERFORMANCE, COST)
    require(np.allclose(value, overall(PERFORMANCE, COST / 1e6)), "the unit of the cost must not matter")
    require(close(value[2], 0.7), "the cheapest model pays nothing: its performance stays")
    require((value[:2] < PERFORMANCE[:2]).all(), "a model that costs more has points off")
    lost = PERFORMANCE - value
    more = overall(np.append(PERFORMANCE, 0.5), np.append(COST, 9e9))[:3]
    require(
        np.allclose(value, more), "a model that is added, and is not the cheapest, changes no other score"
    )
    require(close(lost[1] - lost[0], 0.03), "each factor of ten costs `weight`")
    require(
        close(overall(PERFORMANCE, COST, 0.3)[1] - 0.84, -10 * lost[1]),
        "ten times the weight, ten times the loss",
    )
    require(np.allclose(overall(PERFORMANCE, COST, 0), PERFORMANCE), "without a weight, performance is all")
