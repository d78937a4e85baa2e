"""The contract of every option: what its row says is so in Python, in documents, in the schema, in layout and in `run.set`."""

from __future__ import annotations

import inspect
from typing import Any, get_overloads

import pytest

from stratix_tasks import FlowError, each, flow, task
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.node import Policy
from stratix_tasks.core.ports import RUNNERS
from stratix_tasks.core.settings import OPTIONS, changed
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.executors.waits import USELESS
from stratix_tasks.formats.yaml import dump, load
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.runs.request_data import setting
from stratix_tasks.spec import vocabulary
from stratix_tasks.spec.fields import FLOW, IN_DEFAULTS, IN_FLOW, IN_NODE, INPUT, LOOP, MAP, TASK, Kind, Option
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import Defaults, Each, FlowSpec, InputSpec, Loop, NodeSpec, Shared
from stratix_tasks.spec.text import document, from_document

GIVEN: dict[Kind, Any] = {
    Kind.NAME: "other",
    Kind.TEXT: "in words",
    Kind.KEY: "{x}",
    Kind.WHOLE: 7,
    Kind.DURATION: "90s",
    Kind.RUNNER: "inline",
    Kind.NAMES: ["p", "q"],
    Kind.TEXTS: "day",
    Kind.SIZES: {"p": 2},
    Kind.RETRY: {"max": 2, "delay": "5s", "backoff": 3, "jitter": "none", "on": ["OSError"]},
    Kind.TIMEOUT: {"attempt": "30s", "total": "1h"},
    Kind.JOIN: {"n_of": 1},
    Kind.CALL: "shop:unpublish",
    Kind.CONDITION: lambda x: x > 1,
    Kind.POLICIES: {"net": {"retry": 3, "pool": "p"}},
    Kind.VALUE: {"day": [1, None]},
    Kind.DEFAULTS: {"priority": 7, "for": {"wo*": {"retry": 3}}},
}
"""A value of each kind, as Python takes it, which is no option's default."""
BODIES = {"call", "flow", "uses", "with", "needs", "when", "catch", "each", "loop"}
PARTS = {"stratix", "flow", "inputs", "tasks", "finally", "flows", "output", "ui"}
BESIDE = {"losers": {"join": "any"}}
"""What has to be said beside an option, so that it means something; of a fan-out by `gather`."""
AFTER = {"barrier"}
"""What means something to a fan-out over the whole result of another one."""
OF_POLICY = [option for option in IN_NODE if option.name in Policy.__dataclass_fields__]


def given(option: Option) -> Any:
    if option.kind is Kind.SWITCH:
        return not option.default
    usual = (option.default, getattr(Policy(), option.name, None))
    return next(word for word in option.words if word not in usual) if option.words else GIVEN[option.kind]


def by_name(option: Option) -> str:
    return option.name


@task
def work(x: int) -> int:
    return x


@task
def other(x: int) -> int:
    return x


def in_node(option: Option) -> FlowSpec:
    """A flow in whose node the option is given in Python."""
    placed = work.options(**BESIDE.get(option.name, {}), **{option.name: given(option)})

    @flow(pools={"p": 2, "q": 1}, policies={"in words": {"retry": 3}})
    def f(x: int) -> int:
        return placed(other(x))

    return f.spec


@flow
def called(x: int) -> int:
    return work(x)


def in_group(option: Option) -> FlowSpec:
    """A flow that calls another one, of which the option is given in Python."""

    @flow(pools={"p": 2, "q": 1}, policies={"in words": {"retry": 3}})
    def f(x: int) -> int:
        return called.options(**BESIDE.get(option.name, {}), **{option.name: given(option)})(other(x))

    return f.spec


def in_map(option: Option) -> FlowSpec:
    beside = {"gather": "any"} if option.name in BESIDE else {}
    placed = work.options(**beside, **{option.name: given(option)})

    @flow
    def f(xs: list[int], lists: list[list[int]]) -> list[int]:
        over: Any = other.map(each(xs)) if option.name in AFTER else lists if option.name == "flatten" else xs
        return placed.map(each(over))

    return f.spec


