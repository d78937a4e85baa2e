"""Taking over what engines that died have left: who may, with which code, and from where it goes on."""

from __future__ import annotations

import warnings
from time import time
from typing import TYPE_CHECKING

from stratix_tasks.core.facts import CLAIMED
from stratix_tasks.core.recovery import Cut, claim
from stratix_tasks.core.states import RUN_TERMINAL
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StoreError, StratixError
from stratix_tasks.session.functions import changed as changed_calls
from stratix_tasks.session.functions import missing, nodes_of
from stratix_tasks.session.loading import recorded
from stratix_tasks.session.run import Run
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive

if TYPE_CHECKING:
    from stratix_tasks.session.engine import Engine

CHOICES = ("ask", "reuse", "rerun", "fork")
"""What to do with a run whose code changed since."""


def recover(engine: Engine, changed: str) -> list[Run]:
    """See `Engine.recover`."""
    if changed not in CHOICES:
        raise InputError(f"changed is one of {', '.join(CHOICES)}, not {changed!r}", code="bad-option")
    enter_orphans(engine)
    left = [row.id for row in reversed(engine.store.catalog.unfinished()) if _is_left(engine, row)]
    recovered = [_take_over_if_left(engine, run_id, changed) for run_id in left]
    decided = [] if changed == "ask" else [decide(engine, live, changed) for live in _undecided(engine)]
    return [run for run in (*recovered, *decided) if run is not None]


def _take_over_if_left(engine: Engine, run_id: str, changed: str) -> Run | None:
    """None for a run that another kernel was faster to take over: it goes on there; and for one that can't be read."""
    try:
        return take_over(engine, run_id, changed)
    except StoreError as error:
        warnings.warn(f"run {run_id} stays interrupted: {error}", stacklevel=5)
    except StratixError as error:
        if error.code != "owned-elsewhere":
            raise
    return None


def _undecided(engine: Engine) -> list[LiveRun]:
    """Runs that were left paused here because their code changed, and of which nobody has said how to go on."""
    lives = tuple(engine.loop.lives.values())
    return [live for live in lives if live.machine.run_reason == "code-changed"]


def decide(engine: Engine, live: LiveRun, choice: str) -> Run:
    """Go on with a run that is paused here because its code changed: reuse, rerun or fork."""
    run = Run(engine, live)
    if choice == "reuse":
        run.resume()
        return run
    return _changed(run, changed_calls(live.machine.plan, recorded(engine, live.id).about["code"]), choice)


def _is_left(engine: Engine, row: RunRow) -> bool:
    """Whether nobody runs a run: its owner is dead, or it is ours and was broken off or never taken up after a claim."""
    if row.id in engine.loop.lives:
        return False
    if row.owner != engine.id:
        return not alive(engine.store.locks, row.owner)
    known = engine.held.get(row.id)
    return known is None or known.seq > 0  # 0: it is being started just now


def enter_orphans(engine: Engine) -> None:
    """Tell the catalog of runs whose engines died before they did. An engine that ended in order left no lock file."""
    store = engine.store
    engine.chores.settle()
    names = [path.name for path in store.locks.iterdir() if path.name != engine.id]
    for name in names:
        if not alive(store.locks, name):
            store.catalog.index.enter(name)
            for run_id in store.catalog.unentered(name):
                store.catalog.restored(run_id)


def never_was(engine: Engine, run_id: str) -> bool:
    """Forget a run of the catalog that has no fact and no living owner: it was lost ahead of its first fact, so nobody saw
    it. Its key is free then."""
    store = engine.store
    row = store.catalog.run(run_id)
    if row is None or run_id in engine.held or row.owner == engine.id or alive(store.locks, row.owner):
        return row is None
    if store.catalog.index.knows(run_id):
        return False
    store.catalog.remove(run_id, row.epoch)
    return True


def take_over(engine: Engine, run_id: str, changed: str = "reuse") -> Run | None:
    """Claim one run, whose owner must be dead, and go on with it. None when there is nothing to go on with."""
    catalog = engine.store.catalog
    row = catalog.run(run_id)
    if row is None:
        return None
    refuse_living(engine, row)
    cut = cut_of(engine, row)
    try:
        live, about = engine.load(run_id, cut)
    except InputError:
        if row.owner == engine.id:
            return None  # it is being started just now
        # Its owner died before the first fact was written: nobody was told of it.
        catalog.remove(run_id, row.epoch)
        return None
    if live.machine.run_state in RUN_TERMINAL:
        catalog.set_state(run_id, row.epoch, live.machine.run_state.label, live.ended_at)
        return None
    if unknown := missing(live.machine):
        warnings.warn(
            f"run {run_id} of flow '{row.flow}' stays interrupted: {', '.join(unknown)} not defined here. "
            "Run the cells (or import the modules) that define them, then recover() again.",
            stacklevel=6,
        )
        return None
    different = [] if changed == "reuse" else changed_calls(live.machine.plan, about["code"])
    claim_run(engine, live, row.epoch, cut, hold="code-changed" if different else "")
    run = Run(engine, live)
    if different:
        return _changed(run, different, changed)
    if changed == "reuse" and live.machine.run_reason == "code-changed":
        run.resume()  # it was left paused by a kernel that died since
    if live.machine.run_reason == "max-recoveries":
        warnings.warn(
            f"run {live.id} is paused: its kernel died {live.machine.recoveries} times while bodies ran, and one of them may "
            "be why. resume() tries again; run.tasks() shows which ran.",
            stacklevel=6,
        )
    return run


