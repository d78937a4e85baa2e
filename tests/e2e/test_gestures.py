"""Gestures of the editor in a real JupyterLab: one notebook for all, a flow of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from editor_hand import RUN, VIEW, Hand, opened
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def book(lab: Server, browser: Any) -> Iterator[Notebook]:
    made = opened(lab, browser, "gestures")
    yield made
    made.page.close()


def test_a_node_is_replaced_and_keeps_its_wires(book: Notebook) -> None:
    """R lists what can stand in its place; wires are kept by name, and what does not fit any more is a problem."""
    hand = Hand(book, "replaced")
    hand.click("scale")
    hand.press("r")
    hand.type("pair")
    hand.at("quick-add-item", name="pair").wait_for()
    hand.press("Enter")
    hand.steps("replace scale by pair")
    assert hand.value("spec.tasks['scale'].call") == "'pair'"
    assert hand.value("spec.tasks['scale'].args['left'].name") == "'load'"
    hand.at("problems").wait_for()


def test_a_loose_node_that_is_dropped_on_a_wire_is_put_into_it(book: Notebook) -> None:
    """As one step with its place; the wire shows before what would be done."""
    hand = Hand(book, "put")
    hand.at("palette-search").fill("scal")
    hand.at("palette-item", name="scale").first.click()
    hand.node("scale_2").wait_for()
    wire = hand.page.locator(
        f"{VIEW} .react-flow__edge[data-id='load>scale:xs'] path.react-flow__edge-path"
    ).bounding_box()
    box = hand.node("scale_2").locator(".stx-name").bounding_box()
    goal = wire["x"] + wire["width"] / 2, wire["y"] + wire["height"] / 2
    hand.drag(
        hand.node("scale_2").locator(".stx-name"),
        (goal[0] - box["x"] - box["width"] / 2, goal[1] - box["y"] - box["height"] / 2),
    )
    hand.steps("add scale_2", "put scale_2 between load and scale")
    assert hand.value("spec.tasks['scale'].args['xs'].name") == "'scale_2'"
    assert hand.value("spec.tasks['scale_2'].args['xs'].name") == "'load'"


def test_the_end_of_a_wire_is_moved_to_another_port(book: Notebook) -> None:
    """One step; the port that it left is free."""
    hand = Hand(book, "rewired")
    hand.value(
        """apply({"edit": "add", "node": "pair", "says": {"call": "pair", "with": {"left": "${{ tasks.load.output }}"}}})"""
    )
    hand.node("pair").wait_for()
    hand.at("fit").click()
    end = hand.page.locator(f"{VIEW} .react-flow__edge[data-id='load>pair:left'] .react-flow__edgeupdater")
    hand.drag(end, hand.port("pair", "right"), ".stx-connecting")
    hand.steps("add pair", "reconnect load → pair")
    assert hand.value("spec.tasks['pair'].args.keys()") == "dict_keys(['right'])"


def test_several_nodes_are_lined_up_and_spread(book: Notebook) -> None:
    """By the buttons that are there while several are selected, each one step."""
    hand = Hand(book, "lined")
    assert hand.at("align-left").count() == 0
    hand.click("load")
    hand.click("scale", "Shift")
    hand.click("total", "Shift")
    hand.at("align-top").click()
    hand.steps("align load, scale, total")
    assert hand.book.value("len({y for x, y in lined.spec.ui.positions.values()})") == "1"
    hand.at("align-left").click()
    hand.steps("align load, scale, total", "align load, scale, total")
    assert hand.book.value("len({x for x, y in lined.spec.ui.positions.values()})") == "1"


def test_what_is_up_and_downstream_is_selected(book: Notebook) -> None:
    """By [ and ], with the node itself; a click on one of them selects it alone. A marquee selects what it touches."""
    hand = Hand(book, "chained")
    selected = hand.page.locator(f"{VIEW} .stx-selected")
    hand.click("scale")
    hand.press("[")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=load]")
    assert selected.count() == 2
    hand.click("scale")
    hand.press("]")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=total]")
    assert selected.count() == 2
    hand.press("Escape")
    first, last = hand.node("load").bounding_box(), hand.node("scale").bounding_box()
    hand.page.keyboard.down("Shift")
    hand.page.mouse.move(first["x"] - 12, first["y"] - 12)
    hand.page.mouse.down()
    hand.page.mouse.move(last["x"] + 20, last["y"] + last["height"] + 12, steps=6)
    hand.page.mouse.up()
    hand.page.keyboard.up("Shift")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=scale]")
    assert selected.count() == 2 and hand.page.locator(f"{VIEW} .stx-selected[data-node=total]").count() == 0


NEXT = "for (let task = 0; task < 20; task++) await null; // what follows in the same picture"


def test_a_key_is_about_what_was_clicked_just_before(book: Notebook) -> None:
    """Also where both come before the browser has drawn a picture of the first, as from a fast hand or beside a busy machine."""
    hand = Hand(book, "fast")
    hand.click("load")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=load]")
    hand.page.evaluate(
        f"""async view => {{
            const at = document.querySelector(view);
            at.querySelector("[data-node=scale] .stx-name").click();
            {NEXT}
            at.dispatchEvent(new KeyboardEvent("keydown", {{ key: "]", bubbles: true }}));
        }}""",
        VIEW,
    )
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=total]")
    selected = hand.page.locator(f"{VIEW} .stx-selected").evaluate_all("all => all.map(one => one.dataset.node)")
    assert selected == ["scale", "total"]


def test_a_press_right_after_shift_does_not_move_the_canvas(book: Notebook) -> None:
    """It begins a marquee, also where it comes before the browser has drawn a picture."""
    hand = Hand(book, "held")
    moved = hand.page.evaluate(
        f"""async view => {{
            const pane = document.querySelector(`${{view}} .react-flow__pane`);
            const canvas = document.querySelector(`${{view}} .react-flow__viewport`);
            const press = async shift => {{
                const before = canvas.style.transform;
                if (shift) window.dispatchEvent(new KeyboardEvent("keydown", {{ key: "Shift", code: "ShiftLeft", shiftKey: true }}));
                {NEXT}
                const box = pane.getBoundingClientRect();
                for (const [kind, by] of [["mousedown", 4], ["mousemove", 40], ["mouseup", 40]]) {{
                    const at = {{ clientX: box.x + by, clientY: box.y + by, bubbles: true, view: window }};
                    (kind === "mousedown" ? pane : window).dispatchEvent(new MouseEvent(kind, at));
                }}
                {NEXT}
                if (shift) window.dispatchEvent(new KeyboardEvent("keyup", {{ key: "Shift", code: "ShiftLeft" }}));
                return canvas.style.transform !== before;
            }};
            return [await press(true), await press(false)];
        }}""",
        VIEW,
    )
    assert moved == [False, True]


def test_a_menu_has_all_that_can_be_done_with_a_node(book: Notebook) -> None:
    """With the keys, and the reason under what can't be; JupyterLab's own menu stays away. Escape closes it."""
    hand = Hand(book, "menued")
    hand.node("scale").locator(".stx-name").click(button="right")
    menu = hand.page.locator(f"{VIEW} [role=menu]")
    menu.wait_for()
    assert hand.page.locator(".lm-Menu").count() == 0
    assert "holds a flow" in hand.at("menu-unpack").inner_text() and hand.at("menu-unpack").is_disabled()
    assert "D" in hand.at("menu-duplicate").inner_text()
    hand.press("Escape")
    menu.wait_for(state="detached")
    hand.node("scale").locator(".stx-name").click(button="right")
    hand.at("menu-duplicate").click()
    hand.steps("duplicate scale")
    hand.at("drop").click()
    hand.steps()
    hand.node("scale_2").wait_for(state="detached")


def _group(hand: Hand) -> None:
    """Two nodes become a flow of its own."""
    hand.click("load")
    hand.click("scale", "Shift")
    hand.press("g")
    hand.at("ask-name").fill("part")
    hand.press("Enter")
    hand.node("part.scale").wait_for()
    hand.at("fit").click()


def test_what_is_in_a_sub_flow_is_edited_where_it_lies(book: Notebook) -> None:
    """A double click in a frame adds there; what is renamed and wired there is the flow's definition. A frame is moved as one."""
    hand = Hand(book, "nested")
    _group(hand)
    hand.click("part.load")
    hand.press("Tab")
    hand.type("pair")
    hand.at("quick-add-item", name="pair").wait_for()
    hand.press("Enter")
    hand.node("part.pair").wait_for()
    hand.steps("group load, scale as part", "add pair")
    assert hand.value("spec.flows['part'].tasks['pair'].args['left'].name") == "'load'"
    hand.at("fit").click()
    hand.drag(hand.port("part.scale", "output", "out"), hand.port("part.pair", "right"), ".stx-misfit")
    hand.steps("group load, scale as part", "add pair", "connect part.scale → part.pair")
    hand.at("fit").click()
    frame = hand.page.locator(f"{VIEW} [data-node=part] > .stx-group-name .stx-name")
    hand.drag(frame, (0, 40))
    hand.steps("group load, scale as part", "add pair", "connect part.scale → part.pair", "move part")
    assert hand.book.value("sorted(nested.spec.ui.positions)") == "['part', 'part.pair']"


