"""Books: what is counted of a stretch, and of a fan-out."""

from __future__ import annotations

from array import array
from collections.abc import Callable

from stratix_tasks.core.limits import Claim, Lane
from stratix_tasks.core.node import Policy
from stratix_tasks.core.states import RunState
from stratix_tasks.core.units import Stretch

Claims = Callable[[Policy, int | None], Claim]
"""What a body of a policy takes; of a fan-out with at most so many bodies at a time it has places of its own."""
GOING = (RunState.RUNNING, RunState.ENDING)
"""States of a run in which something may start: in one that is ending only what belongs to its end."""


class Tally:
    """How far a fan-out is: its items, or the scopes of a mapped flow."""

    __slots__ = ("bad", "count", "early", "ended", "readers", "undone", "watched")

    def __init__(self, early: bool, readers: tuple[int, ...]) -> None:
        self.early, self.readers = early, readers
        """`readers`: the maps that may stream from it."""
        self.watched = early or bool(readers)
        """Whether each end in it may decide something."""
        self.count = self.ended = self.undone = self.bad = 0

    @property
    def done(self) -> int:
        """How many completed: what happens most is the one that is not counted."""
        return self.ended - self.undone


class Book:
    """The counted side of a stretch."""

    __slots__ = (
        "bad",
        "base",
        "flat",
        "kinds",
        "lanes",
        "n",
        "outs",
        "parent",
        "phased",
        "plain",
        "runners",
        "step",
        "tally",
        "timed",
        "todo",
    )

    def __init__(self, r: Stretch, lanes: tuple[Lane, ...], tally: Tally | None, *, flat: bool) -> None:
        self.base, self.n, self.parent, self.step, self.flat = r.base, r.block.n, r.parent, r.step, flat
        self.outs, self.plain, self.kinds, self.lanes, self.tally = (
            r.block.outs,
            r.block.plain,
            r.block.kinds,
            lanes,
            tally,
        )
        self.phased, self.timed, self.runners = bool(r.block.phased), r.block.timed, r.block.runners
        self.todo = array("i", (r.block.n,)) * (0 if flat else r.count)
        """Units that have not ended, by scope; of items the tally alone counts."""
        self.bad = bytearray(0 if flat else r.count)
        """Whether something in the scope ended badly, which is looked at closely once nothing is left to do in it."""
