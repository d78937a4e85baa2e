"""Where a condition stands on its edge, as `widget/src/model/labels.ts` has it on the page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import floor
from typing import NamedTuple

from stratix_tasks.formats.shapes import Box

HEAD = 8.0
"""The length of an arrowhead."""
CHARACTER, LEAST = 6.3, 3
"""The width of a character, and so many without which nothing is told."""
BESIDE, ABOVE, BELOW, LINE = 4, 5, 13, 12
ROW = 128
"""The height of a row of cards that are looked through together."""

Point = tuple[float, float]


class Label(NamedTuple):
    """`x` and `y`: where it ends, on its base line."""

    text: str
    x: float
    y: float


class Labels:
    """Finds places among cards; frames are none."""

    def __init__(self, cards: Iterable[Box]) -> None:
        self._rows: defaultdict[int, list[Box]] = defaultdict(list)
        self._ends: Counter[Point] = Counter()
        for card in cards:
            for row in _rows(card.y, card.y + card.h):
                self._rows[row].append(card)

    def put(self, text: str, start: Point, end: Point) -> Label | None:
        """A label before the end of an edge, on the side that the edge does not come from, as far as there is room before the cards.
        Where several edges end each stands beyond those before it."""
        others, x = self._ends[end], end[0] - HEAD - BESIDE
        y = end[1] + (BELOW + LINE * others if start[1] < end[1] - 1 else -ABOVE - LINE * others)
        room = int((x - self._left(start, end, y - LINE, y + 3) - BESIDE) // CHARACTER)
        if not text or room < LEAST:
            return None
        self._ends[end] += 1
        return Label(text if len(text) <= room else f"{text[: room - 1]}…", x, y)

    def _left(self, start: Point, end: Point, top: float, bottom: float) -> float:
        """Where the last card ends that stands between two heights, before the end of an edge."""
        near = (card for row in _rows(top, bottom) for card in self._rows.get(row, ()))
        right = (x + w for x, y, w, h in near if y < bottom and top < y + h and x + w <= end[0])
        return max([start[0], *right])


def _rows(top: float, bottom: float) -> Iterator[int]:
    return iter(range(floor(top / ROW), floor(bottom / ROW) + 1))
