"""What a body can say and ask: prints, logs, progress, metrics, its place, and when it is alone."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
from typing import Any

import pytest

from stratix_tasks import Engine, InputError, StratixError, current, each, flow, history, task, track
from stratix_tasks.store import ids

LONG = 30.0


@task
def chatty(name: str) -> str:
    print(f"{name} out")
    print(f"{name} err", file=sys.stderr)
    logging.getLogger("mine").warning("%s logged", name)
    current().log.info("%s said", name)
    return name


@task
async def chatty_later(name: str) -> str:
    print(f"{name} later")
    return name


@flow
def talks() -> Any:
    return chatty.map(each(["a", "b", "c"])), chatty_later("d")


def test_what_bodies_say_lands_on_their_nodes(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """print, stderr and logging of threads and coroutines, each with its item; nothing leaks to the cell."""
    run = engine.start(talks)
    run.result(LONG)
    said = run.logs("chatty[1]")
    for word in ("b out", "b err", "b logged", "b said"):
        assert any(word in line for line in said), (word, said)
    assert not any("a out" in line for line in said)
    assert run.logs("chatty_later") == ["d later"]
    assert len(run.logs()) == 13
    assert "out" not in capsys.readouterr().out
    levels = set(history(engine.store.path).logs(run.id)["level"])
    assert {"stdout", "stderr", "warning", "info"} <= levels


@pytest.mark.parametrize("runner", ["thread", "process", "inline"])
def test_bytes_that_a_body_writes_are_its_output(engine: Engine, runner: Any) -> None:
    """To `sys.stdout.buffer`, also by what wraps it."""

    @task(runner=runner)
    def raw() -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write("é\n".encode() + b"caf\xe9\n")
        sys.stdout.buffer.flush()
        with io.TextIOWrapper(sys.stdout.detach(), "utf-8") as wrapped:
            print("wrapped", file=wrapped)

    @flow
    def writes() -> Any:
        return raw()

    run = engine.start(writes)
    run.result(LONG)
    assert run.logs("raw") == ["é", "caf\ufffd", "wrapped"]


@pytest.mark.parametrize("runner", ["thread", "process", "inline"])
def test_what_is_no_unicode_text_is_written_as_an_escape(engine: Engine, runner: Any) -> None:
    """Names of files may hold bytes that are no text: a body that prints, logs or records such a name goes on."""

    @task(runner=runner)
    def odd() -> str:
        name = b"caf\xe9".decode("utf-8", "surrogateescape")
        print(name)
        logging.getLogger("mine").warning("%s", name)
        current().metric(name, 1.0)
        current().progress(0.5, name)
        current().artifact(name, 1)
        return name

    @flow(name="one")
    def one() -> Any:
        return odd()

    run = engine.start(one)
    assert run.result(LONG) == "caf\udce9"
    assert run.logs() == ["caf\\udce9"] * 2
    told = history(engine.store.path)
    assert list(told.logs(run.id)["text"]) == ["caf\\udce9"] * 2
    assert list(told.metrics(run.id)["name"]) == ["caf\\udce9"]


def test_prints_of_the_caller_are_left_alone(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """While a run goes on, what a cell prints is printed."""
    go_on = threading.Event()

    @task
    def waits() -> None:
        go_on.wait(LONG)

    @flow
    def patient() -> None:
        return waits()

    run = engine.start(patient)
    print("from the cell")
    go_on.set()
    run.result(LONG)
    assert capsys.readouterr().out == "from the cell\n"


def test_a_stream_that_is_none_is_no_end_of_what_bodies_print(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in processes that were started without one, or where a body has put nothing in its place."""
    monkeypatch.setattr(sys, "stdout", None)

    @task
    def prints_to_none() -> None:
        print("said")

    @flow
    def without_streams() -> Any:
        return prints_to_none()

    for _ in range(2):
        run = engine.start(without_streams)
        run.result(LONG)
        assert run.logs("prints_to_none") == ["said"]


def test_a_body_that_prints_without_end_is_capped(engine: Engine) -> None:
    """The first and the last lines are kept, the rest is counted, and the run is none the worse."""

    @task
    def floods() -> int:
        for n in range(60_000):
            print("line", n)
        return 1

    @flow
    def flood() -> int:
        return floods()

    run = engine.start(flood)
    assert run.result(LONG) == 1
    lines = run.logs("floods")
    assert lines[-1] == "line 59999"
    assert "… 50,000 lines were not kept …" in lines
    assert len(lines) == 10_001


@pytest.mark.parametrize("runner", ["thread", "process"])
def test_a_line_without_an_end_is_recorded_in_pieces(engine: Engine, runner: Any) -> None:
    """20 MB without a line break, a piece at a time, cost the time of 20 MB; nothing of it is lost."""

    @task(runner=runner)
    def endless() -> int:
        for _ in range(2_500):
            print("x" * 8_000, end="")
        return 1

    @flow(name="one")
    def one() -> Any:
        return endless()

    run = engine.start(one)
    assert run.result(LONG) == 1
    lines = run.logs()
    assert len(lines) > 100
    assert sum(map(len, lines)) == 20_000_000


