"""Control and recovery by hand in a real JupyterLab: breakpoints, edits, forks, rollbacks, and a kernel that is killed."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import KERNEL, Notebook, Server

pytestmark = pytest.mark.e2e

DEFINE = """
from pathlib import Path
from stratix_tasks import task, flow
gate = Path("{gate}")
@task
def load(n: int) -> list[int]:
    "Make the numbers."
    return list(range(n))
@task
def scale(xs: list[int], by: float = 1.0) -> list[float]:
    "Scale each number."
    return [x * by for x in xs]
@task
def wait(xs: list[float]) -> list[float]:
    "Wait for the gate to open."
    import time
    while not gate.exists():
        time.sleep(0.02)
    return xs
@task
def total(xs: list[float]) -> float:
    return sum(xs)
@flow
def {name}(n: int = 5):
    "Numbers, scaled and added up."
    return total(wait(scale(load(n), 2.0)))
"""
SHOWN = "[data-testid=stratix-view]"
BAR = f"{SHOWN} [data-testid=node-tools]"


def node(name: str) -> str:
    return f"{SHOWN} [data-node={name}]"


def state(page: Any, wanted: str, timeout: float = 20_000) -> None:
    """Wait until the view shows this state of its run; else say what it shows."""
    from playwright.sync_api import TimeoutError

    try:
        page.wait_for_selector(f"{SHOWN}[data-run-state={wanted}]", timeout=timeout)
    except TimeoutError as error:
        raise AssertionError(f"not {wanted}, but: {page.locator(SHOWN).all_inner_texts()}") from error


def book_of(lab: Server, page: Any, name: str, *cells: str) -> Notebook:
    """A notebook that defines the flow `name`, whose gate is closed, and runs its cells."""
    define = DEFINE.format(gate=lab.root / f"{name}.gate", name=name)
    book = Notebook(page, lab.notebook(name, [define, *cells]))
    book.run_all()
    page.wait_for_selector(node("total"), timeout=30_000)
    return book


def test_a_breakpoint_an_edit_and_a_rollback_by_hand(lab: Server, page: Any) -> None:
    """A breakpoint set by click stops the run before the node; an edited input is what the body gets after the resume.

    A rollback asks first, then sets back what came after; a run from a node is a new run that the view then shows.
    """
    book = book_of(lab, page, "steps", "run = steps.start()\nrun")
    page.wait_for_selector(f"{node('wait')}[data-state=running]", timeout=20_000)
    page.click(node("total"))
    page.click(f"{BAR} [data-testid=node-breakpoint]")
    page.wait_for_selector(f"{node('total')} [data-testid=breakpoint]")
    book.execute("gate.touch()")
    page.wait_for_selector(f"{node('total')}[data-state=held]")
    page.wait_for_selector(f"{node('total')} >> text=at its breakpoint")

    page.click(f"{BAR} [data-testid=edit-input]")
    from playwright.sync_api import expect

    field = page.locator(f"{SHOWN} [data-name=xs] [data-testid=input-field]")
    expect(field).to_have_value("[0.0, 2.0, 4.0, 6.0, 8.0]", timeout=10_000)
    field.fill("[1, 2")
    page.click(f"{SHOWN} [data-testid=input-save]")
    page.wait_for_selector(f"{SHOWN} [data-testid=input-told] >> text=It breaks off: ] is missing")
    field.fill("[100.0, 1.5]")
    page.click(f"{SHOWN} [data-testid=input-save]")
    page.wait_for_selector(f"{SHOWN} [data-name=xs] >> text=set by hand")
    page.click(f"{BAR} [data-testid=node-resume]")
    state(page, "completed")
    page.wait_for_selector(f"{node('total')} >> text=101.5")
    assert book.value("run.result()") == "101.5"

    page.keyboard.press("Escape")  # the button that was clicked is gone, and the panel may lie on others
    page.wait_for_selector(f"{SHOWN} .stx-inspector", state="detached")
    page.click(node("scale"))
    page.click(f"{BAR} [data-testid=node-rollback]")
    page.click(f"{SHOWN} [data-testid=confirm-yes]")
    state(page, "paused")
    page.wait_for_selector(f"{node('total')}[data-state=pending]")
    assert page.locator(f"{node('scale')}[data-state=completed]").count() == 1

    page.click(f"{BAR} [data-testid=node-fork]")
    page.wait_for_selector(f"{SHOWN} [data-testid=run-origin]")
    state(page, "completed")
    page.wait_for_selector(f"{node('total')} >> text=20.0")
    page.click(f"{SHOWN} [data-testid=run-origin]")
    state(page, "paused")


def test_a_run_goes_on_by_click_after_its_kernel_was_killed(lab: Server, page: Any) -> None:
    """The view says that its kernel is gone. In a new one the run shows what happened and which cells to run; a click on the banner goes on to the end.

    The view of its flow tells of it, and by itself no more once it goes on."""
    book = book_of(lab, page, "killed", "run = killed.start()\nrun")
    page.wait_for_selector(f"{node('wait')}[data-state=running]", timeout=20_000)
    run_id = book.value("run.id").strip("'")
    page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
    page.wait_for_selector(f"{SHOWN} [data-testid=banner] >> text=No kernel answers", timeout=20_000)
    assert page.locator(f"{SHOWN} [data-testid=run-pause]").count() == 0

    define = DEFINE.format(gate=lab.root / "killed.gate", name="killed")
    look = "from stratix_tasks import default_engine\nrun = default_engine().run({id!r})\nrun"
    page.close()
    again = page.context.new_page()
    try:
        url = lab.notebook("again", [look.format(id=run_id), define, "killed", "run"])
        book = Notebook(again, url)
        book.run(0)
        again.wait_for_selector(f"{SHOWN} [data-testid=banner] >> text=First run the cells that define", timeout=60_000)
        for cell in (1, 2, 3):
            book.run(cell)
        flow_banner = again.locator(f"{SHOWN}[data-run-state=none] [data-testid=banner]")
        flow_banner.wait_for(timeout=20_000)
        assert "1 interrupted run" in flow_banner.inner_text()
        last = again.locator(f"{SHOWN}[data-run-state=interrupted]").last
        last.locator("[data-testid=banner] >> text=2 of 4 done, nothing recorded is lost").wait_for()
        last.locator("[data-testid=banner-recover]").click()
        again.wait_for_selector(f"{SHOWN}[data-run-state=running] [data-node=wait][data-state=running]", timeout=60_000)
        flow_banner.wait_for(state="detached", timeout=20_000)
        book.execute("gate.touch()")
        state(again, "completed")
        assert book.value("run.result()") == "20.0"
    finally:
        again.close()


ENDS = {"banner-recover": ("completed", 20.0), "banner-rerun": ("completed", 30.0), "banner-fork": ("cancelled", 30.0)}
"""By the click: what becomes of the run that was left, and what it or the new one, which the view then shows, comes to."""


@pytest.mark.parametrize("choice", ENDS)
def test_a_click_says_how_a_run_goes_on_whose_code_has_changed(lab: Server, page: Any, choice: str) -> None:
    """The banner names what has changed. It keeps the results, runs again what changed, or starts a new run."""
    name = choice.replace("banner-", "changed_")
    book = book_of(lab, page, name, f"run = {name}.start()\nrun")
    page.wait_for_selector(f"{node('wait')}[data-state=running]", timeout=20_000)
    run_id = book.value("run.id").strip("'")
    page.evaluate(f"async () => {{ await {KERNEL}.restart() }}")
    page.close()
    again = page.context.new_page()
    try:
        define = DEFINE.format(gate=lab.root / f"{name}.gate", name=name).replace("x * by", "x * by * 1.5")
        look = f"from stratix_tasks import default_engine\nrun = default_engine().run({run_id!r})\nrun"
        book = Notebook(again, lab.notebook(f"{name}_again", [define, look]))
        book.run_all()
        again.wait_for_selector(f"{SHOWN} [data-testid=banner] >> text=The code of scale has changed", timeout=60_000)
        book.execute("gate.touch()")
        again.click(f"{SHOWN} [data-testid={choice}]")
        state(again, "completed")
        assert book.value("run.status, default_engine().runs()[0].result(20)") == str(ENDS[choice])
        assert again.locator(f"{SHOWN} [data-testid=banner]").count() == 0
    finally:
        again.close()


READ = """
from pathlib import Path
from stratix_tasks import flow, task
gate = Path("{gate}")
@task
def rates() -> int:
    if not gate.exists():
        raise ValueError("no rates yet")
    return 3
