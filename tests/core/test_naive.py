"""Random programs end as the naive model says: left alone, after what people asked of nodes, and when they are forked."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, islice
from random import Random
from typing import Any

import pytest
from driver import Body, World
from naive import Naive, Untold
from programs import program
from rules import BY_STEPS, did_not_run, finished_as
from test_known import blocks_of
from test_machine import is_over, let_go

from stratix_tasks.core.node import EARLY, FLOW, LOOP
from stratix_tasks.core.states import TERMINAL, State
from stratix_tasks.core.steps import cut_off
from stratix_tasks.errors import StratixError

ERROR = {"type": "ExprError", "message": "no", "bases": []}
WAYS = ["ok", "ok", "ok", "flaky", "fail", "final"]
CHANGING = {"flaky": ("fail", "ok"), "spoilt": ("ok", "final")}
"""How bodies end that don't always do the same: the first one, and the others."""
VERDICTS: list[Any] = [True, False, False, "bad"]
ENDS = {"skip": State.SKIPPED, "give": State.COMPLETED, "cancel": State.CANCELLED, "reject": State.FAILED}
"""What a person can make of a node that has not ended; rejected is what waits for an approval."""
ANY_TIME = ("skip", "give", "cancel")
BACK: dict[str, Callable[[str], tuple[str, str | None, dict[str, Any]]]] = {
    "retry": lambda name: ("retry", name, {}),
    "redo": lambda name: ("retry", name, {"redo": True}),
    "retry all": lambda _name: ("retry", None, {}),
    "rollback": lambda name: ("rollback", None, {"to": name}),
    "again": lambda name: ("rollback", None, {"nodes": [name]}),
}
"""What sets back what has ended."""
SEEDS = 200
CHUNKS = range(0, SEEDS, 50)


class Case:
    """A program whose bodies, conditions and lists do as its seed says, whoever runs it; and what was asked of it."""

    def __init__(self, seed: int, ways: list[str] = WAYS) -> None:
        self.seed, self.ways = seed, ways
        self.root = program(Random(seed), timed=False)
        self.asked: dict[str, State] = {}
        self.given: set[str] = set()

    def pick(self, kept: list[Any], name: str) -> Any:
        return kept[Random(f"{self.seed} {name}").randrange(len(kept))]

    def outcome(self, name: str, tried: int) -> str:
        way = self.pick(self.ways, name)
        if way in CHANGING:
            return CHANGING[way][min(tried, 2) - 1]
        return str(way)

    def verdict(self, name: str) -> Any:
        said = self.pick(VERDICTS, name)
        return ERROR if said == "bad" else said

    def items(self, name: str) -> Any:
        return self.pick([0, 1, 2, 3, "no list"], name)

    def left_out(self, name: str, index: int) -> bool:
        return bool(self.pick([False, True], f"{name} where") and self.pick([False, True], f"{name} {index}"))

    def waits(self) -> bool:
        """Whether a node in it waits, and for no step of its own."""
        nodes = (node for block in blocks_of(self.root).values() for node in block.nodes)
        return any(node.policy.bodiless and node.step is None for node in nodes)

    def world(self) -> World:
        return World(
            self.root,
            lambda name, tried: Body(self.pick([0.5, 1.0, 2.0], name), self.outcome(name, tried)),
            verdict=self.verdict,
            items=self.items,
            left_out=self.left_out,
            asks=lambda name: bool(self.pick([False, True], f"{name} asks")),
            concurrency=self.pick([1, 2, 8], "places"),
        )

    def ask(self, world: World, verb: str, name: str) -> bool:
        """Whether it was taken. Of one that has ended, or has its value, nothing is asked, nor of what may be tried again with a flow
        around it."""
        s, u = world.s, world.unit(name)
        around = u
        while (around := s.parent(around)) >= 0:
            if s.kind(around) is FLOW and s.policy(around).retry.max:
                return False
        if s.status[u] in TERMINAL or s.status[u] == State.STOPPING or u in s.won:
            return False
        try:
            world.request("skip" if verb == "give" else verb, name, **({"value": 7} if verb == "give" else {}))
        except StratixError:
            return False
        self.asked[name] = ENDS[verb]
        self.given |= {name} if verb == "give" else set()
        return True

    def compare(self, world: World, *, again: bool = False) -> bool:
        """Every node, and the run, has ended as the model says; False where that is a matter of time. `again`: bodies end as those did
        that ran last."""
        seen = world.states()
        naive = Naive(
            self.root,
            (lambda name, _: self.outcome(name, world.attempt(name) if name in seen else 1)) if again else self.outcome,
            self.verdict,
            self.items,
            lambda name: seen.get(name, "nowhere"),
            early=lambda name: _early(world, seen, name),
            left_out=self.left_out,
            asked=self.asked.get,
            given=lambda name: name in self.given or (name in seen and did_not_run(world.s, world.unit(name))),
        )
        try:
            told = naive.ends()
        except Untold:
            return False
        loose = [name for name in seen if name != "run" and world.s.node(world.unit(name)).gather in EARLY]
        loose += self.asked
        for name, end in told.items():
            if not any(name.startswith((f"{one}[", f"{one}.")) for one in loose):
                assert seen[name] == end, (self.seed, self.asked, name, seen[name], end)
        assert seen["run"] == naive.run(), (self.seed, self.asked)
        return True