def test_a_frame_grows_with_what_is_dragged_out_of_it(book: Notebook) -> None:
    """While it is dragged and after; what else lies there stays, and so after an undo."""
    hand = Hand(book, "framed")
    _group(hand)
    grown = f"""() => {{
        const box = name => document.querySelector(`{VIEW} [data-node="${{name}}"]`).getBoundingClientRect();
        const [frame, card] = [box("part"), box("part.load")];
        return card.top - frame.top > 60 && frame.left < card.left && card.bottom < frame.bottom;
    }}"""
    frame, still = hand.node("part").bounding_box(), hand.node("part.scale").bounding_box()
    card = hand.node("part.load").locator(".stx-name").bounding_box()
    mouse = hand.page.mouse
    mouse.move(card["x"] + 5, card["y"] + 5)
    mouse.down()
    mouse.move(card["x"] - 45, card["y"] + 95, steps=5)
    hand.page.wait_for_function(grown)
    mouse.up()
    hand.steps("group load, scale as part", "move part.load")
    hand.page.wait_for_function(grown)
    assert hand.node("part.scale").bounding_box() == pytest.approx(still, abs=1)
    assert hand.node("part").bounding_box()["x"] < frame["x"] - 20
    hand.press("Control+z")
    hand.steps("group load, scale as part")
    hand.page.wait_for_function(f"() => !({grown})()")
    assert hand.node("part").bounding_box() == pytest.approx(frame, abs=1)


