"""The ports of nodes, for editors: their arguments and results with their types, what feeds them, and what could."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.look.text import said
from stratix_tasks.spec.executors import Executors
from stratix_tasks.spec.fit import Types
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.overlap import element, overlaps
from stratix_tasks.spec.types import type_text
from stratix_tasks.spec.values import Ref
from stratix_tasks.view.messages import Fitting, Port

WRITTEN = "it says what is done: write it in the form"
MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Ports:
    """The ports in one flow of a document."""

    def __init__(self, graph: Graph, executors: Executors, functions: Mapping[str, Any]) -> None:
        self.graph, self.executors, self.functions = graph, executors, functions
        self.types = Types(graph.spec, executors, functions)
        self._parameters: dict[str, dict[str, bool]] = {}
        self._bare: dict[tuple[str | None, ...], dict[str, Port]] = {}
        self._gives: dict[tuple[str | bool | None, ...], str] = {}

    def of(self, node: NodeSpec) -> list[Port]:
        """Its arguments, in the order of its signature; what it is given beyond that last."""
        given = {**node.args, **node.each.over} if node.each is not None else node.args
        bare = self._ports(node)
        more = {name: self._port(node, name, False) for name in given if name not in bare}
        return [
            {**port, "text": said(given[name]), "source": wire(given[name])} if name in given else port
            for name, port in {**bare, **more}.items()
        ]

    def _ports(self, node: NodeSpec) -> dict[str, Port]:
        """What a node takes, where it is given nothing: the same for all that call the same."""
        body = (node.call, node.uses, node.flow)
        if body not in self._bare:
            self._bare[body] = {name: self._port(node, name, must) for name, must in self.required(node).items()}
        return self._bare[body]

    def _port(self, node: NodeSpec, name: str, required: bool) -> Port:
        hint = self.types.takes(node).get(name, Any)
        return {"name": name, "type": _told(hint), "required": required, "text": "", "source": ""}

    def required(self, node: NodeSpec) -> dict[str, bool]:
        """What a node takes, and whether it can't be left out."""
        if node.flow is not None:
            inner = self.graph.find(node.flow)
            return {name: one.required for name, one in inner.spec.inputs.items()} if inner is not None else {}
        if node.uses is not None:
            executor = self.executors.get(node.uses)
            hints = executor.hints if executor is not None else {}
            return {name: executor is not None and name in executor.required for name in hints if name != "return"}
        call = node.call or ""
        if call not in self._parameters:
            self._parameters[call] = _parameters(self.functions.get(call))
        return self._parameters[call]

    def wirable(self, node: NodeSpec) -> dict[str, Any]:
        """What a wire can bring it: its arguments with their types, without those that are written."""
        hints, written = self.types.takes(node), self._written(node)
        return {name: hints.get(name, Any) for name in self.required(node) if name not in written}

    def _written(self, node: NodeSpec) -> frozenset[str]:
        executor = self.executors.get(node.uses) if node.uses is not None else None
        return executor.written if executor is not None else frozenset()

    def gives(self, node: NodeSpec) -> Any:
        """What comes of it, as an annotation; of what is mapped a list."""
        made = self.types.takes(node).get("return", Any)
        return list[made] if node.each is not None else made  # type: ignore[valid-type]

    def result(self, node: NodeSpec) -> str:
        """The same as a text; empty where nobody knows."""
        key = (node.call, node.uses, node.flow, node.each is None)
        if key not in self._gives:
            self._gives[key] = _told(self.gives(node))
        return self._gives[key]

    def source(self, name: str) -> Any:
        """What comes of a node, or of an input of the flow (`inputs.day`), as an annotation; Any for what nobody knows."""
        if name.startswith("inputs."):
            return self.types.whole(Ref("inputs", name.removeprefix("inputs.")))
        return self.gives(self.graph.spec.tasks[name]) if name in self.graph.spec.tasks else Any

    def fits(self, source: str) -> Fitting:
        """Where a wire from a source can end."""
        behind = self._behind(source)
        given = self.source(source)
        one = element(given)
        found: Fitting = {"why": {}, "each": {}}
        for name, node in self.graph.spec.tasks.items():
            why = "it comes before, or is the same: that would go in a circle" if name in behind else ""
            hints = self.types.takes(node)
            over, written = node.each.over if node.each is not None else {}, self._written(node)
            told = {
                port: why or (WRITTEN if port in written else self._misfit(given, hints.get(port, Any), port in over))
                for port in dict.fromkeys([*self.required(node), *node.args, *over])
            }
            each = (
                []
                if why or one is None
                else [
                    port
                    for port in told
                    if told[port] and port not in written and overlaps(one[0], hints.get(port, Any))
                ]
            )
            found["why"][name] = {**told, **dict.fromkeys(each, "")}
            found["each"][name] = each
        return found

    def _behind(self, source: str) -> set[str]:
        """A node and all that it needs."""
        index = self.graph.index
        if source not in index:
            return set()
        found, stack = set[int](), [index[source]]
        while stack:
            one = stack.pop()
            if one not in found:
                found.add(one)
                stack += self.graph.needs[one]
        return {self.graph.names[one] for one in found}

    @staticmethod
    def _misfit(given: Any, wanted: Any, is_mapped: bool) -> str:
        if is_mapped:
            found = element(given)
            given = found[0] if found else given
        return "" if overlaps(given, wanted) else f"it gives {type_text(given)}, and this takes {type_text(wanted)}"


def _parameters(function: Any) -> dict[str, bool]:
    """What a function takes, and whether it can't be left out; nothing where it is not known here."""
    if function is None:
        return {}
    parameters = inspect.signature(getattr(function, "fn", function)).parameters.values()
    return {p.name: p.default is p.empty for p in parameters if p.kind not in MANY}


def _told(hint: Any) -> str:
    return "" if hint is Any else type_text(hint)


def wire(value: Any) -> str:
    """The node or input that a value is the output of, and no more; empty for any other."""
    if type(value) is not Ref or value.scope not in ("tasks", "inputs"):
        return ""
    return value.name if value.scope == "tasks" else f"inputs.{value.name}"


def inputs_of(graph: Graph) -> Iterator[Port]:
    """The inputs of a flow; `text` is the default of each."""
    for name, one in graph.spec.inputs.items():
        yield {
            "name": name,
            "type": "" if one.type == "any" else one.type,
            "required": one.required,
            "text": "" if one.required else said(one.default),
            "source": "",
        }
