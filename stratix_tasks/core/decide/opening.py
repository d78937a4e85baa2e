"""Opening: a unit whose needs are decided begins, asks, or ends with them; a group opens, goes on, and ends with what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratix_tasks.core.answers import Do
from stratix_tasks.core.block import ANY, EACH, EARLY, FLOW, LOOP, MAP, N_OF, SETTLED, TASK, Node
from stratix_tasks.core.decide import whole
from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.decide.ending import GATHERED, LOST, end_unit, finish, finish_inside, stop_at_failure, unmark
from stratix_tasks.core.ends import said_by
from stratix_tasks.core.facts import ENABLED, EXPANDED, HELD, JOINED, RESOLVED, SWEPT
from stratix_tasks.core.joins import GO, REFUSED, WAIT, is_left_out, is_refused, verdict, winners
from stratix_tasks.core.state import FINISHED, IS_BAD, IS_OVER, Spans, State
from stratix_tasks.core.states import Event, RunState, S
from stratix_tasks.spec.joins import N_OF as N_OF_THEM
from stratix_tasks.spec.joins import part_of, share
from stratix_tasks.spec.model import MAX_DEPTH

BREAKPOINT = "breakpoint"
NOTHING: dict[str, Any] = {}


def look(core: Core, u: int, at: float) -> None:
    """What is decided of a unit is told."""
    s, g = core.state, core.agenda
    state = s.status[u]
    if state == S.OPEN:
        return gather(core, u, at)
    if state == S.RETRYING and s.is_group(u) and s.due[u] <= max(at, g.now):
        return _open_again(core, u, at)
    if state != S.PENDING or s.run is RunState.PENDING or core.is_over:
        return None
    told = verdict(s, u)
    if told == WAIT:
        g.forget_question(u)
        return None
    if told != GO:
        event = Event.DEPS_BAD if told == S.UPSTREAM_FAILED else Event.DEPS_SKIPPED
        return end_unit(core, u, event, at, "upstream")
    if u not in g.asked:
        _begin(core, u, at)
    return None


def _begin(core: Core, u: int, at: float) -> None:
    """All that it needs is there."""
    s, g = core.state, core.agenda
    node = s.node(u)
    if not node.enabled:
        return end_unit(core, u, Event.WHEN_FALSE, at, "disabled")
    if node.join in EARLY and node.needs and u not in s.winners:
        core.tell(JOINED, at, u, winners(s, u))
        if not node.keep_losers:
            lose(core, u, at)
        if s.status[u] != S.PENDING:  # the end of one that lost has ended the run, and with it this one
            return None
    late = node.late and u not in s.late
    if node.kind is TASK and not late and (not node.when or u in s.enabled):
        return g.push(u)
    g.opening.add(u)
    if s.breaks and g.going:
        stop_at_breakpoint(core, u, at)
    if not g.going or core.held(u):
        return None
    if node.when and u not in s.enabled:
        return ask(core, Do.EVALUATE, u)
    if late:
        return ask(core, Do.RESOLVE, u)
    if node.kind in (FLOW, LOOP) and not node.asks:
        return _open_one(core, u, at)
    return ask(core, Do.EXPAND, u)


def stop_at_breakpoint(core: Core, u: int, at: float) -> None:
    """A node with a breakpoint is paused when it is about to begin, each time, until a person lets it go on."""
    s = core.state
    if u in s.passing or s.run is RunState.ENDING or s.map_of(u) >= 0 or s.path(u) not in s.breaks or s.held(u):
        return
    core.tell(HELD, at, u, u + 1, BREAKPOINT)
    core.agenda.local.freeze(at, u)


def ask(core: Core, what: Do, u: int) -> None:
    g = core.agenda
    g.questions += 1
    g.asked[u] = g.questions
    core.command(what, u, g.questions)


def _open_again(core: Core, u: int, at: float) -> None:
    """A sub-flow that failed, and whose time to be tried again has come."""
    s, g = core.state, core.agenda
    g.opening.add(u)
    if s.breaks and g.going:
        stop_at_breakpoint(core, u, at)
    if not g.going or core.held(u) or u in g.asked:
        return None
    return ask(core, Do.EXPAND, u) if s.node(u).asks else _open_one(core, u, at)


def _open_one(core: Core, u: int, at: float) -> None:
    """A sub-flow, or the first round of a loop."""
    return None if _is_too_deep(core, u, at) else open_group(core, u, at, 1, None, 0)


def _is_too_deep(core: Core, u: int, at: float) -> bool:
    """Whether the flow that a unit would open lies in itself too often; then it has failed."""
    s = core.state
    most = MAX_DEPTH if s.root.spec is None else s.root.spec.max_depth
    if s.depth(u) < most:
        return False
    name = s.node(u).inner.rpartition(".")[2] or s.root.spec.flow
    message = f"flow '{name}' lies in itself {most} levels deep: when is it done? Or set max_depth"
    refuse(core, u, at, {"type": "RecursionError", "message": message, "code": "too-deep", "bases": []})
    return True


def open_group(
    core: Core, p: int, at: float, count: int, keys: list[str] | None, index: int, frozen: dict[str, Any] | None = None
) -> None:
    s = core.state
    r, k, _ = s.place(p)
    if k in r.fixed:
        first = next(iter(s.scopes(p)))[1]
        count = s.stretches[r.fixed[k]].block.n
    else:
        first = len(s.status)
    core.tell(EXPANDED, at, p, first, count, keys, index, frozen)
    core.agenda.opened(p)


def refuse(core: Core, u: int, at: float, error: dict[str, object]) -> None:
    """Its condition, its arguments, or what it maps over, can't be worked out."""
    end_unit(core, u, Event.ERROR, at, None, {"error": error})


