"""The training loop: one function that fits on a screen, and its settings.

``fit`` repeats four steps: predict, measure the loss, differentiate, update. Around them stand the habits
that make small models train well: AdamW without decay on biases and norms, a learning rate that warms up and
then falls to zero, clipped gradients. The device comes from accelerate, so the same loop runs on a
laptop or a GPU.

Left out: what the loss is (``losses.py``) and what the batches hold (``finetuning.py``).
Used in notebook 06. Sources: Loshchilov & Hutter 2019 (AdamW), Devlin et al. 2019, appendix A.2.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm.auto import tqdm


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run; the names are those of transformers' ``TrainingArguments``."""

    learning_rate: float = 1e-4  # the highest, reached after the warm-up
    num_train_epochs: int = 3
    per_device_train_batch_size: int = 16
    warmup_ratio: float = 0.1  # share of the steps in which the learning rate rises
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    bf16: bool | None = None  # bfloat16 autocast; None: where the processor computes in it
    seed: int = 0  # order of the rows and dropout

    def __post_init__(self):
        for name in ("num_train_epochs", "per_device_train_batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1; got {getattr(self, name)}.")
        if not 0 <= self.warmup_ratio <= 1:
            raise ValueError(f"`warmup_ratio` must be from 0 to 1; got {self.warmup_ratio}.")


@dataclass
class History:
    """What happened in a run: one record a step (``steps``), one an evaluation (``evaluations``)."""

    steps: list[dict] = field(default_factory=list)
    evaluations: list[dict] = field(default_factory=list)

    def to_frame(self) -> pd.DataFrame:
        """One row a step: ``step``, ``epoch``, ``loss`` in nats, ``learning_rate``, ``seconds``."""
        return pd.DataFrame(self.steps)


def fit(
    model: nn.Module,
    train_dataset: Sequence,
    compute_loss: Callable[[nn.Module, dict], tuple[Tensor, Tensor]],
    config: TrainConfig,
    *,
    collate_fn: Callable[[list], dict],
    evaluate: Callable[[nn.Module], dict] | None = None,
    show_progress: bool = True,
) -> History:
    """Train ``model`` in place.

    Args:
        model: Any module; parameters with ``requires_grad=False`` stay as they are.
        train_dataset: Examples by position.
        compute_loss: From the model and a batch, the summed loss and the number of its targets. The loop
            divides once.
        config: Settings.
        collate_fn: From a list of examples, a batch: a dict of tensors.
        evaluate: Called after each epoch with the model in evaluation mode; what it returns goes into the
            history.
        show_progress: Show a bar.
    Returns:
        The history; the model is left in evaluation mode.
    Raises:
        ValueError: If there are no examples, nothing to train, or the loss stops being a number.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable or not len(train_dataset):
        raise ValueError(
            "`fit` must have parameters with requires_grad=True and training examples; "
            f"got {len(trainable)} parameters and {len(train_dataset)} examples."
        )
    accelerator = Accelerator()
    batches = DataLoader(
        train_dataset,
        batch_size=config.per_device_train_batch_size,
        shuffle=True,
        collate_fn=collate_fn,
        generator=torch.Generator().manual_seed(config.seed),
    )
    optimizer = build_optimizer(model, config)
    n_steps = config.num_train_epochs * len(batches)
    model, optimizer, batches = accelerator.prepare(model, optimizer, batches)
    bf16 = has_bf16(accelerator.device) if config.bf16 is None else config.bf16
    history, started = History(), time.perf_counter()
    bar = tqdm(total=n_steps, disable=not show_progress, unit="step")
    # Dropout draws from the global generator: lend it, seeded, and put it back.
    with bar, torch.random.fork_rng():
        torch.manual_seed(config.seed)
        for epoch in range(1, config.num_train_epochs + 1):
            model.train()
            for batch in batches:
                step = len(history.steps)
                learning_rate = config.learning_rate * schedule(step, n_steps, config.warmup_ratio)
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate

                with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
                    total, count = compute_loss(model, batch)
                loss = total / count
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(trainable, config.max_grad_norm)
                optimizer.step()
                optimizer.zero_grad()

                record = {"step": step + 1, "epoch": epoch, "loss": loss.item()}
                record |= {"learning_rate": learning_rate, "seconds": time.perf_counter() - started}
                history.steps.append(record)
                if not record["loss"] < float("inf"):
                    raise ValueError(
                        f"The loss must stay finite; got {record['loss']} at step {step + 1}. "
                        f"Lower the learning rate ({config.learning_rate}) or lengthen the warm-up."
                    )
                bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
                bar.update()
            model.eval()
            if evaluate is not None:
                history.evaluations.append({"epoch": epoch, "step": step + 1} | evaluate(model))
    return history


def schedule(step: int, n_steps: int, warmup_ratio: float) -> float:
    """Factor of the learning rate at ``step`` (from 0): a straight rise to 1, a straight fall to 0.

    Example:
        >>> [schedule(step, n_steps=4, warmup_ratio=0.5) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    n_warmup = round(warmup_ratio * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    return (n_steps - step) / (n_steps - n_warmup)


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; weights decay, biases and the scales of norms (all vectors) do not."""
    trainable = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def has_bf16(device: torch.device) -> bool:
    """Whether the device computes in bfloat16 natively; emulated, it would be slower than float32."""
    if device.type == "cpu":
        # torch has no public name for this question.
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
