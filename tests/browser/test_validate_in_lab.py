"""The Validate button of nbgrader on a released assignment, in a real JupyterLab and a real browser.

A learner who has done nothing is told that cells fail; one who has solved everything is told that they pass.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import CHROMIUM_OPTIONS, KERNEL_IS_IDLE, TOKEN, running_lab
from playwright.sync_api import expect, sync_playwright

ASSIGNMENTS = Path(__file__).parents[2] / "notebooks" / "assignments"
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="NO CHROMIUM: the Validate button was not tried. Install it: apt-get install -y chromium",
    ),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assignments")
    release = [sys.executable, ASSIGNMENTS / "grading" / "release.py", ASSIGNMENTS / "source", folder]
    subprocess.run(release, check=True)
    [solved] = ASSIGNMENTS.glob("source/a1_*.ipynb")
    shutil.copy(solved, folder / "solved.ipynb")
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as url:
        yield folder, url


@pytest.mark.parametrize("name, answer", [("a1_*", "failed"), ("solved", "Success")])
def test_the_button_says_what_fails(lab, name, answer):
    folder, url = lab
    [notebook] = folder.glob(f"**/{name}.ipynb")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{url}/lab/tree/{notebook.relative_to(folder)}?token={TOKEN}&reset")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        page.wait_for_function(KERNEL_IS_IDLE)
        page.get_by_text("Validate", exact=True).first.click()
        expect(page.locator(".jp-Dialog")).to_contain_text(answer, timeout=120_000)
        browser.close()