# ---------------------------------------------------------------------- answers to what was asked


def told_verdict(core: Core, u: int, question: int, at: float, said: object) -> None:
    """About a condition: of a node whether it runs, or a word for why not, of a loop whether it has come to its end."""
    s, g = core.state, core.agenda
    if g.asked.get(u) != question:
        return None
    del g.asked[u]
    if isinstance(said, dict):
        return refuse(core, u, at, said)
    if s.status[u] == S.OPEN:
        return end_unit(core, u, Event.GATHERED, at) if said else _next_round(core, u, at)
    if not said or isinstance(said, str):
        return end_unit(core, u, Event.WHEN_FALSE, at, str(said or "when"))
    core.tell(ENABLED, at, u)
    g.asks.append(u)
    return None


def told_options(core: Core, u: int, question: int, at: float, options: dict[str, Any], error: Detail | None) -> None:
    """What the options of a node are of which some come with the run."""
    g = core.agenda
    if g.asked.get(u) != question:
        return None
    del g.asked[u]
    if error is not None:
        return refuse(core, u, at, error)
    core.tell(RESOLVED, at, u, options)
    g.asks.append(u)
    return None


def told_items(
    core: Core,
    p: int,
    question: int,
    at: float,
    count: object,
    keys: list[str] | None = None,
    frozen: dict[str, Any] | None = None,
    skipped: Spans | None = None,
) -> None:
    """How many items or scopes a group has, their keys, what is recorded of what it goes over, and the places of those that
    are skipped; an error where that can't be told.
    """
    s, g = core.state, core.agenda
    if g.asked.get(p) != question:
        return None
    del g.asked[p]
    if isinstance(count, dict):
        return refuse(core, p, at, count)
    if s.kind(p) in (FLOW, LOOP):
        return _open_one(core, p, at)
    if s.kind(p) is EACH and _is_too_deep(core, p, at):
        return None
    assert isinstance(count, int)
    open_group(core, p, at, count, keys, 0, frozen)
    return leave_out(core, s.kids[p][-1], skipped, at) if skipped else None


def leave_out(core: Core, i: int, places: Spans, at: float) -> None:
    """Items that were refused are skipped, each as a whole: nothing of it began, so nothing runs at its end."""
    s = core.state
    r = s.stretches[i]
    n, parts = r.block.n, dict[int, Spans]()
    for j, a, b in s.below((i, r.base + a * n, r.base + b * n) for a, b in places):
        parts.setdefault(j, []).append((a, b))
    for gone in parts.values():
        core.tell(SWEPT, at, gone[0][0], gone[-1][1], int(S.SKIPPED), REFUSED, gone)
        core.agenda.review(gone)


