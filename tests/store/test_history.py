"""The history: what ran, as data frames and SQL, from any process, whatever befalls the database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stratix_tasks import Engine, InputError, StoreError, current, each, flow, history, repeat, task
from stratix_tasks.core.states import RunState
from stratix_tasks.store import ids
from stratix_tasks.store.analytics import History
from stratix_tasks.store.journal import JournalWriter
from stratix_tasks.store.sql import queries
from stratix_tasks.store.store import Store

LONG = 30.0


@task
def numbers(n: int) -> list[int]:
    print("making", n)
    return list(range(n))


@task
def square(x: int) -> int:
    current().metric("x", x)
    if x == 13:
        raise ValueError("unlucky")
    return x * x


@task
def frame(parts: Any) -> pd.DataFrame:
    current().log.warning("a frame")
    current().artifact("note", {"a": 1})
    return pd.DataFrame({"x": parts})


@task
def half(x: float) -> float:
    return x / 2


@flow(tags=["test"])
def squares(n: int = 5) -> Any:
    return frame(square.options(key="k{x}").map(each(numbers(n))))


@pytest.fixture
def done(engine: Engine) -> Any:
    run = engine.start(squares)
    run.result(LONG)
    return run


def test_runs_have_the_columns_and_types_of_the_contract(engine: Engine, done: Any) -> None:
    """UTC times, timedeltas, a category for the status, nullable integers."""
    frame = history(engine.store.path).runs()
    assert list(frame.columns)[:12] == [
        *(
            "run",
            "flow",
            "version",
            "status",
            "started",
            "ended",
            "duration",
            "inputs",
            "tags",
            "nodes",
            "failed",
            "host",
        )
    ]
    kinds = {name: str(frame[name].dtype) for name in frame.columns}
    assert kinds["status"] == "category"
    assert "UTC" in kinds["started"]
    assert kinds["duration"].startswith("timedelta64")
    assert kinds["nodes"] == kinds["failed"] == "Int64"
    row = frame.iloc[0]
    assert (row["run"], row["status"], row["inputs"], row["tags"]) == (done.id, "completed", {"n": 5}, ["test"])


def test_tasks_tell_of_nodes_and_items(engine: Engine, done: Any) -> None:
    """One row a node and item, in the order of the flow."""
    frame = done.tasks()
    assert list(frame.columns) == [
        *(
            "run",
            "node",
            "item",
            "key",
            "state",
            "reason",
            "attempts",
            "queued",
            "started",
            "ended",
            "wait",
            "duration",
        ),
        *("cpu", "worker", "error", "rows", "scope"),
    ]
    assert list(frame["node"]) == ["numbers", "square", *["square"] * 5, "frame"]
    assert list(frame["key"].dropna()) == [f"k{n}" for n in range(5)]
    kinds = {name: str(frame[name].dtype) for name in frame.columns}
    assert {kinds[name] for name in ("item", "attempts", "rows")} == {"Int64"}
    assert {kinds[name][:11] for name in ("wait", "duration", "cpu")} == {"timedelta64"}
    assert kinds["state"] == "category"
    assert frame["rows"].iloc[-1] == 5
    assert set(frame["worker"].dropna()) == {"thread"}
    ended = frame[frame["attempts"] > 0]
    assert (ended["started"] >= ended["queued"]).all()
    assert (ended["ended"] >= ended["started"]).all()


def test_a_loop_lasts_from_its_first_round_to_its_last(engine: Engine) -> None:
    """As views say: what it takes is that of all rounds; a rollback begins it anew."""

    @flow
    def looped_history() -> Any:
        return repeat(half, 1.0, max=3)

    run = engine.start(looped_history)
    run.result(LONG)
    for _ in range(2):
        tasks = run.tasks()
        loop, first = tasks[tasks["node"] == "half"].iloc[0], tasks[tasks["item"] == 0].iloc[0]
        shown = next(one for one in run.progress() if one["name"] == "half")
        assert loop["started"] <= first["started"]
        assert loop["started"].timestamp() == pytest.approx(shown["started"], abs=1e-5)
        assert loop["duration"] == loop["ended"] - loop["started"]
        run.rollback(to="half")
        run.resume()
        run.result(LONG)


def test_a_run_that_ended_by_itself_has_no_reason_of_a_pause_before(engine: Engine) -> None:
    """The reason is that of the state that the run is in."""
    run = engine.start(squares)
    run.pause()
    assert run.wait(0) in ("pausing", "paused")
    run.resume()
    run.result(LONG)
    assert list(history(engine.store.path).runs()["reason"].dropna()) == []


def test_attempts_transitions_logs_and_metrics(engine: Engine) -> None:
    """A failure is there with its error; logs and metrics with their node."""
    run = engine.start(squares, {"n": 14})
    assert run.wait(LONG) == "failed"
    h = history(engine.store.path)
    failed = h.attempts(run.id).query("state == 'failed'")
    assert list(failed["error_type"]) == ["ValueError"]
    assert list(failed["item"]) == [13]
    moves = h.transitions(run.id).query("node == 'numbers'")
    assert list(moves["to_state"]) == ["ready", "running", "completed"]
    assert list(moves["from_state"]) == ["pending", "ready", "running"]
    assert list(h.logs(run.id)["text"]) == ["making 14"]
    assert sorted(h.metrics(run.id)["value"]) == list(range(14))
    assert h.tasks(run.id).query("node == 'frame'")["state"].iloc[0] == "upstream_failed"


@task(retry={"max": 1, "delay": 0.001})
def second_time() -> int:
    if current().attempt == 1:
        raise ValueError("not yet")
    return 1


@flow
def twice() -> Any:
    return second_time()


def test_each_attempt_became_ready_once(engine: Engine) -> None:
    """A retry that was due is ready once, by that event; the first attempt because what it needs is there."""
    run = engine.start(twice)
    assert run.wait(LONG) == "completed"
    moves = history(engine.store.path).transitions(run.id)
    assert list(moves["to_state"]) == ["ready", "running", "retrying", "ready", "running", "completed"]
    assert list(moves["from_state"]) == ["pending", "ready", "running", "retrying", "ready", "running"]
    assert list(moves["event"]) == ["deps_ok", "dispatch", "fail_retry", "due", "dispatch", "ok"]


def test_dtypes_do_not_hang_on_the_rows(engine: Engine, done: Any) -> None:
    """A column has the same dtype without rows, without a value in it, and with some."""
    h = history(engine.store.path)
    nobody = "0" * 16
    for read in (h.tasks, h.attempts, h.transitions, h.logs, h.metrics, h.events, h.artifacts):
        frame = read()
        assert list(read(nobody).dtypes) == list(frame.dtypes), read.__name__
        texts = {str(frame[name].dtype) for name in ("run", "node", "key", "reason") if name in frame}
        assert len(texts) == 1, read.__name__
    assert {str(h.stats()[name].dtype) for name in ("p50", "p95", "slowest", "total", "mean_wait")} == {
        str(h.tasks()["duration"].dtype)
    }


def test_artifacts_and_events(engine: Engine, done: Any) -> None:
    """What a body kept beside its result, and every fact."""
    h = history(engine.store.path)
    assert list(h.artifacts(done.id)["name"]) == ["note"]
    assert {"created", "run", "started", "completed"} <= set(h.events(done.id)["kind"])
    assert list(h.logs(done.id)["level"]) == ["stdout", "warning"]


def test_stats_count_tasks_not_groups(engine: Engine, done: Any) -> None:
    """By node and by flow; `since` limits the time; anything else is an InputError."""
    h = history(engine.store.path)
    by_node = h.stats().set_index("node")
    assert by_node.loc["square", "tasks"] == 5
    assert by_node.loc["square", "success_rate"] == 1.0
    assert str(by_node["p95"].dtype).startswith("timedelta64")
    assert h.stats(by="flow")["runs"].iloc[0] == 1
    assert len(h.stats(since="1d")) == 3
    with pytest.raises(InputError):
        h.stats(by="moon")  # type: ignore[arg-type]
    with pytest.raises(InputError):
        h.stats(since="whenever")


def test_sql_reads_and_never_writes(engine: Engine, done: Any) -> None:
    """One SELECT with parameters; everything else, and files of the machine, are refused."""
    h = history(engine.store.path)
    found = h.sql(
        "select node, count(*) as n from tasks where run = $run group by node order by node", {"run": done.id}
    )
    assert list(found["n"]) == [1, 1, 6]
    for query in (
        "delete from facts",
        "select 1; select 2",
        "create table t (x int)",
        "copy (select 1) to '/tmp/stratix-never.csv'",
        "select * from read_text('/etc/passwd')",
        "selec",
    ):
        with pytest.raises(InputError):
            h.sql(query)
    assert len(h.runs()) == 1


def test_a_store_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """A user who may not look into the folder gets a StoreError that says so, not what the system said."""
    folder = Store(str(tmp_path / "store")).path
    for parent in (folder, *(parent for parent in folder.parents if "pytest-of-" in str(parent))):
        parent.chmod(parent.stat().st_mode | 0o055)
    folder.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read everything
    try:
        with pytest.raises(StoreError, match="can't be read by this user") as caught:
            history(folder)
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
    assert caught.value.code == "unreadable"


def test_there_must_be_a_store(tmp_path: Path) -> None:
    """`history()` of a folder that has none says so, and makes none."""
    with pytest.raises(StoreError, match="no store"):
        history(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


OF_A_RUN = ("tasks", "attempts", "transitions", "events", "logs", "metrics", "artifacts")


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The tables that a plan reads, each with what it leaves out of it."""
    about = plan["extra_info"]
    if "Table" in about:
        yield about["Table"], str(about.get("Filters", ""))
    for child in plan["children"]:
        yield from scans(child)


