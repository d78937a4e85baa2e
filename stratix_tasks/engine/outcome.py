"""What a run came to, and which nodes a batch of facts touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from stratix_tasks.core import facts as kinds
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import taken_up
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.joins import had_another_way
from stratix_tasks.core.state import FINISHED, MISSING, State
from stratix_tasks.core.states import TERMINAL, RunState, S
from stratix_tasks.engine.reading import LOOP, Away, Reader
from stratix_tasks.engine.work import Work
from stratix_tasks.errors import RunCancelled, StratixError, TaskFailed, headline
from stratix_tasks.runners.attempt import traceback_of

if TYPE_CHECKING:
    from stratix_tasks.engine.live import LiveRun

_SPANS = {kinds.STARTED_MANY: 2, kinds.SWEPT: 2, kinds.HELD: 2}
"""Kinds of facts that are of one span, which begins at this place."""
_LISTS = frozenset((kinds.RELEASED, kinds.AGAIN, kinds.ROLLED))
_OF_NO_UNIT = frozenset((kinds.CREATED, kinds.RUN, kinds.REQUESTED, kinds.CLAIMED, kinds.SENT))


def changed_nodes(core: Core, facts: Sequence[Fact]) -> set[int]:
    """The nodes that are laid out from the beginning, of which facts tell, or of what lies in them; and those that became
    ready by them."""
    s = core.state
    units: set[int] = set()
    for fact in facts:
        units.update(_units(s, fact))
    nodes = {s.shown(unit) for unit in units}
    nodes |= _ready_after(core, nodes)
    return nodes | {above for node in nodes if (above := s.parent(node)) >= 0}


def _units(s: State, fact: Fact) -> Iterable[int]:
    kind = fact[0]
    if kind in _OF_NO_UNIT:
        return ()
    if kind in _SPANS:
        return _within(s, [(fact[2], fact[3])])
    if kind in _LISTS:
        return _within(s, fact[2])
    if kind == kinds.REOPENED:
        return list(fact[2])
    if isinstance(fact[2], str):
        unit = s.root.outline.index.get(fact[2])
        return () if unit is None else (unit,)
    return (fact[2],)


def _within(s: State, spans: Iterable[Sequence[int]]) -> Iterable[int]:
    """Units of spans, as far as they differ in what stands for them: what lies in a stretch that opened later has one group."""
    laid_out = len(s.root.outline.names)
    for first, b in spans:
        yield from range(first, min(b, laid_out))
        a = first
        while a < b:
            if a >= laid_out:
                yield a
            a = s.stretches[s.home[a]].stop


def _ready_after(core: Core, nodes: set[int]) -> set[int]:
    """Nodes that wait for a place to run, behind some that ended or in a sub-flow that began: to become ready is no fact."""
    s = core.state
    near: set[int] = set()
    for node in nodes:
        r, k, b = s.place(node)
        if s.status[node] in TERMINAL:
            near.update(b + out for out in r.block.outs[k])
        elif k in r.fixed:
            near.update(s.members(node))
    return {node for node in near if core.agenda.is_ready(node)}


def settle(live: LiveRun) -> tuple[Any, StratixError | None]:
    """The value of a run that completed, or the error of one that did not.

    The value is `MISSING` when it can't be told here, as not all of it is in memory: `read` gives it.
    """
    run = live.core.state.run
    if run is RunState.COMPLETED:
        try:
            return _value(live.binding.to_output, LOOP)
        except Away:
            return MISSING, None
    if run is RunState.CANCELLED:
        return None, RunCancelled(f"run {live.id} was cancelled, so it has no result; retry() goes on with it")
    return None, failure_of(live)


def read(live: LiveRun) -> Any:
    """The value of a run that completed, put together in the caller's thread, and read there where it is not in memory."""
    value, error = _value(partial(live.engine.look, live.binding.to_output), Reader())
    live.engine.look(live.binding.take_read)
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
    """TaskFailed for the first node that failed, with the body's own exception as its cause; where that has no traceback any
    more, with it as a note, so that who prints the error sees where it was raised.
    """
    s = live.core.state
    if s.run_reason == FINISHED and s.run_error is not None:
        return _finished(live, s.run_error)
    unit = first_failure(s)
    if unit is None:
        return _failed_without(live)
    error = s.error.get(unit, {})
    name, attempt = live.name(unit), s.attempt[unit]
    tried = f" in attempt {attempt}" if attempt else ""  # a group has none
    message = (
        f"node '{name}' failed{tried}: {headline(error.get('type'), error.get('message'))}\n"
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
    cause = failure.__cause__ = live.exceptions.get(unit)
    if failure.traceback and (cause is None or traceback_of(cause) is None):  # it comes from another process
        failure.add_note(failure.traceback.rstrip())
    return failure


def _finished(live: LiveRun, error: dict[str, Any]) -> StratixError:
    """Of a run that a step finished as failed."""
    s = live.core.state
    step = s.finisher(s.root, 0)
    assert step is not None
    name = live.name(step)
    message = (
        f"node '{name}' finished the run as failed: {error['message']}\n  run.rollback(to=…) goes back to before that."
    )
    return TaskFailed(
        message, code=error["code"], run=live.id, node=name, attempt=s.attempt[step], error_type=error["type"]
    )


def _failed_without(live: LiveRun) -> StratixError:
    """Of a run in which nothing failed: its time was over, a node was cancelled, or too few came for a join."""
    s = live.core.state
    unit = _first(s, S.CANCELLED, s.units_in(S.CANCELLED))
    if s.run_reason == "timeout":
        return StratixError(f"run {live.id} failed: timeout", code="timeout")
    if unit is None:
        stuck = _first(s, S.UPSTREAM_FAILED, s.units_in(S.UPSTREAM_FAILED))
        name = "" if stuck is None else live.name(stuck)
        why = f", since too few of what node '{name}' needs completed; run.why('{name}') tells of them" if name else ""
        return StratixError(f"run {live.id} failed{why}", code="run-failed")
    name = live.name(unit)
    return StratixError(
        f"run {live.id} failed, since node '{name}' was cancelled\n"
        f"  run.retry() or run.retry('{name}') tries it again; run.skip('{name}', value=…) goes on without it.",
        code="run-failed",
    )


def first_failure(s: State) -> int | None:
    """The unit that failed first, leaving out groups (they fail with their items) but loops that came to no end."""
    return _first(s, S.FAILED, s.error)


def _first(s: State, state: S, units: Iterable[int]) -> int | None:
    """Of those that were taken up by nothing and had no other way, if there is one."""
    found = [u for u in units if s.status[u] == state and (u not in s.kids or u in s.error)]
    return min(found, key=lambda u: (taken_up(s, u), had_another_way(s, u), s.ended[u]), default=None)
