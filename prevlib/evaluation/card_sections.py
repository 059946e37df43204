"""The sections of a model card, from data to limits, in Markdown.

A card that only praises is an advertisement. So what is missing is said in its place, and the limits are
derived from the facts: one training run, a difference that may be luck, abilities that nobody tested.

Used by ``report.py``. Source: Mitchell et al. 2019, *Model Cards for Model Reporting*.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from prevlib.evaluation.results import Evaluation
from prevlib.evaluation.uncertainty import Interval, wilson_interval

N_EXAMPLES = 5
PROFILE = {  # field of a cost profile -> what to call it, and how to write it
    "parameters": ("parameters of the encoder", "{:,}"),
    "file_mib": ("weights on disk", "{:,.0f} MiB"),
    "flops_per_text": ("operations for a text, on average", "{:.1e}"),
    "latency_p50_ms": ("time for one text, median", "{:.1f} ms"),
    "latency_p95_ms": ("time for one text, 95th percentile", "{:.1f} ms"),
    "texts_per_second": ("texts a second, in the best batches", "{:,.0f}"),
    "peak_memory_mib": ("memory of a new process, at most", "{:,.0f} MiB"),
    "finetuning_seconds_per_1000_labels": ("training, one epoch with 1,000 labels", "{:,.0f} s"),
    "joules_per_1000_texts": ("energy for 1,000 texts, estimated", "{:,.0f} J"),
}


def summary(evaluation: Evaluation) -> str:
    """What was measured and what came out, in a few sentences."""
    task, model, scores = evaluation.task, evaluation.model, evaluation.scores
    how = "measured as it is, with the head it came with"
    if model["n_labels"]:
        how = f"fine-tuned on {model['n_labels']:,} labelled {task.unit}"
    sentences = [
        f"{plain(model['name'])}, {how}, for the {plain(task.title)}.",
        f"**{_capital(main_result(evaluation))}.**",
    ]
    if scores.gain:
        (estimate, low, high, _), p_value = scores.gain
        verdict = "better than" if low > 0 else "worse than" if high < 0 else "not to be told apart from"
        sentences.append(
            f"On the same rows it is {verdict} the simpler model, *{list(scores.baselines)[-1]}*: "
            f"{estimate:+.3f} [{low:+.3f}, {high:+.3f}], p {p_value:.2g}."
        )
    sentences.append(f"Brackets hold 95 % intervals over test {task.group_unit or task.unit}.")
    return " ".join(sentences)


def main_result(evaluation: Evaluation) -> str:
    """The main score in one line."""
    metric, value = next(iter(evaluation.scores.metrics.items()))
    task = evaluation.task
    result = f"{metric} {value} on {len(task.test.texts):,} test {task.unit}"
    return f"{result} of {len(set(task.groups))} {task.group_unit}" if task.group_unit else result


def data(evaluation: Evaluation) -> Iterator[str]:
    task = evaluation.task
    yield f"{_capital(plain(task.source))}."
    parts = {"training": task.train, "validation": task.validation, "test": task.test}
    rows = [[task.unit, *(len(part.texts) for part in parts.values())]]
    if task.kind == "text-classification":
        rows += [
            [f"of them {name}", *(part.labels.count(number) for part in parts.values())]
            for number, name in enumerate(task.label_names)
        ]
    else:
        rows.append(["names in them", *(_n_names(part.labels) for part in parts.values())])
    yield table(["", *parts], rows)
    if task.train.texts:
        overlap = task.overlap()
        yield f"Test texts among the others, case and punctuation aside: {plain(overlap.reason)}."


def model(evaluation: Evaluation) -> Iterator[str]:
    facts = evaluation.model
    rows = [
        ["base weights", f"{facts['name']}, sha256 {facts['sha256'][:16]}..."],
        ["their licence", facts["licence"] or "not known here; see where they come from"],
    ]
    if facts["n_labels"]:
        recipe = f"{facts['epochs']} epochs, learning rate {facts['learning_rate']:g}, seed {facts['seed']}"
        rows.append(["training", f"all weights and a new head, {recipe}, {facts['seconds']:,.0f} s"])
    else:
        rows.append(["training", "none here"])
    yield table(["", ""], rows)
    yield plain(facts.get("remark", ""))


def scores(evaluation: Evaluation) -> Iterator[str]:
    metrics, baselines = evaluation.scores.metrics, evaluation.scores.baselines
    columns = {"this model": metrics} | {name: baselines[name] for name in reversed(baselines)}
    rows = [[metric, *(column.get(metric, "") for column in columns.values())] for metric in metrics]
    yield table(["", *columns], rows)


def classes(evaluation: Evaluation) -> Iterator[str]:
    rows = [
        [name, row["precision"], row["recall"], _interval(row, "f1-score"), int(row["support"])]
        for name, row in evaluation.scores.per_class.iterrows()
    ]
    yield table(["class", "precision", "recall", "F1", "support"], rows)


def errors(evaluation: Evaluation) -> Iterator[str]:
    """Some wrong rows, unless the texts are somebody's own."""
    wrong, task = evaluation.scores.errors, evaluation.task
    if not task.quotable:
        yield "Own texts are not quoted, since a card is made to be shown; `predictions.jsonl` has them."
    elif len(wrong):
        which = "Those of which the model was surest:" if "confidence" in wrong else "The first ones:"
        yield f"{len(wrong):,} of {len(task.test.texts):,} {task.unit} were answered wrongly. {which}"
        yield table(list(wrong), wrong.head(N_EXAMPLES).to_numpy().tolist())


