"""A kernel of its own: `python owner_process.py STORE FLOW` starts a flow, and obeys lines on stdin.

It prints `run ID`. Bodies wait until a file of their name is in the folder STORE.gates, and leave a line in STORE.bodies
when they begin. Lines that it obeys: `status`, `wait`, `result`; it says `does …`, then `said …`.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from stratix_tasks import Engine, approval, current, each, flow, signal, sleep, task
from stratix_tasks.errors import StratixError

STORE = Path(os.environ.get("OWNER_STORE") or (sys.argv[1] if len(sys.argv) > 1 else "store"))
GATES, BODIES = STORE.with_suffix(".gates"), STORE.with_suffix(".bodies")


def begun() -> None:
    body = current()
    item = "" if body.item is None else f"[{body.item}]"
    log = os.open(BODIES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, f"{body.node}{item} {body.attempt} {os.getpid()}\n".encode())
    os.close(log)


def gate(name: str) -> None:
    while not (GATES / name).exists():
        current().checkpoint()
        threading.Event().wait(0.005)


@task
def first(x: int) -> int:
    begun()
    gate("first")
    print("first is done")
    return x


@task
def second(x: int) -> int:
    begun()
    gate("second")
    return x + 1


@task
def third(x: int) -> int:
    begun()
    gate("third")
    return x * 10


@task
def breaks(x: int) -> int:
    begun()
    if not (GATES / "mended").exists():
        raise ValueError("not yet")
    return x


@task
def one(x: int) -> int:
    begun()
    gate("items")
    return x


@flow
def chain(x: int = 1) -> int:
    return third(second(first(x)))


@flow
def failing() -> int:
    return breaks(7)


@task
def notes(x: int | None = None) -> str:
    return f"{x}"


@flow
def noted() -> Any:
    """One goes on without what the other can't run without."""
    made = breaks(7)
    return third(made), notes.options(join="settled")(made)


@flow
def many() -> Any:
    return one.options(max=2).map(each(range(6)))


@flow
def shipping() -> Any:
    """It waits for a person, then for a value, then for a moment, and needs no function."""
    ok = approval.options(name="ask")("Ship it?", timeout="1h")
    value = signal.options(after=[ok])("go")
    nap = sleep.options(after=[value])("1s")
    return ok["by"], value["x"], nap


@flow
def part(x: int) -> Any:
    return third(second(x))


@flow
def parts() -> Any:
    return part.map(each([1, 2]))


FLOWS = {"chain": chain, "failing": failing, "many": many, "noted": noted, "parts": parts, "shipping": shipping}


def main() -> None:
    key = sys.argv[3] if len(sys.argv) > 3 else None
    with Engine(STORE) as engine:
        print("engine", engine.id, flush=True)
        run = engine.start(FLOWS[sys.argv[2]], key=key)
        print("run", run.id, flush=True)
        for line in sys.stdin:
            word = line.strip()
            print("does", word, flush=True)
            try:
                said = run.wait(30) if word == "wait" else run.result(30) if word == "result" else run.status
            except StratixError as error:
                said = f"{type(error).__name__} {error.code} {error.message}"
            print("said", said, flush=True)


if __name__ == "__main__":
    main()
