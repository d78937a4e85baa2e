"""A fan-out as it was resolved: what is mapped over, what all items share, and the items' keys."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from math import prod
from typing import Any

from stratix_tasks.core.state import spans
from stratix_tasks.engine.reading import ATOMS, Away, Reader, are_atoms
from stratix_tasks.engine.resolving import Scope, evaluate, exact, resolve, resolve_whole
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.canonical import in_order
from stratix_tasks.spec.mapped import MOST_ITEMS, could_be_named, names_any
from stratix_tasks.spec.names import around
from stratix_tasks.spec.tables import why_not
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.values import Expr

_OF_ITEM = frozenset(("attempt", "each"))
"""What is around an item, and another one for each."""
CHUNK = 4096
"""Elements of an iterable that are taken between looks at whether that was given up."""


_UNORDERED = frozenset((set.__iter__, frozenset.__iter__))
"""Their order is another one in each process; that of the items has to be the same after a crash."""
_STEADY = frozenset(("builtins", "collections", "array", "numpy", "pandas", "polars", "pyarrow"))
"""Packages whose containers are walked in an order that is part of their value. What any other gives is recorded."""


class Items(Sequence[Any]):
    """What is held of the results of some units, each looked up when it is asked for. In the engine's thread only."""

    __slots__ = ("_held", "_units")

    def __init__(self, held: Callable[[int], Any], units: Sequence[int]) -> None:
        self._held, self._units = held, units

    def __len__(self) -> int:
        return len(self._units)

    def __getitem__(self, index: Any) -> Any:
        return self._held(self._units[index])


@dataclass(slots=True)
class Fan:
    """An expanded fan-out: the mapped columns, and the broadcast arguments, resolved once."""

    columns: dict[str, Sequence[Any]]
    product: bool
    broadcast: dict[str, Any]
    sizes: tuple[int, ...]
    looked_up: bool
    """Whether what is held of an item's arguments has to be looked up when it starts."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the document that name what is around an item, or what is mapped, so that each has its own."""
    variables: frozenset[str] = frozenset()
    """Of what is mapped that which they name: no arguments themselves."""
    walked: dict[str, list[Any]] = field(default_factory=dict)
    """Columns that another walk may give otherwise."""
    plain: bool = False
    """Whether all that its items are given are atoms."""

    @property
    def count(self) -> int:
        return prod(self.sizes) if self.product else self.sizes[0]

    def item(self, index: int) -> dict[str, Any]:
        """The mapped arguments of one item; of a product the last one varies fastest."""
        if not self.product:
            return {name: column[index] for name, column in self.columns.items()}
        chosen = {}
        for name, size in zip(reversed(self.columns), reversed(self.sizes), strict=True):
            index, at = divmod(index, size)
            chosen[name] = self.columns[name][at]
        return chosen

    def numbered(self, index: int, key: str | None) -> dict[str, Any]:
        """The same, with what `each` says of it, unless an argument has that name."""
        return {"each": about_item(index, key), **self.item(index)}


def about_item(index: int, key: str | None) -> dict[str, Any]:
    """What `each` is in an expression."""
    return {"index": index, "key": key}


def is_of_item(value: Any, over: Collection[str]) -> bool:
    """Whether each item has its own of an argument: it names what is mapped, or what is around an item."""
    return bool(_OF_ITEM & around((value,))) or names_any(value, could_be_named(over))


def column_of(name: str, over: Any, scope: Scope) -> Callable[[Reader], Any]:
    """What an argument is mapped over; `{"range": n}` counts."""
    if type(over) is dict and set(over) == {"range"}:
        return lambda reader: counted(reader.open(resolve(over["range"], scope, reader)), name)
    return partial(resolve_whole, over, scope)


def fan_of(
    columns: Mapping[str, Callable[[Reader], Any]],
    broadcast: Callable[[Reader], dict[str, Any]],
    *,
    own: Mapping[str, Any],
    variables: frozenset[str],
    product: bool,
    flatten: bool,
    reader: Reader,
) -> Fan:
    """Resolve what is mapped over and what all items share; `own` is resolved for each. FlowError for what can't be mapped over."""
    walked: dict[str, list[Any]] = {}
    made = {name: _sequence(name, column(reader), reader, walked) for name, column in columns.items()}
    if flatten:
        for name, column in made.items():
            made[name] = _flattened(name, column, reader, walked)
    sizes = tuple(map(_size, made.values()))
    if not product and len(set(sizes)) > 1:
        lengths = ", ".join(f"{name}: {size}" for name, size in zip(made, sizes, strict=True))
        raise FlowError(f"mapped arguments must be equally long ({lengths}); product() crosses them instead")
    count = prod(sizes) if product else sizes[0]
    if count > MOST_ITEMS:
        raise _too_many(count)
    looked_up = bool(own) or any(type(column) is Items for column in made.values())
    shared = broadcast(reader)
    plain = not looked_up and all(type(column) is range or are_atoms(column) for column in made.values())
    plain = plain and are_atoms(shared.values())
    return Fan(made, product, shared, sizes, looked_up, own, variables, walked, plain)


