"""Reads journals: frames of one file, and the facts of one run over all files. Readers never disturb a writer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from stratix_tasks.core.facts import CLAIMED, Fact
from stratix_tasks.core.ports import Place
from stratix_tasks.errors import StoreError
from stratix_tasks.store.format import (
    FACTS,
    HEAD,
    HEADER,
    MAGIC,
    METRICS,
    NOTES,
    OVERHEAD,
    PAYLOAD,
    PAYLOAD_HEAD,
    PREFIX,
    SEAL,
    VERSION,
    read_number,
)
from stratix_tasks.store.migrations import readable, upgrade

MOST = 1 << 30
"""No frame is longer; a length beyond it is damage."""
_RUN = slice(PREFIX.size + 1, PREFIX.size + 11)
"""Where a frame names its run."""
_NOTE_NAMES = {kind: name for name, kind in NOTES.items()}


class Frame(NamedTuple):
    """One frame; `data` is a view of its payload, `end` the offset behind it in the file."""

    kind: int
    run: bytes
    seq: int
    epoch: int
    data: memoryview
    start: int
    end: int


@dataclass(slots=True)
class Tail:
    """Where reading stopped: the offset behind the last whole frame, and what is wrong there, if something is."""

    offset: int = 0
    problem: str = ""
    sealed: bool = False


def frames(path: Path, offset: int = 0, tail: Tail | None = None, *, until: int | None = None) -> Iterator[Frame]:
    """The whole frames of a file from `offset` on; stops at the first bad one and says so in `tail`.

    StoreError `newer-store`.
    """
    tail = tail if tail is not None else Tail()
    head, rest = _read(path, offset, until)
    version, size = _header(path, head, tail)
    if not size:
        return
    data, at = memoryview(rest), size if offset == 0 else 0
    tail.offset = offset + at
    runs: set[bytes] = set()
    while at + OVERHEAD <= len(data):
        length, check = PREFIX.unpack_from(data, at)
        end = at + OVERHEAD + length
        if length > MOST or end > len(data):
            tail.problem = "damaged frame" if length > MOST or _goes_on(data, at, runs | _named(data, at)) else ""
            return
        body = data[at + PREFIX.size : end]
        if crc32(body) != check:
            tail.problem = "damaged frame"
            return
        kind, run, seq, epoch = HEAD.unpack_from(body)
        runs.add(run)
        tail.offset = offset + end
        tail.sealed = kind == SEAL
        payload = body[HEAD.size :] if version == VERSION else upgrade(version, kind, body[HEAD.size :])
        yield Frame(kind, run, seq, epoch, payload, offset + at, offset + end)
        at = end


def facts_and_notes(
    path: Path, offset: int = 0, *, until: int | None = None, run: bytes | None = None
) -> Iterator[Frame]:
    """As `frames`, but results are passed over by their length: of payload frames `data` is unit and attempt alone.

    So a run with many results is known fast. Their bytes are checked when they are read: damage in them costs that result.
    With `run` the frames of all others are passed over as well.
    """
    with path.open("rb") as file:
        version, at = _header(path, file.read(HEADER), Tail())
        if at and version != VERSION:
            yield from (frame for frame in frames(path, offset, until=until) if run in (None, frame.run))
            return
        at = max(at, offset) if at else 0
        size = os.fstat(file.fileno()).st_size
        limit = size if until is None else min(until, size)
        file.seek(at)
        while at and at + OVERHEAD <= limit:
            head = file.read(OVERHEAD)
            if len(head) < OVERHEAD:  # its writer cut a short write back meanwhile
                return
            length, check = PREFIX.unpack_from(head)
            end = at + OVERHEAD + length
            if length > MOST or end > limit:
                return
            if run is not None and head[_RUN] != run:
                at = file.seek(end)
                continue
            kind, owner, seq, epoch = HEAD.unpack_from(head, PREFIX.size)
            data = file.read(PAYLOAD_HEAD.size if kind == PAYLOAD else length)
            if kind == PAYLOAD and len(data) < PAYLOAD_HEAD.size:
                return
            if kind == PAYLOAD:
                file.seek(end)
            elif crc32(data, crc32(head[PREFIX.size :])) != check:
                return
            yield Frame(kind, owner, seq, epoch, memoryview(data), at, end)
            at = end


def _named(data: memoryview, at: int) -> set[bytes]:
    """The run that a frame with a damaged length tells itself, and that of a seal."""
    return {HEAD.unpack_from(data, at + PREFIX.size)[1], bytes(10)}


def _goes_on(data: memoryview, at: int, runs: set[bytes]) -> bool:
    """Whether whole frames follow a frame that seems to end behind the file: then its length is damaged, not its end."""
    rest = bytes(data[at + OVERHEAD :])
    for run in runs:
        found = rest.find(run, PREFIX.size + 1)
        while found >= 0:
            begin = found - PREFIX.size - 1
            length, check = PREFIX.unpack_from(rest, begin)
            if crc32(rest[begin + PREFIX.size : begin + OVERHEAD + length]) == check:
                return True
            found = rest.find(run, found + 1)
    return False


def _read(path: Path, offset: int, until: int | None) -> tuple[bytes, bytes]:
    """The begin of a file, which tells its version, and what lies between two offsets."""
    with path.open("rb") as file:
        if offset == 0:
            whole = file.read() if until is None else file.read(max(until, 0))
            return whole[:HEADER], whole
        head = file.read(HEADER)
        file.seek(offset)
        return head, file.read() if until is None else file.read(max(until - offset, 0))


def _header(path: Path, data: bytes, tail: Tail) -> tuple[int, int]:
    """Version and length of a file's header; (0, 0) when it has none that can be read."""
    if len(data) < HEADER:
        tail.problem = "" if data == MAGIC[: len(data)] else "not a journal"
        return 0, 0
    if data[: len(MAGIC)] != MAGIC:
        tail.problem = "not a journal"
        return 0, 0
    version = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 2], "little")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer version of stratix-tasks (journal format {version}, this one reads up to {VERSION}): "
            "upgrade with pip install -U stratix-tasks",
            code="newer-store",
        )
    if not readable(version):
        tail.problem = f"a journal of format {version}, which was never released"
        return 0, 0
    return version, HEADER + data[HEADER - 1]


