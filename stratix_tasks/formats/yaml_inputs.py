"""An input of a flow: its type, what is asked of it, and its default, which is read once the type is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from stratix_tasks.formats.yaml_reading import WRONG, Reader, Reading, absent
from stratix_tasks.formats.yaml_scalars import resolve
from stratix_tasks.formats.yaml_tree import Node, Scalar
from stratix_tasks.formats.yaml_values import Values
from stratix_tasks.spec.annotations import allowed, annotation
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.fields import INPUT, Kind, Option
from stratix_tasks.spec.model import InputSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.types import NAMED, parse_type, parts_of
from stratix_tasks.spec.values import Object, leaves

_FOREIGN = {
    "string": "str",
    "integer": "int",
    "boolean": "bool",
    "number": "float",
    "array": "list",
    "object": "dict",
    "text": "str",
    "double": "float",
    "long": "int",
    "map": "dict",
    "file": "Path",
    "uri": "str",
    "url": "str",
    "json": "any",
    "timestamp": "datetime",
    "select": "str",
    "enum": "str",
    "email": "str",
    "password": "Secret",
}
"""Words of other languages for our types."""
_OF_TYPE = frozenset((Kind.OF_TYPE, Kind.CHOICES))
"""Read when the type is known."""


class InputReader:
    """`options` gives the readers of fields that need no type."""

    def __init__(
        self, reading: Reading, values: Values, options: Callable[[Iterable[Option]], dict[str, Reader]]
    ) -> None:
        self.reading, self.values, self._options = reading, values, options

    def read(self, name: str, node: Node) -> InputSpec:
        """An input, as far as it can be read."""
        readers: dict[str, Reader] = {
            "type": self._type,
            **self._options(option for option in INPUT if option.kind not in _OF_TYPE),
            **{option.name: _as_it_is for option in INPUT if option.kind in _OF_TYPE},
            "default": _as_it_is,
        }
        made = self.reading.fields(node, readers, f"input '{name}'", keep_null=("default",))
        one = InputSpec.model_construct(**{**made, "default": None, "required": "default" not in made})
        kind = parse_type(one.type)
        for option in INPUT:
            if option.kind in _OF_TYPE and option.name in made:
                read = self._choices if option.kind is Kind.CHOICES else self._limit
                got = read(f"{option.name} of '{name}'", made[option.name], one.type, kind)
                one = one.but({option.name: option.default if got is WRONG else got})
        return self._with_default(name, one, made["default"]) if "default" in made else one

    def _with_default(self, name: str, one: InputSpec, node: Node) -> InputSpec:
        default = self._of_type(f"the default of '{name}'", node, allowed(one), annotation(one))
        return one.but({"default": None if default is WRONG else default})

    def _choices(self, what: str, node: Node, text: str, kind: Any) -> Any:
        read = self.reading.listed(node, lambda item: self._limit(what, item, text, kind), what)
        return read if read is WRONG else tuple(read)

    def _limit(self, what: str, node: Node, text: str, kind: Any) -> Any:
        """A value of the type; a number stays as it is written."""
        plain = resolve(node.text) if isinstance(node, Scalar) and node.plain else None
        number = type(plain) in (int, float) and kind is not str
        got = self._of_type(what, node, text, kind)
        return plain if number and got is not WRONG and type(got) in (int, float) else got

    def _type(self, node: Node) -> Any:
        text = self.reading.text(node, "type")
        if text is WRONG or text in NAMED:
            return text
        meant = _FOREIGN.get(text.lower()) or next((one for one in NAMED if one.lower() == text.lower()), None)
        if meant is None and text.islower() and text.isidentifier() and "mean" in (near := did_you_mean(text, NAMED)):
            meant = near.split("'")[1]
        if meant is None:
            return text
        return self.reading.wrong(node, "unknown-type", f"there is no type '{text}'", f"Did you mean '{meant}'?")

    def _of_type(self, what: str, node: Node, text: str, kind: Any) -> Any:
        """A literal of a type, of which `text` tells people."""
        if parts_of(kind) <= {str} and isinstance(node, Scalar) and not absent(node):
            value: Any = self.values.value(Scalar(node.text, False, node.line, node.column))
        else:
            value = self.values.value(node)
        if value is WRONG or value is None:
            return value
        found = {type(leaf) for leaf in leaves(value)}
        if found == {Object}:
            return value
        if found:
            hint = "Use an expression where the input is used."
            return self.reading.wrong(node, "bad-value", f"{what} can't be an expression", hint)
        try:
            return convert(value, kind)
        except ValueError as error:
            return self.reading.wrong(node, "bad-value", f"{what} must be {text}: {error}")


def _as_it_is(node: Node) -> Node:
    return node
