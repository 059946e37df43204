"""What a score is worth: intervals, comparisons, slices; what it costs; and which model to choose."""

from importlib import import_module

from prevlib.evaluation.behaviour import (
    PERTURBATIONS,
    BehaviourResult,
    add_irrelevant,
    add_typos,
    directional_test,
    drop_punctuation,
    invariance_test,
    minimum_functionality_test,
    perturb,
    run_behaviour_tests,
    swap_names,
)
from prevlib.evaluation.comparison import (
    Comparison,
    Difference,
    McNemarResult,
    PermutationResult,
    compare_models,
    holm_correction,
    mcnemar_test,
    paired_bootstrap_test,
    permutation_test,
)
from prevlib.evaluation.scorecard import COSTS, Scorecard, pareto_front, read_scorecard, scorecard
from prevlib.evaluation.slices import score_slices
from prevlib.evaluation.uncertainty import (
    Interval,
    SeedSummary,
    bootstrap_interval,
    seed_summary,
    wilson_interval,
)

__all__ = [
    "BehaviourResult",
    "COSTS",
    "Comparison",
    "CostProfile",
    "Difference",
    "Evaluation",
    "Interval",
    "McNemarResult",
    "PermutationResult",
    "PERTURBATIONS",
    "Scorecard",
    "SeedSummary",
    "add_irrelevant",
    "add_typos",
    "bootstrap_interval",
    "compare_models",
    "cost_profile",
    "directional_test",
    "drop_punctuation",
    "evaluate",
    "holm_correction",
    "invariance_test",
    "latency_ratios",
    "load_task",
    "mcnemar_test",
    "measure_model",
    "minimal_pair_accuracy",
    "minimum_functionality_test",
    "model_card",
    "paired_bootstrap_test",
    "pareto_front",
    "permutation_test",
    "perturb",
    "pseudo_log_likelihood",
    "pseudo_perplexity",
    "read_scorecard",
    "read_task",
    "run_behaviour_tests",
    "score_minimal_pairs",
    "score_slices",
    "score_texts",
    "scorecard",
    "seed_summary",
    "swap_names",
    "token_log_probs",
    "wilson_interval",
    "write_card",
]

_LOADED_LATE = {
    "CostProfile": "cost",
    "Evaluation": "results",
    "cost_profile": "cost",
    "evaluate": "pipeline",
    "latency_ratios": "cost",
    "load_task": "inputs",
    "measure_model": "measure",
    "minimal_pair_accuracy": "language",
    "model_card": "report",
    "pseudo_log_likelihood": "language",
    "pseudo_perplexity": "language",
    "read_task": "own_data",
    "score_minimal_pairs": "language",
    "score_texts": "results",
    "token_log_probs": "language",
    "write_card": "report",
}


def __getattr__(name: str):
    """Load a module that needs torch, or the hub's cards, only when one of its names is asked for."""
    if name not in _LOADED_LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"prevlib.evaluation.{_LOADED_LATE[name]}"), name)
