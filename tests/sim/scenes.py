"""What a seed plays: a random flow, and how each attempt of its bodies goes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from zlib import crc32

from driver import spec

from stratix_tasks.spec.model import Defaults, Each, FlowSpec, InputSpec, Loop, Retry, Shared, Timeout
from stratix_tasks.spec.values import Expr, FirstOf, Pin, Ref

INPUTS = {"yes": True, "no": False, "count": 3, "items": [5, 6, 7]}
SIGNAL = "go"
CONDITIONS = ("inputs.yes", "inputs.yes", "inputs.count > 2", "inputs.no", "inputs.count")
"""The last one is no condition: it gives a number."""


def number(**args: Any) -> int:
    """A number that depends on every argument."""
    return crc32(repr(sorted(args.items())).encode()) % 1_000_000


def listed(**args: Any) -> list[int]:
    """A list, empty at times, for maps."""
    first = number(**args)
    return [first + i for i in range(first % 4)]


def text(**args: Any) -> str:
    """A result that is too long for a fact, so that it is a frame of its own."""
    return f"{number(**args)} " * 150


def nested(**args: Any) -> list[list[int]]:
    """Lists in a list, to be flattened."""
    return [listed(**args), [1, 2]]


FUNCTIONS: dict[str, Any] = {"m:number": number, "m:listed": listed, "m:text": text, "m:nested": nested}
JOINS = ("any", "first_success", {"n_of": 2}, "settled")
GATHERS = ("all", "all", *JOINS, {"n_of": "60%"})


@dataclass(frozen=True)
class Fate:
    """How one attempt goes."""

    seconds: float
    outcome: str
    """ok, fail, final (no retry helps), lost (its worker is gone)."""
    steps: int
    """Checkpoints on the way: there it stops or parks if it was asked to; 0: it does not listen."""
    echoes: tuple[float, ...]
    """Seconds after which its answer comes once more."""
    delay: float
    """Seconds that its answer is on the way, in which others overtake it."""
    says: bool
    """Whether it logs at each checkpoint."""
    spawns: bool
    """Whether it adds an item to its own map at its first step, if it is an item."""
    status: int
    """What its error says, where it fails."""


def fate(seed: str, wild: float) -> Fate:
    """The same for the same seed; `wild`, from 0 to 1, is how much goes wrong."""
    random = Random(seed)
    outcome = random.choice(("fail", "fail", "final", "lost")) if random.random() < wild * 0.5 else "ok"
    stuck = random.random() < wild * 0.2
    seconds = random.choice((5.0, 9.0, 18.0, 60.0, 400.0)) if stuck else random.choice((0.0, 0.01, 0.3, 1.0, 2.0, 4.0))
    steps = 0 if stuck else random.choice((0, 1, 3, 8))
    echoes = (
        tuple(random.choice((0.0, 0.5, 5.0, 60.0)) for _ in range(random.choice((1, 2))))
        if random.random() < wild * 0.4
        else ()
    )
    delay = random.choice((0.0, 0.2, 3.0)) if random.random() < wild * 0.4 else 0.0
    says, spawns, status = random.random() < 0.3, random.random() < 0.3, random.choice((429, 500))
    return Fate(seconds, outcome, steps, echoes, delay, says, spawns, status)


def flow(random: Random, depth: int = 1) -> FlowSpec:
    """A DAG with every word: tasks, maps, flows, mapped flows, loops, recursion, waits, conditions, order, joins, `first_of`,
    failures as data, what runs at the end, undo, retries, limits, pools, priorities, policies.
    """
    tasks: dict[str, dict[str, Any]] = {}
    subs: dict[str, FlowSpec] = {}
    lists: list[str] = []
    maps: list[str] = []
    """Fan-outs that others may go on from item by item."""
    for i in range(random.randint(1, 8 if depth else 3)):
        name, above = f"n{i}", [one for one, node in tasks.items() if node.get("enabled", True)]
        node: dict[str, Any] = {"with": {"me": i}, "needs": tuple(_some(random, above, 1))}
        for position, need in enumerate(_some(random, above, 2)):
            node["with"][f"a{position}"] = Ref("tasks", need)
        if len(soft := _some(random, above, 3)) > 1 and random.random() < 0.4:
            node["with"]["first"] = FirstOf(tuple(Ref("tasks", need) for need in soft), random.choice(((), (), (7,))))
        if random.random() < 0.2:
            node["when"] = Expr(random.choice(CONDITIONS))
        deep = ("flow", "mapped flow", "recursion") if depth else ("task",)
        kind = random.choice(("task", "task", "list", "map", "map", "wait", "loop", *deep))
        if kind == "wait":
            node |= _wait(random)
        elif kind in ("flow", "mapped flow"):
            subs[name] = flow(random, 0)
            node["with"] = {"x": node["with"].get("a0", i)}
            node |= {"flow": name, "call": None}
            if kind == "mapped flow":
                node |= {"with": {}, "each": _each(random, lists)}
        elif kind == "recursion":
            subs[name] = _in_itself(random, name)
            node |= {"flow": name, "call": None, "with": {"x": random.randint(0, 3)}}
        elif kind == "loop":
            node |= {**_body(random, kind), "loop": _loop(random, node)}
        else:
            node |= _body(random, kind)
            if kind == "map":
                node["each"] = _after_each(random, maps) if maps and random.random() < 0.7 else _each(random, lists)
                maps += [name] if node["each"].gather == "all" else []
            elif kind == "list":
                lists.append(name)
        tasks[name] = _more_words(random, node, above)
    for i in range(random.choice((0, 0, 0, 1, 2))):
        tasks[f"end{i}"] = {"with": {"me": i, **_taken(random, tasks)}, **_body(random, "task"), "always": True}
    options: dict[str, Any] = {"on_failure": random.choice(("finish", "finish", "stop")), "flows": subs}
    if depth:
        options |= {"timeout": random.choice((None, None, None, 30.0)), "concurrency": random.choice((None, 1, 3))}
        options |= {"pools": {"narrow": 1}, "defaults": Defaults(grace=random.choice((0.5, 2.0)))}
        options["inputs"] = {name: InputSpec(required=False, default=value) for name, value in INPUTS.items()}
        options |= {"policies": {"net": Shared(retry=Retry(max=1, delay=0.5, jitter="none"))}}
    else:
        options["inputs"] = {
            "x": InputSpec(required=False),
            **{name: InputSpec(required=False, default=value) for name, value in INPUTS.items()},
        }
        options["output"] = Ref(
            "tasks", random.choice([one for one in tasks if tasks[one].get("enabled", True)] or [*tasks])
        )
    return spec(tasks, **options)


def _after_each(random: Random, maps: list[str]) -> Each:
    """Item by item behind another fan-out."""
    gather = random.choice(("all", "all", *GATHERS))
    return Each(over={"x": Ref("tasks", random.choice(maps))}, max=random.choice((None, 1, 2)), gather=gather)


def _each(random: Random, lists: list[str]) -> Each:
    """A fan-out over a list, numbers, or lists one level less; at times without some of them, or of which some are enough."""
    source: Any = Ref("tasks", random.choice(lists)) if lists and random.random() < 0.6 else Ref("inputs", "items")
    flat = random.random() < 0.1
    over = [[1, 2], [], [3]] if flat else {"range": Ref("inputs", "count")} if random.random() < 0.2 else source
    where = Expr("x % 2 == 1") if random.random() < 0.2 else None
    gather, most = random.choice(GATHERS), random.choice((None, None, 1, 2))
    losers = random.choice((None, "keep")) if gather not in ("all", "settled") else None
    return Each(over={"x": over}, max=most, where=where, flatten=flat, gather=gather, losers=losers)


def _loop(random: Random, node: dict[str, Any]) -> Loop:
    return Loop(
        max=random.randint(1, 4), carry=random.choice((None, "me")), until=Expr(random.choice(UNTIL)),
        every=random.choice((None, None, 5.0)), within=random.choice((None, None, 20.0)),
        on_max=random.choice(("fail", "take")),
    )  # fmt: skip


UNTIL = ("output % 3 == 0", "output % 3 == 0", "output < 0", "output.nothing > 1")
"""The last one can't be told of a number."""


