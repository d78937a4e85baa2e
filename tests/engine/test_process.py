"""Bodies in worker processes: crashes, kills, pauses, what they print, and the death of the kernel."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, FlowError, RunCancelled, TaskFailed, current, each, flow, task, track

LONG = 60.0


def until(what: str, condition: Callable[[], Any]) -> Any:
    """Wait in short steps for something that another process does; fails after a while."""
    end = time.monotonic() + LONG
    while not (got := condition()):
        assert time.monotonic() < end, f"never: {what}"
        threading.Event().wait(0.01)
    return got


def state_of(pid: int) -> str:
    """The letter in /proc, or "" when there is no such process (a zombie counts as none)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    letter = text.rpartition(")")[2].split()[0]
    return "" if letter in "ZX" else letter


def pid_in(path: Path) -> int:
    """A process number that a body writes to a file."""
    until(f"{path.name}", lambda: path.exists() and path.read_text().endswith("\n"))
    return int(path.read_text())


def tell_pid(path: str | Path, pid: int) -> None:
    Path(path).write_text(f"{pid}\n")


@task(runner="process")
def works(x: int) -> int:
    return x + 1


@task
def collect(parts: list[Any]) -> list[Any]:
    return parts


@task(runner="process", max_lost=1)
def crashes(how: str, folder: str) -> str:
    with Path(folder, "tries").open("a") as file:
        file.write("x")
    if how == "exit":
        os._exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "once" and Path(folder, "tries").read_text() == "x":
        os._exit(1)
    return how


@task(runner="process", grace=0.2)
def deaf(folder: str) -> None:
    """Takes no notice of anything, and has a child that does neither."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", code])
    tell_pid(f"{folder}/child", child.pid)
    tell_pid(f"{folder}/worker", os.getpid())
    threading.Event().wait(600)


@task(runner="process")
def counts(folder: str) -> int:
    """Until there is a file `go`; knows nothing of checkpoints."""
    tell_pid(f"{folder}/worker", os.getpid())
    turns = 0
    while not Path(folder, "go").exists():
        threading.Event().wait(0.01)
        turns += 1
    return current().attempt


# ---------------------------------------------------------------------- running


def test_many_small_tasks_share_a_few_workers(engine: Engine) -> None:
    """200 items run in no more processes than there are cores."""

    @task(runner="process")
    def who(x: int) -> tuple[int, int]:
        return x, os.getpid()

    @flow
    def many() -> Any:
        return collect(who.map(each(list(range(200)))))

    got = engine.start(many).result(LONG)
    assert [x for x, _ in got] == list(range(200))
    workers = {pid for _, pid in got}
    assert len(workers) <= (os.cpu_count() or 1)
    assert os.getpid() not in workers


def test_an_error_has_the_body_s_own_traceback(engine: Engine) -> None:
    """The exception comes back as itself; one that can't be sent comes back as its description."""

    class Odd(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"odd {a} {b}")

    @task(runner="process")
    def raises(kind: str) -> None:
        if kind == "odd":
            raise Odd(1, 2)
        raise KeyError("plain")

    @flow
    def failing(kind: str) -> Any:
        return raises(kind)

    for kind, name, cause in (("plain", "KeyError", KeyError), ("odd", "Odd", Exception)):
        with pytest.raises(TaskFailed) as caught:
            engine.start(failing, {"kind": kind}).result(LONG)
        assert caught.value.error_type == name
        assert "in raises" in caught.value.traceback
        assert isinstance(caught.value.__cause__, cause)


def test_what_cannot_be_sent_is_a_failure_that_names_it(engine: Engine) -> None:
    """A closure over a lock: the name is in the message; nothing is lost or retried."""
    latch = threading.Lock()

    @task(runner="process", retry=3)
    def locks() -> bool:
        return latch.locked()

    @flow
    def locking() -> Any:
        return locks()

    run = engine.start(locking)
    with pytest.raises(TaskFailed, match="'latch'"):
        run.result(LONG)
    assert run.progress()[0]["attempt"] == 1


def test_an_async_def_is_refused() -> None:
    """At the definition, with what to do."""
    with pytest.raises(FlowError, match=r"asyncio\.run"):

        @task(runner="process")
        async def never() -> None: ...


def test_threads_of_numeric_libraries_are_capped(engine: Engine) -> None:
    """Unless the user set them."""

    @task(runner="process")
    def cap() -> str | None:
        return os.environ.get("OPENBLAS_NUM_THREADS")

    @flow
    def capped() -> Any:
        return cap()

    assert engine.start(capped).result(LONG) == os.environ.get("OPENBLAS_NUM_THREADS", "1")


