"""What a view is told of arguments, breakpoints and interrupted runs, and where its requests lead."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

import pytest

from stratix_tasks import Engine, each, flow, task
from stratix_tasks.core.layout import lay_out
from stratix_tasks.core.ports import RUNNERS
from stratix_tasks.core.states import State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.dsl.task import KNOWN
from stratix_tasks.errors import InputError, StoreError, StratixError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.look.arguments import arguments
from stratix_tasks.look.health import Ills
from stratix_tasks.look.poller import Poller
from stratix_tasks.look.sources import FlowSource
from stratix_tasks.look.text import brief
from stratix_tasks.runs.interrupted import interrupted_of
from stratix_tasks.session.display import drawn, run_source
from stratix_tasks.session.view_actions import Leads
from stratix_tasks.spec.graph import Graph
from stratix_tasks.view.source import BREAK

GATE = threading.Event()


@task
def load(n: int) -> list[int]:
    return list(range(n))


@task
def table(n: Any) -> set[int]:
    return set(range(n))


@task
def wait(xs: list[int]) -> list[int]:
    GATE.wait(30)
    return xs


@task
def total(xs: list[int], odd: set[int], name: str, by: float = 1.0) -> float:
    return sum(xs) * by


@task
def square(x: int, up: int, times: int = 1) -> int:
    return x**up * times


@flow
def summed(n: int = 3) -> Any:
    return total(wait(load(n)), table(n), "sum")


@flow
def mapped() -> Any:
    return square.map(each(wait(load(3))), up=2)


@flow
def queue() -> Any:
    xs = wait([1, 2, 3])
    return total.options(priority=1)(xs, {1}, "first"), total.options(name="later")(xs, {1}, "second")


@pytest.fixture(autouse=True)
def gate() -> Any:
    GATE.clear()
    yield
    GATE.set()


def started(engine: Engine, of: Any, state: str = "running") -> Any:
    """A run whose `wait` waits for the gate."""
    run = engine.start(of)
    reached(engine, run, "wait", "started", state)
    return run


def reached(engine: Engine, run: Any, node: str, event: str, state: str) -> None:
    """Wait for an event of a node, unless it is in that state already."""
    seen = threading.Event()
    stop = engine.on(f"task.{event}", lambda event: seen.set() if event["node"] == node else None)
    if not any(row["name"] == node and row["state"] == state for row in run.progress()):
        assert seen.wait(20)
    stop()


def args(run: Any, node: str, item: int | None = None) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in run_source(run).inspect(node, item)["args"]}


def test_arguments_are_told_as_they_can_be_edited(engine: Engine) -> None:
    """Known values have the text of an editor, unknown ones an empty one, and what is no JSON says where to edit it."""
    run = started(engine, summed)
    reached(engine, run, "table", "completed", "completed")
    rows = args(run, "total")
    assert list(rows) == ["xs", "odd", "name", "by"]
    assert (rows["xs"]["edit"], rows["name"]["edit"], rows["name"]["as"], rows["by"]["edit"]) == (
        "",
        "sum",
        "text",
        "1.0",
    )
    assert rows["odd"]["edit"] is None
    assert "run.set(" in rows["odd"]["why"]


def test_what_is_set_must_be_what_the_function_takes(engine: Engine) -> None:
    """By hand or in Python: as its annotation wants it, or refused with all that does not fit; a field stays what it is."""
    run = started(engine, summed)
    rows = args(run, "total")
    assert [(row["type"], row["as"]) for row in rows.values()] == [
        ("list[int]", "json"),
        ("set[int]", "json"),
        ("str", "text"),
        ("float", "json"),
    ]
    with pytest.raises(InputError, match=r"'by' must be float, not str 'abc'.*'xs' must be list"):
        run._request("set", "total", {"texts": {"by": '"abc"', "xs": '["a"]'}})
    with pytest.raises(InputError, match="'name' must be str"):
        run.set("total", args={"name": 5})
    assert {name: row["edit"] for name, row in args(run, "total").items() if name in ("by", "name")} == {
        "by": "1.0",
        "name": "sum",
    }
    run.set("total", args={"by": 3, "xs": (1, 2)})
    assert (args(run, "total")["by"]["edit"], args(run, "total")["xs"]["edit"]) == ("3.0", "[1, 2]")


def test_what_a_map_goes_over_is_many_of_what_an_item_takes(engine: Engine) -> None:
    """Of the map the column is checked, of an item its part."""
    run = started(engine, mapped)
    assert args(run, "square")["x"]["type"] == "Iterable[int]"
    with pytest.raises(InputError, match=r"'x' must be Iterable\[int\]"):
        run.set("square", args={"x": ["a"]})
    run.set("square", args={"x": [5, 6]})
    run.breakpoint("square")
    GATE.set()
    reached(engine, run, "square", "held", "held")
    run.resume("square")
    assert run.result(20) == [25, 36]


@pytest.mark.parametrize(
    ("text", "told"),
    [("two", 'a text stands in double quotes: "two"'), ("True", "write true"), ("'a'", "in double quotes")],
)
def test_what_is_no_json_is_told_what_to_write(engine: Engine, text: str, told: str) -> None:
    """Of a word that it may be meant as a text; of a list that breaks off it is not."""
    run = started(engine, summed)
    with pytest.raises(InputError, match=told):
        run._request("set", "total", {"texts": {"by": text}})
    with pytest.raises(InputError) as refused:
        run._request("set", "total", {"texts": {"xs": "[1, 2"}})
    assert "quotes" not in str(refused.value)


def test_what_is_typed_is_read_as_json_by_python(engine: Engine) -> None:
    """A float stays one, a large whole number keeps its digits; what is no JSON is refused and names the argument."""
    run = started(engine, summed)
    run._request("set", "total", {"texts": {"by": "2.0", "xs": "[9007199254740993]"}}).result(10)
    rows = args(run, "total")
    assert (rows["by"]["edit"], rows["xs"]["edit"], rows["by"]["set"]) == ("2.0", "[9007199254740993]", True)
    with pytest.raises(InputError, match="'by' is not JSON"):
        run._request("set", "total", {"texts": {"by": "two"}})
    GATE.set()
    assert run.result(20) == 2.0 * 9007199254740993


def test_a_value_is_given_to_a_skipped_node_as_text(engine: Engine) -> None:
    """`skip` of a view takes the value as it was typed."""
    run = started(engine, summed)
    run._request("skip", "wait", {"text": "[5, 6]"}).result(10)
    GATE.set()
    assert run.result(20) == 11.0


def test_items_of_a_map_are_edited_one_by_one(engine: Engine) -> None:
    """Before it is expanded a map's arguments are its columns; then it refers to the items, which have their own.

    A parameter that the flow leaves alone has its default, and can be edited too.
    """
    run = started(engine, mapped)
    assert args(run, "square")["up"]["edit"] == "2"
    assert args(run, "square")["times"]["edit"] == "1"
    run.pause()
    GATE.set()
    source = run_source(run)
    assert args(run, "square")["x"]["edit"] in ("", "[0, 1, 2]")
    run.resume()
    run.wait(20)
    assert source.inspect("square", 1)["can"]["set"].startswith("it is completed")
    rows = arguments(run._live, unit_of(run._live.core.state, "square[2]"))
    assert {row["name"]: row["edit"] for row in rows} == {"x": "2", "up": "2", "times": "1"}


def test_a_breakpoint_is_told_to_views_at_once(engine: Engine) -> None:
    """Setting a breakpoint is a change of its node, though nothing moves; its record has the flag."""
    run = started(engine, summed)
    source = run_source(run)
    seen, told = set(), threading.Event()

    def watch(nodes: set[int]) -> None:
        seen.update(nodes)
        told.set()

    source.watch(watch)
    run.breakpoint("total")
    assert told.wait(10)
    number = [node["name"] for node in source.outline()["nodes"]].index("total")
    assert number in seen
    assert dict(source.records({number}))[number][1] & BREAK
    run.breakpoint("total", on=False)
    assert not dict(source.records({number}))[number][1] & BREAK


def test_a_run_that_rests_at_a_breakpoint_says_so_and_not_that_it_runs(engine: Engine) -> None:
    """What is held counts as what is waited for, once nothing else moves; let go on, it is none any more."""
    run = started(engine, summed)
    source, rests = run_source(run), threading.Event()
    source.watch(lambda _: rests.set() if (source.run_info()["waits"] or {}).get("held") else None)
    run.breakpoint("total")
    assert source.run_info()["waits"] == {}
    GATE.set()
    assert rests.wait(10) and source.run_info()["waits"] == {"held": 1}
    assert "paused at 1 node" in to_svg(drawn(source))
    run.resume("total")
    run.wait(20)
    assert source.run_info()["waits"] == {}


def test_abilities_say_why_not(engine: Engine) -> None:
    """What can't be done now has its reason."""
    run = started(engine, summed)
    source = run_source(run)
    can = {name: source.inspect(name, None)["can"] for name in ("load", "wait", "total")}
    assert (can["load"]["rollback"], can["total"]["set"], can["wait"]["fork"]) == (True, True, True)
    assert can["wait"]["set"] == "it is running and only what has not started can be set"
    assert "a rollback goes to after a node that has completed" in can["total"]["rollback"]


