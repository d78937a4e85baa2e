"""Runs of another process: they are looked at and asked as if they were run here."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from other_kernel import LONG, Owner, states, until

from stratix_tasks import Engine
from stratix_tasks.errors import InputError, StratixError, TaskFailed, TransitionError
from stratix_tasks.session.display import run_source


def test_the_run_is_paused_resumed_and_cancelled(owner: Callable[..., Owner], here: Engine) -> None:
    """Each is recorded by its owner when the call returns, so that both see it."""
    other = owner("chain")
    run = here.run(other.run)
    run.pause()
    assert run.status in ("pausing", "paused")
    until(lambda: run.status == "paused", "it is paused")
    assert other.ask("status") == "paused"
    run.resume()
    assert (run.status, other.ask("status")) == ("running", "running")
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    assert other.ask("wait") == "cancelled"


def test_a_request_is_recorded_when_its_call_returns(owner: Callable[..., Owner], here: Engine) -> None:
    """So that who asks looks at what has become of it; how soon that is `benchmarks/requests.py` tells."""
    other = owner("chain")
    run = here.run(other.run)
    run.pause("third")
    assert states(run)["third"] == "held"


def test_nodes_and_items_are_asked(owner: Callable[..., Owner], here: Engine) -> None:
    """Pause, resume, skip with a value, and cancel, of a node and of an item."""
    other = owner("many")
    run = here.run(other.run)
    until(lambda: len(other.started()) == 2, "two items run")
    run.pause("one[5]")
    run.skip("one[4]", value=400)
    run.cancel("one[3]")
    other.opens("items")
    until(lambda: "one[2] 1" in other.started(), "the next item runs")
    run.resume("one[5]")
    run.skip("one[3]", value=-3)
    assert run.result(LONG) == [0, 1, 2, -3, 400, 5]
    assert other.ask("result") == str([0, 1, 2, -3, 400, 5])


def test_arguments_breakpoints_and_rollback(owner: Callable[..., Owner], here: Engine) -> None:
    """A node is stopped at, its argument changed; the run is set back, and runs again from there."""
    other = owner("chain")
    run = here.run(other.run)
    run.breakpoint("third")
    other.opens("first", "second")
    until(lambda: states(run)["third"] == "held", "it stops at the breakpoint")
    run.set("third", args={"x": 5})
    run.resume("third")
    other.opens("third")
    assert run.result(LONG) == 50
    run.rollback("first")
    assert run.status == "paused"
    assert states(run) == {"first": "completed", "second": "ready", "third": "pending"}
    run.breakpoint("third", on=False)
    run.resume()
    assert run.result(LONG) in (20, 50)
    assert other.ask("wait") == "completed"


def test_a_run_that_failed_is_retried_by_its_owner(owner: Callable[..., Owner], here: Engine) -> None:
    """The kernel that has its functions goes on with it, as long as it lives."""
    other = owner("failing")
    run = here.run(other.run)
    with pytest.raises(TaskFailed, match="not yet"):
        run.result(LONG)
    other.opens("mended")
    run.retry()
    assert run.result(LONG) == 7
    assert other.ask("result") == "7"
    assert here.store.catalog.run(run.id).owner == other.engine  # type: ignore[union-attr]


def test_a_refusal_is_the_owners_own(owner: Callable[..., Owner], here: Engine) -> None:
    """Class, code, text and story are those that its own process gives."""
    other = owner("failing")
    run = here.run(other.run)
    run.wait(LONG)
    with pytest.raises(TransitionError, match="can't pause the run: it is failed") as refused:
        run.pause()
    assert refused.value.code == "illegal-transition"
    with pytest.raises(TransitionError, match="Allowed now") as refused:
        run.pause("breaks")
    assert any("attempt 1 failed, ValueError: not yet" in line for line in refused.value.story)
    with pytest.raises(InputError, match="Did you mean 'breaks'") as unknown:
        run.retry("breakz")
    assert unknown.value.code == "unknown-node"


def test_a_view_shows_what_the_other_does(owner: Callable[..., Owner], here: Engine) -> None:
    """Results, logs, outputs, why, await, and a widget's source, which is told of changes and can ask."""
    other = owner("chain")
    run = here.run(other.run)
    source = run_source(run)
    changed: set[int] = set()
    release = source.watch(lambda nodes: changed.update(nodes))
    other.opens("first")
    until(lambda: 0 in changed, "the view is told")
    assert dict(source.records(None))[0][0] == 8
    source.request("pause", "third", {}).result(LONG)
    until(lambda: states(run)["third"] == "held", "the view's request")
    assert "paused" in run.why("third")
    source.request("resume", "third", {}).result(LONG)
    release()
    assert run.output("first") == 1
    with pytest.raises(StratixError, match="no output"):
        run.output("third")
    until(lambda: run.logs("first") == ["first is done"], "its log")
    other.opens("second", "third")

    async def waits() -> Any:
        return await run

    assert asyncio.run(waits()) == 20
    assert here.recover() == []


def test_a_fork_of_what_can_not_run_here_is_refused(owner: Callable[..., Owner], here: Engine) -> None:
    """A fork is run by who asks for it: without the functions it is refused, and no run is made that could only fail."""
    other = owner("chain")
    run = here.run(other.run)
    with pytest.raises(InputError, match=r"needs .*:first, .*not defined here") as caught:
        run.fork()
    assert caught.value.code == "missing-function"
    assert [row.id for row in here.runs()] == [other.run]


def test_what_its_owner_left_is_taken_over_by_asking(owner: Callable[..., Owner], here: Engine) -> None:
    """A killed kernel's run is interrupted; to cancel it nothing is started, and no function is needed."""
    other = owner("chain")
    run = here.run(other.run)
    until(lambda: other.started() == ["first 1"], "it runs")
    other.child.kill()
    other.child.wait()
    assert run.status == "interrupted"
    with pytest.raises(StratixError, match="not defined here") as missing:
        run.skip("third")
    assert missing.value.code == "missing-function"
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    assert other.started() == ["first 1"]


def test_one_key_is_one_run_over_processes(owner: Callable[..., Owner], here: Engine) -> None:
    """Of two processes that start with the same key one makes the run and the other looks at it; also when it failed."""
    one, two = owner("failing", "k"), owner("failing", "k")
    assert one.run == two.run
    assert [one.ask("wait"), two.ask("wait")] == ["failed", "failed"]
    assert one.started() == ["breaks 1"]
    third = owner("failing", "k")
    assert third.run == one.run
    assert third.ask("wait") == "failed"
    assert one.started() == ["breaks 1"]
    assert [run.id for run in here.runs()] == [one.run]


def test_an_idle_engine_costs_next_to_nothing(here: Engine) -> None:
    """Looking for requests takes a small part of a percent of a processor."""
    assert here.loop.lives == {}
    before = time.process_time()
    subprocess.run([sys.executable, "-c", "import time; time.sleep(1)"], check=True)
    assert time.process_time() - before < 0.1
