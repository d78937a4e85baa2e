"""The options of tasks and flows: which exist, what they take, and what to say about the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.model import NAME, Retry, Timeout
from stratix_tasks.spec.problems import did_you_mean

TASK = frozenset(("name", "retry", "timeout", "pool", "priority", "runner", "after", "grace", "description"))
MAP = frozenset(("max", "key"))
FLOW = frozenset(("name", "pools", "concurrency", "timeout", "on_failure", "tags", "description"))
START = frozenset(("key", "priority", "tags"))
LATER = frozenset(
    (
        "cache",
        "undo",
        "resources",
        "join",
        "gather",
        "losers",
        "max_lost",
        "allow_failure",
        "overlap",
        "hooks",
        "schedule",
        "max_depth",
        "max_recoveries",
        "alerts",
        "until",
    )
)
"""Named in the public contract, not in this version."""
RUNNERS = ("thread", "async", "inline")
RUNNERS_LATER = ("process", "kernel", "dask")


def refuse_unknown(options: Mapping[str, Any], allowed: frozenset[str], what: str) -> None:
    """FlowError `not-available` for an option of a later version, `unknown-option` for any other that is not allowed."""
    for name in options:
        if name in allowed:
            continue
        if name in LATER:
            raise FlowError(f"option '{name}' of {what} is not available in this version", code="not-available")
        raise FlowError(f"{what} has no option '{name}'. {did_you_mean(name, allowed)}", code="unknown-option")


def node_fields(options: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Task options as fields of a NodeSpec."""
    made: dict[str, Any] = {}
    for name, value in options.items():
        convert = _CONVERT.get(name)
        if convert is not None:
            try:
                made[name] = convert(value)
            except FlowError as error:
                raise FlowError(f"{what}: {error.message}", code=error.code) from None
            except (ValueError, TypeError) as error:
                raise FlowError(f"{what}: option {name}={value!r}: {_reason(error)}", code="bad-option") from None
    return made


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors()) if errors else str(error)


def retry(value: Any) -> Retry:
    """`3`: three attempts after the first; or a Retry, or its fields."""
    if isinstance(value, Retry):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Mapping):
        raise TypeError("write a number of attempts after the first, or {max, delay, backoff, max_delay, jitter, on}")
    fields = {"max": value} if isinstance(value, int) else dict(value)
    if "on" in fields:
        on = fields["on"]
        classes = on if isinstance(on, list | tuple | set) else [on]
        fields["on"] = tuple(c if isinstance(c, str) else c.__name__ for c in classes)
    return Retry(**fields)


def timeout(value: Any) -> Timeout:
    """A scalar is the limit of each attempt; or a Timeout, or its fields."""
    if isinstance(value, Timeout):
        return value
    return Timeout(**value) if isinstance(value, Mapping) else Timeout(attempt=seconds(value))


def pool(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(name, str) for name in names):
        raise TypeError("write a pool's name, or a list of names")
    return names


def priority(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("write a whole number; higher starts first")
    return value


def runner(value: Any) -> str:
    if value in RUNNERS_LATER:
        raise FlowError(f"runner '{value}' is not available in this version; there are {', '.join(RUNNERS)}", code="not-available")
    if value not in RUNNERS:
        raise ValueError(f"there are {', '.join(RUNNERS)}. {did_you_mean(str(value), RUNNERS)}")
    return str(value)


def name(value: Any) -> str:
    import re

    if not isinstance(value, str) or not re.match(NAME, value):
        raise ValueError("a name has letters, digits and _, begins with a letter or _, and is at most 64 characters long")
    return value


_CONVERT: dict[str, Any] = {
    "retry": retry,
    "timeout": timeout,
    "pool": pool,
    "priority": priority,
    "runner": runner,
    "grace": seconds,
    "description": str,
}
