"""The bootstrap of macro F1: ours beside ``scipy.stats.bootstrap`` around ``sklearn.metrics.f1_score``.

Both take turns. scipy gets fewer resamples, because it needs minutes for all; its time is scaled up.

    python -m benchmarks.bootstrap
"""

import argparse
import time
from functools import partial

import numpy as np
import sklearn.metrics
from scipy.stats import bootstrap

from benchmarks import spread
from prevlib.evaluation import bootstrap_interval
from prevlib.metrics import f1_score


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bootstrap", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n_samples", type=int, default=10_000)
    parser.add_argument("--n_resamples", type=int, default=10_000)
    parser.add_argument("--peer_resamples", type=int, default=500)
    options = parser.parse_args()

    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, options.n_samples)
    y_pred = np.where(rng.random(options.n_samples) < 0.7, y_true, rng.integers(0, 3, options.n_samples))
    metric = partial(f1_score, average="macro")
    peer_metric = partial(sklearn.metrics.f1_score, average="macro")
    ours, ratios = [], []
    for round_ in range(options.rounds):
        started = time.perf_counter()
        found = bootstrap_interval(
            metric, y_true, y_pred, n_resamples=options.n_resamples, method="percentile", seed=round_
        )
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        expected = bootstrap(
            (y_true, y_pred),
            peer_metric,
            paired=True,
            vectorized=False,
            n_resamples=options.peer_resamples,
            method="percentile",
            rng=np.random.default_rng(round_),
        ).confidence_interval
        peer = (time.perf_counter() - started) * options.n_resamples / options.peer_resamples
        ratios.append(peer / ours[-1])
        np.testing.assert_allclose([found.low, found.high], expected, atol=0.005)
    print(f"{options.n_resamples:,} resamples of macro F1, {options.n_samples:,} samples, 3 classes")
    print(f"  ours, seconds: {spread(ours, 3)}")
    print(f"  times as fast as scipy around scikit-learn: {spread(ratios, 0)}")


if __name__ == "__main__":
    main()
