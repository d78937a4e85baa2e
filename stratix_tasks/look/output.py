"""The result of a node or item: the value itself, and how the inspector of a view shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, cast

from stratix_tasks.core.node import MAP
from stratix_tasks.core.scope import giver, state_of_scope
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import State
from stratix_tasks.core.targets import Scope, find, only_unit
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, Reader, at_hand
from stratix_tasks.errors import StratixError
from stratix_tasks.look.status import summary_text
from stratix_tasks.look.text import short
from stratix_tasks.store.previews import tree
from stratix_tasks.store.summaries import glance, type_name
from stratix_tasks.view.messages import Output, Part, Preview

FIRST = 20
"""Results of a map that are told of it."""


def output(live: LiveRun, target: str) -> Any:
    """See `Run.output`. In the caller's thread, which reads what is not in memory."""
    value = Reader().give(live.engine.look(_held, live, target))
    live.engine.look(live.binding.take_read)
    return value


def _held(live: LiveRun, target: str) -> Any:
    s = live.core.state
    found = find(s, target)
    scope = found if isinstance(found, Scope) else None
    unit = only_unit(s, found) if scope is None else -1
    state = live.core.seen(unit) if scope is None else state_of_scope(s, scope)
    if state is not State.COMPLETED:
        raise StratixError(f"'{target}' has no output: it is {state.label}", code="no-output")
    return live.binding.held(unit) if scope is None else live.binding.output_of(scope)


def scope_output_shown(live: LiveRun, scope: Scope) -> Output | None:
    """The value of an item of a mapped flow, or of a round: as it was told of the node whose value it is."""
    s = live.core.state
    if state_of_scope(s, scope) != State.COMPLETED:
        return None
    u = giver(s, scope)
    return output_shown(live, u) if u is not None else held_shown(live.binding.output_of(scope))


def held_shown(held: Any) -> Output:
    """What is held of a value, where nothing was told of it."""
    value = at_hand(held)
    return text_shown("(not in memory)") if value is AWAY else value_shown(value)


def text_shown(text: str) -> Output:
    return {"text": text, "type": "", "shape": "", "preview": None}


def value_shown(value: Any) -> Output:
    """A value that is at hand, without code of its own: of Python's own containers their parts."""
    parts: Preview | None = (
        {"kind": "tree", "root": cast(Part, tree("", value))} if type(value) is list or type(value) is dict else None
    )
    return {"text": glance(value), "type": type_name(value), "shape": "", "preview": parts}


def summary_shown(live: LiveRun, summary: Mapping[str, Any], shape: str = "") -> Output:
    """What was made of a value where it was made."""
    made = cast(Preview | None, live.objects.preview(summary))
    return {"text": summary["text"], "type": summary["type"], "shape": shape, "preview": made}


def output_shown(live: LiveRun, unit: int) -> Output | None:
    """What was told of the result where it was made; of a mapped node that of its items. In the engine's thread."""
    s = live.core.state
    if s.status[unit] != State.COMPLETED:
        return None
    summary = s.summary.get(unit)
    if summary is not None and "text" in summary:
        shown = summary_shown(live, summary, summary_text(live, unit))
        small = held_shown(live.binding.held(unit))["preview"] if shown["preview"] is None else None
        return {**shown, "preview": shown["preview"] or small}
    if s.kind(unit) is MAP and unit in s.kids:
        return _items_shown(live, unit)
    return held_shown(live.binding.held(unit))


def _items_shown(live: LiveRun, unit: int) -> Output:
    """The first results of a map: a table where they are records of one kind, text where each has a line of that, else each by its
    type and shape."""
    s = live.core.state
    done = [one for one in s.members(unit) if s.status[one] == State.COMPLETED]
    told = [(one, shown) for one in done[:FIRST] if (shown := output_shown(live, one))]
    texts = [short(shown["text"], 80) for _, shown in told]
    more = len(done) - len(told)
    made = text_shown(f"[{', '.join(texts)}, …] ({len(done):,})" if more else f"[{', '.join(texts)}]")
    names = [_called(s, unit, one) for one, _ in told]
    shape = f"list of {len(done):,}"
    if table := _records(names, [shown["preview"] for _, shown in told], len(done)):
        return {**made, "type": "list", "shape": shape, "preview": table}
    if not any("\n" in text for text in texts):
        return {**made, "type": "list"}
    parts = [_part(name, shown) for name, (_, shown) in zip(names, told, strict=True)]
    root: Part = {"name": "", "text": shape, "more": more, "parts": parts}
    return {**made, "type": "list", "shape": shape, "preview": {"kind": "tree", "root": root}}


def _called(s: Recorded, unit: int, one: int) -> str:
    key = s.key(unit, s.index(one))
    return str(s.index(one)) if key is None else key


def _part(name: str, shown: Output) -> Part:
    wide = "\n" in shown["text"]
    text = f"{shown['type']} {shown['shape']}".strip() if wide else short(shown["text"], 80)
    return {"name": name, "text": text, "more": 0, "parts": []}


def _records(names: list[str], previews: list[Preview | None], count: int) -> Preview | None:
    """A row for each of several values that are told by the same names, as a table tells them."""
    roots = [one["root"] for one in previews if one is not None and one["kind"] == "tree"]
    columns = [part["name"] for part in roots[0]["parts"]] if len(roots) == len(previews) > 1 else []
    if not columns or columns[0] == "0" or any([part["name"] for part in root["parts"]] != columns for root in roots):
        return None
    rows = [[part["text"] for part in root["parts"]] for root in roots]
    kinds = [_kind(texts) for texts in zip(*rows, strict=True)]
    return {
        "kind": "table",
        "columns": list(zip(columns, kinds, strict=True)),
        "rows": rows,
        "index": names,
        "of": (count, len(columns) + roots[0]["more"]),
    }


def _kind(texts: Iterable[str]) -> str:
    """What a column of texts holds, as far as numbers stand at the right."""
    for name, kind in (("int", int), ("float", float)):
        with suppress(ValueError):
            return name if [kind(text) for text in texts] else ""
    return ""