def test_an_interrupted_run_is_told_and_gone_on_with(tmp_path: Path) -> None:
    """A run whose engine ended shows as interrupted with what is left; `recover` of a view goes on, and handles see it."""
    first = Engine(tmp_path / "store")
    run_id = started(first, summed).id
    first.close()
    GATE.set()
    with Engine(tmp_path / "store") as second:
        run = second.run(run_id)
        info = run_source(run).run_info()
        assert info["state"] == "interrupted"
        assert (info["left"]["missing"], info["left"]["changed"]) == ([], [])
        assert [row["id"] for row in interrupted_of(second, "summed")] == [run_id]
        lead = Leads(lambda: second)
        shown = lead("recover", None, {"changed": "ask"}, run_id)
        assert run.result(20) == 3.0
        assert shown.run_info()["state"] == "completed"  # type: ignore[index]
        assert interrupted_of(second, "summed") == []
        assert lead("recover", None, {}, run_id).run_info()["state"] == "completed"  # type: ignore[index]


def test_what_leads_to_another_run(engine: Engine) -> None:
    """`fork` shows the new run, which knows where it came from; `open` shows a run by its id; `start` needs a flow."""
    run = started(engine, summed)
    GATE.set()
    run.wait(20)
    lead = Leads(lambda: engine)
    forked = lead("fork", "total", {}, run.id).run_info()
    assert forked is not None
    assert forked["forked_from"] == {"run": run.id, "node": "total"}
    assert lead("open", None, {"run": run.id}, forked["id"]).run_info()["id"] == run.id  # type: ignore[index]
    with pytest.raises(StratixError, match="can't start its flow"):
        lead("start", None, {}, None)


