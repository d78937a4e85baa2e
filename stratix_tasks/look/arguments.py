"""The arguments of a node or item as the inspector of a view shows and edits them. All in the engine's thread."""

from __future__ import annotations

import inspect as introspection
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from stratix_tasks.core.state import MISSING
from stratix_tasks.core.states import State
from stratix_tasks.dsl.bind import wanted
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, LOOP, Away, at_hand, is_plain
from stratix_tasks.engine.resolving import names_in, resolve
from stratix_tasks.look.outline import function_of, node_outline
from stratix_tasks.look.output import summary_shown, text_shown, value_shown
from stratix_tasks.spec.annotations import has_classes
from stratix_tasks.spec.types import type_text
from stratix_tasks.spec.values import Ref
from stratix_tasks.store.summaries import TEXT, type_name
from stratix_tasks.view.messages import Argument, Given, Output

MOST_PARTS = 2_000
"""Scalars in a value up to which it is edited as text."""
PLAIN = (type(None), bool, int, float, str)
HERE = "can't be edited here; use run.set(…) in a cell"


class Known(NamedTuple):
    """What is known of an argument: its value (`MISSING` before it is there, `AWAY` where it would have to be read or
    asked first), and the summary that was made with it, if there is one.
    """

    value: Any
    summary: Mapping[str, Any] | None = None

    @property
    def text(self) -> str | None:
        return self.summary["text"] if self.summary is not None and "text" in self.summary else None


def arguments(live: LiveRun, unit: int) -> list[Argument]:
    """One row an argument.

    `text` is for reading, `from` tells where it comes from. `edit` is the text of an editor (`as`: json, or text for a
    string) and None where `why` tells that it can't be edited; an empty one stands for a value that is not there yet.
    """
    s = live.core.state
    about = node_outline(s.root, live.functions, s.shown(unit))
    sources, given = dict(about["inputs"]), s.given(unit)
    passed, hints = _passed(live, unit), _hints(live, unit)
    known = {**passed, **_defaults(live, unit, passed), **_set(live, unit)}
    return [
        _row(live, name, one, sources.get(name, "its default"), hints.get(name, MISSING), set_by_hand=name in given)
        for name, one in known.items()
        if one.value is not MISSING or name in sources
    ]


def _hints(live: LiveRun, unit: int) -> dict[str, Any]:
    s = live.core.state
    node = s.node_of(unit)
    r, k, _ = s.place(node)
    return wanted(r.block.nodes[k].spec, r.block.spec, live.functions, item=node != unit)


def given(live: LiveRun, unit: int) -> list[Given]:
    """The arguments that a body runs or ran with."""
    known = {**_passed(live, unit), **_set(live, unit)}
    return [(name, _shown(live, one)) for name, one in known.items() if one.value is not MISSING]


def _shown(live: LiveRun, known: Known) -> Output:
    """What was recorded of it; else a look that runs no code of its own."""
    if known.text is not None and known.summary is not None and not is_plain(known.value):
        return summary_shown(live, known.summary)
    return text_shown("(not in memory)") if known.value is AWAY else value_shown(known.value)


def _row(live: LiveRun, name: str, known: Known, source: str, hint: Any, *, set_by_hand: bool) -> Argument:
    """An annotation decides how it is edited, whatever value is there; without one the value does."""
    value = known.value
    kind = "" if hint is MISSING or hint is Any else type_text(hint)
    is_text = kind == "str" or (hint is MISSING and type(value) is str)
    row: Argument = {
        "name": name,
        "type": kind,
        "text": source,
        "from": source,
        "set": set_by_hand,
        "as": "text" if is_text else "json",
        "edit": None,
        "why": "",
        "preview": None,
    }
    if value is not MISSING and not (value is AWAY and known.text is None):
        shown = _shown(live, known)
        row = {**row, "text": shown["text"], "preview": shown["preview"]}
    if hint is not MISSING and has_classes(hint):
        return {**row, "why": f"a {kind} {HERE}"}
    if value is MISSING:
        return {**row, "edit": ""}
    if value is AWAY:
        return {**row, "why": f"it is kept in the store, or part of an object; {HERE}"}
    if is_text and type(value) is str and len(value) <= 10 * TEXT:
        return {**row, "edit": value}
    edit = _json(value)
    return {**row, "edit": edit, "why": "" if edit is not None else f"a {type_name(value)} {HERE}"}


