"""A node as a call: its function, its options where they differ from what the function says, its arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats import shortest
from stratix_tasks.formats.python_calls import arguments, is_word
from stratix_tasks.formats.python_values import OWN_WORDS, Values
from stratix_tasks.spec.code import Code, Group, followed, prefixed, quoted
from stratix_tasks.spec.fields import IN_NODE, LOOP, MAP, Kind
from stratix_tasks.spec.joins import ALL, N_OF
from stratix_tasks.spec.mapped import shown, variables
from stratix_tasks.spec.model import Each, FlowSpec, Loop, NodeSpec
from stratix_tasks.spec.text import dump as dump_value
from stratix_tasks.spec.values import Expr, FirstOf, Ref, Template
from stratix_tasks.spec.vocabulary import GROUP
from stratix_tasks.spec.vocabulary import MAP as OF_MAP

_SILENT = NodeSpec.model_construct()
_MAPPABLE = frozenset((Ref, Expr, FirstOf, Template, list, tuple))
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = Parameter.KEYWORD_ONLY
_OF_REPEAT = frozenset(("body", "*", "**", *(option.name for option in LOOP)))
"""Arguments that `repeat` takes for itself."""


class Nodes:
    """Writes the calls of one flow, in the order in which they stand there."""

    def __init__(self, values: Values, is_async: bool) -> None:
        self.values, self.around, self.spec, self.is_async = values, values.around, values.spec, is_async
        self.before: list[Code] = []
        """Lines that stand before the call."""
        self._placed = _Placed()
        self._flows: dict[str, FlowSpec] = {}

    def call(self, name: str, node: NodeSpec) -> Code:
        """The call that places a node."""
        write = next(write for field, write in self._BODIES.items() if getattr(node, field) is not None)
        return write(self, name, node)

    def _task(self, name: str, node: NodeSpec) -> Code:
        callee = self.around.callees.get(node.call or "")
        if callee is None:
            return self.values.refuse(f"the function '{node.call}' is not known")
        said = self._options(node, callee.fields, callee.map_fields)
        if not self._placed.gives(name, callee.node_name, callee.fixed_name):
            said = {"name": quoted(name), **said}
        head = self._with_options(self.around.task(callee), said)
        if node.loop is not None:
            return self._repeated(head, callee.signature, node, node.loop)
        code = self._called(head, callee.signature, node)
        return prefixed("await ", code) if callee.is_async and self.is_async and node.each is None else code

    def _use(self, name: str, node: NodeSpec) -> Code:
        uses = node.uses or ""
        executor = EXECUTORS[uses]
        assert executor.function is not None
        signature = Signature.from_callable(executor.function)
        word = OWN_WORDS.get(uses)
        head = self.around.word(word) if word else f"{self.around.word('uses')}({quoted(uses)})"
        said = self._options(node, _SILENT, {})
        if not self._placed.gives(name, executor.function.__name__, False):
            said = {"name": quoted(name), **said}
        timed = "timeout" in signature.parameters and "timeout" not in executor.hints
        extra = {"timeout": said.pop("timeout")} if timed and isinstance(said.get("timeout"), str) else {}
        return self._called(self._with_options(head, said), signature, node, extra)

    def _flow(self, name: str, node: NodeSpec) -> Code:
        key = node.flow or ""
        itself = key not in self.spec.flows and key == self.spec.flow
        inner = self.spec if itself else self.spec.flows.get(key)
        if inner is None:
            return self.values.refuse(f"a call of flow '{key}', which stands around this one")
        if not itself and self._flow_name(inner) != key:
            self.values.refuse(f"sub-flow '{key}' is named '{inner.flow}'")
        said = self._options(node, _SILENT, {})
        if not self._placed.gives(name, inner.flow, False):
            said = {"name": quoted(name), **said}
        for option in said.keys() - (GROUP if node.each is None else GROUP | OF_MAP):
            self.values.refuse(f"option '{option}' of a flow in a flow")
        head = self._with_options(self.around.flow(inner), said)
        if node.loop is not None:
            return self._repeated(head, _signature(inner), node, node.loop)
        return self._called(head, _signature(inner), node)

    def _repeated(self, body: Code, signature: Signature, node: NodeSpec, loop: Loop) -> Code:
        """`repeat(body, …)`: what is carried stands first, where the body takes it first; all else is named."""
        said = {name: self.values.value(value) for name, value in shortest.options(loop, LOOP).items()}
        named = {name: self.values.value(value) for name, value in node.args.items()}
        kinds = {name: one.kind for name, one in signature.parameters.items()}
        placed: tuple[Code, ...] = ()
        if loop.carry is not None and loop.carry in named and loop.carry == next(iter(kinds), None):
            placed = (named.pop(loop.carry),)
            del said["carry"]
        if any(
            name in _OF_REPEAT or not is_word(name) or kinds.get(name, _NAMED) not in (_NAMED, _POSITIONAL[1])
            for name in named
        ):
            return self.values.refuse("a loop whose body can't be given its arguments by their names")
        parts = tuple(prefixed(f"{name}=", code) for name, code in {**named, **said}.items())
        return Group(f"{self.around.word('repeat')}(", (body, *placed, *parts), ")")

    _BODIES: Mapping[str, Callable[[Nodes, str, NodeSpec], Code]] = {"call": _task, "uses": _use, "flow": _flow}

    def _flow_name(self, inner: FlowSpec) -> str:
        """The name that a trace gives to a sub-flow that is called here."""
        name, count = inner.flow, 1
        while name in self._flows and self._flows[name] != inner:
            count += 1
            name = f"{inner.flow}_{count}"
        self._flows[name] = inner
        return name

    def _options(self, node: NodeSpec, brought: NodeSpec, of_map: Mapping[str, Any]) -> dict[str, Code]:
        """What the node says otherwise than its function does; None takes away what that says."""
        said: dict[str, Code] = {}
        if node.needs:
            said["after"] = self._after(node.needs)
        for option in IN_NODE:
            value = getattr(node, option.name)
            if value != getattr(brought, option.name) and option.kind is Kind.CALL:
                said[option.name] = self._function(value)
            elif value != getattr(brought, option.name):
                plain = None if value == option.default else shortest.shortest(option, value)
                said[option.name] = self._option(plain)
        both = node.each is not None and node.each.gather != ALL and (node.join != ALL or node.losers is not None)
        if node.each is not None and both and node.losers != node.each.losers:
            self.values.refuse("`losers` of a join, and otherwise of the gather beside it")
        for option in MAP:
            value = getattr(node.each, option.name, option.default)
            value = self._key(node.each) if option.kind is Kind.KEY and node.each is not None else value
            if value != of_map.get(option.name, option.default):
                said[option.name] = self._option(shortest.shortest(option, value))
        return said

    def _option(self, value: Any) -> Code:
        if type(value) is dict and value.keys() == {N_OF}:
            return Group(f"{self.around.word('n_of')}(", (self.values.value(value[N_OF]),), ")")
        return self.values.value(value)

    def _function(self, call: str | None) -> Code:
        """What takes a task back."""
        callee = self.around.callees.get(call or "")
        if call is None or callee is None:
            return "None" if call is None else self.values.refuse(f"the function '{call}' is not known")
        return self.around.task(callee)

    def _after(self, needs: tuple[str, ...]) -> Code:
        if len(set(needs)) != len(needs):
            self.values.refuse("`needs` that names a node twice")
        codes = tuple(self.values.closed_ref(Ref("tasks", name)) for name in needs)
        return codes[0] if len(codes) == 1 else Group("[", codes, "]")

    def _key(self, each: Each) -> str | None:
        """The key as Python's template; what is more than names of mapped arguments and text is said as documents say it."""
        if each.key is None:
            return None
        parts = each.key.parts if type(each.key) is Template else (each.key,)
        pieces = [_piece(part) for part in parts]
        text = "".join(piece or "" for piece in pieces)
        return dump_value(each.key) if None in pieces or "${{" in text else text

    def _with_options(self, head: str, said: Mapping[str, Code]) -> Code:
        options = tuple(prefixed(f"{name}=", code) for name, code in said.items())
        return Group(f"{head}.options(", options, ")") if options else head

    def _called(self, head: Code, signature: Signature, node: NodeSpec, more: Mapping[str, Code] | None = None) -> Code:
        marked = self._marked(node)
        self.values.elements = {name: code for name, code in marked.items() if name in variables(node)}
        self.values.beside = frozenset(self.values.elements) - shown(node)
        named = {name: self.values.value(value) for name, value in node.args.items() if name not in ("*", "**")}
        extra = self._spread(node, "*", list)
        clashing = self._spread(node, "**", dict)
        if node.each is not None:
            head = followed(head, ".map")
            crossed = marked if len(marked) == len(node.each.over) else self._crossed(node.each, signature)
            if isinstance(crossed, Group):
                return self._with_star(head, crossed, signature, node, named, extra, clashing, more or {})
            named.update({name: code for name, code in crossed.items() if name not in self.values.elements})
        try:
            parts = arguments(signature, {**named, **(more or {})}, tuple(extra), dict(clashing))
        except ValueError as error:
            return self.values.refuse(str(error))
        return Group(followed(head, "("), parts, ")")

    def _marked(self, node: NodeSpec) -> dict[str, str]:
        """Variables of what is mapped and named by arguments, each with a line that makes it; of what is crossed one makes all."""
        each, named = node.each, variables(node)
        if each is None or not named:
            return {}
        names = [name for name in each.over if name in named or each.by != "zip"]
        made = {name: self.values.locals.free(name, f"each_{name}") for name in names}
        marks = {name: self._mark(node, each, name) for name in names}
        if each.by == "zip":
            self.before += [prefixed(f"{made[name]} = ", mark) for name, mark in marks.items()]
        else:
            head = f"{', '.join(made.values())}{',' * (len(made) == 1)} = {self.around.word('product')}("
            self.before.append(Group(head, tuple(marks.values()), ")"))
        return made

    def _mark(self, node: NodeSpec, each: Each, name: str) -> Group:
        """What marks it, with what it is called where it is no argument as a whole."""
        direct = name not in variables(node) or node.args.get(name) == Ref("each", name)
        called = () if direct else (f"name={quoted(name)}",)
        return Group(f"{self.around.word('each')}(", (self._over(each.over[name]), *called), ")")

    def _with_star(self, head: Code, crossed: Group, signature: Signature, node: NodeSpec, *rest: Any) -> Code:
        """`f.map(*product(a, b), …)`: the crossed ones are the first parameters."""
        named, extra, clashing, more = rest
        assert node.each is not None
        left = [one for name, one in signature.parameters.items() if name not in node.each.over]
        try:
            parts = arguments(Signature(left), {**named, **more}, tuple(extra), dict(clashing))
        except ValueError as error:
            return self.values.refuse(str(error))
        return Group(followed(head, "("), (prefixed("*", crossed), *parts), ")")

    def _crossed(self, each: Each, signature: Signature) -> Group | dict[str, Code]:
        """Marked arguments by name; all of a product in one, where they are the first parameters."""
        over = {name: self._over(value) for name, value in each.over.items()}
        if each.by == "zip" or len(over) == 1:
            word = self.around.word("each")
            return {name: Group(f"{word}(", (code,), ")") for name, code in over.items()}
        product = Group(f"{self.around.word('product')}(", tuple(over.values()), ")")
        first = [name for name, one in signature.parameters.items() if one.kind in _POSITIONAL][: len(over)]
        if first == list(over):
            return product
        variables = [self.values.locals.free(name, f"each_{name}") for name in over]
        self.before.append(prefixed(f"{', '.join(variables)} = ", product))
        return dict(zip(over, variables, strict=True))

    def _over(self, value: Any) -> Code:
        if type(value) is dict and set(value) == {"range"}:
            return Group(f"{self.around.word('count')}(", (self.values.value(value["range"]),), ")")
        if type(value) in _MAPPABLE:
            return self.values.value(value)
        return self.values.refuse(f"`each` over a {type(value).__name__}")

    def _spread(self, node: NodeSpec, name: str, kind: type[Any]) -> Any:
        """Arguments under `*` as codes, and those under `**` by name."""
        if name not in node.args:
            return kind()
        value = node.args[name]
        if type(value) is not kind or not value:
            self.values.refuse(f'arguments under "{name}" that are no {kind.__name__}, or none')
            return kind()
        if isinstance(value, dict):
            return {key: self.values.value(part) for key, part in value.items()}
        return [self.values.value(part) for part in value]


def _signature(spec: FlowSpec) -> Signature:
    """Of a flow as its function is written: inputs behind one with a default, and without one, are given by name."""
    required = [given.required for given in spec.inputs.values()]
    ordered = required == sorted(required, reverse=True)
    kind = Parameter.POSITIONAL_OR_KEYWORD if ordered else Parameter.KEYWORD_ONLY
    return Signature(
        [
            Parameter(name, kind, default=Parameter.empty if given.required else None)
            for name, given in spec.inputs.items()
        ]
    )


def _piece(part: Any) -> str | None:
    """A part of a key in a template of Python's; None where that has no word for it."""
    if type(part) is str:
        return part.replace("{", "{{").replace("}", "}}")
    if type(part) is Ref and part.scope == "each" and all(map(_is_step, part.path)):
        return f"{{{part.name}{''.join(f'[{step}]' for step in part.path)}}}"
    return None


def _is_step(step: str | int) -> bool:
    """Whether a template of Python's has it in brackets as it is."""
    return step >= 0 if isinstance(step, int) else bool(step) and not step.isdigit() and not set(step) & set("[]{}")


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
