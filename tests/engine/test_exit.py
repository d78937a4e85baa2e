"""How a process ends: with a stuck body, without having waited, by an interrupt, and what a forked child may do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from stratix_tasks import Engine, StratixError, current, flow, task

HEAD = """
import sys, threading, time
from stratix_tasks import Engine, current, flow, task
engine = Engine(sys.argv[1])
"""
LONG = 60


def script(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "script.py"
    path.write_text(HEAD + text)
    return [sys.executable, str(path), str(tmp_path / "store")]


STUCK = """
began = threading.Event()

@task
def stuck():
    began.set()
    {how}

@flow
def waits():
    return stuck()

run = engine.start(waits)
began.wait()
print("ends", flush=True)
"""


@pytest.mark.parametrize("how", ["threading.Event().wait()", "while True: pass"], ids=["blocked", "busy"])
def test_a_stuck_body_does_not_hold_the_exit_up(tmp_path: Path, how: str) -> None:
    """A process whose body never returns ends at once; the run is interrupted, and it says how to go on."""
    child = subprocess.Popen(
        script(tmp_path, STUCK.format(how=how)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ends\n"
    begun = monotonic()
    _, said = child.communicate(timeout=LONG)
    assert child.returncode == 0
    assert "1 run(s) interrupted" in said
    assert "recover()" in said
    assert monotonic() - begun < 10  # the bar is 2 s on a machine of one's own: benchmarks tell
    with Engine(tmp_path / "store") as engine:
        (run,) = engine.runs()
        assert run.status == "interrupted"


def test_a_finished_script_says_nothing(tmp_path: Path) -> None:
    """A script that waited for its runs ends without a word."""
    text = "@task\ndef one():\n    return 1\n@flow\ndef ones():\n    return one()\nassert engine.start(ones).result() == 1\n"
    done = subprocess.run(script(tmp_path, text), capture_output=True, text=True, timeout=LONG, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_call_cancels_its_run(tmp_path: Path) -> None:
    """Ctrl-C while a flow is called cancels the run; while `result()` waits it only ends the waiting, and says so."""
    text = STUCK.format(how="while True: current().checkpoint(); time.sleep(0.001)").replace(
        "run = engine.start(waits)\nbegan.wait()\nprint",
        """
import os
os.environ["STRATIX_STORE"] = sys.argv[1]
threading.Thread(target=lambda: (began.wait(), print("runs", flush=True)), daemon=True).start()
try:
    waits()
except KeyboardInterrupt:
    print("interrupted", flush=True)
print""",
    )
    child = subprocess.Popen(script(tmp_path, text), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "runs\n"
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=LONG)
    assert out == "interrupted\nends\n"
    with Engine(tmp_path / "store") as engine:
        assert [run.status for run in engine.runs()] == ["cancelled"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupt_while_a_call_begins_leaves_no_run(default: Engine, when: str) -> None:
    """Whether the run was there already or not: nothing goes on of which nobody has a handle."""
    loop, began = default.loop, threading.Event()
    real = loop.call

    def call(function: Any, *args: Any) -> Any:
        if function != loop.create:
            return real(function, *args)
        if when == "after":
            real(function, *args).result(LONG)
            assert began.wait(LONG)
        raise KeyboardInterrupt

    @task
    def parks() -> None:
        began.set()
        pause = threading.Event()
        while True:
            current().checkpoint()
            pause.wait(0.001)

    @flow
    def waits() -> None:
        return parks()

    loop.call = call  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        waits()
    loop.call = real  # type: ignore[method-assign]
    assert not default.lives
    assert [run.status for run in default.runs()] == (["cancelled"] if when == "after" else [])


def test_a_forked_child_can_not_use_the_engine(engine: Engine) -> None:
    """After a fork the child's engine is disabled with an error; the parent's goes on."""

    @task
    def one() -> int:
        return 1

    @flow
    def ones() -> int:
        return one()

    run = engine.start(ones)
    assert run.result(LONG) == 1
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing"
        try:
            engine.start(ones)
        except StratixError as error:
            said = f"{error.code}; {run!r}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 200).decode() == f"forked; <run {run.id} of ones: not seen from here (forked)>"
    assert engine.start(ones).result(LONG) == 1


def test_a_blocking_coroutine_does_not_hold_requests_up(engine: Engine) -> None:
    """While an async body blocks its loop with Python code, a pause is acknowledged; it says which body blocks."""
    over, began = threading.Event(), threading.Event()

    @task
    async def blocks() -> int:
        began.set()
        while not over.is_set():
            pass
        return 1

    @flow
    def blocked() -> Any:
        return blocks()

    run = engine.start(blocked)
    assert began.wait(LONG)
    run.pause()
    assert run.status == "pausing"
    over.set()
    wait = threading.Event()
    while run.status == "pausing":
        wait.wait(0.005)
    assert run.status in ("paused", "completed")


def test_waiting_for_what_nobody_runs_ends(tmp_path: Path) -> None:
    """`wait()` says interrupted, `result()` and `await` raise it, of a run whose kernel was killed."""
    child = subprocess.Popen(
        script(tmp_path, STUCK.format(how="threading.Event().wait()") + "threading.Event().wait()\n"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ends\n"
    with Engine(tmp_path / "store") as engine:
        (run,) = engine.runs()
        assert run.status == "running"
        child.kill()
        child.communicate()
        assert run.wait(LONG) == "interrupted"
        with pytest.raises(StratixError, match=r"recover\(\) goes on") as caught:
            run.result()
        assert caught.value.code == "interrupted"
