"""Where a wire ends by itself, and where none can end: what the lists of an editor choose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from front import View, view_of

from stratix_tasks import Flow, configure

TEXT = """\
stratix: 1
flow: wires_taken
tasks:
  text: {uses: file.read, with: {path: a.txt, parse: text}}
  pause: {uses: wait.sleep, with: {duration: 1s}}
  names: {uses: file.glob, with: {pattern: "*"}}
  there: {uses: wait.input, with: {message: How many?, fields: {rows: {type: int}}}}
  stop: {uses: flow.cancel, with: {node: there}}
  taken_up: {uses: wait.approval, catch: [text], with: {message: Go on?}}
"""


@pytest.fixture
def view(tmp_path: Path) -> Iterator[View]:
    configure(store=tmp_path / "store")
    yield view_of(Flow.from_yaml(TEXT))
    configure(store=tmp_path / "other")


def taken(view: View, source: str) -> dict[str, str]:
    """By name of what can be placed which argument takes what a source gives."""
    return {item["name"]: item["port"] for item in view.ask("palette", node=source, side="out", port="")}


def test_no_wire_goes_by_itself_to_what_says_what_a_node_does(view: View) -> None:
    """The fields of a question, what a step ends and how: a node that has no other argument for it only waits."""
    of_time = taken(view, "pause")
    assert of_time["wait.input"] == of_time["flow.cancel"] == ""
    assert of_time["flow.finish"] == taken(view, "names")["flow.finish"] == "value"


def test_what_nobody_knows_the_type_of_goes_to_what_takes_any_value(view: View) -> None:
    """Of an executor, which says what its arguments are: not to a message or an address."""
    of_any = taken(view, "text")
    assert of_any["wait.input"] == of_any["wait.approval"] == of_any["http.get"] == of_any["sql.query"] == ""
    assert (of_any["file.write"], of_any["http.post"], of_any["flow.finish"]) == ("value", "json", "value")


def test_a_wire_that_is_drawn_there_is_refused_with_the_reason(view: View) -> None:
    """They are written in the form; what else the node takes is told by its type."""
    why = view.ask("fits", source="names")["why"]
    assert why["there"]["fields"] == why["stop"]["node"] == "it says what is done: write it in the form"
    assert why["there"]["message"] == ""  # one each
    each = view.ask("fits", source="names")["each"]
    assert each["there"] == ["message"] and each["stop"] == []


def test_settings_of_an_executor_take_no_wire_by_themselves(view: View) -> None:
    """A list of texts is no list of files that a query may read; what must be given takes it."""
    of_names = taken(view, "names")
    assert (of_names["sql.query"], of_names["shell.run"], of_names["http.get"]) == ("query", "command", "url")


def test_a_value_is_typed_as_yaml_has_it(view: View) -> None:
    """Plain data; where it breaks off that is told."""
    assert view.ask("value", text="{rows: {type: int, min: 1}, to: [a, 2]}") == {
        "rows": {"type": "int", "min": 1},
        "to": ["a", 2],
    }
    assert view.refused("value", text="{rows: {type: int}") != ""
    form = {one["field"]: one for one in view.ask("form", nodes=["there"])["fields"]}
    assert "{rows: {type: int}}" in form["with.fields"]["about"]


def test_what_is_seen_of_an_error_is_completed_where_one_is_caught(view: View) -> None:
    """As a value or in an expression, and nowhere else."""

    def told(node: str, text: str) -> list[str]:
        return [one["text"] for one in view.ask("complete", node=node, text=text, at=len(text), of="value")["names"]]

    assert told("taken_up", "err") == ["${{ error.message }}", "${{ error.type }}", "${{ error.code }}"]
    assert told("taken_up", "${{ error.m") == ["message"] and told("stop", "err") == []


def test_what_is_grouped_or_unpacked_is_named(view: View) -> None:
    """So that it is selected."""
    assert view.ask("edit", edits=[{"edit": "group", "nodes": ["pause", "names"], "flow": "files"}], title="") == [
        "files"
    ]
    assert view.ask("edit", edits=[{"edit": "ungroup", "node": "files"}], title="") == ["pause", "names"]


def test_types_are_completed_where_one_is_typed(view: View) -> None:
    """All that most inputs have where nothing is typed yet, then those that begin so, also a part of one."""

    def told(text: str) -> list[str]:
        return [one["text"] for one in view.ask("complete", node="", text=text, at=len(text), of="type")["names"]]

    assert told("")[:3] == ["str", "int", "float"]
    assert told("da") == ["date", "datetime"] and told("list[da") == ["date", "datetime"]
    assert told("dat | UU") == ["UUID"] and told("int") == []
