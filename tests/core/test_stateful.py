"""Random flows under random requests, failures, deaths and time, against a naive model of how they must end.

What a person may do splits in two: pauses, resumes, breakpoints, priorities and deaths of the owner change nothing of
how a run ends; whatever else is asked of a node changes only what depends on it. `naive.py` tells the ends.
"""

from __future__ import annotations

from typing import Any

from driver import Body, World
from facade import block_of
from folds import the_fold_is_the_run
from forks import reached
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from naive import Naive
from test_machine import ask, flows, is_over, let_go, one_of

from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RUN_TERMINAL, RunState, State
from stratix_tasks.spec.model import FlowSpec

WAYS = st.lists(st.sampled_from(["ok", "ok", "ok", "flaky", "fail", "final"]), min_size=1, max_size=6)
"""How the bodies of a unit go: flaky ones fail once."""
PARTS = st.integers(0, 30)
HARMLESS = ["pause", "resume", "break", "unbreak", "set", "approve", "send"]
HARMFUL = ["cancel", "skip", "give", "retry", "rollback", "rerun"]


def pick(kept: list[Any], name: str) -> Any:
    return kept[sum(map(ord, name)) % len(kept)]


class Control(RuleBasedStateMachine):
    """One run. `touched` are the nodes that somebody changed the fate of."""

    world: World

    @initialize(
        flow=flows(timed=False),
        ways=WAYS,
        verdicts=st.lists(st.sampled_from([True, True, False, "bad"]), min_size=1, max_size=3),
        counts=st.lists(st.sampled_from([2, 3, 0, "not a list"]), min_size=1, max_size=3),
        places=st.sampled_from([1, 2, 8]),
        parks=st.booleans(),
        spawns=st.lists(st.sampled_from([0, 0, 1, 2]), min_size=1, max_size=3),
    )
    def begin(
        self,
        flow: FlowSpec,
        ways: list[str],
        verdicts: list[Any],
        counts: list[Any],
        places: int,
        parks: bool,
        spawns: list[int],
    ) -> None:
        self.flow, self.ways, self.touched = flow, ways, set[int]()
        self.counts = lambda name: pick(counts, name)
        said = {"bad": {"type": "ExprError", "message": "no", "bases": []}}
        self.verdicts = lambda name: said.get(pick(verdicts, name), pick(verdicts, name))
        self.world = World(flow, lambda *_: Body(), verdict=self.verdicts, items=self.counts, concurrency=places)
        self.spawns = lambda name: pick(spawns, name)
        self.world.script = lambda name, _attempt: Body(1.0, self.outcome(name), parks=parks, spawns=self.spawns(name))
        note(repr(self.world))
        self.world.start()

    def outcome(self, name: str) -> str:
        way = pick(self.ways, name)
        if way != "flaky":
            return str(way)
        return "ok" if self.world.s.failures.get(self.world.unit(name)) else "fail"

    # ------------------------------------------------------------------ what happens

    @rule(turns=st.integers(1, 4))
    def time_passes(self, turns: int) -> None:
        for _ in range(turns):
            self.world.step()

    @rule(verb=st.sampled_from(HARMLESS), part=PARTS)
    def somebody_delays_a_node(self, verb: str, part: int) -> None:
        ask(self.world, verb, part)

    @rule(verb=st.sampled_from(["pause", "resume"]))
    def somebody_delays_the_run(self, verb: str) -> None:
        ask(self.world, verb, None)

    @rule(verb=st.sampled_from(HARMFUL), part=PARTS)
    def somebody_changes_a_node(self, verb: str, part: int) -> None:
        world = self.world
        node = self.world.s.node_of(one_of(world, part))
        over = world.run in RUN_TERMINAL
        if ask(world, verb, part):
            self.touched |= sources_of(world.s, node) if verb == "retry" else {node}
            assert verb != "rollback" or not over or world.run is RunState.PAUSED

    @precondition(lambda self: self.world.run not in {*RUN_TERMINAL, RunState.ENDING})
    @rule(verb=st.sampled_from(["cancel", "retry"]), really=st.sampled_from([False, False, False, True]))
    def somebody_changes_the_run(self, verb: str, really: bool) -> None:
        if really and ask(self.world, verb, None):
            self.touched |= set(range(len(self.world.names)))

    @precondition(lambda self: self.world.run not in RUN_TERMINAL)
    @rule()
    def the_owner_dies(self) -> None:
        self.world.die_and_recover()

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def the_facts_are_the_run(self) -> None:
        if hasattr(self, "world"):
            the_fold_is_the_run(self.world.s, self.world.facts)

    def teardown(self) -> None:
        """Once it is let go, the run ends; what nobody touched ends as the naive model says."""
        if not hasattr(self, "world"):
            return
        world = let_go(self.world)
        is_over(world)
        naive = self.naive()
        ends = naive.ends()
        free = set(range(len(world.names))) - tainted(world.s, self.touched)
        for unit in sorted(free):
            name, end = world.names[unit], State(world.s.status[unit]).label
            if name not in ends:  # how far it came in a flow that stopped is a matter of time
                continue
            told = {ends[name], "cancelled"} if self._may_be_stopped() else {ends[name]}
            assert end in told, f"'{name}' is {end}, and must be {ends[name]}"
        if not self.touched:
            assert world.run.label == naive.run()

    def _may_be_stopped(self) -> bool:
        return self.flow.on_failure == "stop"

    def naive(self) -> Naive:
        def script(name: str, attempt: int) -> str:
            way = pick(self.ways, name)
            return ("fail" if attempt == 1 else "ok") if way == "flaky" else str(way)

        states = self.world.states()  # not of what a flow that stopped had no time to open
        seen = lambda name: states.get(name, "")  # noqa: E731
        return Naive(block_of(self.flow), script, self.verdicts, self.counts, seen, self.spawns)


def sources_of(s: Recorded, node: int) -> set[int]:
    """A node with all that it needs, directly or not, and the groups that it lies in."""
    return reached(s, [node], before=True)


def tainted(s: Recorded, touched: set[int]) -> set[int]:
    """Nodes whose end may depend on one of those: what needs them, the groups around them, the members within them."""
    return reached(s, touched, before=False)


TestControl = Control.TestCase