@task
def price(rate: int) -> int:
    return rate * 2
@task
def notes(rate: int | None = None) -> str:
    return f"at {{rate}}"
@flow
def read_twice():
    rate = rates()
    return price(rate), notes.options(join="settled")(rate)
"""


def test_a_retry_asks_whether_what_was_made_is_to_be_made_again(lab: Server, page: Any) -> None:
    """Of a node by its key, of the run by its button. Both say who has gone on without it; `Keep` changes nothing."""
    define = READ.format(gate=lab.root / "read.gate")
    book = Notebook(page, lab.notebook("read", [define, "run = read_twice.start()\nrun"]))
    book.run_all()
    state(page, "failed", 30_000)
    book.execute("gate.touch()")
    asks = page.locator(f"{SHOWN} [role=alertdialog]")
    page.locator(f"{SHOWN} .react-flow__node", has=page.locator("[data-node=rates]")).focus()
    page.keyboard.press("r")
    asks.get_by_text("'notes' has gone on without it.").wait_for()
    page.wait_for_function("document.activeElement.matches('[data-testid=confirm-yes]')")
    page.click(f"{SHOWN} [data-testid=confirm-no]")
    assert book.value("run.status") == "'failed'"
    page.click(f"{SHOWN} [data-testid=run-retry]")
    asks.get_by_text("'notes' is rolled back").wait_for()
    page.click(f"{SHOWN} [data-testid=confirm-yes] >> text=Roll back and retry")
    state(page, "completed")
    assert (asks.count(), book.value("run.result()")) == (0, "(6, 'at 3')")
