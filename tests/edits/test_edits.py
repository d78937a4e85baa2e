"""Edits of a flow as data: what each does, what it refuses, and that undoing gives back what was there."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_edits import edits_of
from specs import flows

from stratix_tasks.edits import words
from stratix_tasks.edits.apply import apply
from stratix_tasks.edits.diff import diff
from stratix_tasks.edits.editing import Editing, Written, begun, replayed
from stratix_tasks.edits.words import WORDS, data_of, edit_of
from stratix_tasks.errors import FlowError
from stratix_tasks.formats.yaml import dump, load, read
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.values import Ref

TEXT = """\
# Every day.
stratix: 1
flow: sales
inputs:
  day: {type: date}   # which
tasks:
  # reads it
  load:
    call: shop:load
    with: {day: "${{ inputs.day }}"}
  clean:
    call: shop:clean   # of rows
    with: {df: "${{ tasks.load.output }}"}
    when: tasks.load.output.rows > 0
  report:
    call: shop:report
    needs: [load]
    with: {df: "${{ tasks.clean.output }}", title: "Day ${{ inputs.day }}"}
  stop:
    uses: flow.finish
    with: {node: report}
output: "${{ tasks.report.output }}"
"""


@pytest.fixture
def sales() -> FlowSpec:
    return load(TEXT)


def edited(spec: FlowSpec, *edits: Any) -> FlowSpec:
    """A flow after edits, each of which can be taken back."""
    for one in edits:
        made, inverse = apply(spec, edit_of(one))
        assert apply(made, inverse)[0] == spec
        spec = made
    return spec


# ---------------------------------------------------------------------- nodes and wires


def test_a_new_node_is_called_as_what_it_calls_and_then_by_a_number(sales: FlowSpec) -> None:
    """Without a name it takes that of its function, flow or executor; the second one is numbered."""
    made = edited(sales, {"edit": "add", "says": {"call": "shop:clean"}}, {"edit": "add", "says": {"uses": "http.get"}})
    assert list(made.tasks)[-2:] == ["clean_2", "get"]


def test_a_place_of_a_new_node_is_kept_and_goes_with_its_name(sales: FlowSpec) -> None:
    """Places follow a rename, and end with their node."""
    made = edited(sales, {"edit": "add", "node": "x", "says": {"call": "shop:x"}, "at": [10, 20]})
    moved = edited(made, {"edit": "rename", "node": "x", "to": "y"})
    assert moved.ui is not None and moved.ui.positions == {"y": (10.0, 20.0)}
    assert edited(moved, {"edit": "remove", "nodes": ["y"]}).ui is None
    assert edited(moved, {"edit": "move", "places": {"y": None}}).ui is None


def test_all_that_names_a_node_follows_its_new_name(sales: FlowSpec) -> None:
    """Arguments, conditions, order, output and the node that a step ends."""
    made = edited(
        sales, {"edit": "rename", "node": "load", "to": "read"}, {"edit": "rename", "node": "report", "to": "tell"}
    )
    assert "load" not in dump(made).replace("shop:load", "") and "tasks.report" not in dump(made)
    assert made.tasks["clean"].when is not None and made.tasks["clean"].when.text == "tasks.read.output.rows > 0"
    assert made.tasks["tell"].needs == ("read",)
    assert made.tasks["stop"].args == {"node": "tell"}
    assert load(dump(made)) == made


def test_a_name_in_quotes_inside_an_expression_is_renamed_too() -> None:
    """`tasks["a"]` names a node as `tasks.a` does; a text that looks like it is none."""
    spec = load(
        'stratix: 1\nflow: f\ntasks:\n  a: {call: "m:a"}\n  b: {call: "m:b", when: "tasks[\\"a\\"].output == \\"tasks.a\\""}\n'
    )
    made = edited(spec, {"edit": "rename", "node": "a", "to": "c"})
    assert made.tasks["b"].when is not None and made.tasks["b"].when.text == 'tasks.c.output == "tasks.a"'


def test_what_took_the_value_of_a_removed_node_goes_without(sales: FlowSpec) -> None:
    """Wires go with their node; what a condition asks stays, for a check to tell."""
    made = edited(sales, {"edit": "remove", "nodes": ["load"]})
    assert made.tasks["clean"].args == {} and made.tasks["report"].needs == ()
    assert made.tasks["clean"].when is not None


def test_wires_are_laid_and_taken_away(sales: FlowSpec) -> None:
    """An argument takes an output, a part of one, or an input; without a port it is order alone."""
    made = edited(
        sales,
        {"edit": "connect", "source": "load", "target": "report", "port": "raw", "path": ["rows"]},
        {"edit": "connect", "source": "inputs.day", "target": "clean", "port": "day"},
        {"edit": "connect", "source": "clean", "target": "stop"},
    )
    assert made.tasks["report"].args["raw"] == Ref("tasks", "load", ("rows",))
    assert made.tasks["clean"].args["day"] == Ref("inputs", "day")
    assert made.tasks["stop"].needs == ("clean",)
    gone = edited(
        made,
        {"edit": "disconnect", "source": "load", "target": "report"},
        {"edit": "disconnect", "source": "inputs.day", "target": "clean"},
        {"edit": "disconnect", "source": "clean", "target": "stop"},
    )
    assert gone.tasks["report"].needs == () and "raw" not in gone.tasks["report"].args
    assert gone.tasks["clean"].args == sales.tasks["clean"].args and gone.tasks["stop"] == sales.tasks["stop"]


def test_a_node_is_replaced_and_keeps_its_wires_by_name_then_in_order(sales: FlowSpec) -> None:
    """What does not fit by name goes to the free ports; conditions and places stay."""
    made = edited(
        sales, {"edit": "replace", "node": "clean", "says": {"call": "shop:scrub"}, "ports": ["frame", "strict"]}
    )
    assert made.tasks["clean"].call == "shop:scrub"
    assert made.tasks["clean"].args == {"frame": Ref("tasks", "load")}
    assert made.tasks["clean"].when == sales.tasks["clean"].when


def test_a_field_is_set_as_a_document_says_it_and_taken_away(sales: FlowSpec) -> None:
    """Options in their short forms, arguments as templates, conditions; None takes it away."""
    made = edited(
        sales,
        {"edit": "set", "node": "load", "field": "retry", "value": 3},
        {"edit": "set", "node": "load", "field": "timeout", "value": "30s"},
        {"edit": "set", "node": "load", "field": "with.url", "value": "https://x/${{ inputs.day }}"},
        {"edit": "set", "node": "clean", "field": "when", "value": None},
        {"edit": "remove", "nodes": ["stop"]},
        {"edit": "set", "node": "report", "field": "always", "value": True},
        {"edit": "set", "node": "load", "field": "description", "value": "Reads it"},
    )
    node = made.tasks["load"]
    assert node.retry is not None and node.retry.max == 3
    assert node.timeout is not None and node.timeout.attempt == 30.0
    assert node.description == "Reads it"
    assert made.tasks["clean"].when is None and made.tasks["report"].always
    assert load(dump(made)) == made
    assert edited(made, {"edit": "set", "node": "load", "field": "retry"}).tasks["load"].retry is None


def test_a_flow_has_fields_inputs_and_an_output_that_are_set(sales: FlowSpec) -> None:
    """Inputs by name with their types; options of the flow; what it gives."""
    made = edited(
        sales,
        {"edit": "set-flow", "field": "inputs.n", "value": {"type": "int", "default": 3, "max": 9}},
        {"edit": "set-flow", "field": "timeout", "value": "2h"},
        {"edit": "set-flow", "field": "output", "value": {"rows": "${{ tasks.clean.output }}"}},
        {"edit": "rename-input", "input": "day", "to": "date"},
    )
    assert made.inputs["n"].max == 9 and made.timeout == 7200.0
    assert made.output == {"rows": Ref("tasks", "clean")}
    assert made.tasks["load"].args["day"] == Ref("inputs", "date")
    assert dump(made).count("inputs.date") == 2
    assert "n" not in edited(made, {"edit": "set-flow", "field": "inputs.n"}).inputs


# ---------------------------------------------------------------------- groups


def test_what_runs_a_flow_in_itself_follows_its_new_name() -> None:
    """Also from a flow in it; but not where another one of that name is meant."""
    text = """stratix: 1
