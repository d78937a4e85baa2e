"""`key="{region}"`, or as documents have it, `key="${{ region }}"`: the name of an item, as a value of the document."""

from __future__ import annotations

import re
from collections.abc import Collection
from string import Formatter
from typing import Any

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.problems import did_you_mean
from stratix_tasks.spec.text import parse
from stratix_tasks.spec.values import Ref, Template

_STEP = re.compile(r"\[([^\[\]]+)\]")
"""Into a mapped argument, as `str.format` has it: `{file[name]}`."""


def key_template(key: str, over: Collection[str], node: str) -> Any:
    """A template of Python's kind over the mapped arguments. FlowError `bad-option` for any other name in it. A text with `${{` in it
    is one of documents, which is checked with the flow.
    """
    if "${{" in key:
        return parse(key, frozenset(over))
    try:
        pieces = list(Formatter().parse(key))
    except ValueError as error:
        raise _refusal(node, key, f"is no template ({error}); write a brace that is meant as text twice") from None
    parts: list[Any] = []
    for text, name, spec, conversion in pieces:
        if text:
            parts.append(text)
        if name is None:
            continue
        variable, steps = name.partition("[")[0], _STEP.findall(name)
        if variable not in over or name != variable + "".join(f"[{step}]" for step in steps):
            hint = did_you_mean(variable, over)
            raise _refusal(node, key, f"names '{name}', which is no mapped argument. {hint}")
        if spec or conversion:
            raise _refusal(node, key, f"formats '{name}'; write {{{name}}} alone")
        parts.append(Ref("each", variable, tuple(int(step) if step.isdigit() else step for step in steps)))
    if not any(isinstance(part, Ref) for part in parts):
        raise _refusal(node, key, "names no mapped argument, so that all items would have the same key")
    return Template(_merged(parts)) if len(parts) > 1 else parts[0]


def _merged(parts: list[Any]) -> tuple[Any, ...]:
    """Neighbouring texts as one."""
    merged: list[Any] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)


def _refusal(node: str, key: str, why: str) -> FlowError:
    return FlowError(f"{node}: key={key!r} {why}", code="bad-option")
