"""The canvas of a page that was saved as a file: its height, what stands above it, and what is drawn on it."""

from __future__ import annotations

from random import Random
from typing import Any

import pandas as pd
import pytest

from stratix_tasks import Engine, first_of, flow, task, when

VIEW = "[data-testid=stratix-view]"
CANVAS = ".stx-canvas"


@task
def measure(n: int = 3) -> int:
    """How much there is of it."""
    return n


@task
def weigh(n: int) -> int:
    return n * 2


@flow
def in_a_row() -> Any:
    return weigh.options(name="again")(weigh(measure()))


@flow
def two_ways() -> Any:
    found = measure()
    with when(found > 2):
        weigh.options(name="heavy")(found)
    with when(found < 2):
        weigh.options(name="light")(found)


def zoom(page: Any) -> str:
    return str(page.evaluate("document.querySelector('.react-flow__viewport').style.transform"))


def height(page: Any) -> float:
    return float(page.locator(CANVAS).bounding_box()["height"])


def test_a_row_of_nodes_takes_the_height_of_a_row(opened: Any) -> None:
    """Not that of a whole page; its handle makes it taller by mouse and keyboard, a double click gives it back to the graph."""
    page = opened(in_a_row)
    low = height(page)
    assert low < 200
    box = page.locator("[data-testid=height]").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 124, steps=4)
    page.mouse.up()
    assert height(page) == pytest.approx(low + 120, abs=1)
    page.focus("[data-testid=height]")
    page.keyboard.press("ArrowUp")
    assert height(page) == pytest.approx(low + 96, abs=1)
    page.dblclick("[data-testid=height]")
    assert height(page) == pytest.approx(low, abs=1)


def test_a_panel_leaves_the_size_of_the_graph(opened: Any) -> None:
    """It lies above the graph, which is moved by no more than it takes to see the chosen node beside it."""
    page = opened(in_a_row)
    before = zoom(page)
    page.click("[data-node=measure]")
    page.wait_for_selector(".stx-inspector")
    assert zoom(page) == before
    page.keyboard.press("Escape")
    page.click("[data-node=again]")
    page.wait_for_selector(".stx-inspector")
    page.wait_for_function(
        """() => document.querySelector('[data-node=again]').getBoundingClientRect().right
        <= document.querySelector('.stx-inspector').getBoundingClientRect().left"""
    )
    assert zoom(page).partition("scale")[2] == before.partition("scale")[2]


