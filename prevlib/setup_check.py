"""Is this computer ready? ``check_setup()`` on the course page, or ``prevlib check`` in a terminal, says so.

Every line has a sign and a word, what was found, and, if that will not do, the remedy. Nothing is changed,
and nothing reaches for the network. What may be missing is imported inside its check, so that a broken
installation is told, not raised.
"""

import html
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires, version
from pathlib import Path

WINDOWS = os.name == "nt"
CLONE = (Path(__file__).parents[1] / "constraints.txt").exists()  # else a wheel was installed
MEMORY, DISK = 2, 1  # GiB that a lesson may need


def _remedies(windows: bool, clone: bool, has_pip: bool) -> tuple[str, str, str]:
    """What to do about packages, about a Python that is too old, and about threads that do not sleep.

    Args:
        windows: Lines are for PowerShell.
        clone: The course lies here; otherwise only the library was installed.
        has_pip: If not, ``uv`` made the environment.
    """
    # The Python of this process: a terminal may have another one.
    python = "'" + sys.executable.replace("'", "''") + "'" if windows else shlex.quote(sys.executable)
    pip = f"uv pip install --python {python}"
    if has_pip:
        pip = f"{'& ' if windows else ''}{python} -m pip install"
    install = f'In a terminal: {pip} "prevlib[lab]"'
    if clone:
        install = f'In a terminal, in the folder of the course: {pip} -c constraints.txt -e ".[lab,test]"'
    newer = "Install a newer Python, make a new environment with it, and install prevlib there."
    line = '$env:OMP_WAIT_POLICY = "PASSIVE"' if windows else "export OMP_WAIT_POLICY=PASSIVE"
    sleep = (
        "Threads that wait keep the cores busy, which slows everything down, up to ten times. Close "
        f"JupyterLab if it is open, run {line} in {'PowerShell' if windows else 'a terminal'}, and start "
        "JupyterLab or prevlib again from there."
    )
    if clone and not windows:
        newer = "Install a newer Python, remove the folder .venv, and run make lab again."
        sleep += " The command make lab does so, too."
    return install, newer, sleep


INSTALL, NEWER_PYTHON, SLEEP = _remedies(WINDOWS, CLONE, any(distributions(name="pip")))


@dataclass(frozen=True)
class Finding:
    """What was found, and the remedy, if it will not do."""

    what: str
    found: str
    remedy: str = ""

    @property
    def broken(self) -> bool:
        return bool(self.remedy)

    def __str__(self) -> str:
        sign, end = ("✗ broken", f". {self.remedy}") if self.broken else ("✓ good", "")
        return f"{sign}: {self.what}: {self.found.rstrip('.')}{end}"


@dataclass(frozen=True)
class SetUp:
    """What ``check_setup`` found. True if the course can begin."""

    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return not any(finding.broken for finding in self.findings)

    @property
    def summary(self) -> str:
        n_broken = sum(finding.broken for finding in self.findings)
        return f"{n_broken} of {len(self.findings)} need you" if n_broken else "You can begin"

    def __repr__(self) -> str:
        return "\n".join([*map(str, self.findings), self.summary])

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(str(finding)) for finding in self.findings)
        color = "#009E73" if self else "#D55E00"
        return (
            f'<div style="border-left: 4px solid {color}; padding: 0.2em 0.8em; line-height: 1.6; '
            f'overflow-wrap: anywhere">{lines}<br><b>{html.escape(self.summary)}</b></div>'
        )


def check_setup() -> SetUp:
    """Check Python, packages, models, threads, memory, disk and widgets; takes a few seconds.

    Returns:
        One finding for each check; true as a condition if nothing is broken.
    Example:
        >>> bool(SetUp((Finding("water", "wet"),)))
        True
    """
    return SetUp(tuple(_finding(what, check) for what, check in CHECKS.items()))


def _finding(what: str, check: Callable[[], tuple[str, str]]) -> Finding:
    try:
        return Finding(what, *check())
    except Exception as error:  # whatever goes wrong on this computer is what the reader must see
        return Finding(what, f"{type(error).__name__}: {error}", INSTALL)


def _python() -> tuple[str, str]:
    from packaging.specifiers import SpecifierSet

    needed, running = metadata("prevlib")["Requires-Python"], ".".join(map(str, sys.version_info[:3]))
    return f"{running}, needed {needed}", "" if SpecifierSet(needed).contains(running) else NEWER_PYTHON


def _packages() -> tuple[str, str]:
    from packaging.requirements import Requirement

    needed = [Requirement(line) for line in requires("prevlib")]
    extra = {"extra": "lab" if CLONE else ""}
    needed = [each for each in needed if not each.marker or each.marker.evaluate(extra)]
    wrong = []
    for each in needed:
        try:
            installed = version(each.name)
        except PackageNotFoundError:
            installed = "missing"
        if installed == "missing" or not each.specifier.contains(installed, prereleases=True):
            wrong.append(f"{each.name} {installed}, needed {each.specifier or 'in any version'}")
    if wrong:
        return "; ".join(wrong), INSTALL
    return f"all {len(needed)} in versions that will do", ""


def _models() -> tuple[str, str]:
    from prevlib.checkpoints import CHECKPOINTS, checkpoint_path

    for name in CHECKPOINTS:
        try:
            checkpoint_path(name)
        except (FileNotFoundError, ValueError) as error:  # these say what to do
            return f"{name} is missing or damaged", str(error)
    return f"{' and '.join(CHECKPOINTS)}, each with the weights it was published with", ""


def _answer() -> tuple[str, str]:
    import numpy as np

    from prevlib.features import extract_features

    answer = extract_features(["Are you ready?"], show_progress=False)
    if not np.isfinite(answer).all():
        return "something else than numbers", INSTALL
    return f"{answer.size} numbers for a sentence", ""


def _threads() -> tuple[str, str]:
    policy = os.environ.get("OMP_WAIT_POLICY", "not set")
    state = f"{os.cpu_count()} cores, OMP_WAIT_POLICY is {policy}"
    return state, "" if policy.upper() == "PASSIVE" else SLEEP


def _memory() -> tuple[str, str]:
    import psutil

    free = psutil.virtual_memory().available / 2**30
    return _room(free, MEMORY), "" if free >= MEMORY else "Close other programs and notebooks."


def _disk() -> tuple[str, str]:
    free = shutil.disk_usage(os.getcwd()).free / 2**30
    return _room(free, DISK), "" if free >= DISK else "Delete what you do not need."


def _room(free: float, needed: int) -> str:
    return f"{free:.1f} GiB free, needed {needed}"


def _widgets() -> tuple[str, str]:
    try:
        return f"jupyterlab_widgets {version('jupyterlab_widgets')}", ""
    except PackageNotFoundError:
        if CLONE:
            raise
        return "none, and none needed outside JupyterLab", ""


CHECKS = {
    "Python": _python,
    "packages": _packages,
    "models": _models,
    "a model's answer": _answer,
    "threads": _threads,
    "memory": _memory,
    "disk": _disk,
    "widgets": _widgets,
}
