"""Python that is written of flows: it reads well, runs, and is the same document when it is traced."""

from __future__ import annotations

import sys
from keyword import iskeyword
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from specs import flows

from stratix_tasks import task
from stratix_tasks.dsl.sources import Sources
from stratix_tasks.formats.python import dump
from stratix_tasks.spec.model import FlowSpec

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def stand_in(module: str, qualname: str) -> Any:
    def function(*_parts_: Any, **_more_: Any) -> Any: ...

    function.__module__, function.__qualname__, function.__name__ = module, qualname, qualname.rpartition(".")[2]
    return function


class C:
    d = staticmethod(task(retry=2, pool="p")(stand_in("a.b", "C.d")))


C.__module__, C.__qualname__ = "a.b", "C"
MODULES = {
    "mylib.ingest": {"load": stand_in("mylib.ingest", "load")},
    "a.b": {"C": C},
    "loose": {"fetch": task(timeout="1m", priority=2)(stand_in("loose", "fetch"))},
}
"""The functions of the strategy: a plain one, a task in a class, and a task with options that is called by name alone."""
CALLS = {
    "mylib.ingest:load": task(MODULES["mylib.ingest"]["load"]),
    "a.b:C.d": C.d,
    "fetch": MODULES["loose"]["fetch"],
}


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, members in MODULES.items():
        module = ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "mylib", ModuleType("mylib"))


def written(spec: FlowSpec) -> str:
    sources = Sources()
    callees = sources.callees(CALLS)
    assert not sources.problems
    return dump(spec, {callee.call: callee for callee in callees.values()}, sources.module)


def traced(text: str) -> Any:
    """The flow that is defined last in a text."""
    scope: dict[str, Any] = {"__name__": "written"}
    exec(compile(text, "written.py", "exec", dont_inherit=True), scope)
    from stratix_tasks import Flow

    return [value for value in scope.values() if isinstance(value, Flow)][-1].trace()


def sayable(spec: FlowSpec) -> FlowSpec:
    """The flow without what Python can't say: sub-flows that nothing calls or that are named otherwise, and names of inputs
    that are words of Python; functions called by their full names.
    """
    used = {node.flow for node in spec.tasks.values()}
    flows = {name: sayable(inner).but({"flow": name}) for name, inner in spec.flows.items() if name in used}
    tasks = {
        name: node.but({"call": "loose:fetch"}) if node.call == "fetch" else node for name, node in spec.tasks.items()
    }
    assume(not any(iskeyword(name) for name in spec.inputs))
    return spec.but({"flows": flows, "tasks": tasks})


@settings(max_examples=300, suppress_health_check=[*QUIET, HealthCheck.function_scoped_fixture])
@given(spec=flows())
def test_spec_to_python_to_spec_is_the_identity(spec: FlowSpec) -> None:
    """For any document that Python can say; tracing what was written finds nothing wrong with it."""
    spec = sayable(spec)
    text = written(spec)
    again = traced(text)
    assert again.spec == spec, text
    assert not again.problems, text
