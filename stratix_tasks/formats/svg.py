"""A snapshot as SVG: the same cards as the live view, for papers, saved notebooks and viewers without a widget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import ceil
from typing import Any

from stratix_tasks.core.states import TERMINAL, State
from stratix_tasks.core.waits import KINDS
from stratix_tasks.errors import InputError
from stratix_tasks.formats.colours import DIFFERENT, FILLS, TEXTS, THEMES, WHITE
from stratix_tasks.formats.labels import HEAD, Labels
from stratix_tasks.formats.seen import Seen
from stratix_tasks.formats.shapes import BEHIND, Box, outline, shape_of, spine, within

LOOKS = {
    State.READY: "queued",
    State.SUSPENDED: "paused",
    State.HELD: "paused",
    State.STOPPING: "running",
    State.UPSTREAM_FAILED: "upstream",
    State.OPEN: "running",
}
"""States that look otherwise than they are called."""
GLYPHS = {
    "pending": "M0 -4V0L3 2",
    "queued": "M-3.5 -2.5H3.5M-3.5 0H3.5M-3.5 2.5H3.5",
    "running": "M-2 -3.5L3.5 0L-2 3.5Z",
    "paused": "M-1.8 -3V3M1.8 -3V3",
    "retrying": "M3 -2A3.6 3.6 0 1 0 3.6 1M3 -4.5V-1.8H0.4",
    "waiting": "M-3.2 -4H3.2M-3.2 4H3.2M-2.3 -4Q-2.3 -1.6 0 0Q2.3 -1.6 2.3 -4M-2.3 4Q-2.3 1.6 0 0Q2.3 1.6 2.3 4",
    "completed": "M-3.6 0.2L-1 2.8L3.6 -2.6",
    "failed": "M-2.8 -2.8L2.8 2.8M2.8 -2.8L-2.8 2.8",
    "upstream": "M-2.8 -2.8L2.8 2.8M-3 3H3",
    "cancelled": "M-3 3L3 -3M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0",
    "skipped": "M-3.5 0.5Q0 -4 3 0M3 -2.8V0.4H0",
    "planned": "M-2.5 3Q-0.5 3 0 0Q0.5 -3 2.5 -3M-2 0H2",
}
"""Glyphs as strokes, so that no font is needed for them; `running` is filled."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
GIVEN, BREAK, PAUSED, WAITS = 1, 8, 16, 32
"""Bits of a status's flags, as views have them."""
TOP = 46.0
MARGIN = 24.0


def to_svg(snapshot: Mapping[str, Any], *, theme: str = "light") -> str:
    """A standing picture of a snapshot, as it is first shown. `theme` is light or dark, else InputError. Every text of the user is
    escaped.
    """
    if theme not in THEMES:
        raise InputError(f"theme is {' or '.join(THEMES)}, not {theme!r}", code="bad-option")
    colours, seen = THEMES[theme], Seen(snapshot)
    nodes, bends = [seen.cards[i] for i in seen.shown], snapshot["bends"]
    right = max((node["x"] + node["w"] for node in nodes), default=200.0) + 2 * MARGIN + 10
    bottom = max((node["y"] + node["h"] for node in nodes), default=0.0) + TOP + MARGIN + 10
    width = max(right, 24.0 + 8.4 * len(snapshot["flow"]["name"]) + 260.0)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{bottom:.0f}" '
            f'viewBox="0 0 {width:.0f} {bottom:.0f}" font-family="{FONT}" role="img" '
            f'aria-label="{escape(_title(snapshot))}">'
        ),
        f'<rect width="100%" height="100%" rx="10" fill="{colours["paper"]}"/>',
        *_header(snapshot, colours),
        f'<g transform="translate({MARGIN} {TOP})">',
        *(
            _edge(seen.cards[a], seen.cards[b], kind, bends.get(str(number), ()), seen.edge_look(a, b, kind), colours)
            for number, a, b, kind in seen.lines()
        ),
        *_conditions(seen, colours),
        *_sizes(seen, colours),
    ]
    for index in sorted(seen.shown, key=lambda index: not seen.is_open(index)):
        parts.append("".join(_node(seen, index, theme)))
    return "\n".join([*parts, "</g>", "</svg>"])


