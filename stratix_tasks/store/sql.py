"""Named queries: SQL lives in `.sql` files, each query with a name and a description; parameters are always bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from sqlite3 import complete_statement

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


def steps(name: str) -> dict[int, str]:
    """`schema/<name>_<version>.sql` by version: each brings a database of the version before to its own."""
    found = (path for path in (HERE / "schema").glob(f"{name}_*.sql"))
    return {int(path.stem.rpartition("_")[2]): path.read_text(encoding="utf-8") for path in sorted(found)}


def statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger is one, whatever stands in it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            yield statement
            statement = ""
