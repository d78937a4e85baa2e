"""Taking over what engines that died have left: who may, with which code, and from where it goes on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any

from stratix_tasks.core.fingerprint import fingerprint
from stratix_tasks.core.recovery import claim
from stratix_tasks.core.states import RUN_TERMINAL, State
from stratix_tasks.dsl.task import KNOWN
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.session.run import Run
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine

GOING_ON = ("pending", "running", "pausing", "paused", "ending")
"""States in which a run has something left to do."""
LATER = ("rerun", "fork")


def recover(engine: Engine, changed: str) -> list[Run]:
    """See `Engine.recover`."""
    if changed in LATER:
        raise InputError(
            f"changed='{changed}' is not available in this version: 'ask' or 'reuse'", code="not-available"
        )
    if changed not in ("ask", "reuse"):
        raise InputError(f"changed is 'ask' or 'reuse', not {changed!r}", code="bad-option")
    enter_orphans(engine)
    left = [row.id for row in reversed(engine.store.catalog.runs()) if row.state in GOING_ON and _is_left(engine, row)]
    recovered = (take_over(engine, run_id, changed) for run_id in left)
    return [run for run in recovered if run is not None]


def _is_left(engine: Engine, row: RunRow) -> bool:
    """Whether nobody runs a run: its owner is dead, or it is ours and was broken off or never taken up after a claim."""
    if row.id in engine.loop.lives:
        return False
    if row.owner != engine.id:
        return not alive(engine.store.locks, row.owner)
    known = engine._known.get(row.id)
    return known is None or known.seq > 0  # 0: it is being started just now


def enter_orphans(engine: Engine) -> None:
    """Tell the catalog of runs whose engines died before they did. An engine that ended in order left no lock file."""
    store = engine.store
    engine._chores.settle()
    names = [path.name for path in store.locks.iterdir() if path.name != engine.id]
    dead = [name for name in names if not alive(store.locks, name)]
    known = {row.id for row in store.catalog.runs()}
    for owner, fact in store.journals.created(dead):
        _, at, about = fact
        if about["id"] not in known:
            store.catalog.add_run(
                id=about["id"],
                flow=about["flow"],
                key=about["key"],
                inputs=about["inputs_hash"],
                owner=owner,
                created=at,
            )


def take_over(engine: Engine, run_id: str, changed: str = "reuse") -> Run | None:
    """Claim one run, whose owner must be dead, and go on with it. None when there is nothing to go on with."""
    catalog, locks = engine.store.catalog, engine.store.locks
    row = catalog.run(run_id)
    if row is None:
        return None
    if row.owner != engine.id and alive(locks, row.owner):
        raise StratixError(
            f"run {run_id} belongs to another kernel that is alive; ask it there", code="owned-elsewhere"
        )
    try:
        live, about = engine._load(run_id)
    except InputError:
        if row.owner == engine.id:
            return None  # it is being started just now
        # Its owner died before the first fact was written: nobody was told of it.
        catalog.set_state(run_id, row.epoch, "failed", time())
        return None
    if live.machine.run_state in RUN_TERMINAL:
        catalog.set_state(run_id, row.epoch, live.machine.run_state.label, live.ended_at)
        return None
    if missing := _missing(live):
        warnings.warn(
            f"run {run_id} of flow '{row.flow}' stays interrupted: {', '.join(missing)} not defined here. "
            "Run the cells (or import the modules) that define them, then recover() again.",
            stacklevel=5,
        )
        return None
    different = _changed(live, about["code"]) if changed == "ask" else []
    claim_run(engine, live, row.owner, row.epoch, hold="code-changed" if different else "")
    if different:
        warnings.warn(
            f"run {live.id} is paused: the code of {', '.join(different)} has changed since. resume() goes on with "
            "the new code and keeps the recorded results; cancel() ends it.",
            stacklevel=5,
        )
    return Run(engine, live)


def claim_run(engine: Engine, live: LiveRun, owner: str, epoch: int, *, hold: str = "") -> None:
    """Become the owner of a run, whatever its state. `hold`: why it starts nothing until it is resumed.

    StratixError `owned-elsewhere` when another kernel was faster.
    """
    store = engine.store
    cut = (owner, *store.journals.end_of(owner)) if owner != engine.id else None
    taken = store.catalog.claim(live.id, epoch, engine.id, cut)
    if taken is None:
        raise StratixError(f"run {live.id} was taken over by another kernel just now", code="owned-elsewhere")
    live.epoch = taken
    if live.machine.run_state in RUN_TERMINAL:
        store.catalog.set_state(live.id, taken, live.machine.run_state.label, live.ended_at)
    engine.loop.call(_go_on, engine, live, time(), hold).result()


def _go_on(engine: Engine, live: LiveRun, now: float, hold: str) -> None:
    machine = live.machine
    if machine.run_state not in RUN_TERMINAL:
        idle = max(now - live.ended_at, 0.0)
        claim(machine, now, engine.id, live.epoch, engine._host, engine._pid, idle=idle, hold=hold)
    engine.loop.resume(live)


def find_function(call: str) -> Any:
    """The function of a `module:name`: a task of this process, or of a module that can be imported. None if there is
    none."""
    known = KNOWN.get(call)
    if known is not None:
        return known.fn
    module_name, _, qualname = call.partition(":")
    module = sys.modules.get(module_name) or _imported(module_name)
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return getattr(found, "fn", found)


def _imported(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except Exception:
        return None


def _missing(live: LiveRun) -> list[str]:
    """Calls of nodes that have still to run and whose function is not known."""
    machine = live.machine
    done = (State.COMPLETED, State.SKIPPED)
    policies = enumerate(machine.plan.policies)
    left = (p for unit, p in policies if p is not None and machine.state[unit] not in done)
    return sorted({p.call for p in left if p.call and p.function is None})


def _changed(live: LiveRun, code: Mapping[str, str]) -> list[str]:
    """Calls whose function is not what it was when the run was started."""
    policies = {p.call: p.function for p in live.machine.plan.policies if p is not None and p.function is not None}
    return sorted(call for call, was in code.items() if call in policies and fingerprint(policies[call]) != was)
