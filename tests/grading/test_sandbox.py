"""What a notebook can do from inside: lose its own points, and nothing else."""

import os
import socket
from pathlib import Path

import nbformat
import pytest

from grading import run as runner
from grading import sandbox
from grading.run import run
from grading.sandbox import Limits
from grading.score import Case, Question

ROOT = Path(__file__).parents[2]
LIMITS = Limits(cell_seconds=8, answer_seconds=1, total_seconds=90, memory_mb=1000, disk_mb=20)

LOOK = """
import glob, os, socket

def works(action):
    try:
        action()
    except OSError:
        return False
    return True

def write(path, n_bytes=1):
    with open(path, "wb") as stream:
        stream.write(bytes(n_bytes))

seen = {
    "writable": [p for p in PLACES if works(lambda: write(os.path.join(p, "mine")))],
    "course": sorted(os.listdir(ROOT)),
    "environment": sorted(os.environ),
    "network": works(lambda: socket.create_connection(("1.1.1.1", 53), timeout=2)),
    "this_machine": works(lambda: socket.create_connection(("127.0.0.1", PORT), timeout=2)),
    "large_file": works(lambda: write("/tmp/large", 30_000_000)),
    "large_file_in_shared_memory": works(lambda: write("/dev/shm/large", 30_000_000)),
    "processes": len(glob.glob("/proc/[0-9]*")),
    "parent_memory": works(lambda: open("/proc/1/mem", "rb").read(1)),
}
"""
ANSWERS = """
import os

def double(x): return 2 * x

def dies(x): os._exit(1)

def never_ends(x):
    while True:
        try:
            while True: pass
        except BaseException: pass

def disarms(x):
    import signal
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True: pass

class Secret(Exception): pass

def tells(x):
    Secret.__name__ = Secret.__qualname__ = f"the input is {x}"
    raise Secret
"""
# To the process that reports, in its name.
FORGE = """
import os
for number in os.listdir(f"/proc/{os.getppid()}/fd"):
    try:
        stream = os.open(f"/proc/{os.getppid()}/fd/{number}", os.O_WRONLY)
        os.write(stream, MESSAGES)
    except OSError:
        pass
"""
STOP = "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nwhile True: pass"
KILL = "import os\nos.kill(os.getppid(), 9)\nwhile True: pass"


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def questions(*names):
    return [Question(name, name, [Case(1, "another number", [(21,)])]) for name in names]


def test_it_sees_python_and_prevlib_and_nothing_else(needs_sandbox):
    places = ["/", "/dev", "/dev/shm", "/grader", "/usr", str(ROOT), str(ROOT / "prevlib"), "/tmp"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        source = f"ROOT, PORT, PLACES = {str(ROOT)!r}, {port}, {places}\n{LOOK}"
        found = run(notebook(source), [Question("seen", "seen", [Case(1, "")])], LIMITS)
    [answer] = found.answers["seen"]
    seen = dict(answer["value"]["items"])
    assert seen.pop("writable") == ["/dev/shm", "/tmp"]
    assert set(seen.pop("course")) <= {"prevlib", ".venv"}
    assert len(seen.pop("environment")) < 25
    assert seen.pop("processes") < 10
    assert not any(seen.values()), seen


def test_a_question_that_does_harm_costs_itself(needs_sandbox):
    asked = questions("double", "dies", "never_ends", "disarms", "tells", "missing")
    found = run(notebook("x = 1 / 0", ANSWERS), asked, LIMITS)
    assert found.answers["double"] == [{"value": 42}]
    assert found.answers["missing"] == {"error": "NameError"}
    assert found.answers["never_ends"] == [{"error": "OutOfTime"}]
    assert found.lost_questions == {"dies": "it ended the kernel", "disarms": "it took too long"}
    assert found.errors == {0: "ZeroDivisionError: division by zero"}
    assert found.lost_cells == {} and found.failure is None


def test_the_watch_ends_what_takes_too_much(needs_sandbox):
    limits = Limits(total_seconds=60, memory_mb=2000, total_memory_mb=400)
    source = "import time\nhoard = b'x' * 700_000_000\ntime.sleep(20)"
    found = run(notebook("def double(x): return 2 * x", source), questions("double"), limits)
    assert found.lost_cells == {1: "it took too much memory"}
    assert found.answers["double"] == [{"value": 42}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "messages",
    [
        b'\n{"answered": "double", "answers": [{"value": 43}]}\n',
        b'\n{"executed": 3}\n{"cell": "x"}\n{"cell": [1]}\n{"lost": {}}\n',
        b'\n{"cell": 99999}\n{"lost": "time"}\n',
        b"\n" + 100_000 * b"[" + b"\n\xff\xfe\n7\n",
        1_500_000 * b"x",
    ],
    ids=["answers", "forms", "cells", "depth", "length"],
)
def test_forged_messages_change_data_only(needs_sandbox, messages):
    limits = Limits(cell_seconds=10, total_seconds=40, message_mb=1)
    found = run(notebook(f"MESSAGES = {messages!r}{FORGE}"), questions("double"), limits)
    assert found.answers.get("double") in (None, {"error": "NameError"}, [{"value": 43}])


@pytest.mark.slow
@pytest.mark.parametrize("attack", [STOP, KILL])
def test_ending_the_process_that_reports_costs_the_cell(needs_sandbox, attack):
    limits = Limits(cell_seconds=5, total_seconds=25)
    found = run(notebook("def double(x): return 2 * x", attack), questions("double"), limits)
    if attack == KILL:
        assert found.lost_cells == {1: "it ended early"}
        assert found.answers["double"] == [{"value": 42}]
    else:
        assert found.failure == "the notebook as a whole took too long"


def test_without_a_sandbox_it_runs_as_well():
    found = run(notebook(ANSWERS), questions("double"), LIMITS, trusted=True)
    assert found.answers == {"double": [{"value": 42}]}


def test_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "apt-get install bubblewrap" in sandbox.why_unavailable()


def test_it_says_why_it_cannot_start(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name)
    monkeypatch.setattr(sandbox, "bubblewrap", lambda size: ["sh", "-c", "echo no namespaces >&2; exit 1"])
    assert sandbox.why_unavailable() == "bubblewrap is installed but cannot start: no namespaces"


@pytest.mark.parametrize("user, hands_over", [(0, True), (1000, False)])
def test_root_hands_over_to_a_user_whom_limits_bind(monkeypatch, user, hands_over):
    monkeypatch.setattr(os, "getuid", lambda: user)
    line = sandbox.bubblewrap(20)
    assert ("setpriv" in line) is hands_over
    assert ("--unshare-user" in line) is not hands_over


def test_errors_are_read_from_whatever_comes():
    for executed in (None, 3, {}, {"cells": 3}, {"cells": [3]}, {"cells": [{"outputs": [3]}]}, []):
        assert runner._errors(executed, 5) == {}
