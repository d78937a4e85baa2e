"""Which run a run was started for: its key tells of the node that waits for it (`flow.run`)."""

from __future__ import annotations

from stratix_tasks.runners.body import Body
from stratix_tasks.store.catalog import Catalog, RunRow

_KEY = "flow.run"


def key_of_child(body: Body, depth: int, number: int) -> str:
    """Of the run that the attempt of that number of a node waits for; the same in each process. `depth`: how many runs lie around it."""
    return f"{_KEY} {depth} {body.run_id} {body.idempotency_key} {number}"


def _told(row: RunRow | None) -> list[str]:
    word, *told = (row.key or "" if row is not None else "").split(" ")
    return told if word == _KEY and len(told) == 4 else []


def depth(catalog: Catalog, run: str) -> int:
    """How many runs lie around a run."""
    told = _told(catalog.run(run))
    return int(told[0]) if told else 0


def is_left_behind(catalog: Catalog, run: str) -> bool:
    """Whether the run that a run was started for has ended, so that nobody waits for it any more."""
    told = _told(catalog.run(run))
    around = catalog.run(told[1]) if told else None
    return around is not None and around.ended is not None
