"""Features of ever more texts, and pre-training for two hours: does the speed last, does memory stay?

Features: the reviews again and again, up to 100,000 texts, by `mini`, each size in a process of its own that
writes into a file. Its memory is what it allocates; pages of the mapped file are not counted, as the system
takes them back when it needs them. Pre-training: the time stamps in the history of the embedded checkpoint,
at whose making other work ran on the same processor at times.

    python -m benchmarks growth
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise

from benchmarks import save
from prevlib.checkpoints import checkpoint_path

SIZES = (1_000, 10_000, 100_000)
RUN = """
import re, sys, threading, time, warnings
from itertools import cycle, islice
from pathlib import Path
from prevlib.datasets import load_reviews
from prevlib.features import extract_features

n, out = int(sys.argv[1]), sys.argv[2]
reviews = [text for split in load_reviews().values() for text in split["text"]]
texts = list(islice(cycle(reviews), n))
extract_features(texts[:1000], "mini", show_progress=False)
peak, done = [], threading.Event()

def watch():
    while not done.wait(0.05):
        peak.append(int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)

watcher = threading.Thread(target=watch)
watcher.start()
started = time.perf_counter()
extract_features(texts, "mini", out=out, show_progress=False)
seconds = time.perf_counter() - started
done.set()
watcher.join()
print(n / seconds, max(peak))
"""


def features() -> list[dict]:
    rates, peaks = [], []
    for n in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            run = [sys.executable, "-c", RUN, str(n), f"{folder}/features.npy"]
            done = subprocess.run(run, capture_output=True, text=True, check=True)
        rate, peak = map(float, done.stdout.split())
        print(f"features of {n:,} texts: {rate:,.0f} texts a second, {peak:,.0f} MiB at most", flush=True)
        rates.append(rate)
        peaks.append(peak)
    return [
        {"work": "features, speed", "unit": "texts a second", "sizes": SIZES, "series": {"ours": rates}},
        {"work": "features, memory", "unit": "MiB", "sizes": SIZES, "series": {"ours": peaks}},
    ]


def pretraining() -> dict:
    """Tokens a second in each tenth of the longest part of the run."""
    parts = json.loads((checkpoint_path("mini") / "history.json").read_text())
    steps = max((part["steps"] for part in parts), key=len)
    marks = steps[:: max(1, len(steps) // 10)]
    spans = [
        (b["seconds"], (b["tokens"] - a["tokens"]) / (b["seconds"] - a["seconds"]))
        for a, b in pairwise(marks)
    ]
    for seconds, rate in spans:
        print(f"pre-training, {seconds / 60:.0f} minutes: {rate:,.0f} tokens a second")
    minutes, rates = zip(*((seconds / 60, rate) for seconds, rate in spans), strict=True)
    return {"work": "pre-training", "unit": "tokens a second", "sizes": minutes, "series": {"ours": rates}}


def main() -> None:
    argparse.ArgumentParser(prog="python -m benchmarks growth", description=__doc__).parse_args()
    save("growth", [], [*features(), pretraining()])


if __name__ == "__main__":
    main()
