"""`Flow`: a flow definition with what the rest of the house can do with it: run, check, draw and save."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, cast, overload

from stratix_tasks.dsl import options as opts
from stratix_tasks.dsl.bind import bind, fed_hints, typed
from stratix_tasks.dsl.definition import BaseTask
from stratix_tasks.dsl.flow import KNOWN_FLOWS, FlowDefinition, flow_decorator
from stratix_tasks.dsl.refusing import raised_on
from stratix_tasks.dsl.task import known_tasks
from stratix_tasks.dsl.trace import TRACE, Trace, Traced
from stratix_tasks.edits.editing import Step
from stratix_tasks.errors import FlowError, InputError
from stratix_tasks.executors.registry import HERE, Registry
from stratix_tasks.formats.carried import is_picture
from stratix_tasks.look.poller import Poller
from stratix_tasks.runners.attempt import CURRENT
from stratix_tasks.runs import wait
from stratix_tasks.runs.handle import Handle
from stratix_tasks.runs.interrupted import interrupted_of
from stratix_tasks.runs.start import start
from stratix_tasks.session.default import default_engine
from stratix_tasks.session.document import (
    Place,
    bytes_of,
    document_of,
    spec_of,
    stand_in,
    to_python,
    to_yaml,
    with_objects,
)
from stratix_tasks.session.edited import Editable, Edits
from stratix_tasks.session.last import last_run
from stratix_tasks.session.pictures import Pictured
from stratix_tasks.session.run import Run
from stratix_tasks.spec.annotations import unchecked
from stratix_tasks.spec.check import check
from stratix_tasks.spec.check_secrets import missing
from stratix_tasks.spec.forms import input_schema
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import FlowSpec
from stratix_tasks.spec.problems import Problem
from stratix_tasks.view.messages import Interrupted

if TYPE_CHECKING:
    import networkx

    from stratix_tasks.look.sources import FlowSource
    from stratix_tasks.session.edited_flow import EditedFlow
    from stratix_tasks.view.widget import FlowView

P = ParamSpec("P")
R = TypeVar("R")
POLLER: Poller[str, list[Interrupted]] = Poller(lambda flow: interrupted_of(default_engine(), flow))
"""Keeps the views of flows informed of interrupted runs in the store of the default engine."""


class Flow(Editable, Pictured, FlowDefinition[P, R], Generic[P, R]):
    """A flow: call it to run it to the end, `start` it to get a handle at once."""

    _start_options: Mapping[str, Any] = {}
    is_document = False
    """Whether it was loaded, or drawn, and is edited where it is; the edits of a cell's flow are beside its cell."""
    allowed: tuple[str, ...] = ()
    """Modules that may be imported when a document is bound to its functions."""

    def __init__(self, fn: Callable[..., Any], given: Mapping[str, Any]) -> None:
        before = KNOWN_FLOWS.get(str(given.get("name") or fn.__name__))
        self.edits_made = Edits(_left_by(before, fn))
        super().__init__(fn, given)

    @property
    def name(self) -> str:
        """What its document says, or its cell, with what was edited."""
        now = self.edits_made.now
        return now.spec.flow if now is not None else self.own_name

    def trace(self, static: Mapping[str, Any] | None = None, *, inside: Trace | None = None) -> Traced:
        """The document of the body, with the edits that were made of it."""
        fresh = self.edits_made.fresh if not static and inside is None else None
        traced = fresh or super().trace(static, inside=inside)
        return self.edits_made.apply_to(traced) if self.edits_made.pending else traced

    def _unedited(self) -> Traced:
        return super().trace()

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run to the end and return the value; in another flow's body: a group of that one."""
        if TRACE.get() is not None:
            return cast(R, self.place(args, kwargs))
        if CURRENT.get() is not None:
            raise FlowError(
                f"flow '{self.name}' was called in the body of a task. Compose in the flow: call '{self.name}' in the @flow that this task "
                "belongs to, or call plain functions here",
                code="flow-in-task",
            )
        begun: list[Handle] = []
        try:
            run = self._begin(args, kwargs, begun)
            if inspect.iscoroutinefunction(self.fn):
                return cast(R, wait.wait_async(run))
            run.wait()
        except KeyboardInterrupt:
            wait.cancel(begun)
            raise
        return cast(R, wait.value(run))

    def start(self, /, *args: Any, **kwargs: Any) -> Run:
        """Start it with these inputs; returns a handle at once. FlowError with all problems; InputError; StoreError."""
        return self._begin(args, kwargs, [])

    def _begin(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], begun: list[Handle]) -> Run:
        """Start it; an interrupt finds in `begun` what it has to end."""
        try:
            given = self.bind_partial(args, kwargs)
        except TypeError as error:
            raise InputError(f"flow '{self.name}' can't start: {error}") from None
        engine = default_engine()
        run = Run(engine, start(engine, self, given, **self._start_options, begun=begun), self)
        begun[:] = [run]  # the same key is the same run, which began before
        return run

    def bind_partial(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs by name; unknown names are left for the check, which says what is allowed."""
        names = self.takes
        if len(args) > len(names):
            raise TypeError(f"it takes {len(names)} inputs ({', '.join(names)}), not {len(args)}")
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name in given:
                raise TypeError(f"input '{name}' was given twice")
            given[name] = value
        return given

    @property
    def takes(self) -> list[str]:
        """The inputs that it can be given, in order."""
        if not self.edits_made.pending:
            return [*self.parameters]
        inputs = self.spec.inputs
        return [name for name in self.parameters if name in inputs or name in self.static] + [
            name for name in inputs if name not in self.parameters
        ]

    def options(self, **options: Any) -> Self:
        """How it is started: `key` (the same key is the same run), `priority`, `tags`, and `until`: a node, or several, beyond
        which nothing is run.

        In the body of another flow, how it is placed there: `name`, `after`, `join`, … and, before `.map`, the options of a fan-out.
        """
        if TRACE.get() is not None:
            return self.placed(options)
        opts.refuse_unknown(options, opts.START, f"starting flow '{self.name}'")
        other = copy.copy(self)
        other._start_options = {**self._start_options, **options}
        return other

    # ------------------------------------------------------------------ looking at it

    @property
    def spec(self) -> FlowSpec:
        """The document, traced with the functions as they are now. FlowError when the body can't be traced."""
        return self.trace().spec

    @property
    def graph(self) -> networkx.DiGraph[str]:
        return Graph(self.spec).to_networkx()

    def _pools(self) -> Mapping[str, int]:
        return default_engine().pools

    def _shown(self) -> FlowSource:
        from stratix_tasks.session.display import flow_source

        return flow_source(self, self._pools())

    # ------------------------------------------------------------------ documents

    def to_yaml(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        code: str | os.PathLike[str] | None = None,
        objects: str | os.PathLike[str] | None = None,
    ) -> str:
        """The flow as a YAML document, from which `load_flow` makes the same again; written to `path` too, if given.

        `code`: a .py file, into which functions of the notebook are written with what they use, so that others can import
        them. `objects`: a folder in that of `path`, for values that YAML has no text for. FlowError `not-portable` lists
        what can't be written even so: functions that can't be imported, values that can't be stored.
        """
        from stratix_tasks.session.display import written

        return written(to_yaml(self, path, code, objects), path)

    def to_python(self, path: str | os.PathLike[str] | None = None) -> str:
        """The flow as a Python module, which yields the same document when it is traced (a flow that others call stands in each of
        these then); written to `path` too, if given.

        Functions are imported; those of the notebook are written out. FlowError `not-portable` lists what Python has no
        word for, and functions that can't be had.
        """
        from stratix_tasks.session.display import written

        return written(to_python(self), path)

    @classmethod
    def from_yaml(cls, text: str, *, allow: Collection[str] = (), executors: Registry | None = None) -> Flow[..., Any]:
        """The flow of a YAML text. `allow` names modules that may be imported when it is bound to its functions;
        `executors` are those of the engine that is to run it (`engine.executors`), where that is not the default one.

        FlowError `bad-document` with every problem, each with its line and column.
        """
        from stratix_tasks.formats.yaml import load

        if not isinstance(text, str):
            told = f"from_yaml() takes the text of a document, not {text!r}: load_flow(path) reads a file"
            raise FlowError(told, code="bad-document")
        return DocumentFlow(load(text, executors=(executors or HERE.get()).entries), allow, text=text)

    @classmethod
    def new(cls, name: str) -> Flow[..., Any]:
        """A flow without nodes, to be drawn: `Flow.new("sales").edit()`."""
        return DocumentFlow(spec_of({"flow": name}))

    @classmethod
    def from_spec(cls, spec: FlowSpec | Mapping[str, Any], *, allow: Collection[str] = ()) -> Flow[..., Any]:
        """The flow of a FlowSpec, or of its JSON data. `allow`: as in `from_yaml`."""
        return DocumentFlow(spec_of(spec), allow)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from stratix_tasks.session.display import bundle

        return bundle(self._source(), self._leads(), **options)

    def _ipython_display_(self) -> None:
        from stratix_tasks.session.display import show_in_batch

        show_in_batch(self._source)

    def _source(self) -> EditedFlow:
        from stratix_tasks.session.display import flow_source
        from stratix_tasks.session.edited_flow import EditedFlow

        def now(before: FlowSource | None) -> FlowSource:
            """What is known of interrupted runs is kept up to date while it is watched: an edit asks the store for nothing."""
            if before is None or before.root.spec.flow != self.name:
                left = interrupted_of(default_engine(), self.name)
            else:
                left = before.interrupted
            return flow_source(self, self._pools(), left=left, poller=POLLER)

        return EditedFlow(self, now, lambda: self._last_run)

    @property
    def _last_run(self) -> Run | None:
        return last_run(self.spec)

    def _leads(self) -> Any:
        """To what the views of the flow lead."""
        from stratix_tasks.session.view_actions import Leads

        def start(until: str | None, /, **inputs: Any) -> Run:
            return self.options(until=until).start(**inputs)

        return Leads(default_engine, start, self)

    def edit(self) -> FlowView:
        """The visual editor of the flow: what is edited there is what runs, is drawn and is saved from then on."""
        from stratix_tasks.session.display import kept
        from stratix_tasks.view.widget import FlowView

        return FlowView(self._source(), self._leads(), kept, editing=True)

    def validate(self, *, secrets: bool = False) -> list[Problem]:
        """Everything that is wrong with it; nothing when it can start. With `secrets` also those that it names and the default
        engine does not have: a start does not ask for them.
        """
        try:
            traced = self.trace()
        except FlowError as error:
            line = raised_on(error)
            return error.problems or [Problem(error.code, error.message.removeprefix(f"line {line}: "), line=line)]
        wrong = traced.wrong(check(Graph(traced.spec), HERE.get().entries, self._pools(), traced.functions))
        wrong += missing(traced.spec, default_engine().vault.has) if secrets else ()
        return [*wrong, *(warning for _, warning in unchecked(traced.spec, self.hints))]

    def input_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of the inputs, for forms: an object with a property an input."""
        return input_schema(self.spec)

    def __repr__(self) -> str:
        return f"<flow {self.name}{inspect.signature(self.fn)}>"


def _left_by(before: FlowDefinition[..., Any] | None, fn: Callable[..., Any]) -> tuple[Step, ...]:
    """The edits of the definition that this one stands in place of: a cell that was run again."""
    if not isinstance(before, Flow) or isinstance(before, DocumentFlow):
        return ()
    same = (before.fn.__module__, before.fn.__qualname__) == (fn.__module__, fn.__qualname__)
    return before.edits_made.unsaved if same else ()


class DocumentFlow(Flow[..., Any]):
    """A flow of a document. Its functions are looked up at each start: tasks of this kernel, or of allowed modules."""

    is_document = True

    def __init__(
        self, spec: FlowSpec, allow: Collection[str] = (), *, text: str | None = None, file: Path | None = None
    ) -> None:
        before = KNOWN_FLOWS.get(spec.flow)
        super().__init__(stand_in(spec), {"name": spec.flow, "description": spec.description})
        self.allowed = (allow,) if isinstance(allow, str) else tuple(allow)
        self._folder = file.parent if file is not None else Path()
        self.edits_made.load(spec, text, file)
        if isinstance(before, DocumentFlow) and before.edits_made.file == file:
            self.edits_made.offered = before.edits_made.unsaved

    def to_yaml(self, path: Place = None, *, code: Place = None, objects: Place = None) -> str:
        """As `Flow.to_yaml`; without `code` and `objects` it is the document itself, with its comments, and what was edited."""
        if code is not None or objects is not None:
            return super().to_yaml(path, code=code, objects=objects)
        from stratix_tasks.formats.yaml import dump
        from stratix_tasks.session.display import written

        now = self.edits_made.now
        return written(now.text if now is not None and now.text is not None else dump(self._document), path)

    @property
    def _document(self) -> FlowSpec:
        now = self.edits_made.now
        assert now is not None, "a document is loaded from the beginning"
        return now.spec

    def _unedited(self) -> Traced:
        now = self.edits_made.now
        assert now is not None, "a document is loaded from the beginning"
        return Traced(now.base, {}, [])

    def validate(self, *, secrets: bool = False) -> list[Problem]:
        """As `Flow.validate`; each problem has its line and column."""
        wrong, now = super().validate(secrets=secrets), self.edits_made.now
        if not wrong or now is None or now.text is None:
            return wrong
        from stratix_tasks.formats.yaml import located

        return located(now.text, wrong, file=os.fspath(self.edits_made.file or ""))

    def trace(self, static: Mapping[str, Any] | None = None, *, inside: Trace | None = None) -> Traced:
        """The document, bound to its functions; problems tell what could not be bound."""
        functions, unbound = self._bound()
        if inside is not None:
            inside.functions.update(functions)
        spec, mistyped = typed(with_objects(self._document, self._folder), functions)
        return Traced(spec, functions, [*unbound, *mistyped])

    @property
    def hints(self) -> dict[str, Any]:
        """Of inputs that are made by classes: what the functions say which they feed."""
        return fed_hints(self._document, lambda: self._bound()[0])

    def _bound(self) -> tuple[dict[str, BaseTask], list[Problem]]:
        return bind(self._document, known_tasks(), self.allowed)


def load_flow(
    path: str | os.PathLike[str], *, allow: Collection[str] = (), executors: Registry | None = None
) -> Flow[..., Any]:
    """The flow of a YAML file, or of a picture that `to_svg`, `to_png` or `to_html` wrote. `allow` names modules that may be
    imported when it is bound to its functions; `executors` are those of the engine that is to run it (`engine.executors`), where
    that is not the default one.

    FlowError: `no-file`; `no-flow` for a picture that carries none; `bad-document` with every problem, each with file, line
    and column.
    """
    from stratix_tasks.formats.yaml import load

    data = bytes_of(path)
    carried = is_picture(data)
    text = document_of(data, path)
    spec = load(text, file=os.fspath(path), executors=(executors or HERE.get()).entries)
    return DocumentFlow(spec, allow, text=text, file=None if carried else Path(path))


if TYPE_CHECKING:

    class FlowDecorator:
        """What `@flow(…)` yields."""

        def __call__(self, fn: Callable[P, R], /) -> Flow[P, R]: ...

    @overload
    def flow(fn: Callable[P, R], /) -> Flow[P, R]: ...

    @overload
    def flow(
        *,
        name: str = ...,
        pools: Mapping[str, int] = ...,
        policies: Mapping[str, Mapping[str, Any]] = ...,
        defaults: Mapping[str, Any] = ...,
        concurrency: int = ...,
        timeout: Any = ...,
        on_failure: str = ...,
        max_recoveries: int = ...,
        tags: list[str] = ...,
        description: str = ...,
        **later: Any,
    ) -> FlowDecorator: ...

    def flow(fn: Any = None, /, **options: Any) -> Any:
        """Make a function a flow: its body composes tasks."""

else:
    flow = flow_decorator(Flow)
