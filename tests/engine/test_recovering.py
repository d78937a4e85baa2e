"""Runs that other engines left: seen, gone on with, and asked about when their code has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from gated import LONG, broken, gate, gates, states, two_steps, until, works

from stratix_tasks import Engine, Flow, StratixError, TaskFailed, current, each, flow, task


def test_another_engine_sees_the_run(engine: Engine, tmp_path: Any) -> None:
    """Status, outputs and result are read from the store; it can be asked as if it were run here."""
    run = engine.start(two_steps)
    gates.arrive("a")
    with Engine(tmp_path / "store") as other:
        seen = other.run(run.id)
        assert seen.status == "running"
        seen.pause()
        assert (run.status, seen.status) == ("pausing", "pausing")
        seen.resume()
        assert (run.status, seen.status) == ("running", "running")
        gates.let("a")
        assert seen.result(LONG) == "a"
        assert seen.output("gate") == "a"
        assert other.recover() == []


def test_a_closed_engine_leaves_its_runs_to_others(engine: Engine, tmp_path: Any) -> None:
    """What was running is interrupted, and another engine goes on with it."""
    run = engine.start(two_steps)
    gates.arrive("a")
    engine.close()
    with Engine(tmp_path / "store") as other:
        assert other.run(run.id).status == "interrupted"
        (again,) = other.recover()
        gates.let("a")
        assert again.result(LONG) == "a"


@task
def named_by_itself(x: str) -> str:
    return x.upper()


def test_a_document_that_names_a_task_by_its_name_alone_goes_on(tmp_path: Any) -> None:
    """As a flow does that was drawn in a notebook: the one task of that name is found again by who goes on with its run."""
    drawn = Flow.from_yaml("""
stratix: 1
flow: named_alone
tasks:
  gate: {call: gate, with: {name: alone}}
  last: {call: named_by_itself, with: {x: "${{ tasks.gate.output }}"}}
