"""Worker processes: bodies that can be suspended and killed, and whose crash costs only themselves."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from stratix_tasks import Engine, FlowError, TaskFailed, current, each, flow, task, track
from stratix_tasks.runners.payload import Functions, dumps

LONG = 60.0


@task(runner="process")
def square(x: int) -> int:
    return x * x


@task(runner="process")
def pids(x: int) -> tuple[int, int]:
    return os.getpid(), x


@task(runner="process")
def waits(path: str, spawn: bool = False) -> int:
    """Says that it is there, then sleeps for ever, without a checkpoint; with a child that does the same."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) if spawn else None
    Path(path).write_text(f"{os.getpid()} {child.pid if child else 0}")
    threading.Event().wait(600)
    return 1


@task(runner="process", retry={"max": 1, "delay": 0}, timeout="8s", grace="0.1s")
def slow_once(path: str) -> int:
    if current().attempt == 1:
        Path(path).write_text(f"{os.getpid()} 0")
        threading.Event().wait(600)
    return 7


@task(runner="process")
def counts(path: str) -> int:
    """Counts up in a file for as long as there is no file `path`.stop."""
    file = Path(path)
    number = 0
    while not file.with_suffix(".stop").exists():
        number += 1
        file.write_text(str(number))
        threading.Event().wait(0.005)
    return current().attempt


@flow
def squares(numbers: list[int]) -> list[int]:
    return square.map(each(numbers))


def one(body: Any, *args: Any) -> Any:
    """A flow of one node."""

    @flow(name="one")
    def single() -> Any:
        return body(*args)

    return single


def there(path: Path, what: str = "a body") -> list[int]:
    """The pids that a body wrote when it began."""
    for _ in until(what):
        if path.exists() and (text := path.read_text()).count(" "):
            return [int(part) for part in text.split()]
    raise AssertionError


def until(what: str) -> Any:
    """Look again and again, for a while."""
    tick, limit = threading.Event(), monotonic() + LONG
    while monotonic() < limit:
        yield
        tick.wait(0.005)
    raise AssertionError(f"never: {what}")


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def all_gone(*found: int) -> None:
    for _ in until(f"the end of {found}"):
        if all(gone(pid) for pid in found if pid):
            return


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
    for _ in until("what the body said"):
        if wanted <= set(run.logs("talks")) and run.progress()[0]["progress"] == 1.0:
            break
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
    assert lines[-1] == "… 20,000 more lines were not kept"


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
    """A forked child in a group of its own keeps the worker's socket and pipes open: a time-out ends the body all the same."""
    path = tmp_path / "pids"

    @task(runner="process", timeout="1s", grace="0.1s")
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
        assert run.wait(LONG) == "failed"
        assert run.tasks()["reason"].iloc[0] == "timeout"
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


def test_a_pause_suspends_a_body_where_it_is(engine: Engine, tmp_path: Path) -> None:
    """Pausing stops the process of a body that has no checkpoint; resuming goes on in the same attempt."""
    path = tmp_path / "count"
    run = engine.start(one(counts, str(path)))
    for _ in until("the first count"):
        if path.exists():
            break
    run.pause()
    for _ in until("the pause"):
        if run.status == "paused":
            break
    assert run.progress()[0]["state"] == "suspended"
    threading.Event().wait(0.05)
    before = path.read_text()
    threading.Event().wait(0.2)
    assert path.read_text() == before
    run.resume()
    for _ in until("another count"):
        if path.read_text() not in ("", before):
            break
    path.with_suffix(".stop").touch()
    assert run.result(LONG) == 1


def test_a_pause_can_drain(engine: Engine, tmp_path: Path) -> None:
    """With `drain` a body is left to finish; a pause without it, after that, suspends it."""
    path = tmp_path / "count"
    run = engine.start(one(counts, str(path)))
    for _ in until("the first count"):
        if path.exists():
            break
    run.pause(drain=True)
    before = path.read_text()
    for _ in until("another count"):
        if path.read_text() not in ("", before):
            break
    assert run.status == "pausing"
    run.pause()
    for _ in until("the pause"):
        if run.status == "paused":
            break
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
    for _ in until("the pause"):
        if run.progress()[0]["state"] == "suspended":
            break
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    all_gone(*found)


