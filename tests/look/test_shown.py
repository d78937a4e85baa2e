"""What the inspector shows of results and arguments: as it was made where they were made, whoever looks, wherever."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stratix_tasks import Engine, ask, each, flow, task
from stratix_tasks.look.logs import HELD
from stratix_tasks.runners.ends import HEAD
from stratix_tasks.session.display import flow_source, page, run_source


class Drawn:
    def _repr_html_(self) -> str:
        return "<script>bad()</script><b>drawn</b>"


@task
def framed(n: int) -> pd.DataFrame:
    return pd.DataFrame({"n": range(n), "wide": ["x" * 50] * n})


@task
def halved(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(len(frame) // 2)


@task
def drawn(frame: pd.DataFrame) -> Any:
    return Drawn()


@task
def small(frame: pd.DataFrame) -> dict[str, Any]:
    return {"rows": len(frame), "parts": [1, 2]}


@task
def told(x: int, frame: pd.DataFrame) -> int:
    return x + len(frame)


@flow
def shown_flow(n: int, base: pd.DataFrame) -> Any:
    frame = framed(n)
    drawn(frame)
    small(base)
    told.map(each(halved(frame)["n"]), frame=frame)


def kinds(source: Any, node: str) -> tuple[Any, dict[str, Any]]:
    seen = source.inspect(node, None)
    given = {name: value["preview"] and value["preview"]["kind"] for name, value in seen["inputs"]}
    return seen["output"]["preview"] and seen["output"]["preview"]["kind"], given


def test_results_and_arguments_are_shown_as_what_they_are(tmp_path: Path) -> None:
    """Frames as tables, also where they are arguments or inputs of the run; markup as what it is; small data as trees. By
    another engine, which has none of the values, and in a page with nothing behind it, the same.
    """
    wanted = {
        "framed": ("table", {"n": None}),
        "halved": ("table", {"frame": "table"}),
        "drawn": ("html", {"frame": "table"}),
        "small": ("tree", {"frame": "table"}),
    }
    with Engine(tmp_path / "store") as engine:
        run = engine.start(shown_flow, {"n": 40, "base": pd.DataFrame({"b": [1]})})
        assert run.wait(30) == "completed", run.error
        source = run_source(run)
        found = {name: kinds(source, name) for name in wanted}
        assert found == wanted
        assert source.inspect("framed", None)["output"]["preview"]["of"] == [40, 2]
        assert dict(source.inspect("told", 3)["inputs"])["frame"]["preview"]["kind"] == "table"
    with Engine(tmp_path / "store") as other:
        again = run_source(other.run(run.id))
        assert {name: kinds(again, name) for name in wanted} == wanted
        html = page(again)
        data = json.loads(html.partition('id="snapshot">')[2].partition("</script>")[0])
        assert data["told"]["drawn"]["output"]["preview"]["html"] == "<script>bad()</script><b>drawn</b>"
        assert "<script>bad()" not in html


@flow
def shown_frames() -> Any:
    framed.options(key="of {n}").map(each([2, 3]))
    framed.options(name="many").map(each([1] * 30))
    told.map(each([1, 2]), frame=framed.options(name="one")(3))


def test_results_of_a_map_are_told_by_their_types_where_they_have_no_line_of_text(tmp_path: Path) -> None:
    """Frames by how large they are, under the keys of their items, as many as can be read; numbers as a list."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(shown_frames)
        assert run.wait(30) == "completed", run.error
    with Engine(tmp_path / "store") as other:
        source = run_source(other.run(run.id))
        seen = source.inspect("framed", None)["output"]
        assert (seen["type"], seen["shape"]) == ("list", "list of 2")
        root = seen["preview"]["root"]
        assert [(part["name"], part["text"]) for part in root["parts"]] == [
            ("of 2", "DataFrame 2 × 2"),
            ("of 3", "DataFrame 3 × 2"),
        ]
        many = source.inspect("many", None)["output"]["preview"]["root"]
        assert (many["text"], many["more"], many["parts"][0]["name"], len(many["parts"])) == ("list of 30", 10, "0", 20)
        assert (source.inspect("told", None)["output"] or {})["text"] == "[4, 5]"


class Row(NamedTuple):
    n: int
    half: float
    name: str


@task
def rowed(n: int) -> Any:
    return Row(n, n / 3, f"row {n}")


