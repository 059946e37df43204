"""Tests of the grader that need its sandbox."""

import pytest

from grading import sandbox


@pytest.fixture(scope="session")
def needs_sandbox():
    """Skip, and say why, where untrusted work cannot be run."""
    reason = sandbox.why_unavailable()
    if reason:
        pytest.skip(f"NOTHING WAS TESTED ABOUT SAFE GRADING: {reason}")
