"""The arguments of a node or item as the inspector of a view shows and edits them. All in the engine's thread."""

from __future__ import annotations

import inspect as introspection
import json
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.results import Stored
from stratix_tasks.core.states import GROUP, NODE, Event, RunState, State
from stratix_tasks.core.units import MISSING
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.outline import node_outline
from stratix_tasks.look.text import TEXT_SHOWN, value_text
from stratix_tasks.spec.values import needs_of

MOST_PARTS = 2_000
"""Scalars in a value up to which it is edited as text."""
PLAIN = (type(None), bool, int, float, str)
HERE = "can't be edited here; use run.set(…) in a cell"


def can_set(machine: Machine, unit: int) -> bool | str:
    """Whether a person may change arguments now; a text says why not."""
    table = GROUP if machine.is_group(unit) else NODE
    if machine.run_state is RunState.ENDING:
        return "the run is ending"
    if Event.SET in table[State(machine.state[unit])]:
        return True
    if unit in machine.groups:
        return "it is expanded: edit its items one by one"
    return f"it is {State(machine.state[unit]).label.replace('_', ' ')}: only what has not started can be edited"


def arguments(live: LiveRun, unit: int) -> list[dict[str, Any]]:
    """One row an argument.

    `text` is for reading, `from` tells where it comes from. `edit` is the text of an editor (`as`: json, or text for a
    string) and None where `why` tells that it can't be edited; an empty one stands for a value that is not there yet.
    """
    machine = live.machine
    about = node_outline(machine.plan, machine.node_of[unit])
    sources, values = dict(about["inputs"]), _values(live, unit)
    given = machine.sets.get(unit, {})
    return [
        _row(name, values[name], sources.get(name, "its default"), name in given)
        for name in values
        if values[name] is not MISSING or name in sources
    ]


def _row(name: str, value: Any, source: str, given: bool) -> dict[str, Any]:
    row = {"name": name, "from": source, "set": given, "as": "json", "edit": None, "why": ""}
    if value is MISSING:
        return {**row, "text": source, "edit": ""}
    if type(value) is Stored:
        return {**row, "text": source, "why": f"it is kept in the store; {HERE}"}
    text, kind = value_text(value)
    if type(value) is str and len(value) <= 10 * TEXT_SHOWN:
        return {**row, "text": text, "as": "text", "edit": value}
    edit = _json(value)
    return {**row, "text": text, "edit": edit, "why": "" if edit is not None else f"a {kind} {HERE}"}


def _values(live: LiveRun, unit: int) -> dict[str, Any]:
    """Every argument's value; MISSING where it is not known yet, a Stored where it would have to be read first."""
    machine = live.machine
    node = machine.node_of[unit]
    passed = _passed(live, unit) if node == unit else live.binding.item(unit, node)
    given = {name: _at_hand(live, value) for name, value in machine.sets.get(unit, {}).items()}
    left = {name: value for name, value in _defaults(machine, node).items() if name not in passed}
    return {**passed, **left, **given}


def _passed(live: LiveRun, unit: int) -> dict[str, Any]:
    """What the flow passes to a node."""
    spec = live.machine.plan.specs[unit]
    named = {**spec.args, **(spec.each.over if spec.each is not None else {})}
    return {name: _resolved(live, unit, value) for name, value in named.items()}


def _defaults(machine: Machine, unit: int) -> dict[str, Any]:
    """Parameters that the flow leaves alone have their default; without one they are no row."""
    policy = machine.plan.policies[unit]
    if policy is None or policy.function is None:
        return {}
    found = {name: p.default for name, p in introspection.signature(policy.function).parameters.items()}
    return {
        name: found[name]
        for name in policy.parameters or ()
        if name in found and found[name] is not introspection.Parameter.empty
    }


def _resolved(live: LiveRun, unit: int, value: Any) -> Any:
    machine = live.machine
    plan, scope = machine.plan, machine.plan.parents[unit]
    if scope >= 0 and scope not in machine.groups:
        return MISSING
    needs = [plan.units[scope][name] for name, _ in needs_of(value)]
    if any(machine.state[need] not in (State.COMPLETED, State.SKIPPED) for need in needs):
        return MISSING
    kept = next((got for need in needs if type(got := machine.values[need]) is Stored and got.codec != "json"), None)
    if kept is not None:
        return kept
    try:
        return live.binding.resolve(value, scope)
    except Exception:
        return MISSING


def _at_hand(live: LiveRun, value: Any) -> Any:
    return live.binding._load(value) if type(value) is Stored and value.codec == "json" else value


def _json(value: Any) -> str | None:
    """The value as JSON from which the same value is read again; None where there is none, or too much of it."""
    if _parts(value, MOST_PARTS) < 0:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return None
    return text if len(text) <= 10 * TEXT_SHOWN else None


def _parts(value: Any, left: int) -> int:
    """How many parts are left of the allowance; below zero when it is over, or something is no JSON."""
    if type(value) in PLAIN:
        return left - 1
    if type(value) is list:
        inner = value
    elif type(value) is dict and all(type(key) is str for key in value):
        inner = list(value.values())
    else:
        return -1
    if len(inner) > left:
        return -1
    for part in inner:
        left = _parts(part, left)
        if left < 0:
            return -1
    return left
