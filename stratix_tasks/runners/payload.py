"""What is sent to a worker process: the function and its arguments.

A function of a module that can be imported goes by name, so that nothing is dragged along; one of a notebook or script
goes by value, with the globals that it uses.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from types import CodeType, ModuleType
from typing import Any

from stratix_tasks.core.used import used_by
from stratix_tasks.errors import StoreError, StratixError, in_words

LARGE = 1 << 20
"""Bytes of a function from which a warning names what makes it so large."""
KEPT = 64
Packed = tuple[int, str, str, bytes]


class Functions:
    """Functions as `(number, module, name, bytes)`, pickled once a run."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], tuple[Any, Packed]] = OrderedDict()
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        self._numbers = count(1)

    def packed(self, run: str, function: Callable[..., Any], tell: Callable[[str], None]) -> Packed:
        """`bytes` are empty when it goes by name. StratixError `not-sendable`; `tell` hears the warning."""
        key = (run, id(function))
        with self._lock:
            if key not in self._kept:
                self._kept[key] = function, self._pack(function, tell)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return self._kept[key][1]

    def _pack(self, function: Callable[..., Any], tell: Callable[[str], None]) -> Packed:
        number, module, name = next(self._numbers), function.__module__, function.__qualname__
        if _importable(module, name, function):
            return number, module, name, b""
        data = dumps(function, f"the function '{name}'")
        if len(data) > LARGE and name not in self._warned:
            self._warned.add(name)
            text = _warning(name, len(data), function)
            tell(text)
            warnings.warn(text, stacklevel=2)
        return number, module, name, data


def dumps(value: Any, what: str) -> bytes:
    """StratixError `not-sendable` that says what can't be sent and what to do."""
    from stratix_tasks.runners import pickles

    try:
        data = pickles.message(value)
    except StoreError:  # of a recorded result that is sent as it lies in the store
        raise
    except Exception as error:
        raise StratixError(
            f"{what} can't be sent to a worker process ({in_words(error)}). Pass data, and open files, "
            "connections and locks in the body; or run the task with runner='thread'",
            code="not-sendable",
        ) from error
    return data


def _importable(module: str, name: str, function: Callable[..., Any]) -> bool:
    """Whether another process finds the same function under its name."""
    found: Any = sys.modules.get(module)
    if module == "__main__" or found is None or "<" in name:
        return False
    try:
        if find_spec(module) is None:
            return False
    except (ImportError, ValueError):
        return False
    for part in name.split("."):
        found = getattr(found, part, None)
    return getattr(found, "fn", found) is function


def _warning(name: str, size: int, function: Any) -> str:
    parts = sorted(_dragged(function), key=lambda part: -part[1])
    named = ", ".join(f"{part} ({_megabytes(bytes_)})" for part, bytes_ in parts[:5])
    return (
        f"'{name}' is {_megabytes(size)} to send to each worker process, since it drags along {named or 'what it uses'}. "
        "Pass large data as an argument, from the task that makes it"
    )


def _dragged(function: Any) -> list[tuple[str, int]]:
    """Globals and enclosing variables that a function uses, with their size when pickled."""
    import cloudpickle

    code: CodeType = function.__code__
    closed = zip(code.co_freevars, function.__closure__ or (), strict=False)
    used = {name: function.__globals__[name] for name in used_by(code).globals if name in function.__globals__}
    used |= {name: cell.cell_contents for name, cell in closed}
    sizes = []
    for name, value in used.items():
        if not isinstance(value, ModuleType):
            try:
                sizes.append((name, len(cloudpickle.dumps(value))))
            except Exception:
                continue
    return [(name, size) for name, size in sizes if size > LARGE // 16]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
