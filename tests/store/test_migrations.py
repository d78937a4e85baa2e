"""Older stores are brought up to date, later ones read as far as they are known."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest

from stratix_tasks import Engine, StoreError, each, flow, history, task
from stratix_tasks.store import ids, migrations, reader, sql
from stratix_tasks.store.format import FACTS, LOGS, MAGIC, PAYLOAD, VERSION, file_header
from stratix_tasks.store.journal import frame
from stratix_tasks.store.reader import Tail, frames
from stratix_tasks.store.store import Store

LONG = 30.0
RUN = bytes(10)


@task
def word(x: int) -> str:
    print("said", x)
    return "abc"[x] * 600


@flow
def words(n: int = 3) -> Any:
    return word.map(each(list(range(3))))


def as_version(path: Path, version: int) -> None:
    """Let a journal claim that another version wrote it."""
    data = bytearray(path.read_bytes())
    data[len(MAGIC) : len(MAGIC) + 2] = version.to_bytes(2, "little")
    path.write_bytes(data)


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch) -> int:
    """A version behind the present one, whose step turns every text in facts and rows, and payloads, round."""

    def around(row: list[Any]) -> list[Any]:
        return [part[::-1] if row[0] == 1 and isinstance(part, str) else part for part in row]

    changes = {
        FACTS: migrations.each_row(around),
        PAYLOAD: lambda data: data[:6] + data[6:].upper(),
    }
    monkeypatch.setitem(migrations.STEPS, VERSION, changes)
    for module in (migrations, reader):
        monkeypatch.setattr(module, "VERSION", VERSION + 1)
    return VERSION + 1


def journal(path: Path, version: int, *payloads: tuple[int, bytes]) -> Path:
    path.write_bytes(file_header("e") + b"".join(frame(kind, RUN, 0, 1, data) for kind, data in payloads))
    as_version(path, version)
    return path


def test_each_step_to_the_present_version_is_there() -> None:
    """No journal that was ever released is refused: version 2 was the first."""
    assert all(migrations.readable(version) for version in range(2, VERSION + 1))
    assert not any(map(migrations.readable, (0, 1)))


def test_frames_of_an_older_version_are_brought_up_to_date(next_version: int, tmp_path: Path) -> None:
    """Each kind by its change, from the begin of the file and from an offset in it; the file stays as it was."""
    facts = orjson.dumps([[1, 2.0, "abc"], [2, 2.0, "abc"]])
    path = journal(tmp_path / "1.log", next_version - 1, (FACTS, facts), (PAYLOAD, b"123456body"), (LOGS, b"[]"))
    before = path.read_bytes()
    found = list(frames(path))
    assert [bytes(f.data) for f in found] == [b'[[1,2.0,"cba"],[2,2.0,"abc"]]', b"123456BODY", b"[]"]
    assert bytes(next(frames(path, found[1].start)).data) == b"123456BODY"
    assert path.read_bytes() == before


def test_frames_of_the_present_version_are_taken_as_they_are(next_version: int, tmp_path: Path) -> None:
    """No step is taken for them."""
    path = journal(tmp_path / "1.log", next_version, (PAYLOAD, b"123456body"))
    assert [bytes(f.data) for f in frames(path)] == [b"123456body"]


def test_a_run_of_an_older_version_is_read_whole(next_version: int, tmp_path: Path) -> None:
    """Its results from payload frames too, in an engine and in the history; new journals are of the new version."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(words)
        run.result(LONG)
    old = next((tmp_path / "store" / "journal").glob("*/1.log"))
    as_version(old, next_version - 1)
    with Engine(tmp_path / "store") as engine:
        assert engine.run(run.id).result(LONG) == [letter * 600 for letter in "ABC"]
        assert len(history(tmp_path / "store").logs(run.id)) == 3


def test_a_journal_of_no_known_version_is_skipped(tmp_path: Path) -> None:
    """Version 1 was never released: the tail says so, and reading goes on with the next file."""
    tail = Tail()
    assert list(frames(journal(tmp_path / "1.log", 1, (LOGS, b"[]")), 0, tail)) == []
    assert "format 1" in tail.problem


