"""Layout: where nodes stand, left to right. Longest path gives the column, barycentre sweeps the order in it.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures" (1981),
with crossings not counted: ten thousand nodes take about a tenth of a second. Edges that pass a column get a place of
their own there, one for all that leave the same node, so that they run between the cards and not behind them. A
sub-flow is laid out by itself and then stands in its surroundings as one box. What the columns and rows are is found here,
how much room they get in `packing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from stratix_tasks.spec.folds import ranks
from stratix_tasks.spec.packing import ROW_GAP, Point, pack

FRAME = (18.0, 38.0, 18.0, 20.0)
"""Left, top, right, bottom room between a group's frame and its members."""
SWEEPS = 6
SLICE = 256.0
"""Pixels of width that are looked through together for what lies on each other."""
MOST_LANES = 20_000
"""Above that many of them in a level, edges run straight: such a graph is looked at from afar."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Upper left corners and sizes of all nodes; `rooms`, by group, the size of its frame when it is open; by an edge's place in
    the list the points that it passes, if any.

    Between points 2i and 2i + 1 an edge runs level: it passes a column there. What lies in a closed group stands as if that were
    open where it is.
    """

    places: list[Point]
    sizes: list[Point]
    rooms: dict[int, Point]
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
    closed: Set[int] = frozenset(),
) -> Layout:
    """`parents[i]` is the group of node i, or -1; `fixed` nodes stay where they are, and no edge bends at their level; the frames
    around them grow so far that they lie inside.

    Sizes of groups are those that their members need, or of `closed` ones their own. An edge between levels counts between the
    groups that lie side by side; of those between the same two the first has the bends.
    """
    children: dict[int, list[int]] = {}
    for node, parent in enumerate(parents):
        children.setdefault(parent, []).append(node)
    levels: dict[int, dict[tuple[int, int], int]] = {}
    for number, edge in enumerate(edges):
        source, target = lifted(parents, *edge)
        if source != target:
            levels.setdefault(parents[source], {}).setdefault((source, target), number)
    grown = list(sizes)
    inside: dict[int, Point] = {}
    rooms: dict[int, Point] = {}
    bends: dict[int, list[Point]] = {}
    for group in sorted((g for g in children if g >= 0), key=lambda g: -_depth(parents, g)):
        _place(children[group], grown, levels.get(group, {}), inside, bends)
        left, top, right, bottom = FRAME
        width = max(inside[n][0] + grown[n][0] for n in children[group])
        height = max(inside[n][1] + grown[n][1] for n in children[group])
        rooms[group] = (max(width + left + right, sizes[group][0]), height + top + bottom)
        grown[group] = sizes[group] if group in closed else rooms[group]
    outermost = children.get(-1, [])
    if not fixed or not fixed.keys() >= set(outermost):
        _place(outermost, grown, levels.get(-1, {}), inside, bends)
    fast = fixed or {}
    corners = _corners(parents, fast)
    places: list[Point] = [(0.0, 0.0)] * len(sizes)
    for group in sorted(children, key=lambda g: _depth(parents, g) if g >= 0 else -1):
        for node in children[group]:
            place = fast[node] if node in fast else _inside(places, group, inside[node])
            places[node] = _least(place, corners[node]) if node in corners else place
        stands = {node for node in children[group] if node in fast or node in corners}
        if 0 < len(stands) < len(children[group]):
            _make_way([node for node in children[group] if node not in stands], stands, places, grown)
    for group in sorted(corners, key=lambda g: -_depth(parents, g)):
        (x, y), (_, _, right, bottom) = places[group], FRAME
        width = max(places[n][0] + grown[n][0] for n in children[group]) + right - x
        height = max(places[n][1] + grown[n][1] for n in children[group]) + bottom - y
        rooms[group] = (max(rooms[group][0], width), max(rooms[group][1], height))
        grown[group] = grown[group] if group in closed else rooms[group]
    moved = {parents[node] for node in (*fast, *corners)}
    return Layout(places, grown, rooms, _bends(bends, edges, parents, places, moved))


