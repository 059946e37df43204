"""Which model to choose: scores, costs and scope in one table, and an honest sentence.

A scorecard weighs what cannot be weighed without saying how. Here a weight is a rate of exchange. Scores are
averaged as they are. A cost with weight 0.02 takes 2 points away for every *factor of ten* above the cheapest
model; so "ten times slower must be worth two points" is what the weight says. The rate does not depend on
which models are in the table: one that is added, however bad, cannot turn round the order of two others, as
it can when criteria are stretched to run from the worst model to the best.

Scores come with intervals, so the sum has one, and so has the lead of the first model over each other one.
Where a lead may be noise, the scorecard says that it cannot choose. It also names the Pareto front, which
needs no rate of exchange: the models that no other one beats in score and cost at once.

Used in notebook 20. Left out: measuring (``report/measure.py``); noise of costs, and of training seeds.
Sources: Zou & Donner 2008 (intervals of sums, from those of the parts); Dodge et al. 2019, *Show Your Work*;
Ethayarajh & Jurafsky 2020, *Utility is in the Eye of the User*.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

SCORECARD = Path(__file__).parents[1] / "data" / "scorecard.json"
COSTS = (  # lower is better
    "parameters",
    "embedding_parameters",
    "file_mib",
    "flops_per_text",
    "latency_p50_ms",
    "latency_p95_ms",
    "peak_memory_mib",
    "finetuning_seconds_per_1000_labels",
    "joules_per_1000_texts",
)


@dataclass(frozen=True)
class Scorecard:
    """What the weights make of the measurements, and whether these decide anything."""

    table: (
        pd.DataFrame
    )  # one row a model, best first: overall, performance, penalty, on_front, then the facts
    ranking: tuple[str, ...]  # by overall score, best first
    leaders: tuple[str, ...]  # the first, and whoever cannot be told apart from it
    front: tuple[str, ...]  # beaten by none in performance and costs at once
    excluded: dict[str, str]  # name -> why it was not compared
    sentence: str


def scorecard(
    models: pd.DataFrame | Mapping[str, Mapping] | None = None,
    tasks: Sequence[str] | None = None,
    weights: Mapping[str, float] | None = None,
    *,
    require: Mapping[str, object] | None = None,
    level: float = 0.95,
) -> Scorecard:
    """Rank measured models by weighted scores and costs, and say whether the data decide.

    ``performance`` is the mean of the task scores, weighted. ``penalty`` is the sum over costs of
    weight x log10(cost / cheapest). ``overall`` is performance - penalty.

    The lead of the first model over another one counts if it exceeds its margin: the root of the added
    squares of weight x distance from the score to the end of its interval, downwards for the first and
    upwards for the other. Bonferroni's correction widens it, since any of the others may look bad by luck.
    Models are treated as if each had a test set of its own. They share one, so this errs on the side of
    "cannot choose"; where predictions are at hand, ``compare_models`` sees more.

    Args:
        models: Rows of facts, index or key the name of the model. A task takes three columns: ``task``,
            ``task_low`` and ``task_high``. Costs are those in ``COSTS``. Anything else is shown as it is.
            None takes the shipped measurements, ``read_scorecard()``.
        tasks: Scores that count. If None, those that have a weight; if none has, those of every model.
        weights: Task or cost -> weight. A task that is not named weighs 1, a cost 0. Those of tasks are
            divided by their sum; that of a cost is in points of score for each factor of ten.
        require: Column -> what a model must have to be compared: a number is the least (of a cost the most)
            that is allowed, a string must be equal or in the list, of a set any one must.
        level: Coverage of the intervals in the table, and of the decision.
    Returns:
        A ``Scorecard``. A model that lacks a score or a weighted cost is excluded, and the sentence says so.
    Raises:
        FileNotFoundError: If there are no shipped measurements.
        ValueError: If a name is unknown or double, a weight below 0, an interval does not hold its score, a
            cost is not above 0, or no model is left.
    Example:
        >>> small = {"qa": 0.80, "qa_low": 0.79, "qa_high": 0.81, "parameters": 1e7}
        >>> large = {"qa": 0.84, "qa_low": 0.83, "qa_high": 0.85, "parameters": 1e8}
        >>> scorecard({"small": small, "large": large}).ranking
        ('large', 'small')
        >>> scorecard({"small": small, "large": large}, weights={"parameters": 0.1}).ranking
        ('small', 'large')
    """
    facts = _read_models(models)
    weights = dict(weights or {})
    tasks = _choose_tasks(facts, tasks, weights)
    costs = _check_weights(facts, tasks, weights)
    excluded = _find_excluded(facts, [*tasks, *costs], dict(require or {}))
    facts = facts.drop(index=list(excluded))
    if facts.empty:
        reasons = "; ".join(f"{name}: {why}" for name, why in excluded.items())
        raise ValueError(f"At least one model must be left to choose; got none. {reasons}.")
    _check_values(facts, tasks, costs)

    share = np.array([weights.get(task, 1.0) for task in tasks])
    share = share / share.sum()
    score, low, high = (
        facts[[task + end for task in tasks]].to_numpy(float) for end in ("", "_low", "_high")
    )
    table = pd.DataFrame({"performance": score @ share}, index=facts.index)
    below, above = (np.sqrt(((part * share) ** 2).sum(axis=1)) for part in (score - low, high - score))
    table["performance_low"], table["performance_high"] = table.performance - below, table.performance + above
    spent = facts[costs].to_numpy(float)
    table["penalty"] = np.log10(spent / spent.min(axis=0)) @ np.array([weights[cost] for cost in costs])
    table.insert(0, "overall", table.performance - table.penalty)
    compared = costs or [cost for cost in COSTS if cost in facts and (facts[cost] > 0).all()]
    table["on_front"] = pareto_front(table.performance, facts[compared].to_numpy(float))
    order = np.argsort(-table.overall.to_numpy(), kind="stable")
    table = table.join(facts).iloc[order]

    widen = 1.0
    if len(table) > 2:
        quantile = NormalDist().inv_cdf
        widen = quantile(1 - (1 - level) / 2 / (len(table) - 1)) / quantile((1 + level) / 2)
    margin = widen * np.hypot(below[order[0]], above[order])
    lead = table.overall.iloc[0] - table.overall
    leaders = [name for i, name in enumerate(table.index) if i == 0 or lead.iloc[i] <= margin[i] + 1e-12]
    return Scorecard(
        table=table,
        ranking=tuple(table.index),
        leaders=tuple(leaders),
        front=tuple(table.index[table.on_front]),
        excluded=excluded,
        sentence=_sentence(table, leaders, excluded, _deciding_cost(compared, weights)),
    )


def pareto_front(scores: ArrayLike, costs: ArrayLike) -> np.ndarray:
    """Which models no other one beats: at least as good in everything, and better in something.

    Args:
        scores: Higher is better, shape (n_models,).
        costs: Lower is better, shape (n_models,) or (n_models, n_costs).
    Returns:
        True for the models on the front, shape (n_models,). Of models that are equal in all, none beats the
        other. The front is one of estimates: look at the intervals as well.
    Example:
        >>> pareto_front([0.8, 0.9, 0.7], costs=[1, 10, 5]).tolist()
        [True, True, False]
    """
    goods = np.column_stack([np.asarray(scores, dtype=float), -np.asarray(costs, dtype=float)])
    no_worse = (goods[:, None] >= goods).all(
        axis=2
    )  # (n_models, n_models): is the row no worse than the column?
    return ~(no_worse & ~no_worse.T).any(axis=0)


def read_scorecard(path: str | Path = SCORECARD) -> pd.DataFrame:
    """The rows that ``python -m prevlib.report.measure`` wrote, by default those of the library.

    Args:
        path: JSON file with the measured rows.
    Returns:
        One row a model, named by checkpoint and method; ``max_length`` is inf where there is no limit.
    Raises:
        FileNotFoundError: If there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"`path` must be a file of measured rows; got {str(path)!r}. "
            f"Make it with python -m prevlib.report.measure {path}."
        )
    stored = json.loads(Path(path).read_text(encoding="utf-8"))
    rows = [stored["costs"][row["checkpoint"]] | row for row in stored["rows"]]
    table = pd.DataFrame(rows).set_index("name")
    return table.assign(max_length=table["max_length"].astype(float).fillna(np.inf))


