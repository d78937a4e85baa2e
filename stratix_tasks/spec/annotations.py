"""Inputs as a document says them ↔ the annotations that check them: one mechanism for what code and documents say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

from stratix_tasks.spec import constraints
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.portable import plain_data
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.types import choices_of, meant, parse_type, type_text, unknown_in

_PLAIN = (str, int, float, bool)


def described(hint: Any, above: tuple[Any, ...] = ()) -> dict[str, Any]:
    """What an InputSpec says of an annotation. `above` are the models that it stands in."""
    hint = meant(hint)
    if get_origin(hint) is Annotated:
        said, unsaid = constraints.said_in(hint.__metadata__)
        made = described(get_args(hint)[0], above)
        if unsaid:
            made["type"] = f"Annotated[{', '.join((made['type'], *unsaid))}]"
        return {**made, **said}
    choices = choices_of(hint)
    kinds = set(map(type, choices or ()))
    if choices and len(kinds) == 1 and (kind := kinds.pop()) in _PLAIN:
        return {"type": kind.__name__, "choices": choices}
    fields = _fields(hint, above)
    return {"type": type_text(hint), **({"fields": fields} if fields else {})}


def _fields(hint: Any, above: tuple[Any, ...]) -> dict[str, InputSpec]:
    """The fields of a pydantic model that checks no more than their types; nothing for any other annotation."""
    known = getattr(hint, "__pydantic_fields__", None)
    if not isinstance(hint, type) or known is None or hint in above or getattr(hint, "__pydantic_root_model__", False):
        return {}
    checks = hint.__pydantic_decorators__  # type: ignore[attr-defined]
    if checks.field_validators or checks.model_validators or checks.root_validators or checks.validators:
        return {}
    if any(info.alias or info.validation_alias or info.default_factory for info in known.values()):
        return {}
    return {name: _field(info, (*above, hint)) for name, info in known.items()}


def fields_of(model: type[Any]) -> dict[str, InputSpec]:
    """The fields of a pydantic model, whatever it checks besides."""
    return {name: _field(info, (model,)) for name, info in model.__pydantic_fields__.items()}


def _field(info: Any, above: tuple[Any, ...]) -> InputSpec:
    said = described(Annotated[(info.annotation, info)], above)
    required = info.is_required()
    default = None if required else plain_default(info.default, info.annotation)
    return InputSpec.model_construct(**said, required=required, default=default)


def plain_default(value: Any, hint: Any) -> Any:
    """A default as a document has it: members of an Enum and models of the user's as plain data, where that makes them again."""
    if value is None or type(value) in _PLAIN or not has_classes(hint):
        return value
    try:
        return plain_data(value, hint)
    except ValueError:
        return value


def worded(value: Any) -> Any:
    """A literal as a document says it: members of an Enum by their values, models by their fields."""
    if isinstance(value, Enum):
        return value.value
    if hasattr(type(value), "__pydantic_fields__"):
        return {name: worded(getattr(value, name)) for name in type(value).__pydantic_fields__}
    if type(value) in (list, tuple):
        return type(value)(map(worded, value))
    return {key: worded(part) for key, part in value.items()} if type(value) is dict else value


def has_classes(hint: Any) -> bool:
    """Whether values of an annotation are made by classes of the user's, which a document says by their values."""
    return bool(annotation(InputSpec.model_construct(**described(hint))) != hint)


def annotation(one: InputSpec) -> Any:
    """What checks the values of an input, by the document alone."""
    kind = _model(one) if one.fields else parse_type(one.type)
    if one.choices:
        plain = all(type(choice) in _PLAIN or choice is None for choice in one.choices)
        kind = Literal[one.choices] if plain else Annotated[kind, OneOf(one.choices)]
    return constraints.constrained(kind, limits(one))


def limits(one: InputSpec) -> dict[str, Any]:
    """What is asked beside the type and the choices, by name."""
    state = one.__dict__
    return {name: value for name in constraints.LIMITS if (value := state[name]) not in (None, "")}


