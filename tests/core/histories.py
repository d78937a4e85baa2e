"""Random programs under random histories: whatever happens, the State is the fold of its facts, and the agenda follows from it.

`programs.py` makes programs. Histories have answers, every request, time, forks and deaths of the owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from asking import FIELDS, SIGNAL, drawn
from forks import forked
from invariants import (
    a_request_of_a_scope_has_its_effect,
    hold_all,
    nothing_is_forgotten,
    of_an_end,
    what_was_made_stays,
)
from programs import program
from rules import many_of
from shadow import Shadow
from views import view

from stratix_tasks.core.allowed import allowed_scope
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import requests, turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.joins import is_untold
from stratix_tasks.core.limits import Slots
from stratix_tasks.core.node import ALL, EACH, FLOW, LOOP, SETTLED, Policy
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.scope import giver
from stratix_tasks.core.state import IS_BAD, IS_OVER, S, State, spans
from stratix_tasks.core.states import RUN_TERMINAL, TERMINAL, RunState
from stratix_tasks.core.streams import source
from stratix_tasks.core.targets import label, scope_label, scope_of
from stratix_tasks.errors import StratixError
from stratix_tasks.spec.late import JOIN

ASKS = (Do.EVALUATE, Do.EXPAND, Do.RESOLVE, Do.GIVE)
"""Questions: what is told about them is about their number."""
PINNED = {"codec": "json", "payload": "pinned", "summary": None}


class History:
    """One run, driven at random; every step is checked."""

    def __init__(self, r: Random, root: Block, places: int) -> None:
        self.r, self.root, self.places = r, root, places
        self.at = 0.0
        self.core = self._core(State(root))
        self.facts: list[Any] = []
        self.bodies: dict[tuple[int, int], str] = {}
        self.asks: dict[int, tuple[int, int]] = {}
        self.log: list[Any] = []
        self.counts: Counter[str] = Counter()
        self.redo = ""
        self.shadow = Shadow(root)

    def _core(self, state: State) -> Core:
        self.slots = Slots("engine", self.places)
        slots, pool = self.slots, Slots("pool", 1)
        self.pool = pool

        def claims(policy: Policy, most: int | None) -> tuple[Slots, ...]:
            pools = (pool,) if policy.pool else ()
            if policy.bodiless or policy.whole:
                return pools if policy.whole else () if most is None else (Slots("max", most),)
            return (slots, *pools) if most is None else (slots, *pools, Slots("max", most))

        return Core(state, claims, seed="s")

    # ------------------------------------------------------------------ a step

    def begin(self) -> None:
        turn.start(self.core, self.at)
        turn.advance(self.core, self.at)
        self.take(*self.core.drain())

    def take(self, facts: list[Any], commands: list[tuple[int, int, int]], *, asked: bool = False) -> None:
        self.facts += facts
        self.shadow.take(facts, self.core, asked=asked)
        self.core.recorded.clear(), self.core.frames.clear()
        for what, u, number in commands:
            if what == Do.START:
                assert (u, number) not in self.bodies
                self.bodies[u, number] = "runs"
            elif what == Do.STOP:
                if (u, number) in self.bodies:
                    self.bodies[u, number] = "stops"
            elif what == Do.KILL:
                if (u, number) in self.bodies:
                    self.bodies[u, number] = "killed"
            elif what == Do.HOLD:
                if self.bodies.get((u, number)) == "runs":
                    self.bodies[u, number] = "asked"
            elif what == Do.RELEASE:
                if self.bodies.get((u, number)) in ("asked", "parked"):
                    self.bodies[u, number] = "runs"
            elif what in ASKS:
                self.asks[u] = (what, number)
        self.check()

    def answers(self, *, kindly: bool = False) -> bool:
        r, g = self.r, self.core.agenda
        open_asks = [u for u, (_, number) in self.asks.items() if g.asked.get(u) == number]
        todo: list[Any] = [*self.bodies, *open_asks]
        if not todo:
            return False
        events = []
        for key in todo if kindly else r.sample(todo, r.randint(1, len(todo))):
            events += self._told(key, kindly=kindly) if isinstance(key, int) else self._ended(key, kindly=kindly)
        self.log.append(("answers", events))
        self.take(*turn.handle(self.core, events, self.at))
        return True

    def _told(self, u: int, *, kindly: bool) -> list[Any]:
        r = self.r
        what, number = self.asks.pop(u)
        error = {"type": "ValueError", "message": "no", "bases": []}
        counts = [0, 1, 2, 3, 5] if len(self.core.state.status) < 300 else [0, 1]
        wrong = not kindly and r.random() < 0.05
        if what == Do.RESOLVE and is_untold(self.core.state, u):
            many = {JOIN: {"n_of": many_of(self.core.state.node(u))}}
            return [(int(Answer.OPTIONS), u, number, self.at, many, error if wrong else None)]
        if what == Do.RESOLVE:
            options: dict[str, Any] = {"priority": r.choice([0, 1, 2])} if r.random() < 0.5 else {}
            options |= {"retry": {"max": 2, "delay": 1.0}} if r.random() < 0.5 else {}
            options |= {"timeout": {"total": 9.0, "queued": 3.0}} if r.random() < 0.3 else {}
            options |= {"n_of": r.choice([1, 2, "50%"])} if r.random() < 0.3 else {}
            return [(int(Answer.OPTIONS), u, number, self.at, options, error if wrong else None)]
        if what == Do.GIVE:
            return [(int(Answer.PINNED), u, number, self.at, None if wrong else PINNED, error if wrong else None)]
        if what == Do.EXPAND:
            frozen = {"x": {"codec": "json", "payload": 1}} if r.random() < 0.2 else None
            if wrong:
                return [(int(Answer.EXPANDED), u, number, self.at, error)]
            count = r.choice(counts)
            keys = [f"k{i}" for i in range(count)] if r.random() < 0.2 else None
            refused = spans(i for i in range(count) if r.random() < 0.4) if r.random() < 0.2 else None
            return [(int(Answer.EXPANDED), u, number, self.at, count, keys, frozen, refused)]
        said: Any = "no-error" if r.random() < 0.1 and self.core.state.status[u] == S.PENDING else r.random() < 0.5
        return [(int(Answer.VERDICT), u, number, self.at, error if wrong else said)]

    def _ended(self, key: tuple[int, int], *, kindly: bool) -> list[Any]:
        r, (u, number) = self.r, key
        way = self.bodies[key]
        if way == "asked" and r.random() < 0.5:
            self.bodies[key] = "parked"
            return [(int(Answer.SUSPENDED), u, number, self.at)]
        if way == "parked":
            return []
        s = self.core.state
        spawner = s.map_of(u) >= 0 and u not in s.spawned and not kindly
        if spawner and r.random() < 0.2 and len(s.status) < 2000:
            name = r.randint(0, 1)
            return [(int(Answer.SPAWN), u, number, self.at, name, {})] * r.choice([1, 2])
        del self.bodies[key]
        x = r.random()
        ok = (0, u, number, self.at, 1, "json", r.randint(0, 9), None, None, None)
        fail = (int(Answer.FAIL), u, number, self.at, {"type": "ValueError", "message": "no", "bases": []}, None)
        if s.node(u).step is not None and (kindly or x < 0.9):
            return [(int(Answer.STEP), u, number, self.at, 1, "json", r.choice([None, 1, "no"]), None, None, None)]
        if s.policy(u).bodiless and x < 0.8 and way == "runs":
            kind = r.choice(["sleep", "approval", "signal", "input"])
            due = self.at + 3.0 if kind == "sleep" or r.random() < 0.5 or kindly else None
            wait = {"for": kind, "due": due, "message": "?", "name": SIGNAL, "fields": FIELDS}
            return [(int(Answer.WAIT), u, number, self.at, wait)]
        if way in ("stops", "killed"):
            event = (int(Answer.STOPPED), u, number, self.at) if x < 0.7 else ok if x < 0.9 else fail
        elif kindly or x < 0.68:
            event = ok
        elif x < 0.92:
            event = fail
        elif x < 0.97:
            event = (int(Answer.LOST), u, number, self.at, {"type": "RunnerLost", "message": "gone", "bases": []})
        else:
            event = (int(Answer.STOPPED), u, number, self.at)
        return [event] * (2 if r.random() < 0.05 else 1)

    def time(self, *, to_next: bool = False) -> None:
        due = self.core.agenda.next_due()
        self.at = max(self.at, due) if to_next and due is not None else self.at + self.r.choice([0.5, 1.0, 7.0])
        self.log.append(("time", self.at))
        self.take(*turn.handle(self.core, (), self.at))

    def ask(self) -> None:
        """Somebody asks something, the owner dies, an answer comes late, or the run is forked."""
        other = {0: self.die, 1: self.die, 2: self.stale, 3: self.fork}.get(self.r.randrange(24))
        if other is not None:
            return other()
        asked = drawn(self.r, self.core.state)
        if asked is not None:
            self.counts[asked[0]] += self.request(*asked)
        return None

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> bool:
        """Whether it was taken; `redo` is what the refusal says of that."""
        self.log.append((verb, target, args))
        before, heard = len(self.facts), args.get("id") in self.core.state.heard
        self.redo, was = "", bytes(self.core.state.status)
        try:
            requests.request(self.core, verb, target, self.at, args=args)
        except StratixError as error:
            self.redo = getattr(error, "redo", "")
            assert not self.core.facts and not self.core.commands, ("refused, but changed", verb, target)
            return False
        self.take(*self.core.drain(), asked=True)
        assert (len(self.facts) == before) == heard, ("taken", verb, target, args)
        if verb in ("retry", "skip") and not args.get("redo"):
            what_was_made_stays(self.core, was, self.facts[before:])
        return True

    def ask_scope(self) -> None:
        """An item of a mapped flow, or a round of a loop, as one."""
        r, s = self.r, self.core.state
        groups = [p for p in s.kids if s.kind(p) in (EACH, LOOP) and s.count(p) and not s.gone(p)]
        if not groups:
            return
        group = r.choice(groups)
        scope = scope_of(s, group, r.randrange(s.count(group)))
        told = {verb: why for verb, why in allowed_scope(s, scope).items() if verb != "rollback"}
        verb = r.choice(["pause", "resume", "cancel", "retry", "skip", "give", "rollback"])
        if r.random() < 0.5:  # what may be asked is seldom: it is sought
            verb = r.choice([one for one, why in told.items() if why is None] or [verb])
        args: dict[str, Any] = {"value": {"codec": "json", "payload": 77, "summary": None}} if verb == "give" else {}
        redo = verb in ("retry", "skip", "give") and r.random() < 0.4
        args |= {"redo": True} if redo else {}
        name, before = scope_label(s, scope), len(self.facts)
        if verb == "rollback":
            taken = self.request(verb, None, {"to": name} if r.random() < 0.5 else {"nodes": [name]})
        else:
            just = giver(s, scope) if verb == "give" else None
            same = just is not None and s.reason.get(just) == "given"  # so that its effect may hold already
            taken = self.request("skip" if verb == "give" else verb, name, args)
            assert same or (taken or bool(self.redo)) == (told[verb] is None), (verb, name, told[verb])
            assert not (redo and self.redo), (verb, name, self.redo)
        if taken:
            a_request_of_a_scope_has_its_effect(self.core, verb, scope, self.facts[before:])
            self.counts[f"scope {verb}"] += 1

    def stale(self) -> None:
        """Answers that nobody waits for change nothing."""
        s = self.core.state
        u = self.r.randrange(len(s.status))
        if not s.attempt[u]:
            return
        event = (0, u, max(0, s.attempt[u] - 1), self.at, 1, "json", 1, None, None, None)
        facts, commands = turn.handle(self.core, [event], self.at)
        assert not any(fact[0] == 4 for fact in facts)
        self.take(facts, commands)

    def die(self) -> None:
        """A new owner, from the facts alone."""
        if self.core.is_over:
            return
        self.log.append(("die",))
        self.counts["die"] += 1
        self.bodies.clear(), self.asks.clear()
        self.core = self._core(fold(State(self.root), self.facts))
        claim(self.core, self.at, "second", 2, "host", 1)
        self.take(*self.core.drain())

    def fork(self) -> None:
        """Another run takes over what does not have to be made again, begins as sound as any, and comes to its end."""
        s = self.core.state
        told, begun = forked(s, {self.r.randrange(s.root.n)}, self.at)
        made = History(self.r, self.root, self.places)
        made.at, made.core = self.at, made._core(begun)
        self.counts["fork"] += 1
        self.log.append(("fork", made.log))
        made.facts += told
        made.shadow.take(told, made.core, asked=False)
        made.begin()
        for _ in range(self.r.randint(0, 4)):
            made.answers()
        made.end()

    def end(self) -> None:
        """Let go and answered, the run comes to an end."""
        for _ in range(600):
            s = self.core.state
            if self.core.is_over and not self.bodies:
                return
            if s.run in (RunState.PAUSING, RunState.PAUSED):
                requests.request(self.core, "resume", None, self.at)
                self.take(*self.core.drain())
            for a, b, why in list(s.marks):
                left = next((u for u in range(a, b) if not s.gone(u) and s.status[u] not in TERMINAL), None)
                if why and left is not None and s.run is not RunState.ENDING:
                    requests.request(self.core, "resume", label(s, left), self.at)
                    self.take(*self.core.drain())
            for u in [u for u, wait in s.waits.items() if wait["due"] is None]:
                what = s.waits.get(u)
                if what is None:
                    continue
                if what["for"] == "approval":
                    requests.request(self.core, "approve", label(s, u), self.at)
                elif what["for"] == "input":
                    requests.request(self.core, "answer", label(s, u), self.at, args={"fields": {"n": 1}})
                else:
                    requests.request(
                        self.core,
                        "send",
                        None,
                        self.at,
                        args={"name": SIGNAL, "value": {"codec": "json", "payload": 1, "summary": None}},
                    )
                self.take(*self.core.drain())
            if not self.answers(kindly=True):
                self.time(to_next=self.r.random() < 0.7)
        s = self.core.state
        left = [(label(s, u), S(x).label) for u, x in enumerate(s.status) if not IS_OVER[x]]
        raise AssertionError(("no end", s.run, left, s.marks))

    # ------------------------------------------------------------------ what is checked

    def check(self) -> None:
        s, g = self.core.state, self.core.agenda
        assert not self.core.facts and not g.asks
        made = fold(State(self.root), self.facts)
        assert not s.differs(made), [(name, getattr(s, name), getattr(made, name)) for name in s.differs(made)]
        self.a_rebuilt_core_decides_nothing(made)
        hold_all(self.core)
        nothing_is_forgotten(self.core, {(u, number) for u, (_, number) in self.asks.items()})
        self.the_state_is_sound()
        taken = [u for u in (*s.begun, *s.units_in(S.RUNNING, S.STOPPING, S.SUSPENDED)) if self._takes(u)]
        taken += [u for u, count in g.abandoned.items() for _ in range(count) if self._takes(u)]
        assert self.pool.size - self.pool.free == len(taken), ("places of the pool", self.pool.free, taken)
        live = sum(s.status.count(state) for state in (S.RUNNING, S.STOPPING))
        assert live == g.live, (live, g.live)
        with_body = {(u, s.attempt[u]) for u in s.units_in(S.RUNNING, S.STOPPING, S.SUSPENDED)}
        assert with_body <= self.bodies.keys(), with_body - self.bodies.keys()

    def _takes(self, u: int) -> bool:
        """Whether a body or sub-flow takes a place of the pool by itself, for none around it holds one."""
        s = self.core.state
        around, pool = s.parent(u), s.policy(u).pool and not s.policy(u).bodiless
        while around >= 0:
            if s.kind(around) is FLOW and s.policy(around).pool:
                return False
            around = s.parent(around)
        return bool(pool)

    def a_rebuilt_core_decides_nothing(self, made: State) -> None:
        s, g = self.core.state, self.core.agenda
        if s.run is RunState.PENDING:
            return
        kept = self.slots, self.pool
        other = self._core(made)
        self.slots, self.pool = kept
        late, commands = turn.handle(other, (), max(self.at, s.at))
        if not g.abandoned and not g.local:
            assert not late, ("a rebuilt core decides", late)
            asked = {u for what, u, _ in commands if what in ASKS}
            assert asked <= set(g.asked), ("asked", asked, set(g.asked))
            assert all(not g.going or s.held(u) for u in set(g.asked) - asked), ("not asked", set(g.asked) - asked)
            mine, theirs = view(self.core, self.at), view(other, self.at)
            for name in mine:
                assert mine[name] == theirs[name], (name, mine[name], theirs[name])

    def the_state_is_sound(self) -> None:
        """What `apply` is wrong in is wrong in the fold, too: so the State is looked at by itself."""
        s = self.core.state
        n = len(s.status)
        assert len(s.attempt) == len(s.spent) == len(s.home) == len(s.values) == len(s.started) == len(s.ended) == n
        assert {u for u in s.due if s.status[u] != S.OPEN} == set(s.units_in(S.RETRYING)), s.due
        assert set(s.waits) == set(s.units_in(S.WAITING))
        stopping = set(s.units_in(S.STOPPING))
        assert stopping <= set(s.target) <= stopping | set(s.units_in(S.OPEN)), (stopping, s.target)
        asked = any(entry[0] in ("retry", "rollback", "skip") for entry in self.log)
        for u in range(n):
            if s.gone(u):
                assert s.status[u] in (S.RETIRED, S.STOPPING), (u, s.status[u])
                continue
            r, k, b = s.place(u)
            needs = [S.COMPLETED if b + x in s.won else s.status[b + x] for x in r.block.needs[k]]
            assert s.spent[u] <= s.attempt[u]
            above = s.parent(u)
            if s.status[u] == S.OPEN and above >= 0 and not of_an_end(s, u):
                assert s.status[above] == S.OPEN or u in s.target, ("in a group that is not open", label(s, u))
            if s.run in RUN_TERMINAL:
                assert IS_OVER[s.status[u]], ("the run is over", label(s, u))
            if (one := source(s, u)) >= 0 and s.status[u] in (S.RUNNING, S.COMPLETED) and s.reason.get(u) != "given":
                assert s.status[one] == S.COMPLETED, ("ahead of its source", label(s, u))
            if r.block.nodes[k].phase or s.reason.get(u) in ("given", "user", "lost the join", "finished early"):
                continue
            if s.status[u] in (S.RUNNING, S.OPEN, S.COMPLETED) and not asked:
                if r.block.joins[k] == ALL and k not in r.block.soft:
                    tolerated = [x for x in r.block.needs[k] if r.block.nodes[x].allow_failure]
                    assert all(
                        x == S.COMPLETED or (n in tolerated and IS_BAD[x]) or n == r.block.nodes[k].source
                        for n, x in zip(r.block.needs[k], needs, strict=True)
                    ), ("made from less", label(s, u), needs)
                assert all(IS_OVER[s.status[b + x]] for x in r.block.nodes[k].ended), ("too early", label(s, u))
                if r.block.joins[k] == SETTLED:
                    assert all(IS_OVER[x] for x in needs), ("made from less", label(s, u))
        if s.run in (RunState.PAUSED,):
            assert not s.units_in(S.RUNNING), "paused, but a body runs"


def play(seed: int, steps: int | None = None) -> History:
    r = Random(seed)
    return drive(r, steps if steps is not None else r.randint(1, 40))


def drive(r: Random, steps: int) -> History:
    h = History(r, program(r), r.choice([1, 2, 4, 100]))
    try:
        h.begin()
        for _ in range(steps):
            if len(h.core.state.status) > 2000:
                break
            x = r.random()
            if x < 0.6:
                h.answers()
            elif x < 0.75:
                h.time(to_next=r.random() < 0.3)
            elif x < 0.85:
                h.ask_scope()
            else:
                h.ask()
        h.end()
    except BaseException as error:
        error.history = h  # type: ignore[attr-defined]
        raise
    return h


def seeds(first: int, stop: int) -> Iterator[tuple[int, BaseException | None, History | None]]:
    for seed in range(first, stop):
        try:
            yield seed, None, play(seed)
        except Exception as error:
            yield seed, error, getattr(error, "history", None)
