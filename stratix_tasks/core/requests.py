"""Requests: what people ask of a run, a node or an item. Each is recorded, idempotent, and legal or a TransitionError.

A request whose effect already holds is a recorded no-op. One that the tables do not allow is refused with what is
allowed now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stratix_tasks.core.facts import GIVEN, REQUESTED
from stratix_tasks.core.machine import MISSING, Do, Machine
from stratix_tasks.core.ports import Encoded
from stratix_tasks.core.states import BAD, GROUP, NODE, RUN_TERMINAL, TERMINAL, Event, RunEvent, RunState, State
from stratix_tasks.core.targets import label, unit_of
from stratix_tasks.core.timers import Timer
from stratix_tasks.errors import InputError, TransitionError
from stratix_tasks.spec.problems import did_you_mean

COMPLETED_HINT = "It has completed: start a new run, or rollback() it to a node."
STOPPABLE = frozenset((State.RUNNING, State.SUSPENDED, State.STOPPING))


def request(
    machine: Machine,
    verb: str,
    target: str | None,
    at: float,
    *,
    value: Any = MISSING,
    encoded: Encoded | None = None,
    by: str = "",
) -> None:
    """Apply one request; its facts and commands are in the machine.

    TransitionError (state unchanged) when it is illegal.

    `value` with its `encoded` form is what `skip` gives instead of the node's own result.
    """
    verbs = RUN_VERBS if target is None else NODE_VERBS
    if verb not in verbs:
        what = "a run" if target is None else "a node"
        raise InputError(f"{what} can't be asked to '{verb}'. {did_you_mean(verb, verbs)}", code="unknown-request")
    unit = -1 if target is None else unit_of(machine, target)
    given = {"given": True} if value is not MISSING else {}
    recorded = len(machine.facts)
    machine.facts.append((REQUESTED, at, verb, target, given, by))
    try:
        if target is None:
            RUN_VERBS[verb](machine, at)
        elif machine.run_state is RunState.ENDING and verb != "cancel":
            raise refusal(machine, verb, unit, "the run is ending")
        elif verb == "skip":
            skip(machine, unit, at, value, encoded)
        else:
            NODE_VERBS[verb](machine, unit, at)
        machine.advance(at)
    except TransitionError:
        del machine.facts[recorded:]
        raise


def refusal(machine: Machine, verb: str, unit: int, why: str = "") -> TransitionError:
    """The error for a request that is not legal now; it says what is."""
    state = State(machine.state[unit])
    table = GROUP if machine.is_group(unit) else NODE
    legal = [word for word in ("hold", "release", "cancel", "skip", "retry") if _legal(table[state], word)]
    words = {"hold": "pause", "release": "resume"}
    may = ", ".join(words.get(word, word) for word in legal) or "nothing"
    name = label(machine, unit)
    reason = f", {why}" if why else ""
    return TransitionError(
        f"can't {verb} '{name}': it is {state.label}{reason}. Allowed now: {may}.", story=[_story(machine, unit)]
    )


def _need_open_groups(machine: Machine, verb: str, unit: int) -> None:
    """Items and members of a completed group don't change any more. TransitionError."""
    above = machine.parent(unit)
    while above >= 0:
        if machine.state[above] == State.COMPLETED:
            raise TransitionError(
                f"can't {verb} '{label(machine, unit)}': '{label(machine, above)}' has completed, so nothing in it changes any "
                "more. Start a new run, or rollback() this one.",
                story=[_story(machine, unit)],
            )
        above = machine.parent(above)


def _legal(row: dict[Event, State | None], word: str) -> bool:
    return Event[word.upper()] in row or (word in ("cancel", "skip") and Event.STOP in row)


def _story(machine: Machine, unit: int) -> str:
    state = State(machine.state[unit]).label
    reason = machine.reason.get(unit)
    error = machine.error.get(unit)
    parts = [f"state {state}", f"attempt {machine.attempt[unit]}"]
    if reason:
        parts.append(f"reason {reason}")
    if error:
        parts.append(f"last error {error.get('type')}: {error.get('message')}")
    return ", ".join(parts)


def _run_refusal(machine: Machine, verb: str, hint: str) -> TransitionError:
    return TransitionError(f"can't {verb} the run: it is {machine.run_state.label}. {hint}")


