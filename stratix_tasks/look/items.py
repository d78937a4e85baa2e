"""Pages of the items of a mapped node or flow, or of the rounds of a loop."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

from stratix_tasks.core.allowed import state_of
from stratix_tasks.core.node import EACH, LOOP, MAP
from stratix_tasks.core.scope import state_of_scope
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import BAD, LIVE, State
from stratix_tasks.core.targets import scope_of, unit_of
from stratix_tasks.core.waits import asked
from stratix_tasks.engine.fan import Fan
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, at_hand
from stratix_tasks.errors import headline
from stratix_tasks.look.scopes import record_scope, scope_text
from stratix_tasks.look.status import record, summary_text
from stratix_tasks.look.text import short
from stratix_tasks.runners.native import Clock
from stratix_tasks.store.summaries import extent, glance, sized
from stratix_tasks.view.messages import ItemPage, ItemQuery, ItemRow

ALL: ItemQuery = {"states": [], "search": "", "sort": "state"}
MANY = 5_000
"""Scopes up to which each is asked how it stands: more are paged in their order alone."""
GIVEN = 40
"""Characters of a mapped input in a row."""
FLOATS = frozenset((("builtins", "float"), ("numpy", "float64"), ("numpy", "float32")))
Here = Callable[..., Any]
"""Calls a function in the engine's thread."""


class _Taken(NamedTuple):
    """What is known of all items of a group at once; by their places, where the nodes of a scope stand side by side."""

    total: int
    columns: list[str]
    states: bytes | None
    """As they are called; None where there are too many to ask each."""
    keys: list[str] | None
    errors: dict[int, str]
    mapped: Callable[[int], dict[str, Any]] | None
    """The mapped inputs of an item, by its place; None where nobody searches in them, or they are not at hand."""
    started: array[float]
    ended: array[float]
    wide: int


def items(here: Here, live: LiveRun, node: str, start: int, stop: int, query: ItemQuery | None = None) -> ItemPage:
    """A page of the items of a mapped node or flow, or of the rounds of a loop: of those that a query wants, in its order.

    Any thread: the engine's is asked for what is there and for the rows, and has nothing to do with all the others.
    """
    wanted = query or ALL
    taken: _Taken | None = here(_take, live, node, wanted)
    if taken is None:
        return {"total": 0, "matching": 0, "counts": {}, "columns": [], "rows": []}
    order = _order(taken, wanted)
    shown = [int(at) for at in order[max(int(start), 0) : max(int(stop), 0)]]
    return {
        "total": taken.total,
        "matching": len(order),
        "counts": {} if taken.states is None else _counted(taken.states),
        "columns": taken.columns,
        "rows": here(_rows, live, node, shown, taken.columns),
    }


def _take(live: LiveRun, node: str, query: ItemQuery) -> _Taken | None:
    s = live.core.state
    group = unit_of(s, node)
    if s.kind(group) not in (MAP, EACH, LOOP) or group not in s.kids:
        return None
    started, ended, errors = array("d"), array("d"), dict[int, str]()
    scopes = list(s.scopes(group))
    if query["sort"] == "slowest":
        for _, a, b in scopes:
            started += s.started[a:b]
            ended += s.ended[a:b]
    if query["search"] and s.kind(group) is MAP:
        errors = {s.index(u): str(e.get("message", "")) for u, e in s.error.items() if s.map_of(u) == group}
    wide = s.stretches[scopes[0][0]].block.n if scopes else 1
    mapped = _mapped(live, group) if query["search"] else None
    return _Taken(
        s.count(group), _columns(s, group), _states(s, group), s.keys.get(group), errors, mapped, started, ended, wide
    )


def _mapped(live: LiveRun, group: int) -> Callable[[int], dict[str, Any]] | None:
    if not _columns(live.core.state, group):
        return None
    try:
        fan: Fan | None = live.binding.fan(group).value
    except Exception:  # what it goes over can't be resolved any more
        return None
    return None if fan is None else fan.item


def _states(s: Recorded, group: int) -> bytes | None:
    count = s.count(group)
    if s.kind(group) is not MAP:
        return bytes(state_of_scope(s, scope_of(s, group, at)) for at in range(count)) if count <= MANY else None
    recorded = b"".join(bytes(s.status[a:b]) for _, a, b in s.scopes(group))
    if s.marks:
        return bytes(_named(s, u, state) for u, state in zip(s.members(group), recorded, strict=True))
    return recorded.replace(bytes((State.PENDING,)), bytes((State.READY,)))


def _named(s: Recorded, u: int, state: int) -> int:
    """An item has no needs of its own: what has not begun is ready, or held."""
    found = int(state_of(s, u)) if state in (State.PENDING, State.RETRYING) else state
    return int(State.READY) if found == State.PENDING else found


