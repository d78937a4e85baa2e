"""Requests: what people ask of a run, a node or an item. Each is recorded, idempotent, and legal or a TransitionError.

A request is data: a verb, a target and plain arguments, as the fact that records it holds them and as another process
sends it. One whose effect already holds is a recorded no-op. One that the tables do not allow is refused with what is
allowed now.

| verb | of | arguments |
|---|---|---|
| pause | the run, a node, an item | `drain`: whether bodies are left to finish instead of being suspended |
| resume, cancel, retry | the run, a node, an item | |
| skip | a node, an item | `value`: a result as data, which stands for its own |
| set | a node, an item | `args`: name to result as data; `options`: name to plain data |
| breakpoint | a node | `on`: whether it is to be there |
| approve | a node that waits for it, an item | `by`: who approves |
| send | the run | `name` of the signal, `value`: a result as data |
| rollback | the run | `to`: a node, or `nodes`: names of those to run again |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stratix_tasks.core.again import reset, revive, with_bad_items
from stratix_tasks.core.answering import approve, send
from stratix_tasks.core.answers import Do
from stratix_tasks.core.changes import set_breakpoint, set_values
from stratix_tasks.core.facts import REQUESTED
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.node_requests import cancel, hold, let_go, release, retry, skip
from stratix_tasks.core.plan import Kind
from stratix_tasks.core.refusals import COMPLETED_HINT, refusal, run_refusal
from stratix_tasks.core.rollback import rollback
from stratix_tasks.core.states import BAD, RUN_TERMINAL, Event, RunEvent, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.well_formed import well_formed
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.spec.problems import did_you_mean

Args = dict[str, Any]
NONE: Args = {}


def request(machine: Machine, verb: str, target: str | None, at: float, *, args: Args = NONE, by: str = "") -> None:
    """Apply one request; its facts and commands are in the machine.

    `args["id"]`, where there is one, names the request: a second one of that name changes nothing. TransitionError (state
    unchanged) when it is illegal; InputError for an unknown verb, target or argument.
    """
    verbs = RUN_VERBS if target is None else NODE_VERBS
    if verb not in verbs:
        what = "a run" if target is None else "a node"
        raise InputError(f"{what} can't be asked to '{verb}'. {did_you_mean(verb, verbs)}", code="unknown-request")
    well_formed(verb, target, args)
    if "id" in args and args["id"] in machine.heard:
        return
    unit = -1 if target is None else unit_of(machine, target)
    recorded = len(machine.facts)
    machine.facts.append((REQUESTED, at, verb, target, args, by))
    try:
        if target is None:
            RUN_VERBS[verb](machine, at, args)
        elif machine.run_state is RunState.ENDING and verb != "cancel":
            raise refusal(machine, verb, unit, "the run is ending")
        else:
            NODE_VERBS[verb](machine, unit, at, args)
    except StratixError:
        del machine.facts[recorded:]
        raise
    if "id" in args:
        machine.heard.add(args["id"])
    machine.advance(at)


def pause_run(machine: Machine, at: float, args: Args = NONE, *, reason: str = "user") -> None:
    """Nothing starts from now on. Bodies are asked to hold, or with `drain` left to finish."""
    if machine.run_state is RunState.PAUSED:
        return
    if machine.run_state not in (RunState.RUNNING, RunState.PAUSING):
        raise run_refusal(machine, "pause", "Only a running run can be paused.")
    if machine.run_state is RunState.RUNNING:
        machine.run_move(RunEvent.PAUSE, at, reason)
    for unit in machine.units_in(State.RUNNING) if not args.get("drain") else ():
        machine.commands.append((Do.HOLD, unit, machine.attempt[unit]))


def resume_run(machine: Machine, at: float, _args: Args = NONE) -> None:
    if machine.run_state is RunState.RUNNING:
        return
    if machine.run_state not in (RunState.PAUSING, RunState.PAUSED):
        hint = (
            "retry() goes on with what failed."
            if machine.run_state in RUN_TERMINAL
            else "It can't be kept from ending."
        )
        raise run_refusal(machine, "resume", COMPLETED_HINT if machine.run_state is RunState.COMPLETED else hint)
    machine.run_move(RunEvent.RESUME, at, "user")
    machine.recoveries = 0
    for unit in machine.units_in(State.RUNNING):
        if unit not in machine.holds:
            machine.commands.append((Do.RELEASE, unit, machine.attempt[unit]))
    for unit in machine.units_in(State.SUSPENDED):
        if unit not in machine.holds:
            machine.resume_body(unit, at)
    for unit in machine.units_in(State.HELD):
        if unit not in machine.holds:
            let_go(machine, unit, at)  # its body was lost while the run was paused
    for unit, kind in enumerate(machine.plan.kinds):
        if kind is not Kind.TASK:
            machine.judge(unit, at)


def cancel_run(machine: Machine, at: float, _args: Args = NONE) -> None:
    if machine.run_state is RunState.CANCELLED:
        return
    if machine.run_state in RUN_TERMINAL:
        raise run_refusal(machine, "cancel", "It has ended already.")
    if machine.run_state is RunState.PENDING:
        machine.start(at)
    machine.end(RunState.CANCELLED, "user", at)


def retry_run(machine: Machine, at: float, _args: Args = NONE) -> None:
    """All failed, upstream_failed and cancelled nodes again, with what depends on them."""
    if machine.run_state is RunState.COMPLETED:
        raise run_refusal(machine, "retry", COMPLETED_HINT)
    if machine.run_state is RunState.ENDING:
        raise run_refusal(machine, "retry", "Wait until it has ended.")
    nodes = range(len(machine.plan.names))
    bad = [unit for unit in nodes if machine.state[unit] in BAD]
    revive(machine, at)
    reset(machine, with_bad_items(machine, bad), at, Event.RETRY)


RUN_VERBS: dict[str, Callable[[Machine, float, Args], None]] = {
    "pause": pause_run,
    "resume": resume_run,
    "cancel": cancel_run,
    "retry": retry_run,
    "rollback": rollback,
    "send": send,
}
NODE_VERBS: dict[str, Callable[[Machine, int, float, Args], None]] = {
    "pause": hold,
    "resume": release,
    "cancel": cancel,
    "retry": retry,
    "skip": skip,
    "set": set_values,
    "breakpoint": set_breakpoint,
    "approve": approve,
}
