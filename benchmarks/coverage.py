"""How often intervals hold the true value and tests err, beside scipy, statsmodels and confidenceinterval.

Each cell of the table draws test sets from a population whose true value is known. An interval of 95 % should
hold it in 95 % of them and be narrow; a test should call a difference in 5 % if there is none, and often if
there is one. With 2,000 test sets a share of 95 % is known to about one point. Resumable: one line per cell;
a run goes on only with the options, the cells and the code that it began with.

    python -m benchmarks coverage
    python -m benchmarks coverage --simulations 100 --out build/short
"""

import argparse
import json
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap, norm
from statsmodels.stats.proportion import proportion_confint

from benchmarks import RESULTS
from prevlib import evaluation, metrics
from prevlib.evaluation import (
    bootstrap_interval,
    crossed_interval,
    mcnemar_test,
    paired_bootstrap_test,
    permutation_test,
    seed_summary,
    wilson_interval,
)
from prevlib.evaluation.counts import from_counts
from prevlib.files import bind, sha256_of, write_whole

FOLDER = Path(__file__).parent
MACRO_F1 = partial(metrics.f1_score, average="macro", zero_division=0)
METRICS = {
    "accuracy": metrics.accuracy_score,
    "F1": metrics.f1_score,
    "macro F1": MACRO_F1,
    "Matthews": metrics.matthews_corrcoef,
    "AUC": metrics.roc_auc_score,
    "ECE": metrics.expected_calibration_error,
}
Ends = tuple[float, float]

# name -> (kind, options); of two classes the positive one has a share and a recall, false positives are as
# many as misses
CELLS = {
    **{
        f"accuracy {right}, n {n:,}": ("counts", {"metric": "accuracy", "n": n, "recall": right})
        for n, right in [(10, 0.8), (30, 0.8), (30, 0.95), (30, 0.99), (100, 0.95), (100, 0.99), (300, 0.95)]
        + [(1000, 0.8), (1000, 0.99), (10_000, 0.999)]
    },
    **{
        f"F1, {share:.0%} positive, recall {recall}, n {n:,}": (
            "counts",
            {"metric": "F1", "n": n, "share": share, "recall": recall},
        )
        for share, n, recall in [(0.5, 50, 0.95), (0.5, 200, 0.8), (0.1, 30, 0.95), (0.1, 150, 0.7)]
        + [(0.1, 150, 0.95), (0.1, 1000, 0.7), (0.03, 500, 0.95), (0.01, 300, 0.95), (0.01, 2000, 0.7)]
        + [(0.01, 2000, 0.95), (0.01, 10_000, 0.7)]
    },
    **{
        f"macro F1, {n_classes} classes, recall {recall}, n {n:,}": (
            "counts",
            {"metric": "macro F1", "n": n, "recall": recall, "n_classes": n_classes},
        )
        for n_classes, n, recall in [(3, 100, 0.7), (3, 1000, 0.9), (20, 400, 0.7), (20, 400, 0.95)]
    },
    "Matthews, 10% positive, n 150": (
        "counts",
        {"metric": "Matthews", "n": 150, "share": 0.1, "recall": 0.8},
    ),
    **{
        f"{metric} {right}, {n_groups} groups x {size}": (
            "groups",
            {"metric": metric, "recall": right, "n_groups": n_groups, "size": size},
        )
        for metric, right, n_groups, size in [("accuracy", 0.8, 8, 10), ("accuracy", 0.97, 8, 10)]
        + [("accuracy", 0.8, 20, 10), ("accuracy", 0.97, 20, 10), ("accuracy", 0.8, 20, 30)]
        + [("F1", 0.8, 20, 10), ("F1", 0.97, 20, 10), ("accuracy", 0.97, 40, 10)]
    },
    **{
        f"AUC, {n_positive} + {n_negative}, distance {distance}{', ties' if ties else ''}": (
            "ranking",
            {"n_positive": n_positive, "n_negative": n_negative, "distance": distance, "ties": ties},
        )
        for n_positive, n_negative, distance, ties in [(5, 45, 1.2, False), (15, 135, 1.2, False)]
        + [(15, 135, 2.5, False), (50, 50, 1.2, True), (50, 50, 2.5, False), (200, 200, 1.2, False)]
    },
    **{
        f"ECE, {'calibrated' if sharp == 1 else 'overconfident'}, n {n}": ("ece", {"n": n, "sharp": sharp})
        for n, sharp in [(200, 1.0), (200, 2.0), (1000, 2.0)]
    },
    **{
        f"{n_seeds} seeds, mean {mean}": ("seeds", {"n_seeds": n_seeds, "mean": mean})
        for n_seeds, mean in [(3, 0.8), (5, 0.8), (3, 0.99), (5, 0.99)]
    },
    **{
        f"{n_seeds} seeds x 300 texts{', difference' if paired else ''}": (
            "crossed",
            {"n_seeds": n_seeds, "paired": paired},
        )
        for n_seeds, paired in [(3, False), (5, False), (10, False), (5, True)]
    },
    **{
        f"tests, n {n}, {'equal' if gap == 0 else f'{gap} apart'}": ("tests", {"n": n, "gap": gap})
        for n, gap in [(50, 0.0), (200, 0.0), (200, 0.1), (1000, 0.0), (1000, 0.04)]
    },
    "tests, 40 groups x 10, equal": ("tests", {"n": 400, "gap": 0.0, "size": 10}),
}


