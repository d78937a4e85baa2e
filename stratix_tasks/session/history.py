"""`history()`: the past of a store."""

from __future__ import annotations

import os

from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.runs.past import past
from stratix_tasks.session.default import default_engine
from stratix_tasks.store.analytics import History
from stratix_tasks.store.store import Store


def history(store: str | os.PathLike[str] | None = None) -> History:
    """What ran, as data frames. Without `store` that of the default engine; a folder may be on read-only media.

    StoreError `no-store` when there is none; InputError for what is no path.
    """
    if store is not None:
        return past(Store(store, write=False), EXECUTORS)
    engine = default_engine()
    return past(engine.store, engine.executors.entries)
