"""Starting from a view: the fields that it asks for, and the runs that come of them."""

from __future__ import annotations

import threading
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import Field

from stratix_tasks import Engine, each, failed, flow, task
from stratix_tasks.errors import InputError, StratixError
from stratix_tasks.session.display import flow_source, run_source
from stratix_tasks.session.view_actions import Leads

GATE = threading.Event()


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@task
def told(n: int, name: str) -> str:
    return f"{name} {n}"


@task
def breaks(n: int) -> int:
    raise ValueError(n)


@task
def mended(error: Any) -> int:
    return 0


@flow
def asked_flow(
    n: Annotated[int, Field(ge=1, le=10, description="How many")],
    mode: Literal["quick", "deep"] = "quick",
    share: Annotated[float, Field(ge=0, le=1)] = 0.5,
    name: str = "x",
    day: date = date(2024, 1, 2),
    at: datetime = datetime(2024, 1, 2, 3),
    file: Path = Path("a.csv"),
    yes: bool = True,
    xs: list[int] = [1],
    kind: Mode = Mode.FAST,
) -> Any:
    return told(n, name)


@flow
def framed_flow(frame: pd.DataFrame, n: int = 1) -> Any:
    return told(n, "framed")


@flow
def absorbed_flow() -> Any:
    with failed(breaks(1)) as error:
        mended(error)


@task
def gated(n: int) -> int:
    GATE.wait(30)
    return n


@flow
def gated_flow() -> Any:
    return gated(plus(1))


@flow
def given_flow() -> Any:
    return plus(breaks(plus(1)))


@flow
def optioned_flow(limit: int = 30) -> Any:
    first = told(1, "x")
    return told.options(name="later", timeout=limit, after=[first])(2, "x")


@flow
def stepwise() -> Any:
    one = plus.options(name="one")(0)
    return plus.options(name="three")(plus.options(name="two")(one))


@task
def plus(n: int) -> int:
    return n + 1


@task
def dated() -> date:
    return date(2026, 1, 31)


@task
def odd() -> Any:
    return object()


@task
def large() -> str:
    return "x" * 40_000


@flow
def deep() -> Any:
    return plus.options(name="one")(0)


@flow
def of_results() -> Any:
    return [dated(), odd(), large(), deep()]


def fields(source: Any) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in source.fields()}


def test_inputs_are_asked_for_by_what_they_are() -> None:
    """Required ones first; numbers with bounds by a slider, choices, dates, switches and paths by their own fields."""
    source = flow_source(asked_flow, {})
    asked = fields(source)
    assert next(iter(asked)) == "n"
    assert {name: field["widget"] for name, field in asked.items()} == {
        "n": "slider",
        "mode": "choice",
        "share": "slider",
        "name": "text",
        "day": "date",
        "at": "datetime",
        "file": "path",
        "yes": "switch",
        "xs": "json",
        "kind": "choice",
    }
    assert (asked["n"]["min"], asked["n"]["max"], asked["n"]["step"], asked["n"]["required"]) == (1, 10, 1, True)
    assert (asked["share"]["step"], asked["mode"]["choices"], asked["n"]["hint"]) == (
        0.01,
        ["quick", "deep"],
        "How many",
    )
    assert source.outline()["flow"]["start"] is True
    assert source.outline()["flow"]["asks"]


@flow
def maybe_asked(
    must: str | None,
    note: str | None = None,
    day: date | None = None,
    most: int | None = None,
    mixed: int | str | None = None,
    kept: str | None = "x",
) -> Any:
    return told(1, "maybe")


def test_what_may_be_left_out_is_asked_for_as_what_it_is_else(engine: Engine) -> None:
    """Where nothing said is None: no JSON is asked for then, and a run that was given None has an empty field."""
    asked = {name: field["widget"] for name, field in fields(flow_source(maybe_asked, {})).items()}
    assert asked == {"must": "json", "note": "text", "day": "date", "most": "number", "mixed": "json", "kept": "json"}
    lead = Leads(lambda: engine, start=lambda until, /, **inputs: engine.start(maybe_asked, inputs, until=until))
    said = {"fields": {"day": "2025-05-06"}, "texts": {"must": "null", "most": "3"}}
    info = lead("start", None, said, None).run_info()
    assert info is not None
    run = engine.run(info["id"])
    assert run.wait(20) == "completed"
    assert {name: run.inputs[name] for name in ("note", "day", "most")} == {
        "note": None,
        "day": date(2025, 5, 6),
        "most": 3,
    }
    again = {name: (field["value"], field["kept"]) for name, field in fields(run_source(run)).items()}
    assert {name: again[name] for name in ("note", "day", "most")} == {
        "note": ("", ""),
        "day": ("2025-05-06", ""),
        "most": ("3", ""),
    }


def test_what_can_not_be_typed_is_to_be_given_in_a_cell() -> None:
    """A frame, say: the button tells how."""
    told = flow_source(framed_flow, {}).outline()["flow"]["start"]
    assert told == "give its inputs in a cell: framed_flow.start(frame=…)"


