"""What a view shows of a flow before anything runs: nodes, edges, where arguments come from."""

from __future__ import annotations

import inspect as introspection
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from stratix_tasks.core.block import Block
from stratix_tasks.core.node import NO_RETRY, Kind, Node, Step
from stratix_tasks.core.states import S
from stratix_tasks.look.cards import cards, subtitle
from stratix_tasks.look.text import said, short
from stratix_tasks.spec.fields import LOOP
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.joins import text as join_text
from stratix_tasks.spec.model import Loop
from stratix_tasks.spec.names import needs_of
from stratix_tasks.spec.problems import Problem
from stratix_tasks.spec.text import dump
from stratix_tasks.spec.types import can_be_asked, type_text
from stratix_tasks.spec.values import LATE
from stratix_tasks.view.messages import Able, Edge, NodeOutline
from stratix_tasks.view.messages import Problem as Row
from stratix_tasks.view.source import Outline

Functions = Mapping[str, Any]
"""The functions that are known here, by call."""


def outline(root: Block, functions: Functions, problems: list[Problem], start: Able) -> Outline:
    """What a view shows of a flow before anything runs: the nodes that are laid out from the beginning."""
    spec = root.spec
    return {
        "flow": {
            "name": spec.flow,
            "description": spec.description,
            "problems": problem_rows(problems),
            "start": start,
            "asks": bool(spec.inputs),
            "cards": cards(root.outline.nodes),
        },
        "nodes": _nodes(root, functions),
        "edges": _edges(root),
        "positions": {
            root.outline.index[name]: place
            for name, place in (spec.ui.positions if spec.ui else {}).items()
            if name in root.outline.index
        },
    }


def _nodes(root: Block, functions: Functions) -> list[NodeOutline]:
    """All of them; what a function says of itself is asked once for all nodes that call it."""
    calls = {node.policy.call for node in root.outline.nodes}
    told = {call: _said_of(function_of(functions, call)) for call in calls}
    return [_outlined(root, unit, told[node.policy.call]) for unit, node in enumerate(root.outline.nodes)]


def problem_rows(problems: Iterable[Problem]) -> list[Row]:
    """Problems as views are told them."""
    return [
        {"code": p.code, "message": p.message, "node": p.node, "line": p.line, "hint": p.hint, "warning": p.warning}
        for p in problems
    ]


def _edges(root: Block) -> list[Edge]:
    found: list[Edge] = []
    ends: list[Edge] = []
    base = 0
    for block, _, _ in root.layout:
        for k, needs in enumerate(block.needs):
            drawn = block.nodes[k].drawn or needs
            found += [(base + need, base + k, _edge_kind(block, need, k)) for need in drawn]
        steps = ((k, node.step.node) for k, node in enumerate(block.nodes) if node.step is not None)
        ends += [(base + k, base + ended, "ends") for k, ended in steps if ended is not None]
        base += block.n
    return found + ends


class _Said(NamedTuple):
    """What a function says of itself: its documentation, and what it returns."""

    doc: str
    gives: str


def _said_of(function: Any) -> _Said:
    return _Said("" if function is None else introspection.getdoc(function) or "", _gives(function))


def node_outline(root: Block, functions: Functions, unit: int) -> NodeOutline:
    return _outlined(root, unit, _said_of(function_of(functions, root.outline.nodes[unit].policy.call)))


