"""What happens when the engine itself fails: nobody waits in vain, and the run goes on by `recover()`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from stratix_tasks import Engine, StratixError, flow, task
from stratix_tasks.core.decide import requests
from stratix_tasks.engine.breaking import break_off
from stratix_tasks.errors import StoreError
from stratix_tasks.runs import recover as takeover

LONG = 30.0
pytestmark = pytest.mark.filterwarnings("ignore:run .* is interrupted by an error of the engine")


class Gate:
    """Bodies that wait until they are let go; each start is counted. Set anew before each test."""

    open = threading.Event()
    starts: list[str] = []


@pytest.fixture(autouse=True)
def gate() -> None:
    Gate.open, Gate.starts = threading.Event(), []


@task
def first() -> int:
    Gate.starts.append("first")
    return 1


@task
def waits(x: int) -> int:
    Gate.starts.append("waits")
    Gate.open.wait(LONG)
    return x + 1


@task
def last(x: int) -> int:
    Gate.starts.append("last")
    return x + 1


@flow
def three() -> int:
    return last(waits(first()))


def once(calls: Callable[..., Any], when: Callable[..., bool]) -> Callable[..., Any]:
    """`calls`, but at the first call for which `when` says so it raises."""
    armed = [True]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if armed[0] and when(*args, **kwargs):
            armed[0] = False
            raise RuntimeError("out of the blue")
        return calls(*args, **kwargs)

    return wrapped


def is_about(name: str) -> Callable[..., bool]:
    return lambda attempts: any(attempt.function.__name__ == name for attempt in attempts)


def break_dispatch(engine: Engine, name: str) -> None:
    runner = engine.loop.runners["thread"]
    runner.submit = once(runner.submit, is_about(name))


def test_who_waits_is_told_and_recover_goes_on(engine: Engine) -> None:
    """An error inside the engine ends the waiting with a StratixError; the run is interrupted, recover() completes it."""
    break_dispatch(engine, "last")
    Gate.open.set()
    run = engine.start(three)
    with pytest.raises(StratixError, match=r"RuntimeError: out of the blue.*recover\(\)") as caught:
        run.result(LONG)
    assert caught.value.code == "interrupted"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert (run.status, run.error) == ("interrupted", caught.value)
    again = engine.recover()
    assert [one.id for one in again] == [run.id]
    assert again[0].result(LONG) == 3
    assert Gate.starts == ["first", "waits", "last"]
    assert (run.status, run.result(LONG)) == ("completed", 3)


def test_a_request_takes_a_broken_run_up_again(engine: Engine) -> None:
    """Asking something of a run that was broken off goes on with it."""
    break_dispatch(engine, "waits")
    run = engine.start(three)
    assert run.wait(LONG) == "interrupted"
    run.cancel()
    Gate.open.set()
    assert run.wait(LONG) == "cancelled"


def test_other_runs_go_on(tmp_path: Any) -> None:
    """One run that is broken off costs no other its turn, and gives its places back, also those of bodies that still run."""
    with Engine(tmp_path / "store", concurrency=1) as engine:
        broken, other = engine.start(three), engine.start(three)
        live = broken._live
        while "waits" not in Gate.starts:
            assert not broken._live.ended.done()
        engine.loop.call(break_off, live, RuntimeError("out of the blue")).result(LONG)
        assert broken.status == "interrupted"
        assert engine.loop.places.engine.free == 0  # its body still runs
        Gate.open.set()
        assert other.result(LONG) == 3
        assert engine.recover()[0].result(LONG) == 3
        assert engine.loop.places.engine.free == 1


def test_an_error_in_the_journal_breaks_off(engine: Engine) -> None:
    """An error of the journal that is none of the disk's is no reason to wait for ever."""
    commit = engine.loop.journal.commit
    told = once(commit, lambda _run, seq, *_args: seq > 2)
    engine.loop.journal.commit = told  # type: ignore[method-assign]
    Gate.open.set()
    run = engine.start(three)
    assert run.wait(LONG) == "interrupted"
    assert engine.recover()[0].result(LONG) == 3


