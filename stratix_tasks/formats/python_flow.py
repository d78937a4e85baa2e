"""One flow as a function: its inputs, a statement for each node, blocks for conditions, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from inspect import Parameter, Signature
from keyword import iskeyword
from typing import Any, Protocol

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats import shortest
from stratix_tasks.formats.python_calls import arguments
from stratix_tasks.formats.python_conditions import condition, operand, prefixes, within
from stratix_tasks.formats.python_types import annotation
from stratix_tasks.spec.callees import Callee
from stratix_tasks.spec.code import INDENT, Code, Group, Module, Names, lines, literal, prefixed, quoted
from stratix_tasks.spec.fields import IN_DEFAULTS, IN_FLOW, IN_NODE, MAP, Kind
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import Each, FlowSpec, NodeSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump as dump_value
from stratix_tasks.spec.text import expression
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template
from stratix_tasks.spec.vocabulary import GROUP

WORDS = ("each", "expr", "first_of", "flow", "otherwise", "product", "task", "uses", "when")
"""Those of ours that bodies are written with, beside the names of waits."""
WAITS = {"wait.approval": "approval", "wait.signal": "signal", "wait.sleep": "sleep"}
"""Executors that have a word of their own."""
RESERVED = frozenset(
    (*WORDS, *WAITS.values(), "date", "datetime", "time", "timedelta", "Decimal", "Path", "UUID", "UTC")
)


class Around(Protocol):
    """The module in which the flow is written."""

    module: Module
    names: Names
    problems: list[Problem]
    callees: Mapping[str, Callee]

    def word(self, name: str) -> str: ...
    def imported(self, module: str, name: str) -> str: ...
    def task(self, callee: Callee) -> str: ...
    def flow(self, spec: FlowSpec) -> str: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """A call at a depth of blocks, and the variable that takes what it returns, if anything uses that; or a line."""

    depth: int
    code: Code
    variable: str = ""


Branch = tuple[int, ...]
"""The blocks that are open around a statement."""


class FlowWriter:
    """Writes one flow."""

    def __init__(self, around: Around, spec: FlowSpec, name: str, is_async: bool) -> None:
        self.around, self.spec, self.name, self.is_async = around, spec, name, is_async
        self.statements: list[Statement] = []
        self.variables: dict[str, str] = {}
        self.branches: dict[str, Branch] = {}
        self.used: set[str] = set()
        self.branch: Branch = ()
        self.placed = _Placed()
        self.flows: dict[str, FlowSpec] = {}
        self._blocks = 0
        self._node = ""
        self._locals = Names({*around.names.taken, *spec.inputs, *RESERVED})

    def text(self) -> str:
        """The function, decorated."""
        spec, word = self.spec, "async def" if self.is_async else "def"
        for name in spec.inputs:
            if iskeyword(name):
                self._refuse(f"input '{name}' has the name of a word of Python")
        decorator = lines(self._decorator())
        parameters = Group(f"{word} {self.name}(", tuple(self._parameters()), "):")
        self._block([(name, self._condition(node)) for name, node in self._ordered()], 1)
        self._node, self.branch = "", ()
        if spec.output is not None:
            self.statements.append(Statement(1, prefixed("return ", self.value(spec.output))))
        for name in spec.flows.keys() - {node.flow for node in spec.tasks.values()}:
            self._refuse(f"sub-flow '{name}' is called by no node")
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
        if spec.defaults is not None:
            said["defaults"] = shortest.options(spec.defaults, IN_DEFAULTS)
            if not said["defaults"]:
                self._refuse("defaults that say nothing")
        if spec.ui is not None:
            places = spec.ui.positions.items()
            said["positions"] = {name: tuple(map(shortest.short, place)) for name, place in places}
            if not places:
                self._refuse("`ui` that says nothing")
        word = f"@{self.around.word('flow')}"
        return Group(f"{word}(", tuple(self._keywords(said)), ")") if said else word

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
            self._node = ""
            hint = self._hint(name)
            if one.required:
                yield f"{name}: {hint}" if hint else name
            else:
                yield prefixed(f"{name}: {hint} = " if hint else f"{name}=", self._default(name, one.default))

    def _hint(self, name: str) -> str:
        given = self.spec.inputs[name]
        try:
            hint = annotation(given.type, self.around.imported)
        except ValueError as error:
            self._refuse(f"input '{name}': {error}")
            return ""
        if not given.description:
            return hint
        bound = {word: self.around.imported("typing", word) for word in ("Annotated", *(() if hint else ("Any",)))}
        field = f"{self.around.imported('pydantic', 'Field')}(description={quoted(given.description)})"
        return f"{bound['Annotated']}[{hint or bound['Any']}, {field}]"

    def _default(self, name: str, value: Any) -> Code:
        try:
            return literal(value, self.around.imported, written=self.around.module.texts)
        except ValueError as error:
            return self._refuse(f"the default of input '{name}': {error}")

    # ------------------------------------------------------------------ nodes in blocks

    def _ordered(self) -> Iterator[tuple[str, NodeSpec]]:
        """Nodes in the order of the document, where each comes after what it needs."""
        graph = Graph(self.spec)
        left, outs = [len(needs) for needs in graph.needs], graph.outs()
        ready = [node for node, count in enumerate(left) if not count]
        heapify(ready)
        while ready:
            node = heappop(ready)
            yield graph.names[node], graph.nodes[node]
            for out in outs[node]:
                left[out] -= 1
                if not left[out]:
                    heappush(ready, out)

    def _condition(self, node: NodeSpec) -> str | None:
        return node.when.text if node.when is not None else None

    def _block(self, nodes: list[tuple[str, str | None]], depth: int) -> None:
        """Statements of nodes, with what each demands beside the blocks that are open around it."""
        at, closed = 0, ""
        while at < len(nodes):
            name, demand = nodes[at]
            if not demand:
                self._place(name, depth)
                at, closed = at + 1, ""
                continue
            outer = _outer(nodes, at, demand, closed)
            inside = [*_run(nodes, at, outer)]
            last = bool(closed) and outer == f"!({closed})"
            head = (
                f"{self.around.word('otherwise')}()" if last else f"{self.around.word('when')}({self._demand(outer)})"
            )
            self.statements.append(Statement(depth, f"with {head}:"))
            before = self.branch
            self._blocks += 1
            self.branch = (*before, self._blocks)
            self._block(inside, depth + 1)
            self.branch, at, closed = before, at + len(inside), "" if last else outer

    def _demand(self, text: str) -> str:
        if text in ("true", "false"):
            return text.title()
        return self._expression(text)

    def _expression(self, text: str) -> str:
        code = condition(text, self._named) or None
        if code is None and "${{" in text:
            return str(self._refuse(f"the expression `{text}`"))
        return code or f"{self.around.word('expr')}({quoted(text)})"

    def _named(self, ref: Ref) -> str | None:
        """The code of a reference where it can be named here: it is placed, and in no block that is closed."""
        if ref.scope == "tasks":
            name = self._variable(ref.name)
            if name is None:
                return None
        elif ref.scope == "inputs" and ref.name in self.spec.inputs:
            name = ref.name
        else:
            return None
        steps = "".join(f"[{quoted(step) if type(step) is str else step}]" for step in ref.path)
        return f"{name}{steps}"

    def _variable(self, name: str) -> str | None:
        branch = self.branches.get(name)
        if branch is None or branch != self.branch[: len(branch)]:
            return None
        self.used.add(name)
        return self.variables[name]

    # ------------------------------------------------------------------ one node

    def _place(self, name: str, depth: int) -> None:
        self._node = name
        node = self.spec.tasks[name]
        code = self._call(name, node)
        self.variables[name] = self._locals.free(name, f"{name}_out")
        self.branches[name] = self.branch
        self.statements.append(Statement(depth, code, name))

    def _call(self, name: str, node: NodeSpec) -> Code:
        if node.flow is not None:
            return self._flow_call(name, node, node.flow)
        if node.uses is not None:
            return self._use(name, node, node.uses)
        callee = self.around.callees.get(node.call or "")
        if callee is None:
            return self._refuse(f"the function '{node.call}' is not known")
        said = self._options(node, callee.fields, callee.map_fields)
        if not self.placed.gives(name, callee.node_name, callee.fixed_name):
            said = {"name": quoted(name), **said}
        head = self._with_options(self.around.task(callee), said)
        code = self._called(head, callee.signature, node)
        return prefixed("await ", code) if callee.is_async and self.is_async and node.each is None else code

    def _use(self, name: str, node: NodeSpec, uses: str) -> Code:
        executor = EXECUTORS[uses]
        assert executor.function is not None
        signature = Signature.from_callable(executor.function)
        word = WAITS.get(uses)
        head = self.around.word(word) if word else f"{self.around.word('uses')}({quoted(uses)})"
        said = self._options(node, NodeSpec.model_construct(), {})
        if not self.placed.gives(name, executor.function.__name__, False):
            said = {"name": quoted(name), **said}
        timed = "timeout" in signature.parameters and "timeout" not in executor.hints
        extra = {"timeout": said.pop("timeout")} if timed and isinstance(said.get("timeout"), str) else {}
        return self._called(self._with_options(head, said), signature, node, extra)

    def _flow_call(self, name: str, node: NodeSpec, key: str) -> Code:
        inner = self.spec.flows[key]
        if self._flow_name(inner) != key:
            self._refuse(f"sub-flow '{key}' is named '{inner.flow}'")
        said = self._options(node, NodeSpec.model_construct(), {})
        if not self.placed.gives(name, inner.flow, False):
            said = {"name": quoted(name), **said}
        for option in said.keys() - GROUP:
            self._refuse(f"option '{option}' of a flow in a flow")
        parameters = [
            Parameter(one, Parameter.POSITIONAL_OR_KEYWORD, default=Parameter.empty if given.required else None)
            for one, given in sorted(inner.inputs.items(), key=lambda item: not item[1].required)
        ]
        keywords = not _required_first(inner)
        signature = Signature(
            [one.replace(kind=Parameter.KEYWORD_ONLY) for one in parameters] if keywords else parameters
        )
        return self._called(self._with_options(self.around.flow(inner), said), signature, node)

    def _flow_name(self, inner: FlowSpec) -> str:
        """The name that a trace gives to a sub-flow that is called here."""
        name, count = inner.flow, 1
        while name in self.flows and self.flows[name] != inner:
            count += 1
            name = f"{inner.flow}_{count}"
        self.flows[name] = inner
        return name

    def _options(self, node: NodeSpec, brought: NodeSpec, of_map: Mapping[str, Any]) -> dict[str, Code]:
        """What the node says otherwise than its function does; None takes away what that says."""
        said: dict[str, Code] = {}
        if node.needs:
            said["after"] = self._after(node.needs)
        for option in IN_NODE:
            value = getattr(node, option.name)
            if value != getattr(brought, option.name):
                plain = None if value == option.default else shortest.shortest(option, value)
                said[option.name] = self.value(plain)
        for option in MAP:
            value = getattr(node.each, option.name, None)
            value = self._key(node.each) if option.kind is Kind.KEY and node.each is not None else value
            if value != of_map.get(option.name):
                said[option.name] = self.value(value)
        return said

    def _after(self, needs: tuple[str, ...]) -> Code:
        if len(set(needs)) != len(needs):
            self._refuse("`needs` that names a node twice")
        codes = tuple(self._ref(Ref("tasks", name)) for name in needs)
        return codes[0] if len(codes) == 1 else Group("[", codes, "]")

    def _key(self, each: Each) -> str | None:
        """The key as Python's template."""
        if each.key is None:
            return None
        parts = each.key.parts if type(each.key) is Template else (each.key,)
        text = ""
        for part in parts:
            if type(part) is str and type(each.key) is Template:
                text += part.replace("{", "{{").replace("}", "}}")
            elif type(part) is Ref and part.scope == "each" and not part.path:
                text += f"{{{part.name}}}"
            else:
                self._refuse("a key that is more than names of mapped arguments and text")
        return text

    def _with_options(self, head: str, said: Mapping[str, Code]) -> str:
        if not said:
            return head
        return f"{head}.options({', '.join(str(prefixed(f'{name}=', code)) for name, code in said.items())})"

    def _called(self, head: str, signature: Signature, node: NodeSpec, more: Mapping[str, Code] | None = None) -> Code:
        named = {name: self.value(value) for name, value in node.args.items() if name not in ("*", "**")}
        extra = self._spread(node, "*", list)
        clashing = self._spread(node, "**", dict)
        if node.each is not None:
            head = f"{head}.map"
            crossed = self._crossed(node.each, signature)
            if isinstance(crossed, Group):
                return self._with_star(head, crossed, signature, node, named, extra, clashing, more or {})
            named.update(crossed)
        try:
            parts = arguments(signature, {**named, **(more or {})}, tuple(extra), dict(clashing))
        except ValueError as error:
            return self._refuse(str(error))
        return Group(f"{head}(", parts, ")")

    def _with_star(self, head: str, crossed: Group, signature: Signature, node: NodeSpec, *rest: Any) -> Code:
        """`f.map(*product(a, b), …)`: the crossed ones are the first parameters."""
        named, extra, clashing, more = rest
        assert node.each is not None
        left = [one for name, one in signature.parameters.items() if name not in node.each.over]
        try:
            parts = arguments(Signature(left), {**named, **more}, tuple(extra), dict(clashing))
        except ValueError as error:
            return self._refuse(str(error))
        return Group(f"{head}(", (prefixed("*", crossed), *parts), ")")

    def _crossed(self, each: Each, signature: Signature) -> Group | dict[str, Code]:
        """Marked arguments by name; all of a product in one, where they are the first parameters."""
        over = {name: self._over(value) for name, value in each.over.items()}
        if each.by == "zip":
            word = self.around.word("each")
            return {name: Group(f"{word}(", (code,), ")") for name, code in over.items()}
        product = Group(f"{self.around.word('product')}(", tuple(over.values()), ")")
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        first = [name for name, one in signature.parameters.items() if one.kind in kinds][: len(over)]
        if first == list(over):
            return product
        variables = [self._locals.free(name, f"each_{name}") for name in over]
        self.statements.append(
            Statement(len(self.branch) + 1, prefixed(f"{', '.join(variables)}{',' * (len(over) == 1)} = ", product))
        )
        return dict(zip(over, variables, strict=True))

    def _over(self, value: Any) -> Code:
        if type(value) in (Ref, Expr, FirstOf, Template, list, tuple):
            return self.value(value)
        return self._refuse(f"`each` over a {type(value).__name__}")

    def _spread(self, node: NodeSpec, name: str, kind: type) -> Any:
        """Arguments under `*` as codes, and those under `**` by name."""
        if name not in node.args:
            return kind()
        value = node.args[name]
        if type(value) is not kind or not value:
            self._refuse(f'arguments under "{name}" that are no {kind.__name__}, or none')
            return kind()
        if isinstance(value, dict):
            return {key: self.value(part) for key, part in value.items()}
        return [self.value(part) for part in value]

    # ------------------------------------------------------------------ values

    def value(self, value: Any) -> Code:
        """The code of a value of the document."""
        try:
            return literal(value, self.around.imported, self._leaf, self.around.module.texts)
        except ValueError as error:
            return self._refuse(str(error))

    def _leaf(self, value: Any) -> Code:
        write = self._LEAVES.get(type(value))
        if write is None:
            raise ValueError(f"a value that has no text in Python ({getattr(value, 'type', type(value).__name__)})")
        return write(self, value)

    def _ref(self, ref: Ref) -> Code:
        """By its variable, or as documents name it, where Python would warn that it may be skipped."""
        if ref.scope == "each":
            raise ValueError("a loop variable outside of a key")
        return self._named(ref) or f"{self.around.word('expr')}({quoted(dump_value(ref))})"

    def _first(self, first: FirstOf) -> Code:
        if len(set(first.refs)) != len(first.refs) or len(first.refs) < 2:
            raise ValueError("`first_of` that names one output twice, or one alone")
        return Group(f"{self.around.word('first_of')}(", tuple(map(self._first_ref, first.refs)), ")")

    def _first_ref(self, ref: Ref) -> str:
        """`first_of` takes what stands in blocks that are closed."""
        branch, self.branch = self.branch, self.branches.get(ref.name, ())
        code = str(self._ref(ref))
        self.branch = branch
        return code

    def _template(self, template: Template) -> Code:
        return f"{self.around.word('expr')}({quoted(dump_value(template))})"

    def _expr(self, expr: Expr) -> Code:
        """A reference alone would be a value of its own, and no expression."""
        fact = None if type(expression(expr.text)) is Ref else operand(expr.text, self._named)
        return fact or self._expression(expr.text)

    _LEAVES: Mapping[type, Callable[[FlowWriter, Any], Code]] = {
        Ref: _ref,
        Expr: _expr,
        FirstOf: _first,
        Template: _template,
    }

    def _keywords(self, said: Mapping[str, Any]) -> Iterator[Code]:
        for name, value in said.items():
            yield prefixed(f"{name}=", self.value(value))

    def _refuse(self, what: str) -> Code:
        """Note that Python has no word for something."""
        hint = "Keep it in YAML, or say it otherwise."
        problem = Problem("not-portable", f"Python has no word for this: {what}", self._node, hint=hint)
        if problem not in self.around.problems:
            self.around.problems.append(problem)
        return "..."

    def _line(self, statement: Statement) -> str:
        indent, code = INDENT * statement.depth, statement.code
        if statement.variable in self.used:
            code = prefixed(f"{self.variables[statement.variable]} = ", code)
        return lines(code, indent)


