"""The names inside a CEL expression, with their places: read from its tokens, without compiling it.

Only the shape `root.step["step"][0]` matters here; whether the text is valid CEL is for the compiler to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from json import dumps, loads
from typing import Any

from stratix_tasks.spec.values import ASKED, HARD, SOFT, Expr, FirstOf, Ref, Template, leaves

_TOKEN = re.compile(
    r"""
    (?P<text>[bB]?[rR][bB]?(?:"[^"\n]*"|'[^'\n]*')
        |[bB]?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\w*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<blank>//[^\n]*|\s+)
    |(?P<symbol>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset(("true", "false", "null", "in"))
MACROS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
"""What goes over all elements: `.map(x, …)`."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One use of a name: the root and the constant steps after it; `at` are their offsets, the root's first, `end` is where
    the last one ends.
    """

    root: str
    steps: tuple[str | int, ...]
    at: tuple[int, ...]
    end: int

    def __str__(self) -> str:
        return self.root + "".join(f".{step}" if _is_name(step) else f"[{dumps(step)}]" for step in self.steps)


def tokens_of(text: str) -> list[tuple[str, str, int]]:
    """The words and signs of an expression: the kind of each, what it is and where it begins."""
    return [(m.lastgroup or "", m[0], m.start()) for m in _TOKEN.finditer(text) if m.lastgroup != "blank"]


@lru_cache(1024)
def mentions(text: str) -> tuple[Mention, ...]:
    """Every free name of an expression, in reading order; the variables of `all`, `map`, `filter` … are left out."""
    tokens = tokens_of(text)
    bound = set(_bound(tokens))
    found = []
    for index, (kind, word, _) in enumerate(tokens):
        follows = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        behind = tokens[index - 1][1] if index else ""
        if kind == "name" and behind != "." and follows != "(" and word not in _WORDS and word not in bound:
            found.append(_mention(tokens, index))
    return tuple(found)


@lru_cache(1024)
def calls(text: str) -> tuple[str, ...]:
    """The functions that an expression calls, as `size(x)` or `x.size()`."""
    tokens = tokens_of(text) if "(" in text else []
    pairs = pairwise(tokens)
    return tuple(
        word for (kind, word, _), (_, sign, _) in pairs if kind == "name" and sign == "(" and word not in _WORDS
    )


def as_name(word: str) -> str:
    """A hint: the name that is likely meant by a word that can be none, such as `my-task`; nothing where nothing is left of it."""
    made = re.sub(r"[^A-Za-z0-9_]+", "_", word).strip("_")[:60]
    made = f"_{made}" if made[:1].isdigit() else made
    return f" Such as {made}." if made else ""


def inputs_named(value: Any) -> Iterator[str]:
    """The flow's inputs that a value of a document names, in references, expressions and templates."""
    for leaf in leaves(value):
        if type(leaf) is Ref and leaf.scope == "inputs":
            yield leaf.name
        elif type(leaf) is Expr:
            named = (mention.steps[0] for mention in mentions(leaf.text) if mention.root == "inputs" and mention.steps)
            yield from (name for name in named if isinstance(name, str))
        elif type(leaf) is Template:
            yield from inputs_named(list(leaf.parts))
        elif type(leaf) is FirstOf:
            yield from inputs_named(list(leaf.otherwise))


def needs_of(value: Any) -> Iterator[tuple[str, int]]:
    """The tasks that a value needs, with what it wants of each: HARD, SOFT, or ASKED."""
    for leaf in leaves(value):
        if type(leaf) is Ref:
            if leaf.scope == "tasks":
                yield leaf.name, HARD
        elif type(leaf) is Expr:
            asked = asked_only(leaf.text)
            for name in leaf.tasks:
                yield name, ASKED if name in asked else HARD
        elif type(leaf) is FirstOf:
            for ref in leaf.refs:
                yield ref.name, SOFT
        elif type(leaf) is Template:
            for part in leaf.parts:
                yield from needs_of(part)


def task_names(text: str) -> tuple[str, ...]:
    """The tasks that an expression names: those are its dependencies."""
    if "tasks" not in text:
        return ()
    named = (m.steps[0] for m in mentions(text) if m.root == "tasks" and m.steps)
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


@lru_cache(1024)
def asked_only(text: str) -> frozenset[str]:
    """The tasks of which an expression asks the status alone: for that they only have to have ended."""
    asked: dict[str, bool] = {}
    for m in mentions(text) if "status" in text else ():
        if m.root == "tasks" and m.steps and isinstance(m.steps[0], str):
            asked[m.steps[0]] = asked.get(m.steps[0], True) and m.steps[1:2] == ("status",)
    return frozenset(name for name, only in asked.items() if only)


def around(value: Any) -> frozenset[str]:
    """Of `AROUND` what a value of a document names."""
    found: set[str] = set()
    for leaf in leaves(value):
        if type(leaf) is Ref and leaf.scope == "error":
            found.add("error")
        elif type(leaf) is Expr:
            found.update(_roots(leaf.text))
        elif type(leaf) is Template:
            found |= around(list(leaf.parts))
    return frozenset(found)


AROUND = frozenset(("attempt", "each", "error", "run", "scope"))
"""What an expression can ask of where it stands: the number of the attempt, the item, the error that its node catches, the run,
the flow that is at its end.
"""


@lru_cache(1024)
def _roots(text: str) -> frozenset[str]:
    return AROUND & {mention.root for mention in mentions(text)}


def _is_name(step: str | int) -> bool:
    return isinstance(step, str) and step.isidentifier()


def _bound(tokens: list[tuple[str, str, int]]) -> Iterator[str]:
    """Names that a macro binds: `.map(x, …)`."""
    for dot, macro, bracket, variable, comma in zip(
        tokens, tokens[1:], tokens[2:], tokens[3:], tokens[4:], strict=False
    ):
        if dot[1] == "." and macro[1] in MACROS and bracket[1] == "(" and variable[0] == "name" and comma[1] == ",":
            yield variable[1]


def _mention(tokens: list[tuple[str, str, int]], index: int) -> Mention:
    root, at = tokens[index][1], [tokens[index][2]]
    end = at[0] + len(root)
    steps: list[str | int] = []
    index += 1
    while (step := _step(tokens[index : index + 3])) is not None:
        value, place, length = step
        steps.append(value)
        at.append(place)
        index += length
        _, word, begin = tokens[index - 1]
        end = begin + len(word)
    return Mention(root, tuple(steps), tuple(at), end)


def _step(ahead: list[tuple[str, str, int]]) -> tuple[str | int, int, int] | None:
    """`.name` that is no call, or `["text"]`, or `[0]`: the step, its place and its length in tokens."""
    words = [word for _, word, _ in ahead]
    if len(ahead) >= 2 and words[0] == "." and ahead[1][0] == "name":
        return None if words[2:] == ["("] else (words[1], ahead[1][2], 2)
    if len(ahead) == 3 and words[0] == "[" and words[2] == "]":
        constant = _constant(ahead[1][0], words[1])
        return None if constant is None else (constant, ahead[1][2], 3)
    return None


def _constant(kind: str, word: str) -> str | int | None:
    if kind == "number" and word.isdigit():
        return int(word)
    if kind == "text" and word[0] in "\"'":
        return unquoted(word)
    return None


def unquoted(word: str) -> str:
    """What a text literal without prefix stands for."""
    inner = word[3:-3] if word.startswith(('"""', "'''")) else word[1:-1]
    try:
        return str(loads(f'"{inner}"'))
    except ValueError:
        return inner
