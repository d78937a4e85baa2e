"""A process that starts every pattern, lets the first body of each run say that it began, and waits to be killed."""

from __future__ import annotations

import os
import sys
import threading

import test_patterns as patterns

from stratix_tasks import Engine


def main(store: str) -> None:
    engine = Engine(store, concurrency=200)
    os.environ["PATTERN_OWNER"] = "yes"
    for number, (_, inputs, _) in patterns.PATTERNS.items():
        engine.start(patterns.defined(number), inputs)
    engine.start(patterns.wcp_24).send("go", 5)
    cancelled = engine.start(patterns.wcp_20)
    while cancelled.id not in patterns.FIRST:
        cancelled.wait(0.01)
    cancelled.cancel()
    os.write(1, b"cancelled\n")
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
