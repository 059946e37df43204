"""Losses without a network: by hand, from scipy, and from models that are written out in full."""

import math

import numpy as np
import pytest
import torch
from datasets import Dataset
from scipy.stats import entropy

from prevlib.masking import MaskingCollator
from prevlib.pretraining import Bigrams, pack_rows, reference_losses
from prevlib.pretraining.scoring import score


@pytest.fixture
def a_a_film_the(tokenizer, tmp_path):
    """One row with a a film the: probabilities 1/2, 1/4, 1/4; [SEP] at the ends is not counted."""
    return pack_rows(["a a film the"], tokenizer, 7, tmp_path / "rows.arrow")


def test_reference_losses_by_hand(tokenizer, a_a_film_the):
    losses = reference_losses(a_a_film_the, tokenizer)
    assert losses["uniform"] == pytest.approx(math.log(500))
    assert losses["unigram"] == pytest.approx(1.5 * math.log(2))


def test_the_unigram_loss_is_the_entropy_of_the_words(tokenizer, tmp_path, reviews):
    rows = pack_rows(reviews, tokenizer, 32, tmp_path / "rows.arrow")
    counts = np.bincount(np.array(rows["input_ids"]).ravel(), minlength=500)
    counts[:5] = 0
    assert reference_losses(rows, tokenizer)["unigram"] == pytest.approx(entropy(counts))


def test_the_loss_of_copying_is_that_of_bayes_rule(tokenizer, a_a_film_the):
    """All joint probabilities of truth, fate and visible token, written out for 495 words."""
    losses = reference_losses(a_a_film_the, tokenizer)
    n, mask, random, keep = 495, 0.8, 0.1, 0.1
    p = np.zeros(n)
    p[:3] = 1 / 2, 1 / 4, 1 / 4
    drawn, kept = np.outer(p, np.full(n, random / n)), np.diag(keep * p)  # (truth, visible)
    joint = drawn + kept
    possible = joint > 0
    cost = np.zeros_like(joint)  # of the truth, given what is visible
    cost[possible] = -np.log((joint / joint.sum(0))[possible])
    by_fate = {"random": (drawn * cost).sum() / random, "kept": (kept * cost).sum() / keep}
    for fate, loss in by_fate.items():
        assert losses[fate] == pytest.approx(loss)
    total = mask * losses["unigram"] + random * by_fate["random"] + keep * by_fate["kept"]
    assert losses["copy_unigram"] == pytest.approx(total)


def test_with_masks_only_nothing_is_copied(tokenizer, a_a_film_the):
    options = {"mask_replace_prob": 1.0, "random_replace_prob": 0.0}
    losses = reference_losses(a_a_film_the, tokenizer, **options)
    assert losses["copy_unigram"] == pytest.approx(losses["unigram"])


def test_without_random_tokens_what_is_visible_is_the_truth(tokenizer, a_a_film_the):
    options = {"mask_replace_prob": 0.8, "random_replace_prob": 0.0}
    assert reference_losses(a_a_film_the, tokenizer, **options)["kept"] == pytest.approx(0, abs=1e-12)


def test_a_bigram_by_hand(tokenizer, tmp_path):
    # Pairs: CLS-a, a-film, film-the, the-film, film-SEP, SEP-SEP.
    a, the, film = tokenizer.convert_tokens_to_ids(["a", "the", "film"])
    rows = pack_rows(["a film the film"], tokenizer, 7, tmp_path / "rows.arrow")
    bigrams = Bigrams(rows, tokenizer, smoothing=1.0)
    frequency = np.full(500, 0.5)
    frequency[[a, the, film]] += [1, 1, 2]
    frequency /= frequency.sum()
    after_a = {x: ((x == film) + frequency[x]) / 2 for x in range(500)}
    before_the = {x: ((x == film) + frequency[x]) / 2 for x in range(500)}
    scores = {x: after_a[x] * before_the[x] / frequency[x] for x in range(5, 500)}
    found = bigrams.log_probs([a], [the])[0]
    assert found[film] == pytest.approx(math.log(scores[film] / sum(scores.values())))
    assert (np.exp(found[:5]) == 0).all() and np.exp(found).sum() == pytest.approx(1)


def test_hidden_neighbours_leave_the_frequencies(tokenizer, tmp_path, reviews):
    rows = pack_rows(reviews[:50], tokenizer, 16, tmp_path / "rows.arrow")
    mask = [tokenizer.mask_token_id]
    counts = np.bincount(np.array(rows["input_ids"]).ravel(), minlength=500) + 0.5
    counts[:5] = 0
    found = Bigrams(rows, tokenizer).log_probs(mask, mask)[0]
    np.testing.assert_allclose(np.exp(found), counts / counts.sum(), atol=1e-12)


def test_bigrams_are_scored_at_the_masks_that_models_are_scored_at(tokenizer, tmp_path, reviews):
    train, test = (
        pack_rows(texts, tokenizer, 16, tmp_path / f"{len(texts)}.arrow")
        for texts in (reviews[:500], reviews[500:])
    )
    bigrams, collate = Bigrams(train, tokenizer), MaskingCollator(tokenizer)
    losses, correct = bigrams.score(test, collate)

    class Neighbours(torch.nn.Module):
        """The bigram model as a network."""

        config, device = type("Config", (), {"vocab_size": 500}), torch.device("cpu")

        def forward(self, input_ids):
            logits = torch.zeros(*input_ids.shape, 500)
            for i, ids in enumerate(input_ids.tolist()):
                logits[i, 1:-1] = torch.tensor(bigrams.log_probs(ids[:-2], ids[2:])).float()
            return type("Output", (), {"logits": logits})

    theirs = score(Neighbours(), test, collate, 8)
    assert len(losses) == theirs.n_masked
    assert losses.mean() == pytest.approx(theirs.loss, rel=1e-5)
    assert correct.mean() == pytest.approx(theirs.accuracy)
    assert losses.mean() < reference_losses(train, tokenizer)["unigram"]


def test_rows_of_a_data_set_in_memory_will_do(tokenizer):
    rows = Dataset.from_dict({"input_ids": [[2, 7, 8, 3]] * 3})
    assert reference_losses(rows, tokenizer)["unigram"] == pytest.approx(math.log(2))
