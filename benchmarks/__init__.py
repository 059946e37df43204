"""Measurements beside the peers, as ratios of interleaved runs: ``python -m benchmarks.NAME``."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and range of the rounds."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
