"""Watching the catalog: whether another connection changed it, and what concerns one engine. 3 µs when nothing did."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from stratix_tasks.store.forking import QUIET
from stratix_tasks.store.sql import queries


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that waits for an answer: the fields of the catalog's `requests`."""

    id: str
    run: str
    verb: str
    target: str | None
    args: dict[str, Any] | None
    """None for what can't be read: then it is no request."""
    by: str


@dataclass(frozen=True, slots=True)
class News:
    """What an engine has to know of the catalog: runs that it lost (id → epoch), requests to it, answers to its own."""

    lost: dict[str, int]
    asked: list[Asked]
    answers: dict[str, dict[str, Any] | None]
    """Request → the error as data, None for an accepted one."""


class Watch:
    """A connection of its own, which waits for no lock unless it is told to. One thread uses it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = QUIET.lock(self)
        self._sql = queries("catalog")
        self._db: sqlite3.Connection | None = None
        self._file = (0, 0)
        self._seen: int | None = None
        self._patience = 0.0

    def look(self, engine: str, sent: Iterable[str] = (), patience: float = 0.0) -> News | None:
        """None when nothing has changed since the last look.

        sqlite3.OperationalError while another process writes, for over `patience` seconds.
        """
        with self._lock:
            return self._look(engine, sent, patience)

    def _look(self, engine: str, sent: Iterable[str], patience: float) -> News | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self.close()  # someone took it away; who needs it makes it anew
            return None
        if (stat.st_dev, stat.st_ino) != self._file or self._db is None:
            self.close()
            self._db = sqlite3.connect(
                f"{self._path.as_uri()}?mode=ro", uri=True, timeout=0.0, isolation_level=None, check_same_thread=False
            )
            self._file, self._patience = (stat.st_dev, stat.st_ino), 0.0
        if patience != self._patience:
            self._db.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")
            self._patience = patience
        version = self._db.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen:
            return None
        news = self._news(self._db, engine, sent)
        self._seen = version
        return news

    def _news(self, db: sqlite3.Connection, engine: str, sent: Iterable[str]) -> News:
        lost = dict(db.execute(self._sql["cut_off"], {"engine": engine}).fetchall())
        rows = db.execute(self._sql["waiting"], {"engine": engine}).fetchall()
        asked = [Asked(name, run, verb, target, _read(args), by) for name, run, verb, target, args, by in rows]
        answers = {}
        for name in sent:
            row = db.execute(self._sql["answered"], {"id": name}).fetchone()
            if row is not None:
                answers[name] = _read(row[1]) if row[1] else None
        return News(lost, asked, answers)

    def owner(self, run: str) -> str | None:
        """The engine that has a run; None where it can't be told just now."""
        row = self._one("run", id=run)
        return None if row is None else str(row[3])

    def place(self, run: str) -> tuple[str, int] | None:
        """Host and pid of the engine that has a run; None where they can't be told just now."""
        row = self._one("engine", id=self.owner(run))
        return None if row is None else (row[0], row[1])

    def _one(self, name: str, **values: Any) -> Any:
        with self._lock, suppress(sqlite3.Error):
            return self._db.execute(self._sql[name], values).fetchone() if self._db is not None else None
        return None

    def forget(self) -> None:
        """Whatever is there is news at the next look."""
        self._seen = None

    def close(self) -> None:
        self._seen = None
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None


def _read(text: str) -> dict[str, Any] | None:
    """A JSON object; None for anything else that someone may have written there."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None
