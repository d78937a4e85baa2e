"""What every runner promises: one answer an attempt, notes before it, stop and hold as far as a body listens."""

from __future__ import annotations

import asyncio
import gc
import os
import runpy
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar, copy_context
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from stratix_tasks.core.answers import Answer
from stratix_tasks.core.ports import RUNNERS, Encoded
from stratix_tasks.errors import StoreError, StratixError
from stratix_tasks.runners.attempt import Attempt, Where
from stratix_tasks.runners.body import current
from stratix_tasks.runners.coroutine import AsyncRunner, InlineRunner
from stratix_tasks.runners.process import ProcessRunner
from stratix_tasks.runners.secrets import Masks
from stratix_tasks.runners.thread import ThreadRunner
from stratix_tasks.spec.secrets import Sealed, Secret, SecretText

LONG = 30.0
LANES = runpy.run_path(str(Path(__file__).parents[1] / "executors/sample_plugin/stratix_sample/lanes.py"))["Lanes"]
"""A runner that a plugin brings."""
SECRETS = {"API": "s3cr3t-value"}
DONE = {int(Answer.OK), int(Answer.FAIL), int(Answer.STOPPED), int(Answer.LOST)}


class Host:
    """A run that remembers what it is told, in order."""

    id = "r1"

    def __init__(self) -> None:
        self.objects, self.masks = Plain(), Masks()
        self.heard: list[Any] = []
        self.stacks: list[list[str]] = []
        """The functions on the stack of each hand-over."""
        self._news = threading.Condition()

    def answer(self, event: tuple[Any, ...], *, free: bool = False) -> None:
        stack, frame = [], sys._getframe(1)
        while free and frame is not None:
            stack.append(frame.f_code.co_name)
            frame = frame.f_back  # type: ignore[assignment]
        if free:
            self.stacks.append(stack)
        self._hear(event)

    def note(self, attempt: Attempt, kind: str, row: tuple[Any, ...]) -> None:
        self._hear((kind, *row[1:]))

    def secret(self, name: str) -> str:
        if name not in SECRETS:
            raise StratixError(f"there is no secret '{name}'", code="missing-secret")
        self.masks.learn(name, SECRETS[name])
        return SECRETS[name]

    def place(self, unit: int) -> Where:
        return Where(f"node{unit}", mapped=("x",), room=3)

    def _hear(self, what: Any) -> None:
        with self._news:
            self.heard.append(what)
            self._news.notify_all()

    def until(self, condition: Callable[[list[Any]], Any]) -> list[Any]:
        with self._news:
            assert self._news.wait_for(lambda: condition(self.heard), LONG), self.heard
            return list(self.heard)

    def answers(self, kinds: set[int] = DONE) -> list[Any]:
        return [one for one in self.heard if one[0] in kinds]

    def done(self, count: int = 1) -> list[Any]:
        self.until(lambda heard: len([one for one in heard if one[0] in DONE]) >= count)
        return self.answers()


class Plain:
    """As a store does: scalars stand for themselves."""

    def encode(self, value: Any, what: str = "the result", check: Any = None) -> Encoded:
        if check is not None:
            check(repr(value).encode())
        if isinstance(value, Unstorable):
            raise StoreError("an Unstorable can't be stored", code="not-storable")
        return Encoded("json", value)

    encode_apart = encode

    def decode(self, _codec: str, payload: Any, _frame: bytes | None) -> Any:
        return payload


class Unstorable:
    def __reduce__(self) -> Any:
        raise TypeError("no pickle of this")


class Given:
    """An argument."""


# ---------------------------------------------------------------------- bodies


def takes(given: Given) -> int:
    return 1


async def async_takes(given: Given) -> int:
    await asyncio.sleep(0)
    return 1


def double(x: int) -> int:
    return 2 * x


async def async_double(x: int) -> int:
    await asyncio.sleep(0)
    return 2 * x


