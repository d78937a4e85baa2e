"""What a forked run begins with: results of another run, their facts and the frames that these name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratix_tasks.core import fork as core
from stratix_tasks.core.facts import GIVEN, Fact
from stratix_tasks.runs.recorded import Recorded
from stratix_tasks.store.reader import RunRecord, payload_reader

BATCH = 8 << 20
"""Bytes of payload frames that are written at a time."""


@dataclass(frozen=True, slots=True)
class Reused:
    """What a forked run begins with: the facts of the results that it takes over, and where their payload frames are."""

    facts: list[Fact]
    places: list[core.Place]
    source: Recorded

    def record(self) -> RunRecord:
        """Where the new run reads those frames: in the old one's journal."""
        old = self.source.record.payloads
        found = {(unit, 0): old[was, attempt] for unit, was, attempt in self.places if (was, attempt) in old}
        return RunRecord([], found, 1, [])

    def batches(self) -> Iterator[tuple[list[Fact], list[tuple[int, int, bytes]]]]:
        """Facts with the frames that they name, to be written into the new run's journal a few megabytes at a time."""
        read = payload_reader(self.source.record.payloads)
        frames = {unit: (was, attempt) for unit, was, attempt in self.places}
        facts: list[Fact] = []
        payloads: list[tuple[int, int, bytes]] = []
        size = 0
        for fact in self.facts:
            facts.append(fact)
            if fact[0] == GIVEN and fact[2] in frames:
                payloads.append((fact[2], 0, read(*frames[fact[2]])))
                size += len(payloads[-1][2])
            if size > BATCH:
                yield facts, payloads
                facts, payloads, size = [], [], 0
        if facts:
            yield facts, payloads
