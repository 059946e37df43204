"""Widgets on texts and models, with the real ipywidgets: set a value, read the words, see the picture."""

import json
import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from reading import move, words
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from prevlib.checkpoints import load_tokenizer
from prevlib.encoder import Bert
from prevlib.generation import fill_mask
from prevlib.interpretation import attention_maps, attention_rollout
from prevlib.losses import cross_entropy
from prevlib.masking import mask_tokens
from prevlib.tokenization import train_wordpiece
from prevlib.widgets import (
    explore_attention,
    explore_cross_entropy,
    explore_features,
    explore_fill_mask,
    explore_masking,
    explore_query,
    explore_tokens,
    explore_training,
)
from prevlib.widgets.attention import look
from prevlib.widgets.cross_entropy import loss_parts
from prevlib.widgets.features import cosine_similarities, nearest_neighbours, project
from prevlib.widgets.masking import count_masks
from prevlib.widgets.query import scores_of
from prevlib.widgets.tokens import plot_words, split_words
from prevlib.widgets.training import landmarks_passed

# tokens


def test_words_fall_apart_as_the_tokenizer_says():
    tokenizer = load_tokenizer("minilm")
    found = split_words("Unwatchable films!", tokenizer)
    assert [word.pieces for word in found] == [("un", "##watch", "##able"), ("films",), ("!",)]
    assert [word.text for word in found] == ["unwatchable", "films", "!"]
    assert split_words("", tokenizer) == []


def test_typing_a_text_shows_its_tokens():
    box = explore_tokens()
    assert "unwatchable = un ##watch ##able" in words(box)
    text, changed = move(box, text="A masterpiece, unfilmable")
    assert changed and "4 words and marks become 6 tokens" in text
    assert "Split: unfilmable = un ##film ##able." in text
    text, changed = move(box, vocabulary="mini")
    assert changed and "8,192 entries of mini" in text


def test_unknown_words_and_an_empty_text_are_told():
    box = explore_tokens(tokenizers={"mine": train_wordpiece(["film films"] * 3, vocab_size=30)})
    text, changed = move(box, text="film $x^$ 电影 films")
    assert changed and "Unknown, [UNK]: 6." in text  # signs and Chinese letters are words
    text, changed = move(box, text="")
    assert changed and "0 words and marks become 0 tokens" in text


def test_the_picture_of_a_long_text_stops_after_some_rows():
    ax = plot_words(split_words("word " * 200, load_tokenizer("minilm")), ax=Figure().subplots())
    assert 20 < len(ax.texts) < 100
    assert all(text.get_position()[1] < ax.get_ylim()[0] for text in ax.texts)


# masking


def test_counts_add_up_to_the_chosen_tokens():
    ids = torch.randint(5, 1000, (200, 50), generator=torch.Generator().manual_seed(0))
    special = torch.zeros_like(ids)
    rates = {"mlm_probability": 0.3, "mask_replace_prob": 0.5, "random_replace_prob": 0.25}
    options = {"special_tokens_mask": special, "mask_token_id": 4, **rates}
    generator = torch.Generator().manual_seed(1)
    batch = mask_tokens(ids, vocab_size=1000, generator=generator, **options)
    n_tokens, counts, expected = count_masks(batch, **options)
    assert n_tokens == 10_000 and sum(counts[:3]) == counts[3]
    assert expected == pytest.approx((1500, 750, 750, 3000))
    np.testing.assert_allclose(counts, expected, rtol=0.1)


def test_masks_are_drawn_again_and_counted():
    box = explore_masking()
    before = words(box)
    text, changed = move(box, draw=5)
    assert text != before and changed
    assert move(box, draw=4)[0] == before  # the same draw is the same again
    text, changed = move(box, times=1000)
    assert changed and "Of 23,000 tokens in all" in text
    found = [int(part.replace(",", "")) for part in re.findall(r" ([\d,]+) \(expected", text)]
    np.testing.assert_allclose(found, [2760, 345, 345, 3450], rtol=0.2)


def test_rates_reach_the_masks():
    box = explore_masking()
    text, _ = move(box, random=0.0, mask=1.0, rate=1.0)
    assert "[MASK] 23 (expected 23.0); random 0 (expected 0.0); kept 0" in text
    text, _ = move(box, mask=0.0, random=1.0)
    assert "[MASK] 0 (expected 0.0); random 23 (expected 23.0); kept 0" in text
    text, changed = move(box, text="")
    assert "Type some words" in text and not changed


def test_whole_words_are_hidden_with_all_their_pieces():
    box = explore_masking()
    for draw in range(1, 9):
        text, _ = move(box, whole=True, rate=0.3, mask=1.0, random=0.0, draw=draw)
        hidden = [piece in text.split("It has to tell:")[1] for piece in (" un (", "##watch", "##able")]
        assert len(set(hidden)) == 1, text


# cross-entropy


def test_parts_of_the_loss_are_those_of_the_library():
    parts = loss_parts([1.0, -2.0, 0.5], label=2)
    expected = cross_entropy(torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([2]))
    assert parts.loss == pytest.approx(expected.item())
    assert parts.loss == pytest.approx(-np.log(parts.probabilities[2]))
    assert sum(parts.gradient) == pytest.approx(0)
    assert parts.gradient[2] == pytest.approx(parts.probabilities[2] - 1)


