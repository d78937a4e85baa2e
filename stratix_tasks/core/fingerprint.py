"""Fingerprints: whether a function is still the one that a run was started with.

A function is known by its code, defaults, closure and the globals that it uses. Of a global that is a function its own code
counts, of a class that of its methods, of a module what is used of it, of plain data its value, of anything else its type, and so of
what the function itself writes into; what is installed counts by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import cached_property
from hashlib import sha256
from itertools import chain
from pathlib import Path, PurePosixPath, PureWindowsPath
from sysconfig import get_path
from types import CodeType, FunctionType, ModuleType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from stratix_tasks.core.used import Used, used_by

DEPTH = 4
WIDE = 4096
"""Bits from which a number is not written in decimal digits."""
MOST = 100
"""Parts of a container that are looked at."""
CONTAINERS = frozenset((list, tuple, dict, set, frozenset))
_ATOMS = frozenset((type(None), bool, float, complex, str, bytes))
_TELLING = frozenset(
    (date, datetime, time, timedelta, Decimal, UUID, range, type(Path()), PurePosixPath, PureWindowsPath)
)
"""Types whose texts tell all of them."""
_ZONES = frozenset((type(None), timezone, ZoneInfo))
_QUALNAME = type.__dict__["__qualname__"].__get__
_MRO: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_SPACE: Callable[[type], Any] = type.__dict__["__dict__"].__get__
_INSTALLED = tuple({get_path(name) + "/" for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def is_installed(file: str) -> bool:
    """Whether a file of code belongs to Python or to an installed package: nobody edits it while a run goes on."""
    return file.startswith((*_INSTALLED, "<frozen "))


def _MODULE(kind: type) -> Any:  # noqa: N802 - beside the other
    """The module of a class, whatever its metaclass makes of the name."""
    return type.__getattribute__(kind, "__module__")


def fingerprint(function: Any) -> str:
    """Twelve hexadecimal digits; equal for equal code."""
    digest = sha256()
    _function(digest, getattr(function, "fn", function), DEPTH, set())
    return digest.hexdigest()[:12]


def _function(digest: Any, function: Any, depth: int, seen: set[int]) -> None:
    code = getattr(function, "__code__", None)
    if code is None or id(code) in seen or not depth:
        digest.update(getattr(function, "__qualname__", type(function).__qualname__).encode())
        return
    seen.add(id(code))
    _code(digest, code)
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        _value(digest, value, depth, seen)
    for cell in function.__closure__ or ():
        try:
            _value(digest, cell.cell_contents, depth, seen)
        except ValueError:
            digest.update(b"empty")
    names, used = _names(code), used_by(code)
    for name in used.globals:
        if name in function.__globals__:
            value = function.__globals__[name]
            digest.update(name.encode())
            _held(digest, name, value, used, depth, seen)
            if type(value) is ModuleType and depth > 1 and not _is_given(value):
                for part in names:
                    if part in vars(value):
                        _held(digest, part, vars(value)[part], used, depth - 1, seen)


def _held(digest: Any, name: str, value: Any, used: Used, depth: int, seen: set[int]) -> None:
    if name in used.written and type(value) in CONTAINERS:
        digest.update(type(value).__name__.encode())
    else:
        _value(digest, value, depth, seen)


def _is_given(module: ModuleType) -> bool:
    """Whether nobody edits it while a run goes on: it is installed, or built into Python."""
    file = vars(module).get("__file__")
    return not isinstance(file, str) or is_installed(file)


def _names(code: CodeType) -> list[str]:
    inner = (name for const in code.co_consts if isinstance(const, CodeType) for name in _names(const))
    return [*code.co_names, *inner]


def _code(digest: Any, code: CodeType) -> None:
    digest.update(code.co_code)
    digest.update(repr((code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, code.co_flags)).encode())
    for const in code.co_consts:
        if isinstance(const, CodeType):
            _code(digest, const)
        elif isinstance(const, frozenset):
            digest.update(repr(sorted(map(repr, const))).encode())
        else:
            digest.update(repr(const).encode())


def _value(digest: Any, value: Any, depth: int, seen: set[int]) -> None:
    """Told by its type alone: an object may run code of its own when it is asked."""
    kind = type(value)
    inner = _function_of(value, kind)
    if inner is not None:
        if is_installed(inner.__code__.co_filename):
            digest.update(f"{inner.__module__}.{inner.__qualname__}".encode("utf-8", "surrogatepass"))
        else:
            _function(digest, inner, depth - 1, seen)
    elif issubclass(kind, ModuleType):
        digest.update(value.__name__.encode())
    elif issubclass(kind, type):
        digest.update(f"{_MODULE(value)}.{_QUALNAME(value)}".encode("utf-8", "surrogatepass"))
        _class(digest, value, depth, seen)
    elif kind is int:
        digest.update(hex(value).encode() if value.bit_length() > WIDE else repr(value).encode())
    elif kind in _ATOMS or (kind in _TELLING and type(getattr(value, "tzinfo", None)) in _ZONES):
        digest.update(repr(value).encode("utf-8", "surrogatepass"))
    elif issubclass(kind, Enum):
        digest.update(f"{_QUALNAME(kind)}.{object.__getattribute__(value, '_name_')}".encode("utf-8", "surrogatepass"))
        _class(digest, kind, depth, seen)
    elif kind in CONTAINERS and len(value) <= MOST and id(value) not in seen:
        seen.add(id(value))
        for part in _parts(value, kind):
            _value(digest, part, depth, seen)
    else:
        digest.update(_QUALNAME(kind).encode("utf-8", "surrogatepass"))
        _class(digest, kind, depth, seen)


def _parts(value: Any, kind: type) -> Iterable[Any]:
    """Those of a set, which has another order in each process, by what they are, as far as they are plain."""
    if kind is dict:
        return chain.from_iterable(value.copy().items())
    if kind is list or kind is tuple:
        return tuple(value)
    found = value.copy()
    return sorted(repr(part) if type(part) in _ATOMS or type(part) is int else _QUALNAME(type(part)) for part in found)


def _class(digest: Any, kind: type, depth: int, seen: set[int]) -> None:
    """Its methods, and those of the classes that it is made of. Not what else it holds, which bodies may change."""
    for one in _MRO(kind):
        if id(one) in seen or not depth or _is_given_class(one):
            continue
        seen.add(id(one))
        for name, part in _SPACE(one).items():
            for function in _functions_in(part):
                digest.update(name.encode("utf-8", "surrogatepass"))
                _value(digest, function, depth - 1, seen)


def _functions_in(part: Any) -> list[Any]:
    """A method, also one that is wrapped as Python's own decorators do."""
    kind = type(part)
    if kind is staticmethod or kind is classmethod:
        return _functions_in(part.__func__)
    if kind is property:
        return [function for function in (part.fget, part.fset, part.fdel) if function is not None]
    if kind is cached_property:
        return [part.func]
    return [part] if _function_of(part, kind) is not None else []


def _is_given_class(kind: type) -> bool:
    name = _MODULE(kind)
    if name == "__main__" or type(name) is not str:
        return False
    module = sys.modules.get(name)
    return type(module) is ModuleType and _is_given(module)


def _function_of(value: Any, kind: type) -> FunctionType | None:
    """The function that a value is, or that a task of it was made of."""
    if kind is FunctionType:
        return value  # type: ignore[no-any-return]
    try:
        inner = object.__getattribute__(value, "fn") if not issubclass(kind, type) else None
    except Exception:
        return None
    return inner if type(inner) is FunctionType else None