def _title(snapshot: Mapping[str, Any]) -> str:
    run = snapshot["run"]
    return f"Flow {snapshot['flow']['name']}: " + (
        f"run {run['state']}, {run['done']} of {run['total']}" if run else f"{len(snapshot['nodes'])} nodes"
    )


def _header(snapshot: Mapping[str, Any], colours: Mapping[str, str]) -> list[str]:
    name, run = snapshot["flow"]["name"], snapshot["run"]
    parts = [
        f'<text x="{MARGIN}" y="28" font-size="15" font-weight="650" fill="{colours["ink"]}">{escape(name)}</text>'
    ]
    x = MARGIN + 9.2 * len(name) + 14
    if run:
        waits = waits_text(run)
        word = waits or run["state"]
        look = {"pausing": "paused", "ending": "running", "interrupted": "paused"}.get(
            word, "paused" if waits.startswith("paused") else "waiting" if waits else word
        )
        fill, wide = FILLS.get(look, FILLS["pending"]), 7.2 * len(word) + 18
        ink = "#fff" if look in WHITE else "#111"
        parts.append(f'<rect x="{x:.1f}" y="14" width="{wide:.1f}" height="20" rx="10" fill="{fill}"/>')
        parts.append(
            f'<text x="{x + wide / 2:.1f}" y="28" font-size="12" font-weight="600" text-anchor="middle" fill="{ink}">{word}</text>'
        )
        ended = run["ended"] or snapshot["now"]
        words = f"{duration(max(ended - run['started'], 0))}  ·  {run['done']:,} of {run['total']:,}"
        parts.append(f'<text x="{x + wide + 12:.1f}" y="28" font-size="12" fill="{colours["quiet"]}">{words}</text>')
    return parts


def waits_text(run: Mapping[str, Any]) -> str:
    """What is left of a run where nothing else moves: `waiting for 1 approval and 2 signals`, `paused at 2 nodes`, `asleep`; else
    nothing."""
    waits = {kind: count for kind, count in run["waits"].items() if kind != "held"}
    people = [f"{count:,} {kind}{'s' * (count > 1)}" for kind, count in waits.items() if KINDS[kind].ended_by]
    if people:
        return f"waiting for {' and '.join(people)}"
    held = run["waits"].get("held", 0)
    return f"paused at {held:,} node{'s' * (held > 1)}" if held else "asleep" if waits else ""


MANY = ("map", "each", "flow", "stack")
"""Kinds of nodes that stand for many; a sub-flow while it is closed."""


def _edge(
    source: Mapping[str, Any],
    target: Mapping[str, Any],
    kind: str,
    bends: Sequence[Sequence[float]],
    look: str,
    colours: Mapping[str, str],
) -> str:
    """A curve from column to column, level where it passes one, with its arrowhead; from a step to what it ends from below to below."""
    if kind == "ends":
        return _ends(source, target, look, colours)
    x, y = target["x"], target["y"] + target["h"] / 2
    points = [(source["x"] + source["w"], source["y"] + source["h"] / 2), *bends, (x - HEAD + 1, y)]
    dashed = look == "idle" or (kind != "data" and (look == "plain" or kind == "catch"))
    dash = ' stroke-dasharray="4 4"' if dashed else ""
    colour = FILLS["failed"] if kind == "catch" else colours["taken" if look == "taken" else "edge"]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    headings = [1, *(-1 if b[0] < a[0] else 1 for a, b in zip(bends[::2], bends[1::2], strict=True)), 1]
    for i, ((x1, y1), (x2, y2)) in enumerate(zip(points[::2], points[1::2], strict=True)):
        bend = max(abs(x2 - x1) / 2, 24)
        path += f"L{x1:.1f} {y1:.1f}" if i else ""
        path += f"C{x1 + headings[i] * bend:.1f} {y1:.1f} {x2 - headings[i + 1] * bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return _line(path, f"M{x:.1f} {y:.1f}l{-HEAD:g} {-HEAD / 2:g}v{HEAD:g}z", colour, dash, look)


