"""Flows and runs as sources of views."""

from __future__ import annotations

import inspect as introspection
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from time import time
from typing import Any

from stratix_tasks.core.machine import Machine
from stratix_tasks.core.plan import Kind, Plan
from stratix_tasks.core.states import BAD, LIVE, RUN_TERMINAL, TERMINAL, RunState, State
from stratix_tasks.core.targets import unit_of
from stratix_tasks.core.why import why
from stratix_tasks.engine.live import LiveRun
from stratix_tasks.errors import InputError
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump
from stratix_tasks.view.source import ABANDONED, CACHED, GIVEN, HOLD, Record

LOGS_SHOWN = 500
TEXT_SHOWN = 2_000
WORDS = {
    State.PENDING: "pending",
    State.READY: "queued",
    State.RUNNING: "running",
    State.STOPPING: "running",
    State.SUSPENDED: "paused",
    State.HELD: "paused",
    State.WAITING: "waiting",
    State.RETRYING: "retrying",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.UPSTREAM_FAILED: "upstream failed",
    State.CANCELLED: "cancelled",
    State.SKIPPED: "skipped",
}


def outline(plan: Plan, problems: list[Problem], start: bool | str) -> dict[str, Any]:
    """What a view shows of a plan before anything runs."""
    spec = plan.spec
    return {
        "flow": {
            "name": spec.flow,
            "description": spec.description,
            "problems": [
                {"code": p.code, "message": p.message, "node": p.node, "line": p.line, "hint": p.hint} for p in problems
            ],
            "start": start,
        },
        "nodes": [_node(plan, unit) for unit in range(len(plan.names))],
        "edges": [
            [need, unit, _edge_kind(plan, need, unit)] for unit, needs in enumerate(plan.needs) for need in needs
        ],
        "positions": {
            plan.units[-1][name]: place
            for name, place in (spec.ui.positions if spec.ui else {}).items()
            if name in plan.units[-1]
        },
    }


def _node(plan: Plan, unit: int) -> dict[str, Any]:
    node, policy = plan.specs[unit], plan.policies[unit]
    function = policy.function if policy is not None else None
    doc = node.description or (introspection.getdoc(function) if function is not None else "") or ""
    config = [("runner", policy.runner if policy is not None and node.call else "")]
    config += [("priority", str(node.priority) if node.priority else ""), ("pool", ", ".join(node.pool))]
    if node.retry is not None:
        jitter = ", full jitter" if node.retry.jitter == "full" else ""
        config.append(("retry", f"{node.retry.max} more, {node.retry.delay:g} s × {node.retry.backoff:g}{jitter}"))
    if node.timeout is not None:
        config.append(
            ("timeout", ", ".join(f"{n} {v:g} s" for n, v in node.timeout.model_dump().items() if v is not None))
        )
    if node.each is not None:
        config.append(("each", f"{node.each.by}: {', '.join(node.each.over)}"))
        config.append(("max", str(node.each.max or "")))
    inputs = [*node.args.items(), *(node.each.over.items() if node.each else ())]
    return {
        "name": plan.names[unit],
        "label": plan.names[unit].rpartition(".")[2],
        "kind": plan.kinds[unit].label,
        "parent": plan.parents[unit],
        "doc": doc,
        "call": node.call or f"flow {node.flow}",
        "config": [[name, value] for name, value in config if value],
        "inputs": [[name, _source_text(value)] for name, value in inputs],
        "when": node.when.text if node.when is not None else None,
    }


def _source_text(value: Any) -> str:
    try:
        text = dump(value)
    except ValueError:
        text = value
    return _short(text if isinstance(text, str) else repr(text))


def _edge_kind(plan: Plan, need: int, unit: int) -> str:
    name = plan.names[need].rpartition(".")[2]
    node = plan.specs[unit]
    if name in node.needs:
        return "order"
    return "when" if node.when is not None and name in node.when.tasks and not _in_arguments(node, name) else "data"


def _in_arguments(node: Any, name: str) -> bool:
    from stratix_tasks.spec.values import needs_of

    values = [*node.args.values(), *(node.each.over.values() if node.each else ())]
    return any(name == need for value in values for need, _ in needs_of(value))


