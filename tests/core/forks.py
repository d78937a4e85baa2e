"""Forks of a run as it is recorded, and what they may take over of it, told as plainly as can be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from folds import folded
from promises import need
from rules import seen

from stratix_tasks.core import fork
from stratix_tasks.core.results import Stored
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import State
from stratix_tasks.core.targets import label

FINE = (State.COMPLETED, State.SKIPPED)


def forked(old: Recorded, roots: Collection[int], at: float) -> tuple[list[Any], Recorded]:
    """The facts that a fork in which these nodes run again begins with, and what they come to: all that was promised of it."""
    keep, open_ = fork.taken_over(old, fork.again(old, set(roots)))
    facts, _ = fork.facts(old, keep, open_, at)
    new = folded(old.root, facts)
    nothing_is_kept_of_what_runs_again(old, roots, keep)
    what_has_nothing_to_do_with_it_is_kept(old, roots, keep)
    what_is_kept_is_as_it_was(old, new, keep)
    return facts, new


def near(s: Recorded, unit: int, *, before: bool) -> list[int]:
    """What a unit needs, or what needs it; the group around it; what lies in it."""
    r, k, b = s.place(unit)
    above = s.parent(unit)
    inside = [one for _, x, y in s.scopes(unit) for one in range(x, y)]
    beside = r.block.needs[k] if before else r.block.outs[k]
    return [*(b + n for n in beside), *([above] if above >= 0 else []), *inside]


def reached(s: Recorded, units: Iterable[int], *, before: bool) -> set[int]:
    found, stack = set[int](), list(units)
    while stack:
        unit = stack.pop()
        if unit not in found:
            found.add(unit)
            stack += near(s, unit, before=before)
    return found


def nothing_is_kept_of_what_runs_again(old: Recorded, roots: Collection[int], keep: Collection[int]) -> None:
    """Not these nodes, nor what needs them, nor what was made from something that is not kept."""
    left = [u for u in keep if u in roots or seen(old, u) not in FINE]
    need(not left, f"a fork of {roots} takes over {[label(old, u) for u in left]}")
    for u in keep:
        r, k, b = old.place(u)
        made = [label(old, b + n) for n in r.block.needs[k] if b + n not in keep]
        need(not made, f"a fork takes over '{label(old, u)}', and not {made}, which it was made from")


def what_has_nothing_to_do_with_it_is_kept(old: Recorded, roots: Collection[int], keep: Collection[int]) -> None:
    """What ended well, as did all that it was made from: what steps end, or runs at ends, does not follow from needs alone."""
    laid_out = range(len(old.root.outline.names))
    by_needs = not old.root.stepping and not any(node.phase for node in old.root.outline.nodes)
    changed = {u for u in range(len(old.status)) if seen(old, u) not in FINE and not old.gone(u)} | {*roots}
    for u in laid_out if by_needs else ():
        kept = u in keep or bool(changed & reached(old, [u], before=True))
        need(kept, f"a fork of {roots} makes '{label(old, u)}' again, which has nothing to do with it")


def what_is_kept_is_as_it_was(old: Recorded, new: Recorded, keep: Collection[int]) -> None:
    """In its state, and with its value. What has more units is numbered anew."""
    for u in keep:
        need(new.status[u] == old.status[u], f"a fork takes '{label(old, u)}' over as {State(new.status[u]).label}")
        need(_told(new, u) == _told(old, u), f"a fork takes '{label(old, u)}' over with another value")


def _told(s: Recorded, u: int) -> Any:
    """A value, wherever it is kept."""
    value = s.values[u]
    return (value.codec, value.payload) if isinstance(value, Stored) else value
