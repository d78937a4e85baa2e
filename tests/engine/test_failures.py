"""What becomes of a run whose bodies fail, take too long, or are more than there are places for."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from small_bodies import LONG, Calls, add, states

from stratix_tasks import (
    Engine,
    TaskFailed,
    always,
    each,
    failed,
    first_of,
    flow,
    history,
    task,
)
from stratix_tasks.session.display import run_source

# ---------------------------------------------------------------------- failure


def test_a_body_that_raises_fails_the_run(engine: Engine) -> None:
    """TaskFailed names node and attempt, holds the body's own error and its traceback; what needs it is upstream_failed."""

    @task
    def divide(a: int, b: int) -> Any:
        return a / b

    @flow
    def broken() -> float:
        return add(divide.options(name="ratio")(1, 0))

    run = engine.start(broken)
    with pytest.raises(TaskFailed) as caught:
        run.result(LONG)
    error = caught.value
    assert (error.node, error.attempt, error.error_type, error.run) == ("ratio", 1, "ZeroDivisionError", run.id)
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert "return a / b" in error.traceback
    assert states(run) == {"ratio": "failed", "add": "upstream_failed"}
    assert (run.status, run.error) == ("failed", error)


def test_the_error_of_a_run_is_what_it_failed_by_and_none_while_it_goes_on(engine: Engine) -> None:
    """Not a failure before it that was handled, neither for who waits nor at the run's end; tried again it has none."""
    release = threading.Event()

    @task
    def rates() -> int:
        raise ConnectionError("no such host")

    @task
    def spare(why: str) -> int:
        return 2

    @task
    def enrich(factor: int = 0) -> float:
        if factor:
            release.wait(LONG)
        return 1 / factor

    @task
    def publish(rate: int, factor: float) -> float:
        return rate * factor

    @task
    def tell(error: Any) -> Any:
        return error and error["node"]

    @flow
    def daily_rates() -> Any:
        rate = rates()
        with failed(rate) as error:
            other = spare(error.message)
        out = publish(first_of(rate, other), enrich.options(after=[other])())
        with always() as scope:
            tell(scope.error)
        return out

    run = engine.start(daily_rates)
    with pytest.raises(TaskFailed) as caught:
        run.result(LONG)
    assert (caught.value.node, run.output("tell")) == ("enrich", "enrich")
    assert run.why("publish") == "'publish' can't run: 'enrich' did not complete."
    run.set("enrich", args={"factor": 4})
    run.retry("enrich")
    assert (run.status, run.error) == ("running", None)
    release.set()
    assert run.result(LONG) == 0.5


def test_other_branches_run_to_the_end(engine: Engine) -> None:
    """By default a failure does not stop what does not need it; `on_failure="stop"` does."""
    release = threading.Event()

    @task
    def boom() -> int:
        raise ValueError("no")

    @task
    def patient() -> int:
        release.wait(LONG)
        return 1

    def body() -> Any:
        return boom(), add(patient())

    run = engine.start(flow(name="finishes")(body))
    while states(run)["boom"] != "failed":
        run.wait(0.01)
    release.set()
    run.wait(LONG)
    assert states(run)["add"] == "completed"
    release.clear()
    stopped = engine.start(flow(name="stops", on_failure="stop")(body))
    while states(stopped)["boom"] != "failed":
        stopped.wait(0.01)
    release.set()
    stopped.wait(LONG)
    assert (stopped.status, states(stopped)["add"]) == ("failed", "cancelled")


def test_retry_tries_again_with_backoff(engine: Engine) -> None:
    """`retry=2` is three attempts; each wait is within the backoff; the attempts are on record."""

    @task(retry={"max": 2, "delay": 0.01, "jitter": "none"})
    def flaky() -> int:
        Calls.made.append(time.monotonic())
        if len(Calls.made) < 3:
            raise OSError("not yet")
        return len(Calls.made)

    @flow
    def tries() -> int:
        return flaky()

    run = engine.start(tries)
    assert run.result(LONG) == 3
    assert [b - a >= w for a, b, w in zip(Calls.made, Calls.made[1:], (0.01, 0.02), strict=False)] == [True, True]
    attempts = history(engine.store.path).attempts(run.id)
    assert list(attempts["state"]) == ["failed", "failed", "completed"]


