"""Attention by hand, attributions that add up, probes that know what chance is."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from small_models import small_bert
from torch import nn
from transformers import AutoModel, BertForSequenceClassification, RobertaForSequenceClassification

from prevlib.checkpoints import Loaded, checkpoint_path, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.features import extract_features
from prevlib.finetuning import finetune_classifier
from prevlib.interpretation import (
    attention_maps,
    attention_rollout,
    integrated_gradients,
    probe_features,
    probe_layers,
)
from prevlib.interpretation.attribution import log_odds
from prevlib.training import TrainConfig

TEXT = "the actors are good , but the story is a bore ."
SMALL = {
    "vocab_size": 30522,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 32,
    "initializer_range": 0.2,  # larger than usual, so that the path is far from straight
}


def small_classifier(num_labels=2, model_class=BertForSequenceClassification):
    return Loaded(small_bert(model_class, **SMALL, num_labels=num_labels), load_tokenizer("minilm"))


@pytest.fixture(scope="module")
def classifier():
    return small_classifier()


# attention_maps


def test_attention_is_that_of_transformers():
    maps = attention_maps(TEXT)
    model = AutoModel.from_pretrained(checkpoint_path("minilm"), attn_implementation="eager").eval()
    batch = load_tokenizer("minilm")(TEXT, return_tensors="pt")
    with torch.no_grad():
        expected = model(**batch, output_attentions=True).attentions
    assert maps.tokens == ["[CLS]", *TEXT.split(), "[SEP]"]
    assert maps.attentions.shape == (6, 12, 14, 14) and maps.attentions.dtype == np.float32
    np.testing.assert_allclose(maps.attentions, np.concatenate(expected), atol=1e-6)


def test_rows_of_attention_sum_to_one_and_the_untrained_twin_spreads_evenly():
    for random_init in (False, True):
        maps = attention_maps(TEXT, random_init=random_init)
        np.testing.assert_allclose(maps.attentions.sum(axis=-1), 1, atol=1e-5)
    assert np.abs(maps.attentions - 1 / 14).max() < 0.1


def test_attention_refuses_what_it_cannot_show():
    with pytest.raises(ValueError, match="`text` must hold at least one token; got ' '. There is nothing"):
        attention_maps(" ")
    with pytest.raises(ValueError, match="at most 512 tokens, special ones included; got 602. Choose a pass"):
        attention_maps("word " * 600)
    with pytest.raises(TypeError, match="`text` must be a string; got list. Pass one text at a time"):
        attention_maps([TEXT])


# attention_rollout


def test_rollout_by_hand():
    first, second = [[0.5, 0.5], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]
    # With the residual half: [[.75, .25], [0, 1]], then [[.5, .5], [.5, .5]]; the upper one times the lower.
    by_hand = [[0.375, 0.625], [0.375, 0.625]]
    np.testing.assert_allclose(attention_rollout([[first], [second]]), by_hand)
    np.testing.assert_allclose(attention_rollout([[first]]), [[0.75, 0.25], [0, 1]])
    # Two heads that differ count by their mean.
    np.testing.assert_allclose(attention_rollout([[second, np.eye(2)]]), [[0.75, 0.25], [0.25, 0.75]])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers(0, 10**6))
def test_rollout_keeps_shares(n_layers, n_heads, length, seed):
    scores = np.random.default_rng(seed).normal(scale=4, size=(n_layers, n_heads, length, length))
    rollout = attention_rollout(softmax(scores, axis=-1))
    np.testing.assert_allclose(rollout.sum(axis=-1), 1)
    assert (rollout.diagonal() >= 0.5**n_layers).all()  # the residual path alone
    alike = attention_rollout(np.broadcast_to(np.eye(length), scores.shape))
    np.testing.assert_allclose(alike, np.eye(length))


def test_rollout_refuses_other_arrays():
    with pytest.raises(ValueError, match=r"must have the shape \(n_layers, n_heads, .*got \(1, 2, 1, 3, 3\)"):
        attention_rollout(np.full((1, 2, 1, 3, 3), 1 / 3))
    with pytest.raises(ValueError, match="rows that sum to 1; got sums from 1.5 to 1.5. Take the shares"):
        attention_rollout(np.full((1, 1, 3, 3), 0.5))


# integrated_gradients


class LinearForSequenceClassification(nn.Module):
    """A classifier whose logits are linear in the embeddings, so that one point of the path is enough."""

    device = torch.device("cpu")
    config = SimpleNamespace(num_labels=2, max_position_embeddings=32)

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.head = nn.Embedding(30522, 4), nn.Linear(4, 2)

    def get_input_embeddings(self):
        return self.embedding

    def forward(self, input_ids=None, inputs_embeds=None, **_):
        inputs_embeds = self.embedding(input_ids) if inputs_embeds is None else inputs_embeds
        return SimpleNamespace(logits=self.head(inputs_embeds.sum(dim=1)))


def test_of_a_linear_model_it_is_the_weight_times_the_difference():
    model, tokenizer = LinearForSequenceClassification(), load_tokenizer("minilm")
    found = integrated_gradients(TEXT, Loaded(model, tokenizer), target=1, n_steps=1, tolerance=np.inf)
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"][0]
    with torch.no_grad():
        away = model.embedding(ids) - model.embedding(torch.tensor(tokenizer.pad_token_id))
        expected = away @ (model.head.weight[1] - model.head.weight[0])
    expected[[0, -1]] = 0  # the baseline has the same special tokens
    np.testing.assert_allclose(found.attributions, expected, atol=1e-5)
    assert found.completeness_error < 1e-5 and found.n_steps == 1


def test_it_is_what_a_plain_loop_adds_up(classifier):
    """Two thousand midpoints in float64, one after the other, without captum."""
    model, tokenizer = classifier.model.eval().double(), classifier.tokenizer
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    baseline_ids = torch.full_like(ids, tokenizer.mask_token_id)
    baseline_ids[0, [0, -1]] = ids[0, [0, -1]]
    embed = model.get_input_embeddings()
    text, baseline = embed(ids).detach(), embed(baseline_ids).detach()
    total = torch.zeros_like(text)
    n = 2000
    for alphas in ((torch.arange(n) + 0.5) / n).split(250):
        points = (baseline + alphas[:, None, None] * (text - baseline)).requires_grad_()
        logits = model(inputs_embeds=points).logits
        [gradients] = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), points)
        total += gradients.sum(dim=0)
    expected = (total / n * (text - baseline)).sum(dim=-1)[0].numpy()
    model.float()
    found = integrated_gradients(TEXT, classifier, target=1, baseline="mask", tolerance=1e-3)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found.attributions, expected, atol=1e-3 * np.abs(expected).max())


def test_it_is_the_layer_method_of_captum(classifier):
    tokenizer, model = classifier.tokenizer, classifier.model.eval()
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    baseline_ids = torch.full_like(ids, tokenizer.pad_token_id)
    baseline_ids[0, [0, -1]] = ids[0, [0, -1]]
    method = LayerIntegratedGradients(
        lambda ids: log_odds(model(ids).logits, 0), model.get_input_embeddings()
    )
    expected = method.attribute(ids, baseline_ids, n_steps=20).sum(dim=-1)[0]
    found = integrated_gradients(TEXT, classifier, target=0, n_steps=20, tolerance=np.inf)
    np.testing.assert_allclose(found.attributions, expected.detach(), atol=1e-5)


@pytest.mark.parametrize("baseline", ["pad", "mask"])
@pytest.mark.parametrize("num_labels", [2, 3])
def test_attributions_add_up_to_the_difference(num_labels, baseline):
    classifier = small_classifier(num_labels)
    for text in (TEXT, "bore", "a joy . " * 7):
        found = integrated_gradients(text, classifier, baseline=baseline, n_steps=2)
        assert found.completeness_error <= 0.01
        assert found.attributions.sum() == pytest.approx(found.difference, rel=0.0101)
        assert found.n_steps in (4, 8, 16, 32, 64, 128, 256, 512)  # two were too few, and were doubled
        assert found.attributions[0] == found.attributions[-1] == 0
        assert len(found.tokens) == len(found.attributions)


def test_positions_of_roberta_do_not_move_with_the_baseline():
    """Its positions are counted from the ids that are not padding; here all of the baseline's are."""
    classifier = small_classifier(2, RobertaForSequenceClassification)
    classifier.model.config.pad_token_id = classifier.tokenizer.pad_token_id
    assert integrated_gradients("a joy .", classifier).completeness_error <= 0.01


