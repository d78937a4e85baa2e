"""A flow edited by hand in a real JupyterLab: one notebook for all, a flow of its own for each test."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from typing import Any

import pytest
from editor_hand import VIEW, Hand, opened
from jupyter import Notebook, Server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def book(lab: Server, browser: Any) -> Iterator[Notebook]:
    made = opened(lab, browser, "edited")
    yield made
    made.page.close()


def test_nodes_are_moved_and_a_drag_is_one_step(book: Notebook) -> None:
    """A drag of one of several selected nodes moves all of them, as one step; undo by key and button gives the places back.

    What is undone is named by the button."""
    hand = Hand(book, "moved")
    hand.click("load")
    hand.click("scale", "Shift")
    stood = hand.node("load").bounding_box()
    hand.drag(hand.node("scale").locator(".stx-name"), (30, 60))
    hand.steps("move load, scale")
    assert hand.value("spec.ui.positions.keys()") == "dict_keys(['load', 'scale'])"
    from playwright.sync_api import expect

    expect(hand.at("undo")).to_have_attribute("title", "Undo: move load, scale (Ctrl+Z)")
    hand.press("Control+z")
    hand.steps()
    hand.page.wait_for_function(
        f"y => Math.abs(document.querySelector('{VIEW} [data-node=load]').getBoundingClientRect().y - y) < 1",
        arg=stood["y"],
    )
    hand.press("Control+Shift+Z")
    hand.steps("move load, scale")
    hand.at("layout").click()
    hand.steps("move load, scale", "tidy load, scale")
    assert hand.value("spec.ui") == "None"


def test_wires_are_drawn_where_they_fit_and_refused_with_the_reason(book: Notebook) -> None:
    """The whole row of an argument takes a wire. While one is drawn, what does not fit is dim; let go there, it says why, and nothing is sent.

    On the head of a card it is only waited for. A wire that is taken off its row and dropped is gone."""
    hand = Hand(book, "wired")
    hand.drag(hand.port("load", "output", "out"), hand.port("total", "xs"), ".stx-misfit")
    hand.steps("connect load → total")
    hand.drag(hand.port("total", "output", "out"), hand.port("scale", "xs"), ".stx-misfit")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=refused] >> text=it gives int, and this takes list")
    hand.steps("connect load → total")
    hand.drag(hand.port("scale", "output", "out"), hand.node("total").locator(".stx-name"), ".stx-misfit")
    hand.steps("connect load → total", "connect scale → total")
    assert hand.value("spec.tasks['total'].needs") == "('scale',)"
    wire = hand.page.locator(f"{VIEW} .react-flow__edge[data-id='load>total:xs'] .react-flow__edgeupdater")
    hand.drag(wire, (-60, 130), ".stx-misfit")
    hand.steps("connect load → total", "connect scale → total", "disconnect load → total")


def test_nodes_are_renamed_copied_disabled_and_removed_by_keys(book: Notebook) -> None:
    """F2 and a double click rename, D duplicates, X disables, Del removes; letters typed into a name are no keys.

    After the removal of a node the view is there as before, and no cell of the notebook is gone."""
    hand = Hand(book, "keyed")
    hand.click("scale")
    hand.press("F2")
    hand.type("add")
    hand.press("Enter")
    hand.steps("rename scale to add")
    hand.node("add").locator(".stx-name").dblclick()
    hand.type("grow")
    hand.press("Enter")
    hand.steps("rename scale to add", "rename add to grow")
    hand.node("grow").wait_for()
    hand.press("d")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=grow_2]")
    hand.press("Delete")
    hand.node("grow_2").wait_for(state="detached")
    hand.click("grow")
    hand.press("x")
    hand.page.wait_for_selector(f"{VIEW} .stx-off[data-node=grow]")
    hand.press("x")
    hand.page.wait_for_selector(f"{VIEW} [data-node=grow]:not(.stx-off)")
    hand.steps(
        *("rename scale to add", "rename add to grow", "duplicate grow", "remove grow_2"),
        *("disable grow", "enable grow"),
    )
    assert hand.page.locator(".jp-Notebook .jp-CodeCell").count() == 2
    assert "# twice" in hand.value("to_yaml()")


def test_a_node_stays_chosen_where_undo_gives_its_name_back(book: Notebook) -> None:
    """So that the next key is about it; what was told of the flow goes with the next thing that is done."""
    hand = Hand(book, "named_back")
    hand.click("scale")
    hand.press("F2")
    hand.type("add")
    hand.press("Enter")
    hand.steps("rename scale to add")
    hand.node("add").wait_for()
    hand.press("Control+z")
    hand.steps()
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=scale]")
    hand.press("x")
    hand.page.wait_for_selector(f"{VIEW} .stx-off[data-node=scale]")
    hand.at("show-python").click()
    told = f"() => /^(Copied|The browser)/.test(document.querySelector(`{VIEW} [data-testid=edit-told]`).textContent)"
    hand.page.wait_for_function(told)
    hand.click("load")
    hand.page.wait_for_function(f"() => !({told})()")
    hand.steps("disable scale")


def test_nodes_are_added_by_keys_by_a_wire_and_from_the_palette(book: Notebook) -> None:
    """Tab lists what goes on from the selected node; Ctrl+Enter adds and goes on from there. A wire dropped on the empty canvas lists what fits.

    Each is one step, with its wire. A double click on the canvas adds what stands alone; ⊕ puts a node into a wire."""
    hand = Hand(book, "added")
    hand.click("load")
    hand.press("Tab")
    hand.type("scal")
    hand.at("quick-add-item", name="scale").wait_for()
    assert hand.at("quick-add-item", name="shout").count() == 0
    hand.press("Control+Enter")
    hand.page.wait_for_selector(f"{VIEW} [placeholder='Goes on from scale_2…']")
    hand.type("tot")
    hand.at("quick-add-item", name="total").wait_for()
    hand.press("Enter")
    hand.steps("add scale_2", "add total_2")
    assert hand.value("spec.tasks['total_2'].args['xs'].name") == "'scale_2'"
    hand.node("total_2").wait_for()
    hand.press("Control+z", "Control+z")
    hand.node("scale_2").wait_for(state="detached")

    hand.drag(hand.port("load", "output", "out"), (40, 150), ".stx-misfit")
    hand.at("quick-add-item", name="total").click()
    hand.steps("add total_2")
    assert hand.value("spec.tasks['total_2'].args['xs'].name") == "'load'"

    insert = hand.at("wire-insert", wire="load>scale:xs")
    insert.hover()
    insert.click()
    hand.type("scale")
    hand.at("quick-add-item", name="scale").wait_for()
    hand.press("Enter")
    hand.steps("add total_2", "put scale_2 between load and scale")
    assert hand.value("spec.tasks['scale'].args['xs'].name") == "'scale_2'"

    canvas = hand.page.locator(f"{VIEW} .react-flow__pane")
    canvas.dblclick(position={"x": 220, "y": 30})
    hand.type("shout")
    hand.at("quick-add-item", name="shout").wait_for()
    hand.press("Enter")
    hand.node("shout").wait_for()
    hand.at("palette-search").fill("tot")
    hand.drag(hand.at("palette-item", name="total").first, (330, 150))
    hand.node("total_3").wait_for()
    assert hand.value("spec.tasks['total_3'].args") == "{}"


def test_forms_say_what_is_typed_and_lose_nothing(book: Notebook) -> None:
    """A field is said by Enter and by a click elsewhere, as one step; what can't be is kept with the reason, and is there when one comes back.

    Ctrl+Z in a field is the text's own. Inputs of the flow are added and renamed; all that names them follows."""
    hand = Hand(book, "filled")
    hand.click("scale")
    by = hand.at("form-field", field="with.by")
    by.fill("3.5")
    hand.press("Enter")
    hand.steps("set by of scale")
    by.fill("4.5")
    hand.click("load")
    hand.steps("set by of scale", "set by of scale")
    assert hand.value("spec.tasks['scale'].args['by']") == "4.5"
    hand.click("scale")
    by.click(click_count=3)
    hand.type("much")
    hand.press("Control+z")
    assert by.input_value() != "much"
    hand.steps("set by of scale", "set by of scale")
    by.fill("much")
    hand.click("load")
    hand.click("scale")
    hand.page.wait_for_selector(f"{VIEW} .stx-form-row.stx-bad[data-field='with.by'] >> text=Write a number")
    assert by.input_value() == "much"
    hand.press("Escape")
    hand.page.locator(f"{VIEW} .react-flow__pane").click(position={"x": 300, "y": 20})
    name = hand.at("input-name")
    name.fill("count")
    hand.press("Enter")
    hand.steps("set by of scale", "set by of scale", "rename input n to count")
    assert hand.value("spec.tasks['load'].args['n'].name") == "'count'"


