"""Worker processes: what their bodies say while they run, and crashes, which cost only themselves."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from worker_bodies import LONG, comes, one, pids, squares, there

from stratix_tasks import Engine, TaskFailed, current, each, flow, task, track


def test_bodies_run_in_processes_of_their_own(engine: Engine) -> None:
    """Results come back in order, from processes that are used again."""
    assert engine.start(squares, {"numbers": list(range(50))}).result(LONG) == [x * x for x in range(50)]

    @flow
    def many() -> Any:
        return pids.map(each(range(30)))

    found = {pid for pid, _ in engine.start(many).result(LONG)}
    assert os.getpid() not in found
    assert len(found) <= (os.cpu_count() or 1)


def test_a_body_says_what_it_does_while_it_does_it(engine: Engine, tmp_path: Path) -> None:
    """Prints, C-level prints, prints of children and threads, logs, progress, metrics and artifacts land on the node, live."""
    stop = tmp_path / "stop"

    @task(runner="process")
    def talks(stop: str) -> str:
        print("said")
        os.write(1, b"written\n")
        subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
        threading.Thread(target=print, args=("by a thread",)).start()
        logging.getLogger("mine").warning("careful")
        print("oh", file=sys.stderr)
        current().metric("loss", 0.5)
        current().artifact("model", {"a": 1})
        for _ in track(range(10)):
            pass
        while not Path(stop).exists():
            threading.Event().wait(0.005)
        print("no end", end="")
        return current().node

    run = engine.start(one(talks, str(stop)))
    wanted = {"said", "written", "by a child", "by a thread", "careful", "oh"}
    comes("what the body said", lambda: wanted <= set(run.logs("talks")) and run.progress()[0]["progress"] == 1.0)
    assert run.status == "running"
    stop.touch()
    assert run.result(LONG) == "talks"
    assert "no end" in run.logs("talks")
    from stratix_tasks.store.analytics import History

    history = History(engine.store)
    assert list(history.metrics(run.id)["value"]) == [0.5]
    assert list(history.artifacts(run.id)["name"]) == ["model"]
    assert {"careful": "warning", "oh": "stderr", "said": "stdout"}.items() <= dict(
        zip(history.logs(run.id)["text"], history.logs(run.id)["level"], strict=True)
    ).items()


def test_a_body_that_prints_without_end_is_capped(engine: Engine) -> None:
    """More lines than are kept are counted and said; the worker is not held up."""

    @task(runner="process")
    def chatty() -> int:
        for number in range(30_000):
            print(number)
        return 1

    run = engine.start(one(chatty))
    assert run.result(LONG) == 1
    lines = run.logs("chatty")
    assert lines[:2] == ["0", "1"]
    assert lines[-1] == "29999"
    assert "… 20,000 lines were not kept …" in lines


@pytest.mark.parametrize("how", ["exit", "kill", "segfault"])
def test_a_crash_costs_only_its_own_task(engine: Engine, how: str) -> None:
    """A body whose process dies is tried again, by a budget of its own; the others don't notice."""

    @task(runner="process")
    def crashes(x: int, how: str) -> tuple[int, int]:
        if x == 3 and current().attempt <= 2:
            if how == "segfault":
                import ctypes

                ctypes.string_at(0)
            os._exit(5) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)
        return x, current().attempt

    @flow
    def many() -> Any:
        return crashes.map(each(range(6)), how)

    run = engine.start(many)
    assert run.result(LONG) == [(x, 3 if x == 3 else 1) for x in range(6)]
    events = run.events()
    lost = events[events["event"].eq("lost_retry")]
    assert list(lost["item"]) == [3, 3]
    assert set(lost["reason"]) == {"lost"}


def test_a_child_that_a_body_forked_does_not_hide_its_crash(engine: Engine) -> None:
    """The fork keeps the worker's socket open; the crash is answered for all the same, and the child is killed."""

    @task(runner="process", max_lost=0)
    def forks() -> None:
        if os.fork() == 0:
            threading.Event().wait(600)
        os._exit(3)

    @flow
    def forking() -> Any:
        return forks()

    with pytest.raises(TaskFailed, match="exit code 3") as caught:
        engine.start(forking).result(LONG)
    assert caught.value.code == "lost"


@pytest.mark.parametrize("talks", [False, True])
def test_a_child_that_left_its_group_does_not_hide_a_kill(engine: Engine, tmp_path: Path, talks: bool) -> None:
    """A forked child in a group of its own keeps the worker's socket and pipes open: a kill ends the body all the same."""
    path = tmp_path / "pids"

    @task(runner="process", grace="0.1s")
    def leaves() -> None:
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            while True:
                if talks:
                    os.write(2, b"still here\n")
                threading.Event().wait(0.05)
        path.write_text(f"{child} {os.getpid()}")
        threading.Event().wait(600)

    run = engine.start(one(leaves))
    child, _ = there(path)
    try:
        run.cancel()
        assert run.wait(LONG) == "cancelled"
    finally:
        os.kill(child, signal.SIGKILL)


def test_what_can_not_be_sent_is_not_tried_again(engine: Engine) -> None:
    """A closure over a lock fails in its first attempt: no retry helps."""
    latch = threading.Lock()

    @task(runner="process", retry=3)
    def locks() -> bool:
        return latch.locked()

    @flow
    def locking() -> Any:
        return locks()

    run = engine.start(locking)
    with pytest.raises(TaskFailed) as caught:
        run.result(LONG)
    assert (caught.value.code, caught.value.attempt) == ("not-sendable", 1)


def test_the_last_words_of_a_crash_are_kept(engine: Engine) -> None:
    """What a body wrote right before its process died lands on the node; a segmentation fault tells where it was."""

    @task(runner="process", max_lost=0)
    def falls() -> None:
        import ctypes

        print("almost there")
        os.write(2, b"and now")
        ctypes.string_at(0)

    run = engine.start(one(falls))
    with pytest.raises(TaskFailed, match="killed by SIGSEGV") as caught:
        run.result(LONG)
    lines = run.logs("falls")
    assert lines[0] == "almost there"
    assert any(line.startswith("and now") for line in lines)
    assert "in falls" in "\n".join(lines)
    assert "in falls" in caught.value.traceback


def test_a_task_that_always_crashes_fails_as_lost(engine: Engine) -> None:
    """After `max_lost` losses the node fails, and the error says how its process ended."""

    @task(runner="process", max_lost=1)
    def always() -> None:
        os._exit(9)

    run = engine.start(one(always))
    with pytest.raises(TaskFailed, match="ended with exit code 9") as caught:
        run.result(LONG)
    assert caught.value.code == "lost"
    assert caught.value.error_type == "RunnerLost"
    assert run.tasks()["attempts"].iloc[0] == 2
    assert run.tasks()["reason"].iloc[0] == "lost"


def test_a_process_starts_wherever_its_engine_is(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that was taken away, with a path of modules in which stands what is no path."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for odd in (None, 5, tmp_path, "", "relative"):
        monkeypatch.setattr(sys, "path", [odd, *sys.path])
    assert engine.start(squares, {"numbers": [3]}).result(LONG) == [9]
