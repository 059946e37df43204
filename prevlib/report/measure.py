"""The rows of the scorecard, measured: ``python -m prevlib.report.measure prevlib/data/scorecard.json``.

A row is a checkpoint and one of the ways to use it (``finetuning/recipes.py``), such as ``"minilm full"``,
or ``"tfidf"``. Any folder or hub name takes the place of ``minilm``. A row holds scores with their intervals;
what ``cost`` counts and times; and what the model may be used for: licence, languages, longest input, heads.

Scored are the tasks of the course, by the recipes of ``prevlib evaluate``; what the study of lesson 07 holds
is read from there. Of the entities only those sentences count whose names have no word in the training rows.
A masked-language-model head, where a frozen model has one, is scored on minimal pairs. Intervals are over
test rows. Each model is trained once, so the luck of training is not in them.

Costs come first, all models in one sitting, since only then they compare; the joules are an estimate. The
file is written again after every row, so an interrupted run goes on where it stopped. The six rows of the
library take about 15 minutes on two cores that do nothing else.

Used in notebook 20, which reads the file with ``read_scorecard``.
"""

import argparse
import json
import pickle
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from prevlib.checkpoints import CHECKPOINTS, checkpoint_fingerprints, load_encoder, load_tokenizer
from prevlib.cost import cost_profile, peak_memory_mib, time_reading
from prevlib.datasets import load_minimal_pairs
from prevlib.evaluation.scorecard import read_scorecard
from prevlib.evaluation.uncertainty import Interval
from prevlib.files import check_made_from, write_whole
from prevlib.finetuning import (
    METHODS,
    linear_classifier,
    linear_tagger,
    predict_logits,
    predict_tags,
    read_study,
)
from prevlib.inference import longest_input
from prevlib.language import minimal_pair_accuracy, score_minimal_pairs
from prevlib.report import COURSE_TASKS
from prevlib.report.checkpoint_facts import has_head
from prevlib.report.course_tasks import NEW_WORDS, load_task
from prevlib.report.run import fine_tune
from prevlib.report.scores import main_score
from prevlib.report.task import Task, draw_rows

MODELS = ("tfidf", "mini frozen", "mini full", "minilm frozen", "minilm full", "minilm scratch")
TASKS = (*COURSE_TASKS, "minimal_pairs")
N_RESAMPLES = 10_000
WATTS = 15.0  # a guess for a small laptop
PREDICT = """
import pickle, sys
model, texts = pickle.load(sys.stdin.buffer)
model.predict(texts)
"""


@dataclass(frozen=True)
class Budget:
    """How many rows are read; smaller numbers are for trying things out."""

    sentiment: int = 2000  # to train on
    entities: int = 1000  # or all there are
    eras: int = 2000
    test_rows: int | None = None  # of each test set; None takes all


def measure(
    output: str | Path,
    models: Sequence[str] = MODELS,
    tasks: Sequence[str] = TASKS,
    *,
    budget: Budget | None = None,
    show_progress: bool = True,
) -> pd.DataFrame:
    """Measure what the file does not hold yet.

    Args:
        output: File of results, new or begun.
        models, tasks, budget: As for ``measure_model``, one row a model.
        show_progress: Show a bar.
    Returns:
        The table, as from ``read_scorecard``.
    Raises:
        As ``measure_model``; ValueError also if the file was measured with other tasks, another budget, or
        another checkpoint of the same name.
    """
    output, budget = Path(output), budget or Budget()
    wanted = [_check_row(name, tasks)[0] for name in models]
    stored = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {"costs": {}, "rows": []}
    stored["made_from"] = _made_from(output, stored, wanted, tasks, budget)
    done = {row["name"] for row in stored["rows"]}
    missing = [name for name in models if name not in done]
    with tqdm(total=len(missing), disable=not show_progress, unit="row") as bar:
        if not set(wanted) <= set(stored["costs"]):
            everything = dict.fromkeys([*stored["costs"], *wanted])
            stored["costs"] = {checkpoint: _costs(checkpoint, budget) for checkpoint in everything}
            write_whole(output, json.dumps(stored, indent=1) + "\n")
        for name in missing:
            stored["rows"].append(_row(name, tasks, budget))
            write_whole(output, json.dumps(stored, indent=1) + "\n")
            bar.update()
    return read_scorecard(output)