def test_logits_and_truth_change_the_loss():
    box = explore_cross_entropy(["a", "b"], [0.0, 0.0])
    assert "is b: the loss is -ln 0.5 = 0.693 nats" in words(box)
    text, changed = move(box, logit_1=2.0)
    assert changed and "a 0.119, b 0.881" in text and "= 0.127 nats" in text
    text, changed = move(box, label="a")
    assert changed and "= 2.127 nats" in text and "a -0.881, b +0.881" in text
    text, changed = move(box, logit_0=-8.0, logit_1=8.0)
    assert changed and "= 16.000 nats" in text


def test_classes_need_their_logits():
    with pytest.raises(ValueError, match="one entry a class, and at least two; got 3 and 2"):
        explore_cross_entropy(logits=[0.0, 1.0])


# training

RUN = {
    "steps": [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 2.0}],
    "evaluations": [{"step": 1, "loss": 2.9}, {"step": 2, "loss": 1.5}],
    "references": {"uniform": 2.8, "unigram": 2.0},
}


def test_landmarks_are_passed_from_the_highest_on():
    assert landmarks_passed(3.0, {"low": 4.0, "high": 9.0, "never": 2.0}) == ["high", "low"]


def test_scrubbing_tells_the_loss_of_the_stored_run():
    box = explore_training()
    assert "Run 1, step 250, 0.3 million tokens read: loss on fixed masks 6.45 nats" in words(box)
    text, changed = move(box, at=32)
    assert changed and "Run 2, step 12,000, 51.2 million tokens read: loss on fixed masks 3.20 nats" in text
    assert "2.89 below copying + unigram, 6.09" in text and "unigram entropy" not in text
    assert "all chosen tokens, a fifth of which is visible" in text and "41.6% of the chosen tokens" in text


def test_a_run_of_ones_own_may_be_passed(tmp_path):
    box = explore_training(RUN)
    assert "step 1: loss on fixed masks 2.90 nats" in words(box) and "0.10 above ln V, 2.80" in words(box)
    (tmp_path / "history.json").write_text(json.dumps(RUN))
    text, changed = move(explore_training(tmp_path / "history.json"), at=2)
    assert changed and "0.50 below unigram entropy, 2.00" in text and "Training loss then: 2.00" in text
    with pytest.raises(ValueError, match="at least one evaluation; got none"):
        explore_training(RUN | {"evaluations": []})


def test_a_loss_at_mask_stands_beside_landmarks_for_hidden_tokens_only():
    references = RUN["references"] | {"kept": 0.4, "random": 7.0, "copy_unigram": 1.8}
    evaluations = [{"step": 1, "loss": 1.9, "accuracy": 0.25, "loss_kept": 0.5}]
    text = words(explore_training(RUN | {"references": references, "evaluations": evaluations}))
    assert "0.10 below unigram entropy, 2.00" in text and "25.0% of the tokens at [MASK]" in text
    assert "copying" not in text and "kept" not in text and "visible" not in text


# features


def test_equal_texts_are_one_point_and_not_a_picture_of_rounding():
    """The first token of all texts is the same in layer 0, up to rounding."""
    rows = np.full((40, 5), np.float32(0.1)) * np.array([1, -3, 7, 0.3, 11], dtype=np.float32)
    rows[::3] = np.nextafter(rows[::3], np.float32(20))
    points, kept = project(rows)
    assert (points == 0).all() and kept == 1


def test_projection_keeps_what_two_directions_can_hold():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 10)) + 5
    points, kept = project(flat)
    assert kept == pytest.approx(1)
    between = np.linalg.norm(flat[:, None] - flat, axis=2)
    np.testing.assert_allclose(np.linalg.norm(points[:, None] - points, axis=2), between, atol=1e-9)
    rows = rng.normal(size=(30, 10))
    assert project(rows).variance_kept == pytest.approx(PCA(2).fit(rows).explained_variance_ratio_.sum())


def test_neighbours_and_cosines_are_those_of_scikit_learn():
    rows = np.random.default_rng(1).normal(size=(20, 6))
    np.testing.assert_allclose(cosine_similarities(rows), cosine_similarity(rows))
    peer = NearestNeighbors(n_neighbors=4, metric="cosine").fit(rows).kneighbors(rows)[1][:, 1:]
    np.testing.assert_array_equal(nearest_neighbours(rows, 3), peer)


def test_layer_pooling_and_text_are_looked_up_not_computed_again(monkeypatch):
    texts = ["a joy", "a bore", "lovely film", "dull film"]
    box = explore_features(texts, [1, 0, 1, 0])
    monkeypatch.setattr("prevlib.widgets.features.extract_features", None)  # may not be called any more
    assert "Text 4, neg: dull film" in words(box)
    assert "With mean of layer 6" in words(box)
    for values, said in [
        ({"text": 1}, "Text 1, pos: a joy\nNearest in direction:\n1. cosine"),
        ({"layer": 0}, "With mean of the embeddings, layer 0"),
        ({"pooling": "max"}, "With max of the embeddings"),
    ]:
        text, changed = move(box, **values)
        assert changed and said in re.sub("\n+", "\n", text)


