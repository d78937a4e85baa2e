"""The options of tasks and flows: which exist, what they take, and what to say about the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from stratix_tasks.dsl.references import Condition, Reference, asked_of, told_of
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.runners import KNOWN_RUNNERS, can_be_named, named_runners
from stratix_tasks.spec import fields
from stratix_tasks.spec.canonical import in_order
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.fields import Kind, Option
from stratix_tasks.spec.joins import join
from stratix_tasks.spec.model import MOST, NAME, Defaults, Retry, Shared, Timeout, Ui
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import parse
from stratix_tasks.spec.values import LATE, Pin
from stratix_tasks.spec.vocabulary import GROUP, LATER, MAP, RESERVED, RUNNERS_LATER, START, TASK

__all__ = ["START", "fitting_runner", "flow_fields", "name", "refuse_unknown", "task_fields", "unfit"]


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
        elif name in GROUP - TASK and allowed >= {"retry"}:
            hint = f"It is for a flow in a flow: flow.options({name}=…)(…); of a fan-out it is max."
        raise FlowError(f"{what} has no option '{name}'. {hint}", code="unknown-option")


def task_fields(options: Mapping[str, Any], what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Task options as fields of a NodeSpec, and of an Each; its name is checked. FlowError that names task and option.

    None takes away what was said before; of a pin it is the value.
    """
    made: dict[str, Any] = {}
    for name, value in options.items():
        read, option = _OF_TASK.get(name, (None, None))
        if read is None or option is None or (value is None and option.kind is not Kind.VALUE):
            continue
        try:
            made[name] = read(value if option.kind is Kind.VALUE else _late(value, option), option)
        except FlowError as error:
            raise FlowError(f"{what}: {error.message}", code=error.code) from None
        except (ValueError, TypeError) as error:
            raise FlowError(f"{what}: option {name}={value!r}: {_reason(error)}", code="bad-option") from None
    told = {name for name in options if name in made}
    of_map = {name: made[name] for name in told if name in MAP and (name not in _OF_BOTH or "gather" in told)}
    of_task = _OF_NODE if "join" in told or "gather" not in told else _OF_NODE - _OF_BOTH
    made = {name: value for name, value in made.items() if name in of_task}
    made.pop("name", None)
    return made, of_map


def _late(value: Any, option: Option | None) -> Any:
    """References, and their texts, in the place of an option's value, or of a part of it, as the document has them."""
    if isinstance(value, Reference):
        return value._ref
    if type(value) is dict:
        rows = {row.name: row for row in option.parts} if option is not None else {}
        return {name: _late(part, rows.get(name)) for name, part in value.items()}
    if isinstance(value, Condition):
        return value.expr
    first = option.parts[0] if option is not None and option.parts else option
    if first is None or not first.from_values or not isinstance(value, str) or "${{" not in value:
        return value
    made = parse(value)
    return made if type(made) in LATE else value


def references_in(options: Mapping[str, Any]) -> Iterator[Reference]:
    """Those whose values options take: not what is only waited for, by `after`."""
    for name, value in options.items():
        if name in _AS_THEY_ARE:
            continue
        if isinstance(value, Reference):
            if name != "after":
                yield value
        elif isinstance(value, Condition):
            yield from value._uses
        elif type(value) is dict:
            yield from references_in(value)
        elif name == "when" and callable(value):
            yield from asked_of(value, _OF_RETRY)._uses


def flow_fields(options: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Flow options as fields of a FlowSpec, without its description. FlowError `bad-option` that names the flow."""
    try:
        given = {name: value for name, value in options.items() if name in _OF_FLOW and value is not None}
        made = {name: _read(value, *_OF_FLOW[name]) for name, value in given.items()}
        if options.get("positions"):
            made["ui"] = Ui.model_validate({"positions": {**options["positions"]}})
    except (ValueError, TypeError, AttributeError) as error:
        raise FlowError(f"{what}: {_reason(error)}", code="bad-option") from None
    return made


def loop_fields(options: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a loop as fields of a Loop. ValueError, TypeError."""
    known = {option.name: option for option in fields.LOOP}
    given = {name: value for name, value in options.items() if value is not None and name != "until"}
    made = {name: _read(value, _READ[known[name].kind], known[name]) for name, value in given.items()}
    return {**made, **({"until": options["until"]} if options.get("until") is not None else {})}


def _read(value: Any, read: Callable[[Any, Option], Any], option: Option) -> Any:
    """What it is read as; what is wrong with it tells its name."""
    try:
        return read(value, option)
    except ValueError as error:
        named = str(error).startswith(option.name)
        raise ValueError(str(error) if named else f"{option.name}: {error}") from None


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in errors())