def test_a_lost_body_of_a_paused_run_goes_on_after_the_resume(engine: Engine, tmp_path: Path) -> None:
    """A suspended body whose process is killed waits as held, and is tried again when the run goes on."""
    path = tmp_path / "count"
    run = engine.start(one(counts, str(path)))
    for _ in until("the first count"):
        if path.exists():
            break
    run.pause()
    for _ in until("the pause"):
        if run.status == "paused":
            break
    (worker,) = engine.loop.runners["process"]._workers
    worker._signal(signal.SIGKILL)
    for _ in until("the loss"):
        if run.progress()[0]["state"] == "held":
            break
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


def test_errors_come_back_as_they_were(engine: Engine) -> None:
    """The body's own exception is the cause, its traceback shows the body's lines."""

    class Odd(ValueError):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} and {b}")

    @task(runner="process")
    def fails(kind: str) -> Any:
        if kind == "plain":
            raise KeyError("x")
        if kind == "odd":
            raise Odd(1, 2)
        return threading.Lock()

    with pytest.raises(TaskFailed, match="KeyError") as caught:
        engine.start(one(fails, "plain")).result(LONG)
    assert isinstance(caught.value.__cause__, KeyError)
    assert 'raise KeyError("x")' in caught.value.traceback or "in fails" in caught.value.traceback
    with pytest.raises(TaskFailed, match="Odd: 1 and 2"):
        engine.start(one(fails, "odd")).result(LONG)
    with pytest.raises(TaskFailed, match="lock") as caught:
        engine.start(one(fails, "lock")).result(LONG)
    assert caught.value.code == "not-storable"


def test_an_argument_that_can_not_be_sent_is_named(engine: Engine) -> None:
    """The node fails with what can't be sent and what to do; it is not tried again."""

    @task
    def makes() -> Any:
        return [1]

    lock = threading.Lock()

    @task(runner="process")
    def uses(x: Any) -> int:
        return lock.locked()

    @flow
    def both() -> Any:
        return uses(makes())

    with pytest.raises(TaskFailed, match=r"can't be sent to a worker process.*runner='thread'") as caught:
        engine.start(both).result(LONG)
    assert caught.value.code == "not-sendable"


def test_large_results_and_arguments(engine: Engine) -> None:
    """Megabytes go both ways."""

    @task(runner="process")
    def big(n: int) -> bytes:
        return b"x" * n

    @task(runner="process")
    def length(data: bytes) -> int:
        return len(data)

    @flow
    def both() -> Any:
        return length(big(20_000_000))

    run = engine.start(both)
    assert run.result(LONG) == 20_000_000
    assert len(run.output("big")) == 20_000_000


BALLAST = list(range(400_000))


def test_a_function_that_drags_much_along_is_told_of(engine: Engine) -> None:
    """A warning names the globals that make a function large, once."""
    table = BALLAST

    def heavy() -> int:
        return len(table)

    said: list[str] = []
    functions = Functions()
    with pytest.warns(UserWarning, match=r"drags along table \(\d"):
        functions.packed("run", heavy, said.append)
    functions.packed("another run", heavy, said.append)
    assert len(said) == 1


def test_functions_of_modules_go_by_name() -> None:
    """What another process can import is not sent."""
    number, module, name, data = Functions().packed("run", square.fn, print)
    assert (number, module, name, data) == (1, __name__, "square", b"")
    assert dumps(1, "a number")


def test_a_process_with_many_open_files_has_workers_too(tmp_path: Path) -> None:
    """A kernel may hold more than the 1,024 descriptors that `select` knows; its workers run all the same."""
    code = (
        "import os, resource\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (hard if 0 < hard < 4096 else 4096, hard))\n"
        "held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]\n"
        "from stratix_tasks import Engine, flow, task\n"
        "@task(runner='process', max_lost=0)\n"
        "def square(x): return x * x\n"
        "@flow\n"
        "def squares(): return square(3)\n"
        f"with Engine({str(tmp_path / 'store')!r}) as engine: print(engine.start(squares).result(60))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG + 30, check=False)
    assert (done.returncode, done.stdout) == (0, "9\n"), done.stderr


def test_a_coroutine_has_no_process() -> None:
    """An `async def` with runner='process' is refused at its definition."""
    with pytest.raises(FlowError, match="not in a process"):

        @task(runner="process")
        async def body() -> None: ...


def test_numerical_libraries_are_kept_to_their_share(engine: Engine) -> None:
    """Each worker is told to use one core, unless the environment says otherwise."""

    @task(runner="process")
    def told() -> str | None:
        return os.environ.get("OMP_NUM_THREADS")

    assert engine.start(one(told)).result(LONG) == os.environ.get("OMP_NUM_THREADS", "1")
