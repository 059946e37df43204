"""The rows of the scorecard, measured: ``python -m prevlib.evaluation.measure prevlib/data/scorecard.json``.

A row is a model and a way to use it, such as ``"minilm full"`` (see ``tasks.py``), or ``"tfidf"``. Any folder
or hub name takes the place of ``minilm``. A row holds what ``tasks`` scores, with intervals; what ``cost``
counts and times; and what the model may be used for: licence, languages, longest input, heads.

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
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from prevlib.checkpoints import CHECKPOINTS, checkpoint_fingerprints, load_encoder, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.evaluation.cost import cost_profile, peak_memory_mib, time_reading
from prevlib.evaluation.scorecard import read_scorecard
from prevlib.evaluation.tasks import METHODS, TASKS, Budget, has_masked_lm, linear_classifier, sample
from prevlib.files import check_made_from, write_whole
from prevlib.inference import longest_input

MODELS = ("tfidf", "mini frozen", "mini full", "minilm frozen", "minilm full", "minilm scratch")
WATTS = 15.0  # a guess for a small laptop
PREDICT = """
import pickle, sys
model, texts = pickle.load(sys.stdin.buffer)
model.predict(texts)
"""


def measure(
    output: str | Path,
    models: Sequence[str] = MODELS,
    tasks: Sequence[str] = tuple(TASKS),
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


def measure_model(name: str, tasks: Sequence[str] = tuple(TASKS), *, budget: Budget | None = None) -> dict:
    """The row of one model: ``scorecard({name: measure_model(name), ...})``.

    Args:
        name: ``"tfidf"``, or an alias, folder or hub name and a method, such as ``"mini frozen"``.
        tasks: Out of ``tasks.TASKS``; one that this model cannot do is left out.
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
        model = linear_classifier(checkpoint, method)
        row["finetuning_seconds_per_1000_labels"] = _training_seconds(model, budget)
    for task in tasks:
        interval = TASKS[task](checkpoint, method, budget)
        if interval is not None:
            row |= {task: interval.estimate, f"{task}_low": interval.low, f"{task}_high": interval.high}
    return _rounded(row)


def _costs(checkpoint: str, budget: Budget) -> dict:
    """``cost_profile`` as a dict; for ``"tfidf"`` the same facts of a linear model of words."""
    if checkpoint != "tfidf":
        return _rounded(asdict(cost_profile(checkpoint, watts=WATTS)))
    texts = list(load_reviews()["test"]["text"][:32])
    model = linear_classifier(checkpoint, "tfidf")
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
    train = sample(load_reviews()["train"], budget.sentiment_labels)
    started = time.perf_counter()
    model.fit(list(train["text"]), train["label"])
    return 1000 * (time.perf_counter() - started) / len(train)


def _scope(checkpoint: str, method: str) -> dict:
    """What a model can be used for. None is unknown; as ``max_length``, no limit."""
    if checkpoint == "tfidf":
        return {"licence": "BSD-3-Clause", "languages": ["any"], "max_length": None, "heads": []}
    known, model = CHECKPOINTS.get(checkpoint), load_encoder(checkpoint)
    keeps_head = method == "frozen" and has_masked_lm(checkpoint)  # training puts another one in its place
    return {
        "licence": known.licence if known else None,
        "languages": ["English"] if known else None,
        "max_length": longest_input(load_tokenizer(checkpoint), model),
        "heads": ["masked words"] if keeps_head else [],
    }


def _rounded(facts: Mapping) -> dict:
    """Four digits; counts stay whole."""
    return {key: float(f"{fact:.4g}") if isinstance(fact, float) else fact for key, fact in facts.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m prevlib.evaluation.measure",
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
