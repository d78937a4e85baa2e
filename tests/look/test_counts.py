"""The counts of a run: each node and item once, under the one name that its state has everywhere."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from typing import Any

import pandas as pd
import pytest

from stratix_tasks import Engine, approval, each, failed, flow, history, task
from stratix_tasks.core.states import State
from stratix_tasks.look.text import few
from stratix_tasks.session.display import run_source
from stratix_tasks.view.source import WAITS

GATE = threading.Event()
BEGUN = threading.Semaphore(0)
BROKEN = {3, 4}


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def checked(x: int) -> int:
    if x in BROKEN:
        raise ValueError(x)
    return x


@task
def summed(xs: list[int]) -> int:
    return sum(xs)


@task
def waits(xs: list[int]) -> list[int]:
    GATE.wait(30)
    return xs


@flow
def counted_flat(n: int = 20) -> Any:
    return summed(checked.map(each(numbers(n))))


@flow
def counted_inner(n: int) -> Any:
    return summed(checked.map(each(numbers(2))))


@flow
def counted_deep(n: int) -> Any:
    return summed(counted_inner.map(each(numbers(n))))


@flow
def counted_states() -> Any:
    xs = numbers(6)
    return summed(waits(xs)), summed.options(name="other")(checked.map(each(xs)))


@pytest.fixture(autouse=True)
def gate() -> Any:
    GATE.clear()
    yield
    GATE.set()
    BROKEN.update((3, 4))


def counts(run: Any) -> tuple[int, int, dict[str, int]]:
    info = run_source(run).run_info()
    return info["done"], info["total"], info["counts"]


def test_counts_after_rollbacks_are_those_of_what_is_there(engine: Engine) -> None:
    """What a rollback took out is not counted any more, however often it is run again."""
    run = engine.start(counted_flat)
    assert run.wait(20) == "failed"
    first = (22, 22, {"completed": 19, "failed": 2, "upstream_failed": 1})
    assert counts(run) == first
    for _ in range(2):
        run.rollback("numbers")
        assert counts(run) == (1, 3, {"completed": 1, "pending": 2})
        run.resume()
        assert run.wait(20) == "failed"
        assert counts(run) == first
    BROKEN.clear()
    run.retry()
    assert run.wait(20) == "completed"
    assert counts(run) == (22, 22, {"completed": 22})


@pytest.mark.parametrize("n", [3, 101])
def test_each_node_counts_once_however_many_lie_side_by_side(engine: Engine, n: int) -> None:
    """A map in a mapped flow counts by its items, also where nodes are counted by columns."""
    run = engine.start(counted_deep, {"n": n})
    assert run.wait(60) == "completed"
    assert counts(run) == (4 * n + 2, 4 * n + 2, {"completed": 4 * n + 2})


def test_a_state_has_one_name_in_views_python_and_frames(engine: Engine) -> None:
    """The counts of the header, `progress`, the inspector and the history call it the same."""
    run = engine.start(counted_states)
    run.pause("summed")
    ended = threading.Event()
    engine.on("task.upstream_failed", lambda event: ended.set())
    if "upstream_failed" not in counts(run)[2]:
        assert ended.wait(20)
    source = run_source(run)
    rows = {row["name"]: row["state"] for row in run.progress()}
    assert (rows["summed"], rows["waits"], rows["other"]) == ("held", "running", "upstream_failed")
    assert {name: source.inspect(name, None)["state"] for name in rows} == rows
    found = history(engine.store.path).tasks(run=run.id)
    leaves = found[(found["node"] != "checked") | found["item"].notna()]
    shown = counts(run)[2]
    assert dict(Counter(leaves["state"])) == shown
    assert set(shown) <= {state.label for state in State}
    GATE.set()
    run.cancel()
    run.wait(20)


def test_the_frame_of_a_run_knows_what_is_ready(engine: Engine) -> None:
    """As its views do, also in another engine, and the history: what is paused with its run, and waits for its place alone."""

    @flow
    def counted_chain() -> Any:
        return summed.options(name="last")([summed.options(name="next")(numbers(3))])

    run = engine.start(counted_chain)
    assert run.wait(20) == "completed"
    run.rollback("numbers")
    words = {row["name"]: row["state"] for row in run.progress()}
    assert words == {"numbers": "completed", "next": "ready", "last": "pending"}
    with closing(Engine(engine.store.path)) as other:
        for asked in (run, other.run(run.id)):
            assert dict(zip(asked.tasks()["node"], asked.tasks()["state"], strict=True)) == words
    past = history(engine.store.path)
    assert dict(past.tasks().set_index("node")["state"]) == words
    recorded = past.sql("SELECT node, state FROM tasks").set_index("node")["state"]
    assert dict(recorded) == {"numbers": "completed", "next": "pending", "last": "pending"}


@task
def twice(n: int) -> list[int]:
    return [n, n + 1]


@task
def gated(x: int) -> int:
    BEGUN.release()
    GATE.wait(30)
    if x in BROKEN:
        raise ValueError(f"no {x}")
    return x


@flow
def counted_scope(n: int) -> Any:
    return summed(gated.map(each(twice(n))))


@flow
def counted_items() -> Any:
    return counted_scope.map(each([1, 2, 3, 7])), counted_scope(0)


@task
def words(n: int) -> list[str]:
    return [f"{n}?", f"{n}!"]


@flow
def asked_scope(x: int) -> Any:
    return approval.options(name="both").map(each(words(x)))


@flow
def asked_items() -> Any:
    return asked_scope.map(each([1, 2]))


def card(run: Any, name: str) -> tuple[tuple[int, int, int, int], int, dict[str, str]]:
    """done, total, failed and running, the flags, and the texts of a node's card."""
    source = run_source(run)
    at = [node["name"] for node in source.outline()["nodes"]].index(name)
    record = dict(source.records({at}))[at]
    _, flags, _, done, total, failed, running, *_ = record
    return (done, total, failed, running), flags, source.texts({at})[str(at)]