def later(store: Path, run: str) -> None:
    """What a later version without a new format may write: fields, kinds of facts, requests and frames."""
    path = next((store / "journal").glob("*/1.log"))
    data = bytearray(path.read_bytes()[: next(iter(frames(path))).start])
    for f in frames(path):
        payload = bytes(f.data)
        if f.kind == FACTS:
            payload = orjson.dumps([[*fact, {"more": 1}] for fact in orjson.loads(payload)])
        elif f.kind == LOGS:
            payload = orjson.dumps([[*row, "more"] for row in orjson.loads(payload)])
        data += frame(f.kind, f.run, f.seq, f.epoch, payload)
    seq = len(Store(str(store)).journals.record(ids.key(run)).facts)
    unknown = [[99, 1e9, {"what": "ever"}], [7, 1e9, "dream", "no such node[3]", {}, "user", 5]]
    data += frame(FACTS, ids.key(run), seq, 1, orjson.dumps(unknown))
    data += frame(77, ids.key(run), 0, 1, b"\x00\xff not JSON")
    path.write_bytes(data)


def test_what_a_later_version_adds_is_skipped(tmp_path: Path) -> None:
    """Kinds of facts and frames, verbs and fields that are not known cost nothing of what is."""
    store = tmp_path / "store"
    with Engine(store) as engine:
        run = engine.start(words)
        run.result(LONG)
        known = len(engine.store.journals.record(ids.key(run.id)).facts)
    later(store, run.id)
    with Engine(store) as engine:
        again = engine.run(run.id)
        assert (again.status, again.result(LONG)) == ("completed", [letter * 600 for letter in "abc"])
        assert len(again.logs()) == 3
    told = history(store)
    assert list(told.tasks(run.id)["state"]) == ["completed"] * 4
    assert len(told.logs(run.id)) == 3
    events = told.events(run.id)
    assert list(events["kind"][-2:]) == ["unknown", "requested"]
    assert sorted(set(events["seq"])) == list(range(known + 2))


VERSION_1 = """
CREATE TABLE engines (id TEXT PRIMARY KEY, host TEXT NOT NULL, boot_id TEXT NOT NULL, pid INTEGER NOT NULL, started REAL NOT NULL);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, flow TEXT NOT NULL, key TEXT, inputs TEXT NOT NULL DEFAULT '', owner TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL, created REAL NOT NULL, ended REAL, UNIQUE (flow, key)
);
CREATE TABLE cuts (
    run TEXT NOT NULL, engine TEXT NOT NULL, epoch INTEGER NOT NULL, file INTEGER NOT NULL, offset INTEGER NOT NULL,
    PRIMARY KEY (run, engine)
);
CREATE INDEX runs_by_state ON runs (state);
INSERT INTO engines VALUES ('e1', 'host', 'boot', 1, 1.0);
INSERT INTO runs VALUES ('0000000000000001', 'f', 'k', 'i', 'e1', 2, 'completed', 1.0, 2.0);
INSERT INTO cuts VALUES ('0000000000000001', 'e0', 1, 3, 400);
PRAGMA user_version = 1;
"""

STEP = """
-- A step with more than tables in it.
CREATE TABLE requests (id TEXT PRIMARY KEY, run TEXT NOT NULL);
ALTER TABLE runs ADD COLUMN place TEXT NOT NULL DEFAULT 'here';
CREATE TRIGGER gone AFTER DELETE ON runs BEGIN
    DELETE FROM cuts WHERE run = old.id;
    DELETE FROM requests WHERE run = old.id;
END;
"""


def catalog_of_version_1(folder: Path) -> Path:
    Store(str(folder))
    path = folder / "catalog.sqlite"
    db = sqlite3.connect(path)
    db.executescript(VERSION_1)
    db.close()
    return path


