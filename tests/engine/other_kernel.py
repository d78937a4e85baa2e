"""Another kernel, for tests of what two processes do to one run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stratix_tasks.session.run import Run

OWNER = Path(__file__).with_name("owner_process.py")
LONG = 30.0


class Owner:
    """The other process."""

    def __init__(self, store: Path, flow: str, key: str = "") -> None:
        self.store, self.gates, self.bodies = store, store.with_suffix(".gates"), store.with_suffix(".bodies")
        self.gates.mkdir(exist_ok=True)
        self.child = subprocess.Popen(
            [sys.executable, OWNER, store, flow, *([key] if key else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.engine = self.reads("engine")
        self.run = self.reads("run")

    def reads(self, word: str) -> str:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            head, _, rest = line.strip().partition(" ")
            if head == word:
                return rest
        raise AssertionError(f"the owner ended before it said '{word}'")

    def ask(self, word: str) -> str:
        self.tell(word)
        return self.reads("said")

    def tell(self, word: str) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()

    def opens(self, *gates: str) -> None:
        for name in gates:
            (self.gates / name).touch()

    def started(self) -> list[str]:
        """`node attempt` of each body that began, in this process or another."""
        lines = self.bodies.read_text().splitlines() if self.bodies.exists() else []
        return [line.rpartition(" ")[0] for line in lines]

    def end(self) -> None:
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe is not None
            pipe.close()


def until(holds: Callable[[], Any], what: str) -> None:
    """Wait for something that another process does."""
    limit = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.01)


def states(run: Run) -> dict[str, str]:
    return {row["name"]: row["state"] for row in run.progress()}
