"""A whole evaluation: heads that fit, steps that are done once, folders that keep their settings."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_models import save_small_bert
from transformers import BertForSequenceClassification, BertForTokenClassification

from prevlib import cost
from prevlib.datasets.entities import NER_TAGS
from prevlib.finetuning import predict_logits, predict_tags, tagging_config
from prevlib.report import run
from prevlib.report.checkpoint_facts import describe_checkpoint, find_head
from prevlib.report.course_tasks import load_task
from prevlib.report.own_data import read_task
from prevlib.report.run import evaluate
from prevlib.report.scores import LINEAR, LOOKUP
from prevlib.report.task import Rows


@pytest.fixture(autouse=True)
def no_second_process(monkeypatch):
    """Memory is measured in a process that takes seconds to start; the tests of costs do that."""
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)


@pytest.fixture(scope="module")
def save_bert(tmp_path_factory):
    """A function that saves a small random BERT with a head, and labels by these names."""
    return lambda *args, **options: save_small_bert(
        tmp_path_factory.mktemp("bert") / "tiny", *args, num_hidden_layers=1, **options
    )


@pytest.fixture(scope="module")
def encoder(save_bert):
    return save_bert()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """120 short texts of two classes."""
    pairs = (("joy", "good"), ("bore", "bad"))
    rows = [f"{word} number {i},{label}" for i in range(60) for word, label in pairs]
    file = tmp_path_factory.mktemp("data") / "mine.csv"
    file.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return file


@pytest.fixture
def quick(table):
    return {"data": table, "n_train": 20, "show_progress": False}


def read_lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


# what is measured


def test_a_checkpoint_is_described_by_its_weights(encoder, save_bert):
    facts = describe_checkpoint(encoder)
    assert facts["name"] == "tiny"  # without the path, which is nobody's business
    assert facts["base_model"] is None and facts["licence"] is None
    assert facts["sha256"] == describe_checkpoint(save_bert())["sha256"]
    assert describe_checkpoint("mini")["base_model"] is None


@pytest.mark.parametrize(
    "names, outputs",
    [
        (["neg", "pos"], [0, 1]),
        (["POSITIVE", "NEGATIVE"], [1, 0]),
        (None, [0, 1]),
        (["neg", "neutral", "pos"], None),
        (["entailment", "not_entailment"], None),
        (["negative", "neg"], None),
    ],
)
def test_a_head_fits_if_its_labels_do(save_bert, names, outputs):
    checkpoint = save_bert(BertForSequenceClassification, names)
    assert find_head(load_task("sentiment", n_train=10), checkpoint) == outputs


def test_heads_of_other_kinds_do_not_fit(save_bert, encoder):
    sentiment, entities = load_task("sentiment", n_train=10), load_task("entities", n_train=10)
    tagger = save_bert(BertForTokenClassification, NER_TAGS[::-1])
    assert find_head(entities, tagger) == list(range(len(NER_TAGS)))[::-1]
    assert find_head(sentiment, tagger) is None
    assert find_head(sentiment, encoder) is None
    other = save_bert(BertForTokenClassification, [f"tag {i}" for i in range(9)])
    assert find_head(entities, other) is None


def test_a_head_is_measured_as_it_is_with_its_labels_in_place(save_bert, table, tmp_path, quick):
    checkpoint = save_bert(BertForSequenceClassification, ["good", "bad"])
    evaluation = evaluate(tmp_path, checkpoint, **quick)
    assert not (tmp_path / "model").exists()
    assert evaluation.model["n_train"] == 0
    assert evaluation.model["remark"] == "The outputs of its head were read as 1 = bad, 0 = good."
    task = read_task(table, n_train=20)
    names = np.array(["good", "bad"])[predict_logits(checkpoint, task.test.texts).argmax(axis=1)]
    right = np.mean(names == np.array(task.label_names)[task.test.labels])
    assert evaluation.scores.metrics["accuracy"].estimate == right


def test_test_rows_alone_need_a_head(save_bert, encoder, tmp_path):
    pairs = (("joy", "good"), ("bore", "bad"))
    rows = [f"{word} {i},{label},test" for i in range(20) for word, label in pairs]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["text,label,split", *rows]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"a trained head for the labels \['bad', 'good'\]; got .*tiny"):
        evaluate(tmp_path / "a", encoder, data=file, show_progress=False)
    assert not (tmp_path / "a").exists()
    checkpoint = save_bert(BertForSequenceClassification, ["bad", "good"])
    scores = evaluate(tmp_path / "b", checkpoint, data=file, show_progress=False).scores
    assert LINEAR not in scores.baselines and scores.gain is None
    assert scores.calibration.remark == "there are no validation rows to fit it on"


# step by step


def test_everything_is_there_in_the_end(encoder, tmp_path, quick):
    evaluation = evaluate(tmp_path, encoder, **quick)
    assert {path.name for path in tmp_path.iterdir()} == {
        "settings.json",
        "model",
        "predictions.jsonl",
        "cost.json",
    }
    lines = read_lines(tmp_path / "predictions.jsonl")
    test = [line for line in lines if line["split"] == "test"]
    assert [line["text"] for line in test] == evaluation.task.test.texts
    assert set(test[0]) == {"split", "text", "label", "predicted", "logits", "simpler"}
    right = np.mean([line["label"] == line["predicted"] for line in test])
    assert evaluation.scores.metrics["accuracy"].estimate == right
    saved = predict_logits(tmp_path / "model", evaluation.task.test.texts)
    np.testing.assert_allclose([line["logits"] for line in test], saved, atol=1e-5)
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["id2label"] == {"0": "bad", "1": "good"}
    assert evaluation.cost["peak_memory_mib"] == 100
    assert evaluation.cost["finetuning_seconds_per_1000_labels"] > 0
    assert evaluation.model["epochs"] == evaluation.task.config.num_train_epochs


@pytest.mark.parametrize(
    "broken, done",
    [
        ("predict_logits", ["finetune_classifier"]),
        ("cost_profile", ["finetune_classifier", "predict_logits"]),
    ],
)
def test_after_an_interruption_no_finished_step_is_done_again(
    encoder, tmp_path, quick, monkeypatch, broken, done
):
    whole = evaluate(tmp_path / "whole", encoder, **quick)

    def fail(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, broken, fail)
        with pytest.raises(KeyboardInterrupt):
            evaluate(tmp_path / "broken", encoder, **quick)
    with monkeypatch.context() as patch:
        for step in done:
            patch.setattr(run, step, fail)
        resumed = evaluate(tmp_path / "broken", encoder, **quick)
    assert resumed.scores.metrics == whole.scores.metrics


def test_what_an_interruption_left_half_done_is_done_anew(encoder, tmp_path, quick):
    tmp_path.joinpath(".unfinished-model").mkdir()
    tmp_path.joinpath(".unfinished-model", "model.safetensors").write_bytes(b"half of it")
    tmp_path.joinpath(".unfinished-predictions.jsonl").write_text('{"split": "te')
    evaluate(tmp_path, encoder, **quick)
    assert not list(tmp_path.glob(".unfinished*"))


def test_a_folder_keeps_its_settings(encoder, save_bert, tmp_path, quick, table):
    evaluate(tmp_path, encoder, **quick)
    with pytest.raises(ValueError, match="must go on with what .* n_train 20 there, 30 here.* Restore"):
        evaluate(tmp_path, encoder, **quick | {"n_train": 30})
    with pytest.raises(ValueError, match="something else: seed 0 there, 1 here"):
        evaluate(tmp_path, encoder, seed=1, **quick)
    with pytest.raises(ValueError, match="data [0-9a-f]+ there, None here.* task None there, sentiment here"):
        evaluate(tmp_path, encoder, n_train=20)
    with pytest.raises(ValueError, match="checkpoint tiny there, mini here, weights"):
        evaluate(tmp_path, "mini", **quick)
    changed = tmp_path / "mine.csv"
    changed.write_text(table.read_text().replace("joy number 7", "joy number seven"))
    with pytest.raises(ValueError, match="something else: data [0-9a-f]+ there, [0-9a-f]+ here"):
        evaluate(tmp_path, encoder, **quick | {"data": changed})


def test_names_are_found_and_scored(encoder, tmp_path):
    evaluation = evaluate(tmp_path, encoder, task="entities", n_train=30, show_progress=False)
    assert list(evaluation.scores.baselines) == [LOOKUP]
    lines = read_lines(tmp_path / "predictions.jsonl")
    assert [line["predicted"] for line in lines[:5]] == predict_tags(
        evaluation.task.test.texts[:5], tmp_path / "model"
    )
    assert evaluation.behaviour is None
    assert evaluation.scores.slices["n"].sum() == 300
    assert evaluation.task.config == tagging_config()  # as in lesson 13 and on the scorecard
    assert json.loads((tmp_path / "model" / "config.json").read_text())["mark_capitals"]


def test_the_usual_tag_of_a_word_is_counted():
    task = load_task("entities")
    taught = Rows([["Oslo", "won"], ["Oslo", "fell"], ["Oslo"]], [["B-LOC", "O"], ["B-ORG", "O"], ["B-LOC"]])
    asked = Rows([["Oslo", "won", "again"]], [["B-LOC", "O", "O"]])
    assert run._usual_tags(replace(task, train=taught, test=asked)) == [["B-LOC", "O", "O"]]
