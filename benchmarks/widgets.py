"""How long a widget takes from a new value to its picture and words: the median over moves of its controls.

Limits: 150 ms, and 500 ms for the two that ask a model. There is no peer to divide by, so the machine
should do nothing else.

    python -m benchmarks widgets
"""

import argparse
import statistics
import time

from ipywidgets import Checkbox, Dropdown, Text

from prevlib import widgets

LIMIT_MS = 150
ASK_A_MODEL = {"explore_fill_mask": 500, "explore_attention": 500}


def next_value(control, go: int):
    """Another value that the control takes, in turns there and back."""
    if isinstance(control, Checkbox):
        return not control.value
    if isinstance(control, Text):
        return control.value + " good" if go else control.value.removesuffix(" good")
    if isinstance(control, Dropdown):
        return control.options[(control.options.index(control.value) + 1) % len(control.options)]
    step = control.step if control.value + control.step <= control.max else -control.step
    return round(control.value + (step if go else -step), 6)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks widgets", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()

    for name in [name for name in vars(widgets) if name.startswith("explore_")]:
        started = time.perf_counter()
        box = getattr(widgets, name)()
        making = time.perf_counter() - started
        times = {label: [] for label in box.controls}
        for round_ in range(options.rounds):
            for label, control in box.controls.items():
                value = next_value(control, round_ % 2 == 0)
                started = time.perf_counter()
                control.value = value
                times[label].append(1000 * (time.perf_counter() - started))
        median = statistics.median(time for own in times.values() for time in own)
        slowest = max(times, key=lambda label: statistics.median(times[label]))
        limit = ASK_A_MODEL.get(name, LIMIT_MS)
        print(
            f"{name:22} {median:4.0f} ms (limit {limit}), slowest control {slowest} "
            f"{statistics.median(times[slowest]):.0f} ms; made in {making:.1f} s"
        )


if __name__ == "__main__":
    main()
