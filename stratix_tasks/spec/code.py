"""Python text: values as literals, imports, and the layout of what is longer than a line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from keyword import iskeyword
from pathlib import Path, PurePath
from typing import Any
from uuid import UUID

from pydantic_core import TzInfo

from stratix_tasks.spec.secrets import Secret

WIDTH = 100
"""Longest line, in characters, of what can be parted."""
INDENT = "    "
NOTEBOOK = "__main__"
"""The module that nobody can import: what it holds is written out."""


# ---------------------------------------------------------------------- layout


@dataclass(frozen=True, slots=True)
class Group:
    """Parts between brackets, which stand on one line, or on a line each."""

    start: Code
    """A text, or a call before this one: `load.options(…).map(`."""
    parts: tuple[Code, ...]
    end: str
    lonely: str = ""
    """What follows a part that is the only one: the comma of a tuple."""

    def __str__(self) -> str:
        return f"{self.start}{', '.join(map(str, self.parts))}{self.lonely}{self.end}"


Code = str | Group


def prefixed(start: str, code: Code) -> Code:
    """The code with a text before it, such as the name of an argument."""
    if isinstance(code, str):
        return start + code
    return Group(prefixed(start, code.start), code.parts, code.end, code.lonely)


def followed(code: Code, end: str) -> Code:
    """The code with a text behind it."""
    return code + end if isinstance(code, str) else Group(code.start, code.parts, code.end + end, code.lonely)


def lines(code: Code, indent: str = "") -> str:
    """The code as text, parted where a line would be too long."""
    if isinstance(code, str) or len(indent) + len(str(code)) <= WIDTH:
        return f"{indent}{code}"
    start = lines(code.start, indent)
    if not code.parts or (
        not isinstance(code.start, str) and _width(start) + len(str(Group("", code.parts, code.end))) <= WIDTH
    ):
        return f"{start}{Group('', code.parts, code.end, code.lonely)}"
    inner = "".join(f"{lines(part, indent + INDENT)},\n" for part in code.parts)
    return f"{start}\n{inner}{indent}{code.end}"


def _width(text: str) -> int:
    return len(text.rpartition("\n")[2])


# ---------------------------------------------------------------------- names and imports


class Names:
    """Names of one scope, each given once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = set(taken)

    def free(self, *wanted: str) -> str:
        """The first of the names that is free, or the last with `_` behind it; taken from now on."""
        name = next((name for name in wanted if self._is_free(name)), wanted[-1])
        while not self._is_free(name):
            name += "_"
        self.taken.add(name)
        return name

    def _is_free(self, name: str) -> bool:
        return name not in self.taken and not iskeyword(name)


@dataclass(frozen=True, slots=True)
class Import:
    """`from module import name as alias`, or `import module as alias`, where there is no name."""

    module: str
    name: str = ""
    alias: str = ""

    @property
    def bound(self) -> str:
        """The name that it binds."""
        return self.alias or self.name or self.module.partition(".")[0]


@dataclass(slots=True)
class Module:
    """A module that is being written: its imports, and its definitions in order, by the names that they bind."""

    imports: dict[str, Import] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def imported(self, module: str, name: str, names: Names | None = None) -> str:
        """The name under which something is imported here; imported from now on."""
        for one in self.imports.values():
            if (one.module, one.name) == (module, name):
                return one.bound
        bound = name if names is None else names.free(name)
        self.imports[bound] = Import(module, name, "" if bound == name else bound)
        return bound

    def text(self) -> str:
        """The module."""
        return "\n\n\n".join(part for part in (self.head(), *self.texts.values()) if part) + "\n"

    def head(self) -> str:
        """The imports as text: the standard library, other packages, ours, each in alphabetical order."""
        parts: dict[int, dict[str, list[Import]]] = {}
        for one in self.imports.values():
            rank = 0 if one.module.partition(".")[0] in sys.stdlib_module_names else 1
            key = one.module if one.name else f"{one.module}/{one.alias}"
            parts.setdefault(rank, {}).setdefault(key, []).append(one)
        return "\n\n".join(
            "\n".join(_import(ones) for _, ones in sorted(parts[rank].items(), key=_plain_first))
            for rank in sorted(parts)
        )


def _plain_first(entry: tuple[str, list[Import]]) -> tuple[bool, str]:
    return bool(entry[1][0].name), entry[0]


def _import(ones: list[Import]) -> str:
    first = ones[0]
    if not first.name:
        return f"import {first.module}" + (f" as {first.alias}" if first.alias not in ("", first.module) else "")
    names = sorted(f"{one.name} as {one.alias}" if one.alias not in ("", one.name) else one.name for one in ones)
    text = f"from {first.module} import {', '.join(names)}"
    if len(text) <= WIDTH:
        return text
    return f"from {first.module} import (\n" + "".join(f"{INDENT}{name},\n" for name in names) + ")"


# ---------------------------------------------------------------------- values

Imported = Callable[[str, str], str]
"""The name under which `module`, `name` is imported."""