def opens(parts: list[str]) -> list[Any]:
    return [parts[0], len(parts[1])]


async def async_opens(parts: list[str]) -> list[Any]:
    return opens(parts)


def refuses(who: str) -> None:
    raise LookupError(f"not {who}")


async def async_refuses(who: str) -> None:
    refuses(who)


def holds(token: str) -> dict[str, str]:
    return {"token": token}


async def async_holds(token: str) -> dict[str, str]:
    return holds(token)


def breaks(x: int) -> int:
    raise LookupError(f"no {x}")


async def async_breaks(x: int) -> int:
    raise LookupError(f"no {x}")


def hands_out(x: int) -> Any:
    return Unstorable()


async def async_hands_out(x: int) -> Any:
    return Unstorable()


def speaks(x: int) -> int:
    current().metric("m", 1)
    current().log.info("hello")
    current().progress(0.5, "half")
    return x


async def async_speaks(x: int) -> int:
    return speaks(x)


def spawns(x: int) -> int:
    current().spawn(x + 1)
    current().spawn(x + 2, key="two")
    return x


async def async_spawns(x: int) -> int:
    return spawns(x)


def touch(folder: str) -> None:
    Path(folder, "up1").touch()


def may_go(folder: str) -> bool:
    return Path(folder, "go").exists()


def listens(folder: str) -> None:
    """Until it is asked to stop."""
    touch(folder)
    while True:
        current().checkpoint()
        threading.Event().wait(0.01)


async def async_listens(folder: str) -> None:
    touch(folder)
    while True:
        await current().checkpoint()
        await asyncio.sleep(0.01)


def waits_for(folder: str) -> str:
    """At its checkpoints, until there is a file `go`."""
    touch(folder)
    while not may_go(folder):
        current().checkpoint()
        threading.Event().wait(0.01)
    return "went"


async def async_waits_for(folder: str) -> str:
    touch(folder)
    while not may_go(folder):
        await current().checkpoint()
        await asyncio.sleep(0.01)
    return "went"


# ---------------------------------------------------------------------- the runners


