"""Whether a request's arguments are of the form that its verb takes: they may come from another process or a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stratix_tasks.errors import InputError


def well_formed(verb: str, target: object, args: object) -> None:
    """InputError `bad-request` that names what is wrong; a request that is no request must harm no run."""
    if not (target is None or isinstance(target, str)):
        raise _bad(verb, f"its target is a name, not {target!r}")
    if not isinstance(args, Mapping):
        raise _bad(verb, f"its arguments are names with values, not {args!r}")
    check = _CHECKS.get(verb)
    if check is not None and (wrong := check(args)):
        raise _bad(verb, wrong)


def _bad(verb: str, wrong: str) -> InputError:
    return InputError(f"this is no request to {verb}: {wrong}", code="bad-request")


def _skip(args: Mapping[str, Any]) -> str:
    given = args.get("value")
    return "" if given is None or _is_result(given) else "`value` is a result as data"


def _set(args: Mapping[str, Any]) -> str:
    values, options = args.get("args", {}), args.get("options", {})
    if not isinstance(values, Mapping) or not all(map(_is_result, values.values())):
        return "`args` has a result as data for each name"
    return "" if isinstance(options, Mapping) else "`options` has a value for each name"


def _rollback(args: Mapping[str, Any]) -> str:
    if "to" in args:
        return "" if isinstance(args["to"], str) else "`to` is the name of a node"
    nodes = args.get("nodes")
    named = isinstance(nodes, list | tuple) and all(isinstance(name, str) for name in nodes)
    return "" if named else "it takes `to`, a node, or `nodes`, the names of those to run again"


def _is_result(data: object) -> bool:
    return isinstance(data, Mapping) and isinstance(data.get("codec"), str) and data.keys() >= {"payload", "summary"}


_CHECKS: dict[str, Callable[[Mapping[str, Any]], str]] = {"skip": _skip, "set": _set, "rollback": _rollback}
