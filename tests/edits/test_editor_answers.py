"""What an editor in a view is told of a flow, and what its gestures do: the messages, without a browser."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import pytest
from front import View, view_of

from stratix_tasks import Flow, configure, each, flow, task
from stratix_tasks.errors import FlowError
from stratix_tasks.session.display import kept


@task
def drawn_load(n: int, mode: Literal["fast", "safe"] = "safe") -> list[int]:
    """Loads it.

    At length.
    """
    return list(range(n))


@task
def drawn_total(values: list[int], scale: float = 1.0) -> float:
    return sum(values) * scale


@task
def drawn_label(text: str) -> str:
    return text


TEXT = """\
stratix: 1
flow: drawn_sales
inputs: {n: {type: int, default: 4}, name: {type: str, default: x}}
tasks:
  load: {call: drawn_load, with: {n: "${{ inputs.n }}"}}   # kept
  total: {call: drawn_total, with: {values: "${{ tasks.load.output }}"}}
  inner: {flow: part, with: {value: "${{ tasks.total.output }}"}}
output: "${{ tasks.inner.output }}"
flows:
  part:
    inputs: {value: {type: float}}
    tasks:
      show: {call: drawn_total, with: {values: [1], scale: "${{ inputs.value }}"}}
    output: "${{ tasks.show.output }}"
"""


@pytest.fixture
def sales(tmp_path: Path) -> Iterator[Flow[..., Any]]:
    configure(store=tmp_path / "store")
    yield Flow.from_yaml(TEXT)
    configure(store=tmp_path / "other")


def test_a_view_that_edits_shows_ports_with_their_types_and_what_feeds_them(sales: Flow[..., Any]) -> None:
    """By node in the order of the view, those of sub-flows too; a view that does not edit is told nothing of it."""
    view = view_of(sales)
    shown = view.shown
    assert shown["mode"] == "edit" and [node["name"] for node in shown["nodes"]] == [
        "load",
        "total",
        "inner",
        "inner.show",
    ]
    load, total, inner, show = shown["edit"]["ports"]
    assert load[0] == {"name": "n", "type": "int", "required": True, "text": "${{ inputs.n }}", "source": "inputs.n"}
    assert [port["name"] for port in load] == ["n", "mode"] and not load[1]["required"]
    assert total[0]["source"] == "load" and inner[0]["name"] == "value"
    assert show[1]["source"] == "inputs.value" and show[0]["text"] == "[1]"
    assert shown["edit"]["gives"] == ["list[int]", "float", "float", "float"]
    assert [port["name"] for port in shown["edit"]["inputs"]] == ["n", "name"]
    view._heard({"type": "mode", "edit": False}, None)
    assert view.shown["mode"] == "live" and "edit" not in view.shown


def test_a_gesture_is_one_step_that_every_view_shows(sales: Flow[..., Any]) -> None:
    """Names of new nodes are the answer; two views and Python say the same, and a refusal changes none of them."""
    one, other = view_of(sales), view_of(sales, editing=False)
    said = [
        {"edit": "add", "says": {"call": "drawn_label"}, "at": [10, 20]},
        {"edit": "connect", "source": "inputs.name", "target": "drawn_label", "port": "text"},
    ]
    assert one.ask("edit", edits=said, title="drop a wire") == ["drawn_label"]
    assert one.shown["edit"]["undo"] == "drop a wire"
    assert "drawn_label" in [node["name"] for node in other.shown["nodes"]]
    count = len(other.told)
    assert "Did you mean 'load'" in one.refused("edit", edits=[{"edit": "rename", "node": "lod", "to": "x"}], title="")
    assert len(other.told) == count
    sales.undo()
    assert (
        "drawn_label" not in [node["name"] for node in one.shown["nodes"]]
        and one.shown["edit"]["redo"] == "drop a wire"
    )
    assert one.ask("history", do="redo", path="") == "drop a wire"
    assert one.ask("edit", edits=[{"edit": "add", "node": "inner.", "says": {"uses": "wait.sleep"}}], title="") == [
        "inner.sleep"
    ]


def test_an_edit_asks_the_store_for_nothing(sales: Flow[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of interrupted runs a view hears by itself while it is open; under another name a flow has others."""
    asked: list[str] = []

    def ask(_engine: Any, name: str) -> list[Any]:
        if threading.current_thread() is threading.main_thread():  # in another one views are kept informed
            asked.append(name)
        return []

    monkeypatch.setattr("stratix_tasks.session.flow.interrupted_of", ask)
    view, name = view_of(sales), sales.name
    for n in (5, 6):
        view.ask("edit", edits=[{"edit": "set", "node": "load", "field": "with.n", "value": n}], title="")
    assert asked == [name]
    view.ask("edit", edits=[{"edit": "set-flow", "field": "flow", "value": "sold_elsewhere"}], title="")
    assert asked == [name, "sold_elsewhere"]


