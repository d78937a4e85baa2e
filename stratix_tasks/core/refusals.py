"""Why a request is refused: what was asked, what is the case, what may be asked now, and the unit's story."""

from __future__ import annotations

from stratix_tasks.core.allowed import Why, allowed, allowed_run, allowed_scope, state_of
from stratix_tasks.core.scope import bad_units, state_of_scope
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import Scope, label, scope_label
from stratix_tasks.errors import TransitionError, in_one_line

SHOWN = ("pause", "resume", "cancel", "skip", "retry", "set", "approve", "reject", "answer")
ASKED = {"give": "give a value to", "send": "send a signal to", "rollback": "roll back to"}
"""Verbs as they were asked for."""


def check(s: State, verb: str, u: int) -> None:
    """TransitionError for a request of a node or item that may not be asked now."""
    why = allowed(s, u)[verb]
    if why is not None:
        raise refusal(s, verb, u, why)


def check_scope(s: State, verb: str, scope: Scope) -> None:
    """The same of a scope as one."""
    why = allowed_scope(s, scope)[verb]
    if why is not None:
        raise refusal_of_scope(s, verb, scope, why)


def refusal(s: State, verb: str, u: int, why: str, redo: str = "") -> TransitionError:
    state = state_of(s, u)
    held = state in (S.HELD, S.SUSPENDED) or bool(s.held(u))
    return _refusal(verb, label(s, u), state, why, allowed(s, u), story(s, u), held=held, redo=redo)


def refusal_of_scope(s: State, verb: str, scope: Scope, why: str, redo: str = "") -> TransitionError:
    state = state_of_scope(s, scope)
    told = [f"'{label(s, u)}': {story(s, u)[-1]}" for u in bad_units(s, scope)][:10]
    name, may = scope_label(s, scope), allowed_scope(s, scope)
    return _refusal(verb, name, state, why, may, told, held=state == S.HELD, redo=redo)


def _refusal(
    verb: str, name: str, state: S, why: str, told: dict[str, Why], story: list[str], *, held: bool, redo: str
) -> TransitionError:
    words = [word for word in SHOWN if told.get(word, "") is None and word != verb]
    may = ", ".join(word for word in words if not _holds_already(word, state, held=held)) or "nothing"
    said = f"can't {ASKED.get(verb, verb)} '{name}': it is {state.label}{' ' + why if why else ''}"
    afresh = {"rollback": f"rollback(to={name!r})", "fork": f"fork({name!r})"} if may == "nothing" else {}
    ways = " or ".join(way for word, way in afresh.items() if word != verb and told.get(word, "") is None)
    more = f" {ways} makes it again." if ways else ""
    return TransitionError(f"{said.rstrip('.')}. Allowed now: {may}.{more}", story=story, redo=redo)


def _holds_already(verb: str, state: S, *, held: bool) -> bool:
    """Whether a request may be asked, and would change nothing."""
    if verb in ("pause", "resume"):
        return held is (verb == "pause")
    return {"cancel": S.CANCELLED, "skip": S.SKIPPED}.get(verb) is state


def check_run(s: State, verb: str) -> None:
    """TransitionError for a request of the run that may not be asked now."""
    why = allowed_run(s)[verb]
    if why is not None:
        raise refusal_of_run(s, verb, why)


def refusal_of_run(s: State, verb: str, why: str, redo: str = "") -> TransitionError:
    words = {"send": "send a signal to", "rollback": "roll back"}
    return TransitionError(f"can't {words.get(verb, verb)} the run: it is {s.run.label}. {why}", redo=redo)


def story(s: State, u: int) -> list[str]:
    """What happened to a unit so far, a line each: attempts that failed, then how it is now."""
    lines = [f"attempt {number} failed, {in_one_line(error)}" for number, error in s.failures.get(u, ())]
    parts = [f"state {state_of(s, u).label}", f"attempt {s.attempt[u]}"]
    reason, error = s.why_ended(u), s.error.get(u)
    if reason:
        parts.append(f"reason {reason}")
    if error:
        parts.append(f"last error {in_one_line(error)}")
    return [*lines[-10:], ", ".join(parts)]
