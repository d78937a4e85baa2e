"""Tables in the terminal."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from stratix_tasks.cli.tables import show

FRAME = pd.DataFrame(
    {
        "run": ["06h2nfxvqre69asc", "06h2nfw9yb7m55dp"],
        "flow": ["deep", "sales_of_all_regions"],
        "status": ["failed", "completed"],
        "attempts": pd.array([1, None], dtype="Int64"),
        "reason": ["taken-over-by-hand", None],
        "nothing": [None, None],
        "inputs": [{"regions": ["europe", "united states", "asia pacific"], "limit": 100}, {}],
        "error": [None, "ValueError: " + "x" * 90],
    }
)
WHOLE = ("06h2nfxvqre69asc", "sales_of_all_regions", "completed", "taken-over-by-hand", "limit=100", "x" * 90)


def printed(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    console = Console(file=io.StringIO(), highlight=False)
    show(console, FRAME, title="Runs")
    made = console.file
    assert isinstance(made, io.StringIO)
    return made.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 50, 80, 120, 200])
def test_nothing_in_a_table_is_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any width: what finds no room in its row stands below it, and no line is wider than the terminal."""
    lines = printed(width, monkeypatch)
    assert max(map(len, lines)) <= width
    text = "".join("".join(lines).split())
    assert [word for word in WHOLE if word not in text] == []
    assert "nothing" not in text


def test_rows_stay_rows_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of names, one below it, and one for each row; columns stand under their names."""
    title, names, rule, first, second = printed(300, monkeypatch)
    assert title == "Runs"
    assert set(rule) == {"─"}
    for name, one, other in (("flow", "deep", "sales_of_all_regions"), ("reason", "taken-over-by-hand", "    ")):
        assert first[names.index(name) :].startswith(one)
        assert second[names.index(name) :].startswith(other)
    assert first[: names.index("attempts") + len("attempts")].endswith("  1")


def test_a_table_that_is_read_by_a_program_has_a_line_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal, and no width by COLUMNS."""
    monkeypatch.delenv("COLUMNS", raising=False)
    console = Console(file=io.StringIO(), highlight=False)
    show(console, FRAME)
    made = console.file
    assert isinstance(made, io.StringIO)
    assert len(made.getvalue().splitlines()) == 4
