"""One training loop for pre-training and fine-tuning, and checkpoints that survive a power cut."""

from prevlib.training.checkpointing import load_checkpoint, save_checkpoint
from prevlib.training.config import History, TrainConfig, Trained
from prevlib.training.loop import build_optimizer, fit, schedule
