"""Why a request is refused: what was asked, what is the case, what may be asked now, and the node's story."""

from __future__ import annotations

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.states import GROUP, NODE, Event, State
from stratix_tasks.core.targets import label
from stratix_tasks.errors import TransitionError

COMPLETED_HINT = "It has completed: start a new run, fork() it, or rollback() it to a node."
WORDS = {"hold": "pause", "release": "resume", "cancel": "cancel", "skip": "skip", "retry": "retry", "set": "set"}
"""Events of the tables that a person asks for, and what they are called then."""


def refusal(machine: Machine, verb: str, unit: int, why: str = "") -> TransitionError:
    """The error for a request of a node or item that is not legal now."""
    state = State(machine.state[unit])
    row = (GROUP if machine.is_group(unit) else NODE)[state]
    words = [word for event, word in WORDS.items() if _legal(row, event)]
    words += ["approve"] if machine.waits.get(unit, {}).get("for") == "approval" else []
    may = ", ".join(words) or "nothing"
    reason = f", {why}" if why else ""
    message = f"can't {verb} '{label(machine, unit)}': it is {state.label}{reason}. Allowed now: {may}."
    return TransitionError(message, story=story(machine, unit))


def need_open_groups(machine: Machine, verb: str, unit: int) -> None:
    """Items and members of a completed group don't change any more. TransitionError."""
    above = machine.parent(unit)
    while above >= 0:
        if machine.state[above] == State.COMPLETED:
            raise TransitionError(
                f"can't {verb} '{label(machine, unit)}': '{label(machine, above)}' has completed, so nothing in it changes any "
                "more. Start a new run, or rollback() this one.",
                story=story(machine, unit),
            )
        above = machine.parent(above)


def run_refusal(machine: Machine, verb: str, hint: str) -> TransitionError:
    """The error for a request of the run that is not legal now."""
    return TransitionError(f"can't {verb} the run: it is {machine.run_state.label}. {hint}")


def _legal(row: dict[Event, State | None], word: str) -> bool:
    return Event[word.upper()] in row or (word in ("cancel", "skip") and Event.STOP in row)


def story(machine: Machine, unit: int) -> list[str]:
    """What happened to a unit so far, a line each: attempts that failed, then how it is now."""
    lines = [
        f"attempt {number} failed, {error.get('type')}: {_last_line(error)}"
        for number, error in machine.failures.get(unit, ())
    ]
    parts = [f"state {State(machine.state[unit]).label}", f"attempt {machine.attempt[unit]}"]
    reason, error = machine.reason.get(unit), machine.error.get(unit)
    if reason:
        parts.append(f"reason {reason}")
    if error:
        parts.append(f"last error {error.get('type')}: {_last_line(error)}")
    return [*lines[-10:], ", ".join(parts)]


def _last_line(error: dict[str, object]) -> str:
    return str(error.get("message")).strip().rpartition("\n")[2]
