"""Which fan-outs go on item by item, and which wait for all of another one."""

from __future__ import annotations

from typing import Any

import pytest

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.spec.check import check
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.model import Each, FlowSpec, NodeSpec
from stratix_tasks.spec.streams import streams_from
from stratix_tasks.spec.values import Expr, Ref, Template

A = Ref("tasks", "a")


def graph(reader: dict[str, Any] | None = None, source: dict[str, Any] | None = None, **each: Any) -> Graph:
    """`b` is mapped over the result of `a`; `each` is said of the fan-out of b."""
    said = {"over": {"x": A}, **each}
    tasks = {
        "a": NodeSpec(**{"call": "m:a", "each": Each(over={"x": Ref("inputs", "xs")}), **(source or {})}),
        "o": NodeSpec(call="m:o"),
        "b": NodeSpec(**{"call": "m:b", "each": Each(**said), **(reader or {})}),
    }
    inner = FlowSpec(flow="g", inputs={"x": {}}, tasks={"i": NodeSpec(call="m:i")})
    return Graph(FlowSpec(flow="f", inputs={"xs": {"type": "list"}}, tasks=tasks, flows={"g": inner}))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"reader": {"with": {"y": 1, "z": Ref("tasks", "o")}}},
        {"reader": {"needs": ("o",)}},
        {"reader": {"when": Expr("tasks.o.output > 1", ("o",))}},
        {"reader": {"with": {"y": Ref("each", "x", ("url",))}}},
        {"gather": "settled", "max": 3},
        {"reader": {"call": None, "flow": "g"}},
        {"reader": {"call": None, "flow": "g", "retry": {"max": 1}}},
    ],
    ids=[
        "alone", "other arguments", "other needs", "a condition on another", "parts of the item", "its own gather", "a flow",
        "a flow with options",
    ],
)  # fmt: skip
def test_a_fan_out_over_the_whole_result_of_another_one_streams(said: dict[str, Any]) -> None:
    """Whatever else it needs, and however it gathers."""
    assert streams_from(graph(**said), 2) == (0, "x")


@pytest.mark.parametrize(
    "said",
    [
        {"barrier": True},
        {"key": Template((Ref("each", "x"),))},
        {"where": Expr("x > 1", ())},
        {"flatten": True},
        {"over": {"x": A, "y": A}},
        {"over": {"x": Ref("tasks", "a", (0,))}},
        {"over": {"x": Ref("tasks", "o")}},
        {"reader": {"with": {"all": A}}},
        {"reader": {"needs": ("a",)}},
        {"reader": {"when": Expr("size(tasks.a.output) > 1", ("a",))}},
        {"reader": {"join": "settled"}},
        {"reader": {"always": True}},
        {"source": {"each": Each(over={"x": Ref("inputs", "xs")}, gather="settled")}},
        {"source": {"allow_failure": True}},
        {"source": {"call": None, "flow": "g"}},
    ],
    ids=[
        "barrier", "key", "where", "flatten", "two lists", "a part of the list", "no fan-out", "the list as an argument", "after it",
        "a condition on it", "a join", "at the end", "its gather", "it may fail", "a flow",
    ],
)  # fmt: skip
def test_what_needs_the_whole_list_waits_for_it(said: dict[str, Any]) -> None:
    """Each of these would see more than one item, or other ones."""
    assert streams_from(graph(**said), 2) is None


def test_a_barrier_where_it_waits_anyway_is_a_problem() -> None:
    """Where it would stream it is none."""
    assert "no-effect" in [problem.code for problem in check(graph(barrier=True, flatten=True), EXECUTORS)]
    assert "no-effect" not in [problem.code for problem in check(graph(barrier=True), EXECUTORS)]
