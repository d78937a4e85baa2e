"""What a view shows of a plan before anything runs: nodes, edges, where arguments come from."""

from __future__ import annotations

import inspect as introspection
from typing import Any

from stratix_tasks.core.plan import Plan
from stratix_tasks.look.text import short
from stratix_tasks.spec.durations import text as duration_text
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump
from stratix_tasks.spec.values import needs_of
from stratix_tasks.spec.waits import word


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
        "nodes": [node_outline(plan, unit) for unit in range(len(plan.names))],
        "edges": [
            [need, unit, _edge_kind(plan, need, unit)] for unit, needs in enumerate(plan.needs) for need in needs
        ],
        "positions": {
            plan.units[-1][name]: place
            for name, place in (spec.ui.positions if spec.ui else {}).items()
            if name in plan.units[-1]
        },
    }


def node_outline(plan: Plan, unit: int) -> dict[str, Any]:
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
        "wait": word(node.uses or ""),
        "asks": _asks(node),
        "call": node.call or node.uses or f"flow {node.flow}",
        "config": [[name, value] for name, value in config if value],
        "inputs": [[name, _source_text(value)] for name, value in inputs],
        "when": node.when.text if node.when is not None else None,
    }


def _asks(node: Any) -> str:
    """The argument of a wait, where it stands in the flow: a message, a signal's name, a duration."""
    value = next(iter(node.args.values()), None) if word(node.uses or "") else None
    if isinstance(value, int | float):
        return duration_text(float(value))
    return value if isinstance(value, str) else ""


def _source_text(value: Any) -> str:
    try:
        text = dump(value)
    except ValueError:
        text = value
    return short(text if isinstance(text, str) else repr(text))


def _edge_kind(plan: Plan, need: int, unit: int) -> str:
    name = plan.names[need].rpartition(".")[2]
    node = plan.specs[unit]
    if name in node.needs:
        return "order"
    return "when" if node.when is not None and name in node.when.tasks and not _in_arguments(node, name) else "data"


def _in_arguments(node: Any, name: str) -> bool:
    values = [*node.args.values(), *(node.each.over.values() if node.each else ())]
    return any(name == need for value in values for need, _ in needs_of(value))


def code_of(plan: Plan, unit: int) -> str:
    """The source of a node's function, as it is here; its name when the source can't be had."""
    policy = plan.policies[unit]
    if policy is None or policy.function is None:
        return plan.specs[unit].call or plan.specs[unit].uses or ""
    try:
        return introspection.getsource(policy.function)
    except (OSError, TypeError):
        return policy.call
