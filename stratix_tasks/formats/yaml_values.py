"""Values of a YAML document: literals, `${{ }}` references, expressions and templates, `first_of`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.formats.yaml_reading import WRONG, Reading, shown
from stratix_tasks.formats.yaml_scalars import resolve
from stratix_tasks.formats.yaml_tree import Mapping, Node, Scalar, Sequence
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.names import task_names
from stratix_tasks.spec.text import FIRST_OF, OBJECT, TYPE, parse, unclosed
from stratix_tasks.spec.values import Expr, FirstOf, Kept, Object, Pin, Ref, Template, leaves, may_be_last

NO_VARIABLES: frozenset[str] = frozenset()


class Values:
    """Reads values for one document; each wrong expression is a problem at its place."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.objects = ""
        """The folder of stored objects, as the document names it."""

    def value(self, node: Node, variables: frozenset[str] = NO_VARIABLES) -> Any:
        """A value; `variables` are the loop's. WRONG when any part of it is."""
        if isinstance(node, Scalar):
            return self._scalar(node, variables)
        if isinstance(node, Sequence):
            parts = [self.value(item, variables) for item in node.items]
            return WRONG if any(part is WRONG for part in parts) else parts
        if FIRST_OF in node.items:
            return self._first_of(node)
        if OBJECT in node.items:
            return self._object(node)
        made = {name: self.value(item, variables) for name, item in node.items.items()}
        return WRONG if any(part is WRONG for part in made.values()) else made

    def pin(self, node: Node, what: str) -> Any:
        """A value as it is, that stands in place of what a node gives."""
        value = self.value(node)
        if value is WRONG or all(type(leaf) is Object for leaf in leaves(value)):
            return value if value is WRONG else Pin(value)
        hint = "Write $${{ for the text itself."
        return self.reading.wrong(node, "bad-value", f"{what} is a value as it is, no expression", hint)

    def _object(self, node: Mapping) -> Any:
        """What is stored beside the document; it is read when the flow is bound to its functions, not here."""
        if not self.objects:
            hint = "Name their folder, beside the document: objects: folder."
            return self.reading.wrong(
                node.keys[OBJECT], "bad-value", "stored objects are read where `objects` is said", hint
            )
        kept = plain_of(node.items[OBJECT])
        if (
            node.items.keys() - {OBJECT, TYPE}
            or type(kept) is not list
            or len(kept) not in (2, 3)
            or type(kept[0]) is not str
        ):
            hint = "It is written by to_yaml(objects=…)."
            return self.reading.wrong(node, "bad-value", "this is no stored object", hint)
        kind = node.items.get(TYPE)
        return Object(kind.text if isinstance(kind, Scalar) else "", Kept(self.objects, kept))

    def condition(self, node: Node, what: str) -> Any:
        """The text of `when`, or of another condition: an expression without `${{ }}`."""
        if not isinstance(node, Scalar):
            return self.reading.wrong(node, "bad-value", f"{what} must be an expression, not {shown(node)}")
        if "${{" in node.text:
            hint = f'Write it without ${{{{ }}}}: {what}: "tasks.x.output > 0".'
            return self.reading.wrong(node, "expression", f"{what} is an expression already", hint)
        expr = Expr(node.text.strip(), task_names(node.text))
        return expr if self._compiles(node, expr) else WRONG

    def _scalar(self, node: Scalar, variables: frozenset[str]) -> Any:
        value: Any = resolve(node.text) if node.plain else node.text
        if type(value) is not str or "${{" not in value:
            return value
        at = unclosed(value)
        if at is not None:
            hint = "End it with }}, or write $${{ for the text itself."
            return self.reading.wrong(node, "expression", "${{ has no end", hint)
        made = parse(value, variables)
        return made if all(list(map(partial(self._compiles, node), _expressions(made)))) else WRONG

    def _compiles(self, node: Scalar, expr: Expr) -> bool:
        try:
            compile_expression(expr.text)
        except FlowError as error:
            problem = error.problems[0]
            self.reading.wrong(
                node, "expression", problem.message, problem.hint, shift=self._shift(node, expr.text, problem)
            )
            return False
        return True

    def _shift(self, node: Scalar, text: str, problem: Any) -> int:
        """How many columns after the scalar's begin the mistake stands, where it stands on the same line."""
        line = self.reading.lines[node.line - 1] if 0 < node.line <= len(self.reading.lines) else ""
        at = line.find(text, node.column - 1)
        return at - node.column + problem.column if at >= 0 and problem.line == 1 else 0

    def _first_of(self, whole: Mapping) -> Any:
        node = whole.items[FIRST_OF]
        beside = next((name for name in whole.items if name != FIRST_OF), None)
        if beside is not None:
            hint = "Take it away, or put what stands beside it into a mapping around it."
            return self.reading.wrong(
                whole.keys[beside], "bad-value", f"first_of stands alone, and not with '{beside}'", hint
            )
        parts = self.reading.listed(node, self.value, "first_of")
        if parts is WRONG:
            return WRONG
        last = (parts.pop(),) if parts and may_be_last(parts[-1]) else ()
        if len(parts) + len(last) < 2 or not all(type(part) is Ref and part.scope == "tasks" for part in parts):
            hint = 'Write first_of: ["${{ tasks.a.output }}", "${{ tasks.b.output }}"]; the last may be a plain value, or an input.'
            return self.reading.wrong(node, "bad-value", "first_of takes at least two references to outputs", hint)
        return FirstOf(tuple(parts), last)


def plain_of(node: Node) -> Any:
    """A node as plain data, in which `${{` is nothing but text."""
    if isinstance(node, Scalar):
        return resolve(node.text) if node.plain else node.text
    if isinstance(node, Sequence):
        return [plain_of(item) for item in node.items]
    return {name: plain_of(item) for name, item in node.items.items()}


def _expressions(value: Any) -> Iterator[Expr]:
    if type(value) is Expr:
        yield value
    elif type(value) is Template:
        yield from (part for part in value.parts if type(part) is Expr)
