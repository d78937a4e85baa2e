"""The options of tasks and flows: which exist, what they take, and what to say about the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratix_tasks.core.ports import NAMED_RUNNERS, RUNNERS
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.model import NAME, Retry, Timeout
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.vocabulary import LATER, MAP, RESERVED, RUNNERS_LATER, START

__all__ = ["START", "fitting_runner", "name", "node_fields", "refuse_unknown"]


def refuse_unknown(options: Mapping[str, Any], allowed: frozenset[str], what: str) -> None:
    """FlowError `not-available` for an option of a later version, `unknown-option` for any other not allowed."""
    for name in options:
        if name in allowed:
            continue
        if name in LATER:
            raise FlowError(f"option '{name}' of {what} is not available in this version", code="not-available")
        hint = did_you_mean(name, allowed)
        if name in MAP:
            hint = f"It is for a fan-out: task.options({name}=…).map(…)."
        raise FlowError(f"{what} has no option '{name}'. {hint}", code="unknown-option")


def node_fields(options: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Task options as fields of a NodeSpec; the others are checked. FlowError that names task and option."""
    made: dict[str, Any] = {}
    for name, value in options.items():
        read = _READ.get(name)
        if read is None:
            continue
        try:
            made[name] = read(value)
        except FlowError as error:
            raise FlowError(f"{what}: {error.message}", code=error.code) from None
        except (ValueError, TypeError) as error:
            raise FlowError(f"{what}: option {name}={value!r}: {_reason(error)}", code="bad-option") from None
    return {name: value for name, value in made.items() if name not in _NO_FIELDS}


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors())


def retry(value: Any) -> Retry:
    """`3`: three attempts after the first; or a Retry, or its fields."""
    if isinstance(value, Retry):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Mapping):
        raise TypeError("write a number of attempts after the first, or {max, delay, backoff, max_delay, jitter, on}")
    given: dict[str, Any] = {"max": value} if isinstance(value, int) else dict(value)
    if "on" in given:
        on = given["on"]
        given["on"] = tuple(map(_exception_name, on if isinstance(on, list | tuple | set) else [on]))
    return Retry.model_validate(given)


def _exception_name(one: Any) -> str:
    if isinstance(one, type) and issubclass(one, BaseException):
        return one.__name__
    if isinstance(one, str):
        return one
    raise TypeError(f"on= takes classes of exceptions or their names, not {one!r}")


def timeout(value: Any) -> Timeout:
    """A scalar is the limit of each attempt; or a Timeout, or its fields."""
    if isinstance(value, Timeout):
        return value
    return Timeout.model_validate(dict(value) if isinstance(value, Mapping) else {"attempt": seconds(value)})


def pool(value: Any) -> tuple[str, ...]:
    """A name, or several; an attempt takes a slot of each."""
    names = (value,) if isinstance(value, str) else tuple(value)
    if not all(isinstance(name, str) and name for name in names):
        raise TypeError("write a pool's name, or a list of names")
    return tuple(dict.fromkeys(names))


def priority(value: Any) -> int:
    """Higher starts first."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("write a whole number; higher starts first")
    return value


def runner(value: Any) -> str:
    """Where the body runs."""
    known = ", ".join(NAMED_RUNNERS)
    if value in RUNNERS_LATER:
        raise FlowError(f"runner '{value}' is not available in this version; there are {known}", code="not-available")
    if value not in NAMED_RUNNERS:
        raise ValueError(f"there are {known}. {did_you_mean(str(value), NAMED_RUNNERS)}")
    return str(value)


def fitting_runner(value: str | None, is_async: bool, what: str) -> None:
    """FlowError when a body of this kind can't run there."""
    kind = "async def" if is_async else "def"
    if value is None or kind in RUNNERS[value].bodies:
        return
    fitting = " or ".join(f"'{name}'" for name in NAMED_RUNNERS if kind in RUNNERS[name].bodies)
    raise FlowError(
        f"{what} is a{_LETTER[kind]} `{kind}`: it runs on runner {fitting}, not {RUNNERS[value].where}",
        code="bad-option",
    )


_LETTER = {"def": " plain", "async def": "n"}


def max_lost(value: Any) -> int:
    """How often its worker process may go before the node fails."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("write a whole number of 0 or more")
    return value


def most(value: Any) -> int:
    """How many items of a fan-out run at a time."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("write a whole number of 1 or more")
    return value


def key(value: Any) -> str:
    """A template over the mapped arguments."""
    if not isinstance(value, str):
        raise TypeError("write a text that names mapped arguments, such as '{region}'")
    return value


def name(value: Any) -> str:
    """FlowError `bad-name` for what no node or flow can be called."""
    import re

    if not isinstance(value, str) or not re.fullmatch(NAME, value):
        rule = "a name has letters from a to z in either case, digits and _, begins with no digit, and is at most 64 characters long"
        raise FlowError(f"{value!r} is no name: {rule}; give another by name=…", code="bad-name")
    if value in RESERVED:
        raise FlowError(f"'{value}' can't be a name: expressions keep this word for themselves", code="bad-name")
    return value


_READ: dict[str, Any] = {
    "retry": retry,
    "timeout": timeout,
    "pool": pool,
    "priority": priority,
    "runner": runner,
    "grace": seconds,
    "max_lost": max_lost,
    "description": str,
    "name": name,
    "max": most,
    "key": key,
}
_NO_FIELDS = frozenset(("name", "max", "key"))
