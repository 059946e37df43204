"""Run `inside.py` where the work of a learner can do no harm, and watch it.

Bubblewrap gives the process its own view of the machine: no network, no files
but Python, its libraries and prevlib, all of them read-only, and a small /tmp
that vanishes. `inside.py` limits memory and processes from within. From without,
a watch on the wall clock, on all memory together and on the number of processes
ends the sandbox; when its first process goes, so does everything inside it.

Left out: a filter of system calls, and protection from bugs of the kernel. For
learners whom you suspect of owning one, grade in a virtual machine.
"""

import importlib.util
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

HERE = Path(__file__).parent
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/fonts", "/etc/alternatives")
INSTALL = "apt-get install bubblewrap (Debian, Ubuntu) or dnf install bubblewrap (Fedora)"
SECONDS_BETWEEN_CHECKS = 0.2
_users = itertools.count(61_000)


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell_seconds: float = 60
    answer_seconds: float = 5  # of one call
    total_seconds: float = 600  # all attempts together
    memory_mb: int = 3_000  # of one process
    total_memory_mb: int = 4_000
    processes: int = 100  # threads are counted, too
    disk_mb: int = 200
    message_mb: int = 50  # all that one attempt says


class Stopped(Exception):
    """The sandbox ended before it said all; the text says why."""


def library_folders():
    """Folders that Python needs, and prevlib, wherever they were installed."""
    package = importlib.util.find_spec("prevlib").submodule_search_locations[0]
    return list(dict.fromkeys([sys.base_prefix, sys.prefix, package]))


def bubblewrap(disk_mb):
    """The command before the command."""
    line = ["bwrap", "--die-with-parent", "--new-session"]
    line += [f"--unshare-{what}" for what in ("ipc", "pid", "net", "uts", "cgroup-try")]
    line += ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/dev/shm", "/exchange"):
        line += ["--perms", "1777", "--size", str(disk_mb << 20), "--tmpfs", folder]
    for folder in SYSTEM:
        line += ["--ro-bind-try", folder, folder]
    binds = {Path(folder): Path(folder) for folder in library_folders()}
    binds |= {HERE / name: Path("/grader", name) for name in ("inside.py", "ask.py")}
    for source, target in binds.items():
        if not target.is_relative_to("/usr"):
            for parent in reversed(target.parents[:-1]):
                line += ["--perms", "0755", "--dir", str(parent)]
            line += ["--ro-bind", str(source), str(target)]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    if os.getuid():
        return [*line, "--unshare-user", "--disable-userns", "--"]
    # Limits on processes do not bind root, so root hands over to a user of no other use.
    for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
        line += ["--cap-add", capability]
    user = str(next(_users))
    line += ["--", "setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
    return [*line, "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def environment(temporary):
    """All that the process is told about the machine."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.prefix, "bin")), "/usr/bin", "/bin"]),
        "HOME": temporary,
        "TMPDIR": temporary,
        "USER": "learner",
        "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def why_unavailable():
    """None if bubblewrap works here; otherwise what to do about it."""
    if not shutil.which("bwrap"):
        return f"bubblewrap is not installed: {INSTALL}"
    probe = [*bubblewrap(1), sys.executable, "-c", "pass"]
    ran = subprocess.run(probe, capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode == 0:
        return None
    return f"bubblewrap is installed but cannot start: {ran.stderr.strip()}"


class Sandbox:
    """One process inside; `send` to it, read its `messages`, and leave it to be ended."""

    def __init__(self, limits, *, trusted=False):
        self.limits = limits
        self.trusted = trusted

    def __enter__(self):
        self.temporary = tempfile.mkdtemp() if self.trusted else None
        if self.trusted:
            command = [sys.executable, str(HERE / "inside.py"), self.temporary]
        else:
            command = [*bubblewrap(self.limits.disk_mb), sys.executable, "/grader/inside.py", "/exchange"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self.temporary or "/tmp"),
            start_new_session=True,
        )
        return self

    def __exit__(self, *_):
        end_all(self.process)
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)

    def send(self, *messages):
        """Write without waiting: whoever is inside may never read."""
        data = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        threading.Thread(target=write, args=(self.process.stdin, data), daemon=True).start()

    def messages(self, seconds):
        """What comes out, one dictionary after another.

        Raises:
            Stopped: If it ends, takes longer than `seconds`, or takes too much.
        """
        pipe, buffer, size = self.process.stdout.fileno(), b"", 0
        end, next_check = time.monotonic() + seconds, 0.0
        while True:
            ready, _, _ = select.select([pipe], [], [], SECONDS_BETWEEN_CHECKS)
            if ready:
                chunk = os.read(pipe, 1 << 20)
                size += len(chunk)
                if not chunk:
                    raise Stopped("it ended early")
                if size > self.limits.message_mb << 20:
                    raise Stopped("it said more than is read")
                *lines, buffer = (buffer + chunk).split(b"\n")
                yield from filter(None, map(parsed, lines))
            if time.monotonic() > end:
                raise Stopped("it took too long")
            if time.monotonic() > next_check:
                self.watch()
                next_check = time.monotonic() + SECONDS_BETWEEN_CHECKS

    def watch(self):
        memory, count = 0, 0
        for process in descendants(self.process):
            try:
                usage = process.memory_info()
                memory += usage.rss - usage.shared
                count += process.num_threads()
            except psutil.Error:
                continue
        if memory > self.limits.total_memory_mb << 20:
            raise Stopped("it took too much memory")
        if count > 2 * self.limits.processes:
            raise Stopped("it started too many processes")


def parsed(line):
    """A dictionary, or None for anything else."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def write(stream, data):
    try:
        stream.write(data)
        stream.flush()
    except (OSError, ValueError):
        pass  # it has ended; whoever reads its messages will notice


def descendants(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def end_all(process):
    """End the process and all that it started."""
    for child in [*descendants(process), process]:
        try:
            child.kill()
        except (psutil.Error, OSError):
            continue
    process.wait()
    for stream in (process.stdin, process.stdout):
        try:
            stream.close()
        except OSError:
            continue
