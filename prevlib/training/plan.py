"""Which rows every step of a run reads.

The plan follows from the seed alone, so it is the same after an interruption, and for any number of processes
with the same rows a step.

Texts of a step are padded to the longest one. In random order nearly half of what a model reads of short
texts is padding. With ``group_by_length`` the rows of a step are alike in length, and little is padded; the
steps themselves come in random order. Used by ``loop.py``.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import torch
from accelerate import Accelerator
from torch import Tensor

from prevlib.training.config import TrainConfig

STEPS_SORTED_TOGETHER = 16
# Settings on which the steps themselves do not depend; the rows of a step are compared as a whole.
WITHOUT_EFFECT = ("per_device_train_batch_size", "gradient_accumulation_steps", "eval_steps", "save_steps")
WITHOUT_EFFECT += ("eval_on_start", "output_dir")


class Plan:
    """The rows of every step and batch, from the seed of the run."""

    def __init__(self, train_dataset: Sequence, config: TrainConfig, accelerator: Accelerator):
        self.n_rows, self.config = len(train_dataset), config
        self.process, self.n_processes = accelerator.process_index, accelerator.num_processes
        self.rows_a_step = (
            config.per_device_train_batch_size * config.gradient_accumulation_steps * self.n_processes
        )
        self.steps_an_epoch = math.ceil(self.n_rows / self.rows_a_step)
        self.n_steps = config.max_steps or config.num_train_epochs * self.steps_an_epoch
        self.lengths = None
        if config.train_sampling_strategy == "group_by_length":
            self.lengths = torch.tensor([len(example["input_ids"]) for example in train_dataset])

    def steps(self, first: int) -> Iterator[tuple[int, int, Sequence[Tensor]]]:
        """Yield number of the step (from 0), epoch (from 1) and the rows of each batch of this process."""
        rows_of_steps, epoch_of_rows = None, None
        for step in range(first, self.n_steps):
            epoch, place = divmod(step, self.steps_an_epoch)
            if epoch != epoch_of_rows:
                rows_of_steps, epoch_of_rows = self._rows_of_steps(epoch), epoch
            mine = rows_of_steps[place][self.process :: self.n_processes]
            yield step, epoch + 1, mine.split(self.config.per_device_train_batch_size)

    def _rows_of_steps(self, epoch: int) -> Sequence[Tensor]:
        generator = torch.Generator().manual_seed(self.config.seed * 10_007 + epoch)
        order = torch.randperm(self.n_rows, generator=generator)
        if self.lengths is None:
            return order.split(self.rows_a_step)
        # Sort some steps at a time, so that the rows of a step still change from epoch to epoch.
        parts = order.split(STEPS_SORTED_TOGETHER * self.rows_a_step)
        parts = [part[self.lengths[part].argsort(stable=True)] for part in parts]
        steps = [step for part in parts for step in part.split(self.rows_a_step)]
        return [steps[i] for i in torch.randperm(len(steps), generator=generator)]

    def is_early(self, step: int) -> bool:
        """Whether an early evaluation follows this step: after 1, 2, 4, 8, ... of them."""
        return self.config.eval_on_start and (step + 1) & step == 0

    def is_due(self, step: int, every: int | None) -> bool:
        """Whether what happens every so many steps, or at the end of an epoch, follows this one."""
        return (step + 1) % (every or self.steps_an_epoch) == 0 or step + 1 == self.n_steps

    def seed_of(self, step: int) -> int:
        return self.config.seed * 1_000_003 + step * self.n_processes + self.process

    def made_from(self) -> dict:
        """Settings that two runs must share for one to go on from the checkpoints of the other."""
        settings = asdict(self.config)
        for name in WITHOUT_EFFECT:
            settings.pop(name, None)
        return settings | {"rows": self.n_rows, "rows_a_step": self.rows_a_step}
