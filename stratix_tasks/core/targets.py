"""What a request is about: `"train"` a node, `"train[3]"` or `"train['eu']"` an item, `"load[2].fetch"` a node in a scope,
`"load[2]"` a whole scope: an item of a mapped flow, or a round of a loop.

A path without places, `"load.fetch"`, means the node in every scope that is to come, where that makes sense.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stratix_tasks.core.node import EACH, FLOW, LOOP, MAP, Kind
from stratix_tasks.core.settings import at_path
from stratix_tasks.core.state import State
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]]+)(?:\[(?P<item>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\[\]]+)\])?", re.DOTALL
)
_INDEX = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope with the place `index` in a group: units `start` to `stop - 1`, of a stretch."""

    group: int
    index: int
    stretch: int
    start: int
    stop: int

    @property
    def units(self) -> range:
        return range(self.start, self.stop)


Found = int | str | Scope
"""A unit, the path of a node in scopes that are not told apart, or a scope."""


def unit_of(s: State, target: str) -> int:
    """The unit that a target names. InputError with the names that exist."""
    return only_unit(s, find(s, target))


def only_unit(s: State, found: Found) -> int:
    """InputError for what is no unit, with how to name one."""
    if isinstance(found, str):
        raise InputError(
            f"'{found}' lies in each scope of a mapped flow or loop: say which, as in \"{_first_scope(found)}\"",
            code="unknown-node",
        )
    if isinstance(found, Scope):
        name, names = scope_label(s, found), s.stretches[found.stretch].block.names
        inside = f': name a node in it, as in "{name}.{names[0]}"' if names else ", in which there is no node"
        raise InputError(f"'{name}' is {_WHAT[s.kind(found.group)]}{inside}", code="unknown-node")
    return found


_WHAT = {EACH: "an item of a mapped flow", LOOP: "a round of a loop"}


def find(s: State, target: str) -> Found:
    """The unit or scope that a target names, or the path of a node in scopes that it does not tell apart. InputError."""
    if not isinstance(target, str):
        raise InputError(f'name a node ("train") or an item ("train[3]"), not {target!r}', code="unknown-node")
    found: int | Scope = Scope(-1, 0, 0, 0, s.stretches[0].stop)
    said = ""
    for name, item in _steps(target):
        if not isinstance(found, Scope):
            inner = next(s.scopes(found), None) if s.kind(found) is FLOW else None
            if inner is None:
                return _path(s, target)
            found = Scope(found, 0, *inner)
        names = s.stretches[found.stretch].block.index
        above, said = said, f"{said}.{name}" if said else name
        if name not in names:
            raise _unknown(s, said, [f"{above}.{one}".lstrip(".") for one in names])
        found = found.start + names[name]
        if item is not None:
            found = _item(s, found, said, item)
            said = f"{said}[{item}]"
    if not said:
        raise _unknown(s, target, s.root.outline.names)
    return found


def scope_of(s: State, group: int, index: int) -> Scope:
    """The scope of a mapped flow or loop by its place. IndexError."""
    for i in s.kids.get(group, ()):
        r = s.stretches[i]
        if r.index <= index < r.index + r.count:
            start = r.base + (index - r.index) * r.block.n
            return Scope(group, index, i, start, start + r.block.n)
    raise IndexError(index)


def units_at(s: State, path: str) -> list[int]:
    """The units at a path in every scope that is there, and the items of those that are mapped."""
    parts, units = [(0, s.stretches[0].base, s.stretches[0].stop)], list[int]()
    for name in path.split("."):
        there = [(s.stretches[i].block, a, b) for i, a, b in parts if i not in s.retired]
        units = [u for block, a, b in there for u in range(a + block.index[name], b, block.n)]
        parts = [part for u in units for part in s.scopes(u)]
    return units + [u for i, a, b in parts if s.stretches[i].block.items for u in range(a, b)]


def _steps(target: str) -> Iterator[tuple[str, str | None]]:
    at = 0
    while at < len(target):
        match = _STEP.match(target, at)
        if match is None:
            raise InputError(
                f'\'{target}\' names no node: write "train", "train[3]" or "load[2].fetch"', code="unknown-node"
            )
        yield match["name"], match["item"]
        at = match.end()


def _path(s: State, target: str) -> str:
    try:
        at_path(s.root, target)
    except (KeyError, IndexError):
        raise _unknown(s, target, s.root.outline.names) from None
    return target


def _first_scope(path: str) -> str:
    above, _, name = path.rpartition(".")
    return f"{above}[0].{name}"


def _unknown(s: State, name: str, known: Iterable[str]) -> InputError:
    return InputError(f"this run has no node '{name}'. {did_you_mean(name, known)}", code="unknown-node")


def _item(s: State, u: int, name: str, item: str) -> int | Scope:
    kind = s.kind(u)
    at = _index(s, u, kind, name, item)
    return s.item(u, at) if kind is MAP else scope_of(s, u, at)


def _index(s: State, u: int, kind: Kind, name: str, item: str) -> int:
    if kind not in (MAP, EACH, LOOP):
        raise InputError(f"node '{name}' is not mapped, so it has no items; name the node alone", code="unknown-item")
    if u not in s.kids:
        raise InputError(f"node '{name}' has not been expanded yet, so it has no items so far", code="unknown-item")
    count, keys = s.count(u), s.keys.get(u) or []
    if _INDEX.fullmatch(item):
        index = int(item)
        if 0 <= index < count:
            return index
        what = "rounds" if kind is LOOP else "items"
        has = f"{what} 0 to {count - 1}, not {index}" if count else "no items: what it maps over is empty"
        raise InputError(f"node '{name}' has {has}", code="unknown-item")
    key = _key(item)
    if key in keys:
        return keys.index(key)
    raise InputError(f"node '{name}' has no item with the key '{key}'. {did_you_mean(key, keys)}", code="unknown-item")


def _key(item: str) -> str:
    """A key as it was typed, or in quotes as `label` writes it."""
    if len(item) > 1 and item[0] in "'\"" and item[0] == item[-1]:
        try:
            return str(literal_eval(item))
        except (ValueError, SyntaxError):
            return item[1:-1]
    return item


def label(s: State, u: int) -> str:
    """The target text of a unit."""
    parts: list[str] = []
    while u >= 0:
        r, k, _ = s.place(u)
        above = s.parent(u)
        kind = s.kind(above) if above >= 0 else FLOW
        if kind is not MAP:
            parts.append(r.block.names[k])
        if kind in (MAP, EACH, LOOP):
            parts.append(_place(s, above, s.index(u)))
        u = above
    return _joined(parts)


def scope_label(s: State, scope: Scope) -> str:
    """The target text of a scope."""
    return label(s, scope.group) + _place(s, scope.group, scope.index)


def _place(s: State, group: int, index: int) -> str:
    keys = s.keys.get(group)
    return f"[{index}]" if not keys else f"[{keys[index]!r}]"


def _joined(parts: list[str]) -> str:
    text = ""
    for part in reversed(parts):
        text += part if part.startswith("[") or not text else f".{part}"
    return text