def measure_model(name: str, tasks: Sequence[str] = TASKS, *, budget: Budget | None = None) -> dict:
    """The row of one model: ``scorecard({name: measure_model(name), ...})``.

    Args:
        name: ``"tfidf"``, or an alias, folder or hub name and a method, such as ``"mini frozen"``.
        tasks: Out of ``TASKS``; one that this model cannot do is left out.
        budget: How much is read; ``Budget()`` if None.
    Raises:
        ValueError: If the name is not that of a row, or a task is unknown.
        FileNotFoundError: If the checkpoint does not exist.
    """
    budget = budget or Budget()
    checkpoint, _ = _check_row(name, tasks)
    return _costs(checkpoint, budget) | _row(name, tasks, budget)


def _made_from(
    output: Path, stored: dict, checkpoints: Sequence[str], tasks: Sequence[str], budget: Budget
) -> dict:
    """What the file is made from; checkpoints may join, but none may change."""
    now = {"tasks": list(tasks), "budget": asdict(budget)}
    now["checkpoints"] = {name: checkpoint_fingerprints(name) for name in checkpoints if name != "tfidf"}
    if not stored["costs"]:
        return now
    before = stored.get("made_from", {})
    known = before.get("checkpoints", {})
    same = {name: known.get(name, hashes) for name, hashes in now["checkpoints"].items()}
    check_made_from(output, before | {"checkpoints": same}, now)
    return now | {"checkpoints": known | now["checkpoints"]}


def _check_row(name: str, tasks: Sequence[str]) -> tuple[str, str]:
    """Checkpoint and method; for ``"tfidf"`` both are that."""
    checkpoint, _, method = name.rpartition(" ")
    if method not in METHODS or (method == "tfidf") == bool(checkpoint):
        raise ValueError(
            "A row must be named `tfidf`, or by a checkpoint and one of "
            f'{METHODS[1:]}, such as "minilm full"; got {name!r}.'
        )
    if set(tasks) - set(TASKS):
        raise ValueError(f"`tasks` must be out of {list(TASKS)}; got {list(tasks)}.")
    return checkpoint or method, method


def _row(name: str, tasks: Sequence[str], budget: Budget) -> dict:
    """Everything but the costs that rows of one checkpoint share."""
    checkpoint, method = _check_row(name, tasks)
    row = {"name": name, "checkpoint": checkpoint, "method": method} | _scope(checkpoint, method)
    if method == "frozen":  # no weight of the encoder moves, so training is little more than reading
        model = linear_classifier(method, checkpoint)
        row["finetuning_seconds_per_1000_labels"] = _training_seconds(model, budget)
    for task in tasks:
        score = _score_pairs if task == "minimal_pairs" else _score_task
        interval = score(task, checkpoint, method, budget)
        if interval is not None:
            row |= {task: interval.estimate, f"{task}_low": interval.low, f"{task}_high": interval.high}
    return _rounded(row)


def _score_task(name: str, checkpoint: str, method: str, budget: Budget) -> Interval:
    """The main score of a task of the course, of the entities that of ``NEW_WORDS``."""
    task = load_task(name, n_train=getattr(budget, name))
    rows = np.flatnonzero(task.slices.get(NEW_WORDS, np.ones(len(task.test.texts))))
    if budget.test_rows:
        rows = rows[draw_rows(len(rows), budget.test_rows, 0)]
    study = read_study()
    same = study[(study.method == method) & (study.n_train == budget.sentiment) & (study.seed == 0)]
    if name == "sentiment" and len(same) and checkpoint == "minilm":
        predicted = (np.array(same["y_proba"].iloc[0]) > 0.5)[rows]
        return main_score(task.only(rows), predicted)
    task = task.only(rows)
    return main_score(task, _predict(task, checkpoint, method), n_resamples=N_RESAMPLES)


