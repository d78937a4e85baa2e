"""Conditions of a document as Python's comparisons, where tracing these gives the very same text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from stratix_tasks.spec.code import quoted
from stratix_tasks.spec.text import expression
from stratix_tasks.spec.values import Ref, ref_text
from stratix_tasks.spec.vocabulary import FACTS

Named = Callable[[Ref], str | None]
"""The code of a reference as it can stand in a condition, or None where it can't."""
_FACT = re.compile(rf"tasks\.(?P<task>[A-Za-z_]\w*)\.summary\.(?P<fact>{'|'.join(FACTS)})(?P<steps>(?:\[[^\]]+\])*)")
_STEP = re.compile(r'\[(\d+|"(?:[^"\\]|\\.)*")\]')
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_JOINS = {"&&": "&", "||": "|"}
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}


def condition(text: str, named: Named) -> str | None:
    """The code of a condition, or None where Python has no operators for it."""
    if text.startswith("!("):
        inner = condition(text[2:-1], named) if _closing(text, 1) == len(text) - 1 else None
        return None if inner is None else f"~({inner})"
    parts = _joined(text)
    if parts is None:
        return _comparison(text, named)
    left, sign, right = parts
    first, second = condition(left, named), condition(right, named)
    if first is None or second is None:
        return None
    before = _joined(left)
    bare = (before is not None and before[1] == sign) or left.startswith("!(")
    first = first if bare else f"({first})"
    second = second if right.startswith("!(") else f"({second})"
    return f"{first} {_JOINS[sign]} {second}"


def operand(text: str, named: Named) -> str | None:
    """The code of a reference or of a fact about one, as it stands in an expression."""
    fact = _FACT.fullmatch(text)
    if fact is not None:
        name, steps = named(Ref("tasks", fact["task"])), _steps(fact["steps"])
        return None if name is None or steps is None else f"{name}.summary[{quoted(fact['fact'])}]{steps}"
    ref = expression(text)
    if type(ref) is not Ref or ref_text(ref) != text or any(type(step) is int and step < 0 for step in ref.path):
        return None
    return named(ref)


def parts_of(text: str) -> tuple[str, str] | None:
    """The two that `&&` joins at the top of an expression, as `when` in `when` writes them."""
    parts = _joined(text)
    return (parts[0], parts[2]) if parts is not None and parts[1] == "&&" else None


def prefixes(text: str) -> Iterator[str]:
    """What outer blocks of a condition may demand, from the longest to the shortest."""
    parts = parts_of(text)
    while parts is not None:
        yield parts[0]
        parts = parts_of(parts[0])


def within(outer: str, text: str) -> str | None:
    """What a condition demands beside that of an outer block; empty when nothing, None when it is no part of it."""
    if text == outer:
        return ""
    start = f"({outer}) && ("
    if (
        text.startswith(start)
        and _closing(text, len(start) - 1) == len(text) - 1
        and _closing(text, 0) == len(outer) + 1
    ):
        return text[len(start) : -1]
    return None


def _joined(text: str) -> tuple[str, str, str] | None:
    end = _closing(text, 0) if text.startswith("(") else None
    if end is None or text[end + 1 : end + 2] != " ":
        return None
    sign, begin = text[end + 2 : end + 4], end + 5
    if sign not in _JOINS or text[end + 4 : end + 6] != " (" or _closing(text, begin) != len(text) - 1:
        return None
    return text[1:end], sign, text[begin + 1 : -1]


def _closing(text: str, begin: int) -> int | None:
    """Where the bracket that opens at `begin` closes; brackets in texts do not count."""
    blank = _TEXT.sub(lambda match: '"' * len(match[0]), text)
    depth = 0
    for at in range(begin, len(blank)):
        depth += {"(": 1, ")": -1}.get(blank[at], 0)
        if not depth:
            return at
    return None


def _comparison(text: str, named: Named) -> str | None:
    for match in _splits(text):
        left = operand(match[0], named)
        right = (operand(match[2], named) or _constant(match[2])) if left is not None else None
        if right is not None:
            return f"{left} {match[1]} {right}"
    return None


def _splits(text: str) -> Iterator[tuple[str, str, str]]:
    for match in re.finditer(r" (==|!=|<=|>=|<|>) ", text):
        yield text[: match.start()], match[1], text[match.end() :]


def _constant(text: str) -> str | None:
    """A literal, where tracing writes the same text for it."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    try:
        value = json.loads(text, strict=False)
    except ValueError:
        return None
    if type(value) is str and json.dumps(value, ensure_ascii=False) == text:
        return quoted(value)
    if type(value) in (int, float) and repr(value) == text and -(2**63) <= value < 2**63:
        return text
    if type(value) is list:
        parts = [_constant(json.dumps(part, ensure_ascii=False)) for part in value]
        shown = ", ".join(part for part in parts if part is not None)
        return f"[{shown}]" if None not in parts and json.dumps(value, ensure_ascii=False) == text else None
    return None


def _steps(text: str) -> str | None:
    """Steps in brackets as Python writes them."""
    found = _STEP.findall(text)
    if "".join(f"[{step}]" for step in found) != text:
        return None
    values = [json.loads(step, strict=False) for step in found]
    if any(json.dumps(value, ensure_ascii=False) != step for value, step in zip(values, found, strict=True)):
        return None
    return "".join(f"[{quoted(value) if type(value) is str else value}]" for value in values)