def _sequence(name: str, column: Any, reader: Reader, walked: dict[str, list[Any]]) -> Sequence[Any]:
    """A column as a sequence of Python's own; any other is walked, once, and noted in `walked` where that may differ."""
    kind = type(column)
    if kind is list or kind is tuple or kind is range or kind is Items:
        return column  # type: ignore[no-any-return]
    if not reader.waits:
        raise Away
    if table := why_not(kind):
        raise FlowError(f"can't map over '{name}': {table}, where it is made")
    if isinstance(column, set | frozenset) and kind.__iter__ in _UNORDERED:
        found = in_order(column)
        if not ATOMS.issuperset(map(type, found)):
            walked[name] = found
        return found
    found = []
    try:
        elements = iter(() if isinstance(column, str | bytes) else column)
    except TypeError as error:
        raise _no_items(name, kind, f" ({error})") from None
    if isinstance(column, str | bytes):
        raise _no_items(name, kind)
    while chunk := list(islice(elements, CHUNK)):
        found += chunk
        if len(found) > MOST_ITEMS:
            raise _too_many(len(found))
        if reader.over:
            raise Away
    if kind.__module__.partition(".")[0] not in _STEADY:
        walked[name] = found
    return found


def _size(column: Sequence[Any]) -> int:
    """Its length, also of a range that is longer than Python can tell."""
    try:
        return len(column)
    except OverflowError:
        return sys.maxsize


def _flattened(name: str, column: Sequence[Any], reader: Reader, walked: dict[str, list[Any]]) -> list[Any]:
    """One level less; what is in there is walked as the whole was."""
    inner: dict[str, list[Any]] = {}
    found: list[Any] = []
    for part in column:
        elements = _sequence(name, reader.open(part), reader, inner)
        if len(found) + _size(elements) > MOST_ITEMS:
            raise _too_many(len(found) + _size(elements))
        found += elements
    if inner or name in walked:
        walked[name] = found
    return found


def counted(number: Any, name: str) -> range:
    """As many numbers. FlowError for what is none."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise FlowError(f"can't count to {number!r} for '{name}': count() takes a whole number of 0 or more")
    if number > MOST_ITEMS:
        raise _too_many(number)
    return range(number)


def _too_many(count: int) -> FlowError:
    hint = "map over lists of what there is, and go on in the task"
    return FlowError(f"it maps over {count} items, at most {MOST_ITEMS} can be: {hint}", code="too-many")


def refused(where: Expr, fan: Fan, scope: Scope, reader: Reader, keys: Sequence[str] | None) -> list[tuple[int, int]]:
    """The items, which have these keys, if they have some, that are skipped, as spans of places. FlowError where it gives no
    boolean. Never on the loop."""
    if not reader.waits:
        raise Away
    places = []
    for index in range(fan.count):
        told = evaluate(where, scope, reader, fan.numbered(index, None if keys is None else keys[index]))
        if not isinstance(told, bool):
            raise FlowError(f"where: `{where.text}` gave {told!r}, not true or false; compare it with something")
        if not told:
            places.append(index)
        if index % CHUNK == 0 and reader.over:
            raise Away
    return spans(places)


def _no_items(name: str, kind: type, why: str = "") -> FlowError:
    return FlowError(f"can't map over '{name}': it is a {kind.__name__}{why}, not a list or another iterable")


def keys_of(name: str, template: Any, fan: Fan, scope: Scope, reader: Reader) -> list[str]:
    """The items' keys. FlowError when they are not unique, or no Unicode text. Never on the loop: there may be many."""
    if not reader.waits:
        raise Away
    keys = [exact(str(resolve(template, scope, reader, fan.numbered(index, None)))) for index in range(fan.count)]
    if len(set(keys)) < fan.count:
        twice = next(key for key, count in Counter(keys).items() if count > 1)
        raise FlowError(f"the keys of '{name}' must differ: '{twice}' comes twice; take another key=")
    odd = next((key for key in keys if not is_unicode(key)), None)
    if odd is not None:
        raise FlowError(f"{odd!r} is no Unicode text, so it can't be a key of '{name}'; take another key=")
    return keys
