"""What a score is worth: intervals, comparisons and slices."""

from prevlib.evaluation.comparison import (
    Comparison,
    Difference,
    McNemarResult,
    compare_models,
    holm_correction,
    mcnemar_test,
    paired_bootstrap_test,
    permutation_test,
)
from prevlib.evaluation.slices import score_slices
from prevlib.evaluation.uncertainty import (
    Interval,
    SeedSummary,
    bootstrap_interval,
    seed_summary,
    wilson_interval,
)

__all__ = [
    "Comparison",
    "Difference",
    "Interval",
    "McNemarResult",
    "SeedSummary",
    "bootstrap_interval",
    "compare_models",
    "holm_correction",
    "mcnemar_test",
    "paired_bootstrap_test",
    "permutation_test",
    "score_slices",
    "seed_summary",
    "wilson_interval",
]
