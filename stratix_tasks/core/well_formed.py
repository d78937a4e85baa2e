"""Whether a request's arguments are of the form that its verb takes: they may come from another process or a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from stratix_tasks.errors import InputError
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.waits import unfit

DEEPEST = 100
"""Levels of lists and objects in the arguments of a request."""


def well_formed(verb: str, target: object, args: object) -> None:
    """InputError `bad-request` that names what is wrong; a request that is no request must harm no run."""
    if not (target is None or isinstance(target, str)):
        raise _bad(verb, f"its target is a name, not {target!r}")
    if not isinstance(args, Mapping):
        raise _bad(verb, f"its arguments are names with values, not {args!r}")
    if wrong := _odd(args):
        raise _bad(verb, wrong)
    if not isinstance(args.get("id", ""), str):
        raise _bad(verb, f"`id` is its name, a text, not {args['id']!r}")
    check = _CHECKS.get(verb)
    if check is not None and (wrong := check(args)):
        raise _bad(verb, wrong)


def _bad(verb: str, wrong: str) -> InputError:
    return InputError(f"this is no request to {verb}: {wrong}", code="bad-request")


def _odd(data: object, depth: int = 0) -> str:
    """What of a request can't be recorded, or not so that it is read again as it was; empty when there is nothing."""
    if depth > DEEPEST:
        return f"it is nested more than {DEEPEST} levels deep"
    if isinstance(data, str):
        return "" if is_unicode(data) else f"{data[:40]!r} is no Unicode text"
    if isinstance(data, float):
        return "" if isfinite(data) else f"{data} is no number"
    if isinstance(data, int):
        return "" if -(1 << 63) <= data < 1 << 63 else "a whole number has at most 64 bits"
    if isinstance(data, Mapping):
        odd = next((name for name in data if not isinstance(name, str)), None)
        parts: Iterable[object] = (*data, *data.values())
        return f"a name is a text, not {odd!r}" if odd is not None else _first_odd(parts, depth)
    if isinstance(data, list | tuple):
        return _first_odd(data, depth)
    return "" if data is None else f"a {type(data).__name__} is no data"


def _first_odd(parts: Iterable[object], depth: int) -> str:
    return next(filter(None, (_odd(part, depth + 1) for part in parts)), "")


def _retry(args: Mapping[str, Any]) -> str:
    return "" if isinstance(args.get("redo", False), bool) else f"`redo` is true or false, not {args['redo']!r}"


def _skip(args: Mapping[str, Any]) -> str:
    given = args.get("value")
    return _retry(args) if given is None or _is_result(given) else "`value` is a result as data"


def _set(args: Mapping[str, Any]) -> str:
    values, options = args.get("args", {}), args.get("options", {})
    if not isinstance(values, Mapping) or not all(map(_is_result, values.values())):
        return "`args` has a result as data for each name"
    return "" if isinstance(options, Mapping) else "`options` has a value for each name"


def _breakpoint(args: Mapping[str, Any]) -> str:
    return "" if isinstance(args.get("on", True), bool) else f"`on` is true or false, not {args['on']!r}"


def _rollback(args: Mapping[str, Any]) -> str:
    if "to" in args:
        return "" if isinstance(args["to"], str) else "`to` is the name of a node"
    nodes = args.get("nodes")
    named = isinstance(nodes, list | tuple) and all(isinstance(name, str) for name in nodes)
    return "" if named else "it takes `to`, a node, or `nodes`, the names of those to run again"


def _decided(args: Mapping[str, Any]) -> str:
    said = (args.get("by", ""), args.get("note", ""))
    return "" if all(isinstance(one, str) for one in said) else "`by` is who says so and `note` is why, both texts"


def _answer(args: Mapping[str, Any]) -> str:
    return "" if isinstance(args.get("fields"), Mapping) else "`fields` has a value for each name"


def _send(args: Mapping[str, Any]) -> str:
    if why := unfit("name", args.get("name")):
        return f"`name` is the signal's: {why}"
    return "" if _is_result(args.get("value")) else "`value` is a result as data"


def _is_result(data: object) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("codec"), str) and data.keys() >= {"payload", "summary"}


_CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "retry": _retry,
    "skip": _skip,
    "set": _set,
    "breakpoint": _breakpoint,
    "rollback": _rollback,
    "approve": _decided,
    "reject": _decided,
    "answer": _answer,
    "send": _send,
}
