"""Prints the browser that the tests drive: STRATIX_BROWSER, an installed Chromium or Chrome, or Playwright's own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def browser() -> str | None:
    """Its path, or None. A snap stub (Ubuntu's /usr/bin/chromium-browser without snap) does not count."""
    given = os.environ.get("STRATIX_BROWSER")
    if given:
        return given
    for name in NAMES:
        path = shutil.which(name)
        if path and not _stub(Path(path)):
            return path
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def _stub(path: Path) -> bool:
    try:
        return path.stat().st_size < 4096 and b"snap" in path.read_bytes()
    except OSError:
        return True


if __name__ == "__main__":
    found = browser()
    if found is None:
        sys.exit(1)
    print(found)