def test_a_big_payload_names_the_global(engine: Engine) -> None:
    """Once a function: which name is big, how big, and what to do."""
    ballast = bytes(3_000_000)

    @task(runner="process")
    def heavy(x: int) -> int:
        return len(ballast) + x

    @flow
    def weighs() -> Any:
        return collect(heavy.map(each([1, 2, 3])))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run = engine.start(weighs)
        assert run.result(LONG) == [3_000_001, 3_000_002, 3_000_003]
    lines = [line for line in run.logs("heavy") if "'ballast' (3 MB)" in line]
    assert len(lines) == 1
    assert [str(one.message) for one in caught if "'ballast' (3 MB)" in str(one.message)]


SCRIPT = """
import sys
from stratix_tasks import Engine, flow, task
print("main runs")
BASE = 40

class Pair:
    def __init__(self, a, b): self.a, self.b = a, b

@task(runner="process")
def pair(x: int):
    return Pair(BASE, x)

@task
def add(p) -> int:
    assert type(p) is Pair
    return p.a + p.b

@flow
def adding():
    return add(pair(2))

engine = Engine(sys.argv[1])
print(engine.start(adding).result(60))
"""


def test_a_script_without_a_guard_works(tmp_path: Path) -> None:
    """Its functions and classes go by value; the script itself is not run again in the worker, and leaves no process."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    args = [sys.executable, str(script), str(tmp_path / "store")]
    done = subprocess.run(args, capture_output=True, text=True, timeout=LONG, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("main runs\n42\n", "", 0)


# ---------------------------------------------------------------------- what they say


def test_everything_printed_lands_on_the_node(engine: Engine) -> None:
    """By Python, by C, by a thread and by a child of the body; also logs, warnings and metrics."""

    @task(runner="process")
    def talks() -> None:
        import ctypes
        import logging
        import warnings

        print("from python")
        ctypes.CDLL(None).printf(b"from C\n")
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()
        subprocess.run(["echo", "from a child"], check=True)
        logging.getLogger("mine").warning("from a logger")
        warnings.warn("from a warning", stacklevel=1)
        current().artifact("kept", {"a": 1})
        print("no end of line", end="")

    @flow
    def talking() -> Any:
        return talks()

    run = engine.start(talking)
    run.result(LONG)
    text = "\n".join(run.logs("talks"))
    for who in ("python", "C", "a thread", "a child", "a logger", "a warning"):
        assert f"from {who}" in text
    assert "no end of line" in text


def test_progress_comes_while_the_body_runs(engine: Engine, tmp_path: Path) -> None:
    """Seen before the body may end."""
    folder = str(tmp_path)

    @task(runner="process")
    def steps() -> int:
        done = 0
        for done in track(range(4)):
            if done == 2:
                print("at two")
                while not Path(folder, "go").exists():
                    threading.Event().wait(0.01)
        return done

    @flow
    def stepping() -> Any:
        return steps()

    run = engine.start(stepping)
    until("a print of the running body", lambda: run.logs("steps") == ["at two"])
    until("its progress", lambda: run._live.notes.progress.get(0, (0, ""))[0] == 0.5)
    assert run.status == "running"
    Path(folder, "go").touch()
    assert run.result(LONG) == 3


def test_a_flood_of_prints_is_kept_up_to_the_cap(engine: Engine) -> None:
    """300,000 lines: the first 10,000 are kept, all others are counted."""

    @task(runner="process")
    def floods() -> None:
        for at in range(300_000):
            print(at)

    @flow
    def flooding() -> Any:
        return floods()

    run = engine.start(flooding)
    run.result(LONG)
    lines = run.logs("floods")
    assert len(lines) == 10_001
    assert re.search("290,000 more", lines[-1])


# ---------------------------------------------------------------------- lost


@pytest.mark.parametrize(("how", "told"), [("exit", "exit code 3"), ("kill", "SIGKILL"), ("segfault", "SIGSEGV")])
def test_a_crash_costs_only_its_own_task(engine: Engine, tmp_path: Path, how: str, told: str) -> None:
    """It is tried again `max_lost` times without touching the budget of retries, then fails with code `lost`."""

    @flow
    def crashing() -> Any:
        return crashes(how, str(tmp_path)), collect(works.map(each(list(range(20)))))

    run = engine.start(crashing)
    with pytest.raises(TaskFailed, match=told) as caught:
        run.result(LONG)
    assert (caught.value.code, caught.value.error_type, caught.value.attempt) == ("lost", "RunnerLost", 2)
    assert (tmp_path / "tries").read_text() == "xx"
    assert run.output("collect") == list(range(1, 21))


def test_a_lost_body_is_tried_again(engine: Engine, tmp_path: Path) -> None:
    """Its second attempt completes."""

    @flow
    def crashing() -> Any:
        return crashes("once", str(tmp_path))

    run = engine.start(crashing)
    assert run.result(LONG) == "once"
    assert run.progress()[0]["attempt"] == 2


def test_a_suspended_body_that_is_lost_is_tried_again_after_the_pause(engine: Engine, tmp_path: Path) -> None:
    """Killed while the run is paused: nothing starts before resume()."""

    @flow
    def counting() -> Any:
        return counts(str(tmp_path))

    run = engine.start(counting)
    pid = pid_in(tmp_path / "worker")
    run.pause()
    until("paused", lambda: run.status == "paused")
    (tmp_path / "worker").unlink()
    os.kill(pid, signal.SIGKILL)
    until("lost", lambda: run.progress()[0]["state"] in ("retrying", "ready"))
    (tmp_path / "go").touch()
    assert run.status == "paused"
    run.resume()
    assert run.result(LONG) == 2


# ---------------------------------------------------------------------- stop


def gone(folder: Path) -> None:
    for name in ("worker", "child"):
        pid = pid_in(folder / name)
        until(f"{name} is gone", lambda pid=pid: not state_of(pid))


def test_a_time_out_kills(engine: Engine, tmp_path: Path) -> None:
    """The worker and what the body started; the slot is free again."""

    @flow
    def hanging() -> Any:
        return deaf.options(timeout=1.5)(str(tmp_path))

    run = engine.start(hanging)
    with pytest.raises(TaskFailed) as caught:
        run.result(LONG)
    assert caught.value.code == "timeout"
    gone(tmp_path)
    assert run._live.machine.abandoned == {}


def test_a_cancel_kills_a_body_that_does_not_listen(engine: Engine, tmp_path: Path) -> None:
    """After its grace, its child too; the workers go on for others."""

    @flow
    def hanging() -> Any:
        return deaf(str(tmp_path))

    @flow
    def after() -> Any:
        return works(1)

    run = engine.start(hanging)
    pid_in(tmp_path / "worker")
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(LONG)
    gone(tmp_path)
    assert engine.start(after).result(LONG) == 2


# ---------------------------------------------------------------------- pause


def test_a_pause_stops_the_process(engine: Engine, tmp_path: Path) -> None:
    """State T in /proc; resume goes on in the same attempt."""

    @flow
    def counting() -> Any:
        return counts(str(tmp_path))

    run = engine.start(counting)
    pid = pid_in(tmp_path / "worker")
    run.pause()
    until("paused", lambda: run.status == "paused")
    assert run.progress()[0]["state"] == "suspended"
    until("stopped", lambda: state_of(pid) == "T")
    (tmp_path / "go").touch()
    run.resume()
    assert run.result(LONG) == 1


def test_a_suspended_body_can_be_cancelled(engine: Engine, tmp_path: Path) -> None:
    """It is woken, asked, and killed after its grace."""

    @flow
    def hanging() -> Any:
        return deaf(str(tmp_path))

    run = engine.start(hanging)
    pid_in(tmp_path / "worker")
    run.pause()
    until("paused", lambda: run.status == "paused")
    run.cancel()
    with pytest.raises(RunCancelled):
        run.result(LONG)
    gone(tmp_path)


# ---------------------------------------------------------------------- the end of the kernel

VICTIM = """
import sys
sys.path.insert(0, sys.argv[3])
from test_process import deaf
from stratix_tasks import Engine, flow