def _in_itself(random: Random, name: str) -> FlowSpec:
    """One level deeper for as long as its input says so."""
    deeper = {"flow": name, "call": None, "when": Expr("inputs.x > 0"), "with": {"x": Expr("inputs.x - 1")}}
    first = FirstOf((Ref("tasks", "deeper"), Ref("tasks", "a")))
    tasks = {"a": {"with": {"me": Ref("inputs", "x")}, **_body(random, "task")}, "deeper": {**deeper, "needs": ("a",)}}
    return spec(tasks, inputs={"x": InputSpec(required=False)}, output=first)


def _taken(random: Random, tasks: dict[str, Any]) -> dict[str, Any]:
    """What runs at the end takes a value, or how things ended."""
    above = [one for one, node in tasks.items() if node.get("enabled", True) and not node.get("always")]
    if not above or random.random() < 0.5:
        return {"told": Expr("scope.status")}
    return {"value": Ref("tasks", random.choice(above))}


def _more_words(random: Random, node: dict[str, Any], above: list[str]) -> dict[str, Any]:
    """How a node waits for what it needs, what may become of it, and who takes it back."""
    if random.random() < 0.04:
        return {
            **node,
            "with": {"me": 0} if node.get("call") else node["with"],
            "needs": (),
            "when": None,
            "enabled": False,
        }
    if len(node["needs"]) + len(node["with"]) > 2 and random.random() < 0.3:
        node["join"] = random.choice(JOINS)
        node["losers"] = random.choice((None, "keep")) if node["join"] != "settled" else None
    plain = [one for one in above if one not in node["needs"] and Ref("tasks", one) not in node["with"].values()]
    if plain and random.random() < 0.15:
        one = random.choice(plain)
        asked = (
            {"catch": (one,)} if random.random() < 0.5 else {"when": Expr(f'tasks.{one}.status == "failed"', (one,))}
        )
        node |= asked
    body = "each" not in node and "loop" not in node and node.get("call")
    if body and random.random() < 0.15:
        node["undo"] = "m:number"
    if node.get("call") and "retry" not in node and random.random() < 0.3:
        node["policy"] = "net"
    node["allow_failure"] = random.random() < 0.08
    if random.random() < 0.05:
        node["pin"] = Pin([7] if "each" in node else 7)
    return node


