"""Recovering: going on with the runs that engines which died have left, and what becomes of those whose code changed."""

from __future__ import annotations

import warnings

from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError, StoreError, StratixError
from stratix_tasks.runs.ask import ask
from stratix_tasks.runs.claim import claim_run, cut_of, refuse_living
from stratix_tasks.runs.fork import fork
from stratix_tasks.runs.functions import changed as changed_calls
from stratix_tasks.runs.functions import lacking, missing, nodes_of
from stratix_tasks.runs.kinship import is_left_behind
from stratix_tasks.runs.reconcile import enter_orphans
from stratix_tasks.runs.recorded import recorded
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive

CHOICES = ("ask", "reuse", "rerun", "fork")
"""What to do with a run whose code changed since."""


def recover(engine: Workshop, changed: str) -> list[LiveRun]:
    """See `Engine.recover`."""
    if changed not in CHOICES:
        raise InputError(f"changed is one of {', '.join(CHOICES)}, not {changed!r}", code="bad-option")
    enter_orphans(engine)
    left = [row.id for row in reversed(engine.store.catalog.unfinished()) if _is_left(engine, row)]
    recovered = [_take_over_if_left(engine, run_id, changed) for run_id in left]
    decided = [] if changed == "ask" else [decide(engine, live, changed) for live in _undecided(engine)]
    return [live for live in (*recovered, *decided) if live is not None]


def _take_over_if_left(engine: Workshop, run_id: str, changed: str) -> LiveRun | None:
    """None for a run that another kernel was faster to take over: it goes on there; for one that can't be read; and for one that
    is cancelled here, for the run that it was started for has ended while nobody ran it."""
    try:
        live = take_over(engine, run_id, changed)
        if live is None or not is_left_behind(engine.store.catalog, run_id):
            return live
        ask(engine, live, "cancel", None, {})
    except StoreError as error:
        warnings.warn(f"run {run_id} stays interrupted: {error}", stacklevel=5)
    except StratixError as error:
        if error.code != "owned-elsewhere":
            raise
    return None


def _undecided(engine: Workshop) -> list[LiveRun]:
    """Runs that were left paused here because their code changed, and of which nobody has said how to go on."""
    lives = tuple(engine.loop.lives.values())
    return [live for live in lives if live.core.state.run_reason == "code-changed"]


def decide(engine: Workshop, live: LiveRun, choice: str) -> LiveRun:
    """Go on with a run that is paused here because its code changed: reuse, rerun or fork."""
    if choice == "reuse":
        ask(engine, live, "resume", None, {})
        return live
    return _changed(engine, live, changed_calls(live, recorded(engine, live.id).about["code"]), choice)


def _is_left(engine: Workshop, row: RunRow) -> bool:
    """Whether nobody runs a run: its owner is dead, or it is ours and was broken off or never taken up after a claim."""
    if row.id in engine.loop.lives:
        return False
    if row.owner != engine.id:
        return not alive(engine.store.locks, row.owner)
    known = engine.held.get(row.id)
    return known is None or known.seq > 0  # 0: it is being started just now


def take_over(engine: Workshop, run_id: str, changed: str = "reuse") -> LiveRun | None:
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
    if live.core.is_over:
        catalog.set_state(run_id, row.epoch, live.core.state.run.label, live.ended_at)
        return None
    if unknown := missing(live):
        _, told = lacking(live.core.state.root.spec, unknown)
        warnings.warn(
            f"run {run_id} of flow '{row.flow}' stays interrupted: it needs {told}. Then recover() again.",
            stacklevel=6,
        )
        return None
    different = [] if changed == "reuse" else changed_calls(live, about["code"])
    claim_run(engine, live, row.epoch, cut, hold="code-changed" if different else "")
    if different:
        return _changed(engine, live, different, changed)
    if changed == "reuse" and live.core.state.run_reason == "code-changed":
        ask(engine, live, "resume", None, {})  # it was left paused by a kernel that died since
    if live.core.state.run_reason == "max-recoveries":
        warnings.warn(
            f"run {live.id} is paused: its kernel died {live.core.state.recoveries} times while bodies ran, and one of them may "
            "be why. resume() tries again; run.tasks() shows which ran.",
            stacklevel=6,
        )
    return live


def _changed(engine: Workshop, live: LiveRun, calls: list[str], choice: str) -> LiveRun:
    """A run that is paused because code changed: what was chosen for it is done."""
    if choice == "rerun":
        root = live.core.state.root
        ask(engine, live, "rollback", None, {"nodes": [root.outline.names[unit] for unit in nodes_of(root, calls)]})
        ask(engine, live, "resume", None, {})
        return live
    if choice == "fork":
        fresh = fork(engine, live.id, None, {})
        ask(engine, live, "cancel", None, {})
        return fresh
    warnings.warn(
        f"run {live.id} is paused: the code of {', '.join(calls)} has changed since. resume() goes on with the new code and "
        "keeps the recorded results; recover(changed='rerun') runs the changed nodes again and what depends on them; "
        "recover(changed='fork') starts a new run that takes over what has not changed; cancel() ends it.",
        stacklevel=7,
    )
    return live


def go_on(engine: Workshop, run_id: str, changed: str) -> LiveRun:
    """What `recover()` does, for one run. InputError `missing-function`, `missing-executor` names those that are not known here."""
    if changed not in CHOICES:
        raise InputError(f"changed is one of {', '.join(CHOICES)}, not {changed!r}", code="bad-option")
    here = engine.loop.lives.get(run_id)
    if here is not None:
        undecided = here.core.state.run_reason == "code-changed" and changed != "ask"
        return decide(engine, here, changed) if undecided else here
    live, _ = engine.load(run_id)
    if live.core.is_over:
        return live
    if unknown := missing(live):
        code, told = lacking(live.core.state.root.spec, unknown)
        raise InputError(f"run {run_id} needs {told}, then go on", code=code)
    taken = take_over(engine, run_id, changed)
    if taken is None:
        raise StratixError(f"there is nothing left to go on with in run {run_id}", code="not-running")
    return taken