# ---------------------------------------------------------------------- the run


def pause_run(machine: Machine, at: float, reason: str = "user") -> None:
    if machine.run_state in (RunState.PAUSING, RunState.PAUSED):
        return
    if machine.run_state is not RunState.RUNNING:
        raise _run_refusal(machine, "pause", "Only a running run can be paused.")
    machine.run_move(RunEvent.PAUSE, at, reason)
    machine.timers.pause(at)
    for unit in live_bodies(machine, State.RUNNING):
        machine.commands.append((Do.HOLD, unit, machine.attempt[unit]))


def resume_run(machine: Machine, at: float) -> None:
    if machine.run_state is RunState.RUNNING:
        return
    if machine.run_state not in (RunState.PAUSING, RunState.PAUSED):
        hint = (
            "retry() goes on with what failed."
            if machine.run_state in RUN_TERMINAL
            else "It can't be kept from ending."
        )
        raise _run_refusal(machine, "resume", hint)
    machine.run_move(RunEvent.RESUME, at, "user")
    machine.timers.resume(at, machine.holds)
    for unit in live_bodies(machine, State.RUNNING):
        if unit not in machine.holds:
            machine.commands.append((Do.RELEASE, unit, machine.attempt[unit]))
    for unit in live_bodies(machine, State.SUSPENDED):
        if unit not in machine.holds:
            machine.resume_body(unit, at)


def cancel_run(machine: Machine, at: float) -> None:
    if machine.run_state is RunState.CANCELLED:
        return
    if machine.run_state in RUN_TERMINAL:
        raise _run_refusal(machine, "cancel", "It has ended already.")
    if machine.run_state is RunState.PENDING:
        machine.start(at)
    machine.end(RunState.CANCELLED, "user", at)


def retry_run(machine: Machine, at: float) -> None:
    """All failed, upstream_failed and cancelled nodes again, with what depends on them."""
    if machine.run_state is RunState.COMPLETED:
        raise _run_refusal(machine, "retry", COMPLETED_HINT)
    if machine.run_state is RunState.ENDING:
        raise _run_refusal(machine, "retry", "Wait until it has ended.")
    nodes = range(len(machine.plan.names))
    bad = [unit for unit in nodes if machine.state[unit] in BAD]
    revive(machine, at)
    reset(machine, _with_bad_items(machine, bad), at, Event.RETRY)


def revive(machine: Machine, at: float) -> None:
    """failed, cancelled → running. TransitionError for a completed run: its skipped nodes stay skipped."""
    if machine.run_state is RunState.COMPLETED:
        raise _run_refusal(machine, "go on with", COMPLETED_HINT)
    if machine.run_state in RUN_TERMINAL:
        machine.run_target = None
        machine.run_move(RunEvent.REVIVE, at, "user")
        if machine.plan.spec.timeout is not None:
            machine.timers.arm(Timer.RUN, 0, at, machine.plan.spec.timeout)


# ---------------------------------------------------------------------- nodes and items


def hold(machine: Machine, unit: int, at: float) -> None:
    state = State(machine.state[unit])
    if state in TERMINAL:
        raise refusal(machine, "pause", unit)
    machine.holds.setdefault(unit, at)
    if machine.is_group(unit) and unit in machine.groups:
        for member in machine.members(unit):
            if machine.state[member] not in TERMINAL:
                hold(machine, member, at)
    elif state is State.RUNNING:
        machine.commands.append((Do.HOLD, unit, machine.attempt[unit]))
    elif state in (State.PENDING, State.READY, State.RETRYING):
        machine.timers.freeze(at, unit)
        machine.timers.drop(Timer.DUE, unit)
        machine.move(unit, Event.HOLD, at, "user")


def release(machine: Machine, unit: int, at: float) -> None:
    state = State(machine.state[unit])
    if state in TERMINAL:
        raise refusal(machine, "resume", unit)
    machine.holds.pop(unit, None)
    if machine.is_group(unit) and unit in machine.groups:
        for member in machine.members(unit):
            if machine.state[member] not in TERMINAL:
                release(machine, member, at)
    elif state is State.HELD:
        _let_go(machine, unit, at)
    elif machine.run_state not in (RunState.PAUSING, RunState.PAUSED):
        if state is State.SUSPENDED:
            machine.resume_body(unit, at)
        elif state is State.RUNNING:
            machine.commands.append((Do.RELEASE, unit, machine.attempt[unit]))


