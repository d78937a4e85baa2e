"""No code of the user's runs on the engine's loop: what has to be asked of a value is asked in other threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gated import until
from telltale import ENGINE, HEARD, RAISES, Hold, Telltale, forget, threads

from stratix_tasks import Engine, StratixError, TaskFailed, each, flow, signal, sleep, task, when
from stratix_tasks.session.display import run_source

LONG = 30.0


@pytest.fixture(autouse=True)
def unheard() -> Iterator[None]:
    forget()
    yield
    forget()


@task
def makes(text: str = "") -> Any:
    return Telltale(text)


@task
def keyed() -> Any:
    return {Telltale(): 1, "a": 2}


@task
def many() -> Any:
    return [Telltale(), Telltale()]


@task(runner="process")
def made_elsewhere() -> Any:
    return Telltale("far")


@task(runner="process")
def type_elsewhere(x: Any) -> str:
    return type(x).__name__


@task
def takes(x: Any) -> str:
    return type(x).__name__


@task
def number(x: Any) -> Any:
    return x


@flow
def passed_on(odd: Any) -> Any:
    return [takes(odd), takes(makes()), makes()]


@flow
def walked(odd: Any) -> Any:
    return number.map(each(odd))


@flow
def key_of(odd: Any) -> Any:
    return takes.options(key="{x}").map(each([odd]))


@flow
def part_of(odd: Any) -> Any:
    return number(makes()["a"])


@flow
def found_by_key(odd: Any) -> Any:
    return number(keyed()["a"])


@flow
def decided(odd: Any) -> Any:
    with when(makes()["go"] == True):  # noqa: E712
        number(1)


@flow
def decided_by_input(odd: Any) -> Any:
    with when(odd == "odd"):
        number(1)


@flow
def waited_for(odd: Any) -> Any:
    return sleep(odd)


@flow
def from_elsewhere(odd: Any) -> Any:
    return takes(made_elsewhere())


@flow
def result_of_elsewhere(odd: Any) -> Any:
    return made_elsewhere()


@flow
def stays_elsewhere(odd: Any) -> Any:
    return type_elsewhere(made_elsewhere())


@flow
def put_together(odd: Any) -> Any:
    return [makes()["a"], many()]


@flow
def spread_out(odd: Any) -> Any:
    return takes.map(each(many()))


FLOWS = {
    "passed_on": (passed_on, {"__reduce__", "__repr__", "__getattr__"}),
    "walked": (walked, {"__iter__"}),
    "key_of": (key_of, {"__str__"}),
    "part_of": (part_of, {"__getitem__"}),
    "found_by_key": (found_by_key, {"__eq__", "__hash__"}),
    "decided_by_input": (decided_by_input, {"__str__"}),
    "waited_for": (waited_for, {"__repr__"}),
    "from_elsewhere": (from_elsewhere, {"__setstate__"}),
    "result_of_elsewhere": (result_of_elsewhere, {"__setstate__"}),
    "put_together": (put_together, {"__getitem__"}),
    "spread_out": (spread_out, {"__reduce__"}),
}


@pytest.mark.parametrize("name", FLOWS)
def test_no_method_of_an_object_runs_on_the_loop(engine: Engine, name: str) -> None:
    """Wherever an object goes, what is asked of it there is asked in another thread; views and handles ask it nothing there."""
    made, asked = FLOWS[name]
    run = engine.start(made, {"odd": Telltale()})
    source = run_source(run)
    source.watch(lambda nodes: (source.texts(nodes), source.run_info(), source.records(nodes)))
    run.wait(LONG)
    for node in run._live.core.state.root.outline.names:
        source.inspect(node, None)
        source.items(node, 0, 10)
    if run.status == "completed":
        run.result(LONG)
        for row in run.progress():
            if row["state"] == "completed":
                run.output(row["name"])
    assert asked <= {method for method, _ in HEARD}
    assert ENGINE not in {thread for _, thread in HEARD}, [heard for heard in HEARD if heard[1] == ENGINE]


def test_a_result_that_left_the_memory_is_loaded_elsewhere(engine: Engine) -> None:
    """What is read back from the store for a body is read in a thread of its own."""
    engine.loop.memory.small.budget = 0
    assert engine.start(spread_out, {"odd": 1}).result(LONG) == ["Telltale"] * 2
    run = engine.start(passed_on, {"odd": 1})
    assert run.result(LONG)[:2] == ["int", "Telltale"]
    assert threads("__setstate__") - {ENGINE}
    assert ENGINE not in threads("__setstate__")


def test_what_goes_from_process_to_process_is_not_loaded_here(engine: Engine) -> None:
    """A body in a worker reads its upstream's result from the store itself."""
    assert engine.start(stays_elsewhere, {"odd": 1}).result(LONG) == "Telltale"
    assert threads("__setstate__") == set()


SLOW = {
    "walked": (walked, "__iter__"),
    "key_of": (key_of, "__str__"),
    "part_of": (part_of, "__getitem__"),
    "found_by_key": (found_by_key, "__eq__"),
    "decided_by_input": (decided_by_input, "__str__"),
    "from_elsewhere": (from_elsewhere, "__setstate__"),
}


def given(name: str) -> Any:
    """An object to start with; none where it is made elsewhere, for an input is read once before the run is entered."""
    return None if "elsewhere" in name else Telltale()


