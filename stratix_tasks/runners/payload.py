"""What crosses to a worker process and back, as pickles; and which names make one big.

A function of an importable module goes by its name; one of a notebook, a script or a closure goes by value with the
globals that it names. The user's main module is never imported again.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from importlib import import_module
from io import BytesIO
from types import CodeType, FunctionType
from typing import Any

import cloudpickle

from stratix_tasks.errors import StoreError

BIG = 1_000_000
"""Bytes of a payload from which on a warning names what makes it big."""
SHOWN = 5


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """cloudpickle, which also knows a function that a decorator has replaced under its name (`@task`)."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is FunctionType:
            found = _replaced(obj)
            if found is not None:
                return found
        return super().reducer_override(obj)


def _replaced(function: FunctionType) -> Any:
    module = sys.modules.get(function.__module__)
    if module is None or function.__module__ == "__main__" or getattr(module, "__spec__", None) is None:
        return None
    found: Any = getattr(module, function.__qualname__, None)
    if getattr(found, "fn", None) is not function:
        return None
    return named, (function.__module__, function.__qualname__)


def named(module: str, name: str) -> Any:
    """The function inside what a decorator has put in its place."""
    return getattr(import_module(module), name).fn


def dumps(value: Any) -> bytes:
    with BytesIO() as file:
        Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
        return file.getvalue()


def loads(data: bytes) -> Any:
    return pickle.loads(data)


def result(value: Any) -> bytes:
    """A body's value. StoreError `not-storable` when no pickle can be made of it."""
    try:
        return dumps(value)
    except Exception as error:
        kind = type(value).__qualname__
        raise StoreError(
            f"a {kind} can't be sent back from a worker process: {error}. Return plain data, a frame or an array, "
            "or what pickle can keep; or run this body in a thread.",
            code="not-storable",
        ) from error


class Functions:
    """Pickles of functions, one each a run: all attempts of a run see the globals of its first."""

    KEPT = 128

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], tuple[Callable[..., Any], bytes, bytes]] = {}

    def get(self, run: str, function: Callable[..., Any]) -> tuple[bytes, bytes]:
        """`(digest, pickle)`. Called from several threads: the worst is that two make the same."""
        key = (run, id(function))
        found = self._kept.get(key)
        if found is None:
            data = _portable(function)
            found = self._kept[key] = (function, blake2b(data, digest_size=16).digest(), data)
            while len(self._kept) > self.KEPT:
                self._kept.pop(next(iter(self._kept)), None)
        return found[1], found[2]


def _portable(function: Callable[..., Any]) -> bytes:
    if getattr(getattr(function, "__code__", None), "co_flags", 0) & 0x80:
        raise StoreError("an `async def` can't run in a worker process: write a plain def", code="bad-option")
    try:
        return dumps(function)
    except Exception as error:
        name = getattr(function, "__qualname__", repr(function))
        bad = ", ".join(f"'{n}' ({type(v).__name__})" for n, v in drags(function) if not _goes(v))
        hint = (
            f" It drags along {bad}: make that inside the function, or pass what it needs as arguments." if bad else ""
        )
        raise StoreError(f"'{name}' can't be sent to a worker process: {error}.{hint}", code="not-portable") from error


def _goes(value: Any) -> bool:
    try:
        dumps(value)
    except Exception:
        return False
    return True


def drags(function: Any) -> Iterator[tuple[str, Any]]:
    """Globals and closure variables that go with a function sent by value."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    space = function.__globals__
    for name in sorted(set(_names(code))):
        if name in space:
            yield name, space[name]
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:
            continue  # not yet bound


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def why_big(function: Any, body: bytes, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """A warning that names what makes a payload big, the biggest first."""
    parts: list[tuple[int, str]] = []
    if len(body) > BIG // 10:
        parts += [(_size(value), f"global '{name}'") for name, value in drags(function)]
    parts += [(_size(value), f"argument {at}") for at, value in enumerate(args)]
    parts += [(_size(value), f"argument '{name}'") for name, value in kwargs.items()]
    parts = sorted((part for part in parts if part[0] > BIG // 100), reverse=True)[:SHOWN]
    name = getattr(function, "__qualname__", "this function")
    listed = ", ".join(f"{what} ({_megabytes(size)})" for size, what in parts) or "many small parts"
    return (
        f"'{name}' sends over {_megabytes(BIG)} to its worker process at each call: {listed}. "
        "Load big data inside the function (pass a path), or pass it on as the result of a task that runs in a thread."
    )


def _size(value: Any) -> int:
    try:
        return len(dumps(value))
    except Exception:
        return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2g} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"
