"""A whole evaluation, step by step, in a folder: train, predict, count the cost, score.

Each step leaves one thing in the folder, which appears at once or not at all: the fine-tuned model, the
predictions, the cost. Whoever comes back to a folder finds what is done and goes on with the rest. Scores
are computed anew each time, from the predictions, in seconds: keep predictions, not scores.

It is the border to models, which it asks through ``finetuning`` and ``cost``.
Used by ``prevlib evaluate`` and notebook 21. Left out: going on in the midst of a training.
"""

import json
import os
import platform
import re
import shutil
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy.special import softmax
from tqdm.auto import tqdm

from prevlib.arguments import check_unicode, renamed
from prevlib.checkpoints import Loaded, checkpoint_fingerprints, load_classifier, load_config, load_tokenizer
from prevlib.cost import cost_profile
from prevlib.evaluation.behaviour import BehaviourResult, run_behaviour_tests
from prevlib.files import bind, fingerprint, sha256_of, whole_folder, write_whole
from prevlib.finetuning import (
    finetune_classifier,
    finetune_tagger,
    linear_classifier,
    predict_logits,
    predict_tags,
)
from prevlib.report.checkpoint_facts import describe_checkpoint, find_head
from prevlib.report.course_tasks import load_task
from prevlib.report.own_data import read_task
from prevlib.report.scores import Evaluation, Scores, score_tags, score_texts
from prevlib.report.task import Task, draw_rows
from prevlib.training import Trained

MODEL, PREDICTIONS, COST, SETTINGS = "model", "predictions.jsonl", "cost.json", "settings.json"
TRAINING = "training"  # checkpoints, until the model is there
CHUNK = 256  # texts between two steps of the bar
N_COST_TEXTS = 32


@renamed("n_labels", "n_train")
def evaluate(
    output: str | Path,
    checkpoint: str | Path = "minilm",
    *,
    task: str = "sentiment",
    data: str | Path | None = None,
    n_train: int = 1000,
    seed: int = 0,
    show_progress: bool = True,
) -> Evaluation:
    """Measure a checkpoint on a task, or go on with a measurement that was interrupted.

    A checkpoint that has a trained head for the labels of the task is measured as it is; any other one is
    fine-tuned first.

    Args:
        output: Folder of this evaluation, new or begun.
        checkpoint: Alias, folder or hub name.
        task: As for ``load_task``.
        data: A CSV file as for ``read_task``, in place of the task.
        n_train: Labelled rows to train on.
        seed: Of their draw, and of the training.
        show_progress: Show bars.
    Returns:
        Scores, costs, behaviour and slices, as ``model_card`` takes them.
    Raises:
        FileNotFoundError: If the checkpoint or the file does not exist.
        TypeError: If ``n_train`` or ``seed`` is not a whole number.
        ValueError: If the task or the file is not fit for use, the folder cannot be written or holds an
            evaluation with other settings, or there is neither a head that fits nor anything to train one on.
    """
    for name, path in (("output", output), ("checkpoint", checkpoint), ("data", data)):
        check_unicode(f"The name of `{name}`", str(path))
    output, budget = Path(output), {"n_train": n_train, "seed": seed}
    rows = load_task(task, **budget) if data is None else read_task(data, **budget)
    model, head = describe_checkpoint(checkpoint), find_head(rows, checkpoint)
    if head is None and not rows.train.texts:
        raise ValueError(
            "Without training rows, the checkpoint must have a trained head for the labels "
            f"{list(rows.label_names)}; got {checkpoint}, which has none. Add rows whose split is train."
        )
    made_from = {"checkpoint": model["name"]} | checkpoint_fingerprints(checkpoint) | budget
    made_from |= {"task": rows.name} if data is None else {"data": sha256_of([data])}
    made_from |= {name: fingerprint(getattr(rows, name)) for name in ("train", "validation", "test")}
    made_from |= {"cases": None if rows.cases is None else fingerprint(rows.cases.to_dict("list"))}
    try:
        bind(output / SETTINGS, made_from | {"training": asdict(rows.config)})
    except OSError as error:
        raise ValueError(
            f"`output` must be a folder that can be written; got {output}: {error.strerror}. "
            "Choose another one."
        ) from error

    with tqdm(total=4, disable=not show_progress, unit="step") as bar:
        bar.set_description("train")
        if head is None:
            model |= _train(output, checkpoint, rows, show_progress)
            checkpoint, head = output / MODEL, list(range(len(rows.label_names)))
        else:
            outputs = ", ".join(f"{i} = {name}" for i, name in zip(head, rows.label_names, strict=True))
            model |= {"n_train": 0, "remark": f"The outputs of its head were read as {outputs}."}
        for name, step in (("predict", _predict), ("cost", _measure_cost)):
            bar.update()
            bar.set_description(name)
            step(output, checkpoint, rows, head, show_progress)
        bar.update()
        bar.set_description("score")
        scores, behaviour = _score(output, rows)
        bar.update()
    cost = json.loads((output / COST).read_text(encoding="utf-8"))
    if model["n_train"]:
        epochs_read = model["epochs"] * model["n_train"]
        cost["finetuning_seconds_per_1000_labels"] = 1000 * model["seconds"] / epochs_read
    return Evaluation(rows, model, scores, behaviour, cost)


