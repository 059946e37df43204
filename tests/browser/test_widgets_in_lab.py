"""Every widget in a real JupyterLab and a real browser: by keyboard, by mouse, in both themes, enlarged.

One notebook holds them all. Another one holds what must be noticed: a broken callback, and plain widgets,
which have no names and leave their keys to the notebook. Screenshots are kept in ``build/screenshots``.
"""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab import KERNEL_IS_IDLE, errors_so_far, needs_chromium, open_notebook, running_lab, write_notebook
from playwright.sync_api import Locator, Page, TimeoutError, expect
from public_names import public_names

from prevlib import widgets

pytestmark = needs_chromium("no widget was looked at in a browser")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
PATIENCE = 60_000  # ms, for machines that are busy
IN_LAB = [name for name in public_names(widgets) if name.startswith("explore_")]
PLANTED = """from prevlib.widgets.base import explorer, number, picture
words = lambda k: f"k = {1 / (k > 4 or k == 3)}"
explorer("planted", {"k": number("number", 3, 0, 10, 1)},
    lambda k: (picture(lambda ax: ax.plot(k)), words(k)))"""
PLAIN = """from ipywidgets import Dropdown, IntSlider, VBox
VBox([Dropdown(options="abc"), IntSlider(readout=False)]).add_class("plain")"""

CONTROLS = "input, select, .noUi-handle"
KEYS = "m b a x y r c v z 1 d d i i 0 0 Delete ArrowUp ArrowDown ArrowLeft ArrowRight PageDown Escape".split()
CELLS = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .map(cell => [cell.id, cell.type])"""
SVG = "svg[role=img]"
IS_ANOTHER = f"([cell, before]) => cell.querySelector('{SVG}').outerHTML !== before"
THEMES = "JupyterLab Light", "JupyterLab Dark"
FOCUSED = """(output) => {
    const it = document.activeElement;
    if (!output.contains(it)) return null;
    const label = it.ariaLabel ?? (it.labels?.length ? it.labels[0].textContent : '');
    const kind = it.getAttribute('role') || it.type;
    const last = kind === 'slider' ? it.ariaValueNow === it.ariaValueMax
        : kind === 'number' ? it.value === it.max
        : kind === 'select-one' ? it.selectedIndex === it.length - 1 : false;
    return {kind, label, last};
}"""
UNNAMED = """(output) => [...output.querySelectorAll('input, select, textarea')]
    .filter(it => !it.labels?.length || !it.labels[0].textContent.trim() || it.labels[0].title === 'null')
    .length"""
TOO_WIDE = """(output) =>
    [...output.querySelectorAll('input, select, label, svg[role=img], .noUi-base, .prevlib-words')]
    .filter(it => it.offsetParent)
    .filter(it => it.getBoundingClientRect().right > output.getBoundingClientRect().right + 1
        || it.scrollWidth > it.clientWidth && getComputedStyle(it).overflowX === 'hidden')
    .map(it => it.outerHTML.slice(0, 120))"""
CONTRAST = """(words) => {
    const luminance = color => {
        const parts = color.match(/[0-9.]+/g).slice(0, 3).map(Number).map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    let behind = words;
    while (/transparent|, 0\\)/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const pair = [getComputedStyle(words).color, getComputedStyle(behind).backgroundColor].map(luminance);
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    write_notebook(folder / "widgets.ipynb", ["from prevlib.widgets import *", *(f"{n}()" for n in IN_LAB)])
    write_notebook(folder / "planted.ipynb", [PLANTED, PLAIN])
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser, lab):
    page = open_notebook(browser, lab, "widgets.ipynb")
    expect(page.locator(".prevlib-words")).to_have_count(len(IN_LAB), timeout=4 * PATIENCE)
    yield page
    page.context.close()


def cell_of(page: Page, name: str) -> Locator:
    return page.locator(".jp-CodeCell").nth(IN_LAB.index(name) + 1)


def state(page: Page, cell: Locator) -> tuple[str, str]:
    """The words and the picture."""
    page.wait_for_function(KERNEL_IS_IDLE)
    return cell.locator(".prevlib-words").inner_text(), cell.locator(SVG).evaluate("it => it.outerHTML")


def expect_change(page: Page, cell: Locator, before: tuple[str, str]) -> None:
    """Fail, with what the console and the kernel said, unless words and picture become others."""
    words, picture = before
    try:
        expect(cell.locator(".prevlib-words")).not_to_have_text(words, use_inner_text=True, timeout=PATIENCE)
        page.wait_for_function(IS_ANOTHER, arg=[cell.element_handle(), picture], timeout=PATIENCE)
    except (AssertionError, TimeoutError) as error:
        raise AssertionError(f"{error}\n{errors_so_far(page)}") from None
    assert errors_so_far(page) == []


def change_by_keyboard(page: Page, kind: str, last: bool) -> None:
    """One step with the control that has the focus."""
    if kind == "text":
        page.keyboard.press("End")
        page.keyboard.type(" [MASK]")
        page.keyboard.press("Enter")
    elif kind == "checkbox":
        page.keyboard.press("Space")
    elif kind == "select-one":
        page.keyboard.press("Space")
        page.keyboard.press("ArrowUp" if last else "ArrowDown")
        page.keyboard.press("Enter")
    else:
        page.keyboard.press("ArrowDown" if last else "ArrowUp")


def use_by_keyboard(page: Page, cell: Locator) -> list[str]:
    """From the selected cell, Tab to each control, change it, see words and picture follow; their names."""
    cell.locator(".jp-InputPrompt").click()
    cell.focus()
    expect(cell).to_be_focused()
    handle, names = cell.locator(".jp-OutputArea").element_handle(), []
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED, handle)
        if focused is None and names:
            return names
        if focused is None:  # a button of the cell, on the way to its output
            continue
        before = state(page, cell)
        change_by_keyboard(page, focused["kind"], focused["last"])
        expect_change(page, cell, before)
        names.append(focused["label"] or focused["kind"])
    raise AssertionError(f"Tab came to {names}, and not out again")


