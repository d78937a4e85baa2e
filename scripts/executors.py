"""Writes the table of built-in executors in the README from their configs: `python scripts/executors.py`."""

from __future__ import annotations

import re
from pathlib import Path

from stratix_tasks.executors.built_in import WHERE, built_in

README = Path(__file__).parent.parent / "README.md"
BETWEEN = re.compile(r"(<!-- executors -->\n).*?(<!-- /executors -->)", re.DOTALL)


def table() -> str:
    """A row for each: its name, its arguments (those that must be given in bold) and what it is for."""
    rows = ["| `uses` | takes | |", "|---|---|---|"]
    for name in WHERE:
        one = built_in(name)
        assert one is not None
        takes = [f"**{word}**" if word in one.required else word for word in one.hints if word != "return"]
        rows.append(f"| `{name}` | {', '.join(takes)} | {one.description} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    README.write_text(BETWEEN.sub(lambda found: found[1] + table() + found[2], README.read_text()))
