"""What views tell of runs whose owner died. Looking is all: nothing is created or claimed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from stratix_tasks.errors import StratixError
from stratix_tasks.runs.functions import changed, missing
from stratix_tasks.runs.recorded import recorded
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.catalog import Catalog
from stratix_tasks.store.locks import alive
from stratix_tasks.store.store import Store
from stratix_tasks.view.messages import Interrupted, Left

if TYPE_CHECKING:
    from pathlib import Path

    from stratix_tasks.engine.live import LiveRun


def left_of(engine: Workshop, live: LiveRun) -> Left | None:
    """Of an interrupted run: when its last fact was recorded (`at`), and the calls that are missing or changed here.

    None for every other run, and where nobody can go on with it: its engine is closed.
    """
    over = live.core.is_over
    if engine.closed or over or live.id in engine.lives or engine.runs_elsewhere(live.id):
        return None
    return what_is_left(engine, live)


def what_is_left(engine: Workshop, live: LiveRun) -> Left:
    """`left_of` a run that is known to be interrupted. Not in the engine's thread: it reads the store."""
    code = recorded(engine, live.id).about["code"]
    return {"at": live.ended_at, "missing": missing(live), "changed": changed(live, code)}


def interrupted_of(engine: Workshop, flow: str) -> list[Interrupted]:
    """The interrupted runs of a flow, the newest first, as the catalog alone knows them; none where there is no store."""
    try:
        return _of_open(engine, flow) if engine.is_open else _of_closed(engine, flow)
    except (StratixError, OSError, sqlite3.Error):
        return []


def _of_open(engine: Workshop, flow: str) -> list[Interrupted]:
    lives = engine.loop.lives
    rows = _left(engine.store.catalog, engine.store.locks, flow)
    return [row for row in rows if row["id"] not in lives]


def _of_closed(engine: Workshop, flow: str) -> list[Interrupted]:
    """In a store that this engine has not opened, which is not written to."""
    store = Store(engine.path, write=False)
    if not (store.path / "catalog.sqlite").is_file():
        return []
    try:
        return _left(store.catalog, store.locks, flow)
    finally:
        store.catalog.close()


def _left(catalog: Catalog, locks: Path, flow: str) -> list[Interrupted]:
    return [
        {"id": row.id, "created": row.created}
        for row in catalog.unfinished()
        if row.flow == flow and not alive(locks, row.owner)
    ]