class PlanSource:
    """A flow that is not running."""

    def __init__(self, plan: Plan, problems: list[Problem], start: bool | str) -> None:
        self._plan, self._problems, self._start = plan, problems, start

    def outline(self) -> dict[str, Any]:
        return outline(self._plan, self._problems, self._start)

    def run_info(self) -> None:
        return None

    def records(self, nodes: set[int] | None) -> list[tuple[int, Record]]:
        blank: Record = (0, 0, 0, 0, 0, 0, 0, 0, None, None, None, None)
        return [(node, blank) for node in range(len(self._plan.names))]

    def texts(self, nodes: set[int] | None) -> dict[str, dict[str, str]]:
        return {}

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        return lambda: None

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        callback()

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        raise InputError("this flow is not running; start it first", code="not-running")

    def inspect(self, node: str, item: int | None) -> dict[str, Any]:
        unit = self._plan.unit(node)
        if unit is None:
            raise InputError(f"there is no node '{node}'", code="unknown-node")
        blank: dict[str, Any] = {
            "attempts": [],
            "output": None,
            "logs": [],
            "dropped": 0,
            "error": None,
            "metrics": [],
            "why": "",
            "can": {},
        }
        about = _node(self._plan, unit)
        return {
            "name": node,
            "state": "pending",
            "attempt": 0,
            "inputs": about["inputs"],
            "code": code_of(self._plan, unit),
            **blank,
        }

    def items(self, node: str, start: int, stop: int) -> dict[str, Any]:
        return {"total": 0, "rows": []}


def code_of(plan: Plan, unit: int) -> str:
    """The source of a node's function, as it is here; its name when the source can't be had."""
    policy = plan.policies[unit]
    if policy is None or policy.function is None:
        return plan.specs[unit].call or ""
    try:
        return introspection.getsource(policy.function)
    except (OSError, TypeError):
        return policy.call


