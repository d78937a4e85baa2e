"""A kernel of its own: `python family.py STORE` starts `parent`, whose child waits at a gate, the file STORE.gate.

Each body leaves a line in STORE.bodies; it prints `begun` when the child waits.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from stratix_tasks import Engine, current, flow, task, uses

STORE = Path(os.environ.get("FAMILY_STORE") or (sys.argv[1] if len(sys.argv) > 1 else "store"))


def tell() -> None:
    with STORE.with_suffix(".bodies").open("a") as log:
        log.write(f"{current().node}\n")


@task
def before(x: int) -> int:
    tell()
    return x + 1


@task
def waits(x: int) -> int:
    tell()
    while not STORE.with_suffix(".gate").exists():
        current().checkpoint()
        threading.Event().wait(0.005)
    return x * 10


@flow
def child(x: int) -> Any:
    return waits(before(x))


@flow
def parent(x: int) -> Any:
    return uses("flow.run").options(name="inner")("child", args={"x": x})


if __name__ == "__main__":
    import family

    engine = Engine(STORE)
    run = engine.start(family.parent, {"x": 1})
    while not (STORE.with_suffix(".bodies").exists() and "waits" in STORE.with_suffix(".bodies").read_text()):
        run.wait(0.01)
    print("begun", flush=True)
    run.wait()
