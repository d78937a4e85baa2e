"""Named queries: SQL lives in `.sql` files, each query with a name and a description; parameters are always bound."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

HERE = Path(__file__).parent


@lru_cache
def queries(name: str) -> dict[str, str]:
    """The queries of `queries/<name>.sql` by their name."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8").splitlines():
        if line.startswith("-- name:"):
            current = found.setdefault(line.removeprefix("-- name:").strip(), [])
        elif not line.startswith("--"):
            current.append(line)
    return {key: "\n".join(lines).strip().rstrip(";") for key, lines in found.items()}


def schema(name: str) -> str:
    return (HERE / "schema" / f"{name}.sql").read_text(encoding="utf-8")
