"""What is said for several nodes at once has effect on their runs: policies, defaults by name, defaults."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from gated import gate, gates
from small_bodies import LONG, states

from stratix_tasks import Engine, Flow, FlowError, approval, current, flow, task

TRIES: dict[str, int] = {}
ORDER: list[str] = []
_lock = threading.Lock()


@pytest.fixture(autouse=True)
def _anew() -> None:
    TRIES.clear()
    ORDER.clear()


@task
def shaky(name: str, good: int) -> int:
    """Comes off at the try number `good`."""
    with _lock:
        TRIES[name] = TRIES.get(name, 0) + 1
    if TRIES[name] < good:
        raise OSError("not yet")
    return TRIES[name]


@task
def place() -> str:
    return threading.current_thread().name


@task
def note(name: str) -> str:
    ORDER.append(name)
    return name


@task
def stuck() -> None:
    while True:
        current().checkpoint()


SHAKY = "with: {name: a, good: 3}"
RETRY = "{retry: {max: 2, delay: 1ms}}"
SAID = {
    "policy": (f"policies: {{net: {RETRY}}}", f"call: {__name__}:shaky, policy: net, {SHAKY}"),
    "pattern by function": (f'defaults: {{for: {{"sha*": {RETRY}}}}}', f"call: {__name__}:shaky, {SHAKY}"),
    "pattern by module": (f'defaults: {{for: {{"{__name__}:*": {RETRY}}}}}', f"call: {__name__}:shaky, {SHAKY}"),
    "the last pattern": (
        f'defaults: {{for: {{"sha*": {{retry: 0}}, "*shaky": {RETRY}}}}}',
        f"call: {__name__}:shaky, {SHAKY}",
    ),
    "defaults": (f"defaults: {RETRY}", f"call: {__name__}:shaky, {SHAKY}"),
    "pattern before defaults": (
        f'defaults: {{retry: 0, for: {{"sha*": {RETRY}}}}}',
        f"call: {__name__}:shaky, {SHAKY}",
    ),
    "policy before pattern": (
        f'policies: {{net: {RETRY}}}\ndefaults: {{for: {{"sha*": {{retry: 0}}}}}}',
        f"call: {__name__}:shaky, policy: net, {SHAKY}",
    ),
    "node before policy": (
        "policies: {net: {retry: 0}}",
        f"call: {__name__}:shaky, policy: net, retry: {{max: 2, delay: 1ms}}, {SHAKY}",
    ),
}


def document(top: str, node: str) -> Flow[..., Any]:
    text = f"stratix: 1\nflow: f\n{top}\ntasks:\n  x: {{{node}}}\noutput: '${{{{ tasks.x.output }}}}'\n"
    return Flow.from_yaml(text, allow=[__name__])


@pytest.mark.parametrize("what", SAID)
def test_a_word_counts_before_those_of_more_nodes(engine: Engine, what: str) -> None:
    """The node's own, then its policy's, then that of what it calls, the last pattern first, then that of all."""
    assert engine.start(document(*SAID[what])).result(LONG) == 3


def test_a_policy_of_python_holds_in_flows_inside(engine: Engine) -> None:
    """`@task(policy=…)` takes the nearest flow's; a flow inside may have one of its own by that name."""
    careful = shaky.options(policy="net")

    @flow(policies={"net": {"retry": 0}})
    def own(good: int) -> int:
        return careful("own", good)

    @flow
    def inner(good: int) -> int:
        return careful("inner", good)

    @flow(policies={"net": {"retry": {"max": 2, "delay": "1ms"}}})
    def outer() -> Any:
        return [careful("outer", 2), inner(3), own(1)]

    assert outer.validate() == []
    assert engine.start(outer).result(LONG) == [2, 3, 1]
    again = Flow.from_yaml(outer.to_yaml(), allow=[__name__])
    assert again.spec == outer.spec

    @flow(policies={"net": {"retry": {"max": 2, "delay": "1ms"}}})
    def fails() -> Any:
        return own(3)

    run = engine.start(fails)
    run.wait(LONG)
    assert (run.status, states(run)["own.shaky"]) == ("failed", "failed")


def test_a_policy_says_where_a_node_runs(engine: Engine) -> None:
    """Its runner is that of the node."""

    @flow(policies={"here": {"runner": "inline"}})
    def f() -> Any:
        return place(), place.options(policy="here")(), place.options(runner="inline")()

    thread, by_policy, inline = engine.start(f).result(LONG)
    assert thread != inline
    assert by_policy == inline


def test_a_policy_says_in_which_order_nodes_begin(engine: Engine) -> None:
    """Its priority counts among nodes that can begin."""

    @flow(concurrency=1, policies={"first": {"priority": 9}})
    def f() -> Any:
        note.options(name="low")("low")
        note.options(name="high", policy="first")("high")

    engine.start(f).wait(LONG)
    assert ORDER == ["high", "low"]


def test_a_policy_says_which_places_a_node_takes(engine: Engine) -> None:
    """While its pool is full it waits; a node that names no pool, on purpose, does not."""

    @flow(pools={"one": 1}, policies={"net": {"pool": "one"}})
    def f() -> Any:
        shut = gate.options(policy="net", name="shut")("shut")
        held = note.options(policy="net", name="held")("held")
        free = note.options(policy="net", pool=[], name="free")("free")
        return [shut, held, gate.options(name="last", after=[free])("last")]

    run = engine.start(f)
    gates.arrive("shut")
    gates.arrive("last")
    assert "pool 'one'" in run.why("held")
    assert ORDER == ["free"]
    gates.let("shut")
    gates.let("last")
    assert run.result(LONG) == ["shut", "held", "last"]


def test_a_policy_limits_a_node(engine: Engine) -> None:
    """Its time-out ends the attempt."""

    @flow(policies={"quick": {"timeout": "20ms"}})
    def f() -> Any:
        return stuck.options(policy="quick")()

    run = engine.start(f)
    run.wait(LONG)
    assert (run.status, run.error.code if run.error else "") == ("failed", "timeout")


def test_a_wait_takes_its_deadline_of_a_policy(engine: Engine) -> None:
    """Named at the node it holds, though `defaults` are about bodies alone; what means nothing to a wait is a problem."""

    @flow(policies={"soon": {"timeout": "1ms"}})
    def asks() -> Any:
        return approval.options(policy="soon")("Ship it?")

    run = engine.start(asks)
    run.wait(LONG)
    assert (run.status, run.error.code if run.error else "") == ("failed", "timeout")

    @flow(policies={"soon": {"retry": 3}})
    def wrong() -> Any:
        return approval.options(policy="soon")("Ship it?")

    assert [problem.code for problem in wrong.validate()] == ["bad-option"]


def test_policies_are_checked() -> None:
    """One that there is not, with what may be meant; options that no policy has; what nobody takes is a warning."""

    @flow(policies={"net": {"retry": 3}}, defaults={"for": {"http.*": {"retry": 2}}})
    def f() -> Any:
        return shaky.options(policy="ner")("a", 1)

    told = {problem.code: problem for problem in f.validate()}
    assert "Did you mean 'net'" in told["unknown-policy"].hint
    assert [problem.message for problem in f.validate() if problem.warning] == [
        "defaults for 'http.*' mean no task: none calls or uses anything of that name",
        "no task takes the policy 'net'",
    ]
    with pytest.raises(FlowError, match="policies 'net' has no option 'retyr'"):
        flow(policies={"net": {"retyr": 3}})(f.fn)
    with pytest.raises(FlowError, match="defaults has no option 'name'"):
        flow(defaults={"name": "x"})(f.fn)
