"""The training loop: one function, from a model and examples to a trained model and its history.

``fit`` repeats four steps: predict, measure the loss, differentiate, update. Around them stand the habits
that make small models train well: AdamW without decay on biases and norms, a learning rate that warms up and
then falls to zero, clipped gradients.

A step may be split into several batches, because of memory, and over several processes, because of time. It
stays the same step: losses and gradients are added up, and divided once, by the number of all targets. The
rows and the dropout of a step follow from the seed and its number alone, so a run that is resumed from a
checkpoint ends in the same bits as one that never stopped. Devices and processes come from accelerate: the
same loop runs on a laptop, a GPU, and many machines under ``torchrun``.

Left out: what the loss is (``losses``), what the batches hold (``pretraining``, ``finetuning``), and
models too large for one device.
Used in notebooks 05 and 07. Sources: Loshchilov & Hutter 2019 (AdamW), Devlin et al. 2019, appendix A.2.
"""

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, vector_to_parameters
from tqdm.auto import tqdm

from prevlib.files import fingerprint
from prevlib.inference import has_bf16
from prevlib.training.checkpointing import load_checkpoint, save_checkpoint, weights_fingerprint
from prevlib.training.config import History, TrainConfig
from prevlib.training.plan import Plan


def fit(
    model: nn.Module,
    train_dataset: Sequence,
    compute_loss: Callable[[nn.Module, dict], tuple[Tensor, Tensor | int]],
    config: TrainConfig,
    *,
    collate_fn: Callable[[list], dict],
    evaluate: Callable[[nn.Module], dict] | None = None,
    checkpoint_dir: str | Path | None = None,
    made_from: Mapping | None = None,
    show_progress: bool = True,
) -> History:
    """Train ``model`` in place.

    Args:
        model: Any module; parameters with ``requires_grad=False`` stay as they are.
        train_dataset: Examples by position.
        compute_loss: From the model and a batch, the summed loss and the number of its targets. The loop
            divides once.
        config: Settings.
        collate_fn: From a list of examples, a batch: a dict of tensors. If it has a method ``set_epoch``,
            that is called with the number of the epoch.
        evaluate: Called after each epoch, or every ``eval_steps``, with the model in evaluation mode; what it
            returns goes into the history, as plain Python. With ``eval_on_start`` it is called before the
            first step as well, and after 1, 2, 4, 8, ... steps. With ``early_stopping_patience`` it is called
            before the first step as well, and a copy of the best weights is kept, in the checkpoints too.
        checkpoint_dir: Folder for checkpoints. If it holds some of this run already, the run goes on from
            the newest complete one. It must then have the same settings, examples, initial weights and
            frozen parameters.
        made_from: What else must be the same, by name, such as fingerprints of the texts; ``fit`` cannot
            see what ``compute_loss``, ``collate_fn`` and ``evaluate`` depend on.
        show_progress: Show a bar.
    Returns:
        The history; the model is left in evaluation mode, with the weights of the last step or, if
        ``early_stopping_patience`` is set, of the best evaluation. A step without any target is recorded with
        the loss NaN and changes nothing.
    Raises:
        TypeError: If ``evaluate`` returns something that JSON cannot hold.
        ValueError: If there are no examples, nothing to train, no target in any step, no evaluation to stop
            by, the loss stops being a number, or the checkpoints are of a run that was made from something
            else.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable or not len(train_dataset):
        raise ValueError(
            "`fit` must have parameters with requires_grad=True and training examples; "
            f"got {len(trainable)} parameters and {len(train_dataset)} examples."
        )
    if config.early_stopping_patience and evaluate is None:
        raise ValueError(
            "`evaluate` must be given, so that the run can stop early; got None with early_stopping_patience="
            f"{config.early_stopping_patience}. Pass `evaluate`, or `validation` rows when you fine-tune."
        )
    accelerator = Accelerator(cpu=not torch.accelerator.is_available())
    model.to(accelerator.device)
    optimizer = build_optimizer(model, config)
    bf16 = has_bf16(accelerator.device) if config.bf16 is None else config.bf16
    plan = Plan(train_dataset, config, accelerator)
    best = copy.deepcopy(model) if config.early_stopping_patience else None
    kept = model if best is None else nn.ModuleDict({"last": model, "best": best})
    history = History()
    if checkpoint_dir is not None:
        made_from = plan.made_from() | {
            "training examples": fingerprint(train_dataset),
            "initial weights": weights_fingerprint(model),
            "parameters that learn": fingerprint([n for n, p in model.named_parameters() if p.requires_grad]),
            **(made_from or {}),
        }
        state = load_checkpoint(checkpoint_dir, kept, optimizer, made_from=made_from)
        history = History(**state["history"]) if state else history
    first = len(history.steps)
    metric = None if best is None else config.metric_for_best_model
    started = time.perf_counter() - (history.steps[-1]["seconds"] if first else 0)

    quiet = not (show_progress and accelerator.is_main_process)
    bar = tqdm(total=plan.n_steps, initial=first, disable=quiet, unit="step", mininterval=0.5)
    # Dropout draws from the global generator: lend it, seeded, and put it back.
    with bar, torch.random.fork_rng():
        if (best is not None or (config.eval_on_start and evaluate)) and not history.evaluations:
            history.evaluations.append({"epoch": 0, "step": 0} | _evaluate(model, evaluate, metric))
        for step, epoch, batches in plan.steps(first):
            if best is not None and history.stalled_for(metric) >= config.early_stopping_patience:
                break
            model.train()
            torch.manual_seed(plan.seed_of(step))
            if hasattr(collate_fn, "set_epoch"):
                collate_fn.set_epoch(epoch)
            shape = (config.warmup_ratio, config.lr_scheduler_type)
            learning_rate = config.learning_rate * schedule(step, plan.n_steps, *shape)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate

            sums = torch.zeros(2, dtype=torch.float64)  # summed loss, number of targets
            for rows in batches:
                batch = collate_fn(_examples(train_dataset, rows))
                batch = {name: tensor.to(accelerator.device) for name, tensor in batch.items()}
                with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=bf16):
                    total, count = compute_loss(model, batch)
                total.backward()
                sums += torch.tensor([total.item(), float(count)], dtype=torch.float64)
            loss = _divide_once(trainable, sums, accelerator)
            if loss is not None:
                clip_grad_norm_(trainable, config.max_grad_norm)
                optimizer.step()
            optimizer.zero_grad()

            record = {"step": step + 1, "epoch": epoch, "loss": math.nan if loss is None else loss}
            record |= {"learning_rate": learning_rate, "seconds": time.perf_counter() - started}
            history.steps.append(record)
            if loss is not None and not loss < math.inf:
                raise ValueError(
                    f"The loss must stay finite; got {loss} at step {step + 1}. "
                    f"Lower the learning rate ({config.learning_rate}) or lengthen the warm-up."
                )
            bar.set_postfix(loss=f"{record['loss']:.3f}", refresh=False)
            bar.update()
            if evaluate is not None and (plan.is_due(step, config.eval_steps) or plan.is_early(step)):
                scores = _evaluate(model, evaluate, metric)
                history.evaluations.append({"epoch": epoch, "step": step + 1} | scores)
                if best is not None and history.stalled_for(metric) == 0:
                    best.load_state_dict(model.state_dict())
            if checkpoint_dir is not None and plan.is_due(step, config.save_steps):
                if accelerator.is_main_process:
                    state = {"made_from": made_from, "history": vars(history)}
                    save_checkpoint(checkpoint_dir, step + 1, kept, optimizer, state)
                accelerator.wait_for_everyone()
    if all(math.isnan(record["loss"]) for record in history.steps):
        raise ValueError(
            "A run must have at least one target; `compute_loss` counted none in "
            f"{len(history.steps)} steps. Mask more tokens, or use larger batches."
        )
    if best is not None:
        model.load_state_dict(best.state_dict())
    model.eval()
    return history


def _evaluate(model: nn.Module, evaluate: Callable[[nn.Module], dict], metric: str | None) -> dict:
    """What ``evaluate`` returns, as the plain Python that JSON gives back; it must hold ``metric``."""
    scores = evaluate(model.eval())
    if not isinstance(scores, dict):
        raise TypeError(f"`evaluate` must return a dict of scores by name; got {type(scores).__name__}.")
    scores = json.loads(json.dumps(scores, default=_plain))
    if metric is not None and not isinstance(scores.get(metric), int | float):
        names = ", ".join(name for name, score in scores.items() if isinstance(score, int | float))
        raise ValueError(
            f"`metric_for_best_model` must be a metric of the evaluation, one of: {names}; got {metric!r}."
        )
    return scores


def _plain(value: object) -> object:
    """NumPy's and torch's numbers and arrays as Python has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"`evaluate` must return numbers by name; got {value!r} ({type(value).__name__}).")


