"""Results in cards: by key, by the toolbar and the control, in a page that was saved and in JupyterLab."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from jupyter import Notebook, Server
from test_canvas import VIEW, in_a_row
from test_hand import AXE, have_axe, violations

from stratix_tasks import Engine, flow, task
from stratix_tasks.formats.png import to_png

HUGE = "<img src=x onerror='window.evil = 1'>" * 2_000
PEEK = f"{VIEW} [data-testid=peek]"


class Plot:
    """Shows itself as a plot does."""

    def _repr_png_(self) -> bytes:
        return to_png(in_a_row.to_svg())


class Hostile:
    """Writes what would do something, were it let."""

    def _repr_html_(self) -> str:
        return "<script>top.evil = 1</script><img src=x onerror='top.evil = 1'><h3>its own words</h3>"


@task
def table() -> pd.DataFrame:
    return pd.DataFrame({"region": ["eu", "us"] * 20, HUGE[:50]: range(40), "note": [HUGE] * 40, "more": range(40)})


@task
def plotted(table: pd.DataFrame) -> Plot:
    return Plot()


@task
def written(table: pd.DataFrame) -> Hostile:
    return Hostile()


@task
def told(table: pd.DataFrame) -> str:
    return "first line\n" + "\n".join([HUGE] * 50)


@task
def counted(told: str) -> int:
    return 42


@task
def fails(told: str) -> int:
    raise ValueError("nothing to be shown")


@flow
def all_kinds() -> Any:
    made = table()
    text = told(made)
    return [plotted(made), written(made), counted(text), fails(text)]


def peek(name: str) -> str:
    return f"{VIEW} [data-node={name}] [data-testid=peek]"


def focus(page: Any, name: str) -> None:
    page.locator(f"{VIEW} .react-flow__node", has=page.locator(f"[data-node={name}]")).focus()


def with_peeks(page: Any) -> set[str]:
    found = "all => all.map(one => one.closest('[data-node]').dataset.node)"
    return set(page.eval_on_selector_all(PEEK, found))


def overlaps(page: Any) -> list[tuple[str, str]]:
    """Cards that lie on each other."""
    boxes = page.eval_on_selector_all(
        f"{VIEW} [data-testid=node]",
        "all => all.map(one => [one.dataset.node, one.getBoundingClientRect().toJSON()])",
    )
    return [
        (a, b)
        for (a, one), (b, two) in combinations(boxes, 2)
        if one["left"] < two["right"] and two["left"] < one["right"]
        if one["top"] < two["bottom"] and two["top"] < one["bottom"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_card_shows_what_it_gave(opened: Any, engine: Engine, theme: str) -> None:
    """On O that of the card which has the focus, on Shift+O or by a control all that say more than their card: a table's head, a plot,
    a text's first lines, the others make room. Nothing of what is shown is run, or stops the Tab key."""
    have_axe()
    run = engine.start(all_kinds)
    run.wait(30)
    page = opened(run, 1200)
    page.emulate_media(color_scheme=theme)
    page.wait_for_selector(f"{VIEW}[data-theme={theme}]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert with_peeks(page) == set()
    before = page.locator(f"{VIEW} [data-node=table]").bounding_box()
    focus(page, "table")
    page.keyboard.press("o")
    page.wait_for_selector(f"{peek('table')} >> text=region")
    after = page.locator(f"{VIEW} [data-node=table]").bounding_box()
    canvas = page.locator(f"{VIEW} .stx-canvas").bounding_box()
    assert after["x"] == pytest.approx(before["x"], abs=1)
    assert after["y"] >= canvas["y"] and after["y"] + after["height"] <= canvas["y"] + canvas["height"]
    assert page.locator(f"{peek('table')} tbody tr").count() == 5
    assert "35 more rows" in page.inner_text(peek("table"))
    focus(page, "counted")
    page.keyboard.press("o")
    page.wait_for_selector(f"{peek('counted')} >> text=42")
    focus(page, "fails")
    page.keyboard.press("o")
    page.keyboard.press("Shift+O")
    page.wait_for_selector(f"{peek('plotted')} img")
    page.wait_for_selector(f"{peek('told')} >> text=first line")
    page.frame_locator(f"{peek('written')} iframe").locator("text=its own words").wait_for()
    assert with_peeks(page) == {"table", "plotted", "written", "told"}
    assert overlaps(page) == []
    assert page.evaluate("window.evil") is None
    assert page.locator(f"{PEEK}:not([inert])").count() == 0
    assert violations(page, theme) == []
    for name in with_peeks(page):
        inner = page.locator(peek(name)).bounding_box()
        outer = page.locator(f"{VIEW} [data-node={name}]").bounding_box()
        assert inner["y"] + inner["height"] < outer["y"] + outer["height"], name
        assert inner["x"] > outer["x"] and inner["x"] + inner["width"] < outer["x"] + outer["width"], name
    page.click("[data-testid=peek-all]")
    page.wait_for_selector(PEEK, state="detached")
    page.click(f"{VIEW} [data-node=table]")
    page.click(f"{VIEW} .stx-inspector [data-testid=node-peek]")
    page.wait_for_selector(peek("table"))


DEFINE = """
import pandas as pd
from stratix_tasks import task, flow
@task
def rows(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(n)})
@task
def summed(table: pd.DataFrame) -> int:
    return int(table.n.sum())
@flow
def peeking(n: int):
    return summed(rows(n))
"""


@pytest.mark.e2e
def test_each_view_of_a_run_shows_its_own_and_goes_on_in_the_next_run(lab: Server, page: Any) -> None:
    """By the toolbar and by the menu of a node; what one view shows is that view's, and follows the run that it shows."""
    book = Notebook(page, lab.notebook("peeking", [DEFINE, "run = peeking.start(n=30)\nrun.wait()\nrun", "run"]))
    book.run_all()
    one, two = (page.locator(VIEW).nth(at) for at in (0, 1))
    for view in (one, two):
        view.locator("[data-node=summed][data-state=completed]").wait_for(timeout=60_000)
    one.scroll_into_view_if_needed()
    one.locator("[data-node=rows]").click()
    one.locator("[data-testid=node-tools] [data-testid=node-peek]").click()
    one.locator("[data-testid=peek] >> text=25 more rows").wait_for()
    two.scroll_into_view_if_needed()
    two.locator("[data-node=summed]").click(button="right")
    two.locator(".stx-menu [data-testid=node-peek]").click()
    two.locator("[data-node=summed] [data-testid=peek] >> text=435").wait_for()
    assert (one.locator("[data-testid=peek]").count(), two.locator("[data-testid=peek]").count()) == (1, 1)
    one.scroll_into_view_if_needed()
    one.locator("[data-testid=run-again]").click()
    one.locator("[data-testid=start-form] textarea, [data-testid=start-form] input").first.fill("9")
    one.locator("[data-testid=start-send]").click()
    one.locator("[data-testid=peek] >> text=4 more rows").wait_for()
    two.locator("[data-node=summed] [data-testid=peek] >> text=435").wait_for()
