"""What is killed on a full disk: `main(store)` runs a fan-out whose bodies fill the disk, and waits.

Each start of a body is a line of the file FULL_DISK_LOG, which lies elsewhere; what someone could have seen is a line on
stdout.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from stratix_tasks import Engine, current, each, flow, task

ITEMS = 120
SIZES = (20_000, 200_000)
"""Results that are frames of the journal, and ones that are objects."""


@task
def numbers(n: int) -> list[int]:
    return list(range(n))


@task
def blob(x: int) -> bytes:
    log = os.open(os.environ["FULL_DISK_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, f"{x} {current().attempt}\n".encode())
    os.close(log)
    return bytes([x]) * SIZES[x % 2]


@task
def length(data: bytes) -> int:
    return len(data)


@flow
def filling(n: int = ITEMS) -> list[int]:
    return length.map(each(blob.options(max=4).map(each(numbers(n)))))


VALUE = [SIZES[x % 2] for x in range(ITEMS)]


def main(store: Path) -> None:
    with Engine(store, concurrency=4) as engine:
        run = engine.start(filling)
        print("run", run.id, flush=True)
        stop = engine.on("task.completed", lambda event: print("seen", event["node"], event["item"], flush=True))
        while run.status not in ("paused", "completed", "failed"):
            run.wait(0.005)
        print(run.status, run.reason, flush=True)
        threading.Event().wait(60.0)  # until it is killed
        stop()