def literal(
    value: Any, imported: Imported, leaf: Callable[[Any], Code] | None = None, written: Collection[str] = ()
) -> Code:
    """The code of a value. `leaf` writes what is none of Python's own; `written` are classes of the notebook that the
    module defines. ValueError for what has no such code.
    """

    def parts(values: Iterable[Any]) -> tuple[Code, ...]:
        return tuple(literal(part, imported, leaf, written) for part in values)

    kind = type(value)
    if kind is str:
        return quoted(value)
    if value is None or kind in (bool, int, bytes):
        return repr(value)
    if kind is float:
        return repr(value) if value - value == 0 else f'float("{value}")'
    if kind is list:
        return Group("[", parts(value), "]")
    if kind is tuple:
        return Group("(", parts(value), ")", "," if len(value) == 1 else "")
    if kind is dict:
        keys = [literal(key, imported, None, written) for key in value]
        return Group(
            "{", tuple(prefixed(f"{key}: ", part) for key, part in zip(keys, parts(value.values()), strict=True)), "}"
        )
    if isinstance(value, Enum):
        return _member(value, imported, written)
    for known, write in _WRITE.items():
        if kind is known:
            return write(value, imported)
    if isinstance(value, PurePath):
        name = "Path" if kind is type(Path()) else kind.__name__
        return f"{imported('pathlib', name)}({quoted(str(value))})"
    if leaf is not None:
        return leaf(value)
    raise ValueError(f"a {kind.__name__} has no text in Python")


def quoted(text: str) -> str:
    """A text in double quotes, where it holds none."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in shown and "\\'" not in shown else shown


def _member(value: Enum, imported: Imported, written: Collection[str]) -> str:
    kind = type(value)
    if kind.__members__.get(value.name) is not value:
        raise ValueError(f"{value!r} is no single member of {kind.__name__}")
    if kind.__module__ == NOTEBOOK and kind.__qualname__ in written:
        return f"{kind.__qualname__}.{value.name}"
    if home_of(kind) is None:
        raise ValueError(f"its class {kind.__name__} can't be imported")
    return f"{imported(kind.__module__, kind.__qualname__)}.{value.name}"


def home_of(thing: Any) -> Import | None:
    """From where a class or function can be imported; None where it can't."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if type(module) is not str or type(name) is not str or module == NOTEBOOK or not name.isidentifier():
        return None
    return Import(module, name) if getattr(sys.modules.get(module), name, None) is thing else None


def _date(value: date, imported: Imported) -> str:
    return f"{imported('datetime', 'date')}({value.year}, {value.month}, {value.day})"


def _datetime(value: datetime, imported: Imported) -> str:
    clock = [value.hour, value.minute, value.second, value.microsecond]
    return _clocked("datetime", [value.year, value.month, value.day], clock, value, imported)


def _time(value: time, imported: Imported) -> str:
    return _clocked("time", [], [value.hour, value.minute, value.second, value.microsecond], value, imported)


def _clocked(name: str, day: list[int], clock: list[int], value: Any, imported: Imported) -> str:
    while clock and not clock[-1]:
        clock.pop()
    arguments = list(map(str, [*day, *clock])) or ["0"]
    if value.tzinfo is not None:
        arguments.append(f"tzinfo={_zone(name, value.tzinfo, imported)}")
    elif value.fold:
        raise ValueError(f"a {name} of such a time zone has no text")
    return f"{imported('datetime', name)}({', '.join(arguments)})"


def _zone(name: str, zone: tzinfo, imported: Imported) -> str:
    """What pydantic reads from a document has an offset from UTC, as `timezone` has."""
    if type(zone).__name__ == "ZoneInfo" and zone.key:  # type: ignore[attr-defined]
        return f"{imported('zoneinfo', 'ZoneInfo')}({quoted(zone.key)})"  # type: ignore[attr-defined]
    offset = zone.utcoffset(None) if isinstance(zone, timezone | TzInfo) else None
    if offset is None or str(zone.tzname(None)).removeprefix("UTC") != timezone(offset).tzname(None).removeprefix(
        "UTC"
    ):
        raise ValueError(f"a {name} of such a time zone has no text")
    if not offset:
        return imported("datetime", "UTC")
    return f"{imported('datetime', 'timezone')}({_timedelta(offset, imported)})"


def _timedelta(value: timedelta, imported: Imported) -> str:
    name = imported("datetime", "timedelta")
    for unit, one in _UNITS.items():
        if value and not value % one:
            return f"{name}({unit}={value // one})"
    return f"{name}()" if not value else f"{name}(microseconds={value // timedelta(microseconds=1)})"


_UNITS = {
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
    "seconds": timedelta(seconds=1),
    "milliseconds": timedelta(milliseconds=1),
}
_WRITE: dict[type, Callable[[Any, Imported], str]] = {
    Secret: lambda value, imported: f"{imported('stratix_tasks', 'secret')}({quoted(value.name)})",
    date: _date,
    datetime: _datetime,
    time: _time,
    timedelta: _timedelta,
    Decimal: lambda value, imported: f'{imported("decimal", "Decimal")}("{value}")',
    UUID: lambda value, imported: f'{imported("uuid", "UUID")}("{value}")',
}
