"""Whatever a body raises or does: its run ends, and the next ones on the same engine complete."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from rude_bodies import DEEDS, EXCEPTIONS, LOOP_DEEDS, breaks_its_loop, strike

from stratix_tasks import Engine, current, each, flow, task
from stratix_tasks.core.states import RunState
from stratix_tasks.runners import coroutine, native, process, supervisor, thread

LONG = 30.0
ENDED = {"completed", "failed"}


@task
def in_thread(x: int) -> int:
    print(x)
    print(x, file=sys.stderr)
    return x


@task
async def in_loop(x: int) -> int:
    await asyncio.sleep(0.001)
    return x


@task(runner="inline")
async def inline(x: int) -> int:
    return x


@task(retry={"max": 1, "delay": 0.001})
def again(x: int) -> int:
    if current().attempt == 1:
        raise LookupError
    return x


@flow
def ordinary() -> Any:
    """It takes each runner, hand-overs between them, and the timers of the loops."""
    return in_thread.map(each(range(3))), in_loop.map(each(range(3))), inline(again(in_loop(1)))


def one(body: Callable[[], Any], runner: str) -> Any:
    """A flow of one node that calls `body`."""

    def plain() -> str:
        body()
        return "done"

    async def later() -> str:
        body()
        await asyncio.sleep(0)
        return "done"

    if runner in ("async", "inline-async"):
        node: Any = task(later) if runner == "async" else task(runner="inline")(later)
    else:
        node = task(runner=runner)(plain)  # type: ignore[call-overload]

    @flow
    def alone() -> Any:
        return node()

    return alone


def raising(make: Callable[[], BaseException]) -> Callable[[], None]:
    def body() -> None:
        raise make()

    return body


def goes_on(engine: Engine) -> None:
    """Twice: the first may meet threads that are about to end."""
    for _ in range(2):
        assert engine.start(ordinary).result(LONG) == ([0, 1, 2], [0, 1, 2], 1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(supervisor, "BEAT", 0.02)
    kept = sys.stdout, sys.stderr, sys.excepthook, sys.unraisablehook, threading.excepthook
    interval, begins, number = sys.getswitchinterval(), threading.Thread.start, os.getpid
    policy = asyncio.get_event_loop_policy()
    yield
    sys.settrace(None)
    sys.setprofile(None)
    threading.settrace(None)  # type: ignore[arg-type]
    threading.setprofile(None)
    threading.Thread.start, os.getpid = begins, number  # type: ignore[method-assign]
    native.Thread._bare = False
    asyncio.set_event_loop_policy(policy)
    sys.stdout, sys.stderr, sys.excepthook, sys.unraisablehook, threading.excepthook = kept
    sys.setswitchinterval(interval)
    gc.enable()


@pytest.mark.parametrize("kind", EXCEPTIONS)
@pytest.mark.parametrize("runner", ["thread", "async", "inline", "inline-async"])
def test_an_exception_that_is_hard_to_describe_fails_its_node(engine: Engine, runner: str, kind: str) -> None:
    """Type and message are said as well as can be; nothing stands still."""
    made = EXCEPTIONS[kind]
    run = engine.start(one(raising(made), runner))
    assert run.wait(LONG) == "failed"
    assert run.error is not None
    name = type(made()).__name__
    assert name in str(run.error)
    goes_on(engine)


def test_such_exceptions_come_out_of_worker_processes(engine: Engine) -> None:
    """All of them one after the other, by the same workers."""
    for kind, made in EXCEPTIONS.items():
        run = engine.start(one(raising(made), "process"))
        assert run.wait(LONG) == "failed", kind
        name = type(made()).__name__
        assert name in str(run.error), kind
    assert engine.start(one(lambda: None, "process")).result(LONG) == "done"
    goes_on(engine)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("runner", ["thread", "async", "inline", "inline-async"])
def test_a_body_that_spoils_its_thread_harms_no_other(engine: Engine, runner: str, deed: str) -> None:
    """It ends, and bodies in the same thread after it do."""
    run = engine.start(one(DEEDS[deed], runner))
    assert run.wait(LONG) in ENDED
    goes_on(engine)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_body_that_spoils_its_process_harms_no_other(engine: Engine, deed: str) -> None:
    """It ends, and the next body of a process does."""
    run = engine.start(one(DEEDS[deed], "process"))
    assert run.wait(LONG) in ENDED
    later = engine.start(one(lambda: print("said", file=sys.stderr), "process"))
    assert later.result(LONG) == "done"
    assert later.logs("plain") == ["said"]


@pytest.mark.parametrize("deed", LOOP_DEEDS)
@pytest.mark.parametrize("runner", ["async", "inline-async"])
def test_a_body_that_spoils_its_loop_harms_no_other(engine: Engine, runner: str, deed: str) -> None:
    """It ends with a value or an error, and later bodies run in that loop or in another."""
    run = engine.start(one(LOOP_DEEDS[deed], runner))
    assert run.wait(LONG) in ENDED
    goes_on(engine)


def test_bodies_of_a_loop_that_ended_are_lost_by_budget(engine: Engine) -> None:
    """`max_lost` attempts are given to who breaks his loop; then his node fails with code `lost`."""
    run = engine.start(one(breaks_its_loop, "async"))
    assert run.wait(LONG) == "failed"
    assert "RunnerLost" in str(run.error)
    goes_on(engine)


def test_threads_that_are_struck_while_idle_lose_no_job(engine: Engine) -> None:
    """An exception that arrives when the body is over ends its thread, and nothing else."""
    for _ in range(3):
        goes_on(engine)
        hands = list(engine.loop.runners["thread"]._hands)
        for hand in hands:
            strike(hand.thread.ident)
        goes_on(engine)


def test_a_loop_that_is_blocked_holds_up_no_other_run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on in another loop; what the blocked body answers in the end still counts."""
    monkeypatch.setattr(coroutine, "BLOCKED", 0.05)
    monkeypatch.setattr(coroutine, "REPLACED", 0.1)
    begun, go = threading.Event(), threading.Event()

    def blocks() -> None:
        begun.set()
        assert go.wait(LONG)

    run = engine.start(one(blocks, "async"))
    assert begun.wait(LONG)
    goes_on(engine)
    assert run.status == "running"
    go.set()
    assert run.result(LONG) == "done"


