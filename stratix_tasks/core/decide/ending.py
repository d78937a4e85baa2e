"""Ending: units, groups and the run are brought to an end; what has a body is asked to stop."""

from __future__ import annotations

from stratix_tasks.core.answers import Do
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.facts import GIVEN, RELEASED, SWEPT
from stratix_tasks.core.joins import could_absorb, is_for, phase_is_open
from stratix_tasks.core.results import Data
from stratix_tasks.core.state import FAILURE, GATHERED, IS_OVER, LEFT, NO_BODY, WITH_BODY, State
from stratix_tasks.core.states import Event, RunEvent, RunState, S
from stratix_tasks.core.units import Spans


def end_unit(core: Core, u: int, event: Event, at: float, reason: str | None = None, detail: Detail | None = None,
             target: S | None = None) -> None:  # fmt: skip
    """A unit without a body ends; those that need it, its scope and its group hear of it."""
    to = core.move(u, event, at, reason, detail, target)
    core.agenda.over(u, to)
    if to != S.COMPLETED and reason != GATHERED:
        stop_at_failure(core, u, at)


def stop_at_failure(core: Core, ended: int, at: float) -> None:
    """`on_failure="stop"`: what failed ends its flow at once, be it that of the run or one in that, when nothing is left in there
    that could take it up, for this one has ended. A group that failed with its items does not: the one that failed has. Nor does
    what had failed before somebody let the run go on."""
    s = core.state
    if s.run is RunState.ENDING or core.is_over:
        return
    x = ended
    while (above := s.parent(x)) >= 0:
        if _stops(s.place(x)[0].block) and above not in s.target:
            _stop_scope(core, x, ended, at)
        x = above
    if _stops(s.root) and any(_is_final(s, u, ended) for u in s.units_in(S.FAILED)):
        end(core, RunState.FAILED, FAILURE, at)


def _stops(block: Block) -> bool:
    return block.spec is not None and block.spec.on_failure == "stop"


def _is_final(s: State, u: int, ended: int, within: int = -1) -> bool:
    """Whether a unit has failed for good with the end of another one: in the scope that begins `within`, or in the run."""
    why = s.reason.get(u)
    return why != GATHERED and not s.gone(u) and is_for(s, u, ended) and not could_absorb(s, u, within)


def _stop_scope(core: Core, x: int, ended: int, at: float) -> None:
    """The scope of a unit, of a flow that stops at a failure: what goes on in it is cancelled, and what failed in it fails it. A
    group in which that lies has failed, too."""
    s = core.state
    r, _, b = s.place(x)
    if s.finisher(r.block, b) is not None:
        return
    spans = s.below([(s.home[x], b, b + r.block.n)])
    failed = next((u for _, a, z in spans for u in s.find(S.FAILED, a, z) if _is_final(s, u, ended, b)), None)
    if failed is None:
        return
    around = {failed}
    while s.place(failed)[2] != b:
        failed = s.parent(failed)
        around.add(failed)
    for k, node in enumerate(r.block.nodes):
        u = b + k
        if not node.phase and not IS_OVER[s.status[u]] and u not in s.target:
            finish(core, u, S.FAILED if u in around else S.CANCELLED, FAILURE, at)


def complete(core: Core, u: int, at: float, reason: str, given: Data) -> None:
    """A unit without a body completes with a value that no body made."""
    core.cache.pop(u, None)
    core.tell(GIVEN, at, u, reason, core.state.attempt[u], given["codec"], given["payload"], given["summary"])
    core.agenda.over(u, S.COMPLETED)


def unmark(core: Core, a: int, b: int, at: float) -> None:
    """What has ended, or is asked to, is not paused any more: units a to b - 1, which lie in one scope."""
    if any(core.state.mark(u) is not None for u in range(a, b)):
        core.tell(RELEASED, at, [(a, b)])
        core.agenda.unpark()


def stop(core: Core, u: int, target: S, reason: str, at: float, detail: Detail | None = None) -> None:
    """A live body → stopping(target): it is asked to end, and has its grace to do so."""
    s = core.state
    if s.status[u] == S.SUSPENDED:
        core.agenda.live += 1
    core.move(u, Event.STOP, at, reason, {"target": int(target), **(detail or {})})
    core.command(Do.STOP, u, s.attempt[u])


