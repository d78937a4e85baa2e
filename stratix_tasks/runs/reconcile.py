"""Where catalog and journals disagree about a run, because its engine died between the two: the journals are right."""

from __future__ import annotations

from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.store.locks import alive


def enter_orphans(engine: Workshop) -> None:
    """Tell the catalog of runs whose engines died before they did. An engine that ended in order left no lock file."""
    store = engine.store
    engine.chores.settle()
    names = [path.name for path in store.locks.iterdir() if path.name != engine.id]
    for name in names:
        if not alive(store.locks, name):
            store.catalog.index.enter(name)
            for run_id in store.catalog.unentered(name):
                store.catalog.restored(run_id)


def never_was(engine: Workshop, run_id: str) -> bool:
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