def _counted(states: bytes) -> dict[str, int]:
    return {state.label: count for state in State if (count := states.count(state))}


# ---------------------------------------------------------------------- which, and in which order; any thread


def _order(taken: _Taken, query: ItemQuery) -> Any:
    """The places of the items, as a range or an array."""
    if taken.states is None:
        return range(taken.total)
    import numpy as np

    states = np.frombuffer(taken.states, np.uint8)
    found = np.arange(taken.total)
    if wanted := [int(state) for state in State if state.label in query["states"]]:
        found = found[np.isin(states, wanted)]
    if needle := query["search"].strip().casefold():
        found = np.array([at for at in found.tolist() if needle in _text(taken, at)], dtype=int)
    if query["sort"] == "slowest":
        return found[np.argsort(-_took(taken)[found], kind="stable")]
    if query["sort"] == "index":
        return found
    bad = np.isin(states[found], list(map(int, BAD)))
    return np.concatenate((found[bad], found[~bad]))


def _text(taken: _Taken, at: int) -> str:
    """What is looked through: the place of an item, its key, its error, and what it was given."""
    given = "" if taken.mapped is None else _all_given(taken.mapped, at)
    return f"{at} {'' if taken.keys is None else taken.keys[at]} {taken.errors.get(at, '')} {given}".casefold()


def _all_given(mapped: Callable[[int], dict[str, Any]], at: int) -> str:
    try:
        return " ".join(map(glance, mapped(at).values()))
    except IndexError:  # it came into the map later, with values of its own
        return ""


def _took(taken: _Taken) -> Any:
    """Seconds of each item so far; -1 of what has not begun."""
    import numpy as np

    started = np.asarray(taken.started).reshape(-1, taken.wide)
    began = np.where(started > 0, started, np.inf).min(axis=1)
    ended = np.asarray(taken.ended).reshape(-1, taken.wide).max(axis=1)
    took = np.where(ended >= began, ended, Clock.time()) - began
    return np.where(np.isfinite(began), took, -1.0)


# ---------------------------------------------------------------------- rows


def _rows(live: LiveRun, node: str, places: list[int], columns: list[str]) -> list[ItemRow]:
    s = live.core.state
    group = unit_of(s, node)
    row = _item if s.kind(group) is MAP else _scope
    return [row(live, group, at, columns) for at in places if at < s.count(group)]


def _columns(s: Recorded, group: int) -> list[str]:
    """The inputs that differ from item to item."""
    each = s.node(group).spec.each if s.node(group).spec is not None else None
    return [] if each is None else list(each.over)


def _given(read: Callable[[], Any], columns: list[str]) -> list[str]:
    """The texts of an item's mapped inputs, as far as they are at hand."""
    try:
        known = at_hand(read()) or {}
    except Exception:  # what it goes over can't be resolved any more
        known = {}
    values = (at_hand(known[name]) if known is not AWAY and name in known else AWAY for name in columns)
    return ["" if value is AWAY else short(_told(value), GIVEN) for value in values]


def _told(value: Any) -> str:
    """A number of Python or numpy in as many digits as a cell of a table has, a table by its sizes."""
    kind = type(value)
    is_float = type(kind) is type and (kind.__module__, kind.__name__) in FLOATS
    return f"{value:.6g}" if is_float else extent(value) or glance(value)


def _scope(live: LiveRun, group: int, index: int, columns: list[str]) -> ItemRow:
    scope = scope_of(live.core.state, group, index)
    given = _given(lambda: live.binding.inputs_of(scope), columns)
    text = short(scope_text(live, scope), 120)
    return index, live.core.state.key(group, index), record_scope(live, scope), text, given


def _result(live: LiveRun, unit: int) -> str:
    """What it gave, in a line: its own text where that is one, of what has sizes these."""
    summary, text = live.core.state.summary.get(unit) or {}, summary_text(live, unit)
    own = "" if sized(summary) else str(summary.get("text", ""))
    return own if own and "\n" not in own and text == str(summary["type"]) else text


def _item(live: LiveRun, group: int, index: int, columns: list[str]) -> ItemRow:
    s = live.core.state
    unit = s.item(group, index)
    error, progress, state = s.error.get(unit), live.notes.progress.get(unit), s.status[unit]
    text = progress[1] if progress is not None and state in LIVE else ""
    if error and state in BAD:
        text = headline(error.get("type"), error.get("message"))
    elif unit in s.waits:
        text = asked(s.waits[unit])
    elif state == State.COMPLETED:
        text = _result(live, unit)
    given = _given(lambda: live.binding.item(unit), columns)
    return index, s.key(group, index), record(live, unit), short(text, 120), given
