"""What goes into a run and what comes out of it: settings, history, and the model with both.

Used by ``loop.py`` and ``plan.py``, and extended by ``pretraining``. Left out: what the settings do.
"""

import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import ClassVar, get_args, get_type_hints

import numpy as np
import pandas as pd

from prevlib.arguments import check_count, check_number
from prevlib.checkpoints import Loaded
from prevlib.files import write_whole

STRATEGIES = ("random", "group_by_length")
SCHEDULES = ("linear", "constant_with_warmup")


def option(default, explanation: str):
    """A field of a config with a line of help, which the command line shows.

    Args:
        default: Value of the field.
        explanation: The line of help, without a capital and a full stop.
    Returns:
        What ``dataclasses.field`` gives.
    """
    return field(default=default, metadata={"help": explanation})


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run; the names are those of transformers' ``TrainingArguments``."""

    learning_rate: float = option(1e-4, "the highest, reached after the warm-up")
    num_train_epochs: int = option(3, "times that every row is read")
    max_steps: int | None = option(None, "number of steps, instead of num_train_epochs")
    per_device_train_batch_size: int = option(16, "rows of a batch, for each process")
    gradient_accumulation_steps: int = option(1, "batches of a step, for each process")
    warmup_ratio: float = option(0.1, "share of the steps in which the learning rate rises")
    lr_scheduler_type: str = option("linear", "after the warm-up: down to 0; or 'constant_with_warmup'")
    weight_decay: float = option(0.01, "of weights; biases and norms do not decay")
    max_grad_norm: float = option(1.0, "longer gradients are shortened to this")
    bf16: bool | None = option(None, "bfloat16 autocast; None: where the processor computes in it")
    eval_steps: int | None = option(None, "steps between evaluations; None: an epoch")
    eval_on_start: bool = option(False, "evaluate before the first step too, and after 1, 2, 4, 8, ...")
    save_steps: int | None = option(None, "steps between checkpoints; None: an epoch")
    early_stopping_patience: int | None = option(None, "stop after so many evaluations without a new best")
    metric_for_best_model: str = option("loss", "higher is better, unless the name ends in 'loss'")
    train_sampling_strategy: str = option(
        "random", "or 'group_by_length': rows of a step are alike in length"
    )
    seed: int = option(0, "order of the rows, and dropout")

    # Smallest value, largest value, and whether the smallest one is excluded; others start at 1.
    RANGES: ClassVar[dict[str, tuple]] = {
        "learning_rate": (0, None, True),
        "warmup_ratio": (0, 1),
        "weight_decay": (0,),
        "max_grad_norm": (0, math.inf, True),  # infinity shortens nothing
        "seed": (0, 2**32 - 1),
    }

    def __post_init__(self):
        kinds = get_type_hints(type(self))  # not the types of the fields, which HfArgumentParser rewrites
        for name, value in list(vars(self).items()):
            checked = _checked_setting(name, value, kinds[name], self.RANGES.get(name, (1,)))
            object.__setattr__(self, name, checked)
        for name, allowed in (("train_sampling_strategy", STRATEGIES), ("lr_scheduler_type", SCHEDULES)):
            if (value := getattr(self, name)) not in allowed:
                raise ValueError(f"`{name}` must be one of {', '.join(allowed)}; got {value!r}.")


def _checked_setting(name: str, value: object, kind: type, span: tuple) -> object:
    """The value of a setting as plain Python, or an error."""
    kinds = get_args(kind) or (kind,)
    if value is None and NoneType in kinds:
        return None
    if int in kinds:
        return check_count(name, value, *span)
    if float in kinds:
        return check_number(name, value, *span)
    if bool in kinds and isinstance(value, bool | np.bool_):
        return bool(value)
    if str in kinds and isinstance(value, str | os.PathLike):
        return os.fspath(value)
    rule = "True or False" if bool in kinds else "a string"
    raise TypeError(f"`{name}` must be {rule}; got {value!r} ({type(value).__name__}).")


@dataclass
class History:
    """What happened in a run: one record a step (``steps``), one an evaluation (``evaluations``)."""

    steps: list[dict] = field(default_factory=list)
    evaluations: list[dict] = field(default_factory=list)

    def to_frame(self) -> pd.DataFrame:
        """One row a step: ``step``, ``epoch``, ``loss`` in nats, ``learning_rate``, ``seconds``."""
        return pd.DataFrame(self.steps)

    def stalled_for(self, metric: str) -> int:
        """Number of evaluations since the best one, the first of equals; NaN is the worst."""
        sign = 1 if metric.endswith("loss") else -1
        scores = [sign * evaluation[metric] for evaluation in self.evaluations]
        scores = [math.inf if math.isnan(score) else score for score in scores]
        return len(scores) - 1 - scores.index(min(scores))


@dataclass(frozen=True, repr=False, eq=False)
class Trained(Loaded):
    """A trained model with its tokenizer, and how it got there."""

    history: History
    references: dict[str, float] | None = None  # of pre-training: losses without context

    def save(self, folder: str | Path) -> None:
        """As ``Loaded.save``; after pre-training also ``history.json``."""
        super().save(folder)
        if self.references is not None:
            record = vars(self.history) | {"references": self.references}
            write_whole(Path(folder) / "history.json", json.dumps(record))
