"""Fork: which results of a run another one takes over, and the facts that say so at its beginning.

A result is taken over when it is not to be made again and everything that it was made from is taken over too. A sub-flow
that is taken over in part begins open.
"""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.facts import EXPANDED, FINISHED, GIVEN, MOVED, RESOLVED, SPAWNED, WON, Fact
from stratix_tasks.core.joins import ends_after, ran_at_ends
from stratix_tasks.core.node import EACH, FLOW, LOOP, MAP
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import FINISHED as FINISHED_EARLY
from stratix_tasks.core.state import MISSING, WITHIN, State
from stratix_tasks.core.states import Event, S
from stratix_tasks.core.steps import ended_by
from stratix_tasks.core.streams import readers
from stratix_tasks.core.undo import taken_back

REASON = "forked"
COUNTS = ("given", FINISHED_EARLY, WITHIN)
"""What completed for one of these reasons has that in the new run, too."""
Place = tuple[int, int, int]
"""A unit of the new run, and the unit and attempt of the old one whose payload frame holds its result."""


def again(old: State, roots: set[int]) -> set[int]:
    """These nodes, all that depends on them, and what lies in sub-flows among them: of those that are laid out from the
    beginning."""
    found, stack, laid_out = set[int](), list(roots), len(old.root.outline.names)
    by_steps = _ended_by_steps(old)
    while stack:
        u = stack.pop()
        if u in found:
            continue
        found.add(u)
        r, k, b = old.place(u)
        stack += [b + o for o in r.block.outs[k]]
        stack += [one for one in (*ended_by(old, u), *_ends(old, u)) if one < laid_out]
        stack += by_steps.get(u, ())
        above = old.parent(u)
        while above >= 0:  # what comes behind the sub-flow that it lies in; that itself begins open
            r, k, b = old.place(above)
            stack += [b + o for o in r.block.outs[k]]
            above = old.parent(above)
    inside, stack = set[int](), list(found)
    while stack:
        u = stack.pop()
        if u not in inside:
            inside.add(u)
            r, k, _ = old.place(u)
            stack += old.members(u) if k in r.fixed else ()
    return inside


def _ends(old: State, u: int) -> set[int]:
    """What stands at the ends of the scopes around a node; and what that had taken, or taken back: it is not there any more."""
    found = ran_at_ends(old, u) | taken_back(old, u)
    while u >= 0:
        r, k, b = old.place(u)
        found.update(b + p for p in ends_after(r.block, k))
        u = old.parent(u)
    return found


def _ended_by_steps(old: State) -> dict[int, list[int]]:
    """Of what steps ended those that did, as far as both are laid out from the beginning."""
    found: dict[int, list[int]] = {}
    for u in range(len(old.root.outline.names)) if old.root.stepping else ():
        for one in ended_by(old, u):
            found.setdefault(one, []).append(u)
    return found


def taken_over(old: State, again: set[int]) -> tuple[set[int], set[int]]:
    """The nodes whose results stay when `again` run again; and the sub-flows that begin open. Of those that are laid out
    from the beginning; what lies in maps, mapped flows and loops goes with them."""
    units = range(len(old.root.outline.names))
    keep = {u for u in units if u not in again and old.as_taken(u) in (S.COMPLETED, S.SKIPPED)}
    open_ = {u for u in units if old.kind(u) is FLOW and u in old.kids and _is_laid_out(old, u)} - again
    steps = _ended_by_steps(old)
    changed = True
    while changed:
        partial = {u for u in keep & open_ if any(m not in keep for m in old.members(u))}
        wrong = {u for u in keep - partial if not _grounded(old, u, keep, open_, steps)}
        shut = {u for u in open_ if not _grounded(old, u, keep, open_, steps)}
        changed = bool(partial or wrong or shut)
        keep -= partial | wrong
        open_ -= shut
    return keep, open_ - keep


def _is_laid_out(old: State, u: int) -> bool:
    """Whether what lies in a sub-flow is there from the beginning; else it is opened by a fact, and taken over whole or not."""
    r, k, _ = old.place(u)
    return k in r.fixed


def _grounded(old: State, u: int, keep: set[int], open_: set[int], steps: dict[int, list[int]]) -> bool:
    """Whether all that it was made from is kept, with the steps that ended it."""
    r, k, b = old.place(u)
    parent, made_from = old.parent(u), (*(b + n for n in r.block.needs[k]), *steps.get(u, ()))
    return all(one in keep for one in made_from) and (parent < 0 or parent in keep or parent in open_)


def facts(old: State, keep: set[int], open_: set[int], at: float) -> tuple[list[Fact], list[Place]]:
    """What the new run records first, and where the payload frames of it come from."""
    made = _Facts(old, at)
    for u in range(len(old.root.outline.names)):
        if u in keep or u in open_:
            made.take(u, u, ended=u in keep)
    return made.facts, made.places


