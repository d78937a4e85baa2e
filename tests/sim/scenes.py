"""What a seed plays: a random flow, and how each attempt of its bodies goes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any
from zlib import crc32

from driver import spec

from stratix_tasks.spec.model import Defaults, Each, FlowSpec, InputSpec, Retry, Timeout
from stratix_tasks.spec.values import Expr, FirstOf, Ref

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


FUNCTIONS: dict[str, Any] = {"m:number": number, "m:listed": listed, "m:text": text}


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
    says, spawns = random.random() < 0.3, random.random() < 0.3
    return Fate(seconds, outcome, steps, echoes, delay, says, spawns)


def flow(random: Random, depth: int = 1) -> FlowSpec:
    """A DAG of tasks, maps and sub-flows with conditions, order, `first_of`, retries, limits, pools and priorities."""
    tasks: dict[str, dict[str, Any]] = {}
    subs: dict[str, FlowSpec] = {}
    lists: list[str] = []
    for i in range(random.randint(1, 8 if depth else 3)):
        name, above = f"n{i}", list(tasks)
        node: dict[str, Any] = {"with": {"me": i}, "needs": tuple(_some(random, above, 1))}
        for position, need in enumerate(_some(random, above, 2)):
            node["with"][f"a{position}"] = Ref("tasks", need)
        if len(soft := _some(random, above, 3)) > 1 and random.random() < 0.4:
            node["with"]["first"] = FirstOf(tuple(Ref("tasks", need) for need in soft))
        if random.random() < 0.2:
            node["when"] = Expr(random.choice(CONDITIONS))
        kind = random.choice(("task", "task", "list", "map", "map", "wait", "flow" if depth else "task"))
        if kind == "wait":
            node |= _wait(random)
        elif kind == "flow":
            subs[name] = flow(random, 0)
            node["with"] = {"x": node["with"].get("a0", i)}
            node |= {"flow": name, "call": None}
        else:
            node |= _body(random, kind)
            if kind == "map":
                source = (
                    Ref("tasks", random.choice(lists)) if lists and random.random() < 0.6 else Ref("inputs", "items")
                )
                node["each"] = Each(over={"x": source}, max=random.choice((None, None, 1, 2)))
            elif kind == "list":
                lists.append(name)
        tasks[name] = node
    options: dict[str, Any] = {"on_failure": random.choice(("finish", "finish", "stop")), "flows": subs}
    if depth:
        options |= {"timeout": random.choice((None, None, None, 30.0)), "concurrency": random.choice((None, 1, 3))}
        options |= {"pools": {"narrow": 1}, "defaults": Defaults(grace=random.choice((0.5, 2.0)))}
        options["inputs"] = {name: InputSpec(required=False, default=value) for name, value in INPUTS.items()}
    else:
        options["inputs"] = {
            "x": InputSpec(required=False),
            **{name: InputSpec(required=False, default=value) for name, value in INPUTS.items()},
        }
        options["output"] = Ref("tasks", random.choice(list(tasks)))
    return spec(tasks, **options)


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


def _body(random: Random, kind: str) -> dict[str, Any]:
    body: dict[str, Any] = {"call": "m:listed" if kind == "list" else random.choice(("m:number", "m:number", "m:text"))}
    if random.random() < 0.7:
        body["retry"] = Retry(
            max=random.randint(0, 3), delay=random.choice((0.0, 1.0, 10.0)), jitter=random.choice(("none", "full"))
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