def test_what_is_asked_of_one_run_reads_no_other(engine: Engine, done: Any) -> None:
    """However many there are: each table is read for its rows alone, and what is told is what is told of it among all."""
    engine.start(squares, {"n": 2}).result()
    told = history(engine.store.path)
    with told._projection.open() as db:
        db.execute("SET VARIABLE run = ?", [done.id])
        for name in OF_A_RUN:
            explained = db.execute(f"EXPLAIN (FORMAT json) {queries('history')[name]}").fetchall()[0][1]
            read = [table for plan in json.loads(explained) for table in scans(plan)]
            assert {table for table, left_out in read if done.id not in left_out} == set(), name
            assert len(read) > 1
    for name in OF_A_RUN:
        of_all, of_one = getattr(told, name)(), getattr(told, name)(done.id)
        pd.testing.assert_frame_equal(of_one, of_all[of_all["run"] == done.id].reset_index(drop=True))
        assert 0 < len(of_one) < len(of_all)


@pytest.mark.parametrize("how", ["deleted", "garbage", "truncated", "older", "foreign"])
def test_the_database_is_made_again(engine: Engine, done: Any, how: str) -> None:
    """Deleted it is simply rebuilt; damaged it is kept aside, rebuilt, and a warning says so. Nothing is lost."""
    h = history(engine.store.path)
    before = h.tasks()
    path = engine.store.path / "runs.duckdb"
    if how == "deleted":
        path.unlink()
    elif how == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        path.unlink()
        import duckdb

        with duckdb.connect(str(path)) as db:
            db.execute("create table meta (key varchar, value varchar)")
            if how == "older":
                db.execute("insert into meta values ('version', 'old')")
    if how == "deleted":
        after = h.tasks()
    else:
        with pytest.warns(UserWarning, match="made again from the journals"):
            after = h.tasks()
    pd.testing.assert_frame_equal(before, after)


