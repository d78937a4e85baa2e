"""Documents of flows: read, checked and written. Reading runs nothing; a flow is bound to its functions at each use."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any

from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.flow import FlowDefinition
from stratix_tasks.dsl.portable import importable, plain
from stratix_tasks.dsl.sources import Sources, called, literals
from stratix_tasks.errors import FlowError, StoreError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats.carried import document_in, is_picture
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec, InputSpec, NodeSpec
from stratix_tasks.spec.problems import Problem, errors
from stratix_tasks.spec.values import Kept, Object, Pin
from stratix_tasks.store.objects import ObjectStore, OfDocument


def bytes_of(path: str | os.PathLike[str]) -> bytes:
    """What is in a file. FlowError `no-file`."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FlowError(f"can't read the flow in {os.fspath(path)}: {error.strerror}", code="no-file") from None


def document_of(data: bytes, path: str | os.PathLike[str]) -> str:
    """The document that is in a file, or that its picture carries. FlowError `no-flow`, `no-file`."""
    return document_in(data) if is_picture(data) else text_of(path, data)


def text_of(path: str | os.PathLike[str], data: bytes | None = None) -> str:
    """The text of a file, whose lines end as they do there. FlowError `no-file`."""
    held = bytes_of(path) if data is None else data
    try:
        return held.decode("utf-8")
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        why = "it is UTF-16" if held[:2] in (b"\xff\xfe", b"\xfe\xff") else f"it is no UTF-8 text in line {line}"
        raise FlowError(f"can't read the flow in {os.fspath(path)}: {why}; save it as UTF-8", code="no-file") from None


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


Place = str | os.PathLike[str] | None


def to_yaml(flow: FlowDefinition[..., Any], path: Place = None, code: Place = None, objects: Place = None) -> str:
    """See `Flow.to_yaml`."""
    from stratix_tasks.formats.yaml import dump

    traced = flow.trace()
    spec, module = plain(traced.spec, traced.functions), ""
    hidden = importable(traced.spec, traced.functions)
    if code is not None and not hidden:
        spec, module, hidden = _in_module(spec, traced.functions, Path(code))
    if hidden:
        raise FlowError(f"flow '{flow.name}' can't be written as YAML:", code="not-portable", problems=hidden)
    folder = _beside(path, objects) if objects is not None else ""
    text = dump(spec, OfDocument(ObjectStore(Path(objects))).keep if objects is not None else None, folder)
    if code is not None and module:
        Path(code).write_text(module, encoding="utf-8")
    return text


def _in_module(spec: FlowSpec, functions: Mapping[str, BaseTask], path: Path) -> tuple[FlowSpec, str, list[Problem]]:
    """The flow with the functions of the notebook called where a file defines them, its text, and what keeps it from that."""
    name = path.stem
    if path.suffix != ".py" or not name.isidentifier() or iskeyword(name):
        raise FlowError(
            f"code={str(path)!r} is no module that can be imported: name it such as tasks.py", code="bad-option"
        )
    sources = Sources()
    callees = sources.callees(functions)
    moved = {call: f"{name}:{callee.path}" for call, callee in callees.items() if callee.home is None}
    return called(spec, moved), sources.module.text() if moved else "", sources.problems


def _beside(path: Place, objects: str | os.PathLike[str]) -> str:
    """The folder of objects as the document names it: below its own. FlowError `bad-option`."""
    folder = Path(os.path.relpath(objects, Path(path).parent if path is not None else Path()))
    if ".." in folder.parts or folder.is_absolute():
        where = f"the folder of {os.fspath(path)}" if path is not None else "the working directory"
        raise FlowError(
            f"objects={os.fspath(objects)!r} must lie in {where}, so that both go together", code="bad-option"
        )
    return folder.as_posix()


def with_objects(spec: FlowSpec, beside: Path) -> FlowSpec:
    """The flow with its stored objects read, from folders beside its document. FlowError `bad-object`."""
    stores: dict[str, OfDocument] = {}

    def value(part: Any) -> Any:
        kind = type(part)
        if kind is Object and type(part.value) is Kept:
            folder = part.value.folder
            if folder not in stores:
                stores[folder] = OfDocument(ObjectStore(beside / folder))
            try:
                fetched = stores[folder].fetch(part.value.kept)
            except (StoreError, LookupError, ValueError, TypeError) as error:
                message = f"a stored object of flow '{spec.flow}' can't be read from {beside / folder}: {error}"
                raise FlowError(message, code="bad-object") from None
            return Object(part.type, fetched) if part.type else fetched
        if kind is list:
            return [value(one) for one in part]
        return {name: value(one) for name, one in part.items()} if kind is dict else part

    def node(one: NodeSpec) -> NodeSpec:
        over = one.each.but({"over": value(one.each.over)}) if one.each is not None else None
        pin = Pin(value(one.pin.value)) if one.pin is not None else None
        return one.but({"args": value(one.args), "each": over, "pin": pin})

    def flow(one: FlowSpec) -> FlowSpec:
        inputs = {name: given.but({"default": value(given.default)}) for name, given in one.inputs.items()}
        tasks = {name: node(inner) for name, inner in one.tasks.items()}
        flows = {name: flow(inner) for name, inner in one.flows.items()}
        return one.but({"inputs": inputs, "tasks": tasks, "flows": flows, "output": value(one.output)})

    return flow(spec)


def to_python(flow: FlowDefinition[..., Any]) -> str:
    """See `Flow.to_python`."""
    from stratix_tasks.formats.python import dump

    traced = flow.trace()
    refused = f"flow '{flow.name}' can't be written as Python:"
    if wrong := errors([*traced.problems, *check(Graph(traced.spec), EXECUTORS, None)]):
        raise FlowError(refused, code="bad-flow", problems=wrong)
    sources = Sources()
    callees = sources.callees(traced.functions)
    sources.classes([*literals(traced.spec)])
    if sources.problems:
        raise FlowError(refused, code="not-portable", problems=sources.problems)
    spec = called(traced.spec, {call: callee.call for call, callee in callees.items()})
    by_own_name = {callee.call: callee for callee in callees.values()}
    return dump(spec, by_own_name, sources.module, is_async=inspect.iscoroutinefunction(flow.fn))


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
