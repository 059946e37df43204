"""The table of what the notebooks cost."""

import os
from pathlib import Path
from types import SimpleNamespace

import course_budget
import pytest


def report(file, seconds, **properties):
    return SimpleNamespace(
        nodeid=f"notebooks/{file}.ipynb::Cell 0", duration=seconds, user_properties=list(properties.items())
    )


def test_seconds_add_up_and_the_largest_peak_counts():
    reports = [
        report("02_b", 30, peak=800),
        report("01_a", 20, peak=500),
        report("01_a", 40, peak=700),
        report("assignments/source/a1", 99, peak=None),
    ]
    assert [line.split() for line in course_budget.table(reports)] == [
        ["01_a", "60", "s", "700", "MiB"],
        ["02_b", "30", "s", "800", "MiB"],
        ["a1", "99", "s", "0", "MiB"],
        ["the", "course", "1.5", "min,", "of", "12", "at", "most"],
    ]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads VmHWM, which only Linux has")
def test_the_memory_of_a_process_is_read():
    assert course_budget.peak_memory(os.getpid()) > 50
    assert course_budget.peak_memory(2**30) is None


@pytest.mark.parametrize("given_up", [False, True])
def test_a_cell_is_reported_even_when_nbval_has_given_its_kernel_up(given_up):
    manager = SimpleNamespace(provisioner=SimpleNamespace(pid=os.getpid()))
    kernel = SimpleNamespace() if given_up else SimpleNamespace(km=manager)
    item = SimpleNamespace(parent=SimpleNamespace(kernel=kernel), options={"check": True}, user_properties=[])
    hook = course_budget.pytest_runtest_makereport(item, SimpleNamespace(when="call"))
    next(hook)
    with pytest.raises(StopIteration, match="the report"):
        hook.send("the report")
    peak = dict(item.user_properties)["peak"]
    assert peak is None if given_up else peak > 50
