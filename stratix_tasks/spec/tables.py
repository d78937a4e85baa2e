"""Tables, over which nothing is mapped as they are: to go over one is to go over its columns, and its rows are meant as a rule."""

from __future__ import annotations

_ROWS = {
    "pandas.DataFrame": 'to_dict("records")',
    "polars.DataFrame": "to_dicts()",
    "pyarrow.Table": "to_pylist()",
}


def rows_of(kind: type) -> str:
    """Of a class of tables what makes a list of the rows of one, as code that follows a dot; nothing of any other class."""
    names = (f"{one.__module__.partition('.')[0]}.{one.__name__}" for one in kind.__mro__)
    return next((_ROWS[name] for name in names if name in _ROWS), "")


def why_not(kind: type) -> str:
    """Of a class of tables, in words: why nothing maps over one, and what to write. Nothing of any other class."""
    rows = rows_of(kind)
    said = f"a {kind.__name__} holds columns, and rows may be meant: map over frame.{rows}, or over list(frame)"
    return said if rows else ""
