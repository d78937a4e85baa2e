"""The family of small graphs that are explored exhaustively: each shape that the machine has a rule for."""

from __future__ import annotations

from typing import Any

from driver import spec

from stratix_tasks.core.block import Block
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.node import ANY, FIRST, LAST, LOOP, MAP, N_OF, OTHERWISE, SETTLED, UNDO, Node, Policy, Step
from stratix_tasks.core.node import EACH as EACH_KIND
from stratix_tasks.core.node import FLOW as FLOW_KIND
from stratix_tasks.core.ports import RUNNERS
from stratix_tasks.core.states import S
from stratix_tasks.spec.model import Each, FlowSpec
from stratix_tasks.spec.values import Expr, FirstOf, Pin, Ref

EACH = Each(over={"x": Ref("inputs", "items")})
STREAM = Each(over={"x": Ref("tasks", "m")})
RETRY = {"max": 1, "delay": 1, "jitter": "none"}
WHEN = Expr("inputs.yes", ())
SIGNAL = "go"
ASKED = {"n": {"type": "int"}}
"""What a question asks for."""


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
    "a join of as many as a node tells": spec(
        {"a": {}, "b": {}, "k": {}, "c": {"join": {"n_of": Ref("tasks", "k")}, **needs("a", "b")}}
    ),
    "condition after a node": spec({"a": {}, "b": {"when": WHEN, **needs("a")}}),
    "map": spec({"m": {"each": EACH}}),
    "map with retry": spec({"m": {"each": EACH, "retry": RETRY}}),
    "node after map": spec({"m": {"each": EACH}, "b": needs("m")}),
    "map after map": spec({"m": {"each": EACH}, "n": {"each": EACH, **needs("m")}}),
    "map that streams": spec({"m": {"each": EACH}, "n": {"each": STREAM}}),
    "node after a map that streams": spec(
        {"m": {"each": EACH}, "n": {"each": STREAM, "retry": RETRY}, "z": needs("n")}
    ),
    "sub-flow": with_inner({"a": {}, "b": needs("a")}),
    "node after sub-flow": with_inner({"a": {}}, z=needs("g")),
    "map in sub-flow": with_inner({"m": {"each": EACH}}),
    "group that is tried again": spec(
        {"g": {"flow": "inner", "call": None, "retry": RETRY}}, flows={"inner": spec({"a": {}})}
    ),
    "group with a limit": spec(
        {"g": {"flow": "inner", "call": None, "retry": {**RETRY, "delay": 5}, "timeout": {"total": 4}}},
        flows={"inner": spec({"a": {}})},
    ),
    "conditional sub-flow": spec(
        {"g": {"flow": "inner", "call": None, "when": WHEN}}, flows={"inner": spec({"a": {"when": WHEN}})}
    ),
    "flow that is tried again": spec(
        {"g": {"flow": "inner", "call": None, "retry": RETRY}, "z": needs("g")},
        flows={"inner": spec({"a": {}, "b": needs("a")})},
    ),
    "flows of one pool": spec(
        {
            "g": {"flow": "inner", "call": None, "pool": ("one",)},
            "h": {"flow": "inner", "call": None, "pool": ("one",)},
        },
        flows={"inner": spec({"a": {}})},
        pools={"one": 1},
    ),
    "may fail": spec({"a": {"allow_failure": True, "retry": RETRY}, "b": needs("a"), "c": needs("b")}),
    "flow that may fail": spec(
        {"g": {"flow": "inner", "call": None, "allow_failure": True}, "z": needs("g")},
        flows={"inner": spec({"a": {}, "b": needs("a")})},
    ),
    "disabled": spec({"a": {"enabled": False, **needs("b")}, "b": {}, "c": needs("a")}),
    "disabled map and sub-flow": spec(
        {
            "m": {"each": EACH, "enabled": False},
            "g": {"flow": "inner", "call": None, "enabled": False},
            "z": needs("m", "g"),
        },
        flows={"inner": spec({"a": {}})},
    ),
    "pinned": spec({"a": {}, "b": {**needs("a"), "when": WHEN, "pin": Pin(7)}, "c": needs("b")}),
    "pinned map and sub-flow": spec(
        {
            "m": {"each": EACH, "pin": Pin([1])},
            "n": {"each": STREAM},
            "g": {"flow": "inner", "call": None, "pin": Pin(None), **needs("n")},
        },
        flows={"inner": spec({"a": {}})},
    ),
    "stop on failure": spec({"a": {}, "b": {}}, on_failure="stop"),
    "map that stops": spec({"m": {"each": EACH}, "b": {}}, on_failure="stop"),
    "sub-flow that stops": spec(
        {"g": {"flow": "inner", "call": None}, "b": {}}, flows={"inner": spec({"a": {}})}, on_failure="stop"
    ),
    "sub-flow that stops itself": spec(
        {"g": {"flow": "inner", "call": None}}, flows={"inner": spec({"a": {}, "b": {}}, on_failure="stop")}
    ),
    "frail": spec({"a": {"max_lost": 0}, "b": needs("a")}),
    "sleep": spec({"s": waiting("sleep", duration=2), "b": needs("s")}),
    "approval": spec({"a": waiting("approval", message="?", timeout={"attempt": 3}), "b": needs("a")}),
    "signal": spec({"s": waiting("signal", name=SIGNAL), "t": waiting("signal", name=SIGNAL)}),
    "question": spec({"q": waiting("input", message="?", fields=ASKED, timeout={"attempt": 3}), "b": needs("q")}),
    "map of approvals": spec({"m": {**waiting("approval", message="?"), "each": EACH}}),
    "run with a limit": spec({"a": {}, "b": needs("a")}, timeout=4),
}

