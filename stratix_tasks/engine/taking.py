"""Taking a request: the core decides, the journal has it, then it is done. It may let a run go on that had ended."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from stratix_tasks.core.decide import requests
from stratix_tasks.engine import room
from stratix_tasks.engine.breaking import or_refuse
from stratix_tasks.engine.live import LiveRun, Shell
from stratix_tasks.errors import StoreError, StratixError


@or_refuse
def take(engine: Shell, live: LiveRun, verb: str, target: str | None, args: dict[str, Any], by: str) -> None:
    """Its facts are journaled when this returns. TransitionError when it is not legal now; StoreError `disk-full`."""
    if engine.lost(live):
        raise live.broken or StratixError(f"run {live.id} is run by another kernel", code="owned-elsewhere")
    core = live.core
    if live.unwritten or live.unstored:
        room.unstall(engine, live, verb)
    live.own()
    was_over = core.is_over
    if was_over:
        live.ended, old = (Future(), live.ended) if live.ended.done() else (live.ended, live.ended)
    try:
        requests.request(core, verb, target, engine.clock(), args=args, by=by)
    except BaseException:
        if was_over:
            live.ended = old
        core.commands.clear()
        raise
    if was_over and core.is_over and not core.commands:
        live.ended = old
    elif was_over:
        live.result = live.error = None
        engine.adopt(live)
        for callback in engine.on_revived:
            callback(live)
    engine.commit(live, *core.drain())
    engine.feed_starved()
    if live.unwritten:
        raise StoreError(
            f"to {verb} is taken, but can't be recorded yet, so nothing is done for it: free some space on the disk",
            code="disk-full",
        )
