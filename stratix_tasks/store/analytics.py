"""`History`: what ran, as data frames: UTC timestamps, timedeltas, categories for states, integers that can be missing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from stratix_tasks.core.states import RunState, State
from stratix_tasks.errors import InputError
from stratix_tasks.spec.durations import seconds
from stratix_tasks.store.locks import alive
from stratix_tasks.store.projection import Projection
from stratix_tasks.store.sql import queries
from stratix_tasks.store.store import Store

if TYPE_CHECKING:
    import pandas

TASK_STATES = [state.label for state in State] + ["lost", "interrupted"]
RUN_STATES = [state.label for state in RunState] + ["interrupted"]
LIVE = ("pending", "running", "pausing", "paused", "ending")
WAITING = ("pending", "retrying")
WITH_BODY = ("running", "suspended", "stopping")
TIMES = ("at", "queued", "started", "ended", "last")
NULLABLE = (
    "item",
    "attempt",
    "attempts",
    "rows",
    "nodes",
    "failed",
    "seq",
    "tasks",
    "completed",
    "runs",
    "retries",
)
TEXTS = (
    *("run", "flow", "version", "host", "node", "key", "reason", "worker", "error", "error_type"),
    *("event", "kind", "state", "level", "text", "name", "codec", "type"),
)


class History:
    """Reads a store from any process, also while runs go on.

    Each call projects what is new and closes the database again.
    """

    def __init__(self, store: Store, ready: Callable[[str, list[int]], list[int]] | None = None) -> None:
        """`ready` tells of units of a run which of them wait for their place alone; without it these are told as recorded."""
        self._store, self._ready = store, ready or _nobody
        self._projection = Projection(store)
        self._lock = threading.Lock()
        self._sql = queries("history")

    def runs(self) -> pandas.DataFrame:
        """run, flow, version, status, started, ended, duration, inputs, tags, nodes, failed, host, reason; newest first."""
        frame = self._owned("runs", "status", LIVE, RUN_STATES)
        for name in ("inputs", "tags"):
            frame[name] = frame[name].map(_loads)
        return frame

    def tasks(self, run: str | None = None) -> pandas.DataFrame:
        """run, node, item, key, state, reason, attempts, queued, started, ended, wait, duration, cpu, worker, error, rows, scope.

        The view that `sql` reads has `pending` and `retrying` for what is `ready` here: what is recorded.
        """
        frame = self._owned("tasks", "state", WITH_BODY, TASK_STATES, _run_id(run))
        frame["cpu"] = _timedelta(frame["cpu"])
        for one, waiting in frame[frame["state"].isin(WAITING)].groupby("run"):
            ready = self._ready(str(one), [int(unit) for unit in waiting["unit"]])
            frame.loc[waiting.index[waiting["unit"].isin(ready)], "state"] = "ready"
        return frame.drop(columns="unit")

    def attempts(self, run: str | None = None) -> pandas.DataFrame:
        """One row an attempt: run, node, item, key, attempt, state, queued, started, ended, duration, cpu, worker, error_type, error."""
        frame = self._owned("attempts", "state", WITH_BODY, TASK_STATES, _run_id(run))
        frame["cpu"] = _timedelta(frame["cpu"])
        return frame

    def transitions(self, run: str | None = None) -> pandas.DataFrame:
        """Every change of state: run, seq, at, node, item, key, from_state, to_state, event, reason, attempt."""
        frame = self._frame("transitions", _run_id(run))
        for name in ("from_state", "to_state"):
            frame[name] = _states(frame[name], TASK_STATES)
        return frame

    def events(self, run: str | None = None) -> pandas.DataFrame:
        """Every fact, requests and changes of the run itself included; one of many units has a row for each of them."""
        return self._frame("events", _run_id(run))

    def logs(self, run: str | None = None) -> pandas.DataFrame:
        """What bodies printed and logged: run, node, item, key, attempt, at, level, text."""
        return self._frame("logs", _run_id(run))

    def metrics(self, run: str | None = None) -> pandas.DataFrame:
        """What bodies measured: run, node, item, key, attempt, at, name, value."""
        return self._frame("metrics", _run_id(run))

    def artifacts(self, run: str | None = None) -> pandas.DataFrame:
        """What bodies kept: run, node, item, key, attempt, at, name, codec, type."""
        return self._frame("artifacts", _run_id(run))

    def stats(self, by: Literal["node", "flow"] = "node", since: str | float | None = None) -> pandas.DataFrame:
        """Counts, success rate, and p50, p95 and total of the durations, by node or flow; `since="7d"` looks at the last days only."""
        if by not in ("node", "flow"):
            raise InputError(f"stats(by=…) is 'node' or 'flow', not {by!r}", code="bad-option")
        from datetime import UTC, datetime, timedelta

        try:
            start = (
                None if since is None else (datetime.now(UTC) - timedelta(seconds=seconds(since))).replace(tzinfo=None)
            )
        except ValueError as error:
            raise InputError(f"stats(since=…): {error}", code="bad-option") from None
        frame = self._frame(f"stats_by_{by}", since=start)
        for name in ("p50", "p95", "slowest", "total", "mean_wait"):
            if name in frame:
                frame[name] = _timedelta(frame[name])
        return frame

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pandas.DataFrame:
        """One SELECT over runs, tasks, attempts, transitions, events, logs, metrics, artifacts, task_stats, throughput, gantt.

        `parameters` fill `$name`. InputError for anything that would write, or that DuckDB does not understand.
        """
        import duckdb

        with self._lock, self._projection.open() as db:
            try:
                statements = duckdb.extract_statements(query)
                if len(statements) != 1 or statements[0].type not in (
                    duckdb.StatementType.SELECT,
                    duckdb.StatementType.EXPLAIN,
                ):
                    raise InputError("history().sql takes one SELECT; the history is read-only", code="read-only")
                db.execute("BEGIN TRANSACTION READ ONLY")
                db.execute("SET enable_external_access = false")
                return _typed(db.execute(query, dict(parameters or {})).df())
            except duckdb.Error as error:
                raise InputError(f"DuckDB can't run this query: {error}", code="bad-query") from None

    def _owned(
        self, name: str, column: str, going: Collection[str], names: list[str], run: str | None = None
    ) -> pandas.DataFrame:
        """A frame with the owners of its runs, which is told without them: what goes on is interrupted where the owner has died."""
        frame = self._frame(name, run)
        lives = {owner: alive(self._store.locks, owner) for owner in frame["owner"].unique()}
        states, gone = frame[column].astype("object"), ~frame.pop("owner").map(lives).astype(bool)
        frame[column] = _states(states.mask(gone & states.isin(going), "interrupted"), names)
        return frame

    def _frame(self, name: str, run: str | None = None, **parameters: Any) -> pandas.DataFrame:
        """What a query of `history.sql` gives: of one run, or of all."""
        with self._lock, self._projection.open() as db:
            db.execute("SET VARIABLE run = ?", [run])
            return _typed(db.execute(self._sql[name], parameters).df())


def _nobody(_run: str, _units: list[int]) -> list[int]:
    return []


def _run_id(run: Any) -> str | None:
    """A run's id, of a handle too. InputError for an id that can't be one."""
    if run is None:
        return None
    run_id = str(getattr(run, "id", run))
    if not re.fullmatch(r"[0-9a-z]{16}", run_id):
        raise InputError(
            f"{run_id!r} is no id of a run: it has 16 letters and digits, as history().runs() shows them",
            code="unknown-run",
        )
    return run_id


def _typed(frame: pandas.DataFrame) -> pandas.DataFrame:
    import pandas

    for name in frame.columns:
        column = frame[name]
        if name in TIMES and pandas.api.types.is_datetime64_any_dtype(column) and column.dt.tz is None:
            frame[name] = column.dt.tz_localize("UTC")
        elif name in NULLABLE and pandas.api.types.is_numeric_dtype(column):
            frame[name] = column.astype("Int64")
        elif name in TEXTS and column.dtype == object and not column.notna().any():
            frame[name] = column.astype(pandas.Series([""]).dtype)  # as it is when one of them is there
    return frame


def _states(column: Any, names: list[str]) -> Any:
    import pandas

    return pandas.Categorical(column, categories=names)


def _timedelta(column: Any) -> Any:
    import pandas

    return pandas.to_timedelta(column, unit="s").astype("timedelta64[us]")


def _loads(text: str) -> Any:
    import json

    return json.loads(text)
