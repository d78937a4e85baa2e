"""Again: what has ended is pending again, with what depends on it; what was made from it is rolled back.

Retry sets bad ends back, and goes on where they were. Rollback sets back what was made, in the scope of a unit, in later
rounds of the loops around it, and behind the groups that it lies in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence, Set

from stratix_tasks.core.answers import Do
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.decide.follows import (
    bad_in,
    bad_sources,
    ended_after,
    followed,
    lost_to,
    made_from,
    with_ended,
)
from stratix_tasks.core.facts import AGAIN, REOPENED, ROLLED
from stratix_tasks.core.joins import GO, ran_at_ends, verdict
from stratix_tasks.core.node import ALL, ANY, LOOP, SETTLED
from stratix_tasks.core.state import State, apart, spans
from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, RunEvent, S
from stratix_tasks.core.steps import cut_off, ended_by
from stratix_tasks.core.streams import sources_of
from stratix_tasks.core.targets import Scope
from stratix_tasks.core.undo import taken_back
from stratix_tasks.core.units import Spans


def revive(core: Core, at: float) -> None:
    """failed, cancelled → running."""
    if core.state.run in RUN_TERMINAL:
        core.move_run(RunEvent.REVIVE, at, "user")
        core.agenda.unpark()


# ---------------------------------------------------------------------- retry


def retry(core: Core, units: Collection[int], at: float) -> None:
    """Bad ends are pending again, and what ended for them; groups around them are open again."""
    fresh, groups, items = go_on(core, (), *_bad(core, units), at, groups_of(core.state, units))
    set_again(core, fresh, groups, items, at)


def _bad(core: Core, units: Iterable[int]) -> tuple[set[int], set[int], Spans]:
    fresh, groups, items = bad_in(core, units)
    return fresh, groups, items + bad_sources(core.state, [*items, *_of_streams(core.state, fresh)])


def readers_of_retry(core: Core, units: Iterable[int]) -> dict[int, int]:
    """What went on with the bad ends of units, and with what ended for these: by reader what it read. Not who ended badly
    itself: that is tried again with them."""
    return _readers_of(core, (), *_bad(core, units))


def readers_of_end(core: Core, u: int) -> dict[int, int]:
    """The same of a unit that is to come to another end."""
    return _readers_of(core, (u,), set(), set(), [])


def readers_of_scope(core: Core, u: int) -> dict[int, int]:
    """The same of the nodes of the scope that a unit lies in: what went on with the groups around it."""
    s, scope = core.state, core.state.place(u)[2]
    found = {**_readers_of(core, groups_around(core, (u,)), set(), set(), []), **readers_around(core, u)}
    return {x: read for x, read in found.items() if not _lies_in(s, x, scope)}


def _readers_of(core: Core, units: Iterable[int], fresh: set[int], groups: set[int], items: Spans) -> dict[int, int]:
    fresh, groups, items = with_what_followed(core, units, fresh, groups, items)
    found = readers(core, _concerned(core, units, fresh, groups, items))
    return {x: u for x, u in found.items() if x not in fresh}


def _concerned(core: Core, units: Iterable[int], fresh: set[int], groups: set[int], items: Spans) -> set[int]:
    """With the groups around them that are to be open again."""
    found = {*units, *fresh, *groups, *(a for a, _ in items)}
    return found | groups_around(core, found)


def end_otherwise(core: Core, u: int, end: Callable[[], None], at: float) -> None:
    """What had ended for a unit is pending again, for that has come to another end; groups around it are open again."""
    fresh, groups, items = go_on(core, (u,), set(), set(), [], at, groups_of(core.state, (u,)))
    end()
    set_again(core, fresh - {u}, groups | groups_around(core, (u,)), items, at)
    core.agenda.review([(u, u + 1)])


def end_of_lost(core: Core, units: Sequence[int], end: Callable[[], None]) -> None:
    """What has lost comes to another end, and nothing follows from that."""
    end()
    core.agenda.review(spans(units))


def end_inside(core: Core, units: Sequence[int], end: Callable[[], None], at: float) -> None:
    """Nodes of one scope come to another end, and the scope with them. Nothing in it goes on for that; what had ended for the
    groups around it is pending again, and these are open again."""
    s, around = core.state, groups_around(core, units)
    fresh, groups, items = go_on(core, around, set(), set(), [], at, groups_of(s, units), ended=units[0])
    end()
    set_again(core, fresh, groups | {p for p in around if not s.gone(p)}, items, at)
    core.agenda.review(spans(units))


def with_what_followed(
    core: Core, units: Iterable[int], fresh: set[int], groups: set[int], items: Spans
) -> tuple[set[int], set[int], Spans]:
    """With what ended for these units: units, groups, and spans of items."""
    s, streams = core.state, core.state.root.streams
    while True:
        again = [(u, u + 1) for u in (*units, *fresh)] if streams else []
        inner = followed(s, again + items) if streams else []
        more = ended_after(core, [*units, *fresh, *groups, *(a for a, _ in items)])
        more |= {u for a, b in inner if not _is_of_map(s, a) for u in range(a, b)}
        more -= fresh | groups
        inner = [run for run in inner if _is_of_map(s, run[0])]
        if not more and all(run in items for run in inner):
            break
        new, opened, bad = bad_in(core, more)
        fresh |= new
        groups |= opened
        items += [run for run in dict.fromkeys([*inner, *bad]) if run not in items]
    return fresh, groups, [run for run in items if not all(u in fresh for u in range(*run))]


def _is_of_map(s: State, u: int) -> bool:
    return s.map_of(u) >= 0


def _of_streams(s: State, units: Iterable[int]) -> Spans:
    """Those of mapped flows that stream."""
    return [(u, u + 1) for u in units if s.root.streams and s.stretches[s.home[u]].origin >= 0]


def go_on(
    core: Core,
    units: Collection[int],
    fresh: set[int],
    groups: set[int],
    items: Spans,
    at: float,
    held: Set[int],
    ended: int = -1,
) -> tuple[set[int], set[int], Spans]:
    """The run goes on, and what went on with the ends of these as they were is rolled back; not what they lie in, `held`. Returns
    them with what is pending again for that; in the scope of what is to come to another end, `ended`, nothing is."""
    s, read = core.state, {} if ended < 0 else readers_around(core, ended)
    scope = -1 if ended < 0 else s.place(ended)[2]
    revive(core, at)
    while True:
        fresh, groups, items = with_what_followed(core, units, fresh, groups, items)
        concerned = _concerned(core, units, fresh, groups, items)
        cut = roll_ends(core, concerned, at, held)
        cut |= roll_users(core, {**readers(core, concerned), **read}, concerned, at, held)
        cut = {u for u in cut if not _lies_in(s, u, scope)}
        if not cut:
            return fresh, groups, items
        opened = {u for u in cut if u in s.kids}
        fresh, groups = fresh | (cut - opened), groups | opened


def _lies_in(s: State, u: int, scope: int) -> bool:
    """Whether it lies, at any depth, in the scope that begins there."""
    while u >= 0 and s.place(u)[2] != scope:
        u = s.parent(u)
    return u >= 0


def groups_of(s: State, units: Iterable[int]) -> set[int]:
    """The groups that units lie in."""
    found = set[int]()
    for u in units:
        while (u := s.parent(u)) >= 0 and u not in found:
            found.add(u)
    return found


def groups_around(core: Core, units: Iterable[int]) -> set[int]:
    """Groups that had ended, and are to be open again for what lies in them."""
    s, found = core.state, set[int]()
    for u in units:
        p = s.parent(u)
        while p >= 0 and p not in found:
            if s.status[p] in TERMINAL and p in s.kids:
                found.add(p)
            p = s.parent(p)
    return found


def set_again(core: Core, fresh: set[int], groups: set[int], items: Spans, at: float) -> None:
    s, g = core.state, core.agenda
    around = groups_around(core, [*fresh, *groups, *(a for a, _ in items)])
    again = apart([*spans(u for u in fresh if s.status[u] in TERMINAL), *(run for run in items if not s.gone(run[0]))])
    reopened = sorted(p for p in groups | around if s.status[p] in TERMINAL)
    if again:
        core.tell(AGAIN, at, again, "user")
        for a, b in again:
            for u in range(a, b) if core.cache else ():
                core.cache.pop(u, None)
    if reopened:
        core.tell(REOPENED, at, reopened)
    for p in reversed(reopened):
        core.cache.pop(p, None)
        g.reopened(p)
    g.review([*again, *spans(reopened)])


# ---------------------------------------------------------------------- what was made from less


def readers(core: Core, units: Set[int]) -> dict[int, int]:
    """What went on with units as they ended, or is about to: by reader what it read. A retry of these makes it wrong. Of groups
    that failed those that are to be open again, which would go on with what they were given."""
    s, found = core.state, dict[int, int]()
    for u in units:
        r, k, b = s.place(u)
        for o in r.block.outs[k]:
            x, join = b + o, r.block.joins[o]
            soft = k in r.block.soft.get(o, ())
            fine = join == ALL and k in r.block.tolerated
            used = (
                (join == SETTLED and verdict(s, x) == GO) or (join == ANY and u in s.winners.get(x, ())) or soft or fine
            )
            began = (
                s.status[x] in (S.COMPLETED, S.OPEN) or s.attempt[x] or x in s.winners or (x in units and x in s.kids)
            )
            if used and began:
                found[x] = u
        found |= readers_around(core, u)
        for y, _ in followed(s, [(u, u + 1)]) if r.block.items else ():
            found |= readers_around(core, y)
    return found


def readers_around(core: Core, u: int) -> dict[int, int]:
    """Of these the groups that it lies in, which have completed."""
    s, found, p = core.state, dict[int, int](), core.state.parent(u)
    while p >= 0:
        if s.status[p] == S.COMPLETED:
            found[p] = u
        p = s.parent(p)
    return found


def roll_users(core: Core, read: dict[int, int], units: set[int], at: float, held: Set[int]) -> set[int]:
    """What went on with a bad end that is to be another one is rolled back, for it was made from less: readers, each with what it
    read, which is among `units` or lies in them. What was asked of lies in `held`, and stays there. Returns what `roll` does."""
    s, cut = core.state, set[int]()
    for x, u in read.items():
        if s.gone(x) or s.gone(u) or (x in units and x not in s.kids):
            continue  # that ended badly itself: who read it is a reader, too
        # of a join that has fired, and not begun, nothing was made
        made, rounds, above = made_from(core, x) if s.status[x] != S.PENDING else (set[int](), [], [])
        made = _made_again(s, made, units, held)
        if x in groups_of(s, (u,)):
            cut |= roll(core, made, rounds, [p for p in above if p not in units], at)
        else:
            kept = _lost_groups(core, x) if s.status[x] == S.PENDING else set[int]()
            cut |= roll(core, _made_again(s, with_ended(s, {x, *made}), units, held) - kept, rounds, above, at) | kept
    return cut


def _lost_groups(core: Core, join: int) -> set[int]:
    """Of what has lost to a join the groups that had opened, with what ended badly in them: they go on with what was made in there."""
    groups = [u for u in lost_to(core.state, join) if u in core.state.kids and core.state.status[u] in TERMINAL]
    fresh, opened, items = bad_in(core, groups)
    return fresh | opened | {u for a, b in items for u in range(a, b)}


def _made_again(s: State, made: set[int], units: set[int], held: Set[int]) -> set[int]:
    """Of what was made from what is set back what does not go on where it was: all but `units`, and of these the groups that have
    opened. That in which lies what was asked of, `held`, does, and what that streams from stays."""
    return {one for one in made - held - sources_of(s, held) if one not in units or one in s.kids}


def roll_ends(core: Core, units: set[int], at: float, held: Set[int]) -> set[int]:
    """The end of a scope that goes on again has not come: what has run for it is set back, with what that had taken, or taken
    back. Returns what `roll` does."""
    s = core.state
    again, undone = set[int](), set[int]()
    for u in units:
        again |= ran_at_ends(s, u)
        undone |= taken_back(s, u)
    stays = s.before(held)  # what was asked of goes on in groups that were made from that
    again = (again - units - stays) | undone
    if not again:
        return set()
    made = {x for u in again for x in made_from(core, u)[0]}
    return roll(core, again | _made_again(s, with_ended(s, again | made), units, held), [], [], at)


# ---------------------------------------------------------------------- rollback


def roll(core: Core, units: set[int], rounds: list[int], above: list[int], at: float) -> set[int]:
    """Units are as if they had not run; what they opened, and later rounds, are out of the run; groups around are open. Returns
    what steps among them had cut off in groups that are not."""
    s, g = core.state, core.agenda
    units = _with_members(core, units)
    rounds = [i for i in dict.fromkeys(rounds) if i not in s.retired]
    out = [(i, s.stretches[i].base, s.stretches[i].stop) for i in rounds]
    out += [(i, s.stretches[i].base, s.stretches[i].stop) for u in units for i in _retires(core, u)]
    gone = s.below(out)
    leave = {i for i, _, _ in gone}
    units = {u for u in units if s.home[u] not in leave}
    for u in [*units, *(u for _, a, b in gone for u in range(a, b))] if core.cache or g.tally or g.opening else ():
        core.cache.pop(u, None)
        g.tally.pop(u, None)
        g.forget_question(u)
    left = {x for u in units for x in ended_by(s, u)} - units if s.root.stepping else ()
    cut = {y for x in left if s.home[x] not in leave for y in cut_off(s, x)}
    live = [u for u in units if s.status[u] in (S.RUNNING, S.SUSPENDED)]
    live += [u for state in (S.RUNNING, S.SUSPENDED) for _, a, b in gone for u in s.find(state, a, b)]
    stops = dict.fromkeys(live)  # what lies in two of them is stopped once
    g.live += sum(s.status[u] == S.SUSPENDED for u in stops)
    if units or rounds:
        core.tell(ROLLED, at, spans(units), [[s.stretches[i].parent, s.stretches[i].index] for i in rounds])
    for u in stops:
        core.command(Do.STOP, u, s.attempt[u])
    g.drop_gone()
    groups = sorted(p for p in above if s.status[p] in TERMINAL and p in s.kids and not s.gone(p))
    if groups:
        core.tell(REOPENED, at, groups)
    for p in reversed(groups):
        core.cache.pop(p, None)
    g.review(spans({*units, *groups, *(p for p in above if not s.gone(p))}))
    for p in above:
        if not s.gone(p) and s.status[p] == S.OPEN:
            g.forget_question(p)
            g.reopened(p)
    return cut


def _with_members(core: Core, units: Iterable[int]) -> set[int]:
    """With all that is laid out in sub-flows among them."""
    s, found, stack = core.state, set[int](), list(units)
    while stack:
        u = stack.pop()
        if u in found or s.gone(u):
            continue
        found.add(u)
        r, k, _ = s.place(u)
        if k in r.fixed:
            stack += [x for _, a, b in s.scopes(u) for x in range(a, b)]
    return found


def _retires(core: Core, u: int) -> list[int]:
    s = core.state
    r, k, _ = s.place(u)
    return [] if k in r.fixed else s.kids.get(u, [])


def rollback(core: Core, units: set[int], at: float) -> None:
    """These units and all that was made from them; with none of their own, what was made alone: see `behind`."""
    made: set[int] = set(units)
    rounds: list[int] = []
    above: list[int] = []
    for u in units:
        behind, later, around = made_from(core, u)
        made |= behind
        rounds += later
        above += around
    _roll_back(core, units, made, rounds, above, at)


def behind(core: Core, u: int, at: float) -> None:
    """What was made from a unit, which stays as it is."""
    _roll_back(core, {u}, *made_from(core, u), at)


def behind_scope(core: Core, scope: Scope, at: float) -> None:
    """What was made from a scope, which stays as it is: later rounds of its loop, and what lies behind its group."""
    s, p = core.state, scope.group
    made, rounds, above = made_from(core, p)
    if s.kind(p) is LOOP:
        rounds += [i for i in s.kids[p] if s.stretches[i].index > scope.index]
    _roll_back(core, {scope.start}, made, rounds, [p, *above], at)


def _roll_back(core: Core, units: set[int], made: set[int], rounds: list[int], above: list[int], at: float) -> None:
    """Of what was taken back around the units nothing stays: it is made again."""
    for u in {x for one in units for x in taken_back(core.state, one)}:
        behind, later, around = made_from(core, u)
        made |= {u, *behind}
        rounds += later
        above += around
    made = with_ended(core.state, made)
    roll(core, made, rounds, _around(above, made), at)


def _around(above: list[int], made: set[int]) -> list[int]:
    return [p for p in dict.fromkeys(above) if p not in made]
