"""The live widget in a real JupyterLab, driven as a hand would."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e

DEFINE = """
import threading, time
from stratix_tasks import task, flow, each, track
@task
def load(n: int) -> list[int]:
    "Make the numbers."
    print("made", n)
    return list(range(n))
@task(runner="thread")
def work(x: int) -> int:
    for _ in track(range(40)):
        time.sleep(0.02)
    return x * x
@task
def total(parts: list[int]) -> int:
    return sum(parts)
@flow
def squares(n: int = 12):
    "Squares, slowly."
    return total(work.options(max=2).map(each(load(n))))
"""
SHOWN = "[data-testid=stratix-view]"


def node(name: str) -> str:
    return f"{SHOWN} [data-node={name}]"


def state(page: Any, wanted: str, timeout: float = 15_000) -> None:
    page.wait_for_selector(f"{SHOWN}[data-run-state={wanted}]", timeout=timeout)


@pytest.fixture
def started(lab: Server, page: Any, request: pytest.FixtureRequest) -> Notebook:
    """A notebook in which a run has been started and is shown."""
    cells = [DEFINE, "run = squares.start()\nrun"]
    book = Notebook(page, lab.notebook(request.node.name.replace("[", "_").replace("]", ""), cells))
    book.run_all()
    page.wait_for_selector(node("work"), timeout=30_000)
    return book


def wait_for_pause_and_resume(book: Notebook) -> float:
    """Click pause on the run while it runs, see it paused, resume it; returns seconds from click to paused in the page."""
    page = book.page
    state(page, "running")
    clicked = time.monotonic()
    page.click(f"{SHOWN} [data-testid=run-pause]")
    state(page, "paused")
    took = time.monotonic() - clicked
    page.click(f"{SHOWN} [data-testid=run-resume]")
    state(page, "running")
    return took


def test_a_flow_shows_its_graph_and_starts_by_click(lab: Server, page: Any) -> None:
    """Displaying a flow draws its graph; Run asks for its inputs and starts it, and the same view goes live."""
    book = Notebook(page, lab.notebook("graph", [DEFINE, "squares"]))
    book.run_all()
    page.wait_for_selector(node("total"), timeout=30_000)
    assert page.locator(f"{SHOWN} [data-testid=node]").count() == 3
    page.click(f"{SHOWN} [data-testid=run-start]")
    page.click(f"{SHOWN} [data-testid=start-send]")
    state(page, "running")
    page.wait_for_selector(f"{node('work')}[data-total='12']")


def test_pause_by_click_while_the_run_is_in_the_background(started: Notebook) -> None:
    """With no cell running, a click on pause pauses the run and a click on resume goes on."""
    assert wait_for_pause_and_resume(started) < 5


def test_pause_by_click_while_a_cell_awaits_the_run(started: Notebook) -> None:
    """While a cell awaits the run, clicks are handled at once."""
    started.execute("value = await run")
    assert wait_for_pause_and_resume(started) < 5
    state(started.page, "completed", 30_000)
    assert started.value("value") == "506"


def test_pause_by_click_while_a_cell_blocks_in_result(started: Notebook) -> None:
    """While a cell blocks in run.result(), clicks are handled at once."""
    started.execute("value = run.result()")
    assert wait_for_pause_and_resume(started) < 5
    state(started.page, "completed", 30_000)
    assert started.value("value") == "506"


@pytest.mark.parametrize("waiting", ["pass", "value = await run", "value = run.result()"])
def test_one_node_is_paused_by_click(started: Notebook, waiting: str) -> None:
    """Pausing a node by its toolbar holds it and what needs it; resuming lets it go, in all three ways of waiting."""
    page = started.page
    state(page, "running")
    started.execute(waiting)
    page.click(node("total"))
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-pause]")
    page.wait_for_selector(f"{node('total')}[data-state=held]", timeout=8_000)
    page.wait_for_selector(f"{node('work')}[data-state=completed]", timeout=30_000)
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-resume]")
    state(page, "completed", 15_000)


def test_the_inspector_shows_output_logs_and_items(started: Notebook) -> None:
    """Clicking a node opens its output, its prints and, of a mapped node, its items."""
    page = started.page
    page.wait_for_selector(f"{node('load')}[data-state=completed]", timeout=10_000)
    page.click(node("load"))
    page.wait_for_selector(f"{SHOWN} .stx-output >> text=list")
    page.click(f"{SHOWN} [data-testid=tab-logs]")
    page.wait_for_selector(f"{SHOWN} .stx-logs >> text=made 12")
    page.click(node("work"))
    page.wait_for_selector(f"{SHOWN} [data-testid=item-row][data-state=completed]", timeout=15_000)
    assert page.locator(f"{SHOWN} [data-testid=item-row]").count() >= 9


def test_a_saved_page_opens_offline_with_items_and_logs(started: Notebook, lab: Server) -> None:
    """`to_html` makes a page that, opened as a file, shows the items of a mapped node and what its bodies printed."""
    state(started.page, "completed", 30_000)
    started.value("run.to_html('page.html')[:1]")
    page = started.page.context.new_page()
    try:
        page.goto((lab.root / "page.html").as_uri())
        page.click(node("work"))
        page.wait_for_selector(f"{SHOWN} [data-testid=item-row][data-state=completed] >> text=121")
        page.click(node("load"))
        page.click(f"{SHOWN} [data-testid=tab-logs]")
        page.wait_for_selector(f"{SHOWN} .stx-logs >> text=made 12")
        assert page.locator(f"{SHOWN} [data-testid=run-cancel]").count() == 0
    finally:
        page.close()


def test_interrupting_a_waiting_cell_ends_the_wait_only(started: Notebook) -> None:
    """Interrupting a cell that blocks in result() acts within half a second, and the run goes on."""
    page = started.page
    state(page, "running")
    code = "import time\ntry:\n    run.result()\nexcept KeyboardInterrupt:\n    stopped = time.time()\n"
    started.execute("begun = True")
    started.value("begun")
    started.execute(code)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.status == 'busy'"
    )
    asked = time.time()
    started.interrupt()
    stopped = float(started.value("stopped"))
    assert stopped - asked < 0.5
    assert started.value("run.status") in ("'running'", "'completed'")


def test_a_failed_node_leads_with_its_error(lab: Server, page: Any) -> None:
    """A node that fails shows its error in a line; its descendants show that they can't run; retry by click goes on."""
    define = """
from stratix_tasks import task, flow
broken = True
@task
def first() -> int:
    return 1
@task
def divide(x: int) -> float:
    return x / (0 if broken else 1)
@task
def last(x: float) -> float:
    return x
@flow
def fails():
    return last(divide(first()))
"""
    book = Notebook(page, lab.notebook("fails", [define, "run = fails.start()\nrun"]))
    book.run_all()
    page.wait_for_selector(f"{node('divide')}[data-state=failed]", timeout=30_000)
    page.wait_for_selector(f"{node('last')}[data-state=upstream_failed]")
    page.wait_for_selector(f"{node('divide')} >> text=ZeroDivisionError: division by zero")
    book.execute("broken = False")
    page.click(f"{SHOWN} [data-testid=run-retry]")
    state(page, "completed")
    assert book.value("run.result()") == "1.0"


def test_keys_in_the_view_never_touch_the_cells(started: Notebook) -> None:
    """Keys pressed while anything in the view has the focus do not reach the notebook: no cell is deleted or cut."""
    page = started.page
    cells = page.locator(".jp-CodeCell").count()
    page.click(node("load"))
    places = {
        "its card": lambda: None,
        "a tab": lambda: page.click(f"{SHOWN} [data-testid=tab-why]"),
        "the close button": lambda: page.focus(f"{SHOWN} .stx-close"),
        "after Escape": lambda: page.keyboard.press("Escape"),
        "the canvas": lambda: page.click(f"{SHOWN} .react-flow__pane", position={"x": 5, "y": 5}),
        "a zoom button": lambda: page.click(f"{SHOWN} [data-testid=zoom-in]"),
    }
    for place, go in places.items():
        go()
        for key in ("d", "d", "x", "Delete", "Backspace"):
            page.keyboard.press(key)
        assert page.locator(".jp-CodeCell").count() == cells, place