def places(view: View) -> dict[str, tuple[float, float]]:
    return {node["name"]: (node["x"], node["y"]) for node in view.shown["nodes"]}


def test_nothing_that_is_edited_moves_but_what_is_moved(sales: Flow[..., Any]) -> None:
    """A new wire, a new node and a new name leave all others where they stand; what is tidied goes where the layout
    has it, and what was moved goes back by an undo."""
    view = view_of(sales)
    before = places(view)
    view.ask("edit", edits=[{"edit": "add", "says": {"call": "drawn_label"}, "at": [0, 900]}], title="")
    view.ask("edit", edits=[{"edit": "connect", "source": "inner", "target": "drawn_label", "port": "text"}], title="")
    view.ask("edit", edits=[{"edit": "disconnect", "source": "load", "target": "total"}], title="")
    view.ask("edit", edits=[{"edit": "rename", "node": "total", "to": "sum"}], title="")
    after = places(view)
    assert after.pop("drawn_label") == (0.0, 900.0) and after.pop("sum") == before.pop("total")
    assert after == before
    assert "Did you mean" in view.refused("edit", edits=[{"edit": "rename", "node": "lod", "to": "x"}], title="")
    assert places(view)["load"] == before["load"]
    view.ask("edit", edits=[{"edit": "move", "places": dict.fromkeys(places(view))}], title="tidy")
    assert (
        places(view)["sum"][0] < places(view)["inner"][0] < places(view)["drawn_label"][0]
        and places(view)["sum"] != before["load"]
    )
    assert places(view_of(sales)) == places(view)
    stood = places(view)
    view.ask("edit", edits=[{"edit": "move", "places": {"sum": [5, 500], "inner": [9, 700]}}], title="")
    view.ask("edit", edits=[{"edit": "move", "places": {"sum": [50, 600]}}], title="")
    view.ask("history", do="undo")
    assert places(view)["sum"] == (5.0, 500.0)
    view.ask("history", do="undo")
    assert places(view) == stood


def test_what_lies_in_a_frame_stands_where_it_was_moved_to(sales: Flow[..., Any]) -> None:
    """And the frame around it, in the editor as in other views."""
    view = view_of(sales)
    (x, y), (show_x, show_y) = places(view)["inner"], places(view)["inner.show"]
    view.ask("edit", edits=[{"edit": "move", "places": {"inner.show": [show_x - 60, show_y + 300]}}], title="")
    for seen in (view, view_of(sales, editing=False)):
        assert places(seen)["inner.show"] == (show_x - 60, show_y + 300)
        frame = next(node for node in seen.shown["nodes"] if node["name"] == "inner")
        assert frame["x"] < show_x - 60 and frame["y"] + frame["h"] > show_y + 300 + 58
    assert places(view)["inner"] == (x - 60, y)


