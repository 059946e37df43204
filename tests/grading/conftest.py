"""Tests of the grader that need its sandbox."""

import os

import pytest

from grading import sandbox


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
