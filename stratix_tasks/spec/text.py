"""Values and documents as plain JSON data, and back.

Refs and expressions are `${{ … }}` texts, `$${{` is a literal `${{`. What JSON has no word for goes to `keep`, which
stores it and answers with data of its own; the journal uses this, so that a recovered run has exactly the values that
it was started with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from json import loads
from typing import Any

from stratix_tasks.errors import StoreError
from stratix_tasks.spec.fields import IN_FLOW, IN_NODE, INPUT, LOOP, MAP, Kind, Option
from stratix_tasks.spec.mapped import could_be_named
from stratix_tasks.spec.model import Each, FlowSpec, InputSpec, Loop, NodeSpec, Shared
from stratix_tasks.spec.names import task_names, unquoted
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.values import Expr, FirstOf, Object, Pin, Ref, Template, late_text

WIDE = 1 << 63
"""Beyond what JSON, as facts are written, holds of a whole number."""
WIDEST = 13_000
"""Bits of the largest whole number that Python writes as digits."""
OBJECT, TYPE = "$object", "type"
"""What is kept of a value; its type where nothing is to be looked for in it."""
FIRST_OF = "first_of"
_MARK = re.compile(r"""\$\$\{\{|\$\{\{((?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|(?!\}\}).)*+)\}\}""", re.DOTALL)
"""What it has taken it gives back never, so that a text without an end is found out in one pass."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_STEPS = r"""\[(-?\d+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]"""
_STEP = re.compile(_STEPS)
_REF = re.compile(
    r"(?:(?P<scope>tasks|inputs|secrets)\.(?P<name>[A-Za-z_]\w*)(?P<output>\.output)?|(?P<var>[A-Za-z_]\w*))"
    rf"(?P<path>(?:{_STEPS.replace('(-?', '(?:-?', 1)})*)"
)

Keep = Callable[[Any], Any]


def dump(value: Any, keep: Keep | None = None) -> Any:
    """A value of memory as JSON data. Without `keep`, ValueError for what has no text."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int and (-WIDE <= value < WIDE if keep is not None else value.bit_length() <= WIDEST):
        return value
    if kind is Ref:
        plain = value.scope == "tasks" and not value.path
        return f"${{{{ tasks.{value.name}.output }}}}" if plain else late_text(value)
    if kind is str:
        if keep is not None and not is_unicode(value):
            return {OBJECT: keep(value)}
        return value.replace("${{", "$${{") if "${{" in value else value
    if kind is float:
        return value if value - value == 0 or keep is None else {OBJECT: keep(value)}
    if kind is list:
        return value[:] if _are_numbers(value) else [dump(part, keep) for part in value]
    if kind is dict and _has_plain_keys(value, keep is not None):
        return {key: dump(part, keep) for key, part in value.items()}
    if kind is Expr:
        return late_text(value)
    if kind is FirstOf:
        return {FIRST_OF: [dump(part, keep) for part in (*value.refs, *value.otherwise)]}
    if kind is Template:
        return _template_text(value)
    if keep is None:
        raise ValueError(f"{'so large an' if kind is int else 'a'} {kind.__name__} has no text")
    return {OBJECT: keep(value.value), TYPE: value.type} if kind is Object else {OBJECT: keep(value)}


def _are_numbers(parts: list[Any]) -> bool:
    """Whether all are whole numbers that JSON holds: a long list is told so at once."""
    return {int}.issuperset(map(type, parts)) and min(parts, default=0) >= -WIDE and max(parts, default=0) < WIDE


def _has_plain_keys(value: dict[Any, Any], strict: bool) -> bool:
    plain = all(type(key) is str and not (strict and not is_unicode(key)) for key in value)
    return plain and OBJECT not in value and FIRST_OF not in value


def load(data: Any, fetch: Keep | None = None, variables: frozenset[str] = frozenset()) -> Any:
    """JSON data as a value of memory; `variables` are the loop's. ValueError for a `$object` without `fetch`."""
    kind = type(data)
    if kind is str:
        return parse(data, variables) if "${{" in data else data
    if kind is list:
        return [load(part, fetch, variables) for part in data]
    if kind is dict:
        if OBJECT in data:
            if fetch is None:
                raise ValueError("a stored object can't be read here")
            value = fetch(data[OBJECT])
            return Object(data[TYPE], value) if TYPE in data else value
        if set(data) == {FIRST_OF}:
            parts = [load(part, fetch, variables) for part in data[FIRST_OF]]
            last = () if type(parts[-1]) is Ref and parts[-1].scope == "tasks" else (parts.pop(),)
            return FirstOf(tuple(parts), last)
        return {key: load(part, fetch, variables) for key, part in data.items()}
    return data


def _template_text(value: Template) -> str:
    """Its parts in a row; a `$` that would swallow the mark behind it is written as an expression."""
    text = ""
    for part in value.parts:
        if type(part) is str:
            text += part.replace("${{", "$${{")
        else:
            text = f'{text[:-1]}${{{{ "$" }}}}' if text.endswith("$") else text
            text += dump(part)
    return text


def parse(text: str, variables: frozenset[str] = frozenset()) -> Any:
    """A text with `${{ }}` in it as a value.

    Exactly one keeps its type (Ref or Expr); among other text it is a Template; plain text where all are escaped.
    """
    parts: list[Any] = []
    at = 0
    for match in _MARK.finditer(text):
        _add_text(parts, text[at : match.start()])
        at = match.end()
        inner = match[1]
        if inner is None:
            _add_text(parts, "${{")
        elif _QUOTED.fullmatch(inner.strip()) and match[0] != text:
            _add_text(parts, loads(inner, strict=False))
        else:
            parts.append(expression(inner.strip(), variables))
    _add_text(parts, text[at:])
    if len(parts) == 1:
        return parts[0]
    return Template(tuple(parts)) if parts else ""


def unclosed(text: str) -> int | None:
    """Where a `${{` begins that no `}}` ends, as an offset; None when all is well."""
    at = 0
    while (begin := text.find("${{", at)) >= 0:
        match = _MARK.match(text, begin - 1 if begin > at and text[begin - 1] == "$" else begin)
        if match is None:
            return begin
        at = match.end()
    return None


def _add_text(parts: list[Any], text: str) -> None:
    if text and parts and type(parts[-1]) is str:
        parts[-1] += text
    elif text:
        parts.append(text)


def expression(text: str, variables: frozenset[str] = frozenset()) -> Ref | Expr:
    """What stands between `${{` and `}}`: a reference where it is only that, else an expression."""
    match = _REF.fullmatch(text)
    if match is not None:
        path = tuple(unquoted(step) if step[0] in "\"'" else int(step) for step in _STEP.findall(match["path"]))
        if match["scope"] == "tasks" and match["output"]:
            return Ref("tasks", match["name"], path)
        if match["scope"] == "inputs" and not match["output"]:
            return Ref("inputs", match["name"], path)
        if match["scope"] == "secrets" and not match["output"] and not path:
            return Ref("secrets", match["name"])
        if match["var"] in variables:
            return Ref("each", match["var"], path)
        if match["var"] == "error":
            return Ref("error", "error", path)
    return Expr(text, task_names(text))


# ---------------------------------------------------------------------- whole documents

_NODE_DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in NodeSpec.model_fields.items()}
_PLAIN_NODE = (
    "call",
    "flow",
    "uses",
    "needs",
    "catch",
    "always",
    *(option.name for option in IN_NODE if not option.parts and option.kind is not Kind.VALUE),
)
_MODELS = tuple(option.name for option in IN_NODE if option.parts)


