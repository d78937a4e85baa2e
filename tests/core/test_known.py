"""What random programs can say is all that a block can say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from programs import program

from stratix_tasks.core.block import Block, Output
from stratix_tasks.core.node import Join, Kind, Node, Policy, Step

OF_THE_SHELL = {"spec", "executor", "call", "takes", "arguments", "drawn", "value"}
"""What the core only passes on."""
PROGRAMS = 600


def blocks_of(root: Block) -> dict[int, Block]:
    """A program's blocks, each once: a flow may lie in itself."""
    found, stack = {id(root): root}, [root]
    while stack:
        for inner in stack.pop().inner.values():
            if id(inner) not in found:
                found[id(inner)] = inner
                stack.append(inner)
    return found


@pytest.fixture(scope="module")
def said() -> dict[tuple[type, str], set[Any]]:
    """Class and field → the values that some hundred programs give it."""
    found: dict[tuple[type, str], set[Any]] = defaultdict(set)

    def look(one: Any) -> None:
        for field in fields(one):
            found[type(one), field.name].add(repr(getattr(one, field.name)))

    for seed in range(PROGRAMS):
        for block in blocks_of(program(Random(seed))).values():
            look(block.output)
            for node in block.nodes:
                look(node)
                look(node.policy)
                if node.step is not None:
                    look(node.step)
    return found


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, field.name)
        for kind in (Node, Policy, Step, Output)
        for field in fields(kind)
        if field.name not in OF_THE_SHELL
    ],
)
def test_every_field_takes_more_than_one_value(kind: type, name: str, said: dict[tuple[type, str], set[Any]]) -> None:
    """A rule that hangs on a field which never changes is not tried by any history."""
    assert len(said[kind, name]) > 1


@pytest.mark.parametrize("name", ["join", "gather"])
def test_every_join_is_asked_for(name: str, said: dict[tuple[type, str], set[Any]]) -> None:
    """By nodes of what they need, and by fan-outs of their items."""
    assert said[Node, name] == {repr(join) for join in Join}


def test_every_kind_of_node_is_there(said: dict[tuple[type, str], set[Any]]) -> None:
    """Tasks, maps, flows, mapped flows and loops."""
    assert said[Node, "kind"] == {repr(kind) for kind in Kind}
