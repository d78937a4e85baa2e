"""What a run came to, and which nodes a batch of facts touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.facts import COMPLETED, EXPANDED, GIVEN, MOVED, REQUESTED, SPAWNED, STARTED, Fact
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.states import TERMINAL, RunState, State
from stratix_tasks.core.units import MISSING
from stratix_tasks.engine.binding import Work
from stratix_tasks.engine.reading import LOOP, Away, Reader
from stratix_tasks.errors import RunCancelled, StratixError, TaskFailed

if TYPE_CHECKING:
    from stratix_tasks.engine.live import LiveRun

_OF_UNITS = frozenset((MOVED, STARTED, COMPLETED, GIVEN, EXPANDED, SPAWNED))


def changed_nodes(machine: Machine, facts: Sequence[Fact]) -> set[int]:
    """The nodes (mapped nodes for their items) that facts are about, and those that became ready by them."""
    node_of, parents = machine.node_of, machine.plan.parents
    nodes = {node_of[fact[2]] for fact in facts if fact[0] in _OF_UNITS}
    asked = {fact[3].partition("[")[0] for fact in facts if fact[0] == REQUESTED and fact[3] is not None}
    nodes |= {unit for name in asked if (unit := machine.plan.unit(name)) is not None}
    nodes |= _ready_after(machine, nodes)
    return nodes | {parents[node] for node in nodes if parents[node] >= 0}


def _ready_after(machine: Machine, nodes: set[int]) -> set[int]:
    """Nodes that wait for a place to run, behind some that ended or in a sub-flow that began: to become ready is no fact."""
    plan, state = machine.plan, machine.state
    near = (
        other
        for node in nodes
        for other in (plan.outs[node] if state[node] in TERMINAL else plan.members.get(node, ()))
    )
    return {node for node in near if state[node] == State.READY}


def settle(live: LiveRun) -> tuple[Any, StratixError | None]:
    """The value of a run that completed, or the error of one that did not.

    The value is `MISSING` when it can't be told here, as not all of it is in memory: `read` gives it.
    """
    machine = live.machine
    if machine.run_state is RunState.COMPLETED:
        try:
            return _value(live.binding.to_output, LOOP)
        except Away:
            return MISSING, None
    if machine.run_state is RunState.CANCELLED:
        return None, RunCancelled(f"run {live.id} was cancelled, so it has no result; retry() goes on with it")
    return None, failure_of(live)


def read(live: LiveRun) -> Any:
    """The value of a run that completed, put together in the caller's thread, and read there where it is not in memory."""
    value, error = _value(live.engine.call(live.binding.to_output).result, Reader())
    live.engine.call(live.binding.take_read)
    if error is not None:
        raise error
    return value


def _value(take: Callable[[], Work], reader: Reader) -> tuple[Any, StratixError | None]:
    try:
        return take()(reader), None
    except Away:
        raise
    except StratixError as error:
        return None, error
    except Exception as error:
        failure = StratixError(f"the run completed, but its output can't be put together: {error}", code="bad-output")
        failure.__cause__ = error
        return None, failure


def failure_of(live: LiveRun) -> StratixError:
    """TaskFailed for the first node that failed, with the body's own exception as its cause."""
    machine = live.machine
    unit = first_failure(machine)
    if unit is None:
        return _failed_without(live)
    error = machine.error.get(unit, {})
    name, attempt = live.name(unit), machine.attempt[unit]
    message = (
        f"node '{name}' failed in attempt {attempt}: {error.get('type')}: {error.get('message')}\n"
        f"  run.retry() tries again what failed; run.retry('{name}') or run.skip('{name}') this node alone; "
        f"run.logs('{name}') shows its output."
    )
    failure = TaskFailed(
        message,
        code=error.get("code"),
        run=live.id,
        node=name,
        attempt=attempt,
        error_type=str(error.get("type")),
        traceback=str(error.get("traceback", "")),
    )
    failure.__cause__ = live.exceptions.get(unit)
    return failure


def _failed_without(live: LiveRun) -> StratixError:
    """Of a run in which nothing failed: its time was over, or a node was cancelled."""
    machine = live.machine
    unit = _first(machine, State.CANCELLED, machine.units_in(State.CANCELLED))
    if machine.run_reason == "timeout" or unit is None:
        why = machine.run_reason or "failed"
        return StratixError(f"run {live.id} failed: {why}", code="timeout" if why == "timeout" else "run-failed")
    name = live.name(unit)
    return StratixError(
        f"run {live.id} failed, since node '{name}' was cancelled\n"
        f"  run.retry() or run.retry('{name}') tries it again; run.skip('{name}', value=…) goes on without it.",
        code="run-failed",
    )


def first_failure(machine: Machine) -> int | None:
    """The unit that failed first, leaving out groups (they fail with their items)."""
    return _first(machine, State.FAILED, machine.error)


def _first(machine: Machine, state: State, units: Iterable[int]) -> int | None:
    found = [
        unit
        for unit in units
        if machine.state[unit] == state and not (machine.is_group(unit) and unit in machine.groups)
    ]
    return min(found, key=lambda unit: machine.ended[unit], default=None)
