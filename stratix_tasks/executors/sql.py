"""`sql.query`: SQL by DuckDB over frames that other nodes have made, or over a database of its own.

Each node has a connection of its own. It reads and writes no file but its database, and no network, unless the node says so;
what it may do can't be changed by the SQL that it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.apart import apart
from stratix_tasks.spec.cards import Said

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from stratix_tasks.runners.body import Body

Name = r"^[A-Za-z_][A-Za-z0-9_]*$"


class SqlConfig(BaseModel):
    """What `sql.query` takes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    query: str
    """One or several statements; the last one's rows are the value. Values belong in `params`."""
    params: list[Any] | dict[str, Any] | None = None
    """What stands for `?` and `$1`, in order, or for `$name`, by name, in the last statement."""
    frames: dict[str, Any] = {}
    """Frames of pandas, polars or Arrow by the names that the query has for them."""
    returns: list[str] = []
    """Tables and views: where some are named, the value is a dict of their frames."""
    result: Literal["frame", "rows", "value"] = "frame"
    """A pandas frame, a list of dicts, or the one value of the one row."""
    database: str | None = None
    """The file of a DuckDB database, which is made where there is none; without it what is made is forgotten."""
    read_only: bool = False
    """Whether the database is only read."""
    files: list[str] = []
    """Folders and files that the query may read and write, beside its database."""
    network: bool = False
    """Whether the query may load extensions and read and write URLs, and any file with them."""
    memory: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?\s*[KMGT]?i?B$")
    """The most that it may take, such as `2GB`."""

    @field_validator("query")
    @classmethod
    def _says_something(cls, query: str) -> str:
        if not query.strip():
            raise ValueError("write a statement")
        return query

    @field_validator("frames")
    @classmethod
    def _named(cls, frames: dict[str, Any]) -> dict[str, Any]:
        import re

        for name, frame in frames.items():
            if not re.fullmatch(Name, name):
                raise ValueError(f"{name!r} can't be the name of a frame: write letters, digits and _")
            if frame is None or isinstance(frame, bool | int | float | str | list):
                raise ValueError(f"{name!r} is {type(frame).__name__}, and no frame of pandas, polars or Arrow")
        return frames


class SqlError(ExecutorError):
    """DuckDB refused a query."""

    code = "sql"


class Query:
    name = "sql.query"
    description = "SQL by DuckDB over frames by name; what it yields is a frame, or rows, or one value."
    Config = SqlConfig
    card = Said(title="SQL", icon="database", accent="#0d9488", subtitle="{query}")

    def validate_config(self, config: SqlConfig) -> None:
        """ValueError for what does not go together."""
        if config.returns and config.result != "frame":
            raise ValueError("returns gives frames: leave result away")
        if config.read_only and config.database is None:
            raise ValueError("read_only is about a database: name one")

    async def execute(self, context: Body, config: SqlConfig) -> Any:
        """In a thread of its own, so that it holds up nothing; it is interrupted when the node is stopped."""
        connection = await apart(lambda: _opened(config))
        try:
            return await apart(lambda: _result(connection, config), stop=connection.interrupt)
        finally:
            connection.close()


def _opened(config: SqlConfig) -> DuckDBPyConnection:
    import duckdb

    path = config.database or ":memory:"
    try:
        return duckdb.connect(path, read_only=config.read_only)
    except duckdb.Error as error:
        raise SqlError(f"the database {path} can't be opened: {error}") from None


def _result(connection: DuckDBPyConnection, config: SqlConfig) -> Any:
    import duckdb

    try:
        return _ran(connection, config)
    except duckdb.Error as error:
        raise SqlError(str(error)) from None


def _ran(connection: DuckDBPyConnection, config: SqlConfig) -> Any:
    for name, frame in config.frames.items():
        connection.register(name, frame)
    _close_in(connection, config)
    statements = connection.extract_statements(config.query)
    if not statements:
        raise SqlError("there is no statement in the query")
    for statement in statements[:-1]:
        connection.execute(statement)
    connection.execute(statements[-1], config.params)
    if config.returns:
        return {name: connection.table(name).df() for name in config.returns}
    if config.result == "frame":
        return connection.df() if connection.description else None
    columns = [column[0] for column in connection.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]
    return rows if config.result == "rows" else _one(rows)


def _close_in(connection: DuckDBPyConnection, config: SqlConfig) -> None:
    """What the SQL may do, which it can't change itself."""
    settings: dict[str, Any] = {"python_enable_replacements": False}
    if config.memory is not None:
        settings["memory_limit"] = config.memory
    if not config.network:
        folders = [f"{path}/" for one in config.files if (path := Path(one).resolve()).is_dir()]
        paths = [str(path) for one in config.files if not (path := Path(one).resolve()).is_dir()]
        settings |= {"allowed_directories": folders, "allowed_paths": paths, "enable_external_access": False}
    for name, value in {**settings, "lock_configuration": True}.items():
        connection.execute(f"SET {name} = {_literal(value)}")


def _literal(value: Any) -> str:
    """A setting, for which DuckDB takes no parameter."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return str(value).lower() if isinstance(value, bool) else "'" + str(value).replace("'", "''") + "'"


def _one(rows: list[dict[str, Any]]) -> Any:
    if len(rows) != 1 or len(rows[0]) != 1:
        size = f"{len(rows)} rows" if len(rows) != 1 else f"{len(rows[0])} columns"
        raise SqlError(f"result: value takes one row of one column, and the query gave {size}")
    return next(iter(rows[0].values()))
