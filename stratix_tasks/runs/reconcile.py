"""Where catalog and journals disagree about a run, because its engine died between the two: the journals are right."""

from __future__ import annotations

from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.ids import key as run_key
from stratix_tasks.store.locks import alive


def enter_orphans(engine: Workshop) -> None:
    """Tell the catalog of runs whose engines died before they did. An engine that ended in order left no lock file."""
    store = engine.store
    engine.chores.settle()
    names = [path.name for path in store.locks.iterdir() if path.name != engine.id]
    dead = [name for name in names if not alive(store.locks, name)]
    known = {row.id for row in store.catalog.runs()}
    for owner, created in store.journals.created(dead):
        if created[2]["id"] not in known:
            store.catalog.enter(owner, created)


def never_was(engine: Workshop, run_id: str) -> bool:
    """Forget a run of the catalog that has no fact and no living owner: it was lost ahead of its first fact, so nobody saw
    it. Its key is free then."""
    store = engine.store
    row = store.catalog.run(run_id)
    if row is None or run_id in engine.held or row.owner == engine.id or alive(store.locks, row.owner):
        return row is None
    if store.journals.knows(run_key(run_id)):
        return False
    store.catalog.remove(run_id, row.epoch)
    return True
