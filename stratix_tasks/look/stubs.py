"""A task that is not written yet: what it is to take and to give, as code for a cell."""

from __future__ import annotations

import builtins
import keyword
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.types import names_in_type, type_text


def stub(name: str, takes: dict[str, Any], gives: Any) -> str:
    """A decorated function with these parameters, which says that it is not written. Types are written where a new cell knows them.

    FlowError `bad-name`.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise FlowError(f"'{name}' can't be the name of a function: write letters, digits and _", code="bad-name")
    parameters = ", ".join(one + _annotated(": ", hint) for one, hint in takes.items())
    return (
        "from stratix_tasks import task\n\n\n@task\n"
        f"def {name}({parameters}){_annotated(' -> ', gives)}:\n"
        f'    raise NotImplementedError("write {name}")\n'
    )


def _annotated(sign: str, hint: Any) -> str:
    text = type_text(hint)
    return f"{sign}{text}" if hint is not Any and all(hasattr(builtins, one) for one in names_in_type(text)) else ""
