"""scikit-learn's own tests of its metrics, run on our functions in place of its own.

Tests of other array libraries skip themselves; tests of metrics that we do not have stay on scikit-learn's.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from swap_plugin import SUITES


def run_suite(name, folder):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "swap_plugin", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, "--rootdir", str(folder), "--pyargs", SUITES[name].tests]
    for test in SUITES[name].deselected:
        command += ["--deselect", test]
    # The plugin, and the library of this tree even if another one is installed.
    here = Path(__file__).resolve()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(here.parent), str(here.parents[1]), str(here.parents[2])]),
        "SWAP_SUITE": name,
    }
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", SUITES)
def test_the_suite_passes_on_our_functions_and_notices_planted_bugs(tmp_path, capsys, name):
    suite = SUITES[name]
    run = run_suite(name, tmp_path)
    calls = {name: int(n) for name, n in re.findall(r"^foreign calls (\w+) (\d+)$", run.stdout, re.M)}
    noticed = dict(re.findall(r"^planted (\w+): noticed by (.+)$", run.stdout, re.M))
    with capsys.disabled():
        print(f"\nscikit-learn's tests of {name}: {run.stdout.splitlines()[-1]}; foreign calls {calls}")
        print("planted bugs: " + ", ".join(f"{bug} fails {test}" for bug, test in noticed.items()))
    assert run.returncode == 0, run.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", run.stdout).group(1)) >= suite.n_tests
    assert len(suite.deselected) <= 5
    assert set(calls) == set(suite.names)
    assert min(calls.values()) > 0
    assert set(noticed) == set(suite.bugs)
    assert "no test" not in noticed.values(), noticed
