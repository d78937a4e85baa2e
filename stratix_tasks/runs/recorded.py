"""A run as the journals tell it: its document, blocks, inputs and facts; nothing goes on by loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stratix_tasks.core.apply import fold
from stratix_tasks.core.block import Block
from stratix_tasks.core.facts import CREATED
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.recovery import Cut
from stratix_tasks.core.state import State
from stratix_tasks.errors import InputError
from stratix_tasks.executors.runners import KNOWN_RUNNERS
from stratix_tasks.runs.functions import find_function
from stratix_tasks.runs.workshop import Workshop
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import from_document
from stratix_tasks.store.objects import OfDocument
from stratix_tasks.store.reader import RunRecord

LIKELY = 1_000
"""Runs, the newest, among which one is looked for that a wrong id may mean."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """`about` is the CREATED fact's; `functions` are those that are known here, by call."""

    run: str
    about: dict[str, Any]
    graph: Graph
    functions: Mapping[str, Any]
    block: Block
    inputs: dict[str, Any]
    record: RunRecord

    def until(self, engine: Workshop, nodes: tuple[str, ...]) -> Block:
        """The same flow for another run, which goes until these nodes."""
        return lay_out(self.graph, self.functions, engine.executors.entries, KNOWN_RUNNERS, nodes)

    def folded(self, until: int | None = None) -> State:
        """Its state after all facts, or after those before number `until`."""
        return fold(State(self.block), self.record.facts[:until])


def recorded(engine: Workshop, run_id: str, *, notes: bool = False, cut: Cut | None = None) -> Recorded:
    """What is recorded of a run, up to a `cut` that is to be made. InputError `unknown-run`."""
    store = engine.store
    cuts = store.catalog.cuts(run_id)
    if cut is not None:
        cuts[cut[0]] = cut[1:]
    record = store.catalog.index.record(run_id, cuts, notes=notes)
    if not record.facts or record.facts[0][0] != CREATED:
        names = [row.id for row in store.catalog.runs(LIKELY) if row.id != run_id]  # it may have lost its journal
        raise InputError(
            f"the store {store.path} has no run {run_id}. {did_you_mean(run_id, names)}", code="unknown-run"
        )
    about = record.facts[0][2]
    graph = Graph(from_document(about["spec"], OfDocument(store.objects).fetch))
    functions = {call: function for call in about["code"] if (function := find_function(call)) is not None}
    inputs = {name: store.objects.fetch(kept) for name, kept in about["inputs"].items()}
    block = lay_out(graph, functions, engine.executors.entries, KNOWN_RUNNERS, tuple(about.get("until", ())))
    return Recorded(run_id, about, graph, functions, block, inputs, record)
