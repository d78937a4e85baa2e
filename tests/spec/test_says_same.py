"""When two parts of a document say the same, and what is told apart by that."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from stratix_tasks import Engine, Flow, flow, task
from stratix_tasks.spec.model import FlowSpec, NodeSpec
from stratix_tasks.spec.values import Expr, Object, Ref, says_same

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
APART = [
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    ([1], (1,)),
    ({1: "a"}, {True: "a"}),
    ({"a": [1]}, {"a": [1.0]}),
    (Decimal("1.0"), Decimal("1.00")),
    (NOON, NOON.astimezone(timezone(timedelta(hours=1)))),
    (Ref("inputs", "a", (1,)), Ref("inputs", "a", (True,))),
    (Object("list", [1]), Object("list", [1])),
]


@pytest.mark.parametrize(("a", "b"), APART, ids=str)
def test_what_is_equal_to_python_may_say_something_else(a: Any, b: Any) -> None:
    """In a value, in a list, as an argument of a node, and in the flow around that."""
    node, other = (NodeSpec.made({"call": "f", "args": {"x": [one]}}) for one in (a, b))
    flows = [FlowSpec.model_construct(flow="f", tasks={"f": one}) for one in (node, other)]
    assert not says_same(a, b) and not says_same([a], [b])
    assert not says_same(node, other) and not says_same(*flows)


@pytest.mark.parametrize(
    "value", [1, float("nan"), {"a": (1, 2.5)}, NOON, Expr("a > 1"), Object("x", digest="1")], ids=str
)
def test_what_was_made_anew_says_the_same(value: Any) -> None:
    """A NaN, too, which is not equal to itself."""
    made, again = (pickle.loads(pickle.dumps(value)) for _ in range(2))
    assert says_same(made, again)
    assert says_same(*(NodeSpec.made({"args": {"x": one}}) for one in (made, again)))


@task
def shown_exactly(x: Any) -> str:
    return repr(x)


def _named_alike(value: Any) -> Any:
    @flow(name="named_alike")
    def made() -> Any:
        return shown_exactly(value)

    return made


def test_flows_of_one_name_are_told_apart_by_what_they_say(engine: Engine) -> None:
    """Where two of them are called in one flow, each runs its own."""
    parts = [_named_alike(value) for value in (1, True, 1.0, 1)]

    @flow
    def calls_them_all() -> Any:
        return [part() for part in parts]

    assert engine.start(calls_them_all).result(60) == ["1", "True", "1.0", "1"]
    assert list(calls_them_all.spec.flows) == ["named_alike", "named_alike_2", "named_alike_3"]


def test_an_edit_to_what_is_only_equal_is_an_edit() -> None:
    """In code and in a document, which then says it."""
    document = Flow.from_yaml("stratix: 1\nflow: set_equal\ntasks:\n  g: {call: g, with: {x: 1}}\n")
    for made in (_named_alike(1), document):
        node = next(iter(made.spec.tasks))
        for value in (True, 1.0):
            made.apply({"edit": "set", "node": node, "field": "with.x", "value": value})
            assert repr(made.spec.tasks[node].args["x"]) == repr(value)
        assert len(made.edits) == 2
    assert "x: 1.0" in document.to_yaml()
