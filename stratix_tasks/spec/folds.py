"""Folds: nodes of one level that are alike, which a large graph shows as one stack.

Alike are nodes of one kind and function in one column, whose neighbours are alike, too: so that fifty chains of three nodes fold
to one chain of three stacks. It is found by refining colours, as the coarsest such partition is; how many alike neighbours a node has
doesn't matter. Nodes of one column don't follow each other, so what is folded has no cycle.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

FEW = 40
"""As many nodes are shown one by one."""
LEAST = 6
"""Like siblings that are worth a stack."""
ROUNDS = 16
"""Neighbours of neighbours that are looked at: those of long chains that differ at their very end may share a stack."""


def folds(parents: Sequence[int], edges: Sequence[tuple[int, int]], alike: Sequence[Hashable]) -> list[list[int]]:
    """The stacks of a graph, each as its members in their order; `alike[i]` is what node i must have in common with them, None
    for a node that is to be seen by itself. `edges` are between nodes of one parent.
    """
    if len(parents) <= FEW:
        return []
    before: list[list[int]] = [[] for _ in parents]
    after: list[list[int]] = [[] for _ in parents]
    for source, target in edges:
        after[source].append(target)
        before[target].append(source)
    columns = ranks(before, after)
    colours = _numbered(
        (node if like is None else (parents[node], columns[node], like)) for node, like in enumerate(alike)
    )
    count = max(colours) + 1
    for _ in range(ROUNDS):
        colours = _numbered(
            (own, frozenset(colours[n] for n in needs), frozenset(colours[n] for n in outs))
            for own, needs, outs in zip(colours, before, after, strict=True)
        )
        if max(colours) + 1 == count:
            break
        count = max(colours) + 1
    members: list[list[int]] = [[] for _ in range(count)]
    for node, colour in enumerate(colours):
        members[colour].append(node)
    return [found for found in members if len(found) >= LEAST]


def _numbered(found: Iterator[Hashable]) -> list[int]:
    """Equal things by equal numbers, in the order in which they come."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(one, len(numbers)) for one in found]


def ranks(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """Of each node the length of the longest path that leads to it; 0 on a cycle."""
    left = [len(needs) for needs in before]
    rank = [0] * len(before)
    order = [node for node, count in enumerate(left) if not count]
    for node in order:
        for out in after[node]:
            rank[out] = max(rank[out], rank[node] + 1)
            left[out] -= 1
            if not left[out]:
                order.append(out)
    return rank


_BETWEEN = "_-. "


def common(labels: Sequence[str], otherwise: str) -> str:
    """What the names of a stack's members begin with, up to where they are counted; else a name of what they all do."""
    first, last = min(labels), max(labels)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    begun = first[:same].rstrip(_BETWEEN)
    counted = begun == first[:same]  # by a number that goes on behind it: part_1 and part_12 are parts
    return (begun.rstrip("0123456789").rstrip(_BETWEEN) if counted else begun) or otherwise