def test_a_flow_of_a_cell_shows_its_python_and_offers_its_edits_when_the_cell_is_run_again(book: Notebook) -> None:
    """Python copies code for a cell; Drop gives all edits up. A cell that is run again begins without them, and a click makes them again."""
    define = """@flow
def offered(n: int = 3) -> int:
    return total(scale(load(n)))
offered.edit()"""
    hand = Hand(book, "offered", define)
    hand.click("scale")
    hand.press("x")
    hand.steps("disable scale")
    hand.at("show-python").click()
    hand.page.wait_for_function(
        f"() => !/edit$/.test(document.querySelector(`{VIEW} [data-testid=edit-told]`).textContent)"
    )
    hand.at("tab-code").click()
    hand.click("load")
    hand.page.locator(f"{VIEW} [data-testid=panel-code] >> text=def load").wait_for()
    hand.at("tab-config").click()
    again = Hand(book, "offered", define)
    again.steps()
    again.at("offered").get_by_text("disable scale").wait_for()
    again.at("reapply").click()
    again.steps("disable scale")
    again.at("offered").wait_for(state="detached")
    again.at("drop").click()
    again.steps()


def test_an_expression_tells_what_it_gives_while_it_is_typed(book: Notebook) -> None:
    """On the values of the last run: the value with its type, or why there is none; nothing is said before the field is left."""
    hand = Hand(book, "tried")
    hand.value("start(n=4).wait(timeout=60)")
    hand.click("scale")
    by = hand.at("form-field", field="with.by")
    by.fill("${{ size(tasks.load.output) * 2 }}")
    hand.page.locator(f"{VIEW} [data-testid=computed] >> text== 8").wait_for()
    by.fill("${{ tasks.nobody.output }}")
    hand.page.locator(f"{VIEW} [data-testid=computed] >> text=nobody").wait_for()
    hand.press("Escape")
    hand.steps()


