"""Every broken evaluation of notebook 12 is planted here, and its check must fail; the repair must pass."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset
from torch.nn.functional import cross_entropy as torch_cross_entropy

from prevlib.checkpoints import load_encoder, load_masked_lm, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.evaluation import checks
from prevlib.features import extract_features
from prevlib.losses import cross_entropy, mlm_loss
from prevlib.masking import MaskingCollator, mask_tokens
from prevlib.metrics import f1_score

TEXTS = ["a joy", "a long and tiresome film that never ends , and then it does", "fine", "not bad at all"]


# Batches.

Y_TRUE = np.array([1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1])
Y_PRED = np.array([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0])
LOGITS = torch.randn(13, 3, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 1, -100, -100, 2, 1, 0, -100, 2, 2, 0, -100, -100])


def parts(batch_size):
    return [slice(start, start + batch_size) for start in range(0, 13, batch_size)]


def f1_averaged_over_batches(batch_size):
    return np.mean([f1_score(Y_TRUE[rows], Y_PRED[rows], zero_division=0) for rows in parts(batch_size)])


def f1_of_all_batches(batch_size):
    return f1_score(np.concatenate([Y_TRUE[rows] for rows in parts(batch_size)]), Y_PRED)


def mean_of_batch_means(batch_size):
    means = [torch_cross_entropy(LOGITS[rows], LABELS[rows]) for rows in parts(batch_size)]
    return torch.stack(means).mean()


def sum_divided_once(batch_size):
    sums = [cross_entropy(LOGITS[rows], LABELS[rows], reduction="sum") for rows in parts(batch_size)]
    return sum(sums) / (LABELS != -100).sum()


# Neighbours: the mean over a text's tokens, padding included; and a model that is not told of the padding.


@torch.inference_mode()
def vectors(texts, *, tell_padding, mask_mean):
    tokenizer, model = load_tokenizer("mini"), load_encoder("mini")
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    seen = batch["attention_mask"] if tell_padding else torch.ones_like(batch["attention_mask"])
    states = model(batch["input_ids"], attention_mask=seen).last_hidden_state
    if not mask_mean:
        return states.mean(dim=1)
    weights = batch["attention_mask"][..., None]
    return (states * weights).sum(1) / weights.sum(1)


# Language models.


@torch.inference_mode()
def exponential_of_masked_loss(seed, text="a film that one wants to see again and again , for its cast"):
    tokenizer, model = load_tokenizer("mini"), load_masked_lm("mini")
    batch = MaskingCollator(tokenizer, mlm_probability=0.3, seed=seed)([tokenizer(text)])
    logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    return mlm_loss(logits, batch["labels"]).exp()


@torch.inference_mode()
def every_token_masked_in_turn(seed, text="a film that one wants to see again and again , for its cast"):
    tokenizer, model = load_tokenizer("mini"), load_masked_lm("mini")
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    inner = torch.arange(1, ids.shape[1] - 1)
    copies = ids.repeat(len(inner), 1)
    copies[torch.arange(len(inner)), inner] = tokenizer.mask_token_id
    log_probs = model(copies).logits[torch.arange(len(inner)), inner].log_softmax(-1)
    return log_probs.gather(-1, ids[0, inner][:, None]).mean().neg().exp()


def first_of_equals(good, bad):
    return np.mean(np.stack([good, bad]).argmax(axis=0) == 0)


def half_for_a_tie(good, bad):
    return np.mean((good > bad) + 0.5 * (good == bad))


def f1_of_single_tokens(y_true, y_pred):
    true, pred = ([tag for tags in y for tag in tags] for y in (y_true, y_pred))
    hits = sum(t == p != "O" for t, p in zip(true, pred, strict=True))
    return 2 * hits / (sum(t != "O" for t in true) + sum(p != "O" for p in pred))


def f1_of_whole_spans(y_true, y_pred):
    """Enough for tags that begin with B and go on with I."""

    def spans(tags):
        starts = [i for i, tag in enumerate(tags) if tag.startswith("B")]
        return {
            (i, next((k for k in range(i + 1, len(tags)) if tags[k][0] != "I"), len(tags))) for i in starts
        }

    true, pred = ({(n, s) for n, tags in enumerate(y) for s in spans(tags)} for y in (y_true, y_pred))
    return 2 * len(true & pred) / (len(true) + len(pred))


IDS = torch.arange(5, 4005).reshape(4, 1000)


def unmasked():
    return IDS, IDS


def masked():
    none = torch.zeros_like(IDS)
    return mask_tokens(IDS, special_tokens_mask=none, mask_token_id=4, vocab_size=5000)


def judge_hidden(make):
    return checks.check_hidden(*make())


# Data.


def ranking(n, accuracy_b):
    y_true = np.ones(n, dtype=int)
    share = (np.arange(n) * 7919 % n) / n
    return checks.check_ranking(y_true, {"a": (share < 0.95) * 1, "b": (share[::-1] < accuracy_b) * 1})


def overlap(names):
    reviews = load_reviews()
    return checks.check_no_overlap(*(reviews[name]["text"] for name in names))


MASKED = {"tell_padding": True, "mask_mean": True}
EXHIBITS = {
    "F1 averaged over batches": (
        checks.check_batches,
        f1_averaged_over_batches,
        f1_of_all_batches,
        "in batches of 1, ",
    ),
    "mean of batch means": (
        partial(checks.check_batches, batch_sizes=(4, 5, 1000)),
        mean_of_batch_means,
        sum_divided_once,
        "in batches of 4, ",
    ),
    "mean over padding": (
        partial(checks.check_neighbours, texts=TEXTS),
        partial(vectors, tell_padding=True, mask_mean=False),
        partial(vectors, **MASKED),
        "alone and in company, results differ by up to",
    ),
    "a model that sees padding": (
        partial(checks.check_neighbours, texts=TEXTS),
        partial(vectors, tell_padding=False, mask_mean=True),
        partial(extract_features, checkpoint="mini"),
        "alone and in company, results differ by up to",
    ),
    "exp of the masked loss": (
        checks.check_seeds,
        exponential_of_masked_loss,
        every_token_masked_in_turn,
        "over 5 seeds from",
    ),
    "ties broken by place": (checks.check_ties, first_of_equals, half_for_a_tie, "give 1.00 instead of 0.50"),
    "entity F1 of single tokens": (
        checks.check_spans,
        f1_of_single_tokens,
        f1_of_whole_spans,
        "and 0.86 for three",
    ),
    "nothing hidden": (judge_hidden, unmasked, masked, "100% of the 4,000 tokens to predict are in plain"),
    "ranked on 300": (
        lambda options: ranking(*options),
        (300, 0.937),
        (3000, 0.90),
        "a against b is undecided on 300",
    ),
    "the test split used twice": (
        overlap,
        ("test", "test"),
        ("train", "test"),
        "853 of 853 are on both sides, such",
    ),
}


@pytest.mark.parametrize("name", EXHIBITS)
def test_the_broken_evaluation_fails_and_its_repair_passes(name):
    check, broken, repaired, reason = EXHIBITS[name]
    found = check(broken)
    assert not found and reason in found.reason, found
    assert str(found).startswith("FAILED: ")
    assert check(repaired), check(repaired)
    assert str(check(repaired)).startswith("passed: ")


def test_every_check_has_an_exhibit():
    names = {name for name in vars(checks) if name.startswith("check_")}
    used = {getattr(check, "func", check).__name__ for check, *_ in EXHIBITS.values()}
    assert names <= used | {"check_hidden", "check_ranking", "check_no_overlap"}


def test_ties_that_are_thrown_away_are_noticed_by_turning_around():
    found = checks.check_ties(lambda good, bad: 0.5 if (good == bad).all() else np.mean(good > bad))
    assert not found and found.reason == "0.50 one way and 0.25 the other"


def test_a_batch_with_nothing_to_predict_is_noticed():
    found = checks.check_hidden(np.ones((2, 3)), np.full((2, 3), -100))
    assert not found and found.reason == "no position is to be predicted"


def test_groups_overlap_regardless_of_case_and_marks():
    assert not checks.check_no_overlap(["Lincoln 1861"], ["lincoln, 1861"])
    assert checks.check_no_overlap(["Lincoln 1861"], ["Lincoln 1862"])


@pytest.mark.parametrize(
    "one, other",
    [
        ("👍👍", "👎"),  # emoji are symbols, and have a meaning
        ("कि", "की"),  # Hindi: the two differ in a vowel sign only
        ("3 + 4", "3 − 4"),
        ("...", "!?"),  # nothing but punctuation is compared as it is
    ],
)
def test_signs_that_carry_meaning_are_kept(one, other):
    assert checks.check_no_overlap([one], [other])
    assert not checks.check_no_overlap([one], [one])


@pytest.mark.parametrize("one, other", [("ＡＢＣ", "abc"), ("Straße", "STRASSE"), ("cafe\u0301 !", "café")])
def test_the_same_text_written_otherwise_is_found(one, other):
    assert not checks.check_no_overlap([one], [other])


COLUMN = {"text": ["a"]}


@pytest.mark.parametrize("odd", ["one text", pd.DataFrame(COLUMN), Dataset.from_dict(COLUMN)])
def test_a_table_is_not_compared_by_the_names_of_its_columns(odd):
    with pytest.raises(
        TypeError, match="`second` must be a sequence of texts; got a .*, or a column such as"
    ):
        checks.check_no_overlap(["text"], odd)


def test_a_ranking_over_groups_needs_enough_of_them():
    y_true, groups = np.ones(400, dtype=int), np.repeat(np.arange(20), 20)
    a, b = ((groups < n) * 1 for n in (14, 10))  # a is right on four groups more, whole groups at a time
    assert checks.check_ranking(y_true, {"a": a, "b": b})
    assert not checks.check_ranking(y_true, {"a": a, "b": b}, groups=groups)


def test_results_of_another_shape_are_no_equal_results():
    assert not checks.check_batches(lambda size: np.zeros(size), (1, 2))