def test_where_a_wire_can_end_is_told_while_it_is_dragged(sales: Flow[..., Any]) -> None:
    """By type, and not in a circle."""
    view = view_of(sales)
    fits = view.ask("fits", source="total")["why"]
    assert "circle" in fits["load"]["n"] and "circle" in fits["total"]["scale"]
    assert fits["inner"] == {"value": ""}
    assert view.ask("fits", source="inputs.name")["why"]["load"]["n"] == "it gives str, and this takes int"
    assert view.ask("fits", source="inner.show")["why"] == {
        "inner.show": {"values": fits["total"]["values"], "scale": fits["total"]["scale"]}
    }


def test_what_takes_one_element_of_what_a_wire_brings_is_told(sales: Flow[..., Any]) -> None:
    """There the node is mapped; not where it takes all of it, nor in a circle."""
    view = view_of(sales)
    view.ask("edit", edits=[{"edit": "add", "node": "again", "says": {"call": "drawn_load"}}], title="")
    told = view.ask("fits", source="load")
    assert told["each"]["again"] == ["n"] and told["why"]["again"]["n"] == ""
    assert told["each"]["total"] == ["scale"] and "values" not in told["each"]["total"]
    assert told["each"]["load"] == [] and "circle" in told["why"]["load"]["n"]


