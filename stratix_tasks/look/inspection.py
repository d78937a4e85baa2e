"""Everything about one node or item, for the inspector of a view. All in the engine's thread."""

from __future__ import annotations

from itertools import islice
from typing import Any

from stratix_tasks.core.allowed import VERBS, allowed
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import State
from stratix_tasks.core.targets import Scope, find, only_unit
from stratix_tasks.core.waits import ANSWERED, kind_of
from stratix_tasks.core.why import why_unit
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import in_one_line
from stratix_tasks.look.arguments import arguments, given
from stratix_tasks.look.groups import error_of
from stratix_tasks.look.logs import logs_of
from stratix_tasks.look.outline import code_of
from stratix_tasks.look.output import output_shown, text_shown
from stratix_tasks.look.scopes import can_scope, inspect_scope
from stratix_tasks.look.status import failure, said
from stratix_tasks.look.text import short
from stratix_tasks.look.waits import approved, waiting, waits_of
from stratix_tasks.runners.native import Clock
from stratix_tasks.view.messages import Argument, Attempt, Can, Given, Inspection, Pair

MOST_ATTEMPTS = 20


def inspect(live: LiveRun, node: str, item: int | None) -> Inspection:
    """Everything about one node, item or scope, for the inspector. InputError where there is none."""
    core, s = live.core, live.core.state
    target = _target(node, item)
    found = find(s, target)
    if isinstance(found, Scope):
        return inspect_scope(live, found)
    unit = only_unit(s, found)
    place = s.shown(unit)
    live.engine.flush_notes(live)
    error = s.error.get(unit) or (error_of(s, unit) if item is None else None)
    shown = error if error and s.status[unit] not in (State.COMPLETED, State.SKIPPED) else None
    logs = logs_of(live, (unit, *s.members(unit)))
    can = _can_unit(core, unit)
    rows = arguments(live, unit) if can["set"] is True or not s.attempt[unit] else []
    return {
        "name": target,
        "state": core.seen(unit).label,
        "attempt": s.attempt[unit],
        "attempts": _attempts(core, unit),
        "inputs": _given(live, unit, rows),
        "args": rows if can["set"] is True else [],
        "output": output_shown(live, unit),
        "logs": logs,
        "dropped": live.notes.dropped.get(place, 0),
        "error": failure(shown) if shown else None,
        "metrics": [(name, value) for _, _, name, value in live.notes.metrics.get(unit, [])[-200:]],
        "options": _options(live, unit),
        "usual": _usual(s, unit),
        "code": code_of(s.root, live.functions, place),
        "why": why_unit(core, unit, Clock.time()),
        "ill": "",
        "wait": waiting(s, unit),
        "approved": approved(live, unit),
        "can": can,
    }


def can(live: LiveRun, node: str, item: int | None) -> Can:
    """What may be asked of a node, item or scope now. InputError where there is none."""
    found = find(live.core.state, _target(node, item))
    if isinstance(found, Scope):
        return can_scope(live.core, found)
    return _can_unit(live.core, only_unit(live.core.state, found))


def _target(node: str, item: int | None) -> str:
    return node if item is None else f"{node}[{item}]"


def _attempts(core: Core, unit: int) -> list[Attempt]:
    """Every attempt so far, those that failed with their error in a line."""
    s = core.state
    failed = {number: short(in_one_line(error), 160) for number, error in s.failures.get(unit, ())}
    lost = {number for number, error in s.failures.get(unit, ()) if error.get("type") == "RunnerLost"}
    lost.update(s.orphaned.get(unit, ()))
    state, latest = core.seen(unit).label, s.attempt[unit]
    return [
        {
            "attempt": number,
            "state": "lost"
            if number in lost
            else "failed"
            if number in failed
            else state
            if number == latest
            else "stopped",
            "error": failed.get(number),
        }
        for number in range(max(latest - MOST_ATTEMPTS, 0) + 1, latest + 1)
    ]


def _options(live: LiveRun, unit: int) -> list[Pair]:
    """Options that stand in place of the flow's: what came with the run, and what a person gave, which wins."""
    s = live.core.state
    node = s.node_of(unit)
    by_hand = {**s.said.get(s.path(node), {}), **s.said.get(node, {}), **s.said.get(unit, {})}
    told = {name: (value, "set by hand") for name, value in by_hand.items()}
    came = {name: (value, "came with the run") for name, value in s.late.get(node, {}).items()}
    return [(name, f"{_text(value)} ({where})") for name, (value, where) in {**came, **told}.items()]


def _text(value: Any) -> str:
    """Of an option in parts those that say something."""
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {part}" for name, part in value.items() if part is not None)


MOST_SIBLINGS = 1_000


def _usual(s: Recorded, unit: int) -> float | None:
    """Of an item the median of those that have completed, in seconds."""
    group = s.map_of(unit)
    if group < 0:
        return None
    done = islice((one for one in s.members(group) if s.status[one] == State.COMPLETED), MOST_SIBLINGS)
    found = sorted(s.ended[one] - s.started[one] for one in done)
    return found[len(found) // 2] if found else None


def _given(live: LiveRun, unit: int, rows: list[Argument]) -> list[Given]:
    """The arguments of a body that runs or ran; before, those that are known, and where the others come from."""
    if live.core.state.attempt[unit] and not live.core.state.is_group(unit):
        return given(live, unit)
    return [(row["name"], {**text_shown(row["text"]), "preview": row["preview"]}) for row in rows]


def _can_unit(core: Core, unit: int) -> Can:
    """What may be asked of it now; a text says why not. What ends a wait is told of what waits for just that alone."""
    s = core.state
    told, state = allowed(s, unit), core.seen(unit)
    ended_by = {kind_of(wait).ended_by for wait in waits_of(s, unit)}
    return {
        verb: said(state, told[verb]) for verb in VERBS if _answers(verb) not in ANSWERED or _answers(verb) in ended_by
    }


def _answers(verb: str) -> str:
    """A rejection answers what an approval does."""
    return "approve" if verb == "reject" else verb
