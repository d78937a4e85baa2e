"""Options whose value comes with the run: `timeout: "${{ inputs.limit }}"`, in Python `.options(timeout=limit)`.

What is asked of an error (`retry.when`, `retry.delay`) is asked when there is one; what it names of the run is looked up with
the others, and stands in it as plain values then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.joins import N_OF, join
from stratix_tasks.spec.model import Model, NodeSpec, Shared, of_error
from stratix_tasks.spec.names import mentions, task_names
from stratix_tasks.spec.values import LATE, Expr, Ref, ref_text

GATHER, RETRY = "gather", "retry"
_ASKED = ("when", "delay")
"""The parts of `retry` that are asked of an error."""
OF_RUN = frozenset(("inputs", "run", "tasks"))
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
    for part in _ASKED if node.retry is not None else ():
        if named := _named(getattr(node.retry, part)):
            yield (RETRY, part), named
    each = node.each if isinstance(node, NodeSpec) else None
    if each is not None and isinstance(each.gather, dict) and type(many := each.gather[N_OF]) in LATE:
        yield (GATHER, N_OF), many


def _parts(model: Model | None, parts: tuple[str, ...]) -> list[tuple[str, Any]]:
    if model is None:
        return []
    return [(part, value) for part in parts if _is_late(value := getattr(model, part))]


def asked_text(part: Any) -> str:
    """The text of what is asked of an error; empty for what is not."""
    if type(part) is Ref:
        return ref_text(part) if of_error(part) else ""
    return part.text if type(part) is Expr else ""


def _named(part: Any) -> dict[str, Expr]:
    """What of the run something names that is asked of an error, by how it names it."""
    text = asked_text(part)
    if not of_error(part):
        return {}
    found = [text[m.at[0] : m.end] for m in mentions(text) if m.root in OF_RUN]
    return {one: Expr(one, task_names(one)) for one in found}


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with values in the place of their names. ValueError for one that has no text."""
    for mention in reversed(mentions(text)):
        name = text[mention.at[0] : mention.end]
        if name in values:
            value = json.dumps(values[name], ensure_ascii=False, allow_nan=False, default=_no_text)
            text = f"{text[: mention.at[0]]}({value}){text[mention.end :]}"
    return text


def _no_text(value: Any) -> NoReturn:
    raise ValueError(f"it can't be asked with a {type(value).__name__}")


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
    if isinstance(value, dict):
        value = _filled(asked_text(getattr(node.retry, place[1])), value)
        value = value if place[1] == "when" else Expr(value)
    elif isinstance(value, bool):
        raise TypeError("it must be a number, or a duration such as 30s")
    said = without_late(getattr(node, name))
    told = made.get(name) or said.model_dump(exclude_defaults=True)
    return {name: type(said).model_validate({**told, place[1]: value}).model_dump(exclude_defaults=True)}


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return str(error) if errors is None else "; ".join(one["msg"] for one in errors())