def test_progress_and_metrics(engine: Engine) -> None:
    """`track` shows where it is; the last progress is that of the node; metrics are in the history."""
    seen: list[Any] = []

    @task
    def counts() -> int:
        done = 0
        for step in track(range(4), text="counting"):
            current().metric("step", step)
            done += step
        current().progress(0.5, "half")
        return done

    @flow
    def progresses() -> int:
        return counts()

    run = engine.start(progresses)
    assert run.result(LONG) == 6
    row = run.progress()[0]
    assert (row["progress"], row["text"]) == (0.5, "half")
    assert list(history(engine.store.path).metrics(run.id)["value"]) == [0, 1, 2, 3]
    assert seen == []


def test_a_body_knows_its_place(engine: Engine) -> None:
    """run, node, item, attempt; its idempotency key is the same over attempts and differs by item."""
    keys: dict[Any, set[str]] = {}

    @task(retry={"max": 1, "delay": 0.001})
    def placed(x: int) -> Any:
        body = current()
        keys.setdefault(body.item, set()).add(body.idempotency_key)
        if body.attempt == 1:
            raise OSError("again")
        return body.node, body.item, body.attempt, body.run_id, body.cancelled

    @flow
    def places() -> Any:
        return placed.map(each([7, 8]))

    run = engine.start(places)
    assert run.result(LONG) == [("placed", 0, 2, run.id, False), ("placed", 1, 2, run.id, False)]
    assert [len(found) for found in keys.values()] == [1, 1]
    assert keys[0] != keys[1]


def test_outside_a_run_they_do_nothing() -> None:
    """`current()` and `track()` are there for plain calls of a task."""
    assert list(track([1, 2, 3])) == [1, 2, 3]
    body = current()
    body.metric("a", 1)
    body.progress(0.3)
    body.checkpoint()
    assert (body.run_id, body.attempt, body.cancelled) == ("", 0, False)


def test_context_variables_reach_the_bodies(engine: Engine) -> None:
    """What was set where the run was started is seen in threads and coroutines; what a body sets stays with it."""
    from contextvars import ContextVar

    who: ContextVar[str] = ContextVar("who", default="nobody")

    @task
    def reads() -> str:
        before = who.get()
        who.set("body")
        return before

    @task
    async def reads_later() -> str:
        return who.get()

    @flow
    def contexts() -> Any:
        return reads(), reads_later()

    token = who.set("caller")
    try:
        assert engine.start(contexts).result(LONG) == ("caller", "caller")
    finally:
        who.reset(token)


def test_a_body_that_changes_its_input_changes_nothing_recorded(engine: Engine, tmp_path: Any) -> None:
    """What is in the store is what was returned when it was recorded."""

    @task
    def makes() -> list[int]:
        return [1, 2, 3]

    @task
    def spoils(values: list[int]) -> int:
        values.clear()
        return 0

    @flow
    def spoiled() -> Any:
        return spoils(makes())

    run = engine.start(spoiled)
    run.result(LONG)
    with Engine(tmp_path / "store") as other:
        assert other.run(run.id).output("makes") == [1, 2, 3]


def test_artifacts_must_be_storable(engine: Engine) -> None:
    """A lock can't be kept; the error names the type."""

    @task
    def keeps() -> None:
        current().artifact("lock", threading.Lock())

    @flow
    def kept() -> None:
        return keeps()

    with pytest.raises(StratixError, match="lock"):
        engine.start(kept).result(LONG)


@pytest.mark.parametrize("runner", ["thread", "process"])
@pytest.mark.parametrize("size", [10, 10_000, 100_000])
def test_artifacts_are_kept(engine: Engine, runner: str, size: int) -> None:
    """Of any size, and wherever the body runs: what was recorded is read as it was."""

    @task(runner=runner)
    def keeps() -> None:
        current().artifact("bytes", b"x" * size)

    @flow
    def kept() -> None:
        return keeps()

    run = engine.start(kept)
    run.result(LONG)
    notes = engine.store.journals.record(ids.key(run.id), notes=True).notes
    (_, _, _, name, codec, payload, _) = next(row for kind, rows in notes if kind == "artifacts" for row in rows)
    assert (name, engine.store.objects.decode(codec, payload, None)) == ("bytes", b"x" * size)


def test_the_default_engine_is_configured_in_words(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`configure` refuses unknown settings; a flow that is called uses it."""
    from stratix_tasks import configure, default_engine

    with pytest.raises(InputError, match="Did you mean 'concurrency'"):
        configure(concurency=3)
    configure(store=tmp_path / "mine")

    @task
    def one() -> int:
        return 1

    @flow
    def small() -> int:
        return one()

    assert small() == 1
    assert (tmp_path / "mine" / "journal").is_dir()
    default_engine().close()
    configure(store=None)


@pytest.mark.parametrize("runner", ["async", "inline", "thread"])
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_body_that_exits_ends_itself_alone(engine: Engine, runner: str, error: type[BaseException]) -> None:
    """`sys.exit()` or a KeyboardInterrupt of a body fails its task at once; those after it run as ever."""
    if runner == "thread":

        @task(retry=3)
        def quits() -> int:
            raise error(3)
    else:

        @task(runner=runner, retry=3)
        async def quits() -> int:
            await asyncio.sleep(0)
            raise error(3)

    @task(runner=runner if runner != "thread" else "async")
    async def works() -> int:
        await asyncio.sleep(0)
        return 7

    @flow
    def first() -> int:
        return quits()

    @flow
    def second() -> int:
        return works()

    run = engine.start(first)
    assert run.wait(30) == "failed"
    assert run.progress()[0]["attempt"] == 1
    assert engine.start(second).result(30) == 7