def retry(value: Any, _: Option) -> Retry:
    """`3`: three attempts after the first; or a Retry, or its fields."""
    if isinstance(value, Retry):
        return value
    if type(value) in LATE:
        return Retry.model_validate({"max": value})
    if isinstance(value, bool) or not isinstance(value, int | Mapping):
        raise TypeError(
            "write a number of attempts after the first, or {max, delay, backoff, max_delay, jitter, on, when}"
        )
    given: dict[str, Any] = {"max": value} if isinstance(value, int) else dict(value)
    if "on" in given:
        on = given["on"]
        named = map(_exception_name, on if isinstance(on, list | tuple | set | frozenset) else [on])
        given["on"] = tuple(sorted(named) if isinstance(on, set | frozenset) else named)
    if callable(given.get("when")):
        given["when"] = asked_of(given["when"], _OF_RETRY).expr
    if callable(given.get("delay")):
        given["delay"] = told_of(given["delay"], _OF_RETRY)
    return Retry.model_validate(given)


_OF_RETRY = ("error", "attempt")


def _exception_name(one: Any) -> str:
    if isinstance(one, type) and issubclass(one, BaseException):
        return one.__name__
    if isinstance(one, str):
        return one
    raise TypeError(f"on= takes classes of exceptions or their names, not {one!r}")


def timeout(value: Any, _: Option) -> Timeout:
    """A scalar is the limit of each attempt; or a Timeout, or its fields."""
    if isinstance(value, Timeout):
        return value
    if isinstance(value, Mapping):
        return Timeout.model_validate(dict(value))
    return Timeout.model_validate({"attempt": value if type(value) in LATE else seconds(value)})


def names(value: Any, option: Option) -> tuple[str, ...]:
    """A name, or several, each once."""
    given = _several(value)
    if given is None or not all(isinstance(one, str) and one for one in given):
        raise TypeError(f"write a {option.name}'s name, or a list of names")
    return tuple(dict.fromkeys(given))


def _several(value: Any) -> tuple[Any, ...] | None:
    """One text alone, or what a list has; of a set in an order that every process finds. None for what is none of them."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, set | frozenset):
        return tuple(in_order(value))
    return tuple(value) if isinstance(value, list | tuple) else None


def whole(value: Any, option: Option) -> Any:
    """A whole number, not below the least."""
    if option.from_values and type(value) in LATE:
        return value
    if (rule := _not_whole(value, option)) is not None:
        hint = f"; {option.about[0].lower()}{option.about[1:].rstrip('.')}" if option.about and not rule else ""
        raise ValueError(f"write a whole number{rule}{hint}")
    return int(value)


def _whole_of_flow(value: Any, option: Option) -> int:
    if (rule := _not_whole(value, option)) is not None:
        raise ValueError(f"{option.name} is a whole number{rule}, not {value!r}")
    return int(value)


def _not_whole(value: Any, option: Option) -> str | None:
    """What is asked of it beside being whole; None where all is well."""
    least = option.least
    if isinstance(value, int) and not isinstance(value, bool):
        if (-MOST if least is None else least) <= value <= MOST:
            return None
        if value > MOST:
            return f" of {MOST} or less"
    return "" if least is None else f" of {least} or more"


def runner(value: Any, _: Option) -> str:
    """Where the body runs."""
    if isinstance(value, str) and can_be_named(value):
        return value
    there = named_runners()
    if value in RUNNERS_LATER:
        message = f"runner '{value}' is not available in this version; there are {', '.join(there)}"
        raise FlowError(message, code="not-available")
    raise ValueError(f"there are {', '.join(there)}. {did_you_mean(str(value), there)}")


def unfit(fields: Mapping[str, Any], is_async: bool, what: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The fields of a node that a body of this kind can't have, or can't obey, and why."""
    kind, value = "async def" if is_async else "def", fields.get("runner")
    if value is None or not can_be_named(value):  # which is told by itself
        return
    if kind not in KNOWN_RUNNERS[value].bodies:
        fitting = " or ".join(f"'{name}'" for name in named_runners() if kind in KNOWN_RUNNERS[name].bodies)
        why = f"{what} is a{_LETTER[kind]} `{kind}`: it runs on runner {fitting}, not {KNOWN_RUNNERS[value].where}"
        yield ("runner",), why
    elif value == "inline" and not is_async:
        for field in _stopping(fields):
            word = ".".join(field) if field != ("timeout", "attempt") else "a timeout of an attempt"
            why = f"{what} is a plain `def` {KNOWN_RUNNERS[value].where}, where nothing can stop it, so that {word} means nothing"
            yield (
                field,
                f"{why}: leave it to a thread, write it as `async def`, or take runner 'process', which ends it",
            )