def _let_go(machine: Machine, unit: int, at: float) -> None:
    """held → pending, or retrying if it was."""
    due = machine.due.get(unit)
    if not machine.timers.paused:
        machine.timers.thaw(at, unit)
    machine.move(
        unit,
        Event.RELEASE,
        at,
        "user",
        None if due is None else {"due": due},
        State.RETRYING if due is not None else None,
    )
    if due is not None:
        machine.timers.arm(Timer.DUE, unit, at, max(due - at, 0.0))
    else:
        machine.wake(unit, at)


def cancel(machine: Machine, unit: int, at: float) -> None:
    state = State(machine.state[unit])
    if state is State.CANCELLED:
        return
    if state in TERMINAL:
        raise refusal(machine, "cancel", unit)
    finish(machine, unit, State.CANCELLED, "user", at)


def finish(machine: Machine, unit: int, target: State, reason: str, at: float) -> None:
    """Bring a unit that has not ended to `target`: at once when it has no live body, else by stopping it."""
    machine.holds.pop(unit, None)
    state = State(machine.state[unit])
    if machine.is_group(unit) and state in (State.OPEN, State.CLOSED):
        machine.groups[unit].target = target
        for member in machine.members(unit):
            if machine.state[member] not in TERMINAL:
                finish(machine, member, State.CANCELLED if target is State.COMPLETED else target, reason, at)
    elif state in STOPPABLE:
        machine.stop(unit, target, reason, at)
    else:
        machine.move(unit, Event.CANCEL if target is State.CANCELLED else Event.SKIP, at, reason)


def skip(machine: Machine, unit: int, at: float, value: Any = MISSING, encoded: Encoded | None = None) -> None:
    state = State(machine.state[unit])
    if state is State.COMPLETED or (machine.is_group(unit) and value is not MISSING and unit in machine.groups):
        why = "" if state is State.COMPLETED else "a value can be given only before it is expanded"
        raise refusal(machine, "skip", unit, why)
    if value is MISSING and state is State.SKIPPED:
        return
    _need_open_groups(machine, "skip", unit)
    if value is MISSING:
        if state in TERMINAL:
            revive(machine, at)
            _reopen_above(machine, unit, at)
            machine.again(unit)
            machine.move(unit, Event.SKIP, at, "user")
            reset(machine, _ended_after(machine, [unit]), at, Event.RETRY)
        else:
            finish(machine, unit, State.SKIPPED, "user", at)
        return
    assert encoded is not None
    _give(machine, unit, at, value, encoded)
    if encoded.frame is not None:
        machine.frames.append((unit, machine.attempt[unit], encoded.frame))


def _give(machine: Machine, unit: int, at: float, value: Any, encoded: Encoded) -> None:
    """completed (`given`): a person's value stands for the result; a live body is fenced off."""
    state = State(machine.state[unit])
    if state in STOPPABLE:
        machine.values[unit] = value
        machine.stop(
            unit,
            State.COMPLETED,
            "given",
            at,
            {"codec": encoded.codec, "payload": encoded.payload, "summary": encoded.summary},
        )
        return
    after = _ended_after(machine, [unit]) if state in TERMINAL else []
    if state in TERMINAL:
        revive(machine, at)
        _reopen_above(machine, unit, at)
        machine.again(unit)
    machine.values[unit] = value
    if encoded.summary is not None:
        machine.summary[unit] = encoded.summary
    machine.facts.append((GIVEN, at, unit, encoded.codec, encoded.payload, encoded.summary))
    machine.move(unit, Event.GIVE, at, "given")
    for member in machine.plan.members.get(unit, ()):
        machine.judge(member, at)
    reset(machine, after, at, Event.RETRY)


def retry(machine: Machine, unit: int, at: float) -> None:
    state = State(machine.state[unit])
    if state is State.RETRYING:
        machine.timers.drop(Timer.DUE, unit)
        machine.due.pop(unit, None)
        machine.move(unit, Event.RETRY, at, "user")
        return
    if state not in TERMINAL or state is State.COMPLETED:
        if machine.is_group(unit) and unit in machine.groups and state is not State.COMPLETED:
            bad = [member for member in machine.members(unit) if machine.state[member] in BAD]
            reset(machine, _with_bad_items(machine, bad), at, Event.RETRY)
            return
        raise refusal(machine, "retry", unit)
    _need_open_groups(machine, "retry", unit)
    again = [unit]
    if state is State.UPSTREAM_FAILED:
        again += _bad_before(machine, unit)
    revive(machine, at)
    reset(machine, _with_bad_items(machine, again), at, Event.RETRY)