def _passed(live: LiveRun, unit: int) -> dict[str, Known]:
    """What the flow passes to a node or item."""
    s = live.core.state
    node = s.node_of(unit)
    spec = s.node(node).spec
    if node == unit:
        named = {**spec.args, **(spec.each.over if spec.each is not None else {})}
        return {name: _resolved(live, unit, value) for name, value in named.items()}
    try:
        item = live.binding.item(unit) or {}
    except Exception:  # what it was mapped over can't be resolved any more
        item = {}
    told = {name: _recorded(live, node, value) for name, value in spec.args.items()}
    return {name: Known(at_hand(held), told.get(name)) for name, held in item.items()}


def _set(live: LiveRun, unit: int) -> dict[str, Known]:
    """What a person gave in place of that."""
    return {name: Known(at_hand(live.binding.kept(one))) for name, one in live.core.state.given(unit).items()}


def _defaults(live: LiveRun, unit: int, passed: dict[str, Known]) -> dict[str, Known]:
    """Parameters that the flow leaves alone have their default; without one they are no row."""
    s = live.core.state
    node = s.node(s.node_of(unit))
    function = function_of(live.functions, node.policy.call)
    if function is None:
        return {}
    found = {name: p.default for name, p in introspection.signature(function).parameters.items()}
    return {
        name: Known(found[name])
        for name in node.takes
        if name not in passed and name in found and found[name] is not introspection.Parameter.empty
    }


def _resolved(live: LiveRun, unit: int, value: Any) -> Known:
    s, binding = live.core.state, live.binding
    scope = s.parent(unit)
    if scope >= 0 and scope not in s.kids:
        return Known(MISSING)
    told, names = _recorded(live, unit, value), names_in((value,))
    if names is None:
        return Known(AWAY, told)
    r, _, b = s.place(unit)
    if any(s.status[b + r.block.index[name]] not in (State.COMPLETED, State.SKIPPED) for name in names):
        return Known(MISSING)
    try:
        return Known(resolve(value, binding.scope_of(unit, (value,)), LOOP), told)
    except Away:
        return Known(AWAY, told)
    except Exception:
        return Known(MISSING)


def _recorded(live: LiveRun, unit: int, value: Any) -> Mapping[str, Any] | None:
    """The summary that was made of a result or input with it, where just that is passed."""
    if type(value) is not Ref or value.path:
        return None
    s = live.core.state
    if value.scope == "inputs":
        return live.looks.get(value.name) if s.parent(unit) < 0 else None
    if value.scope != "tasks":
        return None
    r, _, b = s.place(unit)
    return s.summary.get(b + r.block.index[value.name])


def _json(value: Any) -> str | None:
    """The value as JSON from which the same value is read again; None where there is none, or too much of it."""
    if _parts(value, MOST_PARTS) < 0:
        return None
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return None
    return text if len(text) <= 10 * TEXT else None


def _parts(value: Any, left: int) -> int:
    """How many parts are left of the allowance; below zero when it is over, or something is no JSON."""
    if type(type(value)) is type and type(value) in PLAIN:
        return left - 1
    if type(value) is list:
        inner = value
    elif type(value) is dict and all(type(key) is str for key in value):
        inner = list(value.values())
    else:
        return -1
    if len(inner) > left:
        return -1
    for part in inner:
        left = _parts(part, left)
        if left < 0:
            return -1
    return left
