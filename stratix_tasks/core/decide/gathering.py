"""Gathering: an open group goes on, or ends, with what is in it; a loop asks about its end, and begins its next round."""

from __future__ import annotations

from sys import maxsize
from typing import Any

from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide import whole
from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.decide.ending import end_unit, finish_inside, stop_at_failure, unmark
from stratix_tasks.core.decide.opening import ask, open_group
from stratix_tasks.core.decide.streaming import follow, let_go_of
from stratix_tasks.core.ends import said_by
from stratix_tasks.core.facts import WON
from stratix_tasks.core.joins import is_left_out, is_refused, scope_ended
from stratix_tasks.core.node import ANY, EACH, FLOW, LOOP, MAP, N_OF, SETTLED, Node
from stratix_tasks.core.state import FINISHED, GATHERED, IS_BAD, LOST, State, spans
from stratix_tasks.core.states import Event, RunState, S
from stratix_tasks.core.streams import is_open_ended
from stratix_tasks.core.undo import undone
from stratix_tasks.core.units import Spans
from stratix_tasks.spec.joins import N_OF as N_OF_THEM
from stratix_tasks.spec.joins import part_of, share

NOTHING: dict[str, Any] = {}


def gather(core: Core, p: int, at: float) -> None:
    """An open group, if what is in it decides what becomes of it."""
    s = core.state
    node = s.node(p)
    if node.source >= 0:
        follow(core, p, at)
    if p in s.target:
        return _gather_stopped(core, p, node, at)
    if node.kind in (MAP, EACH):
        return _gather_items(core, p, node, at)
    i, scope = _present(core, p)
    if core.agenda.books[i].todo[scope]:
        return None
    if core.agenda.scope_is_bad(i, scope) and not _goes_on_anyhow(node):
        return _ended_badly(core, p, at)
    if node.kind is LOOP:
        return _round_is_over(core, p, node, at)
    return end_unit(core, p, Event.GATHERED, at)


def _goes_on_anyhow(node: Node) -> bool:
    """What can't be taken back of one round keeps nothing of those before it from being taken back."""
    return node.kind is LOOP and node.undoes is not None


def _ended_badly(core: Core, p: int, at: float) -> None:
    s = core.state
    i, scope = _present(core, p)
    r = s.stretches[i]
    step = s.finisher(r.block, r.base + scope * r.block.n)
    if step is not None and s.finished[step] == S.FAILED:
        return end_unit(core, p, Event.GATHERED_BAD, at, FINISHED, {"error": said_by(s, step)})
    if s.kind(p) is FLOW and whole.tries_again(core, p, at):
        return
    end_unit(core, p, Event.GATHERED_BAD, at, GATHERED)
    if s.attempt[p]:  # what failed in it does not count only now
        stop_at_failure(core, p, at)


def _present(core: Core, p: int) -> tuple[int, int]:
    """The stretch and scope of a sub-flow, or of the last round of a loop."""
    s = core.state
    *_, (i, a, _) = s.scopes(p)
    r = s.stretches[i]
    return i, (a - r.base) // r.block.n if r.block.n else (p - r.parent) // r.step if r.step else 0


def _gather_stopped(core: Core, p: int, node: Node, at: float) -> None:
    s = core.state
    if not _all_ended(core, p, node):
        return
    if p in s.won:  # it has its value
        return end_unit(core, p, Event.GATHERED, at)
    target, reason, detail = s.target[p]
    if _end_failed(core, p) if reason == FINISHED else target not in (S.COMPLETED, S.FAILED) and _is_at_fault(core, p):
        return end_unit(core, p, Event.GATHERED_BAD, at, GATHERED)
    if target == S.RETRYING:
        return whole.once_more(core, p, at, s.error[p], reason)
    value = None if detail is None or "value" not in detail else {"value": detail["value"]}
    if value is not None and node.kind is MAP:
        let_go_of(core, p, at)
    return end_unit(core, p, Event.STOPPED, at, reason, value, target)


def _end_failed(core: Core, p: int) -> bool:
    """Whether something failed that ran at the end of what lies in it."""
    s = core.state
    for i, a, b in s.scopes(p):
        r = s.stretches[i]
        for k in r.block.phased:
            if any(IS_BAD[s.as_taken(u)] for u in range(a + k, b, r.block.n)):
                return True
    return False


def _all_ended(core: Core, p: int, node: Node) -> bool:
    g = core.agenda
    if node.kind in (MAP, EACH):
        tally = g.tally[p]
        return tally.ended == tally.count
    i, scope = _present(core, p)
    return not g.books[i].todo[scope]


def _is_at_fault(core: Core, p: int) -> bool:
    """Whether something in it failed in a run that ends as failed: it has failed then, rather than been cancelled."""
    s = core.state
    return s.run_target is RunState.FAILED and any(s.status.find(S.FAILED, a, b) >= 0 for _, a, b in s.scopes(p))