PLACES = {"join": 1, "queued": 1}
"""How many bodies run at once where it is not two."""


def blocks(*nodes: Node, inner: dict[str, tuple[Node, ...]] | None = None) -> Block:
    parts = {name: Block(name, made) for name, made in (inner or {}).items()}
    return join_blocks({**parts, "main": Block("main", nodes)}, "main")


ONE = {"one": (Node("x"),)}
REC = {"rec": (Node("a"), Node("deeper", (0,), FLOW_KIND, inner="rec", when=True))}
SHORT = Policy(grace=2.0)
ENDS = (Node("a"), Node("u", phase=UNDO, undoes=0, policy=SHORT), Node("e", phase=LAST, policy=SHORT))

STEPS = Policy(runner="wait", traits=RUNNERS["wait"])


def finishing(**what: Any) -> Node:
    """A step, which ends what it says."""
    return Node("f", step=Step(**what), policy=STEPS)


BLOCKS: dict[str, Block] = {
    "mapped flow": blocks(Node("m", kind=EACH_KIND, inner="one"), Node("z", (0,)), inner=ONE),
    "first of a mapped flow": blocks(Node("m", kind=EACH_KIND, inner="one", gather=FIRST), inner=ONE),
    "settled map": blocks(Node("m", kind=MAP, gather=SETTLED), Node("z", (0,))),
    "loop": blocks(Node("l", kind=LOOP, inner="one", rounds=2), Node("z", (0,)), inner=ONE),
    "loop that rests": blocks(
        Node("l", kind=LOOP, inner="one", rounds=2, until=False, every=2.0, within=9.0), inner=ONE
    ),
    "recursion": blocks(Node("g", kind=FLOW_KIND, inner="rec"), inner=REC),
    "join of any": blocks(Node("a"), Node("b"), Node("j", (0, 1), join=ANY)),
    "join of the first": blocks(Node("a"), Node("b"), Node("j", (0, 1), join=FIRST), Node("z", (2,))),
    "two of three": blocks(Node("a"), Node("b"), Node("c"), Node("j", (0, 1, 2), join=N_OF, k=2)),
    "any of a map": blocks(Node("m", kind=MAP, gather=ANY), Node("z", (0,))),
    "all of a share": blocks(Node("m", kind=MAP, gather=N_OF, share=0.5)),
    "settled mapped flow": blocks(Node("m", kind=EACH_KIND, inner="one", gather=SETTLED), Node("z", (0,)), inner=ONE),
    "first or plain": blocks(Node("a"), Node("b", (0,), firsts=((0, OTHERWISE),))),
    "asked and taken": blocks(Node("a"), Node("h", (0,), ended=(0,), when=True), Node("z", (0, 1), firsts=((0, 1),))),
    "tolerated": blocks(Node("a", allow_failure=True), Node("b", (0,))),
    "ends of a sub-flow": blocks(Node("g", kind=FLOW_KIND, inner="ends"), Node("z", (0,)), inner={"ends": ENDS}),
    "map at the end": blocks(Node("a"), Node("e", (0,), kind=MAP, join=SETTLED, phase=LAST, policy=SHORT)),
    "join that keeps": blocks(Node("a"), Node("b"), Node("j", (0, 1), join=FIRST, keep_losers=True)),
    "settled": blocks(Node("a"), Node("j", (0,), join=SETTLED)),
    "finish": blocks(Node("a"), Node("b", (0,)), finishing()),
    "finish as failed": blocks(Node("a"), finishing(to=S.FAILED), Node("e", phase=LAST, policy=SHORT)),
    "finish with an end": blocks(
        Node("a"), finishing(), Node("u", phase=UNDO, undoes=0, policy=SHORT), Node("e", phase=LAST, policy=SHORT)
    ),
    "finish a round": blocks(Node("l", kind=LOOP, inner="two", rounds=2), inner={"two": (Node("x"), finishing())}),
    "finish a map": blocks(Node("m", kind=MAP), finishing(node=0), Node("z", (0,))),
    "finish a mapped flow with a value": blocks(
        Node("m", kind=EACH_KIND, inner="one"), finishing(node=0, gives=True), Node("z", (0,)), inner=ONE
    ),
    "finish a node as failed": blocks(Node("a"), finishing(node=0, to=S.FAILED), Node("z", (0,))),
    "finish what is around": blocks(
        Node("m", kind=EACH_KIND, inner="two"), inner={"two": (Node("x"), finishing(around="m"))}
    ),
    "settled behind a map": blocks(
        Node("m", kind=MAP), Node("n", (0,), MAP, source=0, over="x", gather=SETTLED), Node("z", (1,))
    ),
    "mapped flow that streams": blocks(
        Node("m", kind=MAP),
        Node("n", (0,), EACH_KIND, inner="two", source=0, over="x"),
        inner={"two": (Node("x"), Node("y", (0,)))},
    ),
    "finish a map that is streamed from": blocks(
        Node("m", kind=MAP), Node("n", (0,), MAP, source=0, over="x"), finishing(node=0, gives=True)
    ),
    "cancel": blocks(Node("a"), finishing(node=0, to=S.CANCELLED), Node("z", (0,))),
    "cancel a sub-flow": blocks(Node("g", kind=FLOW_KIND, inner="one"), finishing(node=0, to=S.CANCELLED), inner=ONE),
    "ends": blocks(Node("a"), Node("u", phase=UNDO, undoes=0, policy=SHORT), Node("e", phase=LAST, policy=SHORT)),
}
"""Mapped flows, loops, recursion, joins with losers, steps, what runs at the end of a scope: laid out by hand."""