def _some(random: Random, names: list[str], most: int) -> list[str]:
    return random.sample(names, random.randint(0, min(most, len(names))))


def _wait(random: Random) -> dict[str, Any]:
    """A sleep, or an approval or signal with or without a deadline; at times one an item."""
    word, values = random.choice(
        (("duration", ("0s", "3s", "20s", "1h")), ("message", ("Fine?", "Go on?")), ("name", (SIGNAL, SIGNAL)))
    )
    kind = {"duration": "sleep", "message": "approval", "name": "signal"}[word]
    made: dict[str, Any] = {"uses": f"wait.{kind}", "call": None, "with": {word: values[0]}}
    if random.random() < 0.4:
        made |= {"with": {}, "each": Each(over={word: list(random.sample(values, 2))})}
    elif kind == "sleep":
        made["with"] = {word: random.choice(values)}
    if kind != "sleep" and random.random() < 0.5:
        made["timeout"] = Timeout(attempt=random.choice((4.0, 60.0, 5000.0)))
    return made


BODIES = ("m:number", "m:number", "m:text", "m:nested")


def _body(random: Random, kind: str) -> dict[str, Any]:
    body: dict[str, Any] = {"call": "m:listed" if kind == "list" else random.choice(BODIES)}
    if random.random() < 0.7:
        body["retry"] = Retry(
            max=random.randint(0, 3),
            delay=random.choice((0.0, 1.0, 10.0)),
            jitter=random.choice(("none", "full")),
            on=random.choice(((), (), ("ValueError",), ("KeyError",))),
            when=random.choice((None, None, None, Expr("error.status == 429"))),
        )
    if random.random() < 0.4:
        body["timeout"] = Timeout(
            attempt=random.choice((None, 1.5, 3.0)),
            total=random.choice((None, 20.0)),
            queued=random.choice((None, None, 15.0)),
        )
    if random.random() < 0.3:
        body["pool"] = ("narrow",)
    return body | {"priority": random.randint(0, 2)}
