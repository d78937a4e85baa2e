"""One flow as a function: its inputs, a statement for each node, blocks for conditions, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import takewhile
from keyword import iskeyword
from typing import Any

from stratix_tasks.formats import shortest
from stratix_tasks.formats.python_conditions import prefixes, within
from stratix_tasks.formats.python_nodes import Nodes
from stratix_tasks.formats.python_types import annotation
from stratix_tasks.formats.python_values import Around, Values
from stratix_tasks.spec.code import INDENT, Code, Group, lines, literal, prefixed, quoted
from stratix_tasks.spec.constraints import LIMITS
from stratix_tasks.spec.fields import IN_FLOW, INPUT
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.values import ASKED, HARD, Ref


@dataclass(frozen=True, slots=True)
class Statement:
    """A line at a depth of blocks; of a call the node, whose variable takes what it returns, if anything uses that."""

    depth: int
    code: Code
    node: str = ""


class FlowWriter:
    """Writes one flow."""

    def __init__(self, around: Around, spec: FlowSpec, name: str, is_async: bool) -> None:
        self.around, self.spec, self.name, self.is_async = around, spec, name, is_async
        self.values = Values(around, spec)
        self.nodes = Nodes(self.values, is_async)
        self.statements: list[Statement] = []
        self._blocks = 0

    def text(self) -> str:
        """The function, decorated."""
        spec, word = self.spec, "async def" if self.is_async else "def"
        for name in spec.inputs:
            if iskeyword(name):
                self.values.refuse(f"input '{name}' has the name of a word of Python")
        decorator = lines(self._decorator())
        parameters = Group(f"{word} {self.name}(", tuple(self._parameters()), "):")
        ordered = [(name, node.when.text if node.when is not None else None) for name, node in self._ordered()]
        self._block([one for one in ordered if not spec.tasks[one[0]].always], 1)
        if ending := [one for one in ordered if spec.tasks[one[0]].always]:
            self._open(1, f"{self.around.word('always')}()", "scope", partial(self._block, ending, 2))
        self.values.node = ""
        if spec.output is not None:
            self.statements.append(Statement(1, prefixed("return ", self.values.value(spec.output))))
        for name in spec.flows.keys() - {node.flow for node in spec.tasks.values()}:
            self.values.refuse(f"sub-flow '{name}' is called by no node")
        doc = [f"{INDENT}{_docstring(spec.description)}"] if _is_docstring(spec.description) else []
        body = [*doc, *(self._line(one) for one in self.statements)] or [f"{INDENT}pass"]
        return "\n".join([decorator, lines(parameters), *body])

    # ------------------------------------------------------------------ the head

    def _decorator(self) -> Code:
        spec = self.spec
        said = shortest.options(spec, IN_FLOW)
        if "description" in said and _is_docstring(spec.description):
            del said["description"]
        if self.name != spec.flow:
            said = {"name": spec.flow, **said}
        if spec.defaults is not None and not said["defaults"]:
            self.values.refuse("defaults that say nothing")
        if spec.ui is not None:
            places = spec.ui.positions.items()
            said["positions"] = {name: tuple(map(shortest.short, place)) for name, place in places}
            if not places:
                self.values.refuse("`ui` that says nothing")
        word = f"@{self.around.word('flow')}"
        return (
            Group(f"{word}(", tuple(prefixed(f"{key}=", self.values.value(value)) for key, value in said.items()), ")")
            if said
            else word
        )

    def _parameters(self) -> Iterator[Code]:
        """Those without a default stand first, or are given by name."""
        given = self.spec.inputs
        optional = False
        rest = list(given.values())
        for index, (name, one) in enumerate(given.items()):
            if not one.required and not optional:
                optional = True
                if any(other.required for other in rest[index:]):
                    yield "*"
            hint = self._hint(name)
            if one.required:
                yield f"{name}: {hint}" if hint else name
            else:
                yield prefixed(f"{name}: {hint} = " if hint else f"{name}=", self._default(name, one.default))

    def _hint(self, name: str) -> str:
        given = self.spec.inputs[name]
        try:
            hint = annotation(given.type, self.around.imported)
            if "Literal[" in given.type:
                raise ValueError(f"its type {given.type} is written otherwise: as {_CHOICES}")
        except ValueError as error:
            self.values.refuse(f"input '{name}': {error}")
            return ""
        if given.choices and not {type(one) for one in given.choices} <= _LITERAL:
            self.values.refuse(f"'choices' of input '{name}': Python's Literal holds texts and whole numbers alone")
        elif given.choices and {type(one).__name__ for one in given.choices} == {given.type}:
            hint = f"{self.around.imported('typing', 'Literal')}[{', '.join(map(quoted_or_plain, given.choices))}]"
        elif given.choices:
            self.values.refuse(f"'choices' of input '{name}', which are not of its type")
        if given.fields:
            self.values.refuse(f"'fields' of input '{name}', whose class is not known")
        said = {word: getattr(given, field) for field, word in _FIELD.items() if getattr(given, field) != _PLAIN[field]}
        if not said:
            return hint
        bound = {word: self.around.imported("typing", word) for word in ("Annotated", *(() if hint else ("Any",)))}
        parts = ", ".join(f"{word}={self._default(name, value)}" for word, value in said.items())
        field = f"{self.around.imported('pydantic', 'Field')}({parts})"
        return f"{bound['Annotated']}[{hint or bound['Any']}, {field}]"

    def _default(self, name: str, value: Any) -> Code:
        try:
            return literal(value, self.around.imported, written=self.around.module.texts)
        except ValueError as error:
            return self.values.refuse(f"the default of input '{name}': {error}")

    # ------------------------------------------------------------------ nodes in blocks

    def _ordered(self) -> Iterator[tuple[str, NodeSpec]]:
        """Nodes in the order of the document, where each comes after what it needs."""
        graph = Graph(self.spec)
        left, outs = [len(needs) for needs in graph.needs], graph.outs()
        ready = [node for node, count in enumerate(left) if not count]
        heapify(ready)
        while ready:
            node = heappop(ready)
            if node < len(self.spec.tasks):  # what takes others back stands behind them
                yield graph.names[node], graph.nodes[node]
            for out in outs[node]:
                left[out] -= 1
                if not left[out]:
                    heappush(ready, out)

    def _block(self, nodes: Sequence[tuple[str, str | None]], depth: int) -> None:
        """Statements of nodes, with what each demands beside the blocks that are open around it."""
        at, closed = 0, ""
        while at < len(nodes):
            name, demand = nodes[at]
            if not demand:
                caught = self._caught([name for name, demand in takewhile(lambda one: not one[1], nodes[at:])])
                if self.spec.tasks[name].catch:
                    self._open(depth, self._failed(name), "error", partial(self._place_all, caught, depth + 1))
                else:
                    self._place(name, depth)
                at, closed = at + len(caught), ""
                continue
            outer = _outer(nodes, at, demand, closed)
            inside = [*_run(nodes, at, outer)]
            last = bool(closed) and outer == f"!({closed})"
            word, demands = ("otherwise", "") if last else ("when", self.values.demand(outer))
            self._open(depth, f"{self.around.word(word)}({demands})", "", partial(self._block, inside, depth + 1))
            at, closed = at + len(inside), "" if last else outer

    def _open(self, depth: int, head: str, variable: str, write: Callable[[], None]) -> None:
        """A block in which `write` places nodes; `variable` is what stands for something around them, if any uses it."""
        at, before = len(self.statements), self.values.branch
        self._blocks += 1
        self.values.branch = (*before, self._blocks)
        if variable:
            self.values.open[variable] = False
        write()
        used = self.values.open.pop(variable, False)
        bound = f" as {self.values.around_as(variable)}" if used else ""
        self.values.open.pop(variable, None)
        self.values.branch = before
        self.statements.insert(at, Statement(depth, f"with {head}{bound}:"))

    def _failed(self, name: str) -> str:
        """The head of the block of a node that catches."""
        self.values.node, caught = name, self.spec.tasks[name].catch
        if len(set(caught)) < len(caught):
            self.values.refuse("`catch` that names a node twice")
        sources = ", ".join(self.values.closed_ref(Ref("tasks", one)) for one in caught)
        return f"{self.around.word('failed')}({sources})"

    def _caught(self, names: Sequence[str]) -> list[str]:
        """The nodes of one block of what catches: a node in it that needs another one there runs when that has run."""
        first, *others = names
        block, catch = [first], self.spec.tasks[first].catch
        for name in others if catch else ():
            node = self.spec.tasks[name]
            needs = [(one, wants) for one, wants in _needs(node) if one in block and wants != ASKED]
            stays = node.catch == catch and not needs
            follows = not node.catch and bool(needs) and all(wants == HARD for _, wants in needs)
            if not (stays or follows):
                break
            block.append(name)
        return block

    def _place_all(self, names: Sequence[str], depth: int) -> None:
        for name in names:
            self._place(name, depth)

    def _place(self, name: str, depth: int) -> None:
        self.values.node = name
        code = self.nodes.call(name, self.spec.tasks[name])
        self.statements += [Statement(depth, line) for line in self.nodes.before]
        self.nodes.before.clear()
        self.values.place(name)
        self.statements.append(Statement(depth, code, name))

    def _line(self, statement: Statement) -> str:
        indent, code = INDENT * statement.depth, statement.code
        if statement.node in self.values.used:
            code = prefixed(f"{self.values.variables[statement.node]} = ", code)
        return lines(code, indent)


_CHOICES = "its type and choices"
_LITERAL = frozenset((str, int, bool))
"""What a type of choices can be written of."""
_FIELD = {**LIMITS, "label": "title", "description": "description"}
"""What pydantic's `Field` calls what is said of an input."""
_PLAIN = {option.name: option.default for option in INPUT}


