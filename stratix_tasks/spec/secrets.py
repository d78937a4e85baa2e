"""Secrets: what stands for a value that is known only where a body runs.

A flow, its inputs, its journal and its views hold the name alone. What a document says of one becomes a `Secret` when it is
resolved; a text or container of the document in which one stands becomes a `SecretText` or `Sealed`, so that whoever runs a
body finds what has to be opened without looking through its values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
A_NAME = "the name of a secret: letters from a to z in either case, digits and _, at most 64, not a digit first"
TYPE = "Secret"
"""The type of an input that is one."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One by its name. ValueError, which does not tell what was given: somebody may have given the secret itself."""

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise ValueError(f"it is {A_NAME}")

    def __repr__(self) -> str:
        return f"secret('{self.name}')"

    def __str__(self) -> str:
        return mask(self.name)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        by_name = core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))
        return core_schema.union_schema([core_schema.is_instance_schema(cls), by_name])

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        return {"type": "string", "pattern": f"^{NAME.pattern}$", "description": "The name of a secret."}


@dataclass(frozen=True, slots=True)
class SecretText:
    """A text in which secrets are filled in where a body runs."""

    parts: tuple[str | Secret, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """A container of the document, resolved but for the secrets in it."""

    value: Any

    def __str__(self) -> str:
        return f"<{type(self.value).__name__} with secrets>"


def is_hidden(value: Any) -> bool:
    """Whether something is opened before a body gets it. Told by identity: a class of the user's may have a hash of its own."""
    kind = type(value)
    return kind is Secret or kind is SecretText or kind is Sealed


def mask(name: str) -> str:
    """What stands in place of a secret's value in what is recorded and shown."""
    return f"[secret {name}]"


def joined(parts: Iterable[Any]) -> str | SecretText:
    """Texts and secrets in a row."""
    flat: list[str | Secret] = []
    for part in parts:
        flat += part.parts if type(part) is SecretText else (part,)
    return SecretText(tuple(flat)) if Secret in map(type, flat) else "".join(map(str, flat))


def sealed(value: Any) -> Any:
    """A container that was just resolved, sealed where something in it is."""
    parts = value.values() if type(value) is dict else value
    return Sealed(value) if any(map(is_hidden, parts)) else value


def opened(value: Any, find: Callable[[str], str]) -> Any:
    """A value of which nothing is hidden any more; `find` gives a secret by its name."""
    kind = type(value)
    if kind is Secret:
        return find(value.name)
    if kind is SecretText:
        return "".join(part if type(part) is str else find(part.name) for part in value.parts)
    return _each_part(value.value, lambda part: opened(part, find)) if kind is Sealed else value


def unsealed(value: Any) -> Any:
    """A value with its containers as they are, and secrets by name in them: of what no body takes."""
    return _each_part(value.value, unsealed) if type(value) is Sealed else value


def _each_part(value: Any, make: Callable[[Any], Any]) -> Any:
    if type(value) is dict:
        return {name: make(part) for name, part in value.items()}
    return type(value)(map(make, value))


def is_secret(type_text: str) -> bool:
    """Whether values of an input of this type are secrets."""
    return type_text in (TYPE, f"{TYPE} | None", f"None | {TYPE}", f"Optional[{TYPE}]")