def _predict(task: Task, checkpoint: str, method: str) -> Sequence:
    """Classes of the test rows, or tags of their words."""
    texts, is_linear = task.test.texts, method in ("tfidf", "frozen")
    if not is_linear:
        trained = fine_tune(task, checkpoint, random_init=method == "scratch", show_progress=False)
    if task.kind == "text-classification":
        if is_linear:
            return linear_classifier(method, checkpoint).fit(*task.train).predict(texts)
        return predict_logits(trained, texts).argmax(axis=1)
    if is_linear:
        tagger = linear_tagger(method, checkpoint).fit(task.train.texts, sum(task.train.labels, []))
        tags = iter(tagger.predict(texts))
        return [[str(next(tags)) for _ in words] for words in texts]
    return predict_tags(trained, texts)


def _score_pairs(_, checkpoint: str, method: str, budget: Budget) -> Interval | None:
    """Accuracy on minimal pairs; None if the model has no head for masked words, or lost it in training."""
    if not _has_masked_lm(checkpoint, method):
        return None
    pairs = load_minimal_pairs()["test"]
    pairs = pairs.select(draw_rows(len(pairs), budget.test_rows, 0)) if budget.test_rows else pairs
    scored = score_minimal_pairs(pairs, checkpoint, show_progress=False)
    return minimal_pair_accuracy(scored["good_score"], scored["bad_score"])


def _has_masked_lm(checkpoint: str, method: str) -> bool:
    """Whether there is a trained head for masked words; training puts another one in its place."""
    return method == "frozen" and has_head(checkpoint, "fill-mask")


def _costs(checkpoint: str, budget: Budget) -> dict:
    """``cost_profile`` as a dict; for ``"tfidf"`` the same facts of a linear model of words."""
    if checkpoint != "tfidf":
        return _rounded(asdict(cost_profile(checkpoint, watts=WATTS)))
    texts = load_task("sentiment").test.texts[:32]
    model = linear_classifier("tfidf")
    seconds = _training_seconds(model, budget)
    words, linear = (step for _, step in model.steps)
    times = time_reading(model.predict, texts)
    return _rounded(
        {
            "parameters": words.idf_.size + linear.coef_.size + linear.intercept_.size,
            "embedding_parameters": 0,
            "file_mib": len(pickle.dumps(model)) / 2**20,
            "flops_per_text": 2 * words.transform(texts).nnz / len(texts),  # a product for each known word
            **times,
            "peak_memory_mib": peak_memory_mib(PREDICT, pickle.dumps((model, texts))),
            "finetuning_seconds_per_1000_labels": seconds,
            "joules_per_1000_texts": 1000 * WATTS / times["texts_per_second"],
        }
    )


def _training_seconds(model: Pipeline, budget: Budget) -> float:
    """Of 1,000 labels; the model is trained in place."""
    train = load_task("sentiment", n_train=budget.sentiment).train
    started = time.perf_counter()
    model.fit(*train)
    return 1000 * (time.perf_counter() - started) / len(train.texts)


def _scope(checkpoint: str, method: str) -> dict:
    """What a model can be used for. None is unknown; as ``max_length``, no limit."""
    if checkpoint == "tfidf":
        return {"licence": "BSD-3-Clause", "languages": ["any"], "max_length": None, "heads": []}
    known, model = CHECKPOINTS.get(checkpoint), load_encoder(checkpoint)
    return {
        "licence": known.licence if known else None,
        "languages": ["English"] if known else None,
        "max_length": longest_input(load_tokenizer(checkpoint), model),
        "heads": ["masked words"] if _has_masked_lm(checkpoint, method) else [],
    }


def _rounded(facts: Mapping) -> dict:
    """Four digits; counts stay whole."""
    return {key: float(f"{fact:.4g}") if isinstance(fact, float) else fact for key, fact in facts.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prevlib.report.measure",
        description="Measure scores, costs and scope of models. Resumable: call it again if interrupted.",
    )
    parser.add_argument("output", type=Path, help="file of results, JSON")
    parser.add_argument(
        "--models",
        nargs="+",
        default=MODELS,
        metavar="MODEL",
        help='rows: "tfidf", or a checkpoint and a method, such as "minilm full" (default: %(default)s)',
    )
    options = parser.parse_args(arguments)
    try:
        measure(options.output, options.models)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