ON_WIRE = """id => {
    const path = document.querySelector(`.react-flow__edge[data-id="${id}"] .react-flow__edge-interaction`);
    const { x, y } = path.getPointAtLength(path.getTotalLength() / 4);
    const at = new DOMPoint(x, y).matrixTransform(path.getScreenCTM());
    return [at.x, at.y];
}"""


def test_a_wire_tells_what_came_along_it(book: Notebook) -> None:
    """When the pointer rests on it: where it goes, its type, and what the last run gave; it goes with the pointer."""
    hand = Hand(book, "flowing")
    hand.value("start(n=4).wait(timeout=60)")
    hand.page.mouse.move(*hand.page.evaluate(ON_WIRE, "scale>total:xs"))
    told = hand.at("sample", wire="scale>total:xs")
    told.wait_for()
    assert "scale → total.xs list of 4" in " ".join(told.inner_text().split())
    assert told.locator("text=6").count() == 1
    hand.page.mouse.move(5, 5)
    told.wait_for(state="detached")
    hand.at("wire-insert", wire="scale>total:xs").hover(force=True)
    told.wait_for()


def test_a_value_is_dragged_into_a_field(book: Notebook) -> None:
    """Of those that there are where the node stands, not of what needs it itself: it is the argument then, as one step."""
    hand = Hand(book, "valued")
    hand.click("scale")
    hand.at("computed").wait_for()  # which moves what is below it
    by = hand.at("form-field", field="with.by")
    hand.at("values").locator("summary").click()
    assert hand.at("value", name="tasks.total.output").count() == 0
    by.scroll_into_view_if_needed()
    hand.drag(hand.at("value", name="inputs.n"), by)
    hand.steps("set by of scale")
    assert hand.value("spec.tasks['scale'].args['by'].name") == "'n'"


def test_a_value_is_dragged_into_an_expression(book: Notebook) -> None:
    """There it is one of its words, where the caret was; what was half said before is refused, and no more once it is whole."""
    hand = Hand(book, "worded")
    hand.click("scale")
    hand.at("computed").wait_for()
    hand.page.locator(f"{VIEW} .stx-form summary:has-text('More')").click()
    hand.at("values").locator("summary").click()
    when = hand.at("form-field", field="when")
    when.fill(" > 3")
    hand.press("Home", "Tab")
    refused = hand.page.locator(f"{VIEW} .stx-form-row[data-field=when] [role=alert]")
    refused.wait_for()
    value = hand.at("value", name="inputs.n")
    value.scroll_into_view_if_needed()
    hand.drag(value, when)
    hand.page.wait_for_function("field => field.value === 'inputs.n > 3'", arg=when.element_handle())
    refused.wait_for(state="detached")
    hand.steps()
    hand.press("Enter")
    hand.steps("set when of scale")
    assert hand.value("spec.tasks['scale'].when.text") == "'inputs.n > 3'"


def test_tabs_of_the_editor_are_walked_by_arrows(book: Notebook) -> None:
    """What is selected stays selected: within the tabs an arrow is theirs."""
    hand = Hand(book, "tabbed")
    hand.click("scale")
    hand.at("tab-config").focus()
    hand.press("ArrowRight", "ArrowRight")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=tab-code][aria-selected=true]:focus")
    hand.page.locator(f"{VIEW} .stx-code >> text=def scale").wait_for()


