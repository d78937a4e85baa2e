"""Conditions that can't hold, and expressions that compare what can't be alike: told where documents and functions know enough.

What an expression sees of a value is its data: of a date its text, of an Enum its value. Only what is certain counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID

from stratix_tasks.errors import FlowError
from stratix_tasks.spec.expr import compile_expression
from stratix_tasks.spec.fit import Types, stepped
from stratix_tasks.spec.graph import Graph
from stratix_tasks.spec.joins import ALL
from stratix_tasks.spec.model import NodeSpec
from stratix_tasks.spec.names import mentions
from stratix_tasks.spec.overlap import class_of, overlaps
from stratix_tasks.spec.problems import Finding, Path, Problem, did_you_mean
from stratix_tasks.spec.types import type_text
from stratix_tasks.spec.values import ATOMS, Expr, Ref, Template, leaves

ENDS = ("completed", "failed", "upstream_failed", "cancelled", "skipped")
"""What the status of a node may be once it has ended."""
SCOPE_ENDS = ("completed", "failed", "cancelled")
_TEXT = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_PATH = rf"(?:inputs|tasks|scope)(?:\.[A-Za-z_]\w*|\[\d+\]|\[(?:{_TEXT})\])+"
_PLAIN = rf"(?:{_TEXT}|-?\d+\.\d+|-?\d+|true|false)"
_COMPARED = re.compile(
    rf"(?<![\w.\])])(?P<left>{_PATH}|{_PLAIN})\s*(?P<sign>==|!=|<=|>=|<|>)\s*(?P<right>{_PATH}|{_PLAIN})(?![\w.\[(])"
)
_IN = re.compile(
    rf"(?<![\w.\])])(?P<left>(?:tasks\.[A-Za-z_]\w*|scope)\.status)\s+in\s+\[(?P<list>\s*{_PLAIN}\s*(?:,\s*{_PLAIN}\s*)*)\]"
)
_LISTED = re.compile(f"({_PLAIN})")
_STRING = re.compile(_TEXT)
_ALONE = re.compile(_PATH)
_WORDLESS = ATOMS | {Ref}
"""Values without an expression in them, as most are."""
MOST = 500
"""Conditions that are looked at together."""
_BESIDE = frozenset("+-*/%")
"""Signs behind an operand with which it is another one than it looks."""
_TAKEN = re.compile(r"(?:[-+*/%=<>]|\bin)\s*$")
"""What an operand behind it belongs to: `2 > x == true` compares whether x is less than 2."""
_AS_TEXT = (date, time, timedelta, PurePath, UUID)
_SEEN = frozenset((str, int, float, bool, list, dict))


def condition_findings(graph: Graph, types: Types, tasks_in: bool) -> Iterator[Finding]:
    """What no value makes true, or what can't be compared. `tasks_in`: whether what nodes need is known, as in no cycle."""
    for name, node in graph.spec.tasks.items():
        for path, value, asked in _expressions(node):
            for text in _texts(value):
                for problem, word in (*_compared(text, types, name), *_among(text, types, name)):
                    yield Finding(("tasks", name, *path), problem, word)
            if asked and (wrong := _no_verdict(value.text, types, name)) is not None:
                yield Finding(("tasks", name, *path), wrong)
    if tasks_in and any(node.when is not None for node in graph.nodes):
        yield from _contradictions(graph)


def _expressions(node: NodeSpec) -> Iterator[tuple[Path, Any, bool]]:
    """Where expressions stand, and whether they are asked for true or false."""
    if node.when is not None:
        yield ("when",), node.when, True
    if node.retry is not None and node.retry.when is not None:
        yield ("retry", "when"), node.retry.when, True
    if node.loop is not None and node.loop.until is not None:
        yield ("loop", "until"), node.loop.until, True
    if node.each is not None and node.each.where is not None:
        yield ("each", "where"), node.each.where, True
    for name, value in node.args.items():
        if type(value) not in _WORDLESS:
            yield ("with", name), value, False


def _texts(value: Any) -> Iterator[str]:
    for leaf in leaves(value):
        parts = leaf.parts if type(leaf) is Template else (leaf,)
        yield from (part.text for part in parts if type(part) is Expr)


# ---------------------------------------------------------------------- types


_NO_VERDICTS = {
    **dict.fromkeys(("attempt", "each.index"), "number"),
    **dict.fromkeys(("error.type", "error.message", "error.code", "each.key", "run.id", "run.flow"), "text"),
}
"""What is around and is neither true nor false."""