def behind(cut: tuple[int, int, int] | None, frame: Frame, number: int) -> bool:
    """Whether a frame of file `number` lies behind a cut (epoch, file, offset) of its engine, so that it does not count."""
    return cut is not None and frame.epoch <= cut[0] and (number, frame.start) >= cut[1:]


@dataclass(slots=True)
class RunRecord:
    """What the journals hold of one run: its facts in order, and where its payload frames are."""

    facts: list[Fact]
    payloads: dict[tuple[int, int], Place]
    epoch: int
    notes: list[tuple[str, list[Any]]]
    ends: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Engine → (file number, offset) up to which its journal was read."""
    whole: bool = True
    """Whether every span that was to be read ended with a frame of the run."""
    _written: dict[tuple[int, int], int] = field(default_factory=dict)
    """Unit and attempt → the epoch of the owner that wrote their payload frame."""

    def take_payload(self, frame: Frame, path: Path) -> None:
        """Of two frames of a unit and attempt the later owner's counts, of one owner's the later one."""
        unit, attempt = PAYLOAD_HEAD.unpack_from(frame.data)
        if frame.epoch >= self._written.get((unit, attempt), 0):
            self._written[unit, attempt] = frame.epoch
            self.payloads[unit, attempt] = Place(path, frame.start, frame.end)

    def take_note(self, frame: Frame) -> None:
        """Logs, metrics and artifacts; other frames are none of its."""
        if frame.kind in _NOTE_NAMES:
            rows = orjson.loads(frame.data)
            if frame.kind == METRICS:
                rows = [[*row[:4], read_number(row[4])] for row in rows]
            self.notes.append((_NOTE_NAMES[frame.kind], rows))


@dataclass(slots=True)
class Gathered:
    """The frames of one run as they are found, in any order of engines."""

    record: RunRecord
    _chosen: dict[int, tuple[int, Fact]] = field(default_factory=dict)
    """Number of a fact → the epoch of the owner that wrote it, and the fact."""
    _claims: list[tuple[int, int]] = field(default_factory=list)
    """Number and epoch of each claim."""

    def take(self, frame: Frame, path: Path, *, notes: bool) -> None:
        """Of two facts with one number the later owner's counts."""
        self.record.epoch = max(self.record.epoch, frame.epoch)
        if frame.kind == FACTS:
            for number, fact in enumerate(orjson.loads(frame.data), frame.seq):
                if number not in self._chosen or self._chosen[number][0] < frame.epoch:
                    self._chosen[number] = (frame.epoch, tuple(fact))
                if fact[0] == CLAIMED:
                    self._claims.append((number, frame.epoch))
        elif frame.kind == PAYLOAD:
            self.record.take_payload(frame, path)
        elif notes:
            self.record.take_note(frame)

    def in_order(self) -> RunRecord:
        """With its facts by number, up to the first gap. What an earlier owner wrote behind a claim of a later one is a gap."""
        claims = sorted(self._claims)
        valid = 0
        for number in range(len(self._chosen)):
            while claims and claims[0][0] <= number:
                valid = max(valid, claims.pop(0)[1])
            if number not in self._chosen or self._chosen[number][0] < valid:
                break
            self.record.facts.append(self._chosen[number][1])
        return self.record


class Span(NamedTuple):
    """A part of a file that begins with a frame of a run and ends with one, between offsets."""

    engine: str
    number: int
    start: int
    end: int