def population(metric: str, recall: float, share: float = 0.5, n_classes: int = 2, **_) -> np.ndarray:
    """Chances of the cells, (n_classes, n_classes): errors fall evenly on the other classes."""
    if metric in ("F1", "Matthews"):
        miss = share * (1 - recall)
        return np.array([[1 - share - miss, miss], [miss, share * recall]])
    cells = np.full((n_classes, n_classes), (1 - recall) / (n_classes - 1))
    np.fill_diagonal(cells, recall)
    return cells / n_classes


def from_cells(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true, called = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), len(counts))
    return true, called


def true_value(metric: str, cells: np.ndarray) -> float:
    return float(from_counts(METRICS[metric], np.arange(len(cells)))(cells))


def scipy_bca(metric: str, codes: np.ndarray, n_classes: int, n_resamples: int, seed: int) -> Ends:
    """scipy's interval, with the metric of rows of codes of cells, so that it needs no loop either."""
    of_counts = from_counts(METRICS[metric], np.arange(n_classes))

    def score(rows, axis):
        counts = np.stack([(rows == code).sum(axis) for code in range(n_classes**2)], axis=-1)
        return of_counts(counts.reshape(*counts.shape[:-1], n_classes, n_classes))

    rng = np.random.default_rng(seed)
    found = bootstrap((codes,), score, n_resamples=n_resamples, vectorized=True, batch=100, rng=rng)
    return tuple(found.confidence_interval)


def of_counts(rng, metric: str, n: int, n_resamples: int, peers: bool, **population_) -> tuple[float, dict]:
    cells = population(metric, **population_)
    counts = rng.multinomial(n, cells.ravel()).reshape(cells.shape)
    if metric != "accuracy" and (counts.sum(1) == 0).any():
        return of_counts(rng, metric, n, n_resamples, peers, **population_)
    y_true, y_pred = from_cells(counts)
    right, seed = int(np.trace(counts)), int(rng.integers(2**31))
    found = {
        "ours": lambda: bootstrap_interval(
            METRICS[metric], y_true, y_pred, n_resamples=n_resamples, seed=seed
        )
    }
    if metric == "accuracy":
        found["our Wilson"] = lambda: wilson_interval(right, n)
        found |= {
            f"statsmodels {m}": partial(proportion_confint, right, n, method=m)
            for m in ("wilson", "jeffreys")
        }
    if peers and n <= 300 and len(cells) == 2:
        found["scipy BCa"] = lambda: scipy_bca(metric, y_true * 2 + y_pred, 2, n_resamples, seed)
    if metric in ("F1", "macro F1") and (peer := confidenceinterval()):
        average = "binary" if metric == "F1" else "macro"
        found["confidenceinterval"] = lambda: peer.f1_score(list(y_true), list(y_pred), average=average)[1]
    return true_value(metric, cells), found


