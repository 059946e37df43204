"""The set-up check: each thing that can be wrong is told, with the remedy."""

from collections import namedtuple

import pytest

from prevlib import setup_check
from prevlib.setup_check import Finding, SetUp, check_setup


def test_a_good_computer_is_told_so(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    found = check_setup()
    assert found, found
    assert len(found.findings) == 8
    assert repr(found).endswith("You can begin")


def broken(monkeypatch) -> Finding:
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    found = check_setup()
    [finding] = [finding for finding in found.findings if finding.broken]
    assert not found and found.summary == "1 of 8 need you"
    return finding


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(setup_check.sys, "version_info", (3, 9, 1))
    found = broken(monkeypatch)
    assert str(found) == (
        "✗ broken: Python >=3.11. This is 3.9.1. "
        "Install a newer Python, remove .venv, and run make lab again."
    )


def test_packages_that_are_too_old_or_missing(monkeypatch):
    real = setup_check.version

    def version(name):
        if name == "ipywidgets":
            raise setup_check.PackageNotFoundError(name)
        return "4.0" if name == "transformers" else real(name)

    monkeypatch.setattr(setup_check, "version", version)
    found = broken(monkeypatch)
    assert "transformers 4.0, needed >=5.23; " in found.broken
    assert "ipywidgets missing, needed >=8.1" in found.broken
    assert found.remedy.endswith('run: pip install -c constraints.txt -e ".[lab,test]"')


@pytest.mark.parametrize(
    "name, rule",
    [
        ("checkpoint_path", "The models minilm and mini, each with the weights"),
        ("extract_features", "A model reads a sentence"),
    ],
)
def test_models_that_are_damaged_or_do_not_answer(monkeypatch, name, rule):
    def fail(*_):
        raise ValueError("`sha256` must be 53aa")

    monkeypatch.setattr(setup_check, name, fail)
    found = broken(monkeypatch)
    assert found.rule.startswith(rule) and found.broken == "ValueError: `sha256` must be 53aa"


def test_an_answer_that_is_not_made_of_numbers(monkeypatch):
    monkeypatch.setattr(setup_check, "extract_features", lambda _: float("nan"))
    assert "not made of numbers" in broken(monkeypatch).broken


@pytest.mark.parametrize("value, told", [(None, "It is not set."), ("ACTIVE", "It is 'ACTIVE'.")])
def test_threads_that_spin(monkeypatch, value, told):
    if value is None:
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    else:
        monkeypatch.setenv("OMP_WAIT_POLICY", value)
    [found] = [finding for finding in check_setup().findings if finding.broken]
    assert found.broken == told and "start it with make lab" in found.remedy


def test_too_little_room(monkeypatch):
    Space = namedtuple("Space", "available free")
    little = Space(int(1.5 * 2**30), int(0.25 * 2**30))
    monkeypatch.setattr(setup_check.psutil, "virtual_memory", lambda: little)
    assert broken(monkeypatch).broken == "There are 1.5 GiB."
    monkeypatch.undo()
    monkeypatch.setattr(setup_check.shutil, "disk_usage", lambda _: little)
    assert broken(monkeypatch).broken == "There are 0.2 GiB."


def test_the_page_tells_by_words_and_hides_nothing_in_markup():
    found = SetUp((Finding("Water is wet"), Finding("a < b", "b < a.", "Swap them.")))
    shown = found._repr_html_()
    assert "✓ good: Water is wet<br>✗ broken: a &lt; b. b &lt; a. Swap them.<br>" in shown
    assert "1 of 2 need you" in shown
