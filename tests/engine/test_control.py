"""Requests: pause, resume, cancel, retry and skip, of the run, of a node, of an item."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stratix_tasks import (
    Engine,
    InputError,
    RunCancelled,
    Static,
    StratixError,
    TaskFailed,
    TransitionError,
    current,
    each,
    flow,
    task,
)
from stratix_tasks.core.targets import label

LONG = 30.0


class Gates:
    """What bodies wait for, by name; `seen` tells that a body has come to its gate."""

    def __init__(self) -> None:
        self.open: dict[Any, threading.Event] = {}
        self.seen: dict[Any, threading.Event] = {}

    def wait(self, name: Any) -> None:
        self.seen.setdefault(name, threading.Event()).set()
        self.open.setdefault(name, threading.Event()).wait(LONG)

    def arrive(self, name: Any) -> None:
        assert self.seen.setdefault(name, threading.Event()).wait(LONG)

    def let(self, name: Any) -> None:
        self.open.setdefault(name, threading.Event()).set()


gates = Gates()
broken: set[Any] = set()


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    gates.__init__()  # type: ignore[misc]
    broken.clear()
    yield
    for event in gates.open.values():
        event.set()


@task
def gate(name: Any) -> Any:
    gates.wait(name)
    return name


@task
def parks(name: str) -> str:
    gates.wait(name)
    current().checkpoint()
    return name


@task
def works(x: Any) -> Any:
    if x in broken:
        raise ValueError(f"{x} is broken")
    return x


@task
def collect(parts: Any) -> Any:
    return parts


def states(run: Any) -> dict[str, str]:
    return {row["name"]: row["state"] for row in run.progress()}


def until(run: Any, condition: Callable[[], bool]) -> None:
    """Wait for the engine, in steps that let it work; fails after a while."""
    for _ in range(int(LONG / 0.01)):
        if condition():
            return
        run.wait(0.01)
    raise AssertionError(f"it never came: {run.progress()}")


@flow
def two_steps() -> Any:
    return works(gate("a"))


@flow
def fan(n: Static[int] = 4) -> Any:
    return collect(works.map(each(list(range(n)))))


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


# ---------------------------------------------------------------------- retry


def test_retry_of_a_run_tries_all_that_failed(engine: Engine) -> None:
    """Failed items run again with what depends on them; completed ones are kept."""
    broken.update({1, 3})
    run = engine.start(fan)
    with pytest.raises(TaskFailed, match="1 is broken"):
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
    with pytest.raises(TransitionError, match="can't skip 'works': it is completed"):
        run.skip("works", value=other)
    gates.let("a")
    assert run.wait(LONG) == "completed"
    run.skip("works", value=given)
    assert run.status == "completed"
    assert repr(run.result(LONG)) == repr(given)


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("verb", "target"),
    [("pause", "collect"), ("resume", "collect"), ("cancel", "collect"), ("retry", "collect"), ("skip", "collect")],
)
def test_what_a_completed_node_can_not_be_asked(engine: Engine, verb: str, target: str) -> None:
    """TransitionError with its state, its story and what is allowed; nothing is recorded."""
    run = engine.start(fan)
    run.result(LONG)
    before = len(run.events())
    with pytest.raises(TransitionError, match=f"can't {verb} 'collect': it is completed") as caught:
        getattr(run, verb)(target)
    assert "attempt 1" in caught.value.story[0]
    assert len(run.events()) == before


def test_what_a_completed_run_can_not_be_asked(engine: Engine) -> None:
    """Each verb says why."""
    run = engine.start(fan)
    run.result(LONG)
    for verb in ("pause", "resume", "cancel", "retry"):
        with pytest.raises(TransitionError, match="it is completed"):
            getattr(run, verb)()
    for verb in ("resume", "retry"):
        with pytest.raises(TransitionError, match=r"start a new run, fork\(\) it, or rollback\(\) it"):
            getattr(run, verb)()


def test_unknown_targets_are_named(engine: Engine) -> None:
    """A wrong name, index or key says what there is."""
    run = engine.start(fan)
    run.result(LONG)
    with pytest.raises(InputError, match="Did you mean 'works'"):
        run.pause("work")
    with pytest.raises(InputError, match="99"):
        run.pause("works[99]")
    with pytest.raises(InputError):
        run.pause("collect['x']")
    with pytest.raises(InputError, match="name a node"):
        run.pause(3)


@pytest.mark.parametrize("item", ["²", "--3", "9" * 5000, "'", "'\\x'", "-1", " 1"])
def test_an_odd_name_harms_no_run(engine: Engine, item: str) -> None:
    """Whatever stands in the brackets, a request is refused as one for an unknown item, and the run goes on."""

    @task
    def waits(number: int) -> int:
        gates.wait(number)
        return number

    @flow
    def two() -> Any:
        return waits.map(each([0, 1]))

    gates = Gates()
    run = engine.start(two)
    gates.arrive(0)
    for ask in (run.pause, run.cancel, run.skip, run.why, run.output, run.logs):
        with pytest.raises(InputError) as caught:
            ask(f"waits[{item}]")
        assert caught.value.code == "unknown-item"
    for look in (run.why, run.output, run.logs):
        with pytest.raises(InputError, match="name a node"):
            look(3)
    gates.open[0].set()
    gates.arrive(1)
    gates.open[1].set()
    assert run.result(LONG) == [0, 1]


def test_an_empty_map_has_no_items_to_ask(engine: Engine) -> None:
    """The error says so, instead of naming a range that has nothing in it."""

    @task
    def same(number: int) -> int:
        return number

    @flow
    def none() -> Any:
        return same.map(each([]))

    run = engine.start(none)
    assert run.result(LONG) == []
    with pytest.raises(InputError, match="no items: what it maps over is empty"):
        run.skip("same[0]")


def test_each_key_is_found_by_the_name_that_it_is_shown_by(engine: Engine) -> None:
    """Also keys with quotes, brackets, escapes and line breaks; quotes may be left away where it is clear."""
    names = ["a", "3", "a'b", '"q"', "a\\nb", "line\nbreak", "ü", "[x]", "a.b", "'z'", "-1", "²", " ", "\"'"]

    @task
    def same(name: str) -> str:
        return name

    @flow
    def keyed(names: list[str]) -> Any:
        return same.options(key="{name}").map(each(names))

    run = engine.start(keyed, {"names": names})
    assert run.result(LONG) == names
    machine = run._live.machine
    assert [run.output(label(machine, unit)) for unit in machine.members(0)] == names
    assert run.output("same[a]") == "a"
    assert run.output("same[3]") == names[3]


def test_a_key_that_is_no_text_fails_its_map(engine: Engine) -> None:
    """Its name could not be recorded: the node says so, and the run goes on to its end."""

    @task
    def same(name: str) -> str:
        return name

    @flow
    def keyed(names: list[str]) -> Any:
        return same.options(key="{name}").map(each(names))

    run = engine.start(keyed, {"names": ["\ud800"]})
    with pytest.raises(TaskFailed, match="no Unicode text"):
        run.result(LONG)


@pytest.mark.parametrize(
    "about",
    [{"key": 5}, {"key": "\ud800"}, {"priority": 10**30}, {"priority": "x"}, {"tags": 5}, {"tags": ("\ud800",)}],
    ids=str,
)
def test_a_start_that_can_not_be_recorded_is_refused(engine: Engine, about: dict[str, Any]) -> None:
    """InputError names the option and what it takes; there is no run then."""
    with pytest.raises(InputError, match=f"{next(iter(about))}= is") as caught:
        engine.start(fan, **about)
    assert caught.value.code == "bad-option"
    assert engine.runs() == []


@pytest.mark.parametrize("name", ["\ud800", 5, None, "nope"])
def test_what_is_no_id_of_a_run_is_refused(engine: Engine, name: Any) -> None:
    """InputError, whatever it is."""
    with pytest.raises(InputError, match="no id of a run"):
        engine.run(name)


# ---------------------------------------------------------------------- other engines


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
