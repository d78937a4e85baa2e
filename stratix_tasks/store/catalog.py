"""The catalog: what processes must agree on, in SQLite.

Every call is one short transaction; nothing in it is the only copy.
"""

from __future__ import annotations

import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any

import orjson

from stratix_tasks.core.facts import CLAIMED, CREATED, RUN
from stratix_tasks.core.states import RUN_TERMINAL, RunState
from stratix_tasks.errors import StoreError
from stratix_tasks.store.forking import QUIET
from stratix_tasks.store.index import Index
from stratix_tasks.store.journal import gone
from stratix_tasks.store.reader import Journals, RunRecord, Span
from stratix_tasks.store.sql import queries, statements, steps

KEEP_REQUESTS = 86_400.0
"""Seconds for which answered requests are kept."""
LONGEST = 504
"""Bytes of the path of a file that SQLite opens at most, beside which it has others of longer names."""
KEEP_TOOK = 21
"""Runs of a flow of which it is kept how long their nodes took: 20, and one that asks about the others."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the catalog knows it; `state` is the last one that its owner told."""

    id: str
    flow: str
    key: str | None
    owner: str
    epoch: int
    state: str
    created: float
    ended: float | None


class Catalog:
    """Safe for any thread; other processes may write at the same time.

    StoreError `newer-store`, `busy`, `read-only`, `disk-full`, `store-gone`, `path-too-long`.
    """

    def __init__(self, path: Path, journals: Journals, *, read_only: bool = False) -> None:
        self._path, self._journals, self._read_only = path, journals, read_only
        self._lock = QUIET.lock(self)
        self._file: tuple[int, int] | None = None
        self._sql, self._steps = queries("catalog"), steps("catalog")
        self.index = Index(self, journals)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and "malformed" not in str(error):
                raise self._refusal(error) from error
            self._rebuild(error)

    def _open(self, *, lost: bool = False) -> None:
        """One that is `lost`, or not there, and can't be written, is made from the journals in memory."""
        if not self._read_only:
            self._db = _connection(str(self._path))
        elif lost or not self._path.exists():
            self._db = _connection(":memory:")
        else:
            self._db = _connection(f"{self._path.as_uri()}?mode=ro")
        self._db.execute("PRAGMA synchronous = FULL")
        newest, version = max(self._steps), self._version()
        self._file = None if self._read_only else _identity(self._path)
        if version > newest:
            raise StoreError(
                f"the store {self._path.parent} was written by a newer version of stratix-tasks (catalog {version}, this one reads "
                f"up to {newest}): upgrade with pip install -U stratix-tasks",
                code="newer-store",
            )
        if version == newest:
            return
        if self._read_only:
            self._copy()
        with self._transaction() as db:
            if self._migrate(db):
                self._refill()

    def _follow_file(self) -> None:
        """Where someone took the file away, or put another in its place: open what is there, or make it from the journals."""
        if self._file is not None and not self._db.in_transaction and _identity(self._path) != self._file:
            if not self._path.parent.is_dir():
                raise gone(self._path.parent)
            self._db.close()
            self._open()

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self, db: sqlite3.Connection) -> bool:
        """Take the steps from the version that the file has now. False when another process was faster."""
        missing = range(self._version() + 1, max(self._steps) + 1)
        for version in missing:
            for statement in statements(self._steps[version]):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {max(self._steps)}")
        return bool(missing)

    def _copy(self) -> None:
        """An older catalog that can't be written: brought up to date in memory."""
        memory = _connection(":memory:")
        self._db.backup(memory)
        self._db.close()
        self._db = memory

    def _rebuild(self, error: Exception) -> None:
        aside = self._path.with_suffix(f".damaged-{int(time())}")
        left = "is left as it is" if self._read_only else f"is kept as {aside.name} and made again"
        told = f"the catalog {self._path} is damaged ({error}); it {left}: what it tells is read from the journals"
        warnings.warn(told, stacklevel=4)
        if not self._read_only:
            self._path.rename(aside)
        self._open(lost=True)

    def _refill(self) -> None:
        """The index of all that the journals hold, and the runs in it that have no row."""
        for engine in self._journals.engines():
            self.index.enter(engine)
        places = [(row[0], Span(*row[1:])) for row in self._all("unentered")]
        for record in self.index.records(places):
            self._enter(record)

    def _enter(self, record: RunRecord) -> None:
        """A run's row and cuts as the journals know them: the last owner is the engine of the highest epoch."""
        if not record.facts or record.facts[0][0] != CREATED:
            return
        _, created, about = record.facts[0]
        moved = next((fact for fact in reversed(record.facts) if fact[0] == RUN), None)
        claims = [fact for fact in record.facts if fact[0] == CLAIMED]
        state = RunState(moved[2]) if moved is not None else RunState.PENDING
        row = {
            "id": about["id"],
            "flow": about["flow"],
            "key": about.get("key"),
            "inputs": about.get("inputs_hash", ""),
            "owner": claims[-1][2] if claims else about["engine"],
            "epoch": record.epoch,
            "state": state.label,
            "created": created,
            "ended": moved[1] if moved is not None and state in RUN_TERMINAL else None,
        }
        with self._transaction() as db:
            db.execute(self._sql["add_run"], row)
            self._add_cuts(db, row["id"], [cut for claim in claims for cuts in claim[6:7] for cut in cuts])

    def _add_cuts(self, db: sqlite3.Connection, run: str, cuts: Iterable[Sequence[Any]]) -> None:
        for engine, epoch, file, offset in cuts:
            row = {"run": run, "engine": engine, "epoch": epoch, "file": file, "offset": offset}
            db.execute(self._sql["add_cut"], row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._db.in_transaction:
                    yield self._db  # a part of one that goes on
                    return
                self._follow_file()
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    self._db.execute("ROLLBACK")
                    raise
                self._db.execute("COMMIT")
            except sqlite3.ProgrammingError as error:
                raise _closed(error) from error
            except sqlite3.DatabaseError as error:
                raise self._refusal(error) from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is told within it, in this thread, is one transaction. StoreError: then none of it is told."""
        with self._transaction():
            yield

    def _refusal(self, error: sqlite3.DatabaseError) -> StoreError:
        text = str(error)
        if "locked" in text:
            return StoreError(
                f"the catalog {self._path} is held by another process for over 5 s; try again", code="busy"
            )
        if "full" in text:
            return StoreError(
                f"no room left on the disk that holds {self._path.parent}: free some space", code="disk-full"
            )
        if "unable to open" in text and (length := len(os.fsencode(self._path))) > LONGEST:
            return StoreError(
                f"the path of the store {self._path.parent} is longer by {length - LONGEST} bytes than SQLite can open: choose a folder "
                'with a shorter one, by configure(store="…") or STRATIX_STORE',
                code="path-too-long",
            )
        if "readonly" in text or "unable to open" in text:
            return StoreError(
                f'the store {self._path.parent} can\'t be written: choose a folder that can be, by configure(store="…") or STRATIX_STORE',
                code="read-only",
            )
        return StoreError(f"the catalog {self._path} can't be used: {text}", code="store")

    def _all(self, name: str, **values: Any) -> list[Any]:
        with self._lock:
            try:
                self._follow_file()
                return self._db.execute(self._sql[name], values).fetchall()
            except sqlite3.ProgrammingError as error:
                raise _closed(error) from error
            except sqlite3.DatabaseError as error:
                if "no such table" in str(error):
                    return []
                raise self._refusal(error) from error

    # ------------------------------------------------------------------ what it knows

    def add_engine(self, *, id: str, host: str, boot_id: str, pid: int) -> None:
        with self._transaction() as db:
            db.execute(
                self._sql["add_engine"], {"id": id, "host": host, "boot_id": boot_id, "pid": pid, "started": time()}
            )

    def add_run(
        self, *, id: str, flow: str, key: str | None, inputs: str, owner: str, created: float
    ) -> tuple[str, str] | None:
        """Enter a run. Where its key is taken, (id, inputs) of the run that has it; else None."""
        row = {"id": id, "flow": flow, "key": key, "inputs": inputs, "owner": owner, "created": created}
        with self._transaction() as db:
            if key is not None and (
                found := db.execute(self._sql["run_by_key"], {"flow": flow, "key": key}).fetchone()
            ):
                return str(found[0]), str(found[1])
            db.execute(self._sql["add_run"], {**row, "epoch": 1, "state": "running", "ended": None})
        return None

    def restored(self, id: str) -> RunRow | None:
        """A run, entered again from the journals when it is not here: somebody deleted it, or it could not be written."""
        row = self.run(id)
        if row is not None:
            return row
        self._enter(self.index.record(id))
        return self.run(id)

    def run(self, id: str) -> RunRow | None:
        rows = self._all("run", id=id)
        return RunRow(*rows[0]) if rows else None

    def keyed(self, flow: str, key: str) -> str | None:
        """The run of a flow that has this key."""
        found = self._all("run_by_key", flow=flow, key=key)
        return str(found[0][0]) if found else None

    def runs(self, limit: int | None = None) -> list[RunRow]:
        """The newest first; all, or so many."""
        return [RunRow(*row) for row in self._all("runs", limit=-1 if limit is None else limit)]

    def beside(self, id: str) -> tuple[str | None, str | None]:
        """The runs of the same flow that began just before and after one."""
        found = self._all("beside", id=id)
        return (found[0][0], found[0][1]) if found else (None, None)

    def unfinished(self) -> list[RunRow]:
        """Those that have not ended, as far as their owners told; the newest first."""
        return [RunRow(*row) for row in self._all("unfinished")]

    def set_state(
        self, id: str, epoch: int, state: str, ended: float | None, took: Mapping[str, float] | None = None
    ) -> None:
        """Tell what a run has come to, as its owner: with an older epoch it is ignored. `took` is how long its nodes took in seconds, by
        name, and the run by "": it is kept of the last runs of a flow.
        """
        row = {"id": id, "epoch": epoch, "state": state, "ended": ended}
        if self._set_state(row, took or {}):
            return
        if self.run(id) is None and self.restored(id) is not None:
            self._set_state(row, took or {})

    def _set_state(self, row: dict[str, Any], took: Mapping[str, float]) -> bool:
        with self._transaction() as db:
            if not db.execute(self._sql["set_state"], row).rowcount:
                return False
            if took:
                db.execute(self._sql["add_took"], {**row, "nodes": orjson.dumps(took).decode()})
                db.execute(self._sql["forget_took"], {**row, "keep": KEEP_TOOK})
        return True

    def took(self, flow: str, run: str) -> list[dict[str, float]]:
        """How long nodes took in the last runs of a flow but one, the newest first."""
        return [orjson.loads(row[0]) for row in self._all("took", flow=flow, run=run)]

    def remove(self, id: str, epoch: int) -> None:
        """Forget a run, unless somebody took it over meanwhile."""
        with self._transaction() as db:
            db.execute(self._sql["remove"], {"id": id, "epoch": epoch})

    def claim(self, id: str, epoch: int, owner: str, cut: tuple[str, int, int] | None) -> int | None:
        """Take a run over: epoch + 1 and the cut (dead engine, file, offset) in one transaction.

        An engine that goes on with a run of its own cuts nothing. None when someone else was faster.
        """
        with self._transaction() as db:
            if db.execute(self._sql["claim"], {"id": id, "epoch": epoch, "owner": owner}).rowcount != 1:
                return None
            if cut is not None:
                self._add_cuts(db, id, [(cut[0], epoch, *cut[1:])])
        return epoch + 1

    def cuts(self, run: str) -> dict[str, tuple[int, int, int]]:
        """Engine → (epoch, file, offset): what it wrote in that epoch or before, from there on, does not count."""
        return {row[0]: (row[1], row[2], row[3]) for row in self._all("cuts", run=run)}

    def all_cuts(self) -> list[tuple[str, str, int, int, int]]:
        """(run, engine, epoch, file, offset) of every run."""
        return self._all("all_cuts")

    # ------------------------------------------------------------------ the index

    def entered(self, engine: str) -> dict[int, int]:
        """File number → offset up to which the index has it."""
        return dict(self._all("entered", engine=engine))

    def spans(self, run: str) -> list[Span]:
        """Where frames of a run are, as far as the index has the files."""
        return [Span(*row) for row in self._all("spans", run=run)]

    def owners(self, run: str) -> list[str]:
        """The engines that have or had a run; none where it is not here."""
        return [row[0] for row in self._all("owners", run=run)]

    def unentered(self, engine: str) -> list[str]:
        """Runs that an engine wrote of, as far as the index has its files, which are not here."""
        return [row[0] for row in self._all("unentered_of", engine=engine)]

    def enter_file(
        self, engine: str, number: int, start: int, end: int, spans: Iterable[tuple[str, int, int, int]]
    ) -> None:
        """Enter a file on from `start` up to `end`; nothing when another process was faster."""
        with self._transaction() as db:
            if self.entered(engine).get(number, 0) == start:
                db.execute(self._sql["enter_file"], {"engine": engine, "number": number, "offset": end})
                names = ("run", "chunk", "start", "stop")
                rows = ({"engine": engine, "file": number, **dict(zip(names, span, strict=True))} for span in spans)
                db.executemany(self._sql["add_span"], rows)

    # ------------------------------------------------------------------ requests between processes

    def add_request(
        self, *, id: str, run: str, verb: str, target: str | None, args: dict[str, Any], by: str, at: float
    ) -> None:
        """Ask the owner of a run, who sees it at its next look. The same `id` is the same request."""
        row = {"id": id, "run": run, "verb": verb, "target": target, "args": orjson.dumps(args).decode()}
        with self._transaction() as db:
            db.execute(self._sql["forget_requests"], {"before": at - KEEP_REQUESTS})
            db.execute(self._sql["add_request"], {**row, "by": by, "at": at})

    def answer_request(self, id: str, error: dict[str, Any] | None) -> None:
        """The facts of a request are journaled, or it was refused with an error (as data)."""
        state, text = ("accepted", None) if error is None else ("refused", orjson.dumps(error).decode())
        with self._transaction() as db:
            db.execute(self._sql["answer"], {"id": id, "state": state, "error": text})

    def close(self) -> None:
        with self._lock:
            self._file = None
            self._db.close()


def _connection(target: str) -> sqlite3.Connection:
    """To a file by its path or its address, or in memory; for any thread."""
    as_address = target.startswith("file:")
    return sqlite3.connect(target, uri=as_address, timeout=5.0, isolation_level=None, check_same_thread=False)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _closed(error: sqlite3.ProgrammingError) -> Exception:
    """StoreError `closed` for a connection that was closed; any other misuse stays what it is."""
    return (
        StoreError("this engine is closed; make a new one", code="closed") if "closed database" in str(error) else error
    )
