"""A shell without loop, threads or clock: it performs the machine's commands in virtual time and checks what it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import orjson
from invariants import Broken, hold_all, nothing_is_forgotten
from shadow import Shadow
from stratix_tasks.core.lanes import Lane, Slots
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind, Plan, Policy, plan
from stratix_tasks.core.units import MISSING

from stratix_tasks.core import requests
from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.recovery import claim, fold
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, RunState, State
from stratix_tasks.core.targets import label, unit_of
from stratix_tasks.core.waits import wait_for
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, NodeSpec

BEGIN = 1000.0
SOONEST = 1e-3
"""Seconds that anything takes to reach the machine."""
ANSWERED = -1
"""In place of an answer: somebody answers what a node waits for."""


def spec(tasks: dict[str, dict[str, Any]], **options: Any) -> FlowSpec:
    """A flow from the fields of its nodes."""
    return FlowSpec(
        flow="f", tasks={name: NodeSpec(**{"call": f"m:{name}", **node}) for name, node in tasks.items()}, **options
    )


def data(value: Any) -> dict[str, Any]:
    """A value as requests carry it."""
    return {"codec": "json", "payload": value, "summary": None}


def chain_of(count: int, **options: Any) -> FlowSpec:
    """n0 needs n1 needs n2 …; beside them `other`, which needs nothing. Each has one retry after 10 s."""
    retry = {"max": 1, "delay": 10, "jitter": "none"}
    names = [f"n{i}" for i in range(count)]
    tasks: dict[str, Any] = {n: {"needs": tuple(names[i + 1 : i + 2]), "retry": retry} for i, n in enumerate(names)}
    return spec({**tasks, "other": {"retry": retry}}, **options)


@dataclass(frozen=True)
class Body:
    """How one attempt goes: `outcome` is ok, fail, final (no retry helps) or never; `stops` None: it does not listen."""

    seconds: float = 1.0
    outcome: str = "ok"
    stops: float | None = 0.01
    parks: bool = False
    """Whether it comes to a checkpoint when it is asked to hold."""
    spawns: int = 0
    """Items that it spawns on its way, if it was not spawned itself; each is said twice."""


class World:
    """One run in virtual time.

    `script(name, attempt)` tells how a body goes; `verdict(name)` what a condition says, `items(name)` how many items a
    map has (an error's text: expansion fails).
    """

    def __init__(
        self,
        flow: FlowSpec,
        script: Callable[[str, int], Body] = lambda _name, _attempt: Body(),
        *,
        verdict: Callable[[str], Any] = lambda _name: True,
        items: Callable[[str], Any] = lambda _name: 3,
        concurrency: int = 8,
    ) -> None:
        self.plan: Plan = plan(Graph(flow), {})
        self.script, self.verdict, self.items = script, verdict, items
        self.slots = Slots("engine", concurrency)
        self.now = BEGIN
        self.facts: list[Any] = []
        self.bodies: dict[tuple[int, int], Body] = {}
        self.parked: dict[tuple[int, int], float] = {}
        self.ends: dict[tuple[int, int], float] = {}
        self.answers: list[tuple[float, int, tuple[Any, ...]]] = []
        self.ended: list[RunState] = []
        self.asked = False
        self._count = 0
        self._lanes: dict[tuple[str, ...], Lane] = {}
        self.machine = self._machine()
        self.shadow = Shadow(self.plan)

    # ------------------------------------------------------------------ time

    def start(self) -> World:
        self.machine.start(self.now)
        self.machine.advance(self.now)
        self._turn(*self.machine.drain())
        return self

    def next(self) -> float | None:
        """When something happens next, or None when nothing will."""
        times = [t for t in (self.answers[0][0] if self.answers else None, self.machine.timers.next()) if t is not None]
        return min(times) if times else None

    def step(self) -> bool:
        """One turn at the next moment at which something happens. False when nothing will."""
        then = self.next()
        if then is None:
            return False
        self.now = max(self.now, then)
        events = []
        while self.answers and self.answers[0][0] <= self.now:
            event = heappop(self.answers)[2]
            if self._is_said(event):
                events.append(event)
        self._turn(*self.machine.handle([event for event in events if event[0] != ANSWERED], self.now))
        for _, unit, number, _ in (event for event in events if event[0] == ANSWERED):
            self._answer_wait(unit, number)
        return True

    def settle(self, most: int = 3000) -> World:
        """Turns until nothing happens any more."""
        for _ in range(most):
            if not self.step():
                return self
        raise Broken(f"no end after {most} turns: {self.states()}")

    def until(self, target: str, state: State) -> World:
        """Turns until a unit is in a state."""
        while self.state(target) is not state:
            if not self.step():
                raise Broken(f"'{target}' never was {state.label}: {self.states()}")
        return self

    def request(self, verb: str, target: str | None = None, value: Any = MISSING, **args: Any) -> World:
        if value is not MISSING:
            args["value"] = data(value)
        if verb == "set":
            args["args"] = {name: data(value) for name, value in args.get("args", {}).items()}
        try:
            requests.request(self.machine, verb, target, self.now, args=args, by="me")
        except BaseException:
            if self.machine.facts or self.machine.commands:
                raise Broken(f"'{verb} {target}' was refused, but left facts or commands behind") from None
            raise
        self.asked = True
        try:
            self._turn(*self.machine.drain())
        finally:
            self.asked = False
        return self

    def die_and_recover(self, idle: float = 5.0) -> World:
        """The owner is killed; another folds the facts, claims the run and goes on."""
        self.now += idle
        self.bodies.clear(), self.parked.clear(), self.ends.clear(), self.answers.clear()
        self.slots = Slots("engine", self.slots.size)
        self._lanes = {}
        self.machine = self._machine()
        last = fold(self.machine, self.facts)
        if self.machine.run_state not in RUN_TERMINAL:
            claim(self.machine, self.now, "second", 2, "host", 1, idle=self.now - last)
        self._turn(*self.machine.drain())
        for unit in self.machine.waits:
            self._answer_later(unit, self.machine.attempt[unit])
        return self

    # ------------------------------------------------------------------ looking

    def __repr__(self) -> str:
        """For the report of a failing example: the flow, what was recorded, and what is the case."""
        nodes = {n: s.model_dump(exclude_defaults=True, exclude={"call"}) for n, s in self.plan.spec.tasks.items()}
        subs = {n: f.model_dump(exclude_defaults=True) for n, f in self.plan.spec.flows.items()}
        facts = "\n".join(map(str, self.facts))
        return f"\n{nodes}\n{subs} {self.plan.spec.on_failure} {self.plan.spec.timeout}\n{facts}\n{self.states()}\n"

    def state(self, target: str) -> State:
        return State(self.machine.state[unit_of(self.machine, target)])

    def states(self) -> dict[str, str]:
        units = {label(self.machine, unit): State(s).label for unit, s in enumerate(self.machine.state)}
        return {"run": self.machine.run_state.label, **units}

    def bring(self, unit: int, state: State) -> None:
        """Unit 0 of `chain_of(2)` into a state, by what happens or is asked."""
        name = self.plan.names[unit]
        bodies = {State.STOPPING: Body(50, stops=None), State.FAILED: Body(1, "final"), State.RETRYING: Body(1, "fail")}
        bodies[State.SUSPENDED] = Body(50, parks=True)
        mine = bodies.get(state, Body(50 if state is not State.COMPLETED else 1))
        need = Body(1, "final" if state is State.UPSTREAM_FAILED else "ok")
        self.script = lambda who, _attempt: {name: mine, "other": Body(900)}.get(who, need)
        self.start()
        if state is State.READY:
            self.slots.free -= self.slots.size - 1
            self.slots.size = 1
        if state in (State.HELD, State.CANCELLED, State.SKIPPED):
            self.request({"held": "pause", "cancelled": "cancel", "skipped": "skip"}[state.label], name)
        elif state in (State.SUSPENDED, State.STOPPING):
            self.until(name, State.RUNNING)
            self.request("pause" if state is State.SUSPENDED else "cancel", name)
        self.until(name, state)

    def bring_run(self, state: RunState) -> None:
        """The run of `chain_of(2)` into a state other than pending."""
        bad = state is RunState.FAILED
        self.script = lambda _who, _attempt: Body(1, "final" if bad else "ok", stops=1.0)
        self.start()
        if state in (RunState.PAUSING, RunState.PAUSED):
            self.request("pause")
        if state in (RunState.ENDING, RunState.CANCELLED):
            self.request("cancel")
        while self.machine.run_state is not state:
            assert self.step()

    # ------------------------------------------------------------------ a turn

    def _turn(self, facts: list[Any], commands: list[tuple[int, int, int]]) -> None:
        """Journal, check, perform."""
        self.machine.frames.clear()
        written = [tuple(fact) for fact in orjson.loads(orjson.dumps(facts))]
        self.facts += written
        self.shadow.take(written, self.machine, asked=self.asked)
        for kind, unit, number in commands:
            _PERFORM[kind](self, unit, number)
        self._check_bodies()

    def _check_bodies(self) -> None:
        machine = self.machine
        for unit, state in enumerate(machine.state):
            if state in LIVE and (unit, machine.attempt[unit]) not in self.bodies and not self._answered(unit):
                raise Broken(f"'{label(machine, unit)}' is {State(state).label} without a body")
        hold_all(machine)
        nothing_is_forgotten(
            machine, {(e[1], e[2]) for _, _, e in self.answers if e[0] in (Answer.VERDICT, Answer.EXPANDED)}
        )
        bodies = sum(s in LIVE and not machine.policy(u).waits for u, s in enumerate(machine.state))
        taken = bodies + sum(machine.abandoned.values())
        if self.slots.size - self.slots.free != taken:
            raise Broken(f"{taken} bodies have a place, {self.slots.size - self.slots.free} places are taken")
        if (
            machine.run_state in RUN_TERMINAL
            and machine.run_state is not RunState.PENDING
            and self.ended[-1:] != [machine.run_state]
        ):
            raise Broken(f"nobody was told that the run is {machine.run_state.label}")

    def _answered(self, unit: int) -> bool:
        return any(event[1] == unit and event[2] == self.machine.attempt[unit] for _, _, event in self.answers)

    def _say(self, after: float, kind: int, unit: int, number: int, *rest: Any) -> None:
        self._count += 1
        at = self.now + max(after, SOONEST)
        heappush(self.answers, (at, self._count, (int(kind), unit, number, at, *rest)))

    def _is_said(self, event: tuple[Any, ...]) -> bool:
        """Ends of bodies are planned ahead: one that is parked, was stopped or ended otherwise does not come."""
        kind, unit, number, at = event[:4]
        if kind in (Answer.OK, Answer.FAIL, Answer.STOPPED):
            key = (unit, number)
            if key not in self.bodies or self.ends.get(key) != at:
                return False
            del self.bodies[key], self.ends[key]
        return True

    # ------------------------------------------------------------------ commands

    def _start(self, unit: int, number: int) -> None:
        policy = self.machine.policy(unit)
        if policy.waits:
            args = self.plan.specs[self.machine.node_of[unit]].args
            wait = wait_for(policy.call, args, policy.timeout.attempt, self.now)
            self._say(0, Answer.WAIT, unit, number, wait)
            return self._answer_later(unit, number)
        body = self.script(label(self.machine, unit), number)
        self.bodies[unit, number] = body
        for name in range(2 * body.spawns if self._is_planned(unit) else 0):
            self._say(body.seconds / 3, Answer.SPAWN, unit, number, name // 2, {"x": data(name // 2)})
        self._end_in(unit, number, body.seconds)

    def _is_planned(self, unit: int) -> bool:
        """Whether it is an item that its map had from the beginning."""
        return self.machine.node_of[unit] != unit and unit not in self.machine.spawned

    def _end_in(self, unit: int, number: int, seconds: float) -> None:
        body = self.bodies[unit, number]
        self.ends[unit, number] = self.now + max(seconds, SOONEST)
        if body.outcome == "ok":
            self._say(seconds, Answer.OK, unit, number, number, "json", number, None, None, None)
        elif body.outcome in ("fail", "final"):
            error = {"type": "ValueError", "message": "no", "bases": ["Exception"]}
            self._say(
                seconds, Answer.FAIL, unit, number, error | ({"final": True} if body.outcome == "final" else {}), None
            )

    def _answer_later(self, unit: int, number: int) -> None:
        """What a node waits for comes in the time of its body; where that does not end well, and it has a limit, never."""
        body = self.script(label(self.machine, unit), number)
        if body.outcome == "ok" or self.machine.policy(unit).timeout.attempt is None:
            self._say(body.seconds + SOONEST, ANSWERED, unit, number)

    def _answer_wait(self, unit: int, number: int) -> None:
        machine = self.machine
        if machine.state[unit] != State.WAITING or machine.attempt[unit] != number:
            return
        wait = machine.waits[unit]
        if wait["for"] == "approval":
            self.request("approve", label(machine, unit), by="me")
        elif wait["for"] == "signal":
            self.request("send", None, 7, name=wait["name"])

    def _stop(self, unit: int, number: int) -> None:
        body = self.bodies.get((unit, number))
        if body is None:
            return
        left = self.parked.pop((unit, number), None)
        if body.stops is not None:
            self.ends[unit, number] = self.now + max(body.stops, SOONEST)
            self._say(body.stops, Answer.STOPPED, unit, number)
        elif left is not None:
            self._end_in(unit, number, left)

    def _hold(self, unit: int, number: int) -> None:
        body = self.bodies.get((unit, number))
        if body is None or not body.parks or (unit, number) in self.parked:
            return
        left = self.ends[unit, number] - self.now
        if left > 2 * SOONEST:
            self.parked[unit, number] = left
            self.ends.pop((unit, number))
            self._say(SOONEST, Answer.SUSPENDED, unit, number)

    def _release(self, unit: int, number: int) -> None:
        left = self.parked.pop((unit, number), None)
        if left is not None:
            self._end_in(unit, number, left)

    def _evaluate(self, unit: int, generation: int) -> None:
        self._say(0, Answer.VERDICT, unit, generation, self.verdict(self.plan.names[unit]))

    def _expand(self, unit: int, generation: int) -> None:
        if self.plan.kinds[unit] is Kind.FLOW:
            return self._say(0, Answer.EXPANDED, unit, generation, 0, None, "", None)
        count = self.items(self.plan.names[unit])
        if isinstance(count, str):
            count = {"type": "TypeError", "message": count, "bases": []}
        self._say(0, Answer.EXPANDED, unit, generation, count, None, "", None)

    def _ended(self, state: int, _number: int) -> None:
        self.ended.append(RunState(state))

    # ------------------------------------------------------------------ slots, folding

    def _machine(self) -> Machine:
        return Machine(self.plan, self._lane, "seed")

    def _lane(self, policy: Policy | None, most: int | None) -> Lane:
        names = policy.pools if policy is not None else ()
        if policy is not None and policy.waits:
            return self._lanes.setdefault(("waits",), Lane(()))
        if most is not None:
            return Lane((self.slots, Slots("max", most)))
        return self._lanes.setdefault(names, Lane((self.slots,)))

    def folded(self) -> Machine:
        """A machine made from the facts alone; it shares nothing with the live one."""
        machine = Machine(self.plan, lambda _policy, _most: Lane(()), "seed")
        fold(machine, self.facts)
        return machine


_PERFORM: dict[int, Callable[[World, int, int], None]] = {
    Do.START: World._start,
    Do.STOP: World._stop,
    Do.HOLD: World._hold,
    Do.RELEASE: World._release,
    Do.EVALUATE: World._evaluate,
    Do.EXPAND: World._expand,
    Do.ENDED: World._ended,
}
