"""Notebook 7: a smoke test."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server
from test_lab import DEFINE, SHOWN, node, state

pytestmark = pytest.mark.e2e


def test_the_view_is_live_in_notebook_7(notebook7: Server, page: Any) -> None:
    """The widget draws, pauses by click while a cell blocks, and ends completed."""
    book = Notebook(page, notebook7.notebook("smoke", [DEFINE, "run = squares.start()\nrun", "run.result()"]))
    book.run_all()
    page.wait_for_selector(node("work"), timeout=30_000)
    state(page, "running")
    page.click(f"{SHOWN} [data-testid=run-pause]")
    state(page, "paused")
    page.click(f"{SHOWN} [data-testid=run-resume]")
    state(page, "completed", 30_000)
