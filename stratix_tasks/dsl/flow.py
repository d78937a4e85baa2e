"""`@flow`: a function whose body composes tasks. Tracing it yields a FlowSpec; nothing runs here.

Tracing is lazy: at display, at validation and at each start, with the functions as they are then. `session` gives flows the
methods that run, draw and save them; it makes its decorator with `flow_decorator`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, NoReturn, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.control import STATIC
from stratix_tasks.dsl.lint import lint
from stratix_tasks.dsl.references import Reference
from stratix_tasks.dsl.trace import TRACE, Trace, Traced
from stratix_tasks.errors import FlowError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.values import Ref

P = ParamSpec("P")
R = TypeVar("R")


class FlowDefinition(Generic[P, R]):
    """A flow as it was defined. `fn` is the plain function, `inputs` its parameters, `static` the names of the static ones."""

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, fn)
        self.fn = fn
        self.flow_options = dict(given)
        self.name = str(given.get("name") or fn.__name__)
        opts.name(self.name)
        self._fields = _fields(given, self.name)

    @functools.cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.fn).parameters)

    @functools.cached_property
    def hints(self) -> dict[str, Any]:
        """The annotations as objects; those that can't be resolved stay text."""
        try:
            return get_type_hints(self.fn, include_extras=True)
        except Exception:
            return dict(getattr(self.fn, "__annotations__", {}))

    @functools.cached_property
    def static(self) -> frozenset[str]:
        return frozenset(name for name in self.parameters if _is_static(self.hints.get(name)))

    @functools.cached_property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs as the document has them, without the static ones."""
        made = {}
        for name, parameter in self.parameters.items():
            if name not in self.static:
                required = parameter.default is inspect.Parameter.empty
                default = None if required else Trace(self.name).value(parameter.default)
                made[name] = InputSpec.model_construct(type=type_text(self.hints.get(name)), required=required, default=default)
        return made

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by input name, without the defaults. FlowError that shows the signature."""
        try:
            return dict(inspect.signature(self.fn).bind(*args, **kwargs).arguments)
        except TypeError as error:
            unknown = [name for name in kwargs if name not in self.parameters]
            hint = f" {did_you_mean(unknown[0], self.parameters)}" if unknown else ""
            raise FlowError(f"flow '{self.name}': {error}.{hint}", code="bad-arguments") from None

    def trace(self, static: Mapping[str, Any] | None = None) -> Traced:
        """Run the body with references for inputs. FlowError when the body does with them what only tasks can."""
        trace = Trace(self.name)
        token = TRACE.set(trace)
        try:
            output = self._run_body(trace, static or {})
            value = trace.value(output)
        finally:
            TRACE.reset(token)
        trace.problems += lint(self.fn)
        spec = FlowSpec.model_construct(
            flow=self.name,
            description=self._fields.get("description") or inspect.getdoc(self.fn) or "",
            inputs=self.inputs,
            tasks=trace.nodes,
            flows=trace.flows,
            output=value,
            **{name: value for name, value in self._fields.items() if name != "description"},
        )
        return Traced(spec, trace.functions, trace.problems)

    def _run_body(self, trace: Trace, static: Mapping[str, Any]) -> Any:
        given: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            if name in self.static:
                given[name] = static.get(name, parameter.default)
                if given[name] is inspect.Parameter.empty:
                    raise FlowError(f"flow '{self.name}': static input '{name}' has no default, so give it", code="missing-input")
            else:
                given[name] = Reference(Ref("inputs", name), trace)
        positional = [given.pop(n) for n, p in self.parameters.items() if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        output = self.fn(*positional, **given)
        return _finish_coroutine(output, self.name) if inspect.iscoroutine(output) else output

    def place(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Called in the trace of another flow: a group of that one."""
        trace = TRACE.get()
        assert trace is not None
        return trace.place_flow(self, args, dict(kwargs))

    @property
    def options_given(self) -> Mapping[str, Any]:
        return {}

    @property
    def template_name(self) -> str:
        return self.name

    def map(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Mapping a flow comes in a later version."""
        raise FlowError("mapping a flow is not available in this version: map a task", code="not-available")


def flow_decorator(cls: type[FlowDefinition[Any, Any]]) -> Callable[..., Any]:
    """The `flow` decorator whose flows are of class `cls`."""

    def flow(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        opts.refuse_unknown(options, opts.FLOW, "a flow")
        if fn is None:
            return lambda function: _make(cls, function, options)
        return _make(cls, fn, options)

    return flow


def _make(cls: type[FlowDefinition[Any, Any]], fn: Any, options: Mapping[str, Any]) -> FlowDefinition[Any, Any]:
    if isinstance(fn, FlowDefinition):
        raise FlowError(f"'{fn.name}' is a flow already", code="bad-flow")
    if not inspect.isfunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise FlowError(f"a flow is made of a function that returns, not of {fn!r}", code="bad-flow")
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(p.kind in kinds for p in inspect.signature(fn).parameters.values()):
        raise FlowError(f"flow '{fn.__name__}' takes * or ** arguments; name each input, so that it can be checked", code="bad-flow")
    return cls(fn, options)


def _fields(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Flow options as fields of a FlowSpec."""
    try:
        fields = {key: value for key, value in given.items() if key != "name"}
        if "timeout" in fields:
            fields["timeout"] = seconds(fields["timeout"])
        if "tags" in fields:
            fields["tags"] = tuple(map(str, fields["tags"]))
        if fields.get("on_failure", "finish") not in ("finish", "stop"):
            raise ValueError(f"on_failure is 'finish' or 'stop', not {fields['on_failure']!r}")
        for key, value in {"concurrency": fields.get("concurrency"), **fields.get("pools", {})}.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{key} is a whole number of 1 or more, not {value!r}")
    except (ValueError, TypeError, AttributeError) as error:
        raise FlowError(f"flow '{name}': {error}", code="bad-option") from None
    return fields


def _finish_coroutine(coroutine: Any, name: str) -> Any:
    """An `async def` body awaits references only, so that one step ends it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise FlowError(f"flow '{name}' awaits something that is no task: the body of a flow only composes; await it in a task", code="bad-flow")


def _is_static(hint: Any) -> bool:
    return STATIC in getattr(hint, "__metadata__", ()) or (isinstance(hint, str) and hint.split("[")[0].endswith("Static"))


def type_text(hint: Any) -> str:
    """An annotation as documents write it: `list[str]`, `date`, `any` when there is none."""
    if hint is None or hint is inspect.Parameter.empty:
        return "any"
    if isinstance(hint, str):
        return hint
    if get_origin(hint) is not None or get_args(hint):
        return str(hint).replace("typing.", "")
    return getattr(hint, "__name__", str(hint))


