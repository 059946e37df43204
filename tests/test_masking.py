"""Masks: by hand, with the rates they promise, like transformers' own, the same wherever they are drawn."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare
from transformers import DataCollatorForLanguageModeling

from prevlib import losses
from prevlib.masking import IGNORE_INDEX, MaskingCollator, mask_tokens, mask_whole_words
from prevlib.tokenization import train_wordpiece, word_groups

PAD, CLS, SEP, MASK, VOCAB = 0, 101, 102, 103, 1000
SMALL = {"mask_token_id": MASK, "vocab_size": VOCAB}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sentences(n=400, length=52, seed=0):
    """Ids from 200 up between [CLS] and [SEP], then two paddings; and where the special ones are."""
    ids = torch.randint(200, VOCAB, (n, length), generator=generator(seed))
    ids[:, 0], ids[:, -3], ids[:, -2:] = CLS, SEP, PAD
    return ids, torch.isin(ids, torch.tensor([PAD, CLS, SEP]))


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["unwatchable films are unforgettable, forgettable films are watchable"] * 2
    return train_wordpiece(texts, 60)


# mask_tokens


def test_everything_chosen_by_hand():
    ids = torch.tensor([[CLS, 7, 8, SEP, PAD]])
    special = torch.tensor([[1, 0, 0, 1, 1]])
    options = {"special_tokens_mask": special, "mlm_probability": 1.0, **SMALL}

    masked = mask_tokens(ids, mask_replace_prob=1.0, random_replace_prob=0.0, **options)
    assert masked.input_ids.tolist() == [[CLS, MASK, MASK, SEP, PAD]]
    assert masked.labels.tolist() == [[-100, 7, 8, -100, -100]]

    kept = mask_tokens(ids, mask_replace_prob=0.0, random_replace_prob=0.0, **options)
    assert torch.equal(kept.input_ids, ids)
    assert torch.equal(kept.labels, masked.labels)

    # One word is not special in this vocabulary: it is what every random replacement must be.
    one = {**options, "vocab_size": 4, "special_token_ids": [0, 1, 3]}
    random = mask_tokens(ids, mask_replace_prob=0.0, random_replace_prob=1.0, **one)
    assert random.input_ids.tolist() == [[CLS, 2, 2, SEP, PAD]]


def test_nothing_chosen():
    ids, special = sentences(3)
    masked = mask_tokens(ids, special_tokens_mask=special, mlm_probability=0.0, **SMALL)
    assert torch.equal(masked.input_ids, ids)
    assert (masked.labels == IGNORE_INDEX).all()


def test_the_input_is_left_as_it_is_and_the_generator_decides():
    ids, special = sentences(5)
    before = ids.clone()
    first, second, other = (
        mask_tokens(ids, special_tokens_mask=special, generator=generator(seed), **SMALL)
        for seed in (1, 1, 2)
    )
    assert torch.equal(ids, before)
    assert torch.equal(first.input_ids, second.input_ids) and torch.equal(first.labels, second.labels)
    assert not torch.equal(first.labels, other.labels)


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    mlm=st.floats(0, 1),
    mask=st.floats(0, 1),
    share=st.floats(0, 1),
    whole=st.booleans(),
)
def test_what_holds_for_any_rates(seed, mlm, mask, share, whole):
    ids, special = sentences(4, 12, seed)
    options = {"special_tokens_mask": special, "mlm_probability": mlm, "mask_replace_prob": mask}
    options |= {"random_replace_prob": share * (1 - mask), "generator": generator(seed), **SMALL}
    if whole:
        masked = mask_whole_words(ids, word_groups=torch.arange(12).expand(4, -1) // 3, **options)
    else:
        masked = mask_tokens(ids, **options)
    chosen = masked.labels != IGNORE_INDEX
    assert not (chosen & special).any()
    assert torch.equal(masked.labels[chosen], ids[chosen])
    assert torch.equal(masked.input_ids[~chosen], ids[~chosen])
    new = masked.input_ids[chosen & (masked.input_ids != ids)]
    assert not torch.isin(new, torch.tensor([PAD, CLS, SEP])).any()
    assert ((0 <= new) & (new < VOCAB)).all()


def counts_of_fates(ids, masked):
    """Chosen and masked, chosen and replaced, chosen and kept, not chosen."""
    chosen = masked.labels != IGNORE_INDEX
    is_mask, same = masked.input_ids == MASK, masked.input_ids == ids
    fates = [chosen & is_mask, chosen & ~is_mask & ~same, chosen & same]
    return [int(fate.sum()) for fate in fates]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("mlm, mask, random", [(0.15, 0.8, 0.1), (0.4, 0.5, 0.5), (0.3, 0.1, 0.2)])
def test_the_rates_are_those_asked_for(mlm, mask, random, whole):
    ids, special = sentences(4000)
    options = {"special_tokens_mask": special, "mlm_probability": mlm, "mask_replace_prob": mask}
    options |= {"random_replace_prob": random, "generator": generator(3), **SMALL}
    if whole:  # of one piece each, so that the draws are independent and the test applies
        masked = mask_whole_words(ids, word_groups=torch.arange(52).expand(4000, -1), **options)
    else:
        masked = mask_tokens(ids, **options)
    observed = counts_of_fates(ids, masked)
    n = int((~special).sum())
    n_words = VOCAB - 4  # a random word is the same word once in so many draws
    same = random / n_words
    expected = [mlm * mask, mlm * (random - same), mlm * (1 - mask - random + same)]
    observed.append(n - sum(observed))
    expected.append(1 - sum(expected))
    kept = [i for i, share in enumerate(expected) if share * n > 5]
    p = chisquare([observed[i] for i in kept], [expected[i] * n for i in kept], sum_check=False).pvalue
    assert p > 1e-3


def test_random_words_are_uniform_over_all_that_are_not_special():
    ids, special = sentences(4000)
    masked = mask_tokens(
        ids,
        special_tokens_mask=special,
        mlm_probability=1.0,
        mask_replace_prob=0.0,
        random_replace_prob=1.0,
        generator=generator(4),
        **SMALL,
    )
    counts = masked.input_ids[~special].bincount(minlength=VOCAB)
    assert counts[[PAD, CLS, SEP, MASK]].sum() == 0
    words = torch.ones(VOCAB, dtype=torch.bool)
    words[[PAD, CLS, SEP, MASK]] = False
    assert chisquare(counts[words]).pvalue > 1e-3


def test_the_statistics_are_those_of_transformers_collator(tokenizer):
    text = "watchable films are forgettable " * 30
    theirs = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.3, seed=0)
    ours = MaskingCollator(tokenizer, 0.3)
    found = []
    for collate in (theirs, ours):
        counts = torch.zeros(3)
        for epoch in range(60):
            ours.set_epoch(epoch)
            batch = collate([{"input_ids": tokenizer(text)["input_ids"]}])
            chosen = batch["labels"] != IGNORE_INDEX
            is_mask = batch["input_ids"] == tokenizer.mask_token_id
            same = batch["input_ids"] == batch["labels"]
            fates = [chosen & is_mask, chosen & ~is_mask & ~same, chosen & same]
            counts += torch.tensor([int(fate.sum()) for fate in fates])
        found.append(counts)
    assert chi2_contingency(torch.stack(found)).pvalue > 1e-3
    n_theirs, n_ours = (int(counts.sum()) for counts in found)
    assert n_ours == pytest.approx(n_theirs, rel=0.1)


# mask_whole_words


def test_a_word_is_hidden_with_all_its_pieces_or_not_at_all():
    ids, special = sentences(500, 13)
    groups = torch.arange(13).expand(500, -1) // 2
    masked = mask_whole_words(
        ids,
        word_groups=groups,
        special_tokens_mask=special,
        mlm_probability=0.4,
        generator=generator(),
        **SMALL,
    )
    chosen = masked.labels != IGNORE_INDEX
    for word in range(1, 5):  # columns 2 and 3, ..., 8 and 9 hold no special token
        assert torch.equal(chosen[:, 2 * word], chosen[:, 2 * word + 1])
    assert 0.35 < chosen[:, 2:10:2].float().mean() < 0.45


def test_all_pieces_of_a_word_share_one_fate():
    ids, special = sentences(4000, 26)
    groups = torch.arange(26).expand(4000, -1) // 3  # columns 3 to 20 are six words of three pieces
    rates = {"mlm_probability": 0.5, "mask_replace_prob": 0.8, "random_replace_prob": 0.1}
    options = {
        "word_groups": groups,
        "special_tokens_mask": special,
        "generator": generator(),
        **rates,
        **SMALL,
    }
    masked = mask_whole_words(ids, **options)
    chosen, is_mask, same = masked.labels != IGNORE_INDEX, masked.input_ids == MASK, masked.input_ids == ids

    chosen, is_mask, same = (flag[:, 3:21].reshape(-1, 3) for flag in (chosen, is_mask, same))
    hit, to_mask, kept = (flag[chosen.any(1)] for flag in (chosen, is_mask, same))
    assert hit.all()
    assert torch.equal(to_mask.any(1), to_mask.all(1))  # no word is hidden in part
    replaced = ~to_mask.any(1) & ~kept.all(1)
    # A piece that is replaced by chance by itself is one in n_words; all three never are.
    assert int((kept & replaced[:, None]).sum()) < 5 / (VOCAB - 4) * 3 * int(replaced.sum())
    counts = [int(fate.sum()) for fate in (to_mask.all(1), replaced, kept.all(1))]
    assert chisquare(counts, torch.tensor([0.8, 0.1, 0.1]) * len(hit), sum_check=False).pvalue > 1e-3


def test_the_pieces_of_a_replaced_word_are_drawn_one_by_one():
    ids, special = sentences(500, 26)
    groups = torch.arange(26).expand(500, -1) // 3
    rates = {"mlm_probability": 1.0, "mask_replace_prob": 0.0, "random_replace_prob": 1.0}
    options = {
        "word_groups": groups,
        "special_tokens_mask": special,
        "generator": generator(),
        **rates,
        **SMALL,
    }
    pieces = mask_whole_words(ids, **options).input_ids[:, 3:21].reshape(-1, 3)
    alike = (pieces[:, 0] == pieces[:, 1]).double().mean()
    assert alike < 5 / (VOCAB - 4)


def test_tokens_without_a_word_are_never_chosen():
    ids, _ = sentences(50)
    groups = torch.full_like(ids, -1)
    masked = mask_whole_words(
        ids, word_groups=groups, special_tokens_mask=torch.zeros_like(ids), mlm_probability=1.0, **SMALL
    )
    assert (masked.labels == IGNORE_INDEX).all()


# errors


@pytest.mark.parametrize(
    "changes, error, text",
    [
        (
            {"input_ids": torch.rand(1, 3)},
            TypeError,
            "`input_ids` must be a tensor of token ids; got torch.fl",
        ),
        (
            {"special_tokens_mask": torch.zeros(1, 2)},
            ValueError,
            r"shape of `input_ids`, \(1, 3\); got \(1, 2\)",
        ),
        (
            {"mlm_probability": 15},
            ValueError,
            r"must be in \[0, 1\]; got \(15, 0.8, 0.1\). Write 15 % as 0.15",
        ),
        ({"mask_replace_prob": 0.95}, ValueError, "must be at most 1, .* got 0.95 \\+ 0.1. BERT uses"),
        ({"vocab_size": 1, "mask_token_id": 0}, ValueError, "must leave words that are not special; got 1"),
    ],
)
def test_impossible_masks_are_refused(changes, error, text):
    options = {"input_ids": torch.tensor([[1, 2, 3]]), "special_tokens_mask": torch.zeros(1, 3), **SMALL}
    options |= changes
    with pytest.raises(error, match=text):
        mask_tokens(options.pop("input_ids"), **options)


def test_word_groups_of_another_shape_are_refused():
    ids, special = sentences(2)
    with pytest.raises(ValueError, match=r"`word_groups` must have the shape of `input_ids`, \(2, 52\); got"):
        mask_whole_words(ids, word_groups=torch.zeros(2, 3), special_tokens_mask=special, **SMALL)


def test_a_tokenizer_without_a_mask_token_is_refused(tokenizer):
    from transformers import PreTrainedTokenizerFast

    bare = PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, pad_token="[PAD]")
    with pytest.raises(ValueError, match="`tokenizer` must have a mask token"):
        MaskingCollator(bare)


# MaskingCollator


def test_masks_do_not_depend_on_batch_order_or_what_ran_before(tokenizer):
    examples = [
        {"input_ids": tokenizer(text)["input_ids"]} for text in ("films are", "watchable films", "are")
    ]
    collate = MaskingCollator(tokenizer, 0.5, seed=3)
    together = collate(examples)
    for i, example in enumerate(examples):
        alone = MaskingCollator(tokenizer, 0.5, seed=3)([example])
        length = alone["labels"].shape[1]
        for name in ("input_ids", "labels", "attention_mask"):
            assert torch.equal(alone[name][0], together[name][i, :length])
    turned = collate(examples[::-1])
    assert torch.equal(turned["labels"].flip(0), together["labels"])


def test_padding_is_marked_and_never_masked(tokenizer):
    short, long = tokenizer("films"), tokenizer("films are watchable films")
    batch = MaskingCollator(tokenizer, 1.0)([short, long])
    n = len(short["input_ids"])
    assert batch["input_ids"][0, n:].unique().tolist() == [tokenizer.pad_token_id]
    assert batch["attention_mask"].sum(1).tolist() == [n, len(long["input_ids"])]
    assert (batch["labels"][batch["attention_mask"] == 0] == IGNORE_INDEX).all()


def test_the_label_left_out_is_that_of_the_losses():
    assert losses.IGNORE_INDEX == IGNORE_INDEX


def test_sequences_that_are_padded_already_keep_their_padding(tokenizer):
    padded = tokenizer(["films", "films are watchable films"], padding=True)
    examples = [{"input_ids": ids} for ids in padded["input_ids"]]
    batch = MaskingCollator(tokenizer, 1.0)(examples)
    assert batch["attention_mask"].tolist() == padded["attention_mask"]


def test_seed_and_epoch_change_the_masks(tokenizer):
    example = [{"input_ids": tokenizer("watchable films are forgettable " * 9)["input_ids"]}]

    def labels(seed, epoch):
        collate = MaskingCollator(tokenizer, 0.5, seed=seed)
        collate.set_epoch(epoch)
        return collate(example)["labels"]

    assert torch.equal(labels(1, 2), labels(1, 2))
    assert not torch.equal(labels(1, 2), labels(1, 3))
    assert not torch.equal(labels(1, 2), labels(2, 2))


def test_the_collator_masks_whole_words_if_asked(tokenizer):
    ids = torch.tensor(tokenizer("unwatchable forgettable films " * 20)["input_ids"])
    groups = word_groups(ids, tokenizer)
    assert groups.max() + 1 < (groups >= 0).sum()  # some words have several pieces
    batch = MaskingCollator(tokenizer, 0.5, whole_words=True)([{"input_ids": ids}])
    chosen = batch["labels"][0] != IGNORE_INDEX
    for word in range(int(groups.max()) + 1):
        assert chosen[groups == word].unique().numel() == 1
    assert 0 < chosen.sum() < (groups >= 0).sum()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_labels_are_minus_100_in_every_integer_type(dtype):
    ids = torch.tensor([[2, 7, 8, 9, 3]], dtype=dtype)
    options = {"mask_token_id": 4, "vocab_size": 300, "mlm_probability": 0.5}
    generator = torch.Generator().manual_seed(1)
    batch = mask_tokens(
        ids, special_tokens_mask=torch.tensor([[1, 0, 0, 0, 1]]), generator=generator, **options
    )
    reference = mask_tokens(
        ids.long(),
        special_tokens_mask=torch.tensor([[1, 0, 0, 0, 1]]),
        generator=torch.Generator().manual_seed(1),
        **options,
    )
    assert set(batch.labels.flatten().tolist()) & {7, 8, 9}
    assert batch.labels.tolist() == reference.labels.tolist()
    assert batch.input_ids.tolist() == reference.input_ids.tolist()
