"""The family of small graphs that are explored exhaustively: each shape that the machine has a rule for."""

from __future__ import annotations

from typing import Any

from driver import spec

from stratix_tasks.spec.model import Each, FlowSpec
from stratix_tasks.spec.values import Expr, FirstOf, Ref

EACH = Each(over={"x": Ref("inputs", "items")})
RETRY = {"max": 1, "delay": 1, "jitter": "none"}
WHEN = Expr("inputs.yes", ())
SIGNAL = "go"


def needs(*names: str) -> dict[str, Any]:
    return {"needs": names}


def waiting(kind: str, timeout: Any = None, **args: Any) -> dict[str, Any]:
    """A node that waits."""
    return {"call": None, "uses": f"wait.{kind}", "with": args, "timeout": timeout}


def first_of(*names: str) -> dict[str, Any]:
    return {"with": {"first": FirstOf(tuple(Ref("tasks", name) for name in names))}}


def with_inner(inner: dict[str, Any], **more: dict[str, Any]) -> FlowSpec:
    """A sub-flow `g`, and nodes beside it."""
    return spec({"g": {"flow": "inner", "call": None}, **more}, flows={"inner": spec(inner)})


FLOWS: dict[str, FlowSpec] = {
    "one": spec({"a": {"retry": RETRY}}),
    "timed": spec({"a": {"retry": {**RETRY, "delay": 4}, "timeout": {"attempt": 2, "total": 5}}}),
    "queued": spec({"a": {}, "b": {"timeout": {"queued": 3}}}),
    "chain": spec({"a": {}, "b": needs("a")}),
    "chain of three": spec({"a": {}, "b": needs("a"), "c": needs("b")}),
    "fork": spec({"a": {}, "b": needs("a"), "c": needs("a")}),
    "join": spec({"a": {}, "b": {}, "c": needs("a", "b")}),
    "first of two": spec({"a": {}, "b": {}, "c": first_of("a", "b")}),
    "when": spec({"a": {"when": WHEN}, "b": needs("a")}),
    "condition after a node": spec({"a": {}, "b": {"when": WHEN, **needs("a")}}),
    "map": spec({"m": {"each": EACH}}),
    "map with retry": spec({"m": {"each": EACH, "retry": RETRY}}),
    "node after map": spec({"m": {"each": EACH}, "b": needs("m")}),
    "map after map": spec({"m": {"each": EACH}, "n": {"each": EACH, **needs("m")}}),
    "sub-flow": with_inner({"a": {}, "b": needs("a")}),
    "node after sub-flow": with_inner({"a": {}}, z=needs("g")),
    "map in sub-flow": with_inner({"m": {"each": EACH}}),
    "conditional sub-flow": spec(
        {"g": {"flow": "inner", "call": None, "when": WHEN}}, flows={"inner": spec({"a": {"when": WHEN}})}
    ),
    "stop on failure": spec({"a": {}, "b": {}}, on_failure="stop"),
    "map that stops": spec({"m": {"each": EACH}, "b": {}}, on_failure="stop"),
    "sub-flow that stops": spec(
        {"g": {"flow": "inner", "call": None}, "b": {}}, flows={"inner": spec({"a": {}})}, on_failure="stop"
    ),
    "frail": spec({"a": {"max_lost": 0}, "b": needs("a")}),
    "sleep": spec({"s": waiting("sleep", duration=2), "b": needs("s")}),
    "approval": spec({"a": waiting("approval", message="?", timeout={"attempt": 3}), "b": needs("a")}),
    "signal": spec({"s": waiting("signal", name=SIGNAL), "t": waiting("signal", name=SIGNAL)}),
    "map of approvals": spec({"m": {**waiting("approval", message="?"), "each": EACH}}),
    "run with a limit": spec({"a": {}, "b": needs("a")}, timeout=4),
}

PLACES = {"join": 1, "queued": 1}
"""How many bodies run at once where it is not two."""