@pytest.fixture
def next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A version of the catalog behind the present one, as one more file in `schema/`."""
    copy = tmp_path / "sql"
    shutil.copytree(sql.HERE, copy, ignore=shutil.ignore_patterns("*.py*"))
    number = max(sql.steps("catalog")) + 1
    step = STEP if "requests" not in "".join(sql.steps("catalog").values()) else STEP.replace("requests", "wishes")
    (copy / "schema" / f"catalog_{number}.sql").write_text(step)
    monkeypatch.setattr(sql, "HERE", copy)
    return number


def version_of(path: Path) -> int:
    db = sqlite3.connect(path)
    found = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return int(found)


def known(store: Store) -> None:
    row = store.catalog.run("0000000000000001")
    assert row is not None
    assert (row.flow, row.key, row.owner, row.epoch, row.state, row.ended) == ("f", "k", "e1", 2, "completed", 2.0)
    assert store.catalog.cuts(row.id) == {"e0": (1, 3, 400)}


def test_a_catalog_of_version_1_is_opened(tmp_path: Path) -> None:
    """It has the present version then, and all that it knew."""
    path = catalog_of_version_1(tmp_path / "store")
    store = Store(str(tmp_path / "store"))
    known(store)
    assert version_of(path) == max(sql.steps("catalog"))
    store.catalog.close()


def test_a_step_is_one_more_file(next_step: int, tmp_path: Path) -> None:
    """Tables, columns and triggers of the next version are there; opening it once more changes nothing."""
    path = catalog_of_version_1(tmp_path / "store")
    for _ in range(2):
        store = Store(str(tmp_path / "store"))
        known(store)
        store.catalog.close()
    assert version_of(path) == next_step
    db = sqlite3.connect(path)
    assert db.execute("SELECT place FROM runs").fetchall() == [("here",)]
    db.execute("DELETE FROM runs")
    assert db.execute("SELECT count(*) FROM cuts").fetchone() == (0,)
    db.close()


def test_a_new_catalog_takes_all_steps(next_step: int, tmp_path: Path) -> None:
    """It is as one that grew with the versions."""
    store = Store(str(tmp_path / "store"))
    assert store.catalog.runs() == []
    assert version_of(tmp_path / "store" / "catalog.sqlite") == next_step
    store.catalog.close()


def test_a_step_that_fails_leaves_the_catalog_as_it_was(next_step: int, tmp_path: Path) -> None:
    """All steps are one transaction."""
    path = catalog_of_version_1(tmp_path / "store")
    broken = sql.HERE / "schema" / f"catalog_{next_step + 1}.sql"
    broken.write_text("CREATE TABLE more (x);\nCREATE TABLE runs (id);\n")
    with pytest.raises(StoreError):
        _ = Store(str(tmp_path / "store")).catalog
    assert version_of(path) == 1
    broken.unlink()
    store = Store(str(tmp_path / "store"))
    known(store)
    store.catalog.close()


def test_one_of_many_openers_migrates(next_step: int, tmp_path: Path) -> None:
    """The others find it done."""
    catalog_of_version_1(tmp_path / "store")
    stores = [Store(str(tmp_path / "store")) for _ in range(4)]
    ready, failed = threading.Barrier(len(stores)), []

    def opens(store: Store) -> None:
        ready.wait()
        try:
            known(store)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=opens, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for store in stores:
        store.catalog.close()


def test_an_old_catalog_on_read_only_media_is_read(next_step: int, tmp_path: Path) -> None:
    """It is brought up to date in memory; the file stays as it was."""
    path = catalog_of_version_1(tmp_path / "store")
    before = path.read_bytes()
    store = Store(str(tmp_path / "store"), write=False)
    known(store)
    store.catalog.close()
    assert path.read_bytes() == before


def test_a_projection_of_another_version_is_made_again(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """Without a word: nothing in it is the only copy."""
    import duckdb

    store = tmp_path / "store"
    with Engine(store) as engine:
        run = engine.start(words)
        run.result(LONG)
    history(store).tasks()
    db = duckdb.connect(str(store / "runs.duckdb"))
    db.execute("UPDATE meta SET value = 'another'")
    db.execute("DELETE FROM facts")
    db.close()
    assert list(history(store).tasks(run.id)["state"]) == ["completed"] * 4
    assert list(store.glob("*damaged*")) == []
    assert [str(w.message) for w in recwarn if w.category is UserWarning] == []
