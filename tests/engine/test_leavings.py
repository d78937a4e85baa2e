"""What a body leaves in its worker process: those after it find all as it was, in the same process or in another."""

from __future__ import annotations

import builtins
import gc
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rude_bodies import strike
from worker_bodies import LONG, one

from stratix_tasks import Engine, task


def struck(*_: object) -> None:
    raise TimeoutError("an alarm of a body before")


def sets_an_alarm() -> None:
    signal.signal(signal.SIGALRM, struck)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)


def hears_of_no_child() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def goes_elsewhere() -> None:
    os.chdir("/")


def makes_no_file_readable() -> None:
    os.umask(0o777)


def has_no_environment() -> None:
    os.environ.clear()


def has_another_environment() -> None:
    os.environ["HOME"] = "elsewhere"


def finds_no_modules() -> None:
    sys.path.clear()
    sys.meta_path.clear()


def may_not_be_deep() -> None:
    sys.setrecursionlimit(sys.getrecursionlimit() // 4)


def collects_nothing() -> None:
    gc.disable()


def traces() -> None:
    sys.settrace(lambda *_: None)


TAKEN_BACK: dict[str, Callable[[], None]] = {
    "alarm": sets_an_alarm,
    "children": hears_of_no_child,
    "folder": goes_elsewhere,
    "mask": makes_no_file_readable,
    "no environment": has_no_environment,
    "environment": has_another_environment,
    "paths": finds_no_modules,
    "depth": may_not_be_deep,
    "collector": collects_nothing,
    "tracer": traces,
}


def opens_nothing() -> None:
    builtins.open = None  # type: ignore[assignment]


def has_no_time() -> None:
    time.time = time.monotonic = time.process_time = None  # type: ignore[assignment]


def imports_nothing() -> None:
    builtins.__import__ = None  # type: ignore[assignment]


def may_have_few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


NOT_TAKEN_BACK: dict[str, Callable[[], None]] = {
    "files": opens_nothing,
    "time": has_no_time,
    "imports": imports_nothing,
    "limits": may_have_few_files,
}


def around() -> Any:
    """What a body finds around it, but for the number of its process."""
    made = Path(f"made_{threading.get_ident()}_{time.monotonic_ns()}")
    made.write_text("x")
    mode = made.stat().st_mode
    made.unlink()
    return (
        mode,
        os.getcwd(),
        dict(os.environ),
        list(sys.path),
        sys.getrecursionlimit(),
        gc.isenabled(),
        sys.gettrace(),
        subprocess.run(["/bin/sh", "-c", "exit 3"], check=False).returncode,
        resource.getrlimit(resource.RLIMIT_NOFILE),
        signal.getsignal(signal.SIGALRM),
        signal.getitimer(signal.ITIMER_REAL),
    )


def looks() -> Any:
    return os.getpid(), around()


def test_what_a_body_changes_of_its_process_is_taken_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next body runs in the same process, and finds there what the first one did."""
    monkeypatch.chdir(tmp_path)
    look = one(task(runner="process")(looks))
    found = engine.start(look).result(LONG)
    for name, deed in TAKEN_BACK.items():
        assert engine.start(one(task(runner="process")(deed))).wait(LONG) == "completed", name
        assert engine.start(look).result(LONG) == found, name


@pytest.mark.parametrize("name", NOT_TAKEN_BACK)
def test_a_process_that_a_body_has_spoilt_is_not_used_again(engine: Engine, name: str) -> None:
    """Whatever the body itself ends with, the next one finds parts of Python and limits as they were."""
    deed = NOT_TAKEN_BACK[name]

    def does() -> int:
        pid = os.getpid()
        deed()
        return pid

    run = engine.start(one(task(runner="process", max_lost=0)(does)))
    assert run.wait(LONG) in ("completed", "failed")
    pid, _ = engine.start(one(task(runner="process")(looks))).result(LONG)
    if run.status == "completed":
        assert pid != run.result()


SETTINGS = "import os; os.environ['SAID_ONCE'] = 'yes'"


def test_what_a_module_says_when_it_is_imported_stays(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported once in a process, so nobody would say it again."""
    (tmp_path / "said_once.py").write_text(SETTINGS)
    monkeypatch.syspath_prepend(str(tmp_path))

    @task(runner="process")
    def says() -> Any:
        import said_once  # type: ignore[import-not-found]  # noqa: F401

        return os.environ.get("SAID_ONCE")

    says.fn.__module__ = "__main__"
    assert [engine.start(one(says)).result(LONG) for _ in range(2)] == ["yes", "yes"]


def test_a_process_that_hears_nothing_more_is_lost(engine: Engine) -> None:
    """One whose listening thread was ended can't be told of the next body: it ends, and its body is tried in another."""

    @task(runner="process", max_lost=0)
    def deafens() -> None:
        strike(next(thread.ident for thread in threading.enumerate() if thread.name == "stratix-listen"))
        threading.Event().wait(LONG)

    run = engine.start(one(deafens))
    assert run.wait(LONG) == "failed"
    assert "RunnerLost" in str(run.error)
    engine.start(one(task(runner="process")(looks))).result(LONG)
