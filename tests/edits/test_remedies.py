"""What mends a problem, as edits that a view makes by one click: a table of problems, each mended and looked at again."""

from __future__ import annotations

from typing import Any

import pytest

from stratix_tasks import Flow, task
from stratix_tasks.edits.remedies import Mending, holders, mending
from stratix_tasks.spec.problems import Problem


@task
def mended_load(count: int) -> list[int]:
    return list(range(count))


@task
def mended_total(values: list[int], scale: float = 1.0) -> float:
    return sum(values) * scale


def flow_of(node: dict[str, Any] | None = None, **more: Any) -> Flow[..., object]:
    """A flow that is well, in which somebody has then put a node `a`, and said more of the flow."""
    flow = Flow.from_yaml(
        """stratix: 1
flow: mended
inputs: {day: {type: int, default: 3}}
tasks:
  used: {call: mended_load, with: {count: "${{ inputs.day }}"}}
"""
    )
    if node is not None:
        flow.apply({"edit": "add", "node": "a", "says": node})
    for field, value in more.items():
        flow.apply({"edit": "set-flow", "field": field, "value": value})
    return flow


def mendings(flow: Flow[..., object], names: list[str] | None = None) -> list[tuple[Problem, Mending]]:
    held = holders(flow.spec, names or list(flow.spec.tasks))
    return [(problem, mending(flow.spec, problem, held)) for problem in flow.validate()]


MENDED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a name in an argument": (
        {"call": "mended_total", "with": {"values": "${{ tasks.usd.output }}"}},
        *("with.values", "write used for usd"),
    ),
    "a name in an expression": (
        {"call": "mended_load", "with": {"count": "${{ inputs.dya + 1 }}"}},
        *("with.count", "write day for dya"),
    ),
    "a name alone in a condition": (
        {"call": "mended_load", "with": {"count": 1}, "when": "size(used) > 1"},
        *("when", "write tasks.used.output for used"),
    ),
    "what an expression sees of a task": (
        {"call": "mended_load", "with": {"count": 1}, "when": "size(tasks.used.outptu) > 1"},
        *("when", "write output for outptu"),
    ),
    "an input that the flow has not": (
        {"call": "mended_load", "with": {"count": "${{ inputs.rows }}"}},
        *("with.count", "add the input rows"),
    ),
    "a task that is waited for": (
        {"call": "mended_load", "with": {"count": 1}, "needs": ["usde"]},
        *("needs", "write used for usde"),
    ),
    "a task that is caught": (
        {"call": "mended_load", "with": {"count": 1}, "catch": ["usde"]},
        *("catch", "write used for usde"),
    ),
    "a task that is waited for and caught": (
        {"call": "mended_load", "with": {"count": 1}, "needs": ["used"], "catch": ["used"]},
        *("needs", "take needs away"),
    ),
    "a function": ({"call": "mended_laod", "with": {"count": 1}}, "call", "write mended_load for mended_laod"),
    "an executor": ({"uses": "flow.finnish"}, "uses", "write flow.finish for flow.finnish"),
    "a policy": (
        {"call": "mended_load", "with": {"count": 1}, "policy": "slwo"},
        *("policy", "write slow for slwo"),
    ),
    "the name of an argument": (
        {"call": "mended_load", "with": {"cuont": 1}},
        *("with.cuont", "write count for cuont"),
    ),
    "the name of a mapped argument": (
        {"call": "mended_load", "each": {"as": "cuont", "in": [1, 2]}},
        *("over.cuont", "write count for cuont"),
    ),
    "the name of an executor's argument": (
        {"uses": "flow.finish", "with": {"valeu": 1}},
        *("with.valeu", "write value for valeu"),
    ),
    "an argument too many": (
        {"call": "mended_load", "with": {"count": 1, "zzzz": 2}},
        *("with.zzzz", "take zzzz away"),
    ),
    "an option without effect": (
        {"call": "mended_load", "with": {"count": 1}, "concurrency": 3},
        *("concurrency", "take concurrency away"),
    ),
    "a part of an option": (
        {"call": "mended_load", "each": {"as": "count", "in": [1, 2], "losers": "cancel"}},
        *("each", "take losers away"),
    ),
}


