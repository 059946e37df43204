"""One training loop for pre-training and fine-tuning, and checkpoints that survive a power cut."""

from prevlib.training.checkpointing import load_checkpoint, save_checkpoint
from prevlib.training.loop import History, TrainConfig, build_optimizer, fit, has_bf16, option, schedule

__all__ = [
    "History",
    "TrainConfig",
    "build_optimizer",
    "fit",
    "has_bf16",
    "load_checkpoint",
    "option",
    "save_checkpoint",
    "schedule",
]
