"""What bodies print, log and measure: what somebody saw of it is in the store, whatever happens then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from stratix_tasks import Engine, current, flow, history, task
from stratix_tasks.store import ids

LONG = 30.0


@task
def talks(lines: int) -> int:
    for line in range(lines):
        print("line", line)
        current().metric("line", line)
    return lines


@flow
def talk(lines: int = 3) -> Any:
    return talks(lines)


def test_what_is_shown_has_been_written(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No handle or view has a line or a measure before the journal's write of it returned; each view is told behind it."""
    journal, gone_on = engine.loop.journal, Event()
    write, early, shown = journal.note, [], []

    @task
    def waits() -> None:
        gone_on.wait(LONG)
        print("at last")
        current().metric("n", 1.0)

    @flow
    def wait() -> Any:
        return waits()

    run = engine.start(wait)
    live = run._live

    def note(key: bytes, epoch: int, kind: str, rows: Any) -> bool:
        early.append((live.notes.logs if kind == "logs" else live.notes.metrics).copy())
        return write(key, epoch, kind, rows)

    def watcher(_live: Any, _nodes: set[int]) -> None:
        stored = engine.store.journals.record(ids.key(run.id), notes=True).notes
        for _ in live.notes.logs.get(0, ()):
            shown.append("logs" in dict(stored))

    monkeypatch.setattr(journal, "note", note)
    live.watchers.append(watcher)
    gone_on.set()
    assert run.wait(LONG) == "completed"
    assert run.logs() == ["at last"]
    assert early == [{}, {}]
    assert shown
    assert all(shown)


def test_what_has_no_room_is_counted_and_not_shown(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes no notes: the run goes on, shows none that the store has not, and tells how much is missing."""
    monkeypatch.setattr(engine.loop.journal, "note", lambda *_: False)
    run = engine.start(talk, {"lines": 3})
    assert run.wait(LONG) == "completed"
    assert run.logs() == ["… 6 more lines were not kept"]
    assert history(engine.store.path).logs(run.id).empty


def test_text_that_is_not_utf_8_harms_neither_the_run_nor_other_lines(engine: Engine) -> None:
    """A name of a file may hold what UTF-8 can't: it is kept as its escape, in prints, logs, measures and progress."""

    @task
    def lists() -> int:
        print("caf\udce9.txt")
        print("naïve ☕")
        current().log.info("caf\udce9")
        current().metric("caf\udce9", 1.0)
        current().progress(0.5, "caf\udce9")
        return 1

    @flow
    def listing() -> Any:
        return lists()

    run = engine.start(listing)
    assert run.result(LONG) == 1
    said = ["caf\\udce9.txt", "naïve ☕", "caf\\udce9"]
    assert run.logs() == said
    assert run.progress()[0]["text"] == "caf\\udce9"
    told = history(engine.store.path)
    assert list(told.logs(run.id)["text"]) == said
    assert list(told.metrics(run.id)["name"]) == ["caf\\udce9"]


KILLED = """
import os, signal, sys
from threading import Event
from stratix_tasks import Engine, flow, task

@task
def talks():
    for n in range(200):
        print("line", n)
    Event().wait()

@flow
def talk():
    return talks()

run = Engine(sys.argv[1]).start(talk)
while not (seen := run.logs()):
    Event().wait(0.001)
os.write(1, "\\n".join([run.id, *seen]).encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_lines_that_were_seen_survive_kill_9(tmp_path: Path) -> None:
    """A process is killed right after it showed what a body printed: the store has every line of it."""
    died = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "store")],
        check=False,
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    name, *seen = died.stdout.splitlines()
    assert seen
    with Engine(tmp_path / "store") as engine:
        assert engine.run(name).logs()[: len(seen)] == seen
