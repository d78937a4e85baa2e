"""What a request is about: `"train"` a node, `"train[3]"` or `"train['eu']"` an item, `"load[2].fetch"` a node in a scope.

A path without places, `"load.fetch"`, means the node in every scope that is to come, where that makes sense.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator

from stratix_tasks.core.block import EACH, FLOW, LOOP, MAP
from stratix_tasks.core.settings import at_path
from stratix_tasks.core.state import State
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import did_you_mean

_STEP = re.compile(
    r"\.?(?P<name>[^.\[\]]+)(?:\[(?P<item>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\[\]]+)\])?", re.DOTALL
)
_INDEX = re.compile(r"-?[0-9]{1,18}")


def unit_of(s: State, target: str) -> int:
    """The unit that a target names. InputError with the names that exist."""
    found = find(s, target)
    if isinstance(found, str):
        raise InputError(
            f"'{found}' lies in each scope of a mapped flow or loop: say which, as in \"{_first_scope(found)}\"",
            code="unknown-node",
        )
    return found


def find(s: State, target: str) -> int | str:
    """The unit that a target names, or the path of a node in scopes that it does not tell apart. InputError."""
    if not isinstance(target, str):
        raise InputError(f'name a node ("train") or an item ("train[3]"), not {target!r}', code="unknown-node")
    u, base, block, said = -1, 0, s.root, ""
    scoped = True  # whether `base` is the scope that the next name lies in
    for name, item in _steps(target):
        if not scoped:
            scopes = [a for _, a, _ in s.scopes(u)]
            if s.kind(u) is not FLOW or not scopes:
                return _path(s, target)
            base = scopes[0]
            block = s.stretches[s.home[base]].block
        said = f"{said}.{name}" if said else name
        if name not in block.index:
            raise _unknown(s, said, [f"{said.rpartition('.')[0]}.{one}".lstrip(".") for one in block.names])
        u, scoped = base + block.index[name], False
        if item is not None:
            one = _item(s, u, said, item)
            said = f"{said}[{item}]"
            if s.map_of(one) >= 0:
                u = one
            else:
                base, scoped = one, True
                block = s.stretches[s.home[one]].block
    if u < 0:
        raise _unknown(s, target, s.root.outline.names)
    return u


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


def _item(s: State, u: int, name: str, item: str) -> int:
    kind = s.kind(u)
    if kind not in (MAP, EACH, LOOP):
        raise InputError(f"node '{name}' is not mapped, so it has no items; name the node alone", code="unknown-item")
    if u not in s.kids:
        raise InputError(f"node '{name}' has not been expanded yet, so it has no items so far", code="unknown-item")
    count, keys = s.count(u), s.keys.get(u) or []
    if _INDEX.fullmatch(item):
        index = int(item)
        if 0 <= index < count:
            return s.item(u, index)
        what = "rounds" if kind is LOOP else "items"
        has = f"{what} 0 to {count - 1}, not {index}" if count else "no items: what it maps over is empty"
        raise InputError(f"node '{name}' has {has}", code="unknown-item")
    key = _key(item)
    if key in keys:
        return s.item(u, keys.index(key))
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


def _place(s: State, group: int, index: int) -> str:
    keys = s.keys.get(group)
    return f"[{index}]" if not keys else f"[{keys[index]!r}]"


def _joined(parts: list[str]) -> str:
    text = ""
    for part in reversed(parts):
        text += part if part.startswith("[") or not text else f".{part}"
    return text