def test_the_text_is_the_flow_and_the_flow_the_text(book: Notebook) -> None:
    """What is written in the YAML tab is drawn; a text that is no flow stays there, marked, and leaves the graph alone.

    Selecting a node marks its lines; the caret in the lines of a node selects it."""
    hand = Hand(book, "written")
    hand.at("tab-yaml").click()
    text = hand.at("yaml-text")
    hand.page.wait_for_selector(f"{VIEW} [data-line='4']")
    hand.click("scale")
    hand.page.wait_for_selector(f"{VIEW} .stx-yaml-back .stx-on[data-line='6'] >> text=scale")
    was = text.input_value()
    text.fill(was.replace("by: 2.0", "by: 7.0"))
    hand.press("Control+Enter")
    hand.steps("edit the text")
    assert "by: 7.0}}  # twice" in hand.value("to_yaml()")
    text.fill(was.replace("tasks:", "tasks: ["))
    hand.press("Control+Enter")
    hand.at("yaml-refused").wait_for()
    hand.steps("edit the text")
    assert hand.node("scale").count() == 1
    assert "tasks: [" in text.input_value()
    hand.at("yaml-drop").click()
    hand.page.wait_for_selector(f"{VIEW} [data-testid=yaml-refused]", state="detached")
    assert "by: 7.0" in text.input_value()


