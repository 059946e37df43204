"""The model card: what was measured, how sure it is, and what was not.

A card is Markdown with a head of metadata that the Hugging Face hub reads: which task, which data, which
scores. The same Markdown becomes one page of HTML with the pictures inside, which opens anywhere and asks
nobody for anything. Every picture has a text beside it that says the same in words.

A card that only praises is an advertisement. So what is missing is said in its place, and the limits are
derived from the facts: one training run, a difference that may be luck, abilities that nobody tested. What
the card says stands in the template ``data/model_card.md.jinja``; here are the values only.

Used by ``prevlib evaluate`` and notebook 21. Left out: drawing (``pictures.py``); pictures come as arguments.
Source: Mitchell et al. 2019, *Model Cards for Model Reporting*.
"""

import base64
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from jinja2 import Template
from markdown_it import MarkdownIt

from prevlib.evaluation.uncertainty import Interval, wilson_interval
from prevlib.report.scores import Evaluation

DATA = Path(__file__).parents[1] / "data"
PICTURES = ("scores", "confusion", "slices", "behaviour", "calibration")
METRIC_IDS = {  # as the hub calls them; what is not here is in the text only
    "accuracy": "accuracy",
    "macro F1": "f1",
    "Matthews correlation": "matthews_correlation",
    "span F1": "f1",
    "precision": "precision",
    "recall": "recall",
}
N_EXAMPLES = 5


@dataclass(frozen=True)
class Picture:
    """A plot, what it shows, and the same in words for those who cannot see it."""

    image: Any  # matplotlib Axes, or the bytes of a PNG
    caption: str
    alt: str

    @property
    def png(self) -> bytes:
        if isinstance(self.image, bytes):
            return self.image
        buffer = io.BytesIO()
        self.image.figure.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


def model_card(
    evaluation: Evaluation, pictures: Mapping[str, Picture] | None = None, *, command: str | None = None
) -> ModelCard:
    """The card of an evaluation.

    Args:
        evaluation: What was found.
        pictures: Section -> picture, out of ``PICTURES``; the card names them as files, ``scores.png``.
        command: What made it, to be told.
    Returns:
        A card whose metadata hold the scores as ``EvalResult``; ``str(card)`` is Markdown.
    Raises:
        ValueError: If there is no place for a picture.
    """
    pictures = dict(pictures or {})
    if set(pictures) - set(PICTURES):
        raise ValueError(f"`pictures` must be named out of {PICTURES}; got {tuple(pictures)}.")

    return ModelCard.from_template(
        _metadata(evaluation),
        template_str=(DATA / "model_card.md.jinja").read_text(encoding="utf-8"),
        pictures=pictures,
        command=command,
        version=version("prevlib"),
        **vars(evaluation) | _values(evaluation),
    )


def _values(evaluation: Evaluation) -> dict:
    """What the template writes down, besides what it takes from the evaluation itself."""
    task, scores, behaviour = evaluation.task, evaluation.scores, evaluation.behaviour
    splits = (task.train, task.validation, task.test)
    parts = {task.unit: [len(split.texts) for split in splits]}
    if task.kind == "text-classification":
        for number, name in enumerate(task.label_names):
            parts[f"of them {name}"] = [split.labels.count(number) for split in splits]
    else:
        parts["names in them"] = [_n_names(split.labels) for split in splits]
    models = {"this model": scores.metrics} | dict(reversed(scores.baselines.items()))
    values = {
        "capital": lambda text: text[:1].upper() + text[1:],
        "plain": plain,
        "table": table,
        "main_result": main_result(evaluation),
        "n_examples": N_EXAMPLES,
        "parts": parts,
        "columns": list(models),
        "score_rows": [[name, *(own.get(name, "") for own in models.values())] for name in scores.metrics],
        "classes": [
            [name, row["precision"], row["recall"], _interval(row, "f1-score"), int(row["support"])]
            for name, row in scores.per_class.iterrows()
        ],
        "slices": [
            [name, int(row["n"]), "too few" if pd.isna(row["score"]) else _interval(row, "score")]
            for name, row in scores.slices.iterrows()
        ],
    }
    if behaviour is not None:
        wrong = behaviour.failures[behaviour.failures["kind"] == "MFT"]
        wrong = wrong.groupby("test", sort=False).head(1).head(N_EXAMPLES)
        values["failures"] = wrong[["test", "text", "expected", "p_text"]].to_numpy().tolist()
        values["abilities"] = [
            [*key, int(row["n"]), wilson_interval(row["failures"], row["n"])]
            for key, row in failure_rates(evaluation).iterrows()
        ]
    return values