def _gather_items(core: Core, p: int, node: Node, at: float) -> None:
    tally, more = core.agenda.tally[p], is_open_ended(core.state, p)
    if p in core.state.won:
        return end_unit(core, p, Event.GATHERED, at) if tally.ended == tally.count and not more else None
    if tally.early:
        wanted = _wanted(core, p, node)
        came = tally.ended - _left_out(core, p) if node.gather is ANY else tally.done
        if came >= wanted:
            core.tell(WON, at, p, _there(core.state, p))
            if node.keep_rest:
                core.agenda.won(p)
                return _gather_items(core, p, node, at)
            end_unit(core, p, Event.GATHERED, at)
        elif not more and came + tally.count - tally.ended < wanted:
            end_unit(
                core, p, Event.GATHERED_BAD, at, "too-few", _too_few(core, p, came + tally.count - tally.ended, wanted)
            )
        else:
            return None
        unmark(core, p, p + 1, at)  # what runs at the end of those that lost is not held by it
        return finish_inside(core, p, S.CANCELLED, LOST, at)
    if tally.ended != tally.count or more:
        return None
    if tally.bad and node.gather is not SETTLED:
        return end_unit(core, p, Event.GATHERED_BAD, at, GATHERED)
    return end_unit(core, p, Event.GATHERED, at)


def _too_few(core: Core, p: int, most: int, wanted: int) -> Detail | None:
    """What a gather failed by where nothing in it did, else that tells; `most` could complete."""
    if any(core.state.status.find(S.FAILED, a, b) >= 0 for _, a, b in core.state.scopes(p)):
        return None
    message = f"its gather asks for {wanted} of its items, and no more than {most} can complete"
    return {"error": {"type": "TooFew", "message": message, "code": "too-few", "bases": ["Exception"]}}


def _there(s: State, p: int) -> list[list[int]]:
    """Spans of the places of its items that have completed."""
    found: Spans = []
    for i, a, b in s.scopes(p):
        r = s.stretches[i]
        if s.kind(p) is MAP:
            found += [(x - a + r.index, y - a + r.index) for x, y in s.runs(S.COMPLETED, a, b)]
        else:
            ends = (scope_ended(s, r.block, r.base + at * r.block.n) for at in range(r.count))
            found += spans(r.index + at for at, end in enumerate(ends) if end == S.COMPLETED)
    return [[a, b] for a, b in found]


def _wanted(core: Core, p: int, node: Node) -> int:
    """How many items a gather asks for; a share is one of those that were not refused."""
    told = core.state.late.get(p, NOTHING).get(N_OF_THEM)
    part = node.share if told is None else share({N_OF_THEM: told})
    if part is not None and is_open_ended(core.state, p):
        return maxsize  # of how many is not known yet
    if part is None:
        return (node.of if told is None else told) if node.gather is N_OF else 1
    return part_of(part, core.agenda.tally[p].count - _left_out(core, p))


def _left_out(core: Core, p: int) -> int:
    """How many items were refused."""
    s, tally, found = core.state, core.agenda.tally[p], 0
    if tally.undone == tally.bad:
        return 0
    for i, a, b in s.scopes(p):
        block = s.stretches[i].block
        found += sum(is_refused(s, block, u) for u in s.find(S.SKIPPED, a, b) if (u - a) % block.n == 0)
    return found


# ---------------------------------------------------------------------- loops


def _round_is_over(core: Core, p: int, node: Node, at: float) -> None:
    """Its end is asked about, unless the next round is settled already and waits for its time."""
    s, g = core.state, core.agenda
    g.opening.add(p)
    if p in s.due:
        if s.due[p] <= at and g.going and not core.state.held(p):
            open_group(core, p, at, 1, None, s.stretches[s.kids[p][-1]].index + 1)
    elif not node.until or _is_left_out(s, p):  # a round that was left out does not end it
        next_round(core, p, at)
    elif g.going and not core.state.held(p) and p not in g.asked:
        ask(core, Do.EVALUATE, p)


def _is_left_out(s: State, p: int) -> bool:
    """Whether the last round of a loop was skipped as a whole."""
    r = s.stretches[s.kids[p][-1]]
    return is_left_out(s, r.block, r.base)


def next_round(core: Core, p: int, at: float) -> None:
    s = core.state
    node, index = s.node(p), s.stretches[s.kids[p][-1]].index + 1
    if node.undoes is not None:
        if index < s.count(undone(s, p)):
            return open_group(core, p, at, 1, None, index)
        bad = any(core.agenda.scope_is_bad(i, 0) for i in s.kids[p])
        return end_unit(core, p, Event.GATHERED_BAD if bad else Event.GATHERED, at, GATHERED if bad else None)
    if index >= node.rounds:
        over_with(core, p, at, "max", f"its end did not come in {node.rounds} rounds")
    elif node.every is not None:
        core.move(p, Event.PAUSE_ROUNDS, at, None, {"due": at + node.every})
        core.agenda.opening.add(p)
    else:
        open_group(core, p, at, 1, None, index)


def over_with(core: Core, p: int, at: float, reason: str, message: str) -> None:
    """The rounds, or the time, of a loop are used up: it fails, or is done with what it has."""
    if core.state.node(p).take_last:
        return end_unit(core, p, Event.GATHERED, at, reason)
    return end_unit(core, p, Event.GATHERED_BAD, at, reason, loop_error(reason, message))


def loop_error(reason: str, message: str) -> Detail:
    bases = ["TimeoutError", "OSError", "Exception"]
    return {"error": {"type": "TimeoutError", "message": message, "code": reason, "bases": bases}}
