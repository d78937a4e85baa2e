"""Why a unit is in its state, in one sentence."""

from __future__ import annotations

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.states import TERMINAL, RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.core.waits import told
from stratix_tasks.spec.durations import about

_HOW = {
    "given": " with a given value",
    "approved": ": it was approved",
    "signal": " by a signal",
    "due": ": its time came",
}
"""How a node completed that ran no body, by the reason."""


def why(machine: Machine, unit: int, at: float, *, interrupted: bool = False) -> str:
    """A sentence for people; `at` is now, in Unix seconds. `interrupted`: nobody runs the run, though it has not ended."""
    state = State(machine.state[unit])
    name = label(machine, unit)
    if interrupted and state not in TERMINAL:
        was = "open" if machine.is_group(unit) and unit in machine.groups else state.label
        return f"'{name}' was {was} when the run was interrupted; recover() goes on with it."
    error = machine.error.get(unit)
    shown = f"{error.get('type')}: {str(error.get('message')).strip().rpartition(chr(10))[2]}" if error else ""
    match state:
        case State.PENDING:
            return f"'{name}' waits for {_waits_for(machine, unit)}.{_again(machine, unit)}"
        case State.READY:
            return f"'{name}' is ready and waits for {_blocked_by(machine, unit)}.{_again(machine, unit)}"
        case State.RUNNING:
            more = " It is paused at its next checkpoint, or when it ends." if unit in machine.holds else ""
            return f"'{name}' has been running for {at - machine.started[unit]:.1f} s, attempt {machine.attempt[unit]}.{more}"
        case State.SUSPENDED if machine.run_reason == "disk" and _paused(machine):
            return f"'{name}' waits for {_paused(machine)}; its body is parked, or done with a result that has no room."
        case State.SUSPENDED:
            return f"'{name}' is parked at a checkpoint; resume goes on from there."
        case State.WAITING:
            return f"'{name}' waits for {_wait(machine, unit, at)}"
        case State.RETRYING:
            wait = max(machine.due.get(unit, at) - at, 0)
            return f"'{name}' failed in attempt {machine.attempt[unit]} ({shown}) and is tried again in {wait:.1f} s."
        case State.HELD:
            if machine.reason.get(unit) == "breakpoint":
                return f"'{name}' stands at its breakpoint, before it starts; resume('{name}') lets it go."
            return f"'{name}' is paused by itself; resume('{name}') lets it go."
        case State.STOPPING:
            target = machine.target[unit][0].label
            return f"'{name}' was asked to stop and becomes {target} when its body ends or its grace is over."
        case State.FAILED:
            return f"'{name}' failed: {shown or 'its items failed'}.{_abandoned(machine, unit)}"
        case State.UPSTREAM_FAILED:
            return f"'{name}' can't run: {_listed(machine, unit, bad=True)} did not complete."
        case State.SKIPPED:
            return f"'{name}' was skipped: {_skip_reason(machine, unit)}."
        case State.CANCELLED:
            return f"'{name}' was cancelled ({machine.reason.get(unit, 'user')}).{_abandoned(machine, unit)}"
        case State.COMPLETED:
            return f"'{name}' completed{_HOW.get(machine.reason.get(unit, ''), '')}."
        case _:
            group = machine.groups.get(unit)
            ended, count = (group.ended, group.count) if group is not None else (0, 0)
            return f"'{name}' is under way: {ended} of {count} have ended."


def _wait(machine: Machine, unit: int, at: float) -> str:
    """What a waiting node waits for, how long still, and what ends it."""
    wait, name = machine.waits[unit], label(machine, unit)
    left = "" if wait["due"] is None else f", {about(max(wait['due'] - at, 0.0))} more"
    if paused := _paused(machine):
        left += f" (and for {paused})" if left else ""
    ends = {"approval": f" approve({name!r}) goes on.", "signal": f" send({wait.get('name')!r}, value) goes on."}
    return f"{told(wait)}{left}.{ends.get(wait['for'], '')}"


def _waits_for(machine: Machine, unit: int) -> str:
    parent = machine.parent(unit)
    if parent >= 0 and machine.state[parent] not in (State.OPEN, State.CLOSED):
        return f"its group '{machine.plan.names[parent]}' to open"
    return _listed(machine, unit, bad=False) or _paused(machine) or "its condition"


def _again(machine: Machine, unit: int) -> str:
    """What set a node back that has run before."""
    if machine.reason.get(unit) == "rollback":
        return " A rollback set it back."
    if machine.attempt[unit] and machine.attempt[unit] in machine.orphaned.get(unit, ()):
        return f" Its attempt {machine.attempt[unit]} was lost with the kernel that ran it."
    return ""


def _paused(machine: Machine) -> str:
    """What a run waits for that starts nothing, by the reason of its pause."""
    if machine.run_state not in (RunState.PAUSING, RunState.PAUSED):
        return ""
    reason = machine.run_reason
    if reason == "max-recoveries":
        return (
            f"the run to be resumed: its kernel died {machine.recoveries}× while bodies ran, and one of them may be why"
        )
    if reason == "code-changed":
        return "a word on how to go on: code has changed since; resume() keeps the results, recover(changed='rerun') runs it again"
    if reason == "disk":
        return "room on the disk: free some, then resume()"
    return "the run to be resumed"


def _abandoned(machine: Machine, unit: int) -> str:
    """A body that did not listen: it holds its place until it ends by itself."""
    return " Its body did not stop in its grace, and still runs." if unit in machine.abandoned else ""


def _listed(machine: Machine, unit: int, *, bad: bool) -> str:
    done = (State.COMPLETED, State.SKIPPED)
    names = [
        machine.plan.names[need]
        for need in machine.plan.needs[machine.node_of[unit]]
        if machine.state[need] not in done
    ]
    if bad and not names and machine.parent(unit) >= 0:
        names = [machine.plan.names[machine.parent(unit)]]
    return ", ".join(f"'{name}'" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _blocked_by(machine: Machine, unit: int) -> str:
    if paused := _paused(machine):
        return paused
    if unit in machine.abandoned:
        return "its abandoned body to end"
    full = machine.lane(unit).blocked()
    if full is None:
        return "its turn"
    names = {
        "run": "the run's concurrency",
        "engine": "the engine's concurrency",
        "max": "the map's max",
        "process": "the worker processes",
    }
    return f"a free place: {names.get(full.name, f'pool {full.name!r}')} ({full.size}) is full"


def _skip_reason(machine: Machine, unit: int) -> str:
    reason = machine.reason.get(unit)
    when = machine.plan.specs[machine.node_of[unit]].when
    if reason == "when" and when is not None:
        return f"its condition `{when.text}` is false"
    return "what it needs was skipped" if reason == "upstream" else f"by {reason or 'user'}"