def test_texts_need_labels():
    with pytest.raises(ValueError, match="at least two, with one label each; got 2 and 0"):
        explore_features(["a", "b"])


# fill_mask


def test_gaps_are_filled_as_by_the_library():
    box = explore_fill_mask()
    [best] = fill_mask("one of the worst [MASK] i have ever seen .", top_k=1)
    assert f"Gap 1 of 1: {best[0].token} {best[0].probability:.3f}" in words(box)
    text, changed = move(box, top_k=3)
    assert changed and text.count(",") == 2
    text, changed = move(box, text="[MASK] [MASK] [MASK] [MASK] .")
    assert changed and "Gap 4 of 4" in text and "shows the first 3 gaps" in text
    text, changed = move(box, text="no gap")
    assert not changed and "Write [MASK] where a word is missing" in text


# attention


def test_each_view_is_what_it_says():
    attentions = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 2, 5))
    np.testing.assert_array_equal(look(attentions, "one head", 2, 1).matrix, attentions[1, 0])
    np.testing.assert_array_equal(look(attentions, "mean of the heads", 3, 1).matrix, attentions[2].mean(0))
    rollout = look(attentions, "rollout up to the layer", 2, 1)
    np.testing.assert_array_equal(rollout.matrix, attention_rollout(attentions[:2]))
    assert rollout.name == "rollout up to layer 2"


def test_layer_head_and_token_are_looked_up():
    box = explore_attention("a good film .")
    assert "Pre-trained, layer 1, head 3.\nToken 4 of 6, film, looks at: good (token 3) 1.00" in words(box)
    row = attention_maps("a good film .").attentions[4, 7, 1]
    text, changed = move(box, layer=5, head=8, token=2)
    assert changed and "layer 5, head 8.\nToken 2 of 6, a, looks at" in text
    assert f"(token {row.argmax() + 1}) {row.max():.2f}" in text
    for values in ({"view": "mean of the heads"}, {"view": "rollout up to the layer"}, {"untrained": True}):
        before = words(box)
        text, changed = move(box, **values)
        assert changed and text != before
    assert "Untrained twin, rollout up to layer 5" in text


def test_another_text_may_be_shorter_but_not_too_long():
    box = explore_attention("a good film .")
    text, changed = move(box, token=6, text="good .")
    assert changed and "Token 4 of 4, [SEP]" in text
    text, changed = move(box, text="word " * 39)
    assert not changed and "at most 40 tokens to be drawn; got 41" in text


# query


@pytest.mark.parametrize("checkpoint", ["mini", "minilm"])
def test_weights_of_a_query_are_those_of_the_encoder(checkpoint):
    model, tokenizer = Bert.from_checkpoint(checkpoint), load_tokenizer(checkpoint)
    input_ids = tokenizer("a good film .", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        weights = model(input_ids).attentions[2][0, 1, 3]
    scores = scores_of(model, input_ids, layer=3, head=2, token=4, scaled=True)
    np.testing.assert_allclose(scores.softmax(-1), weights, atol=1e-5)
    unscaled = scores_of(model, input_ids, layer=3, head=2, token=4, scaled=False)
    size = model.config.hidden_size // model.config.num_attention_heads
    np.testing.assert_allclose(unscaled, scores * size**0.5, rtol=1e-4)


def test_a_head_of_the_previous_and_one_of_the_next_token():
    box = explore_query()
    for head, token, looks_at in [
        (4, 11, "were (token 10)"),
        (2, 11, ". (token 12)"),
        (4, 3, "the (token 2)"),
    ]:
        text, changed = move(box, head=head, token=token)
        assert changed and f"head {head}: token {token} of 13," in text
        assert re.search(re.escape(f"Largest weights after the softmax: {looks_at} ") + r"(0\.9|1\.0)", text)


def test_the_words_turn_a_distance_of_scores_into_a_factor():
    box = explore_query()
    text, _ = move(box, head=3)
    weights = [float(w) for w in re.findall(r"\(token \d+\) (\d\.\d+)", text)]
    distance, factor = map(float, re.search(r"and e\^([\d.]+) = ([\d.]+) times", text).groups())
    assert factor == pytest.approx(np.exp(distance), rel=0.01)
    assert factor == pytest.approx(weights[0] / weights[1], rel=0.06)
    text, changed = move(box, scaled=False)  # heads of 64: the distance is 8 times as large
    assert changed and float(re.search(r"([\d.]+) more", text)[1]) == pytest.approx(8 * distance, abs=0.05)


def test_a_query_needs_a_text_that_can_be_drawn():
    box = explore_query("a good film .")
    assert "token 6 of 6, [SEP]" in words(box)
    text, changed = move(box, text="word " * 23)
    assert not changed and "at most 24 tokens to be drawn; got 25. Shorten it." in text
    text, changed = move(box, text="")
    assert changed and "token 2 of 2, [SEP]" in text