def _conditions(seen: Seen, colours: Mapping[str, str]) -> Iterator[str]:
    """What conditions ask of the nodes that edges come from, where there is room on these."""
    told, bends, edges = seen.snapshot["conditions"], seen.snapshot["bends"], seen.snapshot["edges"]
    if not told:
        return
    labels = Labels(_box(seen.cards[index]) for index in seen.shown if not seen.is_open(index))
    for number, a, b, kind in seen.lines():
        if str(number) not in told or [a, b] != [*edges[number][:2]]:
            continue
        source, target = _box(seen.cards[a]), _box(seen.cards[b])
        x, y = bends.get(str(number), [(source.x + source.w, source.y + source.h / 2)])[-1]
        label = labels.put(told[str(number)], (x, y), (target.x, target.y + target.h / 2))
        if label is not None:
            look = seen.edge_look(a, b, kind)
            ink = f'font-weight="600" fill="{colours["ink"]}"' if look == "taken" else f'fill="{colours["quiet"]}"'
            yield (
                f'<text x="{label.x:.1f}" y="{label.y:.1f}" font-size="10.5" text-anchor="end" {ink} stroke-width="3" '
                f'stroke="{colours["paper"]}" stroke-linejoin="round" paint-order="stroke">{escape(label.text)}</text>'
            )


def _sizes(seen: Seen, colours: Mapping[str, str]) -> Iterator[str]:
    """How much nodes gave, where their edges begin: once for each, and not where conditions may want the room."""
    told, texts = seen.snapshot["conditions"], seen.snapshot["texts"]
    lines = list(seen.lines())
    taken = {a for number, a, _, _ in lines if str(number) in told}
    for number, a, b, kind in lines:
        size = texts.get(str(a), {}).get("size")
        if kind != "data" or a in taken or not size:
            continue
        taken.add(a)
        box, target = _box(seen.cards[a]), _box(seen.cards[b])
        x, y = box.x + box.w + 13, box.y + box.h / 2
        then = seen.snapshot["bends"].get(str(number), [(0, target.y + target.h / 2)])[0][1]
        y += 13 if then < y - 1 else -5  # on the side of the line that it does not go to
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="10.5" fill="{colours["quiet"]}" stroke-width="3" '
            f'stroke="{colours["paper"]}" stroke-linejoin="round" paint-order="stroke">{escape(size)}</text>'
        )


def _box(card: Mapping[str, Any]) -> Box:
    return Box(card["x"], card["y"], card["w"], card["h"])


DIP = 60.0
"""How far below both an edge runs that leads back from a step to what it ends."""


def _ends(source: Mapping[str, Any], target: Mapping[str, Any], look: str, colours: Mapping[str, str]) -> str:
    x1, y1 = source["x"] + source["w"] / 2, source["y"] + source["h"]
    x2, y2 = target["x"] + target["w"] / 2, target["y"] + target["h"]
    low = max(y1, y2) + DIP
    path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {low:.1f} {x2:.1f} {low:.1f} {x2:.1f} {y2 + HEAD - 1:.1f}"
    head = f"M{x2:.1f} {y2:.1f}l{-HEAD / 2:g} {HEAD:g}h{HEAD:g}z"
    return _line(path, head, colours["taken" if look == "taken" else "edge"], ' stroke-dasharray="2 4"', look)


def _line(path: str, head: str, colour: str, dash: str, look: str) -> str:
    pale = ' opacity="0.5"' if look == "idle" else ""
    return (
        f'<g{pale}><path d="{path}" fill="none" stroke="{colour}" '
        f'stroke-width="1.6"{dash}/><path d="{head}" fill="{colour}"/></g>'
    )


