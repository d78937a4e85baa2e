"""apply: the only writer of a `State`. One function a kind of fact; it chooses nothing, what is decided stands in the fact.

`fold` is a loop over it: recovery, looking on, forking and what live runs do to their own state are the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from stratix_tasks.core import facts as kinds
from stratix_tasks.core.apply.again import reopened, rolled, set_again
from stratix_tasks.core.apply.asked import breakpoint_set, requested, resolved, sent, set_given, taken
from stratix_tasks.core.apply.groups import enabled, entered, expanded, finished, joined, spawned, won
from stratix_tasks.core.apply.run import claimed, run_moved
from stratix_tasks.core.apply.spans import held, released, swept
from stratix_tasks.core.apply.units import completed, given, moved, started, started_many
from stratix_tasks.core.facts import Fact
from stratix_tasks.core.state import State


def apply(s: State, fact: Fact) -> None:
    """Take one fact. Its kind is one of `facts`; fields that a later version wrote are cut off before."""
    _APPLY[fact[0]](s, fact)
    s.at = fact[1]


def fold(s: State, facts: Iterable[Fact]) -> State:
    """Take facts in order, from the journal: kinds and fields that are not known here are skipped."""
    table, widths = _APPLY, kinds.WIDTHS
    known = len(table)
    for fact in facts:
        kind = fact[0]
        if kind < known:
            width = widths[kind]
            table[kind](s, fact if len(fact) == width else fact[:width])
            s.at = fact[1]
    return s


def nothing(_s: State, _fact: Fact) -> None:
    pass


_APPLY: tuple[Callable[[State, Fact], None], ...] = (
    nothing, run_moved, moved, started, completed, given, expanded, requested, claimed, spawned, started_many, swept, held,
    released, joined, enabled, set_again, reopened, rolled, set_given, breakpoint_set, sent, taken, entered, finished, resolved,
    won,
)  # fmt: skip