def of_groups(rng, metric: str, recall: float, n_groups: int, size: int, n_resamples: int, peers: bool):
    """Each group has its own share of right answers, beta-distributed with a correlation of 0.3."""
    share = rng.beta(recall * 0.7 / 0.3, (1 - recall) * 0.7 / 0.3, n_groups)
    y_true = (rng.random((n_groups, size)) < (0.5 if metric == "accuracy" else 0.2)).astype(int)
    y_pred = np.where(rng.random(y_true.shape) < share[:, None], y_true, 1 - y_true)
    groups = np.repeat(np.arange(n_groups), size)
    truth = np.array([[0.8 * recall, 0.8 * (1 - recall)], [0.2 * (1 - recall), 0.2 * recall]])
    options = {"n_resamples": n_resamples, "seed": int(rng.integers(2**31))}
    data = (METRICS[metric], y_true.ravel(), y_pred.ravel())
    return true_value(metric, truth), {
        "ours": partial(bootstrap_interval, *data, groups=groups, **options),
        "without groups": partial(bootstrap_interval, *data, **options),
    }


def of_ranking(
    rng, n_positive: int, n_negative: int, distance: float, ties: bool, n_resamples: int, peers: bool
):
    y_true = np.repeat([1, 0], [n_positive, n_negative])
    y_score, truth = rng.normal(distance * y_true), norm.cdf(distance / 2**0.5)
    if ties:  # whole numbers: the chances of each, and half of those of a tie
        y_score, edges = np.round(y_score), np.arange(-8.5, 9.5)
        negative, positive = (np.diff(norm.cdf(edges - shift)) for shift in (0, distance))
        truth = positive @ (negative.cumsum() - negative / 2)
    data = (METRICS["AUC"], y_true, y_score)
    found = {
        "ours": partial(bootstrap_interval, *data, n_resamples=n_resamples, seed=int(rng.integers(2**31)))
    }
    if peer := confidenceinterval():
        found["confidenceinterval"] = lambda: peer.roc_auc_score(y_true, y_score)[1]
    return float(truth), found


def of_ece(rng, n: int, sharp: float, n_resamples: int, peers: bool):
    """Probabilities that are right, or whose log-odds are ``sharp`` times too large."""
    log_odds = rng.normal(0, 1.5, n)
    y_true = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    y_proba = 1 / (1 + np.exp(-sharp * log_odds))
    data = (METRICS["ECE"], y_true, y_proba)
    options = {"n_resamples": min(200, n_resamples), "seed": int(rng.integers(2**31))}
    truth = {1.0: 0.0, 2.0: 0.1014}[sharp]
    floor = METRICS["ECE"](
        (rng.random(n) < y_proba).astype(int), y_proba
    )  # of the same, if it were calibrated
    return truth, {"ours": partial(bootstrap_interval, *data, **options), "floor": lambda: (0.0, floor)}


def of_seeds(rng, n_seeds: int, mean: float, n_resamples: int, peers: bool):
    size = 50 if mean < 0.95 else 100  # runs are beta-distributed: sd 0.056, or 0.0099 and skewed
    scores = rng.beta(mean * size, (1 - mean) * size, n_seeds)

    def ends(bounds):
        return seed_summary(scores, bounds=bounds)[2:4]

    return mean, {"ours": lambda: ends((0, 1)), "Student, not cut": lambda: ends(None)}


def of_crossed(rng, n_seeds: int, paired: bool, n_resamples: int, peers: bool):
    """Right if skill + seed + text + noise is positive; the share is that of a normal distribution."""
    n, sd_seed, sd_text = 300, 0.15, 1.0

    def runs(skill, text, seed):
        return (skill + seed + text + rng.normal(0, 1, (n_seeds, n)) > 0).astype(int)

    text, seed = rng.normal(0, sd_text, n), rng.normal(0, sd_seed, (n_seeds, 1))
    total = (1 + sd_seed**2 + sd_text**2) ** 0.5
    predictions, truth = runs(1.2, text, seed), norm.cdf(1.2 / total)
    options = {"n_resamples": n_resamples, "seed": int(rng.integers(2**31))}
    if paired:
        options["baseline"] = runs(1.0, text, seed / 2 + rng.normal(0, sd_seed * 0.75**0.5, seed.shape))
        truth -= norm.cdf(1.0 / total)
    y_true = np.ones(n, dtype=int)
    found = {"ours": partial(crossed_interval, METRICS["accuracy"], y_true, predictions, **options)}
    if not paired:
        found["texts only, one seed"] = lambda: wilson_interval(int(predictions[0].sum()), n)
        found["seeds only"] = lambda: seed_summary(predictions.mean(1))[2:4]
    return float(truth), found


