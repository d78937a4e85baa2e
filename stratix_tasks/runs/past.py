"""The past of a store, in which what waits for its place alone is told, too: that is no fact, but follows from all of a run's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from stratix_tasks.core.apply import fold
from stratix_tasks.core.decide.core import Core, no_claims
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.ports import Executor
from stratix_tasks.core.state import State
from stratix_tasks.core.states import S
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.text import from_document
from stratix_tasks.store.analytics import History
from stratix_tasks.store.store import Store


def past(store: Store, executors: Mapping[str, Executor]) -> History:
    """What ran there, as data frames."""
    return History(store, _ready_in(store, executors))


def _ready_in(store: Store, executors: Mapping[str, Executor]) -> Callable[[str, Sequence[int]], list[int]]:
    """Of a run, by its id, those of its units that wait for nothing but their place. No value is read for it."""

    def ready(run: str, units: Sequence[int]) -> list[int]:
        facts = store.catalog.index.record(run, store.catalog.cuts(run)).facts
        about = facts[0][2]
        graph = Graph(from_document(about["spec"], lambda _kept: None))
        block = lay_out(graph, {}, executors, KNOWN_RUNNERS, tuple(about.get("until", ())))
        core = Core(fold(State(block), facts), no_claims, seed=run)
        return [unit for unit in units if unit < len(core.state.status) and core.seen(unit) is S.READY]

    return ready
