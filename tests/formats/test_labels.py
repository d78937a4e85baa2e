"""Where conditions stand on edges: in pictures as on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratix_tasks.formats.labels import Labels
from stratix_tasks.formats.shapes import Box

ROWS = json.loads((Path(__file__).parent / "labels.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['text']} {row['from']} {row.get('cards', '')}")
def test_a_label_stands_where_the_page_has_it(row: dict[str, Any]) -> None:
    """Before the arrowhead, on the side that the edge does not come from, beyond those of others; cut where a card begins."""
    labels = Labels([Box(300, 100, 172, 58), *(Box(*card) for card in row.get("cards", ()))])
    start, end = tuple(row["from"]), tuple(row["to"])
    for _ in range(row.get("others", 0)):
        assert labels.put("> 0", start, end) is not None
    assert labels.put(row["text"], start, end) == (row["label"] and tuple(row["label"]))