def test_a_filled_in_form_starts_a_run(engine: Engine) -> None:
    """Its texts are read as the inputs want them; what does not fit is told, and nothing is started."""
    lead = Leads(lambda: engine, start=lambda until, /, **inputs: engine.start(asked_flow, inputs, until=until))
    args = {"fields": {"day": "2025-05-06", "kind": "slow", "file": "b.csv"}, "texts": {"n": "3", "xs": "[4]"}}
    info = lead("start", None, args, None).run_info()
    assert info is not None
    run = engine.run(info["id"])
    assert run.wait(20) == "completed"
    assert {name: run.inputs[name] for name in ("n", "day", "kind", "file", "xs")} == {
        "n": 3,
        "day": date(2025, 5, 6),
        "kind": Mode.SLOW,
        "file": Path("b.csv"),
        "xs": [4],
    }
    with pytest.raises(InputError, match="input 'n' must be"):
        lead("start", None, {"fields": {}, "texts": {"n": "11"}}, None)
    assert len(engine.runs()) == 1


def test_a_view_runs_a_flow_until_a_node(engine: Engine) -> None:
    """From the flow, and from a run of it; the view tells where that goes."""
    lead = Leads(lambda: engine, start=lambda until, /, **inputs: engine.start(stepwise, inputs, until=until))
    first = lead("start", None, {"until": "one"}, None).run_info()
    assert first is not None
    assert first["until"] == ["one"]
    assert engine.run(first["id"]).result(20) == 1
    again = lead("again", None, {"until": "two"}, first["id"]).run_info()
    assert again is not None
    assert engine.run(again["id"]).result(20) == 2
    source = lead("again", None, {}, again["id"])
    assert source.run_info()["until"] == ["two"]  # type: ignore[index]
    names = [node["name"] for node in source.outline()["nodes"]]
    edges = {(names[a], names[b]) for a, b, _ in source.outline()["edges"]}
    assert edges == {("one", "two"), ("two", "three")}  # also where nothing comes along
    assert source.can("three", None)["until"] is True
    with pytest.raises(InputError, match="no such node"):
        lead("again", None, {"until": "four"}, first["id"])


@flow
def steps_of(n: int) -> Any:
    return plus.options(name="last")(plus.options(name="two")(n))


@flow
def steps_in_a_flow() -> Any:
    return [steps_of.options(name="part")(1), steps_of.options(name="parts").map(each([1, 2]))]


def test_a_view_runs_a_flow_until_a_node_of_a_flow_in_it(engine: Engine) -> None:
    """Of an item it tells what to run to: the node of all of them."""
    lead = Leads(lambda: engine, start=lambda until, /, **inputs: engine.start(steps_in_a_flow, inputs, until=until))
    first = lead("start", None, {"until": "part.two"}, None).run_info()
    assert first is not None
    assert (first["until"], engine.run(first["id"]).result(20)) == (["part.two"], 2)
    whole = engine.start(steps_in_a_flow)
    whole.wait(20)
    source = run_source(whole)
    assert source.can("part.two", None)["until"] is True
    assert source.can("parts[1].two", None)["until"] == "it is completed and one of several: run to 'parts.two'"


def test_a_view_pins_a_result_to_the_flow(engine: Engine) -> None:
    """As a step that can be undone; what a document has no text for, or is large, is refused with the reason."""
    run = engine.start(of_results)
    run.wait(20)
    lead = Leads(lambda: engine, flow=of_results)
    shown = lead("pin", "dated", {}, run.id)
    assert shown.run_info() is None
    assert of_results.edits == ["pin dated"]
    outline = shown.outline()["nodes"][0]
    assert (outline["badge"], "pin" in dict(outline["config"])) == ("pinned", True)
    again = engine.start(of_results)
    again.wait(20)
    assert (again.output("dated"), again.why("dated").endswith("pinned in its place.")) == (date(2026, 1, 31), True)
    lead("pin", "deep.one", {}, run.id)
    assert of_results.spec.flows["deep"].tasks["one"].pin is not None
    for node, code in (("odd", "not-portable"), ("large", "too-large")):
        with pytest.raises(InputError, match=f"the result of '{node}' can't be pinned") as refused:
            lead("pin", node, {}, run.id)
        assert refused.value.code == code
    source = run_source(run)
    assert source.can("odd", None)["pin"] is True
    assert source.can("deep.one", None)["until"] is True
    with pytest.raises(StratixError, match="knows no flow"):
        Leads(lambda: engine)("pin", "dated", {}, run.id)
    of_results.drop()


