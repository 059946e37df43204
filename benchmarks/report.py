"""Write ``README.md`` and its plots from what the other benchmarks measured last.

python -m benchmarks report
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib

from benchmarks import RESULTS, Row, spread

FOLDER = Path(__file__).parent
INTRODUCTION = """# Beside the peers

Ours and each peer take turns, several rounds; a figure is the time of the peer divided by ours, median and
range of the rounds, so 2 means twice as fast. A bar says what ours is meant to reach. Both answers are
compared before the first turn. This page is written by the last of these commands.

```bash
make bench                            # all of them, minutes in which the machine should do nothing else
.venv/bin/python -m benchmarks        # their names
.venv/bin/python -m benchmarks NAME   # one; with -h its options
.venv/bin/python -m benchmarks report # this page, from what was measured last
```
"""


def read_results(folder: Path) -> dict[str, dict]:
    """What was measured last, by the name of the benchmark; rows as ``Row``.

    Raises:
        SystemExit: If nothing was measured yet.
    """
    results = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}
    if not results:
        raise SystemExit(f"There must be results in {folder}; got none. Run `make bench` first.")
    for result in results.values():
        result["rows"] = [Row(**row) for row in result["rows"]]
    return results


def machine_line(machine: dict) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {machine['date']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['threads']} threads, load {machine['load']:.1f} at the end, Python {machine['python']}, "
        f"{versions}."
    )


def table(rows: list[Row]) -> str:
    lines = ["| work | peer | ours, ms | times as fast | bar | reached |", "|---|---|---|---|---|---|"]
    for row in rows:
        bar, reached = "", ""
        if row.bar is not None:
            bar, reached = f"{row.bar:.2g}", "yes" if statistics.median(row.ratios) >= row.bar else "**no**"
        milliseconds = 1000 * statistics.median(row.ours)
        milliseconds = f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.3g}"
        cells = [row.work, row.peer, milliseconds, spread(row.ratios), bar, reached]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot_ratios(rows: list[Row], path: Path) -> None:
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(figsize=(9, 0.25 * len(rows) + 1), layout="constrained")
    for y, row in enumerate(reversed(rows)):
        ax.plot([min(row.ratios), max(row.ratios)], [y, y], color="0.7", linewidth=4)
        ax.plot(statistics.median(row.ratios), y, "o", color="C0")
        if row.bar is not None:
            ax.plot(row.bar, y, "|", color="C3", markersize=14, markeredgewidth=2)
    ax.axvline(1.0, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.set_yticks(range(len(rows)), [f"{row.work} | {row.peer}" for row in reversed(rows)], fontsize=7)
    ax.set(ylim=(-1, len(rows)), xlabel="times as fast (grey: range; red: bar)")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def plot_growth(curves: list[dict], path: Path) -> None:
    from matplotlib import pyplot as plt

    n_rows = -(-len(curves) // 2)
    figure, axes = plt.subplots(n_rows, 2, figsize=(9, 3 * n_rows), layout="constrained", squeeze=False)
    for ax, curve in zip(axes.flat, curves, strict=False):
        for name, values in curve["series"].items():
            ax.plot(curve["sizes"], values, "o-", label=name)
        ax.set(xscale="log", yscale="log", ylabel=curve["unit"], title=curve["work"])
        ax.title.set_fontsize(9)
        ax.legend()
    for ax in axes.flat[len(curves) :]:
        ax.remove()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def write_report(results_folder: Path, folder: Path) -> None:
    """Write README.md, ratios.png and, if anything was measured over a size, growth.png."""
    results = read_results(results_folder)
    rows = [row for result in results.values() for row in result["rows"]]
    curves = [curve for result in results.values() for curve in result["growth"]]
    parts = [
        INTRODUCTION,
        "![Times as fast as each peer, with the bars; the tables say the same](ratios.png)\n",
    ]
    plot_ratios(rows, folder / "ratios.png")
    for name, result in results.items():
        parts.append(f"## {name}\n")
        if result["rows"]:
            parts.append(table(result["rows"]) + "\n")
        parts.append(f"`python -m benchmarks {name}`. {machine_line(result['machine'])}\n")
    if curves:
        plot_growth(curves, folder / "growth.png")
        parts += ["## Growth\n", "![Time and memory over the size of the data](growth.png)\n"]
    (folder / "README.md").write_text("\n".join(parts), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks report", description=__doc__)
    parser.parse_args()
    matplotlib.use("Agg")
    write_report(RESULTS, FOLDER)


if __name__ == "__main__":
    main()