@task
def said(n: int) -> dict[str, int]:
    return {"n": n} if n < 3 else {"m": n}


@flow
def shown_records() -> Any:
    rowed.options(key="of {n}").map(each(range(1, 31)))
    said.options(name="alike").map(each([1, 2]))
    said.options(name="other").map(each([2, 3]))


def test_results_of_a_map_that_are_records_of_one_kind_are_a_table(tmp_path: Path) -> None:
    """A row each under its key, of the first ones; also when another engine shows them."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(shown_records)
        assert run.wait(30) == "completed", run.error
    with Engine(tmp_path / "store") as other:
        source = run_source(other.run(run.id))
        seen = source.inspect("rowed", None)["output"]
        table = seen["preview"]
        assert (seen["type"], seen["shape"], table["kind"]) == ("list", "list of 30", "table")
        assert table["columns"] == [("n", "int"), ("half", "float"), ("name", "")]
        assert (table["rows"][0], table["index"][0]) == (["1", "0.333333", "row 1"], "of 1")
        assert (len(table["rows"]), table["of"]) == (20, (30, 3))
        assert source.inspect("alike", None)["output"]["preview"]["rows"] == [["1"], ["2"]]
        assert source.inspect("other", None)["output"]["preview"] is None


class Silent:
    """Takes long to say anything, and then raises."""

    asked = 0

    def __repr__(self) -> str:
        Silent.asked += 1
        raise KeyboardInterrupt


@flow
def silent_flow() -> Any:
    small.options(name="one")(Silent())
    small.options(name="many")([1, Silent()])


def test_values_that_stand_in_a_flow_are_shown_by_their_types_and_asked_nothing() -> None:
    """What a document does not know is not asked for its text by whoever draws the flow."""
    shown = flow_source(silent_flow, {}).outline()["nodes"]
    assert {node["name"]: dict(node["inputs"])["frame"] for node in shown} == {
        "one": "<test_shown.Silent>",
        "many": "[1, <test_shown.Silent>]",
    }
    assert silent_flow.to_svg()
    assert not Silent.asked


@task
def one() -> int:
    return 1


@flow(defaults={"retry": 2, "timeout": "30s"}, policies={"net": {"retry": {"max": 5, "jitter": "none"}}})
def shared_flow(limit: float = 9) -> None:
    one.options(name="plain")()
    one.options(name="named", policy="net")()
    one.options(name="own", retry=0, timeout=limit)()
    ask.options(name="wait")("Go on?", fields={"n": int})


def test_a_node_shows_the_retry_and_the_limits_that_hold_for_it(engine: Engine) -> None:
    """Its own, else those of its policy, else those of the defaults; before a run and in it. A wait runs no body, and takes none."""
    run = engine.start(shared_flow)
    for source in (flow_source(shared_flow, {}), run_source(run)):
        shown = {node["name"]: dict(node["config"]) for node in source.outline()["nodes"]}
        assert {name: (of.get("retry"), of.get("timeout")) for name, of in shown.items()} == {
            "plain": ("2 more, 1 s × 2, full jitter", "attempt 30 s"),
            "named": ("5 more, 1 s × 2", "attempt 30 s"),
            "own": ("0 more, 1 s × 2, full jitter", "attempt ${{ inputs.limit }}"),
            "wait": (None, None),
        }
    run.cancel()


SAID, GATE = threading.Event(), threading.Event()


@task
def talks(n: int) -> int:
    for i in range(n):
        print("line", i)
    SAID.set()
    GATE.wait(30)
    return n


@flow
def talkative() -> Any:
    return talks(HEAD + 50)


def test_a_body_that_says_very_much_is_told_to_go_on(tmp_path: Path) -> None:
    """Its last lines are recorded when it has ended: until then they are shown to nobody, and it is told that they are to come."""
    with Engine(tmp_path / "store") as engine:
        run = engine.start(talkative)
        assert SAID.wait(30)
        source = run_source(run)
        *_, before, last = source.inspect("talks", None)["logs"]
        assert (before[2], last[1:]) == (f"line {HEAD - 1}", ("warning", HELD))
        GATE.set()
        assert run.wait(30) == "completed"
        assert source.inspect("talks", None)["logs"][-1][2] == f"line {HEAD + 49}"
