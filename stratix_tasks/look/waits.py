"""What views tell of waiting nodes: on a card, of all that a run waits for, and who approved. All in the engine's thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from stratix_tasks.core.state import State as Recorded
from stratix_tasks.core.states import RunState, State
from stratix_tasks.core.waits import APPROVED, Wait, asked, signal_of
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.look.fields import field_of
from stratix_tasks.spec.text import inputs_of
from stratix_tasks.view.messages import Approval, Texts, Waiting

MOVES = (State.READY, State.RUNNING, State.STOPPING, State.RETRYING)
"""States that a node leaves by itself."""
HELD = (State.HELD, State.SUSPENDED)
"""Those that somebody lets it leave."""


def waits_of(s: Recorded, unit: int) -> list[Wait]:
    """What a node or item waits for; of a mapped node, what each of its waiting items does."""
    if unit in s.waits:
        return [s.waits[unit]]
    return [wait for one, wait in s.waits.items() if s.node_of(one) == unit]


def due_of(waits: list[Wait]) -> float | None:
    """When the first of them is over, if that is known."""
    return min((wait["due"] for wait in waits if wait["due"] is not None), default=None)


def wait_texts(waits: list[Wait]) -> Texts:
    """`wait`: what a card says is waited for, nothing for a sleep; `signal`: its name, where it is one and the same."""
    if not waits:
        return {}
    said = {asked(wait) for wait in waits}
    names = {signal_of(wait) for wait in waits}
    text = said.pop() if len(said) == 1 else f"{len(waits):,} {waits[0]['for']}s"
    return {"wait": text, "signal": (names.pop() if len(names) == 1 else None) or ""}


def only_waits(s: Recorded, counts: Mapping[State, int]) -> dict[str, int]:
    """How many approvals, signals and sleeps a running run waits for, and how many nodes are `held` in it, paused or at their
    breakpoints, while nothing else moves it; else nothing."""
    if s.run is not RunState.RUNNING or any(counts.get(state) for state in MOVES):
        return {}
    held = sum(counts.get(state, 0) for state in HELD)
    waits = sorted(Counter(wait["for"] for wait in s.waits.values()).items())
    return {**dict(waits), **({"held": held} if held else {})}


def waiting(s: Recorded, unit: int) -> Waiting | None:
    """What the inspector says of a node or item that waits."""
    wait = s.waits.get(unit)
    if wait is None:
        return None
    told: Waiting = {"for": wait["for"], "since": s.started[unit], "due": wait["due"]}
    if "message" in wait:
        told["message"] = wait["message"]
    if "name" in wait:
        told["name"] = wait["name"]
    if "fields" in wait:
        told["fields"] = [field_of(name, one) for name, one in inputs_of(wait["fields"]).items()]
    return told


def approved(live: LiveRun, unit: int) -> Approval | None:
    """Who approved, and when: the value of a node that was approved."""
    s = live.core.state
    by_hand = s.status[unit] == State.COMPLETED and s.reason.get(unit) == APPROVED
    return live.binding.held(unit) if by_hand else None


def approved_text(live: LiveRun, unit: int) -> str:
    given = approved(live, unit)
    return "" if given is None else f"approved by {given['by']}" if given["by"] else "approved"