def quoted_or_plain(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)


def _outer(nodes: Sequence[tuple[str, str | None]], at: int, demand: str, closed: str) -> str:
    """What the next block demands: all that its first node does, or as much of it as nodes behind those demand, too."""
    shorter = [*prefixes(demand)]
    if closed and f"!({closed})" in shorter:
        return f"!({closed})"
    behind = at + len([*_run(nodes, at, demand)])
    follows = nodes[behind][1] if behind < len(nodes) else None
    shared = (outer for outer in shorter if follows and within(outer, follows) is not None)
    return next(shared, demand)


def _run(nodes: Sequence[tuple[str, str | None]], at: int, outer: str) -> Iterator[tuple[str, str]]:
    """The nodes from one on that demand this, with what they demand beside it."""
    for name, demand in nodes[at:]:
        rest = within(outer, demand) if demand is not None else None
        if rest is None:
            return
        yield name, rest


def _needs(node: NodeSpec) -> list[tuple[str, int]]:
    """What a node needs, as tracing looks for it to tell whether it stands behind another one in its block."""
    over = node.each.over.values() if node.each is not None else ()
    return [*((name, HARD) for name in node.needs), *needs_of([node.args, node.when, *over])]


def _is_docstring(text: str) -> bool:
    """Whether a docstring of these words is read as this description."""
    return bool(text) and text == " ".join(text.split()) and text.isprintable() and not set('"\\') & set(text)


def _docstring(text: str) -> str:
    return f'"""{text}"""'