def _changed(run: Run, calls: list[str], choice: str) -> Run:
    """A run that is paused because code changed: what was chosen for it is done."""
    if choice == "rerun":
        plan = run._live.machine.plan
        run._ask("rollback", None, {"nodes": [plan.names[unit] for unit in nodes_of(plan, calls)]})
        run.resume()
        return run
    if choice == "fork":
        fresh = run.fork()
        run.cancel()
        return fresh
    warnings.warn(
        f"run {run.id} is paused: the code of {', '.join(calls)} has changed since. resume() goes on with the new code and "
        "keeps the recorded results; recover(changed='rerun') runs the changed nodes again and what depends on them; "
        "recover(changed='fork') starts a new run that takes over what has not changed; cancel() ends it.",
        stacklevel=7,
    )
    return run


def refuse_living(engine: Engine, row: RunRow) -> None:
    """StratixError `owned-elsewhere` when the owner of a run lives."""
    if row.owner != engine.id and alive(engine.store.locks, row.owner):
        raise StratixError(
            f"run {row.id} belongs to another kernel that is alive; ask it there", code="owned-elsewhere"
        )


def cut_of(engine: Engine, row: RunRow) -> Cut | None:
    """Where a run's owner is to be cut off; None where it is this engine.

    It comes before its facts are read, so that these are all that counts.
    """
    if row.owner == engine.id:
        return None
    return row.owner, row.epoch, *engine.store.catalog.index.end_of(row.owner)


def claim_run(engine: Engine, live: LiveRun, epoch: int, cut: Cut | None, *, hold: str = "") -> None:
    """Become the owner of a run that was loaded up to the cut, whatever its state.

    `hold`: why it starts nothing until it is resumed. StratixError `owned-elsewhere` when another kernel was faster.
    """
    catalog = engine.store.catalog
    place = cut and (cut[0], *cut[2:])
    taken = catalog.claim(live.id, epoch, engine.id, place)
    if taken is None:
        raise StratixError(f"run {live.id} was taken over by another kernel just now", code="owned-elsewhere")
    cuts = [(engine_id, *place) for engine_id, place in catalog.cuts(live.id).items()]
    if live.machine.run_state in RUN_TERMINAL:
        catalog.set_state(live.id, taken, live.machine.run_state.label, live.ended_at)
    engine.loop.call(_go_on, engine, live, taken, cuts, time(), hold).result()


def _go_on(engine: Engine, live: LiveRun, epoch: int, cuts: list[Cut], now: float, hold: str) -> None:
    live.epoch, live.follower, machine = epoch, None, live.machine
    host, pid = engine.opened.host, engine.pid
    if machine.run_state in RUN_TERMINAL:
        machine.facts.append((CLAIMED, now, engine.id, epoch, host, pid, cuts))
    else:
        idle = max(now - live.ended_at, 0.0)
        claim(machine, now, engine.id, epoch, host, pid, idle=idle, hold=hold, cuts=cuts)
    engine.loop.resume(live)


def take_for(engine: Engine, row: RunRow, verb: str, target: str | None) -> LiveRun:
    """Take over a run whose owner has died, so that it can be asked something.

    To pause or cancel it nothing is started and no function is needed. StratixError `missing-function` for what would let
    it go on without its functions.
    """
    refuse_living(engine, row)
    cut = cut_of(engine, row)
    live, _ = engine.load(row.id, cut)
    ends = target is None and verb in ("pause", "cancel")
    unknown = [] if ends else missing(live.machine)
    if unknown:
        raise StratixError(
            f"can't {verb} run {row.id} here: its kernel has died, and {', '.join(unknown)} not defined in this process. Run "
            "the cells (or import the modules) that define them, then ask again",
            code="missing-function",
        )
    claim_run(engine, live, row.epoch, cut, hold="user" if ends else "")
    return live
