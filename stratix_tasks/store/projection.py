"""The projection: journals into DuckDB, exactly once.

Rows and each file's offset are committed in one transaction, after the journal is on the disk. DuckDB is opened
briefly, under a lock file of our own: DuckDB's lock vanishes when its owner opens and closes the file elsewhere, and no
second process may open it.
"""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Any

from stratix_tasks.errors import StoreError
from stratix_tasks.spec.unicode import is_unicode
from stratix_tasks.store.format import ARTIFACTS, FACTS, LOGS, METRICS
from stratix_tasks.store.journal import sync_file
from stratix_tasks.store.reader import Tail, behind, frames
from stratix_tasks.store.rows import COLUMNS, TIMES, Rows
from stratix_tasks.store.sql import schema

if TYPE_CHECKING:
    import duckdb

    from stratix_tasks.store.store import Store

VERSION = sha256(schema("analytics").encode()).hexdigest()[:12]
CHUNK = 2_000
"""Rows an insert: converting them holds the interpreter's lock."""
BATCH = 50_000
"""Rows a transaction."""
PATIENCE = 5.0
"""Seconds to wait for another process that has the database open."""
_NOTES = {LOGS: "notes_logs", METRICS: "notes_metrics", ARTIFACTS: "notes_artifacts"}


class Projection:
    """`open()` gives a connection on the database with everything projected that the journals hold."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scratch: Path | None = None

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """StoreError `busy` when another process keeps it open; damage is mended by making it anew, with a warning."""
        folder = self._folder()
        with _locked(folder / "duckdb.lock"):
            db = self._connect(folder / "runs.duckdb")
            try:
                self._ingest(db)
                yield db
            finally:
                db.close()

    def _folder(self) -> Path:
        """Where the database is; a temporary folder for media that can't be written, and where the path is none for DuckDB:
        it ends one at a `?`, takes a backslash for a slash, and knows none that is not Unicode.
        """
        path = str(self._store.path)
        if os.access(path, os.W_OK) and not {"?", "\\"} & set(path) and is_unicode(path):
            return self._store.path
        if self._scratch is None:
            self._scratch = Path(mkdtemp(prefix="stratix-"))
        return self._scratch

    def _connect(self, path: Path) -> duckdb.DuckDBPyConnection:
        import duckdb

        db = None
        try:
            db = _attach(path)
            if not _ours(db):
                db.close()
                path.unlink()  # of another version: nothing in it is the only copy
                return _attach(path)
            if self._sound(db):
                return db
            why = "it does not fit the journals"
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise StoreError(
                    f"{path} is open in another process; close it there and try again", code="busy"
                ) from error
            why = str(error).splitlines()[0]
        if db is not None:
            db.close()
        aside = path.with_suffix(f".damaged-{int(time())}")
        warnings.warn(
            f"{path} can't be used ({why}); it is kept as {aside.name} and made again from the journals", stacklevel=5
        )
        path.rename(aside)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        return _attach(path)

    def _sound(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Whether no offset lies past a file's end."""
        journals = self._store.journals
        for engine, number, offset in db.execute('SELECT engine, number, "offset" FROM files').fetchall():
            path = journals.directory / engine / f"{number}.log"
            if not path.exists() or path.stat().st_size < offset:
                return False
        return True

    def _ingest(self, db: duckdb.DuckDBPyConnection) -> None:
        offsets = {(e, n): o for e, n, o in db.execute('SELECT engine, number, "offset" FROM files').fetchall()}
        journals, cuts = self._store.journals, self._store.cuts()
        for engine in journals.engines():
            for number, path in journals.files(engine):
                offset = offsets.get((engine, number), 0)
                if path.stat().st_size > offset:
                    sync_file(path)
                    self._ingest_file(db, engine, number, path, offset, cuts.get(engine, {}))

    def _ingest_file(
        self,
        db: duckdb.DuckDBPyConnection,
        engine: str,
        number: int,
        path: Path,
        offset: int,
        cuts: dict[bytes, tuple[int, int, int]],
    ) -> None:
        rows, tail = Rows(), Tail()
        for frame in frames(path, offset, tail):
            if cuts and behind(cuts.get(frame.run), frame, number):
                continue
            if frame.kind == FACTS:
                rows.take_facts(frame)
            elif frame.kind in _NOTES:
                rows.take_notes(_NOTES[frame.kind], frame)
            if len(rows) >= BATCH:
                _commit(db, rows, engine, number, frame.end)
                rows = Rows()
        if tail.problem:
            warnings.warn(
                f"{path} is damaged at byte {tail.offset}: what was recorded behind it is not shown", stacklevel=6
            )
        if tail.offset > offset:
            _commit(db, rows, engine, number, tail.offset)


def _ours(db: duckdb.DuckDBPyConnection) -> bool:
    """Whether the tables are those of this version."""
    version = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return version is not None and version[0] == VERSION


def _commit(db: duckdb.DuckDBPyConnection, rows: Rows, engine: str, number: int, offset: int) -> None:
    """Rows and offset in one transaction."""
    db.execute("BEGIN")
    try:
        for table, values in rows.tables.items():
            for at in range(0, len(values), CHUNK):
                _insert(db, table, values[at : at + CHUNK])
        db.execute("DELETE FROM files WHERE engine = ? AND number = ?", [engine, number])
        db.execute("INSERT INTO files VALUES (?, ?, ?)", [engine, number, offset])
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _insert(db: duckdb.DuckDBPyConnection, table: str, values: list[tuple[Any, ...]]) -> None:
    import pandas

    columns = dict(zip(COLUMNS[table], zip(*values, strict=True), strict=True))
    made = {name: pandas.Series(list(column), dtype=_DTYPES.get(name, "object")) for name, column in columns.items()}
    chunk = pandas.DataFrame(made, copy=False)
    picked = ", ".join(
        f'make_timestamp((chunk."{name}" * 1000000)::BIGINT)' if name in TIMES else f'chunk."{name}"'
        for name in COLUMNS[table]
    )
    db.register("chunk", chunk)
    db.execute(f"INSERT INTO {table} SELECT {picked} FROM chunk")
    db.unregister("chunk")


_DTYPES = {"at": "float64", "queued": "float64", "cpu": "float64", "value": "float64", "seq": "int64", "epoch": "int64"}
_DTYPES |= {
    "unit": "Int64",
    "attempt": "Int64",
    "rows": "Int64",
    "first": "int64",
    "count": "int64",
    "item": "int64",
    "parent": "int64",
    "pid": "int64",
    "priority": "int64",
}


def _attach(path: Path) -> duckdb.DuckDBPyConnection:
    """Open, or make with the tables in it. The storage version is one that duckdb 1.5 reads too."""
    import duckdb

    db = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        _open_tables(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _open_tables(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    db.execute("SET threads = 2")
    place = str(path).replace("'", "''")
    db.execute(f"ATTACH '{place}' AS history (STORAGE_VERSION 'v1.5.0')")
    db.execute("USE history")
    known = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'history' AND table_name = 'meta'"
    if db.execute(known).fetchone():
        return
    db.execute("BEGIN")
    for statement in schema("analytics").split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute("INSERT INTO meta VALUES ('version', ?)", [VERSION])
    db.execute("COMMIT")
    db.execute("CHECKPOINT history")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Our own lock, held briefly. StoreError `busy` after `PATIENCE` seconds."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    limit = monotonic() + PATIENCE
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > limit:
                    raise StoreError(
                        f"another process reads {path.parent / 'runs.duckdb'} for over {PATIENCE:g} s; try again",
                        code="busy",
                    ) from None
                sleep(0.02)
        yield
    finally:
        os.close(fd)
