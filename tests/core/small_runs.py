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
from forks import forked
from invariants import (
    a_free_place_is_used,
    a_result_of_a_stopped_body_counts_where_it_may,
    hold_all,
    nothing_is_forgotten,
    what_it_says_is_not_heard,
)
from promises import need
from rules import many_of
from shadow import Shadow
from small_asks import asks, has_its_effect
from small_flows import SIGNAL

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import requests, turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.node import FLOW, LOOP
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, RunState, State
from stratix_tasks.core.waits import wait_for
from stratix_tasks.errors import StratixError
from stratix_tasks.spec.late import JOIN
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
        self,
        flow: FlowSpec | Block,
        requests: int,
        deaths: int,
        losses: int,
        places: int,
        spawns: int,
        count: int = 2,
        forks: int = 0,
    ) -> None:
        self.root = block_of(flow)
        self.now = BEGIN
        self.bodies: dict[tuple[int, int], str] = {}
        self.asks: list[tuple[int, int, int]] = []
        self.places = Places(places)
        self.requests, self.deaths, self.losses, self.spawns, self.forks = requests, deaths, losses, spawns, forks
        self.count_of_items = count
        self.story: Any = None
        """The facts so far, as `(earlier, facts)`; shared by all states that go on from here."""
        self.path: Any = None
        self.asked, self.checked = False, True
        self.finishing: frozenset[tuple[int, int]] = frozenset()
        """Bodies that a drain leaves to finish, for as long as it lasts."""
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
        """What the world may do, then what a person may ask, then the death of the owner, then a fork, which is gone on with."""
        yield from self.answers()
        if self.requests:
            yield from asks(self.s)
        if self.deaths and self.run not in RUN_TERMINAL:
            yield ("die",)
        if self.forks and self.run is not RunState.PENDING:
            yield from (("fork", u) for u in range(-1, len(self.names)))

    def answers(self) -> Iterator[Act]:
        s = self.s
        for unit, wait in s.waits.items():
            if wait["for"] == "approval":
                yield ("approved", unit, 0)
            elif wait["for"] == "signal":
                yield ("signalled", unit, 0)
            elif wait["for"] == "input":
                yield ("answered", unit, 0)
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
            if kind in _TOLD:
                yield (_TOLD[kind], unit, question)
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
        elif act[0] in _WAITED_FOR:
            self._answer_wait(act[1], act[0])
        elif act[0] == "fork":
            return self._fork(act[1])
        elif act == ("due",):
            self.now = max(self.now, self.core.agenda.next_due() or self.now)
            self._handle(())
        else:
            return self.ask(act)
        self._turn()
        return True

    def ask(self, act: Act) -> bool:
        verb, target, *rest = act
        args: dict[str, Any] = {rest[0]: rest[1]} if rest else {}
        if "value" in args or verb == "send":
            args["value"] = data(args.get("value", 7))
        if "args" in args:
            args["args"] = {name: data(value) for name, value in args["args"].items()}
        args["id"] = f"r{len(self.s.heard)}"
        before = self.key() if self.checked else None
        try:
            requests.request(self.core, verb, target, self.now, args=args, by="me")
        except StratixError:
            fine = not self.checked or (self.key() == before and not self.core.facts and not self.core.commands)
            need(fine, f"{act} was refused, but changed something")
            return False
        self.requests -= 1
        if "drain" in args:
            self.finishing |= {body for body, way in self.bodies.items() if way == RUNS and self._is_held(body[0])}
        has_its_effect(self.core, verb, target, args)
        self.asked = True
        self._turn()
        self.asked = False
        requests.request(self.core, verb, target, self.now, args=args, by="me")
        need(not self.core.facts and not self.core.commands, f"{act} was heard twice")
        return True

    def _answer(self, way: str, unit: int, number: int) -> None:
        if way == "spawn":
            return self._spawn(unit, number)
        kind, rest = _ANSWERS[way]
        if way == "waits":
            limit, node = self.s.policy(unit).timeout.attempt, self.s.node(self.s.node_of(unit))
            rest = (wait_for(node.executor.waits, node.spec.args, limit, self.now),)
        if kind in _QUESTIONS.values():
            asked = next(ask[0] for ask in self.asks if ask[1:] == (unit, number))
            self.asks.remove((asked, unit, number))
            if asked in (Answer.PINNED, Answer.OPTIONS) and way == "error":
                rest = (None, *rest)
            elif asked == Answer.OPTIONS:
                rest = ({JOIN: {"n_of": many_of(self.s.node(unit))}}, None)
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
        verb, args = _WAITED_FOR[way]
        target = None if verb == "send" else self.label(unit)
        requests.request(self.core, verb, target, self.now, args=args, by="me")

    def _handle(self, events: Any) -> None:
        self.core.facts, self.core.commands = turn.handle(self.core, events, self.now)

    def _die(self) -> None:
        self.deaths -= 1
        self.now += 5.0
        self.bodies.clear(), self.asks.clear()
        self.places = Places(self.places.slots.size)
        self.core = self._core(folded(self.root, self.facts()))
        claim(self.core, self.now, "second", 2, "host", 1)

    def _fork(self, root: int) -> bool:
        """Another run, which takes over what need not be made again when this node runs again; -1: none has to."""
        told, made = forked(self.s, () if root < 0 else (root,), self.now)
        self.forks -= 1
        self.bodies.clear(), self.asks.clear()
        self.story, self.places = (None, tuple(told)), Places(self.places.slots.size)
        self.core, self.shadow = self._core(made), Shadow(self.root)
        if self.checked:
            self.shadow.take(told, self.core, asked=False)
        self.start()
        return True

    def _turn(self) -> None:
        facts, commands = self.core.drain()
        self.core.frames.clear(), self.core.recorded.clear()
        if facts:
            self.story = (self.story, tuple(facts))
        if self.checked:
            self.shadow.take(facts, self.core, asked=self.asked)
        for kind, unit, number in commands:
            self._perform(kind, unit, number)
        self.finishing = frozenset(body for body in self.finishing if body in self.bodies and self._is_held(body[0]))
        if self.checked:
            self.check()

    def _perform(self, kind: int, unit: int, number: int) -> None:
        body = (unit, number)
        if kind == Do.START:
            need(body not in self.bodies, f"attempt {number} of '{self.label(unit)}' was started twice")
            self.bodies[body] = WAITS if self.s.policy(unit).bodiless else RUNS
        elif kind in _QUESTIONS:
            ask = (int(_QUESTIONS[Do(kind)]), unit, number)
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
            held, finishes = self._is_held(unit), (unit, s.attempt[unit]) in self.finishing
            need(state != State.SUSPENDED or held, f"'{name}' is suspended, and nobody holds it")
            asked = not held or finishes or way == ASKED
            need(state != State.RUNNING or asked, f"'{name}' runs on: nobody asked it to hold")
            need(state != State.RUNNING or held or way == RUNS, f"'{name}' was asked to hold, and not let go again")

    def _is_held(self, unit: int) -> bool:
        return self.s.run in (RunState.PAUSING, RunState.PAUSED) or bool(self.s.held(unit))

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
            s.run, s.run_target, bytes(s.status), self.requests, self.deaths, self.losses, self.spawns, self.forks,
            min(s.recoveries, 4), tuple(sorted(s.lost.items())), tuple(s.marks),
            tuple((u, s.tries(u)) for u in range(len(s.status)) if s.attempt[u]),
            tuple(sorted((u, t[0], t[1]) for u, t in s.target.items())),
            tuple((r.base, r.stop) for r in s.stretches), repr(s.children), tuple(sorted(s.retired)),
            tuple(sorted(s.winners.items())), tuple(sorted(s.finished.items())), tuple(sorted(s.enabled)), tuple(sorted(s.passing)), tuple(sorted(s.begun)),
            tuple(sorted(s.breaks)), tuple(map(str, s.sets)), tuple(map(str, s.own)), tuple(sorted(g.abandoned.items())),
            s.limits.paused, self._clock(s.limits), self._clock(g.local),
            tuple(sorted((u, n - s.attempt[u], way, (u, n) in self.finishing) for (u, n), way in self.bodies.items())),
            tuple(sorted((kind, u, g.asked.get(u) == n) for kind, u, n in self.asks)),
            tuple(sorted((u, round(d - now, 3)) for u, d in s.due.items())),
            tuple(sorted((u, w["due"] and round(w["due"] - now, 3)) for u, w in s.waits.items())),
            tuple(len(s.signals.get(SIGNAL, ())) - s.taken.get(s.in_all_rounds(u), 0) for u in range(len(s.status))),
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


_WAITED_FOR: dict[str, tuple[str, dict[str, Any]]] = {
    "approved": ("approve", {"by": "me"}),
    "signalled": ("send", {"name": SIGNAL, "value": data(7)}),
    "answered": ("answer", {"fields": {"n": 7}}),
}
"""How what a node waits for comes to pass: a request, and its arguments."""
_QUESTIONS = {
    Do.EVALUATE: Answer.VERDICT, Do.EXPAND: Answer.EXPANDED, Do.GIVE: Answer.PINNED, Do.RESOLVE: Answer.OPTIONS
}  # fmt: skip
_TOLD = {Answer.EXPANDED: "expanded", Answer.PINNED: "pinned", Answer.OPTIONS: "resolved"}
"""Questions with one good answer, and what that is called."""
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
    "pinned": (Answer.PINNED, (data(7), None)),
    "resolved": (Answer.OPTIONS, ()),
}