@pytest.mark.parametrize("name", SLOW)
def test_the_run_is_paused_and_goes_on_while_an_object_is_asked(engine: Engine, name: str) -> None:
    """However long it takes to be asked, a pause is recorded meanwhile, and the run goes on to its end after a resume."""
    made, method = SLOW[name]
    hold = Hold(method)
    run = engine.start(made, {"odd": given(name)})
    hold.arrive()
    run.pause()
    assert hold.holds
    run.resume()
    hold.go.set()
    assert run.wait(LONG) == "completed"


def test_a_node_that_is_being_prepared_pauses_at_once(engine: Engine) -> None:
    """A pause does not wait for its arguments: the run is paused, and the body begins after the resume."""
    hold = Hold("__getitem__")
    run = engine.start(part_of, {"odd": 1})
    hold.arrive()
    run.pause()
    until(run, lambda: run.status == "paused")
    assert hold.holds
    hold.go.set()
    run.resume()
    assert run.result(LONG) == 7


def test_an_attempt_that_is_stopped_while_it_is_prepared_is_answered_once(engine: Engine) -> None:
    """A cancel ends it at once, and what its preparation comes to later is dropped; its place is free again."""
    hold = Hold("__getitem__")
    run = engine.start(part_of, {"odd": 1})
    hold.arrive()
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    assert hold.holds
    hold.go.set()
    assert engine.start(part_of, {"odd": 1}).result(LONG) == 7
    assert run.status == "cancelled"
    assert run._live.core.dropped_answers == 0
    assert engine.loop.places.engine.free == engine.loop.places.engine.size


def test_what_takes_too_long_fails_its_node_by_name(engine: Engine) -> None:
    """Beyond the limit the node fails with `prepare-timeout`; others are prepared meanwhile and later, and the engine closes."""
    engine.loop.prepare.limit = 0.05
    hold = Hold("__getitem__")
    runs = [engine.start(part_of, {"odd": 1}) for _ in range(4)]
    for run in runs:
        with pytest.raises(TaskFailed, match=r"argument of node .number. took over 0\.05 s") as caught:
            run.result(LONG)
        assert caught.value.code == "prepare-timeout"
    assert hold.holds
    engine.loop.prepare.limit = 60.0
    assert engine.start(found_by_key, {"odd": 1}).result(LONG) == 2
    engine.close()
    assert hold.holds


@pytest.mark.parametrize("name", ["walked", "key_of", "decided_by_input"])
def test_a_group_or_condition_that_takes_too_long_fails_its_node_by_name(engine: Engine, name: str) -> None:
    """What a map goes over, its keys and conditions have the same limit."""
    made, method = SLOW[name]
    engine.loop.prepare.limit = 0.05
    hold = Hold(method)
    with pytest.raises(TaskFailed, match=r"took over 0\.05 s") as caught:
        engine.start(made, {"odd": given(name)}).result(LONG)
    assert caught.value.code == "prepare-timeout"
    assert hold.holds


def test_runs_that_are_cancelled_hold_up_no_other(engine: Engine) -> None:
    """Threads that are still busy for runs which have ended are replaced at once."""
    hold = Hold("__iter__")
    runs = [engine.start(walked, {"odd": Telltale()}) for _ in range(4)]
    hold.arrive()
    for run in runs:
        run.cancel()
        assert run.wait(LONG) == "cancelled"
    assert engine.start(part_of, {"odd": 1}).result(LONG) == 7
    assert hold.holds


@pytest.mark.parametrize("name", ["walked", "key_of", "part_of", "decided_by_input", "from_elsewhere"])
@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration])
def test_an_object_may_raise_anything(engine: Engine, name: str, error: Callable[[], BaseException]) -> None:
    """Whatever an object raises when it is asked fails its node, or the reading of it, by name; the next run goes on."""
    made, method = SLOW[name]
    value = given(name)
    RAISES[method] = error
    run = engine.start(made, {"odd": value})
    with pytest.raises(StratixError, match=error.__name__):
        run.result(LONG)
    RAISES.clear()
    assert engine.start(part_of, {"odd": 1}).result(LONG) == 7


def test_an_error_that_can_not_be_described_fails_its_node(engine: Engine) -> None:
    """An exception whose own text raises is told by its type."""

    class Rude(Exception):
        def __str__(self) -> str:
            raise SystemExit

        __repr__ = __getattr__ = __str__  # type: ignore[assignment]

    RAISES["__getitem__"] = Rude
    run = engine.start(part_of, {"odd": 1})
    with pytest.raises(TaskFailed, match="Rude"):
        run.result(LONG)


@flow
def interrupted() -> Any:
    made = makes()
    with when(signal("go") == True):  # noqa: E712
        takes(made)


def test_a_recovered_run_loads_elsewhere(tmp_path: Path) -> None:
    """What a run had recorded is read in threads of its own by the engine that goes on with it."""
    with Engine(tmp_path / "store") as first:
        run = first.start(interrupted)
        until(run, lambda: {row["state"] for row in run.progress()} >= {"waiting", "completed"})
    forget()
    with Engine(tmp_path / "store") as second:
        (again,) = second.recover()
        again.send("go", True)
        assert again.wait(LONG) == "completed"
        assert again.output("takes") == "Telltale"
    assert threads("__setstate__")
    assert ENGINE not in {thread for _, thread in HEARD}
