"""Measurements beside the peers: ours and theirs take turns, and what counts is the ratio of their times.

``python -m benchmarks`` lists them, ``python -m benchmarks NAME`` runs one, ``python -m benchmarks report``
writes what was measured into ``README.md``. Whatever else the machine does hits both sides of a turn. Before
the first turn the two answers are compared: a fast wrong answer is not worth timing.
"""

import json
import os
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "build" / "bench"
PEERS = ("numpy", "torch", "transformers", "sentence-transformers", "scikit-learn", "scipy", "torchmetrics")
PEERS += ("minicons", "seqeval")


@dataclass(frozen=True)
class Row:
    """One piece of work, ours beside one peer: seconds of each round."""

    work: str
    peer: str
    ours: list[float] = field(repr=False)
    theirs: list[float] = field(repr=False)
    bar: float | None = None  # how many times as fast ours is meant to be

    @property
    def ratios(self) -> list[float]:
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def __str__(self) -> str:
        bar = "" if self.bar is None else f", meant to be {self.bar:g}"
        return f"{self.work}: {spread(self.ratios)} times as fast as {self.peer}{bar}"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range of the rounds."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def timed(call: Callable[[], object], turns: int = 1) -> Callable[[], float]:
    """``call`` as a function that returns the seconds it takes; many turns at once for the very fast."""

    def seconds() -> float:
        started = time.perf_counter()
        for _ in range(turns):
            call()
        return (time.perf_counter() - started) / turns

    return seconds


def alternate(
    work: str,
    peer: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    *,
    rounds: int,
    bar: float | None = None,
) -> Row:
    """Rounds of two functions that return seconds; printed."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    row = Row(work, peer, *map(list, zip(*pairs, strict=True)), bar)
    print(row, flush=True)
    return row


def compare(
    work: str,
    peer: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    same: Callable[[object, object], None],
    rounds: int,
    turns: int = 1,
    bar: float | None = None,
) -> Row:
    """``same(ours(), theirs())``, which raises if they differ, and then rounds of both."""
    same(ours(), theirs())
    return alternate(work, peer, timed(ours, turns), timed(theirs, turns), rounds=rounds, bar=bar)


def peak_mib(call: Callable[[], object]) -> float:
    """Memory of Python and NumPy that ``call`` needs at the same time, beyond what was there before."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def save(name: str, rows: Sequence[Row], growth: Sequence[dict] = ()) -> Path:
    """Write what was measured, and on what.

    Args:
        name: Of the benchmark, and of the file.
        rows: What was compared.
        growth: Curves over a size: ``{"work", "unit", "sizes", "series": {name: values}}``.
    """
    import torch

    machine = {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": _versions(),
    }
    content = {"machine": machine, "rows": list(map(asdict, rows)), "growth": list(growth)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _versions() -> dict[str, str]:
    found = {}
    for peer in PEERS:
        with suppress(PackageNotFoundError):
            found[peer] = version(peer)
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
