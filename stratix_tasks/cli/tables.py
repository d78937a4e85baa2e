"""Data frames as tables in the terminal, or as CSV where the output is read by a program."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
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

LONG = ("error", "inputs", "text", "detail")
"""Columns that are wrapped rather than cut."""


def show(console: Console, frame: pandas.DataFrame, *, title: str = "", csv: bool = False) -> None:
    """Print a frame; empty columns are left out of a table, and kept in CSV."""
    if csv:
        print(frame.to_csv(index=False), end="")
        return
    import pandas

    kept = [name for name in frame.columns if frame.empty or not frame[name].isna().all()]
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        header_style="bold",
        pad_edge=False,
        collapse_padding=True,
    )
    for name in kept:
        number = pandas.api.types.is_numeric_dtype(frame[name]) or pandas.api.types.is_timedelta64_dtype(frame[name])
        table.add_column(str(name), justify="right" if number else "left", no_wrap=name not in LONG)
    for row in frame[kept].itertuples(index=False):
        table.add_row(*map(cell, row))
    console.print(table if len(frame) else Text(f"{title or 'Result'}: no rows", style="dim"))


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
