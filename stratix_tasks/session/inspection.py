"""Everything about one node or item, and pages of items, for the inspector of a view. All in the engine's thread."""

from __future__ import annotations

from time import time
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.states import BAD, LIVE, TERMINAL, UNPAUSABLE, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.why import why
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, at_hand
from stratix_tasks.session.arguments import arguments, can_set, given
from stratix_tasks.session.outline import code_of, short
from stratix_tasks.session.status import WORDS, item_error, record, summary_text
from stratix_tasks.session.waits import approved, asked, can_answer
from stratix_tasks.store.summaries import glance, type_name

LOGS_SHOWN = 500
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
    logs = _logs(live, unit)
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
        "output": _output(live, unit),
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


def _logs(live: LiveRun, unit: int) -> list[tuple[float, str, str]]:
    units = [unit, *live.machine.members(unit)] if unit in live.machine.groups else [unit]
    rows = sorted(row for one in units for row in live.notes.logs.get(one, ()))
    return [(at, level, text) for at, _, level, text in rows[-LOGS_SHOWN:]]


def _given(live: LiveRun, unit: int, rows: list[dict[str, Any]]) -> list[list[str]]:
    """The arguments of a body that runs or ran; before, those that are known, and where the others come from."""
    if live.machine.attempt[unit] and not live.machine.is_group(unit):
        return given(live, unit)
    return [[row["name"], row["text"]] for row in rows]


def _output(live: LiveRun, unit: int) -> dict[str, str] | None:
    """What was told of the result where it was made; of a mapped node that of its items."""
    machine = live.machine
    if machine.state[unit] != State.COMPLETED:
        return None
    summary = machine.summary.get(unit)
    if summary is not None and "text" in summary:
        return {"text": summary["text"], "type": summary["type"], "shape": summary_text(live, unit)}
    if machine.is_group(unit) and machine.plan.kinds[unit] is Kind.MAP and unit in machine.groups:
        return {"text": _items_text(live, unit), "type": "list", "shape": ""}
    value = at_hand(live.binding.held(unit))
    return (
        {"text": "(not in memory)", "type": "", "shape": ""}
        if value is AWAY
        else {"text": glance(value), "type": type_name(value), "shape": ""}
    )


def _items_text(live: LiveRun, unit: int) -> str:
    machine = live.machine
    done = [one for one in machine.groups[unit].members if machine.state[one] == State.COMPLETED]
    texts = [short((_output(live, one) or {})["text"], 80) for one in done[:20]]
    return f"[{', '.join(texts)}, …] ({len(done):,})" if len(done) > 20 else f"[{', '.join(texts)}]"


def items(live: LiveRun, node: str, start: int, stop: int) -> dict[str, Any]:
    """A page of the items of a mapped node."""
    machine = live.machine
    group = machine.groups.get(unit_of(machine, node))
    if group is None:
        return {"total": 0, "rows": []}
    rows = []
    for index in range(max(int(start), 0), min(int(stop), group.count)):
        unit = group.members[index]
        error = machine.error.get(unit)
        progress = live.notes.progress.get(unit)
        text = progress[1] if progress is not None and machine.state[unit] in LIVE else ""
        if error and machine.state[unit] in BAD:
            text = f"{error.get('type')}: {error.get('message')}"
        elif unit in machine.waits:
            text = asked(machine.waits[unit])
        elif machine.state[unit] == State.COMPLETED:
            text = summary_text(live, unit)
        rows.append([index, group.keys[index] if group.keys else None, list(record(live, unit)), short(text, 120)])
    return {"total": group.count, "rows": rows}


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
