"""A place that was made from something else is refused, by each of the six ways to go on, and left as it is.

The ways: a training loop, fine-tuning, pre-training, a study, an evaluation, a scorecard.
"""

import hashlib
import json
from dataclasses import replace

import pytest
import torch
from datasets import DatasetDict
from small_models import save_small_bert
from torch import nn
from transformers import BertForMaskedLM

from prevlib import cost
from prevlib.datasets import load_reviews
from prevlib.finetuning import finetune_classifier, finetune_tagger, label_efficiency, study
from prevlib.pretraining import PretrainConfig, pretrain
from prevlib.report import measure
from prevlib.report.measure import Budget
from prevlib.report.measure import measure as measure_models
from prevlib.report.run import evaluate
from prevlib.training import TrainConfig, fit

QUIET = {"show_progress": False}
TEXTS = ("a joy", "a bore", "a delight", "a chore")
LABELS = (1, 0, 1, 0)
CONFIG = TrainConfig(max_steps=2, per_device_train_batch_size=2, bf16=False)
SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def content(place):
    """Hashes of all files below a place."""
    return {
        file: hashlib.sha256(file.read_bytes()).hexdigest() for file in place.rglob("*") if file.is_file()
    }


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Two folders of one name: the same small BERT, from other random weights."""
    return [save_small_bert(tmp_path_factory.mktemp("base") / "tiny", seed=seed, **SIZES) for seed in (0, 1)]


# Each way takes a place and what differs from the first run, and runs.


def loop(place, bases, monkeypatch, *, seed=0, slope=2.0, shift=0.0, frozen=False, rate=0.01):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    model[0].requires_grad_(not frozen)
    rows = [torch.tensor([x + shift, slope * x]) for x in range(4)]

    def loss(model, batch):
        return (model(batch["x"]) - batch["y"]).square().sum(), len(batch["x"])

    def collate(examples):
        return {"x": torch.stack(examples)[:, :1], "y": torch.stack(examples)[:, 1:]}

    fit(
        model,
        rows,
        loss,
        replace(CONFIG, learning_rate=rate),
        collate_fn=collate,
        checkpoint_dir=place,
        **QUIET,
    )


def classifier(place, bases, monkeypatch, *, texts=TEXTS, labels=LABELS, base=0, config=CONFIG, **options):
    finetune_classifier(
        texts,
        labels,
        bases[base],
        config=config,
        checkpoint_dir=place,
        **{"num_labels": 2, **QUIET, **options},
    )


def tagger(place, bases, monkeypatch, *, texts=TEXTS, tags=(0, 1), base=0, names=("O", "B-X"), **options):
    sentences = [text.split() for text in texts]
    finetune_tagger(
        sentences,
        [list(tags)] * len(sentences),
        bases[base],
        label_names=names,
        config=CONFIG,
        checkpoint_dir=place,
        **QUIET,
        **options,
    )


def pretraining(place, bases, monkeypatch, *, change=str, folder=None, checkpoint=None, **settings):
    texts = [change(text) for text in load_reviews()["train"]["text"][:200]]
    if checkpoint is not None:  # the same name, other weights
        folder = save_small_bert(place.parent / "lm", BertForMaskedLM, seed=checkpoint, **SIZES)
    sizes = SIZES | {"vocab_size": 300, "sequence_length": 16, "max_steps": 2, "bf16": False}
    settings = {**sizes, **settings, "output_dir": str(place), "checkpoint": folder and str(folder)}
    pretrain(PretrainConfig(**settings), texts, **QUIET)


def corpus(place, bases, monkeypatch, *, change=str):
    file = place.parent / "corpus.txt"
    file.write_text(
        "\n".join(change(text) for text in load_reviews()["train"]["text"][:200]), encoding="utf-8"
    )
    sizes = SIZES | {"vocab_size": 300, "sequence_length": 16, "max_steps": 2, "bf16": False}
    pretrain(PretrainConfig(**sizes, output_dir=str(place), corpus=str(file)), **QUIET)


def a_study(place, bases, monkeypatch, *, base=0, flip=False, rows=slice(0, 60), epochs=1):
    place.mkdir(exist_ok=True)
    reviews = load_reviews()
    small = {name: split.select(range(rows.start, rows.stop)) for name, split in reviews.items()}
    if flip:
        small["train"] = small["train"].map(lambda row: {"label": 1 - row["label"]})
    monkeypatch.setattr(study, "load_reviews", lambda: DatasetDict(small))
    monkeypatch.setattr(
        study, "study_config", lambda n, seed: replace(CONFIG, num_train_epochs=epochs, seed=seed)
    )
    label_efficiency(place / "s.jsonl", checkpoint=bases[base], budgets={20: 1}, methods=("full",), **QUIET)


def evaluation(place, bases, monkeypatch, *, label="good", word="joy", base=0, **options):
    monkeypatch.setattr(cost, "peak_memory_mib", lambda code, data: 100.0)
    file = place.parent / "mine.csv"
    rows = [f"{first} {i},{name}" for i in range(60) for first, name in ((word, "good"), ("bore", "bad"))]
    file.write_text("\n".join(["text,label", *rows, f"a joy,{label}"]), encoding="utf-8")
    evaluate(place, bases[base], data=file, **{"n_train": 10, **QUIET, **options})


def a_scorecard(place, bases, monkeypatch, *, base=0, tasks=("sentiment",), rows=20):
    place.mkdir(exist_ok=True)
    monkeypatch.setattr(measure, "_costs", lambda *_: {"parameters": 1})
    monkeypatch.setattr(measure, "_scope", lambda *_: {"max_length": 8})
    # A name stands for a checkpoint; the same name, other weights.
    (place.parent / "link").unlink(missing_ok=True)
    (place.parent / "link").symlink_to(bases[base])
    name = f"{place.parent / 'link'} frozen"
    budget = Budget(sentiment=rows, entities=5, test_rows=10)
    measure_models(place / "rows.json", [name], tasks, budget=budget, **QUIET)


@pytest.mark.parametrize(
    "way, change, named",
    [
        (loop, {"slope": 3.0}, "training examples"),
        (loop, {"shift": 1.0}, "training examples"),
        (loop, {"seed": 1}, "initial weights"),
        (loop, {"frozen": True}, "parameters that learn"),
        (loop, {"rate": 0.02}, "learning_rate 0.01 there, 0.02 here"),
        (classifier, {"labels": (1, 0, 1, 1)}, "labels"),
        (classifier, {"texts": (*TEXTS[:3], "a bog")}, "texts"),
        (classifier, {"base": 1}, "initial weights"),
        (classifier, {"random_init": True}, "initial weights"),
        (classifier, {"frozen": True}, "parameters that learn"),
        (classifier, {"num_labels": 3}, "initial weights"),
        (classifier, {"validation": (TEXTS, LABELS)}, "validation"),
        (classifier, {"config": replace(CONFIG, weight_decay=0.1)}, "weight_decay"),
        (tagger, {"tags": (1, 0)}, "tags"),
        (tagger, {"texts": (*TEXTS[:3], "a bog")}, "sentences"),
        (tagger, {"base": 1}, "initial weights"),
        (tagger, {"names": ("O", "B-Y")}, "label_names"),
        (tagger, {"mark_capitals": True}, "mark_capitals"),
        (pretraining, {"change": str.upper}, "texts"),
        (pretraining, {"hidden_size": 32}, "initial weights"),
        (pretraining, {"mlm_probability": 0.2}, "mlm_probability"),
        (pretraining, {"vocab_size": 280}, "vocab_size"),
        (corpus, {"change": str.upper}, "file"),
        (a_study, {"base": 1}, "weights"),
        (a_study, {"flip": True}, "train"),
        (a_study, {"rows": slice(1, 61)}, "train"),
        (a_study, {"epochs": 2}, "num_train_epochs 1 there, 2 here"),
        (evaluation, {"label": "bad"}, "train|validation|test"),
        (evaluation, {"word": "fun"}, "train"),
        (evaluation, {"base": 1}, "weights"),
        (evaluation, {"n_train": 12}, "n_train 10 there, 12 here"),
        (evaluation, {"seed": 1}, "seed 0 there, 1 here"),
        (a_scorecard, {"base": 1}, "weights"),
        (a_scorecard, {"tasks": ("sentiment", "entities")}, "tasks"),
        (a_scorecard, {"rows": 16}, "sentiment': 20"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_place_that_was_made_from_something_else_is_refused(
    way, change, named, bases, tmp_path, monkeypatch
):
    place = tmp_path / "place"
    way(place, bases, monkeypatch)
    before = content(place)
    assert before
    with pytest.raises(
        ValueError,
        match=f"must go on with what it was made from; .*({named}).* Restore it, or choose another",
    ):
        way(place, bases, monkeypatch, **change)
    assert content(place) == before
    way(place, bases, monkeypatch)  # what it was made from is taken, and nothing is done again
    assert content(place) == before


def test_pretraining_goes_on_from_the_checkpoint_that_it_began_with(bases, tmp_path, monkeypatch):
    place = tmp_path / "place"
    pretraining(place, bases, monkeypatch, checkpoint=0)
    before = content(place)
    with pytest.raises(ValueError, match="initial weights"):
        pretraining(place, bases, monkeypatch, checkpoint=1)
    assert content(place) == before


def test_a_refused_model_keeps_its_weights(bases, tmp_path, monkeypatch):
    """The weights of the other run are not loaded before it is known to be another one."""
    loop(tmp_path, bases, monkeypatch)
    model = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match="must go on"):
        fit(
            model, [torch.ones(2)], lambda *_: None, CONFIG, collate_fn=dict, checkpoint_dir=tmp_path, **QUIET
        )
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_study_without_a_first_line_is_refused_and_stays(bases, tmp_path, monkeypatch):
    a_study(tmp_path, bases, monkeypatch)
    file = tmp_path / "s.jsonl"
    [_, run] = file.read_text().splitlines()
    file.write_text(run + "\n")
    with pytest.raises(ValueError, match="weights None there"):
        a_study(tmp_path, bases, monkeypatch)
    assert json.loads(file.read_text())["method"] == "full"
