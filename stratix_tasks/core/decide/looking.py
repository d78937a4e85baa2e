"""Looking at a unit of which something may be decided now, and the answers to what was asked of one."""

from __future__ import annotations

from typing import Any

from stratix_tasks.core.decide.core import Core, Detail
from stratix_tasks.core.decide.ending import complete, end_unit
from stratix_tasks.core.decide.gathering import gather, next_round
from stratix_tasks.core.decide.opening import begin, is_too_deep, leave_out, open_again, open_group, open_one, refuse
from stratix_tasks.core.facts import ENABLED, RESOLVED
from stratix_tasks.core.joins import GO, WAIT, WITH_SCOPE, verdict
from stratix_tasks.core.node import EACH, FLOW, LOOP
from stratix_tasks.core.results import Data
from stratix_tasks.core.state import State
from stratix_tasks.core.states import Event, RunState, S
from stratix_tasks.core.streams import feeds, is_left_out_with
from stratix_tasks.core.targets import label
from stratix_tasks.core.units import Spans
from stratix_tasks.spec.joins import wanted
from stratix_tasks.spec.late import JOIN


def look(core: Core, u: int, at: float) -> None:
    """What is decided of a unit is told."""
    s, g = core.state, core.agenda
    state = s.status[u]
    if state == S.OPEN:
        return gather(core, u, at)
    if state == S.RETRYING and s.is_group(u) and s.due[u] <= max(at, g.now):
        return open_again(core, u, at)
    if state != S.PENDING or s.run is RunState.PENDING or core.is_over:
        return None
    told = verdict(s, u)
    if told == WAIT:
        g.forget_question(u)
        return None
    if told != GO:
        event = Event.DEPS_BAD if told == S.UPSTREAM_FAILED else Event.DEPS_SKIPPED
        return end_unit(core, u, event, at, WITH_SCOPE if is_left_out_with(s, u) else "upstream")
    if u not in g.asked:
        begin(core, u, at)
    return None


def told_verdict(core: Core, u: int, question: int, at: float, said: object) -> None:
    """About a condition: of a node whether it runs, or a word for why not, of a loop whether it has come to its end."""
    s, g = core.state, core.agenda
    if g.asked.get(u) != question:
        return None
    del g.asked[u]
    if isinstance(said, dict):
        return refuse(core, u, at, said)
    if s.status[u] == S.OPEN:
        return end_unit(core, u, Event.GATHERED, at) if said else next_round(core, u, at)
    if not said or isinstance(said, str):
        return end_unit(core, u, Event.WHEN_FALSE, at, str(said or "when"))
    core.tell(ENABLED, at, u)
    g.asks.append(u)
    return None


def told_options(core: Core, u: int, question: int, at: float, options: dict[str, Any], error: Detail | None) -> None:
    """What the options of a node are of which some come with the run, or how many its join waits for."""
    s, g = core.state, core.agenda
    if g.asked.get(u) != question:
        return None
    del g.asked[u]
    if error is not None:
        return refuse(core, u, at, error)
    if (wrong := _asks_too_much(s, u, options)) is not None:
        return refuse(core, u, at, wrong)
    core.tell(RESOLVED, at, u, options)
    if JOIN in options:
        g.review([(u, u + 1)])
    g.asks.append(u)
    return None


def _asks_too_much(s: State, u: int, options: dict[str, Any]) -> Detail | None:
    """The error of a join that waits for more than there are."""
    r, k, _ = s.place(u)
    there = len(r.block.joined[k])
    if JOIN not in options or (many := wanted(options[JOIN], there)) <= there:
        return None
    message = f"'{label(s, u)}': the join wants {many} of what it needs, and that is {there}"
    return {"type": "FlowError", "message": message, "code": "impossible-join", "bases": ["StratixError", "Exception"]}


def told_pinned(core: Core, u: int, question: int, at: float, value: Data | None, error: Detail | None) -> None:
    """The value that stands in place of what a node gives."""
    g = core.agenda
    if g.asked.get(u) != question:
        return None
    del g.asked[u]
    if value is None:
        return refuse(core, u, at, error or {})
    return complete(core, u, at, "given", value)


def told_items(
    core: Core,
    p: int,
    question: int,
    at: float,
    count: object,
    keys: list[str] | None = None,
    frozen: dict[str, Any] | None = None,
    skipped: Spans | None = None,
) -> None:
    """How many items or scopes a group has, their keys, what is recorded of what it goes over, and the places of those that
    are skipped; an error where that can't be told.
    """
    s, g = core.state, core.agenda
    if g.asked.get(p) != question:
        return None
    del g.asked[p]
    if isinstance(count, dict):
        return refuse(core, p, at, count)
    if s.kind(p) in (FLOW, LOOP):
        return open_one(core, p, at)
    if s.kind(p) is EACH and is_too_deep(core, p, at):
        return None
    assert isinstance(count, int)
    if s.node(p).source >= 0 and (source := feeds(s, p)) >= 0:
        return open_group(core, p, at, g.tally[source].count, None, 0, streams=True)
    open_group(core, p, at, count, keys, 0, frozen)
    return leave_out(core, s.kids[p][-1], skipped, at) if skipped else None
