"""What the kill test kills: maps (one that grows), retries, threads, coroutines, worker processes, waits and prints.

`python victim.py STORE LOG` starts one run, or goes on with it, and waits. Each start of a body
is a line of LOG, written before anything else; each result that someone could have seen is a line on stdout. Bodies in
worker processes write their process into LOG.pids too.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

from stratix_tasks import Engine, approval, current, each, flow, sleep, task
from stratix_tasks.session.run import Run
from stratix_tasks.store.locks import start_time

ITEMS = 60
ENDED = ("completed", "failed", "cancelled", "interrupted")


def begun() -> None:
    body = current()
    item = "" if body.item is None else f"[{body.item}]"
    line = f"{body.node}{item} {body.attempt}\n".encode()
    log = os.open(os.environ["VICTIM_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, line)
    os.close(log)


@task
def numbers(n: int) -> list[int]:
    begun()
    return list(range(n))


@task(retry={"max": 3, "delay": 0.001, "jitter": "none"})
async def square(x: int) -> int:
    begun()
    await asyncio.sleep(0.04)
    if x % 7 == 3 and current().attempt == 1:
        raise OSError("the first time never works")
    print("squared", x)
    return x * x


@task
def big(x: int) -> bytes:
    begun()
    threading.Event().wait(0.01)
    return bytes([x % 251]) * 40_000


@task
def measure(data: bytes) -> int:
    begun()
    return len(data)


@task(runner="process")
def apart(x: int) -> int:
    begun()
    with Path(os.environ["VICTIM_LOG"] + ".pids").open("a") as file:
        file.write(f"{os.getpid()} {start_time(os.getpid())}\n")
    threading.Event().wait(0.01)
    return x


@task(retry={"max": 3, "delay": 0.001, "jitter": "none"})
def grow(n: int) -> int:
    begun()
    for smaller in range(n):
        current().spawn(smaller)
    threading.Event().wait(0.01)
    if n == 2 and current().attempt == 1:
        raise OSError("the first time never works")
    return 1


@task
def total(squares: list[int], sizes: list[int], others: list[int], grown: list[int]) -> int:
    begun()
    return sum(squares) + sum(sizes) + sum(others) + sum(grown)


@flow
def victim(n: int = ITEMS) -> int:
    known = numbers(n)
    sizes = measure.map(each(big.options(max=4).map(each(known))))
    waits = [approval.options(name="ask", after=[known])("Go on?"), sleep.options(name="nap", after=[known])("300ms")]
    squares = square.options(max=6).map(each(known))
    grown = grow.map(each([DEEP]))
    return total.options(after=waits)(squares, sizes, apart.map(each(list(range(APART)))), grown)


APART = 12
"""Bodies in worker processes."""
DEEP = 4
"""Levels of a tree whose items spawn the smaller ones: 2 ** DEEP of them."""


def expected(items: int = ITEMS) -> int:
    """The value of a run."""
    return sum(x * x for x in range(items)) + 40_000 * items + sum(range(APART)) + 2**DEEP


def say(*words: object) -> None:
    """A line on stdout, in one piece: what bodies print may stand before it, and the process may end at any moment."""
    os.write(1, "\n{}\n".format(" ".join(map(str, words))).encode())


def watch(run: Run, *, approves: bool = True) -> Run:
    """Wait for it to end, and approve what it asks, if so; what can be seen as completed is said."""
    told: set[str] = set()
    while run.wait(0.002) not in ENDED:
        for row in run.progress():
            if approves and (row["name"], row["state"]) == ("ask", "waiting"):
                run.approve("ask", by="the victim")
            if row["state"] == "completed" and row["name"] not in told:
                told.add(row["name"])
                say("seen", row["name"])
    return run


def main() -> None:
    with Engine(sys.argv[1], concurrency=8) as engine:
        say("ready")
        found = engine.recover()
        run = found[0] if found else engine.start(victim, key="once")
        say("run", run.id)
        watch(run)
        say("value", run.result())


if __name__ == "__main__":
    os.environ["VICTIM_LOG"] = str(Path(sys.argv[2]))
    main()
