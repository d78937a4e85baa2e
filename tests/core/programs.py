"""Random programs: blocks with every kind of node, every join, every option that the core has a rule for.

`test_known.py` holds that nothing which a block can say is missing here.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from stratix_tasks.core.block import Block, Output
from stratix_tasks.core.blocks import join_blocks
from stratix_tasks.core.node import (
    ALL,
    ANY,
    DISABLED,
    EACH,
    EARLY,
    FIRST,
    FLOW,
    LAST,
    LOOP,
    MAP,
    N_OF,
    OTHERWISE,
    SETTLED,
    TASK,
    UNDO,
    UNTIL,
    UNTOLD,
    Node,
    Policy,
    Step,
)
from stratix_tasks.core.ports import Traits
from stratix_tasks.core.states import S
from stratix_tasks.spec.model import FlowSpec, NodeSpec, Retry, Timeout
from stratix_tasks.spec.values import Expr

SCOPED = (FLOW, EACH, LOOP)
KINDS = (TASK, TASK, TASK, MAP)
SHORT = Policy(grace=2.0)
WAITS = Policy(runner="wait", traits=Traits(bodiless=True))
WORTH = Expr("error.status == 429", ())
"""What `retry.when` asks; bodies fail with such an error or another one."""
TOLD = Expr("error.status == 429 ? 5 : attempt", ())
"""A delay that the error tells."""
GATHERS = (ALL, ALL, FIRST, N_OF, SETTLED, ANY)


def program(r: Random, *, timed: bool = True) -> Block:
    """Blocks with every kind of node; without limits of time, where how it ends must not depend on it."""

    def block(name: str, count: int, inner: list[str], spec: FlowSpec | None = None) -> Block:
        made = nodes(r, count, inner, timed=timed)
        chance = r if timed else Random(repr([(one.name, one.needs, one.kind, one.policy.priority) for one in made]))
        if spec is None and name != "main" and chance.random() < 0.2:
            spec = FlowSpec(flow=name, tasks={"n0": NodeSpec(call="m:n0")}, on_failure="stop")
        return Block(name, made, output=output(r, count), spec=spec)

    blocks = {"leaf": block("leaf", r.randint(1, 3), []), "rec": Block("rec", recursive(r))}
    blocks["mid"] = block("mid", r.randint(1, 4), ["leaf", "rec"])
    blocks["main"] = block("main", r.randint(1, 6), ["leaf", "mid", "rec"], whole(r, timed=timed))
    return join_blocks(blocks, "main")


def whole(r: Random, *, timed: bool) -> FlowSpec | None:
    """What is said of the run as a whole."""
    if r.random() < 0.7:
        return None
    said: dict[str, Any] = {"max_depth": r.choice([1, 3, 32])}
    if timed:
        said |= {"on_failure": r.choice(["finish", "stop"]), "timeout": r.choice([None, 20.0])}
        said["max_recoveries"] = r.choice([1, 5])
    return FlowSpec(flow="f", tasks={"n0": NodeSpec(call="m:n0")}, **said)


def recursive(r: Random) -> list[Node]:
    """A flow in itself: one level deeper for as long as its condition holds, or for each item."""
    kind = r.choice([FLOW, FLOW, EACH])
    return [Node("a"), Node("deeper", (0,), kind, inner="rec", when=True, gather=r.choice(GATHERS), of=2)]


# ---------------------------------------------------------------------- nodes


def nodes(r: Random, count: int, inner: list[str], *, timed: bool) -> list[Node]:
    made: list[Node] = []
    for i in range(count):
        made.append(node(r, i, inner, [k for k, one in enumerate(made) if not one.off], timed=timed))
    for k, one in enumerate(made):
        if one.kind is TASK and not one.off and r.random() < 0.12:
            made[k] = replace(one, step=step(r, k, count), policy=WAITS)
    streamed(made)
    pinned(made)
    told(made)
    made = [replace(one, keep_rest=keeps_rest(one)) if one.kind in (MAP, EACH) else one for one in made]
    if r.random() < 0.25:
        undone(r, made)
        at_end(r, made, count, inner, timed=timed)
    return made


def node(r: Random, i: int, inner: list[str], above: list[int], *, timed: bool) -> Node:
    """A node that needs some of those above; one that is off needs nobody, and nobody needs it."""
    kind = r.choice([*KINDS, *(SCOPED if inner else ())])
    own = policy(r, timed=timed)
    said = {"policy": as_a_whole(r, own) if kind is FLOW else own, **fan_out(r, kind), **rounds(r, kind, timed=timed)}
    said["inner"] = r.choice(inner) if kind in SCOPED else ""
    if r.random() < 0.05:
        return Node(f"n{i}", (), kind, off=UNTIL if i % 2 else DISABLED, **said)
    needs = tuple(sorted(r.sample(above, min(len(above), r.randint(0, 3)))))
    said["late"] = r.random() < 0.1
    said |= {"when": r.random() < 0.15, "asks": r.random() < 0.3, "allow_failure": r.random() < 0.1}
    return Node(f"n{i}", needs, kind, **said, **joined(r, needs))


def streamed(made: list[Node]) -> None:
    """In some programs maps, and mapped flows, each item of which waits for one of another map, in a row and beside one another. By
    what the program is, so that all else in it is drawn as it was."""
    r = Random(repr([(one.name, one.needs, one.kind, one.policy.priority) for one in made]))
    if r.random() < 0.6:
        return
    alone = {"firsts": (), "hard": (), "ended": (), "join": ALL, "k": 1}
    for k, one in enumerate(made):
        if one.off or one.step is not None or one.kind not in (TASK, MAP, EACH) or r.random() < 0.3:
            continue
        could = [n for n in range(k) if made[n].kind is MAP and made[n].gather is ALL and not made[n].off]
        could = [n for n in could if not made[n].allow_failure]
        if could:
            source = r.choice(could)
            needs = tuple(sorted({*one.needs, source}))
            gather = {"gather": r.choice(GATHERS), "of": r.randint(1, 2), "most": r.choice([0, 0, 1])}
            kind = EACH if one.kind is EACH else MAP
            made[k] = replace(one, kind=kind, needs=needs, source=source, over=r.choice(["x", "y"]), **alone, **gather)
        elif one.kind is not EACH:
            made[k] = replace(one, kind=MAP, gather=ALL, share=None, allow_failure=False)


def pinned(made: list[Node]) -> None:
    """In some programs nodes of every kind in whose place a value stands, which wait for their condition alone. By what the program
    is, as what streams."""
    r = Random(repr([(one.name, one.needs, one.kind, one.when) for one in made]))
    sources = {one.source for one in made}
    for k, one in enumerate(made):
        if one.off or one.source >= 0 or k in sources or r.random() < 0.95:
            continue
        needs = one.needs[:1] if one.when else ()
        alone = {"firsts": (), "hard": (), "ended": tuple(n for n in one.ended if n in needs), "join": ALL, "k": 1}
        made[k] = replace(one, needs=needs, pinned=True, late=False, **alone)


def told(made: list[Node]) -> None:
    """In some programs the run tells how many a join waits for: at once, or when another node has completed. By what the program is."""
    for k, one in enumerate(made):
        r = Random(repr((one.name, one.needs, one.join, one.ended)))
        if one.join is not N_OF or one.off or r.random() < 0.6:
            continue
        could = [n for n in one.needs if n not in one.ended]
        tells = (r.choice(could),) if len(could) > 1 and r.random() < 0.7 else ()
        made[k] = replace(one, k=UNTOLD, told=tells)


def keeps_rest(one: Node) -> bool:
    """Whether a gather goes on with what it has not waited for; by what it is, so that all else is drawn as it was."""
    return one.gather in EARLY and Random(repr((one.name, one.needs, one.gather, one.policy.priority))).random() < 0.4


def step(r: Random, k: int, count: int) -> Step:
    """What a node ends: its scope, another node in it, or a group around it, where there is one of that name."""
    to = r.choice([S.COMPLETED, S.COMPLETED, S.FAILED, S.CANCELLED])
    way = r.choice(["own", "node", "node", "around"])
    others = [n for n in range(count) if n != k]
    if way == "node" and others:
        return Step(to, node=r.choice(others), gives=r.random() < 0.5)
    if way == "around":
        return Step(to, around=f"n{r.randrange(4)}", gives=r.random() < 0.5)
    return Step(S.FAILED if to == S.FAILED else S.COMPLETED)


def joined(r: Random, needs: tuple[int, ...]) -> dict[str, Any]:
    """How a node waits for what it needs."""
    join = r.choice([ALL, ALL, ALL, ANY, FIRST, N_OF, SETTLED]) if len(needs) > 1 else ALL
    firsts = firsts_of(r, needs) if join is ALL and r.random() < 0.3 else ()
    soft = {n for first in firsts for n in first}
    hard = tuple(n for n in needs if n in soft and r.random() < 0.1)
    ended = needs[-1:] if needs and r.random() < 0.15 and needs[-1] not in soft else ()
    k = r.randint(1, max(1, len(needs) - len(ended)))
    return {"firsts": firsts, "hard": hard, "ended": ended, "join": join, "k": k, "keep_losers": r.random() < 0.2}


def firsts_of(r: Random, needs: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """One `first_of`, or two, of some of these in any order; at times with a plain value at the end."""
    found = []
    for _ in range(r.choice([1, 1, 2])):
        otherwise = (OTHERWISE,) if r.random() < 0.3 else ()
        least = 1 if otherwise else 2
        if len(needs) >= least:
            found.append((*r.sample(needs, r.randint(least, len(needs))), *otherwise))
    return tuple(found)


def fan_out(r: Random, kind: int) -> dict[str, Any]:
    if kind not in (MAP, EACH):
        return {}
    gather = r.choice(GATHERS)
    share = r.choice([None, 0.5, 1.0]) if gather is N_OF else None
    return {"most": r.choice([0, 0, 2]), "gather": gather, "of": r.randint(1, 2), "share": share}


def rounds(r: Random, kind: int, *, timed: bool) -> dict[str, Any]:
    if kind is not LOOP:
        return {}
    return {
        "rounds": r.randint(1, 3), "until": r.random() < 0.8, "every": r.choice([None, None, 2.0]),
        "within": r.choice([None, None, 6.0]) if timed else None, "take_last": r.random() < 0.3,
    }  # fmt: skip


def policy(r: Random, *, timed: bool) -> Policy:
    retry = Retry.model_construct(
        max=r.choice([0, 0, 1, 2]), delay=r.choice([0.0, 1.0, TOLD]), backoff=1.0, max_delay=60.0, jitter="none",
        on=r.choice([(), (), ("ValueError",)]), when=WORTH if r.random() < 0.1 else None,
    )  # fmt: skip
    limit = Timeout.model_construct(
        attempt=r.choice([None, None, 3.0]), total=r.choice([None, None, 9.0]), queued=r.choice([None, None, 4.0])
    )
    limit = limit if r.random() < 0.2 and timed else Timeout.model_construct(attempt=None, total=None, queued=None)
    bodiless = r.random() < 0.2
    pool = ("p",) if r.random() < 0.1 and not bodiless else ()
    return Policy(priority=r.choice([None, 0, 1]), pool=pool, retry=retry, timeout=limit, grace=2.0, runner="wait" if bodiless else "thread",
                  max_lost=r.choice([0, 1, 3]), abandoned=r.choice(["wait", "overlap"]), traits=Traits(killable=r.random() < 0.3, bodiless=bodiless))  # fmt: skip


def as_a_whole(r: Random, own: Policy) -> Policy:
    """Of a sub-flow: it takes a place of the pool, has limits, is tried again."""
    if r.random() < 0.4:
        return Policy(priority=own.priority)
    pool, limit = ("p",) if r.random() < 0.3 else (), own.timeout
    begins = bool(pool or any((limit.attempt, limit.total, limit.queued)))
    bound = r.choice([None, None, 1, 2])
    return Policy(priority=own.priority, pool=pool, retry=own.retry, timeout=limit, concurrency=bound, whole=begins)


# ---------------------------------------------------------------------- the end of a scope


def undone(r: Random, made: list[Node]) -> None:
    """What takes back some of the tasks: what was done last first, as `Graph` orders it."""
    behind = {k: {k} for k in range(len(made))}
    for k, one in reversed(list(enumerate(made))):
        for n in one.needs:
            behind[n] |= behind[k]
    tasks = [k for k, one in enumerate(made) if one.kind is TASK and not (one.off or one.pinned) and r.random() < 0.4]
    chosen = [k for k in tasks if made[k].step is None]  # which runs no body
    number = {k: len(made) + i for i, k in enumerate(chosen)}
    for k in chosen:
        needs = tuple(number[one] for one in chosen if one != k and one in behind[k])
        made.append(Node(f"undo_{k}", needs, TASK, phase=UNDO, undoes=k, policy=SHORT))


def at_end(r: Random, made: list[Node], count: int, inner: list[str], *, timed: bool) -> None:
    """What runs however the scope ends; each may need some of the scope, and those before it."""
    for i in range(r.choice([1, 1, 2])):
        above = [k for k in range(len(made)) if not made[k].off and made[k].phase != UNDO]
        needs = tuple(sorted(r.sample(above, min(len(above), r.randint(0, 2)))))
        kind = r.choice([TASK, TASK, TASK, MAP, *(SCOPED if inner else ())])
        said = {**fan_out(r, kind), **rounds(r, kind, timed=timed), "inner": r.choice(inner) if kind in SCOPED else ""}
        join, when = r.choice([ALL, SETTLED]), r.random() < 0.3
        made.append(Node(f"last{i}", needs, kind, join=join, when=when, phase=LAST, policy=SHORT, **said))


def output(r: Random, count: int) -> Output:
    if r.random() < 0.5:
        return Output()
    if r.random() < 0.3:
        just = r.randrange(count)
        return Output(frozenset((just,)), just=just)
    hard = frozenset(r.sample(range(count), 1)) if r.random() < 0.7 else frozenset()
    return Output(hard, firsts_of(r, tuple(range(count))) if r.random() < 0.5 else ())
