"""The state of a run and of its nodes, as a view shows it. All in the engine's thread."""

from __future__ import annotations

from collections import Counter
from typing import Any

from stratix_tasks.core.allowed import allowed_run
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import taken_up
from stratix_tasks.core.node import EACH, MAP, TASK
from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import BAD, LIVE, TERMINAL, State
from stratix_tasks.core.units import Stretch
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, at_hand, is_plain
from stratix_tasks.errors import in_one_line
from stratix_tasks.look.groups import error_of, moving, rests, tally
from stratix_tasks.look.text import brief, few, short
from stratix_tasks.look.waits import approved_text, due_of, only_waits, wait_texts, waits_of
from stratix_tasks.store.summaries import glance, sized, sizes_of
from stratix_tasks.view.messages import Able, Can, Failure, ForkedFrom, RunInfo, Status, Texts
from stratix_tasks.view.source import ABANDONED, BREAK, GIVEN, HOLD, PAUSED, WAITS

MANY = 100
"""Scopes side by side beyond which what is ready in them is not told apart from what waits."""


_SKIPPED = {
    "when": "condition is false",
    "upstream": "what it needs was skipped",
    "no-error": "nothing failed",
    "where": "left out by where",
    "disabled": "disabled",
    "until": "not asked for",
}
"""Why something was skipped that no person skipped."""


def run_info(live: LiveRun) -> RunInfo:
    """The run as the top bar shows it."""
    core, s = live.core, live.core.state
    counts = unit_counts(core)
    return {
        "id": live.id,
        "state": s.run.label,
        "reason": s.run_reason,
        "started": live.started_at,
        "ended": live.ended_at if core.is_over and live.ended_at else None,
        "inputs": [(name, short(told["text"])) for name, told in live.looks.items()],
        "error": str(live.error) if live.error is not None else None,
        "counts": {state.label: count for state, count in counts.items()},
        "done": sum(count for state, count in counts.items() if state in TERMINAL),
        "total": sum(counts.values()),
        "absorbed": _absorbed(s, counts),
        "waits": only_waits(s, counts),
        "can": can_run(s),
        "forked_from": _forked_from(live),
        "until": list(s.root.until),
        "usual": None,
    }


def _absorbed(s: Recorded, counts: dict[State, int]) -> int:
    """Bad ends that others went on without; of very many it is not asked, for each looks around."""
    if not 0 < sum(counts.get(state, 0) for state in BAD) <= MANY * 10:
        return 0
    bad = (u for state in BAD for u in s.units_in(state))
    return sum(not s.gone(u) and u not in s.kids and taken_up(s, u) for u in bad)


def _forked_from(live: LiveRun) -> ForkedFrom | None:
    above = live.forked_from
    return {"run": above["run"], "node": above["node"]} if above else None


def unit_counts(core: Core) -> dict[State, int]:
    """How many nodes are in which state; the items of a mapped node count instead of it, once there are any."""
    s = core.state
    counts = Counter[State]()
    for i, r in enumerate(s.stretches):
        if i in s.retired:
            continue
        if _is_counted_by(s, i):
            counts[State(s.status[r.parent])] -= 1
        if r.parent >= 0 and not r.step and s.kind(r.parent) is MAP:
            counts.update(_items(s, r.parent, r.base, r.stop))
        elif r.count > MANY:
            counts.update(_columns(s, r))
        else:
            counts.update(core.seen(u) for u in range(r.base, r.stop) if _counts(s, u))
    return {state: count for state, count in counts.items() if count > 0}


def _columns(s: Recorded, r: Stretch) -> Counter[State]:
    """At C speed, too: node by node over all scopes. Groups that have opened are in it: what lies in them takes them out."""
    found = Counter[State]()
    for k in range(r.block.n):
        if k not in r.fixed:
            column = s.status[r.base + k : r.stop : r.block.n]
            found.update({state: column.count(state) for state in State})
    return found


def _is_counted_by(s: Recorded, i: int) -> bool:
    """Whether a stretch stands for a group that was counted with the many that lie side by side with it."""
    r = s.stretches[i]
    above = s.stretches[s.home[r.parent]] if r.parent >= 0 and not r.step and r.count else None
    return above is not None and above.count > MANY and s.kids[r.parent][0] == i


def _counts(s: Recorded, u: int) -> bool:
    """Whether a node counts itself, and not what lies in it."""
    kind = s.kind(u)
    return (
        kind is TASK or (kind is MAP and not s.count(u)) or (kind is not MAP and u not in s.kids and not s.members(u))
    )


def _items(s: Recorded, group: int, first: int, stop: int) -> Counter[State]:
    """At C speed; items have no needs of their own, so those that have not begun are ready, or paused."""
    found = Counter({state: s.status.count(state, first, stop) for state in State})
    held = sum(
        sum(s.status.count(state, max(first, a), min(stop, b)) for state in (State.PENDING, State.RETRYING))
        for a, b, reason in s.marks
        if reason and max(first, a) < min(stop, b)
    )
    found[State.READY], found[State.PENDING] = found[State.PENDING], 0
    if s.held(group):
        held = found[State.READY] + found[State.RETRYING]
    found[State.HELD] = held
    found[State.READY] = max(found[State.READY] - held, 0)
    return found


