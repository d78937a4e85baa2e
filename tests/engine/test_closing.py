"""Engines that are closed or configured anew: what goes on is not lost by it, what has ended can be looked at."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from gated import gates

from stratix_tasks import Engine, Run, StratixError, configure, default_engine, flow, task
from stratix_tasks.runs import workshop
from stratix_tasks.session.display import kept, run_source
from stratix_tasks.store import locks
from stratix_tasks.view.widget import FlowView

LONG = 30.0
OUTPUT = "as it was printed"


@task
def says(x: int) -> list[int]:
    print(OUTPUT)
    return [x] * 20_000


@task
def stays() -> int:
    gates.wait("stays")
    return 7


@flow
def ending(x: int = 3) -> list[int]:
    return says(x)


@flow
def going_on() -> int:
    return stays()


class Shown:
    """A view, and what was sent to its front end, in order."""

    def __init__(self, run: Run) -> None:
        self.sent: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.view = FlowView(run_source(run), lambda *_: run_source(run), kept)
        self.view.send = lambda content, buffers=None: self.sent.put(content)

    def last_state(self) -> str:
        """What the front end was told last of the run's state, as far as it was sent."""
        state = self.view.snapshot["run"]["state"]
        while not self.sent.empty():
            state = self.sent.get()["run"]["state"]
        return str(state)


def all_that_is_seen(run: Run) -> dict[str, Any]:
    return {
        "status": run.status,
        "reason": run.reason,
        "error": run.error,
        "repr": repr(run),
        "inputs": run.inputs,
        "value": run.result(LONG),
        "wait": run.wait(LONG),
        "output": run.output("says"),
        "logs": run.logs(),
        "progress": run.progress(),
        "why": run.why("says"),
        "tasks": run.tasks().to_dict("records"),
        "events": len(run.events()),
        "svg": run.to_svg(),
        "told": run_source(run).inspect("says", None),
        "text": run._repr_mimebundle_()[0]["text/plain"],
    }


@pytest.mark.parametrize("how", ["configured", "closed"])
def test_a_run_that_has_ended_is_seen_as_ever_when_its_engine_is_gone(
    default: Engine, tmp_path: Path, how: str
) -> None:
    """State, value, output, logs, tables and pictures stay; only what would change something is refused, as `closed`."""
    run = ending.start()
    run.wait(LONG)
    default_engine().chores.settle()
    seen = all_that_is_seen(run)
    assert (seen["status"], seen["logs"]) == ("completed", [OUTPUT])
    configure(store=tmp_path / "other") if how == "configured" else default_engine().close()
    later = all_that_is_seen(run)
    for name, value in seen.items():
        if name != "told":
            assert repr(later[name]) == repr(value), name

    async def value() -> Any:
        return await run

    assert asyncio.run(value()) == [3] * 20_000
    with pytest.raises(StratixError) as caught:
        run.rollback("says")
    assert caught.value.code == "closed"


def test_settings_are_refused_while_runs_go_on(default: Engine, tmp_path: Path) -> None:
    """The error names the runs and what can be done; they go on, and once they have ended the settings are taken."""
    run = going_on.start()
    gates.arrive("stays")
    with pytest.raises(StratixError, match=rf"{run.id}.*run.wait\(\).*run.cancel\(\).*Engine\(…\)") as caught:
        configure(store=tmp_path / "other")
    assert caught.value.code == "runs-go-on"
    before = default_engine()
    configure(store=default.store.path)
    assert (default_engine(), run.status) == (before, "running")
    gates.let("stays")
    assert run.result(LONG) == 7
    configure(store=tmp_path / "other")
    assert ending.start().wait(LONG) == "completed"
    assert (tmp_path / "other" / "journal").is_dir()