flow: again
inputs: {n: {type: int}}
tasks:
  less: {flow: again, with: {n: 1}, when: inputs.n > 0}
  part: {flow: part}
  other: {flow: other}
flows:
  part: {tasks: {back: {flow: again, with: {n: 1}}}}
  other: {tasks: {inner: {flow: again}}, flows: {again: {tasks: {wait: {uses: wait.sleep, with: {duration: 1s}}}}}}
"""
    made = edited(read(text)[0] or FlowSpec(flow="none"), {"edit": "set-flow", "field": "flow", "value": "anew"})
    assert made.flow == made.tasks["less"].flow == made.flows["part"].tasks["back"].flow == "anew"
    assert made.flows["other"].tasks["inner"].flow == "again"


def test_nodes_become_a_flow_of_their_own_and_come_back(sales: FlowSpec) -> None:
    """What they take from outside are its inputs, what others take of them is its output; unpacking says the same again."""
    made = edited(sales, {"edit": "group", "nodes": ["clean"], "flow": "tidy"})
    assert made.tasks["tidy"].args == {"load": Ref("tasks", "load")}
    assert made.flows["tidy"].tasks["clean"].when is not None
    assert made.flows["tidy"].tasks["clean"].when.text == "inputs.load.rows > 0"
    assert made.tasks["report"].args["df"] == Ref("tasks", "tidy")
    assert load(dump(made)) == made
    back = edited(made, {"edit": "ungroup", "node": "tidy"})
    assert {**back.tasks} == {**sales.tasks} and back.flows == {} and back.output == sales.output


def test_a_group_of_which_several_values_are_taken_gives_them_by_name(sales: FlowSpec) -> None:
    """Each use names the part that it takes."""
    made = edited(
        sales,
        {"edit": "connect", "source": "load", "target": "stop", "port": "value"},
        {"edit": "group", "nodes": ["load", "clean"], "flow": "both"},
    )
    assert made.flows["both"].output == {"load": Ref("tasks", "load"), "clean": Ref("tasks", "clean")}
    assert made.tasks["stop"].args["value"] == Ref("tasks", "both", ("load",))
    assert made.tasks["report"].needs == ("both",)
    back = edited(made, {"edit": "ungroup", "node": "both"})
    assert back.tasks["stop"].args["value"] == Ref("tasks", "load")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({"edit": "group", "nodes": ["load", "report", "stop"], "flow": "g"}, "come back"),
        ({"edit": "group", "nodes": ["report"], "flow": "g"}, "ends 'report'"),
        ({"edit": "group", "nodes": ["clean"], "flow": "load"}, "taken"),
        ({"edit": "group", "nodes": [], "flow": "g"}, "at least one"),
        ({"edit": "ungroup", "node": "load"}, "holds no flow"),
        ({"edit": "connect", "source": "report", "target": "load", "port": "day"}, "circle: load → "),
        ({"edit": "connect", "source": "inputs.dya", "target": "load", "port": "day"}, "Did you mean 'day'"),
        ({"edit": "connect", "source": "lod", "target": "clean", "port": "df"}, "Did you mean 'load'"),
        ({"edit": "disconnect", "source": "load", "target": "stop"}, "takes nothing"),
        ({"edit": "rename", "node": "load", "to": "clean"}, "already"),
        ({"edit": "rename", "node": "load", "to": "9 lives"}, "can't be the name"),
        ({"edit": "add", "says": {"call": "a b"}}, "module:name"),
        ({"edit": "add", "says": {}, "node": "load"}, "already"),
        ({"edit": "set", "node": "load", "field": "retri", "value": 3}, "Did you mean 'retry'"),
        ({"edit": "set", "node": "load", "field": "retry", "value": "many"}, "whole number"),
        ({"edit": "set", "node": "load", "field": "when", "value": "${{ x }}"}, "expression already"),
        ({"edit": "set", "node": "load", "field": "when", "value": "3 < "}, "no expression at column 4"),
        ({"edit": "set-flow", "field": "tasks", "value": {}}, "other edits"),
        ({"edit": "rename-input", "input": "dya", "to": "x"}, "Did you mean 'day'"),
        ({"edit": "move", "places": {"lod": [0, 0]}}, "Did you mean 'load'"),
        ({"edit": "move", "places": {"load": [0]}}, "'move'"),
        ({"edit": "remove", "nodes": "load"}, "'remove'"),
        ({"edit": "renam", "node": "load"}, "Did you mean 'rename'"),
        ({"edit": "rename", "node": "load"}, "It takes node, to"),
        ({"edit": "restore", "fields": {}}, "there is no edit"),
        ({"edit": "text", "text": "flow: ["}, "document"),
        ("rename", "mapping"),
    ],
)
def test_an_edit_that_can_not_be_says_why_and_changes_nothing(sales: FlowSpec, edit: Any, why: str) -> None:
    """The message names what is wrong and what is allowed."""
    editing = begun(sales, Written(TEXT, sales))
    with pytest.raises(FlowError, match=why):
        editing.apply(
            [
                edit_of({"edit": "rename", "node": "load", "to": "x"}),
                edit_of({"edit": "rename", "node": "x", "to": "load"}),
                edit_of(edit),
            ]
        )
    assert editing.spec is sales


# ---------------------------------------------------------------------- in sub-flows

NESTED = """\
stratix: 1
flow: outer
inputs: {n: {type: int, default: 1}}
tasks:
  one: {flow: inner, with: {x: "${{ inputs.n }}"}}
  two: {flow: inner, with: {x: "${{ tasks.one.output }}"}}