def can_run(s: Recorded) -> Can:
    """What may be asked of the run now; a text says why not."""
    return {verb: True if why is None else f"the run is {s.run.label}. {why}" for verb, why in allowed_run(s).items()}


def said(state: State, why: str | None) -> Able:
    """What is told of a verb: True, or why it may not be asked."""
    return True if why is None else f"it is {state.word} {why}".rstrip()


def failure(error: dict[str, Any]) -> Failure:
    """An error as the inspector shows it."""
    kind, message, traceback = (str(error.get(name, "")) for name in ("type", "message", "traceback"))
    return {"type": kind, "message": message, "traceback": traceback}


def record(live: LiveRun, unit: int) -> Status:
    """The status of one node or item."""
    core, s = live.core, live.core.state
    fraction = live.notes.progress.get(unit, (None, ""))[0]
    state = core.seen(unit)
    flags = GIVEN if s.reason.get(unit) == "given" else 0
    flags |= HOLD if state in (*LIVE, State.OPEN) and s.held(unit) else 0
    flags |= ABANDONED if unit in core.agenda.abandoned else 0
    flags |= BREAK if s.breaks and s.path(unit) in s.breaks else 0
    done = failed = skipped = running = total = 0
    if unit in s.kids:
        done, skipped, failed, total = counted = tally(core, unit)
        running = moving(s, unit)
        waits_in, paused_in = rests(core, unit) if not running and counted.ended < total else (False, False)
        flags |= WAITS * waits_in | PAUSED * paused_in
    started, ended = s.started[unit] or None, s.ended[unit] or None
    if started is not None and unit in s.rested:
        started += s.rested[unit]  # how long it took is told, and how long it may still take
    if state is State.SKIPPED:
        started = None  # what ran before a rollback, or until it was skipped, took no time that counts
    waits = state is State.WAITING or flags & WAITS
    return (
        int(state),
        flags,
        min(s.attempt[unit], 65535),
        done,
        total,
        failed,
        running,
        skipped,
        fraction,
        started,
        ended if state in TERMINAL else None,
        due_of(waits_of(s, unit)) if waits else s.due.get(unit),
    )


def records(live: LiveRun, nodes: set[int] | None) -> list[tuple[int, Status]]:
    """(node, record) of all nodes, or of those that changed."""
    wanted = range(len(live.core.state.root.outline.names)) if nodes is None else sorted(nodes)
    return [(node, record(live, node)) for node in wanted]


def texts(live: LiveRun, nodes: set[int] | None) -> dict[str, Texts]:
    """What cards say beside their state: the error in a line, progress, the value's summary, the reason of a skip; and edges."""
    s, found = live.core.state, dict[str, Texts]()
    for node in range(len(s.root.outline.names)) if nodes is None else nodes:
        text: Texts = {}
        state, reason = live.core.seen(node), s.why_ended(node)
        error = s.error.get(node) or error_of(s, node)
        if error and state in BAD:
            text["error"] = short(in_one_line(error), 160)
        progress = live.notes.progress.get(node)
        if progress is not None and progress[1]:
            text["progress"] = short(progress[1], 60)
        if state is State.COMPLETED:
            text["summary"], text["size"] = summary_text(live, node), size_text(live, node)
        elif state is State.SKIPPED and reason:
            text["reason"] = _SKIPPED.get(reason, "")
        elif state is State.HELD and s.mark(node) == "breakpoint":
            text["reason"] = "breakpoint"
        elif state in (State.WAITING, State.OPEN):
            text |= wait_texts(waits_of(s, node))
            text["wait"] = short(text.get("wait", ""), 120)
        found[str(node)] = {name: value for name, value in text.items() if value}
    return found


def summary_text(live: LiveRun, unit: int) -> str:
    """`336,776 × 19`, `list of 12`, or the value itself when it is short."""
    s = live.core.state
    summary = s.summary.get(unit)
    if by := approved_text(live, unit):
        return by
    if s.is_group(unit):
        return f"{tally(live.core, unit).done:,} items" if s.kind(unit) in (MAP, EACH) and unit in s.kids else ""
    if summary is None:
        value = at_hand(live.binding.held(unit))
        return "" if value is None or value is AWAY else short(brief(value) if is_plain(value) else glance(value), 40)
    if summary["type"] in ("str", "int", "float") and "text" in summary:
        return short(repr(summary["text"]) if summary["type"] == "str" else summary["text"], 40)
    if sizes := sized(summary):
        return sizes
    length = summary.get("length")
    return f"{summary['type']} of {length:,}" if length is not None else str(summary["type"])


def size_text(live: LiveRun, unit: int) -> str:
    """How much it gave, in so few characters that they have room on its edges: `337k×19`, `×12`; nothing of what has no size."""
    s = live.core.state
    if s.kind(unit) in (MAP, EACH) and unit in s.kids:
        return f"×{few(tally(live.core, unit).done)}"
    summary = s.summary.get(unit) or {}
    sizes = sizes_of(summary)
    if len(sizes) > 1:
        return "×".join(map(few, sizes[:3])) + "…" * (len(sizes) > 3)
    sizes = sizes or ([summary["length"]] if "length" in summary and summary["type"] not in ("str", "bytes") else [])
    return f"×{few(sizes[0])}" if sizes else ""
