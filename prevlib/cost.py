"""What a model costs: weights, work, time, memory, energy.

``metrics`` says how good a model is. This file says what that goodness takes. Two kinds of numbers come out.
Parameters, bytes on disk and floating-point operations are *counted* and the same everywhere. Seconds and
MiB are *measured*: they belong to this machine, this hour and the number of threads that torch was given. So
compare models by ratios from one sitting; ``latency_ratios`` lets them take turns, text by text, so that
whatever else the machine does hits all of them alike.

It is the border between tensors and numbers, and runs on the CPU. Left out: accelerators, measured energy
(joules here are seconds times a power that you state), and pre-training, which others have paid for.
Used in notebook 20. Sources: Henderson et al. 2020, *Towards the Systematic Reporting of the Energy and
Carbon Footprints of Machine Learning*; Dehghani et al. 2022, *The Efficiency Misnomer*: why one number will
not do.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import PreTrainedModel

from prevlib.arguments import check_count
from prevlib.checkpoints import Loaded, checkpoint_path, load_encoder, load_tokenizer
from prevlib.datasets import load_reviews
from prevlib.finetuning import finetune_classifier
from prevlib.inference import check_texts, longest_input
from prevlib.training import TrainConfig

BATCH_SIZES = (1, 8, 32)
FINETUNING_TEXTS = 96  # six steps, of which the first one warms up
# What the new process does; it gets token ids, so that it holds nothing but the model.
LOAD_AND_READ = """
import json, sys, torch
from prevlib.checkpoints import load_encoder
folder, batch = json.load(sys.stdin)
with torch.inference_mode():
    load_encoder(folder)(**{name: torch.tensor(rows) for name, rows in batch.items()})
"""
# VmHWM, since on Linux what getrusage reports also holds the peak of the process that started this one.
TELL_PEAK = """
import sys
try:
    with open("/proc/self/status") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
