"""`@flow`: a function whose body composes tasks. Tracing it yields a FlowSpec; nothing runs here.

Tracing is lazy: at display, at validation and at each start, with the functions as they are then. `session` gives
flows the methods that run, draw and save them; it makes its decorator with `flow_decorator`.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload
from weakref import WeakValueDictionary

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.again import Placed, is_same_output
from stratix_tasks.dsl.capture import refuse_texts
from stratix_tasks.dsl.control import STATIC
from stratix_tasks.dsl.definition import Called
from stratix_tasks.dsl.lint import lint
from stratix_tasks.dsl.references import Reference
from stratix_tasks.dsl.refusing import returned_by, texts_noted, user_line
from stratix_tasks.dsl.trace import TRACE, Trace, Traced, trace_of
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.spec.annotations import described, plain_default
from stratix_tasks.spec.conversion import convert
from stratix_tasks.spec.inputs import shown
from stratix_tasks.spec.model import FlowSpec, InputSpec
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.secrets import Secret
from stratix_tasks.spec.types import can_be_asked, hints_of
from stratix_tasks.spec.values import Ref
from stratix_tasks.spec.vocabulary import FLOW, GROUP, MAP, OF_ALL

_STAND_IN = re.compile(r"\b(Reference|Joined)\b|'(Condition|Fact|Filled|Element|Mapped|Crossed|Worded)'")
"""Said by code that was given a stand-in in place of a value."""
P = ParamSpec("P")
R = TypeVar("R")
KNOWN_FLOWS: WeakValueDictionary[str, FlowDefinition[..., Any]] = WeakValueDictionary()
"""The flows of this process by the name that they had first; of several with one name the one that was defined or loaded last."""


def flow_named(name: str) -> FlowDefinition[..., Any] | None:
    """The flow of this process that is called so now; None where there is none."""
    first = KNOWN_FLOWS.get(name)
    if first is not None and first.name == name:
        return first
    return next((flow for flow in list(KNOWN_FLOWS.values()) if flow.name == name), None)


class FlowDefinition(Called, Generic[P, R]):
    """A flow as it was defined: `fn` is the plain function, `inputs` its parameters, `static` names the static ones.

    Here a flow can be traced, and called in the body of another one. A subclass says what a call outside of that does.
    """

    options_given: Mapping[str, Any] = {}
    node_fields: Mapping[str, Any] = {}
    map_fields: Mapping[str, Any] = {}
    special = False
    _last: tuple[Traced, tuple[Placed | None, ...]] | None = None
    """What it was when it was traced last, for `again`."""

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        functools.update_wrapper(cast(Any, self), fn)
        self.fn = fn
        self.flow_options = dict(given)
        self.own_name = opts.name(given.get("name") or fn.__name__)
        self.template_name = self.own_name
        self._fields = opts.flow_fields(given, f"flow '{self.own_name}'")
        KNOWN_FLOWS[self.own_name] = self

    @property
    def name(self) -> str:
        """What its function is called, or its option says. A subclass may call it otherwise."""
        return self.own_name

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """In the body of another flow: a group of that one. Else the flow runs to its end and returns its value."""
        if TRACE.get() is None:
            return self.run_here(*args, **kwargs)
        return cast(R, self.place(args, kwargs))

    def run_here(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run to the end and return the value. FlowError `no-engine`: this class only defines flows."""
        raise FlowError(
            f"flow '{self.name}' has no engine to run it: define it by stratix_tasks.flow", code="no-engine"
        )

    def placed(self, options: Mapping[str, Any]) -> Self:
        """The same, as it is called in the body of another flow with these options. FlowError `unknown-option`."""
        what = f"flow '{self.name}' in another flow"
        opts.refuse_unknown(options, GROUP | MAP, what)
        other = copy(self)
        other.options_given = {**self.options_given, **options}
        other.node_fields, other.map_fields = opts.task_fields(other.options_given, what)
        other.template_name = str(options.get("name") or self.template_name)
        other.special = "after" in other.options_given
        return other

    def place(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Reference:
        """Called in the body of another flow: a group of that one, and what stands for its output."""
        trace = TRACE.get()
        assert trace is not None, "place() is for calls in the body of a flow"
        return trace.place_flow(self, args, dict(kwargs))

    @functools.cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The function's parameters by name."""
        return dict(inspect.signature(self.fn).parameters)

    @functools.cached_property
    def hints(self) -> dict[str, Any]:
        """The annotations as objects; one that can't be resolved stays a text."""
        noted = getattr(self.fn, "__annotations__", {})
        return {**{name: hint for name, hint in noted.items() if can_be_asked(hint)}, **hints_of(self.fn)}

    @functools.cached_property
    def static(self) -> frozenset[str]:
        """Inputs that are plain values while the flow is traced."""
        return frozenset(name for name in self.parameters if _is_static(self.hints.get(name)))

    @functools.cached_property
    def inputs(self) -> dict[str, InputSpec]:
        """The inputs as the document has them, without the static ones."""
        return {name: self._input(p) for name, p in self.parameters.items() if name not in self.static}

    @functools.cached_property
    def made_defaults(self) -> dict[str, Any]:
        """Defaults that the document says as plain data: members of an Enum, models."""
        given = {name: self.parameters[name].default for name, one in self.inputs.items() if not one.required}
        plain = {name: plain_default(value, self.hints.get(name, "")) for name, value in given.items()}
        return {name: value for name, value in given.items() if plain[name] is not value}

    @functools.cached_property
    def description(self) -> str:
        """What the option says, else the first paragraph of the docstring."""
        doc = inspect.getdoc(self.fn) or ""
        return str(self.flow_options.get("description") or " ".join(doc.split("\n\n")[0].split()))

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by input name, without the defaults. FlowError that shows the signature."""
        signature = inspect.signature(self.fn)
        try:
            return dict(signature.bind(*args, **kwargs).arguments)
        except TypeError as error:
            unknown = next((name for name in kwargs if name not in self.parameters), "")
            hint = f" {did_you_mean(unknown, self.parameters)}" if unknown else ""
            raise FlowError(
                f"line {user_line()[1]}: flow '{self.name}': {error}.{hint} It is {self.name}{signature}",
                code="bad-arguments",
            ) from None

    def trace(self, static: Mapping[str, Any] | None = None, *, inside: Trace | None = None) -> Traced:
        """Run the body with references for inputs and `static` for the static ones.

        FlowError when the body does with references what only tasks can, InputError for a static input of the wrong
        type. `inside` is the trace of the flow that calls this one.
        """
        above = (*inside.above, self) if inside is not None else (self,)
        last = self._last if inside is None else None
        trace = Trace(self.own_name, above, last[1] if last is not None else ())
        if inside is not None:
            trace.functions = inside.functions
        arguments = self._arguments(trace, static or {})
        token = TRACE.set(trace)
        try:
            with texts_noted() as texts:
                returned = self._run_body(arguments)
                with returned_by(getattr(inspect.unwrap(self.fn), "__code__", None)):
                    value = trace.value(returned)
        finally:
            TRACE.reset(token)
        if last is not None and trace.is_last and is_same_output(value, last[0].spec.output):
            return last[0]
        inputs = [name for name in self.parameters if name not in self.static]
        trace.problems += lint(self.fn, inputs)
        spec = FlowSpec.model_construct(
            flow=self.own_name,
            description=self.description,
            inputs=self.inputs,
            tasks=trace.nodes,
            flows=trace.flows,
            output=value,
            **self._fields,
        )
        refuse_texts(spec, texts)
        traced = Traced(spec, trace.functions, trace.problems)
        if inside is None:
            self._last = (traced, tuple(trace.said)) if trace.can_be_kept else None
        return traced

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_last"}

    def map(self, /, *args: P.args, **kwargs: P.kwargs) -> list[R]:
        """In the body of another flow: a scope of this one for each element of the arguments marked by `each`, side by side.

        Each goes its own way, branches and maps inside it included; the value is the list of their values, in order.
        """
        return cast("list[R]", trace_of(f"{self.name}.map").place_mapped_flow(self, args, dict(kwargs)))

    def _input(self, parameter: inspect.Parameter) -> InputSpec:
        required = parameter.default is inspect.Parameter.empty
        hint = self.hints.get(parameter.name, "")
        default = None if required else plain_default(parameter.default, hint)
        if type(default) is not Secret:  # which stands for itself there
            default = Trace(self.name).value(default)
        return InputSpec.model_construct(**described(hint), required=required, default=default)

    def _arguments(self, trace: Trace, static: Mapping[str, Any]) -> inspect.BoundArguments:
        signature = inspect.Signature(list(self.parameters.values()))
        bound = signature.bind_partial()
        for name, parameter in self.parameters.items():
            plain = name in self.static
            bound.arguments[name] = self._static(parameter, static) if plain else Reference(Ref("inputs", name), trace)
        return bound

    def static_values(self, static: Mapping[str, Any]) -> dict[str, Any]:
        """All static inputs as the body sees them, defaults filled in. InputError as `trace`."""
        return {name: self._static(self.parameters[name], static) for name in self.parameters if name in self.static}

    def _static(self, parameter: inspect.Parameter, static: Mapping[str, Any]) -> Any:
        name = parameter.name
        if name not in static:
            if parameter.default is inspect.Parameter.empty:
                raise InputError(f"flow '{self.name}': static input '{name}' has no default, so give it")
            return parameter.default
        try:
            return convert(static[name], self.hints.get(name, Any))
        except ValueError as error:
            raise InputError(f"flow '{self.name}': static input '{name}': {shown(static[name])}: {error}") from None

    def _run_body(self, arguments: inspect.BoundArguments) -> Any:
        try:
            output = self.fn(*arguments.args, **arguments.kwargs)
            return _finish_coroutine(output, self.name) if inspect.iscoroutine(output) else output
        except (TypeError, AttributeError) as error:
            if _STAND_IN.search(str(error)) is None:
                raise
            raise FlowError(
                f"flow '{self.name}': {error}. A reference stands for a value that is known only when the flow runs: do it "
                "inside a task",
                code="reference-used-as-value",
            ) from error

    def __repr__(self) -> str:
        return f"<flow {self.name}{inspect.signature(self.fn)}>"


class FlowDecorator(Protocol):
    """`flow` as a type checker sees it, for flows that are FlowDefinitions and no more."""

    @overload
    def __call__(self, fn: Callable[P, R], /) -> FlowDefinition[P, R]: ...
    @overload
    def __call__(self, **options: Any) -> FlowDecorator: ...


def flow_decorator(cls: type[FlowDefinition[Any, Any]]) -> FlowDecorator:
    """The `flow` decorator whose flows are of class `cls`; a type checker needs its own signature for a subclass."""

    def flow(fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make a function a flow: `@flow`, or `@flow(name="sales", pools={"api": 4}, concurrency=16, timeout="2h")`."""
        opts.refuse_unknown(options, FLOW | OF_ALL, "a flow")
        if fn is None:
            return lambda function: _make(cls, function, options)
        return _make(cls, fn, options)

    return cast(FlowDecorator, flow)


def _make(cls: type[FlowDefinition[Any, Any]], fn: Any, options: Mapping[str, Any]) -> FlowDefinition[Any, Any]:
    if isinstance(fn, FlowDefinition):
        raise FlowError(f"'{fn.name}' is a flow already", code="bad-flow")
    if hasattr(fn, "template_name"):
        raise FlowError(f"'{fn.template_name}' is a task; a function is a task or a flow, not both", code="bad-flow")
    if not inspect.isfunction(fn) or inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise FlowError(f"a flow is made of a function that returns, not of {fn!r}", code="bad-flow")
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(p.kind in kinds for p in inspect.signature(fn).parameters.values()):
        raise FlowError(
            f"flow '{fn.__name__}' takes * or ** arguments; name each input, so that it can be checked", code="bad-flow"
        )
    return cls(fn, options)


def _finish_coroutine(coroutine: Any, name: str) -> Any:
    """An `async def` body awaits references only, so that one step ends it."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise FlowError(
        f"flow '{name}' awaits something that is no task: the body of a flow only composes; await it in a task",
        code="bad-flow",
    )


def _described(hint: Any) -> str:
    """What `Annotated[int, Field(description="…")]` says."""
    said = (getattr(part, "description", None) for part in getattr(hint, "__metadata__", ()))
    return next((text for text in said if isinstance(text, str)), "")


def _is_static(hint: Any) -> bool:
    metadata = getattr(hint, "__metadata__", ())
    return STATIC in metadata or (isinstance(hint, str) and hint.split("[")[0].endswith("Static"))