def test_the_score_is_the_log_odds_of_the_class():
    logits = np.random.default_rng(0).normal(size=(5, 3))
    log_probs = log_softmax(logits, axis=1)
    for target in range(3):
        expected = log_probs[:, target] - np.log1p(-np.exp(log_probs[:, target]))
        found = log_odds(torch.from_numpy(logits), target)
        np.testing.assert_allclose(found, expected)
        np.testing.assert_allclose(log_odds(torch.from_numpy(logits + 7), target), expected)


def test_by_default_the_predicted_class_is_explained(classifier):
    found = integrated_gradients(TEXT, classifier)
    assert found.score > 0  # more likely than not
    other = integrated_gradients(TEXT, classifier, target=1 - found.target)
    np.testing.assert_allclose(other.attributions, -found.attributions, atol=1e-5)


def test_a_saved_classifier_is_explained_by_its_folder(classifier, tmp_path):
    classifier.save(tmp_path)
    again = integrated_gradients(TEXT, tmp_path)
    np.testing.assert_allclose(
        again.attributions, integrated_gradients(TEXT, classifier).attributions, atol=1e-5
    )


def test_a_sum_that_misses_is_reported(classifier):
    with pytest.warns(
        UserWarning, match="must sum to the difference of the scores, .* with 512 steps they m"
    ):
        found = integrated_gradients(TEXT, classifier, n_steps=512, tolerance=0)
    assert 0 < found.completeness_error < 0.01


