"""Hostile neighbours; STRATIX_CHAOS=full makes it the long form (some minutes)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from neighbours import FULL, SHORT, neighbours


@pytest.mark.timeout(900)
def test_hostile_neighbours_cost_neither_facts_nor_room(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The run completes; each visible fact is in the journal and once in the history; disk and memory stay in bounds."""
    story = neighbours(tmp_path, FULL if os.environ.get("STRATIX_CHAOS") == "full" else SHORT)
    for figure, value in vars(story).items():
        if figure != "faults":
            record_property(figure, round(value, 1))
    assert story.faults == []
    assert min(story.copies, story.forks, story.stops, story.commands) > 0