def test_a_run_is_run_again_with_the_same_or_other_inputs(engine: Engine) -> None:
    """The form has its values; what is not said stays, what was taken away gets its default; what can't be typed is kept as it was.
    From Python, too."""
    first = engine.start(asked_flow, {"n": 3, "name": "a b", "day": date(2024, 5, 6), "xs": [7]})
    assert first.wait(20) == "completed"
    asked = fields(run_source(first))
    assert {name: asked[name]["value"] for name in ("n", "name", "day", "xs", "yes", "kind", "file")} == {
        "n": "3",
        "name": "a b",
        "day": "2024-05-06",
        "xs": "[7]",
        "yes": "true",
        "kind": "fast",
        "file": "a.csv",
    }
    lead = Leads(lambda: engine)
    again = lead("again", None, {"fields": {}, "texts": {"n": "4"}}, first.id).run_info()
    assert again is not None
    second = engine.run(again["id"])
    assert second.result(20) == "a b 4"
    assert second.inputs == {**first.inputs, "n": 4}
    assert first.again().result(20) == "a b 3"
    emptied = lead("again", None, {"fields": {}, "texts": {"n": "4"}, "unsaid": ["name", "xs"]}, first.id).run_info()
    assert emptied is not None
    assert engine.run(emptied["id"]).inputs == {**first.inputs, "n": 4, "name": "x", "xs": [1]}
    with pytest.raises(InputError, match="input 'n' must be"):
        first.again(inputs={"n": 40})


def test_what_can_not_be_typed_is_kept(engine: Engine) -> None:
    """A frame is said to be as it was, and is passed on."""
    first = engine.start(framed_flow, {"frame": pd.DataFrame({"a": [1]})})
    assert first.wait(20) == "completed"
    asked = fields(run_source(first))
    assert (asked["frame"]["kept"], asked["frame"]["required"]) == ("<DataFrame 1 × 1>", False)
    again = first.again(inputs={"n": 2})
    assert again.result(20) == "framed 2"
    assert again.inputs["frame"].equals(first.inputs["frame"])


def test_a_run_tells_what_it_was_given_and_gave_and_what_is_beside_it(engine: Engine) -> None:
    """Of the same flow alone; the newest has none after it."""
    runs = [engine.start(asked_flow, {"n": n}) for n in (1, 2, 3)]
    other = engine.start(absorbed_flow)
    for run in (*runs, other):
        assert run.wait(20) == "completed"
    engine.chores.settle()
    about = run_source(runs[1]).about()
    assert (about["older"], about["newer"]) == (runs[0].id, runs[2].id)
    assert (about["result"] or {})["text"] == "x 2"
    assert dict(about["inputs"])["n"]["text"] == "2"
    assert run_source(other).about()["newer"] is None


def test_failures_that_others_went_on_without_are_counted(engine: Engine) -> None:
    """Beside those of the run."""
    run = engine.start(absorbed_flow)
    assert run.wait(20) == "completed"
    info = run_source(run).run_info()
    assert (info["absorbed"], info["counts"]["failed"]) == (1, 1)


def test_options_that_came_with_the_run_or_by_hand_are_told(engine: Engine) -> None:
    """Each with where it comes from; what a person says wins."""
    run = engine.start(optioned_flow)
    assert run.wait(20) == "completed"
    assert run_source(run).inspect("later", None)["options"] == [("timeout", "attempt 30.0 (came with the run)")]
    run.rollback("told")
    run.set("later", options={"priority": 3, "timeout": 5})
    run.resume()
    assert run.wait(20) == "completed"
    told = dict(run_source(run).inspect("later", None)["options"])
    assert told == {"timeout": "attempt 5.0 (set by hand)", "priority": "3 (set by hand)"}


def test_how_long_nodes_and_runs_usually_take_is_the_median_of_the_last_runs(engine: Engine) -> None:
    """Told while one goes on; a fork, which does a part of the flow, tells how long its nodes took, not how long a run does."""
    GATE.set()
    runs = [engine.start(gated_flow) for _ in range(3)]
    for run in runs:
        assert run.wait(20) == "completed"
    forked = runs[0].fork("gated")
    assert forked.wait(20) == "completed"
    engine.chores.settle()
    rows = [next(row for row in run.progress() if row["name"] == "gated") for run in (*runs, forked)]
    infos = [run_source(run).run_info() for run in runs]
    GATE.clear()
    going = run_source(last := engine.start(gated_flow))
    assert going.inspect("gated", None)["usual"] == pytest.approx(median(row["ended"] - row["started"] for row in rows))
    took = median(info["ended"] - info["started"] for info in infos if info["ended"] is not None)
    assert going.run_info()["usual"] == pytest.approx(took)
    GATE.set()
    assert last.wait(20) == "completed"
    assert run_source(last).run_info()["usual"] is None


def test_a_value_given_by_hand_tells_nothing_of_how_long_a_node_takes(engine: Engine) -> None:
    """Nor does a node that failed."""
    run = engine.start(given_flow)
    assert run.wait(20) == "failed"
    run.skip("breaks", value=2)
    assert run.wait(20) == "completed"
    engine.chores.settle()
    other = engine.start(given_flow)
    other.wait(20)
    assert run_source(other).inspect("breaks", None)["usual"] is None
    assert run_source(other).inspect("plus", None)["usual"] is not None
