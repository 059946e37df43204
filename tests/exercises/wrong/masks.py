"""Typical wrong answers to the exercises of ``prevlib.exercises.masks``."""

import torch


def masked_by(
    chosen_rate=0.15, fates=(0.8, 0.1), one_draw=False, one_word=False, protect=True, seed=None, lowest=0
):
    """A masking function; the options make the typical mistakes."""

    def mask(ids, special, mask_token_id, vocab_size, generator):
        generator = torch.Generator().manual_seed(seed) if seed is not None else generator
        draw = torch.rand(ids.shape, generator=generator)
        chosen = (draw < chosen_rate) & ~(special & protect)
        fate = draw if one_draw else torch.rand(ids.shape, generator=generator)
        words = torch.randint(lowest, vocab_size, (1,) if one_word else ids.shape, generator=generator)
        read = ids.masked_fill(chosen & (fate < fates[0]), mask_token_id)
        read = torch.where(chosen & (fate >= 1 - fates[1]), words, read)
        return read, ids.masked_fill(~chosen, -100)

    return mask


WRONG = {
    "changed_tokens": {
        "all that are chosen": (400, "which fates"),
        "masked only": (320, "which fates"),
        "those that stay": (40, "which fates"),
        "at 15 %": (135, "of 1,000 tokens, 40 %"),
        "a share": (0.36, "how many"),
    },
    "readable_neighbours": {
        "one neighbour": ((0.64, 0.865), "both"),
        "kept ones count as changed": ((0.36, 0.7225), "kept"),
        "either": ((1 - 0.36**2, 1 - 0.135**2), "both"),
        "the other way round": ((0.748225, 0.4096), "first the chance at 40 %"),
        "percentages": ((40.96, 74.8225), "from 0 to 1"),
    },
    "choose_words": {
        "-1 is the last word": (lambda draws, groups, rate: draws[groups] < rate, "special tokens"),
        "a draw a token": (
            lambda draws, groups, rate: (draws.repeat(9)[: len(groups)] < rate) & (groups >= 0),
            "pieces of a word",
        ),
        "the wrong side": (
            lambda draws, groups, rate: (draws[groups] > rate) & (groups >= 0),
            "below the rate",
        ),
        "or equal": (lambda draws, groups, rate: (draws[groups] <= rate) & (groups >= 0), "not at it"),
        "without the first word": (
            lambda draws, groups, rate: (draws[groups] < rate) & (groups > 0),
            "first word",
        ),
        "the words": (lambda draws, groups, rate: draws < rate, "the shape must be"),
    },
    "mask_by_hand": {
        "special tokens, too": (masked_by(protect=False), "special tokens"),
        "one draw for both": (masked_by(one_draw=True), "draw anew"),
        "all are masked": (masked_by(fates=(1, 0)), "10 % should be kept"),
        "half": (masked_by(0.5), "15 %"),
        "one word for all": (masked_by(one_word=True), "a new random word"),
        "labels everywhere": (
            lambda ids, special, *rest: (masked_by()(ids, special, *rest)[0], ids),
            "-100 elsewhere",
        ),
        "labels of what is read": (
            lambda ids, *rest: [(r, r.where(y != -100, -100)) for r, y in [masked_by()(ids, *rest)]][0],
            "true id",
        ),
        "words of the upper half": (masked_by(lowest=500), "any of the vocabulary"),
        "always the same": (masked_by(seed=0), "another state of the generator"),
    },
}
