"""Exercises on pre-training, for notebook 05, and on fine-tuning, for notebook 07."""

import math

import numpy as np
import torch

from prevlib.exercises.base import array, call, close, exercise, number, require

TWO_BATCHES = [torch.tensor([2.0, 9, 4, 9]), torch.tensor([9.0, 6, 6, 8])]
THEIR_LABELS = [torch.tensor([7, -100, 5, -100]), torch.tensor([-100, 3, 0, 8])]
LOGITS = np.array([[2, 1, -1], [-3, -1, -2], [0, 5, 4], [1, 4, 9], [1, 1, 0], [3, 3, 3]], dtype=float)


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Equal shares are 1/V. What does a model pay for what it gave 1/V?",
        "Minus the logarithm of 1/V, to the base e, is the logarithm of V.",
    ],
)
def loss_of_equal_shares():
    """Loss in nats of a model that gives each of 30,522 entries the same share."""
    return -math.log(1 / 30_522)


@loss_of_equal_shares.judge
def _(answer):
    loss = number(answer)
    require(loss >= 0, "a loss is never negative")
    require(loss > 1, "that is a share: the loss is minus the logarithm of it")
    other_base = close(loss, 14.9, atol=0.05) or close(loss, 4.48, atol=0.05)
    require(not other_base, "nats take the natural logarithm, to the base e")
    right = close(loss, math.log(30_522), atol=0.01)
    require(right, "it is another number for 30,522 entries: equal shares are 1/V; two decimals, please")


@exercise(
    minutes=10,
    hints=[
        "Make shares of the counts first: they add up to 1.",
        "A token that never occurs adds nothing, though its logarithm has no value: leave it out first.",
    ],
)
def entropy_of_counts(counts):
    """Loss in nats of a model that knows how often each token occurs, and nothing else."""
    shares = counts[counts > 0] / counts.sum()
    return -(shares * np.log(shares)).sum()


@entropy_of_counts.judge
def _(answer):
    counts = np.array([2, 1, 1])
    value = number(call(answer, counts))
    tenfold = number(call(answer, 10 * counts))
    require(close(tenfold, value), "a text ten times as long with the same shares has the same entropy")
    require(value >= 0, "the entropy is never negative: the logarithm of a share is")
    require(not close(value, 1.5), "in nats, please: the natural logarithm")
    require(not close(value, math.log(3)), "ln V is right for equal shares only")
    require(not close(value, 5 / 3 * math.log(2)), "the mean over the text is weighted: by the shares")
    require(close(value, 1.5 * math.log(2)), "for the text of section 2 it is another number")
    require(close(call(answer, np.array([0, 1, 0, 2, 1])), value), "a count of 0 adds nothing, in any place")
    require(close(call(answer, np.full(8, 3)), math.log(8)), "equal shares give ln V")
    require(close(call(answer, np.array([0, 9])), 0), "if one token is all there is, nothing is uncertain")


@exercise(
    minutes=10,
    hints=[
        "How many nats were lost in all, over both batches? For how many masked tokens?",
        "Add up totals and counts batch by batch; the division comes after the loop, once.",
    ],
)
def loss_of_a_step(losses, labels):
    """Mean loss of the masked tokens of a step: a list of tensors, one a batch, and the labels of each."""
    total = count = 0
    for batch, wanted in zip(losses, labels, strict=True):
        total += batch[wanted != -100].sum()
        count += (wanted != -100).sum()
    return total / count


@loss_of_a_step.judge
def _(answer):
    value = number(call(answer, TWO_BATCHES, THEIR_LABELS))
    other = [batch.where(y != -100, 50) for batch, y in zip(TWO_BATCHES, THEIR_LABELS, strict=True)]
    require(close(call(answer, other, THEIR_LABELS), value), "tokens that are not masked do not count")
    require(not close(value, 26 / 8), "tokens that are not masked are in the count")
    require(not close(value, (3 + 20 / 3) / 2, atol=1e-4), "a mean of means: the batches differ in size")
    require(not close(value, 26 / 2), "divide by tokens, not by batches")
    require(not close(value, 5), "the entry with id 0 can be masked, too")
    turned = call(answer, TWO_BATCHES[::-1], THEIR_LABELS[::-1])
    require(close(turned, value, atol=1e-4), "every batch counts, in any order")
    require(close(value, 26 / 5, atol=1e-4), "how many nats in all, over how many masked tokens?")
    nothing = torch.full((4,), -100)
    more = call(answer, [*TWO_BATCHES, TWO_BATCHES[0]], [*THEIR_LABELS, nothing])
    require(close(more, value, atol=1e-4), "a batch without masked tokens changes nothing")
    alone = call(answer, TWO_BATCHES[:1], THEIR_LABELS[:1])
    require(close(alone, 3, atol=1e-4), "a step may have one batch only")


