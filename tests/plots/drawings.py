"""Every plot of the course, drawn with small fixed data that resemble those of the lessons.

``python tests/plots/drawings.py`` renews the small pictures in ``baseline``, with which the tests compare. It
also draws large ones into ``build/plots``, with all of them on ``sheet.png``: look at them before you commit.
"""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from prevlib import plots
from prevlib.evaluation import pareto_front, wilson_interval

BASELINE = Path(__file__).with_name("baseline")
LOOK = Path(__file__).parents[2] / "build" / "plots"
SMALL, LARGE = 50, 100  # dots per inch, to be compared and to be looked at
SENTENCE = "[CLS] the actors are not bad , but the story drag ##s on and on . [SEP]".split()
DRAWINGS: dict[str, Callable[[Axes | None], Axes]] = {}


def drawing(function: Callable) -> Callable:
    """Put a function under its name into ``DRAWINGS``."""
    DRAWINGS[function.__name__] = function
    return function


def falling(start: float, end: float, n: int, noise: float = 0.0) -> np.ndarray:
    """A curve as of a loss, with steps up and down that are the same on every machine."""
    steps = np.arange(n)
    return end + (start - end) * np.exp(-3 * steps / n) + noise * np.sin(7.3 * steps) * np.cos(2.1 * steps)


def wilson_ends(shares: list[float], counts: list[int]) -> np.ndarray:
    """Lower and upper ends of an interval for each share, shape (2, n_shares)."""
    return np.transpose([wilson_interval(s * n, n)[1:3] for s, n in zip(shares, counts, strict=True)])


@drawing
def attention(ax: Axes | None = None) -> Axes:
    n = len(SENTENCE)
    near = np.exp(-np.abs(np.subtract.outer(np.arange(n), np.arange(n) - 1)) * 1.2)
    return plots.plot_attention(near / near.sum(axis=1, keepdims=True), SENTENCE, ax=ax)


@drawing
def bars(ax: Axes | None = None) -> Axes:
    names = ["never", "once", "2 to 4", "5 to 19", "20 to 99", "100 or more"]
    values = [0, 0.03, 0.05, 0.56, 1, 1]
    low, high = [0, 0.02, 0.04, 0.53, 0.98, 0.96], [0.01, 0.05, 0.07, 0.6, 1, 1]
    ax = plots.plot_bars(names, values, low=low, high=high, ax=ax)
    ax.set(xlabel="times in the training reviews", ylabel="share of words kept whole")
    return ax


@drawing
def bars_with_expectations(ax: Axes | None = None) -> Axes:
    names, values = ["[MASK]", "random", "kept", "all chosen"], [13.04, 0, 4.35, 17.39]
    ax = plots.plot_bars(names, values, expected=[12, 1.5, 1.5, 15], ax=ax)
    ax.set_ylabel("tokens in 100")
    return ax


@drawing
def confusion_matrix(ax: Axes | None = None) -> Axes:
    return plots.plot_confusion_matrix(np.array([[283, 143], [147, 280]]), ["neg", "pos"], ax=ax)


@drawing
def confusion_matrix_of_eras(ax: Axes | None = None) -> Axes:
    counts = np.array([[40, 12, 3, 0], [9, 31, 22, 1], [2, 18, 35, 14], [0, 2, 11, 1234]])
    eras = ["before 1861", "1861 to 1913", "1914 to 1980", "since 1981"]
    return plots.plot_confusion_matrix(counts, eras, ax=ax)


@drawing
def gradient(ax: Axes | None = None) -> Axes:
    return plots.plot_gradient([0.74, 0.1, -0.84], ["neg", "neutral", "pos"], ax=ax)


@drawing
def intervals(ax: Axes | None = None) -> Axes:
    rights = {"always the same": 427, "linear model of words": 513, "this model": 564}
    accuracies = {name: wilson_interval(k, 853) for name, k in rights.items()}
    return plots.plot_intervals(accuracies, reference=0.5, ax=ax)


@drawing
def intervals_of_failures(ax: Axes | None = None) -> Axes:
    failures = {
        "although": 1,
        "but": 0,
        "clauses turned around": 0,
        "distant negation": 12,
        "negated blame": 10,
    }
    failures |= {"negated praise": 1, "negation added": 4, "negation that strengthens": 1}
    failures |= {"films that turn": 7, "opinions that changed": 2}
    rates = {f"{kind} (MFT)": wilson_interval(k, 12) for kind, k in failures.items()}
    return plots.plot_intervals(rates, ax=ax)


@drawing
def label_efficiency(ax: Axes | None = None) -> Axes:
    means = {
        "tfidf": [0.53, 0.64, 0.7, 0.735],
        "frozen": [0.675, 0.705, 0.73, 0.747],
        "full": [0.707, 0.778, 0.805, 0.832],
        "scratch": [0.514, 0.559, 0.673, 0.768],
    }
    wide = pd.DataFrame(means, index=pd.Index([100, 500, 2000, 6824], name="n_train"))
    table = wide.melt(var_name="method", value_name="accuracy", ignore_index=False).reset_index()
    table = table.assign(low=table["accuracy"] - 0.03, high=table["accuracy"] + 0.03)
    return plots.plot_label_efficiency(table, ax=ax)