def test_a_condition_stands_on_the_wire_that_it_asks_about(book: Notebook) -> None:
    """As soon as it is said, and until it is taken back."""
    hand = Hand(book, "asking")
    hand.click("total")
    hand.page.locator(f"{VIEW} .stx-form summary:has-text('More')").click()
    hand.at("form-field", field="when").fill("tasks.scale.output != [] && inputs.n > 2")
    hand.press("Enter")
    label = hand.at("edge-label")
    hand.page.wait_for_function("label => label.textContent === '≠ []'", arg=label.element_handle())
    assert label.count() == 1
    hand.click("load")
    hand.press("Control+z")
    label.wait_for(state="detached")


def test_a_small_map_takes_the_editor_elsewhere(book: Notebook) -> None:
    """While not all of the flow is in sight; a click in it shows that part."""
    hand = Hand(book, "mapped")
    small = hand.at("small-map")
    small.wait_for(state="detached")
    for _ in range(6):
        hand.at("zoom-in").click()
    small.wait_for()
    for at, side in ((6, "load"), (134, "total")):
        small.click(position={"x": at, "y": 42})
        hand.page.wait_for_function(
            """side => {
                const [box, card] = [".stx-edit-canvas", `[data-testid=node][data-node=${side}]`].map(one =>
                    document.querySelector(one).getBoundingClientRect());
                return card.right > box.left && card.left < box.right;
            }""",
            arg=side,
        )


def test_a_name_is_completed_while_it_is_typed(book: Notebook) -> None:
    """Tab takes the first, arrows and Enter another one; without the list Enter says what is typed. In the YAML tab, too.

    What was taken the text's own undo takes back."""
    hand = Hand(book, "completed")
    hand.click("scale")
    xs = hand.at("form-field", field="with.xs")
    xs.fill("")
    hand.type("lo")
    hand.at("names").get_by_text("${{ tasks.load.output }}").wait_for()
    hand.press("Tab")
    assert xs.input_value() == "${{ tasks.load.output }}"
    hand.at("names").wait_for(state="detached")
    by = hand.at("form-field", field="with.by")
    by.fill("")
    by.click()
    hand.type("${{ inp")
    hand.at("names").get_by_text("inputs").wait_for()
    hand.press("ArrowDown", "Enter")
    hand.type(".n * 1.5 }}")
    hand.press("Enter")
    hand.steps("set by of scale")
    assert hand.value("to_yaml()").count("inputs.n * 1.5") == 1
    hand.at("tab-yaml").click()
    hand.page.wait_for_selector(f"{VIEW} [data-line='4']")
    hand.at("yaml-text").click()
    hand.press("Control+End")
    hand.type("# ${{ tasks.lo")
    hand.at("names").get_by_text("load.output").wait_for()
    hand.press("Tab")
    assert hand.at("yaml-text").input_value().endswith("# ${{ tasks.load.output")
    hand.press("Control+z")
    assert not hand.at("yaml-text").input_value().endswith("load.output")
    hand.type(" }} needs: [loa")
    hand.at("names").get_by_text("load").wait_for()
    hand.press("Tab")
    assert hand.at("yaml-text").input_value().endswith("needs: [load")
    hand.at("yaml-drop").click()


def test_what_takes_one_element_of_a_list_is_added_for_each(book: Notebook) -> None:
    """Below what takes all of it; the node is mapped then, as one step, and its card tells. In an empty flow, too, Tab begins."""
    book.execute("from stratix_tasks import task\n@task\ndef halved(x: int) -> float:\n    return x / 2")
    hand = Hand(book, "eached")
    hand.click("load")
    hand.press("Tab")
    hand.type("halv")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=quick-add-item][data-name=halved] >> text=for each → x")
    hand.press("Enter")
    hand.node("halved").wait_for()
    hand.steps("add halved")
    assert hand.value("spec.tasks['halved'].each.over['x'].name") == "'load'"
    hand.page.wait_for_selector(f"{VIEW} [data-node=halved] .stx-many")


