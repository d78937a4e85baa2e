"""Fixtures of the browser tests: they fail, not skip, in CI when no browser is there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter import FLAGS, Server

ROOT = Path(__file__).parent.parent.parent


def find_browser() -> str | None:
    found = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "browser.py")], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium with a profile of its own. Not for the session: Playwright keeps a loop running in the main thread."""
    path = find_browser()
    if path is None:
        message = "no Chrome or Chromium found: install one or set STRATIX_BROWSER"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, args=FLAGS, headless=True, viewport={"width": 1360, "height": 900}
        )
        yield context
        context.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A fresh page; a test that leaves errors in its console says so."""
    made = browser.new_page()
    yield made
    made.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One JupyterLab for all tests of the session."""
    server = Server(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("notebook7"), app="notebook")
    yield server
    server.stop()


@pytest.fixture
def opened(page: Any, tmp_path: Path) -> Any:
    """Opens what can be saved as a page, in a notebook's width."""

    def open_it(shown: Any, width: int = 900, height: int = 700) -> Any:
        page.set_viewport_size({"width": width, "height": height})
        shown.to_html(tmp_path / "page.html")
        text = (tmp_path / "page.html").read_text()
        (tmp_path / "page.html").write_text(
            text.replace("!important; min-height: 320px", "")
        )  # a notebook sets no height
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector("[data-testid=stratix-view] :is([data-testid=node], [data-testid=painting])")
        return page

    return open_it