flows:
  inner:
    inputs: {x: {type: int}}
    tasks:
      a: {call: "m:a", with: {x: "${{ inputs.x }}"}}
      b: {call: "m:b", with: {x: "${{ tasks.a.output }}"}}
    output: "${{ tasks.b.output }}"
"""


def test_an_edit_inside_of_a_sub_flow_is_one_of_its_definition() -> None:
    """All its uses follow."""
    spec = load(NESTED)
    made = edited(
        spec,
        {"edit": "rename", "node": "one.a", "to": "first"},
        {"edit": "add", "node": "two.c", "says": {"call": "m:c"}, "at": [1, 2]},
        {"edit": "connect", "source": "one.first", "target": "one.c", "port": "y"},
        {"edit": "connect", "source": "inputs.x", "target": "two.c", "port": "z"},
        {"edit": "rename-input", "node": "one", "input": "x", "to": "start"},
    )
    inner = made.flows["inner"]
    assert list(inner.tasks) == ["first", "b", "c"]
    assert inner.tasks["c"].args == {"y": Ref("tasks", "first"), "z": Ref("inputs", "start")}
    assert made.tasks["two"].args == {"start": Ref("tasks", "one")}
    assert made.ui is not None and made.ui.positions == {"two.c": (1.0, 2.0)}
    assert load(dump(made)) == made


def test_what_is_mapped_is_called_as_its_input_is_wherever_it_is_named() -> None:
    """In `where`, `key` and what is passed; a variable that arguments name is no input, and stays."""
    spec = load("""
