"""Layout: where nodes stand, left to right. Longest path gives the column, barycentre sweeps the order in it.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures" (1981),
with crossings not counted: ten thousand nodes take about a tenth of a second. Edges that pass a column get a place of
their own there, one for all that leave the same node, so that they run between the cards and not behind them. A
sub-flow is laid out by itself and then stands in its surroundings as one box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]
COLUMN_GAP = 64.0
ROW_GAP = 26.0
FRAME = (18.0, 38.0, 18.0, 20.0)
"""Left, top, right, bottom room between a group's frame and its members."""
SWEEPS = 6
LANE = 4.0
"""Height of the place where edges pass a column."""
MOST_LANES = 20_000
"""Above that many of them in a level, edges run straight: such a graph is looked at from afar."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Upper left corners and sizes of all nodes; by an edge's place in the list the points that it passes, if any.

    Between points 2i and 2i + 1 an edge runs level: it passes a column there.
    """

    places: list[Point]
    sizes: list[Point]
    bends: dict[int, list[Point]]


@dataclass(slots=True)
class _Level:
    """The columns of the nodes of one level. Numbers from `len(nodes)` on are lanes."""

    nodes: Sequence[int]
    before: list[list[int]]
    after: list[list[int]]
    columns: list[list[int]] = field(default_factory=list)
    lanes: dict[int, list[int]] = field(default_factory=dict)
    """By node the lanes of what leaves it, column by column."""


def layout(
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    parents: Sequence[int],
    fixed: Mapping[int, Point] | None = None,
) -> Layout:
    """`parents[i]` is the group of node i, or -1; `fixed` nodes stay where they are, and no edge bends at their level.

    Sizes of groups are those that their members need.
    """
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        children.setdefault(parent, []).append(node)
    levels: dict[int, list[int]] = {}
    for number, (source, target) in enumerate(edges):
        if parents[source] == parents[target]:
            levels.setdefault(parents[source], []).append(number)
    grown = list(sizes)
    inside: dict[int, Point] = {}
    bends: dict[int, list[Point]] = {}
    for group in sorted((g for g in children if g >= 0), key=lambda g: -_depth(parents, g)):
        _place(children[group], grown, edges, levels.get(group, ()), inside, bends)
        left, top, right, bottom = FRAME
        width = max(inside[n][0] + grown[n][0] for n in children[group])
        height = max(inside[n][1] + grown[n][1] for n in children[group])
        grown[group] = (max(width + left + right, sizes[group][0]), height + top + bottom)
    _place(children.get(-1, []), grown, edges, levels.get(-1, ()), inside, bends)
    places: list[Point] = [(0.0, 0.0)] * len(sizes)
    for node in sorted(range(len(sizes)), key=lambda n: _depth(parents, n)):
        x, y = inside[node]
        if parents[node] >= 0:
            px, py = places[parents[node]]
            x, y = px + FRAME[0] + x, py + FRAME[1] + y
        places[node] = fixed[node] if fixed and node in fixed else (x, y)
    moved = {parents[node] for node in fixed or ()}
    return Layout(places, grown, _bends(bends, edges, parents, places, moved))


def _bends(
    bends: Mapping[int, list[Point]],
    edges: Sequence[tuple[int, int]],
    parents: Sequence[int],
    places: Sequence[Point],
    moved: set[int],
) -> dict[int, list[Point]]:
    """The points of edges where their level stands."""
    found = {}
    for number, points in bends.items():
        group = parents[edges[number][0]]
        if group in moved:
            continue
        dx, dy = (places[group][0] + FRAME[0], places[group][1] + FRAME[1]) if group >= 0 else (0.0, 0.0)
        found[number] = [(x + dx, y + dy) for x, y in points]
    return found


def _depth(parents: Sequence[int], node: int) -> int:
    depth = 0
    while (node := parents[node]) >= 0:
        depth += 1
    return depth


