"""What a flow said when it was traced last: while it says the same again, its nodes are taken as they were made then.

A flow that is started often says the same each time. Only what is told apart at a glance is kept: a task by its identity, or by
its function and plain options, arguments that are plain values or references; where anything else is said, tracing goes on as if there
had been no last time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from stratix_tasks.dsl.references import Reference
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.values import ATOMS, Ref


class Placed(NamedTuple):
    """A call of a task, and the node that it was placed as. `given` holds plain values and Refs."""

    task: Any
    given: tuple[Any, ...]
    node: NodeSpec
    ref: Ref


def given_of(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What a call gave; None where that is more than plain values, and references that no branch hides."""
    given: list[Any] = []
    for part in args:
        kind = type(part)
        if kind in ATOMS:
            given.append(part)
        elif kind is Reference and not part._branch:
            given.append(part._ref)
        else:
            return None
    return tuple(given)


def is_said_again(then: Placed, task: Any, args: tuple[Any, ...], trace: object) -> bool:
    """Whether the same task is called with the same. 1, 1.0 and True differ, and so do 0.0 and -0.0."""
    given = then.given
    if not is_same_task(then.task, task) or len(args) != len(given):
        return False
    for part, old in zip(args, given, strict=True):
        if type(part) is Reference:
            if part._trace is not trace or part._branch or not (part._ref is old or _is_same_ref(part._ref, old)):
                return False
        elif not _is_same_atom(part, old):
            return False
    return True


def is_same_task(then: Any, task: Any) -> bool:
    """Whether two are the same function with the same options, as those are that a body makes anew each time."""
    if then is task:
        return True
    return type(then) is type(task) and then.fn is task.fn and are_same_options(then.options_given, task.options_given)


def are_same_options(then: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Whether they say the same, in plain values alone: what else is said may say something else by now."""
    if len(then) != len(options):
        return False
    return all(name in then and _is_same_atom(value, then[name]) for name, value in options.items())


def _is_same_atom(part: Any, old: Any) -> bool:
    kind = type(part)
    if kind is not type(old) or kind not in ATOMS:
        return False
    return part is old or (repr(part) == repr(old) if kind is float else bool(part == old))


def _is_same_ref(ref: Ref, old: Any) -> bool:
    return ref is old or (type(old) is Ref and ref == old)


def is_same_output(value: Any, old: Any) -> bool:
    """Whether a flow gives the same as last time: nothing, a reference, or a list or tuple of references."""
    kind = type(value)
    if kind is not type(old):
        return False
    if kind is list or kind is tuple:
        return len(value) == len(old) and all(
            type(part) is Ref and _is_same_ref(part, then) for part, then in zip(value, old, strict=True)
        )
    return value is None or (kind is Ref and value == old)