def _node(seen: Seen, index: int, theme: str) -> list[str]:
    snapshot, node, status, colours = seen.snapshot, seen.cards[index], seen.status(index), THEMES[theme]
    state = State(status[0])
    if status[1] & (PAUSED | WAITS):
        state = State.WAITING if status[1] & WAITS else State.HELD
    elif state is State.OPEN and snapshot["run"] and snapshot["run"]["state"] == "paused":
        state = State.HELD
    look, word = (LOOKS.get(state, state.label), state.word) if snapshot["run"] else ("planned", "")
    paint = DIFFERENT[node["diff"]] if "diff" in node else look
    fill, text, planned = FILLS[paint], TEXTS[theme][paint], look == "planned"
    x, y, w, h = node["x"], node["y"], node["w"], node["h"]
    if seen.is_open(index):
        return [
            (
                f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="13" fill="{fill}" fill-opacity="0.06" '
                f'stroke="{fill}" stroke-opacity="0.5"/>'
            ),
            f'<text x="{x + 14}" y="{y + 23}" font-size="12" font-weight="620" fill="{text}">{escape(node["label"])}</text>',
            *_breakpoint(status, x, y, colours),
        ]
    used = seen.look(index)
    counted = f"{status[3]:,}/{status[4]:,}" if snapshot["run"] and status[4] else seen.count(index)
    many = counted if node["kind"] in MANY else ""
    beside = used is not None and look not in ("planned", "waiting")  # else it stands in the disc
    name = _cut(node["label"], w - 46 - 7 * len(many) - 20 * beside, 7.7)
    parts = [
        *_shape(node, fill, look == "skipped", colours),
        _disc(look, used, x + 22, y + 21),
        f'<text x="{x + 39}" y="{y + 25.5}" font-size="13" font-weight="620" fill="{colours["ink"]}">{escape(name)}</text>',
        *_foot(node, x, y, w, colours),
    ]
    if many:
        parts.append(
            f'<text x="{x + w - 12}" y="{y + 25}" font-size="11.5" font-weight="600" text-anchor="end" fill="{text}">{many}</text>'
        )
    if used is not None and beside:
        at = x + w - 19 - (7 * len(many) + 5 if many else 0)
        parts.append(_stroke(used["icon"], at, y + 20.5, used["accent"] or colours["quiet"]))
    line = (
        _detail(node, status, snapshot["texts"].get(str(index), {}), word, snapshot["now"])
        if snapshot["run"]
        else node["line"]
    )
    shown = _cut(line, w - 52, 6.0)
    parts.append(f'<text x="{x + 39}" y="{y + 42}" font-size="11.5" fill="{text}">{escape(shown)}</text>')
    bar = [] if planned else _bar(node, status, x, y, w, h)
    return [*parts, *bar, *_breakpoint(status, x, y, colours)]


def _shape(node: Mapping[str, Any], fill: str, dashed: bool, colours: Mapping[str, str]) -> list[str]:
    """The card itself: its edge, its left side, what lies behind it and what it says that it is."""
    shape, box = shape_of(node), _box(node)
    x, y, w, h = box
    behind = [outline(shape, Box(x + by, y + by, w, h)) for by in BEHIND if shape.many]
    edge, inner = outline(shape, box), within(shape, box)
    rim, dash = f'stroke="{fill}" stroke-opacity="0.6"', ' stroke-dasharray="4 3"' if dashed else ""
    return [
        *(f'<path d="{path}" fill="{colours["card"]}" {rim} opacity="0.7"/>' for path in behind),
        f'<path d="{edge}" fill="{colours["card"]}"/><path d="{edge}" fill="{fill}" fill-opacity="0.08" {rim}{dash}/>',
        *(
            f'<path d="{path}" fill="none" stroke="{fill}" stroke-opacity="0.55" stroke-width="1.3"/>'
            for path in [inner]
            if path
        ),
        (
            f'<path d="{spine(shape, Box(x + 1.5, y, w, h))}" fill="none" stroke="{fill}" stroke-width="4" '
            f'stroke-linecap="round" stroke-linejoin="round"/>'
        ),
    ]


def _foot(node: Mapping[str, Any], x: float, y: float, w: float, colours: Mapping[str, str]) -> list[str]:
    """On what condition it runs, and how it begins or goes on where that is not as usual, on a line of their own."""
    if not node["foot"]:
        return []
    shown = _cut(node["foot"], w - 60, 6.4)
    return [
        (
            f'<rect x="{x + 39}" y="{y + 55}" width="{min(6.6 * len(shown) + 14, w - 50):.1f}" height="17" rx="5" '
            f'fill="{colours["quiet"]}" fill-opacity="0.1"/><text x="{x + 46}" y="{y + 67}" font-size="11" '
            f'fill="{colours["quiet"]}">{escape(shown)}</text>'
        )
    ]


