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


FAILS_ONCE = """
from pathlib import Path
from stratix_tasks import each, flow, task
mended = Path("{root}") / "mended"
@task
def item(x: int) -> int:
    if x == 3 and not mended.exists():
        raise ValueError("no 3")
    return x * x
@flow
def in_seven():
    return item.map(each([1, 2, 3]))
"""


def test_two_notebooks_look_at_one_run_and_ask_it(notebook7: Server, browser: Any) -> None:
    """What is asked in the second, whose kernel does not run it, is done, and seen in both; the wheel scrolls the page, and keys in a
    view reach no cell."""
    pages = [browser.new_page() for _ in range(2)]
    cells = [FAILS_ONCE.format(root=notebook7.root), "run = in_seven.start()\nrun", *["#\n" * 30] * 2]
    first = Notebook(pages[0], notebook7.notebook("first", cells))
    first.run(0)
    first.run(1)
    pages[0].wait_for_selector(f"{SHOWN}[data-run-state=failed]", timeout=30_000)
    run = first.value("run.id")
    shown = f"from stratix_tasks import default_engine\ndefault_engine().run({run})"
    Notebook(pages[1], notebook7.notebook("second", [shown])).run(0)
    pages[1].click(f"{node('item')} .stx-name")
    pages[1].wait_for_selector(f"{SHOWN} [data-testid=item-row][data-state=failed]")
    (notebook7.root / "mended").touch()
    pages[1].click(f"{SHOWN} [data-testid=node-retry]")
    for page in pages:
        page.wait_for_selector(f"{SHOWN}[data-run-state=completed]", timeout=30_000)
        page.wait_for_selector(f"{node('item')}[data-done='3']")

    page = pages[0]
    page.click(f"{node('item')} .stx-name")
    page.keyboard.type("dd")
    cell = "window.jupyterapp.shell.currentWidget.content"
    assert page.evaluate(f"{cell}.widgets.length") == 4
    canvas = page.locator(f"{SHOWN} .stx-canvas").bounding_box()
    page.mouse.move(canvas["x"] + 20, canvas["y"] + 20)
    place = "document.querySelector('.jp-WindowedPanel-outer').scrollTop"
    before = page.evaluate(place)
    page.mouse.wheel(0, 60)
    page.wait_for_function(f"before => {place} > before", arg=before)
    for page in pages:
        page.close()
