"""Logging: whoever configures `logging`, in a cell or in a body, records of bodies land on their node."""

from __future__ import annotations

import io
import logging
import logging.config
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stratix_tasks import Engine, current, flow, task
from stratix_tasks.runners.ends import HEAD, TAIL

LONG = 30.0
ELSEWHERE = io.StringIO()


def forces() -> None:
    logging.basicConfig(force=True, stream=ELSEWHERE)


def by_dict() -> None:
    logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})


def by_dict_again() -> None:
    logging.config.dictConfig({"version": 1, "incremental": False, "disable_existing_loggers": True})


def replaces() -> None:
    logging.getLogger().handlers[:] = [logging.StreamHandler(ELSEWHERE)]


def clears() -> None:
    logging.getLogger().handlers.clear()


def disables() -> None:
    logging.disable(logging.WARNING)


def shuts_down() -> None:
    logging.shutdown()


WAYS = (forces, by_dict, by_dict_again, replaces, clears, disables, shuts_down)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.disable(logging.NOTSET)
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.disabled = False


def says(what: str) -> None:
    current().log.debug("mine, %s", what)
    logging.getLogger(f"library.{what}").error("its, %s", what)


def talking(way: Callable[[], None], runner: str) -> Any:
    @task(runner=runner)
    def configures() -> None:
        says("before")
        way()
        says("after")

    @task(runner=runner)
    def other(_: Any) -> None:
        says("other")

    @flow
    def both() -> Any:
        return other(configures())

    return both


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("runner", ["thread", "process"])
def test_records_land_on_their_node_whoever_configures_logging(
    engine: Engine, way: Callable[[], None], runner: str
) -> None:
    """In the body that does it, before and after, in other bodies, and in later runs; each once."""
    for _ in range(2):
        run = engine.start(talking(way, runner))
        run.result(LONG)
        assert run.logs("configures") == ["mine, before", "its, before", "mine, after", "its, after"]
        assert run.logs("other") == ["mine, other", "its, other"]


@pytest.mark.parametrize("runner", ["thread", "process"])
def test_what_handlers_write_of_a_record_is_not_said_again(engine: Engine, runner: str) -> None:
    """It has landed on its node; what a body prints beside is its own, and comes another way from a process."""

    @task(runner=runner)
    def configures_output() -> None:
        logging.basicConfig(force=True, level="INFO", stream=sys.stdout)
        logging.getLogger("library.told").info("once")
        print("printed")
        logging.error("and once")

    @flow
    def told_once() -> Any:
        return configures_output()

    run = engine.start(told_once)
    run.result(LONG)
    told = run.logs("configures_output")
    assert sorted(told) == ["and once", "once", "printed"]
    assert told == ["once", "printed", "and once"] or runner == "process"


def test_levels_that_a_body_sets_in_its_process_are_not_those_of_the_next(engine: Engine) -> None:
    """Nor is what it switches off, or whom it gives other handlers."""

    @task(runner="process")
    def silences() -> int:
        logging.getLogger("library.loud").error("before")
        logging.getLogger("library.loud").setLevel(logging.CRITICAL)
        logging.getLogger("library.loud").propagate = False
        logging.root.setLevel(logging.CRITICAL)
        logging.disable(logging.CRITICAL)
        return os.getpid()

    @task(runner="process")
    def loud(pid: int) -> bool:
        logging.getLogger("library.loud").warning("heard")
        logging.warning("the root's")
        return os.getpid() == pid

    @flow
    def silent() -> Any:
        return loud(silences())

    run = engine.start(silent)
    assert run.result(LONG) is True
    assert run.logs("loud") == ["heard", "the root's"]


def test_a_body_in_a_process_is_heard_where_the_one_before_took_logging_apart(engine: Engine) -> None:
    """Its handlers were cleared, and what hears records was put out of the way; each record lands once."""

    @task(runner="process")
    def takes_apart() -> None:
        logging.Logger.handle = lambda *_: None  # type: ignore[method-assign]
        logging.root.handlers.clear()

    @task(runner="process")
    def other(_: Any) -> None:
        says("other")
        logging.warning("the root's")

    @flow
    def both() -> Any:
        return other(takes_apart())

    run = engine.start(both)
    run.result(LONG)
    assert run.logs("other") == ["mine, other", "its, other", "the root's"]


def test_a_cell_that_configures_logging_takes_nothing_from_bodies(engine: Engine) -> None:
    """Nor do bodies take anything from it: its handlers get their records as well, and its own go there alone."""
    heard = io.StringIO()
    logging.basicConfig(force=True, stream=heard, level="INFO", format="%(message)s")
    run = engine.start(talking(lambda: None, "thread"))
    run.result(LONG)
    logging.getLogger("cell").info("a cell's")
    assert heard.getvalue() == "its, before\nits, after\nits, other\na cell's\n"
    assert run.logs("other") == ["mine, other", "its, other"]


def test_a_record_that_can_not_be_written_harms_nobody(engine: Engine) -> None:
    """Its place is told; the body goes on."""

    @task
    def miscounts() -> str:
        current().log.warning("%d of %d", 1)
        return "done"

    @flow
    def miscount() -> Any:
        return miscounts()

    run = engine.start(miscount)
    assert run.result(LONG) == "done"
    assert run.logs()[0].startswith("a record of ")
    assert "can't be written (TypeError)" in run.logs()[0]


def test_the_logger_of_bodies_can_be_sent_and_has_children() -> None:
    """It is the same one in another process; what its children log in a body is the body's."""
    log = current().log
    assert pickle.loads(pickle.dumps(log)) is log
    assert log.getChild("part").parent is not None


@pytest.mark.parametrize("runner", ["thread", "process"])
def test_of_too_many_lines_the_ends_and_each_error_are_kept(engine: Engine, runner: str) -> None:
    """A line between them tells how many are missing; it is in the history as well."""
    lines = HEAD + TAIL + 500

    @task(runner=runner)
    def chatty() -> None:
        for number in range(lines):
            current().log.info("line %d", number)
            current().metric("n", number)
            if number == HEAD + 7:
                current().log.error("the error")
        raise ValueError

    @flow
    def chat() -> Any:
        return chatty()

    run = engine.start(chat)
    assert run.wait(LONG) == "failed"
    first, last = [f"line {n}" for n in range(HEAD)], [f"line {n}" for n in range(lines - TAIL, lines)]
    gap = "… 500 lines were not kept …"
    said = [line for line in run.logs() if "measures" not in line]
    assert said == [*first, "the error", gap, *last]
    assert "… 500 measures were not kept …" in run.logs()
    told = run.tasks() is not None and engine.run(run.id).logs()
    assert told == run.logs()


def test_of_too_many_printed_lines_the_ends_are_kept(engine: Engine) -> None:
    """Also of a worker process, whose output is read by its engine."""
    lines = HEAD + TAIL + 500

    def prints() -> None:
        for number in range(lines):
            print("line", number)

    here, there = task(prints), task(runner="process")(prints)

    @flow
    def both() -> Any:
        return here.options(name="here")(), there.options(name="there")()

    run = engine.start(both)
    run.result(LONG)
    wanted = [f"line {n}" for n in range(lines)]
    wanted[HEAD : lines - TAIL] = ["… 500 lines were not kept …"]
    assert run.logs("here") == wanted
    assert run.logs("there") == wanted