@flow
def hanging():
    return deaf(sys.argv[2])

run = Engine(sys.argv[1]).start(hanging)
for line in sys.stdin:
    if line == "pause\\n":
        run.pause()
        while run.status != "paused":
            run.wait(0.01)
        print("paused", flush=True)
    else:
        break
"""


def victim(folder: Path) -> subprocess.Popen[str]:
    code = [sys.executable, "-c", VICTIM, str(folder / "store"), str(folder), str(Path(__file__).parent)]
    return subprocess.Popen(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("paused", [False, True])
def test_workers_end_when_the_kernel_is_killed(tmp_path: Path, paused: bool) -> None:
    """kill -9: the worker and what it started are gone too, also when they are suspended."""
    with victim(tmp_path) as kernel:
        pid_in(tmp_path / "worker")
        if paused:
            assert kernel.stdin is not None and kernel.stdout is not None
            kernel.stdin.write("pause\n")
            kernel.stdin.flush()
            assert kernel.stdout.readline() == "paused\n"
        kernel.kill()
        kernel.wait(LONG)
        gone(tmp_path)


def test_a_stuck_body_does_not_keep_the_kernel_from_ending(tmp_path: Path) -> None:
    """The script ends at its last line, and its workers with it."""
    with victim(tmp_path) as kernel:
        pid_in(tmp_path / "worker")
        assert kernel.stdin is not None
        kernel.stdin.write("end\n")
        kernel.stdin.close()
        assert kernel.wait(20) == 0
        gone(tmp_path)