class Journals:
    """All journals of a store."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def engines(self) -> list[str]:
        return (
            sorted(entry.name for entry in self.directory.iterdir() if entry.is_dir())
            if self.directory.is_dir()
            else []
        )

    def files(self, engine: str) -> list[tuple[int, Path]]:
        """Numbered files of an engine, in order."""
        found = (path for path in (self.directory / engine).glob("*.log") if path.stem.isdigit())
        return sorted((int(path.stem), path) for path in found)

    def path(self, engine: str, number: int) -> Path:
        """One file of an engine."""
        return self.directory / engine / f"{number}.log"

    def end_of(self, engine: str) -> tuple[int, int]:
        """(file number, offset) behind the last whole frame of an engine: where a cut is made."""
        place = (0, 0)
        for number, path in self.files(engine):
            end = 0
            for frame in facts_and_notes(path):
                end = frame.end
            place = (number, end)
        return place

    def record(
        self,
        run: bytes,
        engines: list[str] | None = None,
        cuts: dict[str, tuple[int, int, int]] | None = None,
        *,
        notes: bool = False,
        spans: Iterable[Span] | None = None,
    ) -> RunRecord:
        """Everything of one run. `cuts`: engine → (epoch, file, offset): what it wrote from there on, in that epoch or
        before it, does not count. Nor does what an earlier owner numbered as high as a later one's claim, or higher.

        With `spans`, in order, only these are read, else every file of the engines.
        """
        gathered = Gathered(RunRecord([], {}, 0, []))
        record = gathered.record
        for engine, number, start, until in spans if spans is not None else self._whole(engines):
            path, cut, end = self.path(engine, number), (cuts or {}).get(engine), 0
            own = None if spans is None else run
            for frame in facts_and_notes(path, start, until=until, run=own) if path.exists() else ():
                end = frame.end
                if frame.run == run and not behind(cut, frame, number):
                    gathered.take(frame, path, notes=notes)
            record.ends[engine] = (number, end)
            record.whole &= until in (None, end)
        return gathered.in_order()

    def records(self, spans: Mapping[bytes, Sequence[Span]]) -> Iterator[RunRecord]:
        """The records of many runs by their spans, without notes and cuts. What several of them share is read once."""
        gathered = {run: Gathered(RunRecord([], {}, 0, [])) for run in spans}
        for engine, number, start, until in _merged(chain.from_iterable(spans.values())):
            path = self.path(engine, number)
            for frame in facts_and_notes(path, start, until=until):
                if (found := gathered.get(frame.run)) is not None:
                    found.take(frame, path, notes=False)
        return (found.in_order() for found in gathered.values())

    def since(
        self, run: bytes, engine: str, epoch: int, place: tuple[int, int]
    ) -> tuple[list[tuple[int, Fact]], RunRecord]:
        """What an engine wrote of a run in one epoch behind a place: numbered facts, and a record of the rest."""
        record, facts = RunRecord([], {}, epoch, []), []
        for number, path in self.files(engine):
            if number < place[0]:
                continue
            tail = Tail()
            for frame in frames(path, place[1] if number == place[0] else 0, tail):
                if frame.run != run or frame.epoch != epoch:
                    continue
                if frame.kind == FACTS:
                    facts += [(seq, tuple(fact)) for seq, fact in enumerate(orjson.loads(frame.data), frame.seq)]
                elif frame.kind == PAYLOAD:
                    record.take_payload(frame, path)
                else:
                    record.take_note(frame)
            record.ends[engine] = (number, tail.offset)
        return facts, record

    def size_of(self, engine: str, number: int) -> tuple[int, bool]:
        """Bytes of one file of an engine, and whether a later one is there: what tells that there is something to read."""
        path = self.directory / engine / f"{number}.log"
        try:
            size = path.stat().st_size
        except OSError:
            size = 0
        return size, path.with_stem(str(number + 1)).exists()

    def _whole(self, engines: list[str] | None) -> Iterator[tuple[str, int, int, None]]:
        for engine in engines if engines is not None else self.engines():
            for number, _ in self.files(engine):
                yield engine, number, 0, None


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans that overlap as one."""
    merged: list[Span] = []
    for span in sorted(spans):
        last = merged[-1] if merged else None
        if last is not None and last[:2] == span[:2] and span.start <= last.end:
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def payload_reader(places: Mapping[tuple[int, int], Place]) -> Callable[[int, int], bytes]:
    """How to read the payload frame of a unit and attempt. StoreError `damaged` when it is not there whole."""

    def read(unit: int, attempt: int) -> bytes:
        place = places.get((unit, attempt))
        try:
            frame = None if place is None else next(frames(place.path, place.start, until=place.end), None)
        except OSError:
            frame = None
        if frame is None or frame.kind != PAYLOAD:
            raise StoreError(
                f"the journal holds no result of unit {unit}, attempt {attempt}, or it is damaged: "
                "fork() from the node that made it makes it again",
                code="damaged",
            )
        return bytes(frame.data[PAYLOAD_HEAD.size :])

    return read