def test_a_start_at_the_moment_of_new_settings_is_kept_or_refused(default: Engine, tmp_path: Path) -> None:
    """Whoever is first is served: a run that was started is never interrupted by settings that came at the same time."""
    loop, held, go = default.loop, threading.Event(), threading.Event()
    threading.Thread(target=lambda: loop.call(lambda: (held.set(), go.wait(LONG))).result(LONG)).start()
    assert held.wait(LONG)
    made: SimpleQueue[Run] = SimpleQueue()
    real, called = loop._hand_over, threading.Event()

    def hand_over(work: Any) -> bool:
        taken = real(work)
        called.set()
        return taken

    loop._hand_over = hand_over  # type: ignore[method-assign]
    starting = threading.Thread(target=lambda: made.put(default.start(going_on)))
    starting.start()
    assert called.wait(LONG)  # the start waits for the engine's thread
    told: SimpleQueue[BaseException | None] = SimpleQueue()
    changing = threading.Thread(target=lambda: told.put(_error_of(lambda: configure(store=tmp_path / "other"))))
    changing.start()
    go.set()
    for thread in (starting, changing):
        thread.join(LONG)
    assert getattr(told.get(), "code", None) == "runs-go-on"
    gates.let("stays")
    assert made.get().result(LONG) == 7


def _error_of(call: Any) -> BaseException | None:
    try:
        call()
    except StratixError as error:
        return error
    return None


def test_a_run_that_went_on_says_interrupted_when_its_engine_was_closed(engine: Engine) -> None:
    """Its handle and its views tell how the engine left it; who wants its value is told to recover it."""
    run = engine.start(going_on)
    gates.arrive("stays")
    engine.close()
    assert (run.status, run.progress()[0]["state"]) == ("interrupted", "running")
    assert "interrupted" in run.why("stays")
    assert run_source(run).run_info()["state"] == "interrupted"
    assert f"Run {run.id} of going_on: interrupted" in run._repr_mimebundle_()[0]["text/plain"]
    with pytest.raises(StratixError, match=r"recover\(\) goes on with it") as caught:
        run.result(LONG)
    assert caught.value.code == "closed"


def test_a_view_tells_that_its_engine_was_closed(engine: Engine) -> None:
    """It is sent the state `interrupted`, so that it does not go on counting."""
    run = engine.start(going_on)
    gates.arrive("stays")
    shown = Shown(run)
    assert shown.last_state() == "running"
    engine.close()
    assert shown.last_state() == "interrupted"


def test_a_view_misses_no_end_because_its_engine_was_closed_just_then(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits to be sent together with what comes is sent when the engine is closed."""
    monkeypatch.setattr("stratix_tasks.view.widget.EVERY", LONG)
    run = engine.start(going_on)
    gates.arrive("stays")
    shown = Shown(run)
    gates.let("stays")
    run.wait(LONG)
    assert shown.last_state() == "running"
    engine.close()
    assert shown.last_state() == "completed"


@pytest.mark.parametrize("part", ["JournalWriter", "EngineLoop", "Mailbox", "boot_id"])
def test_an_engine_whose_opening_was_broken_off_is_opened_by_the_next_start(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """By an interrupt or a full disk, wherever that comes: no lock is left that the next try would wait for."""
    with monkeypatch.context() as breaking:
        breaking.setattr(workshop, part, _interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.start(ending)
    assert engine.start(ending).result(LONG) == [3] * 20_000


@pytest.mark.parametrize("part", ["flock", "start_time"])
def test_a_lock_that_was_not_taken_whole_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """The same engine takes it afterwards."""
    with monkeypatch.context() as breaking:
        breaking.setattr(locks.fcntl if part == "flock" else locks, part, _interrupted)
        with pytest.raises(KeyboardInterrupt):
            locks.EngineLock(tmp_path, "an-engine")
    lock = locks.EngineLock(tmp_path, "an-engine")
    assert locks.alive(tmp_path, "an-engine")
    lock.release()


def _interrupted(*_: Any, **__: Any) -> Any:
    raise KeyboardInterrupt
