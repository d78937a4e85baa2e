"""The history of facts that are of many units at once, of pauses and of rollbacks: it tells what the run itself knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest
from driver import Body, World, chain_of, spec
from hypothesis import given
from small_flows import EACH, with_inner
from test_machine import ACTS, QUICK, play, worlds

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.facts import CREATED
from stratix_tasks.core.node import LOOP, MAP, Node
from stratix_tasks.core.states import LIVE, TERMINAL, State
from stratix_tasks.core.targets import label
from stratix_tasks.store.format import FACTS
from stratix_tasks.store.ids import text
from stratix_tasks.store.projection import _commit, _open_tables
from stratix_tasks.store.reader import Frame
from stratix_tasks.store.rows import COLUMNS, Rows

NAME = "node || coalesce('[' || item || ']', '')"


class Told:
    """A database with the facts of some runs."""

    def __init__(self, folder: Path) -> None:
        self.db = duckdb.connect(":memory:")
        _open_tables(self.db, folder / "runs.duckdb")

    def of(self, *worlds: World) -> Told:
        """As the journal would have them, a frame a run."""
        for table in (*COLUMNS, "files"):
            self.db.execute(f"DELETE FROM {table}")
        rows = Rows()
        for number, world in enumerate(worlds):
            about = {"flow": "f", "version": "1", "spec": {}, "nodes": world.root.outline.told, "engine": "e"}
            about["scopes"] = world.root.outline.scopes()
            about |= {"host": "h", "pid": 1, "inputs": {}, "tags": [], "key": None, "priority": 0}
            data = orjson.dumps([[CREATED, 999.0, about], *world.facts])
            rows.take_facts(Frame(FACTS, number.to_bytes(10), 0, 1, memoryview(data), 0, len(data)))
        _commit(self.db, rows, "e", 1, 1)
        return self

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return self.db.execute(query, parameters or None).fetchall()

    def tasks(self) -> dict[str, str]:
        told = self.rows(f"SELECT {NAME}, state FROM tasks ORDER BY unit")
        return {str(name): str(state) for name, state in told}

    def steps(self, node: str, item: int | None = None) -> list[tuple[Any, ...]]:
        """Event and new state of each transition."""
        query = "SELECT event, to_state FROM transitions WHERE node = $node AND item IS NOT DISTINCT FROM $item ORDER BY seq, step"
        return self.rows(query, node=node, item=item)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    made = Told(tmp_path_factory.mktemp("told"))
    yield made
    made.db.close()


Answers = dict[str, list[tuple[Any, ...]]]
"""Rows by run."""


def by_run(told: Told, query: str) -> Answers:
    found: Answers = defaultdict(list)
    for run, *row in told.rows(query):
        found[run].append(tuple(row))
    return found


def the_tasks_are_its_units(world: World, tasks: list[tuple[Any, ...]]) -> None:
    """State, reason of a pause, attempts and end of each unit that is still of the run."""
    s, real = world.s, {}
    for u in world.units():
        state, over = state_of(s, u), s.status[u] in TERMINAL
        real[u] = state.label, s.held(u) if state is State.HELD else None, s.attempt[u], over
    found = {u: (state, reason if state == "held" else None, tries, over) for u, state, reason, tries, over in tasks}
    assert found == real, {label(s, u): (found.get(u), real[u]) for u in real if found.get(u) != real[u]}


def the_steps_follow_on_each_other(world: World, steps: list[tuple[Any, ...]]) -> None:
    """Each begins where the last one of its unit ended, or anew for another unit of the same name; the last one is its state."""
    known: dict[str, str] = {}
    for name, before, after in steps:
        assert before in (known.get(name, "pending"), "pending"), (name, before, known.get(name))
        known[name] = after
    for u in world.units():
        name, state = label(world.s, u), state_of(world.s, u).label
        last = known.get(name, "pending")
        by_its_group = state == "held" and last in ("pending", "retrying")
        assert last == state or by_its_group, (name, state, last)


def the_attempts_have_ended(world: World, left: list[tuple[Any, ...]]) -> None:
    """But those of what runs, or waits."""
    live = {label(world.s, u) for u, state in enumerate(world.s.status) if state in (*LIVE, State.WAITING)}
    assert {name for (name,) in left} <= live


def test_the_history_tells_what_the_run_knows(told: Told) -> None:
    """After any requests and deaths of owners the tasks of the history are the units of the run, as they are."""
    seen: list[World] = []

    @given(worlds(), ACTS)
    @QUICK
    def meet(world: World, acts: list[Any]) -> None:
        play(world, acts)
        seen.append(world)

    meet()
    told.of(*seen)
    tasks = by_run(told, "SELECT run, unit, state, reason, attempts, ended IS NOT NULL FROM tasks")
    steps = by_run(told, f"SELECT run, {NAME}, from_state, to_state FROM transitions ORDER BY run, seq, step")
    left = by_run(told, f"SELECT run, {NAME} FROM attempts WHERE ended IS NULL")
    for number, world in enumerate(seen):
        run = text(number.to_bytes(10))
        the_tasks_are_its_units(world, tasks[run])
        the_steps_follow_on_each_other(world, steps[run])
        the_attempts_have_ended(world, left[run])


def test_a_pause_is_of_all_that_lies_in_a_group(told: Told) -> None:
    """One mark on a sub-flow holds what waits in it at any depth; the step is the group's own."""
    world = World(with_inner({"a": {}, "m": {"each": EACH, "needs": ("a",)}}), concurrency=1).start()
    world.until("g.m", State.OPEN).request("pause", "g")
    assert told.of(world).tasks() == {
        "g": "open", "g.a": "completed", "g.m": "open", "g.m[0]": "running", "g.m[1]": "held", "g.m[2]": "held"
    }  # fmt: skip
    world.request("resume", "g.m[1]")
    assert told.of(world).tasks()["g.m[1]"] == "pending"
    world.settle()
    assert told.of(world).tasks()["g.m[2]"] == "held"
    world.request("resume", "g")
    assert told.of(world).tasks()["g.m[2]"] in ("pending", "running")


