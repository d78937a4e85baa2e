"""Fan-outs that go on item by item behind another one: what bodies get, while others of the first one still run."""

from __future__ import annotations

from typing import Any

import pytest
from gated import LONG, broken, collect, gate, gates, until, works

from stratix_tasks import Engine, Flow, InputError, TaskFailed, current, each, flow, history, task

BIG = 100_000


@task
def doubled(x: Any, plus: str = "") -> Any:
    return [x, x, plus]


@task(runner="process")
def large(n: int) -> bytes:
    return bytes([n]) * BIG


@task(runner="process")
def measured(data: bytes) -> list[int]:
    return [data[0], len(data)]


@task
def grows(n: int) -> int:
    if n == 2:
        current().spawn(7)
    gates.wait(n)
    return n


def said(run: Any, name: str) -> str:
    """Why an item is as it is; nothing where it has not come yet."""
    try:
        return str(run.why(name))
    except InputError:
        return ""


@flow
def row(names: list[Any]) -> Any:
    return collect(doubled.map(each(gate.map(each(names))), plus="!"))


def test_an_item_is_taken_while_others_of_its_list_run(engine: Engine) -> None:
    """Its argument is what its own source returned; the list that comes of it is in the order of the first one."""
    run = engine.start(row, {"names": ["s0", "s1", "s2"]})
    gates.let("s1")
    until(run, lambda: said(run, "doubled[1]") == "'doubled[1]' completed.")
    assert run.why("doubled[0]") == "'doubled[0]' waits for 'gate[0]'."
    assert run.output("doubled[1]") == ["s1", "s1", "!"]
    gates.let("s0"), gates.let("s2")
    assert run.result(LONG) == [["s0", "s0", "!"], ["s1", "s1", "!"], ["s2", "s2", "!"]]


def test_large_results_go_from_process_to_process(engine: Engine) -> None:
    """Each is read where it is needed."""

    @flow
    def sizes(n: int) -> Any:
        return measured.map(each(large.map(each(list(range(3))))))

    assert engine.start(sizes, {"n": 3}).result(LONG) == [[0, BIG], [1, BIG], [2, BIG]]


def test_what_is_spawned_goes_on_too(engine: Engine) -> None:
    """An item that comes later into the first list comes later into the second."""

    @flow
    def grown() -> Any:
        return doubled.map(each(grows.map(each([2, 3]))))

    for name in (2, 3, 7):
        gates.let(name)
    assert engine.start(grown).result(LONG) == [[2, 2, ""], [3, 3, ""], [7, 7, ""]]


def test_another_engine_goes_on_item_by_item(engine: Engine, tmp_path: Any) -> None:
    """What was done is not done again."""
    run = engine.start(row, {"names": ["r0", "r1"]})
    gates.let("r1")
    until(run, lambda: said(run, "doubled[1]") == "'doubled[1]' completed.")
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        gates.let("r0")
        assert again.result(LONG) == [["r0", "r0", "!"], ["r1", "r1", "!"]]
        tasks = history(tmp_path / "store").tasks(run.id)
        told = dict(zip(zip(tasks["node"], tasks["item"], strict=True), tasks["attempts"], strict=True))
        assert (told["gate", 1], told["doubled", 1], told["gate", 0]) == (1, 1, 2)


def test_a_failed_item_is_told_with_its_source(engine: Engine) -> None:
    """The history has its reader as upstream_failed; a retry of the run makes these two alone."""
    broken.add("x1")

    @flow
    def fails() -> Any:
        return doubled.map(each(works.map(each(["x0", "x1"]))))

    run = engine.start(fails)
    with pytest.raises(TaskFailed, match=r"works\[1\]"):
        run.result(LONG)
    assert run.why("doubled[1]") == "'doubled[1]' can't run: 'works[1]' did not complete."
    tasks = run.tasks()
    states = dict(zip(zip(tasks["node"], tasks["item"], strict=True), tasks["state"], strict=True))
    assert (states["doubled", 0], states["doubled", 1]) == ("completed", "upstream_failed")
    broken.discard("x1")
    run.retry()
    assert run.result(LONG) == [["x0", "x0", ""], ["x1", "x1", ""]]