_CALL, _CALL_FIELDS = ("call",), {"call", "args"}
"""By far the most nodes call a function with arguments, and say no more."""


def node_document(node: NodeSpec, keep: Keep | None = None) -> dict[str, Any]:
    """A node as JSON data, without what is at its default."""
    state, given = node.__dict__, node.__pydantic_fields_set__
    named = _CALL if given == _CALL_FIELDS else _PLAIN_NODE
    data = {name: state[name] for name in named if name in given and state[name] != _NODE_DEFAULTS[name]}
    if node.when is not None:
        data["when"] = node.when.text
    if node.args:
        data["with"] = {name: dump(value, keep) for name, value in node.args.items()}
    if named is _CALL:
        return data
    if node.each is not None:
        data["each"] = _each_document(node.each, keep)
    if node.loop is not None:
        data["loop"] = _options_document(node.loop, LOOP)
    if node.pin is not None:
        data["pin"] = dump(node.pin.value, keep)
    for name in _MODELS:
        if state.get(name) is not None:
            data[name] = state[name].model_dump(exclude_defaults=True)
    for name in _LATE & data.keys():
        data[name] = dump(data[name])
    return data


_LATE = {"join", *(option.name for option in IN_NODE if option.from_values)}


def _named_document(name: str, node: NodeSpec, keep: Keep | None) -> dict[str, Any]:
    try:
        return node_document(node, keep)
    except StoreError as error:
        raise StoreError(f"an argument of node '{name}': {error.message}", code=error.code) from error