def slices(evaluation: Evaluation) -> Iterator[str]:
    task, found = evaluation.task, evaluation.scores.slices
    yield "Parts of the test set that were named beforehand. Overlapping intervals prove no difference."
    rows = [
        [name, int(row["n"]), "too few" if pd.isna(row["score"]) else _interval(row, "score")]
        for name, row in found.iterrows()
    ]
    yield table(["slice", task.group_unit or task.unit, next(iter(evaluation.scores.metrics))], rows)


def behaviour(evaluation: Evaluation) -> Iterator[str]:
    result = evaluation.behaviour
    if result is None:
        yield "Not tested: written cases exist for the sentiment of English film reviews only."
        return
    n, failed = result.table["n"].sum(), result.table["failures"].sum()
    yield (
        f"Of {n} cases written to test single abilities, {failed} failed. *MFT*: a label beyond doubt. "
        "*INV*: a change that must not matter. *DIR*: a change that must move the answer one way."
    )
    rows = [
        [*key, int(row["n"]), wilson_interval(row["failures"], row["n"])]
        for key, row in failure_rates(evaluation).iterrows()
    ]
    yield table(["ability", "kind", "cases", "share failed"], rows)


def failures(evaluation: Evaluation) -> Iterator[str]:
    """Some cases, one a test."""
    if evaluation.behaviour is None:
        return
    wrong = evaluation.behaviour.failures
    wrong = wrong[wrong["kind"] == "MFT"].groupby("test", sort=False).head(1).head(N_EXAMPLES)
    if len(wrong):
        yield "Some of the simple sentences that it got wrong:"
        rows = wrong[["test", "text", "expected", "p_text"]].to_numpy().tolist()
        yield table(["test", "text", "expected", "probability of pos"], rows)


def failure_rates(evaluation: Evaluation) -> pd.DataFrame:
    """Cases and failures by ability and kind, the worst first."""
    sums = evaluation.behaviour.table.groupby(["capability", "kind"])[["n", "failures"]].sum()
    return sums.loc[(sums["failures"] / sums["n"]).sort_values(ascending=False, kind="stable").index]


def calibration(evaluation: Evaluation) -> Iterator[str]:
    found = evaluation.scores.calibration
    if found is None:
        yield "Not measured: a tagger's answers are read as tags, without their probabilities."
        return
    accuracy = evaluation.scores.metrics["accuracy"].estimate
    yield f"Mean confidence {found.confidence:.3f}, share right {accuracy:.3f}."
    rows = [["as it is", found.error, found.log_loss]]
    if found.temperature is not None:
        rows.append([f"at temperature {found.temperature:.2f}", found.error_after, found.log_loss_after])
    yield table(["probabilities", "expected calibration error", "log loss (nats)"], rows)
    if found.temperature is None:
        yield f"No temperature was fitted. The reason: {plain(found.remark)}."
    else:
        yield "The temperature was fitted on the validation rows; the saved weights do not contain it."


def cost(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.cost is None:
        yield "Not measured."
        return
    known = {field: evaluation.cost.get(field) for field in PROFILE}
    rows = [[PROFILE[f][0], PROFILE[f][1].format(value)] for f, value in known.items() if value is not None]
    yield table(["", ""], rows)
    machine = evaluation.cost.get("machine")
    where = f"one machine ({plain(machine)})" if machine else "one machine"
    yield f"Times and memory belong to {where} and one hour. Energy is time multiplied by an assumed power."


def limits(evaluation: Evaluation) -> Iterator[str]:
    task, scores = evaluation.task, evaluation.scores
    found = [f"The scores hold for {task.unit} like those of the test set, and for no others.", *task.limits]
    if evaluation.model["n_labels"]:
        found.append("It was trained once. What another seed would have changed is not in the intervals.")
    else:
        found.append(
            "Whether the test rows were among the training data of the checkpoint, nobody here can know."
        )
    if scores.gain and scores.gain.difference.low <= 0 <= scores.gain.difference.high:
        found.append("Whether it is better than the simpler model, this test set cannot decide.")
    if evaluation.behaviour is None:
        found.append("Single abilities, such as negation, were not tested.")
    found.append("Harm to people or groups was not examined. Do not decide about persons with it.")
    yield "\n".join(f"- {plain(limit)}" for limit in found)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; columns of numbers stand on the right."""
    if not rows:
        return ""
    numbers = [
        all(row[i] == "" or isinstance(row[i], int | float | Interval) for row in rows)
        for i in range(len(columns))
    ]
    lines = [columns, ["--:" if number else ":--" for number in numbers], *rows]
    return "\n".join(
        "| " + " | ".join(cell if i == 1 else _cell(cell) for cell in line) + " |"
        for i, line in enumerate(lines)
    )


def plain(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|~$]|&(?=[\w#]+;))", r"\\\1", " ".join(str(text).split()))


def _cell(value: Any) -> str:
    if isinstance(value, Interval):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _n_names(tags: list[list[str]]) -> int:
    return sum(tag.startswith("B-") for sentence in tags for tag in sentence)


def _interval(row: pd.Series, name: str) -> Interval:
    return Interval(row[name], row["low"], row["high"], 0.95)