def expect_fits(page: Page, cell: Locator) -> None:
    """Fail if something is wider than its place once the page has settled."""
    output = cell.locator(".jp-OutputArea").element_handle()
    try:
        page.wait_for_function(f"output => ({TOO_WIDE})(output).length === 0", arg=output, timeout=5_000)
    except TimeoutError:
        raise AssertionError(f"too wide: {output.evaluate(TOO_WIDE)}") from None


@pytest.mark.parametrize("name", IN_LAB)
def test_every_control_is_reached_by_tab_and_its_effect_is_said(page, name):
    cell = cell_of(page, name)
    names = use_by_keyboard(page, cell)
    assert len(names) == cell.locator(".prevlib-explorer").locator(CONTROLS).count(), names
    assert cell.locator(".prevlib-explorer").evaluate(UNNAMED) == 0
    assert all(names) and "slider" not in names, names


@pytest.mark.parametrize("name", IN_LAB)
def test_the_words_are_a_region_that_stays_and_name_the_picture(page, name):
    cell = cell_of(page, name)
    region = cell.get_by_role("status")
    expect(region).to_have_attribute("aria-live", "polite")
    region.evaluate("it => it.dataset.seen = 'before'")
    control, before = cell.locator(CONTROLS).last, state(page, cell)
    control.focus()
    focused = page.evaluate(FOCUSED, cell.locator(".jp-OutputArea").element_handle())
    change_by_keyboard(page, focused["kind"], focused["last"])
    expect_change(page, cell, before)
    expect(region).to_have_attribute("data-seen", "before")
    words, _ = state(page, cell)
    expect(cell.locator(SVG)).to_have_accessible_name(" ".join(words.split()))


def press_keys(page: Page, output: Locator) -> list[list[str]]:
    """All keys that are commands in JupyterLab, in each control; the cells afterwards."""
    for control in output.locator(CONTROLS).all():
        control.focus()
        for key in KEYS:
            page.keyboard.press(key)
        expect(control).to_be_focused()
    return page.evaluate(CELLS)


@pytest.mark.parametrize("name", IN_LAB)
def test_keys_in_a_control_leave_the_notebook_as_it_is(page, name):
    before = page.evaluate(CELLS)
    assert press_keys(page, cell_of(page, name).locator(".prevlib-explorer")) == before
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def axe_finds(page: Page, selector: str) -> dict[str, str]:
    """Serious faults for those who do not see or do not use a mouse: rule -> the first element."""
    found = Axe().run(page, context=selector, options={"resultTypes": ["violations"]}).response
    serious = [fault for fault in found["violations"] if fault["impact"] in ("serious", "critical")]
    return {fault["id"]: fault["nodes"][0]["html"][:200] for fault in serious}


@pytest.mark.parametrize("name", IN_LAB)
def test_the_mouse_works_as_well(page, name):
    cell = cell_of(page, name)
    track, before = cell.locator(".noUi-target").first, state(page, cell)
    if track.count():
        handle = cell.locator(".noUi-handle").first
        handle.hover()  # scrolls, and waits until nothing moves and the pointer is on the handle
        whole = track.bounding_box()
        share = 0.2 if handle.bounding_box()["x"] > whole["x"] + whole["width"] / 2 else 0.8
        page.mouse.down()
        page.mouse.move(whole["x"] + share * whole["width"], whole["y"] + whole["height"] / 2, steps=4)
        page.mouse.up()
    else:
        menu = cell.locator("select").first
        menu.select_option(index=menu.evaluate("menu => (menu.selectedIndex + 1) % menu.length"))
    expect_change(page, cell, before)


def test_no_error_was_reported(page):
    assert errors_so_far(page) == []


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_is_cut_and_words_are_readable(page, theme):
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    assert axe_finds(page, ".prevlib-explorer") == {}
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1000, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        for name in IN_LAB:
            cell = cell_of(page, name)
            cell.evaluate("cell => cell.scrollIntoView()")
            expect_fits(page, cell)
            for part in (".prevlib-words", SVG):
                assert cell.locator(part).evaluate(CONTRAST) > 4.5, (name, part)
            page.screenshot(path=SCREENSHOTS / f"{name}_{theme.split()[1].lower()}_{width}.png")


def test_nothing_is_cut_at_125_percent(page):
    page.set_viewport_size({"width": 1024, "height": 640})  # what is left of 1280 x 800
    for name in IN_LAB:
        expect_fits(page, cell_of(page, name))


def test_a_broken_callback_is_noticed(browser, lab, monkeypatch):
    monkeypatch.setitem(globals(), "PATIENCE", 5_000)
    page = open_notebook(browser, lab, "planted.ipynb")
    cell = page.locator(".jp-CodeCell").first
    expect(cell.locator(".prevlib-words")).to_have_text("k = 1.0", timeout=60_000)
    with pytest.raises(AssertionError, match="ZeroDivisionError: division by zero"):
        use_by_keyboard(page, cell)
    page.context.close()


def test_what_plain_widgets_lack_is_noticed(browser, lab):
    page = open_notebook(browser, lab, "planted.ipynb")
    plain = page.locator(".plain")
    expect(plain.locator(".noUi-handle")).to_be_visible(timeout=PATIENCE)
    assert {"aria-input-field-name", "select-name"} & {*axe_finds(page, ".plain")}
    plain.locator("select").focus()
    page.keyboard.press("m")
    assert ["code", "markdown"] == [kind for _, kind in page.evaluate(CELLS)]
    page.context.close()
