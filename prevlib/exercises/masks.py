"""Exercises on hiding words, for notebook 02."""

import numpy as np
import torch

from prevlib.exercises.base import array, call, exercise, number, require

GROUPS = torch.tensor([-1, 0, 1, 1, 1, 2, 3, -1, -1])
DRAWS = torch.tensor([0.125, 0.5, 0.25, 0.0])  # of the four words
MASK_TOKEN, N_ENTRIES = 4, 1000


@exercise(
    minutes=5,
    value=True,
    hints=[
        "How many are chosen? Then ask for each of the three fates whether it changes the token.",
        "Those that become `[MASK]` and those that become a random word differ; the others do not.",
    ],
)
def changed_tokens():
    """Of 1,000 tokens, 40 % are chosen, and the rule is 80, 10, 10: how many differ from the text?"""
    chosen = 1000 * 0.4
    return chosen * (0.8 + 0.1)


@changed_tokens.judge
def _(answer):
    count = number(answer)
    require(count > 1, "how many tokens is asked for, not which share")
    require(count not in (320, 400, 40), "of those chosen, which fates change the token?")
    require(abs(count - 360) < 0.1, "of 1,000 tokens, 40 % are chosen; not all of them change")


@exercise(
    minutes=5,
    value=True,
    hints=[
        "What is the chance that one token is changed? A chosen one that is kept is not.",
        "The two neighbours are drawn independently, so their chances are multiplied.",
    ],
)
def readable_neighbours():
    """Chance that both neighbours of a token can be read as they were, at 40 % and at 15 %."""
    return tuple((1 - 0.9 * rate) ** 2 for rate in (0.4, 0.15))


@readable_neighbours.judge
def _(answer):
    at_40, at_15 = array(answer, (2,))
    require(0 <= at_40 <= 1 and 0 <= at_15 <= 1, "a chance is from 0 to 1")
    require(at_40 < at_15, "first the chance at 40 %, where more is changed, then the one at 15 %")
    kept = abs(at_40 - 0.36) < 0.01 or abs(at_15 - 0.7225) < 0.01
    require(not kept, "a chosen token that is kept can be read")
    require(at_40 < 0.55 and at_15 < 0.82, "both must be readable, and that is less likely than for one")
    near = abs(at_40 - 0.4096) < 0.005 and abs(at_15 - 0.748225) < 0.005
    require(near, "one is readable with another chance, or the two are not multiplied; two decimals, please")


@exercise(
    minutes=10,
    hints=[
        "`draws[groups]` gives each token the number of its word. What does it give for -1?",
        "Index -1 is the last word, so special tokens must be taken out by a condition of their own.",
    ],
)
def choose_words(draws, groups, rate):
    """Which tokens are chosen: those of the words, numbered by `groups`, whose draw is below `rate`."""
    return (draws[groups] < rate) & (groups >= 0)


@choose_words.judge
def _(answer):
    def chosen(draws, rate):
        value = array(call(answer, draws, GROUPS, rate), tuple(GROUPS.shape))
        require(set(value.tolist()) <= {0, 1}, "True or False is asked for, for each token")
        return value.astype(bool).tolist()

    value = chosen(DRAWS, 0.375)
    require(not any(value[i] for i in (0, 7, 8)), "special tokens are never chosen: index -1 is the last one")
    for marks in (value, turned := chosen(DRAWS.flip(0), 0.375)):
        together = marks[2] == marks[3] == marks[4]
        require(together, "the pieces of a word are chosen together, or none of them")
    require(not value[2] and value[6], "a word is chosen if its draw is below the rate")
    require(value[1], "the first word can be chosen, too")
    require(value[5], "one of the words that are chosen is missing")
    require(not chosen(DRAWS, 0.25)[5], "a word is chosen if its draw is below the rate, not at it")
    require(turned[2], "each word has its own draw")
    require(not any(chosen(DRAWS, 0.0)), "at a rate of 0 nothing is chosen")
    require(sum(chosen(DRAWS, 1.0)) == 6, "at a rate of 1 all words are chosen, and nothing else")


@exercise(
    minutes=20,
    hints=[
        "`torch.rand(ids.shape, generator=generator)` gives a number per token; below 0.15 it is chosen.",
        "A second, new draw decides the fates: below 0.8 the mask, from 0.9 on a random word.",
        "`masked_fill` and `torch.where` make new tensors and leave `ids` alone.",
    ],
)
def mask_by_hand(ids, special, mask_token_id, vocab_size, generator):
    """What is read, and the labels: 15 % of the tokens that are not special, and of these 80, 10, 10."""
    chosen = (torch.rand(ids.shape, generator=generator) < 0.15) & ~special
    fate = torch.rand(ids.shape, generator=generator)
    read = ids.masked_fill(chosen & (fate < 0.8), mask_token_id)
    words = torch.randint(vocab_size, ids.shape, generator=generator)
    return torch.where(chosen & (fate >= 0.9), words, read), ids.masked_fill(~chosen, -100)


@mask_by_hand.judge
def _(answer):
    ids = torch.arange(20_000).reshape(100, 200) % (N_ENTRIES - 10) + 10
    ids[:, 0], ids[:, 199], ids[50:, 150:] = 2, 3, 0  # [CLS], [SEP], [PAD]
    special = ids < 4

    def masked(seed):
        generator = torch.Generator().manual_seed(seed)
        pair = call(answer, ids, special, MASK_TOKEN, N_ENTRIES, generator)
        require(isinstance(pair, tuple | list) and len(pair) == 2, "two tensors: what is read, and labels")
        return [array(part, tuple(ids.shape)) for part in pair]

    read, labels = masked(0)
    true, chosen, fixed = ids.numpy(), labels != -100, special.numpy()
    require(not chosen.all() and chosen.any(), "labels are ids where a token is chosen, -100 elsewhere")
    require(not chosen[fixed].any(), "special tokens are never to be predicted")
    require((labels == true)[chosen].all(), "a label is the true id, not what is read")
    require((read == true)[~chosen].all(), "what is not chosen must stay as it is")
    require(abs(chosen[~fixed].mean() - 0.15) < 0.02, "15 % of the tokens that may be chosen should be")
    require(len(np.unique(chosen, axis=0)) == 100, "each token is drawn by itself, in every row")
    mask, same = (read == MASK_TOKEN)[chosen], (read == true)[chosen]
    require(
        mask.mean() < 0.99 or same.any(), "not all are masked: draw anew for the fates; 10 % should be kept"
    )
    require(abs(mask.mean() - 0.8) < 0.04, "80 % of those chosen should become the mask")
    require(abs(same.mean() - 0.1) < 0.03, "10 % should be kept, and 10 % become a random word")
    words = read[chosen][~mask & ~same]
    require(len(np.unique(words)) > len(words) / 2, "each of the 10 % gets a new random word")
    require(0 <= words.min() and words.max() < N_ENTRIES, "a random word is an id of the vocabulary")
    require(np.histogram(words, 10, (0, N_ENTRIES))[0].all(), "a random word is any of the vocabulary")
    same = all((again == before).all() for again, before in zip(masked(0), (read, labels), strict=True))
    require(same, "with the generator in the same state, masks and random words must be the same")
    require((masked(1)[1] != labels).any(), "with another state of the generator, masks must be others")