def finish(core: Core, u: int, target: S, reason: str, at: float, value: Data | None = None,
           error: Detail | None = None) -> None:  # fmt: skip
    """Bring a unit that has not ended to `target`: at once when it has no body and nothing open in it, else by asking."""
    s = core.state
    state = s.status[u]
    detail = {"value": value} if value is not None else {"error": error} if error is not None else None
    if state in WITH_BODY:
        stop(core, u, target, reason, at, detail)
    elif state == S.OPEN:
        close(core, u, target, reason, at, detail)
        finish_inside(core, u, S.CANCELLED if target in (S.COMPLETED, S.FAILED) else target, reason, at)
    elif value is not None:
        complete(core, u, at, reason, value)
    else:
        end_unit(core, u, _AT_ONCE[target], at, reason, detail)


_AT_ONCE = {S.CANCELLED: Event.CANCEL, S.SKIPPED: Event.SKIP, S.FAILED: Event.FINISHED_BAD}


def close(core: Core, p: int, target: S, reason: str, at: float, detail: Detail | None = None) -> None:
    """An open group is to end so, once all in it has."""
    core.move(p, Event.STOP, at, reason, {"target": int(target), **(detail or {})})
    core.agenda.closed(p)


def finish_inside(core: Core, p: int, target: S, reason: str, at: float) -> None:
    finish_spans(core, core.state.inside(p), target, reason, at)


def finish_spans(core: Core, parts: list[tuple[int, int, int]], target: S, reason: str, at: float) -> None:
    """One fact a stretch for all that has no body; one each for bodies and open groups."""
    s = core.state
    by_stretch: dict[int, Spans] = {}
    for i, a, b in parts:
        by_stretch.setdefault(i, []).append((a, b))
    swept: Spans = []
    for i, spans in by_stretch.items():
        for u in [u for a, b in spans for u in s.find(S.OPEN, a, b)]:
            if (u not in s.target or s.target[u][0] != target) and not _is_spared(core, i, u, reason):
                close(core, u, target, reason, at)
        bodies = (u for state in WITH_BODY for a, b in spans for u in s.find(state, a, b))
        live = [u for u in bodies if not _is_spared(core, i, u, reason)]
        gone = _without_body(core, i, spans, reason)
        if gone:
            core.tell(SWEPT, at, min(spans)[0], max(spans)[1], int(target), reason, gone)
            swept += gone
        for u in live:
            if s.status[u] != S.STOPPING or s.target[u][0] != target:
                stop(core, u, target, reason, at)
    if swept:
        core.agenda.review(swept)


def _without_body(core: Core, i: int, spans: Spans, reason: str) -> Spans:
    s = core.state
    found = [run for a, b in spans for state in NO_BODY for run in s.runs(state, a, b)]
    if s.stretches[i].block.phased:
        units = sorted(u for x, y in found for u in range(x, y) if not _is_spared(core, i, u, reason))
        return [(u, u + 1) for u in units]
    return sorted(found)


def _is_spared(core: Core, i: int, u: int, reason: str) -> bool:
    """What belongs to the end of a scope runs all the same, if its time has not come yet; so does what began by that. What has
    an end of its own to come to does not lose, and is cut off by no step."""
    s = core.state
    if reason in LEFT and comes_to_its_end(s, u):
        return True
    r, k, b = s.place(u)
    return bool(r.block.nodes[k].phase) and s.status[u] == S.PENDING and not phase_is_open(s, r.block, k, b)


def comes_to_its_end(s: State, u: int) -> bool:
    """Whether it is about to be skipped, or to complete with a value."""
    return u in s.target and s.target[u][0] in (S.SKIPPED, S.COMPLETED)


def end(core: Core, target: RunState, reason: str, at: float) -> None:
    """running, pausing, paused → ending(target): what has no body is cancelled, bodies are asked to stop."""
    s = core.state
    core.move_run(RunEvent.END, at, reason, {"target": int(target)})
    root = s.stretches[0]
    everything = s.below([(0, root.base, root.stop)])
    finish_spans(core, everything, S.CANCELLED, reason, at)
    core.agenda.unpark()
