"""A JupyterLab of its own, and what a user sees and does in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

TOKEN = "t"
CHROMIUM = shutil.which("chromium")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LAB_SETTINGS = {
    # A toast with news would cover a corner.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells stay in the page, those out of sight as well.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
KERNEL_IS_IDLE = (
    "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
)
COLLECT_KERNEL_ERRORS = """() => {
    window.kernelErrors = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, message) => {
        if (message.header.msg_type === 'error')
            window.kernelErrors.push(`${message.content.ename}: ${message.content.evalue}`);
    });
}"""


def needs_chromium(untested: str) -> list[pytest.MarkDecorator]:
    """Marks for a file of browser tests; without a browser they skip, and say what was not tested."""
    reason = f"NO CHROMIUM: {untested}. Install it: apt-get install -y chromium"
    return [pytest.mark.skipif(CHROMIUM is None, reason=reason), pytest.mark.xdist_group("browser")]


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)


@contextmanager
def running_lab(folder: Path, scratch: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves ``folder`` on a free port, stopped in the end."""
    for name, settings in LAB_SETTINGS.items():
        path = scratch / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "IPYTHONDIR": "ipython",
    }
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", f"--ServerApp.root_dir={folder}"]
    environment = os.environ | {name: str(scratch / part) for name, part in folders.items()}
    with served(command, environment, scratch) as url:
        yield url


@contextmanager
def served(command: Sequence[str], environment: Mapping[str, str], scratch: Path) -> Iterator[str]:
    """The address of the JupyterLab that a command starts, on a free port, stopped in the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--port-retries=0",
        f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (scratch / "lab.log").open("w") as log:
        server = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_it_answers(f"{url}/api?token={TOKEN}", server, scratch / "lab.log")
            yield url
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:  # it waits for a kernel that was still starting
                server.kill()
                server.wait()


def _wait_until_it_answers(url: str, server: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def open_notebook(browser: Browser, url: str, name: str, *, run: bool = True) -> Page:
    """A page with the notebook, all cells started if ``run``; ``page.errors`` collects console errors."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(60_000)
    page.errors = []
    page.on("console", lambda entry: entry.type == "error" and page.errors.append(entry.text))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(f"{url}/lab/tree/{name}?token={TOKEN}&reset")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.wait_for_function(KERNEL_IS_IDLE)
    page.evaluate(COLLECT_KERNEL_ERRORS)
    if run:
        page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    return page


def errors_so_far(page: Page) -> list[str]:
    """Of the console, and of callbacks in the kernel, which nothing shows in the notebook."""
    return page.errors + page.evaluate("() => window.kernelErrors")
