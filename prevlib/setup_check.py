"""Is this computer ready for the course? ``check_setup()`` on the course page says so, or says what to do.

Every line has a sign and a word, the rule that was checked, and, if it is broken, what was found and the
remedy. Nothing is changed, and nothing reaches for the network.
"""

import html
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version

import numpy as np
import psutil
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from prevlib.checkpoints import CHECKPOINTS, checkpoint_path
from prevlib.features import extract_features

INSTALL = 'In the folder of the course, run: pip install -c constraints.txt -e ".[lab,test]"'
MEMORY, DISK = 2, 1  # GiB that a lesson may need


@dataclass(frozen=True)
class Finding:
    """One rule; what was found, and the remedy, if it is broken."""

    rule: str
    broken: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        return (
            f"✗ broken: {self.rule}. {self.broken} {self.remedy}" if self.broken else f"✓ good: {self.rule}"
        )


@dataclass(frozen=True)
class SetUp:
    """What ``check_setup`` found. True if the course can begin."""

    findings: tuple[Finding, ...]

    def __bool__(self) -> bool:
        return not any(finding.broken for finding in self.findings)

    @property
    def summary(self) -> str:
        n_broken = sum(bool(finding.broken) for finding in self.findings)
        return f"{n_broken} of {len(self.findings)} need you" if n_broken else "You can begin"

    def __repr__(self) -> str:
        return "\n".join([*map(str, self.findings), self.summary])

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(str(finding)) for finding in self.findings)
        color = "#009E73" if self else "#D55E00"
        return (
            f'<div style="border-left: 4px solid {color}; padding: 0.2em 0.8em; line-height: 1.6">'
            f"{lines}<br><b>{html.escape(self.summary)}</b></div>"
        )


def check_setup() -> SetUp:
    """Check Python, packages, models, threads, memory, disk and widgets; takes a few seconds.

    Example:
        >>> bool(SetUp((Finding("Water is wet"),)))
        True
    """
    checks = (_python, _packages, _models, _answer, _threads, _memory, _disk, _widgets)
    return SetUp(tuple(check() for check in checks))


def _python() -> Finding:
    needed = metadata("prevlib")["Requires-Python"]
    found = ".".join(map(str, sys.version_info[:3]))
    rule = f"Python {needed}"
    if SpecifierSet(needed).contains(found):
        return Finding(rule)
    return Finding(rule, f"This is {found}.", "Install a newer Python, remove .venv, and run make lab again.")


def _packages() -> Finding:
    rule, wrong = "Packages in the versions that the course needs", []
    for requirement in map(Requirement, requires("prevlib")):
        if requirement.marker and not requirement.marker.evaluate({"extra": "lab"}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "missing"
        if found == "missing" or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found}, needed {requirement.specifier or 'in any version'}")
    return Finding(rule, f"Wrong: {'; '.join(wrong)}.", INSTALL) if wrong else Finding(rule)


def _models() -> Finding:
    rule = f"The models {' and '.join(CHECKPOINTS)}, each with the weights it was published with"
    return _as_long_as(lambda: [checkpoint_path(name) for name in CHECKPOINTS], rule, INSTALL)


def _answer() -> Finding:
    def ask() -> None:
        if not np.isfinite(extract_features(["Are you ready?"])).all():
            raise ValueError("Its answer was not made of numbers.")

    return _as_long_as(ask, "A model reads a sentence", INSTALL)


def _as_long_as(call: Callable[[], object], rule: str, remedy: str) -> Finding:
    """The rule is broken if ``call`` raises."""
    try:
        call()
    except Exception as error:  # whatever goes wrong on this computer is what the reader must see
        return Finding(rule, f"{type(error).__name__}: {error}", remedy)
    return Finding(rule)


def _threads() -> Finding:
    rule = "Threads sleep while they wait (OMP_WAIT_POLICY=PASSIVE)"
    found = os.environ.get("OMP_WAIT_POLICY", "")
    if found.upper() == "PASSIVE":
        return Finding(rule)
    remedy = "Close JupyterLab and start it with make lab, or set the variable first; else all is slower."
    return Finding(rule, f"It is {found!r}." if found else "It is not set.", remedy)


def _memory() -> Finding:
    free = psutil.virtual_memory().available / 2**30
    return _at_least(MEMORY, free, "of free memory", "Close other programs and notebooks.")


def _disk() -> Finding:
    free = shutil.disk_usage(os.getcwd()).free / 2**30
    return _at_least(DISK, free, "of free disk", "Make room.")


def _at_least(needed: int, free: float, what: str, remedy: str) -> Finding:
    rule = f"At least {needed} GiB {what}"
    return Finding(rule) if free >= needed else Finding(rule, f"There are {free:.1f} GiB.", remedy)


def _widgets() -> Finding:
    rule = "JupyterLab can show widgets"
    return _as_long_as(lambda: version("jupyterlab_widgets"), rule, INSTALL)