def test_the_whole_graph_is_shown_beside_a_panel(opened: Any) -> None:
    """No card lies under it."""
    page = opened(in_a_row)
    page.click("[data-node=weigh]")
    page.wait_for_selector(".stx-inspector")
    page.click("[data-testid=fit]")
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-node]')].every(card => card.getBoundingClientRect().right
        <= document.querySelector('.stx-inspector').getBoundingClientRect().left)"""
    )


def test_tabs_are_walked_by_arrows(opened: Any) -> None:
    """Round and round; the focus goes with them."""
    page = opened(in_a_row)
    page.click("[data-node=measure]")
    page.focus("[data-testid=tab-config]")
    for key, tab in (("ArrowRight", "code"), ("ArrowRight", "why"), ("ArrowRight", "output"), ("ArrowLeft", "why")):
        page.keyboard.press(key)
        page.wait_for_selector(f"[data-testid=panel-{tab}]")
        page.wait_for_selector(f"[data-testid=tab-{tab}][aria-selected=true]:focus")


def test_the_full_window_and_back(opened: Any) -> None:
    """A button fills the window with the view; Escape leaves it, after what is open in it."""
    page = opened(in_a_row)
    low = height(page)
    page.click("[data-testid=full]")
    assert page.locator(VIEW).bounding_box() == {"x": 0, "y": 0, "width": 900, "height": 700}
    assert height(page) > 550
    page.click("[data-node=measure]")
    page.wait_for_selector(".stx-inspector")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stx-inspector", state="detached")
    assert page.get_attribute("[data-testid=full]", "aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=full][aria-pressed=false]")
    assert height(page) == pytest.approx(low, abs=1)


def test_the_branch_that_was_taken_is_told_from_the_other(opened: Any, engine: Engine) -> None:
    """Solid where something came along, pale where nothing will; the condition stands in the card, and on the edge what it asks of
    where that comes from: beside the cards, as long as it can be read."""
    run = engine.start(two_ways)
    run.wait(30)
    page = opened(run)
    looks = page.eval_on_selector_all("[data-testid=edge]", "all => all.map(one => one.dataset.look)")
    assert sorted(looks) == ["idle", "taken"]
    assert page.inner_text("[data-node=heavy] .stx-foot") == "if measure > 2"
    labels = page.locator("[data-testid=edge-label]")
    assert sorted(labels.all_text_contents()) == ["< 2", "> 2"]
    weights = labels.evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.textContent, getComputedStyle(one).fontWeight]))"
    )
    assert weights["> 2"] > weights["< 2"]
    assert labels.evaluate_all(
        """all => all.every(label => [...document.querySelectorAll("[data-testid=node]")].every(card => {
            const [a, b] = [label, card].map(one => one.getBoundingClientRect());
            return a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
        }))"""
    )
    for _ in range(6):
        page.click("[data-testid=zoom-out]")
    page.wait_for_function("!document.querySelector('[data-testid=edge-label]')?.checkVisibility()")


def test_what_gave_nothing_says_why(opened: Any, engine: Engine) -> None:
    """In the same words as `run.why`."""
    run = engine.start(two_ways)
    run.wait(30)
    page = opened(run)
    page.click("[data-node=light]")
    page.wait_for_selector("[data-testid=panel-output]")
    assert page.inner_text("[data-testid=panel-output] p").startswith(f"It has no output. {run.why('light')}")


@task
def tabled(n: int) -> pd.DataFrame:
    return pd.DataFrame({"a": range(n * 1000), "b": "x"})


@task
def shortened(table: pd.DataFrame, most: int) -> int:
    return len(table[:most])


@flow
def passed_on() -> Any:
    n = measure()
    weigh.options(after=[n])(7)
    return shortened(tabled(n), n)


def rest_on(page: Any, source: str, target: str) -> None:
    """Rest with the pointer in the middle of an edge."""
    middle = """([from, to]) => {
        const id = name => document.querySelector(`[data-node="${name}"]`).closest(".react-flow__node").dataset.id;
        const path = document.querySelector(`.react-flow__edge[data-id^="${id(from)}-${id(to)}-"] .stx-line-path`);
        const { x, y } = path.getPointAtLength(path.getTotalLength() / 2);
        return (at => [at.x, at.y])(new DOMPoint(x, y).matrixTransform(path.getScreenCTM()));
    }"""
    page.mouse.move(*page.evaluate(middle, [source, target]))


@pytest.mark.parametrize("width", [900, 1800])
def test_an_edge_tells_what_goes_along_it(opened: Any, engine: Engine, width: int) -> None:
    """How much its source gave stands where it begins; the argument that takes it, its type and a sample beside the pointer that rests
    on it, within the canvas, until the pointer goes on."""
    run = engine.start(passed_on)
    run.wait(30)
    page = opened(run, width)
    assert page.locator("[data-testid=edge-size]").all_text_contents() == ["3k×2"]
    rest_on(page, "tabled", "shortened")
    page.wait_for_selector("[data-testid=sample] [data-testid=preview-table]")
    told = page.inner_text("[data-testid=sample]")
    assert told.startswith("tabled → shortened") and "table DataFrame" in " ".join(told.split())
    inner, outer = (page.locator(one).bounding_box() for one in ("[data-testid=sample]", CANVAS))
    assert outer["x"] <= inner["x"] and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    assert outer["y"] <= inner["y"] and inner["y"] + inner["height"] <= outer["y"] + outer["height"]
    rest_on(page, "measure", "weigh")
    page.wait_for_selector("[data-testid=sample]:has-text('nothing is passed on')")
    page.mouse.move(outer["x"] + 5, outer["y"] + outer["height"] - 5)
    page.wait_for_selector("[data-testid=sample]", state="detached")


@flow
def many_alike() -> Any:
    first = measure()
    return weigh.options(name="all")(first_of(*[weigh.options(name=f"part_{i}")(first) for i in range(60)]))


@flow
def region(n: int = 1) -> Any:
    return weigh.options(name="inside")(weigh.options(name="before")(n))


def shown(page: Any) -> set[str]:
    return set(page.eval_on_selector_all("[data-testid=node]", "all => all.map(one => one.dataset.node)"))


def test_like_siblings_are_one_card_that_opens(opened: Any, engine: Engine) -> None:
    """By a click or by Enter, to a frame with all of them, which closes again; what is open stays where it was clicked."""
    run = engine.start(many_alike)
    run.wait(30)
    page = opened(run, 1400)
    assert shown(page) == {"measure", "part × 60", "all"}
    stack = page.locator("[data-node='part × 60']")
    assert stack.get_attribute("data-total") == "60"
    left = stack.bounding_box()["x"]
    stack.click()
    page.wait_for_selector("[data-node=part_7]")
    assert page.locator("[data-node='part × 60']").bounding_box()["x"] <= left + 1
    assert page.locator(".stx-inspector").count() == 0
    page.click("[data-node='part × 60'] [data-testid=turn]")
    page.wait_for_selector("[data-node=part_7]", state="detached")
    page.locator(".react-flow__node", has=stack).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-node=part_7]")


def test_sub_flows_of_a_large_flow_are_closed_at_first(opened: Any) -> None:
    """They open by their button, beside what else is open."""

    @flow
    def of_regions() -> Any:
        first = measure()
        return weigh.options(name="all")(first_of(*[region.options(name=f"at_{i}")(first) for i in range(60)], first))

    page = opened(of_regions, 1400)
    assert shown(page) == {"measure", "at × 60", "all"}
    page.click("[data-node='at × 60']")
    page.wait_for_selector("[data-node=at_3]")
    page.click("[data-node=at_3] [data-testid=turn]")
    page.wait_for_selector("[data-node='at_3.inside']")


def test_nothing_crosses_the_edge_of_a_card(opened: Any) -> None:
    """However long a name and what stands below it."""

    @flow
    def long_names() -> Any:
        found = measure.options(name="what_there_is_of_everything_that_has_ever_been_measured_here")()
        with when(found > 1_000_000_000_000):
            weigh.options(name="w", join="any")(found)

    page = opened(long_names)
    page.wait_for_selector(".stx-foot")
    out = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=node]')].flatMap(card => {
            const edge = card.getBoundingClientRect();
            return [...card.querySelectorAll('.stx-name, .stx-detail, .stx-foot span')].filter(part => {
                const box = part.getBoundingClientRect();
                return box.right > edge.right || box.bottom > edge.bottom;
            }).map(part => part.textContent);
        })"""
    )
    assert out == []