def _place(
    nodes: Sequence[int],
    sizes: Sequence[Point],
    edges: Sequence[tuple[int, int]],
    numbers: Sequence[int],
    places: dict[int, Point],
    bends: dict[int, list[Point]],
) -> None:
    """Columns and rows of the nodes of one level, and the points of its edges; `numbers` are the level's edges."""
    index = {node: i for i, node in enumerate(nodes)}
    level = _Level(nodes, [[] for _ in nodes], [[] for _ in nodes])
    for number in numbers:
        source, target = index[edges[number][0]], index[edges[number][1]]
        level.before[target].append(source)
        level.after[source].append(target)
    level.columns = _columns(level.before, level.after)
    column_of = {i: place for place, column in enumerate(level.columns) for i in column}
    _add_lanes(level, column_of)
    row = _rows(level.columns, level.before, level.after)
    heights = {i: sizes[node][1] for i, node in enumerate(nodes)}
    tall = [sum(heights.get(i, LANE) + ROW_GAP for i in column) - ROW_GAP for column in level.columns]
    tallest, x = max(tall, default=0.0), 0.0
    passes: dict[int, tuple[Point, Point]] = {}
    for column, height in zip(level.columns, tall, strict=True):
        y = (tallest - height) / 2
        widest = max((sizes[nodes[i]][0] for i in column if i in heights), default=0.0)
        for i in sorted(column, key=row.__getitem__):
            if i in heights:
                places[nodes[i]] = (x, y)
            else:
                passes[i] = (x, y + LANE / 2), (x + widest, y + LANE / 2)
            y += heights.get(i, LANE) + ROW_GAP
        x += widest + COLUMN_GAP
    for number in numbers:
        source, target = index[edges[number][0]], index[edges[number][1]]
        between = column_of[target] - column_of[source] - 1
        passed = level.lanes.get(source, [])[: max(between, 0)]
        if passed:
            bends[number] = [point for lane in passed for point in passes[lane]]


def _add_lanes(level: _Level, column_of: Mapping[int, int]) -> None:
    """A lane in each column that edges of a node pass; the neighbours in rows are then those in the next columns."""
    reach = {i: max((column_of[out] for out in level.after[i]), default=0) for i in range(len(level.nodes))}
    if sum(max(last - column_of[i] - 1, 0) for i, last in reach.items()) > MOST_LANES:
        return
    for source, last in reach.items():
        start = column_of[source]
        if last - start < 2:
            continue
        outs, level.after[source] = level.after[source], []
        chain = [source]
        for column in range(start + 1, last):
            lane = len(level.before)
            level.before.append([chain[-1]])
            level.after.append([])
            level.after[chain[-1]].append(lane)
            level.columns[column].append(lane)
            chain.append(lane)
        level.lanes[source] = chain[1:]
        for out in outs:
            neighbour = chain[max(column_of[out] - start - 1, 0)]
            level.after[neighbour].append(out)
            level.before[out] = [neighbour if need == source else need for need in level.before[out]]


def _columns(before: list[list[int]], after: list[list[int]]) -> list[list[int]]:
    """Nodes by the longest path that leads to them; those on a cycle stand in the first column."""
    left = [len(needs) for needs in before]
    rank = [0] * len(before)
    order = [node for node, count in enumerate(left) if not count]
    for node in order:
        for out in after[node]:
            rank[out] = max(rank[out], rank[node] + 1)
            left[out] -= 1
            if not left[out]:
                order.append(out)
    columns: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for node, column in enumerate(rank):
        columns[column].append(node)
    return columns


def _rows(columns: list[list[int]], before: list[list[int]], after: list[list[int]]) -> list[float]:
    """A row for each node, near the mean of its neighbours' rows."""
    row = [0.0] * len(before)
    for column in columns:
        for place, node in enumerate(column):
            row[node] = place - len(column) / 2
    for sweep in range(SWEEPS):
        neighbours, passes = (before, columns) if sweep % 2 == 0 else (after, columns[::-1])
        for column in passes:
            wish = {
                n: sum(row[m] for m in neighbours[n]) / len(neighbours[n]) if neighbours[n] else row[n] for n in column
            }
            for place, node in enumerate(sorted(column, key=wish.__getitem__)):
                row[node] = place - len(column) / 2
    return row