@exercise(
    minutes=10,
    hints=[
        "Two cases: `step < n_warmup`, and all others. In both, the factor is a fraction.",
        "The first step is 0, and it should learn something already: one part of `n_warmup`.",
        "The fall has `n_steps - n_warmup` parts, of which `n_steps - step` are left.",
    ],
)
def warm_up(step, n_steps, n_warmup):
    """Factor of the learning rate: in equal parts up to 1 in `n_warmup` steps, and down to 0 at `n_steps`."""
    if step < n_warmup:
        return (step + 1) / n_warmup
    return (n_steps - step) / (n_steps - n_warmup)


@warm_up.judge
def _(answer):
    factors = [number(call(answer, step, 10, 4)) for step in range(10)]
    require(factors[0] > 0, "the first step, step 0, learns already")
    require(factors[9] > 0, "the last step learns, too: 0 would be reached one step after it")
    require(factors[9] < factors[6], "after the warm-up the factor falls")
    require(close(factors[3], 1), "the last step of the warm-up has the full rate")
    require(
        close(factors[4], 1), "the first step after the warm-up has the full rate, too: falling starts there"
    )
    require(np.allclose(np.diff(factors[:4]), 1 / 4), "the rise is straight, in equal parts")
    require(
        np.allclose(np.diff(factors[4:]), -1 / 6), "the fall is straight, in equal parts, to 0 at `n_steps`"
    )
    without = [number(call(answer, step, 2, 0)) for step in range(2)]
    require(np.allclose(without, [1, 0.5]), "without a warm-up, the fall starts at once")


@exercise(
    minutes=10,
    hints=[
        "In which rows is the logit of the true class the highest? `logits.max(axis=1)` helps.",
        "And in how many places of the row does that highest value stand?",
    ],
)
def accuracy_of_logits(logits, labels):
    """Share of the rows whose true class has the highest logit; if another has it, too, the row is wrong."""
    highest = logits == logits.max(axis=1, keepdims=True)
    decided = highest.sum(axis=1) == 1
    return np.mean(decided & highest[np.arange(len(labels)), labels])


@accuracy_of_logits.judge
def _(answer):
    logits, labels = LOGITS[:3], np.array([0, 1, 0])
    value = number(call(answer, logits, labels))
    require(0 <= value <= 1, "a share is asked for, from 0 to 1")
    moved = call(answer, logits - 10, labels)
    require(close(moved, value), "a constant added to all logits changes no answer: their sign says nothing")
    require(close(value, 2 / 3), "a row is right if the highest logit is that of the true class")
    rows = call(answer, LOGITS[1:4], np.array([1, 1, 2]))
    require(close(rows, 1), "there may be any number of classes")
    require(close(call(answer, LOGITS[2:3], np.array([2])), 0), "the second highest is not enough")
    tied = [number(call(answer, LOGITS[4:], np.array(y))) for y in ([0, 0], [1, 2], [2, 1])]
    require(close(max(tied), 0), "a tie for the highest is no decision: that row is wrong")
    wide = call(answer, np.array([[0.0, 2, 1, 1, -1], [0, 0, 1, 0, 0]]), np.array([1, 2]))
    require(close(wide, 1), "a tie below the highest does not matter")


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Add up the five and divide. A point is one hundredth.",
        "Then look at the five one by one: which are 0.80 or more?",
    ],
)
def one_run_against_five():
    """A reaches 0.77, 0.80, 0.78, 0.81, 0.79 with five seeds, B 0.80 with one: points of B above the mean
    of A, and how many seeds of A are at least as good as B."""
    seeds, b = [77, 80, 78, 81, 79], 80
    return b - sum(seeds) / len(seeds), sum(points >= b for points in seeds)


@one_run_against_five.judge
def _(answer):
    points, seeds = array(answer, (2,))
    require(not 0 < abs(points) < 0.5, "in points, please: a point is one hundredth")
    require(points > 0, "compare B with the mean of the five, which it is above")
    require(abs(points - 1) < 0.05, "what is the mean of the five?")
    require(seeds == 2, "look again at the five: which are at least as good as B?")
