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
    Equivalence,
    McNemarResult,
    PermutationResult,
    compare_models,
    equivalence_test,
    holm_correction,
    mcnemar_test,
    paired_bootstrap_test,
    permutation_test,
)
from prevlib.evaluation.power import minimum_detectable_difference, required_samples
from prevlib.evaluation.scorecard import COSTS, Scorecard, pareto_front, read_scorecard, scorecard
from prevlib.evaluation.slices import score_slices
from prevlib.evaluation.uncertainty import (
    Interval,
    SeedSummary,
    bootstrap_interval,
    crossed_interval,
    seed_summary,
    wilson_interval,
)

_LATER = {  # modules that need a model, or the hub's cards -> names that are expected here as well
    "prevlib.cost": "CostProfile cost_profile latency_ratios",
    "prevlib.language": "minimal_pair_accuracy pseudo_log_likelihood pseudo_perplexity score_minimal_pairs "
    "token_log_probs",
    "prevlib.loss_checks": "check_every_class check_padding",
    "prevlib.report.card": "model_card write_card",
    "prevlib.report.course_tasks": "load_task",
    "prevlib.report.measure": "measure_model",
    "prevlib.report.own_data": "read_task",
    "prevlib.report.run": "evaluate",
    "prevlib.report.scores": "Evaluation score_texts",
}
_LOADED_LATE = {name: module for module, names in _LATER.items() for name in names.split()}


def __getattr__(name: str):
    """Load a later module only when one of its names is asked for."""
    if name not in _LOADED_LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LOADED_LATE[name]), name)
