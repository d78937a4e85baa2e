"""`kill -9` at random moments. STRATIX_KILL_ROUNDS sets how many; `make bench` makes 30."""

from __future__ import annotations

import os
from pathlib import Path

from rounds import rounds


def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    """What was visible is there, no result is recorded twice, no body starts unrecorded, and the run completes."""
    count = int(os.environ.get("STRATIX_KILL_ROUNDS", "8"))
    stories = rounds(tmp_path, count, seed=count)
    print(f"{sum(s.kills for s in stories)} kills, {sum(s.live for s in stories)} of a live run, {len(stories)} runs")
    assert [fault for story in stories for fault in story.faults] == []
    assert sum(story.kills for story in stories) >= count
    assert sum(story.live for story in stories) > 0
