"""The bootstrap of macro F1: ours beside ``scipy.stats.bootstrap`` around ``sklearn.metrics.f1_score``.

Both take turns. scipy gets fewer resamples, because it needs minutes for all; its time is scaled up. Then the
time and memory of ours as resamples and samples grow.

    python -m benchmarks bootstrap
"""

import argparse
from functools import partial

import numpy as np
import sklearn.metrics
from scipy.stats import bootstrap

from benchmarks import alternate, peak_mib, save, timed
from prevlib.evaluation import bootstrap_interval
from prevlib.metrics import f1_score

METRIC = partial(f1_score, average="macro")
PEER_METRIC = partial(sklearn.metrics.f1_score, average="macro")


def answers(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 3, n_samples)
    return y_true, np.where(rng.random(n_samples) < 0.7, y_true, rng.integers(0, 3, n_samples))


def ours(data: tuple, n_resamples: int) -> tuple[float, float]:
    found = bootstrap_interval(METRIC, *data, n_resamples=n_resamples, method="percentile", seed=0)
    return found.low, found.high


def theirs(data: tuple, n_resamples: int) -> tuple[float, float]:
    options = {"paired": True, "vectorized": False, "method": "percentile", "rng": np.random.default_rng(0)}
    return tuple(bootstrap(data, PEER_METRIC, n_resamples=n_resamples, **options).confidence_interval)


def assert_same(ours: tuple[float, float], theirs: tuple[float, float]) -> None:
    """Two intervals from different draws; their ends differ by far less than their width."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=0.2 * (theirs[1] - theirs[0]))


def growth(sizes: list[int], of: str, call) -> list[dict]:
    work = f"bootstrap of macro F1 over the number of {of}"
    seconds = [min(timed(partial(call, size))() for _ in range(3)) for size in sizes]
    memory = [peak_mib(partial(call, size)) for size in sizes]
    return [
        {"work": work, "unit": "seconds", "sizes": sizes, "series": {"ours": seconds}},
        {"work": work, "unit": "MiB", "sizes": sizes, "series": {"ours": memory}},
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks bootstrap", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--n_samples", type=int, default=10_000)
    parser.add_argument("--n_resamples", type=int, default=10_000)
    parser.add_argument("--peer_resamples", type=int, default=500)
    options = parser.parse_args()

    data, n_resamples = answers(options.n_samples), options.n_resamples
    assert_same(ours(data, n_resamples), theirs(data, options.peer_resamples))
    peer = timed(partial(theirs, data, options.peer_resamples))
    row = alternate(
        f"{n_resamples:,} resamples of macro F1 of {options.n_samples:,} samples",
        "scipy with scikit-learn",
        timed(partial(ours, data, n_resamples)),
        lambda: peer() * n_resamples / options.peer_resamples,
        rounds=options.rounds,
        bar=50,
    )
    samples = [n for n in (100, 1_000, 10_000, 100_000, 1_000_000) if n <= 100 * options.n_samples]
    sets = {n: answers(n) for n in samples}
    resamples = [n for n in (100, 1_000, 10_000, 100_000) if n <= 10 * n_resamples]
    curves = growth(samples, "samples", lambda n: ours(sets[n], n_resamples))
    curves += growth(resamples, "resamples", lambda n: ours(data, n))
    save("bootstrap", [row], curves)


if __name__ == "__main__":
    main()