def _no_verdict(text: str, types: Types, node: str) -> Problem | None:
    """Of a condition that is something else than true or false."""
    whole = text.strip()
    if _ALONE.fullmatch(whole):
        seen = _seen_of(whole, types)
        classes = None if seen is Any else _classes(seen)
        if classes is None or bool in classes:
            return None
        told = f"`{whole}`, which is {type_text(seen)}"
    elif whole in _NO_VERDICTS:
        told = f"`{whole}`, which is a {_NO_VERDICTS[whole]}"
    elif mentions(whole):
        return None
    else:
        try:
            value = compile_expression(whole).evaluate({})
        except FlowError:
            return None
        if isinstance(value, bool):
            return None
        told = f"`{whole}`"
    message, hint = f"the condition is {told}, and not true or false", "Compare it with something."
    return Problem("type-mismatch", message, node, hint=hint)


def _compared(text: str, types: Types, node: str) -> Iterator[tuple[Problem, str]]:
    """Comparisons of what is of other types, or with a word that can't be there."""
    strings = [match.span() for match in _STRING.finditer(text)]
    for match in _COMPARED.finditer(text):
        if any(begin < match.start() < end for begin, end in strings):
            continue
        taken, after = _TAKEN.search(text[: match.start()]), text[match.end() :].lstrip()[:1]
        sides = [match["left"], match["right"]]
        paths = [side for side in sides if _ALONE.fullmatch(side)]
        if taken or after in _BESIDE or not paths:
            continue
        left, right = (_seen_of(side, types) for side in sides)
        if left is Any or right is Any or _may_meet(left, right, match["sign"]):
            continue
        path = paths[0]
        other, its = (sides[1], left) if path == sides[0] else (sides[0], right)
        message = f"`{match[0]}` compares {path}, which is {type_text(its)}, with {other}: they can't be alike"
        hint = did_you_mean(str(_plain(other)), map(str, get_args(its))) if get_origin(its) is Literal else ""
        yield Problem("type-mismatch", message, node, hint=hint), path


def _among(text: str, types: Types, node: str) -> Iterator[tuple[Problem, str]]:
    """A status that is looked for among words none of which it can be."""
    for match in _IN.finditer(text):
        seen = _seen_of(match["left"], types)
        words = _LISTED.findall(match["list"])
        if seen is Any or not words or any(_may_meet(seen, _seen_of(word, types), "==") for word in words):
            continue
        message = f"`{match[0]}` looks for {match['left']}, which is {type_text(seen)}, among what it can't be"
        hint = did_you_mean(str(_plain(words[0])), map(str, get_args(seen))) if get_origin(seen) is Literal else ""
        yield Problem("type-mismatch", message, node, hint=hint), match["left"]


def _may_meet(left: Any, right: Any, sign: str) -> bool:
    one, other = _classes(left), _classes(right)
    if sign in ("==", "!="):
        return (overlaps(left, right) or overlaps(right, left)) and not _is_truth_of_number(left, one, right, other)
    return one is None or other is None or any(overlaps(a, b) or overlaps(b, a) for a in one for b in other)


def _is_truth_of_number(left: Any, one: set[Any] | None, right: Any, other: set[Any] | None) -> bool:
    """Whether what is true or false is compared with a certain number, to which expressions never find it equal."""
    return any(
        truth == {bool} and get_origin(said) is Literal and bool not in (classes or ())
        for truth, said, classes in ((one, right, other), (other, left, one))
    )


def _classes(seen: Any) -> set[Any] | None:
    """The classes of what an expression sees; None where it may be anything."""
    if get_origin(seen) is Literal:
        return set(map(type, get_args(seen)))
    if get_origin(seen) in (Union, UnionType):
        parts = [_classes(part) for part in get_args(seen)]
        return None if None in parts else {kind for part in parts for kind in part or ()}
    found = class_of(seen)
    return None if found is None else {found}


def _plain(text: str) -> Any:
    return compile_expression(text).evaluate({})


def _seen_of(text: str, types: Types) -> Any:
    """The type of what an expression sees of an operand; Any where nobody tells."""
    if not _ALONE.fullmatch(text):
        value = _plain(text)
        return Literal[value] if type(value) in (str, int, bool) else type(value)
    (mention,) = mentions(text)
    steps = mention.steps
    if mention.root == "scope":
        return Literal[SCOPE_ENDS] if steps == ("status",) else Any
    if mention.root == "inputs":
        return _seen(stepped(types.whole(Ref("inputs", str(steps[0]))), steps[1:]))
    if steps[1:] == ("status",):
        return Literal[ENDS]
    if steps[1:2] == ("output",):
        return _seen(stepped(types.whole(Ref("tasks", str(steps[0]))), steps[2:]))
    return Any


def _seen(hint: Any) -> Any:
    """What an expression sees of a value of an annotation."""
    if hint is None or hint is NoneType:
        return NoneType
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        parts = tuple(map(_seen, get_args(hint)))
        return Any if Any in parts else Union[parts]  # noqa: UP007 - built from values
    if origin is Literal:
        plain = all(type(value) in (str, int, bool, NoneType) for value in get_args(hint))
        return hint if plain else Any
    kind = class_of(hint)
    if kind is None or issubclass(kind, datetime | Enum):
        return Any
    if issubclass(kind, _AS_TEXT):
        return str
    if kind is Decimal:
        return float
    return kind if kind in _SEEN else Any