def test_a_mapped_flow_counts_its_items(engine: Engine) -> None:
    """Not the nodes in them; what runs in a fan-out within an item runs in that. Its card says by what the first failed."""
    run = engine.start(counted_items)
    for _ in range(10):
        assert BEGUN.acquire(timeout=20)
    assert card(run, "counted_scope")[0] == (0, 4, 0, 4)
    assert card(run, "counted_scope_2")[0] == (1, 3, 0, 1)
    GATE.set()
    assert run.wait(20) == "failed"
    assert card(run, "counted_scope")[0] == (2, 4, 2, 0)
    assert "items failed" in card(run, "counted_scope")[2]["error"]
    rows = {row["name"]: (row["done"], row["total"], row["failed"]) for row in run.progress()}
    assert rows["counted_scope"] == (2, 4, 2)
    BROKEN.clear()
    run.retry()
    assert run.wait(20) == "completed"
    assert card(run, "counted_scope") == ((4, 4, 0, 0), 0, {"summary": "4 items", "size": "×4"})


def test_items_of_a_mapped_flow_that_were_rolled_back_count_no_more(engine: Engine) -> None:
    """Nor those of before, once it has opened again."""
    run = engine.start(counted_deep, {"n": 3})
    assert run.wait(20) == "completed"
    run.rollback("numbers")
    assert card(run, "counted_inner")[0] == (0, 0, 0, 0)
    run.resume()
    assert run.wait(20) == "completed"
    assert card(run, "counted_inner")[0] == (3, 3, 0, 0)


def test_what_waits_within_an_item_is_waited_for_by_all_of_them(engine: Engine) -> None:
    """A mapped flow in which nothing runs waits as what lies deepest in it does; or is paused with that."""
    run = engine.start(asked_items)
    while run_source(run).run_info()["counts"].get("waiting") != 4:
        assert run.wait(0.01) in ("pending", "running")
    assert card(run, "asked_scope")[:2] == ((0, 2, 0, 0), WAITS)
    run.cancel()
    assert run.wait(20) == "cancelled"
    assert card(run, "asked_scope")[0] == (0, 2, 2, 0)


@task
def lines(n: int) -> int:
    if n in BROKEN:
        raise ValueError(f"no {n}")
    return n


@flow
def counted_handled() -> Any:
    n = lines(3)
    with failed(n):
        summed.options(name="handler")([1])
    return summed([n])


def test_what_was_skipped_took_no_time(engine: Engine) -> None:
    """Also where it ran before a rollback."""
    run = engine.start(counted_handled)
    assert run.wait(20) == "failed"
    source = run_source(run)
    at = [node["name"] for node in source.outline()["nodes"]].index("handler")
    assert dict(source.records({at}))[at][9] is not None
    BROKEN.clear()
    run.retry(redo=True)
    assert run.wait(20) == "completed"
    record = dict(source.records({at}))[at]
    assert (State(record[0]), record[9]) == (State.SKIPPED, None)


def test_a_map_that_is_tried_again_took_no_time_while_it_had_ended(engine: Engine) -> None:
    """A view counts on from what it had taken; when it began is what it was."""
    run = engine.start(counted_flat)
    assert run.wait(20) == "failed"
    (before,) = (status for _, status in run_source(run).records({1}))
    begun = run.progress()[1]["started"]
    BROKEN.clear()
    run.retry()
    assert run.wait(20) == "completed"
    (after,) = (status for _, status in run_source(run).records({1}))
    assert before[9] == begun == run.progress()[1]["started"]
    assert begun < (after[9] or 0) < (after[10] or 0)


@task
def framed(n: int) -> pd.DataFrame:
    return pd.DataFrame({"a": range(n), "b": 0.5})


@flow
def sized_flow(n: int = 1234) -> Any:
    xs = numbers(n)
    return framed(n), checked.map(each(numbers.options(name="few")(3))), summed(xs)


def test_how_much_a_node_gave_is_told_in_the_room_of_an_edge(engine: Engine) -> None:
    """Rows and columns, the length of a list, the items of a map; a number has no size."""
    run = engine.start(sized_flow)
    assert run.wait(20) == "completed"
    source = run_source(run)
    names = [node["name"] for node in source.outline()["nodes"]]
    told = {names[int(unit)]: text.get("size") for unit, text in source.texts(None).items()}
    assert told == {"numbers": "×1.2k", "framed": "1.2k×2", "few": "×3", "checked": "×3", "summed": None}


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1k"),
        (9949, "9.9k"),
        (9950, "10k"),
        (336_776, "337k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (10**18, "1e18"),
    ],
)
def test_a_number_is_told_in_four_characters(number: int, text: str) -> None:
    """Rounded; what rounds up to the next unit is told in that."""
    assert few(number) == text