@task
def note(n: int) -> None:
    """Has nothing to give."""


def mesh(count: int, wide: int) -> Any:
    """A flow in layers, of which no two nodes are alike: some lead to nothing."""

    @flow(name=f"mesh_of_{count}")
    def very_many() -> None:
        random, layer = Random(1), [note.options(name=f"in_{i}")(i) for i in range(wide)]
        for depth in range(count // wide - 1):
            layer = [note.options(name=f"at_{depth}_{i}", after=random.sample(layer, 3))(depth) for i in range(wide)]

    return very_many


def test_a_graph_of_very_many_nodes_is_painted(opened: Any) -> None:
    """What elements would tell is asked of the page; a click opens a node, a drag moves the graph, Ctrl and the wheel zoom it."""
    page = opened(mesh(400, 20), 1400)
    page.wait_for_selector("[data-testid=painting]")
    page.wait_for_function("() => window.stratix.nodes().length === 400")

    def of(name: str) -> Any:
        return page.evaluate("name => window.stratix.nodes().find(one => one.node === name)", name)

    page.wait_for_function("() => window.stratix.nodes().some(one => one.width > 100)")
    first = min(page.evaluate("window.stratix.nodes()"), key=lambda one: one["x"] + one["y"])
    assert first["state"] == "pending"
    page.mouse.click(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    page.wait_for_selector(f".stx-inspector header >> text={first['node']}")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stx-inspector", state="detached")
    page.wait_for_function(
        "([name, x]) => Math.abs(window.stratix.nodes().find(one => one.node === name).x - x) < 2",
        arg=[first["node"], first["x"]],
    )
    before = of(first["node"])
    page.mouse.move(600, 300)
    page.mouse.down()
    page.mouse.move(500, 260, steps=3)
    page.mouse.up()
    page.wait_for_function(
        "([name, x]) => Math.abs(window.stratix.nodes().find(one => one.node === name).x - x) < 2",
        arg=[first["node"], before["x"] - 100],
    )
    page.keyboard.down("Control")
    page.mouse.wheel(0, 300)
    page.keyboard.up("Control")
    page.wait_for_function(
        "([name, w]) => window.stratix.nodes().find(one => one.node === name).width < w",
        arg=[first["node"], before["width"] * 0.8],
    )


@flow
def many_passed_on() -> None:
    """In layers, of which no two nodes are alike; the first of each has no edge but that along which it gives its value."""
    random, layer = Random(1), [measure.options(name=f"in_{i}")(i) for i in range(20)]
    for depth in range(18):
        after = [random.sample(layer[1:], 3) for _ in layer]
        takes = [layer[0], *(random.choice(layer[1:]) for _ in layer[1:])]
        layer = [weigh.options(name=f"at_{depth}_{i}", after=after[i])(one) for i, one in enumerate(takes)]


def test_an_edge_of_a_painted_graph_tells_what_goes_along_it(opened: Any, engine: Engine) -> None:
    """As one that is an element of the page does, with a sample of the last run; until the pointer goes on."""
    run = engine.start(many_passed_on)
    run.wait(60)
    page = opened(run, 1400)
    page.wait_for_selector("[data-testid=painting]")
    page.wait_for_function("() => window.stratix.nodes().some(one => one.width > 100)")
    made = page.evaluate("window.stratix.nodes().find(one => one.node === 'in_0')")
    page.mouse.move(made["x"] + made["width"] + 4, made["y"] + made["height"] / 2 + 1)
    page.wait_for_selector("[data-testid=sample][data-wire='in_0 at_0_0'] >> text=int")
    page.mouse.move(made["x"] + 20, made["y"] + 20)
    page.wait_for_selector("[data-testid=sample]", state="detached")


def test_nodes_are_found_and_walked_by_keyboard(opened: Any, engine: Engine) -> None:
    """Ctrl+F within the view finds by names and states, also what lies in a closed stack; arrows go from card to card."""
    run = engine.start(many_alike)
    run.wait(30)
    page = opened(run, 1400)
    page.locator(".react-flow__node", has=page.locator("[data-node=measure]")).focus()
    page.keyboard.press("Control+f")
    page.keyboard.type("part_41")
    page.wait_for_selector("[data-testid=search] >> text=1")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-node=part_41]")
    page.wait_for_selector(".stx-inspector header >> text=part_41")
    page.keyboard.press("Control+a")
    page.keyboard.type("state:failed")
    page.wait_for_selector("[data-testid=search] >> text=none")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=search]", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stx-inspector", state="detached")
    page.locator(".react-flow__node", has=page.locator("[data-node=part_0]")).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.querySelector('[data-node=part_1]') !== null")


