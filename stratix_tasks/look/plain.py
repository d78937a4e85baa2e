"""Flows and runs as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratix_tasks.core.block import Block
from stratix_tasks.core.waits import told
from stratix_tasks.spec.problems import Problem
from stratix_tasks.view.messages import RunInfo

MOST_ROWS = 60
"""Nodes of a run that have a line."""


def flow_text(root: Block, problems: Sequence[Problem]) -> str:
    """`Flow sales(regions, lrs): 6 nodes`, and what is wrong."""
    first = f"Flow {root.spec.flow}({', '.join(root.spec.inputs)}): {len(root.outline.names)} nodes"
    return "\n".join([first, *(f"  - {problem}" for problem in problems)])


def run_text(run: RunInfo, flow: str, rows: Sequence[dict[str, Any]]) -> str:
    """A line for the run, and one for each node (a row of `Run.progress`)."""
    wide = max((len(row["name"]) for row in rows), default=0)
    lines = [f"Run {run['id']} of {flow}: {run['state']}"]
    for row in rows[:MOST_ROWS]:
        count = f" {row['done']}/{row['total']}" if row["total"] else ""
        error = f"  {row['error'].splitlines()[0][:100]}" if row["error"] and row["state"] == "failed" else ""
        wait = f"  waits for {awaited(row)}" if row["wait"] else ""
        lines.append(f"  {row['name']:<{wide}}  {row['state']}{count}{error}{wait}")
    return "\n".join(lines + ([f"  … and {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else []))


def awaited(row: dict[str, Any]) -> str:
    """What a waiting row of `Run.progress` waits for."""
    more = row["wait"]["more"]
    return told(row["wait"]) + (f", and {more:,} more" if more else "")
