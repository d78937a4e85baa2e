"""What of a machine must survive its owner: a machine that is made from its facts is the same."""

from __future__ import annotations

from typing import Any

from invariants import need
from stratix_tasks.core.machine import Machine

from stratix_tasks.core.states import LIVE, RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.core.targets import label
from stratix_tasks.core.timers import WHOLE, Timer


def the_fold_is_the_run(live: Machine, made: Machine) -> None:
    """The facts folded give what the live machine has."""
    is_, was = told(made), told(live)
    for part, value in was.items():
        need(is_[part] == value, f"{part}: the facts give {is_[part]}, the run has {value}")


def told(machine: Machine) -> dict[str, Any]:
    """What of a machine must survive; what was ready is pending again in one that was folded."""
    states = [State.PENDING if s == State.READY else State(s) for s in machine.state]
    open_units = [u for u, s in enumerate(states) if s not in TERMINAL]
    pending = [u for u in open_units if states[u] is State.PENDING and u < len(machine.plan.names)]
    over = machine.run_state in RUN_TERMINAL
    return {
        "run": (machine.run_state, machine.run_reason),
        "target": machine.run_target if machine.run_state is RunState.ENDING else None,
        "states": {label(machine, u): s.label for u, s in enumerate(states)},
        "attempts": list(machine.attempt),
        "left": {u: machine.left[u] for u in pending},
        "counts": (machine.todo, machine.bad),
        "spent": {u: machine.spent[u] for u in open_units if machine.spent.get(u)},
        "due": {
            u: machine.due[u] for u in open_units if u in machine.due and states[u] in (State.RETRYING, State.HELD)
        },
        "targets": {u: t[:2] for u, t in machine.target.items()},
        "reasons": {u: machine.reason.get(u) for u, s in enumerate(states) if s in TERMINAL | LIVE},
        "errors": {u: machine.error.get(u, {}).get("type") for u, s in enumerate(states) if s is State.FAILED},
        "holds": sorted(u for u in machine.holds if states[u] not in TERMINAL),
        "values": {
            u: machine.values[u] for u, s in enumerate(states) if s is State.COMPLETED and not machine.is_group(u)
        },
        "groups": {
            u: (list(g.members), g.done, g.failed, g.skipped, g.ended, None if states[u] in TERMINAL else g.target)
            for u, g in machine.groups.items()
        },
        "spawned": (
            machine.spawned,
            {u: (g.keys, g.planned, g.children) for u, g in machine.groups.items()},
        ),
        "generations": {u: n for u, n in machine.generation.items() if n},
        "breaks": (sorted(machine.breaks), bytes(machine.plain)),
        "sets": machine.sets,
        "own": machine.own,
        "heard": machine.heard - {None},
        "waits": machine.waits,
        "signals": machine.signals,
        "taken": {u: n for u, n in machine.taken.items() if n},
        "recoveries": None if over else machine.recoveries,
        "retired": [(g.first, g.count) for g in machine.retired],
        "limit of the run": (
            round(machine.timers.deadline.get((Timer.RUN, WHOLE), 0.0), 3),
            round(machine.timers.frozen.get((Timer.RUN, WHOLE), 0.0), 3),
        ),
    }


def is_over(machine: Machine) -> None:
    """A terminal run: no live node, nothing left to do."""
    need(machine.run_state in RUN_TERMINAL, f"the run is {machine.run_state.label}, and nothing will happen")
    need(all(s in TERMINAL for s in machine.state), "the run has ended, but units have not")