class Rig:
    """A runner with a loop in a thread, as an engine has it; calls go to that thread."""

    def __init__(self, name: str) -> None:
        self.name, self.is_async = name, name in ("async", "inline-async")
        self.host = Host()
        self.loop = asyncio.SelectorEventLoop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        make: dict[str, Callable[[], Any]] = {
            "thread": lambda: ThreadRunner(self.loop.call_later),
            "async": lambda: AsyncRunner(self.loop.call_later),
            "inline": lambda: InlineRunner(self.loop),
            "inline-async": lambda: InlineRunner(self.loop),
            "process": lambda: ProcessRunner(Plain()),
            "lanes": lambda: LANES(self.loop.call_later),
        }
        self.runner = make[name]()
        self.thread.start()

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (function(*args), done.set()))
        assert done.wait(LONG)

    def run(self, plain: Any, coroutine: Any, *args: Any, number: int = 1, unit: int = 0) -> Attempt:
        function = coroutine if self.is_async else plain
        attempt = Attempt(self.host, unit, number, function, args, {}, copy_context())
        self.call(self.runner.submit, [attempt])
        return attempt

    def close(self) -> None:
        self.call(self.runner.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(LONG)
        self.loop.close()


def came(path: Path) -> None:
    end = monotonic() + LONG
    while not path.exists():
        assert monotonic() < end, f"{path} never came"
        threading.Event().wait(0.005)


@pytest.fixture(params=["thread", "async", "inline", "inline-async", "process", "lanes"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(request.param)
    yield made
    made.close()


@pytest.fixture(params=["thread", "async", "inline-async", "process", "lanes"])
def free(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Runners whose bodies run beside the engine's thread or give it turns."""
    made = Rig(request.param)
    yield made
    made.close()


def test_each_attempt_is_answered_once(rig: Rig) -> None:
    """Six attempts: six OK, each with its own unit and value."""
    for unit in range(6):
        rig.run(double, async_double, unit, unit=unit)
    answers = rig.host.done(6)
    assert sorted((one[0], one[1], one[4]) for one in answers) == [(0, unit, 2 * unit) for unit in range(6)]


def test_what_a_body_was_given_goes_with_it(rig: Rig) -> None:
    """At once, not when the collector comes: it may be large."""
    gone = threading.Event()
    gc.disable()
    try:
        given = Given()
        weakref.finalize(given, gone.set)
        rig.run(takes, async_takes, given)
        del given
        rig.host.done()
        assert gone.wait(LONG)
    finally:
        gc.enable()


def test_what_a_body_spawns_comes_ahead_of_its_end(rig: Rig) -> None:
    """By number or by its key, with its value as data: so a map does not end before the item is counted."""
    rig.run(spawns, async_spawns, 5)
    rig.host.done()
    told = [one for one in rig.host.heard if type(one[0]) is int]
    assert [one[:3] for one in told] == [(int(Answer.SPAWN), 0, 1), (int(Answer.SPAWN), 0, 1), (int(Answer.OK), 0, 1)]
    assert [(one[4], one[5]["x"]["payload"]) for one in told[:2]] == [(0, 6), ("two", 7)]


def test_an_error_comes_as_data_and_as_itself(rig: Rig) -> None:
    """Type, message, bases and the body's own traceback; the exception too."""
    rig.run(breaks, async_breaks, 7)
    (answer,) = rig.host.done()
    assert answer[:3] == (int(Answer.FAIL), 0, 1)
    error, itself = answer[4:6]
    assert (error["type"], error["message"]) == ("LookupError", "no 7")
    assert "Exception" in error["bases"] and "breaks" in error["traceback"]
    assert "stratix_tasks/runners" not in error["traceback"]
    assert type(itself) is LookupError


def test_a_result_that_cannot_be_stored_is_a_failure(rig: Rig) -> None:
    """Code `not-storable`, and final: no retry helps."""
    rig.run(hands_out, async_hands_out, 1)
    (answer,) = rig.host.done()
    assert answer[0] == int(Answer.FAIL)
    assert (answer[4]["code"], answer[4]["final"]) == ("not-storable", True)


def test_a_secret_is_opened_for_the_body_and_masked_behind_it(rig: Rig) -> None:
    """Within an argument, too; its value is no part of an error, nor of the exception beside it, and what holds it is refused."""
    rig.run(opens, async_opens, Sealed(["yes", Secret("API")]))
    rig.run(refuses, async_refuses, SecretText(("by ", Secret("API"))), unit=1)
    rig.run(holds, async_holds, Secret("API"), unit=2)
    opened, refused, held = sorted(rig.host.done(3), key=lambda one: one[1])
    assert (opened[0], opened[6]) == (int(Answer.OK), ["yes", len(SECRETS["API"])])
    assert refused[4]["message"] == "not by [secret API]" and refused[5] is None
    assert (held[4]["code"], held[4]["final"]) == ("secret-in-result", True)
    assert SECRETS["API"] not in repr((refused, held))


def test_a_secret_that_is_not_there_is_a_failure(rig: Rig) -> None:
    """By its name; another attempt may find it."""
    rig.run(opens, async_opens, Secret("GONE"))
    (answer,) = rig.host.done()
    assert (answer[0], answer[4]["code"]) == (int(Answer.FAIL), "missing-secret")
    assert "final" not in answer[4]


def test_notes_come_before_the_answer(rig: Rig) -> None:
    """Metric, log and progress of a body are all there when it is answered for."""
    rig.run(speaks, async_speaks, 1)
    rig.host.done()
    assert {one[0] for one in rig.host.heard[:-1]} == {"metric", "log", "progress"}
    assert ("log", "info", "hello") in rig.host.heard
    assert rig.host.heard[-1][0] == int(Answer.OK)


def test_a_body_that_listens_is_stopped(free: Rig, tmp_path: Path) -> None:
    """STOPPED, once."""
    attempt = free.run(listens, async_listens, str(tmp_path))
    came(tmp_path / "up1")
    free.call(free.runner.stop, attempt)
    assert [one[:3] for one in free.host.done()] == [(int(Answer.STOPPED), 0, 1)]


def test_a_stop_of_what_is_over_changes_nothing(rig: Rig) -> None:
    """No second answer; the next attempt is not touched."""
    first = rig.run(double, async_double, 1)
    rig.host.done()
    rig.call(rig.runner.stop, first)
    rig.run(double, async_double, 2, number=2)
    assert [one[0] for one in rig.host.done(2)] == [0, 0]


def test_a_held_body_waits_and_goes_on(free: Rig, tmp_path: Path) -> None:
    """SUSPENDED, and no end though it could; after the release it ends as if nothing had been."""
    attempt = free.run(waits_for, async_waits_for, str(tmp_path))
    came(tmp_path / "up1")
    free.call(free.runner.hold, attempt)
    free.host.until(lambda heard: any(one[0] == int(Answer.SUSPENDED) for one in heard))
    (tmp_path / "go").touch()
    assert free.host.answers() == []
    free.call(free.runner.release, attempt)
    assert [one[4] for one in free.host.done()] == ["went"]


def test_a_held_body_can_be_stopped(free: Rig, tmp_path: Path) -> None:
    """STOPPED, without a release."""
    attempt = free.run(listens, async_listens, str(tmp_path))
    came(tmp_path / "up1")
    free.call(free.runner.hold, attempt)
    free.host.until(lambda heard: any(one[0] == int(Answer.SUSPENDED) for one in heard))
    free.call(free.runner.stop, attempt)
    assert [one[0] for one in free.host.done()] == [int(Answer.STOPPED)]


def deaf(folder: str) -> None:
    """To all that it is asked, until there is a file `go`."""
    touch(folder)
    while not may_go(folder):
        threading.Event().wait(0.01)


async def async_deaf(folder: str) -> None:
    deaf(folder)


def test_a_runner_does_what_its_traits_say(rig: Rig, tmp_path: Path) -> None:
    """It takes the functions that it tells; one that does not listen is suspended and killed just where that is told."""
    traits = {**RUNNERS, "lanes": LANES.traits}[rig.name.partition("-")[0]]
    assert ("async def" if rig.is_async else "def") in traits.bodies
    assert hasattr(rig.runner, "kill") == traits.killable
    if not traits.killable:
        (tmp_path / "go").touch()
    attempt = rig.run(deaf, async_deaf, str(tmp_path))
    if traits.suspendable:
        came(tmp_path / "up1")
        rig.call(rig.runner.hold, attempt)
        rig.host.until(lambda heard: any(one[0] == int(Answer.SUSPENDED) for one in heard))
    if traits.killable:
        rig.call(rig.runner.kill, attempt)
    assert [one[0] for one in rig.host.done()] == [int(Answer.STOPPED if traits.killable else Answer.OK)]


def test_no_code_of_a_body_stands_where_its_answer_is_handed_over(rig: Rig) -> None:
    """What follows from the answer may be done right there: nothing of the body's may be around it."""
    for unit in range(3):
        rig.run(double, async_double, unit, unit=unit)
        rig.host.done(unit + 1)
    for stack in rig.host.stacks:
        assert not {"double", "async_double"} & set(stack), stack


def leaves(x: int) -> None:
    raise EXITS[x]


async def async_leaves(x: int) -> None:
    raise EXITS[x]


EXITS = [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), MemoryError()]


def test_a_body_that_leaves_by_any_exception_is_answered(rig: Rig) -> None:
    """FAIL for each, by its name; the body after them is run."""
    for unit in range(len(EXITS)):
        rig.run(leaves, async_leaves, unit, unit=unit)
        rig.host.done(unit + 1)
    rig.run(double, async_double, 4, unit=9)
    *failed, last = rig.host.done(len(EXITS) + 1)
    assert [(one[0], one[4]["type"]) for one in failed] == [(int(Answer.FAIL), type(one).__name__) for one in EXITS]
    assert (last[0], last[4]) == (int(Answer.OK), 8)


# ---------------------------------------------------------------------- carriers


async def awaits_what_breaks() -> None:
    await asyncio.gather(async_breaks(7))


@pytest.fixture(params=["async", "inline-async"])
def carried(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Runners of coroutines."""
    made = Rig(request.param)
    yield made
    made.close()


def together(rig: Rig, *bodies: Callable[[], Any]) -> list[Any]:
    """Submit bodies in one go; their values, in the order in which they are answered."""
    attempts = [Attempt(rig.host, unit, 1, body, (), {}, copy_context()) for unit, body in enumerate(bodies)]
    rig.call(rig.runner.submit, attempts)
    return [one[4] for one in rig.host.done(len(bodies))]


WORD: ContextVar[str] = ContextVar("word", default="none")


async def sets_word() -> str:
    before = WORD.get()
    WORD.set("set")
    return before


async def sees_itself() -> bool:
    """In a Task, as any coroutine."""
    return asyncio.current_task() is not None


async def takes_its_time() -> str:
    async with asyncio.timeout(LONG):
        await asyncio.sleep(0)
    return "later"


def test_bodies_of_one_carrier_share_no_context(carried: Rig) -> None:
    """Each runs in a context of its own, whether it waits or not."""
    bodies = sets_word, takes_its_time, sets_word, sees_itself
    assert together(carried, *bodies) == ["none", "none", True, "later"]


def test_an_error_that_a_body_awaited_is_told_as_it_came(carried: Rig) -> None:
    """By the frames of the body and of what it awaited, and none of ours."""
    carried.run(None, awaits_what_breaks)
    (answer,) = carried.host.done()
    told = answer[4]["traceback"]
    assert "in awaits_what_breaks" in told and "in async_breaks" in told
    assert "stratix_tasks/runners" not in told


def test_a_body_that_keeps_its_task_has_it_alone(carried: Rig) -> None:
    """What it does to it later meets no other body."""
    kept: list[asyncio.Task[Any]] = []

    async def keeps() -> str:
        task = asyncio.current_task()
        assert task is not None
        kept.append(task)
        return "kept"

    async def cancels_the_kept() -> str:
        kept[0].cancel()
        await asyncio.sleep(0)
        return "untouched"

    assert together(carried, keeps, cancels_the_kept) == ["kept", "untouched"]


async def cancels_itself() -> None:
    asyncio.current_task().cancel()  # type: ignore[union-attr]
    await asyncio.sleep(0)


def test_a_body_that_is_cancelled_by_somebody_else_fails(carried: Rig) -> None:
    """It was not asked to stop: so it says what happened, and the body after it runs."""
    failed, value = together(carried, cancels_itself, takes_its_time)
    assert (failed["type"], failed["message"]) == ("CancelledError", "the body's task was cancelled")
    assert value == "later"


def test_a_body_that_cancels_its_own_task_cancels_no_other(carried: Rig) -> None:
    """Its value counts, since it did not wait any more; the body after it waits as it likes."""

    async def cancels() -> str:
        asyncio.current_task().cancel()  # type: ignore[union-attr]
        return "cancelled"

    assert together(carried, cancels, takes_its_time) == ["cancelled", "later"]


def test_a_closed_runner_leaves_no_process(tmp_path: Path) -> None:
    """`close()` ends workers with and without a body, and answers for none of them."""
    rig = Rig("process")
    rig.run(listens, async_listens, str(tmp_path))
    came(tmp_path / "up1")
    pids = [worker._process.pid for worker in rig.runner._workers]
    rig.close()
    assert rig.host.answers() == []
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            raise AssertionError(f"{pid} lives")
