"""Data frames as tables in the terminal, or as CSV where the output is read by a program."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    import pandas

COLOURS = {
    "completed": "green",
    "running": "blue",
    "failed": "red",
    "upstream_failed": "dark_orange",
    "interrupted": "red",
    "paused": "yellow",
    "pausing": "yellow",
    "retrying": "yellow",
    "waiting": "magenta",
}

LONG = ("inputs", "error", "text", "detail", "brings", "left out")
"""Columns of texts of any length: in a row they are wrapped, in what room the others leave."""
ROOM = 30
"""What is worth wrapping a text in; with less it goes below its row."""
GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column, as it is written, and how wide its widest cell is."""

    name: str
    cells: list[Text]
    right: bool
    width: int


def show(console: Console, frame: pandas.DataFrame, *, title: str = "", csv: bool = False) -> None:
    """Print a frame. Nothing is cut: what finds no room in its row stands on lines of its own below that. Empty columns are left
    out, but of CSV. Who reads it through a pipe, and says no width by COLUMNS, has rows as long as they are.
    """
    if csv:
        print(frame.to_csv(index=False), end="")
        return
    if not len(frame):
        console.print(Text(f"{title or 'Result'}: no rows", style="dim"))
        return
    columns = [_column(frame[name]) for name in frame.columns if not frame[name].isna().all()]
    width = console.width if console.is_terminal or "COLUMNS" in os.environ else sys.maxsize
    rows, below = _parted(columns, width)
    lines = [Text(title, style="bold")] if title else []
    lines.append(_line([(Text(one.name, style="bold"), one) for one in rows]))
    lines.append(Text("─" * sum([one.width for one in rows], len(GAP) * (len(rows) - 1)), style="dim"))
    for index in range(len(frame)):
        lines += _row(console, rows, below, index, width)
    console.print(Text("\n").join(lines), soft_wrap=True)


def _column(values: pandas.Series[Any]) -> Column:
    from pandas.api.types import is_numeric_dtype, is_timedelta64_dtype

    cells = [cell(value) for value in values]
    name = str(values.name)
    right = is_numeric_dtype(values) or is_timedelta64_dtype(values)
    return Column(name, cells, right, max(cell_len(name), *(one.cell_len for one in cells)))


def _parted(columns: list[Column], width: int) -> tuple[list[Column], list[Column]]:
    """Those that stand in the row, as wide as they are there, and those that go below it. The first is always in the row."""
    left = width + len(GAP)
    texts = [one for one in columns if one.name in LONG]
    fit = set[str]()
    for one in columns:
        if one not in texts and (one.width + len(GAP) <= left or not fit):
            fit.add(one.name)
            left -= one.width + len(GAP)
    given = dict[str, int]()
    for count, one in zip(range(len(texts), 0, -1), texts, strict=True):
        room = min(one.width, left // count - len(GAP))
        if room >= min(one.width, ROOM):
            given[one.name] = room
            left -= room + len(GAP)
    rows = [
        replace(one, width=given.get(one.name, one.width)) for one in columns if one.name in fit or one.name in given
    ]
    return rows, [one for one in columns if one.name not in fit and one.name not in given]


def _row(console: Console, rows: list[Column], below: list[Column], index: int, width: int) -> list[Text]:
    cells = [one.cells[index].wrap(console, max(one.width, 1), overflow="fold") or [Text()] for one in rows]
    high = range(max(map(len, cells)))
    lines = [
        _line([(lines[k] if k < len(lines) else Text(), one) for lines, one in zip(cells, rows, strict=True)])
        for k in high
    ]
    more = [Text.assemble((one.name, "dim"), " ", one.cells[index]) for one in below if one.cells[index].plain]
    told = (
        list(Text(" · ", style="dim").join(more).wrap(console, max(width - len(GAP), 1), overflow="fold"))
        if more
        else []
    )
    for line in told:
        line.rstrip()
    return lines + [Text(GAP) + line for line in told]


def _line(cells: list[tuple[Text, Column]]) -> Text:
    made = Text()
    for text, one in cells:
        room = " " * (one.width - text.cell_len)
        made.append_text(
            Text.assemble(GAP if made else "", room, text)
            if one.right
            else Text.assemble(GAP if made else "", text, room)
        )
    made.rstrip()
    return made


def cell(value: Any) -> Text:
    """A value as people write it: seconds with three digits, local times to the minute, nothing for what is missing."""
    import pandas

    if isinstance(value, list | dict):
        return Text(", ".join(map(str, value)) if isinstance(value, list) else _pairs(value))
    if pandas.isna(value):
        return Text("")
    if isinstance(value, pandas.Timedelta):
        return Text(duration(value.total_seconds()))
    if isinstance(value, pandas.Timestamp):
        moment = value.to_pydatetime(warn=False)
        return Text(f"{moment.astimezone() if moment.tzinfo else moment:%Y-%m-%d %H:%M}")
    if isinstance(value, Integral) and not isinstance(value, bool):
        return Text(f"{value:,}")
    if isinstance(value, Real):
        return Text(f"{value:,.4g}")
    text = str(value).strip()
    lines = text.splitlines() or [""]
    return Text(lines[-1] if len(lines) > 1 else text, style=COLOURS.get(text, ""))


def duration(seconds: float) -> str:
    """`12 ms`, `3.4 s`, `2:05 min`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def _pairs(value: dict[str, Any]) -> str:
    return ", ".join(f"{key}={inner!r}" for key, inner in value.items())