def _each_document(each: Each, keep: Keep | None) -> dict[str, Any]:
    data: dict[str, Any] = {"over": {name: dump(value, keep) for name, value in each.over.items()}}
    if each.by != "zip":
        data["by"] = each.by
    return {**data, **_options_document(each, MAP)}


def _options_document(said: Each | Loop, options: Iterable[Option]) -> dict[str, Any]:
    told = {option: getattr(said, option.name) for option in options}
    return {
        option.name: _WRITE.get(option.kind, _as_it_is)(value)
        for option, value in told.items()
        if value != option.default
    }


def _as_it_is(value: Any) -> Any:
    return value


_WRITE: dict[Kind, Callable[[Any], Any]] = {Kind.KEY: dump, Kind.JOIN: dump, Kind.CONDITION: lambda expr: expr.text}


def document(spec: FlowSpec, keep: Keep | None = None) -> dict[str, Any]:
    """A flow as JSON data."""
    data: dict[str, Any] = {"stratix": 1, "flow": spec.flow}
    if spec.inputs:
        data["inputs"] = inputs_document(spec.inputs, keep)
    said = {option.name: value for option in IN_FLOW if (value := getattr(spec, option.name)) != option.default}
    data.update({name: _shared(value) for name, value in said.items()})
    data["tasks"] = {name: _named_document(name, node, keep) for name, node in spec.tasks.items()}
    if spec.flows:
        data["flows"] = {name: document(inner, keep) for name, inner in spec.flows.items()}
    if spec.output is not None:
        data["output"] = dump(spec.output, keep)
    if spec.ui is not None and spec.ui.positions:
        data["ui"] = {"positions": {name: list(place) for name, place in spec.ui.positions.items()}}
    return data


def _shared(value: Any) -> Any:
    """What is said for several nodes, as JSON data; any other value as it is."""
    if isinstance(value, Shared):
        return value.model_dump(exclude_defaults=True, by_alias=True)
    return {name: _shared(part) for name, part in value.items()} if type(value) is dict else value


def _input_document(given: InputSpec, keep: Keep | None) -> dict[str, Any]:
    data: dict[str, Any] = {} if given.type == "any" else {"type": given.type}
    for option in INPUT:
        if (value := getattr(given, option.name)) != option.default:
            write = _OF_INPUT.get(option.kind)
            data[option.name] = value if write is None else write(value, keep)
    if not given.required:
        data["default"] = dump(given.default, keep)
    return data


def inputs_document(inputs: dict[str, InputSpec], keep: Keep | None = None) -> dict[str, Any]:
    return {name: _input_document(given, keep) for name, given in inputs.items()}