# ---------------------------------------------------------------------- joins


def lose(core: Core, u: int, at: float) -> None:
    """What a join went without, and nobody else waits for, is ended; and so is what that waited for."""
    s = core.state
    r, _, b = s.place(u)
    node = s.node(u)
    stack = [b + n for n in node.needs if n not in node.ended]
    while stack:
        x = stack.pop()
        if IS_OVER[s.status[x]]:
            continue
        k = x - b
        if not _is_awaited(core, r.block.outs[k], b) and k not in r.block.output.hard:
            waited = s.status[x] == S.PENDING
            finish(core, x, S.CANCELLED, LOST, at)
            if waited:
                stack += [b + n for n in r.block.needs[k]]


def _is_awaited(core: Core, outs: Iterable[int], b: int) -> bool:
    s = core.state
    return any(s.status[b + o] == S.PENDING and b + o not in s.winners for o in outs)


# ---------------------------------------------------------------------- groups


def gather(core: Core, p: int, at: float) -> None:
    """An open group, if what is in it decides what becomes of it."""
    s = core.state
    node = s.node(p)
    if p in s.target:
        return _gather_stopped(core, p, node, at)
    if node.kind in (MAP, EACH):
        return _gather_items(core, p, node, at)
    i, scope = _present(core, p)
    if core.agenda.books[i].todo[scope]:
        return None
    if core.agenda.scope_is_bad(i, scope):
        return _ended_badly(core, p, at)
    if node.kind is LOOP:
        return _round_is_over(core, p, node, at)
    return end_unit(core, p, Event.GATHERED, at)


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
        stop_at_failure(core, at)


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
    target, reason, detail = s.target[p]
    if _end_failed(core, p) if reason == FINISHED else target not in (S.COMPLETED, S.FAILED) and _is_at_fault(core, p):
        return end_unit(core, p, Event.GATHERED_BAD, at, GATHERED)
    if target == S.RETRYING:
        return whole.once_more(core, p, at, s.error[p], reason)
    value = None if detail is None or "value" not in detail else {"value": detail["value"]}
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
    tally = core.agenda.tally[p]
    if tally.early:
        wanted = _wanted(core, p, node)
        came = tally.ended - _left_out(core, p) if node.gather is ANY else tally.done
        if came >= wanted:
            end_unit(core, p, Event.GATHERED, at)
        elif came + tally.count - tally.ended < wanted:
            end_unit(core, p, Event.GATHERED_BAD, at, "too-few")
        else:
            return None
        unmark(core, p, p + 1, at)  # what runs at the end of those that lost is not held by it
        return finish_inside(core, p, S.CANCELLED, LOST, at)
    if tally.ended != tally.count:
        return None
    if tally.bad and node.gather is not SETTLED:
        return end_unit(core, p, Event.GATHERED_BAD, at, GATHERED)
    return end_unit(core, p, Event.GATHERED, at)


def _wanted(core: Core, p: int, node: Node) -> int:
    """How many items a gather asks for; a share is one of those that were not refused."""
    told = core.state.late.get(p, NOTHING).get(N_OF_THEM)
    part = node.share if told is None else share({N_OF_THEM: told})
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
        if s.due[p] <= at and g.going and not core.held(p):
            open_group(core, p, at, 1, None, s.stretches[s.kids[p][-1]].index + 1)
    elif not node.until or _is_left_out(s, p):  # a round that was left out does not end it
        _next_round(core, p, at)
    elif g.going and not core.held(p) and p not in g.asked:
        ask(core, Do.EVALUATE, p)


def _is_left_out(s: State, p: int) -> bool:
    """Whether the last round of a loop was skipped as a whole."""
    r = s.stretches[s.kids[p][-1]]
    return is_left_out(s, r.block, r.base)


def _next_round(core: Core, p: int, at: float) -> None:
    s = core.state
    node, index = s.node(p), s.stretches[s.kids[p][-1]].index + 1
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
