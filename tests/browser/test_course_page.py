"""The first minute of a learner: the course page opens, its check is good, and a lesson is a click away."""

import shutil
from pathlib import Path

from lab import errors_so_far, needs_chromium, open_notebook, running_lab
from playwright.sync_api import expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SCREENSHOTS = NOTEBOOKS.parent / "build" / "screenshots"
pytestmark = needs_chromium("the course page was not opened")


def test_the_course_page_checks_the_set_up_and_leads_to_a_lesson(browser, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    folder = tmp_path_factory.mktemp("notebooks")
    for name in ("course.ipynb", "00_start_here.ipynb"):
        shutil.copy(NOTEBOOKS / name, folder)
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as url:
        page = open_notebook(browser, url, "course.ipynb")
        expect(page.locator(".jp-OutputArea-output").first).to_contain_text("You can begin", timeout=120_000)
        assert errors_so_far(page) == []
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.locator(".jp-Cell").first.evaluate("cell => cell.scrollIntoView()")
        page.screenshot(path=SCREENSHOTS / "course.png")
        page.get_by_role("link", name="00 Start here").click()
        expect(page.locator(".lm-TabBar-tab.jp-mod-current[title*='00_start_here.ipynb']")).to_be_visible()
        expect(page.get_by_role("heading", name="00 Start here")).to_be_visible()
        page.context.close()


def test_the_glossary_opens_the_lesson_and_names_its_section_as_jupyterlab_does(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    for name in ("glossary.ipynb", "03_derive_the_losses.ipynb"):
        shutil.copy(NOTEBOOKS / name, folder)
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as url:
        page = open_notebook(browser, url, "glossary.ipynb", run=False)
        link = page.locator("p", has_text="softmax:").get_by_role("link")
        anchor = link.get_attribute("href").partition("#")[2]
        link.click()
        heading = page.get_by_role("heading", name="1 How do scores become probabilities?")
        expect(heading).to_have_attribute("data-jupyter-id", anchor, timeout=60_000)
        page.context.close()