# ---------------------------------------------------------------------- what can't be together


def _contradictions(graph: Graph) -> Iterator[Finding]:
    """Nodes that need what can't all be there: both ways of a branch, or a status that keeps them from running."""
    demands: dict[int, dict[str, str]] = {}
    for i in graph.order():
        name, node = graph.names[i], graph.nodes[i]
        own = dict.fromkeys(_demanded(node.when.text), name) if node.when is not None else {}
        hard = (
            []
            if node.join != ALL or node.always
            else [need for need in graph.needs[i] if _must_complete(graph, i, need)]
        )
        behind = {text: who for need in hard for text, who in demands.get(need, {}).items()}
        demands[i] = {**(behind if len(behind) < MOST else {}), **own}
        if name not in graph.spec.tasks:
            continue
        for text, who in demands[i].items():
            if (other := demands[i].get(f"!({text})")) is not None and not _is_told(graph, demands, hard, text):
                ways = (
                    f"'{who}' runs if `{text}`, and '{other}' if not" if who != other else f"`{text}` and its opposite"
                )
                message = f"it can never run: {ways}, and it needs both{nor(graph, name)}"
                hint = "Take the one that ran by first_of, or say join: any."
                yield Finding(("tasks", name), Problem("impossible", message, name, hint=hint))
        for text in own:
            if (unmet := _kept_from(graph, hard, text)) is not None:
                message = f"it can never run: it takes the value of '{unmet}', and asks for `{text}`{nor(graph, name)}"
                hint = f"Take the value of '{unmet}' in another node, or don't ask for its status."
                yield Finding(("tasks", name, "when"), Problem("impossible", message, name, hint=hint), unmet)


def nor(graph: Graph, name: str) -> str:
    """That what needs a node which can't run can't, either; nothing where nobody does."""
    found = {graph.index[name]}
    for i in graph.order():
        node = graph.nodes[i]
        if node.join == ALL and not node.always and i not in graph.undoes:
            found |= {i} if any(need in found and _must_complete(graph, i, need) for need in graph.needs[i]) else set()
    names = [f"'{graph.names[i]}'" for i in sorted(found) if graph.names[i] != name]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f", nor can what needs it: {', '.join(names[:_SHOWN])}{more}" if names else ""


_SHOWN = 5


def _demanded(text: str) -> tuple[str, ...]:
    """A condition as a whole, and what has to hold in it."""
    return tuple(dict.fromkeys((without_brackets(text.strip()), *conjuncts(text))))


def _must_complete(graph: Graph, i: int, need: int) -> bool:
    lenient = (*graph.soft.get(i, ()), *graph.ended.get(i, ()))
    return need not in lenient and not graph.nodes[need].allow_failure


def _is_told(graph: Graph, demands: dict[int, dict[str, str]], hard: list[int], text: str) -> bool:
    """Whether a node that is needed has the same contradiction, which is told there."""
    return any(text in demands.get(need, {}) and f"!({text})" in demands[need] for need in hard)


_STATUS = re.compile(rf"tasks\.([A-Za-z_]\w*)\.status\s*==\s*({_TEXT})")


def _kept_from(graph: Graph, hard: list[int], text: str) -> str | None:
    """The node that has to complete for another one, which asks that it has not."""
    match = _STATUS.fullmatch(text.strip())
    if match is None or graph.index.get(match[1]) not in hard:
        return None
    return match[1] if match[2][1:-1] in ENDS[1:] else None


@lru_cache(1024)
def conjuncts(text: str) -> tuple[str, ...]:
    """The conditions that `&&` joins at the top of one, without the brackets around them."""
    blank = _STRING.sub(lambda match: '"' * len(match[0]), text)
    depth, at, parts = 0, 0, list[str]()
    for place, sign in enumerate(blank):
        depth += (sign in "([{") - (sign in ")]}")
        if not depth and blank.startswith("||", place):
            return (text.strip(),)
        if not depth and blank.startswith("&&", place):
            parts.append(text[at:place])
            at = place + 2
    whole = [*parts, text[at:]]
    if len(whole) == 1:
        bare = without_brackets(text.strip())
        return (bare,) if bare == text.strip() else conjuncts(bare)
    return tuple(inner for part in whole for inner in conjuncts(part))


def without_brackets(text: str) -> str:
    """The text within brackets that close at its end."""
    blank = _STRING.sub(lambda match: '"' * len(match[0]), text)
    depth = 0
    for place, sign in enumerate(blank):
        depth += (sign == "(") - (sign == ")")
        if not depth:
            return text[1:-1].strip() if sign == ")" and place == len(text) - 1 and text[0] == "(" else text
    return text
