"""Work: what is made of values that were taken at one moment, here where they are at hand, else in another thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stratix_tasks.engine.reading import Reader
from stratix_tasks.engine.resolving import NONE, Scope, resolve

Work = Callable[[Reader], Any]


def nothing(_reader: Reader) -> None:
    """Of a scope, or a loop, without a value."""


def give_held(held: Any, reader: Reader) -> Any:
    return reader.give(held)


def given_held(held: dict[str, Any], reader: Reader) -> dict[str, Any]:
    return {name: reader.give(value) for name, value in held.items()}


def resolved(args: Mapping[str, Any], scope: Scope, reader: Reader, item: Mapping[str, Any] = NONE) -> dict[str, Any]:
    return {name: resolve(value, scope, reader, item) for name, value in args.items()}
