"""How long the nodes of a flow usually take: the medians of its last runs."""

from __future__ import annotations

from statistics import median

from stratix_tasks.core.state import COMPLETED
from stratix_tasks.core.states import RunState
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.store.catalog import Catalog

RUN = ""
"""What a run as a whole is called beside its nodes."""


def took(live: LiveRun) -> dict[str, float]:
    """Seconds by name, of the nodes of a run that has ended which completed by what they did in it; of the run, if
    it completed, and was neither forked nor to go to a node alone."""
    s = live.core.state
    units = enumerate(zip(s.root.outline.names, s.status, s.started, s.ended, strict=False))
    found = {
        name: ended - started - s.rested.get(u, 0.0)
        for u, (name, status, started, ended) in units
        if status == COMPLETED and started and u not in s.reason
    }
    is_whole = s.run is RunState.COMPLETED and live.forked_from is None and not s.root.until
    return {**found, RUN: live.ended_at - live.started_at} if is_whole else found


def usual(catalog: Catalog, flow: str, run: str) -> dict[str, float]:
    """Seconds that nodes take in the last runs of a flow, and such a run as a whole; a `run` itself left aside."""
    times: dict[str, list[float]] = {}
    for one in catalog.took(flow, run):
        for name, seconds in one.items():
            times.setdefault(name, []).append(seconds)
    return {name: median(known) for name, known in times.items()}