def main_result(evaluation: Evaluation) -> str:
    """The main score in one line.

    Args:
        evaluation: As from ``evaluate``.
    Returns:
        Such as "accuracy 0.750 [0.720, 0.778] on 853 test reviews".
    """
    metric, value = next(iter(evaluation.scores.metrics.items()))
    task = evaluation.task
    result = f"{metric} {value} on {len(task.test.texts):,} test {task.unit}"
    return f"{result} of {len(set(task.groups))} {task.group_unit}" if task.group_unit else result


def failure_rates(evaluation: Evaluation) -> pd.DataFrame:
    """Cases and failures by ability and kind, the worst first.

    Args:
        evaluation: As from ``evaluate``.
    Returns:
        ``n`` and ``failures``, one row per ability and kind.
    """
    sums = evaluation.behaviour.table.groupby(["capability", "kind"])[["n", "failures"]].sum()
    return sums.loc[(sums["failures"] / sums["n"]).sort_values(ascending=False, kind="stable").index]


def _metadata(evaluation: Evaluation) -> ModelCardData:
    task, model = evaluation.task, evaluation.model
    results = [
        EvalResult(
            task_type=task.kind,
            dataset_type=task.dataset_id,
            dataset_name=task.title,
            dataset_split="test",
            metric_type=METRIC_IDS[metric],
            metric_name=f"{metric}, {100 * value.level:g} % interval {value.low:.3f} to {value.high:.3f}",
            metric_value=round(value.estimate, 4),
        )
        for metric, value in evaluation.scores.metrics.items()
        if metric in METRIC_IDS
    ]
    return ModelCardData(
        model_name=f"{model['name']} for {task.name}",
        language=task.language,
        library_name="transformers",
        pipeline_tag=task.kind,
        base_model=model["base_model"],
        tags=["prevlib", "model-evaluation"],
        metrics=list(dict.fromkeys(result.metric_type for result in results)),
        eval_results=results,
    )


def card_page(card: ModelCard, pictures: Mapping[str, Picture] | None = None) -> str:
    """The card as one page of HTML that needs nothing else.

    Args:
        card: As from ``model_card``.
        pictures: Those that the card was made with.
    Returns:
        HTML.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card.text)
    for name, picture in (pictures or {}).items():
        inside = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
        body = body.replace(f'src="{name}.png"', f'src="{inside}"')
    page = Template((DATA / "card.html.jinja").read_text(encoding="utf-8"))
    return page.render(title=card.data.model_name, body=body)


def write_card(folder: str | Path, card: ModelCard, pictures: Mapping[str, Picture]) -> Path:
    """Write ``README.md``, its pictures, and the page ``card.html``, whose path is returned.

    Args:
        folder: A folder that exists.
        card: As from ``model_card``.
        pictures: Name -> picture, written beside the card.
    Returns:
        Path of ``card.html``.
    """
    folder = Path(folder)
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture.png)
    card.save(folder / "README.md")
    (folder / "card.html").write_text(card_page(card, pictures), encoding="utf-8")
    return folder / "card.html"


def numbers(evaluation: Evaluation) -> dict:
    """Everything that was found, as JSON can hold it.

    Args:
        evaluation: As from ``evaluate``.
    Returns:
        Lists and dicts of numbers, strings and None.
    """
    scores, behaviour = evaluation.scores, evaluation.behaviour
    calibration = scores.calibration and asdict(scores.calibration)
    return {
        "model": evaluation.model,
        "task": evaluation.task.name,
        "metrics": _as_dicts(scores.metrics),
        "baselines": {name: _as_dicts(metrics) for name, metrics in scores.baselines.items()},
        "gain": scores.gain and scores.gain.difference._asdict() | {"p_value": scores.gain.p_value},
        "classes": scores.per_class.to_dict("index"),
        "confusion": None if scores.confusion is None else scores.confusion.tolist(),
        "slices": json.loads(scores.slices.to_json(orient="index")),  # a missing score is null
        "behaviour": None if behaviour is None else behaviour.table.to_dict("records"),
        "calibration": calibration and calibration | {"bins": calibration["bins"].to_dict("records")},
        "cost": evaluation.cost,
    }


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; columns of numbers stand on the right.

    Args:
        columns: Their names.
        rows: Of as many cells.
    Returns:
        Markdown; an empty string without rows.
    """
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
    """Text that Markdown and HTML show as it is, on one line.

    Args:
        text: Anybody's.
    Returns:
        The text with its special characters escaped.
    """
    return re.sub(r"([\\`*_\[\]<>|~$]|&(?=[\w#]+;))", r"\\\1", " ".join(str(text).split()))


def _cell(value: Any) -> str:
    if isinstance(value, Interval):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _as_dicts(metrics: Mapping[str, Interval]) -> dict[str, dict]:
    return {name: value._asdict() for name, value in metrics.items()}


def _n_names(tags: list[list[str]]) -> int:
    return sum(tag.startswith("B-") for sentence in tags for tag in sentence)


def _interval(row: pd.Series, name: str) -> Interval:
    return Interval(row[name], row["low"], row["high"], 0.95)
