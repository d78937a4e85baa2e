"""An item of a mapped flow, or a round of a loop, as one: how it stands, and everything about it. In the engine's thread."""

from __future__ import annotations

from stratix_tasks.core.allowed import VERBS, allowed_scope
from stratix_tasks.core.decide.core import Core
from stratix_tasks.core.ends import first_failed, told_of
from stratix_tasks.core.scope import giver, inside, is_still, state_of_scope
from stratix_tasks.core.state import IS_OVER
from stratix_tasks.core.states import BAD, TERMINAL, State
from stratix_tasks.core.targets import Scope, scope_label
from stratix_tasks.core.waits import asked
from stratix_tasks.core.why import why_scope
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.engine.reading import AWAY, at_hand
from stratix_tasks.errors import headline
from stratix_tasks.look.groups import MOVING
from stratix_tasks.look.logs import logs_of
from stratix_tasks.look.outline import code_of
from stratix_tasks.look.output import scope_output_shown, value_shown
from stratix_tasks.look.status import failure, said
from stratix_tasks.look.waits import due_of
from stratix_tasks.runners.native import Clock
from stratix_tasks.view.messages import Can, Failure, Given, Inspection, Status
from stratix_tasks.view.source import GIVEN, HOLD


def record_scope(live: LiveRun, scope: Scope) -> Status:
    """How it stands: of the nodes in it how many have ended, and how."""
    s = live.core.state
    state, count = state_of_scope(s, scope), s.status[scope.start : scope.stop].count
    left = [u for u in scope.units if not IS_OVER[s.status[u]]]
    given = giver(s, scope)
    flags = GIVEN if given is not None and s.reason.get(given) == "given" else 0
    flags |= HOLD if state is State.OPEN and any(s.held(u) or is_still(s, u) for u in left) else 0
    started = min((s.started[u] for u in scope.units if s.started[u]), default=None)
    ended = max((s.ended[u] for u in scope.units), default=None) if state in TERMINAL else None
    waits = [s.waits[u] for u in left if u in s.waits]
    return (
        int(state),
        flags,
        0,
        count(State.COMPLETED),
        len(scope.units),
        sum(count(one) for one in BAD),
        sum(count(one) for one in MOVING),
        count(State.SKIPPED),
        None,
        started,
        ended,
        due_of(waits),
    )


def scope_text(live: LiveRun, scope: Scope) -> str:
    """What its row says beside its state: its error, what is asked in it, or its value."""
    s, error = live.core.state, _error(live.core, scope)
    if error is not None:
        return headline(error["type"], error["message"])
    asked_for = next((text for u in scope.units if u in s.waits and (text := asked(s.waits[u]))), "")
    shown = scope_output_shown(live, scope)
    return asked_for or (shown["text"] if shown is not None else "")


def inspect_scope(live: LiveRun, scope: Scope) -> Inspection:
    """Everything about it, for the inspector of a view."""
    core, s = live.core, live.core.state
    live.engine.flush_notes(live)
    place = s.shown(scope.group)
    return {
        "name": scope_label(s, scope),
        "state": state_of_scope(s, scope).label,
        "attempt": 0,
        "attempts": [],
        "inputs": _inputs(live, scope),
        "args": [],
        "output": scope_output_shown(live, scope),
        "logs": logs_of(live, (u for _, a, b in inside(s, scope) for u in range(a, b))),
        "dropped": live.notes.dropped.get(place, 0),
        "error": _error(core, scope),
        "metrics": [],
        "options": [],
        "usual": None,
        "code": code_of(s.root, live.functions, place),
        "why": why_scope(core, scope, Clock.time()),
        "ill": "",
        "wait": None,
        "approved": None,
        "can": can_scope(core, scope),
    }


def can_scope(core: Core, scope: Scope) -> Can:
    """What may be asked of it now; a text says why not."""
    told, state = allowed_scope(core.state, scope), state_of_scope(core.state, scope)
    return {verb: said(state, told[verb]) for verb in VERBS if verb in told}


def _error(core: Core, scope: Scope) -> Failure | None:
    """By what it failed: the first node of it that did, or what failed in that."""
    s = core.state
    first = first_failed(s, scope.units) if state_of_scope(s, scope) is State.FAILED else None
    return None if first is None else failure(told_of(s, first))


def _inputs(live: LiveRun, scope: Scope) -> list[Given]:
    """What it was given, as far as that is at hand."""
    try:
        given = at_hand(live.binding.inputs_of(scope))
    except Exception:  # what it goes over can't be resolved any more
        return []
    return [] if given is AWAY else [(name, value_shown(value)) for name, value in given.items()]
