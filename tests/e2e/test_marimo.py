"""marimo: a smoke test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jupyter import START, free_port
from test_lab import SHOWN, state

pytestmark = pytest.mark.e2e

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    from stratix_tasks import flow, signal, task
    @task
    def begins() -> int:
        return 1
    @flow
    def in_marimo():
        return signal.options(after=[begins()])("go")
    run = in_marimo.start()
    run
    return
"""


@pytest.fixture
def marimo(tmp_path: Path) -> Iterator[str]:
    """The address of the notebook, served by marimo with folders of its own."""
    if find_spec("marimo") is None:
        message = "no marimo: pip install marimo"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    (tmp_path / "book.py").write_text(NOTEBOOK)
    port = free_port()
    options = ["--headless", "--no-token", "--no-check", f"--port={port}", "--host=127.0.0.1"]
    env = {**os.environ, "STRATIX_STORE": str(tmp_path / "store"), "HOME": str(tmp_path)}
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-m", "marimo", "run", "book.py", *options]
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    limit = time.monotonic() + START
    while server.poll() is None and time.monotonic() < limit:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=2).read()
            break
        except OSError:
            time.sleep(0.1)
    else:
        raise RuntimeError(f"marimo did not come up:\n{(tmp_path / 'log').read_text()[-4000:]}")
    yield url
    server.terminate()
    server.wait(20)


def test_the_view_is_live_in_marimo(marimo: str, page: Any) -> None:
    """The widget draws a run that is in the background; a click reaches Python, and what comes of it the view."""
    page.goto(marimo)
    page.wait_for_selector(f"{SHOWN} [data-node=begins][data-state=completed]", timeout=60_000)
    page.click(f"{SHOWN} [data-testid=run-pause]")
    state(page, "paused")
    page.click(f"{SHOWN} [data-testid=run-cancel]")
    state(page, "cancelled")