class OneOf:
    """Of values that a Literal can't be written with, such as dates: those that are allowed."""

    def __init__(self, choices: tuple[Any, ...]) -> None:
        self.choices = choices

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        from pydantic_core import to_jsonable_python

        return {**handler(schema), "enum": to_jsonable_python(list(self.choices))}

    def _check(self, value: Any) -> Any:
        if value not in self.choices:
            raise ValueError(f"it is none of {', '.join(map(str, self.choices))}")
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OneOf) and self.choices == other.choices

    def __hash__(self) -> int:
        return hash(self.choices)


def _model(one: InputSpec) -> Any:
    """A mapping with these fields and no others; it comes out as a dict."""
    from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

    given: dict[str, Any] = {
        name: (
            annotation(inner),
            Field(
                default=... if inner.required else inner.default,
                title=inner.label or None,
                description=inner.description or None,
                validate_default=True,
            ),
        )
        for name, inner in one.fields.items()
    }
    config = ConfigDict(extra="forbid", from_attributes=True, arbitrary_types_allowed=True)
    made: type[BaseModel] = create_model(one.type, __config__=config, **given)
    return Annotated[made, AfterValidator(dict)]  # its fields alone: those that are models are dicts already


def allowed(one: InputSpec) -> str:
    """What an input must be, for people."""
    if one.choices:
        return f"one of {', '.join(map(_shown, one.choices))}"
    return ", ".join(filter(None, (one.type, constraints.words(limits(one)))))


def _shown(choice: Any) -> str:
    return repr(choice) if type(choice) in _PLAIN else str(choice)


# ---------------------------------------------------------------------- what a document can't check, or says wrongly


def unchecked(
    spec: FlowSpec, hints: Mapping[str, Any] | None = None, prefix: str = ""
) -> Iterator[tuple[str, Problem]]:
    """Inputs with a type that nobody knows here, as warnings. `hints` are annotations that are known by name."""
    for name, one in spec.inputs.items():
        known = hints is not None and name in hints and not isinstance(hints[name], str)
        for place, unknown in () if known else _unknown(name, one):
            message = f"input '{place}' has the type {one.type}: what '{unknown}' is, a document can't check"
            hint = "Whatever is given is passed on; a pydantic model, dates, enums and plain types are checked."
            yield name, Problem("unchecked-type", message, prefix.rstrip("."), hint=hint, warning=True)


def _unknown(place: str, one: InputSpec) -> Iterator[tuple[str, str]]:
    if not one.fields:
        yield from ((place, unknown) for unknown in unknown_in(one.type))
    for name, inner in one.fields.items():
        yield from _unknown(f"{place}.{name}", inner)


def contradictions(one: InputSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    """What an input says that can't hold together: the fields that lead there, and why."""
    kind = parse_type(one.type)
    for name in limits(one):
        if constraints.misplaced(name, kind):
            yield (name,), f"'{name}' means nothing to a value of type {one.type}"
    yield from _bounds(one)
    for name, inner in one.fields.items():
        yield from ((("fields", name, *path), f"{name}: {why}") for path, why in contradictions(inner))


def _bounds(one: InputSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    """Limits between which nothing lies, and those that no check can be made of."""
    for least, most in (("min", "max"), ("exclusive_min", "exclusive_max"), ("min_length", "max_length")):
        low, high = getattr(one, least), getattr(one, most)
        try:
            if low is not None and high is not None and low > high:
                yield (least,), f"'{least}' is more than '{most}'"
        except TypeError:
            yield (least,), f"'{least}' and '{most}' can't be compared"
    if one.pattern:
        from pydantic import TypeAdapter

        try:
            TypeAdapter(constraints.constrained(str, {"pattern": one.pattern}))
        except Exception as error:
            why = str(error).replace("\n", " ").partition("error: ")[2] or "it can't be read"
            yield ("pattern",), f"the pattern {one.pattern!r} is no regular expression: {why}"
