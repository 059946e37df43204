"""scikit-learn's own tests of classification metrics, run on our functions in place of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from swap_plugin import BUGS

from prevlib import metrics

SUITE = "sklearn.metrics.tests.test_classification"
# The one list of tests left out, each with its reason. Tests of other array libraries skip themselves.
DESELECTED: dict[str, str] = {}


def run_suite(folder, *options, bug=""):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "swap_plugin", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), "--pyargs", SUITE, *options]
    for name in DESELECTED:
        command += ["--deselect", name]
    # The plugin, and the library of this tree even if another one is installed.
    here = Path(__file__).resolve()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(here.parent), str(here.parents[2])]),
        "SWAP_BUG": bug,
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_suite_passes_on_our_functions(tmp_path, capsys):
    run = run_suite(tmp_path)
    calls = {name: int(n) for name, n in re.findall(r"^foreign calls (\w+) (\d+)$", run.stdout, re.M)}
    with capsys.disabled():
        print(f"\nscikit-learn's tests of our metrics: {run.stdout.splitlines()[-1]}; foreign calls {calls}")
    assert run.returncode == 0, run.stdout[-3000:]
    assert len(DESELECTED) <= 5
    assert set(calls) == set(metrics.__all__)
    assert min(calls.values()) > 0
    assert int(re.search(r"(\d+) passed", run.stdout).group(1)) >= 250


@pytest.mark.parametrize("bug", BUGS)
def test_the_suite_notices_a_planted_bug(tmp_path, bug):
    run = run_suite(tmp_path, "-x", bug=bug)
    assert re.search(r"\b1 failed", run.stdout), run.stdout[-3000:]
