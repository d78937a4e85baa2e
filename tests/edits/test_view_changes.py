"""What a view is told of edits, change by change, held against a view that is told everything."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from front import View, shown, view_of
from hypothesis import given
from hypothesis import strategies as st
from random_edits import edits_of
from specs import flows

from stratix_tasks import Flow, configure
from stratix_tasks.errors import FlowError
from stratix_tasks.formats.yaml import dump
from stratix_tasks.spec.model import FlowSpec

ROOT = Path(__file__).parent.parent.parent
FRONT = """
import { readFileSync } from "node:fs";
import { changed } from %s;
const histories = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(histories.map(([first, changes]) => changes.reduce(changed, first))));
"""
OLD_NODE = (9, 127)
"""What is answered by a Node that reads no TypeScript, and by none."""


def steps(flow: Flow[..., Any], data: st.DataObject) -> None:
    """Some edits, undos and redos; those that can't be change nothing."""
    for _ in range(data.draw(st.integers(1, 6))):
        with suppress(FlowError):
            how = data.draw(st.sampled_from(["edit", "edit", "edit", "undo", "redo", "drop"]))
            if how == "edit":
                flow.apply(data.draw(edits_of(flow.spec)))
            else:
                getattr(flow, how)()


def same(view: View, other: dict[str, Any]) -> bool:
    """What is shown, but for its number and the moment."""
    mine, theirs = ({**one, "seq": 0, "now": 0} for one in (view.shown, other))
    return mine == theirs


def test_a_view_that_is_told_changes_shows_what_one_shows_that_is_told_everything(tmp_path: Path) -> None:
    """Over any edits, undone and done again: in the editor and in a view beside it, in Python and in the front end's own code."""
    configure(store=tmp_path / "store")
    histories: list[tuple[Any, Any]] = []
    ends: list[Any] = []

    @given(flows(), st.data())
    def play(spec: FlowSpec, data: st.DataObject) -> None:
        flow = Flow.from_yaml(dump(spec))
        views = [view_of(flow), view_of(flow, editing=False)]
        steps(flow, data)
        for view in views:
            end = view._whole()
            assert all(message["type"] == "change" for message in view.told)
            assert same(view, end)
            histories.append((view.snapshot, view.told))
            ends.append(view.shown)
            view.close()

    play()
    front = FRONT % json.dumps((ROOT / "widget" / "src" / "model" / "change.ts").as_uri())
    done = subprocess.run(
        ["sh", str(ROOT / "scripts" / "node.sh"), "--experimental-strip-types", "--input-type=module", "-e", front],
        input=json.dumps(histories),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in OLD_NODE:
        pytest.skip("no Node that reads TypeScript: the front end's own code was not held against it")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(json.dumps(ends))


def test_one_message_tells_what_an_edit_changes_and_no_more(tmp_path: Path) -> None:
    """Of a new name: its node, and who takes its output."""
    configure(store=tmp_path / "store")
    lines = [f'  n{i}: {{call: told_by_change, with: {{x: "${{{{ tasks.n{i - 1}.output }}}}"}}}}' for i in range(1, 40)]
    flow = Flow.from_yaml(
        "\n".join(["stratix: 1", "flow: told_by_change", "tasks:", "  n0: {call: told_by_change}", *lines])
    )
    view = view_of(flow)
    flow.apply({"edit": "rename", "node": "n7", "to": "seventh"})
    (message,) = view.told
    assert [view.shown["nodes"][int(at)]["name"] for at in message["nodes"]] == ["seventh", "n8"]
    assert (
        message["was"] is None
        and {*message["parts"]} <= {"flow", "bends"}
        and {*message["edit"]} <= {"undo", "steps", "mends"}
    )
    flow.apply({"edit": "remove", "nodes": ["n20"]})
    assert len(view.told) == 2 and len(view.told[1]["nodes"]) <= 3 and len(view.told[1]["was"]) == 39


def test_what_follows_from_a_new_node_makes_way_for_it(tmp_path: Path) -> None:
    """What is put between two nodes lies between them; all else stays where it is, and is not covered by what follows later."""
    configure(store=tmp_path / "store")
    flow = Flow.from_yaml(
        "{stratix: 1, flow: way_change, tasks: {a: {call: way_change}, "
        'b: {call: way_change, with: {x: "${{ tasks.a.output }}"}}, c: {call: way_change}}}'
    )
    view = view_of(flow)
    before = view.shown["nodes"]
    flow.apply(
        {"edit": "add", "node": "new", "says": {"call": "way_change"}},
        {"edit": "connect", "source": "a", "target": "new", "port": "x"},
        {"edit": "connect", "source": "new", "target": "b", "port": "x"},
    )
    a, b, c, new = view.shown["nodes"]
    assert [(one["x"], one["y"]) for one in (a, c)] == [(one["x"], one["y"]) for one in (before[0], before[2])]
    assert a["x"] + a["w"] < new["x"] and new["x"] + new["w"] < b["x"]
    flow.apply({"edit": "add", "node": "alone", "says": {"call": "way_change"}})
    nodes = view.shown["nodes"]
    assert [(one["x"], one["y"]) for one in nodes[:4]] == [(one["x"], one["y"]) for one in (a, b, c, new)]
    assert all(
        abs(nodes[4]["x"] - one["x"]) > one["w"] or abs(nodes[4]["y"] - one["y"]) > one["h"] for one in nodes[:4]
    )


def test_who_missed_a_change_is_told_all(tmp_path: Path) -> None:
    """Each message has the number after the last one's; a whole picture, too, so that what another front end asked for is no gap that
    nobody sees."""
    configure(store=tmp_path / "store")
    flow = Flow.from_yaml("{stratix: 1, flow: missed_change, tasks: {a: {call: missed_change}}}")
    view = view_of(flow)
    flow.apply({"edit": "rename", "node": "a", "to": "b"})
    flow.apply({"edit": "rename", "node": "b", "to": "c"})
    assert [message["seq"] for message in view.told] == [1, 2]
    with pytest.raises(AssertionError):
        shown(view.snapshot, view.told[1:])
    view._heard({"type": "resync"}, None)
    assert view.told[-1]["type"] == "snapshot" and view.told[-1]["snapshot"]["seq"] == 3
    flow.undo()
    assert view.told[-1]["seq"] == 4 and view.shown["nodes"][0]["name"] == "b"


def test_a_view_that_begins_to_edit_is_told_all(tmp_path: Path) -> None:
    """A change is of one kind of view: one that another thread makes while the view turns is no change of what was shown."""
    configure(store=tmp_path / "store")
    flow = Flow.from_yaml("{stratix: 1, flow: turned_change, tasks: {a: {call: turned_change}}}")
    view = view_of(flow, editing=False)
    view._editing = True
    flow.apply({"edit": "rename", "node": "a", "to": "b"})
    assert view.told[-1]["type"] == "snapshot" and view.shown["edit"]["undo"] == "rename a to b"
