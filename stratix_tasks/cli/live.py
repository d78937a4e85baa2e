"""A run in the terminal: a table that moves, or a line for each node where there is no terminal."""

from __future__ import annotations

from time import time
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stratix_tasks.cli.tables import COLOURS, duration
from stratix_tasks.session.run import Run

GLYPHS = {
    "completed": "✔",
    "failed": "✘",
    "upstream_failed": "✘",
    "cancelled": "■",
    "skipped": "↷",
    "running": "▶",
    "open": "▶",
    "retrying": "↻",
    "held": "⏸",
    "suspended": "⏸",
    "ready": "◔",
}
DONE = ("completed", "failed", "upstream_failed", "cancelled", "skipped")
PAUSED = "`stratix resume` goes on with it, `stratix cancel` ends it."
BY_A_PERSON = ("user", "rollback")
"""Reasons of a pause that somebody is expected to end."""
MOST_SHOWN = 40
TICK = 0.1


def follow(run: Run, console: Console) -> str:
    """Show the run until it has ended; returns its status.

    One that a person pauses meanwhile is waited for, so that a resume goes on with it here; one that is paused already,
    or for another reason, is not. An interrupt cancels it, and is raised again.
    """
    if run.status == "paused":
        return "paused"
    try:
        return _live(run, console) if console.is_terminal else _lines(run, console)
    except KeyboardInterrupt:
        console.print(f"Cancelling run {run.id} …")
        run.cancel()
        run.wait(10.0)
        raise


def _live(run: Run, console: Console) -> str:
    with Live(_picture(run), console=console, refresh_per_second=10) as live:
        while not _is_over(run, run.wait(TICK)):
            live.update(_picture(run))
        live.update(_picture(run))
    return run.status


def _lines(run: Run, console: Console) -> str:
    told: set[str] = set()
    was = run.status
    while True:
        status = run.wait(TICK)
        for row in run.progress():
            if row["state"] in DONE and row["name"] not in told:
                told.add(row["name"])
                console.print(f"{GLYPHS[row['state']]} {row['name']} {row['state']} {_took(row)} {_note(row)}".rstrip())
        if _is_over(run, status):
            return status
        if status != was and "paused" in (status, was):
            hint = PAUSED if status == "paused" else ""
            console.print(f"Run {run.id} is {status}. {hint}".rstrip(), markup=False, soft_wrap=True)
        was = status


def _is_over(run: Run, status: str) -> bool:
    """Whether there is nothing more to wait for."""
    if status == "paused":
        return run.reason not in BY_A_PERSON
    return status in ("completed", "failed", "cancelled", "interrupted")


def _picture(run: Run) -> Group:
    rows = run.progress()
    status = run.status
    head = Text.assemble(
        (f"{run.flow} ", "bold"), (status, COLOURS.get(status, "")), (f"  {_count(rows)}  run {run.id}", "dim")
    )
    table = Table(box=SIMPLE_HEAD, show_header=False, pad_edge=False)
    for justify in ("left", "left", "left", "right", "left"):
        table.add_column(justify=justify)
    for row in _shown(rows):
        state = "running" if row["state"] == "open" else row["state"]
        colour = COLOURS.get(state, "dim")
        bar = _bar(row)
        table.add_row(Text(f"{GLYPHS.get(state, '·')} {row['name']}", colour), state, bar, _took(row), _note(row))
    more = len(rows) - MOST_SHOWN
    return Group(head, table, Text(f"… and {more} more nodes", "dim") if more > 0 else Text(""))


def _shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most a screenful: what moves and what failed comes before what is done and what waits."""
    if len(rows) <= MOST_SHOWN:
        return rows
    quiet = ("completed", "skipped", "pending")
    first = sorted(range(len(rows)), key=lambda index: rows[index]["state"] in quiet)[:MOST_SHOWN]
    return [rows[index] for index in sorted(first)]


def _bar(row: dict[str, Any]) -> Any:
    if row["total"]:
        return Group(ProgressBar(row["total"], row["done"], width=24), Text(f"{row['done']:,}/{row['total']:,}", "dim"))
    if row["progress"] is not None and row["state"] not in DONE:
        return ProgressBar(1.0, row["progress"], width=24)
    return ""


def _count(rows: list[dict[str, Any]]) -> str:
    return f"{sum(row['state'] in DONE for row in rows):,}/{len(rows):,} nodes"


def _took(row: dict[str, Any]) -> str:
    if not row["started"] or row["state"] in ("skipped", "pending"):
        return ""
    return duration((row["ended"] or time()) - row["started"])


def _note(row: dict[str, Any]) -> str:
    if row["error"] and row["state"] in ("failed", "retrying"):
        return str(row["error"].splitlines()[0])
    return "" if row["state"] in DONE else str(row["text"] or "")
