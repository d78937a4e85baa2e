"""The trace of one flow: every task that is called while its body runs is placed as a node.

This is on the path of every start, so placing a node copies a template that each task keeps, and touches nothing else.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from stratix_tasks.dsl.references import Condition, Fact, Operand, Reference, conjunction, user_line
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import Each, FlowSpec, NodeSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.values import Expr, FirstOf, Object, Ref

if TYPE_CHECKING:
    from stratix_tasks.dsl.flow import FlowDefinition
    from stratix_tasks.dsl.task import BaseTask

TRACE: ContextVar[Trace | None] = ContextVar("stratix_trace", default=None)
ATOMS = frozenset((type(None), bool, int, float, str))
LITERALS = (date, time, timedelta, Decimal, PurePath, Enum, UUID, bytes)


@dataclass(slots=True)
class Traced:
    """What tracing yields: the document, the tasks by their `call`, and what is wrong."""

    spec: FlowSpec
    functions: dict[str, BaseTask]
    problems: list[Problem]


@dataclass(slots=True, eq=False)
class Mapped:
    """A value marked by `each`: its elements go to the items."""

    value: Any


@dataclass(slots=True, eq=False)
class Crossed:
    """The marks of one `product`."""

    group: object
    value: Any


@dataclass(slots=True, eq=False)
class Trace:
    """One flow being traced. `branch` holds the numbers of the open `when` blocks, `condition` what they demand together."""

    flow: str
    nodes: dict[str, NodeSpec] = field(default_factory=dict)
    functions: dict[str, BaseTask] = field(default_factory=dict)
    flows: dict[str, FlowSpec] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    branch: tuple[int, ...] = ()
    condition: Expr | None = None
    branches: int = 0
    closed: tuple[tuple[int, ...], Expr, Expr | None] | None = None

    def place(self, task: BaseTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """A task called in the flow: one node."""
        named = task.bind(args, kwargs)
        value = self.value
        node_args = {name: part if type(part) in ATOMS else value(part) for name, part in named.items()}
        self.closed = None
        return self._add(task.template, {"args": node_args}, task, task.arity)

    def place_map(self, task: BaseTask, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """`task.map(…)`: one mapped node; arguments marked by `each` are taken apart, the others are broadcast."""
        named = task.bind(args, kwargs)
        over: dict[str, Any] = {}
        groups = set()
        for name, part in list(named.items()):
            if isinstance(part, Mapped | Crossed):
                groups.add(id(part.group) if isinstance(part, Crossed) else None)
                over[name] = self.mapped(part.value)
                del named[name]
        if not over:
            self.fail("nothing to map over: mark an argument with each(…)", task.template_name)
        if len(groups) > 1:
            self.fail("each() and product() can't be mixed in one map", task.template_name)
        key = task.options_given.get("key")
        each = Each(over=over, by="zip" if None in groups else "product", key=None, max=task.options_given.get("max"))
        if key is not None:
            each = each.model_copy(update={"key": key_template(key, over, task.template_name)})
        self.closed = None
        update = {"args": {name: self.value(part) for name, part in named.items()}, "each": each}
        return self._add(task.template, update, task, None)

    def place_flow(self, flow: FlowDefinition[Any, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reference:
        """A flow called in the flow: a group; its document goes into `flows`, identical ones once."""
        given = flow.bind(args, kwargs)
        static = {name: given.pop(name) for name in flow.static if name in given}
        traced = flow.trace(static)
        self.functions.update(traced.functions)
        self.problems += [replace(p, node=f"{flow.name}.{p.node}" if p.node else flow.name) for p in traced.problems]
        name = self._flow_name(traced.spec)
        node = NodeSpec.model_construct(flow=name, args={k: self.value(v) for k, v in given.items()})
        self.closed = None
        return self._add(node, {}, flow, None)

    def value(self, part: Any) -> Any:
        """A Python value as a value of the document."""
        kind = type(part)
        if kind in ATOMS:
            return part
        if kind is Reference:
            if part._branch and part._branch != self.branch[: len(part._branch)]:
                self._may_be_skipped(part)
            return part._ref
        if kind is list or kind is tuple:
            return kind(map(self.value, part))
        if kind is dict:
            return {key: self.value(inner) for key, inner in part.items()}
        return self._other(part, kind)

    def mapped(self, part: Any) -> Any:
        """What `each` was given: a reference, or elements that are known already."""
        if isinstance(part, Operand):
            return self.value(part)
        if type(part) is range:
            return list(part)
        return self.value(part if isinstance(part, list | tuple | dict) else list(part))

    def fail(self, message: str, node: str = "", code: str = "bad-flow") -> None:
        raise FlowError(f"line {user_line()[1]}: {f'{node}: ' if node else ''}{message}", code=code)

    def _other(self, part: Any, kind: type) -> Any:
        if isinstance(part, Fact):
            return Expr(*part._cel())
        if isinstance(part, Condition):
            return part.expr
        if kind is FirstOf or isinstance(part, LITERALS):
            return part
        if isinstance(part, Mapped | Crossed):
            self.fail("each() marks an argument of task.map(…), not of a plain call")
        if hasattr(part, "item") and getattr(part, "shape", None) == ():
            return part.item()
        if is_dataclass(part) and not isinstance(part, type) and _holds_reference(part):
            return replace(part, **{f.name: self.value(getattr(part, f.name)) for f in fields(part)})
        if hasattr(kind, "__pydantic_fields__") and _holds_reference(part):
            return part.model_copy(update={name: self.value(getattr(part, name)) for name in kind.__pydantic_fields__})
        return Object(f"{kind.__module__}.{kind.__qualname__}", part)

    def _add(self, template: NodeSpec, update: dict[str, Any], task: Any, arity: Any) -> Reference:
        wanted = task.options_given.get("name") if task.options_given else None
        name = wanted or task.template_name
        if name in self.nodes:
            if wanted is not None:
                self.fail(f"two nodes are named '{name}'; names given by options(name=…) must differ", name)
            name = self._free(name)
        if self.condition is not None:
            update["when"] = self.condition
        after = task.options_given.get("after") if task.options_given else None
        if after:
            update["needs"] = tuple(ref._ref.name for ref in (after if isinstance(after, list | tuple) else [after]))
        self.nodes[name] = template.model_copy(update=update)
        if template.call is not None:
            self.functions[template.call] = task
        line = user_line()[1] if self.branch else 0
        return Reference(Ref("tasks", name), self, arity, self.branch, line)

    def _free(self, name: str) -> str:
        count = self.counts.get(name, 1)
        while True:
            count += 1
            candidate = f"{name}_{count}"
            if candidate not in self.nodes:
                self.counts[name] = count
                return candidate

    def _flow_name(self, spec: FlowSpec) -> str:
        name, count = spec.flow, 1
        while name in self.flows and self.flows[name] != spec:
            count += 1
            name = f"{spec.flow}_{count}"
        self.flows[name] = spec
        return name

    def _may_be_skipped(self, part: Reference) -> None:
        line = user_line()[1]
        self.problems.append(
            Problem(
                "may-be-skipped",
                f"'{part._ref.name}' is made in a branch (line {part._line}) and used outside of it (line {line}), where it may have been skipped.",
                node=part._ref.name,
                line=line,
                hint="Join the branches with first_of(a, b), or use it inside its block.",
            )
        )


def _holds_reference(part: Any) -> bool:
    names = getattr(type(part), "__pydantic_fields__", None) or [f.name for f in fields(part)]
    return any(isinstance(value, Operand | Condition) or _nested(value) for value in (getattr(part, name) for name in names))


def _nested(value: Any) -> bool:
    if isinstance(value, Operand | Condition):
        return True
    if isinstance(value, list | tuple):
        return any(map(_nested, value))
    if isinstance(value, dict):
        return any(map(_nested, value.values()))
    if is_dataclass(value) and not isinstance(value, type):
        return _holds_reference(value)
    return hasattr(type(value), "__pydantic_fields__") and _holds_reference(value)


def key_template(key: str, over: dict[str, Any], node: str) -> Any:
    """`"{region}-{lr}"` as a Template over the loop's variables."""
    from string import Formatter

    from stratix_tasks.spec.problems import did_you_mean
    from stratix_tasks.spec.values import Template

    parts: list[Any] = []
    for text, name, spec, _conversion in Formatter().parse(key):
        if text:
            parts.append(text)
        if name is None:
            continue
        if name not in over or spec:
            hint = did_you_mean(name, over)
            raise FlowError(f"{node}: key={key!r} names '{name}', which is no mapped argument. {hint}", code="bad-option")
        parts.append(Ref("each", name))
    if not any(isinstance(part, Ref) for part in parts):
        raise FlowError(f"{node}: key={key!r} names no mapped argument, so all items would have the same key", code="bad-option")
    return Template(tuple(parts)) if len(parts) > 1 else parts[0]


