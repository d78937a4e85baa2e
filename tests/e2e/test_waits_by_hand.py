"""What waits, under a hand in a real JupyterLab: approvals and signals by click and by keys, and what axe-core finds."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server
from test_hand import AXE, BAR, LIVE, SHOWN, dark, have_axe, node, violations

pytestmark = pytest.mark.e2e

DEFINE = """
from stratix_tasks import approval, each, flow, signal, sleep, task
@task
def build() -> str:
    return "wheel"
@task
def publish(approved: dict, notes: dict, regions: list) -> str:
    return f"{notes['title']} {len(regions)}"
@flow
def NAME():
    wheel = build()
    ask = approval.options(name="ask", after=[wheel])("Ship it?", timeout="1d")
    notes = signal.options(name="notes", after=[wheel])("release-notes")
    regions = approval.options(name="regions", after=[wheel]).map(each(["EU?", "US?"]))
    nap = sleep.options(name="nap", after=[wheel])("1h")
    return publish.options(after=[nap])(ask, notes, regions)
"""


def open_book(lab: Server, page: Any, name: str) -> Notebook:
    """A notebook whose run waits for two approvals, a signal and its time."""
    book = Notebook(page, lab.notebook(name, [DEFINE.replace("NAME", name), f"run = {name}.start()\nrun"]))
    book.run_all()
    page.wait_for_selector(
        f"{LIVE} [data-testid=run-waits] >> text=waiting for 3 approvals and 1 signal", timeout=30_000
    )
    return book


def ended(page: Any, book: Notebook, value: str) -> None:
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed]", timeout=20_000)
    assert book.value("run.result()") == repr(value)


def test_a_person_approves_and_sends_by_click_and_the_run_goes_on(lab: Server, page: Any) -> None:
    """What the run waits for leads to the node. Its inspector says what is asked, and then who approved; an item of a map
    is approved alone; a value that is no JSON is not sent."""
    book = open_book(lab, page, "clicked")
    page.wait_for_selector(f"{node('ask')}[data-state=waiting] >> text=Ship it? · ")
    page.click(f"{LIVE} [data-testid=run-waits]")
    page.wait_for_selector(f"{LIVE} [data-testid=node-wait] >> text=Somebody is to approve: Ship it?")
    assert page.locator(f"{BAR} [data-testid=node-pause]").is_disabled()
    page.click(f"{BAR} [data-testid=node-approve]")
    page.wait_for_selector(f"{node('ask')}[data-state=completed] >> text=approved by")
    page.wait_for_selector(f"{LIVE} [data-testid=node-approved] >> text=Approved by")
    assert page.locator(f"{LIVE} [data-testid=node-approve]").count() == 0

    page.click(node("regions"))
    page.locator(f"{LIVE} [data-testid=item-row]").nth(1).click()
    page.wait_for_selector(f"{LIVE} [data-testid=node-wait] >> text=US?")
    page.wait_for_selector(f"{BAR} [data-testid=tools-item] >> text=[1]")
    page.click(f"{BAR} [data-testid=node-approve] >> text=Approve")
    page.wait_for_selector(f"{LIVE} [data-testid=node-approved]")
    page.wait_for_selector(f"{node('regions')}[data-done='1'] >> text=EU?")
    page.click(f"{LIVE} [data-testid=crumb] >> text=regions")
    page.click(f"{BAR} [data-testid=node-approve] >> text=Approve all")
    page.wait_for_selector(f"{node('regions')}[data-state=completed]")

    page.click(node("notes"), button="right")
    page.click(f"{LIVE} .stx-menu [data-testid=node-send]")
    page.fill(f"{LIVE} [data-testid=send-value]", "all new")
    page.wait_for_selector(f"{LIVE} .stx-wrong >> text=Not JSON")
    assert page.locator(f"{LIVE} [data-testid=confirm-yes]").is_disabled()
    page.fill(f"{LIVE} [data-testid=send-value]", '{"title": "All new"}')
    page.click(f"{LIVE} [data-testid=confirm-yes]")
    page.wait_for_selector(f"{node('notes')}[data-state=completed]")
    page.wait_for_selector(f"{LIVE} [data-testid=run-waits] >> text=asleep")
    page.click(node("nap"))
    page.click(f"{BAR} [data-testid=node-menu]")
    page.click(f"{LIVE} .stx-menu [data-testid=node-give]")
    page.fill(f"{LIVE} [data-testid=skip-value]", "null")
    page.click(f"{LIVE} [data-testid=confirm-yes]")
    ended(page, book, "All new 2")


def test_a_person_rejects_with_a_word_why(lab: Server, page: Any) -> None:
    """By the button beside Approve, or by X; only once it is said for good. The node fails with what was written, and can be tried
    again; no letter of it is a key, and no cell of the notebook is cut."""
    book = open_book(lab, page, "rejected")
    page.click(f"{LIVE} [data-testid=run-waits]")
    page.wait_for_selector(f"{BAR} [data-testid=node-approve]")
    page.click(f"{BAR} [data-testid=node-reject]")
    page.wait_for_function("document.activeElement.matches('[data-testid=reject-note]')")
    page.click(f"{LIVE} [data-testid=confirm-no]")
    assert page.locator(f"{node('ask')}[data-state=waiting]").count() == 1
    page.locator(f"{LIVE} .react-flow__node", has=page.locator("[data-node=ask]")).focus()
    page.keyboard.press("x")
    page.wait_for_function("document.activeElement.matches('[data-testid=reject-note]')")
    page.keyboard.type("not on a Friday")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{node('ask')}[data-state=failed]")
    page.wait_for_selector(f"{LIVE} .stx-inspector >> text=not on a Friday")
    assert "not on a Friday" in book.value("run.why('ask')")
    page.click(f"{BAR} [data-testid=node-retry]")
    page.wait_for_selector(f"{node('ask')}[data-state=waiting]")
    assert page.locator(".jp-CodeCell").count() == 2
    book.execute("run.cancel()")


def test_waits_are_answered_by_keys_alone(lab: Server, page: Any) -> None:
    """What the run waits for leads to the node. A approves what the focus is on, or asks for the value of a signal, which Enter sends; the focus comes back."""
    book = open_book(lab, page, "keyed_waits")

    def focus(name: str) -> None:
        page.locator(f"{LIVE} .react-flow__node", has=page.locator(f"[data-node={name}]")).focus()

    page.locator(f"{LIVE} [data-testid=run-waits]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LIVE} .stx-inspector header >> text=ask")
    assert page.evaluate("document.activeElement.querySelector('[data-node]')?.dataset.node") == "ask"
    page.keyboard.press("a")
    page.wait_for_selector(f"{node('ask')}[data-state=completed]")
    focus("regions")
    page.keyboard.press("a")
    page.wait_for_selector(f"{node('regions')}[data-state=completed]")
    focus("notes")
    page.keyboard.press("a")
    page.wait_for_function("document.activeElement.matches('[data-testid=send-value]')")
    page.keyboard.type('{"title": "Typed"}')
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{node('notes')}[data-state=completed]")
    assert page.evaluate("document.activeElement.querySelector('[data-node]')?.dataset.node") == "notes"
    focus("nap")
    page.keyboard.press("v")
    page.wait_for_function("document.activeElement.matches('[data-testid=skip-value]')")
    page.keyboard.type("null")
    page.keyboard.press("Enter")
    ended(page, book, "Typed 2")
    assert page.locator(".jp-CodeCell").count() == 2


def test_axe_finds_nothing_serious_in_what_waits(lab: Server, page: Any) -> None:
    """The cards, the inspector of an approval, before and after, and the question for a value, in either theme."""
    have_axe()
    book = open_book(lab, page, "accessible_waits")
    book.execute("run.approve('regions[0]', by='ana')")
    page.wait_for_selector(f"{node('regions')}[data-done='1']")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in (False, True):
        dark(page, theme)
        name = "dark" if theme else "light"
        found += violations(page, f"{name}, graph")
        page.click(node("ask"))
        page.wait_for_selector(f"{LIVE} [data-testid=node-wait]")
        found += violations(page, f"{name}, approval")
        page.click(node("regions"))
        page.locator(f"{LIVE} [data-testid=item-row]").first.click()
        page.wait_for_selector(f"{LIVE} [data-testid=node-approved]")
        found += violations(page, f"{name}, approved")
        page.click(node("notes"))
        page.keyboard.press("a")
        page.wait_for_selector(f"{LIVE} [data-testid=send-value]")
        found += violations(page, f"{name}, signal")
        page.keyboard.press("Escape")
    book.execute("run.cancel()")
    assert found == []
