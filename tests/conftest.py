"""Plots are drawn into memory; notebooks keep the backend of their kernel."""

import matplotlib
import pytest

matplotlib.use("agg")

# Reports are tested on a few dozen texts, so intervals rightly warn that these are few.
ON_FEW_TEXTS = ("tests/report/", "tests/test_main.py", "tests/test_resuming.py")
FEW = ("Each class that `metric` scores", "`groups` should hold at least 20", "The interval has no width")


def pytest_collection_modifyitems(items):
    for item in items:
        if any(part in item.path.as_posix() for part in ON_FEW_TEXTS):
            for message in FEW:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{message}"))
