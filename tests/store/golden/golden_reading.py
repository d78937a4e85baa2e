"""What is read out of a golden store, as plain data: it must be the same for ever."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

from stratix_tasks import Engine, StratixError, history


def read_out(engine: Engine) -> dict[str, Any]:
    """By flow, for each run of the store: state, value, nodes, and what the history tells of it. A fork comes second."""
    told: dict[str, Any] = {}
    past = history(engine.store.path)
    frames = {name: getattr(past, name)() for name in TOLD}
    for run in reversed(engine.runs()):
        name = f"{run.flow} forked" if run.flow in told else run.flow
        of_run = {of: frame[frame["run"] == run.id] for of, frame in frames.items()}
        told[name] = {"id": run.id, **_run(run), **_history(of_run)}
    return told


TOLD = ("tasks", "events", "attempts", "logs", "metrics", "artifacts")


def _run(run: Any) -> dict[str, Any]:
    nodes = [[row["name"], row["state"], row["attempt"], row["done"], row["total"]] for row in run.progress()]
    return {
        "status": run.status,
        "value": plain(run.result()) if run.status == "completed" else None,
        "error": _error(run),
        "nodes": nodes,
        "logs": run.logs(),
    }


def _error(run: Any) -> list[str] | None:
    error: StratixError | None = run.error
    return None if error is None else [type(error).__name__, str(getattr(error, "error_type", ""))]


def _history(told: dict[str, Any]) -> dict[str, Any]:
    tasks = told["tasks"].sort_values(["node", "item"])
    rows = [
        [
            row.node,
            None if row.item is None or row.item != row.item else int(row.item),
            row.key,
            row.state,
            int(row.attempts),
        ]
        for row in tasks.astype(object).where(tasks.notna(), None).itertuples()
    ]
    metrics, artifacts = told["metrics"].astype(object), told["artifacts"]
    return {
        "tasks": rows,
        "facts": dict(sorted(Counter(told["events"]["kind"]).items())),
        "attempts": dict(sorted(Counter(told["attempts"]["state"].astype(str)).items())),
        "log rows": len(told["logs"]),
        "metrics": sorted([row.node, int(row.attempt), row.name, float(row.value)] for row in metrics.itertuples()),
        "artifacts": [[row.node, row.name, row.codec, row.type] for row in artifacts.itertuples()],
    }


def plain(value: Any) -> Any:
    """A value as JSON keeps it, with the types that it would lose told."""
    kind = type(value).__name__
    if kind == "str" and len(value) > 100:
        return {"length": len(value), "sha256": sha256(value.encode()).hexdigest()}
    if kind == "ndarray":
        return {"ndarray": str(value.dtype), "v": value.tolist()}
    if kind == "Table":
        return {"Table": value.to_pydict()}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, tuple | set | bytes):
        return {kind: list(value)}
    return value