def test_a_list_that_is_dropped_on_an_argument_for_one_of_it_maps_the_node(book: Notebook) -> None:
    """By a wire, and by the list of W, which tells so; as one step."""
    hand = Hand(book, "dropped")
    hand.value("""apply({"edit": "add", "node": "again", "says": {"call": "load"}})""")
    hand.node("again").wait_for()
    hand.at("fit").click()
    hand.drag(hand.port("load", "output", "out"), hand.port("again", "n"), ".stx-connecting")
    hand.steps("add again", "connect load → again, one each")
    assert hand.value("spec.tasks['again'].each.over['n'].name") == "'load'"
    hand.press("Control+z")
    hand.steps("add again")
    hand.click("load")
    hand.press("w")
    hand.type("again.n")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=quick-add-item] >> text=for each int")
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} [data-node=again] .stx-many")
    assert hand.value("spec.tasks['again'].each.over['n'].name") == "'load'"


IN_SIGHT = """([view, node]) => {
    const at = document.querySelector(`${view} [data-node=${node}]`)?.getBoundingClientRect();
    const canvas = document.querySelector(`${view} .stx-edit-canvas`).getBoundingClientRect();
    return at && at.left >= canvas.left && at.right <= canvas.right && at.top >= canvas.top && at.bottom <= canvas.bottom;
}"""


def test_what_is_pressed_in_a_view_has_the_next_key(book: Notebook) -> None:
    """Also by the right button, where the cell had the focus before, and where the notebook's own menu was open: no cell is deleted."""
    hand = Hand(book, "pressed")
    in_view = "document.activeElement.closest('[data-testid=stratix-view]') !== null"
    cells = hand.page.locator(".jp-CodeCell")
    count = cells.count()
    for button in ("right", "left"):
        cells.nth(0).locator(".jp-InputPrompt").click()
        assert not hand.page.evaluate(in_view)
        if button == "left":
            cells.nth(0).locator(".jp-InputPrompt").click(button="right")
            hand.page.wait_for_selector(".lm-Menu")
        hand.page.mouse.click(
            *hand.page.evaluate(
                """() => {
                    const at = document.querySelector('.stx-palette-list summary').getBoundingClientRect();
                    return [at.left + 40, at.top + at.height / 2];
                }"""
            ),
            button=button,
        )
        hand.page.wait_for_function(in_view)
        hand.press("d", "d")
        hand.page.wait_for_selector(".lm-Menu", state="detached")
    assert cells.count() == count


def test_what_is_tidied_is_in_sight(book: Notebook) -> None:
    """Where the layout takes cards out of it the canvas is moved; where all have room as they are, nothing is zoomed."""
    hand = Hand(book, "tidied_in_sight")
    zoom = "document.querySelector('.react-flow__viewport').style.transform.split('scale')[1]"
    before = hand.page.evaluate(zoom)
    hand.click("total")
    hand.press("Alt+ArrowDown", "l")
    hand.steps("move total", "tidy total")
    assert hand.page.evaluate(zoom) == before
    away = {name: [3_000 + 300 * at, 2_000] for at, name in enumerate(("load", "scale", "total"))}
    book.value(f"{hand.name}.apply({{'edit': 'move', 'places': {away}}}) and None")
    hand.press("Escape")
    hand.node("load").wait_for(state="visible")
    hand.page.click(f"{VIEW} [data-testid=fit]")
    hand.at("layout").click()
    in_sight = """() => [...document.querySelectorAll('[data-testid=node]')].every(card => {
        const [is, all] = [card, document.querySelector('.stx-edit-canvas')].map(one => one.getBoundingClientRect());
        return is.left >= all.left && is.right <= all.right && is.top >= all.top && is.bottom <= all.bottom;
    })"""
    hand.page.wait_for_function(in_sight)


