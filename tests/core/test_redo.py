"""A retry of what somebody went on without is refused, and names who that was, however far behind; `redo=True` makes that again."""

from __future__ import annotations

from typing import Any

import pytest
from driver import World
from test_ends import flow, needs, world

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import EACH, FLOW, MAP, SETTLED, Node
from stratix_tasks.core.states import State
from stratix_tasks.errors import TransitionError

MAPPED = Node("m", kind=MAP)
READ: dict[str, tuple[Block, dict[str, Any], str]] = {
    "what it could not run for": (flow(Node("x"), needs("u", 0), needs("s", 0, join=SETTLED)), {"x": "flaky"}, "u"),
    "what could not run for it": (
        flow(Node("x"), needs("u", 0), needs("s", 1, join=SETTLED), Node("z")), {"x": "flaky", "z": "fail"}, "x",
    ),
    "the map that it is an item of": (
        flow(MAPPED, needs("s", 0, join=SETTLED), Node("z")), {"m[0]": "flaky", "z": "fail"}, "m[0]",
    ),
}  # fmt: skip
"""What somebody, `s`, has read: the flow, its bodies, and what is tried again."""


@pytest.mark.parametrize(("block", "bodies", "asked"), READ.values(), ids=READ)
def test_a_retry_names_who_went_on_without_it(block: Block, bodies: dict[str, Any], asked: str) -> None:
    """It has completed: nothing that was made is set back unless somebody says so."""
    made = world(block, bodies).settle()
    with pytest.raises(TransitionError, match="'s' has gone on without it"):
        made.request("retry", asked)
    assert made.state("s") is State.COMPLETED
    made.request("retry", asked, redo=True).settle()
    assert (made.state(asked), made.attempt("s")) == (State.COMPLETED, 2)


@pytest.mark.parametrize(("block", "bodies", "asked"), [*READ.values()][1:], ids=[*READ][1:])
def test_a_value_in_its_place_is_no_other_thing(block: Block, bodies: dict[str, Any], asked: str) -> None:
    """What failed for it runs with that, and who had read how it failed would have read something else."""
    made = world(block, bodies).settle()
    with pytest.raises(TransitionError, match="'s' has gone on without it"):
        made.request("skip", asked, 7)
    assert made.request("skip", asked, 7, redo=True).settle().attempt("s") == 2


INNER = {"g": (Node("x"), needs("s", 0, join=SETTLED), Node("y"))}


def a_group(kind: Any) -> World:
    """`g`, in which `s` has taken up what became of `x`, has failed by `y`."""
    bodies = {f"{name}.{one}": "flaky" for name in ("g", "g[0]") for one in "xy"}
    return world(flow(Node("g", kind=kind, inner="g"), inner=INNER), bodies, items=lambda _name: 1).settle()


@pytest.mark.parametrize(
    ("kind", "scope", "asked"), [(FLOW, "g", "g"), (FLOW, "g", None), (EACH, "g[0]", "g"), (EACH, "g[0]", "g[0]")]
)
def test_a_retry_of_a_group_leaves_what_was_taken_up_in_it(kind: Any, scope: str, asked: str | None) -> None:
    """And who took it up: it goes on with what it failed by, whether it, an item or the run is asked for."""
    made = a_group(kind).request("retry", asked).settle()
    ends = [(made.state(f"{scope}.{name}"), made.attempt(f"{scope}.{name}")) for name in "xsy"]
    assert ends == [(State.FAILED, 1), (State.COMPLETED, 1), (State.COMPLETED, 2)]
    assert made.state("g") is State.COMPLETED
