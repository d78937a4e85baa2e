"""Requests: pause, resume, cancel, retry and skip, of the run, of a node, of an item."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from gated import LONG, broken, collect, fan, gate, gates, parks, states, two_steps, until, works

from stratix_tasks import (
    Engine,
    Flow,
    RunCancelled,
    StratixError,
    TaskFailed,
    TransitionError,
    current,
    each,
    flow,
    repeat,
    task,
)

# ---------------------------------------------------------------------- pause and resume


def test_a_paused_run_starts_nothing(engine: Engine) -> None:
    """Running bodies finish (`pausing`), then the run is `paused`; resume goes on."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.pause()
    assert run.status == "pausing"
    gates.let("a")
    until(run, lambda: run.status == "paused")
    assert states(run) == {"gate": "completed", "works": "pending"} or states(run)["works"] == "ready"
    run.resume()
    assert run.result(LONG) == "a"


def test_a_body_parks_at_its_checkpoint(engine: Engine) -> None:
    """While its run is paused a body that comes to a checkpoint is suspended; it goes on in the same attempt."""

    @flow
    def parked() -> Any:
        return parks("p")

    run = engine.start(parked)
    gates.arrive("p")
    run.pause()
    gates.let("p")
    until(run, lambda: run.status == "paused")
    assert states(run) == {"parks": "suspended"}
    run.resume()
    assert run.result(LONG) == "p"
    assert run.progress()[0]["attempt"] == 1


def test_pausing_a_node_holds_it_and_what_needs_it(engine: Engine) -> None:
    """The rest goes on."""

    @flow
    def sides() -> Any:
        first = gate("a")
        return works.options(name="held")(first), works.options(name="free")("x")

    run = engine.start(sides)
    gates.arrive("a")
    run.pause("held")
    gates.let("a")
    until(run, lambda: states(run)["free"] == "completed" and states(run)["gate"] == "completed")
    assert states(run)["held"] == "held"
    assert "resume('held')" in run.why("held")
    run.resume("held")
    assert run.result(LONG) == ("a", "x")


def test_an_item_is_paused_alone(engine: Engine) -> None:
    """`gate[1]` holds; its neighbours complete."""

    @flow
    def items() -> Any:
        return collect(gate.options(max=1).map(each([0, 1, 2])))

    run = engine.start(items)
    gates.arrive(0)
    run.pause("gate[1]")
    for name in (0, 1, 2):
        gates.let(name)
    until(run, lambda: run.progress()[0]["done"] == 2)
    assert "gate[1]" in run.why("gate[1]")
    run.resume("gate[1]")
    assert run.result(LONG) == [0, 1, 2]


def test_requests_are_idempotent(engine: Engine) -> None:
    """Asking twice for what holds already changes nothing."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.pause()
    run.pause()
    run.pause("works")
    run.pause("works")
    run.resume("works")
    run.resume("works")
    run.resume()
    run.resume()
    gates.let("a")
    assert run.result(LONG) == "a"


# ---------------------------------------------------------------------- cancel


def test_cancelling_a_run_ends_it(engine: Engine) -> None:
    """Bodies are asked to stop, the rest never starts; `result()` raises RunCancelled."""

    @flow
    def parked() -> Any:
        return works(parks("p"))

    run = engine.start(parked)
    gates.arrive("p")
    run.cancel()
    gates.let("p")
    with pytest.raises(RunCancelled):
        run.result(LONG)
    assert states(run) == {"parks": "cancelled", "works": "cancelled"}


def test_cancelling_a_node_fails_what_needs_it(engine: Engine) -> None:
    """A cancelled node counts as bad; the run fails; retry() sets it right."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.cancel("works")
    gates.let("a")
    assert run.wait(LONG) == "failed"
    assert states(run) == {"gate": "completed", "works": "cancelled"}
    with pytest.raises(StratixError, match=r"since node 'works' was cancelled\s+run\.retry\(\)"):
        run.result(LONG)
    run.retry()
    assert run.result(LONG) == "a"


