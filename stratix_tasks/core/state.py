"""State: what is recorded of a run, and nothing else. `apply` writes it, whoever holds it: its owner, a new one, a reader, a fork.

Where its units lie `units.py` tells.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import Policy
from stratix_tasks.core.results import Data
from stratix_tasks.core.states import BAD, TERMINAL, RunState, S
from stratix_tasks.core.timers import Timers
from stratix_tasks.core.units import Places, Spans, Stretch, Units

PENDING, RUNNING, RETRYING, COMPLETED, FAILED, SKIPPED, OPEN = map(
    int, (S.PENDING, S.RUNNING, S.RETRYING, S.COMPLETED, S.FAILED, S.SKIPPED, S.OPEN)
)
"""As plain numbers, for what happens with every task: members of an Enum are slow to look up and to compare."""
MISSING: Any = object()
"""The value of a unit that has none."""
Name = int | str
"""What tells the items apart that one item spawned: a key that its body gave, or a number."""
PIECE = 8192
"""Numbers that are set at a time."""
IS_OVER = bytes(s in TERMINAL or s == S.RETIRED for s in range(256))
IS_BAD = bytes(s in BAD for s in range(256))
NO_BODY = (S.PENDING, S.RETRYING, S.WAITING)
"""States of a unit that has not ended, of which nothing runs."""
WITH_BODY = (S.RUNNING, S.SUSPENDED, S.STOPPING)
GATHERED = "items"
"""Why a group failed whose own units did."""
LOST = "lost the join"
"""Why something was cancelled: what it was for went on without it."""
FAILURE = "failure"
"""Why something was cancelled: what it lies in stops at a failure."""
WITHIN = "within"
"""Why a loop ended with its last round, and what went on in that: its time was over."""
FINISHED, BY_STEP = "finished early", "cancelled by a step"
"""Why something ended that a step ended, with what it lies in or by itself."""
OF_STEPS = frozenset((FINISHED, BY_STEP))
LEFT = OF_STEPS | {LOST}
"""Why something ended that nobody asked to end so: it is not tried again unless somebody asks for it."""


class State(Units):
    """One run, as its facts tell it. Only `apply` writes it; it is read by all."""

    __slots__ = (
        "at",
        "attempt",
        "begun",
        "breaks",
        "children",
        "due",
        "enabled",
        "ended",
        "error",
        "failures",
        "fed",
        "finished",
        "frozen",
        "generation",
        "heard",
        "late",
        "limits",
        "lost",
        "marks",
        "orphaned",
        "own",
        "passing",
        "reason",
        "recoveries",
        "rested",
        "run",
        "run_error",
        "run_reason",
        "run_target",
        "said",
        "sets",
        "signals",
        "spawned",
        "spent",
        "started",
        "summary",
        "swept",
        "taken",
        "target",
        "timed",
        "values",
        "waits",
        "winners",
        "won",
    )  # fmt: skip

    def __init__(self, root: Block) -> None:
        super().__init__(root)
        self.at = 0.0
        """When the last fact was told, in Unix seconds."""
        self.run = RunState.PENDING
        self.run_target: RunState | None = None
        self.run_reason: str | None = None
        self.run_error: dict[str, Any] | None = None
        self.attempt, self.spent = array("H"), array("H")
        """Attempts so far, and how many of them do not count against the budget of retries."""
        self.values: list[Any] = []
        """Plain scalars, or a `Stored` that tells where a result is."""
        self.started, self.ended = array("d"), array("d")
        self.rested: dict[int, float] = {}
        """Seconds that groups had ended before they were opened again, since they began."""
        self.frozen: dict[int, dict[str, dict[str, Any]]] = {}
        """Keys of a group's items, in their order, where they have some."""
        self.children: dict[int, dict[int, dict[Name, int]]] = {}
        """By group, then by the place of the item that spawned it, then by its name: the unit of each spawned item."""
        self.spawned: dict[int, dict[str, Data]] = {}
        """What each spawned item is mapped to, by argument."""
        self.fed: dict[int, dict[int, int]] = {}
        """By a map that streams, and the place of an item that came later into its source: the unit of its own item for that."""
        self.swept: list[tuple[int, int, str, tuple[tuple[int, int], ...]]] = []
        """Spans in which something ended as a whole, with the reason, and what did: it is looked up here, not written a million
        times."""
        self.target: dict[int, tuple[S, str, dict[str, Any] | None]] = {}
        """What a body that was asked to stop, or a group that is being ended, is to end as."""
        self.winners: dict[int, tuple[int, ...]] = {}
        """Of joins that fired: the needs that they were made from."""
        self.won: dict[int, tuple[tuple[int, int], ...]] = {}
        """Of gathers that have as many items as they ask for: spans of the places of those that they are made from."""
        self.finished: dict[int, S] = {}
        """Of steps that ended the scope that they lie in: what that is to come to."""
        self.enabled: set[int] = set()
        """Units whose condition is true."""
        self.marks: list[tuple[int, int, str]] = []
        """Spans that are paused, with the reason; "" lets go on what a mark further out would pause. They don't overlap."""
        self.breaks: set[str] = set()
        """Paths of nodes with a breakpoint: they are held when they are about to become ready, in every scope."""
        self.begun: set[int] = set()
        """Open sub-flows that have begun as a whole: they have their places, and their time counts."""
        self.passing: set[int] = set()
        """Units that a person let go on from their breakpoint."""
        self.due: dict[int, float] = {}
        self.waits: dict[int, dict[str, Any]] = {}
        self.signals: dict[str, list[Data]] = {}
        """The values that were sent, by the name of the signal, in order."""
        self.taken: dict[int | Places, int] = {}
        """How many of its signal's values a unit has had, in all rounds of what it lies in: it waits for the next one."""
        self.generation: dict[int, int] = {}
        self.reason: dict[int, str] = {}
        self.error: dict[int, dict[str, Any]] = {}
        self.failures: dict[int, list[tuple[int, dict[str, Any]]]] = {}
        """(attempt, error) of every attempt that failed."""
        self.summary: dict[int, dict[str, Any]] = {}
        self.lost: dict[int, int] = {}
        """How often the place where a unit's body ran has gone."""
        self.orphaned: dict[int, list[int]] = {}
        """Attempts by unit whose body died with its owner."""
        self.sets: dict[int | str, dict[str, Any]] = {}
        """Arguments that a person gave in place of the flow's, by unit, or by path for scopes that are to come."""
        self.own: dict[int | str, Policy] = {}
        """Policies of which something came with the run, or was changed by a person, in the same way."""
        self.late: dict[int, dict[str, Any]] = {}
        """Options that came with the run."""
        self.said: dict[int | str, dict[str, Any]] = {}
        """Options that a person gave, which win over these."""
        self.timed = False
        """Whether a limit may begin with an attempt: in most flows nobody has to look."""
        self.limits = Timers()
        """Deadlines that facts imply, and what is left of those that stand still."""
        self.recoveries = 0
        """Owners that died with live bodies, since a person last resumed the run."""
        self.heard: set[Any] = set()
        """Names of the requests that were taken, of those that have one."""
        self.open(root, -1, 0, 1)

    def open(self, block: Block, parent: int, index: int, count: int, origin: int = -1) -> int:
        """Room for scopes of a block, and for the sub-flows that are laid out with it; returns the first one's number."""
        first = len(self.stretches)
        for one, above, k in block.layout:
            outer = self.stretches[first + above] if above >= 0 else None
            base, size = len(self.status), one.n * count
            self.timed = self.timed or any(one.timed)
            self.status.extend(bytes(size))
            self.attempt.frombytes(bytes(2 * size))
            self.spent.frombytes(bytes(2 * size))
            self.home.extend(array("i", (len(self.stretches),)) * size)
            self.values.extend([MISSING] * size)
            self.started.frombytes(bytes(8 * size))
            self.ended.frombytes(bytes(8 * size))
            if outer is None:
                self.stretches.append(Stretch(one, base, count, parent, 0, index, base + size, {}, origin))
            else:
                outer.fixed[k] = len(self.stretches)
                self.stretches.append(Stretch(one, base, count, outer.base + k, outer.block.n, 0, base + size, {}))
        return first

    # ------------------------------------------------------------------ where a unit is

    def policy(self, u: int) -> Policy:
        r = self.stretches[self.home[u]]
        if self.own:
            above = self.map_of(u)
            own = self.own.get(u) or (self.own.get(above) if above >= 0 else None) or self.own.get(self.path(u))
            if own is not None:
                return own
        return r.block.policies[(u - r.base) % r.block.n]

    def given(self, u: int) -> dict[str, Any]:
        """Arguments of a unit that a person gave in place of the flow's."""
        if not self.sets:
            return {}
        return {**self.sets.get(self.path(u), {}), **self.sets.get(u, {})}

    # ------------------------------------------------------------------ what lies in a group

    # ------------------------------------------------------------------ what follows from it at once

    def mark(self, u: int) -> str | None:
        """The mark on a unit itself: why it is paused, "" where it is let go, None where there is none."""
        i = bisect_right(self.marks, (u, 1 << 60, "")) - 1
        return self.marks[i][2] if i >= 0 and u < self.marks[i][1] else None

    def held(self, u: int) -> str:
        """Why a unit is paused by itself or by a group that it lies in, the nearest mark counts; "" when it is not. In a run that
        is ending nothing holds what belongs to its end."""
        while self.marks and u >= 0 and self.run is not RunState.ENDING:
            mark = self.mark(u)
            if mark is not None:
                return mark
            u = self.parent(u)
        return ""

    def units_left(self) -> bool:
        """Whether anything has not ended: groups may have ended early, before all that lies in them."""
        return any(self.status.find(state) >= 0 for state in (*NO_BODY, *WITH_BODY, S.OPEN))

    def works(self, p: int) -> bool:
        """Whether something in an open sub-flow has not ended, but for what belongs to its end."""
        return any(
            not IS_OVER[self.status[u]] and not self.node(u).phase for _, a, b in self.scopes(p) for u in range(a, b)
        )

    def first_left(self, start: int, stop: int) -> int:
        """The first unit that has not ended, else `stop`."""
        for state in (*NO_BODY, *WITH_BODY, S.OPEN):
            at = self.status.find(state, start, stop)
            stop = stop if at < 0 else at
        return stop

    def alike(self, a: int, b: int) -> bool:
        """Whether these units have had equally many attempts."""
        first = self.attempt[a]
        if b - a < 64:
            return self.attempt[a:b].count(first) == b - a
        return self.attempt[a:b] == array("H", (first,)) * (b - a)

    def why_ended(self, u: int) -> str | None:
        """The reason of its last transition, also where that was one of a whole span."""
        told = self.reason.get(u)
        if told is None and self.swept and self.status[u] in (S.CANCELLED, S.SKIPPED):
            swept = reversed(self.swept)
            return next((reason for a, b, reason, parts in swept if a <= u < b and _is_in(u, parts)), None)
        return told

    def as_taken(self, u: int) -> int:
        """The state that others take a unit's for: what a step cancelled is to them as if it was skipped."""
        state = self.status[u]
        if state == S.CANCELLED and self.root.stepping and self.why_ended(u) in OF_STEPS:
            return S.SKIPPED
        return state

    def as_needed(self, u: int) -> int:
        """The same to who needs its value: a gather that goes on with what it has not waited for has its own."""
        state = self.as_taken(u)
        return COMPLETED if state == OPEN and u in self.won else state

    def finisher(self, block: Block, b: int) -> int | None:
        """The step that finished the scope that begins at `b`."""
        return next((b + k for k in block.finishers if b + k in self.finished), None) if self.finished else None

    def tries(self, u: int) -> int:
        """Attempts that count against the budget of retries."""
        return self.attempt[u] - self.spent[u]

    def differs(self, other: State) -> list[str]:
        """Names of the fields in which they differ."""
        names = (*Units.__slots__, *self.__slots__)
        return [name for name in names if name != "root" and getattr(self, name) != getattr(other, name)]