def of_tests(rng, n: int, gap: float, size: int = 1, n_resamples: int = 1000, peers: bool = True) -> dict:
    """p-values for two models that are right in 0.75 + gap and 0.75; in a group, all answers are alike."""
    text = rng.normal(0, 1, n // size)
    scales = [norm.ppf(0.75 + gap) * 2**0.5, norm.ppf(0.75) * 2**0.5]
    a, b = (np.repeat(scale + text + rng.normal(0, 1, len(text)) > 0, size).astype(int) for scale in scales)
    y_true = rng.integers(0, 2, n)
    data = (y_true, np.where(a, y_true, 1 - y_true), np.where(b, y_true, 1 - y_true))
    options = {"n_resamples": n_resamples, "seed": int(rng.integers(2**31))}
    grouped = {"groups": np.repeat(np.arange(n // size), size)} if size > 1 else {}
    accuracy, f1 = METRICS["accuracy"], METRICS["F1"]
    return {
        "McNemar, exact": partial(mcnemar_test, *data),
        "McNemar, mid-p": partial(mcnemar_test, *data, method="mid-p"),
        "permutation, accuracy": partial(permutation_test, accuracy, *data, **options, **grouped),
        "permutation, F1": partial(permutation_test, f1, *data, **options, **grouped),
        "paired bootstrap, F1": partial(paired_bootstrap_test, f1, *data, **options, **grouped),
    }


KINDS = {"counts": of_counts, "groups": of_groups, "ranking": of_ranking, "ece": of_ece}
KINDS |= {"seeds": of_seeds, "crossed": of_crossed}


def confidenceinterval():
    """The package of that name, or None if it is not installed; the page then says so."""
    try:
        import confidenceinterval
    except ImportError:
        return None
    return confidenceinterval


def simulate(name: str, simulations: int, n_resamples: int) -> dict:
    """One cell: for each method the share of intervals that hold the true value, or of p-values below 5 %."""
    kind, options = CELLS[name]
    rng = np.random.default_rng(list(CELLS).index(name))
    started, truth, rows = time.perf_counter(), None, {}
    for i in range(simulations):
        if kind == "ece" and i == max(1, simulations // 10):
            break  # its resamples take a call each
        shared = {"n_resamples": n_resamples, "peers": i < simulations // 4}  # scipy is slow
        if kind == "tests":
            for method, call in of_tests(rng, **options, **shared).items():
                rows.setdefault(method, []).append((call().p_value < 0.05, np.nan, np.nan, False))
            continue
        truth, calls = KINDS[kind](rng, **options, **shared)
        for method, call in calls.items():
            low, high, estimate, warned = ends_of(call)
            rows.setdefault(method, []).append((low <= truth <= high, high - low, estimate, warned))
    table = {}
    for method, row in rows.items():
        held, width, estimate, warned = np.array(row, dtype=float).T
        zero = np.mean(width == 0)
        table[method] = {"share": held.mean(), "width": np.nanmean(width) if kind != "tests" else np.nan}
        table[method] |= {"zero": zero, "none": np.mean(np.isnan(width)), "estimate": estimate.mean()}
        table[method] |= {"warned": warned.mean(), "simulations": len(row)}
    seconds = time.perf_counter() - started
    return {"cell": name, "kind": kind, "truth": truth, "seconds": seconds, "methods": table}


def ends_of(call: Callable) -> tuple[float, float, float, bool]:
    """Ends and estimate of whatever a method returns, and whether it warned of too few samples."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = call()
    warned = any("too narrow" in str(warning.message) for warning in caught)
    estimate, low, high = found[:3] if len(found) == 4 else (np.nan, *found)
    return float(low), float(high), float(estimate), warned


def run(out: Path, simulations: int, n_resamples: int, processes: int) -> list[dict]:
    """All cells, those that ``out`` holds already left out; one line per cell, in ``cells.jsonl``."""
    code = sha256_of(sorted(Path(evaluation.__file__).parent.glob("[ruc]*.py")) + [Path(__file__)])
    made_from = {"simulations": simulations, "n_resamples": n_resamples, "code": code}
    bind(out / "made_from.json", made_from | {"confidenceinterval": confidenceinterval() is not None})
    file = out / "cells.jsonl"
    done = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    missing = [name for name in CELLS if name not in {row["cell"] for row in done}]
    with ProcessPoolExecutor(processes) as pool, file.open("a", encoding="utf-8") as stream:
        work = partial(simulate, simulations=simulations, n_resamples=n_resamples)
        for row in pool.map(work, missing):
            print("\n".join(lines_of(row)), f"({row['seconds']:.0f} s)", flush=True)
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            done.append(row)
    return sorted(done, key=lambda row: list(CELLS).index(row["cell"]))


def lines_of(row: dict) -> Iterator[str]:
    """Rows of the table in Markdown."""
    for method, found in row["methods"].items():
        if row["kind"] == "tests":
            yield f"| {row['cell']} | {method} | {found['share']:.1%} |"
            continue
        zero = f"{found['zero']:.1%}" if found["zero"] else ""
        zero = f"none {found['none']:.1%}" if found["none"] else zero
        warned = f"{found['warned']:.0%}" if found["warned"] else ""
        estimate = "" if np.isnan(found["estimate"]) else f"{found['estimate']:.3f}"
        cells = [row["cell"], method, f"{found['share']:.1%}", f"{found['width']:.3f}", zero, warned]
        yield "| " + " | ".join([*cells, f"{row['truth']:.3f}", estimate]) + " |"


def write_page(rows: list[dict], simulations: int, n_resamples: int, folder: Path) -> None:
    """``coverage.md`` and ``coverage.png``."""
    intervals = [line for row in rows if row["kind"] != "tests" for line in lines_of(row)]
    tests = [line for row in rows if row["kind"] == "tests" for line in lines_of(row)]
    minutes = sum(row["seconds"] for row in rows) / 60
    parts = [
        "# How often intervals hold the true value\n",
        f"Simulated test sets: {simulations:,} in each cell, a quarter of them for scipy and a tenth for the "
        f"ECE; {n_resamples:,} resamples, 200 for the ECE. *Held*: the share of 95 % intervals that hold the "
        "true value. *Zero*: the share of width zero, or of no interval at all. *Warned*: the share of calls "
        "that say that there are too few samples of a class, or groups. The ECE of calibrated predictions is "
        "above its true value, 0, by chance; the width beside *floor* is its mean. "
        f"Written by `python -m benchmarks coverage`, {minutes:.0f} minutes of one core.\n",
        "![The shares of the first table, with the band from 92 to 98 %](coverage.png)\n",
        "| test sets | method | held | mean width | zero | warned | true value | mean estimate |",
        "|---|---|---|---|---|---|---|---|",
        *intervals,
        "\n## Tests\n\nThe share of p-values below 0.05: errors where both models are equal, power where "
        "not. McNemar's test knows no groups.\n",
        "| test sets | test | p < 0.05 |",
        "|---|---|---|",
        *tests,
    ]
    if confidenceinterval() is None:
        parts.append("\nThe package confidenceinterval was not installed and is left out.")
    write_whole(folder / "coverage.md", "\n".join(parts) + "\n")
    plot([row for row in rows if row["kind"] not in ("tests", "ece")], folder / "coverage.png")


def plot(rows: list[dict], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(9, 0.2 * len(rows) + 1.5), layout="constrained")
    ax.axvspan(92, 98, color="0.92")
    ax.axvline(95, color="0.6", linewidth=1)
    methods = dict.fromkeys(method for row in rows for method in row["methods"])
    for i, method in enumerate(methods):
        found = [
            (row["methods"][method]["share"], y) for y, row in enumerate(rows) if method in row["methods"]
        ]
        shares, places = zip(*found, strict=True)
        style = (
            {"marker": "o", "color": "C0", "zorder": 3} if method == "ours" else {"marker": "x", "alpha": 0.7}
        )
        ax.scatter([100 * share for share in shares], places, label=method, **({"color": f"C{i}"} | style))
    ax.set_yticks(range(len(rows)), [row["cell"] for row in rows], fontsize=7)
    ax.invert_yaxis()
    ax.set(
        xlim=(50, 100.5), xlabel="% of 95 % intervals that hold the true value; those below 50 are not shown"
    )
    ax.legend(fontsize=7, loc="lower left")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks coverage", description=__doc__)
    parser.add_argument("--simulations", type=int, default=2000)
    parser.add_argument("--n_resamples", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "coverage", help="where cells are kept")
    parser.add_argument("--page", type=Path, default=FOLDER, help="where coverage.md and coverage.png go")
    options = parser.parse_args()
    rows = run(options.out, options.simulations, options.n_resamples, options.processes)
    write_page(rows, options.simulations, options.n_resamples, options.page)


if __name__ == "__main__":
    main()
