"""Places: how large cards are, what is folded or closed at first, and where everything stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict

from stratix_tasks.spec.folds import common, folds
from stratix_tasks.spec.layout import layout
from stratix_tasks.view.conditions import in_short
from stratix_tasks.view.messages import CardLook, Fold, NodeInfo, NodeOutline, Point, Port, Room
from stratix_tasks.view.source import Outline

HEIGHT, FOOT = 58.0, 24.0
"""Of a card with two lines, and what the line of conditions and badges adds."""
NARROWEST, WIDEST = 172.0, 320.0
CHARACTER, SMALL = 7.7, 6.9
"""Width of a character of a card's name, and of its other lines, in pixels and a wide font such as DejaVu Sans."""
ICON = 20.0
"""What the icon of what it uses takes beside its name, in pixels."""
COUNTED = 172.0
"""What stands beside the name of a map, in pixels: its glyph, and how many of its items have ended, up to `9,999/10,000`."""


class Card(NamedTuple):
    """A node, and the second and third line of its card, and whether what it uses has an icon."""

    node: NodeOutline
    line: str
    foot: str
    icon: bool = False


def card_of(node: NodeOutline, looks: Mapping[str, CardLook]) -> Card:
    icon = node["uses"] in looks and looks[node["uses"]]["icon"] != ""
    return Card(node, second_line(node), foot_line(node), icon)


def card_size(card: Card) -> tuple[float, float]:
    """A card is as wide as its name needs, and a short second and third line."""
    node, line, foot, icon = card
    beside = {"map": COUNTED, "each": COUNTED, "flow": 138.0}.get(node["kind"], 48.0) + (ICON if icon else 0.0)
    wide = max(
        NARROWEST,
        beside + CHARACTER * len(node["label"]),
        min(57.0 + SMALL * len(line), 240.0) if line else 0.0,
        min(44.0 + SMALL * len(foot), 240.0) if foot else 0.0,
    )
    return min(wide, WIDEST), HEIGHT + (FOOT if foot else 0.0)


ROW, BELOW, FEW, FEWEST = 20.0, 8.0, 6, 3
"""In an editor: the height of a row for an argument, the room below them; how many there are of one that has many, at least."""


def edit_size(card: Card, ports: Sequence[Port]) -> tuple[float, float]:
    """A card with a row for each argument; of many for those that are given or must be."""
    wide, high = card_size(card)
    needed = sum(1 for port in ports if port["text"] or port["required"])
    rows = len(ports) if len(ports) <= FEW else max(needed, FEWEST)
    widest = max((len(port["name"]) + len(port["text"] or port["type"]) for port in ports), default=0)
    return max(wide, min(48.0 + SMALL * widest, 240.0)), high + (ROW * rows + BELOW if rows else 0.0)


def second_line(node: NodeOutline) -> str:
    """What a card says below its name before anything runs: what what it uses says, else its first line of documentation, else what
    it calls, where that is not its name, and gives."""
    doc = node["subtitle"] or node["doc"].split("\n", 1)[0]
    call = node["call"].rpartition(":")[2]
    gives = f"→ {node['gives']}" if node["gives"] else ""
    return doc or " ".join(filter(None, (call if call != node["label"] else "", gives)))


def foot_line(node: NodeOutline) -> str:
    """Its third line, if it has one: on what condition it runs, and how it begins or goes on where that is not as usual."""
    return " · ".join(filter(None, (f"if {in_short(node['when'])}" if node["when"] else "", node["badge"])))


MANY = 150
"""From so many nodes on sub-flows are closed at first."""


class Arranged(TypedDict):
    """What a snapshot says of places."""

    nodes: list[NodeInfo]
    folds: list[Fold]
    rooms: dict[str, Room]
    closed: list[int]
    bends: dict[str, list[Point]]


def arrange(outline: Outline, ports: Sequence[Sequence[Port]] | None = None) -> Arranged:
    """Where everything stands; of a large flow with its like siblings folded and its sub-flows closed. What is edited, with the
    `ports` of each node, is all open."""
    nodes, count = outline["nodes"], len(outline["nodes"])
    parents = [node["parent"] for node in nodes]
    edges = [(a, b) for a, b, kind in outline["edges"] if kind != "ends"]
    alike = [None if i in outline["positions"] else _likeness(node) for i, node in enumerate(nodes)]
    stacks = folds(parents, edges, alike) if ports is None else []
    labels = [common([nodes[i]["label"] for i in stack], _called(nodes[stack[0]])) for stack in stacks]
    cards = [card_of(node, outline["flow"]["cards"]) for node in nodes]
    own = map(card_size, cards) if ports is None else map(edit_size, cards, ports)
    sizes = [*own, *map(stack_size, labels)]
    parents += [parents[stack[0]] for stack in stacks]
    for number, stack in enumerate(stacks, count):
        for member in stack:
            parents[member] = number
    groups = {parent for parent in parents if parent >= 0}
    closed = groups if count > MANY and ports is None else set(range(count, len(parents)))
    laid = layout(sizes, edges, parents, outline["positions"], closed)
    bends = laid.bends if ports is None else {}  # wires that are edited go straight, whatever they pass
    places = [_place(*place, *size) for place, size in zip(laid.places, laid.sizes, strict=True)]
    return {
        "nodes": [
            {**node, "line": line, "foot": foot, **place}
            for (node, line, foot, _), place in zip(cards, places, strict=False)
        ],
        "folds": [
            {"label": label, "members": stack, "parent": nodes[stack[0]]["parent"], **place}
            for label, stack, place in zip(labels, stacks, places[count:], strict=True)
        ],
        "rooms": {str(i): {"open": _rounded(*laid.rooms[i]), "closed": _rounded(*sizes[i])} for i in sorted(groups)},
        "closed": sorted(closed),
        "bends": {str(edge): [_rounded(*point) for point in points] for edge, points in bends.items()},
    }


class _Place(TypedDict):
    x: float
    y: float
    w: float
    h: float


def _place(x: float, y: float, w: float, h: float) -> _Place:
    return {"x": round(x, 1), "y": round(y, 1), "w": round(w, 1), "h": round(h, 1)}


def _rounded(x: float, y: float) -> Point:
    return round(x, 1), round(y, 1)


def _likeness(node: NodeOutline) -> tuple[object, ...]:
    """What the members of a stack have in common, beside their neighbours."""
    return node["kind"], node["call"], node["wait"], node["badge"], node["when"] is None


def _called(node: NodeOutline) -> str:
    return node["call"].rpartition(":")[2].rpartition(".")[2]


def stack_size(label: str) -> Point:
    return min(max(NARROWEST, 138.0 + CHARACTER * len(label)), WIDEST), HEIGHT