def _cut(text: str, room: float, character: float) -> str:
    """As much of a text as has room in pixels, at the width of a character."""
    most = max(int(room / character), 1)
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def _breakpoint(status: Any, x: float, y: float, colours: Mapping[str, str]) -> list[str]:
    if not status[1] & BREAK:
        return []
    return [f'<circle cx="{x + 1}" cy="{y + 1}" r="6.5" fill="#d92525" stroke="{colours["card"]}" stroke-width="2"/>']


def _disc(look: str, used: Mapping[str, str] | None, x: float, y: float) -> str:
    """The glyph of a look in its disc; of what is planned, or waits, the icon of what it uses, where that has one."""
    if look == "planned":
        ink = (used or {}).get("accent") or FILLS[look]
        tint = f'fill="{ink}" fill-opacity="0.12"' if used is not None else 'fill="none"'
    else:
        ink, tint = "#fff" if look in WHITE else "#111", f'fill="{FILLS[look]}"'
    path = used["icon"] if used is not None and look in ("planned", "waiting") else GLYPHS[look]
    glyph = (
        _stroke(path, x, y, ink)
        if look != "running"
        else f'<path d="{path}" transform="translate({x} {y})" fill="{ink}"/>'
    )
    return f'<circle cx="{x}" cy="{y}" r="9" {tint} stroke="{ink if look == "planned" else FILLS[look]}"/>{glyph}'


def _stroke(path: str, x: float, y: float, ink: str) -> str:
    return (
        f'<path d="{path}" transform="translate({x} {y})" fill="none" stroke="{ink}" stroke-width="1.6" stroke-linecap="round" '
        f'stroke-linejoin="round"/>'
    )


def _bar(node: Mapping[str, Any], status: Any, x: float, y: float, w: float, h: float) -> list[str]:
    inset = 26 if shape_of(node).right == "round" else 12
    total, at, room = status[4], x + inset, w - 2 * inset
    if node["kind"] not in MANY or not total:
        return []
    parts = [
        f'<rect x="{at}" y="{y + h - 8}" width="{room}" height="4" rx="2" fill="{FILLS["pending"]}" fill-opacity="0.3"/>'
    ]
    for look, count in (
        ("completed", status[3]),
        ("failed", status[5]),
        ("skipped", status[7]),
        ("running", status[6]),
    ):
        if count:
            parts.append(
                f'<rect x="{at:.1f}" y="{y + h - 8}" width="{room * count / total:.1f}" height="4" rx="2" fill="{FILLS[look]}"/>'
            )
            at += room * count / total
    return parts


def _detail(node: Mapping[str, Any], status: Any, texts: Mapping[str, str], word: str, now: float) -> str:
    state = State(status[0])
    if state is State.FAILED:
        return texts.get("error", "failed")
    if word == "waiting":
        rest = "" if status[11] is None else left(status[11] - now)
        return " · ".join(filter(None, (texts.get("wait") or node["wait"], rest)))
    given = state is State.COMPLETED and status[1] & GIVEN
    parts = ["given"] if given else []
    if status[9] and not given and state not in (State.PENDING, State.READY):
        parts.append(duration(max((status[10] or now) - status[9], 0)))
    if state is State.COMPLETED and texts.get("summary"):
        parts.append(texts["summary"])
    if state is State.SKIPPED and texts.get("reason"):
        parts.append(texts["reason"])
    if node["subtitle"] and state not in TERMINAL:
        parts.append(node["subtitle"])
    return " · ".join(parts) or word


def left(seconds: float) -> str:
    """What is left of a wait: 12 s left, 4:59 left, 23 h left, 6 days left."""
    whole = max(ceil(seconds), 0)
    if whole < 60:
        return f"{whole} s left"
    if whole < 3600:
        return f"{duration(whole)} left"
    return f"{whole // 3600} h left" if whole < 2 * 86400 else f"{whole // 86400} days left"


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 3:05, 1:02:03."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