def test_an_answer_that_is_not_taken_breaks_off(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a body's answer can't be handed over, also not the second time, the run is interrupted; its thread lives on."""
    for way in ("hand_over", "post"):
        monkeypatch.setattr(engine.loop, way, once(getattr(engine.loop, way), lambda _live, event: event[0] == 0))
    Gate.open.set()
    run = engine.start(three)
    assert run.wait(LONG) == "interrupted"
    assert engine.recover()[0].result(LONG) == 3


def test_a_request_that_breaks_the_engine_says_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who asked gets the error, as do those who wait."""
    run = engine.start(three)
    monkeypatch.setattr(requests, "request", once(requests.request, lambda *_a, **_k: True))
    with pytest.raises(StratixError, match="out of the blue"):
        run.pause()
    assert run.wait(LONG) == "interrupted"
    Gate.open.set()
    assert engine.recover()[0].result(LONG) == 3


def test_a_view_that_fails_is_left_out(engine: Engine) -> None:
    """A watcher that raises harms no run and is not asked again."""
    seen: list[set[int]] = []

    def fails(_live: Any, changed: set[int]) -> None:
        seen.append(changed)
        raise RuntimeError("no view")

    with pytest.warns(UserWarning, match="is left out: RuntimeError: no view"):
        run = engine.start(three)
        engine.loop.call(run._live.watchers.append, fails).result(LONG)
        Gate.open.set()
        assert run.result(LONG) == 3
    assert len(seen) == 1


def test_a_claim_that_fails_half_way_can_be_made_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """When taking up a claimed run fails, the next recover() goes on with it."""
    break_dispatch(engine, "last")
    Gate.open.set()
    run = engine.start(three)
    assert run.wait(LONG) == "interrupted"
    resume = engine.loop.resume
    monkeypatch.setattr(engine.loop, "resume", once(resume, lambda _live: True))
    with pytest.raises(RuntimeError, match="out of the blue"):
        engine.recover()
    assert engine.recover()[0].result(LONG) == 3


def test_a_run_that_can_not_be_read_keeps_no_other_from_going_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """recover() warns of it, and it stays interrupted."""
    with Engine(tmp_path / "store") as engine:
        damaged, whole = engine.start(three), engine.start(three)
    take_over = takeover.take_over

    def refuses(engine: Engine, run_id: str, *rest: Any) -> Any:
        if run_id == damaged.id:
            raise StoreError("its journal is damaged", code="damaged")
        return take_over(engine, run_id, *rest)

    monkeypatch.setattr(takeover, "take_over", refuses)
    Gate.open.set()
    with Engine(tmp_path / "store") as engine:
        with pytest.warns(UserWarning, match=f"run {damaged.id} stays interrupted: its journal is damaged"):
            recovered = engine.recover()
        assert [run.id for run in recovered] == [whole.id]
        assert recovered[0].result(LONG) == 3
        assert engine.run(damaged.id).status == "interrupted"


def test_a_place_that_comes_back_late_feeds_the_run_that_waits_for_it(tmp_path: Any) -> None:
    """A body that outlived its cancelled run gives its place to another run when it ends."""

    @task(grace=0.01)
    def stubborn() -> int:
        Gate.starts.append("stubborn")
        Gate.open.wait(LONG)
        return 1

    @flow
    def one() -> int:
        return stubborn()

    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = engine.start(one)
        while not Gate.starts:
            assert run.status in ("pending", "running")
        run.cancel()
        assert run.wait(LONG) == "cancelled"
        other = engine.start(three)
        assert other.why("first").endswith("(1) is full.")
        Gate.open.set()
        assert other.result(LONG) == 3


def test_who_waits_is_told_that_the_engine_was_closed(engine: Engine) -> None:
    """`result()` and `await` end with StratixError `closed` that names the run, whoever closes the engine."""
    run = engine.start(three)
    told: list[StratixError] = []
    waiting = [threading.Event(), threading.Event()]

    def block() -> None:
        waiting[0].set()
        with pytest.raises(StratixError) as caught:
            run.result(LONG)
        told.append(caught.value)

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(waiting[1].set)
        with pytest.raises(StratixError) as caught:
            await run
        told.append(caught.value)

    threads = [threading.Thread(target=block), threading.Thread(target=lambda: asyncio.run(wait()))]
    for thread, begun in zip(threads, waiting, strict=True):
        thread.start()
        assert begun.wait(LONG)
    engine.close()
    for thread in threads:
        thread.join(LONG)
    assert [error.code for error in told] == ["closed", "closed"]
    assert any(run.id in error.message for error in told)
    Gate.open.set()
    with Engine(engine.store.path) as again:
        (found,) = again.recover()
        assert found.result(LONG) == 3


@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "has ended"])
@pytest.mark.parametrize("how", ["blocking", "awaiting"])
def test_who_waits_waits_on_where_somebody_goes_on_with_the_run(engine: Engine, how: str, ends: bool) -> None:
    """A run that was broken off and gone on with, before who waits came to look, is waited for as if nothing had been."""
    run = engine.start(three)
    left = run._live

    class Missed(Future[Any]):
        """The end of a run that nobody sees before the run goes on."""

        def result(self, timeout: float | None = None) -> Any:
            self.miss()
            return super().result(timeout)

        def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
            super().add_done_callback(fn)
            self.miss()

        def miss(self) -> None:
            if left.broken is None:
                engine.loop.call(break_off, left, RuntimeError("out of the blue")).result(LONG)
                (found,) = engine.recover()
                Gate.open.set()
                if ends:
                    found.wait(LONG)

    async def value() -> Any:
        return await run

    left.ended = Missed()
    assert (run.result() if how == "blocking" else asyncio.run(value())) == 3
    assert left.broken is not None


def test_nothing_is_asked_of_a_closed_engine(engine: Engine) -> None:
    """A call that comes when the engine's thread is about to end is refused, not left without an answer."""
    loop = engine.loop
    engine.close()
    with pytest.raises(StratixError, match="this engine is closed"):
        loop.call(lambda: None).result(LONG)