@drawing
def layers(ax: Axes | None = None) -> Axes:
    scores = {
        "mean": np.array([0.677, 0.67, 0.7, 0.695, 0.721, 0.743, 0.704]),
        "cls": np.array([0.5, 0.5, 0.5, 0.5, 0.583, 0.667, 0.637]),
    }
    low, high = ({name: s + step for name, s in scores.items()} for step in (-0.03, 0.03))
    return plots.plot_layers(scores, low=low, high=high, ax=ax)


@drawing
def loss_of_probability(ax: Axes | None = None) -> Axes:
    return plots.plot_loss_of_probability([0.9, 0.5, 0.1, 0.01], ax=ax)


@drawing
def losses(ax: Axes | None = None) -> Axes:
    runs = {"full": falling(0.75, 0.35, 64, 0.1), "scratch": falling(0.75, 0.69, 64, 0.06)}
    return plots.plot_losses(runs, ax=ax)


@drawing
def pareto(ax: Axes | None = None) -> Axes:
    names = ["tfidf", "mini full", "mini frozen", "minilm full", "minilm frozen", "minilm scratch"]
    costs, scores = [1.1, 7.6, 7.6, 19.5, 19.5, 19.5], np.array([0.59, 0.57, 0.532, 0.738, 0.576, 0.468])
    on_front = pareto_front(scores, costs)
    return plots.plot_pareto(names, costs, scores, on_front, low=scores - 0.05, high=scores + 0.04, ax=ax)


@drawing
def pretraining(ax: Axes | None = None) -> Axes:
    steps = np.arange(100, 700, 100)
    runs = {"our recipe": (steps, falling(6.75, 5.9, 6)), "as BERT-base": (steps, falling(6.95, 6.45, 6))}
    return plots.plot_pretraining(runs, {"ln V": np.log(8192), "unigram\nentropy": 6.69}, ax=ax)


@drawing
def projection(ax: Axes | None = None) -> Axes:
    turn = np.arange(120) * 2.4
    points = np.stack([np.sqrt(turn) * np.cos(turn) / 8, np.sqrt(turn) * np.sin(turn) / 12], axis=1)
    labels = (np.arange(120) % 3 > 0).astype(int)
    return plots.plot_projection(points + labels[:, None] * [0.6, 0.2], labels, ["neg", "pos"], ax=ax)


@drawing
def reliability(ax: Axes | None = None) -> Axes:
    confidence, share = [0.55, 0.65, 0.75, 0.85, 0.92], [0.54, 0.6, 0.71, 0.87, 0.94]
    counts = [234, 247, 214, 141, 17]
    low, high = wilson_ends(share, counts)
    return plots.plot_reliability(confidence, share, counts=counts, low=low, high=high, ax=ax)


@drawing
def reliability_of_probabilities(ax: Axes | None = None) -> Axes:
    probability = [0.02, 0.2, 0.32, 0.42, 0.55, 0.69, 0.81, 0.98]
    share, counts = [0.17, 0.25, 0.3, 0.75, 0.5, 1, 0.45, 0.83], [188, 8, 10, 4, 6, 3, 11, 1197]
    low, high = wilson_ends(share, counts)
    return plots.plot_reliability(probability, share, counts=counts, low=low, high=high, ax=ax)


@drawing
def resamples(ax: Axes | None = None) -> Axes:
    hill = 0.815 + 0.028 * np.tan(1.3 * np.linspace(-1, 1, 1000)) / 1.9
    return plots.plot_resamples(hill, (0.815, 0.761, 0.871), ax=ax)


@drawing
def thresholds(ax: Axes | None = None) -> Axes:
    at = np.linspace(0.02, 0.98, 49)
    curves = {
        "precision": 0.68 + 0.2 * at**0.6,
        "recall": 0.97 - 0.25 * at**1.4,
        "F1": 0.8 + 0.04 * at - 0.06 * at**3,
    }
    return plots.plot_thresholds(at, curves, ax=ax)


@drawing
def token_strip(ax: Axes | None = None) -> Axes:
    values = 2 * np.sin(1.7 * np.arange(len(SENTENCE)))
    return plots.plot_token_strip(SENTENCE, values, title="trained: from +0.11 to -1.28", ax=ax)


def draw(name: str, path: Path, dpi: int) -> None:
    """Draw one of the plots into a file, with the settings of Matplotlib itself."""
    with matplotlib.rc_context(matplotlib.rcParamsDefault | {"backend": "agg"}):
        figure = DRAWINGS[name]().figure
        figure.savefig(path, dpi=dpi, metadata={"Software": None}, pil_kwargs={"optimize": True})
        plt.close(figure)


def draw_all(folder: Path, dpi: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in DRAWINGS]
    for path in paths:
        draw(path.stem, path, dpi)
    return paths


def sheet(paths: list[Path], path: Path, columns: int = 3) -> None:
    """All pictures on one, under their names."""
    rows = -(-len(paths) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(6.4 * columns, 4 * rows), layout="constrained")
    for ax, picture in zip(grid.flat, paths, strict=False):
        ax.imshow(plt.imread(picture))
        ax.set_title(picture.stem, loc="left")
    for ax in grid.flat:
        ax.set_axis_off()
    figure.savefig(path, dpi=LARGE)
    plt.close(figure)


if __name__ == "__main__":
    matplotlib.use("agg")
    size = sum(path.stat().st_size for path in draw_all(BASELINE, SMALL))
    sheet(draw_all(LOOK, LARGE), LOOK / "sheet.png")
    print(f"{len(DRAWINGS)} baselines renewed, {size / 1000:.0f} kB; now look at {LOOK / 'sheet.png'}")
