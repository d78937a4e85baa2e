"""Parts of a flow by hand: run until a node, and with a result pinned in the place of a node, in a real JupyterLab."""

from __future__ import annotations

from ast import literal_eval
from typing import Any

import pytest
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e

DEFINE = """
from stratix_tasks import flow, task
called = []
@task
def first(n: int) -> list[int]:
    called.append("first")
    return list(range(n))
@task
def second(xs: list[int]) -> int:
    called.append("second")
    return sum(xs)
@task
def third(x: int) -> int:
    called.append("third")
    return 10 * x
@flow
def until_by_hand(n: int = 4) -> int:
    return third(second(first(n)))
@flow
def pinned_by_hand() -> int:
    return third(second(first(5)))
"""
SHOWN = "[data-testid=stratix-view]"


def shown(lab: Server, page: Any, name: str, cell: str) -> Notebook:
    book = Notebook(page, lab.notebook(name, [DEFINE, cell]))
    page.set_default_timeout(20_000)
    book.run_all()
    page.wait_for_selector(f"{SHOWN} [data-node=third]", timeout=40_000)
    return book


def chosen(page: Any, node: str, entry: str) -> None:
    """From the menu of a node."""
    page.click(f"{SHOWN} [data-node={node}] .stx-name", button="right")
    page.click(f"{SHOWN} .stx-menu [data-testid={entry}]")


def test_a_run_goes_until_the_node_that_is_chosen(lab: Server, page: Any) -> None:
    """In the editor by its key, asking for the inputs; from the menu of a run's node in a run of its own. The view tells where that
    goes, and all of the flow is still there."""
    book = shown(lab, page, "until_by_hand", "until_by_hand.edit()")
    page.wait_for_selector(f"{SHOWN} .stx-palette")  # the canvas has its width from then on
    page.click(f"{SHOWN} [data-testid=fit]")
    page.click(f"{SHOWN} [data-node=second] .stx-name")
    page.wait_for_selector(f"{SHOWN} .react-flow__node.selected[data-id=second]")
    page.keyboard.press("t")
    page.fill(f"{SHOWN} [data-testid=start-n]", "3")
    page.click(f"{SHOWN} [data-testid=start-send]")
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-until] >> text=until second")
    page.wait_for_selector(f"{SHOWN} [data-node=third][data-state=skipped]")
    assert literal_eval(book.value("called")) == ["first", "second"]
    chosen(page, "first", "node-run-to")
    page.click(f"{SHOWN} [data-testid=start-send]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-until] >> text=until first")
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed] [data-node=second][data-state=skipped]")
    assert literal_eval(book.value("called")) == ["first", "second", "first"]


def test_a_result_is_pinned_and_unpinned(lab: Server, page: Any) -> None:
    """What a run gave stands in its place from then on, and the card says so; one key in the editor takes that back."""
    book = shown(lab, page, "pinned_by_hand", "pinned_by_hand")
    page.click(f"{SHOWN} [data-testid=run-start]")
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed]")
    chosen(page, "second", "node-pin")
    page.wait_for_selector(f"{SHOWN}[data-run-state=none] [data-node=second] >> text=pinned")
    assert literal_eval(book.value("pinned_by_hand.edits")) == ["pin second"]
    book.execute("called.clear()")
    page.click(f"{SHOWN} [data-testid=edit-mode]")
    page.wait_for_selector(f"{SHOWN}[data-mode=edit] [data-node=second] >> text=pinned")
    page.click(f"{SHOWN} [data-testid=run-start]")
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed]")
    assert literal_eval(book.value("(called, pinned_by_hand._last_run.result())")) == (["first", "third"], 100)
    page.click(f"{SHOWN} [data-testid=edit-mode]")
    page.click(f"{SHOWN}[data-mode=edit] [data-node=second] .stx-name")
    page.keyboard.press("p")
    page.wait_for_selector(f"{SHOWN}[data-mode=edit] [data-node=second] >> text=pinned", state="detached")
    assert literal_eval(book.value("pinned_by_hand.edits")) == ["pin second", "unpin second"]