def test_displaying_a_flow_creates_nothing(tmp_path: Path) -> None:
    """Looking for interrupted runs makes no store, and an engine that has not begun is not begun by it."""
    quiet = Engine(tmp_path / "store")
    assert interrupted_of(quiet, "summed") == []
    assert not (tmp_path / "store").exists()
    with Engine(tmp_path / "store") as other:
        started(other, summed)
        assert len(other.runs()) == 1
        assert interrupted_of(quiet, "summed") == []
        assert quiet._store is None
        GATE.set()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (20.0, "20.0"),
        (2 / 3, "0.6667"),
        (-3.14159265, "-3.142"),
        (12345.678901, "≈ 12346"),
        (9.99999999, "≈ 10"),
        (-0.30000000000000004, "≈ -0.3"),
        (99.99999999, "≈ 100"),
        (12.30000001, "≈ 12.3"),
        (0.00123400001, "0.001234"),
        (0.0012300001, "≈ 0.00123"),
        (1.0000000001e-9, "≈ 1e-09"),
        (123456.5, "≈ 123456"),
        (100000.0, "100000.0"),
        (1234567.0, "1.235e+06"),
        (1.5e10, "1.5e+10"),
        (1 / 3e9, "3.333e-10"),
        (float("nan"), "nan"),
        ([1 / 3, 2, "x"], "[0.3333, 2, 'x']"),
        ({"a": (2 / 3,)}, "{'a': (0.6667,)}"),
    ],
)
def test_a_glance_at_a_value_has_four_digits(value: Any, text: str) -> None:
    """Floats of a summary are rounded, also in small containers; what is short stays as it is, and what would look like
    another number says that it is near to it."""
    assert brief(value) == text


def test_what_became_ready_is_told_with_what_made_it_so(tmp_path: Path) -> None:
    """A node that waits for a place to run is told to views at once, though to become ready is no fact of its own."""
    with Engine(tmp_path / "store", concurrency=1) as engine:
        run = started(engine, queue)
        source = run_source(run)
        names = [node["name"] for node in source.outline()["nodes"]]
        told: list[State] = []
        seen = threading.Event()

        def tell(nodes: set[int]) -> None:
            told.extend(State(record[0]) for node, record in source.records(nodes) if names[node] == "later")
            seen.set() if told else None

        source.watch(tell)
        GATE.set()
        assert seen.wait(20)
        assert told[0] is State.READY
        assert run.wait(20) == "completed"


def test_a_view_of_an_interrupted_run_hears_that_its_cells_were_run(tmp_path: Path) -> None:
    """One that was opened before them lacks their tasks, and says so until they are there; and tells which have changed since."""
    cell = "@task\ndef unseen_cell(n: int) -> int:\n    GATE.wait(20)\n    return n\n"
    names: dict[str, Any] = {"task": task, "GATE": GATE, "__name__": "unseen_cells"}
    exec(cell, names)

    @flow(name="of_unseen_cells")
    def of_cells() -> Any:
        return names["unseen_cell"](1)

    call = "unseen_cells:unseen_cell"
    first, second = Engine(tmp_path / "store"), Engine(tmp_path / "store")
    with second:
        run = first.start(of_cells)
        reached(first, run, "unseen_cell", "started", "running")
        first.close()
        del names["unseen_cell"], KNOWN[call]
        source = run_source(second.run(run.id))
        told: SimpleQueue[tuple[list[str], list[str]]] = SimpleQueue()

        def changed(_nodes: set[int]) -> None:
            left = source.run_info().get("left")
            if left is not None:
                told.put((left["missing"], left["changed"]))

        release = source.watch(changed)
        assert source.run_info()["left"]["missing"] == [call]
        exec(cell, names)
        assert told.get(timeout=20) == ([], [])
        exec(cell.replace("return n", "return n + 1"), names)
        while (now := told.get(timeout=20)) != ([], [call]):
            assert now == ([], [])
        release()