def _make_way(free: Sequence[int], stands: Set[int], places: list[Point], sizes: Sequence[Point]) -> None:
    """What would lie on something that stands fast goes below that, and what lies below it further down."""
    slices: dict[int, list[tuple[float, float, float, float]]] = {}
    for node in (*stands, *sorted(free, key=lambda n: (places[n][1], places[n][0]))):
        (x, y), (wide, high) = places[node], sizes[node]
        across = range(int(x // SLICE), int((x + wide) // SLICE) + 1)
        if node not in stands:
            near = {box for at in across for box in slices.get(at, ()) if box[0] < x + wide and x < box[2]}
            while below := [low for _, top, _, low in near if top < y + high and y < low]:
                y = max(below) + ROW_GAP
            places[node] = (x, y)
        for at in across:
            slices.setdefault(at, []).append((x, y, x + wide, y + high))


def _corners(parents: Sequence[int], fast: Mapping[int, Point]) -> dict[int, Point]:
    """By group the corner that it has at most, so that what stands fast in it lies in its frame."""
    found: dict[int, Point] = {}
    for node, (x, y) in fast.items():
        for depth, group in enumerate(list(_around(parents, node))[1:-1], 1):
            corner = (x - depth * FRAME[0], y - depth * FRAME[1])
            found[group] = _least(found.get(group, corner), corner)
    return found


def _inside(places: Sequence[Point], group: int, at: Point) -> Point:
    """Where something stands in its group."""
    x, y = (places[group][0] + FRAME[0], places[group][1] + FRAME[1]) if group >= 0 else (0.0, 0.0)
    return x + at[0], y + at[1]


def _least(one: Point, other: Point) -> Point:
    return min(one[0], other[0]), min(one[1], other[1])


def lifted(parents: Sequence[int], source: int, target: int) -> tuple[int, int]:
    """The two that lie side by side: the nodes themselves, or the groups around them; the same one where one lies in the other."""
    chains = [list(_around(parents, node)) for node in (source, target)]
    while len(chains[0]) > 1 and len(chains[1]) > 1 and chains[0][-2] == chains[1][-2]:
        chains[0].pop()
        chains[1].pop()
    if len(chains[0]) == 1 or len(chains[1]) == 1:
        return source, source
    return chains[0][-2], chains[1][-2]


def _around(parents: Sequence[int], node: int) -> Iterator[int]:
    """The node, the groups that it lies in, and -1."""
    while node >= 0:
        yield node
        node = parents[node]
    yield -1


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
        group = parents[lifted(parents, *edges[number])[0]]
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
    pairs: Mapping[tuple[int, int], int],
    places: dict[int, Point],
    bends: dict[int, list[Point]],
) -> None:
    """Places of the nodes of one level, and the points of its edges; `pairs` are the level's edges, with their numbers."""
    index = {node: i for i, node in enumerate(nodes)}
    level = _Level(nodes, [[] for _ in nodes], [[] for _ in nodes])
    for source, target in pairs:
        level.before[index[target]].append(index[source])
        level.after[index[source]].append(index[target])
    rank = ranks(level.before, level.after)
    level.columns = [[] for _ in range(max(rank, default=-1) + 1)]
    for i, column in enumerate(rank):
        level.columns[column].append(i)
    _add_lanes(level, rank)
    row = _rows(level.columns, level.before, level.after)
    packed = pack([sorted(column, key=row.__getitem__) for column in level.columns], [sizes[node] for node in nodes])
    for i, place in packed.places.items():
        places[nodes[i]] = place
    for (source, target), number in pairs.items():
        a, b = index[source], index[target]
        passed = level.lanes.get(a, [])[: max(rank[b] - rank[a] - 1, 0)]
        points = packed.way(a, rank[a], passed, b, rank[b])
        if points:
            bends[number] = points


def _add_lanes(level: _Level, column_of: Sequence[int]) -> None:
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
