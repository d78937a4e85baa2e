"""Pages of items: those that ended badly first, filtered, searched and sorted, whatever goes on meanwhile."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stratix_tasks import Engine, each, flow, repeat, task
from stratix_tasks.session.display import run_source

GATE = threading.Event()


@dataclass
class Score:
    month: str
    rows: int


@task
def names(n: int) -> list[str]:
    return [f"r{number}" for number in range(n)]


@task
def sized(name: str, by: int, unit: str) -> str:
    if name == "r5":
        GATE.wait(30)
    if name in ("r3", "r7"):
        raise ValueError(f"no {unit}")
    return name * by


@task
def upped(n: int) -> int:
    return n + 1


@flow
def sized_each(n: int = 10) -> Any:
    return sized.options(key="{name}").map(each(names(n)), by=each([1, 2] * 5), unit="mm")


@flow
def sized_flow(name: str) -> Any:
    return sized(name, 1, "km")


@flow
def sized_flows(n: int = 8) -> Any:
    return sized_flow.map(name=each(names(n)))


@flow
def upped_often() -> Any:
    return repeat(upped, 0, max=3)


@pytest.fixture(autouse=True)
def gate() -> Any:
    GATE.clear()
    yield
    GATE.set()


def ended(engine: Engine, of: Any) -> Any:
    GATE.set()
    run = engine.start(of)
    run.wait(30)
    return run


def places(run: Any, node: str, states: tuple[str, ...] = (), search: str = "", sort: str = "state") -> list[int]:
    page = run_source(run).items(node, 0, 100, {"states": list(states), "search": search, "sort": sort})
    assert page["matching"] == len(page["rows"])
    return [row[0] for row in page["rows"]]


def test_items_that_failed_come_first_with_what_they_were_given(engine: Engine) -> None:
    """Then the others in their order; the columns are what is mapped, and not what is the same for all."""
    page = run_source(ended(engine, sized_each)).items("sized", 0, 4)
    assert (page["total"], page["matching"], page["counts"]) == (10, 10, {"completed": 8, "failed": 2})
    assert page["columns"] == ["name", "by"]
    assert [(row[0], row[1], row[4]) for row in page["rows"]] == [
        (3, "r3", ["r3", "2"]),
        (7, "r7", ["r7", "2"]),
        (0, "r0", ["r0", "1"]),
        (1, "r1", ["r1", "2"]),
    ]


def test_days_and_numbers_that_are_mapped_are_told_as_they_are(engine: Engine) -> None:
    """A number in a few digits: there is little room for it."""

    @task
    def on_a_day(day: date, share: Any) -> str:
        return f"{day}"

    @flow
    def days_and_shares() -> Any:
        return on_a_day.map(each([date(2026, 1, 31), date(2026, 2, 28)]), each([1 / 3, np.float64(2 / 3)]))

    page = run_source(ended(engine, days_and_shares)).items("on_a_day", 0, 4)
    assert [row[4] for row in page["rows"]] == [["2026-01-31", "0.333333"], ["2026-02-28", "0.666667"]]


def test_tables_are_told_by_their_sizes_and_records_by_their_text(engine: Engine) -> None:
    """What is mapped over, and what each item gave."""

    @task
    def scored(table: pd.DataFrame) -> Any:
        return Score("January", len(table))

    @task
    def cut(tables: list[pd.DataFrame]) -> list[pd.DataFrame]:
        return tables

    @flow
    def scored_tables() -> Any:
        return scored.map(each(cut([pd.DataFrame({"a": range(n)}) for n in (2, 1000)])))

    page = run_source(ended(engine, scored_tables)).items("scored", 0, 4)
    assert [(row[4], row[3]) for row in page["rows"]] == [
        (["2 × 1"], "Score(month='January', rows=2)"),
        (["1,000 × 1"], "Score(month='January', rows=1000)"),
    ]


def test_items_are_filtered_searched_and_sorted(engine: Engine) -> None:
    """By state, by a text in their place, key or error, in their order or the slowest first; a page of what is left."""
    run = ended(engine, sized_each)
    assert places(run, "sized", ("failed",)) == [3, 7]
    assert places(run, "sized", ("failed", "completed"), sort="index") == list(range(10))
    assert places(run, "sized", ("running",)) == []
    assert places(run, "sized", search="R4") == [4]
    assert places(run, "sized", search="no mm") == [3, 7]
    assert places(run, "sized", ("completed",), search="no mm") == []
    s = run._live.core.state
    s.ended[s.item(s.root.index["sized"], 6)] += 100
    assert places(run, "sized", sort="slowest")[0] == 6
    page = run_source(run).items("sized", 4, 6, {"states": [], "search": "", "sort": "state"})
    assert ([row[0] for row in page["rows"]], page["matching"]) == ([2, 4], 10)


def test_items_are_found_by_what_they_were_given(engine: Engine) -> None:
    """Of mapped nodes and flows; by values that are mapped, not by those that all have."""
    GATE.set()
    run = engine.start(sized_each)
    run.wait(30)
    search = run_source(run).items

    def found(node: str, text: str) -> list[int]:
        page = search(node, 0, 100, {"states": [], "search": text, "sort": "index"})
        return [row[0] for row in page["rows"]]

    assert found("sized", "R6") == [6]
    assert found("sized", "mm") == [3, 7]  # which is in their errors
    again = engine.start(sized_flows)
    again.wait(30)
    search = run_source(again).items
    assert found("sized_flow", "R4") == [4]


def test_items_of_a_run_that_goes_on_are_counted_as_they_stand(engine: Engine) -> None:
    """Those that have not begun are ready, or held where they are paused."""
    run = engine.start(sized_each)
    seen = threading.Event()
    engine.on("task.started", lambda event: seen.set() if event.get("item") == 5 else None)
    if places(run, "sized", ("running",)) != [5]:
        assert seen.wait(20)
    assert 5 in places(run, "sized", ("running",))
    GATE.set()
    run.wait(20)


def test_scopes_and_rounds_are_paged_in_the_same_way(engine: Engine) -> None:
    """Items of a mapped flow with what it is mapped over, rounds of a loop without columns."""
    run = ended(engine, sized_flows)
    page = run_source(run).items("sized_flow", 0, 3)
    assert (page["columns"], [(row[0], row[4]) for row in page["rows"]]) == (
        ["name"],
        [(3, ["r3"]), (7, ["r7"]), (0, ["r0"])],
    )
    assert places(run, "sized_flow", ("completed",), sort="slowest", search="2") == [2]
    rounds = run_source(ended(engine, upped_often)).items("upped", 0, 9)
    assert (rounds["columns"], [row[0] for row in rounds["rows"]]) == ([], [0, 1, 2])
    assert run_source(run).items("names", 0, 9)["total"] == 0


def test_what_is_held_is_told_apart_from_what_is_ready(tmp_path: Any) -> None:
    """Of items that have not begun, by the marks on them."""
    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = engine.start(sized_each)
        seen = threading.Event()
        engine.on("task.started", lambda event: seen.set() if event.get("item") == 5 else None)
        if 5 not in places(run, "sized", ("running",)):
            assert seen.wait(20)
        run.pause("sized[8]")
        assert run_source(run).items("sized", 0, 0)["counts"] == {
            "ready": 3,
            "running": 1,
            "held": 1,
            "completed": 4,
            "failed": 1,
        }
        assert places(run, "sized", ("held",)) == [8]
        assert places(run, "sized", ("ready",)) == [6, 7, 9]
        run.resume("sized[8]")
        GATE.set()
        run.wait(20)