def _stopping(fields: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What is said of how a body is stopped."""
    timeout = fields.get("timeout")
    if timeout is not None and timeout.attempt is not None:
        yield ("timeout", "attempt")
    yield from ((name,) for name in ("grace", "abandoned") if fields.get(name) is not None)


def fitting_runner(fields: Mapping[str, Any], is_async: bool, what: str) -> None:
    """FlowError when a body of this kind can't have what is said of it."""
    for _, why in unfit(fields, is_async, what):
        raise FlowError(why, code="bad-option")


_LETTER = {"def": " plain", "async def": "n"}


def key(value: Any, _: Option) -> str:
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


def sizes(value: Any, option: Option) -> dict[str, int]:
    """Whole numbers by name."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"{option.name} are whole numbers by name, such as {{'api': 4}}, not {value!r}")
    return {name: _whole_of_flow(size, replace(option, name=name)) for name, size in {**value}.items()}


def choice(value: Any, option: Option) -> str:
    """One of some words."""
    if value not in option.words:
        raise ValueError(f"{option.name} is {' or '.join(map(repr, option.words))}, not {value!r}")
    return str(value)


def condition(value: Any, option: Option) -> Any:
    """A function of what it is about, which is asked while the flow is traced; or the text of an expression."""
    if isinstance(value, str) or callable(value):
        return value
    raise TypeError(f'write a function, such as {option.name}=lambda x: x["size"] > 0')


def call(value: Any, _: Option) -> str:
    """A function as a document names it."""
    if isinstance(value, str):
        return value
    function = getattr(value, "fn", value)
    if not callable(function) or not hasattr(function, "__qualname__"):
        raise TypeError("write a function or a @task, or its name as module:name")
    return f"{function.__module__}:{function.__qualname__}"


def texts(value: Any, option: Option) -> tuple[str, ...]:
    """A text, or several; a number is written as one."""
    given = _several(value)
    if given is None or not all(isinstance(one, str | int) for one in given):
        raise TypeError(f"{option.name} are texts, such as ['nightly', 'eu'], not {value!r}")
    return tuple(map(str, given))


def switch(value: Any, option: Option) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(f"{option.name} is True or False, not {value!r}")
    return value


def policies(value: Any, option: Option) -> dict[str, Shared]:
    """Options that several nodes take, by name."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise TypeError(f"{option.name} are options by name, such as {{'net': {{'retry': 5}}}}, not {value!r}")
    return {name: Shared.model_construct(**_shared(f"{option.name} '{name}'", said)) for name, said in value.items()}


def defaults(value: Any, _: Option) -> Defaults:
    """Options that all nodes take; under `for` those that nodes take by what they call or use."""
    if isinstance(value, Defaults):
        return value
    if not isinstance(value, Mapping):
        raise TypeError(f"defaults are options, such as {{'retry': 3}}, not {value!r}")
    plain = _shared("defaults", {name: said for name, said in value.items() if name != "for"})
    return Defaults.model_construct(**plain, for_=policies(value.get("for", {}), _FOR))


def _shared(what: str, said: Any) -> dict[str, Any]:
    if isinstance(said, Shared):
        return {name: part for name, part in said if part is not None}
    if not isinstance(said, Mapping):
        raise TypeError(f"{what} are options, such as {{'retry': 3}}, not {said!r}")
    refuse_unknown(said, _SHARED, what)
    return task_fields(said, what)[0]


_SHARED = frozenset(option.name for option in fields.IN_DEFAULTS)
_FOR = Option("for", Kind.POLICIES)
_READ: dict[Kind, Callable[[Any, Option], Any]] = {
    Kind.NAME: lambda value, _: name(value),
    Kind.TEXT: lambda value, _: str(value),
    Kind.DURATION: lambda value, option: seconds(value, some=option.some),
    Kind.KEY: key,
    Kind.WHOLE: whole,
    Kind.CHOICE: choice,
    Kind.RUNNER: runner,
    Kind.NAMES: names,
    Kind.TEXTS: texts,
    Kind.SIZES: sizes,
    Kind.RETRY: retry,
    Kind.TIMEOUT: timeout,
    Kind.SWITCH: switch,
    Kind.CALL: call,
    Kind.CONDITION: condition,
    Kind.JOIN: lambda value, _: join(value),
    Kind.POLICIES: policies,
    Kind.DEFAULTS: defaults,
    Kind.VALUE: lambda value, _: Pin(value),
}
_OF_NODE = frozenset(option.name for option in fields.TASK)
_AS_THEY_ARE = frozenset(option.name for option in fields.TASK if option.kind is Kind.VALUE)
_OF_BOTH = MAP & TASK
"""What belongs to the word that is said beside it: `losers` to `join`, or to `gather`."""
_OF_TASK = {
    option.name: (_READ[option.kind], option)
    for option in (*fields.MAP, *fields.TASK)
    if option.kind is not Kind.NODES  # which are read when it is placed
}
_OF_FLOW = {
    option.name: (_whole_of_flow if option.kind is Kind.WHOLE else _READ[option.kind], option)
    for option in fields.IN_FLOW
    if option.name != "description"  # for which the docstring can stand
}
