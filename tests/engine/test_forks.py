"""Bodies that fork: only the process in which a body began answers for it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks import Engine, current, each, flow, task

HOW = {"return": "the child's", "raise": None, "exit": None}


def forks(how: str) -> tuple[str, int]:
    """Forks a child that comes back out of the body before the body does."""
    child = os.fork()
    if child == 0:
        if how == "raise":
            raise ValueError("the child's")
        if how == "exit":
            sys.exit(3)
        return "the child's", 0
    return "the body's", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


in_process = task(forks, name="in_process", runner="process")
in_thread = task(forks, name="in_thread")
inline = task(forks, name="inline", runner="inline")


@task(name="in_coroutine")
async def in_coroutine(how: str) -> tuple[str, int]:
    return forks(how)


@task(runner="process")
def after(result: tuple[str, int]) -> tuple[str, int]:
    return result


@pytest.mark.parametrize(("how", "code"), [("return", 0), ("raise", 1), ("exit", 3)])
@pytest.mark.parametrize("body", [in_process, in_thread, in_coroutine, inline], ids=lambda body: body.__name__)
def test_the_child_of_a_body_does_not_answer_for_it(engine: Engine, body: Any, how: str, code: int) -> None:
    """What a forked child returns or raises is not taken for the body's; it ends with the exit code of a script."""

    @flow(name="one")
    def one() -> Any:
        return after(body(how))

    assert engine.start(one).result(timeout=30) == ("the body's", code)


@task
def begins(number: int, path: str) -> int:
    """Notes that it has begun; the first one forks a child that comes back out of it."""
    with Path(path).open("a") as file:
        file.write(f"{number}\n")
    if number == 0 and (child := os.fork()):
        os.waitpid(child, 0)
    return number


@task(name="begins_async")
async def begins_async(number: int, path: str) -> int:
    return begins(number, path)


@pytest.mark.parametrize("body", [begins, begins_async], ids=["thread", "async"])
def test_a_forked_child_runs_no_body_of_others(tmp_path: Path, body: Any) -> None:
    """The child has a copy of what waits to be run: all of that begins once, in the parent."""
    path = tmp_path / "begun"

    @flow(name="many")
    def many() -> Any:
        return body.map(each(list(range(200))), path=str(path))

    with Engine(tmp_path / "store", concurrency=200) as engine:
        assert engine.start(many).result(timeout=30) == list(range(200))
    assert sorted(map(int, path.read_text().split())) == list(range(200))


@task(runner="process")
def talks() -> int:
    """A body and a child of it that both say much at the same time."""
    child = os.fork()
    who = "body" if child else "child"
    for number in range(200):
        logging.warning("%s %d %s", who, number, "." * 1000)
    if not child:
        current().metric("loss", 1.0)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@flow
def talk() -> int:
    return talks()


def test_what_a_forked_child_logs_lands_on_the_node(engine: Engine) -> None:
    """What a child logs is kept, mixes with no message of the body, and what can't be recorded of it is told of."""
    run = engine.start(talk)
    assert run.result(timeout=30) == 0
    lines = run.logs()
    assert sum(line.startswith("body ") for line in lines) == 200
    assert sum("child " in line for line in lines) == 200
    assert any("a metric of a process that this body forked is not recorded" in line for line in lines)


FORKED = """
import os, signal, sys
from stratix_tasks import Engine, StratixError, configure, flow, task

configure(store=sys.argv[1])

@task
def one(x):
    return x

@flow
def alone(x):
    return one(x)

run = alone.start(x=1)
{before}
child = os.fork()
if child == 0:
    signal.alarm(60)
    try:
        run.result(1)
    except StratixError as error:
        assert error.code == "forked", error
    else:
        os._exit(4)
    assert alone(2) == 2
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert run.result(60) == 1 and alone(3) == 3
"""
IN_A_TRANSACTION = """
import threading
from stratix_tasks import default_engine
catalog, inside, go_on = default_engine().store.catalog, threading.Event(), threading.Event()
def holds():
    with catalog._transaction() as db:
        db.execute("UPDATE runs SET state = state")
        inside.set()
        go_on.wait(60)
threading.Thread(target=holds).start()
inside.wait(60)
os.register_at_fork(before=go_on.set)  # called before what was registered earlier: who forks waits for the transaction
"""


@pytest.mark.parametrize(
    "before", ["", "run.result(60)", IN_A_TRANSACTION], ids=["at once", "later", "in a transaction"]
)
def test_a_process_that_forks_and_its_child_both_run_flows(tmp_path: Path, before: str) -> None:
    """The child is told that its parent's run is none of its own, and has an engine of its own; the parent goes on."""
    script = FORKED.replace("{before}", before)
    quiet = ["-W", "ignore::DeprecationWarning"]  # that of Python 3.12 and later, for any fork beside a thread
    done = subprocess.run(
        [sys.executable, *quiet, "-c", script, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