def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tools do that freeze time: by the names of all modules."""
    clocks = (time.time, time.monotonic, time.perf_counter)
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()):
            if any(value is clock for clock in clocks):
                monkeypatch.setattr(module, name, lambda: 1.6e9)


def greenlets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As libraries do that put greenlets in the place of threads: threads that start only when their starter lets them."""
    import _thread

    def lock() -> Any:
        return made()

    made, monkeyed = _thread.allocate_lock, lambda *_, **__: 0
    monkeypatch.setattr(_thread, "allocate_lock", lock)
    monkeypatch.setattr(_thread, "start_new_thread", monkeyed)
    monkeypatch.setattr(threading.Thread, "start", lambda _self: None)


def other_asyncio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes and functions of asyncio are others'."""
    for name in ("Task", "current_task", "set_event_loop", "SelectorEventLoop"):
        monkeypatch.setattr(asyncio, name, None)


@pytest.mark.parametrize("patch", [frozen, greenlets, other_asyncio])
def test_a_runtime_that_a_body_patches_goes_on_for_the_engine(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, patch: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """What the engine needs of clocks, threads and asyncio is what was there at import."""
    with monkeypatch.context() as patched:
        run = engine.start(one(lambda: patch(patched), "thread"))
        assert run._live.ended.result(LONG) is RunState.COMPLETED
        later = engine.start(ordinary)
        assert later._live.ended.result(LONG) is RunState.COMPLETED
    goes_on(engine)


PATCHED = (
    "json.dumps", "json.loads", "json.JSONEncoder", "pickle.dumps", "pickle.loads", "pickle.Unpickler", "copy.copy", "hmac.digest", "uuid.uuid4",
    "os.fsync", "os.replace", "os.urandom", "os.environ", "os.pipe", "socket.socket", "subprocess.Popen", "queue.SimpleQueue",
)  # fmt: skip


@dataclass
class Held:
    n: Any


def test_parts_of_python_that_a_body_replaces_are_the_engines_as_before(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later runs in all runners, with values of all forms, start, go on and complete."""

    @task
    def keeps(value: Any, _: Any) -> Any:
        return Held([value, (1, 2), "x" * 50_000])

    @flow
    def patched_flow() -> Any:
        kept = keeps(Held(1), "a")
        return [keeps.options(name=runner, runner=runner)(Held(kept), Held(2)) for runner in ("thread", "process")]

    engine.start(patched_flow).result(LONG)  # what is imported lazily is
    for place in PATCHED:
        with monkeypatch.context() as patched:
            assert engine.start(one(partial(patched.setattr, place, None), "thread")).wait(LONG) == "completed"
            assert engine.start(patched_flow)._live.ended.result(LONG) is RunState.COMPLETED, place


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_tracer_for_new_threads_that_raises_stops_none(engine: Engine) -> None:
    """Nor one that profiles; what begins threads for bodies of any runner begins them all the same."""

    @flow
    def everywhere() -> Any:
        pid = task(runner="process", name="there")(os.getpid)()
        return task(runner="thread", name="here")(lambda _: "here")(pid), in_loop(3)

    try:
        engine.start(one(lambda: threading.settrace(_no_more), "thread")).result(LONG)
        assert engine.start(everywhere).result(LONG) == ("here", 3)
        engine.start(one(lambda: threading.setprofile(_no_more), "thread")).result(LONG)
        assert engine.start(everywhere).result(LONG) == ("here", 3)
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
        threading.setprofile(None)


def test_a_runner_that_can_not_be_made_loses_its_bodies_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their nodes fail by name; the next run makes it."""

    def can_not() -> Any:
        raise LookupError("no processes today")

    with monkeypatch.context() as patched:
        patched.setitem(engine.loop.runners.later, "process", can_not)
        run = engine.start(one(lambda: None, "process"))
        assert run.wait(LONG) == "failed"
    assert "nothing could be started that would run this body: LookupError: no processes today" in str(run.error)
    assert engine.start(one(lambda: None, "process")).result(LONG) == "done"


@pytest.mark.parametrize("runner", ["thread", "async", "process"])
def test_where_the_system_gives_no_thread_the_body_is_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, runner: str
) -> None:
    """The run goes on, and completes once there is one."""
    engine.start(one(lambda: None, "inline")).result(LONG)
    refused = []

    def full(*work: Any) -> int:
        if len(refused) < 2:
            refused.append(True)
            raise RuntimeError("can't start new thread")
        return begin(*work)

    body, begin = one(lambda: None, runner), native._start
    monkeypatch.setattr(native, "_start", full)
    monkeypatch.setattr(native, "threading", SimpleNamespace(Thread=_no_more))
    run = engine.start(body)
    assert run.result(LONG) == "done"
    assert len(refused) == 2


def test_where_nothing_may_be_started_the_node_fails_and_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its budget of losses is used up; the engine goes on."""
    engine.start(one(lambda: None, "inline")).result(LONG)
    with monkeypatch.context() as full:
        for module in (thread, coroutine, process):
            full.setattr(module, "Thread", _no_more)
        for runner in ("thread", "async", "process"):
            run = engine.start(one(lambda: None, runner))
            assert run.wait(LONG) == "failed"
            assert "can't start new thread" in str(run.error)
    goes_on(engine)


def _no_more(*_: Any, **__: Any) -> Any:
    raise RuntimeError("can't start new thread")


def test_inline_bodies_run_in_the_engines_thread_alone(engine: Engine) -> None:
    """Also behind a body whose own thread does the engine's turn."""
    idents = []

    @task(runner="inline")
    def notes(x: int) -> int:
        idents.append(threading.get_ident())
        return x

    @flow
    def mixed() -> Any:
        value: Any = 0
        for _ in range(10):
            value = notes(in_loop(notes(in_thread(value))))
        return value

    assert engine.start(mixed).result(LONG) == 0
    assert engine.loop._thread is not None
    assert idents == [engine.loop._thread.ident] * 20
