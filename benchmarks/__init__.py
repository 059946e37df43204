"""Measurements beside the peers, as ratios of interleaved runs: ``python -m benchmarks.NAME``."""
