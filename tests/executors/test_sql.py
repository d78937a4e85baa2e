"""`sql.query`: DuckDB over frames, shut in unless the node says otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from stratix_tasks import Engine, Flow, flow, task, uses
from stratix_tasks.executors.sql import SqlError

LONG = 60
Value = Callable[..., Any]


@task
def orders() -> pd.DataFrame:
    return pd.DataFrame({"who": ["a", "b", "a"], "sum": [1, 2, 3]})


def test_frames_go_in_and_come_out_by_name(engine: Engine) -> None:
    """The value is the frame of the last statement, or those of the tables that `returns` names."""

    @flow
    def sums() -> Any:
        made = orders()
        last = uses("sql.query")(
            "create table t as select who, sum(sum) as total from o group by who; select * from t order by who",
            frames={"o": made},
        )
        several = uses("sql.query")(
            "create table big as from o where sum > 1; create view n as select count(*) as n from o",
            frames={"o": made},
            returns=["big", "n"],
        )
        return [last, several]

    last, several = engine.start(sums).result(LONG)
    assert last.to_dict("list") == {"who": ["a", "b"], "total": [4, 3 - 1]}
    assert several["big"].to_dict("list") == {"who": ["b", "a"], "sum": [2, 3]}
    assert several["n"].to_dict("list") == {"n": [3]}


def test_results_are_frames_rows_or_one_value(value_of: Value) -> None:
    """And what is not one value is an error."""
    two = "select * from (values (1, 'x'), (2, 'y')) as t(n, s) order by n"
    assert value_of("sql.query", query=two, result="rows") == [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}]
    assert value_of("sql.query", query="select 7", result="value") == 7
    with pytest.raises(SqlError, match="2 rows"):
        value_of("sql.query", query=two, result="value")


def test_values_are_bound(value_of: Value) -> None:
    """By place or by name; what would be SQL in a text is a text."""
    evil = "'; drop table t; --"
    assert value_of("sql.query", query="select ? || ?", params=[evil, "!"], result="value") == f"{evil}!"
    assert value_of("sql.query", query="select $a + $b", params={"a": 1, "b": 2}, result="value") == 3
    made = "create table t(n int); insert into t values (4); select n from t where n = ?"
    assert value_of("sql.query", query=made, params=[4], result="value") == 4


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('{csv}')",
        "from '{csv}'",
        "copy (select 1) to '{out}'",
        "attach '{out}' as other",
        "install httpfs",
        "load httpfs",
        "select * from read_csv('http://127.0.0.1:1/x.csv')",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "set allowed_directories = ['/']",
        "select * from secret_frame",
        "select * from read_text('/proc/self/environ')",
        "select getenv('HOME')",
    ],
)
def test_a_query_is_shut_in(value_of: Value, tmp_path: Path, query: str) -> None:
    """Files, other databases, extensions, URLs, the settings that say so, and frames of the process are out of reach."""
    secret_frame = pd.DataFrame({"x": [1]})
    assert len(secret_frame) == 1
    csv, out = tmp_path / "a.csv", tmp_path / "out"
    csv.write_text("n\n1\n")
    with pytest.raises(SqlError):
        value_of("sql.query", query=query.format(csv=csv, out=out))
    assert not out.exists()


def test_folders_that_are_named_can_be_reached(value_of: Value, tmp_path: Path) -> None:
    """Those, and no others; nor is the network by that."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for folder in (inside, outside):
        (folder / "a.csv").write_text("n\n1\n2\n")
    read, files = "select sum(n) from '{}/a.csv'", [str(inside)]
    assert value_of("sql.query", query=read.format(inside), files=files, result="value") == 3
    value_of("sql.query", query=f"copy (select 1 as n) to '{inside}/b.csv'", files=files)
    assert (inside / "b.csv").exists()
    for path in (outside, inside / ".." / "out"):
        with pytest.raises(SqlError):
            value_of("sql.query", query=read.format(path), files=files, result="value")
    with pytest.raises(SqlError):
        value_of("sql.query", query="from 'http://127.0.0.1:1/x.csv'", files=files)
    assert value_of("sql.query", query=read.format(outside), files=[f"{outside}/a.csv"], result="value") == 3


def test_a_database_stays(value_of: Value, tmp_path: Path) -> None:
    """What is made in its file is there for the next node; `read_only` changes nothing."""
    path = str(tmp_path / "d.duckdb")
    value_of("sql.query", query="create table t as select 5 as n", database=path)
    assert value_of("sql.query", query="select n from t", database=path, result="value", read_only=True) == 5
    with pytest.raises(SqlError, match="read-only"):
        value_of("sql.query", query="drop table t", database=path, read_only=True)
    with duckdb.connect(path) as again:
        assert again.sql("select n from t").fetchall() == [(5,)]


def test_a_wrong_query_says_what_is_wrong(value_of: Value) -> None:
    """In DuckDB's own words; what can't go together is told before anything starts."""
    with pytest.raises(SqlError, match="syntax error"):
        value_of("sql.query", query="selec 1")
    with pytest.raises(SqlError, match="no statement"):
        value_of("sql.query", query="-- nothing")

    @flow
    def wrong() -> Any:
        return [uses("sql.query")("select 1", returns=["t"], result="rows"), uses("sql.query")("  ")]

    assert [problem.code for problem in wrong.validate()] == ["bad-arguments", "bad-value"]


def test_what_is_no_frame_is_told_by_its_name(engine: Engine) -> None:
    """When the flow is checked, or, where it comes with the run, before DuckDB is asked."""

    @flow
    def of_a_number() -> Any:
        return uses("sql.query")("select * from t", frames={"t": 3})

    @flow
    def of_an_input(x: int) -> Any:
        return uses("sql.query")("select * from t", frames={"t": x})

    assert "'t' is int, and no frame" in of_a_number.validate()[0].message
    run = engine.start(of_an_input, {"x": 3})
    assert run.wait(LONG) == "failed"
    assert "'t' is int, and no frame" in str(run.error)


def test_a_cancel_interrupts_a_query(engine: Engine) -> None:
    """One that would run for hours."""
    begun = threading.Event()

    @task
    def tells() -> int:
        begun.set()
        return 1

    @flow
    def endless() -> Any:
        return uses("sql.query")("select count(*) from range(1000000000) a, range(1000000000) b where a.range ^ b.range < ?",
                                 params=[tells()])  # fmt: skip

    run = engine.start(endless)
    assert begun.wait(LONG)
    for _ in range(LONG * 100):
        if run.tasks().set_index("node").loc["query", "state"] == "running":
            break
        run.wait(0.01)
    run.cancel()
    assert run.wait(LONG) == "cancelled"


def test_a_document_says_the_same(engine: Engine) -> None:
    """Frames by reference, parameters from inputs."""
    text = """
stratix: 1
flow: top
inputs:
  least: {type: int}
tasks:
  made: {uses: sql.query, with: {query: "select unnest([1, 5, 9]) as n"}}
  top:
    uses: sql.query
    with:
      query: select sum(n) from m where n >= ?
      params: ["${{ inputs.least }}"]
      frames: {m: "${{ tasks.made.output }}"}
      result: value
output: "${{ tasks.top.output }}"
"""
    assert engine.start(Flow.from_yaml(text), {"least": 5}).result(LONG) == 14