def test_a_journal_that_is_damaged_shows_what_lies_before(engine: Engine, done: Any) -> None:
    """The warning names the file and the place; the rest of the store is shown."""
    other = engine.start(squares)
    other.result(LONG)
    engine.close()
    (path,) = (engine.store.path / "journal").rglob("*.log")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    (engine.store.path / "runs.duckdb").unlink(missing_ok=True)
    with pytest.warns(UserWarning, match="is damaged at byte"):
        frame = history(engine.store.path).runs()
    assert frame["run"].iloc[-1] == done.id


release = threading.Event()


@task
def waits(x: list[int]) -> list[int]:
    release.wait(LONG)
    return x


@flow
def patient() -> Any:
    return waits(numbers(3))


READER = """
import hashlib, pathlib, shutil, sys
from stratix_tasks import history
store = pathlib.Path(sys.argv[1])
for _ in range(5):
    for path in sorted(store.rglob("*")):
        if path.is_file():
            hashlib.sha256(path.read_bytes()).hexdigest()
    shutil.copytree(store, sys.argv[2], dirs_exist_ok=True)
print(history(store).tasks().set_index("node")["state"].to_dict())
print(history(sys.argv[2]).tasks().set_index("node")["state"].to_dict())
"""


def test_another_process_reads_copies_and_hashes_while_a_run_goes_on(engine: Engine, tmp_path: Path) -> None:
    """It sees what is recorded, in the store and in its copy, and the run is not harmed."""
    release.clear()
    run = engine.start(patient)
    while run.progress()[1]["state"] != "running":
        run.wait(0.01)
    args = [sys.executable, "-c", READER, str(engine.store.path), str(tmp_path / "copy")]
    seen = subprocess.run(args, capture_output=True, text=True, timeout=100, check=True).stdout.splitlines()
    states = ({"numbers": "completed", "waits": state} for state in ("running", "interrupted"))
    assert seen == [str(state) for state in states]  # nobody runs what was copied
    hashes_here = [path.read_bytes() for path in engine.store.path.rglob("*") if path.is_file()]
    assert hashes_here
    release.set()
    assert run.result(LONG) == [0, 1, 2]
    assert list(run.tasks()["state"]) == ["completed", "completed"]