stratix: 1
flow: outer
tasks:
  a: {flow: inner, each: {as: x, in: [1], where: "x > 1", key: "k${{ x }}"}}
  b: {flow: inner, each: {as: x, in: [1], where: "x > 1"}, with: {x: "${{ x }}"}}
flows:
  inner: {inputs: {x: {type: int}}, tasks: {}, output: "${{ inputs.x }}"}
""")
    made = edited(spec, {"edit": "rename-input", "node": "a", "input": "x", "to": "day"})
    assert 'each: {as: day, in: [1], key: "k${{ day }}", where: day > 1}' in dump(made).replace('"day > 1"', "day > 1")
    assert (made.tasks["b"].each, made.tasks["b"].args) == (spec.tasks["b"].each, {"day": Ref("each", "x")})


def test_the_last_use_that_is_unpacked_takes_its_definition_with_it() -> None:
    """Nodes of the same name are numbered, and the definition stays while somebody uses it."""
    made = edited(load(NESTED), {"edit": "ungroup", "node": "one"})
    assert list(made.tasks) == ["a", "b", "two"] and "inner" in made.flows
    made = edited(made, {"edit": "ungroup", "node": "two"})
    assert list(made.tasks) == ["a", "b", "a_2", "b_2"] and made.flows == {}
    assert made.tasks["a_2"].args == {"x": Ref("tasks", "b")}
    assert made.tasks["b_2"].args == {"x": Ref("tasks", "a_2")}


ENDS_IN_AN_INPUT = """
stratix: 1
flow: outer
inputs: {n: {type: int}}
tasks: {b: {call: m:x}, g: {flow: part, with: {x: "GIVEN"}}}
flows:
  part:
    inputs: {x: {default: 1}}
    tasks: {a: {call: m:x}}
    output: {first_of: ["${{ tasks.a.output }}", "${{ inputs.x }}"]}
