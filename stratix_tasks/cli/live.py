"""A run in the terminal: a table that moves, or a line for each node where there is no terminal."""

from __future__ import annotations

from shlex import quote
from time import time
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from stratix_tasks.cli.tables import COLOURS, duration
from stratix_tasks.core.waits import ends
from stratix_tasks.look.plain import awaited
from stratix_tasks.session.run import Run
from stratix_tasks.spec.durations import about

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
    "waiting": "☞",
}
DONE = ("completed", "failed", "upstream_failed", "cancelled", "skipped")
REST = (*DONE, "pending", "held", "suspended")
"""States that a node does not leave by itself while nothing else moves."""
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
    said: set[str] = set()
    was = run.status
    while True:
        status, rows = run.wait(TICK), run.progress()
        for row in rows:
            if row["state"] in DONE and row["name"] not in said:
                said.add(row["name"])
                line = f"{GLYPHS[row['state']]} {row['name']} {row['state']} {_took(row)} {_note(row)}"
                console.print(line.rstrip(), markup=False, soft_wrap=True)
        for line in (f"{GLYPHS['waiting']} {line}" for line in how_on(run.id, rows)):
            if line not in said:
                said.add(line)
                console.print(line, markup=False, soft_wrap=True)
        if _is_over(run, status):
            return status
        if status != was and "paused" in (status, was):
            console.print(how(run), markup=False, soft_wrap=True)
        was = status


def how(run: Run) -> str:
    """How a run is; of one that somebody has paused also the commands that go on with it."""
    status = run.status
    by_a_person = status == "paused" and run.reason in BY_A_PERSON
    hint = f" `stratix resume {run.id}` goes on with it, `stratix cancel {run.id}` ends it." if by_a_person else ""
    return f"Run {run.id} is {status}.{hint}"


def _is_over(run: Run, status: str) -> bool:
    """Whether there is nothing more to wait for."""
    if status == "paused":
        return run.reason not in BY_A_PERSON
    return status in ("completed", "failed", "cancelled", "interrupted")


def how_on(run_id: str, rows: list[dict[str, Any]]) -> list[str]:
    """A line for each node that waits for a person, once nothing but waits is left: what it asks, and the command that answers;
    of what is paused, or stands at a breakpoint, the one that lets it go on."""
    if any(row["state"] not in REST and row["wait"] is None for row in rows if row["kind"] != "flow"):
        return []
    waits = [f"{row['name']} waits for {awaited(row)} · {answer}" for row in rows if (answer := _answer(run_id, row))]
    held = [row["name"] for row in rows if row["state"] == "held" and not _is_within_held(rows, row)]
    return waits + [f"{name} is held · `stratix resume {run_id} {quote(name)}`" for name in held]


def _is_within_held(rows: list[dict[str, Any]], row: dict[str, Any]) -> bool:
    return row["parent"] >= 0 and bool(rows[row["parent"]]["state"] == "held")


def _answer(run_id: str, row: dict[str, Any]) -> str:
    wait, node = row["wait"], row["name"]
    if ends(wait, "approve"):
        return f"`stratix approve {run_id} {node}`"
    if ends(wait, "answer"):
        return f"`stratix answer {run_id} {node} {' '.join(f'{name}=…' for name in wait['fields'])}`"
    return f"`stratix send {run_id} {quote(wait['name'])} VALUE`" if ends(wait, "send") else ""


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
        state = "waiting" if row["wait"] else "running" if row["state"] in ("open", "closed") else row["state"]
        colour = COLOURS.get(state, "dim")
        bar = _bar(row)
        table.add_row(Text(f"{GLYPHS.get(state, '·')} {row['name']}", colour), state, bar, _took(row), Text(_note(row)))
    more = len(rows) - MOST_SHOWN
    lines = [f"… and {more} more nodes"] if more > 0 else []
    asks = [Text(line, "magenta") for line in how_on(run.id, rows)]
    return Group(head, table, *(Text(line, "dim") for line in lines or [""]), *asks)


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
    if row["wait"]:
        due = row["wait"]["due"]
        return awaited(row) + (f", {about(max(due - time(), 0.0))} left" if due is not None else "")
    return "" if row["state"] in DONE else str(row["text"] or "")
