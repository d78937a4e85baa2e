"""Edits of a document's text: only what changed is changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specs import flows, literals, names

from stratix_tasks.formats.yaml import dump, load
from stratix_tasks.formats.yaml_edit import edit
from stratix_tasks.spec.model import FlowSpec, NodeSpec, Timeout, Ui
from stratix_tasks.spec.values import Ref

TEXT = """\
# What comes in each day.
stratix: 1
flow: ingest          # its name
inputs:
  day:   {type: date}     # aligned
  limit: {type: int, default: 100}

pools: { api: 4 }   # with spaces
tasks:
  # the first
  list_files:
    call: mylib.ingest:list_files     # a function
    with: {day: "${{ inputs.day }}", 'quoted': "a # b"}
    timeout: {attempt: 30s}

  # the second
  parse:
    needs: [list_files]   # in order
    call: 'mylib.ingest:parse'
    with:
      pages: "${{ tasks.list_files.output }}"   # what it reads
      note: |
        two
        lines
    priority: 3
  last: {call: x, with: {a: 1, b: 2}, needs: [parse]}
output: ${{ tasks.last.output }}
"""


def changed(**fields: Any) -> FlowSpec:
    """The flow of the text with other fields of the node `parse`."""
    spec = load(TEXT)
    return spec.but({"tasks": {**spec.tasks, "parse": spec.tasks["parse"].but(fields)}})


def lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_an_edit_of_nothing_is_the_same_text() -> None:
    """Byte by byte."""
    assert edit(TEXT, load(TEXT)) == TEXT


EDITS: dict[str, tuple[FlowSpec, list[str], list[str]]] = {
    "an option": (changed(priority=9), ["    priority: 3"], ["    priority: 9"]),
    "an option that is new": (
        changed(timeout=Timeout(attempt=5.0)),
        [],
        ["    timeout: 5s"],
    ),
    "an option that goes": (changed(priority=None), ["    priority: 3"], []),
    "an argument": (
        changed(args={**load(TEXT).tasks["parse"].args, "pages": Ref("inputs", "day")}),
        ['      pages: "${{ tasks.list_files.output }}"   # what it reads'],
        ['      pages: "${{ inputs.day }}"   # what it reads'],
    ),
    "a node that is new": (
        load(TEXT).but({"tasks": {**load(TEXT).tasks, "more": NodeSpec(call="why")}}),
        [],
        ["  more:", "    call: why"],
    ),
    "positions": (
        load(TEXT).but({"ui": Ui(positions={"parse": (1.0, 2.5)})}),
        [],
        ["ui: {positions: {parse: [1, 2.5]}}"],
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_is_edited_alone_changes(what: str) -> None:
    """The line that says it; comments, order and style of all others stay."""
    spec, gone, come = EDITS[what]
    text = edit(TEXT, spec)
    assert load(text) == spec
    assert lines(TEXT, text) == (gone, come)


def test_a_node_of_another_name_stays_where_it_is() -> None:
    """With its comments; who refers to it does so by the new name."""
    spec = load(
        TEXT.replace("list_files:\n", "listed:\n")
        .replace("[list_files]", "[listed]")
        .replace("tasks.list_files", "tasks.listed")
    )
    text = edit(TEXT, spec)
    assert load(text) == spec
    assert text == TEXT.replace("list_files:\n", "listed:\n").replace("[list_files]", "[listed]").replace(
        "tasks.list_files", "tasks.listed"
    )


def commented(text: str) -> str:
    """The text with a comment above each line that begins a field of the flow or of a node."""
    made, number = [], 0
    for line in text.splitlines():
        if re.match(r"(  )?[A-Za-z_]+:", line):
            number += 1
            made.append(f"{line[: len(line) - len(line.lstrip())]}# comment {number}.")
        made.append(line)
    return "\n".join(made) + "\n"


@st.composite
def edits(draw: Any) -> tuple[FlowSpec, FlowSpec]:
    """A flow, and the same with one thing changed."""
    spec = draw(flows(depth=draw(st.integers(0, 1))))
    nodes = dict(spec.tasks)
    name = draw(st.sampled_from([*nodes]))
    what = draw(st.sampled_from(["arg", "add", "remove", "option", "positions", "rename"]))
    if what == "arg":
        nodes[name] = nodes[name].but({"args": {**nodes[name].args, draw(names): draw(literals)}})
    elif what == "add":
        nodes[draw(names)] = NodeSpec(call="some:thing", **{"with": {"x": draw(literals)}})
    elif what == "remove":
        del nodes[name]
    elif what == "option":
        nodes[name] = nodes[name].but({"priority": draw(st.integers(-3, 3)), "description": draw(st.text(max_size=9))})
    elif what == "rename":
        other = draw(names.filter(lambda one: one not in nodes))
        nodes = {other if one == name else one: node for one, node in nodes.items()}
    places = {name: (draw(st.integers(0, 9)) * 1.0, 2.5)} if what == "positions" else None
    return spec, spec.but({"tasks": nodes, **({"ui": Ui(positions=places)} if places else {})})


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(edits=edits())
def test_random_edits_read_as_the_new_flow_and_keep_comments(edits: tuple[FlowSpec, FlowSpec]) -> None:
    """For any flow and any edit; of the comments only those within what goes may go."""
    from stratix_tasks.formats.yaml import read

    before, after = edits
    text = commented(dump(before))
    if read(text)[0] != before:  # a comment stands in a text of several lines
        return
    edited = edit(text, after)
    assert read(edited)[0] == after
    missing = set(re.findall(r"# comment \d+\.", text)) - set(re.findall(r"# comment \d+\.", edited))
    assert len(missing) <= len(before.tasks.keys() - after.tasks.keys()), edited


def test_what_an_alias_repeats_is_edited_once() -> None:
    """Where the place that is edited stands for another one, too, the text is still the new flow."""
    text = "stratix: 1\nflow: f\ntasks:\n  a: {call: x, with: &w {k: [1, 2]}}\n  b: {call: y, with: *w}\n"
    spec = load(text)
    for name in ("a", "b"):
        after = spec.but({"tasks": {**spec.tasks, name: spec.tasks[name].but({"args": {"k": [1, 3]}})}})
        assert load(edit(text, after)) == after
