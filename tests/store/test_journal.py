"""The journal: what was written is read, and damage costs no more than what lies behind it."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratix_tasks.core.facts import MOVED
from stratix_tasks.errors import StoreError
from stratix_tasks.store import journal as module
from stratix_tasks.store.format import FACTS, MAGIC, file_header
from stratix_tasks.store.journal import JournalWriter, frame
from stratix_tasks.store.reader import Journals, Tail, frames, payload_reader

RUN = b"0123456789"


def fact(n: int) -> tuple[object, ...]:
    return (MOVED, float(n), n, 0, 1, None, 1, None)


def written(folder: Path, turns: int = 3) -> Path:
    """A journal with one frame a turn; the path of its file."""
    writer = JournalWriter(folder, "e1")
    for turn in range(turns):
        writer.commit(RUN, turn, 1, [fact(turn)], [(turn, 1, bytes([turn]) * 50)])
    writer.close()
    return folder / "e1" / "1.log"


def read(path: Path) -> tuple[list[int], Tail]:
    tail = Tail()
    return [f.seq for f in frames(path, 0, tail) if f.kind == FACTS], tail


def test_facts_and_payloads_come_back(tmp_path: Path) -> None:
    """The record of a run has its facts in order and reads each payload."""
    written(tmp_path)
    record = Journals(tmp_path).record(RUN)
    assert record.facts == [fact(0), fact(1), fact(2)]
    assert payload_reader(record.payloads)(2, 1) == b"\x02" * 50
    assert Journals(tmp_path).record(b"another run").facts == []


def test_a_file_cut_anywhere_in_its_last_frame_keeps_the_rest(tmp_path: Path) -> None:
    """A torn tail is not damage: the turn was never performed."""
    path = written(tmp_path)
    whole = path.read_bytes()
    starts = [f.start for f in frames(path)]
    last = starts[-2]  # the frames of the last turn's facts, before the seal
    for cut in range(last, starts[-1]):
        path.write_bytes(whole[:cut])
        assert read(path) == ([0, 1], Tail(last, "", False))


def test_a_damaged_length_is_told_from_a_torn_tail(tmp_path: Path) -> None:
    """In any frame that others follow, also in the first one that is read, or the first of its run."""
    path = written(tmp_path)
    whole = path.read_bytes()
    starts = [f.start for f in frames(path)]
    for start in starts[:-1]:
        data = bytearray(whole)
        data[start + 2] ^= 0xFF  # the third byte of the length: it now ends far behind the file
        path.write_bytes(data)
        for offset in (0, start):
            tail = Tail()
            assert not [f for f in frames(path, offset, tail) if f.start >= start]
            assert tail == Tail(start, "damaged frame", False)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_never_yields_a_wrong_fact(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    """Wherever a bit flips, what is read is a prefix of what was written."""
    path = written(tmp_path_factory.mktemp("j"))
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    try:
        found = [(f.kind, f.run, f.seq) for f in frames(path)]
    except StoreError as error:
        assert error.code == "newer-store"
        return
    assert found == [(f.kind, f.run, f.seq) for f in frames(written(tmp_path_factory.mktemp("k")))][: len(found)]


def test_zeros_at_the_end_are_no_frames(tmp_path: Path) -> None:
    """A file that was extended before the power went reads as if it ended there."""
    path = written(tmp_path)
    path.write_bytes(path.read_bytes() + bytes(4096))
    assert read(path)[0] == [0, 1, 2]


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """The error says which version reads it."""
    path = written(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(MAGIC)] = 99
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"format 99.*upgrade") as caught:
        read(path)
    assert caught.value.code == "newer-store"


def test_something_else_is_said_to_be_no_journal(tmp_path: Path) -> None:
    """A foreign file yields nothing."""
    path = tmp_path / "1.log"
    path.write_bytes(b"hello world, this is text")
    assert read(path) == ([], Tail(0, "not a journal", False))


def test_each_writer_begins_a_file_of_its_own(tmp_path: Path) -> None:
    """Nothing is ever appended to an old file; a large one is ended and the next begun."""
    written(tmp_path)
    JournalWriter(tmp_path, "e1").close()
    assert [number for number, _ in Journals(tmp_path).files("e1")] == [1, 2]


def test_large_journals_go_on_in_a_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of a run spans files."""
    monkeypatch.setattr(module, "ROTATE", 500)
    written(tmp_path, turns=20)
    journals = Journals(tmp_path)
    assert len(journals.files("e1")) > 3
    assert len(journals.record(RUN).facts) == 20


