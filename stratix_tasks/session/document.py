"""Flows that were read from a document, and documents of flows. Reading runs nothing; binding happens at each use."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from stratix_tasks.dsl.bind import bind, typed
from stratix_tasks.dsl.portable import importable, plain
from stratix_tasks.dsl.task import KNOWN, BaseTask
from stratix_tasks.dsl.trace import Trace, Traced
from stratix_tasks.errors import FlowError
from stratix_tasks.session.flow import Flow
from stratix_tasks.spec.model import FlowSpec, InputSpec


class DocumentFlow(Flow[..., Any]):
    """A flow of a document. Its functions are looked up at each start: tasks of this kernel, or of allowed modules."""

    def __init__(self, spec: FlowSpec, allow: Collection[str] = ()) -> None:
        super().__init__(_stand_in(spec), {"name": spec.flow, "description": spec.description})
        self._document, self._allow = spec, (allow,) if isinstance(allow, str) else tuple(allow)

    def trace(self, static: Mapping[str, Any] | None = None, *, inside: Trace | None = None) -> Traced:
        """The document, bound to its functions; problems tell what could not be bound."""
        functions, unbound = bind(self._document, known_tasks(), self._allow)
        if inside is not None:
            inside.functions.update(functions)
        spec, mistyped = typed(self._document, functions)
        return Traced(spec, functions, [*unbound, *mistyped])


def load_flow(path: str | os.PathLike[str], *, allow: Collection[str] = ()) -> Flow[..., Any]:
    """The flow of a YAML file. `allow` names modules that may be imported when it is bound to its functions.

    FlowError: `no-file`; `bad-document` with every problem, each with file, line and column.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise FlowError(f"can't read the flow in {os.fspath(path)}: {why}", code="no-file") from None
    return from_yaml(text, allow=allow, file=os.fspath(path))


def from_yaml(text: str, *, allow: Collection[str] = (), file: str = "") -> Flow[..., Any]:
    """See `Flow.from_yaml`."""
    from stratix_tasks.formats.yaml import load

    return DocumentFlow(load(text, file=file), allow)


def from_spec(spec: FlowSpec | Mapping[str, Any], *, allow: Collection[str] = ()) -> Flow[..., Any]:
    """See `Flow.from_spec`."""
    from pydantic import ValidationError

    if isinstance(spec, FlowSpec):
        return DocumentFlow(spec, allow)
    try:
        return DocumentFlow(FlowSpec.model_validate(spec), allow)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise FlowError(f"this is no FlowSpec: {wrong}", code="bad-document") from None


def to_yaml(flow: Flow[..., Any]) -> str:
    """See `Flow.to_yaml`."""
    from stratix_tasks.formats.yaml import dump

    traced = flow.trace()
    if hidden := importable(traced.spec, traced.functions):
        raise FlowError(f"flow '{flow.name}' can't be written as YAML:", code="not-portable", problems=hidden)
    return dump(plain(traced.spec, traced.functions))


def known_tasks() -> dict[str, BaseTask]:
    """The tasks of this process by `module:name`, and by name alone where one task only has it."""
    known = dict(KNOWN)
    short: dict[str, list[BaseTask]] = {}
    for call, task in known.items():
        short.setdefault(call.rpartition(":")[2], []).append(task)
    return {**{name: tasks[0] for name, tasks in short.items() if len(tasks) == 1}, **known}


def _stand_in(spec: FlowSpec) -> Any:
    """A function with the flow's name, docstring and inputs, which is never called: tracing binds the document."""

    def flow(**_inputs: Any) -> None:
        raise AssertionError("a document has no body")

    flow.__name__ = flow.__qualname__ = spec.flow
    flow.__doc__ = spec.description
    required_first = sorted(spec.inputs.items(), key=lambda item: not item[1].required)
    flow.__signature__ = inspect.Signature([_parameter(*item) for item in required_first])  # type: ignore[attr-defined]
    return flow


def _parameter(name: str, given: InputSpec) -> inspect.Parameter:
    default = inspect.Parameter.empty if given.required else given.default
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
