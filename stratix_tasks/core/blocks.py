"""Blocks that belong together: each is tied to those that its nodes open, and what can be is laid out with them.

What sub-flows have done is taken back when a flow around them ends badly. So where something in a group is to be taken back,
its block has one node more for that, which opens what the group has opened once more: a scope of undo nodes for each of its scopes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stratix_tasks.core.block import Block, blocks_in
from stratix_tasks.core.node import FLOW, MAP, TASK, UNDO, Node
from stratix_tasks.spec.model import FlowSpec, NodeSpec


def join_blocks(blocks: Mapping[str, Block], root: str) -> Block:
    """Tie blocks to those that their nodes name, and lay out what can be: a sub-flow that does not lie in itself."""
    blocks = _with_undos(blocks)
    for block in blocks.values():
        for k, node in enumerate(block.nodes):
            if node.kind is MAP:
                item = Node(node.name, policy=node.policy, spec=node.spec, executor=node.executor, takes=node.takes)
                block.inner[k] = Block(node.name, (item,), items=True)
            elif node.kind is not TASK:
                block.inner[k] = blocks[node.inner]
    reach = {id(block): _reach(block) for block in blocks.values()}
    for block in blocks.values():
        block.fixed = tuple(
            k
            for k, node in enumerate(block.nodes)
            if node.kind is FLOW and node.policy.concurrency is None and id(block) not in reach[id(block.inner[k])]
        )
    for block in blocks.values():
        block.layout = _layout(block)
    return blocks[root]


def _reach(block: Block) -> set[int]:
    return {id(one) for one in blocks_in(block)}


def _layout(root: Block) -> tuple[tuple[Block, int, int], ...]:
    found: list[tuple[Block, int, int]] = [(root, -1, -1)]
    for place, (block, _, _) in enumerate(found):  # it grows meanwhile: breadth first
        found += [(block.inner[k], place, k) for k in block.fixed]
    return tuple(found)


# ---------------------------------------------------------------------- what takes back groups


def _with_undos(blocks: Mapping[str, Block]) -> Mapping[str, Block]:
    """With a node for each group in which something is to be taken back, and the blocks that these open."""
    holding = _holding(blocks)
    if not holding:
        return blocks
    found = {name: _with_groups(block, holding) for name, block in blocks.items()}
    return found | {_undo_of(name): _taking_back(found[name]) for name in found if name in holding}


def _undo_of(name: str) -> str:
    return f"{name}~undo"  # which no flow can be called


def _holding(blocks: Mapping[str, Block]) -> set[str]:
    """Names of those in which, at any depth, something is to be taken back. What runs at the end of a flow never is."""
    found = {name for name, block in blocks.items() if block.undoing}
    more = bool(found)
    while more:
        new = {name for name, block in blocks.items() if name not in found and _groups(block, found)}
        found |= new
        more = bool(new)
    return found


def _groups(block: Block, holding: set[str]) -> list[int]:
    nodes = enumerate(block.nodes)
    return [k for k, node in nodes if node.inner in holding and not (node.phase or node.off or node.pinned)]


def _with_groups(block: Block, holding: set[str]) -> Block:
    """What was done last is taken back first: so each waits for what takes back what lies behind."""
    groups = _groups(block, holding)
    if not groups:
        return block
    undoing = block.undoing | {k: block.n + i for i, k in enumerate(groups)}
    nodes = [*block.nodes, *(_undo_node(block, k) for k in groups)]
    for k, u in undoing.items():
        later = {undoing[o] for o in _behind(block, k) if o in undoing}
        nodes[u] = replace(nodes[u], needs=(*nodes[u].needs, *sorted(later.difference(nodes[u].needs))))
    return Block(block.name, nodes, spec=block.spec, output=block.output, until=block.until)


def _undo_node(block: Block, k: int) -> Node:
    node, name = block.nodes[k], f"undo_{block.names[k]}"
    while name in block.index:
        name += "_"
    spec = None if node.spec is None else NodeSpec.model_construct(flow=node.spec.flow or node.name)
    return Node(name, (k,), node.kind, inner=_undo_of(node.inner), until=False, phase=UNDO, undoes=k, spec=spec)


def _behind(block: Block, k: int) -> set[int]:
    found, stack = set[int](), [k]
    while stack:
        new = {o for o in block.outs[stack.pop()] if not block.nodes[o].phase} - found
        found |= new
        stack += new
    return found


def _taking_back(block: Block) -> Block:
    """The nodes of a block that take something back, alone."""
    number = {u: i for i, u in enumerate(block.undoing.values())}
    nodes = [
        replace(block.nodes[u], needs=tuple(number[n] for n in block.nodes[u].needs if n in number)) for u in number
    ]
    spec: Any = None if block.spec is None else FlowSpec.model_construct(flow=block.spec.flow)
    return Block(_undo_of(block.name), nodes, spec=spec, takes_back=block)
