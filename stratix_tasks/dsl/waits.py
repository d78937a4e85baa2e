"""Waits: `sleep`, `approval`, `signal` and `ask` place nodes that run no body and end when the time, a person or a value comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast, overload

from stratix_tasks.dsl.trace import trace_of
from stratix_tasks.dsl.uses import Use
from stratix_tasks.executors import waits
from stratix_tasks.spec.answers import as_fields, asked_of, name_of

M = TypeVar("M")
sleep = Use(waits.sleep, waits.SLEEP)
approval = Use(waits.approval, waits.APPROVAL)
signal = Use(waits.signal, waits.SIGNAL)


class Ask(Use[..., Any]):
    """`ask`. A model is written as its fields, and the name by which it is known where it is imported."""

    @overload
    def __call__(self, message: str, model: type[M], *, timeout: waits.Duration | None = None) -> M: ...
    @overload
    def __call__(
        self,
        message: str,
        model: str | None = None,
        *,
        fields: Mapping[str, Any],
        timeout: waits.Duration | None = None,
    ) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return cast(Any, super().__call__(*args, **kwargs))

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        model, fields = args[1] if len(args) > 1 else kwargs.get("model"), kwargs.get("fields")
        if isinstance(model, type) and hasattr(model, "__pydantic_fields__"):
            named = super().bind(args, {**kwargs, "fields": asked_of(model)})
            return {**named, "model": name_of(model)}
        if not isinstance(fields, Mapping):
            trace_of("ask").fail("ask() takes a pydantic model, or fields={'rows': int}", code="bad-arguments")
        return super().bind(args, {**kwargs, "fields": as_fields(fields)})


ask = Ask(waits.ask, waits.ASK)
