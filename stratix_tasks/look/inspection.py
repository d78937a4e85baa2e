"""Everything about one node or item, for the inspector of a view. All in the engine's thread."""

from __future__ import annotations

from time import time
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.states import TERMINAL, UNPAUSABLE, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.why import why
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.arguments import arguments, can_set, given
from stratix_tasks.look.logs import last_logs
from stratix_tasks.look.outline import code_of
from stratix_tasks.look.output import output_shown
from stratix_tasks.look.status import WORDS, item_error
from stratix_tasks.look.text import short
from stratix_tasks.look.waits import approved, can_answer

MOST_ATTEMPTS = 20


def inspect(live: LiveRun, node: str, item: int | None) -> dict[str, Any]:
    """Everything about one node or item, for the inspector."""
    machine = live.machine
    target = node if item is None else f"{node}[{item}]"
    unit = unit_of(machine, target)
    place = machine.node_of[unit]
    live.engine.flush_notes(live)
    error = machine.error.get(unit) or (item_error(machine, unit) if item is None else None)
    shown = error if error and machine.state[unit] not in (State.COMPLETED, State.SKIPPED) else None
    logs = last_logs(live, unit)
    can = _can_unit(machine, unit)
    wait = machine.waits.get(unit)
    rows = arguments(live, unit) if can["set"] is True or not machine.attempt[unit] else []
    return {
        "name": target,
        "state": State(machine.state[unit]).label,
        "attempt": machine.attempt[unit],
        "attempts": _attempts(machine, unit),
        "inputs": _given(live, unit, rows),
        "args": rows if can["set"] is True else [],
        "output": output_shown(live, unit),
        "logs": [list(row) for row in logs],
        "dropped": live.notes.dropped.get(place, 0),
        "error": {name: str(shown.get(name, "")) for name in ("type", "message", "traceback")} if shown else None,
        "metrics": [[name, value] for _, _, name, value in live.notes.metrics.get(unit, [])[-200:]],
        "code": code_of(machine.plan, place),
        "why": why(machine, unit, time()),
        "wait": {**wait, "since": machine.started[unit]} if wait is not None else None,
        "approved": approved(live, unit),
        "can": can,
    }


def _attempts(machine: Machine, unit: int) -> list[dict[str, Any]]:
    """Every attempt so far, those that failed with the last line of their error."""
    failed = {number: _last_line(error) for number, error in machine.failures.get(unit, ())}
    lost = {number for number, error in machine.failures.get(unit, ()) if error.get("type") == "RunnerLost"}
    lost.update(machine.orphaned.get(unit, ()))
    state = State(machine.state[unit]).label
    latest = machine.attempt[unit]
    return [
        {
            "attempt": number,
            "state": "lost"
            if number in lost
            else "failed"
            if number in failed
            else state
            if number == latest
            else "stopped",
            "error": failed.get(number),
        }
        for number in range(max(latest - MOST_ATTEMPTS, 0) + 1, latest + 1)
    ]


def _last_line(error: dict[str, Any]) -> str:
    return short(f"{error.get('type')}: {str(error.get('message')).strip().rpartition(chr(10))[2]}", 160)


def _given(live: LiveRun, unit: int, rows: list[dict[str, Any]]) -> list[list[str]]:
    """The arguments of a body that runs or ran; before, those that are known, and where the others come from."""
    if live.machine.attempt[unit] and not live.machine.is_group(unit):
        return given(live, unit)
    return [[row["name"], row["text"]] for row in rows]


def _can_unit(machine: Machine, unit: int) -> dict[str, bool | str]:
    state = State(machine.state[unit])
    word = WORDS.get(state, "running")
    over = state in TERMINAL
    item = machine.node_of[unit] != unit
    done = state in (State.COMPLETED, State.SKIPPED)
    ending = machine.run_state in (RunState.PENDING, RunState.ENDING)
    return {
        "pause": state not in UNPAUSABLE or f"it is {word}",
        "resume": not over or f"it is {word}",
        "cancel": not over or f"it is {word}",
        "retry": (over and state is not State.COMPLETED) or state is State.RETRYING or f"it is {word}",
        "skip": not done or f"it is {word}",
        "set": can_set(machine, unit),
        **can_answer(machine, unit),
        "breakpoint": not item or "a breakpoint is for the whole node",
        "fork": not item or "a new run begins at a whole node",
        "rollback": "go back to the whole node"
        if item
        else f"the run is {machine.run_state.label}"
        if ending
        else done or f"it is {word}: only to a node that has completed",
    }
