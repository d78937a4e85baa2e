"""What nodes call: functions, and how their arguments are passed to them."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, NamedTuple

from stratix_tasks.engine.resolving import NONE


class Function(NamedTuple):
    """What a node calls, and its parameters that must be passed by position; `*` last when it takes any number."""

    call: Callable[..., Any]
    positional: tuple[str, ...]

    @classmethod
    def of(cls, task: Any) -> Function:
        function = getattr(task, "fn", task)
        code = getattr(function, "__code__", None)
        if code is None:
            return cls(function, ())
        takes_any = bool(code.co_flags & 0x04)
        if "__wrapped__" in vars(function):  # it passes on what it is given, as the function that it wraps wants it
            return cls(function, _positional(function, takes_any))
        names = code.co_varnames[: code.co_argcount if takes_any else code.co_posonlyargcount]
        return cls(function, (*names, "*") if takes_any else names)


def _positional(function: Callable[..., Any], takes_any: bool) -> tuple[str, ...]:
    parameters = signature(function).parameters.values()
    if takes_any or any(one.kind is Parameter.VAR_POSITIONAL for one in parameters):
        return (*(one.name for one in parameters if one.kind in _PLACED), "*")
    return tuple(one.name for one in parameters if one.kind is Parameter.POSITIONAL_ONLY)


_PLACED = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
NOTHING = Function(lambda: None, ())
"""Of a node that calls nothing, or what is not known here."""


def positioned(named: dict[str, Any], positional: tuple[str, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Named arguments with those up front that must be passed by position."""
    named = dict(named)
    extra, more = named.pop("*", ()), named.pop("**", NONE)
    args = []
    for name in positional:
        if name in named:
            args.append(named.pop(name))
        elif name != "*":
            break
    return (*args, *extra), {**named, **more}


def defaults_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The defaults of a function's parameters, of those that have one."""
    try:
        parameters = signature(function).parameters
    except (TypeError, ValueError):
        return {}
    return {name: one.default for name, one in parameters.items() if one.default is not Parameter.empty}


def parameters_of(function: Callable[..., Any]) -> set[str]:
    """The names of a function's parameters."""
    try:
        return set(signature(function).parameters)
    except (TypeError, ValueError):
        return set()
