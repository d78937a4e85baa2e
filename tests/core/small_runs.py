"""One small run of which anything may happen next: what bodies do, what is asked, what is due, what is lost.

A state is a machine with the world that it talks to. Nothing is planned ahead: a body that runs may end in any way, and
the next deadline may pass, at any time. Requests, deaths of the owner and lost bodies have a budget; the rest is bounded
by the budget of retries. States are told apart by `key`.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from random import Random
from typing import Any

from driver import BEGIN, data
from folds import the_fold_is_the_run
from invariants import (
    a_free_place_is_used,
    a_request_that_was_taken_has_its_effect,
    a_result_of_a_stopped_body_counts_where_it_may,
    hold_all,
    need,
    nothing_is_forgotten,
    what_it_says_is_not_heard,
    what_was_rolled_back_runs_again,
    what_was_set_is_kept,
)
from shadow import Shadow
from small_flows import SIGNAL
from stratix_tasks.core.lanes import Lane, Slots
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind, Plan, Policy, plan

from stratix_tasks.core import requests
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.recovery import claim, fold
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, RunState, State
from stratix_tasks.core.targets import label, unit_of
from stratix_tasks.core.waits import wait_for
from stratix_tasks.errors import StratixError
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec

ERROR = {"type": "ValueError", "message": "no", "bases": ["Exception"]}
GONE = {"type": "RunnerLost", "message": "gone", "code": "lost", "bases": []}
RUNS, ASKED, PARKED, STOPS, WAITS = "runs", "asked to hold", "parked", "asked to stop", "is about to wait"
Act = tuple[Any, ...]
SHARED = ("plan", "_slots", "_random", "values", "facts", "commands", "frames")
"""Attributes of a machine that a copy does not pickle."""


class Even(Random):
    """Draws the middle, so that what is due does not depend on the way to a state."""

    def random(self) -> float:
        return 0.5


class Small:
    """One run whose world does nothing by itself: `acts` says what may happen, `do` lets it happen."""

    def __init__(self, flow: FlowSpec, requests: int, deaths: int, losses: int, places: int, spawns: int) -> None:
        self.plan: Plan = plan(Graph(flow), {})
        self.now = BEGIN
        self.bodies: dict[tuple[int, int], str] = {}
        self.asks: list[tuple[int, int, int]] = []
        self.slots, self.lanes = Slots("engine", places), {}
        self.requests, self.deaths, self.losses, self.spawns = requests, deaths, losses, spawns
        self.story: Any = None
        """The facts so far, as `(earlier, facts)`; shared by all states that go on from here."""
        self.path: Any = None
        self.asked = False
        self.machine = self._machine()
        self.shadow = Shadow(self.plan)

    def _machine(self) -> Machine:
        machine = Machine(self.plan, self._lane)
        machine._random = Even()
        return machine

    def _lane(self, policy: Policy | None, most: int | None) -> Lane:
        if policy is not None and policy.waits:
            return self.lanes.setdefault("waits", Lane(()))
        if most is not None:
            return Lane((self.slots, Slots("max", most)))
        return self.lanes.setdefault("all", Lane((self.slots,)))

    def copy(self) -> Small:
        made: Small = Small.__new__(Small)
        made.plan, made.now, made.asked = self.plan, self.now, False
        made.requests, made.deaths, made.losses, made.spawns = self.requests, self.deaths, self.losses, self.spawns
        made.story, made.path = self.story, self.path
        kept = {name: part for name, part in self.machine.__dict__.items() if name not in SHARED}
        whole = pickle.dumps((kept, self.bodies, self.asks, self.slots, self.lanes), 5)
        kept, made.bodies, made.asks, made.slots, made.lanes = pickle.loads(whole)
        machine = made.machine = Machine.__new__(Machine)
        machine.__dict__.update(kept)
        machine.plan, machine._random, machine.values = self.plan, self.machine._random, self.machine.values.copy()
        machine.facts, machine.commands, machine.frames = [], [], []
        machine._slots = made._lane
        made.shadow = self.shadow.copy()
        return made

    # ------------------------------------------------------------------ what may happen

    def acts(self) -> Iterator[Act]:
        """What the world may do, then what a person may ask, then the death of the owner."""
        yield from self.answers()
        if self.requests:
            yield from self._requests()
        if self.deaths and self.machine.run_state not in RUN_TERMINAL:
            yield ("die",)

    def answers(self) -> Iterator[Act]:
        machine = self.machine
        for unit, wait in machine.waits.items():
            if wait["for"] == "approval":
                yield ("approved", unit, 0)
            elif wait["for"] == "signal":
                yield ("signalled", unit, 0)
        for (unit, number), way in self.bodies.items():
            if machine.policy(unit).waits:
                yield ("waits", unit, number)
                yield ("final", unit, number)
                continue
            if way == STOPS:
                yield ("stopped", unit, number)
            yield ("ok", unit, number)
            if way == ASKED:
                yield ("suspended", unit, number)
            if self.losses:
                yield ("lost", unit, number)
            if machine.node_of[unit] != unit and (self.spawns > 0 or self._child_of(unit, number) is not None):
                yield ("spawn", unit, number)
            if machine.state[unit] != State.STOPPING and machine.attempt[unit] == number:
                yield ("fail", unit, number)
                if machine.policy(unit).retry.max:
                    yield ("final", unit, number)
        for kind, unit, generation in self.asks:
            if kind == Answer.EXPANDED:
                yield ("expanded", unit, generation)
            else:
                yield ("true", unit, generation)
                yield ("false", unit, generation)
            yield ("error", unit, generation)
        if machine.timers.next() is not None:
            yield ("due",)

    def _child_of(self, unit: int, number: int) -> int | None:
        """What the live attempt of an item spawns again."""
        group = self.machine.groups.get(self.machine.node_of[unit])
        if group is None or unit < group.first or self.machine.attempt[unit] != number:
            return None
        return group.children.get(group.index(unit), {}).get(0)

    def _requests(self) -> Iterator[Act]:
        machine = self.machine
        for verb in ("pause", "resume", "cancel", "retry"):
            yield (verb, None)
        if any(policy.call == "wait.signal" for policy in self.plan.policies if policy is not None):
            yield ("send", None, "name", SIGNAL)
        for unit in range(len(machine.state)):
            target = label(machine, unit)
            node = machine.node_of[unit]
            if node != unit and (node not in machine.groups or unit < machine.groups[node].first):
                continue
            for verb in ("pause", "resume", "cancel", "retry", "skip"):
                yield (verb, target)
            yield ("skip", target, "value", 7)
            yield ("set", target, "options", {"priority": 1})
            if machine.policy(unit).call == "wait.approval" if machine.plan.policies[node] else False:
                yield ("approve", target)
            if node == unit:
                yield ("breakpoint", target, "on", unit not in machine.breaks)
                yield ("rollback", None, "to", target)
                yield ("rollback", None, "nodes", [target])

    # ------------------------------------------------------------------ letting it happen

    def start(self) -> Small:
        self.machine.start(self.now)
        self.machine.advance(self.now)
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
            self.now = max(self.now, self.machine.timers.next() or self.now)
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
        before = self.key()
        try:
            requests.request(self.machine, verb, target, self.now, args=args, by="me")
        except StratixError:
            fine = self.key() == before and not self.machine.facts and not self.machine.commands
            need(fine, f"{act} was refused, but changed something")
            return False
        self.requests -= 1
        if target is not None:
            word = "give" if "value" in args else verb
            a_request_that_was_taken_has_its_effect(self.machine, word, unit_of(self.machine, target))
        if "options" in args:
            what_was_set_is_kept(self.machine, unit_of(self.machine, target), args["options"])
        for name in args.get("nodes", ()):
            what_was_rolled_back_runs_again(self.machine, unit_of(self.machine, name))
        self.asked = True
        self._turn()
        self.asked = False
        return True

    def _answer(self, way: str, unit: int, number: int) -> None:
        if way == "spawn":
            return self._spawn(unit, number)
        kind, rest = _ANSWERS[way]
        if way == "waits":
            policy, args = self.machine.policy(unit), self.plan.specs[self.machine.node_of[unit]].args
            rest = (wait_for(policy.call, args, policy.timeout.attempt, self.now),)
        if kind in (Answer.VERDICT, Answer.EXPANDED):
            asked = Answer.EXPANDED if way == "expanded" else Answer.VERDICT
            if way == "error":
                asked = next(ask[0] for ask in self.asks if ask[1:] == (unit, number))
            self.asks.remove((asked, unit, number))
            if asked == Answer.EXPANDED:
                rest = (0 if self.plan.kinds[unit] is Kind.FLOW else 2,) if way != "error" else rest
                rest = (*rest, None, "", None)
            kind = Answer(asked)
        elif kind == Answer.SUSPENDED:
            self.bodies[unit, number] = PARKED
        else:
            del self.bodies[unit, number]
            self.losses -= way == "lost"
        target = self.machine.target.get(unit) if self.machine.attempt[unit] == number else None
        self._handle([(int(kind), unit, number, self.now, *rest)])
        if way == "ok" and target is not None:
            a_result_of_a_stopped_body_counts_where_it_may(self.machine, unit, target[0], rest[0], number)

    def _spawn(self, unit: int, number: int) -> None:
        """The same item each time: it is added once, unless nothing that the body says counts any more."""
        count = len(self.machine.state)
        fresh = self._child_of(unit, number) is None and not what_it_says_is_not_heard(self.machine, unit, number)
        self._handle([(int(Answer.SPAWN), unit, number, self.now, 0, {"x": data(8)})])
        need(len(self.machine.state) - count == fresh, f"unit {unit} spawned an item, and that was not counted once")
        self.spawns -= fresh

    def _answer_wait(self, unit: int, way: str) -> None:
        """What a waiting node waits for comes to pass, without anybody having to spare a request for it."""
        target = label(self.machine, unit) if way == "approved" else None
        args = {"by": "me"} if way == "approved" else {"name": SIGNAL, "value": data(7)}
        requests.request(self.machine, "approve" if target else "send", target, self.now, args=args, by="me")

    def _handle(self, events: Any) -> None:
        facts, commands = self.machine.handle(events, self.now)
        self.machine.facts, self.machine.commands = facts, commands

    def _die(self) -> None:
        self.deaths -= 1
        self.now += 5.0
        self.bodies.clear(), self.asks.clear(), self.lanes.clear()
        self.slots = Slots("engine", self.slots.size)
        self.machine = self._machine()
        last = fold(self.machine, self.facts())
        claim(self.machine, self.now, "second", 2, "host", 1, idle=self.now - last)

    def _turn(self) -> None:
        facts, commands = self.machine.drain()
        self.machine.frames.clear()
        if facts:
            self.story = (self.story, tuple(facts))
        self.shadow.take(facts, self.machine, asked=self.asked)
        for kind, unit, number in commands:
            self._perform(kind, unit, number)
        self.check()

    def _perform(self, kind: int, unit: int, number: int) -> None:
        body = (unit, number)
        if kind == Do.START:
            need(body not in self.bodies, f"attempt {number} of '{label(self.machine, unit)}' was started twice")
            self.bodies[body] = WAITS if self.machine.policy(unit).waits else RUNS
        elif kind in (Do.EVALUATE, Do.EXPAND):
            ask = (int(Answer.VERDICT if kind == Do.EVALUATE else Answer.EXPANDED), unit, number)
            if ask not in self.asks:
                self.asks.append(ask)
        elif kind != Do.ENDED and body in self.bodies:
            was = self.bodies[body]
            if was == WAITS:
                return  # it has nothing that could be told
            if kind == Do.STOP:
                self.bodies[body] = STOPS
            elif was != STOPS:
                self.bodies[body] = {Do.HOLD: PARKED if was == PARKED else ASKED, Do.RELEASE: RUNS}[Do(kind)]

    def facts(self) -> list[Any]:
        parts, story = [], self.story
        while story is not None:
            story, facts = story
            parts.append(facts)
        return [fact for facts in reversed(parts) for fact in facts]

    # ------------------------------------------------------------------ what is checked

    def check(self) -> None:
        machine = self.machine
        hold_all(machine)
        nothing_is_forgotten(machine, {(unit, generation) for _, unit, generation in self.asks})
        a_free_place_is_used(machine, self.slots.free)
        self.every_live_unit_has_its_body()
        self.places_are_those_of_bodies()

    def every_live_unit_has_its_body(self) -> None:
        machine = self.machine
        for unit, state in enumerate(machine.state):
            way = self.bodies.get((unit, machine.attempt[unit]))
            name = label(machine, unit)
            need(state not in LIVE or way is not None, f"'{name}' is {State(state).label} without a body")
            need(state != State.SUSPENDED or way == PARKED, f"'{name}' is suspended, but its body is not")
            need(state != State.RUNNING or way != PARKED, f"'{name}' is running, but its body is parked for ever")
            if way == WAITS:
                continue
            held = machine.run_state in (RunState.PAUSING, RunState.PAUSED) or unit in machine.holds
            need(state != State.SUSPENDED or held, f"'{name}' is suspended, and nobody holds it")
            need(state != State.RUNNING or not held or way == ASKED, f"'{name}' runs on: nobody asked it to hold")
            need(state != State.RUNNING or held or way == RUNS, f"'{name}' was asked to hold, and not let go again")

    def places_are_those_of_bodies(self) -> None:
        taken, bodies = self.slots.size - self.slots.free, sum(way != WAITS for way in self.bodies.values())
        need(taken == bodies, f"{bodies} bodies have a place, {taken} places are taken")

    def fold_is_the_run(self) -> None:
        made = Machine(self.plan, lambda _policy, _most: Lane(()), "seed")
        fold(made, self.facts())
        the_fold_is_the_run(self.machine, made)

    def work(self, most: int = 200) -> None:
        """The first thing that may happen, again and again, until nothing may."""
        for _ in range(most):
            act = next(self.answers(), None)
            if act is None:
                return
            self.do(act)
        need(False, f"no end after {most} turns")

    def key(self) -> Any:
        """All that decides what may follow, without what only counts up: attempts, generations, and the clock."""
        m, now = self.machine, self.now
        return (
            m.run_state, m.run_target, bytes(m.state), self.requests, self.deaths, self.losses, self.spawns,
            min(m.recoveries, 4), tuple(sorted(m.lost.items())),
            tuple((u, m.attempt[u] - m.spent.get(u, 0)) for u in range(len(m.state)) if m.attempt[u]),
            tuple(sorted((u, t[0], t[1]) for u, t in m.target.items())),
            tuple((u, m.groups[u].first, m.groups[u].target, repr(m.groups[u].children)) for u in sorted(m.groups)),
            tuple(sorted(m.holds)), tuple(sorted(m.breaks)), tuple(sorted(m.passing)), tuple(sorted(m.sets)),
            tuple(sorted(m.own)), tuple(sorted(m.abandoned.items())), tuple(sorted(m._parked)), m.timers.paused,
            tuple(sorted((k, u, round(t - now, 3)) for (k, u), t in m.timers.deadline.items())),
            tuple(sorted((k, u, round(t, 3)) for (k, u), t in m.timers.frozen.items())),
            tuple(sorted((u, n - m.attempt[u], way) for (u, n), way in self.bodies.items())),
            tuple((kind, u, g - m.generation.get(u, 0)) for kind, u, g in self.asks),
            tuple(sorted((u, round(d - now, 3)) for u, d in m.due.items())),
            tuple(sorted((u, w["due"] and round(w["due"] - now, 3)) for u, w in m.waits.items())),
            tuple(len(m.signals.get(SIGNAL, ())) - m.taken.get(u, 0) for u in range(len(m.state))),
        )  # fmt: skip

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
    "spawn": (Answer.SPAWN, ()),
    "lost": (Answer.LOST, (GONE,)),
    "suspended": (Answer.SUSPENDED, ()),
    "true": (Answer.VERDICT, (True,)),
    "false": (Answer.VERDICT, (False,)),
    "error": (Answer.VERDICT, (ERROR,)),
    "expanded": (Answer.EXPANDED, ()),
}
