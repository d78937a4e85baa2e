"""A flow that is drawn from nothing, in a real JupyterLab: its inputs, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from editor_hand import DEFINE, VIEW, Hand, opened
from jupyter import KERNEL, Notebook, Server

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def book(lab: Server, browser: Any) -> Iterator[Notebook]:
    made = opened(lab, browser, "drawing")
    yield made
    made.page.close()


def test_a_new_input_is_asked_for_its_type(book: Notebook) -> None:
    """The types are listed at once; by keys alone it has a name and a type, by a click another one. It is renamed and taken away."""
    hand = Hand(book, "typed")
    hand.at("input-add").fill("day")
    hand.press("Enter")
    row = hand.at("flow-input", name="day")
    row.get_by_test_id("names").get_by_text("a whole number").wait_for()
    hand.type("da")
    row.get_by_test_id("names").get_by_text("datetime").wait_for()
    hand.press("Tab", "Enter")
    hand.steps("add input day", "set inputs.day")
    assert hand.value("spec.inputs['day'].type") == "'date'"
    row.get_by_label("type").fill("")
    row.get_by_test_id("names").get_by_text("float").click()
    hand.press("Enter")
    hand.steps("add input day", "set inputs.day", "set inputs.day")
    assert hand.value("spec.inputs['day'].type") == "'float'"
    row.get_by_test_id("input-name").fill("amount")
    hand.press("Enter")
    hand.at("flow-input", name="amount").get_by_label("Remove input amount").click()
    hand.at("flow-input", name="amount").wait_for(state="detached")
    assert hand.value("spec.inputs.keys()") == "dict_keys(['n'])"


def test_an_argument_is_made_an_input_of_the_flow_by_a_wire_on_the_empty_canvas(book: Notebook) -> None:
    """First in the list of what could give it; with its type, wired, as one step."""
    hand = Hand(book, "asked")
    hand.value("""apply({"edit": "add", "node": "shout", "says": {"call": "shout"}})""")
    hand.node("shout").wait_for()
    hand.at("fit").click()
    hand.drag(hand.port("shout", "text"), (-40, 160))
    hand.at("quick-add-item", name="New input text").wait_for()
    hand.press("Enter")
    hand.port("inputs", "text", "out").wait_for()
    hand.steps("add shout", "add input text")
    assert hand.value("spec.inputs['text'].type") == "'str'"
    assert hand.value("spec.tasks['shout'].args['text'].scope") == "'inputs'"


def test_a_value_is_typed_as_its_yaml_line_has_it(book: Notebook) -> None:
    """What a field shows of its line can be typed as well; where it breaks off that is told, and kept."""
    hand = Hand(book, "lined")
    hand.click("total")
    hand.press("Tab")
    hand.page.wait_for_selector(f"{VIEW} [data-testid=quick-add-item]")
    hand.type("wait.input")
    hand.press("Enter")
    fields = hand.at("form-field", field="with.fields")
    fields.fill("{rows: {type: int}")
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} .stx-form-row.stx-bad[data-field='with.fields'] [role=alert]")
    fields.fill("{rows: {type: int}}")
    hand.press("Enter")
    hand.steps("add input", "set fields of input")
    assert hand.value("spec.tasks['input'].args") == "{'fields': {'rows': {'type': 'int'}}}"
    assert hand.value("spec.tasks['input'].needs") == "('total',)"  # nothing of it takes a number by itself
    hand.click("scale")
    hand.page.locator(f"{VIEW} .stx-form summary").last.click()
    hand.at("form-field", field="retry").fill("{max: 3, delay: 2s}")
    hand.press("Control+Enter")
    hand.steps("add input", "set fields of input", "set retry of scale")
    hand.at("form-field", field="each").fill('{as: xs, in: ["${{ tasks.load.output }}"]}')
    hand.press("Control+Enter")
    hand.steps("add input", "set fields of input", "set retry of scale", "set each of scale")
    assert hand.value("spec.tasks['scale'].each.over['xs'][0].name") == "'load'"


def test_nodes_are_found_by_what_stands_in_them(book: Notebook) -> None:
    """By Ctrl+F within the editor, also where something is typed: Enter goes from one to the next, each is selected and in sight; Escape
    leaves the focus with the last, and nothing of it reaches JupyterLab's own search."""
    hand = Hand(book, "sought")
    hand.click("load")
    hand.at("form-field", field="with.n").click()
    hand.press("Control+f")
    hand.at("search").get_by_role("textbox").wait_for()
    hand.type("call numbers add")
    hand.at("search").get_by_text("none").wait_for()
    hand.press("Control+a")
    hand.type("xs")
    hand.at("search").get_by_text("2", exact=True).wait_for()
    hand.press("Enter", "Enter")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=total]")
    hand.at("search").get_by_text("2 of 2").wait_for()
    hand.press("ContextMenu")
    hand.press("Escape")
    hand.at("search").wait_for(state="detached")
    hand.press("x")
    hand.steps("disable total")
    assert hand.page.locator(".jp-DocumentSearch-overlay, .lm-Menu").count() == 0