def in_flow(option: Option) -> FlowSpec:
    @flow(**{option.name: given(option)})
    def f(x: int) -> int:
        return work(x)

    return f.spec


def in_defaults(option: Option) -> FlowSpec:
    value = getattr(in_node(option).tasks["work"], option.name)
    return in_flow(FLOW[0]).but({"defaults": Defaults(**{option.name: value}), "pools": {"p": 2, "q": 1}})


def in_policy(option: Option) -> FlowSpec:
    """A flow whose node takes the option of a policy that it names."""
    value = getattr(in_node(option).tasks["work"], option.name)
    made = in_defaults(option)
    node = made.tasks["work"].but({"policy": "net"})
    said = {"defaults": None, "policies": {"net": Shared(**{option.name: value})}}
    return made.but({**said, "tasks": {"work": node}})


def in_pattern(option: Option) -> FlowSpec:
    """A flow that says the option of what its node calls."""
    value = getattr(in_node(option).tasks["work"], option.name)
    return in_defaults(option).but({"defaults": Defaults(**{"for": {"*:wo*": Shared(**{option.name: value})}})})


def written(made: FlowSpec) -> str:
    """The text of a flow, which is read again as the same; so is the document that is stored."""
    text = dump(made)
    assert load(text) == made
    assert dump(load(text)) == text
    assert from_document(document(made)) == made
    return text


@pytest.mark.parametrize("option", [option for option in IN_NODE if option.of_tasks], ids=by_name)
def test_an_option_of_a_node(option: Option) -> None:
    """Taken by `.options`, written to YAML and read again."""
    made = in_node(option)
    assert getattr(made.tasks["work"], option.name) != option.default
    assert f" {option.name}:" in written(made)


@pytest.mark.parametrize("option", IN_NODE, ids=by_name)
def test_an_option_of_a_flow_in_a_flow(option: Option) -> None:
    """Taken by `.options`, written and read again, and laid out where the core acts on it; or refused by its name."""
    if not option.of_flows:
        with pytest.raises(FlowError, match=f"has no option '{option.name}'"):
            in_group(option)
        return
    made = in_group(option)
    assert getattr(made.tasks["called"], option.name) != option.default
    assert f" {option.name}:" in written(made)
    block = lay_out(Graph(made), {}, EXECUTORS, RUNNERS)
    policy = block.nodes[block.index["called"]].policy
    assert option not in OF_POLICY or getattr(policy, option.name) != getattr(Policy(), option.name)


@pytest.mark.parametrize("option", MAP, ids=by_name)
def test_an_option_of_a_fan_out(option: Option) -> None:
    """Taken by `.options`, refused of a node that is not mapped, written to YAML and read again."""
    made = in_map(option)
    fan_out = made.tasks["work"].each
    assert fan_out is not None
    assert getattr(fan_out, option.name) != option.default
    assert f" {option.name}:" in written(made)
    if option.name not in BESIDE:
        with pytest.raises(FlowError, match="is for a fan-out"):
            in_node(option)


@pytest.mark.parametrize("option", IN_FLOW, ids=by_name)
def test_an_option_of_a_flow(option: Option) -> None:
    """Taken by `@flow`, written to YAML and read again."""
    made = in_flow(option)
    assert getattr(made, option.name) != option.default
    assert f"\n{option.name}:" in written(made)


@pytest.mark.parametrize("option", IN_DEFAULTS, ids=by_name)
def test_an_option_that_a_flow_says_for_all(option: Option) -> None:
    """Its default is None, so that the flow's own word counts for a node that says nothing."""
    assert option.default is None
    assert f"\ndefaults: {{{option.name}:" in written(in_defaults(option))
    assert f"\npolicies: {{net: {{{option.name}:" in written(in_policy(option))
    assert f'for: {{"*:wo*": {{{option.name}:' in written(in_pattern(option))


