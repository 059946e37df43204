"""The peer of two benchmarks: the ``Trainer`` of transformers, which writes and prints nothing."""

import tempfile
from collections.abc import Callable, Sequence

from torch import nn
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from prevlib.training import TrainConfig


def train_with_trainer(
    model: nn.Module,
    rows: Sequence,
    collate: Callable,
    config: TrainConfig,
    *,
    callbacks: Sequence[TrainerCallback] = (),
    **arguments,
) -> None:
    """Train ``model`` in place, on the processor; ``arguments`` are those of ``TrainingArguments``."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=config.per_device_train_batch_size,
            learning_rate=config.learning_rate,
            seed=config.seed,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            logging_strategy="no",
            save_strategy="no",
            **arguments,
        )
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collate, callbacks=[*callbacks])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
