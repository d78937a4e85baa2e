"""30 rounds of `kill -9`, at least 24 of them while tasks were running: nothing lost, nothing doubled, all completed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row

ROUNDS, LIVE = 30, 24


def run() -> Iterator[Row]:
    """Broken promises, of which there may be none, and how many kills hit a live run."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "chaos"))
    from rounds import rounds

    with tempfile.TemporaryDirectory(prefix="stratix-bench-") as folder:
        stories = rounds(Path(folder), ROUNDS, seed=1)
    faults = [fault for story in stories for fault in story.faults]
    print(*faults, sep="\n", end="\n" if faults else "")
    kills, live = (sum(getattr(story, name) for story in stories) for name in ("kills", "live"))
    yield Row(f"{kills} × kill -9: broken promises", "", len(faults), 0, len(faults), "at most", 0)
    yield Row(f"{kills} × kill -9: of a live run", "", live, 0, live, "at least", LIVE)
