"""Documents of flows: read, checked and written. Reading runs nothing; a flow is bound to its functions at each use."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.dsl.portable import importable, plain
from stratix_tasks.dsl.task import KNOWN
from stratix_tasks.errors import FlowError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, InputSpec


def text_of(path: str | os.PathLike[str]) -> str:
    """The text of a file. FlowError `no-file`."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise FlowError(f"can't read the flow in {os.fspath(path)}: {why}", code="no-file") from None


def spec_of(data: FlowSpec | Mapping[str, Any]) -> FlowSpec:
    """A FlowSpec, which may be given as its JSON data. FlowError `bad-document`."""
    from pydantic import ValidationError

    if isinstance(data, FlowSpec):
        return data
    try:
        return FlowSpec.model_validate(data)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise FlowError(f"this is no FlowSpec: {wrong}", code="bad-document") from None


def to_yaml(flow: FlowDefinition[..., Any]) -> str:
    """See `Flow.to_yaml`."""
    from stratix_tasks.formats.yaml import dump

    traced = flow.trace()
    if hidden := importable(traced.spec, traced.functions):
        raise FlowError(f"flow '{flow.name}' can't be written as YAML:", code="not-portable", problems=hidden)
    return dump(plain(traced.spec, traced.functions))


def to_python(flow: FlowDefinition[..., Any]) -> str:
    """See `Flow.to_python`."""
    from stratix_tasks.dsl.sources import Sources, literals, resolved
    from stratix_tasks.formats.python import dump

    traced = flow.trace()
    wrong = [*traced.problems, *check(Graph(traced.spec), EXECUTORS, None)]
    if wrong:
        raise FlowError(f"flow '{flow.name}' can't be written as Python:", code="bad-flow", problems=wrong)
    sources = Sources()
    callees = sources.callees(traced.functions)
    sources.classes([*literals(traced.spec)])
    if sources.problems:
        problems = sources.problems
        raise FlowError(f"flow '{flow.name}' can't be written as Python:", code="not-portable", problems=problems)
    by_own_name = {callee.call: callee for callee in callees.values()}
    is_async = inspect.iscoroutinefunction(flow.fn)
    return dump(resolved(traced.spec, traced.functions), by_own_name, sources.module, is_async=is_async)


def known_tasks() -> dict[str, BaseTask]:
    """The tasks of this process by `module:name`, and by name alone where one task only has it."""
    known = dict(KNOWN)
    short: dict[str, list[BaseTask]] = {}
    for call, task in known.items():
        short.setdefault(call.rpartition(":")[2], []).append(task)
    return {**{name: tasks[0] for name, tasks in short.items() if len(tasks) == 1}, **known}


def stand_in(spec: FlowSpec) -> Any:
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
    made = inspect.Parameter("input", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
    made._name = name  # type: ignore[attr-defined]  # which may be a word of Python, such as `from`
    return made
