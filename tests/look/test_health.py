"""What views and `why` tell of an executor that is not well, or not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from pydantic import BaseModel

from stratix_tasks import Engine, flow, uses
from stratix_tasks.executors import health
from stratix_tasks.executors.registry import HERE
from stratix_tasks.look.sources import FlowSource, RunSource
from stratix_tasks.session.display import flow_source, run_source

LONG = 30.0
FULL = "Its executor 'post' is not well: the box is full."


class Letter(BaseModel):
    to: str


class Post:
    """Its health is what the test says; it sends when it is let."""

    name, description, Config = "post", "Sends a letter.", Letter

    def __init__(self) -> None:
        self.answer: Any = "the box is full"
        self.begun, self.go = threading.Event(), threading.Event()

    def execute(self, context: Any, config: Letter) -> str:
        self.begun.set()
        assert self.go.wait(LONG)
        return config.to

    def health_check(self) -> Any:
        return self.answer() if callable(self.answer) else self.answer


def comes(told: SimpleQueue[Any], wanted: dict[str, str]) -> None:
    """It is told, behind whatever else the run tells its views."""
    while told.get(timeout=LONG) != wanted:
        pass


@flow
def posted(to: str = "ann") -> Any:
    first = uses("post").options(name="first")(to=to)
    return uses("post").options(name="second")(to=first)


@pytest.fixture
def post(engine: Engine) -> Iterator[Post]:
    made = Post()
    engine.executors.register("post", made)
    yield made
    made.go.set()


def heard(source: FlowSource | RunSource, told: SimpleQueue[Any]) -> Any:
    """Watches: puts what is said of each node whenever that is told."""
    names = [node["name"] for node in source.outline()["nodes"]]
    return source.watch(
        lambda _: told.put(
            {names[int(node)]: text["ill"] for node, text in source.texts(None).items() if "ill" in text}
        )
    )


def test_a_run_tells_of_an_executor_that_is_not_well(engine: Engine, post: Post) -> None:
    """At the nodes that have still to run, in `why` too; not of those that are done."""
    run = engine.start(posted)
    assert post.begun.wait(LONG)
    source, told = run_source(run), SimpleQueue[Any]()
    assert source.texts(None)["0"].get("ill") is None  # nothing was asked yet, and nobody waits for an answer
    release = heard(source, told)
    comes(told, {"first": FULL, "second": FULL})
    seen = source.inspect("second", None)
    assert (seen["ill"], seen["why"]) == (FULL, f"'second' waits for 'first'. {FULL}")
    assert run.why("second") == f"'second' waits for 'first'. {FULL}"
    release()
    post.go.set()
    assert run.result(LONG) == "ann"
    assert run.why("first") == "'first' completed."
    assert all("ill" not in text for text in source.texts(None).values())


def test_a_flow_tells_of_it_before_it_is_started(engine: Engine, post: Post) -> None:
    """By the executors of the engine that is to run it."""
    here = HERE.set(engine.executors)
    source, told = flow_source(posted, {}), SimpleQueue[Any]()
    HERE.reset(here)
    release = heard(source, told)
    comes(told, {"first": FULL, "second": FULL})
    assert source.inspect("first", None)["ill"] == FULL
    release()


def test_what_is_well_again_is_told(engine: Engine, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a view is open its executors are asked again; another view that opens asks at once."""
    monkeypatch.setattr(health, "KEPT", 0.0)
    run = engine.start(posted)
    assert post.begun.wait(LONG)
    first, second, told = run_source(run), run_source(run), SimpleQueue[Any]()
    release = heard(first, told)
    comes(told, {"first": FULL, "second": FULL})
    post.answer = True
    other = heard(second, SimpleQueue[Any]())
    comes(told, {})
    release()
    other()


def test_one_that_does_not_answer_holds_up_no_view(engine: Engine, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine's thread shows is there at once; that nothing is answered is told when its time is over."""
    monkeypatch.setattr("stratix_tasks.look.health.TIMEOUT", 0.05)
    asked, gate = threading.Event(), threading.Event()
    post.answer = lambda: (asked.set(), gate.wait(LONG))[1]
    run = engine.start(posted)
    source, told = run_source(run), SimpleQueue[Any]()
    release = heard(source, told)
    assert asked.wait(LONG)
    assert source.inspect("second", None)["why"].startswith("'second' waits for 'first'.")
    silent = "Its executor 'post' is not well: no answer within 0.05 s."
    comes(told, {"first": silent, "second": silent})
    gate.set()
    release()


def test_a_run_that_nobody_runs_tells_which_executor_is_missing(engine: Engine, post: Post, tmp_path: Path) -> None:
    """In a process that has no such executor."""
    run = engine.start(posted)
    assert post.begun.wait(LONG)
    engine.close()
    missing = "Its executor 'post' is not registered here."
    with Engine(tmp_path / "store") as other:
        seen = other.run(run.id)
        assert run_source(seen).inspect("second", None)["ill"] == missing
        assert seen.why("second").endswith(f"recover() goes on with it. {missing}")
