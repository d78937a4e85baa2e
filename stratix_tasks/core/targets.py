"""What a request is about: `None` is the run, `"train"` a node, `"train[3]"` or `"train['eu']"` one item of a mapped node."""

from __future__ import annotations

import re
from ast import literal_eval

from stratix_tasks.core.machine import Machine
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

_ITEM = re.compile(r"^(?P<node>[^\[\]]+)\[(?P<item>.+)\]$", re.DOTALL)
_INDEX = re.compile(r"-?[0-9]{1,18}")


def unit_of(machine: Machine, target: str) -> int:
    """The unit that a target names. InputError with the names that exist."""
    if not isinstance(target, str):
        raise InputError(f'name a node ("train") or an item ("train[3]"), not {target!r}', code="unknown-node")
    match = _ITEM.match(target)
    name = match["node"] if match else target
    unit = machine.plan.unit(name)
    if unit is None:
        raise InputError(
            f"this run has no node '{name}'. {did_you_mean(name, machine.plan.names)}", code="unknown-node"
        )
    return _item_of(machine, unit, name, match["item"]) if match else unit


def _item_of(machine: Machine, unit: int, name: str, item: str) -> int:
    group = machine.groups.get(unit)
    if machine.plan.specs[unit].each is None:
        raise InputError(f"node '{name}' is not mapped, so it has no items; name the node alone", code="unknown-item")
    if group is None:
        raise InputError(f"node '{name}' has not been expanded yet, so it has no items so far", code="unknown-item")
    if _INDEX.fullmatch(item):
        index = int(item)
        if 0 <= index < group.count:
            return group.members[index]
        has = f"items 0 to {group.count - 1}, not {index}" if group.count else "no items: what it maps over is empty"
        raise InputError(f"node '{name}' has {has}", code="unknown-item")
    key = _key(item)
    if group.keys and key in group.keys:
        return group.members[group.keys.index(key)]
    raise InputError(
        f"node '{name}' has no item with the key '{key}'. {did_you_mean(key, group.keys or ())}", code="unknown-item"
    )


def _key(item: str) -> str:
    """A key as it was typed, or in quotes as `label` writes it."""
    if len(item) > 1 and item[0] in "'\"" and item[0] == item[-1]:
        try:
            return str(literal_eval(item))
        except (ValueError, SyntaxError):
            return item[1:-1]
    return item


def label(machine: Machine, unit: int) -> str:
    """The target text of a unit."""
    node = machine.node_of[unit]
    name = machine.plan.names[node]
    if node == unit:
        return name
    group = machine.group_of(unit)
    index = group.index(unit)
    return f"{name}[{index}]" if group.keys is None else f"{name}[{group.keys[index]!r}]"
