"""What ends a node, by click in a real JupyterLab; and motion, for who wants none."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e

DEFINE = """
import time
from stratix_tasks import each, flow, task, track
@task
def slow(n: int) -> int:
    for _ in track(range(10_000)):
        time.sleep(0.01)
    return n
@task
def after(n: int | None = None) -> int:
    return n or 0
@flow
def ended_by_hand():
    first = slow.options(name="cut")(1)
    after.options(name="behind")(first)
    second = slow.options(name="left")(2)
    after.options(name="beside")(second)
    slow.options(name="many").map(each([1, 2, 3]))
"""
SHOWN = "[data-testid=stratix-view]"
MOVING = """() => document.querySelector("[data-testid=stratix-view]").getAnimations({ subtree: true }).length"""


def node(name: str) -> str:
    return f"{SHOWN} [data-node={name}]"


def test_a_node_an_item_and_a_run_are_ended_by_click(lab: Server, page: Any) -> None:
    """One is cancelled, one skipped, an item of a third cancelled, then the run. What runs moves, unless the system asks for no motion."""
    book = Notebook(page, lab.notebook("ended", [DEFINE, "run = ended_by_hand.start()\nrun"]))
    book.run_all()
    for name in ("cut", "left", "many"):
        page.wait_for_selector(f"{node(name)}:is([data-state=running], [data-state=open])", timeout=60_000)
    page.locator(SHOWN).scroll_into_view_if_needed()
    page.wait_for_function(f"({MOVING})() > 0")
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(f"({MOVING})() === 0")
    page.emulate_media(reduced_motion="no-preference")

    page.click(f"{node('cut')} .stx-name")
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-cancel]")
    page.wait_for_selector(f"{node('cut')}[data-state=cancelled]")
    page.wait_for_selector(f"{node('behind')}[data-state=upstream_failed]")
    page.keyboard.press("Escape")
    page.click(f"{node('left')} .stx-name")
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-skip]")
    page.wait_for_selector(f"{node('left')}[data-state=skipped]")
    page.keyboard.press("Escape")
    page.click(f"{node('many')} .stx-name")
    page.click(f"{SHOWN} [data-testid=item-row][data-item='1']")
    page.wait_for_selector(f"{SHOWN} [data-testid=trail] [aria-current] >> text=[1]")
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-cancel]")
    page.wait_for_selector(f"{SHOWN} .stx-inspector header >> text=cancelled")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.click(f"{SHOWN} [data-testid=run-cancel]")
    page.wait_for_selector(f"{SHOWN}[data-run-state=cancelled]")
    states = "{row['name']: row['state'] for row in run.progress()}"
    assert (
        book.value(f"[{states}[name] for name in ('cut', 'left', 'many')]") == "['cancelled', 'skipped', 'cancelled']"
    )
