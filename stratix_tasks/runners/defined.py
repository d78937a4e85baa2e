"""Where a class is found that a notebook or module defines: by its own name, by another that it is bound to, or, where a
function makes it, by the functions of today that hold it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

MAIN = "__main__"
_LOCALS = "<locals>"
_QUALNAME = type.__dict__["__qualname__"].__get__
_MADE: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Classes that were made in functions, by their place: the newest of each, as the newest of each function is the one that runs."""
_PLACES: WeakKeyDictionary[type, str] = WeakKeyDictionary()
"""Of classes that came here, or that are bound to another name than their own: where they are found."""


def offer(function: Callable[..., Any]) -> None:
    """A function that may run from now on: the classes that it is closed over, or that what it calls is, are those of today."""
    seen, todo = set[int](), [function]
    while todo:
        one = todo.pop()
        for cell in getattr(one, "__closure__", None) or ():
            held = _content(cell)
            if type(held) is FunctionType and id(held) not in seen:
                seen.add(id(held))
                todo.append(held)
            elif issubclass(type(held), type) and is_unbound(own_place(held)):
                _MADE[own_place(held)] = held


def own_place(kind: type) -> str:
    """`module:name` of a class, as it says itself."""
    return f"{type.__getattribute__(kind, '__module__')}:{_QUALNAME(kind)}"


def place_of(kind: type) -> str:
    """`module:name`, by which `today` finds a class, here or in another process."""
    if kind in _PLACES:
        return _PLACES[kind]
    own = own_place(kind)
    bound = None if _looked_up(own) is kind else _bound(kind)
    return own if bound is None else _PLACES.setdefault(kind, bound)


def came(kind: type, place: str) -> None:
    """From another process a class came that is found there."""
    _PLACES[kind] = place


def today(place: str) -> type | None:
    """The class that is there now; None where there is none."""
    return _MADE.get(place) if is_unbound(place) else _looked_up(place)


def is_unbound(place: str) -> bool:
    """Whether no name leads there, for a function made what was found there."""
    return _LOCALS in place


def _looked_up(place: str) -> type | None:
    module, _, name = place.partition(":")
    held: Any = sys.modules.get(module)
    try:
        for part in name.split("."):
            held = getattr(held, part, None)
    except Exception:  # a module or class that is asked may raise anything
        return None
    return held if issubclass(type(held), type) else None


def _bound(kind: type) -> str | None:
    module = type.__getattribute__(kind, "__module__")
    space = getattr(sys.modules.get(module), "__dict__", {})
    return next((f"{module}:{name}" for name, held in space.copy().items() if held is kind), None)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None
