"""The model card: what was measured, how sure it is, and what was not.

A card is Markdown with a head of metadata that the Hugging Face hub reads: which task, which data, which
scores. The same Markdown becomes one page of HTML with the pictures inside, which opens anywhere and asks
nobody for anything. Every picture has a text beside it that says the same in words.

Used by ``prevlib evaluate`` and notebook 21. Left out: what the card says (``card_sections.py``),
and drawing: pictures come as arguments.
"""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from markdown_it import MarkdownIt

from prevlib.evaluation import card_sections as sections
from prevlib.evaluation.results import Evaluation

PICTURES = ("scores", "confusion", "slices", "behaviour", "calibration")
METRIC_IDS = {  # as the hub calls them; what is not here is in the text only
    "accuracy": "accuracy",
    "macro F1": "f1",
    "Matthews correlation": "matthews_correlation",
    "span F1": "f1",
    "precision": "precision",
    "recall": "recall",
}
STYLE = """
body { font: 17px/1.55 system-ui, sans-serif; color: #1c1c1c; background: #fff; margin: 0 1rem; }
main { max-width: 46rem; margin: 2.5rem auto 4rem; }
h1 { line-height: 1.2; }
h2 { margin-top: 2.4rem; border-bottom: 1px solid #ccc; padding-bottom: .2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: .92em; margin: 1rem 0; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
thead th { border-bottom: 2px solid #888; }
thead:not(:has(th:not(:empty))) { display: none; }
td[style*="right"] { white-space: nowrap; }
img { max-width: 100%; height: auto; display: block; margin-top: 1.2rem; }
img + em { color: #555; font-size: .92em; }
code { background: #f2f2f2; padding: .1rem .3rem; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: #f2f2f2; padding: .8rem; overflow-x: auto; }
"""


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

    def picture(name: str) -> str:
        if name not in pictures:
            return ""
        alt, caption = sections.plain(pictures[name].alt), sections.plain(pictures[name].caption)
        return f"![{alt}]({name}.png)\n*{caption}*"

    data = _metadata(evaluation)
    blocks = [f"# {sections.plain(data.model_name)}", sections.summary(evaluation)]
    for title, write, name in (
        ("Data", sections.data, None),
        ("Model", sections.model, None),
        ("Scores", sections.scores, "scores"),
        ("Classes", sections.classes, "confusion"),
        ("Errors", sections.errors, None),
        ("Slices", sections.slices, "slices"),
        ("Behaviour", sections.behaviour, "behaviour"),
        ("", sections.failures, None),
        ("Calibration", sections.calibration, "calibration"),
        ("Cost", sections.cost, None),
        ("Limits", sections.limits, None),
    ):
        text = [block for block in write(evaluation) if block]
        if text:
            blocks += [f"## {title}" if title else "", *text, picture(name)]
    made_by = f"Made by prevlib {version('prevlib')}"
    blocks.append(f"{made_by}:\n\n```\n{command}\n```" if command else f"{made_by}.")
    body = "\n\n".join(block for block in blocks if block)
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}\n")


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
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card.text)
    for name, picture in (pictures or {}).items():
        inside = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
        body = body.replace(f'src="{name}.png"', f'src="{inside}"')
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(card.data.model_name)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def write_card(folder: str | Path, card: ModelCard, pictures: Mapping[str, Picture]) -> Path:
    """Write ``README.md``, its pictures, and the page ``card.html``, whose path is returned."""
    folder = Path(folder)
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture.png)
    card.save(folder / "README.md")
    (folder / "card.html").write_text(card_page(card, pictures), encoding="utf-8")
    return folder / "card.html"


def numbers(evaluation: Evaluation) -> dict:
    """Everything that was found, as JSON can hold it."""
    scores, behaviour = evaluation.scores, evaluation.behaviour
    found = {
        "model": evaluation.model,
        "task": evaluation.task.name,
        "metrics": {name: value._asdict() for name, value in scores.metrics.items()},
        "baselines": {
            name: {metric: value._asdict() for metric, value in metrics.items()}
            for name, metrics in scores.baselines.items()
        },
        "gain": scores.gain and scores.gain.difference._asdict() | {"p_value": scores.gain.p_value},
        "classes": scores.per_class.to_dict("index"),
        "confusion": None if scores.confusion is None else scores.confusion.tolist(),
        "slices": json.loads(scores.slices.to_json(orient="index")),  # a missing score is null
        "behaviour": None if behaviour is None else behaviour.table.to_dict("records"),
        "calibration": None,
        "cost": evaluation.cost,
    }
    if scores.calibration is not None:
        found["calibration"] = asdict(scores.calibration) | {
            "bins": scores.calibration.bins.to_dict("records")
        }
    return found