def test_what_an_old_owner_wrote_behind_a_take_over_is_not_shown(store: Store) -> None:
    """An owner that was stopped, and goes on unaware of its successor, adds neither states nor items to the history."""
    run, about = ids.new_id(), {"flow": "f", "version": "", "spec": {}, "inputs": {}, "priority": 0, "tags": []}
    about |= {"id": "", "nodes": [["m", "map", -1]], "key": None, "engine": "a", "host": "h", "pid": 1}
    key, old, new = ids.key(run), *(JournalWriter(store.path / "journal", name) for name in "ab")
    old.commit(key, 0, 1, [(0, 1.0, {**about, "id": run}), (1, 1.0, int(RunState.RUNNING), None, None)])
    new.commit(key, 2, 2, [(8, 3.0, "b", 2, "h", 2), (6, 3.0, 0, 1, 2, None, 0, None)])
    new.commit(key, 4, 2, [(1, 4.0, int(RunState.PAUSED), "user", None)])
    behind = [(6, 5.0, 0, 1, 3, None, 0, None), *((3, 5.0, unit, 1, 5.0, "thread") for unit in (1, 2, 3))]
    old.commit(key, 2, 1, [*behind, (1, 6.0, int(RunState.FAILED), None, None)])
    for writer in (old, new):
        writer.close()
    told = History(store)
    assert told.runs()["status"].tolist() == ["interrupted"]  # not failed, as the old owner says
    assert told.tasks(run=run)["item"].dropna().tolist() == [0, 1]
    assert told.attempts().empty


def test_what_a_dead_owner_left_running_is_interrupted(store: Store) -> None:
    """The run, its node and its attempt, in one word with what a view says; what had ended, or not begun, stays what it was."""
    run, about = ids.new_id(), {"flow": "f", "version": "", "spec": {}, "inputs": {}, "priority": 0, "tags": []}
    about |= {"id": run, "nodes": [[name, "task", -1] for name in "abc"], "key": None}
    with closing(JournalWriter(store.path / "journal", "died")) as died:
        created = (0, 1.0, {**about, "engine": "died", "host": "h", "pid": 1})
        began = [
            (1, 1.0, int(RunState.RUNNING), None, None),
            (3, 2.0, 0, 1, 1.0, "thread"),
            (3, 2.0, 1, 1, 1.0, "thread"),
        ]
        died.commit(ids.key(run), 0, 1, [created, *began, (4, 3.0, 0, 1, "json", 1, None, None)])
    told = History(store)
    assert told.runs()["status"].tolist() == ["interrupted"]
    assert told.tasks()["state"].tolist() == ["completed", "interrupted", "pending"]
    assert told.attempts()["state"].tolist() == ["completed", "interrupted"]


@pytest.mark.parametrize(
    "name", ["what?", "a?b=c/x", "hash#1", "100%", "it's", os.fsdecode(b"odd\xff"), "a b\nc", "a\\b", "file:x"]
)
def test_a_store_may_lie_in_any_folder(tmp_path: Path, name: str) -> None:
    """Whatever its path has in it: for runs, for the history, and for who only reads."""
    place = tmp_path / name
    with Engine(place) as engine:
        run = engine.start(squares, {"n": 2})
        run.result(LONG)
        assert not run.tasks().empty
    past = history(place)
    assert list(past.runs()["run"]) == [run.id]
    assert not past.logs().empty
    assert [row.id for row in Store(place, write=False).catalog.runs(None)] == [run.id]