output: "${{ tasks.last.output }}"
""")
    with Engine(tmp_path / "store") as first:
        run = first.start(drawn)
        gates.arrive("alone")
    with Engine(tmp_path / "store") as other:
        gates.let("alone")
        assert [one.result(LONG) for one in other.recover()] == ["ALONE"]
        assert other.run(run.id).again().result(LONG) == "ALONE"


def test_a_run_whose_pool_this_engine_has_not_stays_interrupted(tmp_path: Any) -> None:
    """The warning names the pool; an engine that has it goes on."""

    @flow
    def in_a_pool() -> Any:
        return works.options(pool="db")(gate("pooled"))

    with Engine(tmp_path / "store", pools={"db": 1}) as first:
        run = first.start(in_a_pool)
        gates.arrive("pooled")
    with Engine(tmp_path / "store") as other:
        with pytest.warns(UserWarning, match="needs the pool db, which this engine has not"):
            assert other.recover() == []
        with pytest.raises(StratixError) as caught:
            other.run(run.id).skip("works")
        assert caught.value.code == "missing-pool"
    gates.let("pooled")
    with Engine(tmp_path / "store", pools={"db": 1}) as last:
        assert [one.result(LONG) for one in last.recover()] == ["pooled"]


def test_recover_leaves_what_it_has_no_code_for(engine: Engine, tmp_path: Any) -> None:
    """A run whose function is gone stays interrupted; the warning names it."""

    def make() -> Any:
        @task
        def vanishes(x: Any) -> Any:
            return x

        @flow
        def short_lived() -> Any:
            return vanishes(gate("a"))

        return engine.start(short_lived)

    run = make()
    gates.arrive("a")
    run_id = run.id
    engine.close()
    del run
    import gc

    gc.collect()
    from stratix_tasks.dsl.task import KNOWN

    for call in [call for call in KNOWN if "vanishes" in call]:
        del KNOWN[call]
    with Engine(tmp_path / "store") as other:
        with pytest.warns(UserWarning, match="vanishes"):
            assert other.recover() == []
        assert other.run(run_id).status == "interrupted"


def test_recover_asks_when_code_has_changed(engine: Engine, tmp_path: Any) -> None:
    """The run is left paused, reason `code-changed`, before anything starts; resume goes on with the new code."""

    def make(number: int) -> Any:
        @task
        def changing(x: Any) -> Any:
            return x, number

        @flow
        def changes() -> Any:
            return changing(gate("a"))

        return changing, changes

    _old, changes = make(1)
    run = engine.start(changes)
    gates.arrive("a")
    engine.close()
    _new, _ = make(2)
    gates.let("a")
    with Engine(tmp_path / "store") as other:
        with pytest.warns(UserWarning, match="has changed"):
            (again,) = other.recover()
        assert (again.status, again.reason) == ("paused", "code-changed")
        assert "running" not in states(again).values()
        again.resume()
        assert again.result(LONG) == ("a", 2)
    assert run.id == again.id


def _two_versions(number: int) -> Any:
    """`base` stays as it is, `changing` is another function for each number."""

    @task
    def base() -> int:
        return 10

    @task
    def changing(x: int) -> Any:
        return x, number

    @task
    def waits(x: Any) -> Any:
        gate.fn("b")
        return x

    @flow
    def changes() -> Any:
        return waits(changing(base()))

    return changes


@pytest.mark.parametrize("choice", ["rerun", "fork", "reuse"])
def test_recover_does_what_was_chosen_for_changed_code(engine: Engine, tmp_path: Any, choice: str) -> None:
    """`rerun` runs changed nodes again and what depends on them, `fork` in a new run, `reuse` keeps what is recorded."""
    run = engine.start(_two_versions(1))
    gates.arrive("b")
    engine.close()
    kept = _two_versions(2)
    gates.let("b")
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover(changed=choice)
        assert again.result(LONG) == (10, 1 if choice == "reuse" else 2)
        assert (again.id == run.id) is (choice != "fork")
        if choice == "fork":
            assert other.run(run.id).status == "cancelled"


def test_a_run_that_was_asked_about_can_be_decided_later(engine: Engine, tmp_path: Any) -> None:
    """After `recover()` has left a run paused for its changed code, a second call with a choice goes on with it."""
    engine.start(_two_versions(1))
    gates.arrive("b")
    engine.close()
    kept = _two_versions(2)
    gates.let("b")
    with Engine(tmp_path / "store") as other:
        with pytest.warns(UserWarning, match="has changed"):
            (again,) = other.recover()
        assert again.reason == "code-changed"
        assert [run.id for run in other.recover(changed="rerun")] == [again.id]
        assert again.result(LONG) == (10, 2)


class Turning:
    """Another order at each walk."""

    walks = 0

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[Any]:
        Turning.walks += 1
        return (Part((at + Turning.walks) % self.count) for at in range(self.count))


class TurningList(list[Any]):
    def __iter__(self) -> Iterator[Any]:
        Turning.walks += 1
        return iter([self[(at + Turning.walks) % len(self)] for at in range(len(self))])


@dataclass(frozen=True)
class Part:
    number: int


@pytest.mark.parametrize(
    "made",
    [Turning(4), TurningList(map(Part, range(4))), frozenset(map(Part, range(4)))],
    ids=["iterable", "list", "set"],
)
@pytest.mark.parametrize("key", [{}, {"key": "{x}"}], ids=["numbered", "keyed"])
def test_what_a_map_goes_over_is_frozen_when_it_is_opened(
    engine: Engine, tmp_path: Any, made: Any, key: dict[str, str], request: Any
) -> None:
    """Each element is done once, also where another walk gives another order after a crash."""
    name = request.node.name

    @task
    def parts() -> Any:
        return made

    @task
    def number(x: Part) -> int:
        if cast(int, current().item) >= 2:
            gates.wait(name)
        return x.number

    @flow
    def over() -> Any:
        return number.options(**key).map(each(parts()))

    run = engine.start(over)
    gates.arrive(name)
    until(run, lambda: _done(run) == 2)
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        gates.let(name)
        assert sorted(again.result(LONG)) == [0, 1, 2, 3]


def test_a_fork_goes_over_what_its_parent_did(engine: Engine) -> None:
    """In the same order, for the items that it takes over are not made again."""

    @task
    def parts() -> Any:
        return Turning(4)

    @task
    def number(x: Part) -> int:
        if current().item == 3 and "fork" in broken:
            raise ValueError("not yet")
        return x.number

    @flow
    def over() -> Any:
        return number.map(each(parts()))

    broken.add("fork")
    run = engine.start(over)
    run.wait(LONG)
    broken.discard("fork")
    assert sorted(run.fork().result(LONG)) == [0, 1, 2, 3]


def _done(run: Any) -> int:
    return next((int(row["done"]) for row in run.progress() if row["name"] == "number"), 0)


def test_what_a_map_goes_over_and_cant_be_kept_fails_by_name(engine: Engine) -> None:
    """Where the map opens, and not after a crash."""

    @flow
    def over() -> Any:
        return works.map(each(opens()))

    run = engine.start(over)
    with pytest.raises(TaskFailed, match=r"mapped 'x'\[0\] is a _thread.lock"):
        run.result(LONG)


class Opens:
    def __iter__(self) -> Iterator[Any]:
        return iter([threading.Lock()])


@task
def opens() -> Any:
    return Opens()
