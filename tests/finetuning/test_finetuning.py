"""Classifiers: learn what can be learnt, refuse what cannot, and a study that survives interruptions."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score
from small_models import save_small_bert
from transformers import BertForSequenceClassification

from prevlib.checkpoints import load_classifier, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.finetuning import (
    METHODS,
    classification_loss,
    classifier,
    finetune_classifier,
    freeze_backbone,
    label_efficiency,
    predict_logits,
    read_study,
)
from prevlib.finetuning import __main__ as command_line
from prevlib.training import TrainConfig

FAST = TrainConfig(num_train_epochs=8, per_device_train_batch_size=4, learning_rate=3e-3, bf16=False)
TEXTS = ["a joy", "a delight", "lovely and warm", "a bore", "dull and cold", "a chore"] * 4
LABELS = [1, 1, 1, 0, 0, 0] * 4


@pytest.fixture(scope="module")
def small_bert(tmp_path_factory):
    """A BERT of two narrow layers with the real vocabulary, saved as a classifier of two classes."""
    return save_small_bert(tmp_path_factory.mktemp("small_bert"), BertForSequenceClassification)


@pytest.fixture(scope="module")
def trained(small_bert):
    return finetune_classifier(TEXTS, LABELS, small_bert, config=FAST, show_progress=False)


def test_it_learns_what_can_be_learnt(trained):
    logits = predict_logits(trained, TEXTS)
    assert logits.shape == (24, 2)
    assert logits.dtype == np.float32
    assert accuracy_score(LABELS, logits.argmax(axis=1)) == 1.0


def test_an_interrupted_training_goes_on_where_it_was(small_bert, trained, tmp_path, monkeypatch):
    """Interrupted in the fourth of eight epochs, each of six steps, it ends in the same weights."""
    calls = []

    def loss(model, batch):
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return classification_loss(model, batch)

    options = {"config": FAST, "checkpoint_dir": tmp_path, "show_progress": False}
    monkeypatch.setattr(classifier, "classification_loss", loss)
    with pytest.raises(KeyboardInterrupt):
        finetune_classifier(TEXTS, LABELS, small_bert, **options)
    resumed = finetune_classifier(TEXTS, LABELS, small_bert, **options)
    assert len(calls) == 20 + 8 * 6 - 18
    for found, expected in zip(resumed.model.parameters(), trained.model.parameters(), strict=True):
        torch.testing.assert_close(found, expected, atol=0, rtol=0)


def test_the_loss_is_the_sum_that_transformers_means(small_bert):
    model = load_classifier(small_bert, 2)
    batch = load_tokenizer(small_bert)(TEXTS[:5], padding=True, return_tensors="pt")
    batch["labels"] = torch.tensor(LABELS[:5])
    total, count = classification_loss(model, batch)
    assert (total / count).item() == pytest.approx(model(**batch).loss.item(), abs=1e-6)


def test_predictions_do_not_depend_on_the_batch_or_the_order(trained):
    alone = np.concatenate([predict_logits(trained, [text]) for text in TEXTS[:6]])
    together = predict_logits(trained, [*TEXTS[:6], "a much longer text " * 20], batch_size=7)
    turned = predict_logits(trained, TEXTS[:6][::-1], batch_size=2)[::-1]
    np.testing.assert_allclose(together[:6], alone, atol=1e-5)
    np.testing.assert_allclose(turned, alone, atol=1e-5)


def test_a_saved_classifier_predicts_the_same_by_its_folder(trained, tmp_path, capfd):
    trained.save(tmp_path)
    np.testing.assert_allclose(predict_logits(tmp_path, TEXTS), predict_logits(trained, TEXTS), atol=1e-6)
    assert capfd.readouterr() == ("", "")


def test_the_same_seed_gives_the_same_predictions(small_bert, trained):
    again = finetune_classifier(TEXTS, LABELS, small_bert, config=FAST, show_progress=False)
    np.testing.assert_array_equal(predict_logits(again, TEXTS), predict_logits(trained, TEXTS))


def test_frozen_trains_the_head_only(small_bert):
    before = load_classifier(small_bert, 2).bert.state_dict()
    frozen = finetune_classifier(TEXTS, LABELS, small_bert, config=FAST, frozen=True, show_progress=False)
    for name, weights in frozen.model.bert.state_dict().items():
        assert torch.equal(weights, before[name])
    head = load_classifier(small_bert, 2).classifier.weight
    assert not torch.equal(frozen.model.classifier.weight, head)


def test_freezing_minilm_leaves_a_head_of_770_weights():
    model = freeze_backbone(load_classifier("minilm", 2))
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == 384 * 2 + 2


def test_random_init_starts_elsewhere(small_bert):
    one_step = TrainConfig(num_train_epochs=1, learning_rate=1e-9, bf16=False)
    options = {"config": one_step, "show_progress": False}
    pretrained = finetune_classifier(TEXTS, LABELS, small_bert, **options)
    scratch = finetune_classifier(TEXTS, LABELS, small_bert, random_init=True, **options)
    weights = [c.model.bert.embeddings.word_embeddings.weight for c in (pretrained, scratch)]
    assert not torch.allclose(*weights, atol=1e-3)


def test_validation_accuracy_is_recorded_after_each_epoch(small_bert):
    classifier = finetune_classifier(
        TEXTS, LABELS, small_bert, config=FAST, validation=(TEXTS[:6], LABELS[:6]), show_progress=False
    )
    recorded = [e["validation_accuracy"] for e in classifier.history.evaluations]
    right = predict_logits(classifier, TEXTS[:6]).argmax(axis=1) == LABELS[:6]
    assert len(recorded) == 8
    assert recorded[-1] == right.mean()


def test_more_classes_are_counted_from_the_labels(small_bert, tmp_path):
    fast = TrainConfig(num_train_epochs=1, bf16=False)
    three = finetune_classifier(TEXTS[:3], [0, 1, 2], "minilm", config=fast, show_progress=False)
    assert predict_logits(three, ["a"]).shape == (1, 3)


@pytest.mark.parametrize(
    "labels, options, error, text",
    [
        ([1, 0, 1], {}, ValueError, r"`labels` must hold one label per text, shape \(24,\); got \(3,\)"),
        ([0.5] * 24, {}, TypeError, r"`labels` must be whole numbers from 0; got float64 such as .*0\.5"),
        (["pos"] * 24, {}, TypeError, r"whole numbers.*Number the classes first"),
        ([-1] * 24, {}, ValueError, r"got values from -1 to -1"),
        ([2] * 24, {"num_labels": 2}, ValueError, r"`labels` must be from 0 to 1; got values from 2 to 2"),
    ],
)
def test_labels_that_make_no_sense_are_refused(labels, options, error, text):
    with pytest.raises(error, match=text):
        finetune_classifier(TEXTS, labels, "minilm", show_progress=False, **options)


def test_texts_that_make_no_sense_are_refused(trained):
    with pytest.raises(ValueError, match="`texts` must hold at least one text; got none"):
        finetune_classifier([], [], "minilm")
    with pytest.raises(TypeError, match="got NoneType .* at position 1"):
        predict_logits(trained, ["a", None])


def test_a_checkpoint_without_a_trained_head_does_not_predict():
    with pytest.raises(ValueError, match="got a file without its head"):
        predict_logits("minilm", ["a joy"])


@pytest.fixture(scope="module")
def study(tmp_path_factory, small_bert):
    path = tmp_path_factory.mktemp("study") / "study.jsonl"
    label_efficiency(path, checkpoint=small_bert, budgets={20: 2}, show_progress=False)
    return path


def test_the_study_keeps_every_prediction(study):
    table = read_study(study)
    assert list(zip(table["method"], table["seed"], strict=True)) == [(m, s) for s in (0, 1) for m in METHODS]
    y_proba = np.array(table["y_proba"].tolist())
    assert y_proba.shape == (8, 853)
    assert ((y_proba >= 0) & (y_proba <= 1)).all()
    assert (table["seconds"] >= 0).all()


def test_a_torn_study_goes_on_where_it_stopped(study, small_bert, tmp_path):
    lines = study.read_text().splitlines(keepends=True)
    torn = tmp_path / "torn.jsonl"
    torn.write_text("".join(lines[:3]) + lines[3][:1000])
    label_efficiency(torn, checkpoint=small_bert, budgets={20: 2}, show_progress=False)

    def content(text):
        return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in text]

    assert content(torn.read_text().splitlines()) == content(lines)


def test_unknown_methods_and_budgets_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"`methods` must be out of .*got \('fancy',\)"):
        label_efficiency(tmp_path / "s.jsonl", budgets={10: 1}, methods=("fancy",))
    with pytest.raises(ValueError, match=r"`budgets` from 2 to 6824; got .*\(9000,\)"):
        label_efficiency(tmp_path / "s.jsonl", budgets={9000: 1})
    assert not (tmp_path / "s.jsonl").exists()


def test_the_shipped_study_is_whole_and_clears_its_bars():
    table = read_study()
    runs = table.groupby(["method", "n_train"]).size()
    assert {n: set(runs[:, n]) for n in (100, 500, 2000, 6824)} == {100: {3}, 500: {5}, 2000: {3}, 6824: {1}}
    assert set(table["method"]) == set(METHODS)
    y_true = np.array(load_reviews()["test"]["label"])
    table["accuracy"] = [np.mean((np.array(p) > 0.5) == y_true) for p in table["y_proba"]]
    accuracy = table.groupby(["method", "n_train"])["accuracy"].mean()
    assert accuracy["full", 2000] >= 0.79
    assert accuracy["full", 6824] >= 0.81


def test_the_command_line_runs_the_study(tmp_path, small_bert, monkeypatch):
    asked = {}
    monkeypatch.setattr(command_line, "label_efficiency", lambda output, **options: asked.update(options))
    command_line.main([str(tmp_path / "s.jsonl"), "--checkpoint", str(small_bert), "--budgets", "20:1,40:2"])
    assert asked == {"checkpoint": str(small_bert), "budgets": {20: 1, 40: 2}}


# Bad input


def test_training_warns_once_of_texts_that_it_cuts(small_bert):
    texts = ["a joy", "long " * 600, "a bore", "longer " * 700, "word " * 510]  # the last one just fits
    once = TrainConfig(max_steps=1, bf16=False)
    with pytest.warns(UserWarning, match="2 of 5 texts had more than 512 tokens; the rest of each") as caught:
        finetune_classifier(texts, [1, 0, 1, 0, 1], small_bert, config=once, show_progress=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "validation, kind, text",
    [
        ((["a"], ["neg"]), TypeError, "labels of `validation` must be whole numbers from 0; got <U3 such as"),
        ((["a"], [2]), ValueError, "labels of `validation` must be from 0 to 1; got values from 2 to 2"),
        ((["a"], [0, 1]), ValueError, r"labels of `validation` must hold one label per text, shape \(1,\)"),
        (("a", [0]), TypeError, "`texts` must be a sequence of strings; got the single string 'a'"),
        (([], []), ValueError, "`texts` must hold at least one text; got none"),
    ],
)
def test_validation_is_checked_like_training(small_bert, validation, kind, text):
    with pytest.raises(kind, match=text):
        finetune_classifier(TEXTS, LABELS, small_bert, validation=validation)


def test_labels_of_a_small_type_are_learnt_like_any_other(small_bert, trained):
    small = np.array(LABELS, dtype=np.uint8)
    again = finetune_classifier(TEXTS, small, small_bert, config=FAST, show_progress=False)
    np.testing.assert_array_equal(predict_logits(again, TEXTS), predict_logits(trained, TEXTS))


def test_early_stopping_keeps_the_best_classifier_and_names_the_metric(small_bert):
    early = replace(FAST, early_stopping_patience=2)
    options = {"validation": (TEXTS, LABELS), "show_progress": False}
    with pytest.raises(ValueError, match="one of: validation_accuracy; got 'loss'"):
        finetune_classifier(TEXTS, LABELS, small_bert, config=early, **options)
    early = replace(early, metric_for_best_model="validation_accuracy")
    classifier = finetune_classifier(TEXTS, LABELS, small_bert, config=early, **options)
    scores = [evaluation["validation_accuracy"] for evaluation in classifier.history.evaluations]
    assert accuracy_score(LABELS, predict_logits(classifier, TEXTS).argmax(axis=1)) == max(scores)


@pytest.mark.parametrize(
    "options, text",
    [
        ({"batch_size": 2.5}, r"`batch_size` must be a whole number, at least 1; got 2.5 \(float\)"),
        ({"batch_size": True}, "`batch_size` must be a whole number"),
        ({"batch_size": 0}, "`batch_size` must be at least 1; got 0"),
        ({"texts": ["a", "b \ud83d"]}, r"The text at position 1 must be valid Unicode; got .*'\\ud83d'"),
    ],
)
def test_odd_options_of_predictions_are_refused(trained, options, text):
    with pytest.raises((TypeError, ValueError), match=text):
        predict_logits(trained, **({"texts": TEXTS} | options))


@pytest.mark.parametrize("num_labels", [2.0, "2", True])
def test_the_number_of_labels_is_a_whole_number(small_bert, num_labels):
    with pytest.raises(TypeError, match="`num_labels` must be a whole number, at least 1; got"):
        finetune_classifier(TEXTS, LABELS, small_bert, num_labels=num_labels)
