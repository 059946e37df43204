"""A learner's day with ``prevlib lab``: what a widget showed is there again, and nothing else has changed."""

import os
import sys

from lab import KERNEL_IS_IDLE, errors_so_far, needs_chromium, open_notebook, served, write_notebook
from playwright.sync_api import Page, expect
from public_names import public_names

from prevlib import widgets
from prevlib.workspace import prepare_workspace

IN_LAB = [name for name in public_names(widgets) if name.startswith("explore_")]
PICTURE = ".prevlib-explorer svg[role=img]"
ALL_SPEAK = "() => [...document.querySelectorAll('.prevlib-words')].every(it => it.innerText.trim())"
STOP_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
IS_SAVED = "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
OF_JUPYTER = ("JUPYTER", "IPYTHON", "PREVLIB", "XDG")
pytestmark = needs_chromium("the workspace was not opened")


def seen(page: Page) -> tuple[list[str], list[str]]:
    """What the widgets say and show, from top to bottom, once all of them do."""
    page.wait_for_function(ALL_SPEAK, timeout=240_000)
    pictures = [picture.evaluate("it => it.outerHTML") for picture in page.locator(PICTURE).all()]
    return page.locator(".prevlib-words").all_inner_texts(), pictures


def test_saved_widgets_are_there_again_and_nothing_outside_the_folder_has_changed(browser, tmp_path):
    home, folder, scratch = tmp_path / "home", tmp_path / "home" / "learn", tmp_path / "scratch"
    for each in (home, scratch):
        each.mkdir()
    prepare_workspace(folder)
    # All cells stay in the page: out of sight, JupyterLab would not draw them.
    tracker = folder / ".prevlib" / "user-settings" / "@jupyterlab" / "notebook-extension"
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    cells = ["from prevlib.widgets import *", *(f"{name}()" for name in IN_LAB)]
    write_notebook(folder / "mine.ipynb", cells)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_JUPYTER)}
    caches = dict.fromkeys(("XDG_CACHE_HOME", "MPLCONFIGDIR", "npm_config_cache"), str(scratch))
    environment = kept | {"HOME": str(home)} | caches
    with served([sys.executable, "-m", "prevlib", "lab", str(folder)], environment, scratch) as url:
        page = open_notebook(browser, url, "mine.ipynb")
        expect(page.locator(".prevlib-words")).to_have_count(len(IN_LAB), timeout=240_000)
        page.wait_for_function(KERNEL_IS_IDLE)
        said, drawn = seen(page)
        assert all(said) and len({*drawn}) == len(IN_LAB)
        expect(page.locator(".lm-MenuBar-item", has_text="Help")).to_be_visible()
        expect(page.locator(".lm-MenuBar-item", has_text="Nbgrader")).to_have_count(0)
        expect(page.locator(".Toastify__toast")).to_have_count(0)
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_function(IS_SAVED)
        page.evaluate(STOP_KERNEL)
        assert errors_so_far(page) == []
        page.context.close()

        page = open_notebook(browser, url, "mine.ipynb", run=False)
        expect(page.locator(".prevlib-words")).to_have_text(said, use_inner_text=True)
        assert seen(page) == (said, drawn)
        assert all(picture.bounding_box()["height"] > 50 for picture in page.locator(PICTURE).all())
        page.context.close()
    assert [path.name for path in home.iterdir()] == ["learn"]
