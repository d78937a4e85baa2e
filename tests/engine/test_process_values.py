"""What goes to worker processes and comes back: arguments, results, errors, functions."""

from __future__ import annotations

import linecache
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from worker_bodies import LONG, one, square

from stratix_tasks import Engine, FlowError, TaskFailed, flow, task
from stratix_tasks.runners.payload import Functions, dumps


def test_errors_come_back_as_they_were(engine: Engine) -> None:
    """The body's own exception is the cause, its traceback shows the body's lines."""

    class Odd(ValueError):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} and {b}")
            self.parts = [a, b]

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
    printed = "".join(traceback.format_exception(caught.value))
    for told in (caught.value.traceback, printed):
        assert 'raise KeyError("x")' in told or "in fails" in told
    with pytest.raises(TaskFailed, match="Odd: 1 and 2") as caught:
        engine.start(one(fails, "odd")).result(LONG)
    cause = caught.value.__cause__
    assert isinstance(cause, Odd)
    assert (str(cause), cause.parts) == ("1 and 2", [1, 2])
    with pytest.raises(TaskFailed, match="lock") as caught:
        engine.start(one(fails, "lock")).result(LONG)
    assert caught.value.code == "not-storable"


NOTEBOOK = """
import functools
from stratix_tasks import configure, flow, task
configure(store={store!r})

@functools.lru_cache(maxsize=3)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

class Kept:
    @functools.cached_property
    def value(self):
        return fib(20)

    @functools.cache
    def plus(self, n):
        return self.value + n

@task(runner="process")
def asks():
    return fib(20), fib.cache_parameters()["maxsize"], Kept().value, Kept().plus(1)

@flow
def alone():
    return asks(), task(fib, name="fib", runner="process")(10)

print(alone())
"""


def test_what_a_notebook_caches_is_cached_in_workers(tmp_path: Path) -> None:
    """Functions and properties, which no other process finds by their names."""
    script = tmp_path / "notebook.py"
    script.write_text(NOTEBOOK.format(store=str(tmp_path / "store")))
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, script], env=where, capture_output=True, text=True, timeout=LONG, check=True)
    assert done.stdout == "((6765, 3, 6765, 6766), 55)\n"


def test_an_error_of_a_notebooks_function_shows_the_lines_of_its_cell(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel has them now, in a worker process that was there before, too; also of what the function calls."""
    file = "/nowhere/cell_7.py"
    for marks in ("first", "second"):
        text = f"def helper(x):\n    return 1 / x  # {marks}\n\ndef divides(x):\n    return helper(x)  # {marks}\n"
        monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(keepends=True), file))
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(text, file, "exec"), space)
        run = engine.start(one(task(runner="process")(space["divides"]), 0))
        assert run.wait(LONG) == "failed"
        assert isinstance(run.error, TaskFailed)
        for line in (
            '"/nowhere/cell_7.py", line 2, in helper',
            f"return 1 / x  # {marks}",
            f"return helper(x)  # {marks}",
        ):
            assert line in run.error.traceback


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
    assert (number, module, name, data) == (1, "worker_bodies", "square", b"")
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