class _Placed:
    """The names that a trace gives to nodes."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.counts: dict[str, int] = {}

    def gives(self, name: str, own: str, fixed: bool) -> bool:
        """Whether a node that is placed now is named so without being told; it is placed."""
        count = self.counts.get(own, 1)
        expected = own
        while expected in self.names and not fixed:
            count += 1
            expected = f"{own}_{count}"
        given = expected == name and name not in self.names and len(name) <= _LONGEST
        if given and expected != own:
            self.counts[own] = count
        self.names.add(name)
        return given


_LONGEST = 64


def _outer(nodes: list[tuple[str, str | None]], at: int, demand: str, closed: str) -> str:
    """What the next block demands: all that its first node does, or as much of it as nodes behind those demand, too."""
    shorter = [*prefixes(demand)]
    if closed and f"!({closed})" in shorter:
        return f"!({closed})"
    behind = at + len([*_run(nodes, at, demand)])
    follows = nodes[behind][1] if behind < len(nodes) else None
    shared = (outer for outer in shorter if follows and within(outer, follows) is not None)
    return next(shared, demand)


def _run(nodes: list[tuple[str, str | None]], at: int, outer: str) -> Iterator[tuple[str, str]]:
    """The nodes from one on that demand this, with what they demand beside it."""
    for name, demand in nodes[at:]:
        rest = within(outer, demand) if demand is not None else None
        if rest is None:
            return
        yield name, rest


def _required_first(spec: FlowSpec) -> bool:
    required = [given.required for given in spec.inputs.values()]
    return required == sorted(required, reverse=True)


def _is_docstring(text: str) -> bool:
    """Whether a docstring of these words is read as this description."""
    return bool(text) and text == " ".join(text.split()) and text.isprintable() and not set('"\\') & set(text)


def _docstring(text: str) -> str:
    return f'"""{text}"""'
