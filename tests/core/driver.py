"""A shell without loop, threads or clock: it performs the core's commands in virtual time and checks what it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

import orjson
from facade import MISSING, Facade, Places, block_of, data
from folds import folded
from forks import forked
from invariants import hold_all, nothing_is_forgotten
from promises import Broken
from rules import many_of
from shadow import Shadow

from stratix_tasks.core.answers import Answer, Do
from stratix_tasks.core.block import Block
from stratix_tasks.core.decide import requests, turn
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.joins import is_untold
from stratix_tasks.core.node import FLOW, LOOP
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.state import spans
from stratix_tasks.core.states import LIVE, RUN_TERMINAL, RunState, State
from stratix_tasks.core.waits import wait_for
from stratix_tasks.spec.late import JOIN
from stratix_tasks.spec.model import FlowSpec, NodeSpec

BEGIN = 1000.0
SOONEST = 1e-3
"""Seconds that anything takes to reach the core."""
ERROR = {"type": "ValueError", "message": "no", "bases": ["Exception"]}
"""What bodies fail by."""
ANSWERED = -1
"""In place of an answer: somebody answers what a node waits for."""


def spec(tasks: dict[str, dict[str, Any]], **options: Any) -> FlowSpec:
    """A flow from the fields of its nodes."""
    return FlowSpec(
        flow="f", tasks={name: NodeSpec(**{"call": f"m:{name}", **node}) for name, node in tasks.items()}, **options
    )


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


SLOW = Body(50, stops=1.0)
"""One that is still going on when others have ended, and takes a while to stop."""


class World(Facade):
    """One run in virtual time, of a document or of a block.

    `script(name, attempt)` tells how a body goes; `verdict(name)` what a condition says, `items(name)` how many items a
    map has and `inputs(name)` those of a flow (an error's text: expansion fails), `left_out(name, index)` whether `where`
    refuses one, `asks(name)` whether a node without an executor waits for an approval; else it sleeps.
    """

    def __init__(
        self,
        flow: FlowSpec | Block,
        script: Callable[[str, int], Body] = lambda _name, _attempt: Body(),
        *,
        verdict: Callable[[str], Any] = lambda _name: True,
        items: Callable[[str], Any] = lambda _name: 3,
        inputs: Callable[[str], Any] = lambda _name: 0,
        left_out: Callable[[str, int], bool] = lambda _name, _index: False,
        asks: Callable[[str], bool] = lambda _name: False,
        concurrency: int = 8,
        checked: bool = True,
    ) -> None:
        self.root = block_of(flow)
        self.script, self.verdict, self.items, self.checked = script, verdict, items, checked
        self.left_out, self.inputs, self.asks = left_out, inputs, asks
        self.places = Places(concurrency)
        self.now = BEGIN
        self.facts: list[Any] = []
        self.bodies: dict[tuple[int, int], Body] = {}
        self.parked: dict[tuple[int, int], float] = {}
        self.ends: dict[tuple[int, int], float] = {}
        self.answers: list[tuple[float, int, tuple[Any, ...]]] = []
        self.ended: list[RunState] = []
        self._count = 0
        self.core = Core(Recorded(self.root), self.places, seed="seed")
        self.shadow = Shadow(self.root)

    @property
    def slots(self) -> Any:
        return self.places.slots

    # ------------------------------------------------------------------ time

    def start(self) -> World:
        turn.start(self.core, self.now)
        turn.advance(self.core, self.now)
        self._turn(*self.core.drain())
        return self

    def next(self) -> float | None:
        """When something happens next, or None when nothing will."""
        due = self.core.agenda.next_due()
        times = [t for t in (self.answers[0][0] if self.answers else None, due) if t is not None]
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
        self._turn(*turn.handle(self.core, [event for event in events if event[0] != ANSWERED], self.now))
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

    def until_run(self, state: RunState) -> World:
        while self.run is not state:
            if not self.step():
                raise Broken(f"the run never was {state.label}: {self.states()}")
        return self

    def request(self, verb: str, target: str | None = None, value: Any = MISSING, **args: Any) -> World:
        if value is not MISSING:
            args["value"] = data(value)
        if verb == "set":
            args["args"] = {name: data(value) for name, value in args.get("args", {}).items()}
        try:
            requests.request(self.core, verb, target, self.now, args=args, by="me")
        except BaseException:
            if self.core.facts or self.core.commands:
                raise Broken(f"'{verb} {target}' was refused, but left facts or commands behind") from None
            raise
        self._turn(*self.core.drain(), asked=True)
        return self

    def die_and_recover(self, idle: float = 5.0) -> World:
        """The owner is killed; another folds the facts, claims the run and goes on."""
        self.now += idle
        self.bodies.clear(), self.parked.clear(), self.ends.clear(), self.answers.clear()
        self.places = Places(self.slots.size)
        self.core = Core(folded(self.root, self.facts), self.places, seed="seed")
        if self.run not in RUN_TERMINAL:
            claim(self.core, self.now, "second", 2, "host", 1)
        self._turn(*self.core.drain())
        for unit in self.s.waits:
            self._answer_later(unit, self.s.attempt[unit])
        return self

    def fork(self, *roots: int) -> World:
        """Another run, which has not begun, in which these nodes run again, with bodies that go as here."""
        made = World(
            self.root,
            self.script,
            verdict=self.verdict,
            items=self.items,
            inputs=self.inputs,
            left_out=self.left_out,
            asks=self.asks,
            concurrency=self.slots.size,
            checked=self.checked,
        )
        made.now = self.now
        made.facts, state = forked(self.s, roots, self.now)
        made.core = Core(state, made.places, seed="seed")
        made.shadow.take(made.facts, made.core, asked=False)
        return made

    # ------------------------------------------------------------------ looking

    def folded(self) -> Core:
        """What somebody sees who reads the facts alone; it shares nothing with the live one."""
        return Core(folded(self.root, self.facts))

    def __repr__(self) -> str:
        """For the report of a failing example: the flow, what was recorded, and what is the case."""
        said, facts = self.root.spec or self.root.nodes, "\n".join(map(str, self.facts))
        return f"\n{said}\n{facts}\n{self.states()}\n"

    def bring(self, name: str, state: State) -> None:
        """`n0` of `chain_of(2)` into a state, by what happens or is asked."""
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
        self.until_run(state)

    # ------------------------------------------------------------------ a turn

    def _turn(self, facts: list[Any], commands: list[tuple[int, int, int]], *, asked: bool = False) -> None:
        """Journal, check, perform."""
        self.core.frames.clear(), self.core.recorded.clear()
        written = [tuple(fact) for fact in orjson.loads(orjson.dumps(facts))]
        self.facts += written
        if self.checked:
            self.shadow.take(written, self.core, asked=asked)
        for kind, unit, number in commands:
            _PERFORM[kind](self, unit, number)
        if self.checked:
            self._check_bodies()

    def _check_bodies(self) -> None:
        s, g = self.s, self.core.agenda
        for unit, state in enumerate(s.status):
            if state in LIVE and (unit, s.attempt[unit]) not in self.bodies and not self._answered(unit):
                raise Broken(f"'{self.label(unit)}' is {State(state).label} without a body")
        hold_all(self.core)
        asks = {
            (e[1], e[2])
            for _, _, e in self.answers
            if e[0] in (Answer.VERDICT, Answer.EXPANDED, Answer.OPTIONS, Answer.PINNED)
        }
        nothing_is_forgotten(self.core, asks)
        bodies = sum(state in LIVE and not s.policy(u).bodiless for u, state in enumerate(s.status))
        taken = bodies + sum(g.abandoned.values())
        if self.slots.size - self.slots.free != taken:
            raise Broken(f"{taken} bodies have a place, {self.slots.size - self.slots.free} places are taken")
        if self.run in RUN_TERMINAL and self.ended[-1:] != [self.run]:
            raise Broken(f"nobody was told that the run is {self.run.label}")

    def _answered(self, unit: int) -> bool:
        return any(event[1] == unit and event[2] == self.s.attempt[unit] for _, _, event in self.answers)

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
        policy = self.s.policy(unit)
        if policy.bodiless:
            node = self.s.node(self.s.node_of(unit))
            if node.step is not None:
                seconds = self.script(self.label(unit), number).seconds
                return self._say(seconds, Answer.STEP, unit, number, "v", "json", "v", None, None, None)
            approval = {"for": "approval", "due": None, "message": "?"}
            wait: Any = approval if self.asks(self.label(unit)) else {"for": "sleep", "due": self.now + 1.0}
            if node.executor is not None:
                wait = wait_for(node.executor.waits, node.spec.args, policy.timeout.attempt, self.now)
            self._say(0, Answer.WAIT, unit, number, wait)
            return self._answer_later(unit, number)
        body = self.script(self.label(unit), number)
        self.bodies[unit, number] = body
        for name in range(2 * body.spawns if self._is_planned(unit) else 0):
            self._say(body.seconds / 3, Answer.SPAWN, unit, number, name // 2, {"x": data(name // 2)})
        self._end_in(unit, number, body.seconds)

    def _is_planned(self, unit: int) -> bool:
        """Whether it is an item that its map had from the beginning."""
        return self.s.map_of(unit) >= 0 and unit not in self.s.spawned

    def _end_in(self, unit: int, number: int, seconds: float) -> None:
        body = self.bodies[unit, number]
        self.ends[unit, number] = self.now + max(seconds, SOONEST)
        if body.outcome == "ok":
            self._say(seconds, Answer.OK, unit, number, number, "json", number, None, None, None)
        elif body.outcome in ("fail", "final"):
            error = ERROR | ({"final": True} if body.outcome == "final" else {})
            self._say(seconds, Answer.FAIL, unit, number, error, None)

    def _answer_later(self, unit: int, number: int) -> None:
        """What a node waits for comes in the time of its body; where that does not end well, and it has a limit, never."""
        body = self.script(self.label(unit), number)
        if body.outcome == "ok" or self.s.policy(unit).timeout.attempt is None:
            self._say(body.seconds + SOONEST, ANSWERED, unit, number)

    def _answer_wait(self, unit: int, number: int) -> None:
        if self.s.status[unit] != State.WAITING or self.s.attempt[unit] != number:
            return
        wait = self.s.waits[unit]
        if wait["for"] == "approval":
            self.request("approve", self.label(unit), by="me")
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

    def _evaluate(self, unit: int, question: int) -> None:
        self._say(0, Answer.VERDICT, unit, question, self.verdict(self.label(unit)))

    def _resolve(self, unit: int, question: int) -> None:
        many = {JOIN: {"n_of": many_of(self.s.node(unit))}} if is_untold(self.s, unit) else None
        self._say(0, Answer.OPTIONS, unit, question, many or {"priority": 1}, None)

    def _give(self, unit: int, question: int) -> None:
        self._say(0, Answer.PINNED, unit, question, data("pinned"), None)

    def _expand(self, unit: int, question: int) -> None:
        name = self.label(unit)
        count = self.inputs(name) if self.s.kind(unit) in (FLOW, LOOP) else self.items(name)
        if isinstance(count, str):
            return self._say(
                0, Answer.EXPANDED, unit, question, {"type": "TypeError", "message": count, "bases": []}, None
            )
        refused = spans(i for i in range(count) if self.left_out(name, i))
        return self._say(0, Answer.EXPANDED, unit, question, count, None, None, refused)

    def _kill(self, unit: int, number: int) -> None:
        """A body that does not listen is ended all the same."""
        if (unit, number) in self.bodies:
            self.parked.pop((unit, number), None)
            self.ends[unit, number] = self.now + SOONEST
            self._say(SOONEST, Answer.STOPPED, unit, number)

    def _ended(self, state: int, _number: int) -> None:
        self.ended.append(RunState(state))


_PERFORM: dict[int, Callable[[World, int, int], None]] = {
    Do.START: World._start,
    Do.STOP: World._stop,
    Do.HOLD: World._hold,
    Do.RELEASE: World._release,
    Do.EVALUATE: World._evaluate,
    Do.EXPAND: World._expand,
    Do.RESOLVE: World._resolve,
    Do.GIVE: World._give,
    Do.ENDED: World._ended,
    Do.KILL: World._kill,
}
