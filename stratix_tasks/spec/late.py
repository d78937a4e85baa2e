"""Options whose value comes with the run: `timeout: "${{ inputs.limit }}"`, in Python `.options(timeout=limit)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.joins import N_OF, join
from stratix_tasks.spec.model import Model, NodeSpec, Shared, of_error
from stratix_tasks.spec.values import LATE

GATHER = "gather"
_PLAIN = tuple(option.name for option in IN_NODE if option.from_values)
_PARTED = tuple(
    (option.name, tuple(part.name for part in option.parts if part.from_values)) for option in IN_NODE if option.parts
)
_PARTS = frozenset(part for _, parts in _PARTED for part in parts)
Place = tuple[str, ...]
"""The option, and the part of it."""


def late_values(said: NodeSpec | Shared) -> dict[Place, Any]:
    """What of its options comes with the run, by place."""
    return dict(_late(said))


def _late(node: NodeSpec | Shared) -> Iterator[tuple[Place, Any]]:
    for name in _PLAIN:
        if type(value := getattr(node, name)) in LATE:
            yield (name,), value
    for name, parts in _PARTED:
        yield from (((name, part), value) for part, value in _parts(getattr(node, name), parts))
    each = node.each if isinstance(node, NodeSpec) else None
    if each is not None and isinstance(each.gather, dict) and type(many := each.gather[N_OF]) in LATE:
        yield (GATHER, N_OF), many


def _parts(model: Model | None, parts: tuple[str, ...]) -> list[tuple[str, Any]]:
    if model is None:
        return []
    return [(part, value) for part in parts if _is_late(value := getattr(model, part))]


def _is_late(value: Any) -> bool:
    return type(value) in LATE and not of_error(value)


def without_late(value: Any) -> Any:
    """An option with what it has by default in the place of what comes with the run; None where that is all of it."""
    if type(value) in LATE:
        return None
    if not isinstance(value, Model):
        return value
    fields = type(value).model_fields
    late = {name: fields[name].get_default() for name in late_parts(value)}
    return value.but(late) if late else value


def late_parts(said: Model) -> dict[str, Any]:
    """The parts of an option that come with the run."""
    return {name: value for name, value in said.__dict__.items() if name in _PARTS and _is_late(value)}


def resolved_options(node: NodeSpec, values: Mapping[Place, Any]) -> dict[str, Any]:
    """Options as plain data, as `run.set` takes them; of a gather `n_of`. ValueError that names the option."""
    made: dict[str, Any] = {}
    for place, value in values.items():
        try:
            made |= _read(node, made, place, value)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{'.'.join(place)}: {_reason(error)}, not {value!r}") from None
    return made


def _read(node: NodeSpec, made: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    name = place[0]
    if name == GATHER:
        return {N_OF: join({N_OF: value})[N_OF]}  # type: ignore[index]
    if len(place) == 1:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("it must be a whole number")
        return {name: int(value)}
    if isinstance(value, bool):
        raise TypeError("it must be a number, or a duration such as 30s")
    said = without_late(getattr(node, name))
    told = made.get(name) or said.model_dump(exclude_defaults=True)
    return {name: type(said).model_validate({**told, place[1]: value}).model_dump(exclude_defaults=True)}


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return str(error) if errors is None else "; ".join(one["msg"] for one in errors())
