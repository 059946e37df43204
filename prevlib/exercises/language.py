"""Exercises on scoring sentences and on what a model writes, for notebook 14."""

import numpy as np

from prevlib.exercises.base import call, close, exercise, number, require

LOG_PROBS = [np.log([0.5, 0.25]), np.log([0.5, 0.5, 0.25, 0.125, 0.5]), np.log([0.25])]  # 13 ln 2, 8 tokens
GOOD, BAD = np.array([-3.0, -8.0, -2.0, -5.0, -7.0]), np.array([-4.0, -7.5, -2.0, -9.0, -7.0])
FILMS = ["a good film", "a good book", "film a good"]  # a good (3), good film, good book, film a


@exercise(
    minutes=5,
    value=True,
    hints=[
        "Each token adds the logarithm of its probability. What is the mean of the three logarithms?",
        "Pseudo-perplexity is the exponential of minus that mean.",
    ],
)
def perplexity_of_three():
    """Pseudo-perplexity of a text whose tokens, hidden in turn, have the probabilities 0.5, 0.25 and 0.5."""
    return np.exp(-np.mean(np.log([0.5, 0.25, 0.5])))


@perplexity_of_three.judge
def _(answer):
    perplexity = number(answer)
    require(not close(perplexity, np.log(16) / 3, atol=0.005), "that is in nats: the exponential is missing")
    require(perplexity >= 1, "a pseudo-perplexity is at least 1: watch the sign")
    require(not close(perplexity, 16), "divide by the number of tokens, before the exponential")
    plain = close(perplexity, 2.4, atol=0.01) or close(perplexity, 8 / 3, atol=0.01)
    require(not plain, "take the mean of the logarithms, not of the probabilities or of one over them")
    right = close(perplexity, 16 ** (1 / 3), atol=0.01)
    require(right, "minus the mean logarithm, and of that the exponential: two decimals, please")


def _of_each(log_probs):
    return [np.exp(-text.mean()) for text in log_probs]


@exercise(
    minutes=10,
    hints=[
        "How many nats are lost in all texts together? Over how many tokens?",
        "Add up both over the texts, and divide once; then the exponential of minus that.",
    ],
)
def perplexity_of_texts(log_probs):
    """Pseudo-perplexity of several texts, given the log-probabilities of the tokens of each, in nats."""
    total = sum(text.sum() for text in log_probs)
    count = sum(len(text) for text in log_probs)
    return np.exp(-total / count)


@perplexity_of_texts.judge
def _(answer):
    sure = number(call(answer, [np.zeros(3)]))
    require(not close(sure, 0), "the exponential is missing: a model that is always sure has 1")
    even = number(call(answer, [np.log([0.25, 0.25]), np.log([0.25])]))
    require(even >= 1, "a pseudo-perplexity is at least 1: watch the sign")
    require(not close(even, 2 ** np.log(4)), "the scores are in nats: take the exponential to the base e")
    require(not close(even, 8), "divide by tokens, not by texts")
    require(
        close(sure, 1) and close(even, 4), "equal probabilities p give 1/p, whatever the number of tokens"
    )
    value = number(call(answer, LOG_PROBS))
    require(not close(value, np.mean(_of_each(LOG_PROBS))), "not the mean of the values of each text")
    require(not close(value, 2 ** (5.1 / 3)), "a long text weighs more than a short one: no mean of means")
    require(close(value, 2 ** (13 / 8)), "for texts of 2, 5 and 1 tokens it is another number")
    joined = [np.concatenate(LOG_PROBS)]
    require(close(call(answer, joined), value), "the same tokens in one text have the same value")
    more = [*LOG_PROBS, np.array([])]
    require(close(call(answer, more), value), "a text without tokens adds nothing")


@exercise(
    minutes=10,
    hints=[
        "`good > bad` is True where the model is right. Where is it neither right nor wrong?",
        "`np.mean` of True and False is a share; add one half of the share of ties.",
    ],
)
def accuracy_of_pairs(good, bad):
    """Share of pairs whose good sentence has the higher score; a tie counts one half."""
    return np.mean((good > bad) + 0.5 * (good == bad))


@accuracy_of_pairs.judge
def _(answer):
    silent = number(call(answer, np.zeros(8), np.zeros(8)))
    require(0 <= silent <= 1, "a share is asked for, from 0 to 1")
    require(close(silent, 0.5), "a model that says nothing, with equal scores everywhere, gets one half")
    value = number(call(answer, GOOD, BAD))
    far = np.where(GOOD > BAD, 0.0, GOOD)
    require(close(call(answer, far, BAD), value), "by how much a score is higher does not matter")
    require(
        close(call(answer, GOOD[:1], BAD[:1]), 1), "right is the pair whose good sentence is the higher one"
    )
    require(not close(value, 2 / 3), "ties stay in the count, each with one half")
    require(close(value, 3 / 5), "of five pairs, two are right and two are ties: the share is another")
    require(close(call(answer, BAD, GOOD), 1 - value), "if good and bad change places, right becomes wrong")


@exercise(
    minutes=15,
    hints=[
        "Split each text into words. A run starts at each word that has n - 1 words behind it.",
        "`tuple(words[i : i + n])` is a run, for i from 0 to `len(words) - n`; a tuple can be in a set.",
        "Collect the runs of all texts in one list; the answer is its set's length over its own.",
    ],
)
def distinct_runs(texts, n):
    """Share of distinct runs of n words among all such runs of all texts; none crosses a border of texts."""
    runs = []
    for text in texts:
        words = text.split()
        runs += [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    return len(set(runs)) / len(runs)


@distinct_runs.judge
def _(answer):
    require(close(call(answer, ["aa bb cc"], 1), 1), "runs of words, not of letters")
    again = number(call(answer, ["a b c a b c a"], 3))
    require(not close(again, 3 / 7), "divide by the number of runs, which is not that of the words")
    require(not close(again, 1 / 5), "the order of the words in a run matters")
    require(not close(again, 2 / 3), "a run starts at each word that has enough words behind it")
    require(not close(again, 3 / 6), "runs of n words: n need not be 2")
    require(close(again, 3 / 5), "for `a b c a b c a` and n = 3 it is another share")
    require(close(call(answer, ["a a a a"], 1), 1 / 4), "a run may be a single word")
    value = number(call(answer, FILMS, 2))
    require(not close(value, 1), "a run that stands in two texts is not distinct: look at all texts together")
    require(not close(value, 5 / 8), "no run crosses the border of two texts")
    require(close(value, 4 / 6), "for three texts of three words, it is another share")
    longer = call(answer, [*FILMS, "good"], 2)
    require(close(longer, value), "a text of fewer than n words has no runs, and adds none")
    require(close(call(answer, FILMS[::-1], 2), value), "the order of the texts does not matter")
