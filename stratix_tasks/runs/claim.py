"""Claiming a run whose owner has died: who may, up to which place of the old owner's journal, and that it goes on here."""

from __future__ import annotations

from stratix_tasks.core.facts import CLAIMED
from stratix_tasks.core.recovery import Cut, claim
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import StratixError
from stratix_tasks.runners.native import Clock
from stratix_tasks.runs.functions import lacking, missing
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.catalog import RunRow
from stratix_tasks.store.locks import alive


def refuse_living(engine: Workshop, row: RunRow) -> None:
    """StratixError `owned-elsewhere` when the owner of a run lives."""
    if row.owner != engine.id and alive(engine.store.locks, row.owner):
        raise StratixError(
            f"run {row.id} belongs to another kernel that is alive; ask it there", code="owned-elsewhere"
        )


def cut_of(engine: Workshop, row: RunRow) -> Cut | None:
    """Where a run's owner is to be cut off; None where it is this engine.

    It comes before its facts are read, so that these are all that counts.
    """
    if row.owner == engine.id:
        return None
    return row.owner, row.epoch, *engine.store.catalog.index.end_of(row.owner)


def claim_run(engine: Workshop, live: LiveRun, epoch: int, cut: Cut | None, *, hold: str = "") -> None:
    """Become the owner of a run that was loaded up to the cut, whatever its state.

    `hold`: why it starts nothing until it is resumed. StratixError `owned-elsewhere` when another kernel was faster.
    """
    catalog = engine.store.catalog
    place = cut and (cut[0], *cut[2:])
    taken = catalog.claim(live.id, epoch, engine.id, place)
    if taken is None:
        raise StratixError(f"run {live.id} was taken over by another kernel just now", code="owned-elsewhere")
    cuts = [(engine_id, *place) for engine_id, place in catalog.cuts(live.id).items()]
    if live.core.is_over:
        catalog.set_state(live.id, taken, live.core.state.run.label, live.ended_at)
    engine.loop.call(_go_on, engine, live, taken, cuts, Clock.time(), hold).result()


def _go_on(engine: Workshop, live: LiveRun, epoch: int, cuts: list[Cut], now: float, hold: str) -> None:
    live.epoch, live.follower, core = epoch, None, live.core
    live.own()
    host, pid = engine.opened.host, engine.pid
    if core.is_over:
        core.tell(CLAIMED, now, engine.id, epoch, host, pid, cuts)
    else:
        claim(core, now, engine.id, epoch, host, pid, hold=hold, cuts=cuts)
    engine.loop.resume(live)


def take_for(engine: Workshop, row: RunRow, verb: str, target: str | None) -> LiveRun:
    """Take over a run whose owner has died, so that it can be asked something.

    To pause or cancel it nothing is started and no function is needed. StratixError `missing-function`, `missing-executor` for
    what would let it go on without them.
    """
    refuse_living(engine, row)
    cut = cut_of(engine, row)
    live, _ = engine.load(row.id, cut)
    ends = target is None and verb in ("pause", "cancel")
    unknown = [] if ends else missing(live)
    if unknown:
        code, told = lacking(live.core.state.root.spec, unknown)
        raise StratixError(
            f"can't {verb} run {row.id} here: its kernel has died, and it needs {told}, then ask again", code=code
        )
    claim_run(engine, live, row.epoch, cut, hold="user" if ends else "")
    return live
