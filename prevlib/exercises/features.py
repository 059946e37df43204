"""Exercises on what a BERT returns, for notebook 00, and on features made of it, for notebook 06."""

import numpy as np
import torch

from prevlib.evaluation import wilson_interval
from prevlib.exercises.base import array, call, close, exercise, number, require

SIX_TEXTS = np.array([[1, 0], [-1, 0], [0, -1], [3, 0.3], [20, 20], [0.5, 0.8]], dtype=np.float32)
STATES = torch.tensor([[[1.0, -4], [3, -2], [8, 8], [8, 8]], [[2, -6], [6, -1], [4, -2], [8, 9]]])
MASK = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]])
VALIDATION, TEST = np.array([0.6, 0.75, 0.7, 0.5]), np.array([0.8, 0.68, 0.72, 0.55])


@exercise(
    minutes=5,
    value=True,
    hints=[
        "How many tokens does the tokenizer make of the ten words, before it adds any?",
        "`[CLS]` and `[SEP]` are read like all others, and the text stands in a batch of one.",
    ],
)
def shapes_of_a_text():
    """Shapes of `last_hidden_state` and `pooler_output` for ten words, one of them cut into four pieces."""
    n_tokens = 9 + 4 + 2  # with [CLS] and [SEP]
    return (1, n_tokens, 384), (1, 384)


@shapes_of_a_text.judge
def _(answer):
    pair = isinstance(answer, tuple | list) and len(answer) == 2
    require(pair, "two shapes are asked for, such as ((2, 5, 100), (2, 100))")
    tokens, text = (array(shape).tolist() for shape in answer)
    require(
        isinstance(tokens, list) and len(tokens) == 3,
        "the first has an axis for the texts of the batch, one for tokens, one for numbers",
    )
    require(isinstance(text, list) and len(text) == 2, "`pooler_output` has one vector for the whole text")
    require(tokens[0] == text[0] == 1, "the batch holds one text")
    require(tokens[2] == text[1] == 384, "how many numbers a vector of `minilm` has stands in section 2")
    require(tokens[1] not in (10, 12), "a word that is cut is several tokens")
    require(tokens[1] not in (13, 14), "two special tokens are added")
    require(tokens[1] == 15, "count again: tokens of the nine words, of the tenth, special ones")


@exercise(
    minutes=10,
    hints=[
        "`cosines(torch.from_numpy(features))` has all cosines. Which row of it belongs to the first text?",
        "The first text is in that row, too. Leave it out, and mind how this moves the counting.",
    ],
)
def closest_to_first(features):
    """Row of the text, other than the first, whose vector has the largest cosine with the first one's."""
    vectors = torch.from_numpy(features)
    return 1 + int(torch.cosine_similarity(vectors[1:], vectors[:1]).argmax())  # the others begin in row 1


@closest_to_first.judge
def _(answer):
    row = number(call(answer, SIX_TEXTS))
    require(row != 0, "the first text is closest to itself: which of the others?")
    require(row != 1, "an opposite direction has a cosine of -1: that is far")
    require(row != 2, "rows are counted from the first text, which is row 0")
    require(row != 4, "a long vector has a large product with any other: only directions count")
    require(row != 5, "closeness is a matter of direction, not of distance")
    require(row == 3, "that text is not the closest one")
    lengths = np.array([[7], [1], [1], [0.1], [2], [30]], dtype=np.float32)
    require(close(call(answer, SIX_TEXTS * lengths), 3), "making vectors longer changes no direction")
    turned = SIX_TEXTS[[0, 5, 4, 3, 2, 1]] @ np.array([[0, 1], [-1, 0]], dtype=np.float32)
    require(close(call(answer, turned[[0, 1, 2, 4, 5, 3]]), 5), "the closest text may stand in any row")
    far = SIX_TEXTS[:2] - np.float32([0, 0.5])
    require(close(call(answer, far), 1), "with one other text, that one is closest, however far it is")


def _pooled(answer):
    """What the answer makes of the two texts, if it does not read their padding."""
    pooled = array(call(answer, STATES, MASK), (2, 2))
    other = STATES.clone()
    other[MASK == 0] = 70
    require(np.allclose(array(call(answer, other, MASK)), pooled), "the states of padding must not count")
    return pooled