def _examples(train_dataset: Sequence, rows: Tensor) -> list:
    # Data sets of the Hugging Face kind read many rows at once much faster than one by one.
    if hasattr(train_dataset, "__getitems__"):
        return train_dataset.__getitems__(rows.tolist())
    return [train_dataset[row] for row in rows.tolist()]


def _divide_once(trainable: list[nn.Parameter], sums: Tensor, accelerator: Accelerator) -> float | None:
    """Add up sums and gradients over processes; make both means over all targets. Return the mean loss.

    None if there is no target; the gradients are then 0, and must not move anything.
    """
    if accelerator.num_processes > 1:
        for p in trainable:
            if p.grad is None:  # nothing to do for this process in this step
                p.grad = torch.zeros_like(p)
        gradients = accelerator.reduce(parameters_to_vector(p.grad for p in trainable))
        vector_to_parameters(gradients, [p.grad for p in trainable])
        sums = accelerator.reduce(sums.to(accelerator.device)).cpu()
    total, count = sums.tolist()
    if count == 0:
        return None
    for p in trainable:
        if p.grad is not None:
            p.grad /= count
    return total / count


def schedule(step: int, n_steps: int, warmup_ratio: float, lr_scheduler_type: str = "linear") -> float:
    """Factor of the learning rate at ``step`` (from 0): a straight rise to 1, then a straight fall to 0.

    Args:
        step: From 0 to ``n_steps`` - 1.
        n_steps: Number of steps of the run.
        warmup_ratio: Share of the steps in which the factor rises, in [0, 1].
        lr_scheduler_type: ``"linear"``; or ``"constant_with_warmup"``, which stays at 1.
    Returns:
        Above 0 and at most 1.
    Example:
        >>> [schedule(step, n_steps=4, warmup_ratio=0.5) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
    """
    n_warmup = round(warmup_ratio * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    if lr_scheduler_type == "constant_with_warmup":
        return 1.0
    return (n_steps - step) / (n_steps - n_warmup)


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; weights decay, biases and the scales of norms (all vectors) do not.

    Args:
        model: Frozen parameters are left out.
        config: Its ``learning_rate`` and ``weight_decay`` are used.
    Returns:
        The optimizer, in two groups of parameters.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trainable if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)
