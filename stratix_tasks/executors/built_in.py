"""The executors that come with the package, each imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module

from stratix_tasks.core.ports import Executor
from stratix_tasks.executors.configured import Configured
from stratix_tasks.executors.python import Python
from stratix_tasks.executors.steps import CANCEL, FINISH
from stratix_tasks.executors.waits import APPROVAL, ASK, SIGNAL, SLEEP

WHERE = {
    "file.copy": "file:Copy",
    "file.glob": "file:Glob",
    "file.read": "file:Read",
    "file.write": "file:Write",
    "flow.run": "flow:Run",
    "http.delete": "http:Delete",
    "http.get": "http:Get",
    "http.post": "http:Post",
    "http.put": "http:Put",
    "http.request": "http:Request",
    "notebook.run": "notebook:Run",
    "shell.run": "shell:Run",
    "sql.query": "sql:Query",
}
"""Their files in this room, and their classes there."""
_made: dict[str, Executor] = {one.name: one for one in (Python(), SLEEP, APPROVAL, SIGNAL, ASK, FINISH, CANCEL)}
NAMES = (*_made, *WHERE)


def built_in(name: str) -> Executor | None:
    """One by its name; None when none has that."""
    one = _made.get(name)
    if one is None and name in WHERE:
        file, _, attribute = WHERE[name].partition(":")
        made = getattr(import_module(f"stratix_tasks.executors.{file}"), attribute)()
        one = _made[name] = Configured(name, made)
    return one