def fine_tune(
    task: Task,
    checkpoint: str | Path,
    *,
    random_init: bool = False,
    checkpoint_dir: str | Path | None = None,
    show_progress: bool = True,
) -> Trained:
    """Train a checkpoint on the training rows of a task, by its recipe.

    Args:
        task: A tagger is told of capitals if the task says so and the checkpoint has a second token type.
        checkpoint: Alias, folder or hub name.
        random_init, checkpoint_dir, show_progress: As for ``finetune_classifier``.
    Returns:
        The model, whose outputs have the names of the labels.
    """
    options = {"config": task.config, "random_init": random_init}
    options |= {"checkpoint_dir": checkpoint_dir, "show_progress": show_progress}
    if task.kind == "token-classification":
        can_mark = getattr(load_config(checkpoint), "type_vocab_size", 0) > 1
        options |= {"label_names": task.label_names, "mark_capitals": task.mark_capitals and can_mark}
        return finetune_tagger(*task.train, checkpoint, **options)
    trained = finetune_classifier(*task.train, checkpoint, num_labels=len(task.label_names), **options)
    trained.model.config.id2label = dict(enumerate(task.label_names))
    trained.model.config.label2id = {name: number for number, name in enumerate(task.label_names)}
    return trained


def _train(output: Path, checkpoint: str | Path, task: Task, show_progress: bool) -> dict:
    """What there is to say about the training, after it."""
    folder = output / MODEL
    if not folder.exists():
        trained = fine_tune(task, checkpoint, checkpoint_dir=output / TRAINING, show_progress=show_progress)
        facts = {
            "n_train": len(task.train.texts),
            "epochs": task.config.num_train_epochs,
            "learning_rate": task.config.learning_rate,
            "seed": task.config.seed,
            "seconds": round(trained.history.steps[-1]["seconds"], 1),
        }
        with whole_folder(folder) as part:
            trained.save(part)
            (part / "training.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
    shutil.rmtree(output / TRAINING, ignore_errors=True)
    return json.loads((folder / "training.json").read_text(encoding="utf-8"))


def _predict(output: Path, checkpoint: str | Path, task: Task, head: list[int], show_progress: bool) -> None:
    """Write a line of JSON for each text: what is true, what the model says, what a simpler model says."""
    if (output / PREDICTIONS).exists():
        return
    if task.kind == "token-classification":
        lines = [
            {"split": "test", "words": words, "label": true, "predicted": predicted, "simpler": simpler}
            for words, true, predicted, simpler in zip(
                *task.test, predict_tags(task.test.texts, checkpoint), _usual_tags(task), strict=True
            )
        ]
    else:
        lines = _label_lines(checkpoint, task, head, show_progress)
    write_whole(output / PREDICTIONS, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _label_lines(checkpoint: str | Path, task: Task, head: list[int], show_progress: bool) -> list[dict]:
    lines = [
        {"split": split, "text": text, "label": task.label_names[label]}
        for split, part in (("validation", task.validation), ("test", task.test))
        for text, label in zip(*part, strict=True)
    ]
    if task.cases is not None:
        texts = dict.fromkeys([*task.cases["text"], *task.cases["changed"]])
        lines += [{"split": "cases", "text": text} for text in texts if text]
    classifier = Loaded(load_classifier(checkpoint), load_tokenizer(checkpoint))
    with tqdm(total=len(lines), disable=not show_progress, unit="text") as bar:
        for start in range(0, len(lines), CHUNK):
            chunk = lines[start : start + CHUNK]
            predicted = predict_logits(classifier, [line["text"] for line in chunk])
            for line, logits in zip(chunk, predicted, strict=True):
                line["predicted"] = task.label_names[int(logits[head].argmax())]
                line["logits"] = [round(float(logit), 5) for logit in logits[head]]
            bar.update(len(chunk))
    if len(set(task.train.labels)) > 1 and any(re.search(r"\b\w\w", text) for text in task.train.texts):
        simpler = linear_classifier("tfidf").fit(*task.train).predict(task.test.texts)
        for line, label in zip((line for line in lines if line["split"] == "test"), simpler, strict=True):
            line["simpler"] = task.label_names[label]
    return lines


def _usual_tags(task: Task) -> list[list[str]]:
    """For each test word its most frequent tag in training, O if it was never met."""
    seen = defaultdict(Counter)
    for words, tags in zip(*task.train, strict=True):
        for word, tag in zip(words, tags, strict=True):
            seen[word][tag] += 1
    usual = {word: tags.most_common(1)[0][0] for word, tags in seen.items()}
    return [[usual.get(word, "O") for word in words] for words in task.test.texts]


def _measure_cost(output: Path, checkpoint: str | Path, task: Task, *_) -> None:
    if (output / COST).exists():
        return
    texts = [task.test.texts[i] for i in draw_rows(len(task.test.texts), N_COST_TEXTS)]
    texts = [text if isinstance(text, str) else " ".join(text) for text in texts]
    profile = asdict(cost_profile(checkpoint, texts, finetune=False))
    machine = f"{platform.machine()}, {os.cpu_count()} processors"
    write_whole(output / COST, json.dumps(profile | {"machine": machine}, indent=1) + "\n")


def _score(output: Path, task: Task) -> tuple[Scores, BehaviourResult | None]:
    with (output / PREDICTIONS).open(encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    test = [line for line in lines if line["split"] == "test"]
    simpler = [line["simpler"] for line in test if "simpler" in line] or None
    if task.kind == "token-classification":
        return score_tags(task, [line["predicted"] for line in test], baseline=simpler), None

    def logits(split: str) -> np.ndarray:
        return np.array([line["logits"] for line in lines if line["split"] == split])

    simpler = simpler and [task.label_names.index(name) for name in simpler]
    validation = logits("validation") if task.validation.texts else None
    scores = score_texts(task, logits("test"), validation, baseline=simpler)
    if task.cases is None:
        return scores, None
    proba = softmax(logits("cases"), axis=1).tolist()
    answers = dict(zip((line["text"] for line in lines if line["split"] == "cases"), proba, strict=True))
    return scores, run_behaviour_tests(lambda texts: [answers[text] for text in texts], task.cases)
