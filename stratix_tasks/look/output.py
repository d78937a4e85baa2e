"""The result of a node or item: the value itself, and how the inspector of a view shows it."""

from __future__ import annotations

from collections.abc import Mapping
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
    """The first results of a map: as text where each has a line of that, else each by its type and shape."""
    s = live.core.state
    done = [one for one in s.members(unit) if s.status[one] == State.COMPLETED]
    told = [(one, shown) for one in done[:FIRST] if (shown := output_shown(live, one))]
    texts = [short(shown["text"], 80) for _, shown in told]
    more = len(done) - len(told)
    made = text_shown(f"[{', '.join(texts)}, …] ({len(done):,})" if more else f"[{', '.join(texts)}]")
    if not any("\n" in text for text in texts):
        return {**made, "type": "list"}
    parts = [_part(s, unit, one, shown) for one, shown in told]
    root: Part = {"name": "", "text": f"list of {len(done):,}", "more": more, "parts": parts}
    return {**made, "type": "list", "shape": root["text"], "preview": {"kind": "tree", "root": root}}


def _part(s: Recorded, unit: int, one: int, shown: Output) -> Part:
    key, wide = s.key(unit, s.index(one)), "\n" in shown["text"]
    text = f"{shown['type']} {shown['shape']}".strip() if wide else short(shown["text"], 80)
    return {"name": str(s.index(one)) if key is None else key, "text": text, "more": 0, "parts": []}
