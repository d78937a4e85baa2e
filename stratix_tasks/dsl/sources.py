"""From where a module that is written has its functions: by import, or by their source with all that it names."""

from __future__ import annotations

import builtins
import inspect
import symtable
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any

from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.dsl.portable import hidden, imported
from stratix_tasks.spec.callees import Callee
from stratix_tasks.spec.code import NOTEBOOK, Import, Module, home_of, lines, literal, prefixed
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.values import field_names

PUBLIC = "stratix_tasks"
"""Where our own words are imported from."""


class Sources:
    """What a module is written out of; `module` grows by all that the functions need, `problems` tell what can't be had."""

    def __init__(self) -> None:
        self.module = Module()
        self.problems: list[Problem] = []
        self._open: set[str] = set()

    def callees(self, functions: Mapping[str, BaseTask]) -> dict[str, Callee]:
        """The functions by the `call` of nodes; those of the notebook are written into the module."""
        return {call: made for call, task in functions.items() if (made := self._callee(call, task)) is not None}

    def classes(self, values: Any) -> None:
        """Write the classes of enums that stand in values of the document, where nobody can import them."""
        for value in _enums(values):
            if (kind := type(value)).__module__ == NOTEBOOK:
                self._take(kind.__qualname__, kind, f"{kind.__qualname__}.{value.name}")

    def _callee(self, call: str, task: BaseTask) -> Callee | None:
        own = f"{task.fn.__module__}:{task.fn.__qualname__}"
        if (why := hidden(own, task)) is not None:
            self._refuse(call, why)
            return None
        module, _, path = own.rpartition(":")
        found = imported(own)
        first = path.partition(".")[0]
        if module == NOTEBOOK:
            self._take(first, imported(f"{module}:{first}"), call)
        plain = found if isinstance(found, BaseTask) else type(task)(task.fn, {})
        return Callee(
            call=own,
            home=None if module == NOTEBOOK else Import(module, first),
            path=path,
            is_task=found is plain,
            signature=inspect.signature(task.fn),
            node_name=plain.template_name,
            fixed_name="name" in plain.options_given,
            fields=plain.template,
            map_fields=plain.map_fields,
            is_async=task.is_async,
        )

    # ------------------------------------------------------------------ definitions and what they name

    def _take(self, name: str, thing: Any, user: str) -> None:
        """Have a name mean the same in the module as it does in the notebook."""
        if name in self.module.imports or name in self.module.texts or name in self._open:
            return
        if (found := _import(name, thing)) is not None:
            self.module.imports[name] = found
            return
        origin = _origin(thing)
        if origin is None:
            self._constant(name, thing, user)
            return
        own = origin.__qualname__
        if own != name:
            self._take(own, thing if own == getattr(thing, "__qualname__", None) else origin, user)
            if own in self.module.texts:
                self.module.texts[name] = f"{name} = {own}"
            return
        self._open.add(name)
        self._define(name, origin, user)
        self._open.discard(name)

    def _define(self, name: str, origin: Any, user: str) -> None:
        try:
            source = textwrap.dedent(inspect.getsource(origin)).rstrip()
            used = [*_globals(source)]
        except (OSError, TypeError, SyntaxError):
            self._refuse(user, f"'{name}' has no source that could be written")
            return
        around = inspect.unwrap(origin).__globals__ if isinstance(origin, FunctionType) else vars(imported_module())
        for other in used:
            if other != name and other in around:
                self._take(other, around[other], name)
            elif other != name and not hasattr(builtins, other):
                self._refuse(user, f"'{name}' uses '{other}', which is not defined")
        self.module.texts[name] = source

    def _constant(self, name: str, thing: Any, user: str) -> None:
        self.classes(thing)
        try:
            code = literal(thing, self.module.imported, written=self.module.texts)
        except ValueError:
            kind = type(thing).__name__
            self._refuse(user, f"it uses '{name}', a {kind} of the notebook, which has no text")
            return
        self.module.texts[name] = lines(prefixed(f"{name} = ", code))

    def _refuse(self, call: str, why: str) -> None:
        hint = "Write it as a `def` of its own at the top level, and give it as arguments or import what it uses."
        problem = Problem("not-importable", f"'{call}' can't be written into a module: {why}", hint=hint)
        if problem not in self.problems:
            self.problems.append(problem)


def imported_module() -> ModuleType:
    """The notebook's module."""
    import sys

    return sys.modules[NOTEBOOK]


def _import(name: str, thing: Any) -> Import | None:
    """How to import what a name stands for; None where it can't be."""
    if isinstance(thing, ModuleType):
        return Import(thing.__name__, alias=name) if thing.__name__ != NOTEBOOK else None
    if thing is getattr(_ours(), name, None) and name in _ours().__all__:
        return Import(PUBLIC, name)
    home = home_of(_origin(thing) or thing)
    if home is None:
        home = _task_home(thing)
    return None if home is None else Import(home.module, home.name, "" if home.name == name else name)


def _task_home(thing: Any) -> Import | None:
    """Of a task or flow, which stands in its module under its function's name."""
    fn = getattr(thing, "fn", None)
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    if type(module) is not str or type(name) is not str or module == NOTEBOOK or not name.isidentifier():
        return None
    return Import(module, name) if imported(f"{module}:{name}") is thing else None


def _ours() -> Any:
    import sys

    return sys.modules[PUBLIC]


def _origin(thing: Any) -> Any:
    """The function or class whose source defines a thing; None for what is neither."""
    fn = thing.fn if isinstance(thing, BaseTask | FlowDefinition) else thing
    return fn if isinstance(fn, FunctionType | type) else None


def _globals(source: str) -> Iterator[str]:
    """The names that a definition takes from around itself."""
    tables = [symtable.symtable(source, "source", "exec")]
    top = tables[0]
    seen: set[str] = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            outside = table is top or symbol.is_global()
            if outside and symbol.is_referenced() and symbol.get_name() not in seen:
                seen.add(symbol.get_name())
                yield symbol.get_name()


def _enums(value: Any) -> Iterator[Enum]:
    if isinstance(value, Enum):
        yield value
    elif isinstance(value, dict):
        for part in [*value, *value.values()]:
            yield from _enums(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _enums(part)
    else:
        for name in field_names(type(value)):
            yield from _enums(getattr(value, name))


def literals(spec: FlowSpec) -> Iterator[Any]:
    """All values of a document, those of sub-flows included."""
    yield from (given.default for given in spec.inputs.values())
    for node in spec.tasks.values():
        yield from node.args.values()
        yield from node.each.over.values() if node.each is not None else ()
        yield node.pin
    yield spec.output
    for inner in spec.flows.values():
        yield from literals(inner)


def called(spec: FlowSpec, calls: Mapping[str, str]) -> FlowSpec:
    """The flow with each `call` as another names the same function."""
    tasks = {
        name: node.but({field: calls[call] for field in ("call", "undo") if (call := getattr(node, field)) in calls})
        for name, node in spec.tasks.items()
    }
    return spec.but({"tasks": tasks, "flows": {name: called(inner, calls) for name, inner in spec.flows.items()}})
