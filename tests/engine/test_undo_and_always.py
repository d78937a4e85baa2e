"""`undo` and `always` beside every request, at every moment, in code and in documents, with one owner or after its death."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from gated import LONG, broken, gates, states, until

from stratix_tasks import Engine, Flow, always, current, flow, task


class Done:
    """What bodies did, in order; what a dead owner has left behind is written elsewhere."""

    log: ClassVar[list[str]] = []


def does(what: str, gate: str) -> str:
    log = Done.log
    gates.wait(gate)
    current().checkpoint()
    if gate in broken:
        raise ValueError(f"{gate} is broken")
    log.append(what)
    return what


@task
def unbook(x: str, value: Any) -> None:
    does(f"-{x}", f"un{x}")


@task(undo=unbook)
def books(x: str, after: Any = None) -> str:
    return does(f"+{x}", x)


@task
def frees(status: str) -> str:
    return does(f"free {status}", "free")


@flow
def two_bookings() -> Any:
    """A room, then a car; whatever becomes of them, something is freed."""
    car = books.options(name="car")("car", books.options(name="room")("room"))
    with always() as scope:
        frees.options(name="free")(scope.status)
    return car


@flow
def alone() -> Any:
    car = books.options(name="car")("car", books.options(name="room")("room"))
    with always() as scope:
        frees.options(name="free")(scope.status)
    return car


@flow
def around() -> Any:
    return two_bookings()


GATES = ("room", "car", "unroom", "uncar", "free")
END = "the end"
Ask = Callable[[Any, str], object]


def asks(verb: str, node: str | None = None, **args: Any) -> Ask:
    """`verb` of the run, or of a node by its place."""
    return lambda run, at: getattr(run, verb)(*([] if node is None else [at + node]), **args)


def back(run: Any, at: str) -> None:
    run.rollback(to=f"{at}room")
    run.resume()


def mended(run: Any, _at: str) -> None:
    broken.clear()
    run.retry()


def nothing(_run: Any, _at: str) -> None: ...


CASES: dict[str, tuple[str, str, Ask, str, str]] = {
    # where it stands, what is broken, what is asked, what is done from the beginning on, how the run ends
    "nothing": ("car", "", nothing, "+room +car free completed", "completed"),
    "a cancel": ("car", "", asks("cancel"), "+room -room free cancelled", "cancelled"),
    "a cancelled node": ("car", "", asks("cancel", "car"), "+room -room free failed", "failed"),
    "a skipped node": ("car", "", asks("skip", "car"), "+room free completed", "completed"),
    "a rollback": ("car", "", back, "+room +car free completed", "completed"),
    "a set end": ("car", "", asks("set", "free", args={"status": "own"}), "+room +car free own", "completed"),
    "a cancelled end": ("car", "", asks("cancel", "free"), "+room +car", "failed"),
    "a skipped end": ("car", "", asks("skip", "free"), "+room +car", "completed"),
    "a cancel at the end": ("free", "", asks("cancel"), "+room +car", "cancelled"),
    "a cancel of the end": ("free", "", asks("cancel", "free"), "+room +car", "failed"),
    "a failure": (END, "car", nothing, "+room -room free failed", "failed"),
    "a cancel while it is undone": ("unroom", "car", asks("cancel"), "+room free cancelled", "cancelled"),
    "a skip while it is undone": ("unroom", "car", asks("skip", "car"), "+room +room free completed", "completed"),
    "a skip at a bad end": ("free", "car", asks("skip", "car"), "+room -room +room free completed", "completed"),
    "a failed undo": (END, "car unroom", nothing, "+room free failed", "failed"),
    "a retry": (END, "car", mended, "+room -room free failed +room +car free completed", "completed"),
    "a value": (
        END,
        "car",
        asks("skip", "car", value="a bus"),
        "+room -room free failed +room free completed",
        "completed",
    ),
}
PLACES: dict[str, tuple[Any, str]] = {"alone": (alone, ""), "in a flow": (around, "two_bookings.")}


def started(engine: Engine, place: str, door: str, stop: str) -> Any:
    made = PLACES[place][0]
    run = engine.start(made if door == "python" else Flow.from_yaml(made.to_yaml()))
    for gate in GATES:
        if gate != stop:
            gates.let(gate)
    if stop == END:
        run.wait(LONG)
    else:
        gates.arrive(stop)
    return run


def done(run: Any) -> tuple[str, str]:
    for gate in GATES:
        gates.let(gate)
    ended = run.wait(LONG)
    return " ".join(Done.log), ended


@pytest.mark.parametrize("door", ["python", "yaml"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", CASES)
def test_what_was_done_is_taken_back_and_freed_whatever_is_asked(
    engine: Engine, name: str, place: str, door: str
) -> None:
    """Each thing once, the last one first, and before the end, which always runs."""
    stop, breaks, ask, wanted, ended = CASES[name]
    Done.log = []
    broken.update(breaks.split())
    run = started(engine, place, door, stop)
    ask(run, PLACES[place][1])
    assert done(run) == (wanted, ended)


@pytest.mark.parametrize("door", ["python", "yaml"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("stop", "breaks", "wanted"),
    [
        ("car", "", "+room +car free completed"),
        ("free", "", "+room +car free completed"),
        ("unroom", "car", "+room -room free failed"),
        ("free", "car", "+room -room free failed"),
    ],
)
def test_another_owner_takes_back_and_frees_what_is_left(
    tmp_path: Path, stop: str, breaks: str, wanted: str, place: str, door: str
) -> None:
    """Wherever the first one ended: it comes to the same."""
    Done.log = []
    broken.update(breaks.split())
    with Engine(tmp_path / "store") as first:
        started(first, place, door, stop)
    Done.log = [*Done.log]
    with Engine(tmp_path / "store") as second:
        (run,) = second.recover()
        assert done(run)[0] == wanted
        assert run.status == wanted.rpartition(" ")[2]


def test_a_pause_holds_the_end_and_what_is_taken_back(engine: Engine) -> None:
    """Of the run, and of the nodes by themselves."""
    Done.log = []
    broken.add("car")
    run = started(engine, "alone", "python", "car")
    run.breakpoint("free")
    run.pause()
    for gate in GATES:
        gates.let(gate)
    until(run, lambda: run.status == "paused")
    assert Done.log == ["+room"]
    run.resume()
    until(run, lambda: states(run)["free"] == "held")
    assert Done.log == ["+room", "-room"]
    run.resume("free")
    assert run.wait(LONG) == "failed"
    assert Done.log == ["+room", "-room", "free failed"]


INTERRUPTED: dict[str, tuple[Ask, str]] = {
    "a cancel that it does not hear": (asks("cancel"), "+deaf -deaf deaf"),
    "a cancel that it hears": (asks("cancel"), ""),
    "a time-out": (nothing, ""),
    "a value": (asks("skip", "taxi", value="a bus"), "-taxi a bus"),
}


@task
def returned(x: str, value: str) -> None:
    Done.log.append(f"-{x} {value}")


@task(undo=returned, grace="10s")
def rides(x: str) -> str:
    gates.wait("ride")
    if x != "deaf":
        current().checkpoint()
    Done.log.append(f"+{x}")
    return x


@task
def arrives(_: str) -> None:
    raise ValueError("too late")


@pytest.mark.parametrize("name", INTERRUPTED)
def test_what_completed_is_taken_back_and_what_was_interrupted_is_not(engine: Engine, name: str) -> None:
    """A body that ends well has completed, whatever was asked meanwhile; a value that somebody gave is what it gave."""
    ask, wanted = INTERRUPTED[name]
    Done.log = []
    deaf, limit = "does not hear" in name, "50ms" if name == "a time-out" else None

    @flow
    def trip() -> Any:
        return arrives(rides.options(name="taxi", timeout=limit)("deaf" if deaf else "taxi"))

    run = engine.start(trip)
    gates.arrive("ride")
    ask(run, "")
    if limit:
        until(run, lambda: states(run)["taxi"] == "stopping")
    gates.let("ride")
    assert run.wait(LONG) == ("cancelled" if "cancel" in name else "failed")
    assert " ".join(Done.log) == wanted
