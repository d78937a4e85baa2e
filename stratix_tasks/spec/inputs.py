"""The inputs of a run, checked against the flow's: all that is wrong is said at once, with what would be right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, get_origin

from stratix_tasks.errors import InputError
from stratix_tasks.spec.annotations import allowed, annotation, worded
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.model import MOST, FlowSpec, InputSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.secrets import A_NAME, Secret, is_secret
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.spec.values import Object, opened


def check_inputs(
    spec: FlowSpec, given: Mapping[str, Any], hints: Mapping[str, Any] | None = None, static: Collection[str] = ()
) -> dict[str, Any]:
    """All inputs by name, defaults filled in, converted to their types.

    `hints` are the annotations, where the code is known, else the texts of the document count. Names in `static` are
    known but not returned. Defaults are the document's own. InputError lists every unknown, missing and wrong one.
    """
    made, wrong = checked(spec.inputs, given, hints, static)
    if wrong:
        raise InputError(f"flow '{spec.flow}' can't start: " + "; ".join(wrong))
    return made


def checked(
    inputs: Mapping[str, InputSpec],
    given: Mapping[str, Any],
    hints: Mapping[str, Any] | None = None,
    static: Collection[str] = (),
    word: str = "input",
) -> tuple[dict[str, Any], list[str]]:
    """What was given by name, defaults filled in, converted; and what is wrong with the rest."""
    known = [*inputs, *static]
    wrong = [f"unknown {word} '{name}'. {did_you_mean(name, known)}".strip() for name in given if name not in known]
    made: dict[str, Any] = {}
    for name, one in inputs.items():
        if name not in given and one.required:
            wrong.append(f"missing {word} '{name}' ({allowed(one)})")
            continue
        value = given[name] if name in given else opened(one.default)
        if name not in given and (value is None or isinstance(one.default, Object)):
            made[name] = value  # which whoever wrote it wanted so
            continue
        try:
            made[name] = _checked(name, value, one, hints)
        except ValueError as error:
            if is_secret(one.type):  # what was given may be the secret itself: it is not told
                wrong.append(f"{word} '{name}' must be {A_NAME}")
                continue
            wrong.append(f"{word} '{name}' must be {allowed(one)}, not {shown(value)}{_why(one, value, error)}")
    return made, wrong


def _checked(name: str, value: Any, one: InputSpec, hints: Mapping[str, Any] | None) -> Any:
    """A value of an input as its type. An annotation that is a text could not be read: the document says what is in it."""
    if type(value) is Secret and not is_secret(one.type):
        raise ValueError("a secret can be given to an input of type Secret alone: annotate it so, in YAML type: Secret")
    hint = hints.get(name, "") if hints else ""
    if one.fields and isinstance(value, Mapping):
        convert(value, annotation(one))  # which takes no field that is not there, whatever the class does
    if isinstance(hint, str):
        return convert(worded(value) if one.choices or one.fields else value, annotation(one))
    return convert(value, hint)


def _why(one: InputSpec, value: Any, error: ValueError) -> str:
    if not one.choices:
        return f": {error}"
    hint = did_you_mean(value, [choice for choice in one.choices if isinstance(choice, str)]) if _is_text(value) else ""
    return f". {hint}" if "mean" in hint else ""


def shown(value: Any) -> str:
    """A short text of a value for an error, whatever its own code makes of being asked."""
    name = type(value).__name__
    try:
        text = str.__str__(repr(value)).encode("utf-8", "backslashreplace").decode()
    except Exception:
        return f"a {name}"
    return f"{name} {text if len(text) < 60 else text[:57] + '…'}"


def bare(hint: Any) -> Any:
    """An annotation without its `Annotated[…]`."""
    while get_origin(hint) is Annotated:
        hint = hint.__args__[0]
    return hint


def named_inputs(inputs: object) -> dict[str, Any]:
    """Inputs as they were given, by name. InputError for what is no mapping."""
    if not isinstance(inputs, Mapping):
        raise InputError(f"inputs are names with values, such as {{'n': 3}}, not {shown(inputs)}")
    return dict(inputs)


def check_about(key: object, priority: object, tags: object) -> None:
    """What a run is started with beside its inputs. InputError for what can't be recorded."""
    if not (key is None or _is_text(key)):
        raise InputError(f"key= is a text, the same for the same run, not {shown(key)}", code="bad-option")
    if isinstance(priority, bool) or not isinstance(priority, int) or abs(priority) > MOST:
        raise InputError(f"priority= is a whole number, higher starts first, not {shown(priority)}", code="bad-option")
    if not isinstance(tags, list | tuple) or not all(map(_is_text, tags)):
        raise InputError(f"tags= is a list of texts, not {shown(tags)}", code="bad-option")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and is_unicode(value)