def test_a_painted_graph_is_walked_by_keyboard(opened: Any) -> None:
    """One element stands for the card that the keys are at: it has the focus, says what it is, and a ring is around its card.
    Enter opens it; Escape closes it, and the arrows go on from there."""
    page = opened(mesh(400, 20), 1400)
    cursor = page.locator("[data-testid=cursor]")
    cursor.focus()
    page.keyboard.press("ArrowRight")
    name = cursor.get_attribute("data-node")
    assert name.startswith("at_0_")
    assert cursor.get_attribute("aria-label") == f"{name}, task"
    card = page.evaluate("name => window.stratix.nodes().find(one => one.node === name)", name)
    ring = cursor.bounding_box()
    assert [ring[side] for side in ("x", "y", "width")] == pytest.approx([card[s] for s in ("x", "y", "width")], abs=1)
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector(f".stx-inspector header >> text={name}")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stx-inspector", state="detached")
    page.keyboard.press("ArrowDown")
    assert cursor.get_attribute("data-node") not in ("", name)
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(
        """() => {
            const box = document.querySelector('[data-testid=cursor]').getBoundingClientRect();
            return box.left >= 0 && box.right <= innerWidth;
        }"""
    )


@pytest.mark.parametrize("count", [80, 400], ids=["as elements", "painted"])
def test_a_small_map_takes_the_view_elsewhere(opened: Any, count: int) -> None:
    """While not all of a graph is in sight; a click in it shows that part."""
    page = opened(mesh(count, 20), 900)
    cards = "[...document.querySelectorAll('[data-testid=node]')].map(one => one.getBoundingClientRect())"
    left = f"Math.min(...(window.stratix ? window.stratix.nodes() : {cards}).map(one => one.x))"
    page.click("[data-testid=fit]")
    page.wait_for_selector("[data-testid=small-map]", state="detached")
    for _ in range(8):
        page.click("[data-testid=zoom-in]")
    page.wait_for_selector("[data-testid=small-map]")
    page.click("[data-testid=small-map]", position={"x": 6, "y": 40})
    page.wait_for_function(f"() => {left} > 0")
    before = page.evaluate(left)
    page.click("[data-testid=small-map]", position={"x": 130, "y": 40})
    page.wait_for_function(f"before => {left} < before - 200", arg=before)


