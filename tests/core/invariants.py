"""The promises of states.md of a core between two turns, one function each; counted from its State, naively."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from facade import shown
from promises import Broken, need
from rules import BY_STEPS, GO, OVER, WAIT, absorbed, did_not_run, finished_as, needs_say, seen, was_done

from stratix_tasks.core import joins, streams
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.again import groups_of
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.facts import MOVED
from stratix_tasks.core.node import ALL, EACH, FLOW, LOOP, MAP, TASK
from stratix_tasks.core.state import MISSING
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import BAD, LIVE, RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.core.steps import aim
from stratix_tasks.core.targets import Scope, label, scope_label
from stratix_tasks.core.timers import PAUSABLE, WHOLE, Timer

Ask = tuple[int, int]
"""A unit and the number of a question: what the core waits for an answer to (a condition, an expansion)."""
STILL = (RunState.PAUSING, RunState.PAUSED)


def units(s: Recorded) -> list[int]:
    return [u for u in range(len(s.status)) if not s.gone(u)]


def groups(s: Recorded) -> list[int]:
    return [u for u in units(s) if s.kind(u) is not TASK]


def named(s: Recorded, found: Collection[int]) -> list[str]:
    return [label(s, u) for u in found]


def scope_of(s: Recorded, u: int) -> list[State]:
    r, _, b = s.place(u)
    return [seen(s, x) for x in range(b, b + r.block.n)]


def seen_by(s: Recorded, u: int) -> list[State]:
    """The states of its scope as a node sees them: a map that it streams from is there as soon as that has opened."""
    states, node, (_, _, b) = scope_of(s, u), s.node(u), s.place(u)
    source = b + node.source
    opened = node.source >= 0 and s.kids.get(source) and s.status[source] in (State.OPEN, State.COMPLETED, State.FAILED)
    if opened and source not in s.target and s.values[source] is MISSING and node.over not in s.given(u):
        states[node.source] = State.COMPLETED
    for n, state in enumerate(states):
        if state is State.OPEN and b + n in s.won and n not in node.ended:  # it goes on, and has its value
            states[n] = State.COMPLETED
    return states


def block_of(s: Recorded, u: int) -> tuple[Block, int]:
    """The block of a unit, and its number in it."""
    r, k, _ = s.place(u)
    return r.block, k


def of_an_end(s: Recorded, u: int) -> bool:
    while u >= 0:
        if s.node(u).phase:
            return True
        u = s.parent(u)
    return False


def phase_is_open(s: Recorded, u: int) -> bool:
    r, _, _ = s.place(u)
    phase, states = s.node(u).phase, scope_of(s, u)
    return all(states[n] in OVER for n, node in enumerate(r.block.nodes) if node.phase < phase)


def is_open(s: Recorded, u: int) -> bool:
    """Whether what a unit lies in has opened, and its part of the scope has come."""
    above = s.parent(u)
    return (above < 0 or s.status[above] == State.OPEN) and phase_is_open(s, u)


# ---------------------------------------------------------------------- of a run


def a_terminal_run_has_no_live_node(core: Core) -> None:
    s = core.state
    if s.run in RUN_TERMINAL:
        left = [u for u, state in enumerate(s.status) if state not in OVER]
        need(not left, f"the run is {s.run.label}, but {left} have not ended")


def a_completed_run_has_no_bad_node(core: Core) -> None:
    s = core.state
    if s.run is RunState.COMPLETED:
        bad = [u for u in units(s) if s.status[u] in BAD and not absorbed(s, u) and not _lost(s, u)]
        need(not bad, f"the run is completed, but {named(s, bad)} are bad")


def _lost(s: Recorded, u: int) -> bool:
    """Whether it, or something around it, was ended for a join that fired, or for a loop that took what it had."""
    while u >= 0:
        if s.why_ended(u) in ("lost the join", "within"):
            return True
        u = s.parent(u)
    return False


def counts_are_right(core: Core) -> None:
    """What the agenda keeps as counts is what the states say."""
    s, g = core.state, core.agenda
    live = sum(state in (State.RUNNING, State.STOPPING) for state in s.status)
    need(g.live == live, f"{live} bodies run, the agenda counts {g.live}")
    for p in groups(s):
        if s.status[p] != State.OPEN or s.kind(p) not in (MAP, EACH):
            continue
        ends = [_scope_end(s, i, b) for i, a, z in s.scopes(p) for b in range(a, z, s.stretches[i].block.n)]
        told = len(ends), sum(e is not None for e in ends), ends.count(State.COMPLETED)
        tally = g.tally[p]
        need((tally.count, tally.ended, tally.done) == told, f"'{label(s, p)}' counts {told} wrongly")


def _scope_end(s: Recorded, i: int, b: int) -> State | None:
    """How a scope of a fan-out ended, or None; that of an item is its own."""
    block = s.stretches[i].block
    states = [seen(s, x) for x in range(b, b + block.n)]
    if any(state not in OVER for state in states):
        return None
    if s.kind(s.parent(b)) is MAP:
        return states[0]
    if (said := finished_as(s, block, b)) is State.FAILED:
        return said
    bad = [b + k for k, state in enumerate(states) if state in BAD and not _is_taken(s, b + k)]
    bad = [x for x in bad if said is None or s.node(x).phase]
    if said is not None:
        return State.FAILED if bad else said
    return State.FAILED if bad else State.SKIPPED if _was_left_out(s, b) or _was_left_off(s, b) else State.COMPLETED


def _was_left_out(s: Recorded, b: int) -> bool:
    """Whether a scope was skipped as one, by a person or by `where`, and has no value all the same."""
    r, _, _ = s.place(b)
    just, units = r.block.output.just, range(b, b + r.block.n)
    out = any(s.status[u] == State.SKIPPED and s.why_ended(u) in ("scope", "where") for u in units)
    return out and (just is None or s.status[b + just] != State.COMPLETED)


def _was_left_off(s: Recorded, b: int) -> bool:
    """Whether something in a scope was cancelled when a step finished what lies around that."""
    cancelled = (u for u in range(b, b + s.place(b)[0].block.n) if s.status[u] == State.CANCELLED)
    return any(s.why_ended(u) == "finished early" for u in cancelled)


def _is_taken(s: Recorded, u: int) -> bool:
    from rules import taken_up

    r, k, b = s.place(u)
    given = frozenset(n for n in range(r.block.n) if did_not_run(s, b + n))
    return k in taken_up(r.block, scope_of(s, u), given)


def a_stop_has_its_target(core: Core) -> None:
    s = core.state
    stopping = {u for u, state in enumerate(s.status) if state == State.STOPPING}
    open_ = {u for u, state in enumerate(s.status) if state == State.OPEN}
    need(stopping <= set(s.target) <= stopping | open_, f"{stopping} are being stopped, targets are of {set(s.target)}")
    if s.run is RunState.ENDING:
        ends = (State.CANCELLED, State.RETIRED)
        kept = [u for u in stopping if s.target[u][0] not in ends and not of_an_end(s, u)]
        need(not kept, f"the run is ending, but {named(s, kept)} become something else than cancelled")


def an_ending_run_has_only_bodies(core: Core) -> None:
    """Nothing can start any more but what belongs to an end: what has no body has ended, but groups that wait for one."""
    s = core.state
    if s.run is RunState.ENDING:
        fine = {State.STOPPING, State.OPEN, *OVER}
        left = [u for u in units(s) if s.status[u] not in fine and not of_an_end(s, u)]
        need(not left, f"the run is ending, but {named(s, left)} have not been stopped")


def a_drained_run_is_paused(core: Core) -> None:
    s = core.state
    need(s.run is not RunState.PAUSING or core.agenda.live > 0, "nothing runs, but the run is still pausing")
    need(s.run is not RunState.PAUSED or State.RUNNING not in s.status, "the run is paused, but a body runs")


# ---------------------------------------------------------------------- of groups


def a_group_knows_its_units(core: Core) -> None:
    """By place and unit, and each spawned one by who spawned it."""
    s = core.state
    for p in s.kids:
        if s.kind(p) is not MAP:
            continue
        name, items = label(s, p), s.members(p)
        need([s.index(u) for u in items] == list(range(len(items))), f"'{name}' does not find its units")
        need([s.item(p, i) for i in range(len(items))] == list(items), f"'{name}' does not find its units")
        told = sorted(u for names in s.children.get(p, {}).values() for u in names.values())
        need(told == [u for u in items if u in s.spawned], f"'{name}' did not spawn {told}")


def a_path_knows_its_units(core: Core) -> None:
    """All that have it but items, in whatever state, as a look at each of them tells."""
    s = core.state
    found: dict[tuple[str, int], list[int]] = {}
    for u in range(len(s.status)):
        if s.map_of(u) < 0:
            found.setdefault((s.path(u), s.status[u]), []).append(u)
    for (path, status), own in found.items():
        need(s.units_of(path, status) == own, f"'{path}' does not find its units that are {State(status).label}")


def no_group_waits_for_ended_units(core: Core) -> None:
    """But a loop, which may wait for its next round."""
    s = core.state
    for p in groups(s):
        if s.status[p] == State.OPEN and (s.kind(p) is not LOOP or p in s.target):
            over = all(state in OVER for _, a, b in s.scopes(p) for state in s.status[a:b])
            source = streams.source_of(s, p) if p not in s.target else -1
            over = over and (source < 0 or s.status[source] in OVER)
            need(not over, f"'{label(s, p)}' is open, its units ended")


def an_ended_group_has_only_bodies(core: Core) -> None:
    """What lies in a group that has ended has ended too, or is being stopped."""
    s = core.state
    for p in groups(s):
        if s.status[p] in TERMINAL:
            left = [
                u
                for _, a, b in s.inside(p)
                for u in range(a, b)
                if s.status[u] not in {State.STOPPING, State.OPEN, *OVER}
            ]
            left = [u for u in left if not of_an_end(s, u)]
            need(not left, f"'{label(s, p)}' has ended, but {named(s, left)} have not")


def an_open_group_lies_in_open_ones(core: Core) -> None:
    """But what lost goes on to its end, though its group has ended."""
    s = core.state
    for u in units(s):
        above = s.parent(u)
        if s.status[u] == State.OPEN and above >= 0 and u not in s.target and not of_an_end(s, u):
            need(
                s.status[above] == State.OPEN,
                f"'{label(s, u)}' is open in a group that is {State(s.status[above]).label}",
            )


def what_a_step_ended_has_its_step(core: Core) -> None:
    """Beside it, or around it; a rollback of that takes it back, but not in a group that came to another end by hand, or had
    given its value before, and went on for the rest of its items alone."""
    s, ended = core.state, set[int]()
    for u in units(s):
        step, (r, _, b) = s.node(u).step, s.place(u)
        if step is None or s.status[u] != State.COMPLETED or s.reason.get(u) == "given":
            continue
        try:
            span = range(b, b + r.block.n) if step.own else range(aim(s, u), aim(s, u) + 1)
        except LookupError:  # somebody skipped it where it lies in no such group
            continue
        ended.update(span)
        for x in span:
            ended.update(y for _, a, z in s.inside(x) for y in range(a, z)) if s.is_group(x) else None
    left = [u for u in units(s) if s.status[u] == State.CANCELLED and s.why_ended(u) in BY_STEPS and u not in ended]
    left = [u for u in left if not _ended_otherwise(s, s.parent(u))]
    need(not left, f"{named(s, left)} were cancelled by a step, which has not run")


def _ended_otherwise(s: Recorded, u: int) -> bool:
    """Whether it, or something around it, was skipped or given a value, or had its own."""
    while u >= 0:
        by_hand = s.status[u] in TERMINAL and s.why_ended(u) in ("user", "scope", "given")
        if by_hand or u in s.won:
            return True
        u = s.parent(u)
    return False


def what_failed_upstream_has_a_bad_need(core: Core) -> None:
    """Or too few of those of which it needs some; or a group around it that ended without having opened. In a scope that is
    skipped as one what was bad and counted for nothing stays so."""
    s = core.state
    for u in units(s):
        if s.status[u] == State.UPSTREAM_FAILED and not s.node(u).phase:
            above = s.parent(u)
            in_bad = above >= 0 and s.status[above] in BAD
            source = streams.source(s, u)
            in_vain = source >= 0 and s.status[source] != State.COMPLETED
            said = State.UPSTREAM_FAILED if in_vain else needs_say(*block_of(s, u), seen_by(s, u))
            fed = source < 0 or s.status[source] in BAD or s.kind(above) is EACH
            need(fed, f"'{label(s, u)}' failed upstream, and what it waits for did not")
            b = s.place(u)[2]
            as_one = any(s.why_ended(b + n) == "scope" for n in s.node(u).needs)
            need(
                in_bad or as_one or said is State.UPSTREAM_FAILED,
                f"'{label(s, u)}' failed upstream, where nothing is bad",
            )


# ---------------------------------------------------------------------- of time


def nothing_counts_while_paused(core: Core) -> None:
    """Time limits but those of attempts stand still while the run is paused or their unit is, and then alone."""
    s = core.state
    paused = s.run in STILL
    for timers in (s.limits, core.agenda.local):
        for kind, u in timers.deadline:
            if kind in (Timer.DUE, Timer.WAIT, Timer.GRACE):
                continue
            still = kind is not Timer.RUN and _stands_still(core, u)
            fine = not still and not (paused and kind in PAUSABLE)
            need(fine, f"the {kind.name} limit of unit {u} counts while paused")
            need(kind is Timer.RUN or s.status[u] not in OVER, f"the {kind.name} limit of unit {u} outlives it")
        for kind, u in timers.frozen:
            still = kind is not Timer.RUN and _stands_still(core, u)
            need(still or (paused and kind in PAUSABLE), f"the {kind.name} limit of unit {u} stands still")
    limited = s.root.spec is not None and s.root.spec.timeout is not None and s.run is RunState.RUNNING
    need(not limited or (Timer.RUN, WHOLE) in s.limits.deadline, "the run is running, and its limit does not count")


def _stands_still(core: Core, u: int) -> bool:
    paused = core.state.status[u] == State.OPEN and bool(core.state.held(u))
    return paused or shown(core, u) in (State.HELD, State.SUSPENDED)


def what_waits_for_its_retry_is_due(core: Core) -> None:
    s = core.state
    retrying = {u for u, state in enumerate(s.status) if state == State.RETRYING}
    need(
        {u for u in s.due if s.status[u] != State.OPEN} == retrying, f"{retrying} are tried again, due are {set(s.due)}"
    )


def a_wait_is_watched(core: Core) -> None:
    """What waits is known by what it waits for; its time fires while the run runs, and never while it is paused."""
    s = core.state
    waiting = {u for u, state in enumerate(s.status) if state == State.WAITING}
    need(set(s.waits) == waiting, f"{waiting} wait, it is told of {set(s.waits)}")
    runs = s.run is RunState.RUNNING or s.run is RunState.ENDING
    for u in waiting:
        due, armed = s.waits[u]["due"], s.limits.deadline.get((Timer.WAIT, u))
        right = armed is None if due is None or not runs else armed is not None and abs(armed - due) < 1e-6
        need(right, f"unit {u} waits until {due}, and its limit is {armed}")


def what_was_sent_is_heard(core: Core) -> None:
    s = core.state
    for u, wait in s.waits.items():
        sent = len(s.signals.get(wait["name"], ())) if wait["for"] == "signal" else 0
        need(sent <= s.taken.get(s.in_all_rounds(u), 0), f"unit {u} waits for a signal that was sent")


def what_a_rollback_took_out_is_gone(core: Core) -> None:
    """Or its body is being stopped."""
    s = core.state
    left = [u for u, state in enumerate(s.status) if s.gone(u) and state not in (State.RETIRED, State.STOPPING)]
    need(not left, f"{left} go on, though a rollback took them out")
    need(
        all(s.gone(u) for u, state in enumerate(s.status) if state == State.RETIRED),
        "something is retired, but not gone",
    )


# ---------------------------------------------------------------------- with what the world knows


def nothing_is_forgotten(core: Core, asks: Collection[Ask]) -> None:
    """A pending node whose needs decide what becomes of it has moved, waits for its place, or the core waits for an answer
    about it. While the run or the node is paused nobody is asked.
    """
    s, g = core.state, core.agenda
    if s.run is RunState.PENDING or s.run in RUN_TERMINAL:
        return
    for u in units(s):
        above = s.parent(u)
        if s.status[u] != State.PENDING or not is_open(s, u):
            continue
        source = streams.source(s, u)
        there = State.COMPLETED if source < 0 else State(s.status[source])
        need(there not in OVER or there is State.COMPLETED, f"'{label(s, u)}' waits in vain")
        if above >= 0 and s.kind(above) is MAP:
            need(there is not State.COMPLETED or g.left[u] <= 0, f"'{label(s, u)}' waits for what has completed")
            continue
        if there is not State.COMPLETED:
            need(g.left[u] > 0, f"'{label(s, u)}' does not wait for '{label(s, source)}'")
            continue
        untold = joins.is_untold(s, u)
        said = GO if u in s.winners else needs_say(*block_of(s, u), seen_by(s, u), bad=_is_undone(s, u), untold=untold)
        need(said in (GO, WAIT), f"'{label(s, u)}' is pending, its needs say {said.label}")
        still = s.run in STILL or (s.run is not RunState.ENDING and s.held(u)) or u in g.abandoned
        if said is GO and not still:
            asked = (u, g.asked.get(u, -1)) in asks
            need(
                asked or g.is_ready(u),
                f"'{label(s, u)}' is pending with all that it needs, and nobody was asked about it",
            )
    unasked = [u for u, number in g.asked.items() if (u, number) not in asks]
    need(not unasked, f"the core waits for an answer about {named(s, unasked)}, and nobody was asked")


def _is_undone(s: Recorded, u: int) -> bool:
    """Whether a node that takes something back has to."""
    above = s.parent(u)
    around = above >= 0 and s.node(above).undoes is not None
    return s.node(u).undoes is not None and was_done(s, u) and (around or _ends_badly(s, u))


def _ends_badly(s: Recorded, u: int) -> bool:
    r, _, b = s.place(u)
    above = s.parent(b)
    if (above < 0 and s.run is RunState.ENDING) or (above in s.target and s.target[above][0] != State.COMPLETED):
        return True
    said = finished_as(s, r.block, b)
    if said is not None or (above in s.target and s.target[above][1] == "finished early"):
        return said is State.FAILED
    states = scope_of(s, u)
    return any(states[k] in BAD and node.phase < 1 and not _is_taken(s, b + k) for k, node in enumerate(r.block.nodes))


def a_free_place_is_used(core: Core, free: int) -> None:
    """No unit of a running run stays ready while there is a place, but one that waits for its abandoned body; of one in a flow
    that takes places as a whole, while there are these."""
    s = core.state
    if s.run is not RunState.RUNNING or free <= 0:
        return
    for u in units(s):
        if shown(core, u) is State.READY and u not in core.agenda.abandoned:
            door = core.agenda.doors.closed(s, u)
            full = core.agenda.lane(u if door is None else door).full()
            need(full is not None, f"'{label(s, u)}' is ready, and a place is free")


# ---------------------------------------------------------------------- of requests


def what_was_set_is_kept(core: Core, u: int, options: dict[str, Any]) -> None:
    for name, value in options.items():
        need(getattr(core.state.policy(u), name) == value, f"{name} of '{label(core.state, u)}' is not what was set")


ASKED_FOR = {"cancel": State.CANCELLED, "skip": State.SKIPPED, "give": State.COMPLETED, "pause": State.HELD}


def a_request_that_was_taken_has_its_effect(core: Core, verb: str, u: int) -> None:
    """At once, or when the body or the units that are still live have ended. `give` is a skip with a value."""
    if verb not in ASKED_FOR:
        return
    s, to = core.state, ASKED_FOR[verb]
    state = shown(core, u)
    stopping = u in s.target and s.target[u][0] is to
    marked = verb == "pause" and bool(s.held(u))
    need(state is to or stopping or marked, f"'{label(s, u)}' is {state.label} after a {verb}")


def a_request_of_a_scope_has_its_effect(core: Core, verb: str, scope: Scope, told: Collection[Any] = ()) -> None:
    """On every node in it that has not ended, but for what belongs to its end; the others come to theirs when their bodies do.
    `told` are the facts that it led to."""
    s, name = core.state, scope_label(core.state, scope)
    if s.home[scope.start] in s.retired:
        again = verb == "rollback" or tried_again(told) & groups_of(s, (scope.start,))
        return need(bool(again), f"'{name}' is out of the run after a {verb}")
    left = [u for u in scope.units if s.status[u] not in OVER and not s.node(u).phase]
    if verb == "pause":
        need(all(s.held(u) for u in left), f"'{name}' goes on after a pause")
    if verb == "resume":
        need(not any(s.held(u) for u in left if s.held(u) != "breakpoint"), f"'{name}' is paused after a resume")
    if verb in ("cancel", "skip"):
        to = ASKED_FOR[verb]
        need(all(s.target[u][0] is to for u in left), f"{named(s, left)} go on after a {verb} of '{name}'")
    if verb == "skip" and not left and not s.stretches[scope.stretch].block.phased:
        need(_scope_end(s, scope.stretch, scope.start) is not State.FAILED, f"'{name}' is bad, though it was skipped")
    if verb == "give":
        just = scope.start + (s.stretches[scope.stretch].block.output.just or 0)
        given = s.status[just] == State.COMPLETED or s.target[just][0] is State.COMPLETED
        need(given, f"'{name}' has no value, though one was given")
    return None


def tried_again(told: Collection[Any]) -> set[int]:
    """The units that facts tell are to be tried again, whatever has become of that since."""
    return {fact[2] for fact in told if fact[0] == MOVED and fact[4] == State.RETRYING}


def what_was_made_stays(core: Core, was: bytes, told: Collection[Any]) -> None:
    """After a retry or skip without `redo` all that had run and completed is so still, but for what the end of a scope had taken
    or taken back, and groups that are open again, or tried again as a whole. `was`: the states before, `told`: the facts since."""
    s = core.state
    if any(r.block.phased for r in s.stretches):
        return
    done = [
        u for u, state in enumerate(was) if state == State.COMPLETED and s.attempt[u]
    ]  # a value may be given to who has not
    back = [u for u in done if s.status[u] not in (State.COMPLETED, State.OPEN)]
    back = [u for u in back if not tried_again(told) & groups_of(s, (u,))]
    need(not back, f"{named(s, back)} are set back, and nobody said so")


COUNTS_ALL_THE_SAME = frozenset((State.CANCELLED, State.FAILED, State.RETRYING, State.SKIPPED))
"""Stop targets that a result which came all the same takes precedence over."""


def a_result_of_a_stopped_body_counts_where_it_may(core: Core, u: int, target: State, value: Any, attempt: int) -> None:
    """It completes its node, unless it was fenced off: by a rollback, or by a value that a person gave."""
    s = core.state
    took = s.status[u] == State.COMPLETED and s.attempt[u] == attempt and s.values[u] == value
    fine = took == (target in COUNTS_ALL_THE_SAME)
    need(fine, f"unit {u} was stopped to be {target.label}; its result {'counts' if took else 'is lost'}")


def what_it_says_is_not_heard(core: Core, u: int, number: int) -> bool:
    """Of a body: its attempt is over, or its result would not count. Then nothing that it spawns is added."""
    s = core.state
    target = s.target[u][0] if s.status[u] == State.STOPPING else State.CANCELLED
    over = s.attempt[u] != number or s.status[u] not in LIVE
    group = s.map_of(u)
    shut = group >= 0 and s.status[group] != State.OPEN
    return s.gone(u) or over or shut or target not in COUNTS_ALL_THE_SAME


def what_was_rolled_back_runs_again(core: Core, u: int) -> None:
    """Unless what it needs says otherwise, or its sub-flow never opened."""
    s = core.state
    said = needs_say(*block_of(s, u), seen_by(s, u))
    if said is GO and is_open(s, u) and not s.node(u).phase:
        state = State(s.status[u])
        again = state not in TERMINAL or s.reason.get(u) == "disabled"  # it is skipped in the same turn
        need(again, f"'{label(s, u)}' was rolled back, but is {state.label}")


OF_A_CORE: tuple[Callable[[Core], None], ...] = (
    a_terminal_run_has_no_live_node,
    a_completed_run_has_no_bad_node,
    counts_are_right,
    a_stop_has_its_target,
    an_ending_run_has_only_bodies,
    a_drained_run_is_paused,
    a_group_knows_its_units,
    a_path_knows_its_units,
    no_group_waits_for_ended_units,
    an_ended_group_has_only_bodies,
    an_open_group_lies_in_open_ones,
    what_failed_upstream_has_a_bad_need,
    what_a_step_ended_has_its_step,
    nothing_counts_while_paused,
    what_waits_for_its_retry_is_due,
    what_a_rollback_took_out_is_gone,
    a_wait_is_watched,
    what_was_sent_is_heard,
)


def hold_all(core: Core) -> None:
    for invariant in OF_A_CORE:
        invariant(core)


__all__ = ["ALL", "FLOW", "Broken", "absorbed", "hold_all", "need"]