except (OSError, StopIteration):
    if sys.platform == "win32":
        import psutil
        kib = psutil.Process().memory_info().peak_wset / 1024
    else:
        import resource
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
sys.stdout.write(f"\\n{kib / 1024}")
"""


@dataclass(frozen=True)
class CostProfile:
    """What an encoder costs; what is not counted holds for one machine only."""

    parameters: int  # without a head
    embedding_parameters: int  # those of them that are looked up, not multiplied
    file_mib: float  # weights on disk, heads included
    flops_per_text: float  # of matrix products; a multiplication and an addition are two
    latency_p50_ms: float  # from string to vectors, one text at a time
    latency_p95_ms: float
    texts_per_second: float  # at ``best_batch_size``
    best_batch_size: int
    peak_memory_mib: float  # of a new process that reads 32 texts at once; torch included
    finetuning_seconds_per_1000_labels: float | None  # one epoch; scaled up from few texts
    joules_per_1000_texts: float  # an estimate: seconds at ``best_batch_size`` times the watts you stated


def cost_profile(
    checkpoint: str | Path | Loaded,
    texts: Sequence[str] | None = None,
    *,
    watts: float = 15.0,
    finetune: bool = True,
    repeats: int = 3,
) -> CostProfile:
    """Count and measure what it takes to run an encoder on texts like these, and to fine-tune it.

    Absolute times depend on the machine and its mood: compare ratios between models in one sitting. Threads
    are used as they are set (``torch.get_num_threads()``). Everything runs once before it is timed.

    Args:
        checkpoint: Alias, folder or hub name of an encoder, or a loaded model.
        texts: What it will have to read, since time grows with length; 32 test reviews if None. Cut at the
            model's maximum.
        watts: Power of the whole machine while it computes, to turn seconds into joules. The default is a
            guess for a small laptop; no meter is read, so the joules are no better than this number.
        finetune: Time some steps of ``finetune_classifier`` as well, batches of 16, all weights, and scale
            them to 1,000 labels. Real runs take several epochs.
        repeats: Times that every text is read.
    Returns:
        A ``CostProfile``. Operations are counted on each text alone, without padding, and averaged; work
        element by element (softmax, GELU, LayerNorm) is not counted. The 95th percentile is over texts and
        repeats: it holds long texts and hiccups.
    Raises:
        TypeError: If ``texts`` is a single string or a table, or holds something else than strings.
        ValueError: If there are no texts, or ``watts`` or ``repeats`` is too small.
        FileNotFoundError: If the checkpoint does not exist.
        RuntimeError: If the new process fails, for instance for lack of memory.
    """
    texts = list(load_reviews()["test"]["text"][:32]) if texts is None else check_texts(texts)
    if not watts > 0:
        raise ValueError(f"`watts` must be above 0; got {watts}. A small laptop takes about 15.")
    if isinstance(checkpoint, Loaded):  # the other process reads it from the disk
        with TemporaryDirectory() as folder:
            checkpoint.save(folder)
            return cost_profile(folder, texts, watts=watts, finetune=finetune, repeats=repeats)
    folder = checkpoint_path(checkpoint)  # from here on the hub is not asked again
    model, tokenize = _load(checkpoint)
    read = partial(_read, model, tokenize)
    times = time_reading(read, texts, repeats=repeats)
    batch = tokenize(texts[: BATCH_SIZES[-1]])
    memory = peak_memory_mib(LOAD_AND_READ, json.dumps([str(folder), dict(batch)]).encode())
    looked_up = [module.weight for module in model.modules() if isinstance(module, nn.Embedding)]
    return CostProfile(
        parameters=sum(weight.numel() for weight in model.parameters()),
        embedding_parameters=sum(weight.numel() for weight in looked_up),
        file_mib=sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 2**20,
        flops_per_text=_flops(model, read, texts) / len(texts),
        **times,
        peak_memory_mib=memory,
        finetuning_seconds_per_1000_labels=_finetuning_seconds(folder, texts) if finetune else None,
        joules_per_1000_texts=watts * 1000 / times["texts_per_second"],
    )


def latency_ratios(
    texts: Sequence[str], checkpoints: Sequence[str | Path], *, repeats: int = 5
) -> dict[str, float]:
    """How many times longer a text takes than with the first model: the median over texts and repeats.

    The models take turns on every text. A slow minute of the machine then slows both, and the ratio stays.

    Args:
        texts: Read one at a time.
        checkpoints: Aliases, folders or hub names; the first one is the measure of the others.
        repeats: Times that every text is read.
    Returns:
        Name -> ratio; 1 for the first.
    Raises:
        As ``cost_profile``; ValueError also if there are no checkpoints.
    """
    texts = check_texts(texts)
    if isinstance(checkpoints, str | Path) or not checkpoints:
        raise ValueError(f"`checkpoints` must be a list of at least one name; got {checkpoints!r}.")
    readers = {str(name): partial(_read, *_load(name)) for name in checkpoints}
    seconds = seconds_of_calls(readers, [[text] for text in texts], repeats=repeats)
    first = seconds[str(checkpoints[0])]
    return {name: float(np.median(own / first)) for name, own in seconds.items()}


def peak_memory_mib(code: str, data: bytes) -> float:
    """The most memory that a new Python process holds while it runs ``code``, with ``data`` as its input.

    Args:
        code: Python.
        data: Its standard input.
    Returns:
        Resident memory in MiB.
    Raises:
        RuntimeError: If the process fails.
    """
    finished = subprocess.run(
        [sys.executable, "-c", code + TELL_PEAK],
        input=data,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if finished.returncode:
        last = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RuntimeError(
            "The process in which memory is measured must end well; got exit code "
            f"{finished.returncode} and {last!r}. Is there enough memory for a second copy of the model?"
        )
    return float(finished.stdout.split()[-1])


def seconds_of_calls(
    calls: Mapping[str, Callable], inputs: Sequence, *, repeats: int
) -> dict[str, np.ndarray]:
    """Time of each call on each input, the calls taking turns; warms up first.

    Args:
        calls: Name -> function of an input.
        inputs: At least one.
        repeats: Rounds.
    Returns:
        Name -> seconds, shape (repeats, n_inputs).
    """
    repeats = check_count("repeats", repeats)
    seconds = {name: np.empty((repeats, len(inputs))) for name in calls}
    for call in calls.values():
        call(inputs[0])
    for i in range(repeats):
        for j, value in enumerate(inputs):
            for name, call in calls.items():
                started = time.perf_counter()
                call(value)
                seconds[name][i, j] = time.perf_counter() - started
    return seconds


def time_reading(read: Callable[[list[str]], object], texts: Sequence[str], *, repeats: int = 3) -> dict:
    """The fields of a ``CostProfile`` that hold times of reading, for any function of a list of texts.

    Args:
        read: Function of a list of texts.
        texts: Strings.
        repeats: As for ``seconds_of_calls``.
    Returns:
        Latencies in ms, texts per second, and the batch size that is fastest.
    """
    by_length = sorted(texts, key=len)  # similar lengths together, so that little is padded
    speeds = {}
    for size in BATCH_SIZES:
        batches = [by_length[i : i + size] for i in range(0, len(texts), size)]
        seconds = seconds_of_calls({"": read}, batches, repeats=repeats)[""]
        speeds[size] = len(texts) / float(np.median(seconds.sum(axis=1)))
        if size == 1:
            p50, p95 = 1000 * np.quantile(seconds, [0.5, 0.95])
    best = max(speeds, key=speeds.__getitem__)
    return {
        "latency_p50_ms": float(p50),
        "latency_p95_ms": float(p95),
        "texts_per_second": speeds[best],
        "best_batch_size": best,
    }


def _load(checkpoint: str | Path) -> tuple[PreTrainedModel, Callable]:
    """A model, and the function that makes a padded batch for it, cut at its maximum."""
    model, tokenizer = load_encoder(checkpoint), load_tokenizer(checkpoint)
    if tokenizer.pad_token is None:  # as in GPT-2; the time does not depend on what is in the padding
        tokenizer.pad_token = tokenizer.eos_token
    return model, partial(
        tokenizer, padding=True, truncation=True, max_length=longest_input(tokenizer, model)
    )


def _read(model: PreTrainedModel, tokenize: Callable, texts: list[str]):
    with torch.inference_mode():
        return model(**tokenize(texts, return_tensors="pt"))


def _flops(model: PreTrainedModel, read: Callable, texts: Sequence[str]) -> int:
    # torch does not see the products inside its fused attention on the CPU; spelt out, it does.
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        for text in texts:
            read([text])
    return counter.get_total_flops()


def _finetuning_seconds(folder: Path, texts: Sequence[str]) -> float:
    """Of one epoch with 1,000 labels, from a few steps; loading and the first step are left out."""
    texts = list(islice(cycle(texts), FINETUNING_TEXTS))
    labels = [i % 2 for i in range(len(texts))]
    config = TrainConfig(num_train_epochs=1)
    classifier = finetune_classifier(texts, labels, folder, config=config, show_progress=False)
    seconds = classifier.history.to_frame()["seconds"]
    n_timed = len(texts) - config.per_device_train_batch_size
    return float(1000 * (seconds.iloc[-1] - seconds.iloc[0]) / n_timed)