def test_a_view_of_another_engines_run_tells_that_it_was_interrupted_and_taken_over(tmp_path: Path) -> None:
    """By itself, while it is open: with what is left when its engine ends, and as running when a third goes on with it."""
    first, second, third = (Engine(tmp_path / "store") for _ in range(3))
    with second, third:
        run_id = started(first, summed).id
        source = run_source(second.run(run_id))
        seen: dict[str, threading.Event] = {state: threading.Event() for state in ("interrupted", "completed")}
        infos: dict[str, Any] = {}

        def changed(_nodes: set[int]) -> None:
            info = source.run_info()
            if info["state"] == "interrupted" and "left" not in info:
                return  # it is read meanwhile, and told then
            infos[info["state"]] = info
            if info["state"] in seen:
                seen[info["state"]].set()

        release = source.watch(changed)
        first.close()
        assert seen["interrupted"].wait(20)
        assert (infos["interrupted"]["left"]["missing"], infos["interrupted"]["left"]["changed"]) == ([], [])
        GATE.set()
        assert [run.id for run in third.recover()] == [run_id]
        assert seen["completed"].wait(20)
        release()


def test_the_view_of_a_flow_hears_by_itself_what_became_of_its_interrupted_runs(tmp_path: Path) -> None:
    """While it is open: of a run that is left by another engine, and that a third one has gone on with it."""
    first, second, third = (Engine(tmp_path / "store") for _ in range(3))
    with second, third:
        poller = Poller(partial(interrupted_of, second))
        graph = Graph(summed.spec)
        root = lay_out(graph, {}, EXECUTORS, RUNNERS)
        ills = Ills(root, second.executors.checkups)
        source = FlowSource(graph, root, {}, [], True, interrupted_of(second, "summed"), ills, poller)
        told: SimpleQueue[list[str]] = SimpleQueue()
        release = source.watch(lambda _: told.put([row["id"] for row in source.outline()["flow"]["interrupted"]]))
        run_id = started(first, summed).id
        first.close()
        assert told.get(timeout=20) == [run_id]
        GATE.set()
        assert [run.id for run in third.recover()] == [run_id]
        assert told.get(timeout=20) == []
        release()


def test_a_view_of_a_flow_that_can_not_be_told_keeps_no_other_from_hearing(tmp_path: Path) -> None:
    """One that raises is passed over; and one that was released is told nothing."""
    rows: list[dict[str, Any]] = []
    poller = Poller(lambda flow: list(rows))
    told: SimpleQueue[str] = SimpleQueue()

    def broken(_: Any) -> None:
        told.put("broken")
        raise RuntimeError("closed")

    poller.watch("f", [], lambda _: told.put("released"))()
    releases = [poller.watch("f", [], broken), poller.watch("f", [], lambda _: told.put("whole"))]
    rows.append({"id": "r", "created": 1.0})
    assert [told.get(timeout=20), told.get(timeout=20)] == ["broken", "whole"]
    assert told.empty()
    for release in releases:
        release()


def test_a_look_that_fails_is_not_the_last_one() -> None:
    """While the store is busy there is nothing to tell; then it is looked at again."""
    answers: list[Any] = [StoreError("busy", code="busy"), [{"id": "r", "created": 1.0}]]

    def look(_flow: str) -> list[dict[str, Any]]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return cast(list[dict[str, Any]], answer)

    told: SimpleQueue[list[dict[str, Any]]] = SimpleQueue()
    release = Poller(look).watch("f", [], told.put)
    assert told.get(timeout=20) == answers[-1]
    release()


def test_inputs_are_names_with_values(engine: Engine) -> None:
    """A bare value is an InputError that shows the form."""
    with pytest.raises(InputError, match=r"names with values, such as \{'n': 3\}, not int 3"):
        engine.start(summed, 3)  # type: ignore[arg-type]


def test_what_is_no_number_name_or_mapping_is_refused(engine: Engine) -> None:
    """Where waiting would have no end, or an error of Python's would tell nothing."""
    GATE.set()
    run = engine.start(summed)
    with pytest.raises(InputError, match="timeout is a number of seconds"):
        run.wait(float("nan"))
    with pytest.raises(InputError, match="to fork from, not 5"):
        run.fork(5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="inputs are names with values"):
        run.fork(inputs=[1])  # type: ignore[arg-type]
