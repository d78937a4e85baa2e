"""Objects that tell which of their methods run, and in which thread; they may be held up there, or raise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

LONG = 30.0
ENGINE = "stratix-engine"
HEARD: list[tuple[str, str]] = []
"""(method, name of its thread)."""
HELD: dict[str, Hold] = {}
"""Methods that are held up, by name."""


class Hold:
    """A method waits here; `met` tells that it does."""

    def __init__(self, name: str) -> None:
        self.met, self.go = threading.Event(), threading.Event()
        HELD[name] = self

    def arrive(self) -> None:
        assert self.met.wait(LONG)

    @property
    def holds(self) -> bool:
        return self.met.is_set() and not self.go.is_set()


RAISES: dict[str, Callable[[], BaseException]] = {}


def told(name: str) -> None:
    """A method of the user's runs."""
    HEARD.append((name, threading.current_thread().name))
    if name in HELD:
        HELD[name].met.set()
        HELD[name].go.wait(LONG)
    if name in RAISES:
        raise RAISES[name]()


def threads(name: str) -> set[str]:
    """The threads in which a method ran."""
    return {thread for heard, thread in HEARD if heard == name}


def forget() -> None:
    for hold in HELD.values():
        hold.go.set()
    HEARD.clear(), HELD.clear(), RAISES.clear()


class Meta(type):
    """A class whose own methods are the user's, too."""

    def __hash__(cls) -> int:
        told("type.__hash__")
        return super().__hash__()

    def __eq__(cls, other: object) -> bool:
        told("type.__eq__")
        return cls is other

    def __instancecheck__(cls, instance: Any) -> bool:
        told("type.__instancecheck__")
        return super().__instancecheck__(instance)


class Telltale(metaclass=Meta):
    """Something of the user's. It goes over 0, 1, 2; has the parts `a` (7) and `go` (True); reads as `odd`."""

    def __init__(self, note: str = "") -> None:
        self.__dict__["note"] = note

    def __iter__(self) -> Iterator[int]:
        told("__iter__")
        return iter((0, 1, 2))

    def __len__(self) -> int:
        told("__len__")
        return 3

    def __getitem__(self, key: Any) -> Any:
        told("__getitem__")
        return {"a": 7, "go": True}[key]

    def __getattr__(self, name: str) -> Any:
        told("__getattr__")
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        told("__eq__")
        return isinstance(other, str) and other == "a"

    def __hash__(self) -> int:
        told("__hash__")
        return hash("a")

    def __bool__(self) -> bool:
        told("__bool__")
        return True

    def __repr__(self) -> str:
        told("__repr__")
        return "<a telltale>"

    def __str__(self) -> str:
        told("__str__")
        return "odd"

    def __format__(self, how: str) -> str:
        told("__format__")
        return "odd"

    def __reduce__(self) -> Any:
        told("__reduce__")
        return Telltale, (), {"note": self.__dict__["note"]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        told("__setstate__")
        self.__dict__.update(state)