def test_a_problem_of_a_text_is_mended_while_it_is_typed(book: Notebook) -> None:
    """Its button changes the text as if it were typed: Ctrl+Z takes it back, and only what is applied is the flow."""
    hand = Hand(book, "texted")
    hand.at("tab-yaml").click()
    text = hand.at("yaml-text")
    hand.page.wait_for_function("document.querySelector('[data-testid=yaml-text]').value.includes('load')")
    was = text.input_value()
    wrong = was.replace("tasks.load.output", "tasks.laod.output")
    text.fill(wrong)
    mend = hand.at("panel-yaml").get_by_text("Write load for laod")
    mend.click()
    hand.page.wait_for_function("was => document.querySelector('[data-testid=yaml-text]').value === was", arg=was)
    mend.wait_for(state="detached")
    hand.press("Control+z")
    assert text.input_value() == wrong
    hand.press("Control+Enter")
    assert "1 problem" in hand.at("yaml-refused").inner_text()
    mend.click()
    hand.page.wait_for_function("was => document.querySelector('[data-testid=yaml-text]').value === was", arg=was)
    text.press("Control+Enter")
    hand.at("yaml-apply").wait_for(state="detached")
    assert hand.value("edits") == "[]"


def test_parts_of_a_flow_are_copied_grouped_and_connected_by_keys(book: Notebook) -> None:
    """Ctrl+C and Ctrl+V carry nodes as YAML; G makes a flow of them, Shift+G unpacks it; W lists the ports that fit; arrows walk the graph."""
    hand = Hand(book, "parted")
    hand.click("load")
    hand.click("scale", "Shift")
    hand.press("Control+c")
    hand.press("Control+v")
    hand.node("scale_2").wait_for()
    hand.steps("paste")
    hand.press("g")
    hand.at("ask-name").fill("part")
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} [data-node='part.scale_2']")
    hand.page.locator(f"{VIEW} [data-node=part] > .stx-group-name .stx-name").click()
    hand.press("Shift+G")
    hand.page.wait_for_selector(f"{VIEW} [data-node=part]", state="detached")
    hand.click("load")
    hand.press("ArrowRight")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=scale]")
    hand.click("load")
    hand.press("w")
    hand.at("quick-add-item", name="total").wait_for()
    hand.type("total")
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=undo][title^='Undo: connect load → total']")
    assert hand.page.locator(".jp-Notebook .jp-CodeCell").count() == 2


def test_a_flow_is_saved_and_a_file_that_changed_meanwhile_is_noticed(book: Notebook, lab: Server) -> None:
    """Save asks for a path where there is none. What somebody else wrote is not written over: the view tells, and reads it again by a click."""
    hand = Hand(book, "saved")
    file = lab.root / "saved.yaml"
    hand.at("save").click()
    hand.at("save-path").fill(str(file))
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=edit-told] >> text=Saved")
    file.write_text(file.read_text().replace("# twice", "# by somebody else"))
    hand.click("scale")
    hand.press("x")
    hand.at("reload").click()
    hand.at("stale").wait_for(state="detached")
    assert "# by somebody else" in hand.value("to_yaml()")


