"""Reading: what may be done to a value where, and values that are made when they are first needed.

On the engine's loop (`LOOP`) nothing of the user's runs and nothing is loaded: there `Away` is raised, and the same is
done again by another reader in another thread. What is held of a value is the value, or a `Once`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

ATOMS = frozenset((type(None), bool, int, float, str, bytes))
PLAIN_META = frozenset((type,))
MOST = 200
"""Parts of a value up to which the engine's loop looks at it."""


class Away(Exception):
    """On the engine's loop it can't be told: something of the user's would run, or be read from the store."""


class Reader:
    """Reads in a thread where the user's code may run. One that was given up (`over`) is not to go on for ever."""

    waits = True

    def __init__(self) -> None:
        self.over = False

    @property
    def asking(self) -> Reader:
        """Who reads what is looked into, not only passed on."""
        return self

    def give(self, held: Any) -> Any:
        """The value of what a scope holds, to be passed on."""
        kind = type(held)
        return held.get(self) if kind is Once or kind is Load else held

    def open(self, held: Any) -> Any:
        """The value, to be asked something: its own code may run."""
        return self.give(held)

    def step(self, value: Any, step: str | int) -> Any:
        """A part of a value."""
        return value[step]


class Loop(Reader):
    """Reads on the engine's loop, where only small values of Python's own types are looked into."""

    waits = False

    def open(self, held: Any) -> Any:
        value = self.give(held)
        if not is_plain(value):
            raise Away
        return value

    def step(self, value: Any, step: str | int) -> Any:
        kind = type(value)
        if not ((kind is list or kind is tuple) and type(step) is int) and not (
            kind is dict and _has_plain_keys(value)
        ):
            raise Away
        return value[step]


LOOP = Loop()
AWAY: Any = object()
"""In place of a value that the engine's loop does not have at hand."""


def at_hand(held: Any) -> Any:
    """The value of what a scope holds, on the engine's loop; `AWAY` where it would have to be made or read first."""
    try:
        return LOOP.give(held)
    except Away:
        return AWAY


class ByReference(Reader):
    """For a body in another process: what is recorded but not in memory is loaded there, not here."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader, self.waits = reader, reader.waits

    @property
    def asking(self) -> Reader:
        return self._reader

    def give(self, held: Any) -> Any:
        return Reference(held) if type(held) is Load and not held.made else self._reader.give(held)


class Once:
    """A value that is made by whoever needs it first; others wait for it meanwhile, but for the engine's loop."""

    __slots__ = ("__weakref__", "_lock", "_make", "made", "value")

    def __init__(self, make: Callable[[Reader], Any]) -> None:
        self._make: Callable[[Reader], Any] | None = make
        self._lock = Lock()
        self.made, self.value = False, None

    def get(self, reader: Reader) -> Any:
        """Whatever making it raises; Away on the loop while another makes it. What failed is tried again."""
        if self.made:
            return self.value
        if not self._lock.acquire(blocking=reader.waits):
            raise Away
        try:
            if self._make is not None:
                self.value = self._make(reader)
                self.made, self._make = True, None
        finally:
            self._lock.release()
        return self.value


Source = Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]
"""How a recorded result is read: a function and its arguments, which can be sent to another process."""


def load(source: Source, stored: Any) -> Any:
    """A recorded result, read here."""
    function, arguments = source(stored)
    return function(*arguments)


class Load(Once):
    """A result that is recorded as `stored`, but not in memory. What was read goes to `read`, with where it came from."""

    __slots__ = ("source", "stored")

    def __init__(self, stored: Any, source: Source, read: deque[tuple[Any, Any]] | None = None) -> None:
        def make(reader: Reader) -> Any:
            if not reader.waits:
                raise Away
            got = load(source, stored)
            if read is not None:
                read.append((stored, got))
            return got

        super().__init__(make)
        self.stored, self.source = stored, source


class Reference:
    """Stands for a recorded result on the way to another process: there it is that result."""

    __slots__ = ("_load",)

    def __init__(self, load: Load) -> None:
        self._load = load

    def __reduce__(self) -> tuple[Any, ...]:
        return self._load.source(self._load.stored)


def is_plain(value: Any) -> bool:
    """Whether a value is small and made of Python's own types alone, so that no code of anybody's runs when it is asked."""
    left, todo = MOST, [value]
    while todo:
        part = todo.pop()
        kind = type(part)
        if type(kind) is not type:  # a metaclass may have code of its own
            return False
        if kind in ATOMS:
            continue
        if kind is not list and kind is not tuple and kind is not dict:
            return False
        left -= len(part)
        if left < 0:
            return False
        todo += part
        if kind is dict:
            todo += part.values()
    return True


def _has_plain_keys(value: dict[Any, Any]) -> bool:
    return len(value) <= MOST and all(type(key) is str for key in value)


def are_atoms(values: Iterable[Any]) -> bool:
    """Whether there are atoms alone."""
    return PLAIN_META.issuperset(map(type, map(type, values))) and ATOMS.issuperset(map(type, values))
