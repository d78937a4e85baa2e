"""FlowSpec as Python: a module whose flow, when it is traced, is the same document again, as `nested` has it.

What Python has no word for is a problem `not-portable`, never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

from stratix_tasks.errors import FlowError
from stratix_tasks.formats.python_flow import FlowWriter
from stratix_tasks.formats.python_types import foreign_names
from stratix_tasks.spec.callees import Callee
from stratix_tasks.spec.code import Module, Names
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.values import says_same

OURS = "stratix_tasks"


def dump(spec: FlowSpec, callees: Mapping[str, Callee], module: Module | None = None, *, is_async: bool = False) -> str:
    """The text of a module that defines the flow, its sub-flows before it.

    `callees` are the functions by the `call` of nodes; `module` holds what is written out of them already. The flow is an
    `async def` if `is_async`. FlowError `not-portable` lists all that Python has no word for.
    """
    writer = _Writer(nested(spec), callees, module or Module())
    flows = writer.flows(writer.spec, is_async)
    if writer.problems:
        raise FlowError(
            f"flow '{spec.flow}' can't be written as Python:", code="not-portable", problems=writer.problems
        )
    parts = [writer.module.head(), *writer.definitions(), *flows]
    return "\n\n\n".join(part for part in parts if part) + "\n"


_Known: TypeAlias = "Mapping[str, tuple[FlowSpec, _Known]]"
"""The flows that may be called, by name, each with those around it."""


def nested(
    spec: FlowSpec, around: Mapping[str, tuple[FlowSpec, _Known]] = {}, above: tuple[FlowSpec, ...] = ()
) -> FlowSpec:
    """The same flow, in which each that calls others holds them, as tracing makes it: in a document these may stand beside it. Not
    what it lies in itself, nor where a flow between would have other words for what they say.
    """
    known = {**around}
    known.update((name, (inner, known)) for name, inner in spec.flows.items())
    called = dict.fromkeys(node.flow for node in spec.tasks.values() if node.flow)
    for_others = {node.flow for one in _all(spec) for node in one.tasks.values()} - called.keys()
    flows = {}
    for name in (*called, *(spec.flows.keys() - called.keys() - for_others)):
        outwards = (spec, *reversed(above))
        between = takewhile(lambda one: name not in one.flows, outwards)  # noqa: B023 - asked at once
        is_other = name in spec.flows or (name in around and all(one.flow != name for one in outwards))
        if is_other and not any(map(_has_words, between)):
            inner, there = known[name]
            flows[name] = nested(inner, there, (*above, spec))
    return spec.but({"flows": flows}) if flows or spec.flows else spec


def _has_words(spec: FlowSpec) -> bool:
    return bool(spec.policies or spec.defaults)


@dataclass
class _Writer:
    """One module that is being written."""

    spec: FlowSpec
    callees: Mapping[str, Callee]
    module: Module
    problems: list[Problem] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)
    """The code of the task of each call."""
    made: list[tuple[FlowSpec, str]] = field(default_factory=list)
    """Flows that are written, and their names."""
    aliases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        inputs = {name for spec in _all(self.spec) for name in spec.inputs}
        types = {
            name for spec in _all(self.spec) for given in spec.inputs.values() for name in foreign_names(given.type)
        }
        defined = {*self.module.imports, *self.module.texts}
        self.names = Names({*inputs, *types, *defined, *_BUILTINS})
        self.hidden = inputs & defined
        """Names of definitions that an input hides in the body of a flow."""
        nodes = [node for spec in _all(self.spec) for node in spec.tasks.values()]
        for call in dict.fromkeys(call or "" for node in nodes for call in (node.call, node.undo)):
            if call in self.callees:
                self.task(self.callees[call])

    def flows(self, spec: FlowSpec, is_async: bool) -> list[str]:
        """The texts of a flow and of those that it calls, each after what it needs."""
        texts = [text for inner in spec.flows.values() for text in self.flows(inner, False)]
        if any(says_same(spec, other) for other, _ in self.made):
            return texts
        name = self.names.free(spec.flow)
        self.made.append((spec, name))
        return [*texts, FlowWriter(self, spec, name, is_async).text()]

    def definitions(self) -> list[str]:
        """What stands between imports and flows."""
        return [*self.module.texts.values(), *(["\n".join(self.aliases)] if self.aliases else [])]

    def flow(self, spec: FlowSpec) -> str:
        """The name of a sub-flow's function."""
        return next(name for other, name in self.made if says_same(other, spec))

    def word(self, name: str) -> str:
        """One of our own words, imported."""
        return self.module.imported(OURS, name, self.names)

    def imported(self, module: str, name: str) -> str:
        return self.module.imported(module, name, self.names)

    def task(self, callee: Callee) -> str:
        """The code of a task; a plain function is made one."""
        if callee.call not in self.tasks:
            self.tasks[callee.call] = self._task(callee)
        return self.tasks[callee.call]

    def _task(self, callee: Callee) -> str:
        first, dot, rest = callee.path.partition(".")
        if callee.home is not None:
            bound = self.imported(callee.home.module, first)
        elif first in self.hidden:
            bound = self.names.free(f"{first}_")
            self.aliases.append(f"{bound} = {first}")
        else:
            bound = first
        path = f"{bound}{dot}{rest}"
        if callee.is_task:
            return path
        made = (
            bound
            if not dot and callee.home is not None
            else self.names.free(f"{rest.rpartition('.')[2] or first}_task")
        )
        self.aliases.append(f"{made} = {self.word('task')}({path})")
        return made


_BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


def _all(spec: FlowSpec) -> Iterator[FlowSpec]:
    yield spec
    for inner in spec.flows.values():
        yield from _all(inner)
