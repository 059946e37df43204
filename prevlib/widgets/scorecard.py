"""Say what each task and each factor of cost is worth to you, and see what comes first, for notebook 20."""

from collections.abc import Mapping

import pandas as pd
from ipywidgets import Dropdown
from matplotlib.figure import Figure

from prevlib.evaluation import COSTS, pareto_front, read_scorecard, scorecard
from prevlib.plots import COLORS, plot_pareto
from prevlib.texts import say, say_number
from prevlib.widgets.base import RING, Explorer, explorer, number, picture


def explore_scorecard(models: pd.DataFrame | Mapping[str, Mapping] | None = None) -> Explorer:
    """Weigh the tasks, price one of the costs.

    Args:
        models: As for ``scorecard``; the shipped measurements if None.
    Returns:
        The widget, with the attributes ``controls``, ``image`` and ``words``.
    Raises:
        ValueError: If no task is scored, or no cost known, for every model; or as ``scorecard``.
    """
    if models is None:
        models = read_scorecard()
    facts = pd.DataFrame(list(models.values()), index=list(models)) if isinstance(models, Mapping) else models
    complete = [name for name in facts if facts[name].notna().all()]
    tasks = [name for name in complete if {f"{name}_low", f"{name}_high"} <= set(complete)]
    costs = [name for name in COSTS if name in complete and (facts[name] > 0).all()]
    if not tasks or not costs:
        raise ValueError(
            "`models` must have a task and a cost that are known for all of them; "
            f"got tasks {tasks} and costs {costs}."
        )

    def respond(cost: str, price: float, **weights: float) -> tuple[Figure, str]:
        weights = dict(zip(tasks, weights.values(), strict=True)) | {cost: price}
        card = scorecard(facts, tasks, weights)
        table = card.table
        on_front = pareto_front(table["performance"], table[cost])

        def draw(ax):
            ends = {"low": table["performance_low"], "high": table["performance_high"]}
            plot_pareto(table.index, table[cost], table["performance"], on_front, **ends, ax=ax)
            leaders = table.loc[list(card.leaders)]
            ax.plot(leaders[cost], leaders["performance"], "o", **RING)
            x, y = leaders[cost].iloc[0], leaders["performance"].iloc[0]
            line = {"color": COLORS[5], "linestyle": "--", "label": say("as good as the first at this price")}
            ax.axline((x, y), (10 * x, y + price), **line)
            ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)
            ax.set(xlabel=cost, ylabel=say("weighted score"), title=title)

        title = say_number(
            "{name} is first at a price of {price:g}",
            "no choice between {n} models at a price of {price:g}",
            len(card.leaders),
            **{"name": card.ranking[0], "price": price},
        )
        rows = "; ".join(
            f"{name} {row.overall:.3f} = {row.performance:.3f} - {row.penalty:.3f}"
            for name, row in table.iterrows()
        )
        shares = ", ".join(f"{task} {weights[task]:g}" for task in tasks)
        told = {"title": title, "sentence": card.sentence, "shares": shares, "rows": rows}
        words = say(
            "Marked with rings: {title}.\n{sentence}\n"
            "Score minus penalty, with weights {shares}, and {price:g} for each factor of ten of {cost}: "
            "{rows}.\n"
            "Best for some budget of {cost}: {best}.",
            **told | {"price": price, "cost": cost, "best": ", ".join(table.index[on_front])},
        )
        return picture(draw, size=(7.2, 4.4)), words

    controls = {
        "cost": Dropdown(options=costs, value=_first(costs), description=say("cost")),
        "price": number(say("price of x 10"), 0.02, 0.0, 0.5, 0.01),
        **{f"task_{i}": number(task, 1.0, 0.0, 3.0, 0.5) for i, task in enumerate(tasks)},
    }
    return explorer("explore_scorecard", controls, respond)


def _first(costs: list[str]) -> str:
    return "latency_p50_ms" if "latency_p50_ms" in costs else costs[0]