def test_a_body_that_never_stops_is_abandoned(engine: Engine) -> None:
    """After its grace the node is cancelled; its late answer is dropped."""
    patient = gate.options(grace=0.05)

    @flow
    def stuck() -> Any:
        return patient("a")

    run = engine.start(stuck)
    gates.arrive("a")
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    gates.let("a")
    assert engine.start(fan).result(LONG) == [0, 1, 2, 3]
    assert states(run) == {"gate": "cancelled"}


DEAF = threading.Event()
TRIED: list[int] = []


@task(grace=0.05, abandoned="overlap")
def deaf_at_first() -> int:
    TRIED.append(current().attempt)
    if current().attempt == 1:
        DEAF.wait(LONG)
    return current().attempt


@pytest.mark.parametrize("abandoned", ["overlap", "wait"])
def test_another_attempt_runs_beside_an_abandoned_body_or_waits_for_it(engine: Engine, abandoned: str) -> None:
    """`abandoned="overlap"`, by the task, a policy or a document: what the first body gives in the end counts for nothing."""
    DEAF.clear()
    TRIED.clear()

    @flow(name=f"abandons_{abandoned}", policies={"own": {"abandoned": "wait"}})
    def abandons() -> Any:
        return deaf_at_first.options(**({"policy": "own", "abandoned": None} if abandoned == "wait" else {}))()

    run = engine.start(Flow.from_yaml(abandons.to_yaml(), allow=[__name__]))
    until(run, lambda: TRIED == [1])
    run.cancel("deaf_at_first")
    until(run, lambda: run.status == "cancelled" or run.status == "failed")
    run.retry("deaf_at_first")
    if abandoned == "wait":
        until(run, lambda: "its abandoned body to end" in run.why("deaf_at_first"))
        assert TRIED == [1]
        DEAF.set()
    assert run.result(LONG) == 2
    DEAF.set()
    assert (TRIED, states(run)) == ([1, 2], {"deaf_at_first": "completed"})


# ---------------------------------------------------------------------- retry


def test_retry_of_a_run_tries_all_that_failed(engine: Engine) -> None:
    """Failed items run again with what depends on them; completed ones are kept."""
    broken.update({1, 3})
    run = engine.start(fan)
    with pytest.raises(TaskFailed, match=r"[13] is broken"):
        run.result(LONG)
    assert states(run) == {"works": "failed", "collect": "upstream_failed"}
    broken.clear()
    run.retry()
    assert run.result(LONG) == [0, 1, 2, 3]
    attempts = {name: run.tasks().set_index("item")["attempts"][name] for name in (0, 1, 2, 3)}
    assert attempts == {0: 1, 1: 2, 2: 1, 3: 2}


@pytest.mark.parametrize("target", ["works", "works[2]"])
def test_retry_of_a_node_or_an_item(engine: Engine, target: str) -> None:
    """The group is reopened, and completes."""
    broken.add(2)
    run = engine.start(fan)
    run.wait(LONG)
    broken.clear()
    run.retry(target)
    assert run.result(LONG) == [0, 1, 2, 3]


def test_retrying_what_is_upstream_failed_retries_its_source(engine: Engine) -> None:
    """Asking for the end of a chain sets the broken link back too."""
    broken.add(0)
    run = engine.start(fan, {"n": 1})
    run.wait(LONG)
    broken.clear()
    run.retry("collect")
    assert run.result(LONG) == [0]


def test_retry_at_once_of_what_waits_for_its_backoff(engine: Engine) -> None:
    """A node in `retrying` is tried now."""
    broken.add("x")
    slow = works.options(retry={"max": 1, "delay": 3600, "max_delay": 3600, "jitter": "none"})

    @flow
    def backs_off() -> Any:
        return slow("x")

    run = engine.start(backs_off)
    until(run, lambda: states(run)["works"] == "retrying")
    assert "tried again in" in run.why("works")
    broken.clear()
    run.retry("works")
    assert run.result(LONG) == "x"


