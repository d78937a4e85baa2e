"""`python -m benchmarks [name …]`: all benchmarks, or those named; exits with 1 when a bar is missed."""

from __future__ import annotations

import json
import platform
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.rows import HEAD, Row

NAMES = (
    "overhead",
    "core",
    "million",
    "cold_start",
    "memory",
    "projection",
    "recovery",
    "ending",
    "kills",
    "requests",
    "many_runs",
    "asked",
    "crowded",
    "exactness",
    "language",
    "display",
    "view",
    "hands",
)


def main(names: list[str]) -> int:
    """Run, print, write benchmarks.json."""
    rows: list[Row] = []
    print(HEAD)
    for name in names or NAMES:
        for row in import_module(f"benchmarks.{name}").run():
            print(row, flush=True)
            rows.append(row)
    about = {"python": platform.python_version(), "machine": platform.machine(), "rows": [row.data() for row in rows]}
    Path("benchmarks.json").write_text(json.dumps(about, indent=2) + "\n")
    missed = [row.name for row in rows if not row.ok]
    print(f"\n{len(rows) - len(missed)} of {len(rows)} rows hold; written to benchmarks.json")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
