"""A flow that is drawn from nothing, in a real JupyterLab: its inputs, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from editor_hand import Hand, opened
from jupyter import Notebook, Server

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