@pytest.mark.parametrize("option", [option for option in OF_POLICY if option.of_tasks], ids=by_name)
def test_an_option_that_the_core_acts_on(option: Option) -> None:
    """What the node says is laid out, or what the flow says for all, by a policy or by what is called."""
    shared = (in_defaults, in_policy, in_pattern) if option.for_all else ()
    for made in [in_node(option), *(said(option) for said in shared)]:
        block = lay_out(Graph(made), {}, EXECUTORS, RUNNERS)
        node = block.nodes[block.index["work"]]
        assert getattr(node.policy, option.name) != getattr(Policy(), option.name)


@pytest.mark.parametrize("option", TASK, ids=by_name)
def test_what_a_run_can_change(option: Option) -> None:
    """`run.set` reads what Python takes, as plain data; options that say no such thing are not among them."""
    assert option.settable == (option.name in OPTIONS)
    if option.settable:
        objects: Any = None  # which keep arguments alone
        plain = setting(objects, {}, {option.name: given(option)}, "work")["options"]
        node = in_node(option).tasks["work"]
        assert getattr(changed(Policy(), plain), option.name) == getattr(node, option.name)


def test_the_schema_has_the_options_and_no_others() -> None:
    """Beside what a flow, a node and a fan-out are made of."""
    made = schema()
    parts = made["$defs"]
    names = {where: {option.name for option in rows} for where, rows in ROWS.items()}
    assert parts["task"]["properties"].keys() == names["node"] | BODIES
    assert parts["each"]["properties"].keys() == names["map"] | {"as", "in", "over", "by"}
    assert parts["flow"]["properties"].keys() == names["flow"] | PARTS - {"stratix"}
    assert made["properties"].keys() == names["flow"] | PARTS | {"objects"}
    assert made["properties"]["defaults"]["properties"].keys() == names["defaults"] | {"for"}
    assert parts["shared"]["properties"].keys() == names["defaults"]
    assert parts["input"]["properties"].keys() == names["input"] | {"type", "default"}
    for option in IN_NODE:
        if option.parts:
            assert parts[option.name]["anyOf"][1]["properties"].keys() == {part.name for part in option.parts}


def parts_of_loop() -> set[str]:
    return set(schema()["$defs"]["task"]["properties"]["loop"]["properties"])


ROWS = {"input": INPUT, "node": IN_NODE, "defaults": IN_DEFAULTS, "map": MAP, "flow": IN_FLOW}


def test_no_option_is_known_that_has_no_row() -> None:
    """To the models, the decorators, the checks, the waits, the core and `run.set`."""
    names = {where: {option.name for option in rows} for where, rows in ROWS.items()}
    fields = {field.alias or name for name, field in NodeSpec.model_fields.items()} - {
        "always"
    }  # which is said by finally
    assert fields - BODIES == names["node"]
    assert Shared.model_fields.keys() == names["defaults"]
    assert Defaults.model_fields.keys() == names["defaults"] | {"for_"}
    assert InputSpec.model_fields.keys() == names["input"] | {"type", "default", "required"}
    assert Each.model_fields.keys() - {"over", "by"} == names["map"]
    assert FlowSpec.model_fields.keys() - PARTS == names["flow"]
    assert list(Loop.model_fields) == [option.name for option in LOOP]
    assert parts_of_loop() == {option.name for option in LOOP} | {"flow", "call"}
    for option in IN_NODE:
        assert (option.model is None) == (not option.parts)
        if option.model is not None:
            assert list(option.model.model_fields) == [part.name for part in option.parts]
    of_task = {option.name for option in TASK if option.of_tasks}
    of_flow = {option.name for option in TASK if option.of_flows}
    assert names["node"] == (of_task | of_flow) - {"name", "after"}
    assert of_flow == vocabulary.GROUP
    assert of_task == vocabulary.TASK
    assert names["map"] == vocabulary.MAP
    assert {option.name for option in FLOW} == vocabulary.FLOW == names["flow"] | {"name"}
    assert work.allowed == vocabulary.TASK | vocabulary.MAP
    typed = {name for one in get_overloads(task) for name in inspect.signature(one).parameters}
    assert typed - {"fn", "later"} <= of_task - {"after"}
    assert Policy.__dataclass_fields__.keys() - {"call", "traits", "whole"} <= names["node"]
    assert USELESS | OPTIONS.keys() <= names["node"]