output: "${{ tasks.g.output }}"
"""


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("${{ inputs.n }}", True),
        ("${{ tasks.b.output }}", True),
        ("text", True),
        ("${{ inputs.n + 1 }}", False),
        ("k${{ inputs.n }}", False),
    ],
)
def test_what_a_first_of_in_a_flow_ends_in_is_unpacked_where_a_document_can_say_it(given: str, same: bool) -> None:
    """An input, a value or what a task gives; an expression is refused, for no document could be read that says so."""
    spec = load(ENDS_IN_AN_INPUT.replace("GIVEN", given))
    if same:
        made = edited(spec, {"edit": "ungroup", "node": "g"})
        assert load(dump(made)) == made
    else:
        with pytest.raises(
            FlowError, match="can't unpack g: a first_of in it ends in an input that is given by an expr"
        ):
            edited(spec, {"edit": "ungroup", "node": "g"})


def test_what_is_pasted_without_places_stands_as_if_it_were_laid_out() -> None:
    """One behind the other, its corner where it was pasted, and none over another; all there is in a flow is left to the layout."""
    text = """tasks:
  first: {call: m:x}
  second: {flow: part, needs: [first]}
  third: {call: m:x, needs: [second]}
flows:
  part: {tasks: {a: {call: m:x}, b: {call: m:x, needs: [a]}}}
"""
    into_some = edited(load(NESTED), {"edit": "paste", "text": text, "at": [100, 50]})
    assert into_some.ui is not None
    one, two, three = (into_some.ui.positions[name] for name in ("first", "second", "third"))
    assert one[0] == 100 and min(one[1], two[1], three[1]) == 50
    assert two[0] > one[0] + 172 and three[0] > two[0] + 2 * 172
    into_none = edited(load("stratix: 1\nflow: none\ntasks: {}\n"), {"edit": "paste", "text": text, "at": [100, 50]})
    assert into_none.ui is None


def test_a_fragment_is_pasted_with_the_flows_that_it_uses() -> None:
    """Into another flow, under free names; wires inside of it hold."""
    text = dump(load(NESTED))
    made = edited(load(NESTED), {"edit": "paste", "text": text, "at": [100, 0]})
    assert list(made.tasks) == ["one", "two", "one_2", "two_2"]
    assert made.tasks["two_2"].args == {"x": Ref("tasks", "one_2")}
    assert list(made.flows) == ["inner"]
    into_empty = edited(load("stratix: 1\nflow: empty\ntasks: {}\n"), {"edit": "paste", "text": "x:\n  call: m:x\n"})
    assert into_empty.tasks["x"].call == "m:x"


def test_a_copy_beside_what_it_was_copied_from_moves_none_of_it() -> None:
    """Nodes that are pasted under other names take their places with them."""
    spec = edited(load(NESTED), {"edit": "move", "places": {"one": [0, 0], "two": [200, 10]}})
    made = edited(spec, {"edit": "paste", "text": dump(spec), "at": [50, 100]})
    assert made.ui is not None and made.ui.positions == {
        "one": (0.0, 0.0),
        "two": (200.0, 10.0),
        "one_2": (50.0, 100.0),
        "two_2": (250.0, 110.0),
    }


# ---------------------------------------------------------------------- steps


def test_a_step_is_undone_as_a_whole_and_done_again(sales: FlowSpec) -> None:
    """Several edits in one step; the text comes back to the byte, comments included."""
    editing = begun(sales, Written(TEXT, sales)).apply(
        [
            edit_of({"edit": "rename", "node": "load", "to": "read"}),
            edit_of({"edit": "set", "node": "read", "field": "retry", "value": 2}),
        ],
        title="tidy up",
    )
    assert editing.done[-1].title == "tidy up"
    assert editing.text is not None and "# of rows" in editing.text and "retry: 2" in editing.text
    back = editing.undo()
    assert back.spec == sales and back.text == TEXT
    again = back.redo()
    assert (again.spec, again.text, again.undone) == (editing.spec, editing.text, ())


def test_what_changes_nothing_is_no_step_and_a_new_step_ends_what_could_be_redone(sales: FlowSpec) -> None:
    """The stack tells what happened, and no more."""
    editing = begun(sales)
    assert editing.apply([edit_of({"edit": "rename", "node": "load", "to": "load"})]) is editing
    first = editing.apply([edit_of({"edit": "rename", "node": "load", "to": "a"})])
    second = first.undo().apply([edit_of({"edit": "rename", "node": "load", "to": "b"})])
    assert second.undone == ()
    with pytest.raises(FlowError, match="no edit to redo"):
        second.redo()
    with pytest.raises(FlowError, match="no edit to undo"):
        editing.undo()


def test_steps_that_can_not_be_done_on_another_base_are_told_and_kept(sales: FlowSpec) -> None:
    """The flow was changed where it is written: what still can be is done, what can't is a problem, and neither is lost."""
    editing = begun(sales).apply([edit_of({"edit": "rename", "node": "clean", "to": "scrub"})])
    editing = editing.apply([edit_of({"edit": "set", "node": "load", "field": "retry", "value": 2})])
    other, _ = apply(sales, edit_of({"edit": "remove", "nodes": ["clean"]}))
    moved = editing.on(other)
    assert [problem.code for problem in moved.lost] == ["edit-lost"] and "rename clean to scrub" in moved.lost[
        0
    ].message
    assert moved.spec.tasks["load"].retry is not None and len(moved.done) == 2
    assert moved.on(sales).spec == editing.spec
    assert replayed(sales, editing.done).spec == editing.spec