def test_without_a_difference_there_is_nothing_to_explain(classifier):
    with pytest.warns(UserWarning, match=r"difference of the scores, \+0, .*there is little to explain"):
        integrated_gradients("[PAD] [PAD]", classifier, n_steps=300)


def test_attribution_refuses_what_it_cannot_explain(classifier):
    for text, message in [("", "at least one token"), ("word " * 40, "at most 32 tokens, .*; got 42")]:
        with pytest.raises(ValueError, match=message):
            integrated_gradients(text, classifier)
    with pytest.raises(ValueError, match="`target` must be a class from 0 to 1; got 2. Leave it out"):
        integrated_gradients(TEXT, classifier, target=2)
    with pytest.raises(ValueError, match='`baseline` must be "pad" or "mask", .*; got \'zero\''):
        integrated_gradients(TEXT, classifier, baseline="zero")
    with pytest.raises(ValueError, match="`n_steps` must be from 1 to 512; got 0"):
        integrated_gradients(TEXT, classifier, n_steps=0)
    with pytest.raises(ValueError, match="at least two classes; got 1"):
        integrated_gradients(TEXT, small_classifier(1))
    with pytest.raises(ValueError, match="got a file without its head"):
        integrated_gradients(TEXT, "minilm")


# probe_layers, probe_features


