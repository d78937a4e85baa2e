"""Packing: columns of a graph in the shape of a notebook's page.

Columns stand side by side, each in the middle of the tallest. One that is taller than the page is wide is wrapped into a block of
several, and columns that make a line much wider than a page are broken into lines, as a text is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt

Point = tuple[float, float]
COLUMN_GAP = 64.0
ROW_GAP = 26.0
BLOCK_GAP = 40.0
"""Between the columns of a block; edges reach them through the gaps between its rows."""
BESIDE = 9.0
"""How far from a row its edges run in such a gap."""
LINE_GAP = 64.0
"""Between lines; edges from one to the next run in its middle."""
LANE = 4.0
"""Height of the place where edges pass a column."""
SHAPE = 2.0
"""A page is this much wider than it is tall."""
TALL, WIDE = 640.0, 1500.0
"""What is not taller is not wrapped; what is not wider is not broken: so much of a line can be read at once on a notebook's page."""


@dataclass(slots=True)
class Packed:
    """Places by number; of lanes the levels on which they are passed, from left to right; of what stands inside of a block those on
    which it is reached and left; of each column its line."""

    places: dict[int, Point] = field(default_factory=dict)
    passes: dict[int, tuple[Point, Point]] = field(default_factory=dict)
    enters: dict[int, tuple[Point, Point]] = field(default_factory=dict)
    leaves: dict[int, tuple[Point, Point]] = field(default_factory=dict)
    line: list[int] = field(default_factory=list)
    spans: list[tuple[float, float, float]] = field(default_factory=list)
    """Of each line its left, its right and the height on which edges leave it for the next."""

    def way(self, source: int, start: int, passed: Sequence[int], target: int, stop: int) -> list[Point]:
        """The points of an edge from a node in a column to another: the lanes that it passes, and the gaps of blocks and between
        lines."""
        points: list[Point] = [*self.leaves.get(source, ())]
        at = self.line[start]
        for place, lane in enumerate([*passed, None], start + 1):
            line = self.line[stop if lane is None else place]
            for above in range(at, line):
                left, right, low = self.spans[above]
                points += [(right, low), (left, low)] if above == line - 1 else []
            at = line
            points += self.passes[lane] if lane is not None else self.enters.get(target, ())
        return points


def pack(columns: Sequence[Sequence[int]], sizes: Sequence[Point]) -> Packed:
    """Columns from left to right, each from above to below; numbers from `len(sizes)` on are lanes."""
    height = _tallest(columns, sizes)
    blocks = [_Block(column, sizes, height) for column in columns]
    packed, y = Packed(), 0.0
    for number, line in enumerate(_lines(blocks)):
        tall, x = max((block.height for block in line), default=0.0), 0.0
        for block in line:
            block.place(packed, x, y + (tall - block.height) / 2)
            packed.line.append(number)
            x += block.width + COLUMN_GAP
        packed.spans.append((0.0, x - COLUMN_GAP, y + tall + LINE_GAP / 2))
        y += tall + LINE_GAP
    return packed


class _Block:
    """A column, wrapped where it is taller than `height`: its nodes row by row, lanes above them."""

    def __init__(self, column: Sequence[int], sizes: Sequence[Point], height: float) -> None:
        self.entries, self.sizes = column, sizes
        self.nodes = [i for i in column if i < len(sizes)]
        tall = _height(column, sizes)
        self.beside = 1 if tall <= max(height, TALL) else min(ceil(tall / height), len(self.nodes))
        self.widest = max((sizes[i][0] for i in self.nodes), default=0.0)
        self.width = self.beside * (self.widest + BLOCK_GAP) - BLOCK_GAP if self.nodes else 0.0
        self.lanes = [i for i in column if i >= len(sizes)]
        rows = [self.nodes[i : i + self.beside] for i in range(0, len(self.nodes), self.beside)]
        self.rows = [(row, max(sizes[i][1] for i in row)) for row in rows]
        self.height = tall
        if self.beside > 1:
            self.height = len(self.lanes) * LANE * 2 + sum(h + ROW_GAP for _, h in self.rows) - ROW_GAP

    def place(self, packed: Packed, x: float, y: float) -> None:
        if self.beside == 1:
            for i in self.entries:
                y += self._put(packed, i, x, y) + ROW_GAP
            return
        for lane in self.lanes:
            y += self._put(packed, lane, x, y) * 2
        for row, height in self.rows:
            for number, i in enumerate(row):
                left = x + number * (self.widest + BLOCK_GAP)
                self._put(packed, i, left, y)
                if number:
                    packed.enters[i] = (x, y - BESIDE), (left - BLOCK_GAP * 0.7, y - BESIDE)
                if number < self.beside - 1:
                    low = y + height + BESIDE
                    packed.leaves[i] = (left + self.sizes[i][0] + BLOCK_GAP * 0.7, low), (x + self.width, low)
            y += height + ROW_GAP

    def _put(self, packed: Packed, i: int, x: float, y: float) -> float:
        """At this place; the answer is its height."""
        if i < len(self.sizes):
            packed.places[i] = (x, y)
            return self.sizes[i][1]
        packed.passes[i] = (x, y + LANE / 2), (x + self.width, y + LANE / 2)
        return LANE


def _height(column: Sequence[int], sizes: Sequence[Point]) -> float:
    return sum((sizes[i][1] if i < len(sizes) else LANE) + ROW_GAP for i in column) - ROW_GAP


def _tallest(columns: Sequence[Sequence[int]], sizes: Sequence[Point]) -> float:
    """The height from which columns are wrapped, so that all have the shape of a page."""
    tall = [_height(column, sizes) for column in columns]
    wide = [max((sizes[i][0] for i in column if i < len(sizes)), default=0.0) for column in columns]
    height, most = TALL, max(tall, default=0.0)
    while height < most:
        width = sum(ceil(t / height) * (w + BLOCK_GAP) + COLUMN_GAP for t, w in zip(tall, wide, strict=True))
        if width <= SHAPE * height:
            return height
        height *= 1.2
    return max(height, TALL)


def _lines(blocks: list[_Block]) -> list[list[_Block]]:
    """Blocks that follow each other, in as many lines as it takes to read each at once, unless they would be taller than wide."""
    width = max(sum(block.width + COLUMN_GAP for block in blocks) - COLUMN_GAP, 0.0)
    height = max((block.height for block in blocks), default=0.0) + LINE_GAP
    count = min(ceil(width / WIDE), int(sqrt(width / height)))
    lines: list[list[_Block]] = [[]]
    room, x = width / max(count, 1), 0.0
    for block in blocks:
        if lines[-1] and x + block.width / 2 > room * len(lines) and len(lines) < count:
            lines.append([])
        lines[-1].append(block)
        x += block.width + COLUMN_GAP
    return lines
