"""One small run of which anything may happen next: what bodies do, what is asked, what is due, what is lost.

A state is a core with the world that it talks to. Nothing is planned ahead: a body that runs may end in any way, and
the next deadline may pass, at any time. Requests, deaths of the owner and lost bodies have a budget; the rest is bounded
by the budget of retries. States are told apart by `key`.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from copies import copied
from driver import BEGIN
from facade import Facade, Places, block_of, data
from folds import folded, the_fold_is_the_run
from invariants import (
    a_free_place_is_used,
    a_request_of_a_scope_has_its_effect,
    a_request_that_was_taken_has_its_effect,
    a_result_of_a_stopped_body_counts_where_it_may,
    hold_all,
    nothing_is_forgotten,
    what_it_says_is_not_heard,
    what_was_rolled_back_runs_again,
    what_was_set_is_kept,
)
from promises import need
from shadow import Shadow
from small_flows import SIGNAL

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import requests, turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import EACH, FLOW, LOOP
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, RunState, State
from stratix_tasks.core.targets import Scope, find, scope_label, scope_of
from stratix_tasks.core.waits import wait_for
from stratix_tasks.errors import StratixError
from stratix_tasks.spec.model import FlowSpec

ERROR = {"type": "ValueError", "message": "no", "bases": ["Exception"]}
GONE = {"type": "RunnerLost", "message": "gone", "code": "lost", "bases": []}
RUNS, ASKED, PARKED, STOPS, KILLED, WAITS = (
    "runs",
    "asked to hold",
    "parked",
    "asked to stop",
    "killed",
    "is about to wait",
)
Act = tuple[Any, ...]
ENDED = (State.COMPLETED, State.CANCELLED, State.FAILED)


class Even(Random):
    """Draws the middle, so that what is due does not depend on the way to a state."""

    def random(self) -> float:
        return 0.5

    def __reduce__(self) -> Any:
        return Even, ()


class Small(Facade):
    """One run whose world does nothing by itself: `acts` says what may happen, `do` lets it happen."""

    def __init__(
        self, flow: FlowSpec | Block, requests: int, deaths: int, losses: int, places: int, spawns: int, count: int = 2
    ) -> None:
        self.root = block_of(flow)
        self.now = BEGIN
        self.bodies: dict[tuple[int, int], str] = {}
        self.asks: list[tuple[int, int, int]] = []
        self.places = Places(places)
        self.requests, self.deaths, self.losses, self.spawns = requests, deaths, losses, spawns
        self.count_of_items = count
        self.story: Any = None
        """The facts so far, as `(earlier, facts)`; shared by all states that go on from here."""
        self.path: Any = None
        self.asked, self.checked = False, True
        self.core = self._core(Recorded(self.root))
        self.shadow = Shadow(self.root)

    def _core(self, state: Recorded) -> Core:
        core = Core(state, self.places)
        core.random = Even()
        return core

    def copy(self, *, checked: bool = True) -> Small:
        """One that goes on from here; unchecked where only its end counts."""
        made: Small = Small.__new__(Small)
        made.__dict__.update(self.__dict__)
        made.core, made.bodies, made.asks, made.places = copied((self.core, self.bodies, self.asks, self.places))
        made.asked, made.checked = False, checked
        made.shadow = self.shadow.copy() if checked else self.shadow
        return made

    # ------------------------------------------------------------------ what may happen

    def acts(self) -> Iterator[Act]:
        """What the world may do, then what a person may ask, then the death of the owner."""
        yield from self.answers()
        if self.requests:
            yield from self._requests()
        if self.deaths and self.run not in RUN_TERMINAL:
            yield ("die",)

    def answers(self) -> Iterator[Act]:
        s = self.s
        for unit, wait in s.waits.items():
            if wait["for"] == "approval":
                yield ("approved", unit, 0)
            elif wait["for"] == "signal":
                yield ("signalled", unit, 0)
        for (unit, number), way in self.bodies.items():
            if s.policy(unit).bodiless:
                yield ("waits" if s.node(unit).step is None else "step", unit, number)
                yield ("final", unit, number)
                continue
            if way in (STOPS, KILLED):
                yield ("stopped", unit, number)
            yield ("ok", unit, number)
            if way == ASKED:
                yield ("suspended", unit, number)
            if self.losses:
                yield ("lost", unit, number)
            if s.map_of(unit) >= 0 and (self.spawns > 0 or self._child_of(unit, number) is not None):
                yield ("spawn", unit, number)
            if s.status[unit] != State.STOPPING and s.attempt[unit] == number:
                yield ("fail", unit, number)
                if s.policy(unit).retry.max:
                    yield ("final", unit, number)
        for kind, unit, question in self.asks:
            if kind == Answer.EXPANDED:
                yield ("expanded", unit, question)
            else:
                yield ("true", unit, question)
                yield ("false", unit, question)
            yield ("error", unit, question)
        if self.core.agenda.next_due() is not None:
            yield ("due",)

    def _child_of(self, unit: int, number: int) -> int | None:
        """What the live attempt of an item spawns again."""
        s, group = self.s, self.s.map_of(unit)
        if group < 0 or s.gone(unit) or s.attempt[unit] != number:
            return None
        return s.children.get(group, {}).get(s.index(unit), {}).get(0)

    def _requests(self) -> Iterator[Act]:
        s = self.s
        for verb in ("pause", "resume", "cancel", "retry"):
            yield (verb, None)
        if any(policy.call == "wait.signal" for policy in self.root.policies):
            yield ("send", None, "name", SIGNAL)
        for unit in self.units():
            target, item = self.label(unit), s.map_of(unit) >= 0
            for verb in ("pause", "resume", "cancel", "retry", "skip"):
                yield (verb, target)
            yield ("retry", target, "redo", True)
            yield ("skip", target, "value", 7)
            yield ("set", target, "options", {"priority": 1})
            if s.policy(unit).call == "wait.approval":
                yield ("approve", target)
                yield ("reject", target)
            if not item:
                yield ("breakpoint", target, "on", s.path(unit) not in s.breaks)
                yield ("rollback", None, "to", target)
                yield ("rollback", None, "nodes", [target])
        yield from self._requests_of_scopes()

    def _requests_of_scopes(self) -> Iterator[Act]:
        """Of items of mapped flows, and of rounds."""
        s = self.s
        groups = [p for p in s.kids if s.kind(p) in (EACH, LOOP) and not s.gone(p)]
        for target in (scope_label(s, scope_of(s, p, index)) for p in groups for index in range(s.count(p))):
            for verb in ("pause", "resume", "cancel", "retry", "skip"):
                yield (verb, target)
            yield ("retry", target, "redo", True)
            yield ("skip", target, "redo", True)
            yield ("rollback", None, "to", target)

    # ------------------------------------------------------------------ letting it happen

    def start(self) -> Small:
        turn.start(self.core, self.now)
        turn.advance(self.core, self.now)
        self._turn()
        return self

    def do(self, act: Act) -> bool:
        """Whether it was taken: a request may be refused, and then has changed nothing."""
        self.path = (self.path, act)
        if act == ("die",):
            self._die()
        elif act[0] in _ANSWERS:
            self._answer(*act)
        elif act[0] in ("approved", "signalled"):
            self._answer_wait(act[1], act[0])
        elif act == ("due",):
            self.now = max(self.now, self.core.agenda.next_due() or self.now)
            self._handle(())
        else:
            return self.ask(act)
        self._turn()
        return True

    def ask(self, act: Act) -> bool:
        verb, target, *rest = act
        args = {rest[0]: rest[1]} if rest else {}
        if "value" in args or verb == "send":
            args["value"] = data(args.get("value", 7))
        before = self.key() if self.checked else None
        try:
            requests.request(self.core, verb, target, self.now, args=args, by="me")
        except StratixError:
            fine = not self.checked or (self.key() == before and not self.core.facts and not self.core.commands)
            need(fine, f"{act} was refused, but changed something")
            return False
        self.requests -= 1
        found = None if target is None else find(self.s, target)
        if isinstance(found, Scope):
            a_request_of_a_scope_has_its_effect(self.core, verb, found)
        elif target is not None:
            word = "give" if "value" in args else verb
            a_request_that_was_taken_has_its_effect(self.core, word, self.unit(target))
        if "options" in args:
            what_was_set_is_kept(self.core, self.unit(target), args["options"])
        for name in args.get("nodes", ()):
            what_was_rolled_back_runs_again(self.core, self.unit(name))
        self.asked = True
        self._turn()
        self.asked = False
        return True

    def _answer(self, way: str, unit: int, number: int) -> None:
        if way == "spawn":
            return self._spawn(unit, number)
        kind, rest = _ANSWERS[way]
        if way == "waits":
            limit, node = self.s.policy(unit).timeout.attempt, self.s.node(self.s.node_of(unit))
            rest = (wait_for(node.executor.waits, node.spec.args, limit, self.now),)
        if kind in (Answer.VERDICT, Answer.EXPANDED):
            asked = Answer.EXPANDED if way == "expanded" else Answer.VERDICT
            if way == "error":
                asked = next(ask[0] for ask in self.asks if ask[1:] == (unit, number))
            self.asks.remove((asked, unit, number))
            if asked == Answer.EXPANDED:
                one = self.s.kind(unit) in (FLOW, LOOP)
                rest = (1 if one else self.count_of_items,) if way != "error" else rest
                rest = (*rest, None)
            kind = Answer(asked)
        elif kind == Answer.SUSPENDED:
            self.bodies[unit, number] = PARKED
        else:
            del self.bodies[unit, number]
            self.losses -= way == "lost"
        target = (
            self.s.target.get(unit)
            if self.s.attempt[unit] == number and self.s.status[unit] == State.STOPPING
            else None
        )
        self._handle([(int(kind), unit, number, self.now, *rest)])
        if way == "ok" and target is not None:
            a_result_of_a_stopped_body_counts_where_it_may(self.core, unit, target[0], rest[0], number)

    def _spawn(self, unit: int, number: int) -> None:
        """The same item each time: it is added once, unless nothing that the body says counts any more."""
        count = len(self.s.spawned)
        fresh = self._child_of(unit, number) is None and not what_it_says_is_not_heard(self.core, unit, number)
        self._handle([(int(Answer.SPAWN), unit, number, self.now, 0, {"x": data(8)})])
        need(len(self.s.spawned) - count == fresh, f"unit {unit} spawned an item, and that was not counted once")
        self.spawns -= fresh

    def _answer_wait(self, unit: int, way: str) -> None:
        """What a waiting node waits for comes to pass, without anybody having to spare a request for it."""
        target = self.label(unit) if way == "approved" else None
        args = {"by": "me"} if way == "approved" else {"name": SIGNAL, "value": data(7)}
        requests.request(self.core, "approve" if target else "send", target, self.now, args=args, by="me")

    def _handle(self, events: Any) -> None:
        self.core.facts, self.core.commands = turn.handle(self.core, events, self.now)

    def _die(self) -> None:
        self.deaths -= 1
        self.now += 5.0
        self.bodies.clear(), self.asks.clear()
        self.places = Places(self.places.slots.size)
        self.core = self._core(folded(self.root, self.facts()))
        claim(self.core, self.now, "second", 2, "host", 1)

    def _turn(self) -> None:
        facts, commands = self.core.drain()
        self.core.frames.clear(), self.core.recorded.clear()
        if facts:
            self.story = (self.story, tuple(facts))
        if self.checked:
            self.shadow.take(facts, self.core, asked=self.asked)
        for kind, unit, number in commands:
            self._perform(kind, unit, number)
        if self.checked:
            self.check()

    def _perform(self, kind: int, unit: int, number: int) -> None:
        body = (unit, number)
        if kind == Do.START:
            need(body not in self.bodies, f"attempt {number} of '{self.label(unit)}' was started twice")
            self.bodies[body] = WAITS if self.s.policy(unit).bodiless else RUNS
        elif kind in (Do.EVALUATE, Do.EXPAND):
            ask = (int(Answer.VERDICT if kind == Do.EVALUATE else Answer.EXPANDED), unit, number)
            if ask not in self.asks:
                self.asks.append(ask)
        elif kind != Do.ENDED and body in self.bodies:
            was = self.bodies[body]
            if was == WAITS:
                return  # it has nothing that could be told
            if kind == Do.KILL:
                self.bodies[body] = KILLED
            elif kind == Do.STOP:
                self.bodies[body] = STOPS
            elif was not in (STOPS, KILLED):
                self.bodies[body] = {Do.HOLD: PARKED if was == PARKED else ASKED, Do.RELEASE: RUNS}[Do(kind)]

    def facts(self) -> list[Any]:
        parts, story = [], self.story
        while story is not None:
            story, facts = story
            parts.append(facts)
        return [fact for facts in reversed(parts) for fact in facts]

    # ------------------------------------------------------------------ what is checked

    def check(self) -> None:
        hold_all(self.core)
        nothing_is_forgotten(self.core, {(unit, question) for _, unit, question in self.asks})
        a_free_place_is_used(self.core, self.places.slots.free)
        self.every_live_unit_has_its_body()
        self.places_are_those_of_bodies()

    def every_live_unit_has_its_body(self) -> None:
        s = self.s
        for unit, state in enumerate(s.status):
            if state not in LIVE:
                continue
            way = self.bodies.get((unit, s.attempt[unit]))
            name = self.shadow.name(unit)
            need(way is not None, f"'{name}' is {State(state).label} without a body")
            need(state != State.SUSPENDED or way == PARKED, f"'{name}' is suspended, but its body is not")
            need(state != State.RUNNING or way != PARKED, f"'{name}' is running, but its body is parked for ever")
            if way == WAITS:
                continue
            held = s.run in (RunState.PAUSING, RunState.PAUSED) or bool(s.held(unit))
            need(state != State.SUSPENDED or held, f"'{name}' is suspended, and nobody holds it")
            need(state != State.RUNNING or not held or way == ASKED, f"'{name}' runs on: nobody asked it to hold")
            need(state != State.RUNNING or held or way == RUNS, f"'{name}' was asked to hold, and not let go again")

    def places_are_those_of_bodies(self) -> None:
        taken = self.places.slots.size - self.places.slots.free
        bodies = sum(way != WAITS for way in self.bodies.values())
        need(taken == bodies, f"{bodies} bodies have a place, {taken} places are taken")

    def fold_is_the_run(self) -> None:
        the_fold_is_the_run(self.s, self.facts())

    def work(self, most: int = 200) -> None:
        """The first thing that may happen, again and again, until nothing may."""
        for _ in range(most):
            act = next(self.answers(), None)
            if act is None:
                return
            self.do(act)
        need(False, f"no end after {most} turns")

    def key(self) -> Any:
        """All that decides what may follow, without what only counts up: attempts, generations, questions, and the clock."""
        s, g, now = self.s, self.core.agenda, self.now
        return (
            s.run, s.run_target, bytes(s.status), self.requests, self.deaths, self.losses, self.spawns,
            min(s.recoveries, 4), tuple(sorted(s.lost.items())), tuple(s.marks),
            tuple((u, s.tries(u)) for u in range(len(s.status)) if s.attempt[u]),
            tuple(sorted((u, t[0], t[1]) for u, t in s.target.items())),
            tuple((r.base, r.stop) for r in s.stretches), repr(s.children), tuple(sorted(s.retired)),
            tuple(sorted(s.winners.items())), tuple(sorted(s.finished.items())), tuple(sorted(s.enabled)), tuple(sorted(s.passing)), tuple(sorted(s.begun)),
            tuple(sorted(s.breaks)), tuple(map(str, s.sets)), tuple(map(str, s.own)), tuple(sorted(g.abandoned.items())),
            s.limits.paused, self._clock(s.limits), self._clock(g.local),
            tuple(sorted((u, n - s.attempt[u], way) for (u, n), way in self.bodies.items())),
            tuple(sorted((kind, u, g.asked.get(u) == n) for kind, u, n in self.asks)),
            tuple(sorted((u, round(d - now, 3)) for u, d in s.due.items())),
            tuple(sorted((u, w["due"] and round(w["due"] - now, 3)) for u, w in s.waits.items())),
            tuple(len(s.signals.get(SIGNAL, ())) - s.taken.get(u, 0) for u in range(len(s.status))),
            tuple(sorted((u, s.why_ended(u) or "") for u in range(len(s.status)) if s.status[u] in ENDED)),
        )  # fmt: skip

    def _clock(self, timers: Any) -> Any:
        left = ((k, u, round(t - self.now, 3)) for (k, u), t in timers.deadline.items())
        return tuple(sorted(left)), tuple(sorted((k, u, round(t, 3)) for (k, u), t in timers.frozen.items()))

    def told_path(self) -> list[Act]:
        acts, path = [], self.path
        while path is not None:
            path, act = path
            acts.append(act)
        return acts[::-1]


_ANSWERS: dict[str, tuple[Answer, tuple[Any, ...]]] = {
    "ok": (Answer.OK, (1, "json", 1, None, None, None)),
    "fail": (Answer.FAIL, (ERROR, None)),
    "final": (Answer.FAIL, ({**ERROR, "final": True}, None)),
    "stopped": (Answer.STOPPED, ()),
    "waits": (Answer.WAIT, ()),
    "step": (Answer.STEP, ("v", "json", "v", None, None, None)),
    "spawn": (Answer.SPAWN, ()),
    "lost": (Answer.LOST, (GONE,)),
    "suspended": (Answer.SUSPENDED, ()),
    "true": (Answer.VERDICT, (True,)),
    "false": (Answer.VERDICT, (False,)),
    "error": (Answer.VERDICT, (ERROR,)),
    "expanded": (Answer.EXPANDED, ()),
}