class _Facts:
    """Groups are opened in order, so that units are numbered as the new run numbers them."""

    def __init__(self, old: State, at: float) -> None:
        self.old, self.at = old, at
        self.facts: list[Fact] = []
        self.places: list[Place] = []
        self.new = State(old.root)
        """The run that is made, as far as its units are numbered."""

    def take(self, was: int, u: int, *, ended: bool) -> None:
        """A node, with what it had opened; in a work list, for that may lie deep."""
        stack = [(was, u, ended, False)]
        while stack:
            was, u, ended, opened = stack.pop()
            if opened:
                self._ended(was, u)
            elif was not in self.old.kids or (self.old.status[was] == S.SKIPPED and not readers(self.old, was)):
                self._result(was, u)
            else:
                if ended:
                    stack.append((was, u, ended, True))
                stack += reversed(self._open(was, u))

    def _ended(self, was: int, u: int) -> None:
        """A group that is taken over with what lies in it."""
        old = self.old
        if was in old.won:
            self.facts.append((WON, self.at, u, [list(span) for span in old.won[was]]))
        if old.as_taken(was) == S.SKIPPED:
            return self._moved(u, Event.STOPPED, S(old.status[was]), old.why_ended(was))
        if old.status[was] != S.COMPLETED:  # it lies in what went on without it
            return self._moved(u, Event.GATHERED_BAD, S.FAILED, old.why_ended(was))
        value = old.values[was]
        stored = value if type(value) is Stored else Stored("json", value, was, 0)
        given = {"codec": stored.codec, "payload": stored.payload, "summary": old.summary.get(was)}
        return self._moved(
            u, Event.GATHERED, S.COMPLETED, self._why(was), None if value is MISSING else {"value": given}
        )

    def _open(self, was: int, u: int) -> list[tuple[int, int, bool, bool]]:
        """Its scopes, and what is to be taken over of what lies in them."""
        old, kind = self.old, self.old.kind(was)
        if was in old.late:  # it is open already there, so that nobody asks for it
            self.facts.append((RESOLVED, self.at, u, old.late[was]))
        if kind is FLOW and _is_laid_out(old, was):
            first = next(iter(self.new.scopes(u)))[1]
            self._expanded(u, first, len(old.members(was)), None, 0)
            laid_out = was < len(old.root.outline.names)  # its members are nodes that are asked for one by one
            return [] if laid_out else [(one, first + x, True, False) for x, one in enumerate(old.members(was))]
        inside: list[tuple[int, int, bool, bool]] = []
        planned = [i for i in old.kids[was] if old.stretches[i].index == 0 or kind not in (MAP, EACH)]
        for i in planned:
            r = old.stretches[i]
            base = len(self.new.status)
            keys = old.keys.get(was)
            frozen = old.frozen.get(was)
            shown = keys[r.index : r.index + r.count] if keys else None
            self._expanded(u, base, r.count, shown, r.index, frozen, streams=r.origin >= 0)
            self.new.kids.setdefault(u, []).append(self.new.open(r.block, u, r.index, r.count))
            inside += [(r.base + x, base + x, True, False) for x in range(r.stop - r.base)]
        if kind in (MAP, EACH):
            inside += self._spawned(was, u)
        return inside if kind in (MAP, EACH, LOOP, FLOW) else []

    def _spawned(self, was: int, u: int) -> list[tuple[int, int, bool, bool]]:
        """The items that others spawned, in order; what spawned them comes along. So do those that came later into a source."""
        old = self.old
        told = old.children.get(was, {})
        by: dict[int, tuple[int, Any]] = {
            item: (parent, name) for parent, names in told.items() for name, item in names.items()
        }
        by |= {item: (place, None) for place, item in old.fed.get(was, {}).items()}
        found = []
        for item in sorted(by, key=old.index):
            (parent, name), base, index = by[item], len(self.new.status), old.index(item)
            key = old.key(was, index)
            self.facts.append((SPAWNED, self.at, base, u, index, key, parent, name, old.spawned.get(item)))
            block = old.stretches[old.home[item]].block
            self.new.open(block, u, index, 1)
            found += [(item + x, base + x, True, False) for x in range(block.n)]
        return found

    def _expanded(
        self,
        u: int,
        first: int,
        count: int,
        keys: list[str] | None,
        index: int,
        frozen: Any = None,
        *,
        streams: bool = False,
    ) -> None:
        self.facts.append((EXPANDED, self.at, u, first, count, keys, index, frozen, streams))

    def _result(self, was: int, u: int) -> None:
        old = self.old
        if old.status[was] == S.SKIPPED:
            return self._moved(u, Event.SKIP, S.SKIPPED, old.why_ended(was))
        if old.as_taken(was) == S.SKIPPED:
            return self._moved(u, Event.CANCEL, S.CANCELLED, str(old.why_ended(was)))
        if old.status[was] != S.COMPLETED:  # in a group that went on without it
            return self._moved(u, Event.CANCEL, S.CANCELLED, old.why_ended(was))
        value = old.values[was]
        stored = value if type(value) is Stored else Stored("json", value, was, 0)
        if stored.codec.endswith("+frame"):
            self.places.append((u, stored.unit, stored.attempt))
        self.facts.append((GIVEN, self.at, u, self._why(was), 0, stored.codec, stored.payload, old.summary.get(was)))
        if was in old.finished:
            self.facts.append((FINISHED, self.at, u, int(old.finished[was])))
        return None

    def _why(self, was: int) -> str:
        """Why what completed is there in the new run."""
        why = self.old.reason.get(was)
        return why if why in COUNTS else REASON

    def _moved(
        self, u: int, event: Event, state: S, why: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        self.facts.append((MOVED, self.at, u, int(event), int(state), why or REASON, 0, detail))
