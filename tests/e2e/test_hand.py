"""The view under a hand: clicks that shake, keys alone, many views on a page, and what axe-core finds."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
SHOWN = "[data-testid=stratix-view]"
LIVE = f"{SHOWN}:not([data-run-state=none])"
BAR = f"{LIVE} [data-testid=node-tools]"
DEFINE = """
import time
from pathlib import Path
from stratix_tasks import each, flow, task, track
gate = Path("{gate}")
@task
def load(n: int) -> list[int]:
    "Make the numbers."
    for i in range(60):
        print("line", i)
    return list(range(n))
@task
def item(x: int) -> int:
    if x == 3:
        raise ValueError("it is three " * 200)
    return x
@task
def wait(xs: list[int]) -> int:
    for _ in track(range(10_000)):
        if gate.exists():
            break
        time.sleep(0.05)
    return len(xs)
@task
def total(n: int, by: float = 2.0, text: str = "a") -> float:
    return n * by
@task
def spare(n: int) -> int:
    return n
@flow
def {name}(n: int = 40):
    "Numbers, looked at by hand."
    xs = load(n)
    item.map(each(xs))
    count = wait(xs)
    return total(count), spare(count)
"""


def node(name: str) -> str:
    return f"{LIVE} [data-node={name}]"


def choose(page: Any, name: str) -> None:
    """Closes the panel, which may lie on the node, and opens that of the node."""
    page.click(f"{LIVE} .stx-inspector [aria-label=Close]")
    page.wait_for_selector(f"{LIVE} .stx-inspector", state="detached")
    page.click(node(name))


def open_book(lab: Server, page: Any, name: str, *cells: str) -> Notebook:
    book = Notebook(page, lab.notebook(name, [DEFINE.format(gate=lab.root / f"{name}.gate", name=name), *cells]))
    book.run_all()
    page.wait_for_selector(f"{node('wait')}[data-state=running]", timeout=30_000)
    page.wait_for_selector(f"{node('item')}[data-state=failed]", timeout=30_000)
    return book


def dark(page: Any, on: bool) -> None:
    """Changes the theme of JupyterLab, and waits until the views have it."""
    name = "JupyterLab Dark" if on else "JupyterLab Light"
    page.evaluate("t => window.jupyterapp.commands.execute('apputils:change-theme', {theme: t})", name)
    page.wait_for_selector(f"{LIVE}[data-theme={'dark' if on else 'light'}]", timeout=20_000)


def have_axe() -> None:
    """Skips where axe-core is not installed; in CI that is a failure."""
    if not AXE.exists():
        message = "axe-core is not there: `sh scripts/widget.sh test` installs it with the front end's packages"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)


def violations(page: Any, where: str) -> list[str]:
    """What axe-core finds in all views that is serious or critical."""
    found = page.evaluate(
        """async () => {
            const seen = await axe.run({include: [['[data-testid=stratix-view]']]}, {resultTypes: ['violations']});
            return seen.violations
                .filter(one => ['serious', 'critical'].includes(one.impact))
                .map(one => `${one.id}: ${one.nodes.map(at => at.target.join(' ')).join('; ')}`);
        }"""
    )
    return [f"{where}: {one}" for one in found]


def test_axe_finds_nothing_serious_in_either_theme(lab: Server, page: Any) -> None:
    """On the graph with its banner, a failed map, one of its items with its traceback, logs, the inputs form, and the menu."""
    have_axe()
    book = open_book(
        lab,
        page,
        "accessible",
        "from stratix_tasks import Engine\nwith Engine() as other:\n    other.start(accessible)\naccessible",
        "run = accessible.start()\nrun.breakpoint('total')\nrun.skip('spare')\nrun",
    )
    page.wait_for_selector(f"{SHOWN}[data-run-state=none] [data-testid=banner]", timeout=20_000)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = []
    for theme in (False, True):
        dark(page, theme)
        name = "dark" if theme else "light"
        found += violations(page, f"{name}, graph")
        page.click(node("item"))
        page.locator(f"{LIVE} [data-testid=item-row][data-state=failed]").first.click()
        page.click(f"{LIVE} .stx-error summary")
        found += violations(page, f"{name}, item")
        choose(page, "load")
        page.click(f"{LIVE} [data-testid=tab-logs]")
        page.wait_for_selector(f"{LIVE} .stx-logs")
        found += violations(page, f"{name}, logs")
        choose(page, "total")
        page.keyboard.press("e")
        page.wait_for_selector(f"{LIVE} [data-testid=input-field]")
        found += violations(page, f"{name}, inputs")
        page.click(f"{BAR} [data-testid=node-menu]")
        page.wait_for_selector(f"{LIVE} .stx-menu")
        found += violations(page, f"{name}, menu")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.wait_for_selector(f"{LIVE} .stx-inspector", state="detached")
    book.execute("gate.touch(); run.cancel()")
    assert found == []


def test_a_click_counts_though_the_hand_shakes(lab: Server, page: Any) -> None:
    """Press, move by some pixels, release: the node opens with its toolbar, again and again while updates stream in."""
    book = open_book(lab, page, "shaky", "run = shaky.start()\nrun")
    for name in ("total", "wait", "load", "total", "spare", "wait") * 3:
        page.keyboard.press("Escape")
        page.locator(node(name)).hover()
        box = page.locator(node(name)).bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 3, y + 2)
        page.mouse.up()
        page.wait_for_selector(f"{BAR} [aria-label='Actions on {name}']", timeout=10_000)
    book.execute("gate.touch(); run.cancel()")


def test_everything_by_keys_alone(lab: Server, page: Any) -> None:
    """A node is reached with Tab and opened with Enter; keys act on it, or on the item that is open; the focus goes where
    one types and comes back, so that no key reaches the notebook."""
    book = open_book(lab, page, "keyed", "run = keyed.start()\nrun")
    page.locator(f"{LIVE} .react-flow__node", has=page.locator("[data-node=total]")).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LIVE} .stx-inspector >> text=total")
    page.keyboard.press("b")
    page.wait_for_selector(f"{node('total')} [data-testid=breakpoint]")
    page.keyboard.press("p")
    page.wait_for_selector(f"{node('total')}[data-state=held]", timeout=10_000)
    page.keyboard.press("e")
    page.wait_for_selector(f"{LIVE} [data-name=by] textarea")
    page.wait_for_function("document.activeElement.matches('[data-testid=input-field]')")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{LIVE} .stx-inspector", state="detached")
    assert page.evaluate("document.activeElement.querySelector('[data-node]')?.dataset.node") == "total"

    page.keyboard.press("Shift+F10")
    page.wait_for_selector(f"{LIVE} .stx-menu")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{LIVE} .stx-menu", state="detached")
    assert page.evaluate("document.activeElement.querySelector('[data-node]')?.dataset.node") == "total"
    page.keyboard.press("v")
    page.keyboard.type("1.5")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{node('total')}[data-state=completed] >> text=1.5")

    page.locator(f"{LIVE} .react-flow__node", has=page.locator("[data-node=item]")).focus()
    page.keyboard.press("Enter")
    page.locator(f"{LIVE} [data-testid=item-row][data-state=failed]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{LIVE} [data-testid=trail] [aria-current] >> text=[3]")
    page.wait_for_selector(f"{LIVE} .stx-inspector .stx-word >> text=failed")
    assert page.evaluate("document.activeElement.matches('.stx-inspector')")
    page.locator(f"{LIVE} [data-testid=tab-output]").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{LIVE} [data-testid=panel-logs]")
    page.keyboard.press("s")
    page.wait_for_selector(f"{LIVE} .stx-inspector .stx-word >> text=skipped")
    page.wait_for_selector(f"{node('item')}[data-state=completed][data-done='39']")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{LIVE} [data-testid=trail] [aria-current] >> text=item")
    book.execute("gate.touch()")
    page.wait_for_selector(f"{SHOWN}[data-run-state=completed]", timeout=20_000)
    assert page.locator(".jp-CodeCell").count() == 2


def test_keys_act_on_what_a_person_looks_at(lab: Server, page: Any) -> None:
    """On an item as soon as it is open, never on its whole map: also before the kernel has told of it, and with the focus
    somewhere else in the view. While a menu is open they act on the node of the menu."""
    book = open_book(lab, page, "aimed", "run = aimed.start()\nrun")
    page.click(node("item"))
    page.wait_for_selector(f"{LIVE} [data-testid=item-row][data-state=failed]")
    kernel = int(book.value("__import__('os').getpid()"))
    os.kill(kernel, signal.SIGSTOP)
    page.click(f"{LIVE} [data-testid=item-row][data-state=failed]")
    page.wait_for_selector(f"{LIVE} [data-testid=trail] [aria-current] >> text=[3]")
    assert page.inner_text(f"{LIVE} .stx-inspector .stx-word") == ""
    page.keyboard.press("s")
    os.kill(kernel, signal.SIGCONT)
    page.wait_for_selector(f"{LIVE} .stx-inspector .stx-word >> text=failed")

    page.locator(f"{LIVE} .react-flow__node", has=page.locator("[data-node=total]")).focus()  # it lies under the panel
    page.keyboard.press("Shift+F10")
    page.wait_for_selector(f"{LIVE} .stx-menu >> text=total")
    page.keyboard.press("b")
    page.wait_for_selector(f"{node('total')} [data-testid=breakpoint]")
    page.wait_for_selector(f"{LIVE} .stx-menu", state="detached")

    page.evaluate("document.querySelector('[data-testid=stratix-view]').focus()")
    page.keyboard.press("s")
    page.wait_for_selector(f"{LIVE} .stx-inspector .stx-word >> text=skipped")
    page.wait_for_selector(f"{node('item')}[data-state=completed][data-done='39']")
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{LIVE} [data-testid=trail] [aria-current] >> text=item")
    assert page.locator(f"{LIVE} [data-testid=breakpoint]").count() == 1
    book.execute("gate.touch(); run.cancel()")


def test_views_on_one_page_share_no_ids(lab: Server, page: Any) -> None:
    """So that a label leads to the field of its own view, and each canvas has its own pattern."""
    book = open_book(lab, page, "twice", "run = twice.start()\nrun", "run")
    views = page.locator(SHOWN)
    views.nth(1).locator("[data-node=total]").wait_for(timeout=20_000)
    for view in (views.nth(0), views.nth(1)):
        view.locator("[data-node=total]").click()
        view.locator("[data-testid=node-tools] [data-testid=edit-input]").click()
        view.locator("[data-name=by] textarea").wait_for()
    doubled = page.evaluate(
        """() => {
            const ids = [...document.querySelectorAll('[data-testid=stratix-view] [id]')].map(one => one.id);
            return ids.filter((id, at) => ids.indexOf(id) !== at);
        }"""
    )
    assert doubled == []
    views.nth(1).locator("[data-name=by] label").click()
    assert views.nth(1).evaluate("view => view.contains(document.activeElement)")
    book.execute("gate.touch(); run.cancel()")