def _is_in(u: int, parts: Sequence[tuple[int, int]]) -> bool:
    """Whether a unit lies in one of these spans, which are in order."""
    at = bisect_right(parts, u, key=itemgetter(0)) - 1
    return at >= 0 and u < parts[at][1]


def fill(numbers: array[float], start: int, stop: int, value: float) -> None:
    """Set a span of an array. By pieces: for a long one, to ask the system for memory takes far longer than to write it."""
    piece = array("d", (value,)) * min(stop - start, PIECE)
    for at in range(start, stop, PIECE):
        end = min(at + PIECE, stop)
        numbers[at:end] = piece if end - at == PIECE else piece[: end - at]


def fill_whole(numbers: array[int], start: int, stop: int, value: int) -> None:
    """The same, of whole numbers."""
    numbers[start:stop] = array(numbers.typecode, (value,)) * (stop - start)


def spans(units: Iterable[int]) -> Spans:
    """Units as the fewest spans."""
    found: Spans = []
    for u in sorted(units):
        if found and found[-1][1] == u:
            found[-1] = (found[-1][0], u + 1)
        else:
            found.append((u, u + 1))
    return found


def apart(parts: Iterable[tuple[int, int]]) -> Spans:
    """The same spans in order, of those that overlap one."""
    found: Spans = []
    for a, b in sorted(parts):
        if found and a < found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


def each(parts: Iterable[Sequence[int]]) -> Iterator[int]:
    return (u for a, b in parts for u in range(a, b))
