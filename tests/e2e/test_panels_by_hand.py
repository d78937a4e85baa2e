"""The panel by hand: what it says of a body that runs, its items, the form of a question, its width, and narrow views."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter import Notebook, Server
from test_hand import AXE, have_axe, violations

pytestmark = pytest.mark.e2e

DEFINE = """
import threading
import pandas as pd
from stratix_tasks import task, flow, each, ask, track, repeat
gate = threading.Event()
@task
def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(n), "half": [x / 2 for x in range(n)]})
@task
def slow(n: int) -> int:
    for step in track(range(10)):
        print("step", step)
        if step == 5:
            gate.wait(120)
    return n
@task
def each_one(x: int, table: pd.DataFrame) -> int:
    if x == 77:
        raise ValueError("no 77")
    return x * x
@task
def grown(n: int) -> int:
    return n + 1
@flow
def panels():
    table = frame(40)
    slow(1)
    each_one.options(key="k{x}").map(each(list(range(100))), table=table)
    repeat(grown, 0, max=4)
    ask("How many rows?", fields={"rows": int, "keep": bool})
"""
SHOWN = "[data-testid=stratix-view]"


def node(name: str) -> str:
    return f"{SHOWN} [data-node={name}]"


def choose(page: Any, name: str) -> None:
    """Opens a node, also one that lies under the panel of another."""
    page.wait_for_selector(node(name))
    page.evaluate("name => document.querySelector(name).closest('.react-flow__node').click()", node(name))
    page.wait_for_selector(f"{SHOWN} .stx-inspector header b >> text='{name}'")


def test_a_panel_shows_what_there_is_to_see(lab: Server, page: Any) -> None:
    """A frame as a table, also where it is an argument; of a body that runs how far it is and what it printed last; items that
    failed first, filtered and searched; rounds; a question that is answered by a form. In both themes without a fault for who
    can't see it."""
    have_axe()
    book = Notebook(page, lab.notebook("panels", [DEFINE, "run = panels.start()\nrun"]))
    book.run_all()
    page.wait_for_selector(f"{node('each_one')}[data-state=failed]", timeout=60_000)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    choose(page, "slow")
    page.wait_for_selector(f"{SHOWN} [data-testid=under-way] >> text=step 5", timeout=20_000)
    assert page.locator(f"{SHOWN} [data-testid=under-way] [role=progressbar]").count() == 1
    found = violations(page, "a body that runs")

    choose(page, "frame")
    page.wait_for_selector(f"{SHOWN} [data-testid=preview-table] >> text=float64")
    found += violations(page, "a table")
    choose(page, "each_one")
    first = page.locator(f"{SHOWN} [data-testid=item-row]").first
    page.wait_for_selector(f"{SHOWN} [data-testid=item-row][data-item='77']")
    assert first.get_attribute("data-item") == "77"
    page.click(f"{SHOWN} [data-testid=item-chip][data-state=completed]")
    page.wait_for_selector(f"{SHOWN} [data-testid=items][data-matching='99']")
    page.click(f"{SHOWN} [data-testid=item-chip][data-state=completed]")
    page.fill(f"{SHOWN} [data-testid=item-search]", "no 77")
    page.wait_for_selector(f"{SHOWN} [data-testid=items][data-matching='1']")
    found += violations(page, "items")
    page.click(f"{SHOWN} [data-testid=item-row]")
    page.wait_for_selector(f"{SHOWN} [data-testid=trail] [aria-current] >> text=[77]")
    page.click(f"{SHOWN} [data-testid=tab-inputs]")
    page.wait_for_selector(f"{SHOWN} [data-name=table] [data-testid=preview-table]")
    choose(page, "each_one")
    page.click(f"{SHOWN} [data-testid=tab-output]")
    page.wait_for_selector(f"{SHOWN} [data-testid=items]")
    choose(page, "grown")
    page.wait_for_selector(f"{SHOWN} [data-testid=items][data-total='4']")

    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_selector(f"{SHOWN}[data-theme=dark]")
    choose(page, "ask")
    page.wait_for_selector(f"{SHOWN} [data-testid=answer]")
    found += violations(page, "a question")
    page.fill(f"{SHOWN} [data-testid=answer-rows]", "[1")
    page.wait_for_selector(f"{SHOWN} [data-testid=answer] .stx-wrong >> text=breaks off")
    page.fill(f"{SHOWN} [data-testid=answer-rows]", "7")
    page.check(f"{SHOWN} [data-testid=answer-keep]")
    page.click(f"{SHOWN} [data-testid=answer-send]")
    page.wait_for_selector(f"{node('ask')}[data-state=completed]")
    assert book.value("run.output('ask')") == "{'rows': 7, 'keep': True}"
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    book.execute("gate.set()")
    assert found == []


