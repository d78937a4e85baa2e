"""Binding: from the values of a document to the values that a body gets.

Each sub-flow is a scope with inputs of its own; `tasks.x` means a unit of the same scope. Results that are recorded but
not in memory are loaded when they are first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import fields, is_dataclass
from math import prod
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import ROOT, Kind
from stratix_tasks.core.results import Stored
from stratix_tasks.core.states import TERMINAL, State
from stratix_tasks.core.units import MISSING
from stratix_tasks.engine.fan import Fan
from stratix_tasks.engine.memory import Memory, Shelf
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.model import Each
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.values import LEAVES, Expr, FirstOf, Object, Ref, Template, leaves

ATOMS = frozenset((type(None), bool, int, float, str, bytes))


class Away(Exception):
    """A value is recorded, but not in memory."""


class Items(Sequence[Any]):
    """The results of some units, each read when it is asked for."""

    __slots__ = ("_binding", "_units")

    def __init__(self, binding: Binding, units: list[int]) -> None:
        self._binding, self._units = binding, units

    def __len__(self) -> int:
        return len(self._units)

    def __getitem__(self, index: Any) -> Any:
        return self._binding.value(self._units[index])


class Binding:
    """Resolves values for one run. `load(stored)` reads a recorded result; `summarise(value)` tells its shape."""

    def __init__(
        self,
        machine: Machine,
        inputs: dict[str, Any],
        load: Callable[[Stored], Any],
        summarise: Callable[[Any], dict[str, Any] | None],
        memory: Memory,
    ) -> None:
        self.machine, self.plan = machine, machine.plan
        self.inputs, self._load, self._summarise = inputs, load, summarise
        self._scopes: dict[int, dict[str, Any]] = {ROOT: inputs}
        self._fans: dict[int, Fan] = {}
        self._programs: dict[str, Any] = {}
        self.shelf = Shelf(machine, memory)
        self._here_only = False

    # ------------------------------------------------------------------ what the engine asks

    def arguments(self, unit: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and named arguments of a unit's body."""
        plan, node = self.plan, self.machine.node_of[unit]
        if node != unit:
            named = self.item(unit, node)
        else:
            scope, values, units = plan.parents[unit], self.machine.values, None
            named = {}
            for name, value in plan.specs[unit].args.items():
                kind = type(value)
                if kind is Ref and value.scope == "tasks" and not value.path:
                    if units is None:
                        units = plan.units[scope]
                    got = values[units[value.name]]
                    named[name] = (
                        got if got is not MISSING and type(got) is not Stored else self.value(units[value.name])
                    )
                else:
                    named[name] = value if kind in ATOMS else self.resolve(value, scope)
        if self.machine.sets and unit in self.machine.sets:
            named = self._with_sets(unit, named)
        policy = plan.policies[node]
        assert policy is not None
        return _positioned(named, policy.positional) if policy.positional or "*" in named else ((), named)

    def item(self, unit: int, node: int) -> dict[str, Any]:
        """The arguments of an item of a mapped node; the mapped ones of an item that was spawned are those of its fact."""
        machine, fan = self.machine, self.fan(node)
        spawned = machine.spawned.get(unit) if machine.spawned else None
        if spawned is None:
            return {**fan.broadcast, **fan.item(unit - machine.groups[node].first)}
        given = {name: self._load(Stored(data["codec"], data["payload"], -1, 0)) for name, data in spawned.items()}
        return {**fan.broadcast, **given}

    def _with_sets(self, unit: int, named: dict[str, Any]) -> dict[str, Any]:
        """Arguments with those that a person gave in place of the flow's."""
        given = self.machine.sets.get(unit, {})
        return {**named, **{name: self._load(v) if type(v) is Stored else v for name, v in given.items()}}

    def condition(self, unit: int) -> bool:
        """The node's `when`. FlowError when it is no boolean."""
        when = self.plan.specs[unit].when
        assert when is not None
        verdict = self.evaluate(when, self.plan.parents[unit])
        if not isinstance(verdict, bool):
            raise FlowError(
                f"the condition `{when.text}` gave {verdict!r}, not true or false; compare it with something"
            )
        return verdict

    def expand(self, unit: int) -> tuple[int, list[str] | None]:
        """Open a group: a sub-flow's inputs are resolved; of a mapped node the number of items and their keys."""
        if self.plan.kinds[unit] is Kind.FLOW:
            self._scopes[unit] = self._flow_inputs(unit)
            return len(self.plan.members.get(unit, ())), None
        fan = self.fan(unit)
        count = prod(fan.sizes) if fan.product else fan.sizes[0]
        each = self.plan.specs[unit].each
        assert each is not None
        return count, self._keys(unit, each, fan, count) if each.key else None

    def value(self, unit: int) -> Any:
        """The result of a unit: None when it was skipped, a list of the completed items' for a mapped node."""
        machine = self.machine
        got = machine.values[unit]
        if type(got) is Stored:
            return self._read(unit, got)
        if got is not MISSING:
            return got
        if machine.state[unit] != State.COMPLETED:
            return None
        if self.plan.kinds[unit] is Kind.FLOW and machine.node_of[unit] == unit:
            got = self.resolve(self.plan.flows[unit].output, unit)
        else:
            done = (item for item in machine.members(unit) if machine.state[item] == State.COMPLETED)
            got = [self.value(item) for item in done]
        if not self.shelf.gone:
            machine.values[unit] = got
        return got

    def _read(self, unit: int, stored: Stored) -> Any:
        """A recorded result, read into memory, where it stays as long as there is room."""
        large = stored.codec != "json"
        if large and self._here_only:
            raise Away
        got = self.machine.values[unit] = self._load(stored)
        if large:
            self.shelf.put(unit, stored)
            self.shelf.trim()
        return got

    def keep(self, recorded: Iterable[tuple[int, int, str, list[Any]]]) -> None:
        """Large results are recorded: the oldest make room for them, if there is too little."""
        for unit, attempt, codec, payload in recorded:
            self.shelf.put(unit, Stored(codec, payload, unit, attempt))
        self.shelf.trim()
        if self.shelf.gone:
            self._forget_ended()

    def _forget_ended(self) -> None:
        """What ended groups had resolved holds values too; it is resolved again if one of them is retried."""
        state = self.machine.state
        for unit in [unit for unit in self._fans if state[unit] in TERMINAL]:
            del self._fans[unit]
        for scope in [scope for scope in self._scopes if scope != ROOT and state[scope] in TERMINAL]:
            del self._scopes[scope]

    def result(self) -> Any:
        """The run's own value."""
        return self.resolve(self.plan.spec.output, ROOT)

    def result_here(self) -> Any:
        """The run's own value where all of it is in memory, else `MISSING`."""
        self._here_only = True
        try:
            return self.result()
        except Away:
            return MISSING
        finally:
            self._here_only = False

    def summary(self, unit: int) -> dict[str, Any]:
        """Facts about a unit's result: `type`, and some of `rows`, `columns`, `shape`, `length`."""
        known = self.machine.summary.get(unit)
        if known is None:
            value = self.value(unit)
            known = self._summarise(value) or {"type": type(value).__name__}
            if isinstance(value, str):
                known = {**known, "length": len(value)}
        return known

    def fan(self, unit: int) -> Fan:
        """The mapped columns of a node; kept, so that a hundred thousand items share one."""
        fan = self._fans.get(unit)
        if fan is None:
            fan = self._fans[unit] = self._fan(unit)
        return fan

    def forget(self, unit: int) -> None:
        """Its sources may have changed: resolve again when next asked."""
        self._fans.pop(unit, None)
        self._scopes.pop(unit, None)
        self.machine.values[unit] = MISSING

    # ------------------------------------------------------------------ resolving

    def resolve(self, value: Any, scope: int, item: dict[str, Any] | None = None) -> Any:
        """A value of the document with everything filled in.

        Containers are rebuilt only where something stands in them.
        """
        kind = type(value)
        if kind in ATOMS:
            return value
        if kind in LEAVES:
            return self._leaf(value, scope, item)
        if kind is list or kind is tuple:
            if all(type(part) in ATOMS for part in value):
                return value
            return kind(self.resolve(part, scope, item) for part in value)
        if kind is dict:
            return {key: self.resolve(part, scope, item) for key, part in value.items()}
        if hasattr(kind, "__pydantic_fields__") and next(leaves(value), None) is not None:
            return value.model_copy(
                update={n: self.resolve(getattr(value, n), scope, item) for n in kind.__pydantic_fields__}
            )
        if is_dataclass(value) and next(leaves(value), None) is not None:
            made = copy(value)
            for field in fields(value):
                object.__setattr__(made, field.name, self.resolve(getattr(value, field.name), scope, item))
            return made
        return value

    def evaluate(self, expr: Expr, scope: int, item: dict[str, Any] | None = None) -> Any:
        """A CEL expression over the scope's inputs, tasks and loop variables."""
        from stratix_tasks.spec.expr import compile_expression

        program = self._programs.get(expr.text)
        if program is None:
            program = self._programs[expr.text] = compile_expression(expr.text)
        environment = {
            "inputs": _plain(self._inputs(scope)),
            "tasks": {name: self._seen(name, scope) for name in expr.tasks},
        }
        environment.update(_plain(item or {}))
        return program.evaluate(environment)

    def _leaf(self, leaf: Any, scope: int, item: dict[str, Any] | None) -> Any:
        kind = type(leaf)
        if kind is Ref:
            return self._ref(leaf, scope, item)
        if kind is Expr:
            return self.evaluate(leaf, scope, item)
        if kind is FirstOf:
            for ref in leaf.refs:
                if self.machine.state[self.plan.units[scope][ref.name]] == State.COMPLETED:
                    return self._ref(ref, scope, item)
            return None
        if kind is Template:
            return "".join(part if type(part) is str else str(self.resolve(part, scope, item)) for part in leaf.parts)
        assert kind is Object
        return leaf.value if leaf.value is not None or not leaf.digest else self._object(leaf)

    def _object(self, leaf: Object) -> Any:
        leaf.value = self._load(Stored(leaf.codec, [0, leaf.digest], -1, 0))
        return leaf.value

    def _ref(self, ref: Ref, scope: int, item: dict[str, Any] | None) -> Any:
        if ref.scope == "tasks":
            got = self.value(self.plan.units[scope][ref.name])
        elif ref.scope == "inputs":
            got = self._inputs(scope)[ref.name]
        else:
            got = (item or {})[ref.name]
        for step in ref.path:
            got = got[step]
        return got

    def _inputs(self, scope: int) -> dict[str, Any]:
        if scope not in self._scopes:
            self._scopes[scope] = self._flow_inputs(scope)
        return self._scopes[scope]

    def _flow_inputs(self, unit: int) -> dict[str, Any]:
        given = {
            name: self.resolve(value, self.plan.parents[unit]) for name, value in self.plan.specs[unit].args.items()
        }
        given = self._with_sets(unit, given)
        inputs = self.plan.flows[unit].inputs
        return {name: given.get(name, spec.default) for name, spec in inputs.items()}

    def _fan(self, unit: int) -> Fan:
        scope, spec = self.plan.parents[unit], self.plan.specs[unit]
        each = spec.each
        assert each is not None
        columns: dict[str, Sequence[Any]] = {}
        given = self._with_sets(unit, {})
        for name, over in each.over.items():
            column = given.pop(name) if name in given else self._column(over, scope)
            if isinstance(column, str | bytes) or not hasattr(column, "__iter__"):
                raise FlowError(
                    f"can't map over '{name}': it is a {type(column).__name__}, not a list or another iterable"
                )
            columns[name] = column if isinstance(column, list | tuple | range | Items) else list(column)
        sizes = tuple(map(len, columns.values()))
        if each.by == "zip" and len(set(sizes)) > 1:
            lengths = ", ".join(f"{name}: {size}" for name, size in zip(columns, sizes, strict=True))
            raise FlowError(f"mapped arguments must be equally long ({lengths}); product() crosses them instead")
        broadcast = {**{name: self.resolve(value, scope) for name, value in spec.args.items()}, **given}
        return Fan(columns, each.by == "product", broadcast, sizes)

    def _column(self, over: Any, scope: int) -> Any:
        """What is mapped over: the results of a mapped node are read one by one, when their item starts."""
        if type(over) is Ref and over.scope == "tasks" and not over.path:
            unit, machine = self.plan.units[scope][over.name], self.machine
            expanded = self.plan.kinds[unit] is Kind.MAP and unit in machine.groups
            if expanded and machine.state[unit] == State.COMPLETED and machine.values[unit] is MISSING:
                return Items(self, [item for item in machine.members(unit) if machine.state[item] == State.COMPLETED])
        return self.resolve(over, scope)

    def _keys(self, unit: int, each: Each, fan: Fan, count: int) -> list[str]:
        scope, template = self.plan.parents[unit], each.key
        keys = [str(self.resolve(template, scope, fan.item(index))) for index in range(count)]
        if len(set(keys)) < count:
            twice = next(key for index, key in enumerate(keys) if key in keys[:index])
            raise FlowError(
                f"the keys of '{self.plan.names[unit]}' must differ: '{twice}' comes twice; take another key="
            )
        odd = next((key for key in keys if not is_unicode(key)), None)
        if odd is not None:
            raise FlowError(
                f"{odd!r} is no Unicode text, so it can't be a key of '{self.plan.names[unit]}'; take another key="
            )
        return keys

    def _seen(self, name: str, scope: int) -> dict[str, Any]:
        """A task as an expression sees it: its value only where that is plain data."""
        unit = self.plan.units[scope][name]
        seen: dict[str, Any] = {"status": State(self.machine.state[unit]).label}
        if self.machine.state[unit] == State.COMPLETED:
            seen["summary"] = _plain(self.summary(unit))
            with suppress(TypeError):
                seen["output"] = _plain(self.value(unit), strict=True)
        return seen


def _positioned(named: dict[str, Any], positional: tuple[str, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Named arguments with those up front that must be passed by position."""
    named = dict(named)
    extra = named.pop("*", ())
    args = []
    for name in positional:
        if name in named:
            args.append(named.pop(name))
        elif name != "*":
            break
    return (*args, *extra), named


def _plain(value: Any, *, strict: bool = False) -> Any:
    """JSON data for an expression; numpy scalars become Python's.

    TypeError for anything else when `strict`, else its text.
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(part, strict=strict) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, strict=strict) for part in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    if strict:
        raise TypeError(kind.__name__)
    return str(value)
