"""Options whose value comes with the run: `timeout: "${{ inputs.limit }}"`, in Python `.options(timeout=limit)`.

What is asked of an error (`retry.when`, `retry.delay`) is asked when there is one; what it names of the run is looked up with
the others, and stands in it as plain values then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any, NoReturn

from stratix_tasks.spec.fields import IN_NODE
from stratix_tasks.spec.joins import ALL, N_OF, is_late, join
from stratix_tasks.spec.model import Model, NodeSpec, Shared, of_error
from stratix_tasks.spec.names import mentions, task_names
from stratix_tasks.spec.values import LATE, Expr, Ref, ref_text

JOIN, GATHER, RETRY = "join", "gather", "retry"
OF_ALL = frozenset((JOIN, GATHER))
"""What is said of all rounds, or items, of a node together."""
_ASKED = ("when", "delay")
"""The parts of `retry` that are asked of an error."""
OF_RUN = frozenset(("inputs", "run", "tasks"))
_PLAIN = tuple(option.name for option in IN_NODE if option.from_values)
_PARTED = tuple(
    (option.name, tuple(part.name for part in option.parts if part.from_values)) for option in IN_NODE if option.parts
)
_PARTS = frozenset(part for _, parts in _PARTED for part in parts)
_CAN_BE = frozenset((*_PLAIN, *(option for option, _ in _PARTED), RETRY, JOIN, "each"))
"""Options that can be, or have, what comes with the run: most nodes say none of them."""
Place = tuple[str, ...]
"""The option, and the part of it."""


def late_values(said: NodeSpec | Shared) -> dict[Place, Any]:
    """What of its options comes with the run, by place."""
    return {} if _CAN_BE.isdisjoint(said.model_fields_set) else dict(_late(said))


def option_path(place: Place) -> Place:
    """Where a node says such an option: how many a gather waits for stands under `each`."""
    return ("each", *place) if place[0] == GATHER else place


def _late(node: NodeSpec | Shared) -> Iterator[tuple[Place, Any]]:
    for name in _PLAIN:
        if type(value := getattr(node, name)) in LATE:
            yield (name,), value
    for name, parts in _PARTED:
        yield from (((name, part), value) for part, value in _parts(getattr(node, name), parts))
    for part in _ASKED if node.retry is not None else ():
        if named := _named(getattr(node.retry, part)):
            yield (RETRY, part), named
    if isinstance(node, NodeSpec):
        yield from _of_joins(node)


def _of_joins(node: NodeSpec) -> Iterator[tuple[Place, Any]]:
    """How many a join waits for, or a gather."""
    for name, said in ((JOIN, node.join), (GATHER, ALL if node.each is None else node.each.gather)):
        if isinstance(said, dict) and is_late(said):
            yield (name, N_OF), said[N_OF]


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


def _filled(text: str, values: Mapping[str, str]) -> str:
    """The text with others in the place of what it names of the run."""
    for mention in reversed(mentions(text)):
        name = text[mention.at[0] : mention.end]
        if name in values:
            text = f"{text[: mention.at[0]]}{values[name]}{text[mention.end :]}"
    return text


def _literal(value: Any) -> str:
    """A value as an expression has it. ValueError for one that has no text."""
    return f"({dumps(value, ensure_ascii=False, allow_nan=False, default=_no_text)})"


def _no_text(value: Any) -> NoReturn:
    raise ValueError(f"it can't be asked with a {type(value).__name__}")


def _asked_with(node: NodeSpec, part: str, texts: Mapping[str, str]) -> Any:
    """What is asked of an error, with other texts for what it names of the run."""
    text = _filled(asked_text(getattr(node.retry, part)), texts)
    return Expr(text, task_names(text))


def passed_in(node: NodeSpec) -> dict[str, Any]:
    """What the options of a node take of the run, as inputs of a flow of its own in which it stands, by names that no input
    can have."""
    found: dict[str, Any] = {}
    for place, value in late_values(node).items():
        if place[0] not in OF_ALL:
            found |= value if isinstance(value, dict) else {".".join(place): value}
    return found


def taking_inputs(node: NodeSpec) -> NodeSpec:
    """The node in such a flow: its options take these inputs."""
    made: dict[str, Any] = {}
    for place, value in late_values(node).items():
        name = place[0]
        if name in OF_ALL:
            continue
        if isinstance(value, dict):
            taken: Any = _asked_with(node, place[1], {one: f"inputs[{dumps(one)}]" for one in value})
        else:
            taken = Ref("inputs", ".".join(place))
        made[name] = made.get(name, getattr(node, name)).but({place[1]: taken}) if len(place) > 1 else taken
    return node.but(made) if made else node


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
    """Options as plain data, as `run.set` takes them; of a gather `n_of`, of a join what it is. ValueError that names the option."""
    made: dict[str, Any] = {}
    for place, value in values.items():
        try:
            made |= _read(node, made, place, value)
        except (ValueError, TypeError) as error:
            reason, what = _reason(error), f"not {value!r}"
            raise ValueError(f"{'.'.join(place)}: {reason if reason.endswith(what) else f'{reason}, {what}'}") from None
    return made


def _read(node: NodeSpec, made: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    name = place[0]
    if name in OF_ALL:
        made_of = join({N_OF: value})
        return {JOIN: made_of} if name == JOIN else {N_OF: made_of[N_OF]}  # type: ignore[index]
    if len(place) == 1:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("it must be a whole number")
        return {name: int(value)}
    if isinstance(value, dict):
        value = _asked_with(node, place[1], {one: _literal(told) for one, told in value.items()})
    elif isinstance(value, bool):
        raise TypeError("it must be a number, or a duration such as 30s")
    said = without_late(getattr(node, name))
    told = made.get(name) or said.model_dump(exclude_defaults=True)
    return {name: type(said).model_validate({**told, place[1]: value}).model_dump(exclude_defaults=True)}


def _reason(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return str(error) if errors is None else "; ".join(one["msg"] for one in errors())