def ours(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of this file: other tests define tasks, too."""
    return [item for item in items if item["name"].startswith("drawn_")]


def test_what_can_be_placed_is_ranked_by_what_fits(sales: Flow[..., Any]) -> None:
    """Tasks by module, executors by domain, flows; for a wire those that take it, or give it, the best first."""
    view = view_of(sales)
    everything = {item["name"]: item for item in view.ask("palette", node="", side="", port="")}
    assert everything["drawn_load"]["doc"] == "Loads it." and everything["drawn_load"]["group"] == __name__
    assert everything["http.get"]["group"] == "http" and everything["part"]["says"] == {"flow": "part"}
    taking = ours(view.ask("palette", node="load", side="out", port=""))
    assert taking[0]["name"] == "drawn_total" and taking[0]["port"] == "values" and not taking[0]["each"]
    last = next(item for item in taking if item["name"] == "drawn_label")
    assert (last["port"], last["rank"]) == ("", -1)  # it takes none of it, and could only wait
    assert all(item["port"] for item in view.ask("palette", node="inputs.name", side="out", port=""))
    one = next(item for item in taking if item["name"] == "drawn_load")
    assert (one["port"], one["each"]) == ("n", True) and one["rank"] < taking[0]["rank"]
    giving = ours(view.ask("palette", node="total", side="in", port="values"))
    assert giving[0]["name"] == "drawn_load"
    assert ours(view.ask("palette", node="inputs.name", side="out", port=""))[0]["name"] == "drawn_label"


def test_a_form_has_arguments_first_and_options_by_their_rows(sales: Flow[..., Any]) -> None:
    """Each with its kind, its value, its line of the document, and what is wrong with it."""
    view = view_of(sales)
    fields = {one["field"]: one for one in view.ask("form", nodes=["load"])["fields"]}
    assert fields["with.n"]["kind"] == "whole" and fields["with.n"]["required"] and not fields["with.n"]["folded"]
    assert fields["with.mode"]["choices"] == ["fast", "safe"] and fields["with.mode"]["folded"]
    assert fields["retry"]["folded"] and fields["timeout"]["about"]
    view.ask("edit", edits=[{"edit": "set", "node": "load", "field": "retry", "value": 3}], title="")
    view.ask("edit", edits=[{"edit": "set", "node": "load", "field": "with.n", "value": "many"}], title="")
    fields = {one["field"]: one for one in view.ask("form", nodes=["load"])["fields"]}
    assert (fields["retry"]["value"], fields["retry"]["line"], fields["retry"]["folded"]) == (3, "retry: 3", False)
    view.ask("edit", edits=[{"edit": "disconnect", "source": "load", "target": "total"}], title="")
    assert {one["field"]: one["problem"] for one in view.ask("form", nodes=["total"])["fields"]}[
        "with.values"
    ] == "it needs a value"
    whole = {one["field"]: one for one in view.ask("form", nodes=[])["fields"]}
    assert whole["inputs.n"]["value"] == {"type": "int", "default": 4} and "output" in whole and "concurrency" in whole
    assert "concurrency" not in fields
    assert "no node" in view.refused("form", nodes=["nobody"])


def test_the_text_tells_the_lines_of_nodes_and_is_checked_while_it_is_typed(sales: Flow[..., Any]) -> None:
    """A text that does not parse is told line by line and leaves the graph alone; one that does is one step."""
    view = view_of(sales)
    told = view.ask("text")
    assert told["text"] == TEXT and told["lines"]["load"] == (5, 5) and told["lines"]["inner.show"] == (13, 13)
    wrong = view.ask("check", text=TEXT.replace("call: drawn_load", "cal: drawn_load"))
    unknown = next(one for one in wrong["problems"] if one["code"] == "unknown-field")
    assert unknown["line"] == 5 and "call" in unknown["hint"]
    bound = view.ask("check", text=TEXT.replace("drawn_load", "no_such"))["problems"]
    assert any("no_such" in one["message"] and one["line"] == 5 for one in bound)
    assert [one["warning"] for one in view.ask("check", text=TEXT)["problems"]] == [True]  # its input `name`
    view.ask("edit", edits=[{"edit": "text", "text": TEXT.replace("# kept", "# mine")}], title="")
    assert "# mine" in view.ask("text")["text"] and view.shown["edit"]["undo"] == "edit the text"
    assert "document" in view.refused("edit", edits=[{"edit": "text", "text": "flow: ["}], title="")


WRONG_TEXTS = {
    "a reference": ("tasks.load.output", "tasks.laod.output", "write load for laod"),
    "a function": ("call: drawn_load", "call: drawn_laod", "write drawn_load for drawn_laod"),
    "in a flow of the flow": ('inputs.value }}"}}', 'inputs.vale }}"}}', "write value for vale"),
    "what does nothing": ("}}   # kept", "}, concurrency: 4}   # kept", "take concurrency away"),
}


@pytest.mark.parametrize("kind", WRONG_TEXTS)
def test_a_problem_of_a_text_is_mended_in_the_text(sales: Flow[..., Any], kind: str) -> None:
    """As it is typed, before it is the flow: the rest of the text stays as it is."""
    right, wrong, label = WRONG_TEXTS[kind]
    view, text = view_of(sales), TEXT.replace(right, wrong, 1)
    mends = view.ask("check", text=text)["mends"]
    assert mends.count(label) == 1, mends
    assert view.ask("mend", text=text, at=mends.index(label)) == TEXT
    assert view.shown["edit"]["steps"] == []
    assert "another one" in view.refused("mend", text=TEXT, at=40)


def test_an_expression_is_tried_on_the_values_of_the_last_run(sales: Flow[..., Any]) -> None:
    """References, templates and conditions; what can't be computed says why."""
    view = view_of(sales)
    assert "run the flow once" in view.ask("evaluate", node="total", text="${{ inputs.n }}")["why"]
    sales()
    assert view.ask("evaluate", node="total", text="${{ tasks.load.output[2] }}") == {
        "text": "2",
        "type": "int",
        "why": "",
    }
    assert view.ask("evaluate", node="total", text="n is ${{ inputs.n }}")["text"] == "n is 4"
    assert view.ask("evaluate", node="total", text="tasks.load.output.size() == 4")["text"] == "True"
    assert "Known" in view.ask("evaluate", node="total", text="tasks.nobody.output")["why"]


def test_what_a_document_has_no_word_for_is_no_text_to_edit() -> None:
    """Its field is empty, tells what it holds, and is not asked for; nor is what is too long. What can be said stands there whole."""

    @task
    def holds_what(xs: Any, y: Any, z: Any) -> int:
        return len(xs)

    words = [f"a-word-{n}" for n in range(60)]

    @flow
    def held_in_fields() -> Any:
        return holds_what.map(each(words), each([np.float64(0.5)]), z=np.arange(3)), holds_what(words, "x" * 30_000, 1)

    view = view_of(held_in_fields)
    mapped, plain = (
        {field["field"]: field for field in view.ask("form", nodes=[name])["fields"]}
        for name in ("holds_what", "holds_what_2")
    )
    assert mapped["over.xs"]["value"] == plain["with.xs"]["value"] == words
    told = {name: (mapped[name]["value"], mapped[name]["usual"]) for name in ("over.y", "with.z")}
    assert told == {"over.y": (None, "[0.5]"), "with.z": (None, "<numpy.ndarray>")}
    assert (mapped["with.z"]["required"], mapped["with.z"]["problem"]) == (False, "")
    assert (plain["with.y"]["value"], len(plain["with.y"]["usual"])) == (None, 2_000)


def test_a_table_is_told_in_a_line() -> None:
    """By its sizes and columns, an array by its sizes: not as the text of a table without its lines."""

    @task
    def table_to_tell() -> pd.DataFrame:
        return pd.DataFrame({"a": range(1_200), "b": 0.5})

    @task
    def array_to_tell() -> np.ndarray:
        return np.zeros((3, 4))

    @flow
    def told_in_a_line() -> Any:
        return table_to_tell(), array_to_tell()

    view = view_of(told_in_a_line)
    told_in_a_line()
    table, array = (
        view.ask("evaluate", node="", text=f"${{{{ tasks.{name}.output }}}}")
        for name in ("table_to_tell", "array_to_tell")
    )
    assert table == {"text": "1,200 × 2: a, b", "type": "DataFrame", "why": ""}
    assert array["text"] == "3 × 4"


def test_nodes_are_copied_as_text_into_another_flow(sales: Flow[..., Any]) -> None:
    """With the flows that they use, and how they lie."""
    view = view_of(sales)
    view.ask("edit", edits=[{"edit": "move", "places": {"inner": [10, 20], "total": [0, 0]}}], title="")
    text = view.ask("copy", nodes=["total", "inner"])
    drawn = Flow.new("drawn_elsewhere")
    there = view_of(drawn)
    assert there.ask("edit", edits=[{"edit": "paste", "text": text, "at": [100, 100]}], title="") == ["total", "inner"]
    assert drawn.spec.ui is not None and drawn.spec.ui.positions == {"total": (100.0, 100.0), "inner": (110.0, 120.0)}
    assert "part" in drawn.spec.flows
    assert "choose" in there.refused("copy", nodes=[])


def test_a_flow_of_a_cell_tells_its_edits_and_those_of_the_cell_before(sales: Flow[..., Any], tmp_path: Path) -> None:
    """They are shown as code for the cell, saved as a document, dropped, or made again on the new cell."""

    def defined() -> Flow[..., Any]:
        @flow
        def drawn_cell(n: int = 3) -> float:
            return drawn_total(drawn_load(n))

        return drawn_cell

    view = view_of(defined().drop())
    view.ask("edit", edits=[{"edit": "rename", "node": "drawn_load", "to": "load"}], title="")
    assert view.shown["edit"]["steps"] == ["rename drawn_load to load"] and not view.shown["edit"]["document"]
    assert 'name="load"' in view.ask("python")
    assert view.ask("history", do="save", path=str(tmp_path / "cell.yaml")) == str(tmp_path / "cell.yaml")
    assert "  load:" in (tmp_path / "cell.yaml").read_text()
    again = view_of(defined())
    assert again.shown["edit"]["offered"] == ["rename drawn_load to load"]
    assert again.ask("history", do="reapply", path="") == "rename drawn_load to load"
    assert again.shown["edit"]["offered"] == [] and again.shown["nodes"][0]["name"] == "load"
    again.ask("history", do="drop", path="")
    assert again.shown["edit"]["steps"] == [] and again.shown["nodes"][0]["name"] == "drawn_load"
    assert "none of" in again.refused("history", do="explode", path="")


def test_several_nodes_have_one_form_of_what_they_have_in_common(sales: Flow[..., Any]) -> None:
    """With what all say alike; where they say different things, that is told, and no problem of one of them."""
    view = view_of(sales)
    said = [{"edit": "set", "node": node, "field": "retry", "value": 2} for node in ("load", "total")]
    view.ask("edit", edits=[*said, {"edit": "set", "node": "load", "field": "timeout", "value": 5}], title="")
    form = view.ask("form", nodes=["load", "total"])
    fields = {one["field"]: one for one in form["fields"]}
    assert form["nodes"] == ["load", "total"]
    assert fields["retry"]["value"] == 2 and not fields["retry"]["mixed"] and "retry" in fields["retry"]["line"]
    assert fields["timeout"]["value"] is None and fields["timeout"]["mixed"] and not fields["timeout"]["line"]
    assert not {"with.n", "with.values"} & fields.keys()
    assert not view.ask("form", nodes=["load", "total", "inner"])["fields"][0]["problem"]
    assert "with.values" in {one["field"] for one in view.ask("form", nodes=["total", "inner.show"])["fields"]}


def test_a_task_that_is_not_there_yet_is_placed_and_given_code_for_a_cell(sales: Flow[..., Any]) -> None:
    """It takes what it is wired to, under its name, and gives what is wanted of it; a class that a cell may not know is left out.

    Once a cell has defined it, views show its ports, and nothing is wrong with the node any more."""
    view = view_of(sales)
    told = view.ask("stub", name="drawn_fresh", node="load", side="out", port="")
    assert "@task\ndef drawn_fresh(load: list[int]):\n" in told["code"]
    assert told["item"]["says"] == {"call": "drawn_fresh"} and told["item"]["port"] == "load"
    given = view.ask("stub", name="drawn_given", node="inner.show", side="in", port="values")
    assert "def drawn_given() -> list[int]:" in given["code"]
    assert "def other(n: int)" in view.ask("stub", name="other", node="inputs.n", side="out", port="")["code"]
    assert "name of a function" in view.refused("stub", name="class", node="", side="", port="")
    edits = [
        {"edit": "add", "node": "fresh", "says": told["item"]["says"]},
        {"edit": "connect", "source": "load", "target": "fresh", "port": told["item"]["port"]},
    ]
    view.ask("edit", edits=edits, title="")
    (wrong,) = [one for one in view.shown["flow"]["problems"] if not one["warning"]]
    assert wrong["code"] == "unknown-call"
    kept_alive: dict[str, Any] = {"__name__": "__main__"}
    shown = len(view.told)
    exec(told["code"], kept_alive)
    view.wait_for(lambda: len(view.told) > shown)
    at = [node["name"] for node in view.shown["nodes"]].index("fresh")
    assert view.shown["edit"]["ports"][at][0]["type"] == "list[int]"
    assert not [one for one in view.shown["flow"]["problems"] if not one["warning"]]


@pytest.mark.parametrize("form", ["svg", "png", "html", "yaml"])
def test_a_file_is_opened_on_an_empty_canvas_and_else_pasted(sales: Flow[..., Any], form: str, tmp_path: Path) -> None:
    """As one step, named after the file; the flow that is drawn keeps its name. What carries no flow is refused."""
    file = tmp_path / f"sales.{form}"
    getattr(sales, f"to_{form}")(file)
    data = b64encode(file.read_bytes()).decode()
    drawn = Flow.new("drawn_dropped")
    view = view_of(drawn)
    assert view.ask("open", name=file.name, data=data, at=[5, 6]) == ["load", "total", "inner"]
    opened = f"open sales.{form} as drawn_dropped"
    assert list(drawn.spec.inputs) == ["n", "name"] and drawn.edits == [opened]
    assert drawn.spec.flow == drawn.name == "drawn_dropped"
    assert view.ask("open", name=file.name, data=data, at=[5, 6]) == ["load_2", "total_2", "inner_2"]
    assert drawn.edits == [opened, f"paste sales.{form}"] and drawn.spec.tasks["inner_2"].flow == "part"
    drawn.undo().undo()
    assert not drawn.spec.tasks
    nothing = b64encode(b"<svg></svg>").decode()
    assert "carries no flow" in view.refused("open", name="x.svg", data=nothing, at=[0, 0])


def test_a_wire_tells_what_came_along_it_in_the_last_run(sales: Flow[..., Any]) -> None:
    """With its type and its parts; of an input what was given. Without a run, or of what is new since, why nothing is known."""
    view = view_of(sales)
    assert "run the flow once" in view.ask("sample", source="load")["why"]
    run = sales.start(n=3)
    run.wait()
    told = view.ask("sample", source="load")
    assert told["value"]["type"] == "list" and told["value"]["text"] == "[0, 1, 2]" and not told["why"]
    assert view.ask("sample", source="inputs.n")["value"]["text"] == "3"
    assert view.ask("sample", source="inner.show")["value"]["type"] == "float"
    view.ask("edit", edits=[{"edit": "rename", "node": "load", "to": "other"}], title="")
    assert view.ask("sample", source="other") == {"value": None, "why": f"nothing came of it in the last run, {run.id}"}


def test_names_are_completed_where_they_are_typed(sales: Flow[..., Any]) -> None:
    """Of tasks, inputs and what is seen of a task, with their types; where no expression is open, as one. A node does not name itself.
    Those that it waits for, or catches, are named alone in the lists of a document."""
    view = view_of(sales)

    def told(text: str, *, node: str = "total", of: str = "value") -> tuple[list[str], str]:
        found = view.ask("complete", node=node, text=text, at=len(text), of=of)
        return [one["text"] for one in found["names"]], text[: found["start"]]

    assert told("lo") == (["${{ tasks.load.output }}"], "")
    assert told("${{ lo") == (["tasks.load.output"], "${{ ")
    assert told("${{ tasks.lo") == (["load.output"], "${{ tasks.")
    assert told("tasks.load.st", of="expression") == (["status"], "tasks.load.")
    assert told("${{ inputs.") == (["n", "name"], "${{ inputs.")
    assert told("1 + inp", of="expression") == (["inputs"], "1 + ")
    assert (
        told("${{ tot")[0] == []
        and told("${{ a }} lo")[0] == []
        and told("two lo")[0] == []
        and told("")[0] == told("inpu")[0] == []
    )
    assert told("${{ val", node="inner.show")[0] == ["inputs.value"]
    flow, block = "  total: {call: x, needs: [", "  total:\n    call: x\n    catch:\n"
    assert told(flow + "lo") == (["load"], flow) and told(flow + "load, ") == (["inner"], flow + "load, ")
    assert told(block + "      - in") == (["inner"], block + "      - ")
    assert (
        told(block + "      - load\n      - ")[0] == ["inner"] and told(block + "      - load\n    with: lo")[0] == []
    )
    assert told(flow + "load], pool: [lo")[0] == [] and told("needs: lo")[0] == []
    (load,) = view.ask("complete", node="total", text="lo", at=2, of="value")["names"]
    assert load["about"] == "list[int]"


def test_a_view_of_a_run_edits_nothing(sales: Flow[..., Any]) -> None:
    """What began is what it was when it began."""
    from stratix_tasks.session.display import run_source

    run = sales.start()
    run.wait()
    view = View(run_source(run), cast(Any, None), kept)
    assert "edit the flow" in view.refused("form", nodes=[])


def test_a_flow_that_is_wrong_is_edited_all_the_same() -> None:
    """An unknown function, a circle in the text: what is wrong is told, and the rest is there to be mended."""
    drawn = Flow.new("drawn_wrong")
    view = view_of(drawn)
    assert view.shown["nodes"] == [] and view.shown["edit"]["ports"] == []
    view.ask("edit", edits=[{"edit": "add", "says": {"call": "no_such_task", "with": {"x": 1}}}], title="")
    assert view.shown["flow"]["problems"] and [port["name"] for port in view.shown["edit"]["ports"][0]] == ["x"]
    with pytest.raises(FlowError):
        drawn.start()
