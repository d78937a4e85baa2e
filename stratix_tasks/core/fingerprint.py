"""Fingerprints: whether a function is still the one that a run was started with.

A function is known by its code, defaults, closure and the globals that it uses. Of a global that is a function of the
same module its own code counts, of a module its name, of plain data its value, of anything else its type.
"""

from __future__ import annotations

from hashlib import sha256
from types import CodeType, FunctionType, ModuleType
from typing import Any

DEPTH = 4
WIDE = 4096
"""Bits from which a number is not written in decimal digits."""
_ATOMS = frozenset((type(None), bool, float, complex, str, bytes))
_QUALNAME = type.__dict__["__qualname__"].__get__


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
    """Told by its type alone: an object may run code of its own when it is asked."""
    kind = type(value)
    inner = _function_of(value, kind)
    if inner is not None:
        same = inner.__module__ == user.__module__
        _function(digest, inner, depth - 1, seen) if same else digest.update(
            f"{inner.__module__}.{inner.__qualname__}".encode("utf-8", "surrogatepass")
        )
    elif issubclass(kind, ModuleType):
        digest.update(value.__name__.encode())
    elif issubclass(kind, type):
        digest.update(f"{_MODULE(value)}.{_QUALNAME(value)}".encode("utf-8", "surrogatepass"))
    elif kind is int:
        digest.update(hex(value).encode() if value.bit_length() > WIDE else repr(value).encode())
    elif kind in _ATOMS:
        digest.update(repr(value).encode("utf-8", "surrogatepass"))
    elif (kind is list or kind is tuple) and len(value) <= 100 and id(value) not in seen:
        seen.add(id(value))
        for part in value:
            _value(digest, part, depth, seen, user)
    else:
        digest.update(_QUALNAME(kind).encode("utf-8", "surrogatepass"))


def _function_of(value: Any, kind: type) -> FunctionType | None:
    """The function that a value is, or that a task of it was made of."""
    if kind is FunctionType:
        return value  # type: ignore[no-any-return]
    try:
        inner = object.__getattribute__(value, "fn") if not issubclass(kind, type) else None
    except Exception:
        return None
    return inner if type(inner) is FunctionType else None
