"""A run as its facts alone tell it: each move is checked against the tables and the promises.

It numbers the units by itself and keeps no more than what facts say, one unit at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from promises import (
    a_breakpoint_holds,
    a_condition_is_true,
    a_gather_is_made_from_what_completed,
    a_spawned_item_has_a_live_parent,
    an_item_is_spawned_once,
    attempts_never_exceed_the_budget,
    ends_change_only_by_a_request,
    need,
    no_attempt_is_given_up_early,
    no_node_starts_ahead_of_what_it_needs,
    nothing_starts_while_paused,
    only_what_is_worth_it_is_tried_again,
    what_lost_ends,
    winners_are_those_that_came,
)

from stratix_tasks.core import facts as F  # noqa: N812
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import FLOW, LOOP, MAP, TASK, Node
from stratix_tasks.core.states import GROUP, LIVE, NODE, RUN, RUN_TERMINAL, TERMINAL, Event, RunState, State

GIVEN_BY = {"given": Event.GIVE, "forked": Event.GIVE, "finished early": Event.GIVE}
Place = tuple[Block, int, int, int]
"""A unit's block, its number in it, where its scope begins, and the group around it or -1."""


class Shadow:
    """States as the facts alone tell them, each move checked against the tables and the promises."""

    def __init__(self, root: Block) -> None:
        self.root = root
        self.places: list[Place] = []
        self.state: list[State] = []
        self.scopes: dict[int, list[int]] = {}
        """Of a group: where the scopes in it begin."""
        self.opened: list[tuple[int, int]] = []
        """Group and first unit of what was opened, in order, as ROLLED names it."""
        self.gone: set[int] = set()
        self.run = RunState.PENDING
        self.marks: dict[int, str] = {}
        self.winners: dict[int, tuple[int, ...]] = {}
        self.fired: list[int] = []
        """Joins that fired in this turn."""
        self.enabled: set[int] = set()
        self.attempt: dict[int, int] = {}
        self.tries: dict[int, int] = {}
        """Attempts since the unit was last set back by a request."""
        self.won: set[int] = set()
        """Gathers that have what they asked for."""
        self.passed: set[int] = set()
        """Units that were let go, or tried again, since they were last set back."""
        self.breaks: set[str] = set()
        self.generations: dict[int, int] = {}
        self.waits_for: dict[int, int] = {}
        """Items of maps that stream: the item that each waits for."""
        self.spawned: dict[int, dict[tuple[int, Any], int]] = {}
        """By map: who spawned an item, and under which name."""
        self._open(root, -1, 1)

    def copy(self) -> Shadow:
        made = Shadow.__new__(Shadow)
        for name, part in self.__dict__.items():
            made.__dict__[name] = part.copy() if isinstance(part, list | dict | set) else part
        made.scopes = {group: told.copy() for group, told in self.scopes.items()}
        made.spawned = {group: told.copy() for group, told in self.spawned.items()}
        return made

    # ------------------------------------------------------------------ where a unit is

    def _open(self, block: Block, parent: int, count: int) -> None:
        bases: list[int] = []
        for one, above, k in block.layout:
            first = len(self.state)
            bases.append(first)
            self.opened.append((parent if above < 0 else -1, first))
            for i in range(count):
                p = parent if above < 0 else bases[above] + i * block.layout[above][0].n + k
                base = first + i * one.n
                self.scopes.setdefault(p, []).append(base)
                self.places += [(one, j, base, p) for j in range(one.n)]
                self.state += [State.PENDING] * one.n

    def node(self, u: int) -> Node:
        block, k, _, above = self.places[u]
        return self.node(above) if above >= 0 and self.kind(above) is MAP else block.nodes[k]

    def kind(self, u: int) -> Any:
        block, k, _, _ = self.places[u]
        return block.nodes[k].kind

    def parent(self, u: int) -> int:
        return self.places[u][3]

    def is_item(self, u: int) -> bool:
        above = self.parent(u)
        return above >= 0 and self.kind(above) is MAP

    def path(self, u: int) -> str:
        names = []
        while u >= 0:
            if not self.is_item(u):
                names.append(self.node(u).name)
            u = self.parent(u)
        return ".".join(reversed(names))

    def name(self, u: int) -> str:
        return f"{self.path(u)} (unit {u})"

    def held(self, u: int) -> str:
        """What runs at the end of a run is held by nothing."""
        while u >= 0 and self.run is not RunState.ENDING:
            if u in self.marks:
                return self.marks[u]
            u = self.parent(u)
        return ""

    def was_done(self, u: int) -> bool:
        """Whether there was something to take back for a node, that its own scope has not taken back."""
        x = self.takes_back(u)
        block, k, base, _ = self.places[x]
        own = base + [node.undoes for node in block.nodes].index(k)
        single = self.kind(x) in (TASK, FLOW)
        done = self.state[x] is State.COMPLETED if single else bool(self.scopes.get(x))
        return done and (own == u or self.state[own] is State.SKIPPED)

    def takes_back(self, u: int) -> int:
        block, k, base, above = self.places[u]
        takes = block.nodes[k].undoes
        assert takes is not None
        if above < 0 or self.node(above).undoes is None:
            return base + takes
        group = self.takes_back(above)
        there = self.scopes[above].index(base)
        return self.scopes[group][-1 - there if self.kind(group) is LOOP else there] + takes

    def scope(self, u: int) -> list[State]:
        """The states of the scope that a unit lies in."""
        block, k, base, _ = self.places[u]
        asked = block.nodes[k].ended
        there = [base + n in self.won and n not in asked for n in range(block.n)]
        states = self.state[base : base + block.n]
        return [
            State.COMPLETED if won and state is State.OPEN else state for state, won in zip(states, there, strict=True)
        ]

    # ------------------------------------------------------------------ facts

    def take(self, facts: list[Any], core: Core, *, asked: bool) -> None:
        for fact in facts:
            told = _TAKE.get(fact[0])
            if told is not None:
                told(self, fact, core, asked)
        s = core.state
        for u in self.fired:
            what_lost_ends(self, u, s.target)
        self.fired.clear()
        real = [State(status) for status in s.status]
        wrong = [
            (self.name(u), a.label, b.label)
            for u, (a, b) in enumerate(zip(self.state, real, strict=True))
            if a is not b
        ]
        need(not wrong, f"the facts tell otherwise than the run is: {wrong}")
        need(self.run is s.run, f"the facts tell that the run is {self.run.label}, it is {s.run.label}")
        generations = {u: number for u, number in s.generation.items() if number}
        need(self.generations == generations, f"generations are {generations}, and must be {self.generations}")
        need(all(self.held(u) == s.held(u) for u in range(len(real))), "the facts tell of other pauses")

    def _run(self, fact: Any, _core: Core, asked: bool) -> None:
        to = RunState(fact[2])
        legal = {t if t is not None else to for t in RUN[self.run].values()}
        need(to in legal, f"the run went from {self.run.label} to {to.label}")
        need(asked or self.run not in RUN_TERMINAL, "an ended run went on unasked")
        self.run = to

    def _started(self, fact: Any, core: Core, _asked: bool) -> None:
        u, attempt = fact[2], fact[3]
        nothing_starts_while_paused(self, u)
        if self.state[u] is State.PENDING:
            a_condition_is_true(self, u)
        self._event(u, Event.DISPATCH, State.RUNNING)
        no_node_starts_ahead_of_what_it_needs(self, u)
        a_breakpoint_holds(self, u)
        need(attempt == self.attempt.get(u, 0) + 1, f"'{self.name(u)}' began attempt {attempt} out of turn")
        self.attempt[u] = attempt
        self.tries[u] = self.tries.get(u, 0) + 1
        self.passed.add(u)
        attempts_never_exceed_the_budget(self, u, core.state.policy(u).retry.max)

    def _started_many(self, fact: Any, core: Core, asked: bool) -> None:
        for u in range(fact[2], fact[3]):
            self._started((F.STARTED, fact[1], u, fact[4]), core, asked)

    def _completed(self, fact: Any, _core: Core, _asked: bool) -> None:
        u = fact[2]
        need(fact[3] == self.attempt[u], f"'{self.name(u)}' completed by attempt {fact[3]}, which is not the live one")
        self._event(u, Event.OK, State.COMPLETED)

    def _given(self, fact: Any, _core: Core, asked: bool) -> None:
        self._moved(fact[2], GIVEN_BY.get(fact[3], Event.SIGNAL), State.COMPLETED, None, asked)

    def _told(self, fact: Any, core: Core, asked: bool) -> None:
        _, _, u, event, to, _reason, _attempt, detail = fact
        self._moved(u, Event(event), State(to), detail, asked)
        rule = {Event.FAIL: no_attempt_is_given_up_early, Event.FAIL_RETRY: only_what_is_worth_it_is_tried_again}.get(
            event
        )
        if rule is not None:
            rule(self, u, core.state.policy(u).retry, (detail or {}).get("error", {}))

    def _swept(self, fact: Any, _core: Core, asked: bool) -> None:
        skip = Event.DEPS_SKIPPED if fact[5] == "upstream" else Event.SKIP
        event = {State.CANCELLED: Event.CANCEL, State.UPSTREAM_FAILED: Event.DEPS_BAD}.get(State(fact[4]), skip)
        for a, b in fact[6]:
            for u in range(a, b):
                self._moved(u, event, State(fact[4]), None, asked)

    def _event(self, u: int, event: Event, to: State) -> None:
        was, table = self.state[u], GROUP if self.kind(u) is not TASK else NODE
        if event not in table.get(was, ()):
            need(False, f"'{self.name(u)}' had {event.label} while it was {was.label}")
        legal = table[was][event]
        gone = u in self.gone and to is State.RETIRED
        if legal is not None and to is not legal and not gone:
            need(False, f"'{self.name(u)}' went from {was.label} to {to.label} by {event.label}")
        self.state[u] = to

    def _moved(self, u: int, event: Event, to: State, detail: Any, asked: bool) -> None:
        was = self.state[u]
        ends_change_only_by_a_request(self, u, event, asked=asked)
        self._event(u, event, to)
        if event is Event.LOST_RETRY or (event is Event.ORPHANED and was is not State.STOPPING):
            self.tries[u] = self.tries.get(u, 1) - 1
        if to in TERMINAL:
            self.passed.discard(u)

    # ------------------------------------------------------------------ groups

    def _expanded(self, fact: Any, _core: Core, _asked: bool) -> None:
        _, _, u, first, count, _keys, index, _frozen, streams = fact
        block, k, base, _ = self.places[u]
        self._event(u, Event.EXPANDED, State.OPEN)
        if k in block.fixed:
            need([first] == self.scopes[u], f"'{self.name(u)}' does not open where it is laid out")
            return
        rounds = len(self.scopes.get(u, ()))
        need(first == len(self.state), f"'{self.name(u)}' opens where something is")
        need(index == rounds and (not rounds or self.kind(u) is LOOP), f"'{self.name(u)}' opens out of turn")
        need(count == 1 or self.kind(u) not in (FLOW, LOOP), f"'{self.name(u)}' opens {count} scopes")
        self.scopes.setdefault(u, [])
        self._open(block.inner[k], u, count)
        if streams:
            there = self.scopes[base + block.nodes[k].source]
            fine = len(there) == count or self.run is RunState.PENDING  # a fork opens it behind what was spawned
            need(fine, f"'{self.name(u)}' streams from {len(there)} items with {count}")
            self.waits_for.update(zip(self.scopes[u], there[:count], strict=True))

    def _spawned(self, fact: Any, _core: Core, _asked: bool) -> None:
        _, _, u, group, index, _key, parent, name, args = fact
        if args is None:
            return self._grown(u, group, index, parent)
        told, items = self.spawned.setdefault(group, {}), self.scopes[group]
        an_item_is_spawned_once(self, group, told.keys(), (parent, name))
        need(u == len(self.state) and index == len(items), f"{fact} is not the next item")
        if self.run is not RunState.PENDING:  # then it is a fork that takes it over
            a_spawned_item_has_a_live_parent(self, group, items[parent])
        grows = bool(told) and self.opened[-1][0] == group and self.opened[-1][1] not in self.waits_for
        told[parent, name] = u
        block, k, _, _ = self.places[group]
        self._open(block.inner[k], group, 1)
        if grows:
            self.opened.pop()

    def _grown(self, u: int, group: int, index: int, place: int) -> None:
        """A map that streams has one more item, for one that came later into its source."""
        block, k, base, _ = self.places[group]
        need(u == len(self.state) and index == len(self.scopes[group]), f"item {u} is not the next one")
        there = self.scopes[base + block.nodes[k].source][place]
        need(
            all(self.waits_for.get(one) != there for one in self.scopes[group]),
            f"two items of '{self.name(group)}' wait for '{self.name(there)}'",
        )
        self._open(block.inner[k], group, 1)
        self.waits_for[u] = there

    def _joined(self, fact: Any, _core: Core, _asked: bool) -> None:
        winners_are_those_that_came(self, fact[2], fact[3])
        self.winners[fact[2]] = tuple(fact[3])
        self.fired.append(fact[2])

    def _won(self, fact: Any, core: Core, _asked: bool) -> None:
        _, _, u, parts = fact
        items = [self.scopes[u][place] for a, b in parts for place in range(a, b)]
        a_gather_is_made_from_what_completed(self, u, items, late=u in core.state.late)
        self.won.add(u)

    def _finished(self, fact: Any, _core: Core, _asked: bool) -> None:
        u, to = fact[2], State(fact[3])
        step = self.node(u).step
        need(self.state[u] is State.COMPLETED, f"'{self.name(u)}' ends its scope, but is {self.state[u].label}")
        need(
            step is not None and step.to is to, f"'{self.name(u)}' ends its scope as {to.label}, which it does not say"
        )

    def _enabled(self, fact: Any, _core: Core, _asked: bool) -> None:
        self.enabled.add(fact[2])

    # ------------------------------------------------------------------ pauses, changes

    def _held(self, fact: Any, _core: Core, _asked: bool) -> None:
        self.marks.update(dict.fromkeys(range(fact[2], fact[3]), fact[4]))

    def _released(self, fact: Any, _core: Core, _asked: bool) -> None:
        for a, b in fact[2]:
            for u in range(a, b):
                if self.marks.pop(u, ""):
                    self.passed.add(u)

    def _set(self, fact: Any, _core: Core, _asked: bool) -> None:
        if isinstance(fact[2], int):
            self.enabled.discard(fact[2])

    def _breakpoint(self, fact: Any, _core: Core, _asked: bool) -> None:
        (self.breaks.add if fact[3] else self.breaks.discard)(fact[2])

    # ------------------------------------------------------------------ again

    def _forget(self, u: int) -> None:
        for told in (self.winners, self.tries):
            told.pop(u, None)
        for marked in (self.enabled, self.passed, self.won):
            marked.discard(u)

    def _again(self, fact: Any, _core: Core, asked: bool) -> None:
        for a, b in fact[2]:
            for u in range(a, b):
                ends_change_only_by_a_request(self, u, Event.RETRY, asked=asked)
                self._event(u, Event.RETRY, State.PENDING)
                self._forget(u)

    def _reopened(self, fact: Any, _core: Core, asked: bool) -> None:
        for u in fact[2]:
            ends_change_only_by_a_request(self, u, Event.REOPEN, asked=asked)
            self.won.discard(u)
            self._event(u, Event.REOPEN, State.OPEN)

    def _rolled(self, fact: Any, _core: Core, asked: bool) -> None:
        for first, group in [(self.scopes[group][index], group) for group, index in fact[3]]:
            self.scopes[group].remove(first)
            self._retire(first)
        for a, b in fact[2]:
            for u in range(a, b):
                ends_change_only_by_a_request(self, u, Event.ROLLBACK, asked=asked or self._is_in_a_try(u))
                block, k, _, _ = self.places[u]
                if k not in block.fixed:
                    for first in self.scopes.pop(u, ()):
                        self._retire(first)
                    self.spawned.pop(u, None)
                live = self.state[u] in LIVE
                self._event(u, Event.ROLLBACK, State.STOPPING if live else State.PENDING)
                self._forget(u)
                self.marks.pop(u, None)
                self.generations[u] = self.generations.get(u, 0) + 1

    def _is_in_a_try(self, u: int) -> bool:
        """Whether it lies in a sub-flow that is to be tried again."""
        while (u := self.parent(u)) >= 0:
            if self.state[u] is State.RETRYING:
                return True
        return False

    def _retire(self, first: int) -> None:
        """A scope and all that lies in it."""
        stack = [first]
        while stack:
            first = stack.pop()
            for u in range(first, first + self.places[first][0].n):
                stack += self.scopes.pop(u, ())
                self.spawned.pop(u, None), self.marks.pop(u, None), self.generations.pop(u, None)
                self.gone.add(u)
                self.state[u] = State.STOPPING if self.state[u] in LIVE else State.RETIRED
                self._forget(u)


_TAKE: dict[int, Callable[[Shadow, Any, Core, bool], None]] = {
    F.RUN: Shadow._run,
    F.STARTED: Shadow._started,
    F.STARTED_MANY: Shadow._started_many,
    F.COMPLETED: Shadow._completed,
    F.GIVEN: Shadow._given,
    F.MOVED: Shadow._told,
    F.SWEPT: Shadow._swept,
    F.EXPANDED: Shadow._expanded,
    F.SPAWNED: Shadow._spawned,
    F.JOINED: Shadow._joined,
    F.WON: Shadow._won,
    F.FINISHED: Shadow._finished,
    F.ENABLED: Shadow._enabled,
    F.HELD: Shadow._held,
    F.RELEASED: Shadow._released,
    F.SET: Shadow._set,
    F.BREAKPOINT: Shadow._breakpoint,
    F.AGAIN: Shadow._again,
    F.REOPENED: Shadow._reopened,
    F.ROLLED: Shadow._rolled,
}
