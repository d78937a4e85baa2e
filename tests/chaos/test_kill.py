"""`kill -9` at random moments. STRATIX_KILL_ROUNDS sets how many; `make bench` makes 30."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from rounds import rounds


def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """What was visible is there, no result is recorded twice, no body starts unrecorded, and the run completes."""
    count = int(os.environ.get("STRATIX_KILL_ROUNDS", "8"))
    stories = rounds(tmp_path, count, seed=count)
    kills, live = sum(story.kills for story in stories), sum(story.live for story in stories)
    record_property("kills", kills)
    record_property("of a live run", live)
    record_property("runs", len(stories))
    assert [fault for story in stories for fault in story.faults] == []
    assert kills >= count
    assert live > 0