_OF_INPUT: dict[Kind, Callable[[Any, Keep | None], Any]] = {
    Kind.OF_TYPE: dump,
    Kind.CHOICES: lambda choices, keep: [dump(choice, keep) for choice in choices],
    Kind.INPUTS: inputs_document,
}
"""All others are as they are."""


def from_document(data: dict[str, Any], fetch: Keep | None = None) -> FlowSpec:
    """The flow again; checked by the models. pydantic.ValidationError where a field is wrong."""
    made = {name: part for name, part in data.items() if name not in ("tasks", "flows", "inputs", "output")}
    made["inputs"] = {name: _input(given, fetch) for name, given in data.get("inputs", {}).items()}
    made["tasks"] = {name: _node(node, fetch) for name, node in data.get("tasks", {}).items()}
    made["flows"] = {name: from_document(inner, fetch) for name, inner in data.get("flows", {}).items()}
    made["output"] = load(data.get("output"), fetch)
    if "defaults" in data:
        made["defaults"] = _shared_options(data["defaults"])
    made["policies"] = {name: _shared_options(said) for name, said in data.get("policies", {}).items()}
    return FlowSpec.model_validate(made)


def inputs_of(data: dict[str, Any]) -> dict[str, InputSpec]:
    """Inputs from what a document says of them. pydantic.ValidationError where a field is wrong."""
    return {name: _input(given, None) for name, given in data.items()}


def _input(data: dict[str, Any], fetch: Keep | None) -> InputSpec:
    made: dict[str, Any] = {**data, "required": "default" not in data}
    for name in _VALUES & data.keys():
        made[name] = load(data[name], fetch)
    if "fields" in data:
        made["fields"] = {name: _input(inner, fetch) for name, inner in data["fields"].items()}
    return InputSpec.model_validate(made)


_VALUES = {"default", *(option.name for option in INPUT if option.kind in (Kind.OF_TYPE, Kind.CHOICES))}


def _node(data: dict[str, Any], fetch: Keep | None) -> NodeSpec:
    made = dict(data)
    if "when" in data:
        made["when"] = _expr(data["when"])
    if "each" in data:
        made["each"] = _each(data["each"], fetch)
    if "loop" in data:
        made["loop"] = dict(data["loop"])
        if "until" in made["loop"]:
            made["loop"]["until"] = _expr(made["loop"]["until"])
    made.update(_late_options(data))
    if "pin" in data:
        made["pin"] = Pin(load(data["pin"], fetch))
    if "with" in data:
        names = could_be_named(data["each"]["over"]) if "each" in data else frozenset[str]()
        made["with"] = {name: load(value, fetch, names) for name, value in data["with"].items()}
    return NodeSpec.model_validate(made)


def _late_options(data: dict[str, Any]) -> dict[str, Any]:
    """Options of which something may come with the run."""
    made = {name: load(data[name]) for name in _LATE & data.keys()}
    for name in _MODELS:
        if name in data:
            made[name] = {part: value if part == "when" else load(value) for part, value in data[name].items()}
    return made


def _shared_options(data: dict[str, Any]) -> dict[str, Any]:
    """The same of what is said for several nodes."""
    made = {**data, **_late_options(data)}
    if "for" in data:
        made["for"] = {pattern: _shared_options(said) for pattern, said in data["for"].items()}
    return made


def _expr(text: str) -> Expr:
    return Expr(text, task_names(text))


def _each(data: dict[str, Any], fetch: Keep | None) -> Each:
    over = {name: load(value, fetch) for name, value in data["over"].items()}
    made = {**data, "over": over}
    if "gather" in data:
        made["gather"] = load(data["gather"])
    if "where" in data:
        made["where"] = _expr(data["where"])
    if "key" in data:
        made["key"] = load(data["key"], None, frozenset(over))
    return Each.model_validate(made)