def test_a_panel_is_as_wide_as_its_edge_is_dragged(lab: Server, page: Any) -> None:
    """The graph stays where it is. In a narrow view the panel lies over the lower part, and what can be done with the run stands beside
    its name, how it is below them."""
    book = Notebook(page, lab.notebook("wide", [DEFINE, "gate.set()\nrun = panels.start()\nrun"]))
    book.run_all()
    page.wait_for_selector(f"{node('frame')}[data-state=completed]", timeout=60_000)
    choose(page, "frame")
    panel = page.locator(f"{SHOWN} .stx-inspector")
    panel.wait_for()
    before, card = panel.bounding_box(), page.locator(node("frame")).bounding_box()
    edge = page.locator(f"{SHOWN} [data-testid=panel-width]").bounding_box()
    page.mouse.move(edge["x"] + 3, edge["y"] + 50)
    page.mouse.down()
    page.mouse.move(edge["x"] - 97, edge["y"] + 50, steps=4)
    page.mouse.up()
    assert abs(panel.bounding_box()["width"] - before["width"] - 100) < 8
    assert page.locator(node("frame")).bounding_box() == card
    page.set_viewport_size({"width": 620, "height": 900})
    page.wait_for_function(
        "(name) => { const one = document.querySelector(name), main = one.parentElement;"
        " return one.clientWidth >= main.clientWidth - 2 && one.clientHeight < main.clientHeight * 0.7 }",
        arg=f"{SHOWN} .stx-inspector",
    )
    name, actions, state = (
        page.locator(f"{SHOWN} .stx-top > .stx-{part}").bounding_box() for part in ("title", "actions", "run")
    )
    assert name["x"] + name["width"] <= actions["x"] and abs(name["y"] - actions["y"]) < 20
    assert state["y"] >= max(one["y"] + one["height"] for one in (name, actions))
    book.execute("run.cancel()")


MENDED = """
import pandas as pd
from stratix_tasks import flow, task
@task
def frame(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(n)})
@task
def ratio(table: pd.DataFrame, factor: float = 0.0) -> float:
    return len(table) / factor
@task
def falls() -> None:
    raise ValueError("no")
@flow
def mended_by_hand():
    falls()
    return ratio(frame(60))
"""
IN_SIGHT = """name => {
    const found = document.querySelector(name);
    if (!found) return false;
    const box = found.getBoundingClientRect(), panel = found.closest(".stx-inspector").getBoundingClientRect();
    return box.top >= panel.top && box.bottom <= panel.bottom;
}"""


def test_a_count_leads_to_what_failed_and_its_argument_is_mended_in_sight(lab: Server, page: Any) -> None:
    """Each click on a count goes to the next node in that state. Below a long table the field that can be edited is in sight
    with what is wrong about it, in words of its type; saved and tried again, the node completes."""
    book = Notebook(page, lab.notebook("mended", [MENDED, "run = mended_by_hand.start()\nrun"]))
    book.run_all()
    page.wait_for_selector(f"{SHOWN}[data-run-state=failed]", timeout=60_000)
    count = page.locator(f"{SHOWN} button.stx-count[data-state=failed]")
    count.click()
    page.wait_for_selector(f"{SHOWN} .stx-inspector header b >> text='falls'")
    count.click()
    page.wait_for_selector(f"{SHOWN} .stx-inspector header b >> text='ratio'")
    page.keyboard.press("e")
    field = f"{SHOWN} [data-name=factor] [data-testid=input-field]"
    page.wait_for_selector(f"{SHOWN} [data-name=table] [data-testid=preview-table]")
    page.wait_for_function(IN_SIGHT, arg=field)
    page.fill(field, "abc")
    page.keyboard.press("Enter")
    page.wait_for_selector(
        f"{SHOWN} [data-name=factor] [data-testid=input-told] >> text='Write a number, such as 0.5.'"
    )
    page.wait_for_function(IN_SIGHT, arg=f"{SHOWN} [data-name=factor] [data-testid=input-told]")
    page.fill(field, "4")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{SHOWN} [data-name=factor] .stx-from >> text=set by hand")
    page.click(f"{SHOWN} [data-testid=node-tools] [data-testid=node-retry]")
    page.wait_for_selector(f"{node('ratio')}[data-state=completed]")
    assert book.value("run.output('ratio')") == "15.0"