def test_retry_only_on_named_errors(engine: Engine) -> None:
    """An error of another class is not tried again."""

    @task(retry={"max": 5, "on": [OSError]})
    def wrong() -> int:
        Calls.made.append(1)
        raise KeyError("k")

    @flow
    def once() -> int:
        return wrong()

    with pytest.raises(TaskFailed):
        engine.start(once).result(LONG)
    assert len(Calls.made) == 1


def test_a_result_that_cannot_be_stored_fails_its_node(engine: Engine) -> None:
    """Code `not-storable`, naming the type and what to return instead; nothing else is lost."""

    @task
    def opens() -> Any:
        return threading.Lock()

    @flow
    def unstorable() -> Any:
        return add(1), opens()

    run = engine.start(unstorable)
    with pytest.raises(TaskFailed, match="lock") as caught:
        run.result(LONG)
    assert caught.value.code == "not-storable"
    assert run.output("add") == 2


def test_a_body_that_exits_only_fails_its_node(engine: Engine) -> None:
    """`sys.exit` in a body does not end the kernel."""

    @task
    def leaves() -> None:
        raise SystemExit(3)

    @flow
    def exits() -> None:
        return leaves()

    with pytest.raises(TaskFailed, match="SystemExit"):
        engine.start(exits).result(LONG)


# ---------------------------------------------------------------------- time-outs and limits


def test_an_error_without_text_is_told_by_its_class(engine: Engine) -> None:
    """By whoever tells of it: the one that is raised, the reason, rows, history, the cards and the items."""

    @task
    def fails(x: int) -> int:
        raise NotImplementedError

    @flow
    def silent() -> list[int]:
        return fails.map(each([1]))

    run = engine.start(silent)
    with pytest.raises(TaskFailed, match="attempt 1: NotImplementedError\n"):
        run.result(LONG)
    assert run.why("fails[0]") == "'fails[0]' failed: NotImplementedError."
    rows = history(engine.store.path).sql("select error from tasks where error is not null")
    assert set(rows["error"]) == {"NotImplementedError"}
    assert "NotImplementedError" in run_source(run).items("fails", 0, 1)["rows"][0]


def test_attempt_timeout_stops_the_body_and_is_tried_again(engine: Engine) -> None:
    """Each attempt has its own limit; a body that stops at a checkpoint is free at once."""

    @task(timeout=0.05, retry={"max": 99, "delay": 0.01, "jitter": "none", "backoff": 1})
    async def slow() -> int:
        Calls.made.append(1)
        await asyncio.sleep(LONG if len(Calls.made) == 1 else 0)
        return len(Calls.made)

    @flow
    def timed() -> int:
        return slow()

    assert engine.start(timed).result(LONG) >= 2  # on a machine that stands still for a while a later one is in time


def test_total_timeout_ends_all_attempts(engine: Engine) -> None:
    """`total` counts over attempts; the error names the limit."""

    @task(timeout={"total": 0.1}, retry={"max": 99, "delay": 0.02, "jitter": "none", "backoff": 1})
    def fails() -> None:
        raise OSError("again")

    @flow
    def limited() -> None:
        return fails()

    with pytest.raises(TaskFailed, match=r"total limit of 0\.1 s"):
        engine.start(limited).result(LONG)


def test_queued_timeout_ends_what_waits_for_a_slot(tmp_path: Any) -> None:
    """A node that gets no slot in time fails; the one that has it completes."""
    release = threading.Event()

    @task
    def holds() -> int:
        release.wait(LONG)
        return 1

    @task(timeout={"queued": 0.05})
    def waits() -> int:
        return 2

    @flow
    def crowded() -> Any:
        return holds(), waits()

    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = engine.start(crowded)
        while states(run)["waits"] != "failed":
            run.wait(0.01)
        release.set()
        with pytest.raises(TaskFailed, match="queued limit"):
            run.result(LONG)
        assert states(run)["holds"] == "completed"