def test_a_problem_is_mended_by_a_click(book: Notebook) -> None:
    """Its button makes the edit, as one step; for what only a person knows it opens the field."""
    hand = Hand(book, "mended")
    hand.click("scale")
    hand.at("form-field", field="with.xs").fill("${{ tasks.laod.output }}")
    hand.press("Enter")
    hand.steps("set xs of scale")
    hand.at("problems").locator("summary").click()
    hand.at("problems").get_by_text("Write load for laod").click()
    hand.steps("set xs of scale", "write load for laod")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=problems]", state="detached")
    hand.click("total")
    hand.at("form-field", field="with.xs").fill("")
    hand.press("Enter")
    hand.page.locator(f"{VIEW} .react-flow__pane").click(position={"x": 300, "y": 20})
    hand.at("problems").locator("summary").click()
    hand.at("problems").get_by_text("Fill in xs").click()
    hand.page.wait_for_selector(f"{VIEW} [data-testid=form][data-node=total] [data-field='with.xs']:focus")


def test_what_several_nodes_have_in_common_is_said_of_all_as_one_step(book: Notebook) -> None:
    """Where they say different things, the field tells; what is set there is said of each, and one undo takes it back."""
    hand = Hand(book, "common")
    hand.click("scale")
    hand.page.locator(f"{VIEW} .stx-form summary:has-text('More')").click()
    hand.at("form-field", field="timeout").fill("30s")
    hand.press("Enter")
    hand.steps("set timeout of scale")
    hand.click("load", "Shift")
    hand.page.wait_for_selector(f"{VIEW} [data-field=timeout][placeholder='not the same in all']", state="attached")
    if not hand.at("form-field", field="retry").is_visible():
        hand.page.locator(f"{VIEW} .stx-form summary:has-text('More')").click()
    hand.at("form-field", field="retry").fill("2")
    hand.press("Enter")
    hand.steps("set timeout of scale", "set retry of 2 nodes")
    assert [hand.value(f"spec.tasks['{name}'].retry.max") for name in ("load", "scale")] == ["2", "2"]
    hand.at("undo").click()
    hand.steps("set timeout of scale")


def test_a_task_that_is_not_there_yet_is_written_in_a_cell_below(book: Notebook) -> None:
    """A quick add of a name that nothing has places a node, and a cell with its stub; once that is run, nothing is wrong with the node."""
    hand = Hand(book, "fresh")
    hand.click("load")
    hand.press("Tab")
    hand.type("halve")
    hand.at("quick-add-item", name="New task halve").click()
    hand.steps("add halve")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=new-task][data-below=true]")
    cell = hand.page.locator(".jp-Notebook .jp-CodeCell").nth(2)
    cell.get_by_text("def halve(load: list[int]):").wait_for()
    hand.page.wait_for_selector(f"{VIEW} [data-node=halve] [data-testid=node-problem]")
    hand.page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2 }")
    hand.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell')")
    hand.page.wait_for_selector(f"{VIEW} [data-node=halve] [data-testid=node-problem]", state="detached")
    hand.at("new-task").wait_for(state="detached")
    hand.page.evaluate("() => window.jupyterapp.commands.execute('notebook:delete-cell')")
    hand.page.wait_for_function("() => document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === 2")


DROP = """([view, name, text]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    const canvas = document.querySelector(`${view} .stx-edit-canvas`);
    const { x, y, width, height } = canvas.getBoundingClientRect();
    const at = { clientX: x + width / 2, clientY: y + height / 2 };
    const over = new DragEvent("dragover", { dataTransfer, ...at, bubbles: true, cancelable: true });
    canvas.dispatchEvent(over);
    canvas.dispatchEvent(new DragEvent("drop", { dataTransfer, ...at, bubbles: true, cancelable: true }));
    return over.defaultPrevented;
}"""


def test_a_picture_that_is_dropped_on_the_canvas_is_pasted_there(book: Notebook) -> None:
    """Its nodes are selected where they were dropped, as one step; a picture without a flow is refused with the reason."""
    hand = Hand(book, "dropped")
    svg = literal_eval(hand.value("to_svg()"))
    assert hand.page.evaluate(DROP, [VIEW, "some.svg", svg])
    hand.steps("paste some.svg")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=load_2]")
    assert hand.page.locator(f"{VIEW} .stx-selected").count() == 3
    hand.page.evaluate(DROP, [VIEW, "empty.svg", "<svg></svg>"])
    hand.page.wait_for_selector(f"{VIEW} [data-testid=refused] >> text=carries no flow")
    hand.steps("paste some.svg")
