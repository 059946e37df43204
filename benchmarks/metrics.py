"""Metrics of decisions and of scores at three sizes: ours beside scikit-learn and torchmetrics.

Three classes, 80 % right, as whole numbers and as names; two classes with scores for the area under the ROC
curve, whose sort takes most of the time. torchmetrics gets tensors. Then time and memory as the sample grows.

    python -m benchmarks metrics
"""

import argparse
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import sklearn.metrics
import torch

from benchmarks import Row, compare, peak_mib, save, timed
from prevlib import metrics

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of optional parts that are not installed
    from torchmetrics.functional import classification as torchmetrics

SIZES = (1_000, 100_000, 10_000_000)
BARS = {1_000: 5.0, 10_000_000: 2.0}  # beside scikit-learn
NAMES = np.array(["negative", "neutral", "positive"])
MACRO = {"average": "macro"}


def assert_same(ours, theirs) -> None:
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5)  # torchmetrics divides in float32


def decisions(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y_true, others = rng.integers(0, 3, n_samples), rng.integers(0, 3, n_samples)
    return y_true, np.where(rng.random(n_samples) < 0.7, y_true, others)


def scores(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, n_samples)
    return y_true, rng.random(n_samples) + 0.3 * y_true


def cases(n_samples: int) -> list[tuple[str, str, tuple, dict, Callable | None]]:
    """What is scored: a title, the function of scikit-learn, arguments, options, the same in torchmetrics."""
    y_true, y_pred = decisions(n_samples)
    target, preds = torch.from_numpy(y_true), torch.from_numpy(y_pred)
    y_binary, y_score = scores(n_samples)
    binary, score = torch.from_numpy(y_binary), torch.from_numpy(y_score)
    with_classes = {"num_classes": 3}
    micro = with_classes | {"average": "micro"}
    several = [
        ("accuracy", "accuracy_score", {}, lambda: torchmetrics.multiclass_accuracy(preds, target, **micro)),
        ("macro F1", "f1_score", MACRO, lambda: torchmetrics.multiclass_f1_score(preds, target, 3)),
        (
            "confusion matrix",
            "confusion_matrix",
            {},
            lambda: torchmetrics.multiclass_confusion_matrix(preds, target, 3),
        ),
    ]
    listed = [(title, name, (y_true, y_pred), options, peer) for title, name, options, peer in several]
    if n_samples <= 100_000:  # ten million names take scikit-learn a minute
        listed.append(("macro F1 of names", "f1_score", (NAMES[y_true], NAMES[y_pred]), MACRO, None))
    area = partial(torchmetrics.binary_auroc, score, binary)
    return [*listed, ("area under the ROC curve", "roc_auc_score", (y_binary, y_score), {}, area)]


def compare_at(n_samples: int, rounds: int) -> list[Row]:
    rows = []
    turns = max(1, 20_000 // n_samples)
    for title, name, args, options, torch_peer in cases(n_samples):
        ours = partial(getattr(metrics, name), *args, **options)
        peers = {"scikit-learn": partial(getattr(sklearn.metrics, name), *args, **options)}
        if torch_peer is not None:
            peers["torchmetrics"] = torch_peer
        for peer, theirs in peers.items():
            bar = BARS.get(n_samples) if peer == "scikit-learn" else None
            work = f"{title}, {n_samples:,} labels"
            rows.append(
                compare(work, peer, ours, theirs, same=assert_same, rounds=rounds, turns=turns, bar=bar)
            )
    return rows


def growth(sizes: list[int]) -> list[dict]:
    """Seconds and peak memory of macro F1 over the number of labels."""
    seconds, memory = ({"ours": [], "scikit-learn": []} for _ in range(2))
    for n_samples in sizes:
        for name, module in (("ours", metrics), ("scikit-learn", sklearn.metrics)):
            call = partial(module.f1_score, *decisions(n_samples), average="macro")
            seconds[name].append(min(timed(call)() for _ in range(3)))
            memory[name].append(peak_mib(call))
    work = "macro F1 over the number of labels"
    return [
        {"work": work, "unit": "seconds", "sizes": sizes, "series": seconds},
        {"work": work, "unit": "MiB", "sizes": sizes, "series": memory},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks metrics", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", type=int, default=max(SIZES), help="number of labels, at most")
    options = parser.parse_args()

    rows = [row for size in SIZES if size <= options.largest for row in compare_at(size, options.rounds)]
    save("metrics", rows, growth([10**k for k in range(3, 8) if 10**k <= options.largest]))


if __name__ == "__main__":
    main()