def test_a_breakpoint_is_a_step_and_so_is_what_lets_go(told: Told) -> None:
    """pending, held, pending, ready, running, completed."""
    world = World(chain_of(2)).start().request("breakpoint", "n0").settle()
    assert told.of(world).tasks()["n0"] == "held"
    assert told.steps("n0") == [("hold", "held")]
    assert told.rows("SELECT reason FROM tasks WHERE node = 'n0'") == [("breakpoint",)]
    world.request("resume", "n0").settle()
    steps = [
        ("hold", "held"),
        ("release", "pending"),
        ("deps_ok", "ready"),
        ("dispatch", "running"),
        ("ok", "completed"),
    ]
    assert told.of(world).steps("n0") == steps


def test_a_map_is_cancelled_item_by_item(told: Told) -> None:
    """One fact for those without a body, a stop for the one that has one; each item has its steps."""
    world = (
        World(spec({"m": {"each": EACH}}), concurrency=1).start().until("m", State.OPEN).until("m[0]", State.RUNNING)
    )
    world.request("cancel", "m").settle()
    assert told.of(world).tasks() == {"m": "cancelled", "m[0]": "cancelled", "m[1]": "cancelled", "m[2]": "cancelled"}
    assert told.steps("m", 1) == [("cancel", "cancelled")]
    assert told.steps("m", 0)[-2:] == [("stop", "stopping"), ("stopped", "cancelled")]
    assert told.rows("SELECT item, reason, ended IS NOT NULL FROM tasks WHERE item > 0") == [
        (1, "user", True),
        (2, "user", True),
    ]


def test_items_start_together_and_are_tried_again_one_by_one(told: Told) -> None:
    """A start of many is one attempt each; a retry sets back those that failed."""
    bad = {"m[1]"}
    world = (
        World(spec({"m": {"each": EACH}}), lambda name, _n: Body(1, "final" if name in bad else "ok")).start().settle()
    )
    assert told.of(world).rows("SELECT item, attempt, state FROM attempts ORDER BY item") == [
        (0, 1, "completed"), (1, 1, "failed"), (2, 1, "completed")
    ]  # fmt: skip
    bad.clear()
    world.request("retry", "m").settle()
    again = [("retry", "pending"), ("deps_ok", "ready"), ("dispatch", "running"), ("ok", "completed")]
    assert told.of(world).steps("m", 1)[-4:] == again
    assert told.steps("m")[-2:] == [("reopen", "open"), ("gathered", "completed")]
    assert told.rows("SELECT attempt FROM transitions WHERE item = 1 ORDER BY seq, step")[-4:] == [
        (1,),
        (2,),
        (2,),
        (2,),
    ]


def test_a_rollback_takes_the_items_of_a_map_out(told: Told) -> None:
    """They are no tasks of the run any more, also before the map opens again; what they did stays in the steps."""
    world = World(spec({"m": {"each": EACH}})).start().settle().request("rollback", nodes=["m"])
    assert told.of(world).tasks() == {"m": "pending"}
    assert len(told.rows("SELECT * FROM attempts")) == 3
    assert told.steps("m", 1)[-1] == ("rollback", "retired")
    world.request("resume").settle()
    assert told.of(world).tasks() == {"m": "completed", "m[0]": "completed", "m[1]": "completed", "m[2]": "completed"}
    assert len(told.rows("SELECT * FROM attempts")) == 6


def looped() -> Block:
    """Three rounds, each of a node and a map behind it."""
    inner = Block("inner", (Node("x"), Node("m", (0,), MAP)))
    return join_blocks(
        {"inner": inner, "main": Block("main", (Node("l", kind=LOOP, inner="inner", rounds=3, take_last=True),))},
        "main",
    )