# ---------------------------------------------------------------------- again


def reset(machine: Machine, units: Iterable[int], at: float, event: Event) -> None:
    """Set ended units, and every ended descendant that did not complete, back to pending; then look at them afresh."""
    if machine.run_state is RunState.ENDING:
        return  # what was asked before ended the run again: nothing more begins in it
    again = sorted({*units, *_ended_after(machine, units)})
    for unit in again:
        _reopen_above(machine, unit, at)
    groups = [unit for unit in again if machine.is_group(unit) and unit in machine.groups]
    for unit in groups:
        _reopen(machine, unit, at)
    fresh = [unit for unit in again if unit not in groups and machine.state[unit] in TERMINAL]
    for unit in fresh:
        machine.again(unit)
        machine.move(unit, event, at, "user")
    for unit in fresh:
        machine.recount(unit)
    for unit in fresh:
        machine.wake(unit, at)
    for unit in groups:
        machine.gather_if_over(unit, at)


def _reopen_above(machine: Machine, unit: int, at: float) -> None:
    parent = machine.parent(unit)
    if parent >= 0:
        _reopen(machine, parent, at)
        _reopen_above(machine, parent, at)


def _reopen(machine: Machine, unit: int, at: float) -> None:
    """failed, cancelled or skipped → closed: its items stay, what ended badly among them is set back by itself."""
    if machine.state[unit] in TERMINAL and machine.state[unit] != State.COMPLETED and unit in machine.groups:
        machine.groups[unit].target = None
        machine.again(unit)
        machine.move(unit, Event.REOPEN, at, "user")


def _with_bad_items(machine: Machine, units: Iterable[int]) -> list[int]:
    """The units, and of groups among them the members that ended badly."""
    found: list[int] = []
    for unit in units:
        found.append(unit)
        if machine.is_group(unit) and unit in machine.groups:
            found += _with_bad_items(machine, [m for m in machine.members(unit) if machine.state[m] in BAD])
    return found


def _ended_after(machine: Machine, units: Iterable[int]) -> list[int]:
    """Every descendant that has ended and did not complete; the members of a group that never opened count as its descendants."""
    seen: set[int] = set()
    stack = list(units)
    while stack:
        unit = stack.pop()
        node = machine.node_of[unit]
        below = [*machine.plan.outs[node], *(machine.plan.members.get(unit, ()) if unit not in machine.groups else ())]
        parent = machine.plan.parents[node]
        while parent >= 0:
            below += machine.plan.outs[parent]
            parent = machine.plan.parents[parent]
        for out in below:
            if out not in seen and machine.state[out] in TERMINAL and machine.state[out] != State.COMPLETED:
                seen.add(out)
                stack.append(out)
    return list(seen)


def _bad_before(machine: Machine, unit: int) -> list[int]:
    """The failed, cancelled and upstream_failed sources of a unit."""
    found: set[int] = set()
    stack = [unit]
    while stack:
        unit = stack.pop()
        above = list(machine.plan.needs[machine.node_of[unit]])
        if machine.parent(unit) >= 0:
            above.append(machine.parent(unit))
        for need in above:
            if need not in found and machine.state[need] in BAD:
                found.add(need)
                stack.append(need)
    return list(found)


def live_bodies(machine: Machine, state: State) -> list[int]:
    """The units in a state that has a body; found by a C-speed scan of the state bytes."""
    units, start = [], machine.state.find(state)
    while start >= 0:
        units.append(start)
        start = machine.state.find(state, start + 1)
    return units


RUN_VERBS: dict[str, Callable[[Machine, float], None]] = {
    "pause": pause_run,
    "resume": resume_run,
    "cancel": cancel_run,
    "retry": retry_run,
}
NODE_VERBS: dict[str, Callable[..., None]] = {
    "pause": hold,
    "resume": release,
    "cancel": cancel,
    "retry": retry,
    "skip": skip,
}
