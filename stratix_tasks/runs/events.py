"""Facts as events for people and programs: `engine.on(…)` and `engine.events()`."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from stratix_tasks.core import facts as kinds
from stratix_tasks.core.facts import KIND_NAMES, Fact
from stratix_tasks.core.state import each
from stratix_tasks.core.states import RunState, State
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, in_words
from stratix_tasks.spec.problems import did_you_mean

EVENTS = frozenset(
    (
        *(f"run.{state.label}" for state in RunState if state is not RunState.RUNNING),
        *(f"task.{state.label}" for state in State if state is not State.RUNNING),
        *("run.started", "task.started", "task.open"),
    )
)
Event = dict[str, Any]


class Subscribers:
    """Who wants to hear of what."""

    def __init__(self) -> None:
        self._callbacks: list[tuple[str, Callable[[Event], object]]] = []
        self.listeners: list[Callable[[LiveRun, int, list[Fact]], None]] = []
        """`publish`, once anybody wanted to hear: until then no turn asks."""

    def on(self, event: str, callback: Callable[[Event], object]) -> Callable[[], None]:
        """See `Engine.on`."""
        if event != "*" and event not in EVENTS:
            raise InputError(f"there is no event '{event}'. {did_you_mean(event, EVENTS)}", code="unknown-event")
        if not callable(callback):
            raise InputError(f"a function is called back with each event, not {callback!r}", code="bad-option")
        entry = (event, callback)
        self._callbacks.append(entry)
        self.listeners[:] = (self.publish,)

        def stop() -> None:
            if entry in self._callbacks:
                self._callbacks.remove(entry)

        return stop

    async def stream(self) -> AsyncIterator[Event]:
        """See `Engine.events`."""
        here = asyncio.get_running_loop()
        queue: asyncio.Queue[Event] = asyncio.Queue()
        stop = self.on("*", lambda event: here.call_soon_threadsafe(queue.put_nowait, event))
        try:
            while True:
                yield await queue.get()
        finally:
            stop()

    def publish(self, live: LiveRun, seq: int, facts: list[Fact]) -> None:
        """Tell of the facts of one turn, the first of which has the number `seq`. In the engine's thread, right after the turn:
        a callback may ask the run something, which must not come between what was recorded and what is done for it.
        """
        for number, fact in enumerate(facts, seq):
            for event in describe(live, number, fact):
                for wanted, callback in tuple(self._callbacks):
                    if wanted in ("*", event["event"]):
                        live.engine.loop.call_soon(_call, callback, event)


def _call(callback: Callable[[Event], object], event: Event) -> None:
    try:
        callback(event)
    except Exception as error:
        warnings.warn(f"a callback for {event['event']} failed: {in_words(error)}", stacklevel=4)


def describe(live: LiveRun, seq: int, fact: Fact) -> list[Event]:
    """A fact as events: `event`, run, flow, seq, at; and state, reason, node, item, key, attempt where it has them. One a unit."""
    kind, flow = KIND_NAMES[fact[0]], live.core.state.root.spec.flow
    event: Event = {"event": kind, "run": live.id, "flow": flow, "seq": seq, "at": fact[1]}
    if kind == "run":
        state = RunState(fact[2]).label
        return [
            event | {"event": f"run.{'started' if state == 'running' else state}", "state": state, "reason": fact[3]}
        ]
    told = _TELL.get(fact[0])
    if told is None:
        return [event]
    units, state, reason = told(fact)
    return [event | _of_unit(live, unit, state, reason) for unit in units]


def _of_unit(live: LiveRun, unit: int, state: str, reason: str | None) -> Event:
    node, item, key = live.place(unit)[:3]
    name = "started" if state == "running" else state
    attempt = live.core.state.attempt[unit]
    return {
        "event": f"task.{name}",
        "node": node,
        "item": item,
        "key": key,
        "state": state,
        "attempt": attempt,
        "reason": reason,
    }


Told = tuple[Iterable[int], str, str | None]
_TELL: dict[int, Callable[[Fact], Told]] = {
    kinds.MOVED: lambda fact: ((fact[2],), State(fact[4]).label, fact[5]),
    kinds.STARTED: lambda fact: ((fact[2],), "running", None),
    kinds.STARTED_MANY: lambda fact: (range(fact[2], fact[3]), "running", None),
    kinds.COMPLETED: lambda fact: ((fact[2],), "completed", None),
    kinds.GIVEN: lambda fact: ((fact[2],), "completed", fact[3]),
    kinds.EXPANDED: lambda fact: ((fact[2],), "open", None),
    kinds.SWEPT: lambda fact: (each(fact[6]), State(fact[4]).label, fact[5]),
    kinds.HELD: lambda fact: (range(fact[2], fact[3]) if fact[4] else (), "held", fact[4]),
    kinds.AGAIN: lambda fact: (each(fact[2]), "pending", fact[3]),
    kinds.REOPENED: lambda fact: (fact[2], "open", "user"),
    kinds.ROLLED: lambda fact: (each(fact[2]), "pending", "rollback"),
}
"""The units that a fact is of, the state that it leads to, and the reason."""
