"""A real browser for the tests of pages: Debian's chromium or another, without a network.

    browser      the browser itself, started once for each file of tests
    new_page     new_page(**options): a new tab; the options are those of playwright's
                 `new_context`, such as `viewport`, `has_touch`, `color_scheme`
    open_page    open_page(path, **options): a new tab that shows this file
    page         a new tab of 1280 by 720, for those who need only one

A test fails if one of its tabs met an error, wrote one to the console, or asked for anything but
files and what they contain.
"""
import os
import shutil
from pathlib import Path

import pytest

NAMES  = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
ROOM   = {"width": 1280, "height": 720}      # a projector's
INSIDE = ("file:", "data:", "blob:", "about:")


# Not for the whole session: while playwright is open, no other test could run an event loop of
# asyncio's, as those of notebooks do.
@pytest.fixture(scope="module")
def browser():
    """Chromium, without a window; a test that asks for it is skipped where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip('playwright is not installed: pip install -e ".[browser]"')
    with sync_playwright() as playwright:
        path = _find(playwright)
        if path is None:
            pytest.skip("no chromium was found: apt-get install chromium, or name one in the "
                        "environment variable NUMPYVAE_BROWSER")
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        args = ["--no-sandbox"] if as_root else []           # it refuses to run as root without
        chromium = playwright.chromium.launch(executable_path=path, args=args)
        yield chromium
        chromium.close()


def _find(playwright):
    """The path of a browser, or None: the one that is named, the system's, or playwright's own."""
    named = os.environ.get("NUMPYVAE_BROWSER")
    if named:
        return named
    found = filter(None, map(shutil.which, NAMES))
    own = playwright.chromium.executable_path
    return next(found, own if os.path.exists(own) else None)


@pytest.fixture
def new_page(browser):
    """new_page(**options): an empty tab, watched as the docstring above says."""
    contexts, complaints = [], []

    def new(viewport=ROOM, **options):
        context = browser.new_context(viewport=viewport, offline=True, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        tab.on("console", lambda message: _note_console(message, complaints))
        tab.on("request", lambda request: _note_request(request, complaints))
        return tab

    yield new
    for context in contexts:
        context.close()
    assert not complaints


def _note_console(message, complaints):
    if message.type == "error":
        complaints.append(f"console: {message.text}")


def _note_request(request, complaints):
    if not request.url.startswith(INSIDE):
        complaints.append(f"request: {request.url}")


@pytest.fixture
def page(new_page):
    """An empty tab of 1280 by 720."""
    return new_page()


@pytest.fixture
def open_page(new_page):
    """open_page(path, **options): a tab that shows this file."""
    def opened(path, **options):
        tab = new_page(**options)
        tab.goto(Path(path).resolve().as_uri())
        return tab

    return opened
