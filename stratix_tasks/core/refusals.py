"""Why a request is refused: what was asked, what is the case, what may be asked now, and the unit's story."""

from __future__ import annotations

from stratix_tasks.core.allowed import allowed, allowed_run, state_of
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.core.targets import label
from stratix_tasks.errors import TransitionError

SHOWN = ("pause", "resume", "cancel", "skip", "retry", "set", "approve")
WORDS = {"give": "skip with a value", "send": "send a signal to", "rollback": "roll back to"}


def check(s: State, verb: str, u: int) -> None:
    """TransitionError for a request of a node or item that may not be asked now."""
    told = allowed(s, u)
    why = told[verb]
    if why is not None:
        raise refusal(s, verb, u, why)


def refusal(s: State, verb: str, u: int, why: str) -> TransitionError:
    told = allowed(s, u)
    words = [word for word in SHOWN if told[word] is None and word != verb and not _holds_already(s, word, u)]
    may = ", ".join(words) or "nothing"
    said = f"can't {WORDS.get(verb, verb)} '{label(s, u)}': it is {state_of(s, u).label}{' ' + why if why else ''}"
    return TransitionError(f"{said.rstrip('.')}. Allowed now: {may}.", story=story(s, u))


def _holds_already(s: State, verb: str, u: int) -> bool:
    """Whether a request may be asked, and would change nothing."""
    state = state_of(s, u)
    if verb in ("pause", "resume"):
        return (state in (S.HELD, S.SUSPENDED) or bool(s.held(u))) is (verb == "pause")
    return {"cancel": S.CANCELLED, "skip": S.SKIPPED}.get(verb) is state


def check_run(s: State, verb: str) -> None:
    """TransitionError for a request of the run that may not be asked now."""
    why = allowed_run(s)[verb]
    if why is not None:
        words = {"send": "send a signal to", "rollback": "roll back"}
        raise TransitionError(f"can't {words.get(verb, verb)} the run: it is {s.run.label}. {why}")


def story(s: State, u: int) -> list[str]:
    """What happened to a unit so far, a line each: attempts that failed, then how it is now."""
    lines = [
        f"attempt {number} failed, {error.get('type')}: {last_line(error)}" for number, error in s.failures.get(u, ())
    ]
    parts = [f"state {state_of(s, u).label}", f"attempt {s.attempt[u]}"]
    reason, error = s.why_ended(u), s.error.get(u)
    if reason:
        parts.append(f"reason {reason}")
    if error:
        parts.append(f"last error {error.get('type')}: {last_line(error)}")
    return [*lines[-10:], ", ".join(parts)]


def last_line(error: dict[str, object]) -> str:
    return str(error.get("message")).strip().rpartition("\n")[2]