def test_what_lies_behind_a_cut_is_ignored(tmp_path: Path) -> None:
    """A cut is a file's number and an offset: later frames of the dead owner do not count."""
    path = written(tmp_path)
    place = [f.end for f in frames(path) if f.kind == FACTS][1]
    record = Journals(tmp_path).record(RUN, cuts={"e1": (1, 1, place)})
    assert record.facts == [fact(0), fact(1)]


def test_damage_in_a_result_costs_that_result(tmp_path: Path) -> None:
    """The facts behind it are read, and so are the other results; it is said of the one that it is damaged."""
    path = written(tmp_path)
    place = Journals(tmp_path).record(RUN).payloads[1, 1]
    data = bytearray(path.read_bytes())
    data[place.end - 3] ^= 1
    path.write_bytes(data)
    record = Journals(tmp_path).record(RUN)
    assert record.facts == [fact(0), fact(1), fact(2)]
    assert payload_reader(record.payloads)(2, 1) == b"\x02" * 50
    with pytest.raises(StoreError, match="unit 1") as caught:
        payload_reader(record.payloads)(1, 1)
    assert caught.value.code == "damaged"
    assert Journals(tmp_path).end_of("e1") == (1, path.stat().st_size)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_leaves_a_run_a_prefix_of_its_facts(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    """Wherever it flips, no fact is wrong, none is doubled, and none is there without those before it."""
    path = written(tmp_path_factory.mktemp("j"))
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 1 << bit
    path.write_bytes(data)
    try:
        found = Journals(path.parent.parent).record(RUN).facts
    except StoreError as error:
        assert error.code == "newer-store"
        return
    assert found == [fact(0), fact(1), fact(2)][: len(found)]


def test_a_fact_written_twice_counts_once(tmp_path: Path) -> None:
    """Of two facts with the same number that of the higher epoch wins."""
    written(tmp_path)
    writer = JournalWriter(tmp_path, "e2")
    writer.commit(RUN, 2, 2, [fact(22)])
    writer.close()
    assert Journals(tmp_path).record(RUN).facts == [fact(0), fact(1), fact(22)]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short write is taken back, StoreError `disk-full` is raised, and the next write goes on."""
    writer = JournalWriter(tmp_path, "e1")
    writer.commit(RUN, 0, 1, [fact(0)])
    size = writer.place[1]
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
    with pytest.raises(StoreError, match="no room left") as caught:
        writer.commit(RUN, 1, 1, [fact(1)])
    assert caught.value.code == "disk-full"

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "write", full)
    with pytest.raises(StoreError):
        writer.commit(RUN, 1, 1, [fact(1)])
    writer.note(RUN, 1, "logs", [[0.0, 0, 1, "info", "dropped"]])
    monkeypatch.setattr(module.os, "write", real)
    assert writer.place[1] == size
    writer.commit(RUN, 1, 1, [fact(1)])
    writer.close()
    assert read(tmp_path / "e1" / "1.log")[0] == [0, 1]


def test_a_closed_journal_takes_nothing_more(tmp_path: Path) -> None:
    """Closing twice is fine; writing after it is an error."""
    writer = JournalWriter(tmp_path, "e1")
    writer.close()
    writer.close()
    with pytest.raises(StoreError):
        writer.commit(RUN, 0, 1, [fact(0)])


def test_power_durability_syncs_each_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `durability="power"` a commit returns after the disk has it; with "process" a thread syncs soon after."""
    synced: list[int] = []
    happened = threading.Event()
    real = os.fdatasync

    def sync(fd: int) -> None:
        real(fd)
        synced.append(fd)
        happened.set()

    monkeypatch.setattr(module.os, "fdatasync", sync)
    writer = JournalWriter(tmp_path, "e1", durability="power")
    writer.commit(RUN, 0, 1, [fact(0)])
    assert len(synced) == 1
    writer.close()
    happened.clear()
    other = JournalWriter(tmp_path, "e2")
    other.commit(RUN, 0, 1, [fact(0)])
    assert happened.wait(10)
    other.close()


def test_the_header_names_the_engine() -> None:
    """Magic, version, and the engine's id: enough to recognise a stray file."""
    assert file_header("abc") == MAGIC + b"\x02\x00\x03abc"
    assert frame(FACTS, RUN, 1, 1, b"[]")[8] == FACTS