def test_a_wire_that_only_waits_is_turned_to_one_on_failure(book: Notebook) -> None:
    """By its button, and back by C, as one step each; one that brings a value can't be, and the button says why."""
    hand = Hand(book, "turned")
    hand.value(
        """apply({"edit": "add", "node": "again", "says": {"call": "load", "with": {"n": 1}, "needs": ["total"]}})"""
    )
    hand.node("again").wait_for()
    hand.at("fit").click()

    def choose(wire: str) -> None:
        way = hand.page.locator(f"{VIEW} .react-flow__edge[data-id='{wire}'] path.react-flow__edge-path")
        there = way.evaluate(
            "path => { const at = path.getPointAtLength(path.getTotalLength() * 0.3);"
            " const { a, d, e, f } = path.getScreenCTM(); return [at.x * a + e, at.y * d + f]; }"
        )
        hand.page.mouse.click(*there)

    choose("load>scale:xs")
    assert "brings no value" in hand.at("on-failure").get_attribute("title")
    choose("total>again:")
    hand.at("on-failure").click()
    hand.steps("add again", "run again when total fails")
    assert hand.value("spec.tasks['again'].catch") == "('total',)" and hand.value("spec.tasks['again'].needs") == "()"
    choose("total>again:")
    hand.press("c")
    hand.steps("add again", "run again when total fails", "run again after total")
    assert hand.value("spec.tasks['again'].needs") == "('total',)" and hand.value("spec.tasks['again'].catch") == "()"


def test_what_was_grouped_is_selected(book: Notebook) -> None:
    """And what was unpacked: the next key is about it."""
    hand = Hand(book, "grouped")
    hand.click("scale")
    hand.click("total", "Shift")
    hand.press("g")
    hand.page.wait_for_selector(f"{VIEW} .stx-pop input")
    hand.type("sums")
    hand.press("Enter")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=sums]")
    hand.press("Shift+G")
    hand.page.wait_for_selector(f"{VIEW} .stx-selected[data-node=total]")
    assert hand.page.locator(f"{VIEW} .stx-selected").count() == 2


def test_a_wire_is_dropped_on_the_frame_in_which_it_begins(book: Notebook) -> None:
    """As on the empty canvas: what is added, or the input that is made of an argument, is that of the sub-flow; all its uses need it."""
    hand = Hand(book, "framed")
    hand.value(
        """apply({"edit": "group", "nodes": ["scale", "total"], "flow": "sums"}, {"edit": "move", "places": {"sums.total": [300, 190]}})"""
    )
    hand.node("sums.total").wait_for()
    hand.at("fit").click()
    port, frame = hand.port("sums.scale", "by").bounding_box(), hand.node("sums").bounding_box()
    goal = (
        frame["x"] + 12 - port["x"] - port["width"] / 2,
        frame["y"] + frame["height"] - 8 - port["y"] - port["height"] / 2,
    )
    hand.drag(hand.port("sums.scale", "by"), goal)
    hand.at("quick-add-item", name="New input by").wait_for()
    hand.press("Enter")
    hand.steps("group scale, total as sums and 1 more", "add input by")
    assert hand.value("spec.flows['sums'].inputs['by'].type") == "'float'"
    hand.page.wait_for_selector(f"{VIEW} [data-testid=problems] >> text=1 problem")


def test_a_drawing_that_nobody_saved_outlives_its_kernel(lab: Server, browser: Any) -> None:
    """The view says where it is offered, also in a notebook that is opened again; a click in the editor of the new kernel has it, and its
    steps can be undone."""
    page = browser.new_page()
    url = lab.notebook(
        "drafted", [DEFINE, "from stratix_tasks import Flow\ndrafted = Flow.new('drafted')\ndrafted.edit()"]
    )
    book = Notebook(page, url)
    book.run_all()
    page.click(f"{VIEW}[data-mode=edit] .stx-edit-canvas")
    for name in ("load", "scale"):
        page.keyboard.press("Tab")
        page.click(f"{VIEW} [data-testid=quick-add-item][data-name={name}]")
        page.wait_for_selector(f"{VIEW} [data-node={name}]")
    page.wait_for_function(IN_NOTEBOOK, timeout=20_000)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate(f"{KERNEL}.restart()")
    told = "Run its cell: its editor offers the 2 edits that nobody saved."
    page.wait_for_selector(f"{VIEW} [data-testid=banner] >> text={told}", timeout=20_000)
    page.wait_for_function(f"{KERNEL}?.status=='idle'", timeout=30_000)
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector(f"{VIEW}[data-mode=saved] [data-node=scale]", timeout=30_000)
    page.wait_for_selector(f"{VIEW} [data-testid=banner] >> text={told}")
    page.wait_for_function(f"{KERNEL}?.status=='idle'", timeout=30_000)
    book.run_all()
    page.click(f"{VIEW}[data-mode=edit] [data-testid=reapply]", timeout=30_000)
    page.wait_for_selector(f"{VIEW} [data-node=scale]")
    assert book.value("drafted.edits") == "['add load', 'add scale']"
    page.keyboard.press("Control+z")
    page.wait_for_selector(f"{VIEW} [data-node=scale]", state="detached")
    page.close()


IN_NOTEBOOK = """() => {
    const { outputs } = window.jupyterapp.shell.currentWidget.content.model.cells.get(1);
    return outputs.get(0).data["application/vnd.stratix+json"].snapshot.includes('"unsaved":2');
}"""
