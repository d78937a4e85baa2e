"""What views tell of waiting nodes: on a card, of all that a run waits for, and who approved. All in the engine's thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from stratix_tasks.core.answering import APPROVED
from stratix_tasks.core.machine import Machine
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.waits import Wait, signal_of
from stratix_tasks.engine.live import LiveRun

MOVES = (State.READY, State.RUNNING, State.STOPPING, State.RETRYING)
"""States that a node leaves by itself."""


def waits_of(machine: Machine, unit: int) -> list[Wait]:
    """What a node or item waits for; of a mapped node, what each of its waiting items does."""
    if unit in machine.waits:
        return [machine.waits[unit]]
    return [wait for one, wait in machine.waits.items() if machine.node_of[one] == unit]


def due_of(waits: list[Wait]) -> float | None:
    """When the first of them is over, if that is known."""
    return min((wait["due"] for wait in waits if wait["due"] is not None), default=None)


def wait_texts(waits: list[Wait]) -> dict[str, str]:
    """`wait`: what a card says is waited for, nothing for a sleep; `signal`: its name, where it is one and the same."""
    if not waits:
        return {}
    said = {asked(wait) for wait in waits}
    names = {signal_of(wait) for wait in waits}
    text = said.pop() if len(said) == 1 else f"{len(waits):,} {waits[0]['for']}s"
    return {"wait": text, "signal": (names.pop() if len(names) == 1 else None) or ""}


def asked(wait: Wait) -> str:
    """What is asked of people: the message of an approval, the name of a signal; nothing of a sleep."""
    return wait.get("message") or (f"the signal '{wait['name']}'" if "name" in wait else "")


def only_waits(machine: Machine, counts: Mapping[State, int]) -> dict[str, int]:
    """How many approvals, signals and sleeps a running run waits for, while nothing else moves it; else nothing."""
    if machine.run_state is not RunState.RUNNING or any(counts.get(state) for state in MOVES):
        return {}
    return dict(sorted(Counter(wait["for"] for wait in machine.waits.values()).items()))


def approved(live: LiveRun, unit: int) -> dict[str, str] | None:
    """Who approved, and when: the value of a node that was approved."""
    machine = live.machine
    by_hand = machine.state[unit] == State.COMPLETED and machine.reason.get(unit) == APPROVED
    return live.binding.held(unit) if by_hand else None


def approved_text(live: LiveRun, unit: int) -> str:
    given = approved(live, unit)
    return "" if given is None else f"approved by {given['by']}" if given["by"] else "approved"


def can_answer(machine: Machine, unit: int) -> dict[str, Any]:
    """The answers that a node or item waits for: approve, send."""
    verbs = {"approval": "approve", "signal": "send"}
    return {verbs[wait["for"]]: True for wait in waits_of(machine, unit) if wait["for"] in verbs}
