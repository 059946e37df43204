"""A plugin for the notebook run of pytest: the seconds and the memory that each notebook costs, as a table.

Nothing fails by it. Notebooks run two at a time on one thread each, so the seconds are more than a learner
waits who has both cores.
"""

import re
from pathlib import Path

import pytest

BUDGET = 12  # minutes, for the whole course


def peak_memory(pid: int) -> float | None:
    """Of a process, in MiB; None where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    kernel = getattr(item.parent, "kernel", None)
    if call.when == "call" and kernel is not None:
        manager = getattr(kernel, "km", None)  # nbval drops it when it gives the kernel up
        peak = peak_memory(manager.provisioner.pid) if manager else None
        item.user_properties += [("peak", peak), ("compared", item.options["check"])]
    return (yield)


def pytest_terminal_summary(terminalreporter):
    reports = [report for name in ("passed", "failed") for report in terminalreporter.stats.get(name, [])]
    terminalreporter.section("what the notebooks cost")
    for line in table(reports):
        terminalreporter.line(line)


def table(reports: list) -> list[str]:
    """One line a notebook, and one for the course, without the assignments."""
    seconds, peaks = {}, {}
    for report in reports:
        name = report.nodeid.split("::")[0]
        seconds[name] = seconds.get(name, 0) + report.duration
        peaks[name] = max(peaks.get(name, 0), dict(report.user_properties).get("peak") or 0)
    lines = [
        f"{Path(name).stem:32} {seconds[name]:6.0f} s {peaks[name]:6.0f} MiB" for name in sorted(seconds)
    ]
    course = sum(value for name, value in seconds.items() if "assignments" not in name)
    return [*lines, f"{'the course':32} {course / 60:6.1f} min, of {BUDGET} at most"]