def test_flow_timeout_fails_the_run(engine: Engine) -> None:
    """The run fails with reason `timeout`; bodies are asked to stop."""

    @task
    async def forever() -> None:
        await asyncio.sleep(LONG)

    @flow(timeout=0.1)
    def limited() -> None:
        return forever()

    run = engine.start(limited)
    assert run.wait(LONG) == "failed"
    assert run.reason == "timeout"


@task
async def busy(x: int) -> int:
    with Calls.lock:
        Calls.active += 1
        Calls.most = max(Calls.most, Calls.active)
    await asyncio.sleep(0.01)
    with Calls.lock:
        Calls.active -= 1
    return x


@pytest.mark.parametrize("limit", ["engine", "flow", "pool", "map"])
def test_no_more_bodies_than_each_limit_allows(tmp_path: Any, limit: str) -> None:
    """Engine concurrency, the flow's, a pool and a map's `max` each hold; all items complete."""
    limited = busy.options(**{"pool": {"pool": "api"}, "map": {"max": 3}}.get(limit, {}))

    def body() -> Any:
        return limited.map(each(list(range(20))))

    options: dict[str, Any] = {"flow": {"concurrency": 3}, "pool": {"pools": {"api": 3}}}.get(limit, {})
    with Engine(tmp_path / "store", concurrency=3 if limit == "engine" else 32) as engine:
        assert engine.start(flow(name="limited", **options)(body)).result(LONG) == list(range(20))
    assert Calls.most == 3


def test_pools_of_the_engine_are_shared_by_runs(tmp_path: Any) -> None:
    """Two runs together never take more places of an engine's pool than it has."""
    limited = busy.options(pool="db")

    @flow
    def shares() -> Any:
        return limited.map(each(list(range(10))))

    with Engine(tmp_path / "store", pools={"db": 2}) as engine:
        runs = [engine.start(shares) for _ in range(3)]
        assert [run.result(LONG) for run in runs] == [list(range(10))] * 3
    assert Calls.most == 2


def test_priority_decides_who_starts_first(tmp_path: Any) -> None:
    """With one slot, what is more urgent starts before what is ready longer."""

    @task
    def mark(name: str, before: Any = None) -> str:
        Calls.made.append(name)
        return name

    @flow
    def urgent() -> Any:
        begin = mark.options(name="begin")("begin")
        low = [mark.options(name=f"low{n}")(f"low{n}", begin) for n in range(3)]
        return low, mark.options(name="high", priority=5)("high", begin)

    with Engine(tmp_path / "store", concurrency=1) as engine:
        engine.start(urgent).result(LONG)
    assert Calls.made == ["begin", "high", "low0", "low1", "low2"]


def test_a_long_message_leaves_room_for_the_frames(engine: Engine) -> None:
    """Of a text of 80 KB, in an error and in its cause, the two ends are told; where it was raised is told as well."""

    def query(sql: str) -> None:
        raise ValueError(f"begins {sql} ends")

    def ask(sql: str) -> None:
        try:
            query(sql)
        except ValueError as error:
            raise LookupError(sql) from error

    @task
    def loads() -> None:
        ask("x, " * 27_000)

    @task
    def notes() -> None:
        error = ValueError("short")
        error.__notes__ = ["y" * 80_000, "the last note"]
        raise error

    @task
    def falls(n: int = 0) -> None:
        (rises if n < 300 else query)(n + 1)  # type: ignore[operator,arg-type]

    def rises(n: int) -> None:
        falls.fn(n)

    for body, named, message in (
        (loads, ("in loads", "in ask", "in query", "begins x, x", "x,  ends"), "x, x"),
        (notes, ("in notes", "ValueError: short", "the last note"), "short"),
        (falls, ("in falls", "in rises", "in query", "ValueError"), "begins 301 ends"),
    ):

        @flow
        def one() -> Any:
            return body()  # noqa: B023 - traced at once

        run = engine.start(one)
        assert run.wait(LONG) == "failed"
        assert isinstance(run.error, TaskFailed)
        assert message in str(run.error)
        assert len(str(run.error)) < 6_000
        assert all(part in run.error.traceback for part in named), run.error.traceback
        assert len(run.error.traceback) <= 16_000
