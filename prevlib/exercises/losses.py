"""Exercises on losses and their gradient, for notebook 03."""

import cProfile
import math
import re

import numpy as np
import torch

from prevlib.exercises.base import array, call, close, exercise, number, require
from prevlib.losses import log_softmax

EIGHTHS = torch.tensor([[1.0, 2.0, 5.0], [5.0, 2.0, 1.0]]).log()  # softmax: 1/8, 2/8, 5/8 and back
LABELS = torch.tensor([1, 0])


def _by_hand(answer, arguments, *shortcuts):
    """Reject a right answer that calls, by whatever name, a function that does the whole exercise."""
    with torch.overrides.BaseTorchFunctionMode(), cProfile.Profile() as profile:  # the mode calls from Python
        call(answer, *arguments)
    called = " ".join(getattr(entry.code, "co_name", entry.code) for entry in profile.getstats())
    for name in shortcuts:
        found = re.search(rf"\b(special_)?{name}\b", called)
        require(not found, "right, but `{name}` does the work: write the steps yourself", name=name)


@exercise(
    minutes=5,
    value=True,
    hints=[
        "The loss of one review is minus the logarithm of its probability: 1/2 costs one ln 2.",
        "1/16 is 1/2 four times over. Add up the three, and divide once.",
    ],
)
def multiple_of_ln_2():
    """The true classes of three reviews get 1/2, 1/2 and 1/16: the loss, as a multiple of ln 2."""
    return -sum(math.log2(p) for p in (1 / 2, 1 / 2, 1 / 16)) / 3


@multiple_of_ln_2.judge
def _(answer):
    multiple = number(answer)
    require(multiple >= 0, "a loss is never negative: the logarithm of a share is, and minus turns it around")
    require(not close(multiple, 6), "that is the sum of the three: the loss is their mean")
    require(not close(multiple, 2 * math.log(2), atol=0.01), "as a multiple of ln 2, please, not in nats")
    require(abs(multiple - 1.497) > 0.02, "take each logarithm first, then take the mean")
    require(close(multiple, 2, atol=1e-3), "what does each of the three cost? Add up, divide once")


@exercise(
    minutes=10,
    hints=[
        "What happens to the result if 1000 is taken from all logits? Take the largest of the row, instead.",
        "Whatever was taken away comes back at the end: exp(a + m) is exp(a) times exp(m).",
    ],
)
def log_sum_exp(logits):
    """Logarithm of the sum of exponentials over the last axis, for logits of any size."""
    largest = logits.amax(dim=-1, keepdim=True)
    return (largest + (logits - largest).exp().sum(dim=-1, keepdim=True).log()).squeeze(-1)


@log_sum_exp.judge
def _(answer):
    def close_to(logits, expected, reason):
        value = array(call(answer, torch.tensor(logits)), np.shape(expected))
        require(np.allclose(value, expected, atol=1e-3), reason)

    eight = math.log(8)
    value = array(call(answer, EIGHTHS), (2,))
    require(not np.allclose(value, math.log(5)), "all exponentials have a share in the sum")
    require(not np.allclose(value, math.log(8 / 5)), "what was taken from the logits comes back at the end")
    require(np.allclose(value, eight, atol=1e-5), "the exponentials of section 1, in two orders: another sum")
    close_to([[1000.0, 1000.0]], [1000 + math.log(2)], "logits of 1000 overflow: take something away first")
    close_to([[1000.0, -1000.0]], [1000.0], "a row may hold 1000 and -1000: the largest counts most")
    close_to([[0.0] * 2, [-1000.0] * 2], [math.log(2), math.log(2) - 1000], "each row has its own largest")
    close_to([0.0] * 8, eight, "a single row, without an axis for rows, gives a single number")
    close_to([[[0.0] * 2] * 4] * 3, [[math.log(2)] * 4] * 3, "the classes are always in the last axis")
    _by_hand(answer, [EIGHTHS], "logsumexp", "logaddexp", "logcumsumexp", "log_softmax", "cross_entropy")