@exercise(
    minutes=10,
    hints=[
        "Make the states of padding 0: then they add nothing to a sum over the tokens.",
        "The mask has shape (texts, tokens). To multiply with the states it needs a third axis, of length 1.",
        "Divide once, by the number of real tokens of each text, with shape (texts, 1).",
    ],
)
def mean_of_tokens(states, mask):
    """Mean over the real tokens: (texts, tokens, numbers) and a mask (texts, tokens) to (texts, numbers)."""
    is_real = mask.unsqueeze(-1)  # (texts, tokens, 1)
    return (states * is_real).sum(dim=1) / is_real.sum(dim=1)


@mean_of_tokens.judge
def _(answer):
    value = _pooled(answer)
    require(not np.allclose(value, [[1, -1.5], [3, -9 / 4]]), "divide by how many tokens are real")
    require(not np.allclose(value[0], [4 / 5, -6 / 5]), "each text has its own number of real tokens")
    other = STATES.clone()
    other[:, 1] += 6
    require(not np.allclose(array(call(answer, other, MASK)), value), "every real token has a say")
    require(np.allclose(value, [[2, -3], [4, -3]]), "of one of the two texts, the mean is another")
    alone = array(call(answer, STATES[:1, :2], MASK[:1, :2]), (1, 2))
    require(np.allclose(alone, value[:1]), "a text has the same mean in any batch")
    left = array(call(answer, STATES.flip(1), MASK.flip(1)), (2, 2))
    require(np.allclose(left, value), "padding may stand on the left, too")


@exercise(
    minutes=10,
    hints=[
        "What does 0 in place of a padding state do to a maximum of negative numbers?",
        "Fill padding with what no number is below: `-torch.inf`.",
    ],
)
def max_of_tokens(states, mask):
    """Largest value of each number over the real tokens; shapes as in `mean_of_tokens`."""
    return states.masked_fill(mask.unsqueeze(-1) == 0, -torch.inf).amax(dim=1)


@max_of_tokens.judge
def _(answer):
    value = _pooled(answer)
    require(not np.allclose(value[:, 1], 0), "if all real numbers are negative, so is the largest")
    require(not np.allclose(value, 1), "the largest value is asked for, not its place")
    require(not np.allclose(value[1], [2, -6]), "each number has its largest value by itself")
    require(np.allclose(value, [[3, -2], [6, -1]]), "of one of the two texts, the maximum is another")
    low = array(call(answer, STATES - 1000, MASK), (2, 2))
    require(np.allclose(low, value - 1000), "padding must not count however low the real numbers are")
    left = array(call(answer, STATES.flip(1), MASK.flip(1)), (2, 2))
    require(np.allclose(left, value), "padding may stand on the left, too")


@exercise(
    minutes=5,
    hints=[
        "Which of the two lists may have a say in the choice?",
        "`argmax` of the one is the layer; the score to report is that layer's in the other.",
    ],
)
def score_to_report(validation, test):
    """Accuracy to report, given that of each layer on two splits; of equally good layers, the earlier."""
    return test[np.argmax(validation)]


@score_to_report.judge
def _(answer):
    value = call(answer, VALIDATION, TEST)
    require(not close(value, 0.8), "a layer that is chosen on the test split has a score that is too good")
    require(not close(value, 0.75), "the best of many on validation is also the luckiest")
    require(not close(value, 1), "an accuracy is asked for, not the layer")
    require(close(value, 0.68), "take the layer that is best on validation")
    order = [3, 1, 0, 2]
    again = call(answer, VALIDATION[order], TEST[order])
    require(close(again, number(value)), "the best layer may stand in any place")
    equal = call(answer, np.array([0.5, 0.7, 0.7, 0.6]), np.array([0.5, 0.6, 0.8, 0.9]))
    require(close(equal, 0.6), "of two equally good layers the earlier is taken, whatever the test says")


@exercise(
    minutes=5,
    value=True,
    hints=[
        "How far did the intervals of 853 reviews reach? And how much wider are those of 50?",
        "Ask `wilson_interval`: it takes the number of right answers and the number of reviews.",
    ],
)
def lower_bound():
    """Lower end of the 95 % interval of an accuracy of 0.80 on 50 reviews; 0.02 more or less will do."""
    return wilson_interval(40, 50).low


@lower_bound.judge
def _(answer):
    guess = number(answer)
    require(0 <= guess <= 1, "an accuracy is from 0 to 1")
    require(guess < 0.8, "the lower of the two ends is asked for: it is below what was seen")
    bound = wilson_interval(40, 50).low
    require(guess < bound + 0.02, "fifty reviews say less than that: the interval is wider")
    require(guess > bound - 0.02, "that is too wide: fifty reviews say more than that")