def _outlined(root: Block, unit: int, function: _Said) -> NodeOutline:
    outline = root.outline
    laid_out = outline.nodes[unit]
    node, policy = laid_out.spec, laid_out.policy
    config = [("runner", policy.runner if laid_out.executor is not None and not policy.bodiless else "")]
    priority = node.priority if type(node.priority) in LATE else policy.priority
    config.append(("enabled", "" if node.enabled else "no"))
    config.append(("pin", "" if node.pin is None else said(node.pin.value) or '""'))
    config += [("priority", _shown(priority) if priority else ""), ("pool", ", ".join(policy.pool))]
    config.append(("concurrency", str(policy.concurrency or "")))
    retry, timeout = node.retry or policy.retry, node.timeout or policy.timeout
    if retry is not NO_RETRY:
        jitter = ", full jitter" if retry.jitter == "full" else ""
        config.append(("retry", f"{_shown(retry.max)} more, {_shown(retry.delay, ' s')} × {retry.backoff:g}{jitter}"))
    limits = [f"{name} {_shown(limit, ' s')}" for name, limit in timeout.__dict__.items() if limit is not None]
    config.append(("timeout", ", ".join(limits)))
    config += [(name, text) for name, text in _loop(node.loop)] if node.loop is not None else []
    if node.each is not None:
        config.append(("where", node.each.where.text if node.each.where is not None else ""))
        config.append(("each", f"{node.each.by}: {', '.join(node.each.over)}"))
        config.append(("max", str(node.each.max or "")))
    inputs = [*node.args.items(), *(node.each.over.items() if node.each else ())]
    return {
        "name": outline.names[unit],
        "label": outline.names[unit].rpartition(".")[2],
        "kind": "nested" if laid_out.kind is Kind.FLOW and outline.opens[unit] is not None else laid_out.kind.label,
        "parent": outline.parents[unit],
        "doc": node.description or (laid_out.executor.description if node.uses and laid_out.executor else function.doc),
        "wait": _wait(laid_out),
        "uses": node.uses or "",
        "subtitle": subtitle(laid_out),
        "badge": _badge(laid_out),
        "begins": _begins(laid_out),
        "call": node.call or node.uses or f"flow {node.flow}",
        "gives": function.gives,
        "config": [pair for pair in config if pair[1]],
        "inputs": [(name, said(value)) for name, value in inputs],
        "when": node.when.text if node.when is not None else None,
    }


def _gives(function: Any) -> str:
    """What it returns, as far as it says so."""
    hint = getattr(function, "__annotations__", {}).get("return", Any)
    says = can_be_asked(hint) and hint is not Any and not (type(hint) is str and hint == "Any")
    return short(type_text(hint), 40) if says else ""


def _shown(value: Any, unit: str = "") -> str:
    """A number; what comes with the run as a document says it."""
    return str(dump(value)) if type(value) in LATE else f"{value:g}{unit}"


def _loop(loop: Loop) -> list[tuple[str, str]]:
    """What is said of a loop."""
    told = [(option.name, getattr(loop, option.name)) for option in LOOP]
    return [(name, getattr(value, "text", None) or str(value)) for name, value in told if value is not None]


def _wait(node: Node) -> str:
    """The kind of a wait; nothing for what is none."""
    return node.executor.waits.name if node.executor is not None and node.executor.waits is not None else ""


def _badge(laid_out: Node) -> str:
    """How it begins, or goes on, where that is not as usual; and what it ends."""
    node, step = laid_out.spec, laid_out.step
    found = [_ends(step, str(node.args.get("node") or "its flow"))] if step is not None else []
    if node.join != ALL:
        found.append(join_text(node.join))
    if laid_out.source >= 0:
        found.append("item by item")
    if laid_out.pinned:
        found.append("pinned")
    if node.catch:
        found.append("on failure")
    if node.always:
        found.append("at the end")
    if node.loop is not None:
        found.append(f"↻ ≤ {node.loop.max:,}" if node.loop.until is not None else f"↻ {node.loop.max:,}")
    if node.each is not None and node.each.gather != ALL:
        found.append(join_text(node.each.gather))
    return " · ".join(found)


def _begins(laid_out: Node) -> Literal["", "join", "catch", "always"]:
    """How it begins, where that is not when all before it are completed."""
    node = laid_out.spec
    return "always" if node.always else "catch" if node.catch else "join" if node.join != ALL else ""


def _ends(step: Step, what: str) -> str:
    verb = {S.COMPLETED: "finishes", S.FAILED: "fails", S.CANCELLED: "cancels"}[step.to]
    return f"{verb} {what}"


def _edge_kind(block: Block, need: int, k: int) -> Literal["data", "order", "when", "catch"]:
    name, node = block.names[need], block.nodes[k].spec
    if name in node.catch:
        return "catch"
    if name in node.needs:
        return "order"
    return "when" if node.when is not None and name in node.when.tasks and not _in_arguments(node, name) else "data"


def _in_arguments(node: Any, name: str) -> bool:
    values = [*node.args.values(), *(node.each.over.values() if node.each else ())]
    return any(name == need for value in values for need, _ in needs_of(value))


def function_of(functions: Functions, call: str) -> Any:
    """The plain function of a node; None where it is not known here."""
    task = functions.get(call)
    return getattr(task, "fn", task)


def code_of(root: Block, functions: Functions, unit: int) -> str:
    """The source of a node's function, as it is here; its name when the source can't be had."""
    node = root.outline.nodes[unit]
    function = function_of(functions, node.policy.call) if node.kind is not Kind.FLOW else None
    if function is None:
        return node.spec.call or node.spec.uses or ""
    try:
        return introspection.getsource(function)
    except (OSError, TypeError):
        return node.policy.call