class RunSource:
    """A run, live or ended."""

    def __init__(self, live: LiveRun, ask: Callable[..., Future[Any]]) -> None:
        self._live, self._ask = live, ask

    @property
    def _machine(self) -> Machine:
        return self._live.machine

    def _here(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._live.engine.call(function, *args).result()

    def outline(self) -> dict[str, Any]:
        return outline(self._machine.plan, [], True)

    def run_info(self) -> dict[str, Any]:
        return self._here(run_info, self._live)  # type: ignore[no-any-return]

    def records(self, nodes: set[int] | None) -> list[tuple[int, Record]]:
        return self._here(records, self._live, nodes)  # type: ignore[no-any-return]

    def texts(self, nodes: set[int] | None) -> dict[str, dict[str, str]]:
        return self._here(texts, self._live, nodes)  # type: ignore[no-any-return]

    def watch(self, callback: Callable[[set[int]], None]) -> Callable[[], None]:
        def watcher(_live: LiveRun, nodes: set[int]) -> None:
            callback(nodes)

        self._live.watchers.append(watcher)
        return lambda: self._live.watchers.remove(watcher) if watcher in self._live.watchers else None

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._live.engine.loop.call_soon_threadsafe(self._live.engine.loop.call_later, seconds, callback)

    def request(self, verb: str, target: str | None, args: dict[str, Any]) -> Future[Any]:
        return self._ask(verb, target, args)

    def inspect(self, node: str, item: int | None) -> dict[str, Any]:
        return self._here(inspect, self._live, node, item)  # type: ignore[no-any-return]

    def items(self, node: str, start: int, stop: int) -> dict[str, Any]:
        return self._here(items, self._live, node, start, stop)  # type: ignore[no-any-return]


# ---------------------------------------------------------------------- in the engine's thread


def run_info(live: LiveRun) -> dict[str, Any]:
    """The run as the top bar shows it."""
    machine = live.machine
    counts = unit_counts(machine)
    total = sum(counts.values())
    over = machine.run_state in RUN_TERMINAL
    words = Counter[str]()
    for state, count in counts.items():
        words[WORDS.get(state, "running")] += count
    return {
        "id": live.id,
        "state": machine.run_state.label,
        "reason": machine.run_reason,
        "started": live.started_at,
        "ended": live.ended_at if over and live.ended_at else None,
        "inputs": [[name, _short(repr(value))] for name, value in live.binding.inputs.items()],
        "error": str(live.error) if live.error is not None else None,
        "counts": dict(words),
        "done": sum(count for state, count in counts.items() if state in TERMINAL),
        "total": total,
        "can": _can_run(machine.run_state),
    }


def unit_counts(machine: Machine) -> dict[State, int]:
    """How many nodes are in which state; the items of a mapped node count instead of it, once there are any."""
    expanded = [unit for unit, group in machine.groups.items() if group.count and machine.plan.kinds[unit] is Kind.MAP]
    flows = [unit for unit, kind in enumerate(machine.plan.kinds) if kind is Kind.FLOW]
    counts = {state: machine.state.count(state) for state in State}
    for unit in (*expanded, *flows):
        counts[State(machine.state[unit])] -= 1
    return {state: count for state, count in counts.items() if count > 0}


def _can_run(state: RunState) -> dict[str, bool | str]:
    over = state in RUN_TERMINAL
    is_ = f"the run is {state.label}"
    return {
        "pause": state is RunState.RUNNING or is_,
        "resume": state in (RunState.PAUSED, RunState.PAUSING) or is_,
        "cancel": not over or is_,
        "retry": state in (RunState.FAILED, RunState.CANCELLED) or is_,
    }


def record(live: LiveRun, unit: int) -> Record:
    """The status of one node or item."""
    machine = live.machine
    group = machine.groups.get(unit)
    fraction = live.notes.progress.get(unit, (None, ""))[0]
    reason = machine.reason.get(unit)
    flags = (CACHED if reason == "cached" else 0) | (GIVEN if reason == "given" else 0)
    state = machine.state[unit]
    flags |= (HOLD if unit in machine.holds and state in (*LIVE, State.OPEN, State.CLOSED) else 0) | (
        ABANDONED if unit in machine.abandoned else 0
    )
    done = failed = skipped = running = total = 0
    if group is not None:
        done, failed, skipped, total = group.done, group.failed, group.skipped, group.count
        running = _running(machine, group)
    started, ended = machine.started[unit] or None, machine.ended[unit] or None
    return (
        state,
        flags,
        min(machine.attempt[unit], 65535),
        done,
        total,
        failed,
        running,
        skipped,
        fraction,
        started,
        ended if state in TERMINAL else None,
        machine.due.get(unit),
    )


def _running(machine: Machine, group: Any) -> int:
    if not group.count or group.ended == group.count:
        return 0
    if isinstance(group.members, range):
        return machine.state.count(State.RUNNING, group.first, group.first + group.count)
    return sum(machine.state[unit] in LIVE for unit in group.members)


def records(live: LiveRun, nodes: set[int] | None) -> list[tuple[int, Record]]:
    wanted = range(len(live.machine.plan.names)) if nodes is None else sorted(nodes)
    return [(node, record(live, node)) for node in wanted]


def texts(live: LiveRun, nodes: set[int] | None) -> dict[str, dict[str, str]]:
    """What cards say beside their state: the error's last line, progress, the value's summary, the reason of a skip."""
    machine, found = live.machine, {}
    for node in range(len(machine.plan.names)) if nodes is None else nodes:
        text: dict[str, str] = {}
        error = machine.error.get(node) or _item_error(machine, node)
        if error and machine.state[node] in BAD:
            text["error"] = _short(
                f"{error.get('type')}: {str(error.get('message')).strip().rpartition(chr(10))[2]}", 160
            )
        progress = live.notes.progress.get(node)
        if progress is not None and progress[1]:
            text["progress"] = _short(progress[1], 60)
        if machine.state[node] == State.COMPLETED:
            text["summary"] = summary_text(live, node)
        elif machine.state[node] == State.SKIPPED and machine.reason.get(node):
            text["reason"] = {"when": "condition is false", "upstream": "what it needs was skipped"}.get(
                machine.reason[node], ""
            )
        found[str(node)] = {name: value for name, value in text.items() if value}
    return found


def _item_error(machine: Machine, node: int) -> dict[str, Any] | None:
    group = machine.groups.get(node)
    if group is None or not group.failed:
        return None
    return next((machine.error[unit] for unit in group.members if unit in machine.error), None)


def summary_text(live: LiveRun, unit: int) -> str:
    """`336,776 × 19`, `list of 12`, or the value itself when it is short."""
    machine = live.machine
    summary = machine.summary.get(unit)
    if machine.is_group(unit):
        return (
            f"{machine.groups[unit].done:,} items"
            if machine.plan.kinds[unit] is Kind.MAP and unit in machine.groups
            else ""
        )
    if summary is None:
        value = live.binding.value(unit)
        return "" if value is None else _short(repr(value), 40)
    if "rows" in summary:
        return f"{summary['rows']:,} × {len(summary['columns'])}"
    if "shape" in summary:
        return " × ".join(f"{size:,}" for size in summary["shape"])
    length = summary.get("length")
    return f"{summary['type']} of {length:,}" if length is not None else str(summary["type"])


def inspect(live: LiveRun, node: str, item: int | None) -> dict[str, Any]:
    """Everything about one node or item, for the inspector."""
    machine = live.machine
    target = node if item is None else f"{node}[{item}]"
    unit = unit_of(machine, target)
    place = machine.node_of[unit]
    live.engine._flush_notes(live)
    error = machine.error.get(unit) or (_item_error(machine, unit) if item is None else None)
    shown = error if error and machine.state[unit] not in (State.COMPLETED, State.SKIPPED) else None
    logs = _logs(live, unit)
    return {
        "name": target,
        "state": State(machine.state[unit]).label,
        "attempt": machine.attempt[unit],
        "attempts": [],
        "inputs": _given(live, unit),
        "output": _output(live, unit),
        "logs": [list(row) for row in logs],
        "dropped": live.notes.dropped.get(place, 0),
        "error": {name: str(shown.get(name, "")) for name in ("type", "message", "traceback")} if shown else None,
        "metrics": [[name, value] for _, _, name, value in live.notes.metrics.get(unit, [])[-200:]],
        "code": code_of(machine.plan, place),
        "why": why(machine, unit, time()),
        "can": _can_unit(machine, unit),
    }


def _logs(live: LiveRun, unit: int) -> list[tuple[float, str, str]]:
    units = [unit, *live.machine.members(unit)] if unit in live.machine.groups else [unit]
    rows = sorted(row for one in units for row in live.notes.logs.get(one, ()))
    return [(at, level, text) for at, _, level, text in rows[-LOGS_SHOWN:]]


def _given(live: LiveRun, unit: int) -> list[list[str]]:
    """The arguments of a body that runs or ran; before, where they come from."""
    machine = live.machine
    if machine.attempt[unit] and not machine.is_group(unit):
        try:
            args, named = live.binding.arguments(unit)
        except Exception as error:
            return [["(arguments)", f"{type(error).__name__}: {error}"]]
        return [
            *([f"#{i}", _value_text(value)[0]] for i, value in enumerate(args)),
            *([n, _value_text(v)[0]] for n, v in named.items()),
        ]
    return _node(machine.plan, machine.node_of[unit])["inputs"]  # type: ignore[no-any-return]


def _output(live: LiveRun, unit: int) -> dict[str, str] | None:
    machine = live.machine
    if machine.state[unit] != State.COMPLETED:
        return None
    try:
        value = live.binding.value(unit)
    except Exception as error:
        return {"text": f"{type(error).__name__}: {error}", "type": "unreadable", "shape": ""}
    text, kind = _value_text(value)
    return {
        "text": text,
        "type": kind,
        "shape": "" if machine.is_group(unit) else summary_text(live, unit) if unit in machine.summary else "",
    }


def _value_text(value: Any) -> tuple[str, str]:
    """A short look at a value that does not cost much, whatever its size."""
    kind = type(value).__name__
    try:
        if hasattr(value, "head") and hasattr(value, "to_string"):
            return value.head(8).to_string(max_cols=8, max_colwidth=24), kind
        if isinstance(value, list | tuple) and len(value) > 20:
            shown = ", ".join(_short(repr(part), 80) for part in value[:20])
            return _short(f"[{shown}, …] ({len(value):,})", TEXT_SHOWN), kind
        if isinstance(value, str):
            return _short(value, TEXT_SHOWN), kind
        return _short(repr(value), TEXT_SHOWN), kind
    except Exception as error:
        return f"<{kind} whose text can't be made: {type(error).__name__}>", kind


def items(live: LiveRun, node: str, start: int, stop: int) -> dict[str, Any]:
    """A page of the items of a mapped node."""
    machine = live.machine
    group = machine.groups.get(unit_of(machine, node))
    if group is None:
        return {"total": 0, "rows": []}
    rows = []
    for index in range(max(int(start), 0), min(int(stop), group.count)):
        unit = group.members[index]
        error = machine.error.get(unit)
        progress = live.notes.progress.get(unit)
        text = progress[1] if progress is not None and machine.state[unit] in LIVE else ""
        if error and machine.state[unit] in BAD:
            text = f"{error.get('type')}: {error.get('message')}"
        elif machine.state[unit] == State.COMPLETED:
            text = summary_text(live, unit)
        rows.append([index, group.keys[index] if group.keys else None, list(record(live, unit)), _short(text, 120)])
    return {"total": group.count, "rows": rows}


def _can_unit(machine: Machine, unit: int) -> dict[str, bool | str]:
    state = State(machine.state[unit])
    word = WORDS.get(state, "running")
    over = state in TERMINAL
    return {
        "pause": not over or f"it is {word}",
        "resume": not over or f"it is {word}",
        "cancel": not over or f"it is {word}",
        "retry": (over and state is not State.COMPLETED) or state is State.RETRYING or f"it is {word}",
        "skip": state not in (State.COMPLETED, State.SKIPPED) or f"it is {word}",
    }


def _short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
