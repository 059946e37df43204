"""The Validate button of nbgrader on a released assignment, in a real JupyterLab and a real browser.

A learner who has done nothing is told that cells fail; one who has solved everything is told that they pass.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import needs_chromium, open_notebook, running_lab
from playwright.sync_api import expect

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "notebooks" / "assignments" / "source"
pytestmark = needs_chromium("the Validate button was not tried")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assignments")
    subprocess.run([sys.executable, "-m", "grading", "release", SOURCE, folder], cwd=ROOT, check=True)
    [solved] = SOURCE.glob("a1_*.ipynb")
    shutil.copy(solved, folder / "solved.ipynb")
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as url:
        yield folder, url


@pytest.mark.parametrize("name, answer", [("a1_*", "failed"), ("solved", "Success")])
def test_the_button_says_what_fails(browser, lab, name, answer):
    folder, url = lab
    [notebook] = folder.glob(f"**/{name}.ipynb")
    page = open_notebook(browser, url, str(notebook.relative_to(folder)), run=False)
    page.get_by_text("Validate", exact=True).first.click()
    expect(page.locator(".jp-Dialog")).to_contain_text(answer, timeout=120_000)
    page.context.close()
