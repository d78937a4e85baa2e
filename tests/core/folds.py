"""What of a run must survive its owner: one that is made from its facts is the same, and decides nothing by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from promises import need

from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.state import IS_OVER
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RUN_TERMINAL


def folded(root: Block, facts: Iterable[Any]) -> Recorded:
    return fold(Recorded(root), facts)


def the_fold_is_the_run(live: Recorded, facts: Iterable[Any]) -> None:
    """The facts folded give what the live run has, in every field."""
    made = folded(live.root, facts)
    for name in live.differs(made):
        need(False, f"{name}: the facts give {getattr(made, name)}, the run has {getattr(live, name)}")


def is_over(s: Recorded) -> None:
    """A terminal run: no live node, nothing left to do."""
    need(s.run in RUN_TERMINAL, f"the run is {s.run.label}, and nothing will happen")
    need(all(IS_OVER[state] for state in s.status), "the run has ended, but units have not")