@flow
def pair(x: Any, plus: str = "") -> Any:
    return collect([works(x), doubled(x, plus)])


def test_an_item_of_a_flow_goes_on_as_soon_as_its_own_source_has(engine: Engine) -> None:
    """All of it runs, and its value is there, while the others of the list are made."""

    @flow
    def pairs_one_by_one() -> Any:
        return pair.map(each(gate.map(each(["f0", "f1"]))), plus="!")

    run = engine.start(pairs_one_by_one)
    gates.let("f1")
    until(run, lambda: said(run, "pair[1]") == "'pair[1]' completed.")
    assert run.why("pair[0].works") == "'pair[0].works' waits for 'gate[0]'."
    assert run.output("pair[1]") == ["f1", ["f1", "f1", "!"]]
    gates.let("f0")
    assert run.result(LONG) == [[name, [name, name, "!"]] for name in ("f0", "f1")]


DOCUMENT = """
stratix: 1
flow: pairs_of_a_document
tasks:
  gate: {call: "gated:gate", each: {as: name, in: [d0, d1, d2]}}
  pair:
    each: {as: x, in: "${{ tasks.gate.output }}", gather: settled}
    flow: pair
    with: {plus: "no. ${{ each.index }}"}
  told: {call: "gated:collect", with: {parts: "${{ tasks.pair.output }}"}}
output: "${{ tasks.told.output }}"
flows:
  pair:
    inputs: {x: {}, plus: {type: str}}
    tasks:
      doubled: {call: "test_item_by_item:doubled", with: {x: "${{ inputs.x }}", plus: "${{ inputs.plus }}"}}
      works: {call: "gated:works", needs: [doubled], with: {x: "${{ inputs.x }}"}}
    output: "${{ tasks.doubled.output }}"
"""


def test_a_flow_of_a_document_goes_on_item_by_item_over_the_death_of_its_owner(engine: Engine, tmp_path: Any) -> None:
    """What was made of an item is not made again; one whose source was skipped is none of the results."""
    document = Flow.from_yaml(DOCUMENT, allow=[__name__, "gated"])
    run = engine.start(document)
    gates.let("d1")
    until(run, lambda: said(run, "pair[1]") == "'pair[1]' completed.")
    engine.close()
    with Engine(tmp_path / "store") as other:
        (again,) = other.recover()
        again.skip("gate[2]")
        gates.let("d0")
        assert [one.value for one in again.result(LONG)] == [["d0", "d0", "no. 0"], ["d1", "d1", "no. 1"], None]
        assert again.why("pair[2]") == "'pair[2]' was skipped: 'gate[2]', which it waited for, was skipped."
        tasks = again.tasks()
        told = dict(zip(zip(tasks["node"], tasks["scope"], strict=True), tasks["attempts"], strict=True))
        assert (told["pair.doubled", "pair[1]"], told["pair.doubled", "pair[0]"]) == (1, 1)


@flow
def triple(xs: Any) -> Any:
    return collect(doubled.map(each(works.map(each(xs)))))


def test_an_item_tells_the_error_of_what_failed_deep_in_it(engine: Engine) -> None:
    """Of an item of a map in a flow, however its readers ended; not only of a node of the flow itself."""
    broken.add("t1")

    @flow
    def settles() -> Any:
        return triple.options(gather="settled").map(each([["t0"], ["t1"]]))

    good, bad = engine.start(settles).result(LONG)
    broken.discard("t1")
    assert (good.status, good.error, bad.status) == ("completed", None, "failed")
    assert (bad.error["type"], bad.error["message"]) == ("ValueError", "t1 is broken")
