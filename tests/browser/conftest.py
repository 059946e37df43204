"""One Chromium for all browser tests."""

import pytest
from lab import CHROMIUM, CHROMIUM_OPTIONS
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()
