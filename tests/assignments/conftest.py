"""The grading scripts lie beside the notebooks, outside the package."""

import os
import sys
from pathlib import Path

import pytest

ASSIGNMENTS = Path(__file__).parents[2] / "notebooks" / "assignments"
sys.path.insert(0, str(ASSIGNMENTS / "grading"))

import sandbox  # noqa: E402


@pytest.fixture(autouse=True)
def needs_posix():
    if os.name == "nt":
        pytest.skip("the grader limits memory and processes as POSIX does; on Windows it runs in WSL only")


@pytest.fixture(scope="session")
def needs_sandbox():
    """Skip, and say why, where untrusted work cannot be run."""
    reason = sandbox.why_unavailable()
    if reason:
        pytest.skip(f"NOTHING WAS TESTED ABOUT SAFE GRADING: {reason}")