def test_what_is_added_or_gone_to_by_keys_is_in_sight(book: Notebook) -> None:
    """A chain grows beyond the canvas, which goes with it; arrows lead back. What takes nothing of it can be added to wait for it."""
    hand = Hand(book, "grown")
    hand.click("total")
    for name in ("total_2", "total_3", "total_4"):
        hand.press("Tab")
        hand.page.wait_for_selector(f"{VIEW} [data-testid=quick-add]")
        hand.type("total")
        hand.page.wait_for_selector(f"{VIEW} [data-testid=quick-add-item][data-name=total] >> text=only waits")
        hand.press("Enter")
        hand.page.wait_for_function(IN_SIGHT, arg=[VIEW, name])
        hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node={name}]")
    assert hand.value("spec.tasks['total_4'].needs") == "('total_3',)"
    for name in ("total_3", "total_2", "total", "scale", "load"):
        hand.press("ArrowLeft")
        hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node={name}]")
        hand.page.wait_for_function(IN_SIGHT, arg=[VIEW, name])


def test_the_first_node_of_an_empty_flow_is_added_by_keys(book: Notebook) -> None:
    """What is empty says how to begin; the button that leads to the editor leaves the next key to it. A run of the flow leads back."""
    page = book.page
    page.evaluate(RUN, "empty = Flow.new('empty')\nempty")
    page.wait_for_selector(f"{VIEW} >> text=There is nothing in this flow: Edit adds the first node.")
    page.click(f"{VIEW} [data-testid=edit-mode]")
    page.wait_for_selector(f"{VIEW}[data-mode=edit] >> text=or press Tab")
    page.keyboard.press("Tab")
    page.wait_for_selector(f"{VIEW} [data-testid=quick-add]")
    page.keyboard.type("load")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{VIEW} [data-node=load]")
    assert book.value("list(empty.spec.tasks)") == "['load']"
    book.value("empty.apply({'edit': 'set', 'node': 'load', 'field': 'with.n', 'value': 3})")
    page.click(f"{VIEW} [data-testid=edit-mode]")
    page.click(f"{VIEW}[data-mode=live] [data-testid=run-start]:enabled")
    page.wait_for_selector(f"{VIEW}[data-run-state=completed]")
    page.click(f"{VIEW} [data-testid=edit-mode]")
    page.wait_for_selector(f"{VIEW}[data-mode=edit] [data-node=load]")


def test_the_panel_is_as_wide_as_its_edge_is_dragged(book: Notebook) -> None:
    """By mouse and by keys, as that of a view; the canvas makes way, and what is on it stays. Of a narrow view it is the lower part."""
    hand = Hand(book, "dragged")
    hand.click("scale")
    panel, edge, card = hand.at("edit-panel"), hand.at("panel-width"), hand.node("scale")
    wide, stood = panel.bounding_box()["width"], card.bounding_box()
    hand.drag(edge, (-100, 40))
    assert abs(panel.bounding_box()["width"] - wide - 100) < 8
    canvas = hand.page.locator(f"{VIEW} .stx-edit-canvas").bounding_box()
    assert canvas["x"] + canvas["width"] <= panel.bounding_box()["x"] + 1
    assert card.bounding_box() == stood
    dragged = panel.bounding_box()["width"]
    edge.focus()
    hand.press("ArrowRight")
    assert panel.bounding_box()["width"] < dragged and hand.at("edit-panel").get_by_text("scale").first.is_visible()
    edge.dblclick()
    assert panel.bounding_box()["width"] == wide
    hand.page.set_viewport_size({"width": 640, "height": 900})
    hand.page.wait_for_function(
        """view => {
            const [panel, canvas] = [".stx-edit-panel", ".stx-edit-canvas"].map(
                one => document.querySelector(`${view} ${one}`).getBoundingClientRect());
            return panel.width > canvas.width - 3 && canvas.bottom <= panel.top + 1 && canvas.height > 200;
        }""",
        arg=VIEW,
    )
    hand.page.set_viewport_size({"width": 1360, "height": 900})
    hand.steps()
