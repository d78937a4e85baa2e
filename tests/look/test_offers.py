"""What views offer is what the core accepts: every verb of every node, item and run, in runs as people find them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from stratix_tasks import Engine, TransitionError, approval, each, flow, repeat, signal, task
from stratix_tasks.core.allowed import ELSEWHERE, VERBS
from stratix_tasks.core.decide.requests import request
from stratix_tasks.core.node import EACH, LOOP
from stratix_tasks.core.state import State
from stratix_tasks.core.targets import label, scope_label, scope_of
from stratix_tasks.core.waits import ANSWERED, NOTHING
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.session.display import run_source

GATE = threading.Event()
GIVEN = {"codec": "json", "payload": 77, "summary": None}
AT = 4e9


@task
def done(x: int = 1) -> int:
    return x


@task
def gated(x: Any) -> Any:
    GATE.wait(60)
    return x


@task
def breaks(x: Any) -> Any:
    raise ValueError("no")


@task
def picky(x: int) -> int:
    if x == 1:
        raise ValueError("not this one")
    return x


@flow
def inner(x: int) -> Any:
    return done(gated.options(name="deep")(x))


@flow
def part(x: int) -> Any:
    return done(gated(picky(x)))


@flow
def again(x: int) -> Any:
    return done(gated.options(name="waits")(picky(x)))


@flow
def bad() -> Any:
    first = done()
    part.map(each([0, 1, 2]))
    repeat(again, 3, max=2, until=lambda x: x > 9, on_max="take")
    last = done.options(name="last")(gated(first))
    picky.map(each([0, 1, 2]))
    gated.options(name="slow").map(each([0, 1]))
    after = done.options(name="after")(breaks(first))
    return [last, after, inner(first), approval("Go?"), signal("go")]


@flow
def good() -> Any:
    first = done()
    some = done.options(name="some").map(each([0, 1, 2]))
    repeat(again, 3, max=2, until=lambda x: x > 9, on_max="take")
    return [done.options(name="last")(gated(first)), some, inner(first)]


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    GATE.clear()
    yield
    GATE.set()


def until(run: Any, holds: Callable[[dict[str, str]], bool]) -> None:
    """Wait for the change after which it holds of the states of the nodes."""
    source, changed = run_source(run), threading.Event()
    release = source.watch(lambda _: changed.set())
    while not holds({row["name"]: row["state"] for row in run.progress()}):
        assert changed.wait(30)
        changed.clear()
    release()


def busy(engine: Engine) -> Any:
    """A run whose gated bodies run, whose failures have happened, and whose waits wait."""
    run = engine.start(bad)
    ended = {
        "breaks": "failed",
        "after": "upstream_failed",
        "picky": "failed",
        "gated": "running",
        "inner.deep": "running",
    }
    until(run, lambda seen: ended.items() <= seen.items() and [*seen.values()].count("waiting") == 2)
    return run


def over(run: Any) -> Any:
    GATE.set()
    run.wait(30)
    return run


def paused(engine: Engine) -> Any:
    run = busy(engine)
    run.pause()
    return run


def held(engine: Engine) -> Any:
    run = busy(engine)
    for target in ("last", "inner", "slow[0]", "part[0]", "again[0]"):
        run.pause(target)
    run.breakpoint("last")
    return run


def ending(engine: Engine) -> Any:
    run = busy(engine)
    run.skip("last")
    run.cancel()
    return run


def failed(engine: Engine) -> Any:
    run = busy(engine)
    run.approve("approval")
    run.send("go", 1)
    return over(run)


def skipped(engine: Engine) -> Any:
    """A run that goes on, with a map that is complete without an item, and a node whose value was given."""
    run = busy(engine)
    run.skip("picky[1]")
    run.skip("last")
    run.skip("breaks", value=3)
    run.skip("part[1]")
    until(run, lambda seen: (seen["picky"], seen["after"]) == ("completed", "completed"))
    return run


def completed(engine: Engine) -> Any:
    run = engine.start(good)
    run.skip("last")
    return over(run)


STATES = {
    "running": busy,
    "paused": paused,
    "held": held,
    "ending": ending,
    "cancelled": lambda engine: over(ending(engine)),
    "failed": failed,
    "skipped": skipped,
    "completed": completed,
}
FORMS: dict[str, Callable[[str], tuple[str, str | None, dict[str, Any]]]] = {
    "give": lambda target: ("skip", target, {"value": GIVEN}),
    "set": lambda target: ("set", target, {"options": {"priority": 3}}),
    "send": lambda target: ("send", None, {"name": "go", "value": NOTHING}),
    "rollback": lambda target: ("rollback", None, {"to": target}),
}
"""How a verb of a node is asked, where that is not by its name alone."""


OF_SCOPES = {"pause", "resume", "cancel", "retry", "skip", "give", "rollback"}


def scopes_of(s: State) -> list[str]:
    """Items of mapped flows, and rounds of loops."""
    groups = [group for group in s.kids if s.kind(group) in (EACH, LOOP) and not s.gone(group)]
    return [scope_label(s, scope_of(s, group, index)) for group in groups for index in range(s.count(group))]


def is_accepted(live: LiveRun, verb: str, target: str | None, args: dict[str, Any]) -> bool:
    """Whether the core takes a request, asked of a copy of the run as it is; with `redo`, where it says that this is what it takes."""
    try:
        request(deepcopy(live.core), verb, target, AT, args=args)
    except TransitionError as error:
        return bool(error.redo) and is_accepted(live, verb, target, {**args, "redo": True})
    except InputError as error:
        if error.code in ("unknown-node", "no-approval"):
            return False
        raise
    return True


def differ_in(live: LiveRun, offered: dict[str, dict[str, Any]], of_run: dict[str, Any]) -> list[str]:
    """Where what is offered is not what is accepted."""
    wrong = []
    for target, can in offered.items():
        for verb in can.keys() - {*ELSEWHERE}:
            asked = FORMS.get(verb, lambda target, verb=verb: (verb, target, {}))(target)
            if is_accepted(live, *asked) != (can[verb] is True):
                wrong.append(f"{verb} {target}: {can[verb]}")
    for verb, can in of_run.items():
        args = {"send": {"name": "go", "value": NOTHING}, "rollback": {"nodes": ["done"]}}.get(verb, {})
        if is_accepted(live, verb, None, args) != (can is True):
            wrong.append(f"{verb} the run: {can}")
    return wrong


@pytest.mark.parametrize("state", STATES)
def test_views_offer_what_the_core_accepts_and_say_why_not(engine: Engine, state: str) -> None:
    """Each verb that is offered is accepted, each that is not is refused, and has a reason."""
    run = STATES[state](engine)
    source, live = run_source(run), run._live
    s = live.core.state

    def look() -> tuple[dict[str, dict[str, Any]], list[str]]:
        targets = [label(s, unit) for stretch in s.stretches for unit in range(stretch.base, stretch.stop)]
        offered = {target: source.inspect(target, None)["can"] for target in targets}
        scopes = {target: source.inspect(target, None)["can"] for target in scopes_of(s)}
        assert all(can.keys() == OF_SCOPES for can in scopes.values())
        info = source.run_info()
        return offered, differ_in(live, offered | scopes, info["can"])

    offered, wrong = live.engine.look(look)
    assert wrong == []
    assert all(set(VERBS) - can.keys() <= {"reject", *ANSWERED} for can in offered.values())
    assert all(why is True or why.startswith("it is ") for can in offered.values() for why in can.values())


def test_a_run_that_is_ending_offers_no_pause_and_no_skip(engine: Engine) -> None:
    """What has not ended can be cancelled, and lead to another run, and nothing else; the reason is that of the run."""
    can = run_source(ending(engine)).can("gated", None)
    assert {verb for verb in can if can[verb] is True} == {"cancel", "fork", "until"}
    assert str(can["pause"]).endswith("and the run is ending")


def test_an_interrupted_run_offers_nothing_but_other_runs(tmp_path: Any) -> None:
    """Nobody would take a request: first somebody has to go on with it."""
    with Engine(tmp_path / "store") as first:
        run = busy(first)
        GATE.set()
        run_id = run.id
    with Engine(tmp_path / "store") as second:
        source = run_source(second.run(run_id))
        can = source.can("approval", None)
        assert {verb for verb in can if can[verb] is True} == {"fork", "until"}
        assert source.inspect("approval", None)["can"] == can
        assert True not in source.run_info()["can"].values()
