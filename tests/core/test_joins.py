"""What a join says of each state of what it needs, beside the rules as plainly as can be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from rules import needs_say

from stratix_tasks.core import joins
from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.node import ALL, ANY, FIRST, N_OF, OTHERWISE, SETTLED, Node
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import State

STATES = (
    State.PENDING,
    State.RUNNING,
    State.SUSPENDED,
    State.WAITING,
    State.OPEN,
    State.STOPPING,
    State.RETRYING,
    State.COMPLETED,
    State.FAILED,
    State.UPSTREAM_FAILED,
    State.CANCELLED,
    State.SKIPPED,
)
THREE = (0, 1, 2)
WAITING = (
    *(Node(f"{join.name.lower()}", THREE, join=join) for join in (ALL, ANY, FIRST, SETTLED)),
    *(Node(f"{k} of", THREE, join=N_OF, k=k) for k in (1, 2, 3)),
    *(Node(f"{join.name.lower()} of one", (1,), join=join) for join in (ALL, ANY, FIRST, N_OF, SETTLED)),
    Node("first", THREE, firsts=(THREE,)),
    Node("first or else", THREE, firsts=((*THREE, OTHERWISE),)),
    Node("first of two, and the third", THREE, firsts=((1, 0),), hard=(2,)),
    Node("two firsts", THREE, firsts=((0, 1), (1, 2))),
    Node("asks of one", THREE, ended=(2,)),
    Node("asks of two", THREE, join=FIRST, ended=(0, 1)),
    Node("settled, asks", THREE, join=SETTLED, ended=(0,)),
)


def scope() -> tuple[Block, Recorded]:
    sources = [Node("a"), Node("b"), Node("c", allow_failure=True)]
    block = join_blocks({"main": Block("main", [*sources, *WAITING])}, "main")
    return block, Recorded(block)


def test_each_join_says_of_all_states_together_what_the_rules_say() -> None:
    """Whether it fires, waits, fails or is skipped: of three nodes in any states, one of which may fail."""
    block, s = scope()
    for told in product(STATES, repeat=3):
        s.status[:3] = bytes(map(int, told))
        states: Sequence[Any] = [State(state) for state in s.status]
        for k, node in enumerate(block.nodes[3:], 3):
            assert State(joins.verdict(s, k)) is needs_say(block, k, states), (node.name, told)


def test_a_join_is_made_from_those_that_came_first() -> None:
    """As many as it asked for, in the order in which they ended; of `any` whatever had ended, of the others what completed."""
    block, s = scope()
    index = {node.name: k for k, node in enumerate(block.nodes)}
    for states, ended, wanted in (
        ((State.COMPLETED, State.COMPLETED, State.COMPLETED), (3, 1, 2), {"any": (1,), "first": (1,), "2 of": (1, 2)}),
        ((State.COMPLETED, State.FAILED, State.COMPLETED), (3, 1, 2), {"any": (1,), "first": (2,), "2 of": (2, 0)}),
        ((State.SKIPPED, State.RUNNING, State.COMPLETED), (1, 0, 2), {"any": (0,), "first": (2,), "1 of": (2,)}),
    ):
        s.status[:3] = bytes(map(int, states))
        for u, at in enumerate(ended):
            s.ended[u] = float(at)
        assert {name: joins.winners(s, index[name]) for name in wanted} == wanted