def test_a_rollback_takes_rounds_out(told: Told) -> None:
    """Those behind the one that it goes to are no tasks any more, with all that lay in them; their steps end with that."""
    world = World(looped(), verdict=lambda _name: False, items=lambda _name: 1).start().settle()
    assert told.of(world).rows("SELECT scope, node, state FROM tasks WHERE node = 'l.x' ORDER BY unit") == [
        (f"l[{i}]", "l.x", "completed") for i in range(3)
    ]
    world.request("rollback", to="l[0]").settle()
    assert told.of(world).rows("SELECT scope, node, kind FROM tasks ORDER BY unit") == [
        (None, "l", "loop"), ("l[0]", "l.x", "task"), ("l[0]", "l.m", "map"), ("l[0]", "l.m", "item"),
    ]  # fmt: skip
    assert [told.steps("l.x", i)[-1] for i in range(3)] == [
        ("ok", "completed"),
        ("rollback", "retired"),
        ("rollback", "retired"),
    ]
    assert told.rows("SELECT event, detail FROM events WHERE kind = 'rolled' ORDER BY detail") == [
        ("rollback", '{"place":1}'), ("rollback", '{"place":2}'),
    ]  # fmt: skip
    world.request("resume").settle()
    assert told.of(world).rows(
        "SELECT scope, count(*) FROM tasks WHERE scope IS NOT NULL GROUP BY scope ORDER BY scope"
    ) == [(f"l[{i}]", 3) for i in range(3)]
    assert told.rows("SELECT count(*) FROM attempts WHERE node = 'l.x'") == [(5,)]


def test_a_body_in_a_round_that_is_taken_out_is_stopped_first(told: Told) -> None:
    """Its last step is that it is out."""
    slow = Body(9, stops=1.0)
    world = World(looped(), lambda name, _n: slow if name == "l[1].x" else Body(), verdict=lambda _name: False).start()
    while not any(world.label(u) == "l[1].x" for u in world.units()) or world.state("l[1].x") is not State.RUNNING:
        assert world.step()
    world.request("rollback", to="l[0]").settle()
    assert told.of(world).steps("l.x", 1)[-2:] == [("rollback", "stopping"), ("stopped", "retired")]


def test_a_rollback_while_a_body_runs_stops_it(told: Told) -> None:
    """It is being stopped until its body has ended; its attempt ends then."""
    world = World(chain_of(1), lambda _name, _n: Body(5, stops=1.0)).start().until("n0", State.RUNNING)
    world.request("rollback", nodes=["n0"])
    assert told.of(world).tasks()["n0"] == "stopping"
    assert told.steps("n0")[-1] == ("rollback", "stopping")
    world.settle()
    assert told.of(world).tasks()["n0"] == "pending"
    assert told.rows("SELECT ended IS NOT NULL FROM attempts WHERE node = 'n0'") == [(True,)]


def test_a_value_that_was_given_is_how_a_node_completed(told: Told) -> None:
    """A skip with a value ends a failed node well; its error is not shown any more, and what followed goes on."""
    world = World(chain_of(2), lambda name, _n: Body(1, "final" if name == "n1" else "ok")).start().settle()
    world.request("skip", "n1", value=3).settle()
    assert told.of(world).tasks() == {"n0": "completed", "n1": "completed", "other": "completed"}
    assert told.rows("SELECT reason, error FROM tasks WHERE node = 'n1'") == [("given", None)]
    assert told.steps("n1")[-1] == ("give", "completed")
    assert told.steps("n0")[:2] == [("deps_bad", "upstream_failed"), ("retry", "pending")]


def test_a_skip_is_a_step(told: Told) -> None:
    """So is that of what needs it."""
    world = World(chain_of(2)).start().request("skip", "n1").settle()
    assert told.of(world).tasks()["n0"] == told.tasks()["n1"] == "skipped"
    assert told.rows("SELECT event, reason FROM transitions WHERE node = 'n0'") == [("deps_skipped", "upstream")]


def test_spawned_items_are_tasks(told: Told) -> None:
    """With their place behind the others; a rollback takes them out as well."""
    world = World(spec({"m": {"each": EACH}}), lambda _name, _n: Body(1, spawns=1)).start().settle()
    assert list(told.of(world).tasks().values()) == ["completed"] * 7
    world.request("rollback", nodes=["m"])
    assert told.of(world).tasks() == {"m": "pending"}
    assert len(told.rows("SELECT DISTINCT item FROM attempts")) == 6


def test_a_wait_has_an_attempt_that_ends_with_it(told: Told) -> None:
    """Answered, or cancelled while it waits."""
    wait = {"uses": "wait.signal", "call": None, "with": {"name": "go"}}
    world = World(spec({"a": wait, "b": wait}), lambda _name, _n: Body(900)).start()
    world.until("a", State.WAITING).until("b", State.WAITING)
    assert told.of(world).rows("SELECT state, ended FROM attempts ORDER BY node") == [("waiting", None)] * 2
    world.request("cancel", "b").request("send", None, 7, name="go").settle()
    ends = [("completed", True), ("cancelled", True)]
    assert told.of(world).rows("SELECT state, ended IS NOT NULL FROM attempts ORDER BY node") == ends
    assert told.steps("a")[-2:] == [("wait", "waiting"), ("signal", "completed")]
