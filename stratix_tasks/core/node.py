"""What a node is, and what it says of itself: its kind, what it waits for, its policy, its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from stratix_tasks.core.ports import RUNNERS, Executor, Traits
from stratix_tasks.core.states import S
from stratix_tasks.spec.model import Retry, Timeout


class Kind(IntEnum):
    """What a node is: a body, items of one body, a sub-flow, a sub-flow per item, a sub-flow again and again."""

    TASK = 0
    MAP = 1
    FLOW = 2
    EACH = 3
    LOOP = 4

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = ("task", "map", "flow", "each", "loop")


class Join(IntEnum):
    """What a node asks of its needs, or a fan-out of its items: all completed, one ended, one completed, `k` completed,
    all ended however."""

    ALL = 0
    ANY = 1
    FIRST = 2
    N_OF = 3
    SETTLED = 4


TASK, MAP, FLOW, EACH, LOOP = Kind
ALL, ANY, FIRST, N_OF, SETTLED = Join
EARLY = frozenset((ANY, FIRST, N_OF))
"""Joins that fire before all that they ask for has ended; what they go without has lost."""

NO_RETRY = Retry.model_construct(max=0, delay=1.0, backoff=2.0, max_delay=60.0, jitter="full", on=())
NO_LIMIT = Timeout.model_construct(attempt=None, total=None, queued=None)
MAX_LOST = 3
GRACE = 5.0
"""Seconds that a body has to stop by itself after a cancel or a time-out."""
UNDO, LAST = 1, 2
DISABLED = "disabled"
UNTIL = "until"
"""Why a node is off: the document says so; the run was asked to go until others, which do not need it."""
OF_INPUTS = -2
OTHERWISE = -1
"""In `firsts`, last: a plain value is taken where none of them completed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How the attempts of a node are run; shared by all nodes that say the same. Times in seconds.

    A field named as an option of a task is what the node, or the flow's defaults, say of it.
    """

    call: str = ""
    runner: str = "thread"
    priority: int | None = None
    """None: that of the sub-flow around it, and where none says one 0."""
    pool: tuple[str, ...] = ()
    retry: Retry = NO_RETRY
    timeout: Timeout = NO_LIMIT
    grace: float = GRACE
    max_lost: int = MAX_LOST
    """How often the place where a body runs may go before the node fails."""
    abandoned: str = "wait"
    """Whether another attempt waits for a body that did not stop in its grace; else "overlap"."""
    traits: Traits = RUNNERS["thread"]
    concurrency: int | None = None
    """Of a sub-flow: how many bodies may run in it at once."""
    whole: bool = False
    """Of a sub-flow: whether it begins as a whole, for it takes places or its time is limited."""

    @property
    def bodiless(self) -> bool:
        return self.traits.bodiless

    @property
    def timed(self) -> bool:
        return not self.bodiless and any((self.timeout.attempt, self.timeout.total, self.timeout.queued))


PLAIN = Policy()


UNTOLD = 0
"""How many a join waits for that the run tells."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a node ends when its turn comes, in place of running a body: by the rest the scope that it lies in itself."""

    to: S = S.COMPLETED
    """COMPLETED or FAILED: what it ends is finished so. CANCELLED: it is cancelled."""
    node: int | None = None
    """The node of the same scope that it ends."""
    around: str = ""
    """The name of the group that it ends, one of those that it lies in."""
    gives: bool = False
    """Whether what it ends has the value that it gives, in place of what is there."""

    @property
    def own(self) -> bool:
        return self.node is None and not self.around


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a block; `needs` are numbers in it."""

    name: str
    needs: tuple[int, ...] = ()
    kind: Kind = TASK
    firsts: tuple[tuple[int, ...], ...] = ()
    """Needs of which the first that completed is taken; all of them are in `needs`, too."""
    hard: tuple[int, ...] = ()
    """Of these the ones that it needs anyhow."""
    ended: tuple[int, ...] = ()
    """Needs that it only asks about: they have to have ended, however that was."""
    told: tuple[int, ...] = ()
    """Needs that tell how many a join waits for, which are none of those: they have to have completed."""
    join: Join = ALL
    k: int = 1
    """N_OF: how many; `UNTOLD` where that comes with the run."""
    keep_losers: bool = False
    when: bool = False
    off: str = ""
    """Why it is skipped as soon as its scope begins, where it is: DISABLED, or UNTIL."""
    pinned: bool = False
    """Whether a value stands in place of what it gives, so that it does not run."""
    drawn: tuple[int, ...] = ()
    """What it needs in the document, where that is more than it needs in the run: views show it."""
    allow_failure: bool = False
    """Whether its bad end counts for nothing, so that who wants all of what it needs goes on without its value."""
    inner: str = ""
    """FLOW, EACH, LOOP: the name of a block; it may be one that this block lies in."""
    late: bool = False
    """TASK, MAP: whether some of its options come with the run: they are asked for when it is about to begin. How many a join waits
    for is none of these: that is asked for as soon as it can be told."""
    asks: bool = False
    """FLOW: whether its inputs have to be worked out before it opens."""
    source: int = -1
    """MAP, EACH: the number of the map that it streams from: each of its items waits for the one of the same place there alone."""
    over: str = ""
    """Then the argument that takes what these give."""
    most: int = 0
    """MAP, EACH: bodies at a time, 0 for no limit of its own."""
    gather: Join = ALL
    of: int = 1
    """A gather of N_OF: how many."""
    share: float | None = None
    """A gather of N_OF: the share of all in place of that."""
    keep_rest: bool = False
    """Whether what a gather has not waited for goes on, instead of being cancelled; it ends with that."""
    rounds: int = 1
    """LOOP: rounds at most."""
    until: bool = True
    """LOOP: whether a condition is asked after each round."""
    every: float | None = None
    """LOOP: seconds from the end of a round to the next one."""
    within: float | None = None
    """LOOP: seconds from its first round on."""
    take_last: bool = False
    """LOOP: whether it completes with what it has when its rounds or its time are over, instead of failing."""
    phase: int = 0
    """A node begins when all of lower phases in its scope have ended: 0 is what the flow does, `UNDO` what takes it back when
    the scope ends badly, `LAST` what runs however it ends."""
    undoes: int | None = None
    """UNDO: the node that it takes back."""
    policy: Policy = PLAIN
    spec: Any = None
    """The NodeSpec that it was made from."""
    executor: Executor | None = None
    """What it runs; None for a sub-flow, and for what is not known here."""
    step: Step | None = None
    takes: tuple[str, ...] = ()
    """Names of the arguments that its function takes."""
    arguments: tuple[tuple[str, int, Any], ...] | None = None
    """`(name, need, literal)` of each argument, need -1 for a literal, `OF_INPUTS` for the input of that name; None where they
    have to be worked out otherwise.
    """

    def is_ended_by(self, verb: str) -> bool:
        """Whether it waits for such a request."""
        waits = None if self.executor is None else self.executor.waits
        return waits is not None and waits.ended_by == verb