@pytest.mark.parametrize("case", MENDED)
def test_a_problem_is_mended_by_its_edits_as_one_step(case: str) -> None:
    """They are of the node and the field that is shown with it; afterwards there is no such problem, and one undo brings it back."""
    node, field, label = MENDED[case]
    policies = {"policies": {"slow": {"retry": 1}}} if "policy" in node else {}
    flow = flow_of(node, **policies)
    before = flow.to_yaml()
    (found,) = [mend for problem, mend in mendings(flow) if not problem.warning]
    assert (found.node, found.field, found.label) == ("a", field, label)
    flow.apply(*found.edits, title=found.label)
    assert flow.validate() == [] and flow.edits[-1] == found.label
    assert flow.undo().to_yaml() == before


@pytest.mark.parametrize(
    ("field", "value", "label"),
    [
        ("policies", {"slow": {"retry": 2}}, "take slow away"),
        ("defaults", {"timeout": 60, "for": {"http.*": {"retry": 2}}}, "take http.* away"),
        ("output", "${{ tasks.usde.output }}", "write used for usde"),
    ],
)
def test_what_a_flow_says_as_a_whole_is_mended(field: str, value: Any, label: str) -> None:
    """What is beside it there stays."""
    flow = flow_of(**{field: value})
    (found,) = [mend for _, mend in mendings(flow) if mend.edits]
    assert (found.node, found.field, found.label) == ("", field, label)
    flow.apply(*found.edits)
    assert flow.validate() == []
    assert ("timeout" in flow.to_yaml()) is (field == "defaults")


def test_an_input_that_nothing_uses_is_taken_away() -> None:
    """One that is used stays."""
    flow = flow_of(**{"inputs.week": "int"})
    ((problem, found),) = mendings(flow)
    assert problem.warning and found.label == "take week away"
    assert list(flow.apply(*found.edits).spec.inputs) == ["day"]


def test_what_is_missing_is_a_field_to_fill_in() -> None:
    """No edit can know it."""
    flow = flow_of({"call": "mended_total"})
    ((_, found),) = mendings(flow)
    assert found == Mending("a", "with.values", "fill in values")


def test_what_is_wrong_in_a_sub_flow_is_told_of_the_node_that_a_view_shows() -> None:
    """A problem names the flow in which it is; a view shows the node that holds that."""
    flow = flow_of({"call": "mended_total", "with": {"values": "${{ tasks.used.output }}"}})
    flow.apply({"edit": "group", "nodes": ["used", "a"], "flow": "part"})
    flow.apply({"edit": "set", "node": "part.a", "field": "with.values", "value": "${{ tasks.sued.output }}"})
    flow.apply({"edit": "set-flow", "node": "part", "field": "inputs.zzz", "value": "int"})
    flow.apply({"edit": "rename", "node": "part", "to": "held"})
    found = [mend for problem, mend in mendings(flow, ["held", "held.used", "held.a"]) if mend.edits]
    assert {(mend.node, mend.field) for mend in found} == {("held.a", "with.values"), ("held", "inputs.zzz")}
    for mend in found:
        flow.apply(*mend.edits)
    assert "zzz" not in flow.to_yaml() and "sued" not in flow.to_yaml()


def test_a_problem_of_which_nothing_is_known_has_a_place_alone() -> None:
    """Its node; of what no view shows not even that."""
    flow = flow_of({"call": "mended_load", "with": {"count": "x"}})
    held = holders(flow.spec, list(flow.spec.tasks))
    assert mending(flow.spec, Problem("odd", "it is odd", "a"), held) == Mending("a")
    assert mending(flow.spec, Problem("odd", "it is odd", "gone.a"), held) == Mending()
    ((_, found),) = mendings(flow)
    assert found == Mending("a", "with.count")