def noise_and_signal(n=200, seed=1, n_classes=2):
    """A layer of noise, and one in which the label can be read."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n)
    noise = rng.normal(size=(n, 6))
    signal = noise + 4 * np.eye(6)[labels]
    return np.stack([noise, signal], axis=1), labels


def test_a_probe_finds_what_is_there_and_only_that():
    features, labels = noise_and_signal()
    table = probe_features(features, labels)
    assert table.index.tolist() == [0, 1]
    assert table["low"][0] < 0.5 < table["high"][0]
    assert table["accuracy"][1] > 0.95
    assert (table["control_low"] < 0.5).all() and (table["control_high"] > 0.5).all()
    np.testing.assert_allclose(table["selectivity"], table["accuracy"] - table["control_accuracy"])
    names = ["answer", "question"]
    by_name = probe_features(features, [names[label] for label in labels], control=False)
    np.testing.assert_array_equal(by_name["accuracy"], table["accuracy"])
    assert list(by_name) == ["accuracy", "low", "high", "train_accuracy", "majority"]


def test_a_probe_is_a_standardised_logistic_regression():
    features, labels = noise_and_signal(n_classes=3)
    train, test = train_test_split(np.arange(200), test_size=0.25, stratify=labels, random_state=3)
    scaler = StandardScaler().fit(features[train, 1])
    model = LogisticRegression().fit(scaler.transform(features[train, 1]), labels[train])
    expected = model.score(scaler.transform(features[test, 1]), labels[test])
    table = probe_features(features, labels, test_size=0.25, seed=3)
    assert table["accuracy"][1] == pytest.approx(expected)
    assert table["majority"][0] == np.mean(labels[test] == np.bincount(labels).argmax())


def test_random_labels_stay_at_chance_within_their_interval():
    """100 splits: a 95 % interval misses the chance of one half about five times; 13 would be too many."""
    features, labels = np.random.default_rng(0).normal(size=(200, 1, 6)), np.arange(200) % 2
    tables = [probe_features(features, labels, seed=seed) for seed in range(100)]
    missed = sum(not t["control_low"][0] <= 0.5 <= t["control_high"][0] for t in tables)
    assert missed <= 12


def test_enough_features_learn_random_labels_by_heart():
    features = np.random.default_rng(0).normal(size=(200, 1, 300))
    table = probe_features(features, np.arange(200) % 2)
    assert table["control_train_accuracy"][0] > 0.95
    assert table["control_low"][0] < 0.5 < table["control_high"][0]


def test_the_control_betrays_texts_on_both_sides_of_the_split():
    features = np.tile(np.random.default_rng(0).normal(size=(60, 1, 80)), (4, 1, 1))
    labels, types = np.tile(np.arange(60) % 2, 4), np.tile(np.arange(60), 4)
    assert probe_features(features, labels, types=types)["control_low"][0] > 0.75
    unaware = probe_features(features, labels)
    assert unaware["control_low"][0] < 0.5 < unaware["control_high"][0]


def test_random_labels_may_all_be_the_same():
    features, labels = noise_and_signal(20)
    labels = np.array([1, 1] + [0] * 18)
    for seed in range(10):
        table = probe_features(features, labels, seed=seed)
        assert table.notna().all(axis=None)


def test_layers_are_probed_from_texts():
    texts = [
        f"{noun} {verdict}" for noun in "film story cast music plot".split() for verdict in ("good", "bad")
    ]
    texts = [f"{text} {n}" for text in texts for n in range(4)]
    labels = [int("good" in text) for text in texts]
    table = probe_layers(texts, labels)
    assert table.index.tolist() == list(range(7))
    assert table["accuracy"][0] == 1.0
    expected = probe_features(extract_features(texts, layer="all"), labels, types=texts)
    np.testing.assert_allclose(table, expected)


def test_probes_refuse_what_they_cannot_learn():
    features, labels = noise_and_signal(20)
    with pytest.raises(
        ValueError, match="`labels` must hold at least two classes; got only 1. There is noth"
    ):
        probe_layers(["a", "b"], [1, 1])
    with pytest.raises(ValueError, match=r"one label a text, shape \(2,\); got \(3,\)"):
        probe_layers(["a", "b"], [1, 0, 1])
    with pytest.raises(ValueError, match=r"must have the shape \(n_samples, n_layers, .*got \(20, 6\)"):
        probe_features(features[:, 0], labels)
    with pytest.raises(
        ValueError, match="leave samples of each class on both sides; got 0.5 with 1 of class 1"
    ):
        probe_features(features, [1] + [0] * 19)
    with pytest.raises(ValueError, match="`test_size` must be between 0 and 1 .*; got 3"):
        probe_features(features, labels, test_size=3)
    with pytest.raises(ValueError, match="`types` must hold one type a sample, 20; got 2"):
        probe_features(features, labels, types=["a", "b"])


@pytest.mark.slow
def test_completeness_on_fifty_reviews(capsys):
    reviews = load_reviews()
    train = reviews["train"].select(range(300))
    config = TrainConfig(num_train_epochs=3, bf16=False)
    trained = finetune_classifier(train["text"], train["label"], config=config, show_progress=False)
    found = [integrated_gradients(text, trained) for text in reviews["test"]["text"][:50]]
    largest = max(result.completeness_error for result in found)
    with capsys.disabled():
        doubled = sum(result.n_steps > 32 for result in found)
        print(f"\nlargest completeness error {largest:.2%}; more than 32 steps for {doubled} of 50 reviews")
    assert largest < 0.01