# ---------------------------------------------------------------------- skip


def test_skip_with_a_value_stands_for_the_result(engine: Engine) -> None:
    """What needs it goes on with the value; its reason is `given`."""
    broken.add(2)
    run = engine.start(fan)
    run.wait(LONG)
    run.skip("works[2]", value=20)
    assert run.result(LONG) == [0, 1, 20, 3]
    reasons = run.tasks().set_index("item")["reason"]
    assert reasons[2] == "given"


def test_skip_without_a_value_spreads(engine: Engine) -> None:
    """What needs a skipped node is skipped too, and the run completes."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.skip("works")
    gates.let("a")
    assert run.wait(LONG) == "completed"
    assert states(run)["works"] == "skipped"


def test_skipping_a_running_body_with_a_value_fences_it(engine: Engine) -> None:
    """The given value counts, not what the body returns later."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.skip("gate", value="given")
    gates.let("a")
    assert run.result(LONG) == "given"


@task
def rounded(x: int) -> int:
    if x == 2:
        gates.wait("given to a loop")
    return x + 1


@flow
def rounded_inner(x: int) -> Any:
    return rounded(x)


@task
def passed_on(x: Any) -> Any:
    return x


GIVEN_TO: dict[str, tuple[Callable[[], Any], Any]] = {
    "a loop": (lambda: repeat(rounded, 0, max=9), 42),
    "a fan-out": (lambda: rounded.map(each([0, 1, 2])), [42]),
    "a mapped flow": (lambda: rounded_inner.map(each([0, 1, 2])), [42]),
    "a flow": (lambda: rounded_inner(2), 42),
}


@pytest.mark.parametrize("what", GIVEN_TO)
def test_a_value_that_is_given_to_an_open_group_stands_for_all_of_it(engine: Engine, what: str) -> None:
    """What goes on in it is stopped; who needs it has the value."""
    gates.seen.pop("given to a loop", None)
    gates.open.pop("given to a loop", None)

    @flow(name=f"given_{what.replace(' ', '_').replace('-', '_')}")
    def given_to_a_group() -> Any:
        return passed_on(GIVEN_TO[what][0]())

    run = engine.start(given_to_a_group)
    gates.arrive("given to a loop")
    [node] = [row["name"] for row in run.progress() if row["parent"] == -1 and row["name"] != "passed_on"]
    value = GIVEN_TO[what][1]
    run.skip(node, value=value)
    gates.let("given to a loop")
    assert (run.result(LONG), run.output(node)) == (value, value)
    assert run.why(node) == f"'{node}' completed with a given value."


def test_a_large_given_value_survives_a_restart(engine: Engine, tmp_path: Any) -> None:
    """A value of megabytes is stored like a result."""
    broken.add("x")

    @flow
    def one() -> Any:
        return works("x")

    run = engine.start(one)
    run.wait(LONG)
    run.skip("works", value=list(range(100_000)))
    assert run.result(LONG) == list(range(100_000))
    engine.close()
    with Engine(tmp_path / "store") as other:
        assert other.run(run.id).result(LONG) == list(range(100_000))


@pytest.mark.parametrize(("given", "other"), [(1, True), ([1, {"x": 1}], [1, {"x": 1.0}]), (None, 0)])
def test_the_same_value_given_twice_changes_nothing(engine: Engine, given: Any, other: Any) -> None:
    """The recorded one stays, also when the run has ended; another value is refused, even one that equals it."""
    run = engine.start(two_steps)
    gates.arrive("a")
    run.skip("works", value=given)
    run.skip("works", value=given)
    with pytest.raises(TransitionError, match="can't give a value to 'works': it is completed"):
        run.skip("works", value=other)
    gates.let("a")
    assert run.wait(LONG) == "completed"
    run.skip("works", value=given)
    assert run.status == "completed"
    assert repr(run.result(LONG)) == repr(given)