@pytest.mark.parametrize("width", [900, 600], ids=["beside", "below"])
def test_a_small_map_makes_way_for_the_panel(opened: Any, width: int) -> None:
    """It stands beside it, or on a narrow page above it, also where the panel is made wider."""
    page = opened(mesh(80, 20), width)
    page.click("[data-testid=fit]")
    page.click("[data-node=in_0]")
    for _ in range(8):
        page.click("[data-testid=zoom-in]")
    clear = """() => {
        const [map, panel] = [".stx-small", ".stx-inspector"].map(one => document.querySelector(one).getBoundingClientRect());
        return map.width > 0 && (map.right <= panel.left || map.bottom <= panel.top);
    }"""
    page.wait_for_selector("[data-testid=small-map]")
    page.wait_for_function(clear)
    if width > 700:
        page.focus("[data-testid=panel-width]")
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        page.wait_for_function(clear)


@flow
def in_a_long_row() -> Any:
    found = measure()
    for at in range(8):
        found = weigh.options(name=f"far_{at}")(found)
    return found


def test_a_small_map_covers_no_small_canvas(opened: Any) -> None:
    """Where a panel leaves but a strip of a narrow view it is gone, and there again when the panel is closed. The panel of what has not
    been run says what its function says of itself."""
    page = opened(in_a_long_row, width=680, height=450)
    page.wait_for_selector("[data-testid=small-map]")
    page.click("[data-node=measure]")
    page.wait_for_selector("[data-testid=panel-config] >> text=How much there is of it.")
    page.wait_for_selector("[data-testid=small-map]", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-testid=small-map]")


def test_another_width_leaves_the_chosen_node_in_sight_and_no_tab_is_cut(opened: Any) -> None:
    """As when a side bar opens or the theme changes: the graph is not taken back to its beginning under the panel."""
    page = opened(in_a_long_row, width=1100)
    page.locator("[data-node=far_7]").evaluate("card => card.closest('.react-flow__node').click()")
    page.wait_for_selector(".stx-inspector header b >> text='far_7'")
    seen = """() => {
        const [card, canvas, panel] = ['[data-node=far_7]', '.stx-canvas', '.stx-inspector'].map(
            (one) => document.querySelector(one).getBoundingClientRect());
        return card.left >= canvas.left && card.right <= panel.left + 1;
    }"""
    page.wait_for_function(seen)
    page.set_viewport_size({"width": 760, "height": 700})
    page.wait_for_function("() => document.querySelector('.stx-canvas').clientWidth < 760")
    page.wait_for_function(seen)
    assert page.locator(".stx-sheet").evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth")