def _early(world: World, seen: dict[str, str], name: str) -> State | None:
    """How a step ended it, or, where what ran at its end failed then, how that did."""
    if name not in seen:
        return None
    s, u = world.s, world.unit(name)
    if u in s.kids and u not in s.won and any(s.why_ended(x) in BY_STEPS for x in cut_off(s, u)):
        return State(s.status[u])
    scopes = s.scopes(u) if s.kind(u) in (FLOW, LOOP) and u in s.kids else ()
    by_itself = any(finished_as(s, s.stretches[i].block, a) for i, a, _ in scopes)
    return State(s.status[u]) if s.why_ended(u) in BY_STEPS and not by_itself else None


def _was_refused(world: World, name: str) -> bool:
    """By `where`: who has it tried again wants it to run all the same."""
    return world.s.why_ended(world.unit(name)) == "where"


def asking(world: World) -> list[str]:
    """The approvals that are waited for first from now on; none where no node comes to that."""
    found: list[str] = []
    while not found and world.step():
        found = [world.label(u) for u, wait in world.s.waits.items() if wait["for"] == "approval"]
    return found


def ask_back(world: World, r: Random) -> int:
    """Retries and rollbacks, at any moment; how many were taken."""
    taken = 0
    for _ in range(r.randint(1, 4)):
        for _ in range(r.choice([1, 3, 9, 1000])):
            world.step()
        names = [name for name in world.states() if name != "run" and not _was_refused(world, name)]
        verb, target, args = BACK[r.choice(list(BACK))](r.choice(names))
        try:
            world.request(verb, target, **args)
        except StratixError:
            continue
        taken += 1
        let_go(world) if r.random() < 0.5 else world.request("resume") if world.run.label == "paused" else None
    return taken


@pytest.mark.parametrize("first", CHUNKS)
def test_what_nobody_touches_ends_as_the_naive_model_says(first: int) -> None:
    """Of random programs with mapped flows, loops, recursion, joins with losers and phases: every node, and the run."""
    for seed in range(first, first + 50):
        case = Case(seed)
        world = case.world().start().settle()
        is_over(world)
        case.compare(world)


@pytest.mark.parametrize("first", CHUNKS)
def test_what_people_end_ends_so_and_the_rest_follows(first: int) -> None:
    """Skips, values and cancels of nodes and items, at any moment before these have ended."""
    taken = 0
    for seed in range(first, first + 50):
        case, r = Case(seed), Random(seed)
        world = case.world().start()
        for _ in range(r.randint(1, 3)):
            for _ in range(r.choice([0, 0, 1, 3, 9])):
                world.step()
            names = [name for name in world.states() if name != "run"]
            taken += case.ask(world, r.choice(ANY_TIME), r.choice(names))
        is_over(world.settle())
        case.compare(world)
    assert taken > 10


@pytest.mark.parametrize("first", CHUNKS)
def test_what_people_reject_has_failed_and_the_rest_follows(first: int) -> None:
    """Nodes and items, most of those that wait for an approval; of programs in which something waits."""
    taken, programs = 0, (Case(seed) for seed in count(1000 * first))
    for case in islice((one for one in programs if one.waits()), 50):
        r, world = Random(case.seed), case.world().start()
        while names := asking(world):
            taken += r.random() < 0.7 and case.ask(world, "reject", r.choice(names))
        is_over(world)
        case.compare(world)
    assert taken > 5


@pytest.mark.parametrize("first", CHUNKS)
def test_a_fork_ends_as_the_naive_model_says(first: int) -> None:
    """What it takes over has ended; the rest ends as if that had been given."""
    kept = 0
    for seed in range(first, first + 50):
        case, r = Case(seed), Random(seed)
        world = case.world().start()
        for _ in range(r.choice([3, 9, 1000])):
            world.step()
        fork = world.fork(r.randrange(len(world.names)))
        case.asked = {
            name: State(fork.s.status[u]) for u, name in enumerate(fork.names) if fork.s.status[u] in TERMINAL
        }
        kept += len(case.asked)
        is_over(fork.start().settle())
        case.compare(fork)
    assert kept > 10


@pytest.mark.parametrize("first", CHUNKS)
def test_what_is_set_back_comes_to_the_same_end(first: int) -> None:
    """Retries and rollbacks, at any moment, of bodies that do each time what they did: as if nobody had asked."""
    taken = 0
    for seed in range(first, first + 50):
        case, r = Case(seed, ["ok", "ok", "final"]), Random(seed)
        world = case.world().start()
        taken += ask_back(world, r)
        is_over(let_go(world))
        case.compare(world)
    assert taken > 10


@pytest.mark.parametrize("first", CHUNKS)
def test_what_is_set_back_may_come_to_another_end(first: int) -> None:
    """Bodies that fail at first, or from the second time on: all else ends as it does for the ends of those that ran last."""
    compared = 0
    for seed in range(first, first + 50):
        case, r = Case(seed, ["ok", "ok", "flaky", "spoilt"]), Random(seed)
        world = case.world().start()
        taken = ask_back(world, r)
        is_over(let_go(world))
        compared += bool(taken) and case.compare(world, again=True)
    assert compared > 10