@exercise(
    minutes=15,
    hints=[
        "Drop what is ignored first, from logits and labels alike: `labels != -100` is a mask.",
        "Pick one log-probability per row: `log_probs[torch.arange(n), labels]`.",
        "Minus their sum, divided once by the number of labels that count.",
    ],
)
def mean_cross_entropy(logits, labels):
    """Mean loss in nats of logits (n, classes) and labels (n,), of which -100 counts nowhere."""
    counted = labels != -100
    log_probs, labels = log_softmax(logits[counted]), labels[counted]
    return -log_probs[torch.arange(len(labels)), labels].sum() / len(labels)


@mean_cross_entropy.judge
def _(answer):
    value = number(call(answer, EIGHTHS, LABELS))
    expected = -(math.log(2 / 8) + math.log(5 / 8)) / 2
    shifted = call(answer, EIGHTHS + torch.tensor([[3.0], [7.0]]), LABELS)
    require(close(shifted, value, atol=1e-4), "a constant added to the logits of a row changes nothing")
    require(value >= 0, "a loss is never negative")
    require(not close(value, 2 * expected, atol=1e-4), "the answer must be a mean, not a sum")
    require(not close(value, -math.log(2 / 8), atol=1e-4), "class 0 is a class like the others")
    require(close(value, expected, atol=1e-4), "on probabilities of eighths, by hand: it is another loss")
    logits = torch.cat([EIGHTHS, torch.tensor([[4.0, 0.0, -4.0], [0.0, 0.0, 0.0]])])
    ignored = call(answer, logits, torch.tensor([1, 0, -100, -100]))
    require(not close(ignored, expected / 2, atol=1e-4), "ignored labels are in the count")
    require(close(ignored, expected, atol=1e-4), "ignored labels are in the sum")
    order = [2, 1, 3, 0]
    turned = call(answer, logits[order], torch.tensor([1, 0, -100, -100])[order])
    require(close(turned, expected, atol=1e-4), "the order of the rows does not matter")
    huge = torch.tensor([[1.0, 0.0, -1.0], [0.0, 0.0, 2.0]]) * 1000
    loss = call(answer, huge, torch.tensor([1, 2]))
    require(close(loss, 500, atol=0.1), "logits 1000 times as large: no softmax before the logarithm")
    _by_hand(answer, [EIGHTHS, LABELS], "cross_entropy", "linear_cross_entropy", "nll_loss", "kl_div")


@exercise(
    minutes=10,
    hints=[
        "Section 6 has the gradient of one example: its probabilities minus the one-hot target.",
        "The loss is a mean over n rows. What does that do to the gradient of each?",
        "`torch.nn.functional.one_hot(labels, n_classes)` writes the labels as zeros and ones.",
    ],
)
def gradient_of_the_mean(logits, labels):
    """Gradient of the mean cross-entropy with respect to logits (n, classes), for labels (n,)."""
    is_true = torch.nn.functional.one_hot(labels, logits.shape[1])
    return (logits.softmax(dim=1) - is_true) / len(labels)


@gradient_of_the_mean.judge
def _(answer):
    value = array(call(answer, EIGHTHS, LABELS), (2, 3))
    require(np.allclose(value.sum(axis=1), 0, atol=1e-5), "the entries of a row add up to 0")
    signs = (value[0, 1] < 0 < value[0, 0]) and (value[1, 0] < 0 < value[1, 2])
    require(signs, "mind the signs: against the gradient, the logit of the true class goes up")
    one = array(call(answer, EIGHTHS[:1], LABELS[:1]), (1, 3))
    require(np.allclose(one[0], 2 * value[0], atol=1e-5), "the loss is a mean over the rows: divide by them")
    require(np.allclose(one, [[1 / 8, -6 / 8, 5 / 8]], atol=1e-5), "softmax minus one-hot: another row")
    four = array(call(answer, torch.zeros(4, 2), torch.tensor([0, 1, 1, 1])), (4, 2))
    require(np.allclose(four, np.array([[-1, 1]] + 3 * [[1, -1]]) / 8), "any number of rows and classes")
    huge = array(call(answer, 1000 * EIGHTHS, LABELS), (2, 3))
    require(np.allclose(huge, [[0, -0.5, 0.5], [0, 0, 0]]), "logits 1000 times as large must work")
    _by_hand(answer, [EIGHTHS, LABELS], "backward", "grad", "jvp", "jacfwd", "cross_entropy_gradient")
