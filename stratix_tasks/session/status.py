"""The state of a run and of its nodes, as a view shows it. All in the engine's thread."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.states import BAD, LIVE, RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, at_hand, is_plain
from stratix_tasks.session.outline import brief, short
from stratix_tasks.session.waits import approved_text, due_of, only_waits, wait_texts, waits_of
from stratix_tasks.store.summaries import glance
from stratix_tasks.view.source import ABANDONED, BREAK, CACHED, GIVEN, HOLD, PAUSED, WAITS, Record

WORDS = {
    State.PENDING: "pending",
    State.READY: "queued",
    State.RUNNING: "running",
    State.STOPPING: "running",
    State.SUSPENDED: "paused",
    State.HELD: "paused",
    State.WAITING: "waiting",
    State.RETRYING: "retrying",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.UPSTREAM_FAILED: "upstream failed",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "skipped",
}

MOVING = (State.RUNNING, State.STOPPING)
STILL = (State.SUSPENDED, State.HELD)


def run_info(live: LiveRun) -> dict[str, Any]:
    """The run as the top bar shows it."""
    machine = live.machine
    counts = unit_counts(machine)
    total = sum(counts.values())
    over = machine.run_state in RUN_TERMINAL
    words = Counter[str]()
    for state, count in counts.items():
        words[WORDS.get(state, "running")] += count
    return {
        "id": live.id,
        "state": machine.run_state.label,
        "reason": machine.run_reason,
        "started": live.started_at,
        "ended": live.ended_at if over and live.ended_at else None,
        "inputs": [[name, short(text)] for name, text in live.looks.items()],
        "error": str(live.error) if live.error is not None else None,
        "counts": dict(words),
        "done": sum(count for state, count in counts.items() if state in TERMINAL),
        "total": total,
        "waits": only_waits(machine, counts),
        "can": can_run(machine.run_state),
        "forked_from": live.forked_from,
    }


def unit_counts(machine: Machine) -> dict[State, int]:
    """How many nodes are in which state; the items of a mapped node count instead of it, once there are any."""
    expanded = [unit for unit, group in machine.groups.items() if group.count and machine.plan.kinds[unit] is Kind.MAP]
    flows = [unit for unit, kind in enumerate(machine.plan.kinds) if kind is Kind.FLOW]
    counts = {state: machine.state.count(state) for state in State}
    for unit in (*expanded, *flows):
        counts[State(machine.state[unit])] -= 1
    return {state: count for state, count in counts.items() if count > 0}


def can_run(state: RunState) -> dict[str, bool | str]:
    over = state in RUN_TERMINAL
    is_ = f"the run is {state.label}"
    return {
        "pause": state is RunState.RUNNING or is_,
        "resume": state in (RunState.PAUSED, RunState.PAUSING) or is_,
        "cancel": not over or is_,
        "retry": state in (RunState.FAILED, RunState.CANCELLED) or is_,
    }


def record(live: LiveRun, unit: int) -> Record:
    """The status of one node or item."""
    machine = live.machine
    group = machine.groups.get(unit)
    fraction = live.notes.progress.get(unit, (None, ""))[0]
    reason = machine.reason.get(unit)
    flags = (CACHED if reason == "cached" else 0) | (GIVEN if reason == "given" else 0)
    state = machine.state[unit]
    flags |= (HOLD if unit in machine.holds and state in (*LIVE, State.OPEN, State.CLOSED) else 0) | (
        ABANDONED if unit in machine.abandoned else 0
    )
    flags |= BREAK if unit in machine.breaks else 0
    done = failed = skipped = running = total = 0
    if group is not None:
        done, failed, skipped, total = group.done, group.failed, group.skipped, group.count
        running = _count(machine, group, MOVING)
        flags |= WAITS if not running and _count(machine, group, (State.WAITING,)) else 0
        flags |= PAUSED if not running and group.ended < total and _count(machine, group, STILL) else 0
    started, ended = machine.started[unit] or None, machine.ended[unit] or None
    return (
        state,
        flags,
        min(machine.attempt[unit], 65535),
        done,
        total,
        failed,
        running,
        skipped,
        fraction,
        started,
        ended if state in TERMINAL else None,
        due_of(waits_of(machine, unit)) if state == State.WAITING or flags & WAITS else machine.due.get(unit),
    )


def _count(machine: Machine, group: Any, states: tuple[State, ...]) -> int:
    """How many members of a group are in one of the states."""
    if not group.count or group.ended == group.count:
        return 0
    if isinstance(group.members, range):
        last = group.first + group.count
        return sum(machine.state.count(state, group.first, last) for state in states)
    found = bytes(map(machine.state.__getitem__, group.members))
    return sum(found.count(state) for state in states)


def records(live: LiveRun, nodes: set[int] | None) -> list[tuple[int, Record]]:
    """(node, record) of all nodes, or of those that changed."""
    wanted = range(len(live.machine.plan.names)) if nodes is None else sorted(nodes)
    return [(node, record(live, node)) for node in wanted]


def texts(live: LiveRun, nodes: set[int] | None) -> dict[str, dict[str, str]]:
    """What cards say beside their state: the error's last line, progress, the value's summary, the reason of a skip."""
    machine, found = live.machine, {}
    for node in range(len(machine.plan.names)) if nodes is None else nodes:
        text: dict[str, str] = {}
        error = machine.error.get(node) or item_error(machine, node)
        if error and machine.state[node] in BAD:
            text["error"] = short(
                f"{error.get('type')}: {str(error.get('message')).strip().rpartition(chr(10))[2]}", 160
            )
        progress = live.notes.progress.get(node)
        if progress is not None and progress[1]:
            text["progress"] = short(progress[1], 60)
        if machine.state[node] == State.COMPLETED:
            text["summary"] = summary_text(live, node)
        elif machine.state[node] == State.SKIPPED and machine.reason.get(node):
            text["reason"] = {"when": "condition is false", "upstream": "what it needs was skipped"}.get(
                machine.reason[node], ""
            )
        elif machine.state[node] == State.HELD and machine.reason.get(node) == "breakpoint":
            text["reason"] = "breakpoint"
        elif machine.state[node] in (State.WAITING, State.OPEN, State.CLOSED):
            text |= wait_texts(waits_of(machine, node))
            text["wait"] = short(text.get("wait", ""), 120)
        found[str(node)] = {name: value for name, value in text.items() if value}
    return found


def item_error(machine: Machine, node: int) -> dict[str, Any] | None:
    group = machine.groups.get(node)
    if group is None or not group.failed:
        return None
    return next((machine.error[unit] for unit in group.members if unit in machine.error), None)


def summary_text(live: LiveRun, unit: int) -> str:
    """`336,776 × 19`, `list of 12`, or the value itself when it is short."""
    machine = live.machine
    summary = machine.summary.get(unit)
    if by := approved_text(live, unit):
        return by
    if machine.is_group(unit):
        return (
            f"{machine.groups[unit].done:,} items"
            if machine.plan.kinds[unit] is Kind.MAP and unit in machine.groups
            else ""
        )
    if summary is None:
        value = at_hand(live.binding.held(unit))
        return "" if value is None or value is AWAY else short(brief(value) if is_plain(value) else glance(value), 40)
    if summary["type"] in ("str", "int", "float") and "text" in summary:
        return short(repr(summary["text"]) if summary["type"] == "str" else summary["text"], 40)
    if "rows" in summary:
        return f"{summary['rows']:,} × {len(summary['columns'])}"
    if "shape" in summary:
        return " × ".join(f"{size:,}" for size in summary["shape"])
    length = summary.get("length")
    return f"{summary['type']} of {length:,}" if length is not None else str(summary["type"])