def _read_models(models) -> pd.DataFrame:
    if models is None:
        return read_scorecard()
    if isinstance(models, Mapping):
        models = pd.DataFrame(list(models.values()), index=list(models))
    if models.empty or not models.index.is_unique:
        raise ValueError(
            f"`models` must hold at least one model, each under its own name; got {list(models.index)}."
        )
    return models


def _choose_tasks(facts: pd.DataFrame, tasks, weights: Mapping[str, float]) -> list[str]:
    known = [name for name in facts if f"{name}_low" in facts and f"{name}_high" in facts]
    if tasks is None:
        tasks = [name for name in known if name in weights] or [
            name for name in known if facts[name].notna().all()
        ]
    tasks = [tasks] if isinstance(tasks, str) else list(dict.fromkeys(tasks))
    if not tasks or set(tasks) - set(known):
        raise ValueError(
            f"`tasks` must be out of {known}; got {tasks}. A task has three columns, such as `qa`, `qa_low` "
            "and `qa_high`."
        )
    return tasks


def _check_weights(facts: pd.DataFrame, tasks: list[str], weights: Mapping[str, float]) -> list[str]:
    """The costs that have a weight."""
    allowed = [*tasks, *(cost for cost in COSTS if cost in facts)]
    unknown = [name for name in weights if name not in allowed]
    if unknown:
        raise ValueError(f"`weights` must name tasks or costs, out of {allowed}; got {unknown}.")
    if not all(0 <= weight < np.inf for weight in weights.values()):
        raise ValueError(f"`weights` must be from 0 upwards; got {weights}. Costs are subtracted anyway.")
    if not any(weights.get(task, 1) for task in tasks):
        raise ValueError(f"At least one task must have a weight above 0; got 0 for {tasks}.")
    return [name for name, weight in weights.items() if name not in tasks and weight]


