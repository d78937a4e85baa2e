"""Fingerprints: whether a function is still the one that a run was started with.

A function is known by its code, defaults, closure and the globals that it uses. Of a global that is a function of the
same module its own code counts, of a module its name, of plain data its value, of anything else its type.
"""

from __future__ import annotations

from hashlib import sha256
from types import CodeType, FunctionType, ModuleType
from typing import Any

DEPTH = 4


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
        _value(digest, value, depth, seen, function)
    for cell in function.__closure__ or ():
        try:
            _value(digest, cell.cell_contents, depth, seen, function)
        except ValueError:
            digest.update(b"empty")
    for name in _names(code):
        if name in function.__globals__:
            digest.update(name.encode())
            _value(digest, function.__globals__[name], depth, seen, function)


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


def _value(digest: Any, value: Any, depth: int, seen: set[int], user: Any) -> None:
    inner = getattr(value, "fn", value)
    if isinstance(inner, FunctionType):
        same = inner.__module__ == user.__module__
        _function(digest, inner, depth - 1, seen) if same else digest.update(
            f"{inner.__module__}.{inner.__qualname__}".encode()
        )
    elif isinstance(value, ModuleType):
        digest.update(value.__name__.encode())
    elif isinstance(value, type):
        digest.update(f"{value.__module__}.{value.__qualname__}".encode())
    elif value is None or isinstance(value, bool | int | float | str | bytes | complex):
        digest.update(repr(value).encode())
    elif isinstance(value, list | tuple) and len(value) <= 100:
        for part in value:
            _value(digest, part, depth, seen, user)
    else:
        digest.update(type(value).__qualname__.encode())
