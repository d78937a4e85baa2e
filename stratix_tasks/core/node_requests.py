"""What can be asked of one node or item: pause, resume, cancel, skip and retry."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.again import bad_before, ended_after, reopen_above, reset, revive, with_bad_items
from stratix_tasks.core.answers import Do
from stratix_tasks.core.facts import GIVEN
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.refusals import need_open_groups, refusal
from stratix_tasks.core.results import Data, stand_in, stands_for
from stratix_tasks.core.states import BAD, TERMINAL, UNPAUSABLE, Event, RunState, State
from stratix_tasks.core.timers import Timer

Args = dict[str, Any]
NONE: Args = {}
STOPPABLE = frozenset((State.RUNNING, State.SUSPENDED, State.STOPPING))


def hold(machine: Machine, unit: int, at: float, args: Args = NONE, *, reason: str = "user") -> None:
    """It does not start, or not again. A body is asked to hold, or with `drain` left to finish."""
    state = State(machine.state[unit])
    if state in UNPAUSABLE:
        why = "and nothing of it runs: pause what comes after it, or the run" if state not in TERMINAL else ""
        raise refusal(machine, "pause", unit, why)
    machine.holds.setdefault(unit, at)
    if machine.is_group(unit) and unit in machine.groups:
        for member in machine.members(unit):
            if machine.state[member] not in UNPAUSABLE:
                hold(machine, member, at, args)
    elif state is State.RUNNING and not args.get("drain"):
        machine.commands.append((Do.HOLD, unit, machine.attempt[unit]))
    elif state in (State.PENDING, State.READY, State.RETRYING):
        machine.move(unit, Event.HOLD, at, reason)


def release(machine: Machine, unit: int, at: float, _args: Args = NONE) -> None:
    state = State(machine.state[unit])
    if state in TERMINAL:
        raise refusal(machine, "resume", unit)
    machine.holds.pop(unit, None)
    if machine.is_group(unit) and unit in machine.groups:
        for member in machine.members(unit):
            if machine.state[member] not in TERMINAL:
                release(machine, member, at)
    elif state is State.HELD:
        let_go(machine, unit, at)
    elif machine.run_state not in (RunState.PAUSING, RunState.PAUSED):
        if state is State.SUSPENDED:
            machine.resume_body(unit, at)
        elif state is State.RUNNING:
            machine.commands.append((Do.RELEASE, unit, machine.attempt[unit]))


def let_go(machine: Machine, unit: int, at: float) -> None:
    """held → pending, or retrying if it was."""
    due = machine.due.get(unit)
    if unit in machine.breaks:
        machine.passing.add(unit)
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


def cancel(machine: Machine, unit: int, at: float, _args: Args = NONE) -> None:
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


def skip(machine: Machine, unit: int, at: float, args: Args = NONE) -> None:
    """With `value` in the arguments that stands for its result."""
    state = State(machine.state[unit])
    given = args.get("value")
    was_given = state is State.COMPLETED and machine.reason.get(unit) == "given"
    if given is not None and was_given and stands_for(machine.values[unit], given):
        return
    if state is State.COMPLETED or (machine.is_group(unit) and given is not None and unit in machine.groups):
        why = "" if state is State.COMPLETED else "a value can be given only before it is expanded"
        raise refusal(machine, "skip", unit, why)
    if given is None and state is State.SKIPPED:
        return
    need_open_groups(machine, "skip", unit)
    if given is not None:
        return _give(machine, unit, at, given)
    if state not in TERMINAL:
        return finish(machine, unit, State.SKIPPED, "user", at)
    revive(machine, at)
    reopen_above(machine, unit, at)
    machine.again(unit)
    machine.move(unit, Event.SKIP, at, "user")
    reset(machine, ended_after(machine, [unit]), at, Event.RETRY)


def _give(machine: Machine, unit: int, at: float, given: Data) -> None:
    """completed (`given`): a person's value stands for the result; a live body is fenced off."""
    state = State(machine.state[unit])
    if state in STOPPABLE:
        machine.values[unit] = stand_in(given["codec"], given["payload"])
        machine.stop(unit, State.COMPLETED, "given", at, given)
        return
    after = ended_after(machine, [unit]) if state in TERMINAL else []
    if state in TERMINAL:
        revive(machine, at)
        reopen_above(machine, unit, at)
        machine.again(unit)
    machine.values[unit] = stand_in(given["codec"], given["payload"])
    if given["summary"] is not None:
        machine.summary[unit] = given["summary"]
    machine.facts.append((GIVEN, at, unit, given["codec"], given["payload"], given["summary"]))
    machine.move(unit, Event.GIVE, at, "given")
    for member in machine.plan.members.get(unit, ()):
        machine.judge(member, at)
    reset(machine, after, at, Event.RETRY)


def retry(machine: Machine, unit: int, at: float, _args: Args = NONE) -> None:
    state = State(machine.state[unit])
    if state is State.RETRYING:
        machine.timers.drop(Timer.DUE, unit)
        machine.due.pop(unit, None)
        machine.move(unit, Event.RETRY, at, "user")
        return
    if state not in TERMINAL or state is State.COMPLETED:
        if machine.is_group(unit) and unit in machine.groups and state is not State.COMPLETED:
            bad = [member for member in machine.members(unit) if machine.state[member] in BAD]
            reset(machine, with_bad_items(machine, bad), at, Event.RETRY)
            return
        raise refusal(machine, "retry", unit)
    need_open_groups(machine, "retry", unit)
    again = [unit]
    if state is State.UPSTREAM_FAILED:
        again += bad_before(machine, unit)
    revive(machine, at)
    reset(machine, with_bad_items(machine, again), at, Event.RETRY)