def _check_values(facts: pd.DataFrame, tasks: list[str], costs: list[str]) -> None:
    for task in tasks:
        inside = (facts[f"{task}_low"] <= facts[task]) & (facts[task] <= facts[f"{task}_high"])
        if not inside.all():
            row = facts[~inside].iloc[0]
            interval = f"{row[task]} in [{row[f'{task}_low']}, {row[f'{task}_high']}]"
            raise ValueError(f"The interval of {task} must hold its score; got {interval} for {row.name}.")
    for cost in costs:
        if not (facts[cost] > 0).all():
            row = facts[~(facts[cost] > 0)].iloc[0]
            raise ValueError(
                f"A cost must be above 0, as it is compared by factors; got {cost} {row[cost]} "
                f"for {row.name}."
            )


def _find_excluded(facts: pd.DataFrame, needed: list[str], require: Mapping) -> dict[str, str]:
    unknown = [column for column in require if column not in facts]
    if unknown:
        raise ValueError(f"`require` must name columns of the table, {list(facts)}; got {unknown}.")
    excluded = {}
    for name, row in facts.iterrows():
        reasons = [f"no {column}" for column in needed if pd.isna(row[column])]
        reasons += [
            f"{column} is {row[column]}, required is {wanted}"
            for column, wanted in require.items()
            if not _meets(row[column], wanted, column in COSTS)
        ]
        if reasons:
            excluded[name] = ", ".join(reasons)
    return excluded


def _meets(value, wanted, is_cost: bool) -> bool:
    if isinstance(wanted, Real):
        return bool(value <= wanted if is_cost else value >= wanted)  # False if there is no value
    if isinstance(wanted, str):
        return wanted in value if isinstance(value, list | tuple | set) else wanted == value
    return any(_meets(value, one, is_cost) for one in wanted)


def _deciding_cost(compared: list[str], weights: Mapping[str, float]) -> str | None:
    return max(compared, key=lambda cost: weights.get(cost, 0), default=None)  # the first one if none has any


def _sentence(table: pd.DataFrame, leaders: list[str], excluded: Mapping[str, str], cost: str | None) -> str:
    first, overall = table.index[0], table.overall
    if len(table) == 1:
        text = f"{first} is the only model left, so there is nothing to choose."
    elif len(leaders) == 1:
        text = (
            f"{first} comes first with {overall.iloc[0]:.3f}, ahead of every other model by more than the "
            f"noise of the test sets; next is {table.index[1]} with {overall.iloc[1]:.3f}."
        )
    else:
        names = f"{', '.join(leaders[:-1])} and {leaders[-1]}"
        text = (
            f"The data cannot choose between {names}: their overall scores, {overall[leaders].max():.3f} to "
            f"{overall[leaders].min():.3f}, differ by no more than the noise of the test sets."
        )
        if cost is not None and table.loc[leaders, cost].nunique() > 1:
            text += f" Of these, {table.loc[leaders, cost].idxmin()} has the lowest {cost}."
    if excluded:
        text += " Not compared: " + "; ".join(f"{name} ({why})" for name, why in excluded.items()) + "."
    return text