def test_edits_are_data_there_and_back() -> None:
    """What a file or a view says is what Python says."""
    said = words.Connect("a", "b", "x", ("rows", 0))
    assert edit_of(data_of(said)) == said
    assert set(WORDS) == {kind.word for kind in WORDS.values()}


def test_a_difference_names_nodes_and_fields(sales: FlowSpec) -> None:
    """Added, removed and changed; places are none."""
    made = edited(
        sales,
        {"edit": "add", "node": "extra", "says": {"call": "m:x"}, "at": [0, 0]},
        {"edit": "remove", "nodes": ["stop"]},
        {"edit": "set", "node": "report", "field": "with.title", "value": "T"},
        {"edit": "set-flow", "field": "timeout", "value": 5},
    )
    found = diff(sales, made)
    assert (found.added, found.removed) == (("extra",), ("stop",))
    assert [one.field for one in found.changed["report"]] == ["with.title"]
    assert [one.field for one in found.flow] == ["timeout"]
    assert not diff(sales, load(TEXT)) and str(diff(sales, sales)) == "no difference"


# ---------------------------------------------------------------------- any edits


@given(flows(), st.data())
def test_any_edits_and_their_undo_give_back_the_flow_and_its_text(spec: FlowSpec, data: st.DataObject) -> None:
    """After random edits, undone and done again in any number: the same document, the same canonical text, and the original text
    byte for byte; and what is refused changes nothing.
    """
    text = f"# kept\n{dump(spec)}# to the end\n"
    spec = load(text)
    editing: Editing = begun(spec, Written(text, spec))
    states = [editing]
    for _ in range(data.draw(st.integers(1, 6))):
        try:
            editing = editing.apply([edit_of(data.draw(edits_of(editing.spec)))])
        except FlowError:
            assert editing is states[-1]
        if editing is not states[-1]:
            states.append(editing)
        assert read(dump(editing.spec))[0] == editing.spec  # with its problems, of which the check tells
    for state in reversed(states[:-1]):
        editing = editing.undo()
        assert editing.spec == state.spec and editing.text == state.text
    assert editing.text == text and dump(editing.spec) == dump(spec)
    for state in states[1:]:
        editing = editing.redo()
        assert editing.spec == state.spec and editing.text == state.text
