"""A turn: answers are taken, what is due fires, what follows is told, what can be started is, and the run ends or settles.

Events are tuples `(kind, unit, attempt, at, …)`, see `answers`; commands are tuples `(kind, unit, number)`. Time comes in
with the events. Nothing is scanned but the neighbours of what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop
from typing import Any

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.apply import units as apply_units
from stratix_tasks.core.decide import attempts, looking, opening, steps, whole
from stratix_tasks.core.decide.core import Command, Core, Detail
from stratix_tasks.core.ends import said_by
from stratix_tasks.core.facts import COMPLETED, STARTED, STARTED_MANY, Fact
from stratix_tasks.core.limits import Lane
from stratix_tasks.core.state import FINISHED, IS_OVER, OPEN, PENDING, RUNNING, WITH_BODY
from stratix_tasks.core.states import OK_AFTER_STOP, RUN_TERMINAL, RunEvent, RunState, S

PAUSING = RunState.PAUSING
_PLAIN = frozenset((type(None), bool, int, float, str))


def handle(core: Core, events: Sequence[tuple[Any, ...]], at: float) -> tuple[list[Fact], list[Command]]:
    """Take answers, fire what is due, start what can be started.

    Returns the facts to journal, then the commands to perform.
    """
    s, g = core.state, core.agenda
    deadlines, local = s.limits.deadline, g.local.deadline
    if deadlines or local:
        ring(core, at)
    status, attempt, tell, done, completed = s.status, s.attempt, core.facts.append, g.done, apply_units.completed
    for event in events:
        if event[0] == 0 and status[u := event[1]] == RUNNING and attempt[u] == event[2]:
            _, _, number, when, value, codec, payload, summary, cpu, frame = event
            if codec != "json" or type(payload) not in _PLAIN:
                attempts.keep(core, u, number, value, codec, payload, frame)
            fact = (COMPLETED, when, u, number, codec, payload, summary, cpu)
            completed(s, fact)
            s.at = when
            tell(fact)
            done(u)
        else:
            _answer(core, event)
    if deadlines or local:
        ring(core, at)
    advance(core, at)
    return core.drain()


def ring(core: Core, at: float) -> None:
    """What is due fires."""
    for timer, u in core.agenda.due(at):
        attempts.fire(core, timer, u, at)


def start(core: Core, at: float) -> None:
    """pending → running."""
    core.move_run(RunEvent.START, at)
    core.agenda.begin()


def advance(core: Core, at: float) -> None:
    """What follows, until nothing does."""
    g = core.agenda
    asks = g.asks
    while True:
        while asks:
            looking.look(core, asks.popleft(), at)
        if g.awake and g.going:
            _dispatch(core, at)
        if not asks:
            break
    if not g.books[0].todo[0] or core.state.run is PAUSING:
        _settle(core, at)


def _settle(core: Core, at: float) -> None:
    s, g = core.state, core.agenda
    if s.run is RunState.PENDING or s.run in RUN_TERMINAL:
        return
    if not g.books[0].todo[0] and not g.live and not s.units_left():
        if s.run is RunState.ENDING:
            _end(core, RunEvent.ALL_ENDED, at, s.run_reason)
        elif s.run in (RunState.RUNNING, RunState.PAUSING):
            _end_of_itself(core, at)
    if s.run is RunState.PAUSING and not g.live:
        core.move_run(RunEvent.DRAINED, at, s.run_reason)


def _end_of_itself(core: Core, at: float) -> None:
    s, bad = core.state, core.agenda.scope_is_bad(0, 0)
    step = s.finisher(s.root, 0)
    failed = step is not None and s.finished[step] == S.FAILED
    detail = {"error": said_by(s, step)} if failed and step is not None else None
    reason = FINISHED if step is not None and bad == failed else None
    _end(core, RunEvent.SOME_BAD if bad else RunEvent.ALL_OK, at, reason, detail)


def _end(core: Core, event: RunEvent, at: float, reason: str | None, detail: Detail | None = None) -> None:
    core.move_run(event, at, reason, detail)
    core.command(Do.ENDED, int(core.state.run), 0)


# ---------------------------------------------------------------------- answers


def _answer(core: Core, event: tuple[Any, ...]) -> None:
    kind, u, number, at = event[:4]
    s = core.state
    if kind == Answer.VERDICT:
        return looking.told_verdict(core, u, number, at, event[4])
    if kind == Answer.EXPANDED:
        return looking.told_items(core, u, number, at, *event[4:8])
    if kind == Answer.OPTIONS:
        return looking.told_options(core, u, number, at, *event[4:6])
    if kind == Answer.PINNED:
        return looking.told_pinned(core, u, number, at, *event[4:6])
    if kind == Answer.SPAWN:
        return attempts.spawned(core, u, number, at, event[4], event[5])
    state = s.status[u]
    if s.attempt[u] != number or state not in WITH_BODY:
        return attempts.late(core, u, number) if kind != Answer.SUSPENDED else None
    if kind == Answer.SUSPENDED:
        return attempts.suspended(core, u, at)
    if state == S.STOPPING:
        counts = kind == Answer.OK and s.target[u][0] in OK_AFTER_STOP
        return attempts.completed(core, event) if counts else attempts.stopped(core, u, at)
    return _ANSWERS[kind](core, event)


def _failed(core: Core, event: tuple[Any, ...]) -> None:
    attempts.failed(core, event[1], event[3], event[4])


def _stopped(core: Core, event: tuple[Any, ...]) -> None:
    attempts.ended_itself(core, event[1], event[3])


def _lost(core: Core, event: tuple[Any, ...]) -> None:
    attempts.lost(core, event[1], event[3], event[4])


def _wait(core: Core, event: tuple[Any, ...]) -> None:
    attempts.wait(core, event[1], event[3], event[4])


_ANSWERS = {
    Answer.OK: attempts.completed,
    Answer.FAIL: _failed,
    Answer.STOPPED: _stopped,
    Answer.LOST: _lost,
    Answer.WAIT: _wait,
    Answer.STEP: steps.take,
}


# ---------------------------------------------------------------------- starting


def _dispatch(core: Core, at: float) -> None:
    """Lanes in turns, most urgent first; only those are looked at in which something may be started."""
    g = core.agenda
    awake, left = g.awake, 0
    while awake:
        left = left or len(awake)  # so many have not had their turn in this round
        lane = heappop(awake)[2]
        lane.awake = False
        claim = lane.claim
        free = claim[0].free if len(claim) == 1 else lane.free()
        more = free
        if free > 0:
            more = _start_from(core, lane, at, free if left == 1 else min(max(free // left, 1) * lane.weight, free))
        left -= 1
        full = None
        if more <= 0 and lane.has_entries():
            full = lane.full()
            if full is None:
                g.wake(lane)
                continue
            full.await_free(lane)
        for slots in claim:  # it takes no more: what is free is for the others that wait for it
            if slots.waiting and slots is not full:
                slots.pass_on()


def _start_from(core: Core, lane: Lane, at: float, most: int) -> int:
    """Start what a lane has; returns how many more could be, 0 where it may have more."""
    s, g = core.state, core.agenda
    status, attempt, home, waits_for, queued = s.status, s.attempt, s.home, g.left, g.queued
    facts, commands, books, pop, started = core.facts, core.commands, g.books, lane.pop, apply_units.started
    plain = not (g.opening or g.abandoned or g.local.deadline or s.own or s.breaks or s.marks or g.gated)
    left, one_by_one = most, 0
    while left > 0:
        entry = pop(left)
        if entry is None:
            break
        if type(entry) is range:
            if s.marks:
                entry = _unheld(core, lane, entry)
            if len(entry) > 1:
                left -= _start_many(core, lane, entry, at)
                continue
            if not entry:
                continue
            u = entry.start
        else:
            u = entry
        if not (plain and status[u] == PENDING and waits_for[u] <= 0) and not _may_start(core, lane, u, at):
            left -= status[u] == OPEN and whole.enter(core, lane, u, at)
            continue
        number = attempt[u] + 1
        book = books[home[u]]
        runner = book.runners[(u - book.base) % book.n] if plain else s.policy(u).runner
        fact = (STARTED, at, u, number, queued[u], runner)
        started(s, fact)
        facts.append(fact)
        commands.append((0, u, number))
        left -= 1
        one_by_one += 1
    if one_by_one:
        s.at = at
        g.live += one_by_one
        lane.take(one_by_one)
    return left


def _may_start(core: Core, lane: Lane, u: int, at: float) -> bool:
    """Of an entry about which there is more to know: whether it is to start from this lane now."""
    s, g = core.state, core.agenda
    if not g.startable(u, at):
        return False
    if s.own and (now := g.lane(u)) is not lane:  # what it lies in has another priority by now
        g.put(now, (u,))
        return False
    if s.breaks:
        opening.stop_at_breakpoint(core, u, at)
    if s.marks and core.state.held(u):
        g.parked.append((lane, u))
        return False
    if g.arounds[s.home[u]].doors and (p := g.doors.closed(s, u)) is not None:
        if g.doors.knock(p, lane, u):
            g.put(g.lane(p), (p,))
        return False
    g.local.drop_unit(u)
    return True


def _unheld(core: Core, lane: Lane, entry: range) -> range:
    """Its first part that one mark, or none, is on: returned where it may start, parked where it is paused."""
    s = core.state
    a, b = entry.start, entry.stop
    cut = min((edge for x, y, _ in s.marks for edge in (x, y) if a < edge < b), default=b)
    if cut < b:
        lane.back([range(cut, b)])
    if core.state.held(a):
        core.agenda.parked.append((lane, range(a, cut)))
        return range(0)
    return range(a, cut)


def _start_many(core: Core, lane: Lane, entry: range, at: float) -> int:
    """Fresh neighbours of one map together; where not all of them can be started, one by one. Returns how many were."""
    s, g = core.state, core.agenda
    a, b = entry.start, entry.stop
    if (
        s.own
        or g.abandoned
        or g.arounds[s.home[a]].doors
        or (s.stretches[s.home[a]].origin >= 0 and g.left[a:b].count(0) < b - a)
        or s.status.count(S.PENDING, a, b) != b - a
        or not s.alike(a, b)
    ):
        lane.back([u for u in entry if not IS_OVER[s.status[u]]])
        lane.pass_over(s.first_left)
        return 0
    number, runner = s.attempt[a] + 1, s.stretches[s.home[a]].block.policies[0].runner
    fact = (STARTED_MANY, at, a, b, number, g.queued[a], runner)
    apply_units.started_many(s, fact)
    s.at = at
    core.facts.append(fact)
    core.commands += [(0, u, number) for u in entry]
    if g.local:
        g.local.drop_span(a, b)
    g.live += b - a
    lane.take(b - a)
    return b - a
