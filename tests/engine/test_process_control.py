"""Worker processes that are killed, suspended and cancelled, and that end with their kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from worker_bodies import LONG, all_gone, comes, counts, one, pids, slow_once, squares, there, waits

from stratix_tasks import Engine, current, flow, task


def test_a_time_out_kills_and_tries_again(engine: Engine, tmp_path: Path) -> None:
    """A body that does not listen is killed after its time-out and grace; its next attempt runs elsewhere."""
    path = tmp_path / "pid"
    run = engine.start(one(slow_once, str(path)))
    assert run.result(LONG) == 7
    all_gone(there(path)[0])


def test_a_time_out_kills_a_worker_that_does_not_take_its_work(engine: Engine) -> None:
    """A body that is still on its way to a worker which does not read is killed by its time-out as well."""
    found, _ = engine.start(one(pids, 1)).result(LONG)
    os.kill(found, signal.SIGSTOP)

    @task(runner="process", timeout="0.2s", grace="0.1s")
    def takes(data: bytes) -> int:
        return len(data)

    @task
    def large() -> bytes:
        return bytes(4_000_000)

    @flow(name="sends")
    def sends() -> Any:
        return takes(large())

    run = engine.start(sends)
    assert run.wait(LONG) == "failed"
    all_gone(found)
    run.retry()
    assert run.wait(LONG) in ("completed", "failed")
    assert run.progress()[1]["attempt"] == 2


def test_a_cancel_kills_what_does_not_listen_with_its_children(engine: Engine, tmp_path: Path) -> None:
    """After the grace a cancelled body is killed, and what it started too; its place is free again."""
    path = tmp_path / "pid"
    run = engine.start(one(waits.options(grace="0.2s"), str(path), True))
    found = there(path)
    run.cancel("waits")
    assert run.wait(LONG) == "failed"
    assert run.progress()[0]["state"] == "cancelled"
    all_gone(*found)
    assert engine.start(squares, {"numbers": [0, 1, 2, 3]}).result(LONG) == [0, 1, 4, 9]


def test_a_cancel_is_heard_at_a_checkpoint(engine: Engine, tmp_path: Path) -> None:
    """A body that comes to a checkpoint ends there, before it would be killed, and can tidy up."""
    path, tidy = tmp_path / "pid", tmp_path / "tidy"

    @task(runner="process", grace="60s")
    def listens(path: str, tidy: str) -> None:
        Path(path).write_text(f"{os.getpid()} 0")
        try:
            while True:
                current().checkpoint()
                threading.Event().wait(0.005)
        finally:
            Path(tidy).write_text(str(current().cancelled))

    run = engine.start(one(listens, str(path), str(tidy)))
    there(path)
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    assert tidy.read_text() == "True"


def counting(engine: Engine, path: Path) -> Any:
    """A run whose body has begun to count."""
    run = engine.start(one(counts, str(path)))
    comes("the first count", path.exists)
    return run


def test_a_pause_suspends_a_body_where_it_is(engine: Engine, tmp_path: Path) -> None:
    """Pausing stops the process of a body that has no checkpoint; resuming goes on in the same attempt."""
    path = tmp_path / "count"
    run = counting(engine, path)
    run.pause()
    comes("the pause", lambda: run.status == "paused")
    assert run.progress()[0]["state"] == "suspended"
    threading.Event().wait(0.05)
    before = path.read_text()
    threading.Event().wait(0.2)
    assert path.read_text() == before
    run.resume()
    comes("another count", lambda: path.read_text() not in ("", before))
    path.with_suffix(".stop").touch()
    assert run.result(LONG) == 1


def test_a_pause_can_drain(engine: Engine, tmp_path: Path) -> None:
    """With `drain` a body is left to finish; a pause without it, after that, suspends it."""
    path = tmp_path / "count"
    run = counting(engine, path)
    run.pause(drain=True)
    before = path.read_text()
    comes("another count", lambda: path.read_text() not in ("", before))
    assert run.status == "pausing"
    run.pause()
    comes("the pause", lambda: run.status == "paused")
    run.resume()
    run.pause(drain=True)
    path.with_suffix(".stop").touch()
    assert run.result(LONG) == 1  # what has nothing left to do is completed, not paused


def test_a_suspended_body_can_be_cancelled(engine: Engine, tmp_path: Path) -> None:
    """It is continued to end, or killed; nothing of it stays."""
    path = tmp_path / "pid"
    run = engine.start(one(waits.options(grace="0.2s"), str(path)))
    found = there(path)
    run.pause("waits")
    comes("the pause", lambda: run.progress()[0]["state"] == "suspended")
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    all_gone(*found)


def test_a_lost_body_of_a_paused_run_goes_on_after_the_resume(engine: Engine, tmp_path: Path) -> None:
    """A suspended body whose process is killed is tried again when the run goes on, and not before."""
    path = tmp_path / "count"
    run = counting(engine, path)
    run.pause()
    comes("the pause", lambda: run.status == "paused")
    (worker,) = engine.loop.runners["process"]._workers
    worker._signal(signal.SIGKILL)
    comes("the loss", lambda: run.progress()[0]["state"] in ("retrying", "ready"))
    path.with_suffix(".stop").touch()
    run.resume()
    assert run.result(LONG) == 2


SCRIPT = """
import os, sys, threading
from stratix_tasks import Engine, flow, task

@task(runner="process")
def waits(path):
    import pathlib, subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(path + ".new").write_text(f"{os.getpid()} {child.pid}")
    os.rename(path + ".new", path)  # all of it or nothing: a pause may come at any moment
    threading.Event().wait(600)

@flow
def one(path: str):
    return waits(path)

engine = Engine(sys.argv[1])
run = engine.start(one, {"path": sys.argv[2]})
if sys.argv[3] == "suspended":
    while not os.path.exists(sys.argv[2]):
        threading.Event().wait(0.005)
    run.pause()
    while run.status != "paused":
        threading.Event().wait(0.005)
print("there", flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("how", ["running", "suspended"])
def test_no_worker_outlives_its_kernel(tmp_path: Path, how: str) -> None:
    """After kill -9 of the engine's process its workers end, suspended ones too, with what their bodies started."""
    script, path = tmp_path / "script.py", tmp_path / "pid"
    script.write_text(SCRIPT)
    child = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "store"), str(path), how], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    found = there(path)
    child.kill()
    child.communicate()
    all_gone(*found)


def test_a_closed_engine_leaves_no_worker(tmp_path: Path) -> None:
    """Closing an engine ends its workers at once, whatever they do."""
    path = tmp_path / "pid"
    with Engine(tmp_path / "store") as engine:
        engine.start(one(waits, str(path), True))
        found = there(path)
    all_gone(*found)
