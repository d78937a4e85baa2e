"""The journal's writer: each engine appends to files of its own, one `os.write` a turn, before the turn is performed."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import orjson

from stratix_tasks.core.facts import Fact
from stratix_tasks.core.ports import Place
from stratix_tasks.errors import StoreError
from stratix_tasks.store.format import (
    FACTS,
    HEAD,
    NOTES,
    PAYLOAD,
    PAYLOAD_HEAD,
    PREFIX,
    SEAL,
    file_header,
    written_number,
)

ROTATE = 64 << 20
"""Bytes after which a new file is begun."""
SYNC_EVERY = 0.1
"""Seconds between syncs to the disk while there is something to sync (`durability="process"`)."""
BALLAST = 4 << 20
"""Bytes kept back so that a pause can still be recorded on a full disk."""
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def frame(kind: int, run: bytes, seq: int, epoch: int, payload: bytes) -> bytes:
    body = HEAD.pack(kind, run, seq, epoch) + payload
    return PREFIX.pack(len(payload), crc32(body)) + body


class JournalWriter:
    """Appends to `<directory>/<engine>/<n>.log`; a new writer begins a new file.

    One thread writes; `sync` may be called from any.
    """

    def __init__(self, directory: Path, engine: str, *, durability: Literal["process", "power"] = "process") -> None:
        self.engine, self.durability = engine, durability
        self._folder = directory / engine
        self._ballast = directory.parent / "ballast"
        self._fd = -1
        self._size = 0
        self._dirty = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._number = max((int(file.stem) for file in self._folder.glob("*.log") if file.stem.isdecimal()), default=0)
        self._open()
        self.restore_ballast()
        if durability == "process":
            threading.Thread(target=self._sync_loop, name="stratix-sync", daemon=True).start()

    # ------------------------------------------------------------------ port

    def commit(
        self, run: bytes, seq: int, epoch: int, facts: Sequence[Fact], payloads: Sequence[tuple[int, int, bytes]] = ()
    ) -> Sequence[Place]:
        """Write payload frames, then the facts numbered from `seq`; returns where the payload frames are.

        StoreError `disk-full` leaves the file as it was.
        """
        data = frame(FACTS, run, seq, epoch, orjson.dumps(facts))
        if not payloads:
            self._write(data)
            return ()
        parts = [
            frame(PAYLOAD, run, 0, epoch, PAYLOAD_HEAD.pack(unit, attempt) + body) for unit, attempt, body in payloads
        ]
        path, ends = self._path, list(accumulate(map(len, parts), initial=self._size))
        self._write(b"".join((*parts, data)))
        return [Place(path, start, end) for start, end in pairwise(ends)]

    def note(self, run: bytes, epoch: int, kind: str, rows: Sequence[Any]) -> bool:
        """Logs, metrics, artifacts: they gate nothing. False when they could not be written: they are dropped."""
        try:
            told = [(*row[:-1], written_number(row[-1])) for row in rows] if kind == "metrics" else rows
            self._write(frame(NOTES[kind], run, 0, epoch, orjson.dumps(told, default=str)))
        except StoreError:
            return False
        return True

    def sync(self) -> None:
        """Everything written so far is on the disk when this returns. StoreError `unwritable` when the disk fails."""
        with self._lock:
            if self._fd < 0:
                return
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                raise unwritable(self._folder, error) from error

    def close(self) -> None:
        """Seal the file. A closed journal takes nothing more."""
        if self._closed:
            return
        self._closed = True
        self._dirty.set()
        try:
            self._write(frame(SEAL, bytes(10), 0, 0, b""))
            self.sync()
        except (StoreError, OSError):
            pass
        with self._lock:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def check_there(self) -> None:
        """Whether what is written can be found again. StoreError `store-gone` where somebody deleted the file: nothing that this
        writer records outlives its process then."""
        with self._lock:
            if self._fd >= 0 and not os.fstat(self._fd).st_nlink:
                raise gone(self._folder.parent.parent)

    def free_ballast(self) -> bool:
        """Give back the room kept for recording a pause; False when there was none."""
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def restore_ballast(self) -> bool:
        """Keep room again. False when the disk has none."""
        try:
            if self._ballast.exists() and self._ballast.stat().st_size == BALLAST:
                return True
            with self._ballast.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST)
        except OSError:
            self._ballast.unlink(missing_ok=True)
            return False
        return True

    # ------------------------------------------------------------------ inside

    @property
    def place(self) -> tuple[int, int]:
        """Number of the present file, and the offset where the next frame goes."""
        return self._number, self._size

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            self._refuse(error)
        if written != len(data):
            os.ftruncate(self._fd, self._size)
            raise disk_full(self._folder)
        self._size += written
        if self.durability == "power":
            os.fdatasync(self._fd)
        elif not self._dirty.is_set():
            self._dirty.set()
        if self._size > ROTATE and not self._closed:
            with suppress(StoreError):  # where there is no room for a new file, this one goes on
                self._open()

    def _refuse(self, error: OSError) -> None:
        if error.errno in FULL:
            raise disk_full(self._folder) from error
        if self._fd < 0:
            raise StoreError("this engine is closed, so nothing can be recorded by it", code="closed") from error
        raise StoreError(
            f"the journal can't be written in {self._folder}: {error.strerror}", code="unwritable"
        ) from error

    def _open(self) -> None:
        """Begin the next file. StoreError when it can't be: then everything is as it was."""
        path, header = self._folder / f"{self._number + 1}.log", file_header(self.engine)
        fd = -1
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
            if os.write(fd, header) != len(header):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            if fd >= 0:
                os.close(fd)
                path.unlink(missing_ok=True)
            raise (disk_full(self._folder) if error.errno in FULL else unwritable(self._folder, error)) from error
        with self._lock:
            if self._fd >= 0:
                os.fdatasync(self._fd)
                os.close(self._fd)
            self._fd, self._path, self._number, self._size = fd, path, self._number + 1, len(header)

    def _sync_loop(self) -> None:
        """A sync a while after the first write since the last one: a power loss takes at most about that much."""
        pause = threading.Event()
        while not self._closed:
            self._dirty.wait()
            pause.wait(SYNC_EVERY)
            self._dirty.clear()
            try:
                self.sync()
            except StoreError:
                continue


def sync_file(path: Path) -> None:
    """What others wrote into a file so far is on the disk when this returns, where that can be had."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError:
        return  # media that can't be written need no sync
    finally:
        os.close(fd)


def disk_full(folder: Path) -> StoreError:
    return StoreError(f"no room left on the disk that holds {folder}: free some space, then resume()", code="disk-full")


def gone(store: Path) -> StoreError:
    return StoreError(
        f"the store {store} was deleted while this engine used it, with all that was recorded there: make a new engine, in place of "
        "the default one by configure()",
        code="store-gone",
    )


def unwritable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the store can't be written in {folder} ({error.strerror}); choose a folder that can be: "
        'configure(store="…") or the environment variable STRATIX_STORE',
        code="read-only" if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else "unwritable",
    )
