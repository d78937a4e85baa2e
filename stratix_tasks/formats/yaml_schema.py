"""The JSON Schema of the document, so that editors complete and check it. It describes every form that `load` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.executors.runners import named_runners
from stratix_tasks.spec.executors import Executors, arguments_of, usable
from stratix_tasks.spec.fields import IN_DEFAULTS, IN_FLOW, IN_NODE, INPUT, LOOP, MAP, Kind, Option
from stratix_tasks.spec.joins import N_OF, WORDS
from stratix_tasks.spec.model import NAME
from stratix_tasks.spec.types import NAMED
from stratix_tasks.spec.vocabulary import BODIES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_Schema = dict[str, Any]
_DOCUMENT: _Schema = {
    "stratix": {"const": 1, "description": "Version of this format."},
    "objects": {"type": "string", "description": "The folder of stored objects, beside the document."},
}
"""What the document as a whole says, beside what each flow does."""


def schema(executors: Executors = EXECUTORS) -> _Schema:
    """JSON Schema 2020-12 of a flow document, whose nodes can use these executors."""
    known = usable(executors)
    configs = {name: one.schema(f"#/$defs/{name}.{{model}}") for name, one in known.items()}
    return {
        "$schema": DRAFT,
        "title": "stratix flow",
        **_object({**_DOCUMENT, **_flow()}, ("stratix", "flow")),
        "$defs": {
            "name": {"type": "string", "pattern": NAME},
            "names": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "duration": _either(
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^(\s*\d+(\.\d+)?\s*(ms|s|m|h|d|w))+\s*$"},
                "Seconds, or text such as 500ms, 30s, 5m, 2h, 1d, 1h30m.",
            ),
            "value": {"description": "Plain data; texts may hold ${{ inputs.x }} and ${{ tasks.x.output }}."},
            "expression": {"type": ["string", "boolean"], "description": "A CEL expression, without ${{ }}."},
            "flow": _object(_flow()),
            "input": _input(),
            "shared": _object(_options(IN_DEFAULTS)),
            "task": _task(known, configs),
            "each": _each(),
            **{option.name: _parted(option) for option in IN_NODE if option.parts},
            **{
                f"{name}.{model}": _open(part)
                for name, config in configs.items()
                for model, part in config.get("$defs", {}).items()
            },
        },
    }


def _ref(name: str) -> _Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: _Schema, required: tuple[str, ...] = ()) -> _Schema:
    made: _Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, "required": list(required)} if required else made


def _map(values: _Schema, names: bool = True) -> _Schema:
    made: _Schema = {"type": "object", "additionalProperties": values}
    return {**made, "propertyNames": _ref("name")} if names else made


def _either(first: _Schema, second: _Schema, description: str) -> _Schema:
    return {"anyOf": [first, second], "description": description}


def _flow() -> _Schema:
    places = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    return {
        "flow": {**_ref("name"), "description": "The flow's name."},
        **_options(IN_FLOW),
        "inputs": _map({"anyOf": [_ref("input"), {"type": "null"}]}),
        "tasks": _map(_ref("task")),
        "finally": {
            **_map(_ref("task")),
            "description": "Tasks that run when all others have ended, however that was.",
        },
        "flows": {**_map(_ref("flow")), "description": "Sub-flows, which tasks name by `flow`."},
        "output": _ref("value"),
        "ui": _object({"positions": _map(places, names=False)}),
    }


def _input() -> _Schema:
    known = ", ".join(sorted(NAMED))
    return _object(
        {
            "type": {
                "type": "string",
                "description": f"One of {known}, or such as list[str], int | None, Literal['eu', 'us'].",
            },
            "default": {"description": "Without it the input is required."},
            **_options(INPUT),
        }
    )


def _options(options: Iterable[Option]) -> _Schema:
    return {option.name: _option(option) for option in options}


def _option(option: Option) -> _Schema:
    if option.parts:
        return _ref(option.name)
    least = {} if option.least is None else {"minimum": option.least}
    about = {"description": option.about} if option.about else {}
    kind = _OF_KIND[option.kind](option, least)
    return {**({"anyOf": [kind, _OF_A_RUN]} if option.from_values else kind), **about}


_OF_A_RUN: _Schema = {"type": "string", "pattern": r"^\s*\$\{\{.*\}\}\s*$"}
"""What comes with the run."""


def _parted(option: Option) -> _Schema:
    return _either(_option(option.parts[0]), _object(_options(option.parts)), option.about)


_OF_KIND: dict[Kind, Callable[[Option, _Schema], _Schema]] = {
    Kind.TEXT: lambda option, least: {"type": "string"},
    Kind.KEY: lambda option, least: {"type": "string"},
    Kind.WHOLE: lambda option, least: {"type": "integer", **least},
    Kind.CALL: lambda option, least: {"type": "string"},
    Kind.CONDITION: lambda option, least: _ref("expression"),
    Kind.NUMBER: lambda option, least: {"type": "number", **least},
    Kind.DURATION: lambda option, least: _ref("duration"),
    Kind.CHOICE: lambda option, least: {"enum": list(option.words)},
    Kind.RUNNER: lambda option, least: {"enum": list(named_runners())},
    Kind.NAMES: lambda option, least: _ref("names"),
    Kind.TEXTS: lambda option, least: _ref("names"),
    Kind.JOIN: lambda option, least: {
        "anyOf": [{"enum": list(WORDS)}, _object({N_OF: {"type": ["integer", "string"]}}, (N_OF,))]
    },
    Kind.SIZES: lambda option, least: _map({"type": "integer", **least}, names=False),
    Kind.VALUE: lambda option, least: {},
    Kind.SWITCH: lambda option, least: {"type": "boolean"},
    Kind.POLICIES: lambda option, least: _map(_ref("shared"), names=False),
    Kind.DEFAULTS: lambda option, least: _object({**_options(IN_DEFAULTS), "for": _map(_ref("shared"), names=False)}),
    Kind.OF_TYPE: lambda option, least: {"type": ["number", "string"]},
    Kind.CHOICES: lambda option, least: {"type": "array"},
    Kind.INPUTS: lambda option, least: _map({"anyOf": [_ref("input"), {"type": "null"}]}),
}


def _task(known: Executors, configs: Mapping[str, _Schema]) -> _Schema:
    takes = ", ".join(f"{' and '.join(arguments_of(one))} for {name}" for name, one in known.items())
    fields = {
        "call": {"type": "string", "description": "module:name of a function, or the name of a @task."},
        "flow": {"type": "string", "description": "The name of a sub-flow, from `flows`."},
        "uses": {"enum": list(known), "description": f"An executor. It takes: {takes}."},
        "needs": {**_ref("names"), "description": "Tasks that must be completed first, beside those that values name."},
        "when": _ref("expression"),
        "catch": {
            **_ref("names"),
            "description": "It runs when one of these failed, with ${{ error }}; else it is skipped.",
        },
        "each": _ref("each"),
        "loop": _loop(),
        "with": {**_map(_ref("value"), names=False), "description": 'Arguments by name; further ones under "*".'},
        **_options(IN_NODE),
    }
    bodies: list[_Schema] = [{"required": [body]} for body in (*BODIES, "loop")]
    return {
        **_object(fields),
        "oneOf": bodies,
        "allOf": [_use(name, config) for name, config in configs.items() if config],
    }


def _loop() -> _Schema:
    fields = {
        "flow": {"type": "string", "description": "The name of the sub-flow that is repeated."},
        "call": {"type": "string", "description": "The function that is repeated."},
        **_options(LOOP),
    }
    return {**_object(fields), "oneOf": [{"required": ["flow"]}, {"required": ["call"]}]}


def _use(name: str, config: _Schema) -> _Schema:
    """What stands in `with` where a task uses this executor. What it needs may stand in `each` as well."""
    arguments = {argument: _open(part) for argument, part in config.get("properties", {}).items()}
    return {
        "if": {"properties": {"uses": {"const": name}}, "required": ["uses"]},
        "then": {"properties": {"with": _object(arguments)}},
    }


def _open(schema: _Schema) -> _Schema:
    """The same, but at each place a value of the document may stand that is known when the flow runs."""
    inner: _Schema = {
        **schema,
        **{word: _open(schema[word]) for word in _ONE if isinstance(schema.get(word), dict)},
        **{word: [_open(part) for part in schema[word]] for word in _LISTS if word in schema},
        **{word: {name: _open(part) for name, part in schema[word].items()} for word in _NAMED if word in schema},
    }
    about: _Schema = {word: inner.pop(word) for word in ("title", "description", "default") if word in inner}
    return {**about, "anyOf": [inner, *_LATE]}


_ONE, _LISTS, _NAMED = ("items", "additionalProperties"), ("anyOf", "oneOf", "allOf", "prefixItems"), ("properties",)
"""Words of JSON Schema that hold one schema, a list of them, and some by name."""
_LATE: list[_Schema] = [
    {"type": "string", "pattern": r"\$\{\{"},
    {"type": "object", "required": ["first_of"]},
]


def _each() -> _Schema:
    fields = {
        "as": {
            **_ref("name"),
            "description": "The argument that takes one element each, or what the values of others call it.",
        },
        "in": {**_ref("value"), "description": "What its elements are."},
        "over": {**_map(_ref("value")), "description": "Several arguments, and what each runs over."},
        "by": {"enum": ["zip", "product"]},
        **_options(MAP),
    }
    return {**_object(fields), "oneOf": [{"required": ["as", "in"]}, {"required": ["over"]}]}
