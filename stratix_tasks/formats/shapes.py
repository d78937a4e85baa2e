"""The shapes of cards, as paths: the left side of a card tells how it begins, the right side what it is, and what lies behind or
within it whether it stands for many, or for a flow. The same as in widget/src/model/shapes.ts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

BEGINS: Final = {"": "plain", "join": "point", "catch": "cut", "always": "step"}
"""At the left: as usual; where several come together; on failure; at the end, whatever has happened."""
MANY: Final = ("map", "each", "stack")
FLOWS: Final = ("each", "flow", "nested")
CORNER, ROUND, POINT, CUT, STEP, NOTCH = 9.0, 29.0, 15.0, 13.0, 8.0, 14.0
BAR: Final = 6.0
"""Where the bar at a plain left side begins and ends."""
BEHIND: Final = (9, 5)
"""How far cards lie behind a card that stands for many."""


class Shape(NamedTuple):
    left: str
    right: str
    loop: bool
    """It comes back to itself."""
    many: bool
    """Others like it lie behind it."""
    flow: bool
    """A flow lies in it."""


class Box(NamedTuple):
    x: float
    y: float
    w: float
    h: float


def shape_of(node: Mapping[str, Any]) -> Shape:
    kind, gate, loop = node["kind"], bool(node["wait"]), node["kind"] == "loop"
    left = "round" if gate and not node["begins"] else BEGINS[node["begins"]]
    return Shape(left, "round" if gate or loop else "plain", loop, kind in MANY, kind in FLOWS)


def outline(shape: Shape, box: Box) -> str:
    """The edge of a card."""
    x, y, w, h = box
    r = min(ROUND, h / 2) if shape.right == "round" else CORNER
    far, low = x + w, y + h
    top = f"M{_said(x + _inset(shape.left, h), y)}L{_said(far - r, y)}Q{_said(far, y, far, y + r)}"
    return f"{top}L{_said(far, low - r)}Q{_said(far, low, far - r, low)}{_up(shape.left, box)}Z"


def spine(shape: Shape, box: Box) -> str:
    """Its left side alone."""
    if shape.left == "plain":
        return f"M{_said(box.x, box.y + box.h - BAR)}L{_said(box.x, box.y + BAR)}"
    return "M" + _up(shape.left, box)[1:]


def within(shape: Shape, box: Box) -> str:
    """The line in a card that says what it is beside a task: the frame of a flow, the way back of a loop; nothing of a task."""
    x, y, w, h = box
    if shape.flow:
        return outline(shape, Box(x + 4, y + 4, w - 8, h - 8))
    if not shape.loop:
        return ""
    r, far, low = min(ROUND, h / 2) - 5, x + w - 5, y + h - 5
    top = f"M{_said(far - r, y + 5)}Q{_said(far, y + 5, far, y + 5 + r)}"
    return f"{top}L{_said(far, low - r)}Q{_said(far, low, far - r, low)}"


def _inset(side: str, h: float) -> float:
    """How far from its left edge the upper and the lower one begin."""
    return {"plain": CORNER, "round": min(ROUND, h / 2), "point": POINT, "cut": CUT, "step": STEP}[side]


def _up(side: str, box: Box) -> str:
    """From the end of the lower edge to the beginning of the upper one."""
    x, y, _, h = box
    low, d = y + h, _inset(side, h)
    begin, end = f"L{_said(x + d, low)}", _said(x + d, y)
    if side == "point":
        return f"{begin}L{_said(x, y + h / 2)}L{end}"
    if side == "cut":
        return f"{begin}L{_said(x, low - CUT)}L{_said(x, y + CUT)}L{end}"
    if side == "step":
        steps = ((x + d, low - NOTCH), (x, low - NOTCH), (x, y + NOTCH), (x + d, y + NOTCH))
        return begin + "".join(f"L{_said(*step)}" for step in steps) + f"L{end}"
    return f"{begin}Q{_said(x, low, x, low - d)}L{_said(x, y + d)}Q{_said(x, y)} {end}"


def _said(*numbers: float) -> str:
    return " ".join(f"{round(number, 1):.10g}" for number in numbers)
