"""The index: run → its places in the journals, so that a run is read by its own frames, however many others there are.

It is a projection of the journals: each file is entered in the catalog up to an offset. Frames never change, so what is
entered stays true, and what is lost is made again. Nothing is done for it while bodies run: an owner enters what it wrote
when a run ends, and whoever opens a run looks through what lies behind the offset.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from stratix_tasks.store import ids
from stratix_tasks.store.format import PAYLOAD, SEAL
from stratix_tasks.store.journal import sync_file
from stratix_tasks.store.reader import Journals, RunRecord, Span, facts_and_notes

CHUNK = 1 << 20
"""A run has one span in each chunk of so many bytes: at most that much of other runs is passed over to read its frames."""

BATCH = 64 << 20
"""Bytes of spans that are read at a time where many runs are."""


@dataclass(slots=True)
class Scan:
    """What a file holds behind an offset: whole writes, each of which ends with a frame that is no result.

    So a write that fell short, and is taken back by its writer, is not in it.
    """

    start: int
    end: int
    spans: dict[tuple[bytes, int], list[int]] = field(default_factory=dict)
    """Run and chunk → [start, end] of what it wrote from that chunk on."""
    size: int = 0
    """Bytes of the file when it was looked through."""

    def go_on(self, path: Path, size: int) -> None:
        """Look through what is new."""
        if size == self.size:
            return
        self.size, begun = size, None
        for frame in facts_and_notes(path, self.end, until=size):
            begun = begun or frame.start
            if frame.kind == PAYLOAD:
                continue
            if frame.kind != SEAL:
                self.spans.setdefault((frame.run, begun // CHUNK), [begun, 0])[1] = frame.end
            self.end, begun = frame.end, None


class Kept(Protocol):
    """What the catalog keeps of the index."""

    def entered(self, engine: str) -> dict[int, int]:
        """File number → offset up to which it is entered."""

    def spans(self, run: str) -> Sequence[Span]:
        """Where frames of a run are, as far as files are entered."""

    def owners(self, run: str) -> list[str]:
        """The engines that have or had a run; none where it is not known."""

    def enter_file(
        self, engine: str, number: int, start: int, end: int, spans: Iterable[tuple[str, int, int, int]]
    ) -> None:
        """Enter a file on from `start` up to `end`: (run, chunk, start, end) each. Nothing when another process was faster."""


class Index:
    """Finds frames of runs. Any thread."""

    def __init__(self, kept: Kept, journals: Journals) -> None:
        self._kept, self._journals = kept, journals
        self._scans: dict[tuple[str, int], Scan] = {}
        self._lock = threading.Lock()

    def record(
        self, run: str, cuts: dict[str, tuple[int, int, int]] | None = None, *, notes: bool = False
    ) -> RunRecord:
        """As `Journals.record`, which looks at everything. `ends` has the engines that had the run."""
        owners = self._kept.owners(run)
        found = self._read(run, owners, cuts, notes=notes)
        return found if found.facts and owners else self._read(run, self._journals.engines(), cuts, notes=notes)

    def records(self, places: Iterable[tuple[str, Span]]) -> Iterator[RunRecord]:
        """The records of all runs of these spans, which are in the order of the runs; each part of a file is read about once."""
        batch: dict[bytes, list[Span]] = {}
        size = 0
        for run, spans in groupby(places, itemgetter(0)):
            batch[ids.key(run)] = own = [span for _, span in spans]
            size += sum(span.end - span.start for span in own)
            if size > BATCH:
                yield from self._journals.records(batch)
                batch, size = {}, 0
        yield from self._journals.records(batch)

    def knows(self, run: str) -> bool:
        """Whether the first fact of a run is there."""
        return bool(self.record(run).facts)

    def end_of(self, engine: str) -> tuple[int, int]:
        """(file number, offset) behind the last whole write of an engine: where a cut is made."""
        place = (0, 0)
        for number, scan in self._behind(engine):
            place = (number, scan.end)
        return place

    def enter(self, engine: str, *, least: int = 1) -> None:
        """Enter what an engine wrote: its last file once `least` bytes are new there, those before it as they are."""
        news = [
            (
                number,
                scan.start,
                scan.end,
                [(run, chunk, first, last) for (run, chunk), (first, last) in scan.spans.items()],
            )
            for number, scan in self._behind(engine, least)
            if scan.spans
        ]
        for number, start, end, spans in news:
            sync_file(self._journals.path(engine, number))  # a power loss must not leave an index of what is gone
            rows = [(ids.text(run), chunk, first, last) for run, chunk, first, last in spans]
            self._kept.enter_file(engine, number, start, end, rows)

    # ------------------------------------------------------------------ inside

    def _read(
        self, run: str, engines: list[str], cuts: dict[str, tuple[int, int, int]] | None, *, notes: bool
    ) -> RunRecord:
        """What is behind the offsets is looked at first: what is entered meanwhile is found twice, never missed.

        Where a span is not as it is said to be the file is damaged: then all that the engines wrote is read, as far as it
        can be.
        """
        key = ids.key(run)
        ends: dict[str, tuple[int, int]] = {}
        places: dict[tuple[str, int, int], tuple[int, int]] = {}
        for engine in engines:
            for number, scan in self._behind(engine):
                ends[engine] = number, scan.end
                for chunk in range(scan.start // CHUNK, scan.end // CHUNK + 1):
                    if (found := scan.spans.get((key, chunk))) is not None:
                        places[engine, number, chunk] = found[0], found[1]
        for span in self._kept.spans(run):
            place = span.engine, span.number, span.start // CHUNK
            start, end = places.get(place, (span.start, span.end))
            places[place] = min(start, span.start), max(end, span.end)
        spans = [Span(engine, number, *place) for (engine, number, _), place in sorted(places.items())]
        record = self._journals.record(key, cuts=cuts, notes=notes, spans=spans)
        if not record.whole:
            engines = sorted({*engines, *(span.engine for span in spans)})
            return self._journals.record(key, engines, cuts, notes=notes)
        record.ends = ends
        return record

    def _behind(self, engine: str, least: int = 0) -> Iterator[tuple[int, Scan]]:
        """File number and what lies behind the offset up to which it is entered; the last file if it has `least` bytes there.

        A file that is shorter than that was cut by somebody: it is looked through as a whole.
        """
        entered, files = self._kept.entered(engine), self._journals.files(engine)
        with self._lock:
            for number, path in files:
                size, start = path.stat().st_size, entered.get(number, 0)
                if number == files[-1][0] and 0 <= size - start < least:
                    return
                start = start if start <= size else 0
                scan = self._scans.get((engine, number))
                if scan is None or scan.start != start:
                    scan = self._scans[engine, number] = Scan(start, start, size=start)
                scan.go_on(path, size)
                yield number, scan
